//! The server's own API document, made from the destinations that it knows.
//!
//! It is OpenAPI 3.0 as a live server prints it: `nullable` instead of a list of types, tagged
//! unions as `anyOf`, limits that exclude themselves as booleans, no operation ids.

use serde_json::{Map, Value, json};

use crate::sandbox::catalog::{Catalog, Destination};

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

fn add_paths(paths: &mut Map<String, Value>, destination: &Destination) {
    let definition = |name: &str, otherwise: &Value| {
        let known = destination.document.pointer(&format!("/$defs/{name}"));
        converted(known.unwrap_or(otherwise), &destination.document, 0)
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

/// A JSON Schema in the words of OpenAPI 3.0.
fn converted(schema: &Value, document: &Value, depth: usize) -> Value {
    let Some(members) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return json!({});
    };
    if let Some(target) = members
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| document.pointer(reference.strip_prefix('#')?))
    {
        return converted(target, document, depth + 1);
    }
    if let Some(conditions) = members.get("allOf").and_then(Value::as_array) {
        return alternatives(members, conditions, document, depth);
    }
    let mut out = Map::new();
    for (key, value) in members {
        match key.as_str() {
            "type" => add_type(&mut out, value),
            "const" => {
                out.insert("enum".to_owned(), json!([value]));
            }
            "properties" => {
                let properties: Map<String, Value> = value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, property)| {
                        (name.clone(), converted(property, document, depth + 1))
                    })
                    .collect();
                out.insert(key.clone(), properties.into());
            }
            "items" => {
                out.insert(key.clone(), converted(value, document, depth + 1));
            }
            "additionalProperties" if value.is_object() => {
                out.insert(key.clone(), converted(value, document, depth + 1));
            }
            "anyOf" | "oneOf" => {
                let variants: Vec<Value> = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|variant| converted(variant, document, depth + 1))
                    .collect();
                out.insert(key.clone(), variants.into());
            }
            "exclusiveMinimum" | "exclusiveMaximum" => {
                let limit = key.replace("exclusiveM", "m");
                out.insert(limit, value.clone());
                out.insert(key.clone(), true.into());
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    out.into()
}

fn add_type(out: &mut Map<String, Value>, kind: &Value) {
    let Some(kinds) = kind.as_array() else {
        out.insert("type".to_owned(), kind.clone());
        return;
    };
    for kind in kinds {
        if kind == "null" {
            out.insert("nullable".to_owned(), true.into());
        } else {
            out.insert("type".to_owned(), kind.clone());
        }
    }
}

/// A tagged union as a live server prints it: every variant whole, with its own tag.
fn alternatives(
    members: &Map<String, Value>,
    conditions: &[Value],
    document: &Value,
    depth: usize,
) -> Value {
    let shared = members.get("properties").and_then(Value::as_object);
    let variants: Vec<Value> = conditions
        .iter()
        .filter_map(|condition| {
            let (tag, test) = condition
                .get("if")?
                .get("properties")?
                .as_object()?
                .iter()
                .next()?;
            let mut variant = condition.get("then")?.clone();
            let properties = variant.get_mut("properties")?.as_object_mut()?;
            for (key, schema) in shared.into_iter().flatten() {
                properties.insert(key.clone(), schema.clone());
            }
            properties.insert(
                tag.clone(),
                json!({"type": "string", "enum": [test.get("const")?]}),
            );
            variant["type"] = "object".into();
            let required = variant.get("required").and_then(Value::as_array);
            let of_all = members.get("required").and_then(Value::as_array);
            let required: Vec<Value> = of_all
                .into_iter()
                .chain(required)
                .flatten()
                .cloned()
                .collect();
            variant["required"] = required.into();
            Some(converted(&variant, document, depth + 1))
        })
        .collect();
    json!({"anyOf": variants})
}
