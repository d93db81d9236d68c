//! What a file has to say to declare a remote sync as it is: the way back from a remote sync to the
//! block that declares it.

use serde_json::{Map, Value};

use super::desired::ConnectionRef;
use super::diff::keys_in_order;
use super::fields::{
    CONNECTION, CONNECTION_ID, DESTINATION, DESTINATION_CONFIG, FIRST, OWN_FIELDS,
};
use super::merge::merge;
use super::normalize;
use super::remote::RemoteSync;
use super::spec::{DestinationSpec, ObjectSpec};
use super::value::Mapping;
use super::vars;

/// The block of a sync file that declares a sync as it is, under defaults that it inherits.
///
/// What goes without saying is left out. What the defaults say otherwise is said, or taken back
/// with null. Text that would be taken for a variable is escaped. Fields that the schema does not
/// know are left out, as they are no difference.
pub fn block(
    spec: &DestinationSpec,
    sync: &RemoteSync,
    connection: Option<&ConnectionRef>,
    inherited: &Mapping,
) -> Map<String, Value> {
    let mut whole = normalize::remote(spec, sync);
    let mut block = normalize::remote_without_defaults(spec, sync);
    for fields in [&mut whole, &mut block] {
        fields.shift_remove(CONNECTION_ID);
        if let Some((key, word)) = connection.map(ConnectionRef::field) {
            fields.insert(key.to_owned(), word);
        }
        fields.insert(DESTINATION.to_owned(), sync.destination.clone().into());
    }
    if let Some(first) = inherited.entries().first() {
        // Only the values count here, and any place does for them.
        let own = Mapping::from_json(block.clone(), first.key_span);
        let tag = union_tag(spec);
        take_back(
            &mut block,
            &whole,
            &merge(inherited, &own, tag),
            &OWN_FIELDS,
        );
    }
    let mut block = in_order(Some(&spec.create), block);
    block.values_mut().for_each(escape);
    FIRST
        .iter()
        .filter_map(|key| block.shift_remove_entry(*key))
        .collect::<Vec<_>>()
        .into_iter()
        .chain(block)
        .collect()
}

/// The block that declares a sync of which only the destination is known.
pub fn block_of_start(destination: &str, inherited: &Mapping) -> Map<String, Value> {
    let mut block = Map::new();
    block.insert(DESTINATION.to_owned(), vars::escape(destination).into());
    for entry in inherited.entries() {
        let key = entry.key.as_str();
        let is_connection = matches!(key, CONNECTION | CONNECTION_ID);
        if is_connection || !OWN_FIELDS.contains(&key) {
            block.insert(key.to_owned(), Value::Null);
        }
    }
    block
}

/// The field of `destinationConfig` that decides its others, if the destination has one.
pub fn union_tag(spec: &DestinationSpec) -> Option<&str> {
    let mut fields = spec.create.fields.iter();
    let config = fields.find(|field| field.name == DESTINATION_CONFIG)?;
    Some(&config.object.as_ref()?.union.as_ref()?.tag)
}

/// Says against `effective`, what the block means so far, what it has to mean.
fn take_back(
    block: &mut Map<String, Value>,
    whole: &Map<String, Value>,
    effective: &Mapping,
    except: &[&str],
) {
    for entry in effective.entries() {
        let key = entry.key.as_str();
        if except.contains(&key) {
            continue;
        }
        let Some(wanted) = whole.get(key) else {
            block.insert(key.to_owned(), Value::Null);
            continue;
        };
        let own = block.entry(key).or_insert_with(|| wanted.clone());
        if let (Value::Object(own), Value::Object(wanted), Some(effective)) =
            (own, wanted, entry.value.as_mapping())
        {
            take_back(own, wanted, effective, &[]);
        }
    }
}

/// The fields in an order that no server decides, at every depth: the tag, what must be given, and
/// then the rest, each in the schema's order.
fn in_order(spec: Option<&ObjectSpec>, mut fields: Map<String, Value>) -> Map<String, Value> {
    let whole = fields.clone();
    let field_of = |key: &str| spec.and_then(|spec| spec.field(key, &whole));
    let tag = spec
        .and_then(|spec| spec.union.as_ref())
        .map(|union| union.tag.as_str());
    let nothing = Map::new();
    let mut keys = keys_in_order(spec, &whole, &nothing);
    keys.sort_by_key(|key| {
        let is_required = field_of(key).is_some_and(|field| field.required);
        (tag != Some(*key), !is_required)
    });
    keys.into_iter()
        .filter_map(|key| {
            let (key, value) = fields.remove_entry(key)?;
            let inner = field_of(&key).and_then(|field| field.object.as_ref());
            let value = match value {
                Value::Object(value) => Value::Object(in_order(inner, value)),
                other => other,
            };
            Some((key, value))
        })
        .collect()
}

