//! Extraction gives the same bytes for the same facts, and a clear error for anything else.
use std::fs;

use camino::Utf8Path;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use secsync::provider::{enkryptify, infisical};
use secsync::root::Root;
use secsync::schema::extract::{Extraction, extract};
use secsync::schema::pull;
use secsync::schema::schema_file::path_of;
use secsync::schema::store::SchemaStore;
use serde_json::{Map, Value, json};

const DOCUMENTS: [&str; 3] = ["depot.openapi.json", "quay.openapi.yaml", "start.md"];

fn fixture(path: &str) -> String {
    let path = crate::repository()
        .join("tests/fixtures/openapi")
        .join(path);
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
            "enkryptify/start.json",
            "infisical/depot.json",
            "infisical/quay.json"
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
fn distinguishes_what_is_not_an_openapi_document() {
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

#[test]
fn a_document_of_version_3_1_says_the_same_in_its_own_words() {
    // 3.0 has words of its own for null and for limits, and 3.1 those of JSON Schema.
    let create = |limit: Value, note: Value| {
        let kept = json!({
            "type": "object",
            "properties": {"size": limit, "note": note},
            "required": ["size"],
        });
        let answer = json!({"type": "object", "properties": {"secretSync": {"type": "object", "properties": {"id": {"type": "string"}}}}});
        let json_of = |schema: &Value| json!({"content": {"application/json": {"schema": schema}}});
        move |version: &str| {
            json!({
                "openapi": version,
                "paths": {"/api/v1/secret-syncs/pier": {"post": {
                    "requestBody": json_of(&kept), "responses": {"200": json_of(&answer)},
                }}},
            })
            .to_string()
        }
    };
    let old = create(
        json!({"type": "number", "minimum": 0, "exclusiveMinimum": true}),
        json!({"type": "string", "nullable": true}),
    )("3.0.3");
    let new = create(
        json!({"type": "number", "exclusiveMinimum": 0}),
        json!({"type": ["string", "null"]}),
    )("3.1.0");
    assert_eq!(
        texts(&extract(&old).unwrap()),
        texts(&extract(&new).unwrap())
    );
}

/// A value where something else belongs.
fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(false)),
        Just(json!(-1.5)),
        Just(json!("")),
        Just(json!("([")),
        Just(json!("object")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, {"type": 7}])),
        Just(json!({"$ref": "#/paths"})),
        Just(json!({"$ref": "#"})),
        Just(json!({"$ref": 5})),
        Just(json!({"$ref": "https://example.com/x.json"})),
        Just(json!({"allOf": [{"$ref": "#/components/schemas/Filter"}, {"type": "string"}]})),
        Just(json!({"oneOf": [], "nullable": true})),
        Just(json!({"discriminator": {"propertyName": 3}, "oneOf": [{"$ref": "#"}]})),
    ]
}

/// One change of a document.
#[derive(Debug, Clone)]
enum Change {
    Replace(Index, Value),
    Remove(Index),
    CopyTo(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<Index>(), junk()).prop_map(|(at, junk)| Change::Replace(at, junk)),
        2 => any::<Index>().prop_map(Change::Remove),
        2 => any::<(Index, Index)>().prop_map(|(from, to)| Change::CopyTo(from, to)),
    ]
}

/// The pointers to everything in a value but itself.
fn pointers(value: &Value, here: &str, all: &mut Vec<String>) {
    let mut visit = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{here}/{key}");
        all.push(pointer.clone());
        pointers(value, &pointer, all);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| visit(key, value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| visit(&index.to_string(), value)),
        _ => {}
    }
}

