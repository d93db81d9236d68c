//! The state: which syncs were started on platforms that tell nothing afterwards.
//!
//! A start is recorded twice: as intended before its request, and as done with its id after the
//! answer. So a start that was interrupted is known to be unknown, and is never repeated.
//! Each record is flushed and replaces the file as a whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::core::starts::{Start, StartKey, Starts};

/// The version of the file that this program reads and writes.
const VERSION: u32 = 1;

/// Why the state cannot be used. Each is a full sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl std::fmt::Display for StateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for StateError {}

/// A recorded start, as people and the file see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Record {
    /// The server's origin.
    pub server: String,
    /// The destination's slug.
    pub destination: String,
    /// The project's id.
    pub project: String,
    /// The sync's name.
    pub name: String,
    /// The id of the configuration; none while the start is only intended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sync_config_id: Option<String>,
    /// When this was recorded, in RFC 3339.
    pub recorded_at: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    starts: Vec<Record>,
}

/// Tells the time of a record, in RFC 3339.
pub type Now = fn() -> String;

/// The state of a workspace, in a file.
#[derive(Debug)]
pub struct State {
    path: Utf8PathBuf,
    now: Now,
    /// None while there is no state.
    records: Mutex<Option<BTreeMap<StartKey, Record>>>,
    /// Held as long as this state can be written.
    lock: Option<File>,
}

impl State {
    /// Reads the state, for looking only. A missing file is no error: nothing is known then.
    pub fn open(path: &Utf8Path, now: Now) -> Result<Self, StateError> {
        let records = read(path)?;
        Ok(Self {
            path: path.to_owned(),
            now,
            records: Mutex::new(records),
            lock: None,
        })
    }

    /// Reads the state and keeps others from writing it until this is dropped.
    pub fn open_for_writing(path: &Utf8Path, now: Now) -> Result<Self, StateError> {
        let lock = lock(path)?;
        let records = read(path)?;
        Ok(Self {
            path: path.to_owned(),
            now,
            records: Mutex::new(records),
            lock,
        })
    }

    /// Makes an empty state. It is an error if there is one.
    pub fn init(path: &Utf8Path, now: Now) -> Result<Self, StateError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|error| cannot_write(path, &error))?;
        }
        let state = Self::open_for_writing(path, now)?;
        if state.is_there() {
            return Err(StateError {
                message: format!("There is a state already: {path}."),
                help: "Look at it with `secsync state list`.".to_owned(),
            });
        }
        state.change(|records| {
            records.get_or_insert_default();
        })?;
        Ok(state)
    }

    /// Whether there is a state.
    pub fn is_there(&self) -> bool {
        self.with(Option::is_some)
    }

    /// What is recorded, for planning.
    pub fn starts(&self) -> Starts {
        self.with(|records| match records {
            None => Starts::Missing,
            Some(records) => Starts::Recorded(
                records
                    .iter()
                    .map(|(key, record)| (key.clone(), start(record)))
                    .collect(),
            ),
        })
    }

    /// The records, in the order of their keys.
    pub fn records(&self) -> Vec<Record> {
        self.with(|records| records.iter().flat_map(BTreeMap::values).cloned().collect())
    }

    /// Records that a start is about to be sent.
    pub fn intend(&self, key: &StartKey) -> Result<(), StateError> {
        self.record(key, None)
    }

    /// Records the id that a start was answered with.
    pub fn done(&self, key: &StartKey, id: &str) -> Result<(), StateError> {
        self.record(key, Some(id.to_owned()))
    }

    fn record(&self, key: &StartKey, sync_config_id: Option<String>) -> Result<(), StateError> {
        let record = Record {
            server: key.server.clone(),
            destination: key.destination.clone(),
            project: key.project.clone(),
            name: key.name.clone(),
            sync_config_id,
            recorded_at: (self.now)(),
        };
        self.change(|records| {
            records.get_or_insert_default().insert(key.clone(), record);
        })
    }

    /// Forgets a start.
    pub fn forget(&self, key: &StartKey) -> Result<(), StateError> {
        self.change(|records| {
            if let Some(records) = records {
                records.remove(key);
            }
        })
    }

    fn with<T>(&self, look: impl FnOnce(&Option<BTreeMap<StartKey, Record>>) -> T) -> T {
        look(&self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is held and the file together; where the file cannot be written, neither.
    fn change(
        &self,
        change: impl FnOnce(&mut Option<BTreeMap<StartKey, Record>>),
    ) -> Result<(), StateError> {
        let mut held = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = held.clone();
        change(&mut changed);
        if self.lock.is_none() {
            return Err(StateError {
                message: format!("The state {} was opened for looking only.", self.path),
                help: "Run the command again.".to_owned(),
            });
        }
        let starts = changed.iter().flat_map(BTreeMap::values).cloned().collect();
        write(
            &self.path,
            &Document {
                version: VERSION,
                starts,
            },
        )
        .map_err(|error| cannot_write(&self.path, &error))?;
        *held = changed;
        Ok(())
    }
}

fn start(record: &Record) -> Start {
    match &record.sync_config_id {
        Some(id) => Start::Done { id: id.clone() },
        None => Start::Unknown,
    }
}

/// The key of a record.
pub fn key(record: &Record) -> StartKey {
    StartKey {
        server: record.server.clone(),
        destination: record.destination.clone(),
        project: record.project.clone(),
        name: record.name.clone(),
    }
}

fn read(path: &Utf8Path) -> Result<Option<BTreeMap<StartKey, Record>>, StateError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(StateError {
                message: format!("The state {path} cannot be read: {error}."),
                help: "Check the file and its permissions.".to_owned(),
            });
        }
    };
    let document: Document = serde_json::from_str(&text).map_err(|error| StateError {
        message: format!("The state {path} is damaged: {error}."),
        help:
            "Restore it from a backup or from Git. Do not begin a new one: syncs would be started \
               a second time."
                .to_owned(),
    })?;
    if document.version != VERSION {
        return Err(StateError {
            message: format!(
                "The state {path} has version {}, and this program reads version {VERSION}.",
                document.version
            ),
            help: "Use the version of secsync that wrote it, or a newer one.".to_owned(),
        });
    }
    Ok(Some(
        document
            .starts
            .into_iter()
            .map(|record| (key(&record), record))
            .collect(),
    ))
}

