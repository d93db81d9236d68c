//! What changed between two sets of schemas, and whether files that fitted may no longer fit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::Value;

use super::keyword::{branch, is_closed, members, properties, reference, requires, types, values};
use super::schema_file::{START, SchemaFile, SchemaKey};
use super::store::{SchemaStore, StoreError};
use crate::provider::platforms;

/// Schema files by platform and destination.
pub type SchemaFiles = BTreeMap<SchemaKey, SchemaFile>;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// The platform and destination.
    pub destination: SchemaKey,
    /// The field as files write it: `destinationConfig.org`, or with the union's tag
    /// `destinationConfig(scope: application).org`. `None` for the destination itself.
    pub field: Option<String>,
    /// What changed: `now required`.
    pub kind: String,
    /// Whether a file that fitted may no longer fit.
    pub breaking: bool,
}

/// All files of a store.
pub fn files(store: &SchemaStore) -> Result<SchemaFiles, StoreError> {
    let mut files = SchemaFiles::new();
    let keys = platforms().into_iter().flat_map(|platform| {
        let names = if platform.lists_destinations() {
            store.destinations(platform)
        } else {
            vec![START.to_owned()]
        };
        names.into_iter().map(move |name| (platform, name))
    });
    for key in keys {
        if let Some(file) = store.file(&key)? {
            files.insert(key, file);
        }
    }
    Ok(files)
}

/// What changed from `old` to `new`, by destination and field.
pub fn compare(old: &SchemaFiles, new: &SchemaFiles) -> Vec<SchemaChange> {
    let keys: BTreeSet<&SchemaKey> = old.keys().chain(new.keys()).collect();
    let nothing = SchemaFile::default();
    let mut changes = Vec::new();
    for key in keys {
        let mut comparison = Comparison {
            destination: key,
            old: old.get(key).unwrap_or(&nothing),
            new: new.get(key).unwrap_or(&nothing),
            open: Vec::new(),
            changes: &mut changes,
        };
        match (old.contains_key(key), new.contains_key(key)) {
            (true, false) => comparison.add(None, true, "destination removed"),
            (false, true) => comparison.add(None, false, "new destination"),
            _ => comparison.files(),
        }
    }
    changes
}

struct Comparison<'f> {
    destination: &'f SchemaKey,
    old: &'f SchemaFile,
    new: &'f SchemaFile,
    /// The definitions that are being compared: a reference back to one is skipped.
    open: Vec<&'f str>,
    changes: &'f mut Vec<SchemaChange>,
}

impl<'f> Comparison<'f> {
    fn add(&mut self, field: Option<&str>, breaking: bool, kind: impl Display) {
        self.changes.push(SchemaChange {
            destination: self.destination.clone(),
            field: field.map(str::to_owned),
            kind: kind.to_string(),
            breaking,
        });
    }

    fn narrowed(&mut self, field: &str, how: impl Display) {
        self.add(Some(field), true, format_args!("narrowed: {how}"));
    }

    fn widened(&mut self, field: &str, how: impl Display) {
        self.add(Some(field), false, format_args!("widened: {how}"));
    }

    fn files(&mut self) {
        let (old, new) = (self.old, self.new);
        let yes_or_no = |can: bool| if can { "yes" } else { "no" }.to_owned();
        for (fact, old, new) in [
            ("name", old.title.clone(), new.title.clone()),
            (
                "connection app",
                old.connection_app.clone(),
                new.connection_app.clone(),
            ),
            (
                "can import",
                old.can_import.map(yes_or_no),
                new.can_import.map(yes_or_no),
            ),
        ] {
            if old != new {
                let word = |fact: Option<String>| fact.unwrap_or_else(|| "none".into());
                self.add(
                    None,
                    false,
                    format_args!("{fact}: {} -> {}", word(old), word(new)),
                );
            }
        }
        for (definition, field) in [("create", ""), (START, ""), ("destination", "destination")] {
            let definition = |file: &'f SchemaFile| file.definitions.get(definition);
            if let (Some(old), Some(new)) = (definition(old), definition(new)) {
                self.schema(field, old, new);
            }
        }
    }

