//! The one form in which desired and remote syncs are compared.
//!
//! Only differences that mean nothing are taken away: defaults that are not
//! spelled out, a trailing slash of the source path, blanks around a description,
//! a description that is blank or null, null for "not set", and the way a whole
//! number is written. Everything else is compared exactly.

use serde_json::{Map, Number, Value};

use super::desired::DesiredSync;
use super::fields::{CONNECTION_ID, DESCRIPTION, ENVIRONMENT, IDENTITY, SECRET_PATH};
use super::remote::RemoteSync;
use super::spec::{Access, DestinationSpec, FieldSpec, ObjectSpec};

/// A sync's fields in comparable form, by the name that files give them.
pub type Comparable = Map<String, Value>;

/// The comparable form of what the files want.
pub fn desired(
    spec: &DestinationSpec,
    sync: &DesiredSync,
    connection_id: Option<&str>,
) -> Comparable {
    let mut fields = sync.fields_as_json();
    if let Some(id) = connection_id {
        fields.insert(CONNECTION_ID.to_owned(), id.into());
    }
    comparable(&spec.create, fields)
}

/// The comparable form of what the files want of one field, in which other fields may be missing.
pub fn desired_field(spec: &DestinationSpec, sync: &DesiredSync, name: &str) -> Comparable {
    let entry = sync.fields.entry(name);
    let fields = entry.map(|entry| (entry.key.clone(), entry.value.to_json()));
    comparable(&spec.create, fields.into_iter().collect())
}

/// The comparable form of a remote sync.
///
/// Fields that the schema does not know at the top are left out: an update does not touch them.
pub fn remote(spec: &DestinationSpec, sync: &RemoteSync) -> Comparable {
    let mut fields = declarable(sync);
    fields.retain(|key, _| spec.create.names(key));
    comparable(&spec.create, fields)
}

/// The fields at the top of a remote sync that the schema does not know. An update leaves them alone.
pub fn unknown(spec: &DestinationSpec, sync: &RemoteSync) -> Vec<String> {
    let fields = sync.fields.iter();
    fields
        .filter(|(key, value)| !value.is_null() && !spec.create.open && !spec.create.names(key))
        .map(|(key, _)| key.clone())
        .collect()
}

/// Takes out what cannot be declared, at every depth: what the server fills in, and what the schema
/// does not know. Returns the paths of the latter, with dots.
fn drop_undeclarable(
    spec: &ObjectSpec,
    fields: &mut Map<String, Value>,
    path: &str,
) -> Vec<String> {
    let whole = fields.clone();
    let mut dropped = Vec::new();
    fields.retain(|key, value| {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match spec.field(key, &whole) {
            None if !spec.open => {
                if !dropped.contains(&path) {
                    dropped.push(path);
                }
                return false;
            }
            None => {}
            Some(field) if field.access.is_of_the_server() => return false,
            Some(field) => {
                for (object, inner) in field.objects_mut(value) {
                    let inside = drop_undeclarable(object, inner, &path);
                    let new = inside.into_iter().filter(|path| !dropped.contains(path));
                    let new: Vec<String> = new.collect();
                    dropped.extend(new);
                }
            }
        }
        true
    });
    dropped
}

/// A remote sync in comparable form, without the schema's defaults and without what cannot be
/// declared.
pub fn remote_without_defaults(spec: &DestinationSpec, sync: &RemoteSync) -> Comparable {
    let mut fields = remote(spec, sync);
    drop_undeclarable(&spec.create, &mut fields, "");
    drop_defaults(&spec.create, &mut fields);
    fields
}

/// All that the schema does not know of a remote sync, as paths with dots.
pub fn unknown_at_any_depth(spec: &DestinationSpec, sync: &RemoteSync) -> Vec<String> {
    drop_undeclarable(
        &spec.create,
        &mut comparable(&ObjectSpec::default(), declarable(sync)),
        "",
    )
}

