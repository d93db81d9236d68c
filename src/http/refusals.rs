//! Logins that a server refused: a few of them lock an identity, so that none is sent twice,
//! whichever provider wants it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::answer::Answer;
use super::request::{Fingerprint, Request};

use crate::mutex::lock;

/// The answer that refused a login; `None` as long as none did. Locked while the login is under way.
type Slot = Arc<tokio::sync::Mutex<Option<Answer>>>;

/// The refused logins of all providers. Clones share them.
#[derive(Clone, Default)]
pub struct Refusals {
    slots: Arc<Mutex<HashMap<Fingerprint, Slot>>>,
}

impl Refusals {
    /// What became of this login, for the same server and the same credential.
    pub fn of(&self, login: &Request) -> Slot {
        let mut slots = lock(&self.slots);
        slots.entry(login.fingerprint()).or_default().clone()
    }
}

/// Without the answers, which can repeat a credential.
impl fmt::Debug for Refusals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Refusals").finish_non_exhaustive()
    }
}
