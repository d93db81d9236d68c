//! What changed remotely: a plan in other words.

use std::fmt::Write as _;

use anstyle::Style;
use serde::Serialize;
use serde_json::{Map, Value};

use super::diff;
use super::json::{BlockedFields, FileRange, matrix_of};
use super::review::{Item, Review, Verdict};
use super::shard;
use super::started;
use super::style::{
    self, BOLD, DIMMED, GREEN, Headline, RED, YELLOW, blocked, declared_at, named, notes_on_starts,
    painted, unknown,
};
use crate::core::diff::FieldChange;
use crate::core::drift::{Drift, DriftKind};
use crate::core::plan::{Plan, Subject, UnknownField};
use crate::core::shard::Shard;
use crate::core::sources::Sources;
use crate::core::text::visible;

/// What drifted, and what exists undeclared.
pub fn human(drifts: &[Drift], plan: &Plan, sources: &Sources) -> String {
    let mut out = String::new();
    if let Some(shard) = plan.shard {
        let _ = writeln!(out, "{}\n", shard::note(shard));
    }
    for drift in drifts {
        let name = painted(BOLD, &named(&drift.subject));
        let _ = writeln!(out, "{name}{}", declared_at(drift.place, sources));
        let (style, sign, what) = what(&drift.kind);
        let sign = painted(style, sign);
        for change in changes(&drift.kind).iter().flat_map(FieldChange::leaves) {
            let _ = writeln!(out, "  {sign} {what}: {}", values(&change));
        }
        if !matches!(drift.kind, DriftKind::Changed(_)) {
            let _ = writeln!(out, "  {sign} {what}");
        }
        if let Some(reason) = &drift.blocked {
            blocked(&mut out, reason);
        }
    }
    if !drifts.is_empty() {
        out.push('\n');
    }
    let found: Vec<&Subject> = existing(plan).collect();
    for subject in &found {
        let sign = painted(GREEN, "+");
        let _ = writeln!(out, "  {sign} {}", visible(&undeclared(subject)));
    }
    if !found.is_empty() {
        out.push('\n');
    }
    out.push_str(&unknown(&plan.unknown));
    let _ = writeln!(out, "{}", headline(drifts, plan).painted());
    notes_on_starts(&mut out, &plan.unmanaged);
    out
}

/// What happened to a sync: a sign in a style, and the end of a sentence.
const fn what(kind: &DriftKind) -> (Style, &'static str, &'static str) {
    match kind {
        DriftKind::Missing => (RED, "-", "is missing remotely"),
        DriftKind::Changed(_) => (YELLOW, "~", "differs from what is declared"),
        DriftKind::Unwanted => (
            GREEN,
            "+",
            "exists remotely, although the file says `ensure: absent`",
        ),
        DriftKind::Undeclared => (GREEN, "+", "exists, but is not declared"),
        DriftKind::NotStarted => (RED, "-", "is not recorded as started"),
    }
}

/// The fields that differ, from what is declared to what is remote.
fn changes(kind: &DriftKind) -> &[FieldChange] {
    match kind {
        DriftKind::Changed(changes) => changes,
        _ => &[],
    }
}

fn values(change: &FieldChange) -> String {
    let side = |value: &Option<Value>| match value {
        Some(value) => style::value(value),
        None => painted(DIMMED, "(not set)"),
    };
    let values = match (&change.before, &change.after) {
        (Some(before), Some(after)) => style::change(before, after),
        (before, after) => format!("{} -> {}", side(before), side(after)),
    };
    format!("{} {values}", visible(&change.dotted()))
}

/// What is not declared and was seen on its platform.
fn existing(plan: &Plan) -> impl Iterator<Item = &Subject> {
    let unmanaged = plan.unmanaged.iter();
    unmanaged.filter(|subject| subject.platform.reads_back())
}

fn undeclared(subject: &Subject) -> String {
    format!(
        "{} ({}) exists, but is not declared",
        subject.address(),
        subject.destination
    )
}

