//! A state in a file, which one run at a time can write.
//!
//! What is locked is the file itself, whatever name it was reached by. So there is no other file
//! that could be deleted, left behind, or be a link to somewhere else. A new version is locked
//! before it takes the place of the old one; whoever was waiting for the old one sees that it is
//! no longer in its place.
//!
//! A copy of its last version is kept. It is written first, so that no start is sent that
//! only one of the two records.

use std::fs::{File, TryLockError};
use std::io;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};

use super::backend::{Backend, Stored, Version, WriteError};
use super::contents;
use super::error::StateError;
use super::location::FilePlace;
use crate::core::words::count;
use crate::mutex::lock;
use crate::root::{self, Existing, OWN_DIRECTORY, Root, UnreadableText};
use crate::text_file::reason;

/// The largest state that is read, in bytes. A start takes some two hundred.
const LARGEST_STATE: u64 = 64 * 1024 * 1024;

/// How often another file may take the place of the one that is about to be locked.
const TRIES: u32 = 100;

/// A file.
pub struct StateFile {
    /// Its path, as people name it.
    shown: Utf8PathBuf,
    /// The directory that people see it from.
    directory: Utf8PathBuf,
    /// Where it really is; `None` while its directory does not exist.
    real: Option<Real>,
    /// The file, locked, from when it can be written.
    lock: Mutex<Option<File>>,
}

/// A path with no link in it, below a directory that is held open.
struct Real {
    root: Root,
    path: Utf8PathBuf,
    /// Where its backup is, below the same directory.
    backup: Utf8PathBuf,
    /// Whether that directory is the root of a workspace.
    is_in_workspace: bool,
}

impl StateFile {
    /// A file to look at.
    pub fn to_read(place: &FilePlace) -> Result<Self, StateError> {
        let real = Real::find(place).map_err(|error| cannot("read", &place.shown(), &error))?;
        if let Some(real) = &real {
            real.sweep();
        }
        Ok(Self {
            shown: place.shown(),
            directory: place.directory.clone(),
            real,
            lock: Mutex::default(),
        })
    }

    /// A file to write, which others cannot write until this is dropped.
    pub fn to_write(place: &FilePlace) -> Result<Self, StateError> {
        let file = Self::to_read(place)?;
        if let Some(real) = &file.real {
            file.check_backup(real)?;
            *file.held() = file.lock(real)?;
        }
        Ok(file)
    }

    /// The same for one that does not exist yet, with the directories above it.
    pub fn to_create(place: &FilePlace) -> Result<Self, StateError> {
        Real::make_directory(place).map_err(|error| cannot("written", &place.shown(), &error))?;
        let file = Self::to_write(place)?;
        let Some(real) = &file.real else {
            return Ok(file);
        };
        match real.backup() {
            Some(Ok(starts)) if starts > 0 && file.held().is_none() => Err(StateError::new(
                format!(
                    "The state {} is missing, and its backup {} records {}.",
                    file.shown,
                    file.backup_shown(),
                    count(starts, "start")
                ),
                "Put the backup in its place. To begin anew, delete the backup first: what it \
                 records would be started a second time.",
            )),
            _ => Ok(file),
        }
    }

