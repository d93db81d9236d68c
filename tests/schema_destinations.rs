//! Every bundled destination, with examples generated from its own schema: a right one fits,
//! and each single mistake gives one error that names the field.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed, and says where"
)]

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use secsync::core::code::Code;
use secsync::core::diagnostic::Diagnostic;
use secsync::core::span::{Sources, Span};
use secsync::provider::ProviderKind;
use secsync::schema::store::{Destination, SchemaStore};
use secsync::schema::validate;
use serde_json::{Map, Value, json};

const SUPPLIED: [&str; 3] = ["name", "projectId", "connectionId"];

/// A place in an example: the way to it, and the schema that it must fit.
struct Place {
    path: Vec<String>,
    schema: Value,
    parent_requires: bool,
}

fn check(destination: &Destination, sync: &Value) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let text = format!("{sync:#}");
    let source = sources.add("x.json", text.as_str());
    let loaded = secsync::yaml::load(source, &text);
    assert_eq!(loaded.diagnostics, [], "{text}");
    validate::check(
        destination,
        loaded.documents[0].as_mapping().unwrap(),
        Span::new(source, 0, 1),
        "sync",
    )
}

/// Examples of everything that a schema allows for objects: one for each tag, with all fields.
fn examples(schema: &Value) -> Vec<Value> {
    if let Some(branches) = schema.get("allOf").and_then(Value::as_array) {
        return branches
            .iter()
            .flat_map(|branch| {
                let (tag, only) = tag_of(branch);
                let mut whole = branch["then"].clone();
                whole["type"] = json!("object");
                whole["properties"][&tag] = json!({"type": "string", "enum": [only]});
                examples(&whole)
            })
            .collect();
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return vec![scalar(schema)];
    };
    let mut all = vec![Map::new()];
    for (name, schema) in properties {
        let values = examples(schema);
        // The first of each field in every example, and every further one once.
        let mut further = Vec::new();
        for value in values.iter().skip(1) {
            let mut example = all[0].clone();
            example.insert(name.clone(), value.clone());
            further.push(example);
        }
        for example in &mut all {
            example.insert(name.clone(), values[0].clone());
        }
        all.extend(further);
    }
    all.into_iter().map(Value::Object).collect()
}

fn tag_of(branch: &Value) -> (String, Value) {
    let (tag, condition) = branch["if"]["properties"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    (tag.clone(), condition["const"].clone())
}

fn scalar(schema: &Value) -> Value {
    if let Some(values) = schema.get("enum") {
        return values[0].clone();
    }
    if let Some(members) = schema.get("anyOf") {
        return scalar(&members[0]);
    }
    match type_of(schema) {
        "string" => match (schema.get("pattern"), schema.get("format")) {
            (Some(pattern), _) => json!(matching(pattern.as_str().unwrap())),
            (None, Some(format)) if format == "uuid" => {
                json!("0b81bdb2-4c1e-48fd-aa17-40c5a9b51d2e")
            }
            (None, Some(format)) if format == "uri" => json!("https://demo.example.com"),
            (None, Some(format)) => panic!("no example for the format {format}"),
            (None, None) => json!("text"),
        },
        "number" | "integer" => json!(1),
        "boolean" => json!(true),
        "array" => json!([examples(&schema["items"])[0]]),
        "object" => json!({}),
        other => panic!("no example for {other}"),
    }
}

fn type_of(schema: &Value) -> &str {
    let types = &schema["type"];
    types
        .as_str()
        .or_else(|| types[0].as_str())
        .unwrap_or_else(|| panic!("{schema} has no type"))
}

fn matching(pattern: &str) -> String {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    let strategy = proptest::string::string_regex(&inner.replace(".+", "[a-z0-9]+"))
        .unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(|| strategy.new_tree(&mut runner).unwrap().current())
        .find(|text| !text.is_empty() && text.len() <= 60 && text.trim() == text)
        .unwrap()
}

/// Every place of an example that a schema speaks of, the example's own included.
fn places(schema: &Value, example: &Value, path: &[String], required: bool, all: &mut Vec<Place>) {
    all.push(Place {
        path: path.to_vec(),
        schema: schema.clone(),
        parent_requires: required,
    });
    let mut visit = |schema: &Value| {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, field) in properties.into_iter().flatten() {
            if field.is_object()
                && let Some(value) = example.get(name)
            {
                let required = schema["required"]
                    .as_array()
                    .is_some_and(|required| required.contains(&json!(name)));
                let path = [path, std::slice::from_ref(name)].concat();
                places(field, value, &path, required, all);
            }
        }
    };
    visit(schema);
    for branch in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let (tag, value) = tag_of(branch);
        if example.get(&tag) == Some(&value) {
            visit(&branch["then"]);
        }
    }
}

fn changed(
    example: &Value,
    path: &[String],
    change: impl FnOnce(&mut Map<String, Value>, &str),
) -> Value {
    let mut sync = example.clone();
    let (name, parents) = path.split_last().unwrap();
    let parent = parents
        .iter()
        .fold(&mut sync, |value, segment| &mut value[segment]);
    change(parent.as_object_mut().unwrap(), name);
    sync
}

