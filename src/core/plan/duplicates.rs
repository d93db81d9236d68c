//! Which sync holds a destination that another one wants.

use std::collections::BTreeMap;

use super::{Action, Plan, ProjectKey};
use crate::core::normalize;
use crate::core::remote::RemoteSync;
use crate::core::same_destination::Target;
use crate::core::spec::DestinationSpec;

/// The address of the sync that pushes where an action wants to push, among the remote syncs and
/// those that the plan creates or changes; `None` if it is none of them.
pub fn holder(
    action: &Action,
    plan: &Plan,
    remote: &BTreeMap<ProjectKey, Vec<RemoteSync>>,
    projects: &BTreeMap<ProjectKey, String>,
) -> Option<String> {
    let subject = &action.subject;
    let (wanted, spec) = wanted(action)?;
    let is_there = |target: Option<Target>| target.is_some_and(|target| target.is_same(&wanted));
    let of_remote = remote
        .iter()
        .filter(|(key, _)| key.server == subject.server)
        .flat_map(|(key, syncs)| syncs.iter().map(move |sync| (key, sync)))
        .filter(|(_, sync)| action.found().is_none_or(|own| !own.is_same(sync)))
        .filter(|(_, sync)| sync.destination == subject.destination)
        .find(|(_, sync)| is_there(Target::of(spec, &normalize::remote(spec, sync))))
        .map(|(key, sync)| {
            let project = projects.get(key).unwrap_or(&key.project_id);
            format!("{}/{project}/{}", key.provider, sync.name)
        });
    let of_plan = || {
        let mut others = plan.actions.iter().filter(|other| {
            other.subject != *subject
                && other.subject.server == subject.server
                && other.subject.destination == subject.destination
        });
        let other = others.find(|other| is_there(self::wanted(other).map(|(target, _)| target)));
        other.map(|other| other.subject.address())
    };
    of_remote.or_else(of_plan)
}

/// Where an action wants a sync to push, and what is known of that destination.
fn wanted(action: &Action) -> Option<(Target, &DestinationSpec)> {
    let (expected, spec) = action.result()?;
    Some((Target::of(spec, expected)?, spec))
}
