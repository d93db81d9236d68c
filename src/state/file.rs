//! A state in a file, which a lock keeps other runs from writing.

use std::fs::{self, File};
use std::io::{self, Write};

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};

use super::StateError;
use super::backend::{Backend, Stored, Version, WriteError};
use crate::text_file;

/// The largest state that is read, in bytes. A start takes some two hundred.
const LARGEST_STATE: u64 = 64 * 1024 * 1024;

/// A file.
pub struct StateFile {
    path: Utf8PathBuf,
    /// Held as long as this can be written.
    _lock: Option<File>,
}

impl StateFile {
    /// A file to look at.
    pub fn to_read(path: &Utf8Path) -> Self {
        Self {
            path: path.to_owned(),
            _lock: None,
        }
    }

    /// A file to write, which others cannot write until this is dropped.
    pub fn to_write(path: &Utf8Path) -> Result<Self, StateError> {
        Ok(Self {
            path: path.to_owned(),
            _lock: lock(path)?,
        })
    }

    /// The same for one that is not there yet, with the directories above it.
    pub fn to_create(path: &Utf8Path) -> Result<Self, StateError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|error| cannot_write(path, &error))?;
        }
        Self::to_write(path)
    }
}

#[async_trait]
impl Backend for StateFile {
    fn place(&self) -> &str {
        self.path.as_str()
    }

    async fn read(&self) -> Result<Option<Stored>, StateError> {
        match text_file::read(&self.path, LARGEST_STATE) {
            Ok(text) => Ok(Some(Stored {
                text,
                version: Version::default(),
            })),
            Err(why) if why.is_absence() => Ok(None),
            Err(why) => Err(StateError::new(
                format!("The state {} cannot be read: {why}.", self.path),
                why.help(),
            )),
        }
    }

    /// The lock is what keeps others away, so there is no version to compare.
    async fn write(&self, text: String, _: Option<&Version>) -> Result<Version, WriteError> {
        write(&self.path, &text)
            .map(|()| Version::default())
            .map_err(|error| WriteError::Failed(cannot_write(&self.path, &error)))
    }
}

/// Writes beside the file, flushes to the disk, and puts it in the file's place.
fn write(path: &Utf8Path, text: &str) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|directory| !directory.as_str().is_empty());
    let directory = directory.unwrap_or(Utf8Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // Without this the new name may be lost in a crash, and with it the intent.
    File::open(directory)?.sync_all()
}

fn cannot_write(path: &Utf8Path, error: &io::Error) -> StateError {
    StateError::new(
        format!("The state {path} cannot be written: {error}."),
        "Check the disk and the permissions of its directory.",
    )
}

/// Keeps other runs from writing the same state. There is nothing to keep without its directory.
fn lock(path: &Utf8Path) -> Result<Option<File>, StateError> {
    let lock_path = path.with_extension("lock");
    // Opening a pipe without a reader would wait forever.
    if fs::metadata(&lock_path).is_ok_and(|lock| !lock.is_file()) {
        return Err(StateError::new(
            format!("The state {path} cannot be locked: {lock_path} is not a file."),
            "Remove it, and run this again.",
        ));
    }
    let file = match File::create(&lock_path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_write(path, &error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(StateError::new(
            format!("Another run of secsync is using the state {path}."),
            "Wait until it has ended, and run this again.",
        )),
        Err(fs::TryLockError::Error(error)) => Err(cannot_write(path, &error)),
    }
}