/// All that can be declared of a remote sync, with no default filled in: the form in which
/// two readings of one sync are compared. What `spec` does not compare is not in it.
pub fn seen(spec: &ObjectSpec, sync: &RemoteSync) -> Comparable {
    let mut fields = comparable(&ObjectSpec::default(), declarable(sync));
    keep_where(spec, &mut fields, &|field| field.access.is_both_ways());
    for field in &spec.fields {
        if let (Some(object), Some(Value::Object(inner))) =
            (&field.object, fields.get_mut(&field.name))
        {
            drop_empty(object, inner);
        }
    }
    fields
}

/// Takes out the objects in which nothing is left: an object is there or not as its fields are.
fn drop_empty(spec: &ObjectSpec, fields: &mut Map<String, Value>) {
    let whole = fields.clone();
    for field in spec.fields_of(&whole) {
        let Some(object) = &field.object else {
            continue;
        };
        if let Some(Value::Object(inner)) = fields.get_mut(&field.name) {
            drop_empty(object, inner);
            if inner.is_empty() {
                fields.remove(&field.name);
            }
        }
    }
}

/// A remote sync without what no answer is to give back, though a server may.
pub fn without_unread(spec: &DestinationSpec, sync: &RemoteSync) -> RemoteSync {
    let mut sync = sync.clone();
    let is_read = |field: &FieldSpec| field.access != Access::WriteOnly;
    keep_where(&spec.create, &mut sync.fields, &is_read);
    sync
}

/// Takes out the known fields that something does not hold of, at every depth.
fn keep_where(
    spec: &ObjectSpec,
    fields: &mut Map<String, Value>,
    keeps: &impl Fn(&FieldSpec) -> bool,
) {
    let whole = fields.clone();
    fields.retain(|key, value| {
        let Some(field) = spec.field(key, &whole) else {
            return true;
        };
        for (object, inner) in field.objects_mut(value) {
            keep_where(object, inner, keeps);
        }
        keeps(field)
    });
}

/// A remote sync after a request that replaces whole fields.
///
/// In the comparable form, with the defaults of `spec` filled in. A null takes a field away.
pub fn updated(spec: &ObjectSpec, sync: &RemoteSync, body: &Map<String, Value>) -> Comparable {
    let mut fields = declarable(sync);
    fields.extend(body.clone());
    comparable(spec, fields)
}

/// All that can be declared of a remote sync, in the words of the files.
pub fn declarable(sync: &RemoteSync) -> Map<String, Value> {
    let own = [
        // Empty on a platform without connections.
        (
            CONNECTION_ID,
            Some(&sync.connection.id).filter(|id| !id.is_empty()),
        ),
        (ENVIRONMENT, sync.environment.as_ref()),
        (SECRET_PATH, sync.secret_path.as_ref()),
    ];
    let own = own
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?.clone().into())));
    own.chain(sync.fields.clone()).collect()
}

/// The comparable form of fields, with the defaults of `spec` filled in.
pub fn comparable(spec: &ObjectSpec, mut fields: Map<String, Value>) -> Comparable {
    fields.retain(|key, _| !IDENTITY.contains(&key.as_str()));
    if let Some(Value::String(description)) = fields.get_mut(DESCRIPTION) {
        *description = description.trim().to_owned();
        if description.is_empty() {
            fields.remove(DESCRIPTION);
        }
    }
    if let Some(Value::String(path)) = fields.get_mut(SECRET_PATH) {
        *path = without_trailing_slash(path).to_owned();
    }
    let mut value = Value::Object(fields);
    canonical(&mut value);
    let Value::Object(mut fields) = value else {
        return Map::new();
    };
    fill_defaults(spec, &mut fields);
    fields.retain(|key, _| !IDENTITY.contains(&key.as_str()));
    fields
}

/// The path without one trailing slash, as the platform stores it; `/` stays.
pub fn without_trailing_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(shorter) => shorter,
    }
}

/// Takes out nulls in objects, and writes whole numbers in one way.
fn canonical(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(canonical);
        }
        Value::Array(items) => items.iter_mut().for_each(canonical),
        Value::Number(number) => {
            if let Some(whole) = whole_number(number) {
                *number = whole;
            }
        }
        _ => {}
    }
}

