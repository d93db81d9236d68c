//! The server's own API document, made from the destinations that it knows.
//!
//! It is OpenAPI 3.0 as a live server prints it: `nullable` instead of a list of types, tagged
//! unions as `anyOf`, limits that exclude themselves as booleans, no operation ids.

use serde_json::{Map, Value, json};

use crate::sandbox::catalog::{Catalog, CatalogEntry};
use crate::schema::keyword::{Branch, branch, change_inner, members, properties, reference};

/// How deep references are followed; what points into itself is cut there.
const MAX_DEPTH: usize = 32;

/// `GET /api/docs/json`.
pub fn document(catalog: &Catalog) -> Value {
    let mut paths = Map::new();
    for destination in catalog.iter() {
        add_paths(&mut paths, destination);
    }
    paths.insert(
        "/api/v1/secret-syncs".to_owned(),
        json!({"get": operation(&[query("projectId")], None, &listing(&json!({})))}),
    );
    paths.insert(
        "/api/v1/secret-syncs/options".to_owned(),
        json!({"get": operation(&[], None, &options(catalog))}),
    );
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Infisical API", "version": "0.0.1"},
        "servers": [{"url": "https://us.infisical.com"}, {"url": "https://eu.infisical.com"}],
        "paths": paths
    })
}

fn add_paths(paths: &mut Map<String, Value>, destination: &CatalogEntry) {
    let definition = |name: &str, otherwise: &Value| {
        let known = destination.document.pointer(&format!("/$defs/{name}"));
        let mut schema = known.unwrap_or(otherwise).clone();
        convert(&mut schema, &destination.document, 0);
        schema
    };
    let create = definition("create", &destination.create);
    let update = definition("update", &destination.update);
    // A catalog need not say what reads return; it is much like what was sent.
    let mut read = definition("read", &destination.create);
    read["title"] = destination.name.as_str().into();
    let one = envelope("secretSync", &read);
    let all = listing(&read);
    let root = format!("/api/v1/secret-syncs/{}", destination.slug);
    let by_id = || [path_parameter("syncId")];
    let mut add = |path: String, item: Value| paths.insert(path, item);
    add(
        root.clone(),
        json!({
            "get": operation(&[query("projectId")], None, &all),
            "post": operation(&[], Some(&create), &one)
        }),
    );
    add(
        format!("{root}/{{syncId}}"),
        json!({
            "get": operation(&by_id(), None, &one),
            "patch": operation(&by_id(), Some(&update), &one),
            "delete": operation(&[path_parameter("syncId"), query("removeSecrets")], None, &one)
        }),
    );
    add(
        format!("{root}/sync-name/{{syncName}}"),
        json!({"get": operation(&[path_parameter("syncName"), query("projectId")], None, &one)}),
    );
    let mut actions = vec!["sync-secrets", "remove-secrets"];
    if destination.can_import {
        actions.push("import-secrets");
    }
    for action in actions {
        add(
            format!("{root}/{{syncId}}/{action}"),
            json!({"post": operation(&by_id(), None, &one)}),
        );
    }
}

fn operation(parameters: &[Value], body: Option<&Value>, answer: &Value) -> Value {
    let mut operation = json!({"tags": ["Secret Syncs"]});
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": body}}});
    }
    operation["responses"] = json!({"200": {
        "description": "Default Response",
        "content": {"application/json": {"schema": answer}}
    }});
    operation
}

fn query(name: &str) -> Value {
    json!({"in": "query", "name": name, "required": name == "projectId", "schema": {"type": "string"}})
}

fn path_parameter(name: &str) -> Value {
    json!({"in": "path", "name": name, "required": true, "schema": {"type": "string"}})
}

fn envelope(key: &str, schema: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {key: schema},
        "required": [key],
        "additionalProperties": false
    })
}

fn listing(read: &Value) -> Value {
    envelope("secretSyncs", &json!({"type": "array", "items": read}))
}

fn options(catalog: &Catalog) -> Value {
    let options: Vec<Value> = catalog
        .iter()
        .map(|destination| {
            let only = |text: &str| json!({"type": "string", "enum": [text]});
            json!({
                "type": "object",
                "properties": {
                    "name": only(&destination.name),
                    "connection": only(&destination.connection_app),
                    "destination": only(&destination.slug),
                    "canImportSecrets": {"type": "boolean", "enum": [destination.can_import]}
                },
                "required": ["name", "connection", "destination", "canImportSecrets"],
                "additionalProperties": false
            })
        })
        .collect();
    envelope(
        "secretSyncOptions",
        &json!({"type": "array", "items": {"anyOf": options}}),
    )
}

/// Puts a JSON Schema into the words of OpenAPI 3.0.
fn convert(schema: &mut Value, document: &Value, depth: usize) {
    if depth > MAX_DEPTH || *schema == Value::Bool(true) {
        *schema = json!({});
    }
    while let Some(target) = reference(schema).and_then(|name| document["$defs"].get(name)) {
        *schema = target.clone();
    }
    if schema.get("allOf").is_some() {
        *schema = alternatives(schema);
    }
    change_inner(schema, |inner| convert(inner, document, depth + 1));
    let Value::Object(map) = schema else { return };
    if let Some(only) = map.remove("const") {
        map.insert("enum".to_owned(), json!([only]));
    }
    if let Some(Value::Array(kinds)) = map.get("type").cloned() {
        for kind in kinds {
            let (keyword, value) = match kind.as_str() {
                Some("null") => ("nullable", true.into()),
                _ => ("type", kind),
            };
            map.insert(keyword.to_owned(), value);
        }
    }
    for (exclusive, limit) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if let Some(bound) = map.remove(exclusive) {
            map.insert(limit.to_owned(), bound);
            map.insert(exclusive.to_owned(), true.into());
        }
    }
}

/// A tagged union as a live server prints it: every variant whole, with its own tag.
fn alternatives(schema: &Value) -> Value {
    let variant = |branch: Branch<'_>| {
        let mut variant = branch.then.clone();
        variant["type"] = "object".into();
        for (name, field) in properties(schema).into_iter().flatten() {
            variant["properties"][name] = field.clone();
        }
        variant["properties"][branch.tag] = json!({"type": "string", "enum": branch.values});
        let required = [schema, branch.then].map(|schema| members(schema, "required"));
        variant["required"] = required.concat().into();
        variant
    };
    let branches = members(schema, "allOf").iter().filter_map(branch);
    json!({"anyOf": branches.map(variant).collect::<Vec<_>>()})
}
