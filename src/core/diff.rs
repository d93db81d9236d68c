//! What differs between a desired sync and a remote one, and the update that would fix it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::IDENTITY;
use super::normalize::{self, Comparable};
use super::spec::{Access, DestinationSpec, FieldSpec, ObjectSpec};

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// The field's path: `["syncOptions", "keySchema"]`.
    pub path: Vec<String>,
    /// The remote value; `None` if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The declared value; `None` if it is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl FieldChange {
    /// The path with dots.
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// The change as people read it: a map that comes or goes is one change for each of its fields.
    pub fn leaves(&self) -> Vec<Self> {
        let (fields, comes) = match (&self.before, &self.after) {
            (None, Some(Value::Object(fields))) if !fields.is_empty() => (fields, true),
            (Some(Value::Object(fields)), None) if !fields.is_empty() => (fields, false),
            _ => return vec![self.clone()],
        };
        let of_field = |(key, value): (&String, &Value)| {
            let mut path = self.path.clone();
            path.push(key.clone());
            let value = Some(value.clone());
            let (before, after) = if comes { (None, value) } else { (value, None) };
            Self {
                path,
                before,
                after,
            }
            .leaves()
        };
        fields.iter().flat_map(of_field).collect()
    }
}

/// All that differs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// The fields, in the schema's order.
    pub changes: Vec<FieldChange>,
    /// Paths inside objects that are set remotely and that the schema in use does not know. They are
    /// no difference, but an update of the object around them would erase them.
    pub unknown: Vec<String>,
    /// Paths inside objects that are set remotely and that only the server can set. They are no
    /// difference either, and a request cannot carry them.
    pub read_only: Vec<String>,
}

impl Difference {
    /// Those of the paths that are inside an object which a request replaces.
    pub fn replaced(paths: &[String], request: &Map<String, Value>) -> Vec<String> {
        let paths = paths.iter().filter(|path| {
            let object = path.split('.').next().unwrap_or_default();
            request.contains_key(object)
        });
        paths.cloned().collect()
    }
}

/// Compares the fields of two syncs, both in comparable form: those of a request to create one.
///
/// A remote `false` or `""` that nobody declared is no difference where it means the same as none.
pub fn compare(spec: &ObjectSpec, desired: &Comparable, remote: &Comparable) -> Difference {
    let mut difference = Difference::default();
    compare_objects(
        Some(spec),
        remote,
        desired,
        &mut Vec::new(),
        &mut difference,
    );
    difference
}

fn compare_objects(
    spec: Option<&ObjectSpec>,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &mut Vec<String>,
    difference: &mut Difference,
) {
    if before == after {
        return;
    }
    for key in keys_in_order(spec, before, after) {
        let (old, new) = (before.get(key), after.get(key));
        if old == new {
            continue;
        }
        let field = spec.and_then(|spec| {
            let of_before = || spec.field(key, before);
            spec.field(key, after).or_else(of_before)
        });
        let means_none = |field: &FieldSpec| field.blank.as_ref() == old;
        if new.is_none() && field.is_some_and(means_none) {
            continue;
        }
        match field.map_or(Access::BothWays, |field| field.access) {
            Access::BothWays => {}
            Access::ReadOnly if new.is_none() && !path.is_empty() => {
                path.push(key.to_owned());
                difference.read_only.push(path.join("."));
                path.pop();
                continue;
            }
            Access::ReadOnly | Access::WriteOnly | Access::ServerFilled | Access::Ignored => {
                continue;
            }
        }
        path.push(key.to_owned());
        if new.is_none() && field.is_none() && spec.is_some_and(|spec| !spec.open) {
            difference.unknown.push(path.join("."));
            path.pop();
            continue;
        }
        let object = field.and_then(|field| field.object.as_ref());
        let items = field.and_then(|field| field.items.as_ref());
        let is_alike = match (old, new, object, items) {
            (Some(Value::Object(old)), Some(Value::Object(new)), ..) => {
                compare_objects(object, old, new, path, difference);
                true
            }
            // Nothing is declared in an object that is not declared.
            (Some(Value::Object(old)), None, Some(object), _) => {
                let nothing = normalize::inner(object, &Map::new());
                compare_objects(Some(object), old, &nothing, path, difference);
                true
            }
            (None, Some(Value::Object(new)), Some(object), _) => has_uncompared_only(object, new),
            (Some(Value::Array(old)), _, _, Some(items)) => {
                compare_items(items, old, new, path, difference)
            }
            _ => false,
        };
        if !is_alike {
            difference.changes.push(FieldChange {
                path: path.clone(),
                before: old.cloned(),
                after: new.cloned(),
            });
        }
        path.pop();
    }
}

