//! Secret syncs: the order of checks and the effects are those of the real server.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::permissions::{self, Permission};
use super::refusal::Refusal;
use super::{Authorized, field_rules, query};
use crate::sandbox::catalog::{Catalog, CatalogEntry, FIELD_ORDER};
use crate::sandbox::era::Era;
use crate::sandbox::ids;
use crate::sandbox::moment::Moment;
use crate::sandbox::secret_sync::{
    JobRecord, SandboxJobKind, SandboxJobStatus, SecretSync, SourceFolder,
};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{self, Identity, Project, World};
use crate::sandbox::zod::{self, StringRule};

const IN_PROGRESS: &str = "A job for this sync is already in progress. Please try again shortly.";
const NO_SOURCE: &str = "Invalid source configuration: folder no longer exists. Please configure a valid source and try again.";
const PLAN_LIMIT: &str = "Failed to create secret sync due to plan limit reached. Upgrade plan to add more secret syncs.";
const NO_SOURCE_GIVEN: &str = "Must specify both source environment and secret path";
const PLAN_RESTRICTION: &str = "Failed to create secret sync due to plan restriction. Upgrade plan to access enterprise secret syncs.";

/// The column that keeps descriptions holds fewer characters than the check lets through.
const DESCRIPTION_COLUMN: usize = 255;

/// `GET /api/v1/secret-syncs/options`.
pub fn options(catalog: &Catalog, era: Era) -> Value {
    let mut destinations: Vec<&CatalogEntry> = catalog.iter().collect();
    destinations.sort_by_key(|destination| destination.name.to_lowercase());
    let options: Vec<Value> = destinations
        .into_iter()
        .map(|destination| {
            let mut option = json!({
                "name": destination.name,
                "connection": destination.connection_app,
                "destination": destination.slug,
                "canImportSecrets": destination.can_import
            });
            if field_rules::is_enterprise(&destination.slug) {
                option["enterprise"] = true.into();
            }
            for missing in field_rules::unsupported(destination).filter(|_| era.is_today()) {
                option[missing] = false.into();
            }
            option
        })
        .collect();
    json!({"secretSyncOptions": options})
}

/// A sync as it is read.
fn sync_json(world: &World, sync: &SecretSync) -> Value {
    let connection = world.connection(&sync.connection_id).map(
        |connection| json!({"app": connection.app, "name": connection.name, "id": connection.id}),
    );
    let source = sync.source.as_ref().map(|source| {
        let environment = world
            .project_by_id(&sync.project_id)
            .and_then(|project| project.environment(&source.environment));
        let name = environment.map_or(source.environment.as_str(), world::ProjectEnvironment::name);
        let environment_id = environment.map_or_else(
            || ids::uuid(&["environment", &sync.project_id, &source.environment]),
            |environment| environment.id(&sync.project_id),
        );
        let folder_id = world::folder_id(&environment_id, &source.path);
        (
            json!({"slug": source.environment, "name": name, "id": environment_id}),
            json!({"id": folder_id, "path": source.path}),
        )
    });
    let (environment, folder) = source.unwrap_or_default();
    let mut read = json!({
        "id": sync.id,
        "name": sync.name,
        "description": sync.description,
        "isAutoSyncEnabled": sync.is_auto_sync_enabled,
        "version": 1,
        "projectId": sync.project_id,
        "folderId": folder.get("id"),
        "connectionId": sync.connection_id,
        "createdAt": sync.created_at.to_string(),
        "updatedAt": sync.updated_at.to_string(),
        "syncStatus": sync.sync.status,
        "lastSyncJobId": job_id(&sync.sync),
        "lastSyncMessage": sync.sync.message,
        "lastSyncedAt": succeeded_at(&sync.sync),
        "importStatus": sync.import.status,
        "lastImportJobId": job_id(&sync.import),
        "lastImportMessage": sync.import.message,
        "lastImportedAt": succeeded_at(&sync.import),
        "removeStatus": sync.remove.status,
        "lastRemoveJobId": job_id(&sync.remove),
        "lastRemoveMessage": sync.remove.message,
        "lastRemovedAt": succeeded_at(&sync.remove),
        "syncOptions": sync.sync_options,
        "connection": connection,
        "environment": environment,
        "folder": folder,
        "destination": sync.destination,
        "destinationConfig": sync.destination_config
    });
    for (key, value) in &sync.further {
        read[key] = value.clone();
    }
    read
}

