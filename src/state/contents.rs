//! What the state holds, and its text.
//!
//! A checksum over everything in it tells an edit from what was written: a record that an edit
//! removed or changed would lead to a second start. The first version of the text had none. It is
//! still read, so it is also how a text that people merged by hand is made good again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::StateError;
use crate::core::starts::{Start, StartKey};
use crate::digest;

/// The version of the text that this program writes.
const VERSION: u32 = 2;
/// The version that had no checksum.
const UNCHECKED: u32 = 1;

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
    #[serde(skip_serializing_if = "Option::is_none", default)]
    checksum: Option<String>,
    starts: Vec<Record>,
}

/// Why a text is not a state that can be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableState {
    /// It is something else.
    #[error("does not look like a state of secsync")]
    SomethingElse,
    /// It was a state.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// It was edited by something else than secsync.
    #[error("was edited: its checksum does not match what it records")]
    Edited,
    /// Another program wrote it.
    #[error("has version {0}, and this program reads version {UNCHECKED} and {VERSION}")]
    OtherVersion(u64),
}

impl UnusableState {
    /// What is wrong with the state that is kept at `place`, and what to do. `remedy` is how it
    /// can be restored, as a full sentence.
    pub fn of(&self, place: &str, remedy: &str) -> StateError {
        let again = "Do not create a new one: syncs would be started a second time.";
        StateError::new(
            format!("The state {place} {self}."),
            match self {
                Self::SomethingElse => {
                    "Name a file of its own for the state, like .secsync/state.json.".to_owned()
                }
                Self::Damaged(_) => format!("{remedy} {again}"),
                Self::Edited => format!(
                    "{remedy} {again} If it was merged by hand and is right as it is, remove \
                     `checksum` and set `version` to {UNCHECKED}."
                ),
                Self::OtherVersion(_) => {
                    "Use the version of secsync that wrote it, or a newer one.".to_owned()
                }
            },
        )
    }
}

/// Reads the text of a state.
pub fn parse(text: &str) -> Result<Records, UnusableState> {
    let damaged = |error: serde_json::Error| {
        if text.trim().is_empty() || text.contains("\"starts\"") {
            UnusableState::Damaged(error.to_string())
        } else {
            UnusableState::SomethingElse
        }
    };
    let value: Value = serde_json::from_str(text).map_err(damaged)?;
    let version = match (&value["version"], &value["starts"]) {
        (Value::Number(version), Value::Array(_)) => version.as_u64().unwrap_or_default(),
        _ => return Err(UnusableState::SomethingElse),
    };
    if ![u64::from(UNCHECKED), u64::from(VERSION)].contains(&version) {
        return Err(UnusableState::OtherVersion(version));
    }
    // Not from the value, in which a field that is written twice is there once.
    let document: Document = serde_json::from_str(text).map_err(damaged)?;
    let expected = (document.version == VERSION).then(|| checksum(&document.starts));
    if document.checksum != expected {
        return Err(UnusableState::Edited);
    }
    let count = document.starts.len();
    let starts = document.starts.into_iter();
    let records: Records = starts.map(|record| (record.key(), record)).collect();
    if records.len() == count {
        Ok(records)
    } else {
        Err(UnusableState::Damaged(
            "it records a start twice".to_owned(),
        ))
    }
}

/// The text of a state.
pub fn text(records: &Records) -> Result<String, serde_json::Error> {
    let starts: Vec<Record> = records.values().cloned().collect();
    let document = Document {
        version: VERSION,
        checksum: Some(checksum(&starts)),
        starts,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn checksum(starts: &[Record]) -> String {
    let covered = json!({ "version": VERSION, "starts": starts });
    format!("sha256:{}", digest::of_json(&covered))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Record, Records, UnusableState, parse, text};

    fn record(name: &str, id: Option<&str>) -> Record {
        Record {
            server: "https://api.example".to_owned(),
            destination: "vercel".to_owned(),
            project: "prj_web".to_owned(),
            name: name.to_owned(),
            sync_config_id: id.map(str::to_owned),
            recorded_at: "2026-01-01T00:00:00Z".to_owned(),
            run: "0123456789abcdef".to_owned(),
        }
    }

    fn records() -> Records {
        [
            record("api", Some("a1")),
            record("web", None),
            record("www", Some("w1")),
        ]
        .into_iter()
        .map(|record| (record.key(), record))
        .collect()
    }

    #[test]
    fn a_text_without_a_checksum_is_read_in_the_first_version_only() {
        let sealed = text(&records()).unwrap();
        assert_eq!(parse(&sealed), Ok(records()));
        let open: String = sealed
            .split_inclusive('\n')
            .filter(|line| !line.contains("checksum"))
            .collect();
        assert_eq!(parse(&open), Err(UnusableState::Edited));
        let first = open.replace("\"version\": 2", "\"version\": 1");
        assert_eq!(parse(&first), Ok(records()));
        let both = sealed.replace("\"version\": 2", "\"version\": 1");
        assert_eq!(parse(&both), Err(UnusableState::Edited));
        let newer = sealed.replace("\"version\": 2", "\"version\": 3, \"more\": []");
        assert_eq!(parse(&newer), Err(UnusableState::OtherVersion(3)));
    }

    #[test]
    fn what_is_something_else_is_not_called_damaged() {
        for other in ["[]", "{}", "name: theirs", "{\"version\": 3}", "null"] {
            assert_eq!(parse(other), Err(UnusableState::SomethingElse), "{other}");
        }
        for damaged in ["", "{\"version\": 2, \"starts\": [", "\n"] {
            assert!(
                matches!(parse(damaged), Err(UnusableState::Damaged(_))),
                "{damaged}"
            );
        }
    }

    /// One edit of a text: bytes replaced, removed, put in or repeated, or lines taken out.
    fn edited(text: &str, edits: &[(u8, usize, usize, u8)]) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for (kind, from, length, byte) in edits {
            let from = from % (bytes.len() + 1);
            let to = (from + 1 + length % 80).min(bytes.len());
            match kind % 5 {
                0 if from < bytes.len() => bytes[from] = *byte,
                1 => drop(bytes.drain(from..to)),
                2 => bytes.insert(from, *byte),
                3 => {
                    let part = bytes[from..to].to_vec();
                    drop(bytes.splice(from..from, part));
                }
                _ => {
                    let mut lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').collect();
                    if !lines.is_empty() {
                        let first = from % lines.len();
                        let last = (first + 1 + length % 9).min(lines.len());
                        lines.drain(first..last);
                    }
                    bytes = lines.concat();
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn no_edit_changes_what_is_recorded(
            edits in proptest::collection::vec(any::<(u8, usize, usize, u8)>(), 1..4),
        ) {
            let good = text(&records()).unwrap();
            if let Ok(read) = parse(&edited(&good, &edits)) {
                prop_assert_eq!(read, records());
            }
        }
    }
}
