//! One schema of whole sync files, for editors.
//!
//! `yaml-language-server` completes, explains and checks a file by it while it is typed. It
//! cannot see what a sync inherits from defaults, nor the value of a variable. So it asks
//! for no field that a default could give, and takes a variable wherever there is a scalar:
//! an editor that complains of a right file is worse than one that leaves a mistake to
//! `secsync validate`.
//!
//! The language server knows JSON Schema's draft 7 best, and everything here can be said in it.

mod descriptions;
pub mod workspace_file;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::keyword::{has_type, is_marked, reference, requires};
use super::schema_file::{RESERVED, SchemaFile, title_from_slug};
use super::store::{SchemaStore, StoreError};
use crate::core::fields::{
    CONNECTION, CONNECTION_ID, DEFAULTS, DESTINATION, DESTINATION_CONFIG, ENSURE, FILE_FIELDS,
    IGNORE_REMOTE, LABELS, MATRIX, NOT_IN_DEFAULTS, ON_DELETE, OWN_FIELDS, PROTECT, PROVIDER,
    SCHEMA, SYNC_OPTIONS, SYNCS, TRIGGER, VERSION,
};
use crate::core::platform::Platform;
use crate::core::remote::Scope;
use crate::provider::door::{Door, FieldMeaning};
use crate::provider::{door, platforms};
pub use descriptions::of_field as meaning;

/// The schema of sync files. `providers` are the names that files can use, with their platforms.
pub fn schema(
    store: &SchemaStore,
    providers: &BTreeMap<String, Platform>,
) -> Result<Value, StoreError> {
    let mut builder = Builder::default();
    for platform in platforms() {
        for slug in store.destinations(platform) {
            if let Some(file) = store.file(&(platform, slug.clone()))? {
                builder.add(platform, slug, &file);
            }
        }
    }
    Ok(builder.build(providers))
}

#[derive(Default)]
struct Builder {
    /// The destinations' slugs and names.
    names: Vec<(String, String)>,
    /// The fields of each destination's create request, ready for the editor.
    fields: Vec<Map<String, Value>>,
    definitions: Map<String, Value>,
}

impl Builder {
    fn add(&mut self, platform: Platform, slug: String, file: &SchemaFile) {
        let name = file.title.clone().unwrap_or_else(|| title_from_slug(&slug));
        let Some(create) = file.definitions.get("create") else {
            return;
        };
        let prefix = format!("{slug}-");
        let editable = Editable {
            prefix: &prefix,
            own: door(platform).map_or(&[], Door::fields),
        };
        for (shared, schema) in &file.definitions {
            if !RESERVED.contains(&shared.as_str()) {
                let schema = editable.schema(schema, &[]);
                self.definitions.insert(format!("{prefix}{shared}"), schema);
            }
        }
        let mut fields = Map::new();
        let properties = create.get("properties").and_then(Value::as_object);
        for (field, schema) in properties.into_iter().flatten() {
            if OWN_FIELDS.contains(&field.as_str()) {
                continue;
            }
            let mut schema = editable.field(field, schema, &[], requires(create, field));
            if field == DESTINATION_CONFIG
                && let Value::Object(map) = &mut schema
            {
                map.insert(
                    "description".into(),
                    descriptions::configuration_of(&name).into(),
                );
            }
            fields.insert(field.clone(), schema);
        }
        self.names.push((slug, name));
        self.fields.push(fields);
    }

    /// The fields that mean the same for every destination, and the names of the others.
    fn common(&self) -> (Map<String, Value>, BTreeSet<String>) {
        let names: BTreeSet<&String> = self.fields.iter().flat_map(Map::keys).collect();
        let mut common = Map::new();
        let mut various = BTreeSet::new();
        for name in names {
            let mut schemas = self.fields.iter().map(|fields| fields.get(name));
            let first = schemas.next().flatten();
            match first {
                Some(schema) if schemas.all(|other| other == first) => {
                    common.insert(name.clone(), schema.clone());
                }
                _ => {
                    various.insert(name.clone());
                }
            }
        }
        (common, various)
    }

