//! Checks bodies and queries against JSON Schemas and words what is wrong as zod does.
//!
//! Infisical checks its requests with zod, and prints zod's issues as they are in a 422.
//! This is no general validator: it knows what the destinations' schemas use, and it does
//! what zod does beside checking, too. Unknown keys are dropped at every level, defaults are
//! filled in, and some strings are trimmed.

use std::borrow::Cow;

use regex::Regex;
use serde_json::{Map, Value, json};

/// Whether a string has the right form.
pub type Form = fn(&str) -> bool;

/// What a server does with a string beyond what its schema says.
#[derive(Debug, Clone, Default)]
pub struct StringRule {
    /// Whether blanks at the ends are dropped before checking.
    pub trim: bool,
    /// What it says when the string is too short.
    pub too_short: Option<Cow<'static, str>>,
    /// A limit that takes the place of the schema's, and what it says beyond it.
    pub at_most: Option<(u64, Cow<'static, str>)>,
    /// A check that takes the place of the schema's pattern and limit, and what it says.
    pub form: Option<(Form, Cow<'static, str>)>,
    /// What it says when the schema's pattern does not match.
    pub mismatch: Option<Cow<'static, str>>,
}

impl StringRule {
    /// The rule of strings of which the schema says all.
    pub fn plain(_place: &str) -> Self {
        Self::default()
    }
}

/// The rule of a string by its place: `destinationConfig.app`.
pub type Rules<'a> = &'a dyn Fn(&str) -> StringRule;

/// How deep schemas and values may nest before a value is taken as it is.
const MAX_DEPTH: usize = 64;

/// Checks a value and returns it as the server keeps it, or all that is wrong with it.
///
/// `document` is what a `$ref` in the schema points into.
pub fn check(
    schema: &Value,
    document: &Value,
    rules: Rules<'_>,
    input: Option<&Value>,
) -> Result<Value, Vec<Value>> {
    let mut checker = Checker {
        document,
        rules,
        path: Vec::new(),
        issues: Vec::new(),
    };
    let kept = checker.field(schema, input, true).unwrap_or(Value::Null);
    if checker.issues.is_empty() {
        Ok(kept)
    } else {
        Err(checker.issues)
    }
}

struct Checker<'a> {
    document: &'a Value,
    rules: Rules<'a>,
    path: Vec<Value>,
    issues: Vec<Value>,
}

impl<'a> Checker<'a> {
    /// Checks a value that may be missing; none means that the key is left out.
    fn field(&mut self, schema: &'a Value, input: Option<&Value>, required: bool) -> Option<Value> {
        let schema = self.resolved(schema);
        if let Some(input) = input {
            return self.value(schema, input);
        }
        let default = schema.get("default").cloned();
        if required && default.is_none() {
            self.missing(schema);
        }
        default
    }

    fn value(&mut self, schema: &'a Value, input: &Value) -> Option<Value> {
        if self.path.len() > MAX_DEPTH || !schema.is_object() {
            return Some(input.clone());
        }
        if input.is_null() && allows_null(schema) {
            return Some(Value::Null);
        }
        if let Some(values) = enumeration(schema) {
            return self.enumerated(schema, &values, input);
        }
        if let Some(union) = TaggedUnion::of(schema) {
            return self.tagged(&union, input);
        }
        if let Some(variants) = alternatives(schema) {
            return self.union(variants, input);
        }
        match type_of(schema) {
            Some("object") => self.object(schema, input),
            Some("array") => self.array(schema, input),
            Some("string") => self.string(schema, input),
            Some("number" | "integer") => self.number(schema, input),
            Some("boolean") => {
                if input.is_boolean() {
                    Some(input.clone())
                } else {
                    self.wrong_type("boolean", input)
                }
            }
            _ => Some(input.clone()),
        }
    }

