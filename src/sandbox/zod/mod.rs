//! Checks bodies and queries against JSON Schemas and words what is wrong as zod does.
//!
//! Infisical checks its requests with zod, and prints zod's issues as they are in a 422.
//! This is not a general validator: it knows what the destinations' schemas use, and it does
//! what zod does besides checking. Unknown keys are dropped at every level, defaults are
//! filled in, and some strings are trimmed.

pub mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::core::words::is_uuid;
use crate::schema::keyword::{has_type, members, properties, requires};
use shape::{TaggedUnion, listed, type_of};

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
pub type StringRules<'a> = &'a dyn Fn(&str) -> StringRule;

/// How deep schemas and values may nest before a value is taken as it is.
const MAX_DEPTH: usize = 64;

/// Checks a value and returns it as the server keeps it, or all that is wrong with it.
///
/// `document` is what a `$ref` in the schema points into.
pub fn check(
    schema: &Value,
    document: &Value,
    rules: StringRules<'_>,
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
    rules: StringRules<'a>,
    path: Vec<Value>,
    issues: Vec<Value>,
}

impl<'a> Checker<'a> {
    /// Checks a value that may be missing. `None` leaves the key out.
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
        if input.is_null() && has_type(schema, "null") {
            return Some(Value::Null);
        }
        if let Some(values) = listed(schema) {
            return self.enumerated(schema, &values, input);
        }
        if let Some(union) = TaggedUnion::of(schema) {
            return self.tagged(&union, input);
        }
        if schema.get("anyOf").is_some() {
            return self.union(members(schema, "anyOf"), input);
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
        let properties = properties(schema);
        for (key, property) in properties.into_iter().flatten() {
            self.member(&mut kept, key, property, input, requires(schema, key));
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
        let limit = |keyword: &str| schema.get(keyword)?.as_u64();
        let length = input.len() as u64;
        if let Some(least) = limit("minItems").filter(|least| length < *least) {
            let message = format!("Array must contain at least {least} element(s)");
            self.size("too_small", "array", least, &message);
        }
        if let Some(most) = limit("maxItems").filter(|most| length > *most) {
            let message = format!("Array must contain at most {most} element(s)");
            self.size("too_big", "array", most, &message);
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
        if schema.get("format") == Some(&json!("uuid")) && !is_uuid(text) {
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
        let limit = |keyword: &str| schema.get(keyword)?.as_u64();
        // JavaScript counts UTF-16 units.
        let length = text.encode_utf16().count() as u64;
        if let Some(least) = limit("minLength").filter(|least| length < *least) {
            let message = rule.too_short.clone().unwrap_or_else(|| {
                format!("String must contain at least {least} character(s)").into()
            });
            self.size("too_small", "string", least, &message);
        }
        let most = match (&rule.at_most, &rule.form) {
            (Some((most, message)), _) => Some((*most, message.clone())),
            (None, Some(_)) => None,
            (None, None) => limit("maxLength").map(|most| {
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
                let message = format!("Number must be {words} {bound}");
                self.bound(code, "number", bound, inclusive, &message);
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
            .chain(properties(variant))
            .flatten()
        {
            if key == union.tag {
                kept.entry(key.as_str()).or_insert_with(|| (*tag).clone());
            } else {
                let required = requires(variant, key) || requires(union.schema, key);
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
        let values = listed(schema);
        if let Some([only]) = values.as_deref() {
            return self.issue(json!({
                "code": "invalid_literal", "expected": only,
                "message": format!("Invalid literal value, expected {only}")
            }));
        }
        let expected = match (values, type_of(schema)) {
            (Some(values), _) => options(&values),
            (_, Some("integer")) => "number".to_owned(),
            (_, Some(kind)) => kind.to_owned(),
            _ if TaggedUnion::of(schema).is_some() => "object".to_owned(),
            _ => {
                return self.issue(json!({
                    "code": "invalid_union", "unionErrors": [], "message": "Invalid input"
                }));
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
        self.bound(code, kind, &bound.into(), true, message);
    }

    fn bound(&mut self, code: &str, kind: &str, bound: &Value, inclusive: bool, message: &str) {
        let side = if code == "too_small" {
            "minimum"
        } else {
            "maximum"
        };
        self.issue(json!({
            "code": code, side: bound, "type": kind, "inclusive": inclusive, "exact": false,
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
        resolved(schema, self.document)
    }
}

/// The schema that a reference leads to; the schema itself if it is none.
pub fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| document.pointer(reference.strip_prefix('#')?));
        match target {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
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
