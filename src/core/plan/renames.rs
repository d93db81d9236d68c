//! Renames that nobody declared: a sync that goes and an equal one that comes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Plan;
use super::action::{Action, Step};
use super::build::ProjectKey;
use crate::core::diff;
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::normalize;
use crate::core::remote::RemoteSync;

/// How many deleted syncs of one source and destination are compared with one that is created.
const MOST: usize = 20;

/// Where two equal syncs would be: the project, the destination, and the source.
type Place<'a> = (ProjectKey, &'a str, Option<&'a str>, Option<&'a str>);

impl Plan {
    /// The creates that are likely meant as renames, by their index: each with the name of a sync that
    /// this plan deletes and that is otherwise equal.
    pub fn likely_renames(&self) -> BTreeMap<usize, &str> {
        let mut deleted: BTreeMap<Place<'_>, Vec<&RemoteSync>> = BTreeMap::new();
        for action in &self.actions {
            if let Step::Delete { old, .. } = &action.step {
                let source = (old.environment.as_deref(), old.secret_path.as_deref());
                let place = place(action, source);
                deleted.entry(place).or_default().push(old);
            }
        }
        let mut renames = BTreeMap::new();
        if deleted.is_empty() {
            return renames;
        }
        for (index, action) in self.actions.iter().enumerate() {
            let Step::Create(new) = &action.step else {
                continue;
            };
            let text = |key: &str| new.expected.get(key).and_then(Value::as_str);
            let place = place(action, (text(ENVIRONMENT), text(SECRET_PATH)));
            let Some(candidates) = deleted.get_mut(&place) else {
                continue;
            };
            let is_equal = |old: &&RemoteSync| {
                let old = normalize::remote(&new.spec, old);
                diff::compare(&new.spec, &new.expected, &old)
                    .changes
                    .is_empty()
            };
            if let Some(found) = candidates.iter().take(MOST).position(is_equal) {
                renames.insert(index, candidates.remove(found).name.as_str());
            }
        }
        renames
    }
}

fn place<'a>(
    action: &'a Action,
    (environment, path): (Option<&'a str>, Option<&'a str>),
) -> Place<'a> {
    let project = ProjectKey::of_subject(&action.subject);
    (project, &action.subject.destination, environment, path)
}

/// What to say of a likely rename, as full sentences.
pub fn advice(old: &str) -> String {
    format!(
        "It equals `{old}`, which this plan deletes. If it is the same sync, write `renamedFrom: {old}`."
    )
}
