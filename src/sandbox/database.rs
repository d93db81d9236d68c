//! What the emulator knows while it runs, and keeps between runs.

use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::ids;
use super::jobs::JobQueue;
use super::table::SyncTable;
use super::world::World;
use crate::text_file;

/// The largest file that is read, in bytes. A sync takes about a thousand.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

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
    directory: Utf8PathBuf,
}

impl DatabaseFile {
    /// The file in that directory, which is made if it does not exist.
    pub fn open(directory: &Utf8Path) -> io::Result<Self> {
        fs::create_dir_all(directory).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("The sandbox's directory `{directory}` cannot be created: {error}."),
            )
        })?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// What the last run left; an empty database if there was none.
    pub fn load(&self) -> io::Result<Database> {
        let path = self.path();
        let text = match text_file::read(&path, LARGEST_FILE) {
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
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        serde_json::to_writer(&mut file, database)?;
        file.flush()?;
        file.persist(self.path()).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self) -> Utf8PathBuf {
        self.directory.join("sandbox.json")
    }
}
