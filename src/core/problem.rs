//! What went wrong, in words, where there is no place in a file to point at.

/// A problem that is not a finding in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a full sentence.
    pub message: String,
    /// What to do, as a full sentence.
    pub help: Option<String>,
}
