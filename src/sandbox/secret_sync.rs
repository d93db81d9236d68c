//! Infisical's secret syncs, as the emulator keeps them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::moment::Moment;

/// A secret sync of Infisical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretSync {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub is_auto_sync_enabled: bool,
    pub project_id: String,
    pub connection_id: String,
    pub destination: String,
    pub sync_options: Map<String, Value>,
    pub destination_config: Map<String, Value>,
    /// What newer servers have beside the fields above.
    #[serde(default)]
    pub further: Map<String, Value>,
    /// Where the secrets come from; `None` after that folder was deleted.
    pub source: Option<SourceFolder>,
    pub created_at: Moment,
    pub updated_at: Moment,
    pub sync: JobRecord,
    pub import: JobRecord,
    pub remove: JobRecord,
}

/// The folder that a sync pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFolder {
    pub environment: String,
    pub path: String,
}

/// What a sync says about its last job of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobRecord {
    pub status: Option<SandboxJobStatus>,
    pub last_id: Option<u64>,
    pub message: Option<String>,
    pub succeeded_at: Option<Moment>,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxJobKind {
    /// Pushes the secrets to the destination.
    Sync,
    /// Reads the destination's secrets into the source.
    Import,
    /// Removes the secrets at the destination.
    Remove,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxJobStatus {
    Pending,
    Running,
    Succeeded,
    Failed,
}

impl SecretSync {
    /// What it says about jobs of a kind.
    pub const fn record_mut(&mut self, kind: SandboxJobKind) -> &mut JobRecord {
        match kind {
            SandboxJobKind::Sync => &mut self.sync,
            SandboxJobKind::Import => &mut self.import,
            SandboxJobKind::Remove => &mut self.remove,
        }
    }
}

/// The syncs, by id and by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<SecretSync>", into = "Vec<SecretSync>")]
pub struct SyncTable {
    by_id: BTreeMap<String, SecretSync>,
    /// The id of each name, by project: names are unique across destinations.
    names: HashMap<(String, String), String>,
}

impl SyncTable {
    /// The sync of that id.
    pub fn get(&self, id: &str) -> Option<&SecretSync> {
        self.by_id.get(&id.to_ascii_lowercase())
    }

    /// The sync of that id, to be changed; but not its name, see [`SyncTable::rename`].
    pub fn get_mut(&mut self, id: &str) -> Option<&mut SecretSync> {
        self.by_id.get_mut(&id.to_ascii_lowercase())
    }

    /// The sync of that name in a project.
    pub fn find(&self, project_id: &str, name: &str) -> Option<&SecretSync> {
        let id = self.names.get(&(project_id.to_owned(), name.to_owned()))?;
        self.by_id.get(id)
    }

    /// Every sync, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &SecretSync> {
        self.by_id.values()
    }

    /// Every sync, to be changed; but not their names.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut SecretSync> {
        self.by_id.values_mut()
    }

    /// Adds a sync.
    pub fn insert(&mut self, sync: SecretSync) {
        self.names.insert(
            (sync.project_id.clone(), sync.name.clone()),
            sync.id.clone(),
        );
        self.by_id.insert(sync.id.clone(), sync);
    }

    /// Gives a sync another name.
    pub fn rename(&mut self, id: &str, name: &str) {
        if let Some(mut sync) = self.remove(id) {
            name.clone_into(&mut sync.name);
            self.insert(sync);
        }
    }

    /// Takes a sync out.
    pub fn remove(&mut self, id: &str) -> Option<SecretSync> {
        let sync = self.by_id.remove(&id.to_ascii_lowercase())?;
        self.names
            .remove(&(sync.project_id.clone(), sync.name.clone()));
        Some(sync)
    }
}

impl From<Vec<SecretSync>> for SyncTable {
    fn from(syncs: Vec<SecretSync>) -> Self {
        let mut table = Self::default();
        for sync in syncs {
            table.insert(sync);
        }
        table
    }
}

impl From<SyncTable> for Vec<SecretSync> {
    fn from(table: SyncTable) -> Self {
        table.by_id.into_values().collect()
    }
}
