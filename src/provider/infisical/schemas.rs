//! The schemas of Infisical's destinations, and where its OpenAPI documents say what.

use super::answers::SERVER_FIELDS;
use crate::core::fields::DESTINATION_CONFIG;
use crate::provider::door::{OperationKind, Shape, SyncRole};

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

macro_rules! bundle {
    ($($slug:literal,)*) => {
        /// The destinations, sorted by slug, each with its file's text.
        pub static FILES: &[(&str, &str)] = &[$((
            $slug,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/infisical/", $slug, ".json")),
        ),)*];
    };
}

// A list, so that the compiler knows which files it depends on.
bundle! {
    "1password",
    "aws-parameter-store",
    "aws-secrets-manager",
    "azure-app-configuration",
    "azure-devops",
    "azure-entra-id-scim",
    "azure-key-vault",
    "bitbucket",
    "camunda",
    "checkly",
    "chef",
    "circleci",
    "cloud-66",
    "cloudflare-pages",
    "cloudflare-secrets-store",
    "cloudflare-workers",
    "databricks",
    "daytona",
    "devin",
    "digital-ocean-app-platform",
    "external-infisical",
    "flyio",
    "gcp-secret-manager",
    "github",
    "gitlab",
    "hashicorp-vault",
    "hasura-cloud",
    "heroku",
    "humanitec",
    "keeper-password-manager",
    "laravel-forge",
    "netlify",
    "northflank",
    "oci-vault",
    "octopus-deploy",
    "ona",
    "ovh",
    "portainer",
    "qovery",
    "railway",
    "render",
    "rundeck",
    "snowflake",
    "spacelift",
    "supabase",
    "teamcity",
    "terraform-cloud",
    "travis-ci",
    "trigger-dev",
    "vercel",
    "windmill",
    "zabbix",
}
