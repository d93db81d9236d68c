//! What changed remotely, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::human::{SANDBOX, declared_at};
use super::json::{place, subject};
use super::paint::{BOLD, CYAN, DIMMED, GREEN, RED, YELLOW, painted};
use super::text::visible;
use crate::core::diff::FieldChange;
use crate::core::drift::{Drift, DriftKind};
use crate::core::plan::{Plan, Subject};
use crate::core::span::Sources;

/// What drifted, and what exists undeclared.
pub fn human(drifts: &[Drift], plan: &Plan, sources: &Sources, is_sandbox: bool) -> String {
    let mut out = String::new();
    if is_sandbox {
        let _ = writeln!(out, "{}\n", painted(CYAN, SANDBOX));
    }
    for drift in drifts {
        let _ = writeln!(
            out,
            "{}{}",
            painted(
                BOLD,
                &format!(
                    "{} ({})",
                    visible(&drift.subject.address()),
                    visible(&drift.subject.destination)
                )
            ),
            declared_at(drift.place, sources)
        );
        what(&mut out, &drift.kind);
        if let Some(blocked) = &drift.blocked {
            let _ = writeln!(
                out,
                "      {} {}\n      {}",
                painted(RED, "Blocked:"),
                visible(&blocked.reason()),
                blocked.advice()
            );
        }
    }
    if !drifts.is_empty() {
        out.push('\n');
    }
    for subject in &plan.unmanaged {
        undeclared(&mut out, subject);
    }
    if !plan.unmanaged.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(drifts, plan));
    out
}

fn what(out: &mut String, kind: &DriftKind) {
    let mut line = |sign: String, text: &str| {
        let _ = writeln!(out, "  {sign} {text}");
    };
    match kind {
        DriftKind::Missing => line(painted(RED, "-"), "is missing remotely"),
        DriftKind::Changed(changes) => {
            for (path, before, after) in changes.iter().flat_map(changed) {
                let text = format!("was changed remotely: {path} {before} -> {after}");
                line(painted(YELLOW, "~"), &text);
            }
        }
        DriftKind::Unwanted => line(
            painted(GREEN, "+"),
            "exists remotely, and the file says `ensure: absent`",
        ),
        DriftKind::Undeclared => line(painted(GREEN, "+"), "exists undeclared"),
        DriftKind::NotStarted => line(painted(RED, "-"), "is not recorded as started"),
    }
}

/// A change as the path and the two values. A map that came or went shows each of its fields.
fn changed(change: &FieldChange) -> Vec<(String, String, String)> {
    let value = |value: Option<&Value>| match value {
        Some(value) => visible(&value.to_string()),
        None => painted(DIMMED, "(not set)"),
    };
    change
        .leaves()
        .iter()
        .map(|leaf| {
            let path = visible(&leaf.dotted());
            (
                path,
                value(leaf.before.as_ref()),
                value(leaf.after.as_ref()),
            )
        })
        .collect()
}

/// That a sync is on the platform and in no file.
pub(super) fn undeclared_sentence(subject: &Subject) -> String {
    format!(
        "{} ({}) exists undeclared",
        subject.address(),
        subject.destination
    )
}

fn undeclared(out: &mut String, subject: &Subject) {
    let _ = writeln!(
        out,
        "  {} {}",
        painted(GREEN, "+"),
        visible(&undeclared_sentence(subject))
    );
}

/// The result in a sentence or two.
pub(super) fn summary(drifts: &[Drift], plan: &Plan) -> String {
    if drifts.is_empty() {
        let no_drift = painted(BOLD, "No drift:");
        return match plan.unchanged {
            0 => format!("{no_drift} nothing is declared that could have changed."),
            1 => format!("{no_drift} the one declared sync is as declared."),
            count => format!("{no_drift} all {count} declared syncs are as declared."),
        };
    }
    let (syncs, are) = match drifts.len() {
        1 => ("sync", "is"),
        _ => ("syncs", "are"),
    };
    format!(
        "{} {} {syncs} {are} not as declared, {} as declared.\n\
         `secsync apply` goes back to what is declared; a change that is right belongs into the files.",
        painted(BOLD, "Drift:"),
        drifts.len(),
        plan.unchanged
    )
}

/// Adds what drifted to a document.
pub fn json(document: &mut Map<String, Value>, drifts: &[Drift], plan: &Plan, sources: &Sources) {
    let entries: Vec<Value> = drifts.iter().map(|drift| entry(drift, sources)).collect();
    document.insert(
        "summary".to_owned(),
        json!({
            "drifted": drifts.len(), "unchanged": plan.unchanged, "undeclared": plan.unmanaged.len(),
        }),
    );
    document.insert("drift".to_owned(), entries.into());
    let undeclared: Vec<Value> = plan
        .unmanaged
        .iter()
        .map(|one| subject(one).into())
        .collect();
    document.insert("undeclared".to_owned(), undeclared.into());
}

fn entry(drift: &Drift, sources: &Sources) -> Value {
    let mut entry = Map::new();
    entry.insert("drift".to_owned(), drift.kind.word().into());
    entry.extend(subject(&drift.subject));
    let at = drift.place.map(|span| place(span, sources));
    entry.insert("place".to_owned(), at.into());
    let changes: Vec<Value> = match &drift.kind {
        DriftKind::Changed(changes) => changes
            .iter()
            .map(|change| {
                json!({
                    "path": change.dotted(), "declared": change.before, "remote": change.after,
                })
            })
            .collect(),
        _ => Vec::new(),
    };
    entry.insert("changes".to_owned(), changes.into());
    let blocked = drift.blocked.as_ref().map(|reason| {
        json!({"code": reason.word(), "reason": reason.reason(), "advice": reason.advice()})
    });
    entry.insert("blocked".to_owned(), blocked.into());
    entry.into()
}
