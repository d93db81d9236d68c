//! The state: which syncs were started on platforms that tell nothing afterwards.
//!
//! A start is recorded twice: as intended before its request, and as done with its id after the
//! answer. So a start that was interrupted is known to be unknown, and is never repeated.
//!
//! | part | job |
//! |---|---|
//! | [`document`] | what is recorded, and its text |
//! | [`place`] | names of places to keep it |
//! | [`backend`] | what a place can do |
//! | [`file`](mod@file) | a file, which one run at a time can write |
//! | [`mod@object`] | an object of a store, which several runs can write in turn |
//!
//! Where several runs can write, each write names the version that it replaces. What another run
//! recorded in between is kept, unless it is about the same start: then this run stands back.

pub mod backend;
pub mod document;
pub mod file;
pub mod object;
pub mod place;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use document::Record;
pub use place::{ObjectUrl, Place};

use self::backend::{Backend, Stored, Version, WriteError};
use self::document::Records;
use self::file::StateFile;
use self::object::StateObject;
use crate::core::starts::{StartKey, Starts};
use crate::environment::Environment;
use crate::http::HttpOptions;

/// How often a record is written anew because others wrote in between.
const TRIES: u32 = 8;

/// Why the state cannot be used. Each is a full sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Whether it is about a credential or a permission.
    pub is_auth: bool,
}

impl StateError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
            is_auth: false,
        }
    }
}

impl std::fmt::Display for StateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for StateError {}

/// Tells the time of a record, in RFC 3339.
pub type Now = fn() -> String;

/// How a state is reached: what it needs of the process beside its place.
#[derive(Clone)]
pub struct Reach {
    /// Tells the time.
    pub now: Now,
    /// Where an object store's credentials are.
    pub environment: Environment,
    /// How to talk to an object store.
    pub http: HttpOptions,
}

