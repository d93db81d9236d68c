//! From OpenAPI's schemas to JSON Schema 2020-12, facts only.
//!
//! OpenAPI 3.0 has its own words for null and for exclusive limits, and any version spreads a
//! schema over references and intersections. What comes out here needs nothing else: references
//! are inlined (cyclic ones become local `$defs`), intersections merged, prose left behind.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::all_of::{any_of, intersect, with_null};
use super::union::rewrite_unions;
use crate::schema::keyword::{
    READ_ONLY, SERVER_FILLED, WRITE_ONLY, change_inner, properties, values,
};
use crate::schema::schema_file::RESERVED;
use crate::schema::validate::checker::pattern_works;

/// How deep schemas may nest, references included.
const MAX_DEPTH: usize = 64;
/// How many schemas one converted schema may consist of.
const MAX_SCHEMAS: usize = 20_000;

/// Keywords that are taken over as they are.
const PLAIN: &[&str] = &[
    "enum",
    "const",
    "default",
    "format",
    "minLength",
    "maxLength",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "required",
    READ_ONLY,
    WRITE_ONLY,
    SERVER_FILLED,
];

/// The order in which keywords are written.
const ORDER: &[&str] = &[
    "$ref",
    "type",
    "const",
    "enum",
    "default",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "patternProperties",
    "propertyNames",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "anyOf",
    "allOf",
    "if",
    "then",
    READ_ONLY,
    WRITE_ONLY,
    SERVER_FILLED,
];

/// The same as `writeOnly`, in the document's own words.
const OWN_WRITE_ONLY: &str = "x-write-only";

/// What is wrong with a schema, as the end of a sentence that starts with its operation.
pub type SchemaProblem = String;

/// Converts the schemas of one document.
pub struct Converter<'d> {
    document: &'d Value,
    /// The pointers of cyclic references, with the names of the local definitions they became.
    definition_names: BTreeMap<String, String>,
    definitions: BTreeMap<String, Value>,
    /// The references that are being followed: one that comes again is cyclic.
    open: Vec<String>,
    converted: usize,
}

impl<'d> Converter<'d> {
    /// A converter whose references point into `document`.
    pub fn new(document: &'d Value) -> Self {
        Self {
            document,
            definition_names: BTreeMap::new(),
            definitions: BTreeMap::new(),
            open: Vec::new(),
            converted: 0,
        }
    }

    /// Converts a schema.
    pub fn convert(&mut self, schema: &Value) -> Result<Value, SchemaProblem> {
        Ok(finished(self.convert_plainly(schema)?))
    }

    /// Converts a schema and leaves unions as a plain `anyOf`.
    pub fn convert_plainly(&mut self, schema: &Value) -> Result<Value, SchemaProblem> {
        self.converted = 0;
        self.flatten(schema, 0)
    }

    /// The definitions that the converted schemas refer to as `#/$defs/…`.
    pub fn into_definitions(self) -> BTreeMap<String, Value> {
        self.definitions
    }

    fn flatten(&mut self, schema: &Value, depth: usize) -> Result<Value, SchemaProblem> {
        self.converted += 1;
        if depth > MAX_DEPTH {
            return Err(format!("nests schemas more than {MAX_DEPTH} levels deep"));
        }
        if self.converted > MAX_SCHEMAS {
            return Err(format!("expands to more than {MAX_SCHEMAS} schemas"));
        }
        let map = match schema {
            Value::Bool(_) => return Ok(schema.clone()),
            Value::Object(map) => map,
            other => return Err(format!("has {} where a schema belongs", kind(other))),
        };
        let mut whole = self.own_facts(map, depth)?;
        if let Some(reference) = map.get("$ref") {
            let target = self.reference(reference, depth)?;
            whole = intersect(whole, target);
        }
        for member in list(map, "allOf")? {
            let member = self.flatten(member, depth + 1)?;
            whole = intersect(whole, member);
        }
        for keyword in ["anyOf", "oneOf"] {
            if map.contains_key(keyword) {
                let union = self.union(map, keyword, depth)?;
                whole = intersect(whole, union);
            }
        }
        if map.get("nullable") == Some(&Value::Bool(true)) {
            whole = with_null(whole);
        }
        Ok(whole)
    }

