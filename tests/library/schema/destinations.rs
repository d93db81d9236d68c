//! Every bundled destination, with examples generated from its own schema: a right one fits,
//! and each single mistake gives one error that names the field and points at it.
use crate::examples::{examples, tag_of, type_of};
use secsync::core::code::Code;
use secsync::core::diagnostic::Diagnostic;
use secsync::core::sources::Sources;
use secsync::core::span::Span;
use secsync::core::value::{Mapping, Value as NodeValue};
use secsync::provider::infisical;
use secsync::schema::destination::Destination;
use secsync::schema::store::SchemaStore;
use secsync::schema::validate;
use serde_json::{Map, Value, json};

const SUPPLIED: [&str; 3] = ["name", "projectId", "connectionId"];

/// A place in an example: the way to it, and the schema that it must fit.
struct Place {
    path: Vec<String>,
    schema: Value,
    parent_requires: bool,
}

/// What is wrong with a sync, each finding with the field that it points at.
fn check(destination: &Destination, sync: &Value) -> Vec<(Diagnostic, String)> {
    let mut sources = Sources::default();
    let text = format!("{sync:#}");
    let source = sources.add("x.json", text.as_str());
    let loaded = secsync::yaml::load(source, &text);
    assert_eq!(loaded.diagnostics, [], "{text}");
    let fields = loaded.documents[0].as_mapping().unwrap();
    let root = Span::new(source, 0, 1);
    let found = validate::check(destination, fields, root, "sync");
    let pointed = |finding: Diagnostic| {
        let span = finding.span().unwrap();
        let field = if span == root {
            String::new()
        } else {
            field_at(fields, span, &[]).unwrap_or_else(|| panic!("no field: {finding:?}"))
        };
        (finding, field)
    };
    found.into_iter().map(pointed).collect()
}

/// The field whose key or value is there.
fn field_at(fields: &Mapping, span: Span, path: &[&str]) -> Option<String> {
    fields.entries().iter().find_map(|entry| {
        let path = [path, &[&entry.key]].concat();
        if [entry.key_span, entry.value.span].contains(&span) {
            return Some(path.join("."));
        }
        match &entry.value.value {
            NodeValue::Mapping(inner) => field_at(inner, span, &path),
            NodeValue::Sequence(items) => items.iter().enumerate().find_map(|(index, item)| {
                let index = index.to_string();
                let path = [path.as_slice(), &[&index]].concat();
                field_at(item.as_mapping()?, span, &path)
            }),
            _ => None,
        }
    })
}

