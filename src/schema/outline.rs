//! A schema as people read it: its fields, each with what may stand there.

use serde_json::Value;

use super::keyword::{
    self, READ_ONLY, SERVER_FILLED, WRITE_ONLY, branch, has_type, is_marked, members,
};
use crate::core::text::visible;
use crate::core::words::{any_of, count, joined};

/// How deep references and objects are followed.
const DEEPEST: usize = 8;

/// The longest pattern that is shown, in characters.
const LONGEST_PATTERN: usize = 60;

/// The fields of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    /// Those that every value can have.
    pub fields: Vec<OutlineField>,
    /// Where the value of one field decides which others there are.
    pub union: Option<Union>,
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlineField {
    /// Its key.
    pub name: String,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether a file has no say in it.
    pub is_of_the_server: bool,
    /// What may stand there, as the end of a phrase: "text", "one of `a` or `b`".
    pub form: String,
    /// Further facts, each as a phrase.
    pub facts: Vec<String>,
    /// The only values that may stand there; empty if there are others.
    pub choices: Vec<Value>,
    /// The value that it has if it is not given.
    pub default: Option<Value>,
    /// Its own fields, if it is an object.
    pub inner: Option<Outline>,
}

/// A tagged union.
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// The field that decides.
    pub tag: String,
    /// The values of the tag, each with the further fields.
    pub variants: Vec<(Value, Vec<OutlineField>)>,
}

impl OutlineField {
    /// What there is to say about it beside its name and whether it is required.
    pub fn says(&self) -> String {
        let default = self.default.as_ref().filter(|default| !default.is_null());
        let default = default.map(|default| format!("default {}", visible(&default.to_string())));
        let form = Some(self.form.clone()).filter(|form| !form.is_empty());
        let says = form.into_iter().chain(self.facts.clone()).chain(default);
        says.collect::<Vec<_>>().join("; ")
    }
}

/// The outline of an object's schema.
pub fn outline(schema: &Value) -> Outline {
    Reader { root: schema }.object(schema, 0)
}

struct Reader<'s> {
    root: &'s Value,
}

impl<'s> Reader<'s> {
    fn object(&self, schema: &'s Value, depth: usize) -> Outline {
        let schema = self.follow(schema);
        if depth > DEEPEST {
            return Outline::default();
        }
        let mut outline = Outline {
            fields: self.fields(schema, None, depth),
            union: None,
        };
        for member in members(schema, "allOf") {
            match branch(member) {
                Some(branch) => {
                    let fields = self.fields(branch.then, Some(branch.tag), depth);
                    let union = outline.union.get_or_insert_with(|| Union {
                        tag: branch.tag.to_owned(),
                        variants: Vec::new(),
                    });
                    let values = branch.values.iter();
                    let variants = values.map(|value| (value.clone(), fields.clone()));
                    union.variants.extend(variants);
                }
                None => add(&mut outline.fields, self.object(member, depth + 1).fields),
            }
        }
        self.add_untagged(&mut outline.fields, schema, depth);
        outline
    }

    /// Adds the fields of objects that no tag distinguishes: only what all of them require is
    /// required.
    fn add_untagged(&self, fields: &mut Vec<OutlineField>, schema: &'s Value, depth: usize) {
        let objects = members(schema, "anyOf").iter();
        let objects: Vec<Outline> = objects
            .filter(|member| self.is_object(member))
            .map(|member| self.object(member, depth + 1))
            .collect();
        let requires = |outline: &Outline, name: &str| {
            let mut fields = outline.fields.iter();
            fields.any(|field| field.name == name && field.is_required)
        };
        for outline in &objects {
            let mut own = outline.fields.clone();
            for field in &mut own {
                field.is_required = objects.iter().all(|other| requires(other, &field.name));
            }
            add(fields, own);
        }
    }

