//! What went wrong, in words, if no place in a file can be pointed at.

/// A problem that is not a finding in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a full sentence.
    pub message: String,
    /// What to do, as a full sentence.
    pub help: Option<String>,
}