    fn build(mut self, providers: &BTreeMap<String, Platform>) -> Value {
        let (common, various) = self.common();
        let branches = self.branches(&various);
        let own = own_fields(&self.names, providers);
        let mut properties = own.clone();
        properties.extend(common);
        for name in &various {
            let description = descriptions::of_field(name).map_or("", |field| field.description);
            properties.insert(name.clone(), json!({"description": description}));
        }
        let mut inherited = properties.clone();
        for name in NOT_IN_DEFAULTS {
            inherited.shift_remove(name);
        }
        self.definitions.insert(
            "managedSync".into(),
            json!({
                "type": ["object", "null"],
                "properties": properties,
                "additionalProperties": false,
                "allOf": branches.clone(),
            }),
        );
        let mut started = own.clone();
        started.insert(
            DESTINATION.into(),
            json!({"type": "string", "description": descriptions::STARTED_DESTINATION}),
        );
        for name in [CONNECTION, CONNECTION_ID] {
            started.shift_remove(name);
        }
        self.definitions.insert(
            "startedSync".into(),
            json!({
                "type": ["object", "null"],
                "properties": started,
                "additionalProperties": false,
            }),
        );
        self.definitions.insert(
            "defaults".into(),
            json!({
                "type": ["object", "null"],
                "description": descriptions::DEFAULTS,
                "properties": inherited,
                "additionalProperties": false,
                "allOf": branches,
            }),
        );
        self.definitions.insert("free".into(), free());
        file_schema(&own, &self.definitions, providers)
    }

    /// What each destination adds once it is named.
    fn branches(&mut self, various: &BTreeSet<String>) -> Vec<Value> {
        // Most destinations share their options, so each distinct schema is written once.
        let mut shared: Vec<(Value, String)> = Vec::new();
        let mut branches = Vec::new();
        for ((slug, _), fields) in self.names.iter().zip(&self.fields) {
            let mut of_destination = Map::new();
            for name in various {
                let Some(schema) = fields.get(name) else {
                    of_destination.insert(name.clone(), Value::Bool(false));
                    continue;
                };
                let known = shared.iter().find(|(other, _)| other == schema);
                let definition = if let Some((_, definition)) = known {
                    definition.clone()
                } else {
                    let definition = format!("{slug}-{name}");
                    self.definitions.insert(definition.clone(), schema.clone());
                    shared.push((schema.clone(), definition.clone()));
                    definition
                };
                let reference = json!({"$ref": format!("#/definitions/{definition}")});
                of_destination.insert(name.clone(), reference);
            }
            branches.push(json!({
                "if": {"properties": {DESTINATION: {"const": slug}}, "required": [DESTINATION]},
                "then": {"properties": of_destination},
            }));
        }
        branches
    }
}

fn file_schema(
    own: &Map<String, Value>,
    definitions: &Map<String, Value>,
    providers: &BTreeMap<String, Platform>,
) -> Value {
    let started: Vec<&String> = providers
        .iter()
        .filter(|(_, platform)| !platform.reads_back())
        .map(|(name, _)| name)
        .collect();
    let names_started =
        json!({"properties": {PROVIDER: {"enum": started}}, "required": [PROVIDER]});
    let names_other =
        json!({"properties": {PROVIDER: {"not": {"enum": started}}}, "required": [PROVIDER]});
    let reference = |name: &str| json!({"$ref": format!("#/definitions/{name}")});
    let syncs = |sync: Value| json!({"properties": {SYNCS: {"additionalProperties": sync}}});

    let mut properties = Map::new();
    for name in FILE_FIELDS {
        let schema = match name {
            VERSION => json!({"enum": [1], "description": descriptions::VERSION}),
            DEFAULTS => reference("defaults"),
            SYNCS => json!({"type": ["object", "null"], "description": descriptions::SYNCS}),
            SCHEMA => json!({"type": "string", "description": descriptions::SCHEMA}),
            shared => own.get(shared).cloned().unwrap_or(Value::Bool(true)),
        };
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "secsync sync file",
        "description": descriptions::FILE,
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
        "if": names_started.clone(),
        "then": syncs(json!({
            "if": names_other,
            "then": reference("managedSync"),
            "else": reference("startedSync"),
        })),
        "else": syncs(json!({
            "if": names_started,
            "then": reference("startedSync"),
            "else": reference("managedSync"),
        })),
        "definitions": definitions,
    })
}

