//! What reading a text gives.

use crate::core::diagnostic::Diagnostic;
use crate::core::span::Span;
use crate::core::value::Node;

/// What a text holds.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The documents, in order. One that cannot be parsed to its end is left out.
    ///
    /// What is refused for its meaning leaves the rest of its document in place: of a key that
    /// appears twice the first counts, and if there is no value, the text replaces it.
    pub documents: Vec<Node>,
    /// The comments, in order.
    pub comments: Vec<Comment>,
    /// Everything that is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where it is, from the `#` on.
    pub span: Span,
    /// Its text after the `#`.
    pub text: String,
}
