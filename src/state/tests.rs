//! The state in files and in a store that other runs write, too.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use camino::Utf8PathBuf;

use super::backend::{Backend, Stored, Version, WriteError};
use super::contents::{self, Record, Records};
use super::{Claim, FilePlace, State, StateAccess, StateError, StateLocation};
use crate::core::starts::{Start, StartKey, Starts};
use crate::environment::Environment;
use crate::http::HttpOptions;
use crate::http::clock::Clock;

/// A clock that goes forward when somebody waits.
struct LeapingClock {
    began: Instant,
    waited: Mutex<Duration>,
}

#[async_trait]
impl Clock for LeapingClock {
    fn now(&self) -> Instant {
        self.began + *self.waited.lock().unwrap()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        0.5
    }

    async fn sleep(&self, pause: Duration) {
        *self.waited.lock().unwrap() += pause;
        tokio::task::yield_now().await;
    }
}

fn now() -> String {
    "2026-01-01T00:00:00Z".to_owned()
}

fn access() -> StateAccess {
    StateAccess {
        now,
        environment: Environment::default(),
        http: HttpOptions {
            clock: Arc::new(LeapingClock {
                began: Instant::now(),
                waited: Mutex::default(),
            }),
            ..HttpOptions::default()
        },
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
    fn place(&self) -> StateLocation {
        StateLocation::File(FilePlace {
            path: self.path.clone(),
            root: None,
            directory: self.path.parent().unwrap().to_owned(),
        })
    }

    async fn init(&self) -> Result<State, StateError> {
        State::init(&self.place(), &access()).await
    }

    async fn open(&self) -> Result<State, StateError> {
        State::open(&self.place(), &access()).await
    }

    async fn open_for_writing(&self) -> Result<State, StateError> {
        State::open_for_writing(&self.place(), &access()).await
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
    assert!(message.contains("already exists"));
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
    assert!(refused.message.contains("only for reading"));
    drop(state);
    disk.open_for_writing().await.unwrap();
}

#[tokio::test]
async fn a_damaged_state_and_one_of_another_version_are_refused() {
    let disk = disk();
    disk.init().await.unwrap();
    for (text, expected) in [
        ("{\"starts\": [", "damaged"),
        ("{", "does not look like a state"),
        ("{\"version\": 1, \"starts\": [], \"more\": 1}", "damaged"),
        ("{\"version\": 9, \"starts\": []}", "version 9"),
    ] {
        std::fs::write(&disk.path, text).unwrap();
        let refused = disk.open().await.err().unwrap();
        assert!(refused.message.contains(expected), "{}", refused.message);
    }
}

#[tokio::test]
async fn rejects_values_that_cannot_be_written() {
    let disk = disk();
    let state = disk.init().await.unwrap();
    std::fs::remove_dir_all(disk.path.parent().unwrap()).unwrap();
    let refused = state.intend(&key("web")).await.unwrap_err();
    assert!(refused.message.contains("was deleted or replaced"));
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
    /// It is not written, without an error.
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
        contents::parse(self.text.as_deref().unwrap()).unwrap()
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

    fn is_shared(&self) -> bool {
        true
    }

    fn remedy(&self) -> String {
        "Restore it.".to_owned()
    }

    async fn read(&self) -> Result<Option<Stored>, StateError> {
        let contents = self.0.lock().unwrap();
        Ok(contents.text.clone().map(|text| Stored {
            text,
            version: contents.current(),
        }))
    }

    async fn write(&self, text: String, replaced: Option<&Version>) -> Result<Version, WriteError> {
        let mut contents = self.0.lock().unwrap();
        let happening = contents.happenings.pop_front();
        match &happening {
            Some(Happening::Before(record)) => {
                let mut records = contents.records();
                records.insert(record.key(), record.clone());
                let text = contents::text(&records).unwrap();
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
        State::begin(Box::new(memory.clone()), &access())
            .await
            .unwrap();
        memory.0.lock().unwrap().happenings = happenings.into_iter().collect();
        memory
    }

    async fn open(&self) -> State {
        State::read(Box::new(self.clone()), &access(), true)
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
    assert_eq!(one.intend(&key("web")).await, Ok(Claim::Own));
    assert_eq!(other.intend(&key("web")).await, Ok(Claim::OfAnother));
    // Not either when the other one has read the state again for another start.
    assert_eq!(other.intend(&key("api")).await, Ok(Claim::Own));
    assert_eq!(other.intend(&key("web")).await, Ok(Claim::OfAnother));
    // The second neither takes it back nor forgets it.
    other.retract(&key("web")).await.unwrap();
    other.forget(&key("web")).await.unwrap_err();
    one.done(&key("web"), "s1").await.unwrap();
    assert_eq!(other.intend(&key("web")).await, Ok(Claim::OfAnother));
    assert_eq!(other.of_another(&key("web")).await, Ok(Some(done("s1"))));
    assert_eq!(memory.start_of("web").await, Some(done("s1")));
}

#[tokio::test]
async fn of_two_runs_that_record_at_the_same_time_one_wins() {
    let memory = Memory::begun([Happening::Before(of_another_run("web", None))]).await;
    let state = memory.open().await;
    assert_eq!(state.intend(&key("web")).await, Ok(Claim::OfAnother));
    let records = memory.0.lock().unwrap().records();
    assert_eq!(records[&key("web")].run, "another");
    // That run never answers.
    let waited = state.of_another(&key("web")).await;
    assert_eq!(waited, Ok(Some(Start::Unknown)));
}

#[tokio::test]
async fn a_start_that_another_run_took_back_can_be_claimed() {
    let memory = Memory::begun([]).await;
    let (one, other) = (memory.open().await, memory.open().await);
    one.intend(&key("web")).await.unwrap();
    assert_eq!(other.intend(&key("web")).await, Ok(Claim::OfAnother));
    one.retract(&key("web")).await.unwrap();
    assert_eq!(other.of_another(&key("web")).await, Ok(None));
    assert_eq!(other.intend(&key("web")).await, Ok(Claim::Own));
}

#[tokio::test]
async fn an_answered_start_is_recorded_however_often_others_write() {
    let others = || (0..100).map(|_| Happening::Before(of_another_run("api", None)));
    let memory = Memory::begun([]).await;
    let state = memory.open().await;
    state.intend(&key("web")).await.unwrap();
    memory.0.lock().unwrap().happenings = others().collect();
    state.done(&key("web"), "s1").await.unwrap();
    assert_eq!(memory.start_of("web").await, Some(done("s1")));
    assert_eq!(memory.start_of("api").await, Some(Start::Unknown));

    let memory = Memory::begun([]).await;
    let (state, other) = (memory.open().await, memory.open().await);
    state.intend(&key("web")).await.unwrap();
    let other_run = of_another_run("web", None);
    memory.0.lock().unwrap().happenings = [Happening::Before(other_run)].into();
    state.done(&key("web"), "s1").await.unwrap();
    assert_eq!(memory.start_of("web").await, Some(done("s1")));
    // What is known to be another configuration is not replaced.
    let refused = other.done(&key("web"), "s2").await.unwrap_err();
    assert!(refused.message.contains("started as s1"), "{refused}");
}

#[tokio::test]
async fn starts_on_their_way_in_other_runs_are_waited_for_and_old_ones_are_not() {
    let memory = Memory::begun([]).await;
    let one = memory.open().await;
    one.intend(&key("web")).await.unwrap();
    let other = memory.open().await;
    let (settled, ()) = tokio::join!(other.settle(), async {
        tokio::task::yield_now().await;
        one.done(&key("web"), "s1").await.unwrap();
    });
    settled.unwrap();
    assert_eq!(start_of(&other, "web"), Some(done("s1")));
    let mut old = of_another_run("api", None);
    old.recorded_at = "2025-12-31T23:59:00Z".to_owned();
    let text = contents::text(&[(key("api"), old)].into()).unwrap();
    memory.0.lock().unwrap().put(text);
    memory.open().await.settle().await.unwrap();
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
    let memory = Memory::begun((0..100).map(|_| Happening::LostBefore)).await;
    let state = memory.open().await;
    assert_eq!(state.intend(&key("web")).await, Err(failure()));
    let memory = Memory::begun([Happening::Refused]).await;
    let state = memory.open().await;
    assert_eq!(state.intend(&key("web")).await, Err(failure()));
    assert_eq!(memory.start_of("web").await, None);
}

#[tokio::test]
async fn a_state_that_was_deleted_meanwhile_is_not_created_again() {
    let memory = Memory::begun([Happening::Deleted]).await;
    let state = memory.open().await;
    let refused = state.intend(&key("web")).await.unwrap_err();
    assert!(refused.message.contains("no longer exists"));
    assert_eq!(memory.0.lock().unwrap().text, None);
}

#[tokio::test]
async fn of_two_that_begin_a_state_one_is_refused() {
    let memory = Memory::default();
    State::begin(Box::new(memory.clone()), &access())
        .await
        .unwrap();
    let refused = State::begin(Box::new(memory.clone()), &access())
        .await
        .err();
    assert!(refused.unwrap().message.contains("already exists"));
    // One that lost the answer sees that it is there.
    let memory = Memory::default();
    memory.0.lock().unwrap().happenings = [Happening::LostAfter].into();
    let state = State::begin(Box::new(memory.clone()), &access())
        .await
        .unwrap();
    state.intend(&key("web")).await.unwrap();
    assert_eq!(memory.start_of("web").await, Some(Start::Unknown));
}