/// secsync's own fields of a sync.
fn own_fields(
    destinations: &[(String, String)],
    providers: &BTreeMap<String, Platform>,
) -> Map<String, Value> {
    let mut fields = Map::new();
    for name in OWN_FIELDS {
        let meaning = descriptions::of_field(name);
        let mut schema = match name {
            PROVIDER => {
                json!({"type": "string", "examples": providers.keys().collect::<Vec<_>>()})
            }
            DESTINATION => {
                let slugs: Vec<&str> = destinations.iter().map(|(slug, _)| slug.as_str()).collect();
                let names: Vec<&str> = destinations.iter().map(|(_, name)| name.as_str()).collect();
                or_free(&json!({
                    "type": "string",
                    "enum": slugs,
                    "enumDescriptions": names,
                    "markdownEnumDescriptions": names,
                }))
            }
            LABELS => {
                let mut labels = Map::from_iter([
                    ("type".to_owned(), json!(["object", "null"])),
                    (
                        "additionalProperties".to_owned(),
                        json!({"type": ["string", "number", "boolean", "null"]}),
                    ),
                ]);
                or_reference(&mut labels);
                Value::Object(labels)
            }
            CONNECTION => json!({"anyOf": [
                {"type": ["string", "null"]},
                {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "scope": or_free(
                            &json!({"type": "string", "enum": Scope::ALL.map(Scope::word)}),
                        ),
                    },
                    "additionalProperties": false,
                },
            ]}),
            MATRIX => matrix(),
            IGNORE_REMOTE => {
                or_free(&json!({"type": ["array", "null"], "items": {"type": "string"}}))
            }
            PROTECT => or_free(&json!({"type": "boolean"})),
            ENSURE | ON_DELETE | TRIGGER => {
                let values = meaning.map_or(&[][..], |meaning| meaning.values);
                let (values, meanings): (Vec<&str>, Vec<&str>) = values.iter().copied().unzip();
                or_free(&json!({
                    "type": "string",
                    "enum": values,
                    "default": values.first(),
                    "enumDescriptions": meanings,
                    "markdownEnumDescriptions": meanings,
                }))
            }
            _ => json!({"type": ["string", "null"]}),
        };
        if let (Value::Object(map), Some(meaning)) = (&mut schema, meaning) {
            map.insert("description".into(), meaning.description.into());
        }
        fields.insert(name.to_owned(), schema);
    }
    fields
}

/// A matrix: its axes, and what is left out of their product or added to it.
fn matrix() -> Value {
    let entries = |description: &str| {
        json!({
            "type": ["array", "null"],
            "description": description,
            "items": {"type": "object", "minProperties": 1},
        })
    };
    json!({
        "type": ["object", "null"],
        "properties": {
            "from": {"type": ["string", "null"], "description": descriptions::MATRIX_FROM},
            "exclude": entries(descriptions::MATRIX_EXCLUDE),
            "include": entries(descriptions::MATRIX_INCLUDE),
        },
        "propertyNames": {"pattern": "^[A-Za-z0-9_-]+$"},
        "additionalProperties": {
            "type": "array",
            "description": descriptions::MATRIX_AXIS,
            "minItems": 1,
        },
    })
}

/// What refers to a matrix in a string.
const MATRIX_REFERENCE: &str = r"\$\{matrix\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\}";

/// What any scalar can be besides itself: a variable or a reference, or null to drop what is
/// inherited.
fn free() -> Value {
    json!({"anyOf": [
        {"type": "string", "pattern": r"\$\{var\.[A-Za-z_][A-Za-z0-9_]*\}"},
        {"type": "string", "pattern": MATRIX_REFERENCE},
        {"type": "null"},
    ]})
}

/// Lets what must be a map or a list be a reference to a matrix too, for what it must be is said by
/// keywords that say nothing of strings.
fn or_reference(schema: &mut Map<String, Value>) {
    let Some(kind) = schema.get_mut("type") else {
        return;
    };
    let mut kinds = match kind.take() {
        Value::Array(kinds) => kinds,
        kind => vec![kind],
    };
    kinds.push("string".into());
    *kind = kinds.into();
    schema.insert("pattern".into(), format!("^{MATRIX_REFERENCE}$").into());
}