fn expect_one(destination: &Destination, sync: &Value, code: Code, names: &str) {
    let found = check(destination, sync);
    let slug = &destination.spec.slug;
    assert_eq!(found.len(), 1, "{slug}: {names}: {found:#?}");
    assert_eq!(found[0].code, code, "{slug}: {names}: {}", found[0].message);
    assert!(
        found[0].message.contains(&format!("`{names}`")),
        "{slug}: {names}: {}",
        found[0].message
    );
}

fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&json!(false)) || schema.get("allOf").is_some()
}

#[test]
fn right_examples_fit_and_each_single_mistake_gives_one_error_that_names_the_field() {
    let store = SchemaStore::bundled();
    let mut mistakes = 0;
    for slug in store.destinations(ProviderKind::Infisical) {
        let destination = store
            .destination(ProviderKind::Infisical, &slug)
            .unwrap()
            .unwrap();
        let create = &destination.file.definitions["create"];
        for example in examples(create) {
            assert_eq!(check(&destination, &example), [], "{slug}: {example:#}");
            let mut all = Vec::new();
            places(create, &example, &[], false, &mut all);
            for place in &all {
                mistakes += mistakes_at(&destination, &example, place);
            }
        }
    }
    // So that a generator that finds nothing to break is noticed.
    assert!(mistakes > 1_500, "{mistakes}");
}

fn mistakes_at(destination: &Destination, example: &Value, place: &Place) -> usize {
    let mut mistakes = 0;
    let dotted = place.path.join(".");
    if type_of_or_none(&place.schema) == Some("object") && is_closed(&place.schema) {
        let path = [place.path.as_slice(), &["zzz".to_owned()]].concat();
        let sync = changed(example, &path, |object, name| {
            object.insert(name.to_owned(), json!(1));
        });
        expect_one(destination, &sync, Code::UnknownField, "zzz");
        mistakes += 1;
    }
    if place.path.is_empty() {
        return mistakes;
    }
    let supplied = SUPPLIED.contains(&dotted.as_str());
    if place.parent_requires && !supplied {
        let sync = changed(example, &place.path, |object, name| {
            object.shift_remove(name);
        });
        expect_one(destination, &sync, Code::MissingField, &dotted);
        mistakes += 1;
    }
    let wrong = if type_of_or_none(&place.schema) == Some("object") {
        json!("zzz")
    } else {
        json!({"zzz": 1})
    };
    let sync = changed(example, &place.path, |object, name| {
        object.insert(name.to_owned(), wrong);
    });
    expect_one(destination, &sync, Code::WrongType, &dotted);
    mistakes += 1;
    let is_tag = place.schema.get("allOf").is_some();
    let enumerated = if is_tag {
        let (tag, _) = tag_of(&place.schema["allOf"][0]);
        Some([place.path.as_slice(), &[tag]].concat())
    } else {
        let lists_strings = place.schema["enum"][0].is_string();
        lists_strings.then(|| place.path.clone())
    };
    if let Some(path) = enumerated {
        let sync = changed(example, &path, |object, name| {
            object.insert(name.to_owned(), json!("zzz"));
        });
        expect_one(destination, &sync, Code::WrongValue, &path.join("."));
        mistakes += 1;
    }
    mistakes
}

fn type_of_or_none(schema: &Value) -> Option<&str> {
    schema.get("type").map(|_| type_of(schema))
}

#[test]
fn every_destination_says_what_planning_needs_to_know() {
    let store = SchemaStore::bundled();
    let slugs = store.destinations(ProviderKind::Infisical);
    assert_eq!(slugs.len(), 52);
    for slug in slugs {
        let destination = store
            .destination(ProviderKind::Infisical, &slug)
            .unwrap()
            .unwrap();
        let spec = &destination.spec;
        assert!(
            spec.connection_app.is_some() && !spec.name.is_empty(),
            "{slug}"
        );
        for name in [
            "name",
            "projectId",
            "connectionId",
            "environment",
            "secretPath",
        ] {
            let field = spec.create.fields.iter().find(|field| field.name == name);
            assert!(field.is_some_and(|field| field.required), "{slug}: {name}");
        }
        let automatic = spec
            .create
            .field("isAutoSyncEnabled", &Value::Null)
            .and_then(|field| field.default.clone());
        assert_eq!(automatic, Some(json!(true)), "{slug}");
        assert!(!spec.create.open && !spec.update.open, "{slug}");
        assert!(
            spec.update.field("projectId", &Value::Null).is_none(),
            "{slug}"
        );
        assert!(
            spec.update.fields.iter().all(|field| !field.required),
            "{slug}"
        );
        let configuration = spec
            .create
            .field("destinationConfig", &Value::Null)
            .unwrap();
        let object = configuration.object.as_ref().unwrap();
        assert!(!object.open, "{slug}");
        assert!(
            object.union.is_some() || !object.fields.is_empty(),
            "{slug}"
        );
    }
}
