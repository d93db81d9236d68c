//! Extraction gives the same bytes for the same facts, and a clear error for anything else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed, and says where"
)]

use std::fs;

use secsync::schema::extract::{Extraction, extract};
use secsync::schema::file::path_of;
use serde_json::{Map, Value};

const DOCUMENTS: [&str; 3] = ["depot.openapi.json", "quay.openapi.yaml", "start.md"];

fn fixture(path: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/openapi/{path}",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn error(text: &str) -> String {
    extract(text).unwrap_err().to_string()
}

/// The same document with the keys of every map in reverse, but for maps whose
/// order is that in which fields are shown.
fn reversed(value: Value, keeps_order: bool) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| {
                let is_shown = key == "properties" && !keeps_order;
                let value = reversed(value, is_shown);
                (key, value)
            });
            if keeps_order {
                entries.collect::<Map<_, _>>().into()
            } else {
                let mut entries: Vec<_> = entries.collect();
                entries.reverse();
                entries.into_iter().collect::<Map<_, _>>().into()
            }
        }
        Value::Array(items) => items
            .into_iter()
            .map(|item| reversed(item, false))
            .collect(),
        scalar => scalar,
    }
}

fn texts(extraction: &Extraction) -> Vec<(String, String)> {
    extraction
        .files
        .iter()
        .map(|(key, file)| (path_of(key), file.to_text(key)))
        .collect()
}

#[test]
fn extracting_again_gives_the_same_bytes() {
    let mut extraction = Extraction::default();
    for document in DOCUMENTS {
        extraction.merge(extract(&fixture(document)).unwrap());
    }
    let files = texts(&extraction);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "infisical/depot.json",
            "infisical/quay.json",
            "enkryptify/start.json"
        ]
    );
    for (path, text) in &files {
        assert_eq!(*text, fixture(&format!("expected/{path}")), "{path}");
    }
}

#[test]
fn the_order_of_keys_that_means_nothing_changes_nothing() {
    let text = fixture("depot.openapi.json");
    let document: Value = serde_json::from_str(&text).unwrap();
    let shuffled = reversed(document, false).to_string();
    assert_ne!(shuffled.find("\"paths\""), text.find("\"paths\""));
    assert_eq!(
        texts(&extract(&shuffled).unwrap()),
        texts(&extract(&text).unwrap())
    );
}

#[test]
fn json_and_yaml_of_the_same_document_give_the_same_files() {
    let text = fixture("depot.openapi.json");
    let page = format!("# A page\n\n```json\n{text}```\n");
    let document: Value = serde_json::from_str(&text).unwrap();
    let yaml = format!("# YAML in flow style\nopenapi: 3.0.3\n{}", {
        let mut rest = document.as_object().unwrap().clone();
        rest.remove("openapi");
        let lines: Vec<String> = rest
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        lines.join("\n")
    });
    let expected = texts(&extract(&text).unwrap());
    assert_eq!(texts(&extract(&page).unwrap()), expected);
    assert_eq!(texts(&extract(&yaml).unwrap()), expected);
}

#[test]
fn a_document_that_is_cut_off_anywhere_is_an_error() {
    for document in ["depot.openapi.json", "start.md"] {
        let text = fixture(document);
        let end = text.trim_end().rfind(['}', '`']).unwrap();
        for cut in (0..end)
            .step_by(7)
            .filter(|cut| text.is_char_boundary(*cut))
        {
            assert!(extract(&text[..cut]).is_err(), "{document} cut at {cut}");
        }
    }
}

#[test]
fn yaml_that_is_cut_off_before_an_answer_is_an_error() {
    let text = fixture("quay.openapi.yaml");
    let cut = text.find("      responses:").unwrap();
    assert_eq!(
        error(&text[..cut]),
        "The description of PATCH /api/v1/secret-syncs/quay/{syncId} has no responses."
    );
}

#[test]
fn a_document_without_syncs_says_so() {
    assert_eq!(
        error(r#"{"openapi": "3.0.3", "paths": {"/api/v1/projects": {}}}"#),
        "The OpenAPI document describes no secret sync."
    );
    let unreleased = fixture("depot.openapi.json").replace("secret-syncs/depot", "other/depot");
    let extraction = extract(&unreleased).unwrap();
    assert!(
        !texts(&extraction)
            .iter()
            .any(|(path, _)| path.contains("depot"))
    );
}

#[test]
fn what_is_no_openapi_document_is_told_apart() {
    for (text, expected) in [
        ("<html>", "The text is a web page, not an OpenAPI document."),
        ("# Notes\n\nNothing here.\n", "is not"),
        ("swagger: \"2.0\"\npaths: {}\n", "Swagger 2"),
        ("[1, 2]", "has no `openapi` version"),
        ("openapi: 3.0.3\n  bad: [\n", "is not valid YAML"),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{text:?}: {message}");
        assert!(message.ends_with('.'), "{message}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_names_the_operation() {
    let text = fixture("depot.openapi.json").replace("\"Filter\": {", "\"Other\": {");
    assert_eq!(
        error(&text),
        "The description of POST /api/v1/secret-syncs/depot refers to \"#/components/schemas/Filter\", which the document does not have."
    );
}
