//! The changes that an action shows, made from what it executes and from nothing else.
//!
//! A plan that is made and a saved plan that is read go through here, so that neither can show
//! anything but what it sends.

use serde_json::{Map, Value};

use super::action::Create;
use crate::core::diff::FieldChange;
use crate::core::fields::{CONNECTION, CONNECTION_ID, DESTINATION, IDENTITY, NAME};
use crate::core::remote::RemoteSync;
use crate::core::spec::ObjectSpec;

/// What a request to create a sync holds, in the schema's order. What the schema does not list
/// comes after that.
pub fn of_create(create: &Create) -> Vec<FieldChange> {
    let body = Value::Object(create.body.clone());
    let Value::Object(fields) = in_schema_order(&body, Some(&create.spec.create)) else {
        return Vec::new();
    };
    let shown = fields
        .into_iter()
        .filter(|(key, _)| !IDENTITY.contains(&key.as_str()));
    shown
        .map(|(key, value)| match create.connection.as_deref() {
            Some(name) if key == CONNECTION_ID => change(CONNECTION, None, Some(name.into())),
            _ => change(&key, None, Some(value)),
        })
        .collect()
}

/// What a replacement does to the old sync: the destination for which it is replaced, and the name
/// that goes with it.
pub fn of_move(old: &RemoteSync, destination: &str, name: &str) -> Vec<FieldChange> {
    let moved = change(
        DESTINATION,
        Some(old.destination.clone().into()),
        Some(destination.into()),
    );
    std::iter::once(moved).chain(renamed(old, name)).collect()
}

fn renamed(old: &RemoteSync, name: &str) -> Option<FieldChange> {
    (old.name != name).then(|| change(NAME, Some(old.name.clone().into()), Some(name.into())))
}

/// What an update does: a new name, and the fields that differ. Connections are shown by name
/// where both names are known.
pub fn of_update(
    old: &RemoteSync,
    name: &str,
    connection: Option<&str>,
    differing: &[FieldChange],
) -> Vec<FieldChange> {
    let by_name = |differing: &FieldChange| match connection {
        Some(wanted)
            if differing.path == [CONNECTION_ID]
                && !["", wanted].contains(&old.connection.name.as_str()) =>
        {
            change(
                CONNECTION,
                Some(old.connection.name.clone().into()),
                Some(wanted.into()),
            )
        }
        _ => differing.clone(),
    };
    renamed(old, name)
        .into_iter()
        .chain(differing.iter().map(by_name))
        .collect()
}

/// What a request says where nothing is declared, such as `false`, is shown as it is sent.
pub fn spell_out(
    changes: &mut [FieldChange],
    request: &Map<String, Value>,
    declared: &Map<String, Value>,
) {
    for change in changes.iter_mut().filter(|change| change.after.is_none()) {
        let [sent, declared] = [request, declared].map(|fields| {
            let (first, rest) = change.path.split_first()?;
            let inner = rest
                .iter()
                .try_fold(fields.get(first)?, |value, key| value.get(key));
            inner.filter(|value| !value.is_null())
        });
        change.after = sent.filter(|_| declared.is_none()).cloned();
    }
}

fn change(key: &str, before: Option<Value>, after: Option<Value>) -> FieldChange {
    FieldChange {
        path: vec![key.to_owned()],
        before,
        after,
    }
}

/// A value with its keys in the schema's order, and those that it does not list by name:
/// how a file orders its keys makes no difference.
fn in_schema_order(value: &Value, spec: Option<&ObjectSpec>) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let mut ordered = Map::new();
    for field in spec.into_iter().flat_map(|spec| spec.fields_of(fields)) {
        if let Some(inner) = fields.get(&field.name) {
            ordered.insert(
                field.name.clone(),
                in_schema_order(inner, field.object.as_ref()),
            );
        }
    }
    let mut others: Vec<_> = fields
        .iter()
        .filter(|(key, _)| !ordered.contains_key(*key))
        .collect();
    others.sort_by_key(|(key, _)| *key);
    let others: Vec<_> = others
        .into_iter()
        .map(|(key, value)| (key.clone(), in_schema_order(value, None)))
        .collect();
    ordered.extend(others);
    Value::Object(ordered)
}
