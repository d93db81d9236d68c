//! What the emulators of both platforms share.

use std::sync::Arc;

use super::catalog::Catalog;
use super::database::Database;
use super::era::Era;
use super::jobs::Pace;
use super::limit::RequestCounts;

/// What both know, and how both behave. Each adds its answers in its own module.
pub struct Shared {
    pub era: Era,
    pub database: Database,
    pub catalog: Arc<Catalog>,
    /// How fast jobs go. Its seed makes ids, too.
    pub pace: Pace,
    /// Whether no two syncs may have the same destination.
    pub blocks_duplicates: bool,
    pub limits: Option<RequestCounts>,
}

impl Shared {
    /// An id that was never given out.
    pub fn next_id(&mut self) -> String {
        self.database.next_id(self.pace.seed)
    }
}
