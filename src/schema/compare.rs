//! What changed between two sets of schemas, and whether files that fitted may no longer fit.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::file::{START, SchemaFile, SchemaKey};
use super::store::{SchemaStore, StoreError};
use crate::provider::platforms;

/// Schema files by platform and destination.
pub type Files = BTreeMap<SchemaKey, SchemaFile>;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The platform and destination.
    pub destination: SchemaKey,
    /// The field as files write it: `destinationConfig.org`, or with the union's tag
    /// `destinationConfig(scope: application).org`. None for the destination itself.
    pub field: Option<String>,
    /// What changed.
    pub kind: ChangeKind,
}

/// The kinds of difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// The destination is new.
    DestinationAdded,
    /// The destination is gone.
    DestinationRemoved,
    /// A fact about the destination is different: its name, connection app, or import.
    Fact {
        /// Which fact.
        fact: &'static str,
        /// What it was.
        old: String,
        /// What it is.
        new: String,
    },
    /// The field is new.
    Added {
        /// Whether it must be given.
        required: bool,
    },
    /// The field is gone.
    Removed,
    /// The field must now be given.
    MadeRequired,
    /// The field can now be left out.
    MadeOptional,
    /// Fewer values are allowed.
    Narrowed {
        /// How, as the end of a sentence.
        how: String,
    },
    /// More values are allowed.
    Widened {
        /// How, as the end of a sentence.
        how: String,
    },
    /// The value that stands for an omitted field is another one.
    Default {
        /// What it was; `none` if there was none.
        old: String,
        /// What it is; `none` if there is none.
        new: String,
    },
}

impl Change {
    /// Whether a file that fitted may no longer fit.
    pub const fn is_breaking(&self) -> bool {
        match &self.kind {
            ChangeKind::DestinationRemoved
            | ChangeKind::Removed
            | ChangeKind::MadeRequired
            | ChangeKind::Narrowed { .. } => true,
            ChangeKind::Added { required } => *required,
            ChangeKind::DestinationAdded
            | ChangeKind::Fact { .. }
            | ChangeKind::MadeOptional
            | ChangeKind::Widened { .. }
            | ChangeKind::Default { .. } => false,
        }
    }
}

/// The change alone; where it is, [`Change::destination`] and [`Change::field`] say.
impl fmt::Display for ChangeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DestinationAdded => formatter.write_str("new destination"),
            Self::DestinationRemoved => formatter.write_str("destination removed"),
            Self::Fact { fact, old, new } => write!(formatter, "{fact}: {old} -> {new}"),
            Self::Added { required: true } => formatter.write_str("new required field"),
            Self::Added { required: false } => formatter.write_str("new optional field"),
            Self::Removed => formatter.write_str("field removed"),
            Self::MadeRequired => formatter.write_str("now required"),
            Self::MadeOptional => formatter.write_str("now optional"),
            Self::Narrowed { how } => write!(formatter, "narrowed: {how}"),
            Self::Widened { how } => write!(formatter, "widened: {how}"),
            Self::Default { old, new } => write!(formatter, "default: {old} -> {new}"),
        }
    }
}

/// All files of a store.
pub fn files(store: &SchemaStore) -> Result<Files, StoreError> {
    let mut files = Files::new();
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
            files.insert(key, file.as_ref().clone());
        }
    }
    Ok(files)
}

/// What changed from `old` to `new`, by destination and field.
pub fn compare(old: &Files, new: &Files) -> Vec<Change> {
    let mut changes = Vec::new();
    let keys: std::collections::BTreeSet<&SchemaKey> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let mut found = Vec::new();
        match (old.get(key), new.get(key)) {
            (Some(_), None) => found.push((None, ChangeKind::DestinationRemoved)),
            (None, Some(_)) => found.push((None, ChangeKind::DestinationAdded)),
            (Some(old), Some(new)) => compare_files(old, new, &mut found),
            (None, None) => {}
        }
        changes.extend(found.into_iter().map(|(field, kind)| Change {
            destination: key.clone(),
            field,
            kind,
        }));
    }
    changes
}