/// The state of a workspace.
pub struct State {
    backend: Box<dyn Backend>,
    now: Now,
    /// Tells this run's records from another's.
    run: String,
    is_writable: bool,
    held: Mutex<Held>,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What is known of the state.
#[derive(Debug, Clone, Default)]
struct Held {
    /// As it was read or written last. None while there is no state.
    records: Option<Records>,
    version: Option<Version>,
    /// What this run went by: the records that it began with, and its own. Where another run's
    /// record differs, this run knows nothing of it and must not replace it.
    known: Records,
}

impl State {
    /// Reads the state, for looking only. A missing one is no error: nothing is known then.
    pub async fn open(place: &Place, reach: &Reach) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            Place::File(path) => Box::new(StateFile::to_read(path)),
            Place::Object(url) => Box::new(object(url, reach)?),
        };
        Self::read(backend, reach.now, false).await
    }

    /// Reads the state, to write it as well. A file is kept from others until this is dropped.
    pub async fn open_for_writing(place: &Place, reach: &Reach) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            Place::File(path) => Box::new(StateFile::to_write(path)?),
            Place::Object(url) => Box::new(object(url, reach)?),
        };
        Self::read(backend, reach.now, true).await
    }

    /// Makes an empty state. It is an error if there is one.
    pub async fn init(place: &Place, reach: &Reach) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            Place::File(path) => Box::new(StateFile::to_create(path)?),
            Place::Object(url) => Box::new(object(url, reach)?),
        };
        Self::begin(backend, reach.now).await
    }

    async fn read(
        backend: Box<dyn Backend>,
        now: Now,
        is_writable: bool,
    ) -> Result<Self, StateError> {
        let held = Held::of(backend.place(), backend.read().await?)?;
        Ok(Self {
            backend,
            now,
            run: format!("{:016x}", getrandom::u64().map_err(|_| no_chance())?),
            is_writable,
            held: Mutex::new(held),
            turn: tokio::sync::Mutex::default(),
        })
    }

    async fn begin(backend: Box<dyn Backend>, now: Now) -> Result<Self, StateError> {
        let state = Self::read(backend, now, true).await?;
        let place = state.backend.place();
        let there = || {
            StateError::new(
                format!("There is a state already: {place}."),
                "Look at it with `secsync state list`.",
            )
        };
        if state.is_there() {
            return Err(there());
        }
        let empty = Records::new();
        let text = text_of(place, &empty)?;
        let version = match state.backend.write(text, None).await {
            Ok(version) => version,
            Err(WriteError::Conflict) => return Err(there()),
            Err(WriteError::Failed(error)) => return Err(error),
            // Whoever made it: an empty one is what was asked for.
            Err(WriteError::Doubtful(error)) => match state.reread().await {
                Ok(Held {
                    records: Some(records),
                    version: Some(version),
                    ..
                }) if records.is_empty() => version,
                Ok(Held {
                    records: Some(_), ..
                }) => return Err(there()),
                Ok(Held { records: None, .. }) | Err(_) => return Err(error),
            },
        };
        *state.held() = Held {
            records: Some(empty),
            version: Some(version),
            known: Records::new(),
        };
        Ok(state)
    }

    /// Whether there is a state.
    pub fn is_there(&self) -> bool {
        self.held().records.is_some()
    }

    /// What is recorded, for planning.
    pub fn starts(&self) -> Starts {
        match &self.held().records {
            None => Starts::Missing,
            Some(records) => Starts::Recorded(
                records
                    .iter()
                    .map(|(key, record)| (key.clone(), record.start()))
                    .collect(),
            ),
        }
    }

    /// The records, in the order of their keys.
    pub fn records(&self) -> Vec<Record> {
        let held = self.held();
        held.records
            .iter()
            .flat_map(Records::values)
            .cloned()
            .collect()
    }

    /// Records that a start is about to be sent.
    pub async fn intend(&self, key: &StartKey) -> Result<(), StateError> {
        self.record(key, None).await
    }

    /// Records the id that a start was answered with.
    pub async fn done(&self, key: &StartKey, id: &str) -> Result<(), StateError> {
        self.record(key, Some(id.to_owned())).await
    }

    async fn record(
        &self,
        key: &StartKey,
        sync_config_id: Option<String>,
    ) -> Result<(), StateError> {
        let record = Record {
            server: key.server.clone(),
            destination: key.destination.clone(),
            project: key.project.clone(),
            name: key.name.clone(),
            sync_config_id,
            recorded_at: (self.now)(),
            run: self.run.clone(),
        };
        self.set(key, Some(record)).await
    }

    /// Forgets a start.
    pub async fn forget(&self, key: &StartKey) -> Result<(), StateError> {
        self.set(key, None).await
    }

    /// Changes one record in what is held and in its place together; where it cannot be written,
    /// in neither. Other records are left as whoever wrote last left them.
    async fn set(&self, key: &StartKey, wanted: Option<Record>) -> Result<(), StateError> {
        let _turn = self.turn.lock().await;
        let place = self.backend.place();
        if !self.is_writable {
            return Err(StateError::new(
                format!("The state {place} was opened for looking only."),
                "Run the command again.",
            ));
        }
        let mut last = contended(place);
        for _ in 0..TRIES {
            let held = self.held().clone();
            let Some(mut records) = held.records else {
                return Err(gone(place));
            };
            // An earlier try can have taken effect although nobody said so.
            if records.get(key) == wanted.as_ref() {
                self.held().know(key, wanted);
                return Ok(());
            }
            if records.get(key) != held.known.get(key) {
                return Err(taken(place, key));
            }
            match &wanted {
                Some(record) => records.insert(key.clone(), record.clone()),
                None => records.remove(key),
            };
            let text = text_of(place, &records)?;
            match self.backend.write(text, held.version.as_ref()).await {
                Ok(version) => {
                    let mut held = self.held();
                    held.records = Some(records);
                    held.version = Some(version);
                    held.know(key, wanted);
                    return Ok(());
                }
                Err(WriteError::Failed(error)) => return Err(error),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Doubtful(error)) => last = error,
            }
            let Ok(now) = self.reread().await else {
                return Err(last);
            };
            let mut held = self.held();
            held.records = now.records;
            held.version = now.version;
        }
        Err(last)
    }

    async fn reread(&self) -> Result<Held, StateError> {
        Held::of(self.backend.place(), self.backend.read().await?)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of(place: &str, stored: Option<Stored>) -> Result<Self, StateError> {
        let Some(Stored { text, version }) = stored else {
            return Ok(Self::default());
        };
        let records = document::parse(place, &text)?;
        Ok(Self {
            known: records.clone(),
            records: Some(records),
            version: Some(version),
        })
    }

    fn know(&mut self, key: &StartKey, record: Option<Record>) {
        match record {
            Some(record) => self.known.insert(key.clone(), record),
            None => self.known.remove(key),
        };
    }
}

