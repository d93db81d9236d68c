//! The one schema that says what several say together.
//!
//! Servers print an intersection of objects as an `allOf` whose first member forbids every
//! field of the second, which no value satisfies. Merging the members keeps what was meant,
//! and lets an error name a field instead of a branch.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

/// The most members that merging two unions may give; larger ones stay side by side.
const LARGEST_PRODUCT: usize = 256;
/// How many values the schema may consist of that merging a union gives, about. Each union doubles
/// what it is merged into, or more: beyond this, both stay side by side.
const LARGEST_MERGED: usize = 50_000;

/// A value must fit both schemas.
pub fn intersect(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Bool(false), _) | (_, Value::Bool(false)) => Value::Bool(false),
        (Value::Object(one), Value::Object(other)) => intersect_objects(one, other),
        (Value::Object(kept), _) | (_, Value::Object(kept)) => Value::Object(kept),
        (kept, _) => kept,
    }
}

/// The union of the schemas: nested unions are spliced in, impossible members left out,
/// and a lone alternative to null becomes a nullable schema.
pub fn any_of(members: impl IntoIterator<Item = Value>) -> Value {
    let mut flat = Vec::new();
    for member in members {
        match member {
            Value::Bool(false) => {}
            Value::Object(mut map) if map.len() == 1 && map.contains_key("anyOf") => {
                if let Some(Value::Array(inner)) = map.remove("anyOf") {
                    flat.extend(inner);
                }
            }
            other => flat.push(other),
        }
    }
    let null = json!({"type": "null"});
    let before = flat.len();
    flat.retain(|member| *member != null);
    let nullable = flat.len() < before;
    let mut seen = HashSet::new();
    let mut distinct = flat;
    distinct.retain(|member| seen.insert(member.to_string()));
    match (distinct.len(), nullable) {
        (0, false) => Value::Bool(false),
        (0, true) => null,
        (1, _) => {
            let only = distinct.remove(0);
            if nullable { with_null(only) } else { only }
        }
        (_, nullable) => {
            if nullable {
                distinct.push(null);
            }
            json!({"anyOf": distinct})
        }
    }
}

/// The schema, with null allowed beside what it allows.
pub fn with_null(schema: Value) -> Value {
    let Value::Object(mut map) = schema else {
        return match schema {
            Value::Bool(false) => json!({"type": "null"}),
            other => other,
        };
    };
    if map.contains_key("$ref") || map.contains_key("allOf") {
        return json!({"anyOf": [map, {"type": "null"}]});
    }
    if let Some(Value::Array(members)) = map.get_mut("anyOf") {
        members.push(json!({"type": "null"}));
        return any_of([Value::Object(map)]);
    }
    match map.get_mut("type") {
        Some(Value::Array(types)) => {
            types.retain(|name| name != "null");
            types.push("null".into());
        }
        Some(name) if name != "null" => *name = json!([name.take(), "null"]),
        _ => {}
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        if !values.contains(&Value::Null) {
            values.push(Value::Null);
        }
    } else if let Some(value) = map.remove("const") {
        map.insert("enum".into(), json!([value, null]));
    }
    Value::Object(map)
}

fn intersect_objects(mut one: Map<String, Value>, mut other: Map<String, Value>) -> Value {
    match (one.remove("anyOf"), other.remove("anyOf")) {
        (None, None) => {}
        (Some(Value::Array(members)), None) => {
            if is_too_large(&members, &[], &one, &other) {
                one.insert("anyOf".into(), Value::Array(members));
                return side_by_side(one, other);
            }
            return distribute(members, &one, &other);
        }
        (None, Some(Value::Array(members))) => {
            if is_too_large(&members, &[], &one, &other) {
                other.insert("anyOf".into(), Value::Array(members));
                return side_by_side(one, other);
            }
            return distribute(members, &one, &other);
        }
        (Some(Value::Array(members)), Some(Value::Array(others))) => {
            let product = members.len().saturating_mul(others.len());
            let is_too_large =
                product > LARGEST_PRODUCT || is_too_large(&members, &others, &one, &other);
            other.insert("anyOf".into(), Value::Array(others));
            if is_too_large {
                one.insert("anyOf".into(), Value::Array(members));
                return side_by_side(one, other);
            }
            return distribute(members, &one, &other);
        }
        // `anyOf` is a list in every converted schema.
        _ => return Value::Bool(true),
    }
    // A cyclic reference cannot be merged into anything: both parts stay side by side.
    let has_reference = |map: &Map<String, Value>| map.contains_key("$ref");
    if has_reference(&one) || has_reference(&other) {
        return if one == other || other.is_empty() {
            Value::Object(one)
        } else if one.is_empty() {
            Value::Object(other)
        } else {
            side_by_side(one, other)
        };
    }
    for (keyword, value) in other {
        let merged = match one.remove(&keyword) {
            None => Some(value),
            Some(old) if old == value => Some(old),
            Some(old) => merge_keyword(&mut one, &keyword, old, value),
        };
        match merged {
            Some(merged) => {
                one.insert(keyword, merged);
            }
            None => return Value::Bool(false),
        }
    }
    settle_enum_and_const(one)
}