/// Every place of an example that a schema speaks of, the example's own included.
fn places(schema: &Value, example: &Value, path: &[String], required: bool, all: &mut Vec<Place>) {
    all.push(Place {
        path: path.to_vec(),
        schema: schema.clone(),
        parent_requires: required,
    });
    if let Some(item) = example.get(0) {
        let path = [path, &["0".to_owned()]].concat();
        places(&schema["items"], item, &path, false, all);
    }
    let mut visit = |schema: &Value| {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, field) in properties.into_iter().flatten() {
            if field.is_object()
                && let Some(value) = example.get(name)
            {
                let required = schema["required"]
                    .as_array()
                    .is_some_and(|required| required.contains(&json!(name)))
                    && field.get("writeOnly").is_none();
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
        .fold(&mut sync, |value, segment| match value {
            Value::Array(items) => &mut items[segment.parse::<usize>().unwrap()],
            other => &mut other[segment],
        });
    change(parent.as_object_mut().unwrap(), name);
    sync
}

/// A path as messages write it: `syncOptions.tags[0].key`.
fn written(path: &[String]) -> String {
    path.iter().fold(String::new(), |text, segment| {
        match (text.as_str(), segment.parse::<usize>()) {
            (_, Ok(index)) => format!("{text}[{index}]"),
            ("", Err(_)) => segment.clone(),
            (_, Err(_)) => format!("{text}.{segment}"),
        }
    })
}

/// Expects one error, which names a field and points at one.
fn expect_one(
    destination: &Destination,
    sync: &Value,
    code: Code,
    named: &str,
    pointed: &[String],
) {
    let found = check(destination, sync);
    let slug = &destination.spec.slug;
    let [(error, field)] = found.as_slice() else {
        panic!("{slug}: {named}: {found:#?}");
    };
    assert_eq!(error.code, code, "{slug}: {named}: {}", error.message);
    assert!(
        error.message.contains(&format!("`{named}`")),
        "{slug}: {named}: {}",
        error.message
    );
    assert_eq!(*field, pointed.join("."), "{slug}: {}", error.message);
}

fn is_closed(schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&json!(false)) || schema.get("allOf").is_some()
}

#[test]
fn right_examples_fit_and_each_single_mistake_gives_one_error_that_names_the_field_and_points_at_it()
 {
    let store = SchemaStore::bundled();
    let mut mistakes = 0;
    let mut with_tag = 0;
    for slug in store.destinations(infisical::PLATFORM) {
        let destination = store
            .destination(infisical::PLATFORM, &slug)
            .unwrap()
            .unwrap();
        let create = &destination.file.definitions["create"];
        let (mut kinds, mut has_tag) = (Vec::new(), false);
        for example in examples(create) {
            assert_eq!(check(&destination, &example), [], "{slug}: {example:#}");
            let mut all = Vec::new();
            places(create, &example, &[], false, &mut all);
            for place in &all {
                let of_place = mistakes_at(&destination, &example, place);
                mistakes += of_place.len();
                kinds.extend(of_place);
                has_tag |= place.schema.get("allOf").is_some();
            }
        }
        let every_kind = [
            Code::UnknownField,
            Code::MissingField,
            Code::WrongType,
            Code::WrongValue,
        ];
        for kind in every_kind {
            assert!(kinds.contains(&kind), "{slug}: nothing of {kind} was tried");
        }
        with_tag += usize::from(has_tag);
    }
    assert_eq!(with_tag, 9, "destinations with a tagged union");
    // So that a generator that finds nothing to break is noticed.
    assert!(mistakes > 1_500, "{mistakes}");
}

/// Makes each mistake that can be made at a place, and returns their codes.
fn mistakes_at(destination: &Destination, example: &Value, place: &Place) -> Vec<Code> {
    let mut mistakes = Vec::new();
    let mut expect = |code: Code, sync: &Value, named: &str, pointed: &[String]| {
        expect_one(destination, sync, code, named, pointed);
        mistakes.push(code);
    };
    let set = |path: &[String], value: Value| {
        changed(example, path, |object, name| {
            object.insert(name.to_owned(), value);
        })
    };
    let is_object = type_of_or_none(&place.schema) == Some("object");
    if is_object && is_closed(&place.schema) {
        let path = [place.path.as_slice(), &["zzz".to_owned()]].concat();
        let sync = set(&path, json!(1));
        expect(Code::UnknownField, &sync, "zzz", &path);
    }
    // The sync itself and the items of lists have no key of their own.
    let Some((name, parent)) = place.path.split_last() else {
        return mistakes;
    };
    if name.parse::<usize>().is_ok() {
        return mistakes;
    }
    let named = written(&place.path);
    if place.parent_requires && !SUPPLIED.contains(&named.as_str()) {
        let sync = changed(example, &place.path, |object, name| {
            object.shift_remove(name);
        });
        // It is reported at the start of its map; that of an item is its first field.
        let pointed = match parent.last().map(|last| last.parse::<usize>()) {
            Some(Ok(_)) => {
                let item = parent.iter().fold(&sync, |value, segment| match value {
                    Value::Array(items) => &items[segment.parse::<usize>().unwrap()],
                    other => &other[segment],
                });
                let first = item.as_object().unwrap().keys().next().unwrap();
                [parent, std::slice::from_ref(first)].concat()
            }
            _ => parent.to_vec(),
        };
        expect(Code::MissingField, &sync, &named, &pointed);
    }
    let wrong = if is_object {
        json!("zzz")
    } else {
        json!({"zzz": 1})
    };
    expect(
        Code::WrongType,
        &set(&place.path, wrong),
        &named,
        &place.path,
    );
    let enumerated = if let Some(branches) = place.schema.get("allOf") {
        let (tag, _) = tag_of(&branches[0]);
        Some([place.path.as_slice(), &[tag]].concat())
    } else {
        let lists_strings = place.schema["enum"][0].is_string();
        lists_strings.then(|| place.path.clone())
    };
    if let Some(path) = enumerated {
        let sync = set(&path, json!("zzz"));
        expect(Code::WrongValue, &sync, &written(&path), &path);
    }
    mistakes
}

fn type_of_or_none(schema: &Value) -> Option<&str> {
    schema.get("type").map(|_| type_of(schema))
}

#[test]
fn every_destination_says_what_planning_needs_to_know() {
    let store = SchemaStore::bundled();
    let slugs = store.destinations(infisical::PLATFORM);
    assert_eq!(slugs.len(), 52);
    for slug in slugs {
        let destination = store
            .destination(infisical::PLATFORM, &slug)
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
            .field("isAutoSyncEnabled", &Map::new())
            .and_then(|field| field.default.clone());
        assert_eq!(automatic, Some(json!(true)), "{slug}");
        assert!(!spec.create.open && !spec.update.open, "{slug}");
        assert!(
            spec.update.field("projectId", &Map::new()).is_none(),
            "{slug}"
        );
        assert!(
            spec.update.fields.iter().all(|field| !field.required),
            "{slug}"
        );
        let configuration = spec.create.field("destinationConfig", &Map::new()).unwrap();
        let object = configuration.object.as_ref().unwrap();
        assert!(!object.open, "{slug}");
        assert!(
            object.union.is_some() || !object.fields.is_empty(),
            "{slug}"
        );
    }
}