type Found = Vec<(Option<String>, ChangeKind)>;

fn compare_files(old: &SchemaFile, new: &SchemaFile, found: &mut Found) {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
    let import = |value: Option<bool>| match value {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "none".to_owned(),
    };
    for (fact, old, new) in [
        ("name", or_none(&old.title), or_none(&new.title)),
        (
            "connection app",
            or_none(&old.connection_app),
            or_none(&new.connection_app),
        ),
        ("can import", import(old.can_import), import(new.can_import)),
    ] {
        if old != new {
            found.push((None, ChangeKind::Fact { fact, old, new }));
        }
    }
    for definition in ["create", START, "destination"] {
        if let (Some(before), Some(after)) = (
            old.definitions.get(definition),
            new.definitions.get(definition),
        ) {
            let comparison = Comparison { old, new };
            let field = if definition == "destination" {
                definition
            } else {
                ""
            };
            comparison.value(field, before, after, &[], found);
        }
    }
}

struct Comparison<'f> {
    old: &'f SchemaFile,
    new: &'f SchemaFile,
}

impl Comparison<'_> {
    fn value(&self, field: &str, old: &Value, new: &Value, open: &[&str], found: &mut Found) {
        let references = [reference(old), reference(new)];
        // A cycle: what it leads back to is being compared already.
        if references.iter().flatten().any(|name| open.contains(name)) {
            return;
        }
        let open: Vec<&str> = open
            .iter()
            .copied()
            .chain(references.into_iter().flatten())
            .collect();
        let open = open.as_slice();
        let (old, new) = (follow(self.old, old), follow(self.new, new));
        let mut say = |kind| found.push((Some(field.to_owned()), kind));
        compare_types(old, new, &mut say);
        compare_values(old, new, &mut say);
        compare_limits(old, new, &mut say);
        compare_forms(old, new, &mut say);
        let default = |schema: &Value| {
            schema
                .get("default")
                .map_or_else(|| "none".to_owned(), Value::to_string)
        };
        if old.get("default") != new.get("default") {
            say(ChangeKind::Default {
                old: default(old),
                new: default(new),
            });
        }
        if let (Some(before), Some(after)) = (old.get("items"), new.get("items")) {
            self.value(&format!("{field}[]"), before, after, open, found);
        }
        self.fields(field, old, new, open, found);
        let (before, after) = (branches(old), branches(new));
        for (tag, before) in &before {
            if let Some((_, after)) = after.iter().find(|(other, _)| other == tag) {
                self.fields(&format!("{field}({tag})"), before, after, open, found);
            }
        }
        self.alternatives(field, old, new, open, found);
    }

    fn fields(&self, field: &str, old: &Value, new: &Value, open: &[&str], found: &mut Found) {
        let joined = |name: &str| {
            if field.is_empty() {
                name.to_owned()
            } else {
                format!("{field}.{name}")
            }
        };
        let properties = |schema: &'_ Value| schema.get("properties")?.as_object().cloned();
        let (Some(before), Some(after)) = (properties(old), properties(new)) else {
            return;
        };
        for (name, schema) in &before {
            let path = joined(name);
            let Some(now) = after.get(name) else {
                found.push((Some(path), ChangeKind::Removed));
                continue;
            };
            match (requires(old, name), requires(new, name)) {
                (false, true) => found.push((Some(path.clone()), ChangeKind::MadeRequired)),
                (true, false) => found.push((Some(path.clone()), ChangeKind::MadeOptional)),
                _ => {}
            }
            self.value(&path, schema, now, open, found);
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let required = requires(new, name);
            found.push((Some(joined(name)), ChangeKind::Added { required }));
        }
        let closed = |schema: &Value| schema.get("additionalProperties") == Some(&false.into());
        match (closed(old), closed(new)) {
            (false, true) => {
                found.push((Some(field.to_owned()), narrowed("takes no further fields")));
            }
            (true, false) => {
                found.push((Some(field.to_owned()), widened("takes further fields")));
            }
            _ => {}
        }
    }

    /// Unions without a tag are compared as wholes: a member that is gone narrows.
    fn alternatives(
        &self,
        field: &str,
        old: &Value,
        new: &Value,
        open: &[&str],
        found: &mut Found,
    ) {
        let members = |schema: &Value| schema.get("anyOf").and_then(Value::as_array).cloned();
        match (members(old), members(new)) {
            (Some(before), Some(after)) => {
                let gone = before
                    .iter()
                    .filter(|member| !after.contains(member))
                    .count();
                let come = after
                    .iter()
                    .filter(|member| !before.contains(member))
                    .count();
                let path = Some(field.to_owned());
                if gone > 0 {
                    found.push((path.clone(), narrowed("an alternative changed or is gone")));
                } else if come > 0 {
                    found.push((path, widened("a new alternative")));
                }
            }
            (Some(before), None) => {
                if let Some(same) = before.iter().find(|member| *member == new) {
                    self.value(field, same, new, open, found);
                }
                found.push((Some(field.to_owned()), narrowed("alternatives are gone")));
            }
            (None, Some(after)) => {
                let kept = after.iter().any(|member| member == old);
                let kind = if kept {
                    widened("new alternatives")
                } else {
                    narrowed("is now one of several alternatives")
                };
                found.push((Some(field.to_owned()), kind));
            }
            (None, None) => {}
        }
    }
}

