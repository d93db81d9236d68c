//! What the emulator knows while it runs, and keeps between runs.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids;
use super::jobs::JobQueue;
use super::secret_sync::SyncTable;
use super::world::World;
use crate::root::{Existing, Root};

/// The largest file that is read, in bytes. A sync takes about a thousand.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// The name of the file in its directory.
const NAME: &str = "sandbox.json";

/// Everything that a run leaves behind for the next one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// What was mentioned so far: a sync outlives the file that named its project.
    pub world: World,
    /// How many ids were given out.
    pub ids: u64,
    pub syncs: SyncTable,
    pub jobs: JobQueue,
    /// What was started on Enkryptify, in order.
    pub started: Vec<Started>,
}

/// A configuration that was started on Enkryptify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Started {
    /// The id of the configuration.
    pub id: String,
    /// The slug of the destination.
    pub destination: String,
    /// The project, as the request named it.
    pub project: String,
    /// The name that the request gave it.
    pub name: String,
}

impl Database {
    /// The next id that was never given out.
    pub fn next_id(&mut self, seed: u64) -> String {
        self.ids += 1;
        ids::uuid(&["id", &seed.to_string(), &self.ids.to_string()])
    }
}

/// The file that holds a database between runs.
#[derive(Debug)]
pub struct DatabaseFile {
    directory: Arc<Root>,
}

impl DatabaseFile {
    /// The file in that directory.
    pub const fn new(directory: Arc<Root>) -> Self {
        Self { directory }
    }

    /// What the last run left; an empty database if there was none.
    pub fn load(&self) -> io::Result<Database> {
        let path = self.directory.path().join(NAME);
        let text = match self.directory.read(NAME.into(), LARGEST_FILE) {
            Ok(text) => text,
            Err(why) if why.is_absence() => return Ok(Database::default()),
            Err(why) => {
                return Err(io::Error::other(format!(
                    "The sandbox's state `{path}` cannot be read: {why}."
                )));
            }
        };
        serde_json::from_str(&text).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "The sandbox's state `{path}` is damaged ({error}). Delete it to start over."
                ),
            )
        })
    }

    /// Replaces the file as a whole: a reader sees the old database or the new one.
    pub fn save(&self, database: &Database) -> io::Result<()> {
        let text = serde_json::to_vec(database)?;
        self.directory.write(NAME.into(), &text, Existing::Replace)
    }
}
