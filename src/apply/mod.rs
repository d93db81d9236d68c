//! Running a plan: each action once, in its order, and the truth about what came of it.
//!
//! | module | what it does |
//! |---|---|
//! | [`mod@run`] | which action runs when |
//! | [`mod@action`] | carrying out one action |
//! | [`request`] | asking for jobs beside a plan |
//! | [`wait`] | following the jobs that the actions set off |

pub mod action;
pub mod request;
pub mod run;
pub mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use run::run;

pub use crate::core::remote::JobKind;

use crate::cancel::Cancellation;
use crate::core::plan::Subject;
use crate::core::problem::Problem;
use crate::exit::Exit;
use crate::http::clock::Clock;
use crate::provider::Provider;
use crate::state::State;

/// What running a plan needs.
pub struct Context<'a> {
    /// The connected providers, by name.
    pub providers: &'a BTreeMap<String, Provider>,
    /// The state of starts; none where no sync needs one.
    pub state: Option<&'a State>,
    /// How many actions go at once.
    pub parallelism: usize,
    /// How long to follow the jobs; none not to.
    pub wait: Option<Duration>,
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
    /// Some jobs are still going.
    fn waiting(&self, _jobs: usize) {}
}

/// What came of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done {
        /// The platform's id of the sync, where there is one.
        id: Option<String>,
        /// What else there is to know, as a full sentence.
        note: Option<String>,
    },
    /// It was refused, or did not do what it should.
    Failed(Failure),
    /// It may or may not have been carried out.
    Unknown(Failure),
    /// It was not tried.
    NotTried {
        /// Why, as a full sentence.
        reason: String,
    },
    /// The plan said that it cannot be done.
    Blocked,
}

/// Why an action did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong and what to do.
    pub problem: Problem,
    /// Whether it is about a credential or a permission.
    pub is_auth: bool,
    /// The definition of a sync that was deleted and not created anew, as YAML.
    pub lost_definition: Option<String>,
}

/// A job that an action set off, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOutcome {
    /// The sync.
    pub subject: Subject,
    /// What kind of job it is.
    pub kind: JobKind,
    /// How it ended.
    pub end: JobEnd,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Well.
    Succeeded,
    /// Badly, with the message of the platform as it wrote it.
    Failed(Option<String>),
    /// Not within the time that was waited.
    StillGoing,
    /// It was not followed.
    NotFollowed,
    /// The platform could not be asked any more, for this reason.
    Unknown(String),
}

/// What came of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One outcome for each action of the plan.
    pub outcomes: Vec<Outcome>,
    /// The jobs that were set off.
    pub jobs: Vec<JobOutcome>,
    /// Whether the run was interrupted.
    pub is_interrupted: bool,
}

impl Report {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        let mut exit = if self.is_interrupted {
            Exit::Interrupted
        } else {
            Exit::Done
        };
        for outcome in &self.outcomes {
            exit = exit.most_important(match outcome {
                Outcome::Failed(failure) if failure.is_auth => Exit::Auth,
                Outcome::Failed(_) | Outcome::Unknown(_) | Outcome::NotTried { .. } => {
                    Exit::ActionFailed
                }
                Outcome::Done { .. } | Outcome::Blocked => Exit::Done,
            });
        }
        for job in &self.jobs {
            exit = exit.most_important(match job.end {
                JobEnd::Failed(_) | JobEnd::StillGoing | JobEnd::Unknown(_) => Exit::JobFailed,
                JobEnd::Succeeded | JobEnd::NotFollowed => Exit::Done,
            });
        }
        exit
    }
}
