//! What Infisical does with the fields of a sync that no schema says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::sandbox::catalog::{CatalogEntry, SUBFOLDERS};
use crate::sandbox::ids;
use crate::sandbox::zod::shape::{listed, properties_of, type_of};
use crate::sandbox::zod::{self, StringRule, resolved};
use crate::schema::keyword::{
    DISPLAY_NAME, MERGED_BY_UPDATE, NOT_IDENTIFYING, READ_ONLY, SERVER_FILLED, TAKES_IN_ALL,
    WITHOUT_EFFECT, WRITE_ONLY, is_marked, only_value,
};

/// How the fields of single destinations differ from what their schemas say, as data:
/// seen on the real server, June 2025, and known of today's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Quirks {
    /// Destinations that need an enterprise licence.
    enterprise: Vec<String>,
    /// By destination, then by the field's place.
    fields: BTreeMap<String, BTreeMap<String, FieldQuirk>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct FieldQuirk {
    trim: bool,
    too_short: Option<String>,
    mismatch: Option<String>,
}

static QUIRKS: LazyLock<Quirks> =
    LazyLock::new(|| serde_json::from_str(include_str!("quirks.json")).unwrap_or_default());

/// Whether the destination needs an enterprise licence.
pub fn is_enterprise(destination: &str) -> bool {
    QUIRKS.enterprise.iter().any(|slug| slug == destination)
}

/// The members of a destination's option that today say `false`.
pub fn unsupported(destination: &CatalogEntry) -> impl Iterator<Item = &'static str> {
    let document = &destination.document;
    let options = resolved(&destination.create["properties"]["syncOptions"], document);
    let option = |name: &str| &options["properties"][name];
    let has_keys = !is_marked(option("keySchema"), WITHOUT_EFFECT);
    let keeps = only_value(option("disableSecretDeletion")) != Some(&Value::Bool(false));
    let supported = [
        ("supportsKeySchema", has_keys),
        ("supportsDisableSecretDeletion", keeps),
    ];
    let missing = supported
        .into_iter()
        .filter(|(_, is_supported)| !is_supported);
    missing.map(|(name, _)| name)
}

/// Checks the body of a create or update request and returns it as the server keeps it.
pub fn check(
    destination: &CatalogEntry,
    schema: &Value,
    body: Option<&Value>,
) -> Result<Value, Refusal> {
    let rules = |place: &str| rule(&destination.slug, place);
    // No body at all is null.
    let body = Some(body.unwrap_or(&Value::Null));
    let mut kept =
        zod::check(schema, &destination.document, &rules, body).map_err(Refusal::invalid)?;
    let behavior = kept.pointer("/syncOptions/initialSyncBehavior");
    let imports = behavior.and_then(Value::as_str);
    let imports = imports.is_some_and(|behavior| behavior.starts_with("import-"));
    if imports && with_subfolders(&kept) {
        return Err(Refusal::invalid(vec![json!({
            "code": "custom",
            "path": ["syncOptions", "initialSyncBehavior"],
            "message": "Sub-folders can only be included if the initial sync overwrites the destination"
        })]));
    }
    if let Some(path) = kept.get("secretPath").and_then(Value::as_str) {
        kept["secretPath"] = without_trailing_slash(path).into();
    }
    Ok(kept)
}

/// Whether a sync, or the body of a request for one, includes the folders within its source.
pub fn with_subfolders(sync: &Value) -> bool {
    let places = [&sync[SUBFOLDERS], &sync["syncOptions"][SUBFOLDERS]];
    places.contains(&&Value::Bool(true))
}

/// Whether an update merges the options that it is sent into those that the sync has.
pub fn merges_options(destination: &CatalogEntry) -> bool {
    let options = &destination.update["properties"]["syncOptions"];
    is_marked(resolved(options, &destination.document), MERGED_BY_UPDATE)
}

