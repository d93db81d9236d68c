//! Checks parameters of paths and queries.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::sandbox::call::Call;
use crate::sandbox::zod::{self, StringRule};

/// Query parameters that must be there, in the order asked for.
pub fn required<const N: usize>(call: &Call, keys: [&str; N]) -> Result<[String; N], Refusal> {
    let kept = check(
        call,
        &keys,
        &json!({"type": "string", "minLength": 1}),
        true,
    )?;
    Ok(keys.map(|key| kept[key].as_str().unwrap_or_default().to_owned()))
}

/// A query parameter that can only be one of a few words; `None` if it is missing.
pub fn choice(
    call: &Call,
    key: &str,
    words: &[&str],
    required: bool,
) -> Result<Option<String>, Refusal> {
    let kept = check(
        call,
        &[key],
        &json!({"type": "string", "enum": words}),
        required,
    )?;
    Ok(kept[key].as_str().map(str::to_owned))
}

/// A path parameter that must be a UUID.
pub fn uuid(key: &str, text: &str) -> Result<(), Refusal> {
    let schema =
        json!({"type": "object", "properties": {key: {"type": "string", "format": "uuid"}}});
    zod::check(
        &schema,
        &schema,
        &StringRule::plain,
        Some(&json!({key: text})),
    )
    .map(|_| ())
    .map_err(Refusal::invalid)
}

fn check(call: &Call, keys: &[&str], each: &Value, required: bool) -> Result<Value, Refusal> {
    let schemas: Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), each.clone()))
        .collect();
    let needed: &[&str] = if required { keys } else { &[] };
    let schema = json!({"type": "object", "properties": schemas, "required": needed});
    let given: Map<String, Value> = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), call.query(key)?.into())))
        .collect();
    let rules = |place: &str| StringRule {
        trim: true,
        too_short: (place == "projectId").then_some("Project ID required".into()),
        ..StringRule::default()
    };
    zod::check(&schema, &schema, &rules, Some(&given.into())).map_err(Refusal::invalid)
}
