//! What came of each action, of the jobs that it set off, and of the whole run.

use super::attempt::NotTried;
use crate::core::plan::Subject;
use crate::core::plan::duplicates::HeldIn;
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
    /// It was carried out, and the sync is not as declared.
    NotAsDeclared {
        /// The platform's id of the sync.
        id: String,
        /// What is not as declared, and what to do.
        failure: ActionFailure,
    },
    /// It was refused, or could not be sent.
    Failed(ActionFailure),
    /// It may or may not have been carried out.
    Unknown(ActionFailure),
    /// Nothing was sent for it.
    NotTried(NotTried),
    /// The plan said that it cannot be done.
    Blocked,
}

/// Why an action did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionFailure {
    /// What is wrong and what to do.
    pub problem: Problem,
    /// What kind of refusal it is, if a server refused a request.
    pub kind: Option<RequestErrorKind>,
    /// Which project has the destination, if another sync holds it and the server says where.
    pub held_in: Option<HeldIn>,
    /// Whether it is about a credential or a permission.
    pub is_auth: bool,
    /// The old sync of a replacement that was not created again.
    pub old: Option<OldSync>,
}

/// The old sync of a replacement, for whoever brings it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldSync {
    /// Its definition, as YAML.
    pub definition: String,
    /// What became of it.
    pub state: OldState,
}

/// What became of the old sync of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldState {
    /// It is gone.
    Deleted,
    /// A job removes its secrets; it goes when that job ends well.
    BeingDeleted,
    /// It may or may not have been deleted.
    Unknown,
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
                Outcome::NotAsDeclared { .. }
                | Outcome::Failed(_)
                | Outcome::Unknown(_)
                | Outcome::NotTried(_) => Exit::ActionFailed,
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
}

impl ActionFailure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            problem: Problem {
                message: message.into(),
                help: None,
            },
            kind: None,
            held_in: None,
            is_auth: false,
            old: None,
        }
    }

    /// Says what to do, as a full sentence.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }

    /// Says what kind of refusal it is.
    pub(super) fn of_kind(mut self, kind: RequestErrorKind) -> Self {
        self.kind = Some(kind);
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
            kind: Some(error.kind),
            held_in: error.held_in,
            is_auth: error.kind.is_about_access(),
            problem: Problem {
                message: error.message,
                help: error.help,
            },
            old: None,
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
