//! What the files want.

use serde_json::{Map, json};

use super::cell::Values;
use super::fields::{CONNECTION, CONNECTION_ID};
use super::platform::Platform;
use super::remote::Scope;
use super::span::Span;
use super::value::Mapping;

/// Whether a sync is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ensure {
    /// It is created and kept as declared.
    #[default]
    Present,
    /// It is deleted if it exists.
    Absent,
}

/// What happens to the secrets at the destination when a sync is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDelete {
    /// They stay.
    #[default]
    KeepSecrets,
    /// The platform removes them first.
    RemoveSecrets,
}

/// When apply asks for a sync job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trigger {
    /// Never.
    #[default]
    Never,
    /// After a change that queues no job by itself.
    OnChange,
    /// With every apply.
    Always,
}

/// A connection as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionRef {
    /// `connection:`, to be looked up among those of a scope, or of any.
    Name(String, Option<Scope>),
    /// `connectionId:`, sent as it is.
    Id(String),
}

impl ConnectionRef {
    /// The field that says so, and what it says.
    pub fn field(&self) -> (&'static str, serde_json::Value) {
        match self {
            Self::Name(name, None) => (CONNECTION, name.as_str().into()),
            Self::Name(name, Some(scope)) => {
                (CONNECTION, json!({"name": name, "scope": scope.word()}))
            }
            Self::Id(id) => (CONNECTION_ID, id.as_str().into()),
        }
    }
}

/// A word of a file and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A sync as the files want it, with its defaults merged in.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredSync {
    /// Its name on the platform.
    pub name: Word,
    /// The provider's name in the files.
    pub provider: Word,
    /// Which platform that provider is.
    pub platform: Platform,
    /// The project as spelled: an id, a slug or a name. `None` until a default is found.
    pub project: Option<Word>,
    /// The destination's slug.
    pub destination: Word,
    /// Whether it is to be there.
    pub ensure: Ensure,
    /// The connection, if the platform has connections.
    pub connection: Option<(ConnectionRef, Span)>,
    /// For selection; never sent. Each once, in the order of the file.
    pub labels: Vec<(String, String)>,
    /// The name that it had before.
    pub renamed_from: Option<Word>,
    /// Whether it may never be deleted or replaced.
    pub protect: bool,
    /// Patterns of fields that are left to the remote side.
    pub ignore_remote: Vec<Word>,
    /// What a deletion does at the destination.
    pub on_delete: OnDelete,
    /// When apply asks for a job.
    pub trigger: Trigger,
    /// The platform's own fields, with their places.
    pub fields: Mapping,
    /// The block that declares it.
    pub block: Span,
    /// The key of that block.
    pub key: Span,
    /// The values of the cell of a matrix that the block is for.
    pub cell: Option<Values>,
}

/// A project that a file names at its top, so that it is read even if it has no sync in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProject {
    /// The provider's name in the files.
    pub provider: Word,
    /// Which platform that provider is.
    pub platform: Platform,
    /// The project as spelled.
    pub project: Word,
}

impl DesiredSync {
    /// The platform's own fields as they would be sent.
    pub fn fields_as_json(&self) -> Map<String, serde_json::Value> {
        self.fields
            .entries()
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_json()))
            .collect()
    }

    /// The place of a field by its path, or of the nearest thing around it that has one.
    pub fn place(&self, path: &[String]) -> Span {
        let mut mapping = &self.fields;
        let mut place = self.key;
        for key in path {
            let Some(entry) = mapping.entry(key) else {
                break;
            };
            place = entry.key_span;
            match entry.value.as_mapping() {
                Some(inner) => mapping = inner,
                None => break,
            }
        }
        place
    }
}
