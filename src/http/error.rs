//! Why a request did not do what it should.

use thiserror::Error;

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
    /// Whether the request may have taken effect all the same.
    pub maybe_done: bool,
}

/// The kinds of failure that callers distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestErrorKind {
    /// A credential is missing, wrong, expired or revoked.
    Authentication,
    /// The identity may not do this, or may not see the project.
    Permission,
    /// The credential would have gone to a server that is not trusted.
    Untrusted,
    /// The configuration of the provider is wrong: a malformed URL, two hosts that differ.
    Configuration,
    /// What the request is about does not exist.
    NotFound,
    /// The name is taken in the project.
    NameTaken,
    /// A job of this sync is at work; the request would succeed later.
    JobInProgress,
    /// The server refused the request's content.
    Rejected,
    /// Too many requests, and the wait was longer than allowed.
    RateLimited,
    /// The server cannot be reached, did not answer in time, or failed.
    Unavailable,
    /// The answer is not what the API promises: HTML, not JSON, or fields are missing.
    BadAnswer,
    /// The run was interrupted before the request was sent.
    Interrupted,
}

impl RequestError {
    /// A failure that certainly had no effect.
    pub fn new(kind: RequestErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            maybe_done: false,
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

    /// Marks the request as one that may have taken effect.
    #[must_use]
    pub const fn maybe_done(mut self) -> Self {
        self.maybe_done = true;
        self
    }
}
