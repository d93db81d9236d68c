//! What is known of syncs that can be started but not read back.

use std::collections::BTreeMap;

/// What identifies a started sync.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StartKey {
    /// The server's origin.
    pub server: String,
    /// The destination's slug.
    pub destination: String,
    /// The project's id.
    pub project: String,
    /// The sync's name.
    pub name: String,
}

/// How a start went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It was answered; this is the id of the configuration.
    Done {
        /// The platform's id.
        id: String,
    },
    /// It was about to be sent, and no answer was recorded: it may have taken effect.
    Unknown,
}

/// The recorded starts, or that there is no record at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Starts {
    /// There is no state: whatever was started is unknown.
    Missing,
    /// What the state holds.
    Recorded(BTreeMap<StartKey, Start>),
}
