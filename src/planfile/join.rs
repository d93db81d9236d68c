//! Several saved plans as one.

use std::collections::{BTreeMap, BTreeSet};

use super::SavedPlan;
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::{Action, Plan, Subject};
use crate::core::sources::{Position, Sources};
use crate::core::span::Span;

/// Several plans as one, and where its syncs are declared.
#[derive(Debug, Clone, Default)]
pub struct Merged {
    /// Everything that the plans do.
    pub plan: Plan,
    /// What was found when they were made, each once: shards find the same in the files.
    pub findings: Vec<Diagnostic>,
    /// The places of its syncs.
    pub sources: Sources,
}

/// Why plans cannot be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What two of them say differently.
    pub of: ConflictOf,
    /// The places of the two among those to merge, counted from 0.
    pub plans: [usize; 2],
}

/// What two plans say differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictOf {
    /// Whether the server is the sandbox's; the first of the two plans says so.
    Sandbox,
    /// What a name means: of a provider, or of a project behind its provider's.
    Meaning {
        /// `provider` or `project`.
        what: &'static str,
        /// The name.
        name: String,
        /// The address of a server, or the id of a project, as each of the two has it.
        ids: [String; 2],
    },
    /// What is done with the sync of this address.
    Sync(String),
}

/// Merges plans into one whose actions are in the order of their names. It has a shard if it is the
/// shard of all of them.
///
/// # Errors
/// The first thing that two of the plans say differently.
pub fn merge(plans: &[&SavedPlan]) -> Result<Merged, Conflict> {
    check_servers(plans)?;
    check_names(plans)?;
    check_apart(plans)?;
    let mut merged = Merged::default();
    let mut seen = BTreeSet::new();
    for saved in plans {
        let first = merged.plan.actions.len();
        for action in &saved.plan.actions {
            let place = action
                .place
                .map(|place| moved(place, &saved.sources, &mut merged.sources));
            merged.plan.actions.push(Action {
                place,
                after: action.after.iter().map(|index| first + index).collect(),
                ..action.clone()
            });
        }
        add_notes(&mut merged.plan, &saved.plan);
        for found in &saved.findings {
            let labels = found.labels.iter();
            let places = labels.map(|label| saved.sources.describe(label.span));
            let places: Vec<String> = places.collect();
            if seen.insert((found.code.name(), &found.message, places)) {
                let mut found = found.clone();
                for label in &mut found.labels {
                    label.span = moved(label.span, &saved.sources, &mut merged.sources);
                }
                merged.findings.push(found);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let unmanaged = &mut merged.plan.unmanaged;
    unmanaged.retain(|subject| seen.insert(subject.clone()));
    let shard = plans.first().and_then(|saved| saved.plan.shard);
    merged.plan.shard = shard.filter(|_| plans.iter().all(|saved| saved.plan.shard == shard));
    merged.plan = merged.plan.in_order_of_names();
    Ok(merged)
}

/// A document says of itself whether its server was the sandbox's.
fn check_servers(plans: &[&SavedPlan]) -> Result<(), Conflict> {
    let made = |in_sandbox| plans.iter().position(|plan| plan.is_sandbox == in_sandbox);
    match (made(true), made(false)) {
        (Some(sandboxed), Some(real)) => Err(Conflict {
            of: ConflictOf::Sandbox,
            plans: [sandboxed, real],
        }),
        _ => Ok(()),
    }
}

/// In one document a name has one meaning.
fn check_names(plans: &[&SavedPlan]) -> Result<(), Conflict> {
    let mut meanings = BTreeMap::new();
    for (index, saved) in plans.iter().enumerate() {
        let servers = saved.providers.iter().map(|provider| {
            let url = provider.url.clone().unwrap_or_default();
            ("provider", provider.name.clone(), url)
        });
        let projects = saved.plan.actions.iter().map(|Action { subject, .. }| {
            let name = format!("{}/{}", subject.provider, subject.project);
            ("project", name, subject.project_id.clone())
        });
        for (what, name, id) in servers.chain(projects) {
            let meaning = meanings.entry((what, name.clone()));
            let (owner, other): &(usize, String) = meaning.or_insert((index, id.clone()));
            if *other != id {
                let ids = [other.clone(), id];
                return Err(Conflict {
                    of: ConflictOf::Meaning { what, name, ids },
                    plans: [*owner, index],
                });
            }
        }
    }
    Ok(())
}

/// What identifies a sync, whatever a plan calls its provider and project.
fn key(subject: &Subject) -> (&str, &str, &str, Option<&str>) {
    let destination = subject.platform.identifying(&subject.destination);
    (
        &subject.server,
        &subject.project_id,
        &subject.name,
        destination,
    )
}

fn check_apart(plans: &[&SavedPlan]) -> Result<(), Conflict> {
    let mut owners = BTreeMap::new();
    for (index, saved) in plans.iter().enumerate() {
        for action in &saved.plan.actions {
            let owner = *owners.entry(key(&action.subject)).or_insert(index);
            if owner != index {
                return Err(Conflict {
                    of: ConflictOf::Sync(action.subject.address()),
                    plans: [owner, index],
                });
            }
        }
    }
    Ok(())
}

/// A place among other sources.
fn moved(place: Span, from: &Sources, to: &mut Sources) -> Span {
    let at = |byte| -> Position { from.position(Span::new(place.source, byte, byte)) };
    let name = from.get(place.source).name.clone();
    let span = to.remember(name, at(place.start), at(place.end));
    match from.cell(place) {
        Some(cell) => span.in_cell(to.add_cell((**cell).clone())),
        None => span,
    }
}

fn add_notes(plan: &mut Plan, other: &Plan) {
    plan.unchanged += other.unchanged;
    plan.unmanaged.extend(other.unmanaged.iter().cloned());
    plan.kept.extend(other.kept.iter().cloned());
    plan.failing.extend(other.failing.iter().cloned());
    plan.unknown.extend(other.unknown.iter().cloned());
    plan.unread.extend(other.unread.iter().cloned());
}