    /// Its text; `None` if it does not exist.
    pub fn text(&self) -> Result<Option<String>, StateError> {
        let Some(real) = &self.real else {
            return Ok(None);
        };
        match real.root.read(&real.path, LARGEST_STATE) {
            Ok(text) => Ok(Some(text)),
            Err(why) if why.is_absence() => Ok(None),
            Err(why) => Err(StateError::new(
                format!("The state {} cannot be read: {why}.", self.shown),
                why.help(),
            )),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<File>> {
        lock(&self.lock)
    }

    fn backup_shown(&self) -> Utf8PathBuf {
        match &self.real {
            Some(real) if real.is_in_workspace => {
                root::shown(&real.root.path().join(&real.backup), &self.directory)
            }
            _ => backup_of(&self.shown),
        }
    }

    /// Keeps other runs from writing the same file. There is nothing to lock without it.
    fn lock(&self, real: &Real) -> Result<Option<File>, StateError> {
        let refused = |error: io::Error| cannot("locked", &self.shown, &error);
        for _ in 0..TRIES {
            let file = match real.root.open_to_lock(&real.path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(refused(error)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(self.in_use()),
                Err(TryLockError::Error(error)) => return Err(refused(error)),
            }
            match real.root.names_of(&real.path, &file).map_err(refused)? {
                0 => {}
                1 => return Ok(Some(file)),
                _ => {
                    return Err(StateError::new(
                        format!(
                            "The state {} has a second name (a hard link), which would go on \
                             naming an old version of it.",
                            self.shown
                        ),
                        "Remove one of the two names, or make it a symbolic link.",
                    ));
                }
            }
        }
        Err(self.in_use())
    }

    fn in_use(&self) -> StateError {
        StateError::new(
            format!("Another run of secsync is using the state {}.", self.shown),
            "Wait until it has ended, and run this again.",
        )
    }

    /// Refuses to write beside a file that has the backup's name and is something else.
    fn check_backup(&self, real: &Real) -> Result<(), StateError> {
        match real.backup() {
            Some(Err(contents::UnusableState::SomethingElse)) => Err(StateError::new(
                format!(
                    "The backup of the state {} cannot be kept: {} is another file.",
                    self.shown,
                    self.backup_shown()
                ),
                "Move it, or name another file for the state.",
            )),
            _ => Ok(()),
        }
    }

    fn put(&self, text: &str, existing: Existing) -> Result<(), WriteError> {
        let failed = |error: io::Error| WriteError::Failed(cannot("written", &self.shown, &error));
        let Some(real) = &self.real else {
            return Err(failed(io::ErrorKind::NotFound.into()));
        };
        let mut held = self.held();
        match (&*held, existing) {
            (None, Existing::Keep) => {}
            (Some(file), Existing::Replace)
                if real.root.names_of(&real.path, file).map_err(failed)? == 1 => {}
            _ => {
                return Err(WriteError::Failed(StateError::new(
                    format!(
                        "The state {} was deleted or replaced while this run was using it.",
                        self.shown
                    ),
                    "Restore it. Do not create a new one: syncs would be started a second time.",
                )));
            }
        }
        real.root
            .write(&real.backup, text.as_bytes(), Existing::Replace)
            .map_err(|error| WriteError::Failed(cannot("written", &self.backup_shown(), &error)))?;
        match real
            .root
            .write_locked(&real.path, text.as_bytes(), existing)
        {
            Ok(file) => {
                *held = Some(file);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Conflict),
            Err(error) => Err(failed(error)),
        }
    }
}

#[async_trait]
impl Backend for StateFile {
    fn place(&self) -> &str {
        self.shown.as_str()
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn remedy(&self) -> String {
        match self.real.as_ref().and_then(Real::backup) {
            Some(Ok(starts)) => format!(
                "Its backup {} is whole and records {}: put it in its place, unless another \
                 machine has written the state since. Otherwise restore it from Git.",
                self.backup_shown(),
                count(starts, "start")
            ),
            _ => "Restore it from Git or another backup.".to_owned(),
        }
    }

    async fn read(&self) -> Result<Option<Stored>, StateError> {
        let version = Version::default();
        Ok(self.text()?.map(|text| Stored { text, version }))
    }

    /// The lock is what keeps others away, so there is no version to compare.
    async fn write(&self, text: String, replaced: Option<&Version>) -> Result<Version, WriteError> {
        let existing = match replaced {
            Some(_) => Existing::Replace,
            None => Existing::Keep,
        };
        self.put(&text, existing).map(|()| Version::default())
    }
}

impl Real {
    fn find(place: &FilePlace) -> io::Result<Option<Self>> {
        let absent = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Ok(None),
            _ => Err(error),
        };
        if let Some(root) = &place.root {
            let root = Root::open(root)?;
            let path = root.resolve(&place.path)?;
            return Ok(Some(Self {
                backup: backup_in_workspace(&path),
                is_in_workspace: true,
                root,
                path,
            }));
        }
        // Whoever names it on the command line means it wherever it leads.
        let real = match place.path.canonicalize_utf8() {
            Ok(real) => real,
            Err(_) if place.path.is_symlink() => return Err(UnreadableText::LeadsNowhere.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match directory_of(&place.path).canonicalize_utf8() {
                    Ok(directory) => directory.join(name_of(&place.path)?),
                    Err(error) => return absent(error),
                }
            }
            Err(error) => return Err(error),
        };
        let path = Utf8PathBuf::from(name_of(&real)?);
        match Root::open(directory_of(&real)) {
            Ok(root) => Ok(Some(Self {
                backup: backup_of(&path),
                is_in_workspace: false,
                root,
                path,
            })),
            Err(error) => absent(error),
        }
    }

    /// Makes the directory of a file. Below a root no link is followed out of it.
    fn make_directory(place: &FilePlace) -> io::Result<()> {
        match &place.root {
            Some(root) => {
                let root = Root::open(root)?;
                let path = root.resolve(&place.path)?;
                root.make_directory(path.parent().unwrap_or(Utf8Path::new("")))
                    .map(drop)
            }
            None => std::fs::create_dir_all(directory_of(&place.path)),
        }
    }

    /// How many starts the backup records, or what is wrong with it; `None` if it cannot be read.
    fn backup(&self) -> Option<Result<usize, contents::UnusableState>> {
        let text = self.root.read(&self.backup, LARGEST_STATE).ok()?;
        Some(contents::parse(&text).map(|records| records.len()))
    }

    /// Removes what killed runs have left behind.
    fn sweep(&self) {
        for file in [&self.path, &self.backup] {
            // It is hidden, so it does no harm where it cannot be removed.
            let _ = self.root.sweep(file.parent().unwrap_or(Utf8Path::new("")));
        }
    }
}

/// Where the copy of a state's last version is, from the root of the workspace: in its directory of
/// secsync's own files, which says to Git what to ignore.
fn backup_in_workspace(path: &Utf8Path) -> Utf8PathBuf {
    let backup = backup_of(path);
    if path.starts_with(OWN_DIRECTORY) {
        backup
    } else {
        Utf8Path::new(OWN_DIRECTORY).join("backup").join(backup)
    }
}

/// Where it is without a workspace: beside the state.
fn backup_of(path: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}.backup"))
}

fn directory_of(path: &Utf8Path) -> &Utf8Path {
    path.parent()
        .filter(|directory| !directory.as_str().is_empty())
        .unwrap_or(Utf8Path::new("."))
}

fn name_of(path: &Utf8Path) -> io::Result<&str> {
    path.file_name()
        .ok_or_else(|| UnreadableText::NoFile.into())
}

fn cannot(verb: &str, path: &Utf8Path, error: &io::Error) -> StateError {
    let help = match UnreadableText::of(error) {
        Some(
            UnreadableText::Link
            | UnreadableText::LeadsOut
            | UnreadableText::LeadsAstray
            | UnreadableText::Outside,
        ) => "Name a file inside the workspace.",
        Some(UnreadableText::LeadsNowhere) => "Remove the link, or restore what it leads to.",
        Some(UnreadableText::NoFile) => "Name an ordinary file.",
        None => "Check the disk and the permissions of its directory.",
    };
    StateError::new(
        format!("The state {path} cannot be {verb}: {}.", reason(error)),
        help,
    )
}
