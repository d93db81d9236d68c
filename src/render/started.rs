//! Started syncs that no file declares.

use crate::core::plan::{Action, Plan, Subject};

/// Says of each that it goes on running, and what to do about it, as plain text.
pub fn undeclared(unmanaged: &[Subject]) -> impl Iterator<Item = String> {
    let started = unmanaged.iter();
    started
        .filter(|subject| !subject.platform.reads_back())
        .map(|subject| {
            let address = subject.address();
            format!(
                "A start of {address} ({}) is recorded, but it is not declared. What was started \
                 goes on running: declare it, or remove it in the dashboard, then run `secsync \
                 state rm {address}`.",
                subject.destination
            )
        })
}

/// Says that a start may be that of a started sync under a new name, as plain text.
pub fn renamed(plan: &Plan, action: &Action) -> Option<String> {
    let earlier = plan.earlier_start(action)?;
    Some(format!(
        "A start of `{}` to this destination is recorded, and it is no longer declared. If this is \
         the same sync under a new name, a second configuration is made, and the first goes on running.",
        earlier.name
    ))
}