/// Escapes every string of a value, keys excepted: a file's variables are in values only.
fn escape(value: &mut Value) {
    match value {
        Value::String(text) => *text = vars::escape(text),
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(fields) => fields.values_mut().for_each(escape),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{block, block_of_start};
    use crate::core::desired::ConnectionRef;
    use crate::core::remote::RemoteSync;
    use crate::core::testing::{fields, mapping, remote_sync, spec};

    fn sync(own: Value) -> RemoteSync {
        RemoteSync {
            fields: fields(own),
            ..remote_sync("web")
        }
    }

    fn declared(own: Value, inherited: Value) -> Value {
        let main = ConnectionRef::Name("main".to_owned(), None);
        Value::Object(block(&spec(), &sync(own), Some(&main), &mapping(inherited)))
    }

    #[test]
    fn a_block_says_what_is_not_a_default_in_the_order_that_a_person_would() {
        let found = declared(
            json!({
                "destinationConfig": {"sensitive": false, "env": "e", "app": "w", "org": "a", "scope": "environment"},
                "syncOptions": {"keySchema": "P_{{secretKey}}", "initialSyncBehavior": "overwrite-destination"},
                "isAutoSyncEnabled": true,
                "description": "  d ",
            }),
            json!({}),
        );
        let expected = json!({
            "destination": "humanitec",
            "connection": "main",
            "environment": "dev",
            "secretPath": "/apps/web",
            "description": "d",
            "syncOptions": {"initialSyncBehavior": "overwrite-destination", "keySchema": "P_{{secretKey}}"},
            "destinationConfig": {"scope": "environment", "org": "a", "app": "w", "env": "e"},
        });
        assert_eq!(found.to_string(), expected.to_string());
    }

    #[test]
    fn a_connection_without_a_name_of_its_own_is_named_by_its_id() {
        let id = ConnectionRef::Id("c1".to_owned());
        let found = block(&spec(), &sync(json!({})), Some(&id), &mapping(json!({})));
        assert_eq!(
            (found.get("connection"), &found["connectionId"]),
            (None, &json!("c1"))
        );
    }

    #[test]
    fn what_would_be_a_variable_is_escaped_in_values_at_every_depth() {
        let found = declared(
            json!({
                "description": "${var.A} and $${var.B}",
                "syncOptions": {"x": [{"y": "${var.C}"}]},
            }),
            json!({}),
        );
        assert_eq!(found["description"], json!("$${var.A} and $$${var.B}"));
        assert_eq!(found["syncOptions"]["x"][0]["y"], json!("$${var.C}"));
    }

    #[test]
    fn what_defaults_would_add_is_taken_back_and_what_they_would_change_is_said() {
        let found = declared(
            json!({
                "isAutoSyncEnabled": true,
                "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
            }),
            json!({
                "connectionId": "c9",
                "labels": {"team": "x"},
                "description": "inherited",
                "isAutoSyncEnabled": false,
                "syncOptions": {"keySchema": "K_{{secretKey}}"},
            }),
        );
        assert_eq!(found["description"], json!(null));
        assert_eq!(found["isAutoSyncEnabled"], json!(true));
        assert_eq!(
            found["syncOptions"],
            json!({"initialSyncBehavior": "overwrite-destination", "keySchema": null})
        );
        assert_eq!(
            (found.get("labels"), found.get("connectionId")),
            (None, None)
        );
    }

    #[test]
    fn a_default_configuration_of_another_kind_needs_no_taking_back() {
        let own = json!({"destinationConfig": {"scope": "application", "org": "a", "app": "w"}});
        let other = json!({"destinationConfig": {"scope": "environment", "env": "e"}});
        assert_eq!(
            declared(own.clone(), other)["destinationConfig"],
            own["destinationConfig"]
        );
        let same = json!({"destinationConfig": {"scope": "application", "env": "e"}});
        assert_eq!(declared(own, same)["destinationConfig"]["env"], json!(null));
    }

    #[test]
    fn a_started_sync_has_a_destination_and_takes_back_what_means_nothing_for_it() {
        let inherited = mapping(json!({"labels": {}, "connection": "c", "syncOptions": {"n": 1}}));
        assert_eq!(
            Value::Object(block_of_start("vercel", &inherited)),
            json!({"destination": "vercel", "connection": null, "syncOptions": null})
        );
    }

    #[test]
    fn leaves_out_what_the_schema_does_not_know() {
        let found = declared(
            json!({"syncOptions": {"brandNew": 1}, "newer": 1}),
            json!({}),
        );
        assert_eq!(found["syncOptions"], json!({}));
        assert_eq!(found.get("newer"), None);
    }
}
