//! What changed between two sets of schemas.

use std::fmt::Write as _;

use serde::Serialize;

use super::json::FileRange;
use super::style::{BOLD, RED, painted};
use crate::core::text::visible;
use crate::schema::compare::SchemaChange;

/// A place in a sync file that does not fit the newer schemas.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Broken {
    /// What is wrong there.
    pub message: String,
    /// Where it is.
    pub place: Option<FileRange>,
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
        let heading = "In this workspace, these values do not fit the newer schemas:";
        let _ = writeln!(out, "\n{}", painted(BOLD, heading));
    }
    for found in broken {
        let place = found.place.as_ref().map(|place| format!("{place}: "));
        let _ = writeln!(
            out,
            "{} {}{}",
            painted(RED, "!"),
            visible(&place.unwrap_or_default()),
            visible(&found.message)
        );
    }
    out
}

/// The changes and what they break in a JSON document.
#[derive(Debug, Serialize)]
pub struct SchemaDiffBody<'a> {
    changes: Vec<ChangeFields<'a>>,
    broken: &'a [Broken],
}

#[derive(Debug, Serialize)]
struct ChangeFields<'a> {
    provider: &'static str,
    destination: &'a str,
    field: Option<&'a str>,
    change: &'a str,
    breaking: bool,
}

impl<'a> SchemaDiffBody<'a> {
    /// The changes, and the places that they break.
    pub fn new(changes: &'a [SchemaChange], broken: &'a [Broken]) -> Self {
        let change = |change: &'a SchemaChange| ChangeFields {
            provider: change.destination.0.name(),
            destination: &change.destination.1,
            field: change.field.as_deref(),
            change: &change.kind,
            breaking: change.breaking,
        };
        Self {
            changes: changes.iter().map(change).collect(),
            broken,
        }
    }
}
