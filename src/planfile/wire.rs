//! The form of the file. A field that is not listed here is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core::diff::FieldChange;
use crate::core::plan::{DeleteReason, Keeper, UnknownField, Verb};
use crate::core::remote::RemoteConnection;
use crate::core::shard::Shard;
use crate::core::spec::ObjectSpec;

/// As much of a file as shows whether it is a plan.
#[derive(Debug, Deserialize)]
pub struct Marker {
    #[serde(default)]
    pub format: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedDocument {
    pub format: String,
    pub version: u64,
    /// The version of the program that wrote it; shown if the file cannot be read.
    pub made_by: String,
    /// The digest of all the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    pub sandbox: bool,
    /// The part of the projects that it is about; all if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// By name.
    pub providers: BTreeMap<String, SavedProvider>,
    /// By platform and slug.
    pub destinations: BTreeMap<String, BTreeMap<String, ObjectSpec>>,
    pub actions: Vec<SavedAction>,
    pub unchanged: usize,
    pub unmanaged: Vec<SavedSubject>,
    /// What `--prune` would have deleted if nothing held it back.
    pub kept: Vec<SavedKept>,
    pub failing: Vec<SavedFailing>,
    /// What the schemas in use do not know of the remote syncs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownField>,
    /// The declared fields that no answer gives back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnknownField>,
    /// What was found in the files and in what is remote when the plan was made; only shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<SavedFinding>,
}

/// A warning. Errors leave no plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedFinding {
    pub code: String,
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The file, if no place in it can be pointed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The sync that inherited what it is about, and how many others did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_syncs: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<SavedCells>,
    /// How many further findings of its kind it stands for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub further: usize,
    /// The main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<FindingPlace>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The cells of a matrix that a finding is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedCells {
    /// The first of them, in few words.
    pub first: String,
    /// How many others there are.
    pub others: usize,
    /// How many the matrix has.
    pub of: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindingPlace {
    pub at: DeclaredAt,
    /// What there is to say about it; can be empty.
    pub text: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedProvider {
    pub platform: String,
    /// The origin of its server.
    pub server: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedSubject {
    pub provider: String,
    /// As the files spell it.
    pub project: String,
    pub project_id: String,
    pub name: String,
    pub destination: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedAction {
    pub sync: SavedSubject,
    /// Where it is declared; `None` if no file declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<DeclaredAt>,
    pub step: SavedStep,
    /// The actions that must have gone well before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredAt {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    /// The cell of a matrix, in few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// The values of that cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Map<String, Value>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum SavedStep {
    /// Nothing of that name was there.
    Create {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<String>,
        body: Map<String, Value>,
        /// Patterns of fields that are not compared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignore_remote: Vec<String>,
        /// Whether its `renamedFrom` is stale, which no request shows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stale_rename: bool,
    },
    Update {
        found: SavedRemote,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<String>,
        body: Map<String, Value>,
        /// Patterns of fields that are not compared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignore_remote: Vec<String>,
        /// Whether it is sent although nothing of it may differ.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resend: bool,
    },
    Replace {
        found: SavedRemote,
        remove_secrets: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<String>,
        body: Map<String, Value>,
        /// Patterns of fields that are not compared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignore_remote: Vec<String>,
    },
    Delete {
        found: SavedRemote,
        remove_secrets: bool,
        reason: DeleteReason,
    },
    /// Nothing was recorded that would say that it was started.
    Start {},
    Trigger {
        /// None for a sync that an action before it creates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<SavedRemote>,
    },
    Blocked {
        wanted: Verb,
        reason: String,
        /// What the reason is about.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        details: Vec<String>,
        /// Shown, and never sent.
        changes: Vec<FieldChange>,
    },
}

/// A sync as it was found: all that can be declared of it, and what it is known by.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedRemote {
    pub id: String,
    pub name: String,
    pub destination: String,
    pub connection: RemoteConnection,
    /// `None` once the source folder was deleted.
    pub environment: Option<String>,
    /// `None` once the source folder was deleted.
    pub secret_path: Option<String>,
    pub fields: Map<String, Value>,
    /// Whether a push to the destination had gone well before, which never becomes untrue.
    pub pushed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedKept {
    pub sync: SavedSubject,
    pub reason: Keeper,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedFailing {
    pub sync: SavedSubject,
    /// What its last job said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