    /// `oneOf` becomes `anyOf`: that a value fits two members is not a mistake that a user can fix.
    fn union(
        &mut self,
        map: &Map<String, Value>,
        keyword: &str,
        depth: usize,
    ) -> Result<Value, SchemaProblem> {
        let mut members = Vec::new();
        for member in list(map, keyword)? {
            let mut flat = self.flatten(member, depth + 1)?;
            if let Some((tag, value)) = discriminated(map, member)
                && properties(&flat)
                    .and_then(|fields| values(fields.get(tag)?))
                    .is_none()
            {
                flat = intersect(
                    flat,
                    json!({"type": "object", "properties": {tag: {"type": "string", "enum": [value]}}, "required": [tag]}),
                );
            }
            members.push(flat);
        }
        Ok(any_of(members))
    }

    fn own_facts(
        &mut self,
        map: &Map<String, Value>,
        depth: usize,
    ) -> Result<Value, SchemaProblem> {
        let mut facts = Map::new();
        for keyword in PLAIN {
            if let Some(value) = map.get(*keyword)
                && is_well_formed(keyword, value)
            {
                facts.insert((*keyword).into(), value.clone());
            }
        }
        if map.get(OWN_WRITE_ONLY) == Some(&Value::Bool(true)) {
            facts.insert(WRITE_ONLY.into(), true.into());
        }
        if let Some(types) = map.get("type") {
            expect_types(types)?;
            facts.insert("type".into(), simple_type(types));
        }
        // What cannot be checked here is left to the server.
        if let Some(Value::String(pattern)) = map.get("pattern")
            && pattern_works(pattern)
        {
            facts.insert("pattern".into(), json!(pattern));
        }
        limits(map, &mut facts);
        for keyword in ["items", "propertyNames"] {
            if let Some(schema) = map.get(keyword) {
                facts.insert(keyword.into(), self.flatten(schema, depth + 1)?);
            }
        }
        for keyword in ["properties", "patternProperties"] {
            match map.get(keyword) {
                None => {}
                Some(Value::Object(properties)) => {
                    let mut converted = Map::new();
                    for (name, schema) in properties {
                        converted.insert(name.clone(), self.flatten(schema, depth + 1)?);
                    }
                    facts.insert(keyword.into(), Value::Object(converted));
                }
                Some(other) => {
                    return Err(format!("has {} as `{keyword}` of a schema", kind(other)));
                }
            }
        }
        let further = map
            .get("additionalProperties")
            .or_else(|| map.get("unevaluatedProperties"));
        if let Some(schema) = further {
            facts.insert(
                "additionalProperties".into(),
                self.flatten(schema, depth + 1)?,
            );
        }
        Ok(if facts.is_empty() {
            Value::Bool(true)
        } else {
            Value::Object(facts)
        })
    }

    fn reference(&mut self, reference: &Value, depth: usize) -> Result<Value, SchemaProblem> {
        let Some(reference) = reference.as_str() else {
            return Err("has a `$ref` that is not a string".into());
        };
        let target = resolve(self.document, reference)?;
        let is_open = self.open.iter().any(|open| open == reference);
        if is_open && !self.definition_names.contains_key(reference) {
            let name = self.definition_name(reference);
            self.definition_names.insert(reference.to_owned(), name);
        }
        if let Some(name) = self.definition_names.get(reference) {
            return Ok(json!({"$ref": format!("#/$defs/{name}")}));
        }
        self.open.push(reference.to_owned());
        let flat = self.flatten(target, depth + 1)?;
        self.open.pop();
        let Some(name) = self.definition_names.get(reference) else {
            return Ok(flat);
        };
        self.definitions.insert(name.clone(), finished(flat));
        Ok(json!({"$ref": format!("#/$defs/{name}")}))
    }

    /// A name for a cyclic schema, after the last part of its reference.
    fn definition_name(&self, reference: &str) -> String {
        let last: String = reference
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect();
        let taken = |name: &str| {
            name.is_empty()
                || RESERVED.contains(&name)
                || self.definition_names.values().any(|used| used == name)
        };
        if !taken(&last) {
            return last;
        }
        // There are never more names than definitions, so one of these is free.
        (2..=self.definition_names.len() + 2)
            .map(|number| format!("{last}-{number}"))
            .find(|name| !taken(name))
            .unwrap_or(last)
    }
}

/// The part of the document that a reference names.
pub fn resolve<'d>(document: &'d Value, reference: &str) -> Result<&'d Value, SchemaProblem> {
    let Some(pointer) = reference.strip_prefix('#') else {
        return Err(format!(
            "refers to \"{reference}\", which is outside of the document"
        ));
    };
    let missing = || format!("refers to \"{reference}\", which the document does not have");
    let decoded = percent_decode_str(pointer).decode_utf8();
    let decoded = decoded.map_err(|_| missing())?;
    document.pointer(&decoded).ok_or_else(missing)
}