/// An object of a sync as it is read after it was sent: without what is never given back, and
/// with what the server fills in. `sync` is the sync's id.
pub fn as_read(
    destination: &CatalogEntry,
    key: &str,
    mut object: Map<String, Value>,
    sync: &str,
) -> Map<String, Value> {
    let document = &destination.document;
    let bodies = [&destination.create, &document["$defs"]["read"]];
    let schemas = bodies.map(|body| &body["properties"][key]);
    read_back(schemas, document, &mut object, &["filled", sync, key]);
    object
}

/// Does so at every depth. `schemas` are those of requests and of answers, and `parts` decide the
/// values.
fn read_back(
    schemas: [&Value; 2],
    document: &Value,
    object: &mut Map<String, Value>,
    parts: &[&str],
) {
    let schemas = schemas.map(|schema| resolved(schema, document));
    let [of_creates, of_reads] = schemas.map(|schema| {
        properties_of(schema, object)
            .map(|(name, property)| (name.clone(), resolved(property, document)))
            .collect::<BTreeMap<_, _>>()
    });
    object.retain(|name, _| {
        let property = of_creates.get(name);
        !property.is_some_and(|property| is_marked(property, WRITE_ONLY))
    });
    for (name, value) in object.iter_mut() {
        let [Some(sent), Some(read)] = [of_creates.get(name), of_reads.get(name)] else {
            continue;
        };
        let (schemas, objects) = match value {
            Value::Array(items) => ([&sent["items"], &read["items"]], items.as_mut_slice()),
            one => ([*sent, *read], std::slice::from_mut(one)),
        };
        for inner in objects.iter_mut().filter_map(Value::as_object_mut) {
            read_back(schemas, document, inner, &[parts, &[name]].concat());
        }
    }
    let is_filled =
        |property: &Value, marks: &[&str]| marks.iter().any(|mark| is_marked(property, mark));
    let of_reads = (of_reads.into_iter())
        .filter(|(_, property)| is_filled(property, &[READ_ONLY, SERVER_FILLED]));
    let of_creates =
        (of_creates.into_iter()).filter(|(_, property)| is_filled(property, &[SERVER_FILLED]));
    for (name, property) in of_reads.chain(of_creates) {
        let value = filled(property, &[parts, &[&name]].concat());
        object.insert(name, value);
    }
}

/// A value of the server's own that only the parts decide.
fn filled(schema: &Value, parts: &[&str]) -> Value {
    if let Some([first, ..]) = listed(schema).as_deref() {
        return (*first).clone();
    }
    match type_of(schema) {
        Some("string") if schema["format"] == "uuid" => ids::uuid(parts).into(),
        Some("string") => format!("filled-{}", ids::word(parts, 8)).into(),
        Some("number" | "integer") => 1.into(),
        Some("boolean") => true.into(),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => Value::Null,
    }
}