    fn fields(&self, schema: &'s Value, without: Option<&str>, depth: usize) -> Vec<OutlineField> {
        let properties = keyword::properties(schema).into_iter().flatten();
        let mut fields: Vec<OutlineField> = properties
            .filter(|(name, _)| Some(name.as_str()) != without)
            .map(|(name, field)| self.field(name, field, keyword::requires(schema, name), depth))
            .collect();
        fields.sort_by_key(|field| !field.is_required);
        fields
    }

    fn field(
        &self,
        name: &str,
        marked: &'s Value,
        is_required: bool,
        depth: usize,
    ) -> OutlineField {
        let schema = self.follow(marked);
        let inner = self
            .is_object(schema)
            .then(|| self.object(schema, depth + 1))
            .filter(|inner| !inner.fields.is_empty() || inner.union.is_some());
        let is_marked = |mark: &str| is_marked(marked, mark) || is_marked(schema, mark);
        let mut facts = facts(schema);
        if is_marked(WRITE_ONLY) {
            facts.push("never given back".to_owned());
        }
        if is_marked(SERVER_FILLED) {
            facts.push("filled in by the server".to_owned());
        }
        OutlineField {
            name: name.to_owned(),
            is_required,
            is_of_the_server: is_marked(READ_ONLY) || is_marked(SERVER_FILLED),
            form: if inner.is_some() {
                String::new()
            } else {
                self.form(schema, depth)
            },
            facts,
            choices: keyword::values(schema)
                .map(<[Value]>::to_vec)
                .unwrap_or_default(),
            default: schema.get("default").cloned(),
            inner,
        }
    }

    /// What a value can be.
    fn form(&self, schema: &'s Value, depth: usize) -> String {
        let schema = self.follow(schema);
        if depth > DEEPEST {
            return "anything".to_owned();
        }
        if let Some(values) = keyword::values(schema) {
            let words = values.iter().filter(|value| !value.is_null()).map(word);
            let words: Vec<String> = words.collect();
            return any_of(words.iter().map(String::as_str));
        }
        let alternatives = members(schema, "anyOf");
        if !alternatives.is_empty() {
            let mut forms: Vec<String> = Vec::new();
            for form in alternatives.iter().map(|one| self.form(one, depth + 1)) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
            return joined(forms, "or");
        }
        let forms = keyword::types(schema).iter().filter_map(Value::as_str);
        let forms = forms.filter(|name| *name != "null").map(|name| match name {
            "string" => match schema.get("format").and_then(Value::as_str) {
                Some("uuid") => "a UUID".to_owned(),
                Some("uri") => "a URL".to_owned(),
                Some("email") => "an e-mail address".to_owned(),
                Some("date-time") => "a time as in RFC 3339".to_owned(),
                _ => "text".to_owned(),
            },
            "boolean" => "`true` or `false`".to_owned(),
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "array" => match schema.get("items") {
                Some(items) if self.is_object(items) => {
                    let inner = self.object(items, depth + 1);
                    let names = inner
                        .fields
                        .iter()
                        .map(|field| format!("{}: {}", visible(&field.name), field.says()));
                    format!("a list of {{{}}}", names.collect::<Vec<_>>().join(", "))
                }
                Some(items) => format!("a list, each {}", self.form(items, depth + 1)),
                None => "a list".to_owned(),
            },
            "object" => match schema.get("additionalProperties") {
                Some(inner) if inner.is_object() => {
                    format!("a map, each value {}", self.form(inner, depth + 1))
                }
                _ => "a map".to_owned(),
            },
            other => visible(other),
        });
        let forms: Vec<String> = forms.collect();
        if forms.is_empty() {
            "anything".to_owned()
        } else {
            joined(forms, "or")
        }
    }

    fn is_object(&self, schema: &'s Value) -> bool {
        let schema = self.follow(schema);
        has_type(schema, "object")
            || keyword::properties(schema).is_some()
            || members(schema, "anyOf")
                .iter()
                .any(|member| has_type(self.follow(member), "object"))
    }

    fn follow(&self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        for _ in 0..DEEPEST {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                return schema;
            };
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            match target {
                Some(target) => schema = target,
                None => return schema,
            }
        }
        schema
    }
}

