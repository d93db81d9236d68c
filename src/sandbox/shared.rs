//! What the emulators of both platforms share.

use std::sync::Arc;
use std::time::Duration;

use super::catalog::Catalog;
use super::database::Database;
use super::era::Era;
use super::limit::Limits;

/// What both know, and how both behave. Each adds its answers in its own module.
pub struct Shared {
    pub era: Era,
    pub database: Database,
    pub catalog: Arc<Catalog>,
    /// Makes ids and the order of lists: the same seed, the same ids.
    pub seed: u64,
    /// How long one attempt of a job takes.
    pub job_duration: Duration,
    pub limits: Option<Limits>,
}

impl Shared {
    /// An id that was never given out.
    pub fn next_id(&mut self) -> String {
        self.database.next_id(self.seed)
    }
}
