//! What came of each action, of the jobs that it set off, and of the whole run.

use crate::core::plan::Subject;
use crate::core::problem::Problem;
use crate::core::remote::JobKind;
use crate::exit::Exit;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::state::StateError;

/// What came of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done {
        /// The platform's id of the sync, if it has one.
        id: Option<String>,
        /// What else there is to know, as a full sentence.
        note: Option<String>,
    },
    /// It was refused, or did not do what it should.
    Failed(ActionFailure),
    /// It may or may not have been carried out.
    Unknown(ActionFailure),
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
pub struct ActionFailure {
    /// What is wrong and what to do.
    pub problem: Problem,
    /// Whether it is about a credential or a permission.
    pub is_auth: bool,
    /// The definition of a sync that was deleted and not created again, as YAML.
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

impl Outcome {
    pub(super) fn done(id: &str) -> Self {
        Self::Done {
            id: Some(id.to_owned()),
            note: None,
        }
    }

    pub(super) fn not_tried(reason: impl Into<String>) -> Self {
        Self::NotTried {
            reason: reason.into(),
        }
    }
}

impl From<RequestError> for Outcome {
    fn from(error: RequestError) -> Self {
        match error.kind {
            RequestErrorKind::Interrupted => {
                Self::not_tried("The run was interrupted before it was sent.")
            }
            _ if error.maybe_done => Self::Unknown(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

impl ActionFailure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            problem: Problem {
                message: message.into(),
                help: None,
            },
            is_auth: false,
            lost_definition: None,
        }
    }

    /// Says what to do, as a full sentence.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }

    /// Says another full sentence before what is wrong.
    pub(super) fn after(mut self, sentence: &str) -> Self {
        self.problem.message = format!("{sentence} {}", self.problem.message);
        self
    }
}

impl From<RequestError> for ActionFailure {
    fn from(error: RequestError) -> Self {
        Self {
            is_auth: matches!(
                error.kind,
                RequestErrorKind::Authentication
                    | RequestErrorKind::Permission
                    | RequestErrorKind::Untrusted
            ),
            problem: Problem {
                message: error.message,
                help: error.help,
            },
            lost_definition: None,
        }
    }
}

impl From<StateError> for ActionFailure {
    fn from(error: StateError) -> Self {
        Self {
            is_auth: error.is_auth,
            ..Self::new(error.message).help(error.help)
        }
    }
}
