//! From OpenAPI documents to schema files.
//!
//! The platforms publish their APIs as OpenAPI documents, and a running server may serve
//! its own. Whatever secsync knows of a destination is extracted from them by this code, for
//! the bundled schemas as for pulled ones, so that a destination needs no code and no release.

mod access;
mod all_of;
mod error;
mod identity;
mod json_schema;
mod operations;
mod parse;
mod union;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use self::error::ExtractError;
use self::json_schema::Converter;
use self::operations::{OnDestination, SyncOperation};
use super::keyword::{members, only_value};
use super::schema_file::{START, SchemaFile, SchemaKey};
use crate::core::platform::Platform;
use crate::provider::door::{Shape, SyncRole};

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
    let document = parse::document(text)?;
    let operations = operations::find(&document)?;
    let mut listed = BTreeMap::new();
    for (platform, (shape, list)) in &operations.lists {
        listed.extend(listed_destinations(&document, (*platform, shape), list)?);
    }
    let mut files = BTreeMap::new();
    for ((platform, slug), of_destination) in &operations.destinations {
        let mut file = destination_file(&document, slug, of_destination)?;
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
    slug: &str,
    (shape, operations): &OnDestination<'_>,
) -> Result<SchemaFile, ExtractError> {
    let mut converter = Converter::new(document);
    let mut file = SchemaFile::default();
    for operation in operations {
        // Also notices a document that was cut off: responses come last.
        let read = operation.answer_property(shape.sync)?;
        let definition = match operation.role {
            SyncRole::Create => Some("create"),
            SyncRole::Update => Some("update"),
            SyncRole::Read | SyncRole::Other => None,
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
            file.connection_app = only_text(schema.pointer(shape.app_of_sync));
            file.definitions.insert("read".to_owned(), schema);
        }
    }
    file.can_import = ["create", "update", "read"]
        .iter()
        .filter_map(|name| file.definitions.get(*name))
        .find_map(|body| can_import(shape, body));
    file.definitions.extend(converter.into_definitions());
    access::mark(&mut file.definitions, shape.apart);
    identity::mark(&mut file.definitions, shape, slug);
    Ok(file)
}

fn start_file(document: &Value, start: &SyncOperation<'_>) -> Result<SchemaFile, ExtractError> {
    let mut converter = Converter::new(document);
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
    file.definitions.extend(converter.into_definitions());
    Ok(file)
}

fn converted(
    converter: &mut Converter<'_>,
    operation: &SyncOperation<'_>,
    schema: &Value,
) -> Result<Value, ExtractError> {
    converter
        .convert(schema)
        .map_err(|problem| operation.incomplete(problem))
}

fn expect_object(
    operation: &SyncOperation<'_>,
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
    operation: &SyncOperation<'_>,
) -> Result<BTreeMap<SchemaKey, SchemaFile>, ExtractError> {
    let list = operation.answer_property(shape.destinations)?;
    let Some(items) = list.and_then(|list| list.get("items")) else {
        return Ok(BTreeMap::new());
    };
    let schema = Converter::new(document)
        .convert_plainly(items)
        .map_err(|problem| operation.incomplete(problem))?;
    let one = std::slice::from_ref(&schema);
    let several = members(&schema, "anyOf");
    let mut listed = BTreeMap::new();
    for member in if several.is_empty() { one } else { several } {
        let field = |name: &str| member.pointer(&format!("/properties/{name}"));
        let Some(slug) = only_text(field(shape.slug)) else {
            continue;
        };
        let can_import = field(shape.can_import)
            .and_then(only_value)
            .and_then(Value::as_bool);
        let facts = SchemaFile {
            title: only_text(field(shape.title)),
            connection_app: only_text(field(shape.app)),
            can_import,
            ..SchemaFile::default()
        };
        listed.insert((platform, slug), facts);
    }
    Ok(listed)
}

fn only_text(schema: Option<&Value>) -> Option<String> {
    only_value(schema?)?.as_str().map(str::to_owned)
}