    fn object(&mut self, schema: &'a Value, input: &Value) -> Option<Value> {
        let Some(input) = input.as_object() else {
            return self.wrong_type("object", input);
        };
        let mut kept = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            self.member(&mut kept, key, property, input, is_required(schema, key));
        }
        // Only a schema for further keys, or none at all for any key, keeps what is not listed.
        let further = schema.get("additionalProperties");
        let keeps_all = properties.is_none() && further.is_none();
        for (key, value) in input {
            if kept.contains_key(key) || properties.is_some_and(|known| known.contains_key(key)) {
                continue;
            }
            match further {
                Some(Value::Bool(true)) => {
                    kept.insert(key.clone(), value.clone());
                }
                Some(further @ Value::Object(_)) => {
                    self.member(&mut kept, key, further, input, false);
                }
                _ if keeps_all => {
                    kept.insert(key.clone(), value.clone());
                }
                _ => {}
            }
        }
        Some(Value::Object(kept))
    }

    fn member(
        &mut self,
        kept: &mut Map<String, Value>,
        key: &str,
        schema: &'a Value,
        input: &Map<String, Value>,
        required: bool,
    ) {
        self.path.push(key.into());
        if let Some(value) = self.field(schema, input.get(key), required) {
            kept.insert(key.to_owned(), value);
        }
        self.path.pop();
    }

