//! Reads what a schema says.

use serde_json::{Map, Value, json};

/// An object whose tag decides which further keys it has.
pub struct TaggedUnion<'a> {
    pub schema: &'a Value,
    pub tag: &'a str,
    /// Keys that every variant has.
    pub shared: Option<&'a Map<String, Value>>,
    pub variants: Vec<(&'a Value, &'a Value)>,
}

impl<'a> TaggedUnion<'a> {
    /// Finds the two ways to write one: `allOf` with `if` and `then`, and `anyOf` or `oneOf`
    /// of objects that each have one value for the same key.
    pub fn of(schema: &'a Value) -> Option<Self> {
        Self::of_conditions(schema).or_else(|| Self::of_alternatives(schema))
    }

    fn of_conditions(schema: &'a Value) -> Option<Self> {
        let conditions = schema.get("allOf")?.as_array()?;
        let mut tag = None;
        let mut variants = Vec::new();
        for condition in conditions {
            let (key, test) = condition
                .get("if")?
                .get("properties")?
                .as_object()?
                .iter()
                .next()?;
            if *tag.get_or_insert(key.as_str()) != key {
                return None;
            }
            variants.push((single_value(test)?, condition.get("then")?));
        }
        Some(Self {
            schema,
            tag: tag?,
            shared: properties_of(schema),
            variants,
        })
    }

    fn of_alternatives(schema: &'a Value) -> Option<Self> {
        let alternatives = alternatives(schema)?;
        let (tag, _) = properties_of(alternatives.first()?)?
            .iter()
            .find(|(_, property)| single_value(property).is_some())?;
        let variants = alternatives
            .iter()
            .map(|variant| Some((single_value(properties_of(variant)?.get(tag)?)?, variant)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            schema,
            tag,
            shared: None,
            variants,
        })
    }
}

pub fn properties_of(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// The one value that a schema allows.
pub fn single_value(schema: &Value) -> Option<&Value> {
    match enumeration(schema)?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The values that a schema lists; null aside, which zod treats apart.
pub fn enumeration(schema: &Value) -> Option<Vec<&Value>> {
    if let Some(only) = schema.get("const") {
        return Some(vec![only]);
    }
    let values = schema.get("enum")?.as_array()?;
    Some(values.iter().filter(|value| !value.is_null()).collect())
}

pub fn alternatives(schema: &Value) -> Option<&[Value]> {
    let alternatives = schema.get("anyOf").or_else(|| schema.get("oneOf"))?;
    alternatives.as_array().map(Vec::as_slice)
}

pub fn allows_null(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("null")),
        Some(Value::String(kind)) => kind == "null",
        _ => schema.get("nullable") == Some(&Value::Bool(true)),
    }
}

/// The schema's type, null aside.
pub fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    }
}

pub fn is_required(schema: &Value, key: &str) -> bool {
    schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|name| name == key))
}

pub fn limit(schema: &Value, key: &str) -> Option<u64> {
    schema.get(key)?.as_u64()
}