fn narrowed(how: impl Into<String>) -> ChangeKind {
    ChangeKind::Narrowed { how: how.into() }
}

fn widened(how: impl Into<String>) -> ChangeKind {
    ChangeKind::Widened { how: how.into() }
}

/// The name of the definition that a schema refers to.
fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

fn follow<'s>(file: &'s SchemaFile, schema: &'s Value) -> &'s Value {
    reference(schema)
        .and_then(|name| file.definitions.get(name))
        .unwrap_or(schema)
}

fn requires(schema: &Value, name: &str) -> bool {
    schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|required| required == name))
}

/// The branches of a tagged union, by `tag: value`.
fn branches(schema: &Value) -> Vec<(String, &Value)> {
    let members = schema.get("allOf").and_then(Value::as_array);
    members
        .into_iter()
        .flatten()
        .filter_map(|member| {
            let condition = member.pointer("/if/properties")?.as_object()?;
            let (tag, values) = condition.iter().next()?;
            let value = values.get("const").or_else(|| values.get("enum"))?;
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            Some((format!("{tag}: {value}"), member.get("then")?))
        })
        .collect()
}

fn listed(schema: &Value, keyword: &str) -> Option<Vec<Value>> {
    match schema.get(keyword)? {
        Value::Array(values) => Some(values.clone()),
        only => Some(vec![only.clone()]),
    }
}

fn compare_types(old: &Value, new: &Value, say: &mut impl FnMut(ChangeKind)) {
    let types = |schema: &Value| listed(schema, "type");
    let (Some(before), Some(after)) = (types(old), types(new)) else {
        match (types(old), types(new)) {
            (None, Some(after)) => say(narrowed(format!("must be {}", words(&after)))),
            (Some(_), None) => say(widened("can be of any type")),
            _ => {}
        }
        return;
    };
    let fits = |name: &Value, others: &[Value]| {
        others.contains(name) || name == "integer" && others.contains(&"number".into())
    };
    let lost: Vec<Value> = before
        .iter()
        .filter(|name| !fits(name, &after))
        .cloned()
        .collect();
    let gained: Vec<Value> = after
        .iter()
        .filter(|name| !fits(name, &before))
        .cloned()
        .collect();
    if !lost.is_empty() {
        say(narrowed(format!("can no longer be {}", words(&lost))));
    }
    if !gained.is_empty() {
        say(widened(format!("can be {}", words(&gained))));
    }
}

