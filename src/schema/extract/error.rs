//! Why nothing could be extracted.

/// Why a text gives no schemas. Every message is a full sentence about the text itself;
/// where the text came from is the caller's to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// It is empty, a web page, or Markdown without an OpenAPI document in it.
    #[error("{0}")]
    NoDocument(String),
    /// It looks like JSON or YAML but cannot be parsed, or ends too early.
    #[error("{0}")]
    Unreadable(String),
    /// It parses, but is not an OpenAPI document of version 3.
    #[error("{0}")]
    NotOpenApi(String),
    /// It is an OpenAPI document that describes no sync.
    #[error("The OpenAPI document describes no secret sync.")]
    NoSyncs,
    /// An operation on syncs is not described as OpenAPI asks for, or only in part.
    #[error("The description of {operation} {problem}.")]
    Incomplete {
        /// The operation, as `POST /path`.
        operation: String,
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
}

impl ExtractError {
    /// What to do next, as a full sentence.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NoDocument(_) | Self::NotOpenApi(_) => {
                "Give an OpenAPI 3 document as JSON or YAML, or the documentation page that wraps one. A running Infisical serves its own at /api/docs/json."
            }
            Self::Unreadable(_) | Self::Incomplete { .. } => {
                "Download the document again, and check that it is whole."
            }
            Self::NoSyncs => {
                "Give a document that has paths below /api/v1/secret-syncs/ (Infisical) or the path /v1/sync/{slug}/start (Enkryptify)."
            }
        }
    }
}