fn job_id(record: &JobRecord) -> Option<String> {
    record.last_id.map(|id| id.to_string())
}

fn succeeded_at(record: &JobRecord) -> Option<String> {
    record.succeeded_at.map(|at| at.to_string())
}

fn one(world: &World, sync: &SecretSync) -> Value {
    json!({"secretSync": sync_json(world, sync)})
}

fn environment_of(sync: &SecretSync) -> Option<&str> {
    sync.source
        .as_ref()
        .map(|source| source.environment.as_str())
}

fn unknown_id(destination: &CatalogEntry, id: &str) -> Refusal {
    Refusal::not_found(format!(
        "Could not find {} Sync with ID \"{id}\"",
        destination.name
    ))
}

fn name_taken(name: &str, project_id: &str) -> Refusal {
    Refusal::bad_request(format!(
        "A Secret Sync with the name \"{name}\" already exists for the project with ID \"{project_id}\""
    ))
}

/// Refuses a sync that is asked for under another destination.
fn configured_for(destination: &CatalogEntry, sync: &SecretSync) -> Result<(), Refusal> {
    if sync.destination == destination.slug {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "Secret sync with ID \"{}\" is not configured for {}",
        sync.id, destination.name
    )))
}

fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str)
}

fn object(body: &Value, key: &str) -> Option<Map<String, Value>> {
    body.get(key).and_then(Value::as_object).cloned()
}

/// What a body has beside the fields that all servers know.
fn further(body: &Value) -> Map<String, Value> {
    let mut further = body.as_object().cloned().unwrap_or_default();
    further.retain(|key, _| !FIELD_ORDER.contains(&key.as_str()));
    further
}

/// A description, if the column can hold it.
fn description(body: &Value, database_operation: &str) -> Result<Option<String>, Refusal> {
    let description = text(body, "description");
    if description.is_some_and(|text| text.chars().count() > DESCRIPTION_COLUMN) {
        return Err(Refusal::database(database_operation));
    }
    Ok(description.map(str::to_owned))
}

/// Refuses a connection that does not exist, may not be used, or is of another app or project.
fn usable_connection(
    world: &World,
    catalog: &Catalog,
    identity: &Identity,
    destination: &CatalogEntry,
    project_id: &str,
    id: &str,
) -> Result<String, Refusal> {
    let connection = world
        .connection(id)
        .ok_or_else(|| Refusal::not_found(format!("Could not find App Connection with ID {id}")))?;
    let owner = world.project_of(connection).map(|project| &project.id);
    match owner {
        Some(_) => permissions::may_connect_in_project(identity)?,
        None => permissions::may_connect(identity)?,
    }
    if connection.app != destination.connection_app {
        let (has, needs) = (
            catalog.app_name(&connection.app),
            catalog.app_name(&destination.connection_app),
        );
        return Err(Refusal::bad_request(format!(
            "{has} Connection with ID {id} cannot be used to connect to {needs}"
        )));
    }
    match owner.filter(|owner| *owner != project_id) {
        None => Ok(connection.id.clone()),
        Some(owner) => Err(Refusal::bad_request(format!(
            "You cannot connect project App Connection with ID \"{id}\" from project with ID \"{owner}\" to project with ID \"{project_id}\""
        ))),
    }
}

impl Shared {
    /// `GET /api/v1/secret-syncs` and `GET /api/v1/secret-syncs/{destination}`. What the
    /// identity may not read is left out silently, and the order is undefined.
    pub fn list(
        &self,
        asked: &Authorized<'_>,
        destination: Option<&CatalogEntry>,
    ) -> Result<Value, Refusal> {
        let Authorized { identity, .. } = *asked;
        let [project_id] = query::required(asked.call, ["projectId"])?;
        permissions::member(&self.database.world, identity, &project_id)?;
        let syncs: Vec<Value> = self
            .database
            .syncs
            .iter()
            .filter(|sync| sync.project_id == project_id)
            .filter(|sync| destination.is_none_or(|wanted| wanted.slug == sync.destination))
            .filter(|sync| {
                permissions::is_allowed(identity, Permission::Read, environment_of(sync))
            })
            .map(|sync| sync_json(&self.database.world, sync))
            .collect();
        Ok(json!({"secretSyncs": syncs}))
    }