fn compare_values(old: &Value, new: &Value, say: &mut impl FnMut(ChangeKind)) {
    let values = |schema: &Value| listed(schema, "enum").or_else(|| listed(schema, "const"));
    match (values(old), values(new)) {
        (Some(before), Some(after)) => {
            let lost: Vec<Value> = before
                .iter()
                .filter(|value| !after.contains(value))
                .cloned()
                .collect();
            let gained: Vec<Value> = after
                .iter()
                .filter(|value| !before.contains(value))
                .cloned()
                .collect();
            if !lost.is_empty() {
                say(narrowed(format!("no longer allows {}", words(&lost))));
            }
            if !gained.is_empty() {
                say(widened(format!("allows {}", words(&gained))));
            }
        }
        (None, Some(after)) => say(narrowed(format!("allows only {}", words(&after)))),
        (Some(_), None) => say(widened("allows any value")),
        (None, None) => {}
    }
}

fn compare_limits(old: &Value, new: &Value, say: &mut impl FnMut(ChangeKind)) {
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
        let how = || match new.get(keyword) {
            Some(limit) => format!("{keyword} is {limit}"),
            None => format!("no {keyword}"),
        };
        let is_narrower = match (limit(old), limit(new)) {
            (None, None) => continue,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(before), Some(after)) => {
                if (before - after).abs() < f64::EPSILON {
                    continue;
                }
                (after > before) == is_lower
            }
        };
        say(if is_narrower {
            narrowed(how())
        } else {
            widened(how())
        });
    }
}

fn compare_forms(old: &Value, new: &Value, say: &mut impl FnMut(ChangeKind)) {
    for keyword in ["pattern", "format", "uniqueItems"] {
        match (old.get(keyword), new.get(keyword)) {
            (before, after) if before == after => {}
            (Some(_), None) => say(widened(format!("no {keyword}"))),
            (_, Some(after)) => say(narrowed(format!("{keyword} is {after}"))),
            (None, None) => {}
        }
    }
}

fn words(values: &[Value]) -> String {
    let words: Vec<String> = values.iter().map(Value::to_string).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Change, Files, compare};

    use crate::provider::infisical;
    use crate::schema::file::SchemaFile;

    fn files(create: Value) -> Files {
        let file = SchemaFile {
            definitions: [("create".to_owned(), create)].into(),
            ..SchemaFile::default()
        };
        [((infisical::PLATFORM, "demo".to_owned()), file)].into()
    }

    /// Every change as `! field: change`, with `!` for a breaking one.
    fn told(old: &Files, new: &Files) -> Vec<String> {
        let line = |change: &Change| {
            let mark = if change.is_breaking() { "!" } else { "-" };
            let field = change.field.as_deref().unwrap_or(&change.destination.1);
            format!("{mark} {field}: {}", change.kind)
        };
        compare(old, new).iter().map(line).collect()
    }

    fn field(schema: &Value) -> Files {
        files(json!({"type": "object", "properties": {"a": schema}}))
    }

    #[test]
    fn the_same_files_have_no_changes() {
        let one = field(&json!({"type": "string"}));
        assert_eq!(told(&one, &one), Vec::<String>::new());
    }

    #[test]
    fn destinations_come_and_go() {
        let one = field(&json!({}));
        assert_eq!(told(&Files::new(), &one), ["- demo: new destination"]);
        assert_eq!(told(&one, &Files::new()), ["! demo: destination removed"]);
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
            told(&old, &new),
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
            assert_eq!(told(&field(&old), &field(&new)), expected, "{old} -> {new}");
        }
    }

    #[test]
    fn a_union_tells_its_variants_apart() {
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
            told(&old, &new),
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
        assert_eq!(told(&old, &new), ["- demo: can import: none -> yes"]);
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
        let told = told(&old, &new);
        assert_eq!(told[0], "! a.word: narrowed: must be \"string\"");
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
