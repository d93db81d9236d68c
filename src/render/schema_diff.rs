//! What changed between two sets of schemas, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::paint::{BOLD, RED, painted};
use super::text::visible;
use crate::exit::Exit;
use crate::schema::compare::SchemaChange;

/// A place in a sync file that does not fit the newer schemas.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// Where it is, as other JSON documents say it.
    pub place: Option<Value>,
    /// Where it is, as `file:line:column`.
    pub at: Option<String>,
    /// What is wrong there.
    pub message: String,
}

/// The changes, those that can break a file marked, and the files that break.
pub fn human(changes: &[SchemaChange], broken: &[Broken]) -> String {
    let mut out = String::new();
    for change in changes {
        let (kind, name) = &change.destination;
        let mark = if change.breaking {
            painted(RED, "!")
        } else {
            " ".to_owned()
        };
        let field = change.field.as_deref().map(|field| format!(" {field}"));
        let text = format!(
            "{}/{name}{}: {}",
            kind.name(),
            field.unwrap_or_default(),
            change.kind
        );
        let _ = writeln!(out, "{mark} {}", visible(&text));
    }
    if changes.is_empty() {
        out.push_str("The schemas are the same.\n");
    }
    if !broken.is_empty() {
        let heading = "What is in this workspace and does not fit the newer schemas:";
        let _ = writeln!(out, "\n{}", painted(BOLD, heading));
    }
    for found in broken {
        let at = found.at.as_deref().map(|at| format!("{}: ", visible(at)));
        let _ = writeln!(
            out,
            "{} {}{}",
            painted(RED, "!"),
            at.unwrap_or_default(),
            visible(&found.message)
        );
    }
    out
}

/// The same as a document.
pub fn json(changes: &[SchemaChange], broken: &[Broken], exit: Exit) -> Map<String, Value> {
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "provider": change.destination.0.name(), "destination": change.destination.1,
                "field": change.field, "change": change.kind,
                "breaking": change.breaking,
            })
        })
        .collect();
    let broken: Vec<Value> = broken
        .iter()
        .map(|found| json!({"message": found.message, "place": found.place}))
        .collect();
    let mut document = Map::new();
    for (key, value) in [
        ("version", super::json::VERSION.into()),
        ("kind", "schema-diff".into()),
        ("changes", changes.into()),
        ("broken", broken.into()),
        ("exitCode", exit.code().into()),
    ] {
        document.insert(key.to_owned(), value);
    }
    document
}
