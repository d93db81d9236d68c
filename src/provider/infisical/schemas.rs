//! The schemas of Infisical's destinations, and where its OpenAPI documents say what.

use super::answers::SERVER_FIELDS;
use crate::core::fields::DESTINATION_CONFIG;
use crate::provider::door::{BundledText, OperationKind, Shape, SyncRole};

/// Where an Infisical's own document says what.
static SHAPE: Shape = Shape {
    unreleased: "x-infisical-branch-only",
    sync: "secretSync",
    apart: &SERVER_FIELDS,
    place: DESTINATION_CONFIG,
    annotations: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schemas/infisical.annotations.json"
    )),
    destinations: "secretSyncOptions",
    slug: "destination",
    title: "name",
    app: "connection",
    can_import: "canImportSecrets",
    app_of_sync: "/properties/connection/properties/app",
    first_sync: (
        "/properties/syncOptions/properties/initialSyncBehavior/enum",
        "import-",
    ),
};

/// What an operation is for, by its path and method.
pub fn operation<'d>(path: &[&'d str], method: &str) -> Option<OperationKind<'d>> {
    let is_parameter = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    match path {
        ["v1", "secret-syncs", "options"] => {
            (method == "get").then_some(OperationKind::Destinations(&SHAPE))
        }
        ["v1", "secret-syncs", slug, rest @ ..] => {
            let role = match (method, rest) {
                ("post", []) => SyncRole::Create,
                ("get", [id]) if is_parameter(id) => SyncRole::Read,
                ("patch", [id]) if is_parameter(id) => SyncRole::Update,
                _ => SyncRole::Other,
            };
            Some(OperationKind::Sync(slug, role, &SHAPE))
        }
        _ => None,
    }
}

/// The destinations, sorted by slug, each with its file's text.
pub static FILES: &[(&str, BundledText)] = include!(concat!(env!("OUT_DIR"), "/infisical.rs"));
