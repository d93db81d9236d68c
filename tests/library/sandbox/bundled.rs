//! The emulator with the destinations that the program knows.

use secsync::sandbox::{Call, INFISICAL_TOKEN};
use secsync::schema::extract::extract;
use secsync::schema::store::SchemaStore;
use serde_json::json;

use crate::examples::examples;
use secsync::provider::infisical;

use super::support::{SETTLED, Server};

#[test]
fn a_sync_to_every_bundled_destination_can_be_created_and_pushed() {
    let store = SchemaStore::bundled();
    let mut world =
        json!({"projects": [{"slug": "payments"}], "connections": [], "enterprise": true});
    let slugs = store.destinations(infisical::PLATFORM);
    let mut apps = Vec::new();
    for slug in &slugs {
        let file = store
            .file(&(infisical::PLATFORM, slug.clone()))
            .unwrap()
            .unwrap();
        let app = file.connection_app.clone().unwrap();
        world["connections"]
            .as_array_mut()
            .unwrap()
            .push(json!({"app": app, "name": slug}));
        apps.push(app);
    }
    let mut server = Server::bundled(&world);
    let send =
        |server: &mut Server, request: Call| server.send("none", request.bearer(INFISICAL_TOKEN));
    let projects = send(&mut server, Call::new("GET", "/api/v1/projects"));
    let project = projects.body()["projects"][0]["id"].clone();
    for (slug, app) in slugs.iter().zip(apps) {
        let available = Call::new("GET", &format!("/api/v1/app-connections/{app}/available"));
        let available = send(&mut server, available);
        let file = store
            .file(&(infisical::PLATFORM, slug.clone()))
            .unwrap()
            .unwrap();
        let mut body = examples(&file.definitions["create"]).swap_remove(0);
        let config = body["destinationConfig"].clone();
        for (key, value) in [
            ("name", json!(slug)),
            ("projectId", project.clone()),
            (
                "connectionId",
                available.body()["appConnections"][0]["id"].clone(),
            ),
            ("environment", json!("dev")),
            ("secretPath", json!("/")),
        ] {
            body[key] = value;
        }
        let create = Call::new("POST", &format!("/api/v1/secret-syncs/{slug}")).json(&body);
        let made = send(&mut server, create);
        assert_eq!(made.status, 200, "{slug}: {body} {}", made.text());
        // Defaults are filled in; what was sent is kept, unless the server decides it.
        let kept = &made.body()["secretSync"]["destinationConfig"];
        let schema = &file.definitions["create"]["properties"]["destinationConfig"];
        for (key, value) in config.as_object().unwrap() {
            let is_filled = schema["properties"][key]["x-server-filled"] == true;
            assert_eq!(&kept[key] == value, !is_filled, "{slug} {key}");
        }
    }
    server.wait(SETTLED);
    let project = project.as_str().unwrap();
    let list = Call::new("GET", &format!("/api/v1/secret-syncs?projectId={project}"));
    let list = send(&mut server, list);
    let syncs = list.body()["secretSyncs"].as_array().unwrap();
    assert_eq!(syncs.len(), slugs.len());
    assert!(syncs.iter().all(|sync| sync["syncStatus"] == "succeeded"));
}

#[test]
fn reads_hold_what_the_bundled_schemas_say_that_the_server_fills_and_not_what_it_keeps() {
    let mut server = Server::bundled(&json!({
        "projects": [{"slug": "payments", "id": "3d9a4c1e-0001-4000-8000-000000000001"}],
        "connections": [{
            "app": "azure-entra-id", "name": "main", "id": "3d9a4c1e-0003-4000-8000-000000000003"
        }],
    }));
    let body = json!({
        "name": "scim",
        "projectId": "3d9a4c1e-0001-4000-8000-000000000001",
        "connectionId": "3d9a4c1e-0003-4000-8000-000000000003",
        "environment": "dev",
        "secretPath": "/",
        "syncOptions": {
            "initialSyncBehavior": "overwrite-destination", "secretKey": "K", "keySchema": ""
        },
        "destinationConfig": {
            "servicePrincipalId": "any", "servicePrincipalDisplayName": "mine"
        },
    });
    let create = Call::new("POST", "/api/v1/secret-syncs/azure-entra-id-scim").json(&body);
    let made = server.send("none", create.bearer(INFISICAL_TOKEN));
    let made = &made.body()["secretSync"];
    let options = made["syncOptions"].as_object().unwrap();
    let keys: Vec<&String> = options.keys().collect();
    assert_eq!(keys, ["initialSyncBehavior", "secretId"]);
    let config = &made["destinationConfig"];
    assert_eq!(config["servicePrincipalId"], "any");
    assert_ne!(config["servicePrincipalDisplayName"], "mine");
}

#[test]
fn the_api_document_says_what_the_catalog_says() {
    let store = SchemaStore::bundled();
    let mut server = Server::bundled(&json!({}));
    let document = server.send("none", Call::new("GET", "/api/docs/json"));
    assert_eq!(document.status, 200);
    let extracted = extract(&document.text()).unwrap();
    let slugs = store.destinations(infisical::PLATFORM);
    assert_eq!(extracted.files.len(), slugs.len());
    for slug in slugs {
        let key = (infisical::PLATFORM, slug);
        let bundled = store.file(&key).unwrap().unwrap();
        assert_eq!(extracted.files[&key], bundled, "{}", key.1);
    }
}
