//! Which sync holds a destination that another one wants.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Action, Plan, ProjectKey, Step};
use crate::core::normalize::{self, Comparable};
use crate::core::remote::RemoteSync;
use crate::core::spec::DestinationSpec;

const CONFIG: &str = "destinationConfig";

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
    let of_remote = remote
        .iter()
        .filter(|(key, _)| key.server == subject.server)
        .flat_map(|(key, syncs)| syncs.iter().map(move |sync| (key, sync)))
        .filter(|(key, sync)| key.project_id != subject.project_id || sync.name != subject.name)
        .filter(|(_, sync)| sync.destination == subject.destination)
        .find(|(_, sync)| {
            let fields = normalize::remote(spec, sync);
            config_of(&fields).is_some_and(|config| is_same(config, wanted))
        })
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
        let other = others
            .find(|other| self::wanted(other).is_some_and(|(config, _)| is_same(config, wanted)));
        other.map(|other| other.subject.address())
    };
    of_remote.or_else(of_plan)
}

/// Where an action wants a sync to push, and what is known of that destination.
fn wanted(action: &Action) -> Option<(&Map<String, Value>, &DestinationSpec)> {
    let (expected, spec) = match &action.step {
        Step::Create(create) | Step::Replace { new: create, .. } => {
            (&create.expected, &create.spec)
        }
        Step::Update(update) => (&update.expected, &update.spec),
        Step::Delete { .. } | Step::Start | Step::Trigger { .. } | Step::Blocked { .. } => {
            return None;
        }
    };
    Some((config_of(expected)?, spec))
}

fn config_of(fields: &Comparable) -> Option<&Map<String, Value>> {
    fields.get(CONFIG)?.as_object()
}

/// Whether two destinations are the same, as a platform compares them: by ids and not by the names
/// that are shown beside them (`app` and `appName`, `siteId` and `siteName`), and what is empty counts as absent.
fn is_same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let says = |config: &Map<String, Value>, key: &str| {
        let value = config.get(key).filter(|value| !is_empty(value));
        value.cloned()
    };
    let mut keys = one.keys().chain(other.keys());
    keys.all(|key| {
        let has_both = |id: &str| one.contains_key(id) && other.contains_key(id);
        let stem = key.strip_suffix("Name");
        let is_shown_only =
            stem.is_some_and(|stem| has_both(stem) || has_both(&format!("{stem}Id")));
        is_shown_only || says(one, key) == says(other, key)
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_same;

    fn same(one: &Value, other: &Value) -> bool {
        let one = one.as_object().unwrap();
        let other = other.as_object().unwrap();
        assert_eq!(is_same(one, other), is_same(other, one));
        is_same(one, other)
    }

    #[test]
    fn the_name_beside_an_id_and_what_is_empty_make_no_difference() {
        let one = json!({"siteId": "1", "siteName": "Web", "label": ""});
        assert!(same(&one, &json!({"siteId": "1", "siteName": "web"})));
        assert!(same(
            &json!({"app": "1", "appName": "a"}),
            &json!({"app": "1", "appName": "b"})
        ));
        assert!(!same(&one, &json!({"siteId": "2", "siteName": "Web"})));
        assert!(!same(&json!({"keyName": "a"}), &json!({"keyName": "b"})));
        assert!(!same(&json!({"flag": false}), &json!({"flag": true})));
    }
}