    /// `GET …/sync-name/{name}?projectId=`.
    pub fn find(
        &self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
        name: &str,
    ) -> Result<Value, Refusal> {
        let [project_id] = query::required(asked.call, ["projectId"])?;
        let sync = self.database.syncs.find(&project_id, name).ok_or_else(|| {
            Refusal::not_found(format!(
                "Could not find {} Sync with name \"{name}\"",
                destination.name
            ))
        })?;
        self.permit(asked.identity, Permission::Read, sync)?;
        configured_for(destination, sync)?;
        Ok(one(&self.database.world, sync))
    }

    /// `GET …/{syncId}`.
    pub fn get(
        &self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
        id: &str,
    ) -> Result<Value, Refusal> {
        let sync = self.checked(asked, Permission::Read, destination, id)?;
        Ok(one(&self.database.world, sync))
    }

    /// `POST …`.
    pub fn create(
        &mut self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
    ) -> Result<Value, Refusal> {
        let Authorized { identity, now, .. } = *asked;
        let body = field_rules::check(destination, &destination.create, asked.body)?;
        let field = |key: &str| text(&body, key).unwrap_or_default();
        let (name, project_id) = (field("name"), field("projectId"));
        let (environment, path) = (field("environment"), field("secretPath"));
        let world = &self.database.world;
        if field_rules::is_enterprise(&destination.slug) && !world.enterprise {
            return Err(Refusal::bad_request(PLAN_RESTRICTION));
        }
        let is_reached = |limit| self.database.syncs.iter().count() >= limit;
        if self.era.is_today() && world.sync_limit.is_some_and(is_reached) {
            return Err(Refusal::bad_request(PLAN_LIMIT));
        }
        let project = permissions::member(world, identity, project_id)?;
        permissions::may(identity, Permission::Create, Some(environment))?;
        if !project.has_folder(environment, path) {
            return Err(unknown_folder(Some(path), Some(environment), project_id));
        }
        let source = SourceFolder {
            environment: environment.to_owned(),
            path: path.to_owned(),
        };
        self.check_source(
            identity,
            project,
            &source,
            field_rules::with_subfolders(&body),
        )?;
        let sent = |key: &str| object(&body, key).unwrap_or_default();
        self.check_duplicate(identity, destination, &sent("destinationConfig"), None)?;
        let connection_id = usable_connection(
            world,
            &self.catalog,
            identity,
            destination,
            project_id,
            field("connectionId"),
        )?;
        let description = description(&body, "Create")?;
        if self.database.syncs.find(project_id, name).is_some() {
            return Err(name_taken(name, project_id));
        }
        let is_auto_sync_enabled = body["isAutoSyncEnabled"].as_bool().unwrap_or(true);
        let id = self.next_id();
        let as_read = |key: &str| field_rules::as_read(destination, key, sent(key), &id);
        let sync = SecretSync {
            id: id.clone(),
            name: name.to_owned(),
            description,
            is_auto_sync_enabled,
            project_id: project_id.to_owned(),
            connection_id,
            destination: destination.slug.clone(),
            sync_options: as_read("syncOptions"),
            destination_config: as_read("destinationConfig"),
            further: further(&body),
            source: Some(source),
            created_at: now,
            updated_at: now,
            sync: JobRecord::default(),
            import: JobRecord::default(),
            remove: JobRecord::default(),
        };
        self.database.syncs.insert(sync);
        if is_auto_sync_enabled {
            self.queue(&id, SandboxJobKind::Sync, false, now);
        }
        self.shown(&id)
    }

