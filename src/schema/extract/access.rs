//! Which fields only requests have, and which only answers.
//!
//! A document describes what a request takes and what an answer holds. What is in one of them alone
//! can be sent and never compared, or read and never sent. That is written into the schemas, in the
//! words that JSON Schema has for it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::schema::keyword::{READ_ONLY, WRITE_ONLY, is_closed, members, properties, requires};

/// Marks the fields of a destination's requests that its answers do not have as write-only, and
/// those of its answers that a create request does not take as read-only.
///
/// `apart` are the fields at the top of a sync that answers hold in a form of their own.
pub fn mark(definitions: &mut BTreeMap<String, Value>, apart: &[&str]) {
    let fields_of = |name: &str| {
        definitions.get(name).map(|schema| {
            let mut fields = Fields::of(schema);
            for name in apart {
                fields.inner.insert((*name).to_owned(), Fields::default());
            }
            fields
        })
    };
    let (Some(mut sent), Some(mut answered)) = (fields_of("create"), fields_of("read")) else {
        return;
    };
    // What every sync has is in every answer: one without it is described only in part.
    let is_partial = definitions.get("create").is_some_and(|create| {
        let mut fields = properties(create).into_iter().flatten();
        fields.any(|(name, _)| requires(create, name) && !answered.inner.contains_key(name))
    });
    answered.is_open |= is_partial;
    sent.is_open |= is_partial;
    for (name, other, keyword) in [
        ("create", &answered, WRITE_ONLY),
        ("update", &answered, WRITE_ONLY),
        ("read", &sent, READ_ONLY),
    ] {
        if let Some(schema) = definitions.get_mut(name) {
            mark_missing(schema, other, keyword);
        }
    }
}

/// The fields that an object can have, in whatever variant.
#[derive(Default)]
struct Fields {
    inner: BTreeMap<String, Fields>,
    /// Those of its items, if it is a list.
    items: Option<Box<Fields>>,
    /// Whether it can have others.
    is_open: bool,
}

impl Fields {
    fn of(schema: &Value) -> Self {
        let mut fields = Self::default();
        fields.add(schema);
        fields
    }

    fn add(&mut self, schema: &Value) {
        let says_so = schema.get("additionalProperties").is_some() && !is_closed(schema);
        self.is_open |= says_so || schema.get("$ref").is_some();
        for (name, field) in properties(schema).into_iter().flatten() {
            self.inner.entry(name.clone()).or_default().add(field);
        }
        if let Some(items) = schema.get("items") {
            self.items.get_or_insert_default().add(items);
        }
        let variants = members(schema, "allOf")
            .iter()
            .chain(members(schema, "anyOf"));
        variants.for_each(|member| self.add(member));
        if let Some(then) = schema.get("then") {
            self.add(then);
        }
    }
}

/// Puts the keyword on each field that the other side cannot have.
fn mark_missing(schema: &mut Value, other: &Fields, keyword: &str) {
    // Nothing is known of what else an object has whose fields nobody lists.
    let is_listed = !other.is_open && !other.inner.is_empty();
    let Value::Object(parts) = schema else { return };
    if let Some(Value::Object(fields)) = parts.get_mut("properties") {
        for (name, field) in fields {
            match other.inner.get(name) {
                Some(inner) => mark_missing(field, inner, keyword),
                None if is_listed => put(field, keyword),
                None => {}
            }
        }
    }
    if let (Some(items), Some(other)) = (parts.get_mut("items"), &other.items) {
        mark_missing(items, other, keyword);
    }
    for keyword_of_members in ["allOf", "anyOf"] {
        if let Some(Value::Array(members)) = parts.get_mut(keyword_of_members) {
            for member in members {
                mark_missing(member, other, keyword);
            }
        }
    }
    if let Some(then) = parts.get_mut("then") {
        mark_missing(then, other, keyword);
    }
}