/// Both schemas as members of one `allOf`, which does not nest however often this is done.
fn side_by_side(one: Map<String, Value>, other: Map<String, Value>) -> Value {
    let mut all = Vec::new();
    for mut map in [one, other] {
        match map.remove("allOf") {
            Some(Value::Array(members)) if map.is_empty() => all.extend(members),
            Some(members) => {
                map.insert("allOf".into(), members);
                all.push(Value::Object(map));
            }
            None if map.is_empty() => {}
            None => all.push(Value::Object(map)),
        }
    }
    Value::Object(Map::from_iter([("allOf".to_owned(), Value::Array(all))]))
}

/// Whether taking all else into each member of a union, and of another one, gives too much.
fn is_too_large(
    members: &[Value],
    others: &[Value],
    one: &Map<String, Value>,
    other: &Map<String, Value>,
) -> bool {
    let beside = [one, other].into_iter().flat_map(Map::values);
    let copied = size(beside).saturating_mul(members.len().max(1) * others.len().max(1));
    let of_members = size(members).saturating_mul(others.len().max(1));
    let of_others = size(others).saturating_mul(members.len());
    copied.saturating_add(of_members).saturating_add(of_others) > LARGEST_MERGED
}

/// How many values there are in some schemas, counted to [`LARGEST_MERGED`].
fn size<'v>(schemas: impl IntoIterator<Item = &'v Value>) -> usize {
    let mut left: Vec<&Value> = schemas.into_iter().collect();
    let mut size = 0;
    while let Some(value) = left.pop() {
        size += 1;
        if size > LARGEST_MERGED {
            break;
        }
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(map) => left.extend(map.values()),
            _ => {}
        }
    }
    size
}

fn distribute(members: Vec<Value>, one: &Map<String, Value>, other: &Map<String, Value>) -> Value {
    any_of(members.into_iter().map(|member| {
        let with_one = intersect(Value::Object(one.clone()), member);
        intersect(with_one, Value::Object(other.clone()))
    }))
}

/// Both values of a keyword merged; `None` if nothing satisfies both.
fn merge_keyword(
    schema: &mut Map<String, Value>,
    keyword: &str,
    old: Value,
    new: Value,
) -> Option<Value> {
    match keyword {
        "type" => common_types(&old, &new),
        "enum" => {
            let (Value::Array(old), Value::Array(new)) = (old, new) else {
                return None;
            };
            let common: Vec<Value> = old
                .into_iter()
                .filter(|value| new.contains(value))
                .collect();
            (!common.is_empty()).then_some(Value::Array(common))
        }
        "const" => None,
        "minLength" | "minimum" | "exclusiveMinimum" | "minItems" | "minProperties" => {
            Some(if old.as_f64() >= new.as_f64() {
                old
            } else {
                new
            })
        }
        "maxLength" | "maximum" | "exclusiveMaximum" | "maxItems" | "maxProperties" => {
            Some(if old.as_f64() <= new.as_f64() {
                old
            } else {
                new
            })
        }
        "required" => Some(union_of_lists(old, new)),
        "properties" | "patternProperties" => Some(merge_properties(old, new)),
        "items" | "additionalProperties" | "propertyNames" => Some(intersect(old, new)),
        "allOf" => match (old, new) {
            (Value::Array(mut old), Value::Array(new)) => {
                old.extend(new);
                Some(Value::Array(old))
            }
            (old, _) => Some(old),
        },
        "pattern" => {
            let further = json!({"pattern": new});
            if let Value::Array(all) = schema.entry("allOf").or_insert_with(|| json!([])) {
                all.push(further);
            }
            Some(old)
        }
        "uniqueItems" => Some(Value::Bool(true)),
        _ => Some(old),
    }
}

fn settle_enum_and_const(mut schema: Map<String, Value>) -> Value {
    if let (Some(values), Some(only)) = (
        schema.get("enum").and_then(Value::as_array),
        schema.get("const"),
    ) {
        if !values.contains(only) {
            return Value::Bool(false);
        }
        schema.remove("enum");
    }
    Value::Object(schema)
}