    fn schema(&mut self, field: &str, old: &'f Value, new: &'f Value) {
        let references = [reference(old), reference(new)];
        if references
            .iter()
            .flatten()
            .any(|name| self.open.contains(name))
        {
            return;
        }
        let depth = self.open.len();
        self.open.extend(references.into_iter().flatten());
        let (old, new) = (follow(self.old, old), follow(self.new, new));
        self.allowed(
            field,
            (types(old), types(new)),
            [
                "must be",
                "can be of any type",
                "can no longer be",
                "can be",
            ],
        );
        self.allowed(
            field,
            (
                values(old).unwrap_or_default(),
                values(new).unwrap_or_default(),
            ),
            [
                "allows only",
                "allows any value",
                "no longer allows",
                "allows",
            ],
        );
        self.limits(field, old, new);
        for keyword in ["pattern", "format", "uniqueItems"] {
            match (old.get(keyword), new.get(keyword)) {
                (before, after) if before == after => {}
                (_, Some(after)) => self.narrowed(field, format_args!("{keyword} is {after}")),
                (_, None) => self.widened(field, format_args!("no {keyword}")),
            }
        }
        let default = |schema: &Value| {
            let default = schema.get("default");
            default.map_or_else(|| "none".to_owned(), Value::to_string)
        };
        if old.get("default") != new.get("default") {
            let kind = format!("default: {} -> {}", default(old), default(new));
            self.add(Some(field), false, kind);
        }
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.schema(&format!("{field}[]"), old, new);
        }
        self.fields(field, old, new);
        for before in members(old, "allOf").iter().filter_map(branch) {
            let mut branches = members(new, "allOf").iter().filter_map(branch);
            let same = |after: &super::keyword::Branch<'_>| {
                (after.tag, after.values) == (before.tag, before.values)
            };
            if let Some(after) = branches.find(same) {
                let value = match before.values {
                    [Value::String(only)] => only.clone(),
                    several => Value::from(several).to_string(),
                };
                let field = format!("{field}({}: {value})", before.tag);
                self.fields(&field, before.then, after.then);
            }
        }
        self.alternatives(field, old, new);
        self.open.truncate(depth);
    }

    /// What is allowed, by lists of which an empty one allows all.
    fn allowed(
        &mut self,
        field: &str,
        (old, new): (&[Value], &[Value]),
        [only, any, no_longer, also]: [&str; 4],
    ) {
        // Every integer is a number.
        let fits = |value: &Value, others: &[Value]| {
            others.contains(value) || value == "integer" && others.contains(&"number".into())
        };
        let beyond = |values: &[Value], others: &[Value]| {
            let values = values.iter().filter(|value| !fits(value, others));
            values.map(Value::to_string).collect::<Vec<_>>().join(", ")
        };
        let (lost, gained) = (beyond(old, new), beyond(new, old));
        match (old, new) {
            ([], []) => {}
            ([], _) => self.narrowed(field, format_args!("{only} {gained}")),
            (_, []) => self.widened(field, any),
            _ => {
                if !lost.is_empty() {
                    self.narrowed(field, format_args!("{no_longer} {lost}"));
                }
                if !gained.is_empty() {
                    self.widened(field, format_args!("{also} {gained}"));
                }
            }
        }
    }

    fn limits(&mut self, field: &str, old: &Value, new: &Value) {
        for (keyword, is_lower) in [
            ("minLength", true),
            ("maxLength", false),
            ("minimum", true),
            ("maximum", false),
            ("exclusiveMinimum", true),
            ("exclusiveMaximum", false),
            ("minItems", true),
            ("maxItems", false),
        ] {
            let limit = |schema: &Value| schema.get(keyword).and_then(Value::as_f64);
            let how = match new.get(keyword) {
                Some(limit) => format!("{keyword} is {limit}"),
                None => format!("no {keyword}"),
            };
            match (limit(old), limit(new)) {
                (before, after) if before == after => {}
                (Some(before), Some(after)) if (after > before) != is_lower => {
                    self.widened(field, how);
                }
                (_, Some(_)) => self.narrowed(field, how),
                (_, None) => self.widened(field, how),
            }
        }
    }

    fn fields(&mut self, field: &str, old: &'f Value, new: &'f Value) {
        let (Some(before), Some(after)) = (properties(old), properties(new)) else {
            return;
        };
        let joined = |name: &str| match field {
            "" => name.to_owned(),
            field => format!("{field}.{name}"),
        };
        for (name, schema) in before {
            let field = joined(name);
            let Some(now) = after.get(name) else {
                self.add(Some(&field), true, "field removed");
                continue;
            };
            match (requires(old, name), requires(new, name)) {
                (false, true) => self.add(Some(&field), true, "now required"),
                (true, false) => self.add(Some(&field), false, "now optional"),
                _ => {}
            }
            self.schema(&field, schema, now);
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            if requires(new, name) {
                self.add(Some(&joined(name)), true, "new required field");
            } else {
                self.add(Some(&joined(name)), false, "new optional field");
            }
        }
        match (is_closed(old), is_closed(new)) {
            (false, true) => self.narrowed(field, "takes no further fields"),
            (true, false) => self.widened(field, "takes further fields"),
            _ => {}
        }
    }

    /// Unions without a tag are compared as wholes: a member that is gone narrows.
    fn alternatives(&mut self, field: &str, old: &Value, new: &Value) {
        match (members(old, "anyOf"), members(new, "anyOf")) {
            ([], []) => {}
            ([], after) if after.contains(old) => self.widened(field, "new alternatives"),
            ([], _) => self.narrowed(field, "is now one of several alternatives"),
            (_, []) => self.narrowed(field, "alternatives are gone"),
            (before, after) => {
                if before.iter().any(|member| !after.contains(member)) {
                    self.narrowed(field, "an alternative changed or is gone");
                } else if after.len() > before.len() {
                    self.widened(field, "a new alternative");
                }
            }
        }
    }
}

