//! Renames that nobody declared: a sync that goes and an equal one that comes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Plan;
use super::action::{Step, Subject};
use super::build::ProjectKey;
use crate::core::diff;
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::normalize;
use crate::core::remote::RemoteSync;

/// How many deleted syncs of one source and destination are compared with one that is created.
const MOST: usize = 20;

/// Where two equal syncs would be: the project, the destination, and the source.
type Place<'a> = (ProjectKey, &'a str, Option<&'a str>, Option<&'a str>);

/// The sync that one is likely a new name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Old<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether the plan deletes it; otherwise it is only no longer declared.
    is_deleted: bool,
}

impl Plan {
    /// The creates that are likely meant as renames, by their index: each with a sync that goes and
    /// that is otherwise equal.
    pub fn likely_renames(&self) -> BTreeMap<usize, Old<'_>> {
        let deleted = self.actions.iter().filter_map(|action| match &action.step {
            Step::Delete { old, .. } => Some((&action.subject, &**old, true)),
            _ => None,
        });
        let gone = self.base.iter().flat_map(|base| &base.gone);
        let gone = gone.map(|(subject, old)| (subject, old, false));
        let mut going: BTreeMap<Place<'_>, Vec<(&RemoteSync, bool)>> = BTreeMap::new();
        for (subject, old, is_deleted) in deleted.chain(gone) {
            let source = (old.environment.as_deref(), old.secret_path.as_deref());
            let place = place(subject, source);
            going.entry(place).or_default().push((old, is_deleted));
        }
        let mut renames = BTreeMap::new();
        if going.is_empty() {
            return renames;
        }
        for (index, action) in self.actions.iter().enumerate() {
            let Step::Create(new) = &action.step else {
                continue;
            };
            let text = |key: &str| new.expected.get(key).and_then(Value::as_str);
            let place = place(&action.subject, (text(ENVIRONMENT), text(SECRET_PATH)));
            let Some(candidates) = going.get_mut(&place) else {
                continue;
            };
            let is_equal = |(old, _): &(&RemoteSync, bool)| {
                let old = normalize::remote(&new.spec, old);
                diff::compare(&new.spec.create, &new.expected, &old)
                    .changes
                    .is_empty()
            };
            if let Some(found) = candidates.iter().take(MOST).position(is_equal) {
                let (old, is_deleted) = candidates.remove(found);
                let name = old.name.as_str();
                renames.insert(index, Old { name, is_deleted });
            }
        }
        renames
    }
}

fn place<'a>(
    subject: &'a Subject,
    (environment, path): (Option<&'a str>, Option<&'a str>),
) -> Place<'a> {
    let project = ProjectKey::of_subject(subject);
    (project, &subject.destination, environment, path)
}

impl Old<'_> {
    /// What to say of a likely rename, as full sentences.
    pub fn advice(&self) -> String {
        let Self { name, is_deleted } = self;
        let going = if *is_deleted {
            "which this plan deletes"
        } else {
            "which is no longer declared"
        };
        format!("It equals `{name}`, {going}. If it is the same sync, write `renamedFrom: {name}`.")
    }
}