/// Writes beside the file, flushes to the disk, and puts it in the file's place.
fn write(path: &Utf8Path, document: &Document) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|directory| !directory.as_str().is_empty());
    let directory = directory.unwrap_or(Utf8Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut file, document)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // Without this the new name may be lost in a crash, and with it the intent.
    File::open(directory)?.sync_all()
}

fn cannot_write(path: &Utf8Path, error: &io::Error) -> StateError {
    StateError {
        message: format!("The state {path} cannot be written: {error}."),
        help: "Check the disk and the permissions of its directory.".to_owned(),
    }
}

/// Keeps other runs from writing the same state. There is nothing to keep without its directory.
fn lock(path: &Utf8Path) -> Result<Option<File>, StateError> {
    let lock_path = path.with_extension("lock");
    let file = match File::create(&lock_path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_write(path, &error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(StateError {
            message: format!("Another run of secsync is using the state {path}."),
            help: "Wait until it has ended, and run this again.".to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(cannot_write(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::{State, StateError};
    use crate::core::starts::{Start, StartKey, Starts};

    fn now() -> String {
        "2026-01-01T00:00:00Z".to_owned()
    }

    struct Place {
        path: Utf8PathBuf,
        _directory: tempfile::TempDir,
    }

    fn place() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("a/state.json")).unwrap();
        Place {
            path,
            _directory: directory,
        }
    }

    fn key(name: &str) -> StartKey {
        StartKey {
            server: "https://a".to_owned(),
            destination: "vercel".to_owned(),
            project: "p".to_owned(),
            name: name.to_owned(),
        }
    }

    fn start_of(path: &Utf8PathBuf, name: &str) -> Option<Start> {
        match State::open(path, now).unwrap().starts() {
            Starts::Missing => panic!("there is no state"),
            Starts::Recorded(starts) => starts.get(&key(name)).cloned(),
        }
    }

    #[test]
    fn a_missing_state_is_unknown_and_an_initial_one_is_empty() {
        let place = place();
        assert_eq!(
            State::open(&place.path, now).unwrap().starts(),
            Starts::Missing
        );
        State::init(&place.path, now).unwrap();
        assert_eq!(start_of(&place.path, "web"), None);
    }

    #[test]
    fn a_second_init_is_refused_and_loses_nothing() {
        let place = place();
        let state = State::init(&place.path, now).unwrap();
        state.done(&key("web"), "s1").unwrap();
        drop(state);
        let StateError { message, .. } = State::init(&place.path, now).unwrap_err();
        assert!(message.contains("There is a state already"));
        assert_eq!(
            start_of(&place.path, "web"),
            Some(Start::Done {
                id: "s1".to_owned()
            })
        );
    }

    #[test]
    fn an_intent_without_an_answer_is_unknown_to_the_next_run() {
        let place = place();
        let state = State::init(&place.path, now).unwrap();
        state.intend(&key("web")).unwrap();
        assert_eq!(start_of(&place.path, "web"), Some(Start::Unknown));
        state.done(&key("web"), "s1").unwrap();
        assert_eq!(
            start_of(&place.path, "web"),
            Some(Start::Done {
                id: "s1".to_owned()
            })
        );
        state.forget(&key("web")).unwrap();
        assert_eq!(start_of(&place.path, "web"), None);
    }

    #[test]
    fn only_one_run_can_write_at_a_time_and_others_can_look() {
        let place = place();
        let state = State::init(&place.path, now).unwrap();
        let refused = State::open_for_writing(&place.path, now).unwrap_err();
        assert!(refused.message.contains("Another run"));
        State::open(&place.path, now).unwrap();
        drop(state);
        State::open_for_writing(&place.path, now).unwrap();
    }

    #[test]
    fn a_damaged_state_and_one_of_another_version_are_refused() {
        let place = place();
        State::init(&place.path, now).unwrap();
        for (text, expected) in [
            ("{", "damaged"),
            ("{\"version\": 1, \"starts\": [], \"more\": 1}", "damaged"),
            ("{\"version\": 9, \"starts\": []}", "version 9"),
        ] {
            std::fs::write(&place.path, text).unwrap();
            let refused = State::open(&place.path, now).unwrap_err();
            assert!(refused.message.contains(expected), "{}", refused.message);
        }
    }

    #[test]
    fn what_cannot_be_written_is_not_held_either() {
        let place = place();
        let state = State::init(&place.path, now).unwrap();
        std::fs::remove_dir_all(place.path.parent().unwrap()).unwrap();
        assert!(
            state
                .intend(&key("web"))
                .unwrap_err()
                .message
                .contains("cannot be written")
        );
        assert_eq!(
            state.starts(),
            Starts::Recorded(std::collections::BTreeMap::new())
        );
    }
}
