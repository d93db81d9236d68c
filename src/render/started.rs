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

/// The same of one that an earlier version of the files declares. Whether it was ever started is
/// not known.
pub fn no_longer_declared(address: &str, destination: &str) -> String {
    format!(
        "{address} ({destination}) is no longer declared. If it was started, it goes on running: \
         remove it in the dashboard, then run `secsync state rm {address}`."
    )
}

/// Says that a start may be that of a started sync under a new name, as plain text.
pub fn renamed(plan: &Plan, action: &Action) -> Option<String> {
    let earlier = plan.earlier_start(action)?;
    let name = &earlier.name;
    let earlier = match &plan.base {
        Some(_) => format!("`{name}`, also to this destination, is no longer declared."),
        None => format!(
            "A start of `{name}` to this destination is recorded, and it is no longer declared."
        ),
    };
    Some(format!(
        "{earlier} If this is the same sync under a new name, a second configuration is made, and \
         the first goes on running."
    ))
}
