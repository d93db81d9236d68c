//! Bodies, and the issues that they are answered with.

use std::borrow::Borrow;

use serde_json::{Value, json};

use super::{StringRule, check};

fn issues(schema: impl Borrow<Value>, input: impl Borrow<Value>) -> Value {
    let (schema, input) = (schema.borrow(), input.borrow());
    check(schema, schema, &StringRule::plain, Some(input))
        .unwrap_err()
        .into()
}

fn kept(schema: impl Borrow<Value>, input: impl Borrow<Value>) -> Value {
    let (schema, input) = (schema.borrow(), input.borrow());
    check(schema, schema, &StringRule::plain, Some(input)).unwrap()
}

#[test]
fn all_issues_of_a_body_come_in_the_order_of_its_properties() {
    let schema = json!({"type": "object", "required": ["b", "a"], "properties": {
        "b": {"type": "string"}, "a": {"type": "array"}, "c": {"type": "boolean"}}});
    assert_eq!(
        issues(schema, json!({"c": 1})),
        json!([
            {"code": "invalid_type", "expected": "string", "received": "undefined", "message": "Required", "path": ["b"]},
            {"code": "invalid_type", "expected": "array", "received": "undefined", "message": "Required", "path": ["a"]},
            {"code": "invalid_type", "expected": "boolean", "received": "number", "message": "Expected boolean, received number", "path": ["c"]},
        ])
    );
}

#[test]
fn unknown_keys_vanish_at_every_level_and_defaults_are_filled_in() {
    let schema = json!({"type": "object", "properties": {
        "in": {"type": "object", "properties": {"x": {"type": "integer"}}, "additionalProperties": false},
        "list": {"type": "array", "default": [], "items": {"type": "object", "properties": {"y": {}}}}}});
    assert_eq!(
        kept(
            schema.clone(),
            json!({"in": {"x": 1, "z": 2}, "list": [{"y": 1, "z": 2}], "w": 3})
        ),
        json!({"in": {"x": 1}, "list": [{"y": 1}]})
    );
    assert_eq!(kept(schema, json!({})), json!({"list": []}));
}

#[test]
fn a_map_keeps_the_keys_that_its_schema_is_for() {
    let record = json!({"type": "object", "additionalProperties": {"type": "string"}});
    assert_eq!(kept(record.clone(), json!({"a": "b"})), json!({"a": "b"}));
    assert_eq!(issues(record, json!({"a": 1}))[0]["path"], json!(["a"]));
    assert_eq!(
        kept(json!({"type": "object"}), json!({"a": 1})),
        json!({"a": 1})
    );
}

#[test]
fn null_fits_only_what_allows_it() {
    assert_eq!(
        kept(json!({"type": ["string", "null"]}), Value::Null),
        Value::Null
    );
    assert_eq!(
        issues(json!({"type": "string"}), Value::Null)[0]["message"],
        "Expected string, received null"
    );
}

#[test]
fn one_value_is_a_literal_and_several_are_an_enum() {
    let literal = json!({"type": "string", "enum": ["a"]});
    assert_eq!(
        issues(literal, json!("b")),
        json!([{"received": "b", "code": "invalid_literal", "expected": "a",
            "message": "Invalid literal value, expected \"a\"", "path": []}])
    );
    let several = json!({"type": "string", "enum": ["a", "b"]});
    assert_eq!(
        issues(several.clone(), json!("c")),
        json!([{"received": "c", "code": "invalid_enum_value", "options": ["a", "b"],
            "message": "Invalid enum value. Expected 'a' | 'b', received 'c'", "path": []}])
    );
    assert_eq!(
        issues(several, json!(1))[0]["message"],
        "Expected 'a' | 'b', received number"
    );
}

#[test]
fn both_ways_to_write_a_tagged_union_ask_for_the_tag_first() {
    let variant = |value: &str, key: &str| {
        json!({"type": "object", "properties": {"tag": {"type": "string", "enum": [value]}, key: {"type": "string"}},
            "required": ["tag", key], "additionalProperties": false})
    };
    let alternatives = json!({"anyOf": [variant("a", "x"), variant("b", "y")]});
    let condition = |value: &str, key: &str| {
        json!({"if": {"properties": {"tag": {"const": value}}, "required": ["tag"]},
            "then": {"properties": {"tag": true, key: {"type": "string"}}, "required": [key]}})
    };
    let conditions = json!({"type": "object", "required": ["tag"],
        "properties": {"tag": {"type": "string", "enum": ["a", "b"]}},
        "allOf": [condition("a", "x"), condition("b", "y")]});
    for schema in [alternatives, conditions] {
        assert_eq!(
            issues(schema.clone(), json!({"x": "1"})),
            json!([{"code": "invalid_union_discriminator", "options": ["a", "b"],
                "message": "Invalid discriminator value. Expected 'a' | 'b'", "path": ["tag"]}])
        );
        assert_eq!(
            kept(schema.clone(), json!({"tag": "b", "x": "1", "y": "2"})),
            json!({"tag": "b", "y": "2"})
        );
        assert_eq!(
            issues(schema.clone(), json!({"tag": "b"}))[0]["path"],
            json!(["y"])
        );
        assert_eq!(issues(schema, json!("b"))[0]["expected"], "object");
    }
}

#[test]
fn a_union_takes_the_first_alternative_that_fits() {
    let schema = json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string"}]});
    assert_eq!(kept(schema.clone(), json!("z")), json!("z"));
    let issue = issues(schema, json!(1));
    assert_eq!(issue[0]["code"], "invalid_union");
    assert_eq!(issue[0]["unionErrors"].as_array().unwrap().len(), 2);
}

#[test]
fn limits_are_worded_as_zod_does() {
    let message = |schema, input| issues(schema, input)[0]["message"].clone();
    assert_eq!(
        message(json!({"type": "string", "minLength": 1}), json!("")),
        "String must contain at least 1 character(s)"
    );
    assert_eq!(
        message(json!({"type": "number", "minimum": 0}), json!(-1)),
        "Number must be greater than or equal to 0"
    );
    assert_eq!(
        message(json!({"type": "integer", "exclusiveMinimum": 0}), json!(0)),
        "Number must be greater than 0"
    );
    assert_eq!(
        message(json!({"type": "integer"}), json!(1.5)),
        "Expected integer, received float"
    );
    assert_eq!(
        message(json!({"type": "array", "minItems": 1}), json!([])),
        "Array must contain at least 1 element(s)"
    );
    assert_eq!(
        message(json!({"type": "string", "format": "uuid"}), json!("x")),
        "Invalid uuid"
    );
    assert_eq!(
        message(json!({"type": "string", "pattern": "^/"}), json!("x")),
        "Invalid"
    );
}

#[test]
fn length_is_counted_as_javascript_does() {
    let schema = json!({"type": "string", "maxLength": 1});
    assert!(check(&schema, &schema, &StringRule::plain, Some(&json!("é"))).is_ok());
    assert!(check(&schema, &schema, &StringRule::plain, Some(&json!("😀"))).is_err());
}

#[test]
fn references_are_followed_and_a_circle_ends() {
    let document = json!({"$defs": {"a": {"type": "boolean"}, "b": {"$ref": "#/$defs/b"}}});
    let to = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    assert!(check(&to("a"), &document, &StringRule::plain, Some(&json!(true))).is_ok());
    assert!(check(&to("a"), &document, &StringRule::plain, Some(&json!(1))).is_err());
    assert!(check(&to("b"), &document, &StringRule::plain, Some(&json!(1))).is_ok());
}