fn follow<'s>(file: &'s SchemaFile, schema: &'s Value) -> &'s Value {
    reference(schema)
        .and_then(|name| file.definitions.get(name))
        .unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{SchemaChange, SchemaFiles, compare};
    use crate::provider::infisical;
    use crate::schema::schema_file::SchemaFile;

    fn files(create: Value) -> SchemaFiles {
        let file = SchemaFile {
            definitions: [("create".to_owned(), create)].into(),
            ..SchemaFile::default()
        };
        [((infisical::PLATFORM, "demo".to_owned()), file)].into()
    }

    /// Every change as `! field: change`, with `!` for a breaking one.
    fn reported(old: &SchemaFiles, new: &SchemaFiles) -> Vec<String> {
        let line = |change: &SchemaChange| {
            let mark = if change.breaking { "!" } else { "-" };
            let field = change.field.as_deref().unwrap_or(&change.destination.1);
            format!("{mark} {field}: {}", change.kind)
        };
        compare(old, new).iter().map(line).collect()
    }

    fn field(schema: &Value) -> SchemaFiles {
        files(json!({"type": "object", "properties": {"a": schema}}))
    }

    #[test]
    fn the_same_files_have_no_changes() {
        let one = field(&json!({"type": "string"}));
        assert_eq!(reported(&one, &one), Vec::<String>::new());
    }

    #[test]
    fn destinations_come_and_go() {
        let one = field(&json!({}));
        assert_eq!(
            reported(&SchemaFiles::new(), &one),
            ["- demo: new destination"]
        );
        assert_eq!(
            reported(&one, &SchemaFiles::new()),
            ["! demo: destination removed"]
        );
    }

    #[test]
    fn fields_come_go_and_become_required() {
        let old = files(
            json!({"type": "object", "properties": {"gone": true, "kept": {"type": "string"}, "must": true}, "required": ["must"]}),
        );
        let new = files(
            json!({"type": "object", "properties": {"kept": {"type": "string"}, "must": true, "may": true, "new": true}, "required": ["kept", "new"]}),
        );
        assert_eq!(
            reported(&old, &new),
            [
                "! gone: field removed",
                "! kept: now required",
                "- must: now optional",
                "- may: new optional field",
                "! new: new required field",
            ]
        );
    }

    #[test]
    fn values_are_narrowed_and_widened() {
        for (old, new, expected) in [
            (
                json!({"enum": ["x", "y"]}),
                json!({"enum": ["y", "z"]}),
                vec![
                    "! a: narrowed: no longer allows \"x\"",
                    "- a: widened: allows \"z\"",
                ],
            ),
            (
                json!({"type": "string"}),
                json!({"type": ["string", "null"]}),
                vec!["- a: widened: can be \"null\""],
            ),
            (
                json!({"type": "number"}),
                json!({"type": "integer"}),
                vec!["! a: narrowed: can no longer be \"number\""],
            ),
            (
                json!({"type": "integer"}),
                json!({"type": "number"}),
                vec!["- a: widened: can be \"number\""],
            ),
            (
                json!({"maxLength": 9}),
                json!({"maxLength": 5}),
                vec!["! a: narrowed: maxLength is 5"],
            ),
            (
                json!({"minimum": 9}),
                json!({"minimum": 5}),
                vec!["- a: widened: minimum is 5"],
            ),
            (
                json!({}),
                json!({"pattern": "^x"}),
                vec!["! a: narrowed: pattern is \"^x\""],
            ),
            (
                json!({"format": "uuid"}),
                json!({}),
                vec!["- a: widened: no format"],
            ),
            (
                json!({"default": true}),
                json!({}),
                vec!["- a: default: true -> none"],
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "number"}]}),
                json!({"anyOf": [{"type": "string"}]}),
                vec!["! a: narrowed: an alternative changed or is gone"],
            ),
            (
                json!({"items": {"enum": ["x"]}}),
                json!({"items": {"enum": ["x", "y"]}}),
                vec!["- a[]: widened: allows \"y\""],
            ),
        ] {
            assert_eq!(
                reported(&field(&old), &field(&new)),
                expected,
                "{old} -> {new}"
            );
        }
    }

    #[test]
    fn a_union_is_compared_by_variant() {
        let branch = |scope: &str, fields: &Value, required: &Value| {
            json!({
                "if": {"properties": {"scope": {"const": scope}}, "required": ["scope"]},
                "then": {"properties": fields, "required": required, "additionalProperties": false},
            })
        };
        let union = |scopes: &Value, branches: &[Value]| {
            files(json!({
                "type": "object",
                "properties": {"to": {"type": "object", "properties": {"scope": {"enum": scopes}}, "allOf": branches}},
            }))
        };
        let old = union(
            &json!(["app"]),
            &[branch("app", &json!({"org": {}}), &json!([]))],
        );
        let new = union(
            &json!(["app", "env"]),
            &[
                branch("app", &json!({"org": {}, "id": {}}), &json!(["org"])),
                branch("env", &json!({"x": {}}), &json!([])),
            ],
        );
        assert_eq!(
            reported(&old, &new),
            [
                "- to.scope: widened: allows \"env\"",
                "! to(scope: app).org: now required",
                "- to(scope: app).id: new optional field",
            ]
        );
    }

    #[test]
    fn facts_about_a_destination_are_compared() {
        let old = field(&json!({}));
        let mut new = old.clone();
        for file in new.values_mut() {
            file.can_import = Some(true);
        }
        assert_eq!(reported(&old, &new), ["- demo: can import: none -> yes"]);
    }

    #[test]
    fn cyclic_schemas_are_compared_once() {
        let mut old = field(&json!({"$ref": "#/$defs/Tree"}));
        let mut new = old.clone();
        let tree = |word: &Value| json!({"type": "object", "properties": {"word": word, "left": {"$ref": "#/$defs/Tree"}, "right": {"$ref": "#/$defs/Tree"}}});
        for (files, word) in [(&mut old, json!({})), (&mut new, json!({"type": "string"}))] {
            for file in files.values_mut() {
                file.definitions.insert("Tree".into(), tree(&word));
            }
        }
        let reported = reported(&old, &new);
        assert_eq!(reported[0], "! a.word: narrowed: must be \"string\"");
        assert_eq!(reported.len(), 1, "{reported:?}");
    }
}
