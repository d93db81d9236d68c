//! Examples of syncs, generated from the schemas themselves.
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

/// Examples of everything that a schema allows for objects: one for each tag, with all fields.
pub fn examples(schema: &Value) -> Vec<Value> {
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
        let values = match name.as_str() {
            // What it must hold, a schema may leave to the server.
            "keySchema" => vec![json!("APP_{{secretKey}}")],
            _ => examples(schema),
        };
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

/// The tag that a branch of a union stands for, and its value.
pub fn tag_of(branch: &Value) -> (String, Value) {
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

/// The first type that a schema allows.
pub fn type_of(schema: &Value) -> &str {
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
