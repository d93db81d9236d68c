//! Which fields of a destination do not tell one place from another.
//!
//! No document says so. Display names follow a rule that a platform keeps for all its destinations;
//! what else is known of single ones is in the annotations of the platform. Both are written into
//! the schemas, so that the code that compares destinations knows none by name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::provider::door::Shape;
use crate::schema::keyword::{DISPLAY_NAME, properties};

/// By destination, then by the path of a field, the keywords that it gets.
type Annotations = BTreeMap<String, BTreeMap<String, Map<String, Value>>>;

/// Marks the display names of a destination, and what is known of it.
pub fn mark(definitions: &mut BTreeMap<String, Value>, shape: &Shape, slug: &str) {
    let annotations: Annotations = serde_json::from_str(shape.annotations).unwrap_or_default();
    for definition in ["create", "update", "read"] {
        let Some(schema) = definitions.get_mut(definition) else {
            continue;
        };
        if let Some(place) = schema.pointer_mut(&format!("/properties/{}", shape.place)) {
            let mut names = BTreeSet::new();
            each_field(place, &mut |name, _| {
                names.insert(name.to_owned());
            });
            each_field(place, &mut |name, field| {
                if shows_another(name, &names) {
                    field.insert(DISPLAY_NAME.to_owned(), true.into());
                }
            });
        }
        for (path, keywords) in annotations.get(slug).into_iter().flatten() {
            annotate(schema, path, keywords);
        }
    }
}

/// Whether a field is the display name of another one: `siteName` beside `siteId`, `appName` beside
/// `app`, `principalDisplayName` beside `principalId`.
fn shows_another(name: &str, names: &BTreeSet<String>) -> bool {
    let Some(stem) = name.strip_suffix("Name") else {
        return false;
    };
    let stem = stem.strip_suffix("Display").unwrap_or(stem);
    !stem.is_empty() && (names.contains(stem) || names.contains(&format!("{stem}Id")))
}

/// Puts keywords on the field at a path, in every variant that has it.
fn annotate(schema: &mut Value, path: &str, keywords: &Map<String, Value>) {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    each_field(schema, &mut |name, field| {
        if name != first {
            return;
        }
        match rest {
            None => field.extend(keywords.clone()),
            Some(rest) => {
                let mut inner = Value::Object(std::mem::take(field));
                annotate(&mut inner, rest, keywords);
                if let Value::Object(inner) = inner {
                    *field = inner;
                }
            }
        }
    });
}

/// Visits the fields that an object can have, in whatever variant.
fn each_field(schema: &mut Value, visit: &mut dyn FnMut(&str, &mut Map<String, Value>)) {
    let has_fields = properties(schema).is_some();
    let Value::Object(parts) = schema else { return };
    if has_fields && let Some(Value::Object(fields)) = parts.get_mut("properties") {
        for (name, field) in fields {
            if let Value::Object(field) = field {
                visit(name, field);
            }
        }
    }
    for members in ["allOf", "anyOf"] {
        if let Some(Value::Array(members)) = parts.get_mut(members) {
            for member in members {
                each_field(member, visit);
            }
        }
    }
    if let Some(then) = parts.get_mut("then") {
        each_field(then, visit);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::mark;
    use crate::provider::door::{OperationKind, Shape};
    use crate::provider::doors;
    use crate::schema::schema_file::{SchemaFile, path_of};

    fn shape() -> &'static Shape {
        let path = ["v1", "secret-syncs", "new"];
        let mut doors = doors().into_iter();
        let of_door = doors.find_map(|door| match door.operation(&path, "post") {
            Some(OperationKind::Sync(_, _, shape)) => Some(shape),
            _ => None,
        });
        of_door.unwrap()
    }

    fn marked(slug: &str, config: &Value) -> Value {
        let create = json!({"properties": {"destinationConfig": config}});
        let mut definitions = BTreeMap::from([("create".to_owned(), create)]);
        mark(&mut definitions, shape(), slug);
        definitions["create"]["properties"]["destinationConfig"].clone()
    }

    #[test]
    fn a_name_beside_an_id_is_a_display_name_in_every_variant() {
        let config = marked(
            "new",
            &json!({
                "properties": {"siteId": {}, "siteName": {}, "projectName": {}, "name": {}},
                "allOf": [{"then": {"properties": {
                    "app": {}, "appName": {}, "ownerDisplayName": {}, "ownerId": {},
                }}}],
            }),
        );
        let shown = json!({"x-display-name": true});
        assert_eq!(
            config,
            json!({
                "properties": {"siteId": {}, "siteName": shown, "projectName": {}, "name": {}},
                "allOf": [{"then": {"properties": {
                    "app": {}, "appName": shown, "ownerDisplayName": shown, "ownerId": {},
                }}}],
            })
        );
    }

    /// `SECSYNC_BLESS=1 cargo test --lib annotations` writes the files anew.
    #[test]
    fn the_bundled_schemas_have_the_annotations_that_a_pull_gives() {
        for door in doors() {
            let platform = door.platform();
            for (slug, text) in door.schemas() {
                let path = ["v1", "secret-syncs", *slug];
                let Some(OperationKind::Sync(_, _, shape)) = door.operation(&path, "post") else {
                    continue;
                };
                let text = text.text();
                let mut file = SchemaFile::parse(&text).unwrap();
                mark(&mut file.definitions, shape, slug);
                let key = (platform, (*slug).to_owned());
                let marked = file.to_text(&key);
                if std::env::var_os("SECSYNC_BLESS").is_some() {
                    let root = env!("CARGO_MANIFEST_DIR");
                    std::fs::write(format!("{root}/schemas/{}", path_of(&key)), &marked).unwrap();
                } else {
                    assert!(marked == *text, "{slug}");
                }
            }
        }
    }
}
