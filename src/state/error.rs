//! Why the state cannot be used.

/// Why the state cannot be used. Each is a full sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StateError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Whether it is about a credential or a permission.
    pub is_auth: bool,
}

impl StateError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
            is_auth: false,
        }
    }
}
