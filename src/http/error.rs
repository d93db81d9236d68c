//! Why a request did not do what it should.

use thiserror::Error;

use crate::core::plan::duplicates::HeldIn;

/// Why a request did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RequestError {
    /// What kind of failure it is.
    pub kind: RequestErrorKind,
    /// A full sentence for the person who reads it at night, without any secret.
    pub message: String,
    /// What to do next, as a full sentence.
    pub help: Option<String>,
    /// What is known of the request's effect.
    pub fate: Fate,
    /// Which project has the destination, if another sync holds it and the server says where.
    pub held_in: Option<HeldIn>,
}

/// What is known of a request that failed, each kind less than the one before. A request that only
/// reads has no effect to know of, and counts as never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Fate {
    /// Not a byte of it was sent.
    #[default]
    Unsent,
    /// It was sent, and the API itself refused it: it had no effect.
    Refused,
    /// It was sent, and no answer of the API says what came of it: it may have taken effect.
    Unanswered,
}

/// The kinds of failure that callers distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestErrorKind {
    /// There is no credential at all.
    NoCredential,
    /// A credential is incomplete, wrong, expired or revoked.
    Authentication,
    /// The identity may not do this, or may not see the project.
    Permission,
    /// The credential would have gone to a server that is not trusted.
    Untrusted,
    /// The configuration of the provider is wrong: a malformed URL, two hosts that differ.
    Configuration,
    /// The platform does not let the identity in, or do this, for a reason that only it has; the word
    /// for machines.
    OwnDenial(&'static str),
    /// What the request is about does not exist.
    NotFound,
    /// The name is taken in the project.
    NameTaken,
    /// Another sync pushes to the same destination, and the organization allows one alone.
    DestinationTaken,
    /// A job of this sync is at work; the request would succeed later.
    JobInProgress,
    /// The server has no such route: it is of another age, or no server of this platform.
    NoRoute,
    /// The server refused the request's content.
    Rejected,
    /// The same for a reason that only the platform has; the word for machines.
    OwnRefusal(&'static str),
    /// Too many requests, and the wait was longer than allowed.
    RateLimited,
    /// The server cannot be reached, did not answer in time, or failed.
    Unavailable,
    /// The answer is not what the API promises: HTML, not JSON, or fields are missing.
    BadAnswer,
    /// The run was interrupted before the request was sent.
    Interrupted,
}

impl RequestErrorKind {
    /// Whether it is about a credential or a permission.
    pub const fn is_about_access(self) -> bool {
        matches!(
            self,
            Self::NoCredential
                | Self::Authentication
                | Self::Permission
                | Self::OwnDenial(_)
                | Self::Untrusted
        )
    }

    /// The stable word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoCredential | Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::OwnDenial(word) | Self::OwnRefusal(word) => word,
            Self::Untrusted => "untrusted",
            Self::Configuration => "configuration",
            Self::NotFound => "not-found",
            Self::NameTaken => "name-taken",
            Self::DestinationTaken => "destination-taken",
            Self::JobInProgress => "job-in-progress",
            Self::NoRoute => "no-route",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::BadAnswer => "bad-answer",
            Self::Interrupted => "interrupted",
        }
    }
}

impl RequestError {
    /// A failure before anything was sent.
    pub fn new(kind: RequestErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            fate: Fate::Unsent,
            held_in: None,
        }
    }

    /// An error in what the environment, the command line or a file says about a server.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(RequestErrorKind::Configuration, message)
    }

    /// An error about a credential.
    pub fn authentication(message: impl Into<String>) -> Self {
        Self::new(RequestErrorKind::Authentication, message)
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which project has the destination.
    #[must_use]
    pub fn held_in(mut self, project: Option<HeldIn>) -> Self {
        self.held_in = project;
        self
    }

    /// Says what is known of the request's effect, unless less is known already.
    #[must_use]
    pub fn at_least(mut self, fate: Fate) -> Self {
        self.fate = self.fate.max(fate);
        self
    }

    /// The same about a request that was to be sent after the one that failed.
    #[must_use]
    pub const fn before_sending(mut self) -> Self {
        self.fate = Fate::Unsent;
        self
    }

    /// Whether asking again can go better, with nobody changing anything.
    pub const fn can_pass(&self) -> bool {
        !self.kind.is_about_access() && !matches!(self.kind, RequestErrorKind::Configuration)
    }

    /// Whether the request may have taken effect all the same.
    pub fn is_in_doubt(&self) -> bool {
        self.fate == Fate::Unanswered
    }
}
