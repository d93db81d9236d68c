//! Projects, connections and folders: what clients turn names into ids with.

use serde_json::{Value, json};

use super::permissions;
use super::query;
use super::refusal::Refusal;
use crate::sandbox::call::Call;
use crate::sandbox::catalog::Catalog;
use crate::sandbox::era::Era;
use crate::sandbox::ids;
use crate::sandbox::moment::Moment;
use crate::sandbox::world::{self, Identity, Project, World};

/// When everything in the world was made.
const BEGINNING: Moment = Moment::from_millis(1_735_689_600_000);

fn organisation() -> String {
    ids::uuid(&["organisation"])
}

fn project_json(project: &Project) -> Value {
    let environments: Vec<Value> = project
        .environments
        .iter()
        .map(|environment| {
            json!({
                "name": environment.name(),
                "slug": environment.slug,
                "id": environment.id(&project.id)
            })
        })
        .collect();
    json!({
        "id": project.id,
        "name": project.name,
        "description": null,
        "type": project.kind,
        "slug": project.slug,
        "autoCapitalization": false,
        "orgId": organisation(),
        "createdAt": BEGINNING.to_string(),
        "updatedAt": BEGINNING.to_string(),
        "version": 3,
        "upgradeStatus": null,
        "pitVersionLimit": 10,
        "kmsCertificateKeyId": null,
        "auditLogsRetentionDays": null,
        "hasDeleteProtection": false,
        "secretSharing": true,
        "showSnapshotsLegacy": false,
        "_id": project.id,
        "environments": environments
    })
}

/// `GET /api/v1/projects?type=`, and `GET /api/v1/workspace` with the envelope of 2025.
pub fn projects(world: &World, identity: &Identity, call: &Call, envelope: &str) -> Value {
    let kind = call.query("type");
    let mut projects: Vec<&Project> = world
        .projects
        .iter()
        .filter(|project| identity.is_member_of(project))
        .filter(|project| kind.as_ref().is_none_or(|kind| project.kind == *kind))
        .collect();
    projects.sort_by(|one, other| one.name.cmp(&other.name));
    let projects: Vec<Value> = projects.into_iter().map(project_json).collect();
    json!({envelope: projects})
}

/// `GET /api/v1/projects/{id}`, and `GET /api/v1/workspace/{id}` with the envelope of 2025.
pub fn project(
    world: &World,
    identity: &Identity,
    id: &str,
    envelope: &str,
) -> Result<Value, Refusal> {
    let project = permissions::member(world, identity, id)?;
    Ok(json!({envelope: project_json(project)}))
}

/// `GET /api/v1/projects/slug/{slug}`, and `GET /api/v2/workspace/{slug}` of 2025.
pub fn project_by_slug(world: &World, identity: &Identity, slug: &str) -> Result<Value, Refusal> {
    let project = world
        .projects
        .iter()
        .find(|project| project.slug == slug)
        .ok_or_else(|| Refusal::not_found(format!("Project with slug '{slug}' not found")))?;
    permissions::member(world, identity, &project.id)?;
    let mut body = project_json(project);
    body["kmsSecretManagerKeyId"] = ids::uuid(&["kms", &project.id]).into();
    Ok(body)
}

/// `GET /api/v1/identities/details`.
pub fn identity_details() -> Value {
    let organisation = json!({"id": organisation(), "name": "Sandbox", "slug": "sandbox"});
    json!({"identityDetails": {"organization": organisation}})
}

/// `GET /api/v1/app-connections/{app}/available?projectId=`: the organisation's connections, and
/// today the project's, too.
pub fn available_connections(
    world: &World,
    identity: &Identity,
    call: &Call,
    app: &str,
    era: Era,
) -> Result<Value, Refusal> {
    let project_id = call.query("projectId").filter(|_| era.is_today());
    if let Some(project_id) = &project_id {
        permissions::member(world, identity, project_id)?;
        permissions::may_connect_in_project(identity)?;
    }
    let may_connect = permissions::may_connect(identity).is_ok();
    let connections: Vec<Value> = world
        .connections
        .iter()
        .filter(|connection| connection.app == app)
        .map(|connection| (connection, world.project_of(connection)))
        .filter(|(_, project)| match project {
            Some(project) => project_id.as_ref() == Some(&project.id),
            None => may_connect,
        })
        .map(|(connection, project)| {
            let mut row =
                json!({"app": connection.app, "name": connection.name, "id": connection.id});
            if era.is_today() {
                row["projectId"] = json!(project.map(|project| &project.id));
                row["orgId"] = organisation().into();
            }
            row
        })
        .collect();
    Ok(json!({"appConnections": connections}))
}

/// `GET /api/v1/app-connections`.
pub fn connections(world: &World, identity: &Identity) -> Result<Value, Refusal> {
    permissions::may_administer_connections(identity, "read")?;
    let connections: Vec<Value> = world.connections.iter().map(connection_json).collect();
    Ok(json!({"appConnections": connections}))
}

/// `GET /api/v1/app-connections/{app}/connection-name/{name}`.
pub fn connection_by_name(
    world: &World,
    catalog: &Catalog,
    identity: &Identity,
    app: &str,
    name: &str,
) -> Result<Value, Refusal> {
    permissions::may_administer_connections(identity, "read")?;
    let connection = world
        .connections
        .iter()
        .find(|connection| connection.app == app && connection.name == name)
        .ok_or_else(|| {
            let app = catalog.app_name(app);
            Refusal::not_found(format!("Could not find {app} Connection with name {name}"))
        })?;
    Ok(json!({"appConnection": connection_json(connection)}))
}

fn connection_json(connection: &world::Connection) -> Value {
    json!({
        "id": connection.id,
        "name": connection.name,
        "description": null,
        "version": 1,
        "orgId": organisation(),
        "createdAt": BEGINNING.to_string(),
        "updatedAt": BEGINNING.to_string(),
        "isPlatformManagedCredentials": false,
        "credentialsHash": ids::word(&["credentials", &connection.id], 64),
        "app": connection.app,
        "method": "api-token",
        "credentials": {}
    })
}

/// `GET /api/v2/folders?projectId=&environment=&path=`, and `/api/v1/folders` with `workspaceId`.
pub fn folders(
    world: &World,
    identity: &Identity,
    call: &Call,
    project: &'static str,
) -> Result<Value, Refusal> {
    let [project_id, environment] = query::required(call, [project, "environment"])?;
    let path = call.query("path").unwrap_or_else(|| "/".to_owned());
    let path = super::field_rules::without_trailing_slash(&path);
    let project = permissions::member(world, identity, &project_id)?;
    let environment = project
        .environment(&environment)
        .filter(|environment| environment.has_folder(path));
    let folders: Vec<Value> = environment
        .into_iter()
        .flat_map(|environment| {
            let environment_id = environment.id(&project.id);
            environment.children(path).into_iter().map(move |name| {
                let child = format!("{}/{name}", path.trim_end_matches('/'));
                json!({
                    "id": world::folder_id(&environment_id, &child),
                    "name": name,
                    "version": 1,
                    "createdAt": BEGINNING.to_string(),
                    "updatedAt": BEGINNING.to_string(),
                    "envId": environment_id,
                    "parentId": world::folder_id(&environment_id, path),
                    "isReserved": false,
                    "description": null,
                    "lastSecretModified": null
                })
            })
        })
        .collect();
    Ok(json!({"folders": folders}))
}
