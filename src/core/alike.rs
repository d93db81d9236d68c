//! Whether a declared sync and a remote one are surely alike, seen without making the comparable
//! form of either: most syncs of a run are as they should be.
//!
//! It follows [`super::normalize`] and [`super::diff`], and vouches only for what is plain. Whatever
//! it does not vouch for, they decide.

use serde_json::{Map, Value as Json};

use super::desired::DesiredSync;
use super::fields::{CONNECTION_ID, DESCRIPTION, ENVIRONMENT, IDENTITY, SECRET_PATH};
use super::normalize::without_trailing_slash;
use super::remote::RemoteSync;
use super::spec::{Access, DestinationSpec, FieldSpec, ObjectSpec};
use super::value::{Mapping, Node, Value};

/// Whether nothing differs, nothing inside an object is unknown to the schema, and nothing is
/// declared that no answer gives back. `false` means that nobody looked closely enough.
pub fn surely(
    spec: &DestinationSpec,
    desired: &DesiredSync,
    connection_id: Option<&str>,
    remote: &RemoteSync,
) -> bool {
    let spec = &spec.create;
    if spec.union.is_some() {
        return false;
    }
    let is_alike = |field: &FieldSpec| {
        let name = field.name.as_str();
        let (mine, theirs) = (declared(&desired.fields, name), remote.fields.get(name));
        let own = match name {
            CONNECTION_ID => (connection_id, Some(remote.connection.id.as_str())),
            ENVIRONMENT => (mine.and_then(Node::as_str), remote.environment.as_deref()),
            SECRET_PATH => (
                mine.and_then(Node::as_str).map(without_trailing_slash),
                remote.secret_path.as_deref().map(without_trailing_slash),
            ),
            DESCRIPTION => {
                return field.access.is_both_ways()
                    && match (description_of(mine), description_in(theirs)) {
                        (Some(mine), Some(theirs)) => mine == theirs,
                        _ => false,
                    };
            }
            _ => return are_alike(field, mine, theirs.filter(|value| !value.is_null())),
        };
        field.access.is_both_ways() && theirs.is_none() && own.0.is_some() && own.0 == own.1
    };
    let mut compared = spec.fields.iter().filter(|field| !is_identity(&field.name));
    compared.all(is_alike)
        && desired
            .fields
            .entries()
            .iter()
            .all(|entry| spec.names(&entry.key))
}

fn is_identity(name: &str) -> bool {
    IDENTITY.contains(&name)
}

fn declared<'m>(fields: &'m Mapping, name: &str) -> Option<&'m Node> {
    fields.get(name).filter(|node| !node.is_null())
}

/// The description without blanks around it, empty if it is missing; `None` if it is not text.
fn description_of(node: Option<&Node>) -> Option<&str> {
    node.map_or(Some(""), |node| node.as_str().map(str::trim))
}

fn description_in(value: Option<&Json>) -> Option<&str> {
    match value {
        None | Some(Json::Null) => Some(""),
        Some(value) => value.as_str().map(str::trim),
    }
}

fn are_alike(field: &FieldSpec, mine: Option<&Node>, theirs: Option<&Json>) -> bool {
    match field.access {
        Access::BothWays => {}
        Access::ReadOnly | Access::ServerFilled | Access::WriteOnly => return mine.is_none(),
        Access::Ignored => return false,
    }
    let default = field.default.as_ref().filter(|default| !default.is_null());
    match (mine, theirs) {
        (None, None) => true,
        (None, Some(theirs)) => match default {
            Some(default) => is_plain(default) && default == theirs,
            None => field.blank.as_ref() == Some(theirs),
        },
        (Some(mine), None) => {
            default.is_some_and(|default| is_plain(default) && are_same(&mine.value, default))
        }
        (Some(mine), Some(theirs)) => match (&field.object, &mine.value, theirs) {
            (Some(spec), Value::Mapping(mine), Json::Object(theirs)) => {
                are_objects_alike(spec, mine, theirs)
            }
            _ => are_same(&mine.value, theirs),
        },
    }
}

fn are_objects_alike(spec: &ObjectSpec, mine: &Mapping, theirs: &Map<String, Json>) -> bool {
    if let Some(union) = &spec.union {
        let tag = theirs.get(&union.tag).and_then(Json::as_str);
        if tag.is_none() || mine.get(&union.tag).and_then(Node::as_str) != tag {
            return false;
        }
    }
    // With the tag of both.
    let has = |key: &str| spec.fields_of(theirs).any(|field| field.name == key);
    mine.entries().iter().all(|entry| has(&entry.key))
        && theirs.keys().all(|key| has(key))
        && spec.fields_of(theirs).all(|field| {
            let theirs = theirs.get(&field.name).filter(|value| !value.is_null());
            are_alike(field, declared(mine, &field.name), theirs)
        })
}

/// Whether it has one spelling only.
fn is_plain(value: &Json) -> bool {
    matches!(value, Json::Bool(_) | Json::String(_))
}

