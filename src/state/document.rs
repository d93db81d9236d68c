//! What the state holds, and its text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StateError;
use crate::core::starts::{Start, StartKey};

/// The version of the text that this program reads and writes.
const VERSION: u32 = 1;

/// A recorded start, as people and the state see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Record {
    /// The server's origin.
    pub server: String,
    /// The destination's slug.
    pub destination: String,
    /// The project's id.
    pub project: String,
    /// The sync's name.
    pub name: String,
    /// The id of the configuration; `None` while the start is only intended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sync_config_id: Option<String>,
    /// When this was recorded, in RFC 3339.
    pub recorded_at: String,
    /// Which run recorded it: distinguishes two runs that record the same start.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub run: String,
}

impl Record {
    /// What it is about.
    pub fn key(&self) -> StartKey {
        StartKey {
            server: self.server.clone(),
            destination: self.destination.clone(),
            project: self.project.clone(),
            name: self.name.clone(),
        }
    }

    /// How the start went.
    pub fn start(&self) -> Start {
        match &self.sync_config_id {
            Some(id) => Start::Done { id: id.clone() },
            None => Start::Unknown,
        }
    }
}

/// The records by what they are about.
pub type Records = BTreeMap<StartKey, Record>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    starts: Vec<Record>,
}

/// Reads the text of the state that is kept at `place`.
pub fn parse(place: &str, text: &str) -> Result<Records, StateError> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        StateError::new(
            format!("The state {place} is damaged: {error}."),
            "Restore it from a backup or from Git. Do not create a new one: syncs would be started \
             a second time.",
        )
    })?;
    if document.version != VERSION {
        return Err(StateError::new(
            format!(
                "The state {place} has version {}, and this program reads version {VERSION}.",
                document.version
            ),
            "Use the version of secsync that wrote it, or a newer one.",
        ));
    }
    let starts = document.starts.into_iter();
    Ok(starts.map(|record| (record.key(), record)).collect())
}

/// The text of a state.
pub fn text(records: &Records) -> Result<String, serde_json::Error> {
    let document = Document {
        version: VERSION,
        starts: records.values().cloned().collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
