//! From OpenAPI documents to schema files.
//!
//! The platforms publish their APIs as OpenAPI documents, and a running server may serve
//! its own. Whatever secsync knows of a destination is extracted from them by this code, for
//! the bundled schemas as for pulled ones, so that a destination needs no code and no release.

mod all_of;
mod convert;
mod document;
mod error;
mod operations;
mod union;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use error::ExtractError;

use self::convert::Converter;
use self::operations::{OnDestination, Operation};
use super::file::{START, SchemaFile, SchemaKey};
use super::validate::pattern_works;
use crate::core::platform::Platform;
use crate::provider::door::{Role, Shape};

/// What documents say about syncs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extraction {
    /// The schema files, by platform and destination.
    pub files: BTreeMap<SchemaKey, SchemaFile>,
    /// The document's title and version, as it states them: `Infisical API 0.0.1`.
    pub document: Option<String>,
    /// The platforms of which it describes a whole server, and so every destination that it has.
    /// A documentation page describes one operation.
    pub whole: BTreeSet<Platform>,
}

impl Extraction {
    /// Adds what another document says; where both speak, the other wins.
    pub fn merge(&mut self, other: Self) {
        for (key, file) in other.files {
            self.files.entry(key).or_default().overlay(file);
        }
        self.document = other.document.or(self.document.take());
        self.whole.extend(other.whole);
    }
}

/// Extracts the schemas from one document: OpenAPI 3.0 or 3.1, as JSON or YAML,
/// or a Markdown page that wraps one.
pub fn extract(text: &str) -> Result<Extraction, ExtractError> {
    let document = document::parse(text)?;
    let operations = operations::find(&document)?;
    let mut listed = BTreeMap::new();
    for (platform, (shape, list)) in &operations.lists {
        listed.extend(listed_destinations(&document, (*platform, shape), list)?);
    }
    let mut files = BTreeMap::new();
    for ((platform, slug), of_destination) in &operations.destinations {
        let mut file = destination_file(&document, of_destination)?;
        if file.definitions.is_empty() {
            continue;
        }
        let key = (*platform, (*slug).to_owned());
        if let Some(facts) = listed.get(&key) {
            let mut whole = facts.clone();
            whole.can_import = facts.can_import.or(file.can_import);
            file.can_import = None;
            whole.overlay(file);
            file = whole;
        }
        files.insert(key, file);
    }
    for (platform, start) in &operations.starts {
        let key = (*platform, START.to_owned());
        files.insert(key, start_file(&document, start)?);
    }
    if files.is_empty() {
        return Err(ExtractError::NoSyncs);
    }
    Ok(Extraction {
        files,
        document: document_name(&document),
        whole: operations.lists.into_keys().collect(),
    })
}

fn document_name(document: &Value) -> Option<String> {
    let info = document.get("info")?;
    let title = info.get("title")?.as_str()?;
    Some(match info.get("version").and_then(Value::as_str) {
        Some(version) => format!("{title} {version}"),
        None => title.to_owned(),
    })
}

fn destination_file(
    document: &Value,
    (shape, operations): &OnDestination<'_>,
) -> Result<SchemaFile, ExtractError> {
    let mut converter = Converter::new(document, pattern_works);
    let mut file = SchemaFile::default();
    for operation in operations {
        // Also tells a document that was cut off: responses come last.
        let read = operation.answer_property(shape.sync)?;
        let definition = match operation.role {
            Role::Create => Some("create"),
            Role::Update => Some("update"),
            Role::Read | Role::Other => None,
        };
        if let Some(definition) = definition
            && let Some(body) = operation.request()?
        {
            let schema = converted(&mut converter, operation, body)?;
            expect_object(operation, &schema, "request")?;
            file.definitions.insert(definition.to_owned(), schema);
        }
        if let Some(read) = read
            && !file.definitions.contains_key("read")
        {
            let schema = converted(&mut converter, operation, read)?;
            expect_object(operation, &schema, "answer")?;
            file.title = operation
                .follow(read)?
                .get("title")
                .and_then(Value::as_str)
                .map(str::to_owned);
            file.connection_app = only_value(schema.pointer(shape.app_of_sync));
            file.definitions.insert("read".to_owned(), schema);
        }
    }
    file.can_import = ["create", "update", "read"]
        .iter()
        .filter_map(|name| file.definitions.get(*name))
        .find_map(|body| can_import(shape, body));
    add_shared(&mut file, converter);
    Ok(file)
}

