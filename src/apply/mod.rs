//! Running a plan: each action once, in its order, and the truth about what came of it.
//!
//! | module | what it does |
//! |---|---|
//! | [`schedule`] | which action runs when |
//! | [`attempt`] | what is known of an action under way: sent or not, answered or not |
//! | `action` | carrying out one action: |
//! | `managed` | … on a platform whose syncs can be read back |
//! | `start` | … on a platform that only starts syncs |
//! | [`job_requests`] | requesting jobs apart from a plan |
//! | `pauses` | waiting for a job that is in the way |
//! | `definition` | the definition of a sync, for whoever brings it back |
//! | `follow` | following the jobs that the actions set off |
//! | [`outcome`] | what came of it all |

pub mod attempt;
mod definition;
mod follow;
pub mod job_requests;
mod managed;
pub mod outcome;
mod pauses;
mod perform;
pub mod schedule;
mod start;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use definition::definition;
pub use follow::STANDSTILL;
pub use outcome::{ActionFailure, JobEnd, JobOutcome, OldState, OldSync, Outcome, Report};
pub use schedule::run;

use crate::cancel::Cancellation;
use crate::http::clock::Clock;
use crate::provider::Provider;
use crate::state::State;

/// How long jobs are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until all have ended, or none ended and none began to run for [`STANDSTILL`].
    WhileMoving,
    /// Until all have ended, or this long in all.
    AtMost(Duration),
}

/// How far the jobs of a run are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// Those that ended well.
    pub done: usize,
    /// Those that ended badly, or that cannot be followed.
    pub failed: usize,
    /// Those that run, or wait between two tries.
    pub running: usize,
    /// Those that have not begun.
    pub in_line: usize,
    /// Those of them for which as many jobs run as the platform runs at a time for one connection.
    pub held_back: usize,
    /// How many that is, if the platform has such a limit.
    pub limit: Option<usize>,
}

impl JobProgress {
    /// Those that have not ended.
    pub const fn going(&self) -> usize {
        self.running + self.in_line
    }
}

/// What running a plan needs.
pub struct ApplyContext<'a> {
    /// The connected providers, by name.
    pub providers: &'a BTreeMap<String, Provider>,
    /// The state of starts; `None` if no sync needs one.
    pub state: Option<&'a State>,
    /// How many actions go at once.
    pub parallelism: usize,
    /// How long to follow the jobs; `None` not to.
    pub wait: Option<Wait>,
    /// The time that waits go by.
    pub clock: Arc<dyn Clock>,
    /// Thrown by Ctrl-C.
    pub cancellation: Cancellation,
    /// Told of each step as it happens.
    pub observer: &'a (dyn Observer + Sync),
}

/// Someone who watches a run.
pub trait Observer {
    /// An action begins.
    fn begins(&self, _index: usize) {}
    /// An action has ended.
    fn ended(&self, _index: usize, _outcome: &Outcome) {}
    /// The old sync of a replacement is about to be deleted. This is its definition, as YAML.
    fn replaces(&self, _index: usize, _definition: &str) {}
    /// Some jobs are still going. Told before every look.
    fn waiting(&self, _progress: &JobProgress) {}
}
