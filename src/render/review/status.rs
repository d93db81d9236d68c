//! The review of how the declared syncs are doing.

use super::{Item, Review, Verdict};
use crate::core::remote::JobKind;
use crate::core::status::{Presence, State, SyncStatus};
use crate::render::jobs;
use crate::render::status::{message, summary};

/// Adds the states.
pub fn of_status(review: &mut Review<'_>, statuses: &[SyncStatus]) {
    review.headline = Some(summary(statuses));
    review.items = statuses.iter().map(item).collect();
}

fn item(status: &SyncStatus) -> Item {
    let state = status.state();
    let what = match state {
        State::Missing => "is missing",
        State::Failed => "has failed",
        State::Running => "is at work",
        State::Succeeded => "has succeeded",
        State::Idle => "was never synced",
        State::Started => "was started",
        State::NotStarted => "was not started",
        State::Unknown => "may or may not have been started",
    };
    let mut item = Item::new(&status.subject, state.word(), what);
    item.place = Some(status.place);
    item.verdict = match state {
        State::Failed => Verdict::Failed(failures(status).join("\n")),
        State::Missing => Verdict::Skipped("`secsync apply` creates it.".to_owned()),
        State::NotStarted => Verdict::Skipped("`secsync apply` starts it.".to_owned()),
        State::Unknown => Verdict::Skipped("Its start is not recorded in the state.".to_owned()),
        _ => Verdict::Good,
    };
    item
}

/// What the platform says of each job that failed.
fn failures(status: &SyncStatus) -> Vec<String> {
    let Presence::There(remote) = &status.presence else {
        return Vec::new();
    };
    let failed = JobKind::ALL
        .map(|kind| (kind, remote.job(kind)))
        .into_iter()
        .filter(|(_, job)| job.has_failed());
    failed
        .map(|(kind, job)| {
            let reason = message(job).unwrap_or_else(|| "no reason was given".to_owned());
            format!("The {} failed: {reason}", jobs::name(kind))
        })
        .collect()
}