    /// `PATCH …/{syncId}`.
    pub fn update(
        &mut self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
        id: &str,
    ) -> Result<Value, Refusal> {
        let Authorized { identity, now, .. } = *asked;
        let body = field_rules::check(destination, &destination.update, asked.body)?;
        let sync = self.database.syncs.get(id).ok_or_else(|| {
            // Without the quotes that the other requests put around the id.
            Refusal::not_found(format!(
                "Could not find {} Sync with ID {id}",
                destination.name
            ))
        })?;
        self.permit(identity, Permission::Edit, sync)?;
        configured_for(destination, sync)?;
        let world = &self.database.world;
        let config = object(&body, "destinationConfig");
        if config.is_some() || body.get("connectionId").is_some() {
            let config = config.as_ref().unwrap_or(&sync.destination_config);
            self.check_duplicate(identity, destination, config, Some(&sync.id))?;
        }
        let connection_id = text(&body, "connectionId")
            .map(|id| {
                let catalog = &self.catalog;
                usable_connection(world, catalog, identity, destination, &sync.project_id, id)
            })
            .transpose()?;
        let source = self.new_source(identity, sync, &body)?;
        let options = object(&body, "syncOptions").map(|sent| {
            let mut options = sync.sync_options.clone();
            if !field_rules::merges_options(destination) {
                options.clear();
            }
            options.extend(sent);
            field_rules::as_read(destination, "syncOptions", options, &sync.id)
        });
        let mut further = self::further(&body);
        for (key, value) in &sync.further {
            further.entry(key.as_str()).or_insert_with(|| value.clone());
        }
        let mut updated = Value::Object(further.clone());
        updated["syncOptions"] = json!(options.as_ref().unwrap_or(&sync.sync_options));
        let with_subfolders = field_rules::with_subfolders(&updated);
        if source.is_some() || with_subfolders {
            let source = source.as_ref().or(sync.source.as_ref());
            let source = source.ok_or_else(|| Refusal::bad_request(NO_SOURCE_GIVEN))?;
            let project = permissions::member(world, identity, &sync.project_id)?;
            self.check_source(identity, project, source, with_subfolders)?;
        }
        let description = description(&body, "Update by id")?;
        let project_id = sync.project_id.clone();
        let name = text(&body, "name").filter(|name| *name != sync.name);
        if let Some(name) = name {
            if self.database.syncs.find(&project_id, name).is_some() {
                return Err(name_taken(name, &project_id));
            }
            self.database.syncs.rename(id, name);
        }
        let sync = self
            .database
            .syncs
            .get_mut(id)
            .ok_or_else(|| unknown_id(destination, id))?;
        if body.get("description").is_some() {
            sync.description = description;
        }
        if let Some(enabled) = body.get("isAutoSyncEnabled").and_then(Value::as_bool) {
            sync.is_auto_sync_enabled = enabled;
        }
        if let Some(connection_id) = connection_id {
            sync.connection_id = connection_id;
        }
        if let Some(source) = source {
            sync.source = Some(source);
        }
        if let Some(options) = options {
            sync.sync_options = options;
        }
        if let Some(config) = config {
            sync.destination_config =
                field_rules::as_read(destination, "destinationConfig", config, &sync.id);
        }
        sync.further = further;
        sync.updated_at = now;
        let id = sync.id.clone();
        if sync.is_auto_sync_enabled {
            self.queue(&id, SandboxJobKind::Sync, false, now);
        }
        self.shown(&id)
    }

    /// Refuses a source that a sync cannot push: secrets that the identity may not read, and, where
    /// folders within are included, one name in two of them. Only today.
    fn check_source(
        &self,
        identity: &Identity,
        project: &Project,
        source: &SourceFolder,
        with_subfolders: bool,
    ) -> Result<(), Refusal> {
        let SourceFolder { environment, path } = source;
        let Some(known) = project
            .environment(environment)
            .filter(|_| self.era.is_today())
        else {
            return Ok(());
        };
        let folders = if with_subfolders {
            known.subtree(path)
        } else {
            BTreeSet::from([path.as_str()])
        };
        let hidden = folders
            .iter()
            .find(|folder| !identity.may_read_secrets(folder));
        if let Some(folder) = hidden {
            return Err(Refusal::forbidden(&format!(
                "You do not have permission to read secrets at path \"{folder}\" in environment \"{environment}\"."
            )));
        }
        let clashes = known.clashes(&folders);
        if !with_subfolders || clashes.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = clashes
            .iter()
            .map(|(name, folders)| format!("\"{name}\" in {}", folders.join(" and ")))
            .collect();
        Err(Refusal::bad_request(format!(
            "This destination stores secrets in a single flat list, so each name can be used only once. These names are used in more than one folder: {}. Rename or move one secret in each pair, or point the sync at a narrower secret path.",
            names.join("; ")
        )))
    }

    /// Refuses a destination that another sync of the organisation has, where these are blocked.
    fn check_duplicate(
        &self,
        identity: &Identity,
        destination: &CatalogEntry,
        config: &Map<String, Value>,
        own_id: Option<&str>,
    ) -> Result<(), Refusal> {
        if !self.blocks_duplicates {
            return Ok(());
        }
        let Some(other) = self.duplicate(destination, config, own_id) else {
            return Ok(());
        };
        let known = permissions::member(&self.database.world, identity, &other.project_id);
        let place = known.map_or_else(
            |_| "another project in your organization".to_owned(),
            |project| format!("project {}", project.id),
        );
        Err(Refusal::bad_request(format!(
            "A secret sync with this destination already exists in {place}."
        )))
    }

