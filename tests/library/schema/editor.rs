//! The schemas for editors: whole, up to date, and the same each time.

use std::collections::BTreeMap;

use secsync::core::platform::Platform;
use secsync::provider::{enkryptify, infisical, platforms};
use secsync::schema::editor;
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

pub fn schema() -> Value {
    let providers: BTreeMap<String, Platform> = [
        ("infisical".to_owned(), infisical::PLATFORM),
        ("onprem".to_owned(), infisical::PLATFORM),
        ("enkryptify".to_owned(), enkryptify::PLATFORM),
    ]
    .into();
    editor::schema(&SchemaStore::bundled(), &providers).unwrap()
}

#[test]
fn the_schema_is_the_same_each_time_and_knows_every_destination() {
    let one = schema();
    assert_eq!(one.to_string(), schema().to_string());
    let slugs = &one["definitions"]["managedSync"]["properties"]["destination"]["anyOf"][0]["enum"];
    assert_eq!(
        *slugs,
        json!(SchemaStore::bundled().destinations(infisical::PLATFORM))
    );
}

#[test]
fn every_reference_of_the_schema_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            _ => {}
        }
    }
    let schema = schema();
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

/// `SECSYNC_BLESS=1 cargo test --test library` writes the files anew.
fn assert_is_committed(schema: &Value, file: &str) {
    let text = format!("{schema:#}\n");
    let path = crate::repository().join("schemas").join(file);
    if std::env::var_os("SECSYNC_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == text,
        "schemas/{file} is not what secsync writes"
    );
}

#[test]
fn the_committed_schema_of_sync_files_is_up_to_date() {
    let providers: BTreeMap<String, Platform> = platforms()
        .into_iter()
        .map(|kind| (kind.name().to_owned(), kind))
        .collect();
    let schema = editor::schema(&SchemaStore::bundled(), &providers).unwrap();
    assert_is_committed(&schema, "sync-file.json");
}

#[test]
fn the_committed_schema_of_the_workspace_file_is_up_to_date() {
    assert_is_committed(&editor::workspace_file::schema(), "workspace.json");
}

#[test]
fn the_schema_of_the_workspace_file_has_the_fields_that_are_read_and_no_others() {
    use secsync::core::sources::Sources;
    use secsync::workspace::Config;
    let codes = |text: &str| {
        let mut found = Vec::new();
        let document = secsync::yaml::load(Sources::default().add("secsync.yaml", text), text);
        Config::read(&document.documents[0], &mut found);
        found
    };
    let schema = editor::workspace_file::schema();
    let fields = schema["properties"].as_object().unwrap();
    let nothing: String = fields
        .keys()
        .flat_map(|field| [field.as_str(), ": null\n"])
        .collect();
    assert_eq!(codes(&nothing), []);
    // The message for a misspelt field lists all fields.
    let reported = codes("zzzzzz: 1\n").remove(0).help.unwrap();
    assert_eq!(
        reported.matches('`').count(),
        2 * fields.len(),
        "{reported}"
    );
}

#[test]
fn the_schema_knows_matrices() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let is_valid = |key: &str, matrix: Value, fields: Value| {
        let mut block = json!({"destination": "humanitec", "matrix": matrix});
        for (name, value) in fields.as_object().unwrap() {
            block[name] = value.clone();
        }
        validator.is_valid(&json!({"provider": "infisical", "syncs": {key: block}}))
    };
    let matrix = || {
        json!({
            "from": "services.yaml",
            "app": ["web", 1, {"name": "api"}],
            "exclude": [{"app": "web"}],
            "include": [{"app": {"name": "cron"}, "note": null}],
        })
    };
    let fields = || {
        json!({
            "environment": "${matrix.env.slug}",
            "protect": "${matrix.app.protect}",
            "isAutoSyncEnabled": "${matrix.app.auto}",
            "trigger": "${matrix.app.trigger}",
            "connection": "to-${matrix.app.name}",
            "labels": {"app": "${matrix.app.name}"},
            "syncOptions": {"initialSyncBehavior": "${matrix.app.behavior}"},
            "destinationConfig": {"scope": "${matrix.app.scope}", "org": "acme", "app": "${matrix.app.name}"},
        })
    };
    assert!(is_valid("${matrix.app.name}", matrix(), fields()));
    let whole =
        json!({"destinationConfig": "${matrix.app.config}", "syncOptions": "${matrix.options}"});
    assert!(is_valid("${matrix.app.name}", matrix(), whole));
    for wrong in [
        json!(["web"]),
        json!({"app": "web"}),
        json!({"app": []}),
        json!({"an axis": ["web"]}),
        json!({"app": ["web"], "exclude": {"app": "web"}}),
        json!({"app": ["web"], "include": [{}]}),
        json!({"from": ["services.yaml"]}),
    ] {
        assert!(!is_valid("x", wrong.clone(), json!({})), "{wrong}");
    }
    assert!(!is_valid("x", matrix(), json!({"protect": "${matrix.}"})));
}