fn apply(document: &mut Value, change: &Change) {
    let mut all = Vec::new();
    pointers(document, "", &mut all);
    if all.is_empty() {
        return;
    }
    match change {
        Change::Replace(at, junk) => {
            *document.pointer_mut(at.get(&all).as_str()).unwrap() = junk.clone();
        }
        Change::Remove(at) => {
            let (parent, key) = at.get(&all).rsplit_once('/').unwrap();
            let key = key.replace("~1", "/").replace("~0", "~");
            match document.pointer_mut(parent).unwrap() {
                Value::Object(fields) => drop(fields.shift_remove(&key)),
                Value::Array(items) => drop(items.remove(key.parse().unwrap())),
                _ => {}
            }
        }
        Change::CopyTo(from, to) => {
            let copy = document.pointer(from.get(&all).as_str()).unwrap().clone();
            *document.pointer_mut(to.get(&all).as_str()).unwrap() = copy;
        }
    }
}

/// Pulls a text as the command does. Whatever it is: what is written can be used, and what
/// cannot be used is not written.
fn pull_whatever(text: &str) -> bool {
    let temporary = tempfile::tempdir().unwrap();
    let root = Root::open(Utf8Path::from_path(temporary.path()).unwrap()).unwrap();
    let directory = root.path().join("schemas");
    let is_written = extract(text)
        .map_err(|error| error.to_string())
        .and_then(|extraction| {
            pull::write(&root, "schemas".into(), &extraction, &[], "")
                .map_err(|error| error.message)
        })
        .map_err(|message| assert!(message.len() > 20 && message.ends_with('.'), "{message}"))
        .is_ok();
    assert_eq!(directory.exists(), is_written);
    let left = fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, usize::from(is_written));
    let store = SchemaStore::with_workspace(root.path(), "schemas".into()).unwrap();
    for slug in store.destinations(infisical::PLATFORM) {
        if store.origin(&(infisical::PLATFORM, slug.clone())).name() == "pulled" {
            store.destination(infisical::PLATFORM, &slug).unwrap();
        }
    }
    store.destination(enkryptify::PLATFORM, "vercel").unwrap();
    is_written
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn whatever_is_wrong_in_a_document_what_is_pulled_can_be_used(changes in vec(change(), 1..6)) {
        let mut document: Value = serde_json::from_str(&fixture("depot.openapi.json")).unwrap();
        for change in &changes {
            apply(&mut document, change);
        }
        pull_whatever(&document.to_string());
    }

    #[test]
    fn whatever_a_text_is_it_is_pulled_or_refused(
        name in prop::sample::select(DOCUMENTS.to_vec()),
        at in any::<Index>(),
        noise in "[\\PC\n\t]{0,12}",
        length in 0usize..200,
    ) {
        let text = fixture(name);
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let from = *at.get(&ends);
        let to = ends.iter().copied().find(|end| *end >= from + length).unwrap_or(text.len());
        pull_whatever(&format!("{}{noise}{}", &text[..from], &text[to..]));
    }
}

#[test]
fn what_is_right_is_pulled() {
    assert!(pull_whatever(&fixture("depot.openapi.json")));
    assert!(pull_whatever(&fixture("start.md")));
    // It describes how a sync is changed, and not how one is created.
    assert!(!pull_whatever(&fixture("quay.openapi.yaml")));
}

#[test]
fn a_union_of_unions_without_end_takes_no_time() {
    let union = |depth: usize| {
        json!({"allOf": vec![json!({"anyOf": [
        {"$ref": format!("#/components/schemas/S{}", depth + 1)},
        {"type": "object", "properties": {(format!("f{depth}")): {"type": "string"}}},
    ]}); 12]})
    };
    let schemas: Map<String, Value> = (0..12)
        .map(|depth| (format!("S{depth}"), union(depth)))
        .chain([("S12".to_owned(), json!({"type": "object"}))])
        .collect();
    let mut document: Value = serde_json::from_str(&fixture("depot.openapi.json")).unwrap();
    document["components"]["schemas"]
        .as_object_mut()
        .unwrap()
        .extend(schemas);
    document["paths"]["/api/v1/secret-syncs/depot"]["post"]["requestBody"]["content"]["application/json"]
        ["schema"] = json!({"$ref": "#/components/schemas/S0"});
    pull_whatever(&document.to_string());
}