/// Whether two values are spelled alike.
fn are_same(mine: &Value, theirs: &Json) -> bool {
    match (mine, theirs) {
        (Value::Bool(mine), Json::Bool(theirs)) => mine == theirs,
        (Value::Number(mine), Json::Number(theirs)) => mine == theirs,
        (Value::String(mine), Json::String(theirs)) => mine == theirs,
        (Value::Sequence(mine), Json::Array(theirs)) => {
            let mut pairs = mine.iter().zip(theirs);
            mine.len() == theirs.len() && pairs.all(|(mine, theirs)| are_same(&mine.value, theirs))
        }
        (Value::Mapping(mine), Json::Object(theirs)) => {
            let mut entries = mine.entries().iter();
            mine.len() == theirs.len()
                && entries.all(|entry| {
                    let theirs = theirs.get(&entry.key);
                    theirs.is_some_and(|theirs| are_same(&entry.value.value, theirs))
                })
        }
        // A null in a list stays one, and in a map it is nothing: that is not plain.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::{Value as Json, json};

    use super::surely;
    use crate::core::diff::{self, Difference};
    use crate::core::normalize;
    use crate::core::remote::RemoteSync;
    use crate::core::spec::{Access, DestinationSpec, FieldSpec};
    use crate::core::testing::{desired_sync, fields, remote_sync, spec, sync_fields};

    fn differs(spec: &DestinationSpec, declared: &Json, remote: &RemoteSync) -> Difference {
        let desired = desired_sync("web", declared.clone());
        let desired = normalize::desired(spec, &desired, Some("c1"));
        diff::compare(&spec.create, &desired, &normalize::remote(spec, remote))
    }

    fn is_sure(spec: &DestinationSpec, declared: &Json, remote: &RemoteSync) -> bool {
        surely(
            spec,
            &desired_sync("web", declared.clone()),
            Some("c1"),
            remote,
        )
    }

    #[test]
    fn is_sure_of_a_sync_as_the_platforms_show_it() {
        let mut declared = sync_fields();
        let mut remote = remote_sync("web");
        assert!(is_sure(&spec(), &declared, &remote));
        declared["secretPath"] = json!("/apps/web/");
        declared["isAutoSyncEnabled"] = json!(true);
        declared["description"] = json!(" kept ");
        remote.fields.insert("description".into(), json!("kept"));
        // What Terraform and the web page store for what nobody set.
        remote.fields["syncOptions"]["keySchema"] = json!("");
        remote.fields["syncOptions"]["disableSecretDeletion"] = json!(false);
        // At the top, an update leaves it alone.
        remote.fields.insert("new".into(), json!(1));
        assert!(is_sure(&spec(), &declared, &remote));
    }

    #[test]
    fn is_not_sure_of_what_no_answer_gives_back() {
        let mut spec = spec();
        spec.create.fields.push(FieldSpec {
            name: "token".to_owned(),
            access: Access::WriteOnly,
            ..FieldSpec::default()
        });
        let mut declared = sync_fields();
        assert!(is_sure(&spec, &declared, &remote_sync("web")));
        declared["token"] = json!("x");
        assert!(!is_sure(&spec, &declared, &remote_sync("web")));
    }

    /// Values that mean much the same, or nothing, or something else.
    fn value() -> impl Strategy<Value = Option<Json>> {
        let values = [
            json!(null),
            json!(true),
            json!(false),
            json!(""),
            json!("dev"),
            json!(" dev"),
            json!("/apps/web"),
            json!("/apps/web/"),
            json!("environment"),
            json!("application"),
            json!(1),
            json!(1.0),
            json!([1, null]),
            json!({}),
            json!({"a": null}),
            json!({"a": 1}),
        ];
        prop::option::of(select(values.to_vec()))
    }

    fn change() -> impl Strategy<Value = (&'static str, Option<Json>, Option<Json>)> {
        let paths = [
            "/description",
            "/environment",
            "/secretPath",
            "/isAutoSyncEnabled",
            "/plain",
            "/strange",
            "/syncOptions",
            "/syncOptions/keySchema",
            "/syncOptions/disableSecretDeletion",
            "/syncOptions/n",
            "/syncOptions/strange",
            "/destinationConfig/scope",
            "/destinationConfig/app",
            "/destinationConfig/env",
            "/destinationConfig/sensitive",
        ];
        let same = value().prop_map(|value| (value.clone(), value));
        let values = prop_oneof![same, (value(), value())];
        (select(paths.to_vec()), values).prop_map(|(path, (mine, theirs))| (path, mine, theirs))
    }

    fn set(whole: &mut Json, path: &str, value: Option<Json>) {
        let (above, key) = path.rsplit_once('/').unwrap();
        if let Some(Json::Object(object)) = whole.pointer_mut(above) {
            match value {
                Some(value) => object.insert(key.to_owned(), value),
                None => object.shift_remove(key),
            };
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_sure_of_makes_no_difference(
            changes in prop::collection::vec(change(), 0..4)
        ) {
            let mut declared = sync_fields();
            let mut remote = remote_sync("web");
            let mut whole = Json::Object(remote.fields.clone());
            for (path, mine, theirs) in changes {
                set(&mut declared, path, mine);
                let text = || theirs.as_ref().and_then(Json::as_str).map(str::to_owned);
                match path {
                    "/environment" => remote.environment = text(),
                    "/secretPath" => remote.secret_path = text(),
                    _ => set(&mut whole, path, theirs),
                }
            }
            remote.fields = fields(whole);
            if is_sure(&spec(), &declared, &remote) {
                let difference = differs(&spec(), &declared, &remote);
                prop_assert_eq!(difference, Difference::default());
            }
        }
    }
}