/// Whether two configurations mean the same place, as the duplicate check compares: display names
/// and some other fields do not count, and what is empty is absent.
pub fn same_destination(
    destination: &CatalogEntry,
    one: &Map<String, Value>,
    other: &Map<String, Value>,
) -> bool {
    let schema = resolved(
        &destination.create["properties"]["destinationConfig"],
        &destination.document,
    );
    let counts = |config: &Map<String, Value>| -> BTreeMap<String, Value> {
        let says_nothing = |name: &String| {
            let mut fields = properties_of(schema, config).filter(|(known, _)| *known == name);
            fields.any(|(_, field)| {
                is_marked(field, DISPLAY_NAME) || is_marked(field, NOT_IDENTIFYING)
            })
        };
        let is_empty = |value: &Value| value.is_null() || value == "" || *value == json!([]);
        config
            .iter()
            .filter(|(name, value)| !is_empty(value) && !says_nothing(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let wildcard =
        properties_of(schema, one).find_map(|(name, field)| Some((name, field.get(TAKES_IN_ALL)?)));
    let (mut one, mut other) = (counts(one), counts(other));
    if let Some((field, all)) = wildcard {
        let is_wild = |config: &BTreeMap<_, _>| config.get(field).is_none_or(|value| value == all);
        if is_wild(&one) || is_wild(&other) {
            one.remove(field);
            other.remove(field);
        }
    }
    one == other
}

/// Takes one slash off the end; the root stays.
pub fn without_trailing_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some(rest) if !rest.is_empty() => rest,
        _ => path,
    }
}

fn rule(destination: &str, place: &str) -> StringRule {
    match place {
        "name" => slug("name"),
        "environment" => slug("environment"),
        "projectId" => StringRule {
            trim: true,
            too_short: Some("Project ID required".into()),
            ..StringRule::default()
        },
        "secretPath" => StringRule {
            trim: true,
            too_short: Some("Invalid secret path".into()),
            ..StringRule::default()
        },
        "description" => StringRule {
            trim: true,
            at_most: Some((256, "Description cannot exceed 256 characters".into())),
            ..StringRule::default()
        },
        "syncOptions.keySchema" => StringRule {
            form: Some((
                is_key_schema,
                "Key schema must include exactly one {{secretKey}} placeholder. It can also include {{environment}} placeholders. Only alphanumeric characters (a-z, A-Z, 0-9), dashes (-), underscores (_), and slashes (/) are allowed besides the placeholders.".into(),
            )),
            ..StringRule::default()
        },
        place => QUIRKS
            .fields
            .get(destination)
            .and_then(|fields| fields.get(place))
            .map(FieldQuirk::rule)
            .unwrap_or_default(),
    }
}

impl FieldQuirk {
    fn rule(&self) -> StringRule {
        StringRule {
            trim: self.trim,
            too_short: self.too_short.clone().map(Cow::Owned),
            mismatch: self.mismatch.clone().map(Cow::Owned),
            ..StringRule::default()
        }
    }
}

fn slug(field: &str) -> StringRule {
    StringRule {
        trim: true,
        too_short: Some(format!("{field} field must be at least 1 lowercase character").into()),
        at_most: Some((
            64,
            format!("{field} field must be at most 64 lowercase characters").into(),
        )),
        form: Some((
            is_slug,
            format!("{field} field can only contain lowercase letters, numbers, and hyphens")
                .into(),
        )),
        mismatch: None,
    }
}

/// Lowercase letters and digits with single hyphens between them. Nothing at all passes:
/// its length is another problem.
fn is_slug(text: &str) -> bool {
    text.is_empty()
        || text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// The message says "exactly one", but two are accepted.
fn is_key_schema(text: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:[a-zA-Z0-9_\-/]|\{\{secretKey\}\}|\{\{environment\}\})*$").ok()
    });
    text.is_empty()
        || (text.contains("{{secretKey}}") && FORM.as_ref().is_some_and(|form| form.is_match(text)))
}

#[cfg(test)]
mod tests {
    use super::{QUIRKS, Quirks, is_key_schema, is_slug, without_trailing_slash};

    #[test]
    fn the_quirks_can_be_read() {
        serde_json::from_str::<Quirks>(include_str!("quirks.json")).unwrap();
        assert!(!QUIRKS.fields.is_empty());
    }

    #[test]
    fn a_slug_has_single_inner_hyphens_only() {
        for good in ["", "a", "123", "a-b-1"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["-a", "a-", "a--b", "A", "a_b", "a.b", "café", "a b"] {
            assert!(!is_slug(bad), "{bad}");
        }
    }

    #[test]
    fn a_key_schema_needs_its_placeholder_and_allows_few_characters() {
        for good in [
            "",
            "{{secretKey}}",
            "A_{{environment}}-/{{secretKey}}",
            "{{secretKey}}_{{secretKey}}",
        ] {
            assert!(is_key_schema(good), "{good}");
        }
        for bad in [
            "NOPE",
            "{{environment}}",
            "{{secretKey}}.",
            "{{ secretKey }}",
            "{{secretKey}}{{x}}",
        ] {
            assert!(!is_key_schema(bad), "{bad}");
        }
    }

    #[test]
    fn one_trailing_slash_is_stripped_and_the_root_stays() {
        assert_eq!(without_trailing_slash("/apps/"), "/apps");
        assert_eq!(without_trailing_slash("/apps//"), "/apps/");
        assert_eq!(without_trailing_slash("/"), "/");
    }
}