/// Whether an object says something, and nothing of what it says is compared.
fn has_uncompared_only(spec: &ObjectSpec, fields: &Map<String, Value>) -> bool {
    let is_uncompared = |key: &String| {
        let field = spec.field(key, fields);
        field.is_some_and(|field| !field.access.is_both_ways())
    };
    !fields.is_empty() && fields.keys().all(is_uncompared)
}

/// Whether two lists of objects are alike, each item compared with the one in its place. A list that
/// differs is replaced whole, and with it what the schema does not know of its items, or only the
/// server can set.
fn compare_items(
    spec: &ObjectSpec,
    before: &[Value],
    after: Option<&Value>,
    path: &mut Vec<String>,
    difference: &mut Difference,
) -> bool {
    let after = after.and_then(Value::as_array);
    let mut inside = Difference::default();
    let mut is_alike = after.is_some_and(|after| after.len() == before.len());
    let nothing = Map::new();
    for (index, old) in before.iter().enumerate() {
        let new = after.and_then(|after| after.get(index));
        match (old, new.and_then(Value::as_object)) {
            (Value::Object(old), new) => {
                is_alike &= new.is_some();
                let new = new.unwrap_or(&nothing);
                compare_objects(Some(spec), old, new, path, &mut inside);
            }
            _ => is_alike &= new == Some(old),
        }
    }
    for (known, found) in [
        (&mut difference.unknown, inside.unknown),
        (&mut difference.read_only, inside.read_only),
    ] {
        for path in found {
            if !known.contains(&path) {
                known.push(path);
            }
        }
    }
    is_alike && inside.changes.is_empty()
}

/// Whether two objects within a sync, neither in comparable form, are alike.
pub(super) fn are_alike(
    spec: &ObjectSpec,
    one: &Map<String, Value>,
    other: &Map<String, Value>,
) -> bool {
    let [one, other] = [one, other].map(|fields| normalize::inner(spec, fields));
    compare(spec, &one, &other).changes.is_empty()
}

/// The keys of both sides: first those that the schema lists, then the others by name.
pub(super) fn keys_in_order<'a>(
    spec: Option<&'a ObjectSpec>,
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
) -> Vec<&'a str> {
    let mut keys: Vec<&str> = Vec::new();
    let mut added: HashSet<&str> = HashSet::new();
    let mut add = |key: &'a str| {
        if (before.contains_key(key) || after.contains_key(key)) && added.insert(key) {
            keys.push(key);
        }
    };
    if let Some(spec) = spec {
        for side in [after, before] {
            for field in spec.fields_of(side) {
                add(&field.name);
            }
        }
    }
    let mut others: Vec<&String> = before.keys().chain(after.keys()).collect();
    others.sort();
    for key in others {
        add(key);
    }
    keys
}