fn object(url: &ObjectUrl, reach: &Reach) -> Result<StateObject, StateError> {
    StateObject::open(url, &reach.environment, &reach.http)
}

fn text_of(place: &str, records: &Records) -> Result<String, StateError> {
    document::text(records).map_err(|error| {
        StateError::new(
            format!("The state {place} cannot be written: {error}."),
            "Run the command again.",
        )
    })
}

fn contended(place: &str) -> StateError {
    StateError::new(
        format!("The state {place} cannot be written: other runs write it all the time."),
        "Wait until they have ended, and run this again.",
    )
}

fn taken(place: &str, key: &StartKey) -> StateError {
    StateError::new(
        format!(
            "Another run has recorded the start of `{}` in the state {place} meanwhile.",
            key.name
        ),
        "Wait until it has ended, and run this again.",
    )
}

fn gone(place: &str) -> StateError {
    StateError::new(
        format!("There is no state any more in {place}."),
        "Restore it from a backup. Do not begin a new one: syncs would be started a second \
               time.",
    )
}

fn no_chance() -> StateError {
    StateError::new(
        "This machine gives out no random numbers, which tell runs apart.",
        "Check the system's source of random numbers.",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use camino::Utf8PathBuf;

    use super::backend::{Backend, Stored, Version, WriteError};
    use super::document::{self, Record, Records};
    use super::{Place, Reach, State, StateError};
    use crate::core::starts::{Start, StartKey, Starts};
    use crate::environment::Environment;
    use crate::http::HttpOptions;

    fn now() -> String {
        "2026-01-01T00:00:00Z".to_owned()
    }

    fn reach() -> Reach {
        Reach {
            now,
            environment: Environment::default(),
            http: HttpOptions::default(),
        }
    }

    struct Disk {
        path: Utf8PathBuf,
        _directory: tempfile::TempDir,
    }

    fn disk() -> Disk {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("a/state.json")).unwrap();
        Disk {
            path,
            _directory: directory,
        }
    }

    impl Disk {
        fn place(&self) -> Place {
            Place::File(self.path.clone())
        }

        async fn init(&self) -> Result<State, StateError> {
            State::init(&self.place(), &reach()).await
        }

        async fn open(&self) -> Result<State, StateError> {
            State::open(&self.place(), &reach()).await
        }

        async fn open_for_writing(&self) -> Result<State, StateError> {
            State::open_for_writing(&self.place(), &reach()).await
        }

        async fn start_of(&self, name: &str) -> Option<Start> {
            start_of(&self.open().await.unwrap(), name)
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

    fn start_of(state: &State, name: &str) -> Option<Start> {
        match state.starts() {
            Starts::Missing => panic!("there is no state"),
            Starts::Recorded(starts) => starts.get(&key(name)).cloned(),
        }
    }

    fn done(id: &str) -> Start {
        Start::Done { id: id.to_owned() }
    }

    #[tokio::test]
    async fn a_missing_state_is_unknown_and_an_initial_one_is_empty() {
        let disk = disk();
        assert_eq!(disk.open().await.unwrap().starts(), Starts::Missing);
        disk.init().await.unwrap();
        assert_eq!(disk.start_of("web").await, None);
    }

    #[tokio::test]
    async fn a_second_init_is_refused_and_loses_nothing() {
        let disk = disk();
        let state = disk.init().await.unwrap();
        state.done(&key("web"), "s1").await.unwrap();
        drop(state);
        let StateError { message, .. } = disk.init().await.err().unwrap();
        assert!(message.contains("There is a state already"));
        assert_eq!(disk.start_of("web").await, Some(done("s1")));
    }

    #[tokio::test]
    async fn an_intent_without_an_answer_is_unknown_to_the_next_run() {
        let disk = disk();
        let state = disk.init().await.unwrap();
        state.intend(&key("web")).await.unwrap();
        assert_eq!(disk.start_of("web").await, Some(Start::Unknown));
        state.done(&key("web"), "s1").await.unwrap();
        assert_eq!(disk.start_of("web").await, Some(done("s1")));
        state.forget(&key("web")).await.unwrap();
        assert_eq!(disk.start_of("web").await, None);
    }

    #[tokio::test]
    async fn only_one_run_can_write_a_file_at_a_time_and_others_can_look() {
        let disk = disk();
        let state = disk.init().await.unwrap();
        let refused = disk.open_for_writing().await.err().unwrap();
        assert!(refused.message.contains("Another run"));
        let looking = disk.open().await.unwrap();
        let refused = looking.intend(&key("web")).await.unwrap_err();
        assert!(refused.message.contains("for looking only"));
        drop(state);
        disk.open_for_writing().await.unwrap();
    }

    #[tokio::test]
    async fn a_damaged_state_and_one_of_another_version_are_refused() {
        let disk = disk();
        disk.init().await.unwrap();
        for (text, expected) in [
            ("{", "damaged"),
            ("{\"version\": 1, \"starts\": [], \"more\": 1}", "damaged"),
            ("{\"version\": 9, \"starts\": []}", "version 9"),
        ] {
            std::fs::write(&disk.path, text).unwrap();
            let refused = disk.open().await.err().unwrap();
            assert!(refused.message.contains(expected), "{}", refused.message);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_not_held_either() {
        let disk = disk();
        let state = disk.init().await.unwrap();
        std::fs::remove_dir_all(disk.path.parent().unwrap()).unwrap();
        let refused = state.intend(&key("web")).await.unwrap_err();
        assert!(refused.message.contains("cannot be written"));
        assert_eq!(state.starts(), Starts::Recorded([].into()));
    }

    /// A place in memory, which several runs share and in which something can happen at a write.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Contents>>);

    #[derive(Default)]
    struct Contents {
        text: Option<String>,
        version: u32,
        happenings: VecDeque<Happening>,
    }

    enum Happening {
        /// Another run records this before.
        Before(Record),
        /// Somebody deletes the state before.
        Deleted,
        /// It is written, and the answer is lost.
        LostAfter,
        /// It is not written, and nobody says so.
        LostBefore,
        /// It is refused.
        Refused,
    }

    fn failure() -> StateError {
        StateError::new(
            "The state memory cannot be written: the answer broke off.",
            "Try again.",
        )
    }

    fn of_another_run(name: &str, id: Option<&str>) -> Record {
        let StartKey {
            server,
            destination,
            project,
            name,
        } = key(name);
        Record {
            server,
            destination,
            project,
            name,
            sync_config_id: id.map(str::to_owned),
            recorded_at: now(),
            run: "another".to_owned(),
        }
    }

    impl Contents {
        fn records(&self) -> Records {
            document::parse("memory", self.text.as_deref().unwrap()).unwrap()
        }

        fn put(&mut self, text: String) -> Version {
            self.text = Some(text);
            self.version += 1;
            self.current()
        }

        fn current(&self) -> Version {
            Version {
                e_tag: Some(self.version.to_string()),
                version: None,
            }
        }
    }

    #[async_trait]
    impl Backend for Memory {
        fn place(&self) -> &'static str {
            "memory"
        }

        async fn read(&self) -> Result<Option<Stored>, StateError> {
            let contents = self.0.lock().unwrap();
            Ok(contents.text.clone().map(|text| Stored {
                text,
                version: contents.current(),
            }))
        }

        async fn write(
            &self,
            text: String,
            replaced: Option<&Version>,
        ) -> Result<Version, WriteError> {
            let mut contents = self.0.lock().unwrap();
            let happening = contents.happenings.pop_front();
            match &happening {
                Some(Happening::Before(record)) => {
                    let mut records = contents.records();
                    records.insert(record.key(), record.clone());
                    let text = document::text(&records).unwrap();
                    contents.put(text);
                }
                Some(Happening::Deleted) => contents.text = None,
                Some(Happening::LostBefore) => return Err(WriteError::Doubtful(failure())),
                Some(Happening::Refused) => return Err(WriteError::Failed(failure())),
                Some(Happening::LostAfter) | None => {}
            }
            let there = contents.text.is_some().then(|| contents.current());
            if there.as_ref() != replaced {
                return Err(WriteError::Conflict);
            }
            let version = contents.put(text);
            match happening {
                Some(Happening::LostAfter) => Err(WriteError::Doubtful(failure())),
                _ => Ok(version),
            }
        }
    }

    impl Memory {
        /// Begun, and then this happens at the writes that follow.
        async fn begun(happenings: impl IntoIterator<Item = Happening>) -> Self {
            let memory = Self::default();
            State::begin(Box::new(memory.clone()), now).await.unwrap();
            memory.0.lock().unwrap().happenings = happenings.into_iter().collect();
            memory
        }

        async fn open(&self) -> State {
            State::read(Box::new(self.clone()), now, true)
                .await
                .unwrap()
        }

        async fn start_of(&self, name: &str) -> Option<Start> {
            start_of(&self.open().await, name)
        }
    }

    #[tokio::test]
    async fn two_runs_cannot_both_record_the_same_start() {
        let memory = Memory::begun([]).await;
        let (one, other) = (memory.open().await, memory.open().await);
        one.intend(&key("web")).await.unwrap();
        let refused = other.intend(&key("web")).await.unwrap_err();
        assert!(
            refused
                .message
                .contains("Another run has recorded the start of `web`"),
            "{refused}"
        );
        // Not either when the other one has read the state again for another start.
        other.intend(&key("api")).await.unwrap();
        other.intend(&key("web")).await.unwrap_err();
        one.done(&key("web"), "s1").await.unwrap();
        other.intend(&key("web")).await.unwrap_err();
        assert_eq!(memory.start_of("web").await, Some(done("s1")));
    }

    #[tokio::test]
    async fn of_two_runs_that_record_at_the_same_time_one_wins() {
        let memory = Memory::begun([Happening::Before(of_another_run("web", None))]).await;
        memory.open().await.intend(&key("web")).await.unwrap_err();
        let records = memory.0.lock().unwrap().records();
        assert_eq!(records[&key("web")].run, "another");
    }

    #[tokio::test]
    async fn what_another_run_records_in_between_is_kept() {
        let memory = Memory::begun([
            Happening::Before(of_another_run("api", None)),
            Happening::Before(of_another_run("api", Some("a1"))),
        ])
        .await;
        let state = memory.open().await;
        state.intend(&key("web")).await.unwrap();
        state.done(&key("web"), "s1").await.unwrap();
        assert_eq!(memory.start_of("api").await, Some(done("a1")));
        assert_eq!(memory.start_of("web").await, Some(done("s1")));
    }

    #[tokio::test]
    async fn a_write_whose_answer_was_lost_counts_if_it_took_effect_and_is_repeated_if_not() {
        for happening in [Happening::LostAfter, Happening::LostBefore] {
            let memory = Memory::begun([happening]).await;
            let state = memory.open().await;
            state.intend(&key("web")).await.unwrap();
            state.done(&key("web"), "s1").await.unwrap();
            assert_eq!(memory.start_of("web").await, Some(done("s1")));
        }
    }

    #[tokio::test]
    async fn a_write_that_never_gets_through_ends_with_its_reason() {
        let memory = Memory::begun((0..20).map(|_| Happening::LostBefore)).await;
        let state = memory.open().await;
        assert_eq!(state.intend(&key("web")).await, Err(failure()));
        let memory = Memory::begun([Happening::Refused]).await;
        let state = memory.open().await;
        assert_eq!(state.intend(&key("web")).await, Err(failure()));
        assert_eq!(memory.start_of("web").await, None);
    }

    #[tokio::test]
    async fn a_state_that_was_deleted_meanwhile_is_not_begun_anew() {
        let memory = Memory::begun([Happening::Deleted]).await;
        let state = memory.open().await;
        let refused = state.intend(&key("web")).await.unwrap_err();
        assert!(refused.message.contains("There is no state any more"));
        assert_eq!(memory.0.lock().unwrap().text, None);
    }

    #[tokio::test]
    async fn of_two_that_begin_a_state_one_is_refused() {
        let memory = Memory::default();
        State::begin(Box::new(memory.clone()), now).await.unwrap();
        let refused = State::begin(Box::new(memory.clone()), now).await.err();
        assert!(
            refused
                .unwrap()
                .message
                .contains("There is a state already")
        );
        // One that lost the answer sees that it is there.
        let memory = Memory::default();
        memory.0.lock().unwrap().happenings = [Happening::LostAfter].into();
        let state = State::begin(Box::new(memory.clone()), now).await.unwrap();
        state.intend(&key("web")).await.unwrap();
        assert_eq!(memory.start_of("web").await, Some(Start::Unknown));
    }
}
