//! The destinations that the emulator knows, as data.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::provider::infisical;
use crate::schema::store::{SchemaStore, StoreError, derived_update};

/// Every destination by its slug.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    destinations: BTreeMap<String, CatalogEntry>,
}

/// One destination.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    pub slug: String,
    pub name: String,
    pub connection_app: String,
    pub can_import: bool,
    /// The whole schema file, which the definitions below may point into.
    pub document: Value,
    /// What a create request must look like.
    pub create: Value,
    /// What an update request must look like: the same fields, none of them required, and
    /// without what cannot change.
    pub update: Value,
}

impl Catalog {
    /// Makes a catalog of the project's schema files. A file of another provider, or
    /// without a create definition, adds nothing.
    pub fn from_schemas(schemas: impl IntoIterator<Item = Value>) -> Self {
        let destinations = schemas
            .into_iter()
            .filter_map(CatalogEntry::from_schema)
            .map(|destination| (destination.slug.clone(), destination))
            .collect();
        Self { destinations }
    }

    /// Makes a catalog of every destination that a store has, pulled ones included.
    pub fn from_store(store: &SchemaStore) -> Result<Self, StoreError> {
        let mut schemas = Vec::new();
        for slug in store.destinations(infisical::PLATFORM) {
            let key = (infisical::PLATFORM, slug);
            if let Some(file) = store.file(&key)? {
                // What a store writes is JSON, so nothing is left out here.
                schemas.extend(serde_json::from_str(&file.to_text(&key)).ok());
            }
        }
        Ok(Self::from_schemas(schemas))
    }

    /// The destination of that slug.
    pub(super) fn get(&self, slug: &str) -> Option<&CatalogEntry> {
        self.destinations.get(slug)
    }

    /// Without the option of including subfolders, as servers were before August 2026.
    pub(super) fn without_subfolders(mut self) -> Self {
        for destination in self.destinations.values_mut() {
            let definitions = destination.document.get_mut("$defs");
            let definitions = definitions.and_then(Value::as_object_mut);
            definitions
                .into_iter()
                .flat_map(Map::values_mut)
                .chain([&mut destination.create, &mut destination.update])
                .for_each(forget_subfolders);
        }
        self
    }

    /// Every destination, in the order of their slugs.
    pub(super) fn iter(&self) -> impl Iterator<Item = &CatalogEntry> {
        self.destinations.values()
    }

    /// Whether a destination is connected through that app.
    pub(super) fn has_app(&self, app: &str) -> bool {
        self.iter()
            .any(|destination| destination.connection_app == app)
    }

    /// What people call an app: the name of its destination if they share one.
    pub(super) fn app_name<'a>(&'a self, app: &'a str) -> &'a str {
        self.get(app).map_or(app, |destination| &destination.name)
    }
}

impl CatalogEntry {
    fn from_schema(document: Value) -> Option<Self> {
        let about = document.get("x-secsync")?;
        if about.get("provider")?.as_str()? != "infisical" {
            return None;
        }
        let slug = about.get("destination")?.as_str()?.to_owned();
        let create = document.get("$defs")?.get("create")?.clone();
        let text = |key: &str| about.get(key).and_then(Value::as_str);
        Some(Self {
            name: document
                .get("title")
                .and_then(Value::as_str)
                .unwrap_or(&slug)
                .to_owned(),
            connection_app: text("connectionApp").unwrap_or(&slug).to_owned(),
            can_import: about.get("canImport") == Some(&Value::Bool(true)),
            update: in_canonical_order(&derived_update(&create)),
            create: in_canonical_order(&create),
            slug,
            document,
        })
    }
}

/// The order in which Infisical checks the fields that all destinations share. A document
/// can list them in any order.
pub(super) const FIELD_ORDER: [&str; 9] = [
    "name",
    "projectId",
    "description",
    "connectionId",
    "environment",
    "secretPath",
    "isAutoSyncEnabled",
    "syncOptions",
    "destinationConfig",
];

/// Likewise within `syncOptions`.
const OPTION_ORDER: [&str; 3] = ["initialSyncBehavior", "keySchema", "disableSecretDeletion"];

fn in_canonical_order(create: &Value) -> Value {
    let mut create = create.clone();
    if let Some(properties) = properties_mut(&mut create) {
        reorder(properties, &FIELD_ORDER);
        if let Some(options) = properties.get_mut("syncOptions").and_then(properties_mut) {
            reorder(options, &OPTION_ORDER);
        }
    }
    create
}

/// The option of pushing the folders within the source, too: in `syncOptions`, or beside it.
pub(super) const SUBFOLDERS: &str = "includeAllSubFolders";

fn forget_subfolders(schema: &mut Value) {
    let Some(properties) = properties_mut(schema) else {
        return;
    };
    properties.shift_remove(SUBFOLDERS);
    if let Some(options) = properties.get_mut("syncOptions").and_then(properties_mut) {
        options.shift_remove(SUBFOLDERS);
    }
}

fn properties_mut(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema.get_mut("properties")?.as_object_mut()
}

fn reorder(properties: &mut Map<String, Value>, order: &[&str]) {
    let mut rest = std::mem::take(properties);
    for key in order {
        if let Some(schema) = rest.shift_remove(*key) {
            properties.insert((*key).to_owned(), schema);
        }
    }
    properties.extend(rest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Catalog;

    fn schema(slug: &str) -> serde_json::Value {
        json!({
            "title": "Some Where",
            "x-secsync": {"provider": "infisical", "destination": slug, "connectionApp": "app", "canImport": true},
            "$defs": {"create": {
                "type": "object",
                "properties": {
                    "destinationConfig": {"type": "object"},
                    "extra": {"type": "string"},
                    "isAutoSyncEnabled": {"type": "boolean", "default": true},
                    "name": {"type": "string"},
                    "projectId": {"type": "string"}
                },
                "required": ["name", "projectId"]
            }}
        })
    }

    #[test]
    fn files_of_other_providers_and_broken_files_add_nothing() {
        let catalog = Catalog::from_schemas([
            schema("somewhere"),
            json!({"x-secsync": {"provider": "enkryptify", "destination": "x"}, "$defs": {"create": {}}}),
            json!({"x-secsync": {"provider": "infisical", "destination": "y"}}),
            json!(null),
        ]);
        let slugs: Vec<_> = catalog
            .iter()
            .map(|destination| &destination.slug)
            .collect();
        assert_eq!(slugs, ["somewhere"]);
        let destination = catalog.get("somewhere").unwrap();
        assert_eq!(destination.name, "Some Where");
        assert_eq!(destination.connection_app, "app");
        assert!(destination.can_import && catalog.has_app("app"));
    }

    #[test]
    fn shared_fields_come_in_the_order_of_the_server() {
        let catalog = Catalog::from_schemas([schema("x")]);
        let properties = catalog.get("x").unwrap().create["properties"]
            .as_object()
            .unwrap();
        let keys: Vec<_> = properties.keys().collect();
        assert_eq!(
            keys,
            [
                "name",
                "projectId",
                "isAutoSyncEnabled",
                "destinationConfig",
                "extra"
            ]
        );
    }

    #[test]
    fn an_update_requires_nothing_fills_in_nothing_and_knows_no_project() {
        let catalog = Catalog::from_schemas([schema("x")]);
        let update = &catalog.get("x").unwrap().update;
        assert_eq!(update.get("required"), None);
        assert_eq!(update["properties"].get("projectId"), None);
        assert_eq!(
            update["properties"]["isAutoSyncEnabled"],
            json!({"type": "boolean"})
        );
    }
}
