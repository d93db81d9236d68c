//! The emulator with the destinations that the program knows.

use regex::Regex;
use secsync::provider::ProviderKind;
use secsync::sandbox::{INFISICAL_TOKEN, Request};
use secsync::schema::extract::extract;
use secsync::schema::store::SchemaStore;
use serde_json::{Map, Value, json};

use super::support::{SETTLED, Server};

/// Strings of which one fits whatever form a field wants.
const STRINGS: [&str; 9] = [
    "abc",
    "https://example.com",
    "5a11db0c-0000-4000-8000-000000000000",
    "/abc/",
    "/abc",
    "u/abc/",
    "ocid1.tenancy.oc1.abc",
    "ocid1.vault.oc1.abc",
    "ocid1.key.oc1.abc",
];

/// A value that fits a schema, with the required fields only.
fn example(schema: &Value) -> Value {
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(variants) = schema["anyOf"].as_array() {
        return example(&variants[0]);
    }
    match schema["type"].as_str() {
        Some("object") => {
            let mut value = Map::new();
            let variant = &schema["allOf"][0];
            if let Some(tests) = variant["if"]["properties"].as_object() {
                for (tag, test) in tests {
                    value.insert(tag.clone(), test["const"].clone());
                }
            }
            for part in [schema, &variant["then"]] {
                for key in part["required"].as_array().into_iter().flatten() {
                    let key = key.as_str().unwrap();
                    let example = example(&part["properties"][key]);
                    value.entry(key).or_insert(example);
                }
            }
            value.into()
        }
        Some("array") => json!([example(&schema["items"])]),
        Some("string") => string(schema).into(),
        Some("boolean") => true.into(),
        Some("integer" | "number") => 1.into(),
        _ => panic!("no example for {schema}"),
    }
}

fn string(schema: &Value) -> &'static str {
    let pattern = schema["pattern"]
        .as_str()
        .map(|pattern| Regex::new(pattern).unwrap());
    let format = schema["format"].as_str();
    STRINGS
        .into_iter()
        .filter(|text| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text))
        })
        .find(|text| match format {
            Some("uuid") => text.len() == 36,
            Some("uri") => text.starts_with("https:"),
            _ => true,
        })
        .unwrap()
}

#[test]
fn a_sync_to_every_bundled_destination_can_be_created_and_pushed() {
    let store = SchemaStore::bundled();
    let mut world =
        json!({"projects": [{"slug": "payments"}], "connections": [], "enterprise": true});
    let slugs = store.destinations(ProviderKind::Infisical);
    let mut apps = Vec::new();
    for slug in &slugs {
        let file = store
            .file(&(ProviderKind::Infisical, slug.clone()))
            .unwrap()
            .unwrap();
        let app = file.connection_app.clone().unwrap();
        world["connections"]
            .as_array_mut()
            .unwrap()
            .push(json!({"app": app, "name": slug}));
        apps.push(app);
    }
    let mut server = Server::bundled(&world);
    let send = |server: &mut Server, request: Request| {
        server.send("none", request.bearer(INFISICAL_TOKEN))
    };
    let projects = send(&mut server, Request::new("GET", "/api/v1/workspace"));
    let project = projects.body()["workspaces"][0]["id"].clone();
    for (slug, app) in slugs.iter().zip(apps) {
        let available = Request::new("GET", &format!("/api/v1/app-connections/{app}/available"));
        let available = send(&mut server, available);
        let file = store
            .file(&(ProviderKind::Infisical, slug.clone()))
            .unwrap()
            .unwrap();
        let mut body = example(&file.definitions["create"]);
        let config = body["destinationConfig"].clone();
        for (key, value) in [
            ("name", json!(slug)),
            ("projectId", project.clone()),
            (
                "connectionId",
                available.body()["appConnections"][0]["id"].clone(),
            ),
            ("environment", json!("dev")),
            ("secretPath", json!("/")),
        ] {
            body[key] = value;
        }
        let create = Request::new("POST", &format!("/api/v1/secret-syncs/{slug}")).json(&body);
        let made = send(&mut server, create);
        assert_eq!(made.status, 200, "{slug}: {body} {}", made.text());
        // Defaults are filled in; nothing that was sent is lost.
        let kept = &made.body()["secretSync"]["destinationConfig"];
        for (key, value) in config.as_object().unwrap() {
            assert_eq!(&kept[key], value, "{slug} {key}");
        }
    }
    server.wait(SETTLED);
    let project = project.as_str().unwrap();
    let list = Request::new("GET", &format!("/api/v1/secret-syncs?projectId={project}"));
    let list = send(&mut server, list);
    let syncs = list.body()["secretSyncs"].as_array().unwrap();
    assert_eq!(syncs.len(), slugs.len());
    assert!(syncs.iter().all(|sync| sync["syncStatus"] == "succeeded"));
}

#[test]
fn the_api_document_says_what_the_catalog_says() {
    let store = SchemaStore::bundled();
    let mut server = Server::bundled(&json!({}));
    let document = server.send("none", Request::new("GET", "/api/docs/json"));
    assert_eq!(document.status, 200);
    let extracted = extract(&document.text()).unwrap();
    let slugs = store.destinations(ProviderKind::Infisical);
    assert_eq!(extracted.files.len(), slugs.len());
    for slug in slugs {
        let key = (ProviderKind::Infisical, slug);
        let bundled = store.file(&key).unwrap().unwrap();
        assert_eq!(extracted.files[&key], *bundled, "{}", key.1);
    }
}