fn start_file(document: &Value, start: &Operation<'_>) -> Result<SchemaFile, ExtractError> {
    let mut converter = Converter::new(document, pattern_works);
    let mut file = SchemaFile::default();
    let answer = start.answer()?;
    let body = start
        .request()?
        .ok_or_else(|| start.incomplete("has no request"))?;
    let schema = converted(&mut converter, start, body)?;
    expect_object(start, &schema, "request")?;
    file.definitions.insert(START.to_owned(), schema);
    if let Some(answer) = answer {
        let schema = converted(&mut converter, start, answer)?;
        file.definitions.insert("started".to_owned(), schema);
    }
    if let Some(slug) = start.path_parameter() {
        let schema = converted(&mut converter, start, slug)?;
        file.definitions.insert("destination".to_owned(), schema);
    }
    add_shared(&mut file, converter);
    Ok(file)
}

fn converted(
    converter: &mut Converter<'_>,
    operation: &Operation<'_>,
    schema: &Value,
) -> Result<Value, ExtractError> {
    converter
        .convert(schema)
        .map_err(|problem| operation.incomplete(problem))
}

fn expect_object(
    operation: &Operation<'_>,
    schema: &Value,
    what: &str,
) -> Result<(), ExtractError> {
    let described = schema.get("$ref").is_some()
        || schema.get("type").is_some_and(|kind| kind == "object")
            && schema.get("properties").is_some();
    if described {
        Ok(())
    } else {
        Err(operation.incomplete(format!("gives its {what} no fields")))
    }
}

fn add_shared(file: &mut SchemaFile, converter: Converter<'_>) {
    for (name, schema) in converter.into_definitions() {
        file.definitions.insert(name, schema);
    }
}

/// A destination can be imported from if its first sync may do so.
fn can_import(shape: &Shape, body: &Value) -> Option<bool> {
    let (pointer, imports) = shape.first_sync;
    let behaviors = body.pointer(pointer)?.as_array()?;
    Some(
        behaviors
            .iter()
            .filter_map(Value::as_str)
            .any(|behavior| behavior.starts_with(imports)),
    )
}

/// The facts about destinations in the answer that lists them.
fn listed_destinations(
    document: &Value,
    (platform, shape): (Platform, &Shape),
    operation: &Operation<'_>,
) -> Result<BTreeMap<SchemaKey, SchemaFile>, ExtractError> {
    let Some(list) = operation.answer_property(shape.destinations)? else {
        return Ok(BTreeMap::new());
    };
    let Some(items) = list.get("items") else {
        return Ok(BTreeMap::new());
    };
    let schema = Converter::new(document, pattern_works)
        .convert_plainly(items)
        .map_err(|problem| operation.incomplete(problem))?;
    let members = match schema.get("anyOf") {
        Some(Value::Array(members)) => members.as_slice(),
        _ => std::slice::from_ref(&schema),
    };
    let mut listed = BTreeMap::new();
    for member in members {
        let field = |name: &str| member.pointer(&format!("/properties/{name}"));
        let Some(slug) = only_value(field(shape.slug)) else {
            continue;
        };
        let can_import = field(shape.can_import)
            .and_then(only)
            .and_then(Value::as_bool);
        let facts = SchemaFile {
            title: only_value(field(shape.title)),
            connection_app: only_value(field(shape.app)),
            can_import,
            ..SchemaFile::default()
        };
        listed.insert((platform, slug), facts);
    }
    Ok(listed)
}

fn only_value(schema: Option<&Value>) -> Option<String> {
    only(schema?)?.as_str().map(str::to_owned)
}

/// The one value that a schema allows.
fn only(schema: &Value) -> Option<&Value> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(value),
        (None, Some(Value::Array(values))) if values.len() == 1 => values.first(),
        _ => None,
    }
}