    fn array(&mut self, schema: &'a Value, input: &Value) -> Option<Value> {
        let Some(input) = input.as_array() else {
            return self.wrong_type("array", input);
        };
        let length = input.len() as u64;
        if let Some(least) = limit(schema, "minItems").filter(|least| length < *least) {
            self.size(
                "too_small",
                "array",
                least,
                &format!("Array must contain at least {least} element(s)"),
            );
        }
        if let Some(most) = limit(schema, "maxItems").filter(|most| length > *most) {
            self.size(
                "too_big",
                "array",
                most,
                &format!("Array must contain at most {most} element(s)"),
            );
        }
        let items = schema.get("items").unwrap_or(&Value::Bool(true));
        let kept = input
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                self.path.push(at.into());
                let value = self.field(items, Some(item), true);
                self.path.pop();
                value
            })
            .collect();
        Some(Value::Array(kept))
    }

    fn string(&mut self, schema: &Value, input: &Value) -> Option<Value> {
        let Some(input) = input.as_str() else {
            return self.wrong_type("string", input);
        };
        let rule = (self.rules)(&self.place());
        let text = if rule.trim { trimmed(input) } else { input };
        if schema.get("format") == Some(&json!("uuid")) && !super::ids::is_uuid(text) {
            self.invalid_string("uuid", "Invalid uuid");
        }
        if schema.get("format") == Some(&json!("uri")) && url::Url::parse(text).is_err() {
            self.invalid_string("url", "Invalid url");
        }
        self.string_size(schema, &rule, text);
        match &rule.form {
            Some((fits, message)) => {
                if !fits(text) {
                    self.custom(message);
                }
            }
            None => self.pattern(schema, &rule, text),
        }
        Some(text.into())
    }

    fn string_size(&mut self, schema: &Value, rule: &StringRule, text: &str) {
        // JavaScript counts UTF-16 units.
        let length = text.encode_utf16().count() as u64;
        if let Some(least) = limit(schema, "minLength").filter(|least| length < *least) {
            let message = rule.too_short.clone().unwrap_or_else(|| {
                format!("String must contain at least {least} character(s)").into()
            });
            self.size("too_small", "string", least, &message);
        }
        let most = match (&rule.at_most, &rule.form) {
            (Some((most, message)), _) => Some((*most, message.clone())),
            (None, Some(_)) => None,
            (None, None) => limit(schema, "maxLength").map(|most| {
                (
                    most,
                    format!("String must contain at most {most} character(s)").into(),
                )
            }),
        };
        if let Some((most, message)) = most.filter(|(most, _)| length > *most) {
            self.size("too_big", "string", most, &message);
        }
    }

    fn pattern(&mut self, schema: &Value, rule: &StringRule, text: &str) {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        // A pattern that this engine cannot read refuses nothing.
        let Some(pattern) = pattern.and_then(|pattern| Regex::new(pattern).ok()) else {
            return;
        };
        if pattern.is_match(text) {
            return;
        }
        match &rule.mismatch {
            Some(message) => self.custom(message),
            None => self.invalid_string("regex", "Invalid"),
        }
    }

    fn number(&mut self, schema: &Value, input: &Value) -> Option<Value> {
        let Some(number) = input.as_f64().filter(|_| input.is_number()) else {
            return self.wrong_type("number", input);
        };
        if type_of(schema) == Some("integer") && number.fract() != 0.0 {
            self.issue(json!({
                "code": "invalid_type", "expected": "integer", "received": "float",
                "message": "Expected integer, received float"
            }));
        }
        for (key, code, inclusive, words) in [
            ("minimum", "too_small", true, "greater than or equal to"),
            ("exclusiveMinimum", "too_small", false, "greater than"),
            ("maximum", "too_big", true, "less than or equal to"),
            ("exclusiveMaximum", "too_big", false, "less than"),
        ] {
            let Some(bound) = schema.get(key).filter(|bound| bound.is_number()) else {
                continue;
            };
            let limit = bound.as_f64().unwrap_or(number);
            let fits = match (code, inclusive) {
                ("too_small", true) => number >= limit,
                ("too_small", false) => number > limit,
                (_, true) => number <= limit,
                (_, false) => number < limit,
            };
            if !fits {
                let side = if code == "too_small" {
                    "minimum"
                } else {
                    "maximum"
                };
                self.issue(json!({
                    "code": code, side: bound, "type": "number", "inclusive": inclusive,
                    "exact": false, "message": format!("Number must be {words} {bound}")
                }));
            }
        }
        Some(input.clone())
    }

    fn enumerated(&mut self, schema: &Value, values: &[&Value], input: &Value) -> Option<Value> {
        if values.contains(&input) {
            return Some(input.clone());
        }
        if let [only] = values {
            self.issue(json!({
                "received": input, "code": "invalid_literal", "expected": only,
                "message": format!("Invalid literal value, expected {only}")
            }));
        } else if input.is_string() || type_of(schema) != Some("string") {
            let options = options(values);
            self.issue(json!({
                "received": input, "code": "invalid_enum_value", "options": values,
                "message": format!("Invalid enum value. Expected {options}, received {}", quoted(input))
            }));
        } else {
            let (options, received) = (options(values), kind(input));
            self.issue(json!({
                "expected": options, "received": received, "code": "invalid_type",
                "message": format!("Expected {options}, received {received}")
            }));
        }
        None
    }

    fn tagged(&mut self, union: &TaggedUnion<'a>, input: &Value) -> Option<Value> {
        let Some(members) = input.as_object() else {
            return self.wrong_type("object", input);
        };
        let variant = members
            .get(union.tag)
            .and_then(|tag| union.variants.iter().find(|(value, _)| *value == tag));
        let Some((tag, variant)) = variant else {
            let values: Vec<&Value> = union.variants.iter().map(|(value, _)| *value).collect();
            self.path.push(union.tag.into());
            self.issue(json!({
                "code": "invalid_union_discriminator", "options": values,
                "message": format!("Invalid discriminator value. Expected {}", options(&values))
            }));
            self.path.pop();
            return None;
        };
        let mut kept = Map::new();
        for (key, property) in union
            .shared
            .into_iter()
            .chain(properties_of(variant))
            .flatten()
        {
            if key == union.tag {
                kept.entry(key.as_str()).or_insert_with(|| (*tag).clone());
            } else {
                let required = is_required(variant, key) || is_required(union.schema, key);
                self.member(&mut kept, key, property, members, required);
            }
        }
        Some(Value::Object(kept))
    }

    fn union(&mut self, variants: &'a [Value], input: &Value) -> Option<Value> {
        let mut errors = Vec::new();
        for variant in variants {
            let before = self.issues.len();
            let kept = self.field(variant, Some(input), true);
            if self.issues.len() == before {
                return kept;
            }
            let issues = self.issues.split_off(before);
            errors.push(json!({"issues": issues, "name": "ZodError"}));
        }
        self.issue(json!({
            "code": "invalid_union", "unionErrors": errors, "message": "Invalid input"
        }));
        None
    }

    fn missing(&mut self, schema: &Value) {
        if let Some(values) = enumeration(schema) {
            if let [only] = values.as_slice() {
                self.issue(json!({
                    "code": "invalid_literal", "expected": only,
                    "message": format!("Invalid literal value, expected {only}")
                }));
            } else {
                self.issue(json!({
                    "expected": options(&values), "received": "undefined",
                    "code": "invalid_type", "message": "Required"
                }));
            }
            return;
        }
        let expected = match type_of(schema) {
            Some("integer") => "number",
            Some(kind) => kind,
            None if TaggedUnion::of(schema).is_some() => "object",
            None => {
                self.issue(json!({
                    "code": "invalid_union", "unionErrors": [], "message": "Invalid input"
                }));
                return;
            }
        };
        self.issue(json!({
            "code": "invalid_type", "expected": expected, "received": "undefined",
            "message": "Required"
        }));
    }

    fn wrong_type(&mut self, expected: &str, input: &Value) -> Option<Value> {
        let received = kind(input);
        self.issue(json!({
            "code": "invalid_type", "expected": expected, "received": received,
            "message": format!("Expected {expected}, received {received}")
        }));
        None
    }

    fn invalid_string(&mut self, validation: &str, message: &str) {
        self.issue(json!({
            "validation": validation, "code": "invalid_string", "message": message
        }));
    }

    fn custom(&mut self, message: &str) {
        self.issue(json!({"code": "custom", "message": message}));
    }

    fn size(&mut self, code: &str, kind: &str, bound: u64, message: &str) {
        let side = if code == "too_small" {
            "minimum"
        } else {
            "maximum"
        };
        self.issue(json!({
            "code": code, side: bound, "type": kind, "inclusive": true, "exact": false,
            "message": message
        }));
    }

    fn issue(&mut self, mut issue: Value) {
        issue["path"] = self.path.clone().into();
        self.issues.push(issue);
    }

    /// The path with dots, without the places in lists.
    fn place(&self) -> String {
        let keys: Vec<&str> = self.path.iter().filter_map(Value::as_str).collect();
        keys.join(".")
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let target = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| self.document.pointer(reference.strip_prefix('#')?));
            match target {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }
}

