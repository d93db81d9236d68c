//! The review of how the declared syncs are doing.

use super::{Item, Review, Verdict};
use crate::core::remote::JobKind;
use crate::core::status::{Presence, SyncState, SyncStatus};
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
        SyncState::Missing => "is missing",
        SyncState::Failed => "has failed",
        SyncState::Running => "is at work",
        SyncState::Succeeded => "has succeeded",
        SyncState::Idle => "was never synced",
        SyncState::Started => "was started",
        SyncState::NotStarted => "was not started",
        SyncState::Unknown => "may or may not have been started",
    };
    let mut item = Item::new(&status.subject, state.word(), what);
    item.place = Some(status.place);
    item.verdict = match state {
        SyncState::Failed => Verdict::Failed(failures(status).join("\n")),
        SyncState::Missing => Verdict::Skipped("`secsync apply` creates it.".to_owned()),
        SyncState::NotStarted => Verdict::Skipped("`secsync apply` starts it.".to_owned()),
        SyncState::Unknown => {
            Verdict::Skipped("Its start is not recorded in the state.".to_owned())
        }
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
