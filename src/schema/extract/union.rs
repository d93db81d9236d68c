//! Tagged unions in a form whose errors name the field that is wrong.
//!
//! A value that fits no member of an `anyOf` gives one error that names none of its fields.
//! If one field (the tag) decides which member is meant, the union becomes an `enum` of the
//! tag and an `if`/`then` for each member, so that only the chosen member's rules speak.

use serde_json::{Value, json};

use crate::schema::keyword::{change_inner, members, properties, requires, values};

/// Rewrites every tagged union in a schema.
pub fn rewrite_unions(schema: &mut Value) {
    change_inner(schema, rewrite_unions);
    let is_union = schema.as_object().is_some_and(|map| map.len() == 1);
    if let Some(union) = is_union.then(|| tagged(members(schema, "anyOf"))).flatten() {
        *schema = union;
    }
}

/// The union as `if`/`then`, if one field distinguishes its members.
fn tagged(members: &[Value]) -> Option<Value> {
    let null = json!({"type": "null"});
    let objects: Vec<&Value> = members.iter().filter(|member| **member != null).collect();
    let nullable = objects.len() < members.len();
    let is_object = |member: &&Value| member.get("type").is_some_and(|kind| kind == "object");
    if objects.len() < 2 || !objects.iter().all(is_object) {
        return None;
    }
    let tag = properties(objects[0])?
        .keys()
        .find(|name| distinguishes(name, &objects))?;

    let mut allowed = Vec::new();
    let mut branches = Vec::new();
    for object in &objects {
        let values = tag_values(tag, object)?;
        let condition = match values {
            [only] => json!({"const": only}),
            several => json!({"enum": several}),
        };
        allowed.extend(values.to_vec());
        branches.push(json!({
            "if": {"properties": {tag: condition}, "required": [tag]},
            "then": branch(tag, object),
        }));
    }
    let kind = if nullable {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    Some(json!({
        "type": kind,
        "properties": {tag: {"type": "string", "enum": allowed}},
        "required": [tag],
        "allOf": branches,
    }))
}

/// Whether a field is required in every member, with values that no other member has.
fn distinguishes(name: &str, objects: &[&Value]) -> bool {
    let mut seen: Vec<&Value> = Vec::new();
    for object in objects {
        let Some(values) = tag_values(name, object) else {
            return false;
        };
        if values.iter().any(|value| seen.contains(&value)) {
            return false;
        }
        seen.extend(values);
    }
    true
}

/// The strings that a required field of a member can have, if they are listed.
fn tag_values<'a>(name: &str, object: &'a Value) -> Option<&'a [Value]> {
    let values = values(properties(object)?.get(name)?)?;
    let is_listed = !values.is_empty() && values.iter().all(Value::is_string);
    (is_listed && requires(object, name)).then_some(values)
}

/// What a member asks for once its tag is known.
fn branch(tag: &str, object: &Value) -> Value {
    let mut branch = object.clone();
    if let Value::Object(branch) = &mut branch {
        branch.remove("type");
    }
    if let Some(Value::Object(properties)) = branch.get_mut("properties") {
        // The tag's own value is checked above; here it only has to be known.
        properties.insert(tag.to_owned(), Value::Bool(true));
    }
    if let Some(Value::Array(required)) = branch.get_mut("required") {
        required.retain(|name| name != tag);
    }
    branch
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::rewrite_unions;

    fn rewritten(mut schema: Value) -> Value {
        rewrite_unions(&mut schema);
        schema
    }

    fn member(scope: &str, further: &str) -> Value {
        json!({
            "type": "object",
            "properties": {"scope": {"type": "string", "enum": [scope]}, further: {"type": "string"}},
            "required": ["scope", further],
            "additionalProperties": false,
        })
    }

    #[test]
    fn a_tagged_union_becomes_an_enum_and_if_then() {
        let union = json!({"anyOf": [member("application", "app"), member("environment", "env")]});
        assert_eq!(
            rewritten(union),
            json!({
                "type": "object",
                "properties": {"scope": {"type": "string", "enum": ["application", "environment"]}},
                "required": ["scope"],
                "allOf": [
                    {
                        "if": {"properties": {"scope": {"const": "application"}}, "required": ["scope"]},
                        "then": {"properties": {"scope": true, "app": {"type": "string"}}, "required": ["app"], "additionalProperties": false},
                    },
                    {
                        "if": {"properties": {"scope": {"const": "environment"}}, "required": ["scope"]},
                        "then": {"properties": {"scope": true, "env": {"type": "string"}}, "required": ["env"], "additionalProperties": false},
                    },
                ],
            })
        );
    }

    #[test]
    fn a_nullable_tagged_union_allows_null() {
        let union = json!({"anyOf": [member("a", "x"), member("b", "y"), {"type": "null"}]});
        assert_eq!(rewritten(union)["type"], json!(["object", "null"]));
    }

    #[test]
    fn a_union_without_a_tag_stays_as_it_is() {
        for union in [
            json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string"}]}),
            json!({"anyOf": [member("a", "x"), member("a", "y")]}),
            json!({"anyOf": [member("a", "x"), {"type": "string"}]}),
        ] {
            assert_eq!(rewritten(union.clone()), union);
        }
    }
}