    /// Another sync with that destination, in any project.
    fn duplicate(
        &self,
        destination: &CatalogEntry,
        config: &Map<String, Value>,
        own_id: Option<&str>,
    ) -> Option<&SecretSync> {
        self.database.syncs.iter().find(|sync| {
            sync.destination == destination.slug
                && own_id != Some(sync.id.as_str())
                && field_rules::same_destination(destination, &sync.destination_config, config)
        })
    }

    /// `POST …/check-destination`.
    pub fn check_destination(
        &self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
    ) -> Result<Value, Refusal> {
        let id = json!({"type": "string", "format": "uuid"});
        let schema = json!({
            "type": "object",
            "properties": {
                "destinationConfig": {}, "connectionId": id, "excludeSyncId": id, "projectId": id
            },
            "required": ["projectId"]
        });
        let body = zod::check(&schema, &schema, &StringRule::plain, asked.body);
        let body = body.map_err(Refusal::invalid)?;
        let world = &self.database.world;
        permissions::member(
            world,
            asked.identity,
            text(&body, "projectId").unwrap_or_default(),
        )?;
        let other = object(&body, "destinationConfig")
            .and_then(|config| self.duplicate(destination, &config, text(&body, "excludeSyncId")));
        let mut answer = json!({"hasDuplicate": other.is_some()});
        let project =
            other.map(|other| permissions::member(world, asked.identity, &other.project_id));
        if let Some(Ok(project)) = project {
            answer["duplicateProjectId"] = project.id.clone().into();
        }
        Ok(answer)
    }

    /// The source that an update asks for; `None` if it stays.
    fn new_source(
        &self,
        identity: &Identity,
        sync: &SecretSync,
        body: &Value,
    ) -> Result<Option<SourceFolder>, Refusal> {
        let (environment, path) = (text(body, "environment"), text(body, "secretPath"));
        let current = sync.source.as_ref();
        let is_other =
            |asked: Option<&str>, current: Option<&str>| asked.is_some() && asked != current;
        let current_environment = current.map(|source| source.environment.as_str());
        let current_path = current.map(|source| source.path.as_str());
        if !is_other(environment, current_environment) && !is_other(path, current_path) {
            return Ok(None);
        }
        let (Some(new_environment), Some(new_path)) =
            (environment.or(current_environment), path.or(current_path))
        else {
            return Err(Refusal::bad_request(NO_SOURCE_GIVEN));
        };
        permissions::may(identity, Permission::Edit, Some(new_environment))?;
        let exists = self
            .database
            .world
            .project_by_id(&sync.project_id)
            .and_then(|project| project.environment(new_environment))
            .is_some_and(|known| known.has_folder(new_path));
        if !exists {
            return Err(unknown_folder(path, environment, &sync.project_id));
        }
        Ok(Some(SourceFolder {
            environment: new_environment.to_owned(),
            path: new_path.to_owned(),
        }))
    }

    /// `DELETE …/{syncId}?removeSecrets=`.
    pub fn delete(
        &mut self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
        id: &str,
    ) -> Result<Value, Refusal> {
        let remove_secrets = query::choice(asked.call, "removeSecrets", &["true", "false"], false)?;
        let sync = self.checked(asked, Permission::Delete, destination, id)?;
        if remove_secrets.as_deref() == Some("true") {
            permissions::may(
                asked.identity,
                Permission::RemoveSecrets,
                environment_of(sync),
            )?;
            return self.queue_if_idle(destination, id, SandboxJobKind::Remove, true, asked.now);
        }
        let gone = one(&self.database.world, sync);
        self.database.syncs.remove(id);
        Ok(gone)
    }