fn put(field: &mut Value, keyword: &str) {
    if let Value::Bool(true) = field {
        *field = Value::Object(Map::new());
    }
    if let Value::Object(field) = field {
        field.insert(keyword.to_owned(), true.into());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::mark;

    fn object(properties: &Value) -> Value {
        json!({"type": "object", "properties": properties, "additionalProperties": false})
    }

    fn marked(create: Value, read: Value) -> [Value; 2] {
        let mut definitions =
            BTreeMap::from([("create".to_owned(), create), ("read".to_owned(), read)]);
        mark(&mut definitions, &["folder", "secretPath"]);
        ["create", "read"].map(|name| definitions[name].clone())
    }

    #[test]
    fn marks_what_only_one_side_has_at_every_depth() {
        let [create, read] = marked(
            object(&json!({
                "secretPath": true,
                "hint": true,
                "options": object(&json!({"key": {"type": "string"}, "both": true})),
            })),
            object(&json!({
                "folder": true,
                "options": object(&json!({"both": true, "id": {"type": "string"}})),
            })),
        );
        let write_only = json!({"writeOnly": true});
        assert_eq!(create["properties"]["hint"], write_only);
        let options = &create["properties"]["options"]["properties"];
        assert_eq!(options["key"], json!({"type": "string", "writeOnly": true}));
        assert_eq!(options["both"], json!(true));
        let options = &read["properties"]["options"]["properties"];
        assert_eq!(options["id"], json!({"type": "string", "readOnly": true}));
        // What an answer holds in a form of its own is no field that is missing.
        assert_eq!(create["properties"]["secretPath"], json!(true));
        assert_eq!(read["properties"]["folder"], json!(true));
    }

    #[test]
    fn marks_what_only_one_side_has_in_the_items_of_a_list() {
        let list = |items: &Value| object(&json!({"tags": {"type": "array", "items": items}}));
        let [create, read] = marked(
            list(&object(&json!({"key": true, "hint": true}))),
            list(&object(&json!({"key": true, "id": true}))),
        );
        let of_items = |schema: &Value| schema["properties"]["tags"]["items"]["properties"].clone();
        assert_eq!(
            of_items(&create),
            json!({"key": true, "hint": {"writeOnly": true}})
        );
        assert_eq!(
            of_items(&read),
            json!({"key": true, "id": {"readOnly": true}})
        );
    }

    #[test]
    fn a_field_of_any_variant_is_one_that_the_other_side_has() {
        let branch = |properties: &Value| {
            let mut schema = object(&json!({"scope": {"type": "string", "enum": ["a"]}}));
            schema["allOf"] = json!([{
                "if": {"properties": {"scope": {"const": "a"}}},
                "then": object(properties),
            }]);
            object(&json!({ "config": schema }))
        };
        let [create, read] = marked(
            branch(&json!({"scope": true, "same": true, "sent": true})),
            branch(&json!({"scope": true, "same": true, "filled": true})),
        );
        let then = |schema: &Value| {
            schema["properties"]["config"]["allOf"][0]["then"]["properties"].clone()
        };
        assert_eq!(
            then(&create),
            json!({"scope": true, "same": true, "sent": {"writeOnly": true}})
        );
        assert_eq!(
            then(&read),
            json!({"scope": true, "same": true, "filled": {"readOnly": true}})
        );
    }

    #[test]
    fn an_answer_without_what_every_sync_has_is_described_only_in_part() {
        let create = |required: &Value| {
            let mut create = object(&json!({"options": object(&json!({"a": true})), "hint": true}));
            create["required"] = required.clone();
            create
        };
        let read = object(&json!({"folder": true, "hint": true, "id": true}));
        let [partly, read_partly] = marked(create(&json!(["options"])), read.clone());
        assert_eq!(partly, create(&json!(["options"])));
        assert_eq!(read_partly, read);
        let [wholly, _] = marked(create(&json!(["hint"])), read);
        assert_eq!(wholly["properties"]["options"]["writeOnly"], json!(true));
    }

    #[test]
    fn marks_nothing_where_the_other_side_can_have_more_than_is_listed() {
        let options = object(&json!({"key": true}));
        for unlisted in [
            json!({"type": "object", "additionalProperties": true, "properties": {"x": true}}),
            json!({"type": "object"}),
            json!({"$ref": "#/$defs/Tree"}),
        ] {
            let [create, _] = marked(
                object(&json!({"options": options})),
                object(&json!({"options": unlisted})),
            );
            assert_eq!(create["properties"]["options"], options);
        }
    }
}
