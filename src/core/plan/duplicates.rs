//! Which sync holds a destination that another one wants.

use std::collections::BTreeMap;

use super::{Action, Plan, ProjectKey};
use crate::core::normalize;
use crate::core::remote::RemoteSync;
use crate::core::same_destination::Target;
use crate::core::spec::DestinationSpec;

/// Which project has a destination that a server refused to another sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldIn {
    /// That of the sync that wants it.
    Same,
    /// Another one, which the server does not name.
    Another,
    /// The one of that id.
    Project(String),
}

impl HeldIn {
    /// Whether it can be a project, if the sync that wants the destination is in that other one.
    fn may_be(&self, project_id: &str, own_project_id: &str) -> bool {
        match self {
            Self::Same => project_id == own_project_id,
            Self::Another => project_id != own_project_id,
            Self::Project(id) => project_id.eq_ignore_ascii_case(id),
        }
    }

    /// The id of the project, if it is known; the sync that wants the destination is in that one.
    pub fn project_id<'a>(&'a self, own_project_id: &'a str) -> Option<&'a str> {
        match self {
            Self::Same => Some(own_project_id),
            Self::Another => None,
            Self::Project(id) => Some(id),
        }
    }
}

/// The address of the sync that pushes where an action wants to push, among the remote syncs and
/// those that the plan creates or changes, in the project that the server means if it says so; `None`
/// if it is none of them.
pub fn holder(
    action: &Action,
    held_in: Option<&HeldIn>,
    plan: &Plan,
    remote: &BTreeMap<ProjectKey, Vec<RemoteSync>>,
    projects: &BTreeMap<ProjectKey, String>,
) -> Option<String> {
    let subject = &action.subject;
    let (wanted, spec) = wanted(action)?;
    let is_there = |target: Option<Target>| target.is_some_and(|target| target.is_same(&wanted));
    let is_meant = |project_id: &str| {
        held_in.is_none_or(|held_in| held_in.may_be(project_id, &subject.project_id))
    };
    let of_remote = remote
        .iter()
        .filter(|(key, _)| key.server == subject.server && is_meant(&key.project_id))
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
                && is_meant(&other.subject.project_id)
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