    /// `POST …/{syncId}/sync-secrets`, `/import-secrets` and `/remove-secrets`.
    pub fn trigger(
        &mut self,
        asked: &Authorized<'_>,
        destination: &CatalogEntry,
        id: &str,
        kind: SandboxJobKind,
    ) -> Result<Value, Refusal> {
        let action = match kind {
            SandboxJobKind::Sync => Permission::SyncSecrets,
            SandboxJobKind::Import => Permission::ImportSecrets,
            SandboxJobKind::Remove => Permission::RemoveSecrets,
        };
        if kind == SandboxJobKind::Import {
            let behaviours = ["prioritize-source", "prioritize-destination"];
            query::choice(asked.call, "importBehavior", &behaviours, true)?;
            if !destination.can_import {
                return Err(Refusal::bad_request(format!(
                    "{} does not support importing secrets.",
                    destination.name
                )));
            }
        }
        self.checked(asked, action, destination, id)?;
        self.queue_if_idle(destination, id, kind, false, asked.now)
    }

    fn queue_if_idle(
        &mut self,
        destination: &CatalogEntry,
        id: &str,
        kind: SandboxJobKind,
        then_delete: bool,
        now: Moment,
    ) -> Result<Value, Refusal> {
        let sync = self
            .database
            .syncs
            .get_mut(id)
            .ok_or_else(|| unknown_id(destination, id))?;
        if sync.source.is_none() {
            return Err(Refusal::bad_request(NO_SOURCE));
        }
        let id = sync.id.clone();
        if self.database.jobs.is_working(&id) {
            return Err(Refusal::bad_request(IN_PROGRESS));
        }
        sync.updated_at = now;
        self.queue(&id, kind, then_delete, now);
        self.shown(&id)
    }

    fn queue(&mut self, id: &str, kind: SandboxJobKind, then_delete: bool, now: Moment) {
        if let Some(sync) = self.database.syncs.get_mut(id) {
            sync.record_mut(kind).status = Some(SandboxJobStatus::Pending);
        }
        self.database
            .jobs
            .push(id, kind, then_delete, now, &self.pace);
    }

    fn shown(&self, id: &str) -> Result<Value, Refusal> {
        let sync = self.database.syncs.get(id).ok_or_else(Refusal::internal)?;
        Ok(one(&self.database.world, sync))
    }

    /// The sync of that id, after every check that reading and changing it have in common.
    fn checked(
        &self,
        asked: &Authorized<'_>,
        action: Permission,
        destination: &CatalogEntry,
        id: &str,
    ) -> Result<&SecretSync, Refusal> {
        let sync = self
            .database
            .syncs
            .get(id)
            .ok_or_else(|| unknown_id(destination, id))?;
        self.permit(asked.identity, action, sync)?;
        configured_for(destination, sync)?;
        Ok(sync)
    }

    fn permit(
        &self,
        identity: &Identity,
        action: Permission,
        sync: &SecretSync,
    ) -> Result<(), Refusal> {
        permissions::member(&self.database.world, identity, &sync.project_id)?;
        permissions::may(identity, action, environment_of(sync))
    }

    /// `DELETE /api/v2/folders/{name}` with `{projectId, environment, path}`, where `path` is the
    /// folder around it, and `/api/v1/folders` with `workspaceId`. Every sync that pushed the
    /// folder, or one in it, loses its source.
    pub fn delete_folder(
        &mut self,
        asked: &Authorized<'_>,
        name: &str,
        project: &str,
    ) -> Result<Value, Refusal> {
        let given = |key: &str| asked.body.and_then(|body| text(body, key));
        let project_id = given(project).unwrap_or_default();
        let environment = given("environment").unwrap_or_default();
        let around = given("path").unwrap_or("/").trim_end_matches('/');
        let path = format!("{around}/{name}");
        let world = &mut self.database.world;
        permissions::member(world, asked.identity, project_id)?;
        let removed = world
            .environment_mut(project_id, environment)
            .is_some_and(|known| known.remove_folder(&path));
        if !removed {
            return Err(Refusal::not_found(format!(
                "Folder with path '{path}' not found"
            )));
        }
        for sync in self.database.syncs.iter_mut() {
            sync.source.take_if(|source| {
                sync.project_id == project_id
                    && source.environment == environment
                    && world::is_within(&source.path, &path)
            });
        }
        Ok(json!({"folder": {"name": name}}))
    }
}

/// The server prints what the request said, and `undefined` for what it did not say.
fn unknown_folder(path: Option<&str>, environment: Option<&str>, project_id: &str) -> Refusal {
    let (path, environment) = (
        path.unwrap_or("undefined"),
        environment.unwrap_or("undefined"),
    );
    Refusal::bad_request(format!(
        "Could not find folder with path \"{path}\" in environment \"{environment}\" for project with ID \"{project_id}\""
    ))
}