fn headline(drifts: &[Drift], plan: &Plan) -> Headline {
    if drifts.is_empty() {
        let rest = match plan.unchanged {
            0 => "nothing that is declared could have changed.".to_owned(),
            1 => "the one declared sync is as declared.".to_owned(),
            count => format!("all {count} declared syncs are as declared."),
        };
        return Headline::new("No drift:", rest);
    }
    let (syncs, are) = match drifts.len() {
        1 => ("sync", "is"),
        _ => ("syncs", "are"),
    };
    let rest = format!(
        "{} {syncs} {are} not as declared, {} as declared.\n\
         `secsync apply` makes them as declared. To keep what is remote, write it into the files.",
        drifts.len(),
        plan.unchanged
    );
    Headline::new("Drift:", rest)
}

/// What drifted in a JSON document.
#[derive(Debug, Serialize)]
pub struct DriftBody<'a> {
    /// The part of the projects that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    summary: Summary,
    drift: Vec<DriftFields<'a>>,
    undeclared: &'a [Subject],
    unknown: &'a [UnknownField],
}

#[derive(Debug, Serialize)]
struct Summary {
    drifted: usize,
    unchanged: usize,
    undeclared: usize,
}

#[derive(Debug, Serialize)]
struct DriftFields<'a> {
    drift: &'static str,
    #[serde(flatten)]
    subject: &'a Subject,
    place: Option<FileRange>,
    /// The values of the cell of a matrix that declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<Map<String, Value>>,
    changes: Vec<ChangeFields<'a>>,
    blocked: Option<BlockedFields>,
}

#[derive(Debug, Serialize)]
struct ChangeFields<'a> {
    path: String,
    declared: Option<&'a Value>,
    remote: Option<&'a Value>,
}

impl<'a> DriftBody<'a> {
    /// What drifted from a plan whose places are in these texts.
    pub fn new(drifts: &'a [Drift], plan: &'a Plan, sources: &Sources) -> Self {
        let change = |change: &'a FieldChange| ChangeFields {
            path: change.dotted(),
            declared: change.before.as_ref(),
            remote: change.after.as_ref(),
        };
        let fields = |drift: &'a Drift| DriftFields {
            drift: drift.kind.word(),
            subject: &drift.subject,
            place: drift.place.map(|span| FileRange::new(span, sources)),
            matrix: matrix_of(drift.place, sources),
            changes: changes(&drift.kind).iter().map(change).collect(),
            blocked: drift.blocked.as_ref().map(BlockedFields::from),
        };
        Self {
            shard: plan.shard,
            summary: Summary {
                drifted: drifts.len(),
                unchanged: plan.unchanged,
                undeclared: plan.unmanaged.len(),
            },
            drift: drifts.iter().map(fields).collect(),
            undeclared: &plan.unmanaged,
            unknown: &plan.unknown,
        }
    }
}

/// Adds what drifted.
pub fn review(review: &mut Review<'_>, drifts: &[Drift], plan: &Plan) {
    review.headline = Some(headline(drifts, plan).to_string());
    // Drift goes from the files to the server.
    review.sides.reverse();
    review.items = drifts.iter().map(item).collect();
    review.notes.extend(plan.shard.map(shard::note));
    review.notes.extend(existing(plan).map(undeclared));
    review.notes.extend(started::undeclared(&plan.unmanaged));
    review
        .notes
        .extend(plan.unknown.iter().map(UnknownField::note));
}

fn item(drift: &Drift) -> Item {
    let (_, sign, what) = what(&drift.kind);
    let mut item = Item::new(&drift.subject, drift.kind.word(), what);
    item.sign = sign;
    item.place = drift.place;
    item.diff = diff::of_changes(changes(&drift.kind));
    let blocked = drift.blocked.as_ref();
    let advice = blocked.map(|reason| format!("{}\n{}", reason.reason(), reason.advice()));
    item.notes.extend(advice);
    item.verdict = Verdict::Differs;
    item
}