/// The tag and its value that a `discriminator` gives to a member of a union.
/// Without a mapping, the value is the name of the member's schema.
fn discriminated<'a>(map: &'a Map<String, Value>, member: &'a Value) -> Option<(&'a str, &'a str)> {
    let discriminator = map.get("discriminator")?;
    let tag = discriminator.get("propertyName")?.as_str()?;
    let reference = member.get("$ref")?.as_str()?;
    let schema_name = reference.rsplit('/').next()?;
    let mapped = discriminator
        .get("mapping")
        .and_then(Value::as_object)
        .and_then(|mapping| {
            mapping.iter().find_map(|(value, target)| {
                let target = target.as_str()?;
                (target == reference || target == schema_name).then_some(value.as_str())
            })
        });
    Some((tag, mapped.unwrap_or(schema_name)))
}

fn list<'a>(map: &'a Map<String, Value>, keyword: &str) -> Result<&'a [Value], SchemaProblem> {
    match map.get(keyword) {
        None => Ok(&[]),
        Some(Value::Array(members)) => Ok(members),
        Some(other) => Err(format!("has {} as `{keyword}` of a schema", kind(other))),
    }
}

fn expect_types(types: &Value) -> Result<(), SchemaProblem> {
    const TYPES: [&str; 7] = [
        "string", "number", "integer", "boolean", "object", "array", "null",
    ];
    let known = |name: &Value| name.as_str().is_some_and(|name| TYPES.contains(&name));
    let fine = match types {
        Value::Array(names) => !names.is_empty() && names.iter().all(known),
        name => known(name),
    };
    if fine {
        Ok(())
    } else {
        Err(format!("has {types} as the type of a schema"))
    }
}

fn simple_type(types: &Value) -> Value {
    match types {
        Value::Array(names) if names.len() == 1 => names[0].clone(),
        other => other.clone(),
    }
}

/// Whether a keyword's value is one that a validator takes. What is not, as the `required: true`
/// of old drafts, is left out: what cannot be checked here is left to the server.
fn is_well_formed(keyword: &str, value: &Value) -> bool {
    match keyword {
        "enum" => value.as_array().is_some_and(|values| !values.is_empty()),
        "required" => value
            .as_array()
            .is_some_and(|names| names.iter().all(Value::is_string)),
        "format" => value.is_string(),
        "uniqueItems" | READ_ONLY | WRITE_ONLY | SERVER_FILLED => value.is_boolean(),
        "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0),
        "const" | "default" => true,
        // The sizes.
        _ => value.is_u64(),
    }
}

/// Limits of numbers; OpenAPI 3.0 marks an exclusive one with a boolean beside it.
fn limits(map: &Map<String, Value>, facts: &mut Map<String, Value>) {
    for (limit, exclusive) in [
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ] {
        let value = map.get(limit).filter(|value| value.is_number());
        match (map.get(exclusive), value) {
            (Some(Value::Bool(true)), Some(value)) => {
                facts.insert(exclusive.into(), value.clone());
                continue;
            }
            (Some(number @ Value::Number(_)), _) => {
                facts.insert(exclusive.into(), number.clone());
            }
            _ => {}
        }
        if let Some(value) = value {
            facts.insert(limit.into(), value.clone());
        }
    }
}

/// A flat schema with its unions rewritten and its keywords in order.
fn finished(mut schema: Value) -> Value {
    rewrite_unions(&mut schema);
    put_in_order(&mut schema);
    schema
}

/// Puts the keywords into the one order that is written, at every level.
fn put_in_order(schema: &mut Value) {
    change_inner(schema, put_in_order);
    let required = required_in_order(schema);
    let Value::Object(map) = schema else { return };
    let mut ordered = Map::new();
    for keyword in ORDER {
        let value = match (*keyword, map.remove(*keyword)) {
            (_, None) => continue,
            ("required", _) if required.is_empty() => continue,
            ("required", _) => required.clone().into(),
            (_, Some(value)) => value,
        };
        ordered.insert((*keyword).into(), value);
    }
    *map = ordered;
}