/// The update request that makes the changes, or the fields that no update can change.
///
/// Only the top-level fields that differ are in it, each whole and as `declared`:
/// the platform replaces them whole. A field that is no longer declared goes back to its
/// default, to null where the platform takes it, or to what means the same as none. What is ignored
/// keeps its value in `remote`.
pub fn patch(
    spec: &DestinationSpec,
    difference: &Difference,
    declared: &Map<String, Value>,
    remote: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<String>> {
    let mut patch = Map::new();
    let mut impossible = Vec::new();
    for change in &difference.changes {
        let Some(key) = change.path.first() else {
            continue;
        };
        if patch.contains_key(key) || impossible.contains(key) {
            continue;
        }
        let field = spec.update.fields.iter().find(|field| &field.name == key);
        let value = declared.get(key).filter(|value| !value.is_null()).cloned();
        let value = match (value, field) {
            (Some(value), Some(_)) => Some(value),
            (None, Some(field)) => {
                let created = spec.create.fields.iter().find(|field| &field.name == key);
                let default = created.and_then(|field| field.default.clone());
                let null = || field.nullable.then_some(Value::Null);
                default.or_else(null).or_else(|| field.blank.clone())
            }
            (_, None) => None,
        };
        match value {
            Some(value) => {
                patch.insert(key.clone(), value);
            }
            None => impossible.push(key.clone()),
        }
    }
    for change in &difference.changes {
        if let Some(field) = not_unset(spec, change, &mut patch) {
            impossible.push(field);
        }
    }
    if impossible.is_empty() {
        spec.create.keep_ignored(&mut patch, remote);
        Ok(patch)
    } else {
        Err(impossible)
    }
}

/// Says in a request what a field in an object is to go back to, if the server keeps what a request
/// does not have: its default, or what means the same as none. Returns its path if there is no such
/// value.
fn not_unset(
    spec: &DestinationSpec,
    change: &FieldChange,
    patch: &mut Map<String, Value>,
) -> Option<String> {
    let [key, inner, further @ ..] = change.path.as_slice() else {
        return None;
    };
    let field = spec.create.fields.iter().find(|field| &field.name == key)?;
    let object = field.object.as_ref().filter(|_| field.merged)?;
    let sent = patch.get_mut(key)?.as_object_mut()?;
    if sent.get(inner).is_some_and(|value| !value.is_null()) {
        return None;
    }
    let known = object.field(inner, sent);
    let value = match further {
        [] => {
            let blank = known.and_then(|field| field.blank.clone());
            change.after.clone().or(blank)
        }
        // Nothing is declared in it.
        _ => Some(Map::new().into()),
    };
    let Some(value) = value else {
        return Some(format!("{key}.{inner}"));
    };
    sent.insert(inner.clone(), value);
    None
}

/// The request that sends a sync whole again: every field that an update takes, as `declared`.
pub fn whole(
    spec: &DestinationSpec,
    declared: &Map<String, Value>,
    remote: &Map<String, Value>,
) -> Map<String, Value> {
    let fields = spec.update.fields.iter();
    let mut request: Map<String, Value> = fields
        .filter(|field| !IDENTITY.contains(&field.name.as_str()))
        .filter_map(|field| Some((field.name.clone(), declared.get(&field.name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect();
    spec.create.keep_ignored(&mut request, remote);
    request
}

/// Whether a change is from nothing to what means the same as nothing: a server that does not keep it
/// has done what was asked.
pub fn asks_for_nothing(spec: &ObjectSpec, change: &FieldChange, whole: &Comparable) -> bool {
    let mut object = Some(spec);
    let mut value = whole;
    let empty = Map::new();
    let mut field = None;
    for key in &change.path {
        field = object.and_then(|object| object.field(key, value));
        object = field.and_then(|field| field.object.as_ref());
        value = value.get(key).and_then(Value::as_object).unwrap_or(&empty);
    }
    let Some(field) = field else { return false };
    match (&change.before, &change.after, &field.items) {
        (None, Some(after), _) => field.blank.as_ref() == Some(after),
        (Some(Value::Array(before)), Some(Value::Array(after)), Some(items)) => {
            let mut pairs = before.iter().zip(after);
            let asks = |(before, after): (&Value, &Value)| match (before, after) {
                (Value::Object(before), Value::Object(after)) => compare(items, after, before)
                    .changes
                    .iter()
                    .all(|change| asks_for_nothing(items, change, after)),
                _ => before == after,
            };
            before.len() == after.len() && pairs.all(asks)
        }
        _ => false,
    }
}

/// What of the fields that were sent a server's answer does not show.
#[derive(Debug, Default)]
pub struct NotKept {
    /// What is not as it was sent.
    pub lost: Vec<FieldChange>,
    /// What was sent and means the same as nothing: the next plan lists it again.
    pub nothing: Vec<FieldChange>,
}

/// The changes that were sent and that the server's answer does not show.
///
/// All sides are in comparable form; `before` is what was there, nothing for a create.
/// What the server added by itself does not count here: the next plan shows it.
pub fn not_kept(
    spec: &DestinationSpec,
    sent: &Comparable,
    answered: &Comparable,
    before: &Comparable,
) -> NotKept {
    let was_there = |change: &FieldChange| at(before, &change.path) == change.before.as_ref();
    let (nothing, mut lost): (Vec<_>, Vec<_>) = compare(&spec.create, sent, answered)
        .changes
        .into_iter()
        .partition(|change| asks_for_nothing(&spec.create, change, sent));
    lost.retain(|change| change.after.is_some() || was_there(change));
    NotKept { lost, nothing }
}

fn at<'a>(fields: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(fields.get(first)?, |value, key| value.get(key))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Difference, FieldChange, compare, not_kept, patch};
    use crate::core::spec::{Access, FieldSpec, ObjectSpec};
    use crate::core::testing::{fields, spec};

    fn difference(desired: Value, remote: Value) -> Difference {
        compare(&spec().create, &fields(desired), &fields(remote))
    }

    fn shown(difference: &Difference) -> Vec<(String, Option<Value>, Option<Value>)> {
        difference
            .changes
            .iter()
            .map(|change| (change.dotted(), change.before.clone(), change.after.clone()))
            .collect()
    }

    fn patched(desired: Value, remote: Value) -> Result<Map<String, Value>, Vec<String>> {
        patch(
            &spec(),
            &difference(desired.clone(), remote.clone()),
            &fields(desired),
            &fields(remote),
        )
    }

    #[test]
    fn equal_syncs_do_not_differ_whatever_the_order_of_their_keys() {
        let one = json!({"environment": "dev", "syncOptions": {"keySchema": "k", "n": 1}});
        let other = json!({"syncOptions": {"n": 1, "keySchema": "k"}, "environment": "dev"});
        assert_eq!(difference(one, other), Difference::default());
    }

    #[test]
    fn changes_additions_and_removals_have_their_path_in_the_schemas_order() {
        let found = difference(
            json!({"syncOptions": {"n": 2, "keySchema": "k"}, "environment": "prod"}),
            json!({"syncOptions": {"n": 1, "disableSecretDeletion": true}, "environment": "dev"}),
        );
        assert_eq!(
            shown(&found),
            [
                (
                    "environment".to_owned(),
                    Some(json!("dev")),
                    Some(json!("prod"))
                ),
                ("syncOptions.keySchema".to_owned(), None, Some(json!("k"))),
                (
                    "syncOptions.disableSecretDeletion".to_owned(),
                    Some(json!(true)),
                    None
                ),
                ("syncOptions.n".to_owned(), Some(json!(1)), Some(json!(2))),
            ]
        );
        assert_eq!(found.unknown, Vec::<String>::new());
    }

    #[test]
    fn a_map_that_comes_or_goes_is_read_field_by_field() {
        let of = |before: Option<Value>, after: Option<Value>| {
            let change = FieldChange {
                path: vec!["a".to_owned()],
                before,
                after,
            };
            let leaves = change.leaves();
            leaves.iter().map(FieldChange::dotted).collect::<Vec<_>>()
        };
        let map = json!({"b": 1, "c": {"d": 2, "e": {}}});
        let fields = ["a.b", "a.c.d", "a.c.e"];
        assert_eq!(of(None, Some(map.clone())), fields);
        assert_eq!(of(Some(map.clone()), None), fields);
        assert_eq!(of(Some(json!("x")), Some(map)), ["a"]);
    }

    #[test]
    fn fields_of_the_old_and_of_the_new_variant_are_compared_and_known() {
        let found = difference(
            json!({"destinationConfig": {"scope": "application", "org": "a", "app": "w"}}),
            json!({"destinationConfig": {"scope": "environment", "org": "a", "app": "w", "env": "e"}}),
        );
        let paths: Vec<_> = found
            .changes
            .iter()
            .map(super::FieldChange::dotted)
            .collect();
        assert_eq!(paths, ["destinationConfig.scope", "destinationConfig.env"]);
        assert_eq!(found.unknown, Vec::<String>::new());
    }

    #[test]
    fn lists_are_compared_as_a_whole_and_in_order() {
        let found = difference(
            json!({"syncOptions": {"x": [1, 2]}}),
            json!({"syncOptions": {"x": [2, 1]}}),
        );
        assert_eq!(
            shown(&found),
            [(
                "syncOptions.x".to_owned(),
                Some(json!([2, 1])),
                Some(json!([1, 2]))
            )]
        );
    }

    #[test]
    fn an_object_in_place_of_a_scalar_is_one_change() {
        let found = difference(json!({"plain": {"a": 1}}), json!({"plain": 1}));
        assert_eq!(
            shown(&found),
            [("plain".to_owned(), Some(json!(1)), Some(json!({"a": 1})))]
        );
    }

    #[test]
    fn a_remote_key_that_the_schema_does_not_know_is_no_difference_and_marked_unknown() {
        let found = difference(
            json!({"syncOptions": {"keySchema": "k"}}),
            json!({"syncOptions": {"keySchema": "k", "brandNew": true}}),
        );
        assert_eq!(found.changes, []);
        assert_eq!(found.unknown, ["syncOptions.brandNew"]);
        let erased = |request| Difference::replaced(&found.unknown, &fields(request));
        assert_eq!(erased(json!({"syncOptions": {}})), ["syncOptions.brandNew"]);
        assert_eq!(erased(json!({"destinationConfig": {}})), [""; 0]);
    }

    #[test]
    fn a_remote_false_or_empty_string_that_nobody_declared_is_no_difference() {
        let changes = |declared: Value, remote: Value| {
            difference(
                json!({"syncOptions": declared}),
                json!({"syncOptions": remote}),
            )
            .changes
            .len()
        };
        let blank = json!({"disableSecretDeletion": false, "keySchema": ""});
        let set = json!({"disableSecretDeletion": true, "keySchema": "k"});
        let cases = [
            (json!({}), blank.clone(), 0),
            (json!({}), set.clone(), 2),
            // Declared, they are sent and stored.
            (blank.clone(), json!({}), 2),
            (blank.clone(), set.clone(), 2),
            (set, blank, 2),
            // Only a boolean or a string without a default has such a value.
            (json!({}), json!({"n": 0, "x": false}), 2),
        ];
        for (declared, remote, expected) in cases {
            assert_eq!(
                changes(declared.clone(), remote.clone()),
                expected,
                "{declared} {remote}"
            );
        }
    }

    #[test]
    fn what_only_the_server_sets_in_an_object_that_is_not_declared_is_named() {
        let field = |name: &str, access| FieldSpec {
            name: name.to_owned(),
            access,
            ..FieldSpec::default()
        };
        let mut spec = spec().create;
        spec.fields.push(FieldSpec {
            object: Some(ObjectSpec {
                fields: vec![
                    field("every", Access::BothWays),
                    field("id", Access::ReadOnly),
                ],
                ..ObjectSpec::default()
            }),
            ..field("rotation", Access::BothWays)
        });
        for (remote, changed) in [
            (json!({"id": 1}), [""; 0].as_slice()),
            (json!({"id": 1, "every": 2}), &["rotation.every"]),
        ] {
            let remote = fields(json!({"rotation": remote}));
            let found = compare(&spec, &Map::new(), &remote);
            let paths: Vec<_> = found.changes.iter().map(FieldChange::dotted).collect();
            assert_eq!(paths, changed);
            assert_eq!(found.read_only, ["rotation.id"]);
        }
    }

    #[test]
    fn a_declared_key_is_never_marked_unknown() {
        let found = difference(
            json!({"syncOptions": {"brandNew": 1}}),
            json!({"syncOptions": {"brandNew": 2}}),
        );
        assert_eq!(found.unknown, Vec::<String>::new());
        assert_eq!(found.changes.len(), 1);
    }

    #[test]
    fn an_open_object_has_no_unknown_keys() {
        let mut spec = spec();
        for field in &mut spec.create.fields {
            if let Some(object) = &mut field.object {
                object.open = true;
            }
        }
        let remote = fields(json!({"syncOptions": {"brandNew": true}}));
        let found = compare(&spec.create, &fields(json!({"syncOptions": {}})), &remote);
        assert_eq!((found.changes.len(), found.unknown.len()), (1, 0));
    }

    #[test]
    fn only_changed_fields_are_sent_each_whole_and_as_declared() {
        let sent = patched(
            json!({"environment": "dev", "syncOptions": {"keySchema": "k", "n": 1}}),
            json!({"environment": "dev", "syncOptions": {"n": 1}}),
        );
        assert_eq!(
            sent,
            Ok(fields(json!({"syncOptions": {"keySchema": "k", "n": 1}})))
        );
    }

    #[test]
    fn a_field_that_is_no_longer_declared_goes_back_to_its_default_or_to_null() {
        assert_eq!(
            patched(json!({"description": null}), json!({"description": "d"})),
            Ok(fields(json!({"description": null})))
        );
        let desired = fields(json!({"isAutoSyncEnabled": true}));
        let remote = fields(json!({"isAutoSyncEnabled": false}));
        let found = compare(&spec().create, &desired, &remote);
        assert_eq!(
            patch(&spec(), &found, &Map::new(), &Map::new()),
            Ok(fields(json!({"isAutoSyncEnabled": true})))
        );
    }

    #[test]
    fn a_field_that_no_update_can_change_or_clear_is_named() {
        assert_eq!(
            patched(json!({}), json!({"plain": 1})),
            Err(vec!["plain".to_owned()])
        );
        let mut spec = spec();
        spec.update.fields.retain(|field| field.name != "plain");
        let desired = fields(json!({"plain": 2}));
        let found = compare(&spec.create, &desired, &fields(json!({"plain": 1})));
        assert_eq!(
            patch(&spec, &found, &desired, &Map::new()),
            Err(vec!["plain".to_owned()])
        );
    }

    #[test]
    fn a_field_is_named_once_however_much_of_it_no_update_can_change() {
        let mut spec = spec();
        spec.update
            .fields
            .retain(|field| field.name != "syncOptions");
        let desired = fields(json!({"syncOptions": {"n": 1, "x": 1}}));
        let remote = fields(json!({"syncOptions": {"n": 2, "x": 2}}));
        let found = compare(&spec.create, &desired, &remote);
        assert_eq!(found.changes.len(), 2);
        assert_eq!(
            patch(&spec, &found, &desired, &Map::new()),
            Err(vec!["syncOptions".to_owned()])
        );
    }

    fn lost(sent: Value, answered: Value, before: Value) -> Vec<String> {
        not_kept(&spec(), &fields(sent), &fields(answered), &fields(before))
            .lost
            .iter()
            .map(super::FieldChange::dotted)
            .collect()
    }

    #[test]
    fn what_a_server_dropped_or_changed_is_not_kept_and_what_it_added_does_not_count() {
        let sent = json!({"environment": "dev", "syncOptions": {"n": 1, "x": 2}});
        let answered = json!({"environment": "prod", "syncOptions": {"x": 2, "added": 1}});
        assert_eq!(
            lost(sent, answered, json!({})),
            ["environment", "syncOptions.n"]
        );
    }

    #[test]
    fn a_removal_that_a_server_ignored_is_not_kept() {
        let before = json!({"description": "d", "syncOptions": {"n": 1, "x": 2}});
        let sent = json!({"syncOptions": {"n": 1}});
        assert_eq!(
            lost(sent.clone(), before.clone(), before),
            ["description", "syncOptions.x"]
        );
        assert_eq!(
            lost(sent.clone(), sent.clone(), json!({"description": "d"})),
            [""; 0]
        );
    }
}
