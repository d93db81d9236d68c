//! Documents as `terraform show -json` prints them, and a server on which Terraform made the syncs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::resources::{self, Resource};
use crate::harness::Server;

/// The id of the project.
pub const PROJECT: &str = "11111111-1111-4111-8111-111111111111";

/// The id of the connection to an app.
pub fn connection(app: &str) -> String {
    let apps = apps();
    let number = apps.iter().position(|one| *one == app).unwrap();
    format!("22222222-2222-4222-8222-{number:012}")
}

fn apps() -> Vec<&'static str> {
    let resources = resources::all();
    let apps: BTreeSet<&str> = resources.iter().map(|resource| resource.app).collect();
    apps.into_iter().collect()
}

/// The type of a resource.
pub fn resource_type(kind: &str) -> String {
    format!("infisical_secret_sync_{kind}")
}

/// A sync of a state, by its address from the module on. What is not given is as Terraform fills it.
pub fn sync(kind: &str, name: &str, more: Value) -> Value {
    let resource = resources::all();
    let resource = resource.iter().find(|one| one.kind == kind).unwrap();
    let mut values = values(resource, name);
    for (key, value) in more.as_object().unwrap() {
        values[key] = value.clone();
    }
    let label = name.replace('-', "_");
    json!({
        "address": format!("{}.{label}", resource_type(kind)),
        "mode": "managed",
        "type": resource_type(kind),
        "name": label,
        "provider_name": "registry.terraform.io/infisical/infisical",
        "schema_version": 0,
        "values": values,
        "sensitive_values": {"destination_config": {}, "sync_options": {}},
        "depends_on": ["infisical_project.shop"],
    })
}

fn values(resource: &Resource, name: &str) -> Value {
    json!({
        "auto_sync_enabled": true,
        "connection_id": connection(resource.app),
        "description": null,
        "destination_config": resource.config,
        "environment": "prod",
        "id": "33333333-3333-4333-8333-333333333333",
        "name": name,
        "project_id": PROJECT,
        "secret_path": "/apps",
        "sync_options": resource.options,
    })
}

/// The same resource at another address, with the key of its instance.
pub fn at(mut resource: Value, address: &str, index: Value) -> Value {
    resource["address"] = address.into();
    resource["index"] = index;
    resource
}

/// A state of these resources at its root, and of these modules.
pub fn state(resources: &[Value], modules: &[Value]) -> Value {
    let mut root = json!({"resources": resources});
    if !modules.is_empty() {
        root["child_modules"] = modules.into();
    }
    json!({
        "format_version": "1.0",
        "terraform_version": "1.11.4",
        "values": {"outputs": {}, "root_module": root},
    })
}

/// What else Terraform manages there: the project, a connection, and a bucket.
pub fn others() -> Vec<Value> {
    let resource = |kind: &str, values: Value| {
        json!({
            "address": format!("{kind}.shop"), "mode": "managed", "type": kind, "name": "shop",
            "provider_name": "registry.terraform.io/infisical/infisical", "schema_version": 0,
            "values": values, "sensitive_values": {"credentials": {"secret": true}},
        })
    };
    vec![
        resource(
            "infisical_project",
            json!({"id": PROJECT, "slug": "shop", "name": "Shop"}),
        ),
        resource(
            "infisical_app_connection_github",
            json!({
                "id": connection("github"), "name": "github-main", "project_id": null,
                "credentials": {"secret": CREDENTIAL},
            }),
        ),
        resource("aws_s3_bucket", json!({"bucket": "b", "id": "b"})),
    ]
}

/// What is never shown.
pub const CREDENTIAL: &str = "hunter2-is-the-credential";

/// A world with the project and the connections of all resources.
pub fn world() -> Value {
    let connections = apps()
        .into_iter()
        .map(|app| json!({"app": app, "name": format!("{app}-main"), "id": connection(app)}));
    json!({
        "enterprise": true,
        "projects": [{
            "id": PROJECT, "slug": "shop", "name": "Shop",
            "environments": [{"slug": "prod", "folders": ["/apps"]}],
        }],
        "connections": connections.collect::<Vec<_>>(),
    })
}

/// A server on which Terraform's provider created these syncs, each under the name of its kind.
pub fn server(resources: &[Resource]) -> Server {
    let server = Server::new(&world());
    for resource in resources {
        let slug = resource.kind.replace('_', "-");
        let body = json!({
            "name": slug,
            "projectId": PROJECT,
            "connectionId": connection(resource.app),
            "environment": "prod",
            "secretPath": "/apps",
            "isAutoSyncEnabled": true,
            "description": "",
            "syncOptions": resource.sent_options,
            "destinationConfig": resource.sent_config,
        });
        server.send("POST", &format!("/api/v1/secret-syncs/{slug}"), &body);
    }
    server.requests();
    server
}