/// The integer that a float such as `1.0` means, if the float holds it exactly.
fn whole_number(number: &Number) -> Option<Number> {
    /// Beyond 2^53 a float cannot distinguish neighbouring integers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    if float.fract() != 0.0 || float.abs() > EXACT {
        return None;
    }
    format!("{float:.0}").parse::<i64>().ok().map(Number::from)
}

fn fill_defaults(spec: &ObjectSpec, fields: &mut Map<String, Value>) {
    let known: Vec<&FieldSpec> = spec.fields_of(fields).collect();
    let is_given: Vec<bool> = (known.iter())
        .map(|field| fields.contains_key(&field.name))
        .collect();
    for (field, is_given) in known.iter().zip(is_given) {
        let default = field.default.as_ref().filter(|default| !default.is_null());
        if let (false, Some(default)) = (is_given, default) {
            let mut default = default.clone();
            canonical(&mut default);
            fields.insert(field.name.clone(), default);
        }
    }
    for field in known {
        let value = fields.get_mut(&field.name);
        for (object, inner) in value.into_iter().flat_map(|value| field.objects_mut(value)) {
            fill_defaults(object, inner);
        }
    }
}

/// An object within a sync in comparable form.
pub(super) fn inner(spec: &ObjectSpec, fields: &Map<String, Value>) -> Comparable {
    let mut fields = fields.clone();
    fields.retain(|_, value| !value.is_null());
    fields.values_mut().for_each(canonical);
    fill_defaults(spec, &mut fields);
    fields
}

