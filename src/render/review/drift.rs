//! The review of what changed remotely.

use super::{Item, Review, Verdict};
use crate::core::drift::{Drift, DriftKind};
use crate::core::plan::Plan;
use crate::render::drift::{summary, undeclared_sentence};
use crate::render::unified;

/// Adds what drifted.
pub fn of_drift(review: &mut Review<'_>, drifts: &[Drift], plan: &Plan) {
    let headline = summary(drifts, plan);
    review.headline = Some(anstream::adapter::strip_str(&headline).to_string());
    review.items = drifts.iter().map(item).collect();
    review
        .notes
        .extend(plan.unmanaged.iter().map(undeclared_sentence));
}

fn item(drift: &Drift) -> Item {
    let (sign, what, changes) = match &drift.kind {
        DriftKind::Missing => ("-", "is missing remotely", [].as_slice()),
        DriftKind::Changed(changes) => ("~", "was changed remotely", changes.as_slice()),
        DriftKind::Unwanted => (
            "+",
            "exists remotely, and the file says `ensure: absent`",
            [].as_slice(),
        ),
        DriftKind::Undeclared => ("+", "exists undeclared", [].as_slice()),
        DriftKind::NotStarted => ("-", "is not recorded as started", [].as_slice()),
    };
    let mut item = Item::new(&drift.subject, drift.kind.word(), what);
    item.sign = sign;
    item.place = drift.place;
    item.diff = unified::lines_of_changes(changes);
    let blocked = drift.blocked.as_ref();
    let advice = blocked.map(|reason| format!("{}\n{}", reason.reason(), reason.advice()));
    item.notes.extend(advice);
    item.verdict = Verdict::Differs;
    item
}
