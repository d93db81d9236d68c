//! Keeps the state between runs.

use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::state::State;
use crate::text_file;

/// The largest state that is read, in bytes. A sync takes about a thousand.
const LARGEST_STATE: u64 = 256 * 1024 * 1024;

/// A directory with the state in one JSON file.
#[derive(Debug, Clone)]
pub struct Store {
    directory: Utf8PathBuf,
}

const FILE: &str = "sandbox.json";

impl Store {
    /// The store in that directory, which is made if it is not there.
    pub fn open(directory: &Utf8Path) -> io::Result<Self> {
        fs::create_dir_all(directory).map_err(|error| {
            explained(
                &error,
                &format!("The sandbox's directory `{directory}` cannot be made"),
            )
        })?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// What the last run left; nothing if there was none.
    pub fn load(&self) -> io::Result<State> {
        let path = self.path();
        let text = match text_file::read(&path, LARGEST_STATE) {
            Ok(text) => text,
            Err(why) if why.is_absence() => return Ok(State::default()),
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
                    "The sandbox's state `{path}` is damaged ({error}). Delete it to start anew."
                ),
            )
        })
    }

    /// Replaces the file as a whole: a reader sees the old state or the new one.
    pub fn save(&self, state: &State) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        serde_json::to_writer(&mut file, state)?;
        file.flush()?;
        file.persist(self.path()).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self) -> Utf8PathBuf {
        self.directory.join(FILE)
    }
}

fn explained(error: &io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}."))
}
