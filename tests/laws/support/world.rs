//! The projects, connections and destinations that all of the tests play in.

use std::sync::{Arc, OnceLock};

use secsync::provider::infisical;
use secsync::sandbox::{CLIENT_ID, CLIENT_SECRET, Catalog, World};
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

/// A project of the world, as files can name it.
#[derive(Debug, Clone, Copy)]
pub struct Project {
    pub id: &'static str,
    pub slug: &'static str,
    pub name: &'static str,
}

pub const PROJECTS: [Project; 2] = [
    Project {
        id: "aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa",
        slug: "payments",
        name: "Payments Main",
    },
    Project {
        id: "bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb",
        slug: "web",
        name: "Web Shop",
    },
];

/// The project that syncs of Enkryptify are started in.
pub const STARTED_PROJECT: &str = "prj_123";

pub const ENVIRONMENTS: [&str; 2] = ["dev", "prod"];
pub const PATHS: [&str; 4] = ["/", "/apps", "/apps/web", "/deep/er/est"];

const APPS: [&str; 6] = ["humanitec", "vercel", "teamcity", "github", "gitlab", "aws"];
pub const CONNECTIONS: [&str; 2] = ["main", "spare"];

/// An identity that may only touch syncs of the environment `dev`.
pub const DEVELOPER: &str = "5a11db0c-0000-4000-8000-00000000dddd";

/// The option that this world's server knows and the bundled schemas do not.
pub const NEW_OPTION: &str = "brandNewOption";

/// The app that a destination's connection is of.
pub fn app_of(destination: &str) -> &str {
    match destination {
        "aws-secrets-manager" => "aws",
        other => other,
    }
}

/// The id of a connection, with letters in it so that case can matter.
pub fn connection_id(app: &str, index: usize) -> String {
    let at = APPS.iter().position(|known| *known == app).unwrap();
    format!("c0ffee{at}{index}-abcd-4abc-8abc-{:012}", at * 10 + index)
}

pub fn world() -> World {
    let environments: Vec<Value> = ENVIRONMENTS
        .iter()
        .map(|slug| json!({"slug": slug, "folders": PATHS}))
        .collect();
    let projects: Vec<Value> = PROJECTS
        .iter()
        .map(|project| {
            json!({
                "id": project.id, "slug": project.slug, "name": project.name,
                "environments": environments,
            })
        })
        .collect();
    let connections: Vec<Value> = APPS
        .iter()
        .flat_map(|app| {
            CONNECTIONS.iter().enumerate().map(
                move |(index, name)| json!({"app": app, "name": name, "id": connection_id(app, index)}),
            )
        })
        .collect();
    let identities = json!([
        {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET},
        {"clientId": DEVELOPER, "clientSecret": CLIENT_SECRET, "environment": "dev"},
    ]);
    serde_json::from_value(
        json!({"projects": projects, "connections": connections, "identities": identities}),
    )
    .unwrap()
}

/// The bundled destinations on a server that is newer than they are: all of them have one more
/// option.
pub fn catalog() -> Arc<Catalog> {
    static CATALOG: OnceLock<Arc<Catalog>> = OnceLock::new();
    let newer = || {
        catalog_with_options(|options| {
            options[NEW_OPTION] = json!({"type": "boolean"});
        })
    };
    Arc::clone(CATALOG.get_or_init(newer))
}

/// The bundled destinations with other options of syncs.
pub fn catalog_with_options(change: impl Fn(&mut Value)) -> Arc<Catalog> {
    let store = SchemaStore::bundled();
    let slugs = store.destinations(infisical::PLATFORM);
    let schemas = slugs.into_iter().map(|slug| {
        let key = (infisical::PLATFORM, slug);
        let file = store.file(&key).unwrap().unwrap();
        let mut schema: Value = serde_json::from_str(&file.to_text(&key)).unwrap();
        let create = &mut schema["$defs"]["create"]["properties"];
        change(&mut create["syncOptions"]["properties"]);
        schema
    });
    Arc::new(Catalog::from_schemas(schemas))
}