fn add(fields: &mut Vec<OutlineField>, more: Vec<OutlineField>) {
    for field in more {
        match fields.iter_mut().find(|old| old.name == field.name) {
            Some(old) => old.is_required |= field.is_required,
            None => fields.push(field),
        }
    }
}

/// A value as a file says it.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => visible(text),
        other => other.to_string(),
    }
}

/// The limits of a value.
fn facts(schema: &Value) -> Vec<String> {
    let number = |key: &str| schema.get(key).and_then(Value::as_u64);
    let value = |key: &str| schema.get(key).filter(|value| value.is_number());
    let mut facts = Vec::new();
    // What must not be empty needs no words.
    let least = number("minLength").filter(|least| *least > 1);
    match (least, number("maxLength")) {
        (Some(least), Some(most)) if least == most => facts.push(characters(least)),
        (Some(least), Some(most)) => facts.push(format!("{least} to {}", characters(most))),
        (Some(least), None) => facts.push(format!("at least {}", characters(least))),
        (None, Some(most)) => facts.push(format!("at most {}", characters(most))),
        (None, None) => {}
    }
    match (value("minimum"), value("maximum")) {
        (Some(least), Some(most)) => facts.push(format!("{least} to {most}")),
        (Some(least), None) => facts.push(format!("at least {least}")),
        (None, Some(most)) => facts.push(format!("at most {most}")),
        (None, None) => {}
    }
    match (
        number("minItems").filter(|least| *least > 0),
        number("maxItems"),
    ) {
        (Some(least), Some(most)) => facts.push(format!("{least} to {most} of them")),
        (Some(least), None) => facts.push(format!("at least {least} of them")),
        (None, Some(most)) => facts.push(format!("at most {most} of them")),
        (None, None) => {}
    }
    let pattern = schema.get("pattern").and_then(Value::as_str);
    let is_short = |pattern: &&str| pattern.chars().count() <= LONGEST_PATTERN;
    if let Some(pattern) = pattern.filter(is_short) {
        facts.push(format!("matches {}", visible(pattern)));
    }
    facts
}

fn characters(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "character")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::outline;

    fn says(field: &Value) -> String {
        let schema = json!({"type": "object", "properties": {"f": field}});
        outline(&schema).fields[0].says()
    }

    #[test]
    fn a_field_says_what_may_stand_there() {
        for (field, expected) in [
            (json!({"type": "string"}), "text"),
            (
                json!({"type": ["string", "null"], "maxLength": 256}),
                "text; at most 256 characters",
            ),
            (
                json!({"type": "string", "minLength": 1, "maxLength": 1}),
                "text; at most 1 character",
            ),
            (json!({"type": "string", "format": "uuid"}), "a UUID"),
            (
                json!({"type": "boolean", "default": true}),
                "`true` or `false`; default true",
            ),
            (json!({"enum": ["a", "b", null]}), "`a` or `b`"),
            (
                json!({"type": "number", "minimum": 1, "maximum": 9}),
                "a number; 1 to 9",
            ),
            (
                json!({"anyOf": [{"enum": ["a"]}, {"type": "string"}, {"type": "string"}]}),
                "`a` or text",
            ),
            (
                json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
                "a list, each text; at least 1 of them",
            ),
            (
                json!({"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}}),
                "a list of {key: text}",
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "number"}}),
                "a map, each value a number",
            ),
            (
                json!({"type": "string", "pattern": "^[a-z]+$"}),
                "text; matches ^[a-z]+$",
            ),
            (json!(true), "anything"),
        ] {
            assert_eq!(says(&field), expected, "{field}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({
            "$ref": "#/$defs/Tree",
            "$defs": {
                "Tree": {"type": "object", "properties": {"child": {"$ref": "#/$defs/Tree"}}},
                "Loop": {"$ref": "#/$defs/Loop"},
            },
        });
        assert_eq!(outline(&schema).fields[0].name, "child");
    }
}
