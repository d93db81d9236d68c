//! What is known of syncs that can be started but not read back.

use std::collections::BTreeMap;

use super::resolve::ResolvedSync;

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

impl StartKey {
    /// What identifies a declared sync.
    pub fn of(sync: &ResolvedSync) -> Self {
        Self {
            server: sync.server.clone(),
            destination: sync.desired.destination.text.clone(),
            project: sync.project_id.clone(),
            name: sync.desired.name.text.clone(),
        }
    }
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

impl Starts {
    /// What is recorded of a sync: `None` without any record at all, and within that `None`
    /// if the record does not have it.
    pub fn of(&self, sync: &ResolvedSync) -> Option<Option<&Start>> {
        self.of_key(&StartKey::of(sync))
    }

    /// The same for the key of a sync.
    pub fn of_key(&self, key: &StartKey) -> Option<Option<&Start>> {
        match self {
            Self::Missing => None,
            Self::Recorded(starts) => Some(starts.get(key)),
        }
    }
}