fn or_free(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"$ref": "#/definitions/free"}]})
}

/// Turns a destination's schemas into ones for editing.
struct Editable<'p> {
    /// What the names of this destination's own definitions start with.
    prefix: &'p str,
    /// What the platform's own fields mean.
    own: &'static [FieldMeaning],
}

impl Editable<'_> {
    fn field(&self, name: &str, schema: &Value, inside: &[&str], is_required: bool) -> Value {
        let mut editable = self.schema(schema, &[inside, &[name]].concat());
        let of_options = inside.is_empty() || inside == [SYNC_OPTIONS];
        let meaning = of_options.then(|| descriptions::of_field_among(self.own, name));
        let own_words = meaning.flatten().map(|meaning| meaning.description);
        let default = schema.get("default");
        let mut sentences: Vec<String> = own_words.map(str::to_owned).into_iter().collect();
        if is_required {
            sentences.push("Required.".into());
        }
        if let Some(default) = default {
            sentences.push(format!("If omitted: {default}."));
        }
        for (mark, meaning) in descriptions::MARKS {
            if is_marked(schema, mark) {
                sentences.push((*meaning).to_owned());
            }
        }
        if let Value::Object(map) = &mut editable
            && !sentences.is_empty()
        {
            map.insert("description".into(), sentences.join(" ").into());
        }
        editable
    }

    fn schema(&self, schema: &Value, inside: &[&str]) -> Value {
        let Value::Object(map) = schema else {
            return schema.clone();
        };
        if let Some(name) = reference(schema) {
            return json!({"$ref": format!("#/definitions/{}{name}", self.prefix)});
        }
        let mut editable = Map::new();
        for (keyword, value) in map {
            let value = match (keyword.as_str(), value) {
                // A default can give it, except inside a list, which replaces a default whole.
                ("required", _) if !inside.contains(&"[]") => continue,
                ("properties", Value::Object(properties)) => properties
                    .iter()
                    .map(|(name, field)| {
                        (
                            name.clone(),
                            self.field(name, field, inside, requires(schema, name)),
                        )
                    })
                    .collect::<Map<_, _>>()
                    .into(),
                ("items", items) => self.schema(items, &[inside, &["[]"]].concat()),
                ("additionalProperties", further) => self.schema(further, inside),
                ("then", branch) => self.schema(branch, inside),
                ("anyOf" | "allOf", Value::Array(members)) => members
                    .iter()
                    .map(|member| match member.get("if") {
                        Some(condition) => json!({
                            "if": condition,
                            "then": self.schema(&member["then"], inside),
                        }),
                        None => self.schema(member, inside),
                    })
                    .collect(),
                (_, value) => value.clone(),
            };
            editable.insert(keyword.clone(), value);
        }
        let last = inside.last().copied().unwrap_or_default();
        if let Some(meaning) = descriptions::of_field_among(self.own, last) {
            describe_values(meaning, &mut editable);
        }
        if takes_variables(schema) {
            return or_free(&Value::Object(editable));
        }
        or_reference(&mut editable);
        Value::Object(editable)
    }
}

fn describe_values(meaning: &FieldMeaning, schema: &mut Map<String, Value>) {
    let Some(Value::Array(values)) = schema.get("enum") else {
        return;
    };
    let meanings: Option<Vec<&str>> = values
        .iter()
        .map(|value| {
            let (_, meaning) = meaning.values.iter().find(|(word, _)| value == word)?;
            Some(*meaning)
        })
        .collect();
    if let Some(meanings) = meanings {
        schema.insert("enumDescriptions".into(), json!(meanings));
        schema.insert("markdownEnumDescriptions".into(), json!(meanings));
    }
}

/// Whether a schema is of a scalar that a variable's text might not fit by itself.
fn takes_variables(schema: &Value) -> bool {
    ["string", "number", "integer", "boolean"]
        .into_iter()
        .any(|name| has_type(schema, name))
}