/// Takes out what [`fill_defaults`] puts in again. A tag stays, because it decides what the others
/// are, and so does what must be given.
fn drop_defaults(spec: &ObjectSpec, fields: &mut Map<String, Value>) {
    let tag = spec.union.as_ref().map(|union| union.tag.as_str());
    let whole = fields.clone();
    for field in spec.fields_of(&whole) {
        let Some(value) = fields.get_mut(&field.name) else {
            continue;
        };
        let default = field.default.clone().map(|mut default| {
            canonical(&mut default);
            default
        });
        let is_needed = field.required || tag == Some(field.name.as_str());
        let goes_without_saying = [&default, &field.blank]
            .iter()
            .any(|implied| implied.as_ref() == Some(value));
        if !is_needed && goes_without_saying {
            fields.remove(&field.name);
            continue;
        }
        for (object, inner) in field.objects_mut(value) {
            drop_defaults(object, inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        comparable, remote, remote_without_defaults, unknown_at_any_depth, without_trailing_slash,
    };
    use crate::core::testing::{fields, remote_sync, spec};

    fn normal(value: Value) -> Value {
        Value::Object(comparable(&spec().create, fields(value)))
    }

    #[test]
    fn defaults_are_filled_in_at_every_depth_and_in_the_variant_that_is_named() {
        assert_eq!(normal(json!({}))["isAutoSyncEnabled"], json!(true));
        let team = json!({"destinationConfig": {"scope": "environment", "org": "a"}});
        assert_eq!(normal(team)["destinationConfig"]["sensitive"], json!(false));
        let project = json!({"destinationConfig": {"scope": "application", "org": "a"}});
        assert_eq!(
            normal(project)["destinationConfig"],
            json!({"scope": "application", "org": "a"})
        );
    }

    #[test]
    fn a_default_never_replaces_what_is_set() {
        assert_eq!(
            normal(json!({"isAutoSyncEnabled": false}))["isAutoSyncEnabled"],
            json!(false)
        );
    }

    #[test]
    fn trims_a_description_and_treats_blank_as_missing() {
        assert_eq!(
            normal(json!({"description": " a b "}))["description"],
            json!("a b")
        );
        for blank in [json!(""), json!("  \n"), json!(null)] {
            assert_eq!(
                normal(json!({"description": blank})).get("description"),
                None
            );
        }
    }

    #[test]
    fn one_trailing_slash_of_the_path_means_nothing_but_the_root_keeps_its() {
        for (path, expected) in [("/a/", "/a"), ("/a", "/a"), ("/", "/"), ("/a//", "/a/")] {
            assert_eq!(without_trailing_slash(path), expected);
        }
        assert_eq!(
            normal(json!({"secretPath": "/apps/"}))["secretPath"],
            json!("/apps")
        );
    }

    #[test]
    fn null_means_not_set_inside_objects_too() {
        assert_eq!(
            normal(json!({"syncOptions": {"keySchema": null, "x": [null]}}))["syncOptions"],
            json!({"x": [null]})
        );
    }

    #[test]
    fn explicit_false_and_empty_strings_differ_from_nothing() {
        let options = json!({"syncOptions": {"disableSecretDeletion": false, "keySchema": ""}});
        assert_eq!(
            normal(options.clone())["syncOptions"],
            options["syncOptions"]
        );
    }

    #[test]
    fn whole_numbers_have_one_form_and_others_stay() {
        let list = json!({"syncOptions": {"n": [1.0, -3.0, 1.5, 1e300, 0]}});
        assert_eq!(
            normal(list)["syncOptions"]["n"].to_string(),
            json!([1, -3, 1.5, 1e300, 0]).to_string()
        );
    }

    #[test]
    fn treats_a_float_as_a_whole_number_up_to_two_to_the_53() {
        let list = json!({"syncOptions": {"n": [9_007_199_254_740_992.0, -9_007_199_254_740_992.0, 1e18]}});
        assert_eq!(
            normal(list)["syncOptions"]["n"].to_string(),
            json!([9_007_199_254_740_992_i64, -9_007_199_254_740_992_i64, 1e18]).to_string()
        );
    }

    #[test]
    fn identity_is_not_compared() {
        let normal = normal(json!({"name": "n", "projectId": "p"}));
        assert_eq!((normal.get("name"), normal.get("projectId")), (None, None));
    }

    #[test]
    fn a_remote_sync_is_read_in_the_words_of_the_files() {
        let found = Value::Object(remote(&spec(), &remote_sync("web")));
        assert_eq!(found["environment"], json!("dev"));
        assert_eq!(found["secretPath"], json!("/apps/web"));
        assert_eq!(found["connectionId"], json!("c1"));
    }

    #[test]
    fn a_remote_sync_without_its_source_folder_has_no_environment_and_no_path() {
        let mut sync = remote_sync("web");
        sync.environment = None;
        sync.secret_path = None;
        let found = remote(&spec(), &sync);
        assert_eq!(
            (found.get("environment"), found.get("secretPath")),
            (None, None)
        );
    }

    #[test]
    fn top_level_fields_that_the_schema_does_not_know_are_left_alone() {
        let mut sync = remote_sync("web");
        sync.fields.insert("newField".to_owned(), json!(1));
        assert_eq!(remote(&spec(), &sync).get("newField"), None);
    }

    #[test]
    fn defaults_are_left_out_and_come_back_by_comparing() {
        let mut sync = remote_sync("web");
        sync.fields = fields(json!({
            "isAutoSyncEnabled": true,
            "description": " ",
            "destinationConfig": {"scope": "environment", "org": "a", "sensitive": false},
        }));
        let short = remote_without_defaults(&spec(), &sync);
        let left = Value::Object(short.clone());
        assert_eq!(
            left["destinationConfig"],
            json!({"scope": "environment", "org": "a"})
        );
        assert_eq!(
            (left.get("isAutoSyncEnabled"), left.get("description")),
            (None, None)
        );
        assert_eq!(comparable(&spec().create, short), remote(&spec(), &sync));
    }

    #[test]
    fn what_differs_from_a_default_is_not_left_out() {
        let mut sync = remote_sync("web");
        sync.fields = fields(json!({
            "isAutoSyncEnabled": false,
            "destinationConfig": {"scope": "application", "sensitive": false},
        }));
        let left = Value::Object(remote_without_defaults(&spec(), &sync));
        assert_eq!(left["isAutoSyncEnabled"], json!(false));
        // What is no field of this variant cannot be declared.
        assert_eq!(left["destinationConfig"], json!({"scope": "application"}));
        assert_eq!(
            unknown_at_any_depth(&spec(), &sync),
            ["destinationConfig.sensitive"]
        );
    }
}