fn common_types(one: &Value, other: &Value) -> Option<Value> {
    let names = |value: &Value| -> Vec<String> {
        match value {
            Value::Array(names) => names
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            other => other.as_str().map(str::to_owned).into_iter().collect(),
        }
    };
    let others = names(other);
    let has = |name: &str| others.iter().any(|other| other == name);
    let mut common: Vec<String> = names(one)
        .into_iter()
        .filter_map(|name| match name.as_str() {
            "integer" if has("integer") || has("number") => Some(name),
            "number" if !has("number") && has("integer") => Some("integer".to_owned()),
            _ if has(&name) => Some(name),
            _ => None,
        })
        .collect();
    match common.len() {
        0 => None,
        1 => Some(Value::String(common.remove(0))),
        _ => Some(json!(common)),
    }
}

fn union_of_lists(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Array(mut one), Value::Array(other)) => {
            for item in other {
                if !one.contains(&item) {
                    one.push(item);
                }
            }
            Value::Array(one)
        }
        (one, _) => one,
    }
}

fn merge_properties(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (name, schema) in other {
                let merged = match one.get_mut(&name) {
                    Some(old) => intersect(old.take(), schema),
                    None => schema,
                };
                one.insert(name, merged);
            }
            Value::Object(one)
        }
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{any_of, intersect, with_null};

    #[test]
    fn a_closed_object_takes_in_the_fields_of_the_second_member() {
        let merged = intersect(
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}),
            json!({"type": "object", "properties": {"b": {"type": "number"}}, "required": ["b"]}),
        );
        assert_eq!(
            merged,
            json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "required": ["a", "b"], "additionalProperties": false})
        );
    }

    #[test]
    fn a_union_takes_the_common_fields_into_every_member() {
        let merged = intersect(
            json!({"anyOf": [
                {"type": "object", "properties": {"kind": {"enum": ["x"]}}},
                {"type": "object", "properties": {"kind": {"enum": ["y"]}}},
            ]}),
            json!({"type": "object", "properties": {"region": {"type": "string"}}, "required": ["region"]}),
        );
        assert_eq!(
            merged,
            json!({"anyOf": [
                {"type": "object", "properties": {"kind": {"enum": ["x"]}, "region": {"type": "string"}}, "required": ["region"]},
                {"type": "object", "properties": {"kind": {"enum": ["y"]}, "region": {"type": "string"}}, "required": ["region"]},
            ]})
        );
    }

    #[test]
    fn limits_get_narrower_and_contradictions_allow_nothing() {
        assert_eq!(
            intersect(
                json!({"type": "number", "minimum": 1, "maximum": 9}),
                json!({"type": "integer", "minimum": 3, "maximum": 12})
            ),
            json!({"type": "integer", "minimum": 3, "maximum": 9})
        );
        assert_eq!(
            intersect(json!({"type": "string"}), json!({"type": "number"})),
            json!(false)
        );
        assert_eq!(
            intersect(json!({"enum": ["a"]}), json!({"const": "b"})),
            json!(false)
        );
        assert_eq!(
            intersect(json!({"pattern": "^a"}), json!({"pattern": "z$"})),
            json!({"pattern": "^a", "allOf": [{"pattern": "z$"}]})
        );
    }

    #[test]
    fn many_unions_in_one_schema_give_no_product_of_them() {
        let field = |name: String| json!({"type": "object", "properties": {name.clone(): {"type": "string"}}, "required": [name]});
        let whole = (0..2_000).fold(Value::Bool(true), |whole, index| {
            let pair = [field(format!("a{index}")), field(format!("b{index}"))];
            intersect(whole, any_of(pair))
        });
        let length = whole.to_string().len();
        assert!(length < 2_000_000, "{length}");
        let all = whole["allOf"].as_array().unwrap();
        assert!(all.len() > 1_900, "{}", all.len());
        assert!(all.iter().all(|member| member["anyOf"].is_array()));
    }

    #[test]
    fn null_joins_the_type_the_enum_and_the_union() {
        assert_eq!(
            with_null(json!({"type": "string", "enum": ["a"]})),
            json!({"type": ["string", "null"], "enum": ["a", null]})
        );
        assert_eq!(
            with_null(json!({"anyOf": [{"type": "string"}, {"type": "number"}]})),
            json!({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]})
        );
        assert_eq!(
            any_of([json!({"type": "string"}), json!({"type": "null"})]),
            json!({"type": ["string", "null"]})
        );
    }
}
