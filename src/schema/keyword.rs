//! What the keywords of a JSON Schema say, for those who read schemas as data.

use serde_json::{Map, Value};

/// Marks a field that answers have and requests do not take.
pub const READ_ONLY: &str = "readOnly";
/// Marks a field that requests take and answers do not have.
pub const WRITE_ONLY: &str = "writeOnly";
/// Marks a field whose value the server decides, whatever a request says.
pub const SERVER_FILLED: &str = "x-server-filled";
/// Marks a field of a destination that only shows people what another one identifies.
pub const DISPLAY_NAME: &str = "x-display-name";
/// Marks a field of a destination that says something else than which place it is.
pub const NOT_IDENTIFYING: &str = "x-not-identifying";
/// The value of a field of a destination that takes in all its other values.
pub const TAKES_IN_ALL: &str = "x-takes-in-all";

/// Marks an object whose fields stay in an update that does not have them: the server merges it.
pub const MERGED_BY_UPDATE: &str = "x-merged-by-update";
/// Marks a field that a destination takes and does nothing with.
pub const WITHOUT_EFFECT: &str = "x-without-effect";

/// Whether a field's schema has a mark.
pub fn is_marked(schema: &Value, mark: &str) -> bool {
    schema.get(mark) == Some(&Value::Bool(true))
}

/// The names of the types that a schema allows; none are listed if it allows all.
pub fn types(schema: &Value) -> &[Value] {
    match schema.get("type") {
        None => &[],
        Some(Value::Array(names)) => names,
        Some(name) => std::slice::from_ref(name),
    }
}

/// Whether a schema names a type.
pub fn has_type(schema: &Value, name: &str) -> bool {
    types(schema).iter().any(|known| known == name)
}

/// The values that a schema lists in `const` or `enum`, if it does.
pub fn values(schema: &Value) -> Option<&[Value]> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(std::slice::from_ref(value)),
        (None, Some(Value::Array(values))) => Some(values),
        _ => None,
    }
}

/// The one value that a schema allows.
pub fn only_value(schema: &Value) -> Option<&Value> {
    match values(schema)? {
        [only] => Some(only),
        _ => None,
    }
}

/// The fields of an object's schema.
pub fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// Whether an object must have a field.
pub fn requires(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|required| required == name))
}

/// Whether an object can have no further fields.
pub fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
}

/// The members of `anyOf`, `allOf` or `oneOf`.
pub fn members<'s>(schema: &'s Value, keyword: &str) -> &'s [Value] {
    let members = schema.get(keyword).and_then(Value::as_array);
    members.map_or(&[], Vec::as_slice)
}

/// One `if` and `then` of a tagged union.
pub struct Branch<'s> {
    /// The field that decides.
    pub tag: &'s str,
    /// Its values for which the branch holds.
    pub values: &'s [Value],
    /// What holds then.
    pub then: &'s Value,
}

/// What a member of `allOf` says of one variant, if it is a branch.
pub fn branch(member: &Value) -> Option<Branch<'_>> {
    let (tag, allowed) = member
        .pointer("/if/properties")?
        .as_object()?
        .iter()
        .next()?;
    Some(Branch {
        tag,
        values: values(allowed)?,
        then: member.get("then")?,
    })
}

/// The name of the definition that a schema refers to.
pub fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

/// Changes each schema directly inside a schema.
pub fn change_inner(schema: &mut Value, mut change: impl FnMut(&mut Value)) {
    let inner = schema.as_object_mut().into_iter().flatten();
    for (keyword, value) in inner {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(fields)) => {
                fields.values_mut().for_each(&mut change);
            }
            ("anyOf" | "allOf", Value::Array(members)) => members.iter_mut().for_each(&mut change),
            ("items" | "propertyNames" | "additionalProperties" | "if" | "then", schema) => {
                change(schema);
            }
            _ => {}
        }
    }
}