/// Required names in the order of the properties, each once; those without a property last.
fn required_in_order(schema: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    let mut names: BTreeSet<&str> = names.collect();
    let fields = properties(schema).into_iter().flat_map(Map::keys);
    let mut listed: Vec<String> = fields
        .filter(|name| names.remove(name.as_str()))
        .cloned()
        .collect();
    listed.extend(names.into_iter().map(str::to_owned));
    listed
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Converter;

    fn convert_in(document: &Value, schema: &Value) -> Value {
        Converter::new(document).convert(schema).unwrap()
    }

    fn convert(schema: &Value) -> Value {
        convert_in(&json!({}), schema)
    }

    #[test]
    fn prose_is_left_behind_and_keywords_get_one_order() {
        let schema = json!({
            "title": "T", "description": "d", "example": "e", "deprecated": true,
            "required": ["b", "a"], "additionalProperties": false, "type": "object",
            "properties": {"a": {"maxLength": 3, "type": "string"}, "b": {}},
        });
        assert_eq!(
            convert(&schema).to_string(),
            r#"{"type":"object","properties":{"a":{"type":"string","maxLength":3},"b":true},"required":["a","b"],"additionalProperties":false}"#
        );
    }

    #[test]
    fn a_property_named_like_a_keyword_is_a_property() {
        let schema = json!({"type": "object", "properties": {"title": {"type": "string"}, "nullable": {"type": "boolean"}}});
        assert_eq!(convert(&schema), schema);
    }

    #[test]
    fn nullable_and_exclusive_limits_are_written_as_2020_12_has_them() {
        assert_eq!(
            convert(&json!({"type": "string", "nullable": true, "enum": ["a"]})),
            json!({"type": ["string", "null"], "enum": ["a", null]})
        );
        assert_eq!(
            convert(
                &json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false})
            ),
            json!({"type": "integer", "exclusiveMinimum": 0, "maximum": 9})
        );
        assert_eq!(
            convert(&json!({"type": "integer", "exclusiveMinimum": 0})),
            json!({"type": "integer", "exclusiveMinimum": 0})
        );
        assert_eq!(
            convert(&json!({"anyOf": [{"type": "string"}, {"type": "null"}]})),
            json!({"type": ["string", "null"]})
        );
    }

    #[test]
    fn keywords_that_no_validator_takes_are_left_out() {
        assert_eq!(
            convert(
                &json!({"type": "string", "required": true, "minLength": -1, "format": 5, "enum": [], "minimum": "0"})
            ),
            json!({"type": "string"})
        );
    }

    #[test]
    fn references_are_inlined_with_their_siblings() {
        let document = json!({"components": {"schemas": {"a/b": {"type": "string"}}}});
        assert_eq!(
            convert_in(
                &document,
                &json!({"$ref": "#/components/schemas/a~1b", "nullable": true})
            ),
            json!({"type": ["string", "null"]})
        );
    }

    #[test]
    fn cyclic_references_become_local_definitions() {
        let document = json!({"components": {"schemas": {
            "Tree": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
        }}});
        let mut converter = Converter::new(&document);
        let schema = converter
            .convert(&json!({"$ref": "#/components/schemas/Tree"}))
            .unwrap();
        assert_eq!(schema, json!({"$ref": "#/$defs/Tree"}));
        assert_eq!(
            converter.into_definitions()["Tree"],
            json!({"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}})
        );
    }

    #[test]
    fn references_that_lead_nowhere_or_outside_are_problems() {
        let problem = |reference: &str| {
            Converter::new(&json!({}))
                .convert(&json!({"$ref": reference}))
                .unwrap_err()
        };
        assert!(problem("#/components/schemas/X").contains("does not have"));
        assert!(problem("other.json#/X").contains("outside of the document"));
    }

    #[test]
    fn a_reference_bomb_is_a_problem_and_takes_no_time() {
        let mut schemas = serde_json::Map::new();
        for level in 0..40 {
            let next = format!("#/components/schemas/S{}", level + 1);
            schemas.insert(
                format!("S{level}"),
                json!({"type": "object", "properties": {"a": {"$ref": next}, "b": {"$ref": next}}}),
            );
        }
        schemas.insert("S40".into(), json!({"type": "string"}));
        let document = json!({"components": {"schemas": schemas}});
        let problem = Converter::new(&document)
            .convert(&json!({"$ref": "#/components/schemas/S0"}))
            .unwrap_err();
        assert!(problem.contains("schemas"), "{problem}");
    }

    #[test]
    fn a_discriminator_gives_each_member_its_tag() {
        let document = json!({"components": {"schemas": {
            "Cat": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}, "required": ["kind"]},
            "Dog": {"type": "object", "properties": {"kind": {"type": "string"}, "name": {"type": "string"}}, "required": ["kind", "name"]},
        }}});
        let schema = json!({
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog"}},
        });
        let converted = convert_in(&document, &schema);
        assert_eq!(
            converted["properties"],
            json!({"kind": {"type": "string", "enum": ["cat", "dog"]}})
        );
        assert_eq!(converted["allOf"][1]["then"]["required"], json!(["name"]));
    }
}