/// An object whose tag decides which further keys it has.
struct TaggedUnion<'a> {
    schema: &'a Value,
    tag: &'a str,
    /// Keys that every variant has.
    shared: Option<&'a Map<String, Value>>,
    variants: Vec<(&'a Value, &'a Value)>,
}

impl<'a> TaggedUnion<'a> {
    /// Finds the two ways to write one: `allOf` with `if` and `then`, and `anyOf` or `oneOf`
    /// of objects that each have one value for the same key.
    fn of(schema: &'a Value) -> Option<Self> {
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

fn properties_of(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// The one value that a schema allows.
fn single_value(schema: &Value) -> Option<&Value> {
    match enumeration(schema)?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The values that a schema lists; null aside, which zod treats apart.
fn enumeration(schema: &Value) -> Option<Vec<&Value>> {
    if let Some(only) = schema.get("const") {
        return Some(vec![only]);
    }
    let values = schema.get("enum")?.as_array()?;
    Some(values.iter().filter(|value| !value.is_null()).collect())
}

fn alternatives(schema: &Value) -> Option<&[Value]> {
    let alternatives = schema.get("anyOf").or_else(|| schema.get("oneOf"))?;
    alternatives.as_array().map(Vec::as_slice)
}

fn allows_null(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("null")),
        Some(Value::String(kind)) => kind == "null",
        _ => schema.get("nullable") == Some(&Value::Bool(true)),
    }
}

/// The schema's type, null aside.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    }
}

fn is_required(schema: &Value, key: &str) -> bool {
    schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|name| name == key))
}

fn limit(schema: &Value, key: &str) -> Option<u64> {
    schema.get(key)?.as_u64()
}

/// `'a' | 'b'`.
fn options(values: &[&Value]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    values.join(" | ")
}

fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// What zod calls the kind of a value.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Trims as JavaScript does: a byte order mark is blank, the next-line control is not.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
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
}
