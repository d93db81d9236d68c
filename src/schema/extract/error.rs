//! Why a text gives no schemas.

use thiserror::Error;

use crate::provider::doors;

/// Why a text gives no schemas. Every message is a full sentence about the text itself;
/// where the text came from is the caller's to say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
    pub fn help(&self) -> String {
        match self {
            Self::NoDocument(_) | Self::NotOpenApi(_) => {
                let served: Vec<String> = doors()
                    .into_iter()
                    .filter_map(|door| {
                        let path = door.servers().document_path?;
                        let title = door.platform().title();
                        Some(format!(" A running {title} serves its own at {path}."))
                    })
                    .collect();
                format!(
                    "Give an OpenAPI 3 document as JSON or YAML, or the documentation page that \
                     wraps one.{}",
                    served.concat()
                )
            }
            Self::Unreadable(_) | Self::Incomplete { .. } => {
                "Download the document again, and check that it is whole.".to_owned()
            }
            Self::NoSyncs => {
                let paths: Vec<String> = doors()
                    .into_iter()
                    .filter(|door| !door.servers().sync_paths.is_empty())
                    .map(|door| {
                        let title = door.platform().title();
                        format!("{} ({title})", door.servers().sync_paths)
                    })
                    .collect();
                format!("Give a document that has {}.", paths.join(" or "))
            }
        }
    }
}
