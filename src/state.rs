//! The state: which syncs were started on platforms whose syncs cannot be read back.
//!
//! A start is recorded twice: as intended before its request, and as done with its id after the
//! answer. So a start that was interrupted is known to be unknown, and is never repeated.
//!
//! | part | job |
//! |---|---|
//! | [`contents`] | what is recorded, and its text |
//! | [`location`], [`StateError`] | where it can be kept; why it cannot be used |
//! | [`backend`] | what every location can do |
//! | [`state_file`] | a file, which one run at a time can write, and its backup |
//! | [`mod@object`] | an object of a store, which several runs can write in turn |
//!
//! If several runs can write, each write names the version that it replaces. What another run
//! recorded in between is read and kept, and the write is tried again. If it is about the same
//! start, the run that came second leaves that start to the first.

pub mod backend;
pub mod contents;
mod error;
pub mod location;
pub mod object;
pub mod state_file;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;

pub use contents::Record;
pub use error::StateError;
pub use location::{FilePlace, ObjectUrl, StateLocation};

use self::backend::{Backend, Stored, Version, WriteError};
use self::contents::Records;
use self::object::StateObject;
use self::state_file::StateFile;
use crate::core::starts::{Start, StartKey, Starts};
use crate::environment::Environment;
use crate::http::HttpOptions;
use crate::http::clock::Clock;
use crate::mutex::lock;
use crate::redaction;

/// How long a record is tried before its start is sent: nothing is lost if it cannot be written.
const PATIENCE_BEFORE: Duration = Duration::from_secs(30);
/// How long a record is tried once its start was answered: nothing else knows of it.
const PATIENCE_AFTER: Duration = Duration::from_secs(300);
/// How long the answer to another run's start is waited for.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_secs(60);
/// How long a start that was recorded without an answer may still be under way in another run.
const ON_ITS_WAY: Duration = Duration::from_secs(30);
/// The first pause before a record is tried again, which doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// How a state is reached: what it needs of the process besides its location.
#[derive(Clone)]
pub struct StateAccess {
    /// The time of a record, in RFC 3339.
    pub now: fn() -> String,
    /// Where an object store's credentials are.
    pub environment: Environment,
    /// How to talk to an object store.
    pub http: HttpOptions,
}

/// The state of a workspace.
pub struct State {
    backend: Box<dyn Backend>,
    now: fn() -> String,
    clock: Arc<dyn Clock>,
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
    pub async fn open(place: &StateLocation, access: &StateAccess) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            StateLocation::File(file) => Box::new(StateFile::to_read(file)?),
            StateLocation::Object(url) => Box::new(object(url, access)?),
        };
        Self::read(backend, access, false).await
    }

    /// Reads the state, to write it later. A file is locked for others until this is dropped.
    pub async fn open_for_writing(
        place: &StateLocation,
        access: &StateAccess,
    ) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            StateLocation::File(file) => Box::new(StateFile::to_write(file)?),
            StateLocation::Object(url) => Box::new(object(url, access)?),
        };
        Self::read(backend, access, true).await
    }

    /// Makes an empty state. It is an error if there is one.
    pub async fn init(place: &StateLocation, access: &StateAccess) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            StateLocation::File(file) => Box::new(StateFile::to_create(file)?),
            StateLocation::Object(url) => Box::new(object(url, access)?),
        };
        Self::begin(backend, access).await
    }

    async fn read(
        backend: Box<dyn Backend>,
        access: &StateAccess,
        is_writable: bool,
    ) -> Result<Self, StateError> {
        let held = Held::of(&*backend, backend.read().await?)?;
        Ok(Self {
            backend,
            now: access.now,
            clock: Arc::clone(&access.http.clock),
            run: format!("{:016x}", getrandom::u64().map_err(|_| no_chance())?),
            is_writable,
            held: Mutex::new(held),
            turn: tokio::sync::Mutex::default(),
        })
    }

    async fn begin(backend: Box<dyn Backend>, access: &StateAccess) -> Result<Self, StateError> {
        let state = Self::read(backend, access, true).await?;
        let place = state.backend.place();
        let there = || {
            StateError::new(
                format!("The state {place} already exists."),
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

    /// Records that a start is about to be sent, unless another run has recorded one meanwhile.
    pub async fn intend(&self, key: &StartKey) -> Result<Claim, StateError> {
        let intent = self.record(key, None);
        self.change(key, PATIENCE_BEFORE, |found, known| {
            Ok(if found == known {
                Change::Put(intent.clone())
            } else {
                Change::Nothing
            })
        })
        .await?;
        let held = self.held();
        let recorded = held.records.as_ref().and_then(|records| records.get(key));
        Ok(match recorded {
            Some(record) if record.run == self.run => Claim::Own,
            _ => Claim::OfAnother,
        })
    }

    /// Records the id that a start was answered with, whatever others write meanwhile.
    pub async fn done(&self, key: &StartKey, id: &str) -> Result<(), StateError> {
        let record = self.record(key, Some(id.to_owned()));
        self.change(key, PATIENCE_AFTER, |found, _| {
            match found.and_then(|found| found.sync_config_id.as_deref()) {
                None => Ok(Change::Put(record.clone())),
                Some(recorded) if recorded == id => Ok(Change::Nothing),
                Some(recorded) => Err(started_twice(self.backend.place(), key, recorded)),
            }
        })
        .await
    }

    /// Takes back the intent of this run, because its start was refused.
    pub async fn retract(&self, key: &StartKey) -> Result<(), StateError> {
        self.change(key, PATIENCE_AFTER, |found, _| {
            Ok(match found {
                Some(found) if found.run == self.run => Change::Remove,
                _ => Change::Nothing,
            })
        })
        .await
    }

    /// Forgets a start.
    pub async fn forget(&self, key: &StartKey) -> Result<(), StateError> {
        self.change(key, PATIENCE_BEFORE, |found, known| match found {
            None => Ok(Change::Nothing),
            Some(_) if found == known => Ok(Change::Remove),
            Some(_) => Err(taken(self.backend.place(), key)),
        })
        .await
    }

    /// Waits as long as starts of other runs seem to be on their way, so that what is planned next
    /// does not take them for interrupted ones. Nobody else writes a file while this can.
    pub async fn settle(&self) -> Result<(), StateError> {
        for tries in 1.. {
            let is_settled = !self.is_writable
                || !self.backend.is_shared()
                || !self
                    .records()
                    .iter()
                    .any(|record| self.is_on_its_way(record));
            if is_settled {
                break;
            }
            self.pause(tries).await;
            let now = self.reread().await?;
            *self.held() = now;
        }
        Ok(())
    }

    /// Whether a start was recorded so recently that its answer can still come.
    fn is_on_its_way(&self, record: &Record) -> bool {
        let time = |text: &str| text.parse::<Timestamp>().ok();
        let age = time(&(self.now)())
            .zip(time(&record.recorded_at))
            .map(|(now, then)| now.duration_since(then).unsigned_abs());
        record.start() == Start::Unknown && age.is_some_and(|age| age < ON_ITS_WAY)
    }

    /// Waits for what came of a start that another run has recorded. `None` if that run has taken
    /// it back; [`Start::Unknown`] if no answer was recorded in time.
    pub async fn of_another(&self, key: &StartKey) -> Result<Option<Start>, StateError> {
        let began = self.clock.now();
        for tries in 1.. {
            {
                let _turn = self.turn.lock().await;
                self.catch_up().await?;
            }
            let record = {
                let held = self.held();
                let records = held.records.as_ref();
                records.and_then(|records| records.get(key).cloned())
            };
            let start = record.as_ref().map(Record::start);
            if start != Some(Start::Unknown) || self.is_over(began, PATIENCE_WITH_OTHERS) {
                return Ok(start);
            }
            self.pause(tries).await;
        }
        Ok(Some(Start::Unknown))
    }

    fn record(&self, key: &StartKey, sync_config_id: Option<String>) -> Record {
        Record {
            server: key.server.clone(),
            destination: key.destination.clone(),
            project: key.project.clone(),
            name: key.name.clone(),
            sync_config_id,
            recorded_at: (self.now)(),
            run: self.run.clone(),
        }
    }

    /// Changes one record in what is held and in its place together; if it cannot be written,
    /// in neither. Other records are left as whoever wrote last left them.
    ///
    /// `decide` gets the record as it is now, and as this run knows it. It is asked again whenever
    /// another run has written, and whenever an earlier try may have taken effect unnoticed.
    async fn change(
        &self,
        key: &StartKey,
        patience: Duration,
        decide: impl Fn(Option<&Record>, Option<&Record>) -> Result<Change, StateError>,
    ) -> Result<(), StateError> {
        let _turn = self.turn.lock().await;
        let place = self.backend.place();
        if !self.is_writable {
            return Err(StateError::new(
                format!("The state {place} was opened only for reading."),
                "Run the command again.",
            ));
        }
        let began = self.clock.now();
        let mut last = contended(place);
        for tries in 1.. {
            let held = self.held().clone();
            let Some(mut records) = held.records else {
                return Err(gone(place));
            };
            let found = records.get(key);
            let wanted = match decide(found, held.known.get(key))? {
                Change::Put(record) if found == Some(&record) => Change::Nothing,
                wanted => wanted,
            };
            let record = match wanted {
                Change::Nothing => {
                    if let Some(own) = found.filter(|record| record.run == self.run) {
                        self.held().know(key, Some(own.clone()));
                    }
                    return Ok(());
                }
                Change::Put(record) => Some(record),
                Change::Remove => None,
            };
            match record.clone() {
                Some(record) => records.insert(key.clone(), record),
                None => records.remove(key),
            };
            if let Some(record) = &record {
                check(place, record)?;
            }
            let text = text_of(place, &records)?;
            match self.backend.write(text, held.version.as_ref()).await {
                Ok(version) => {
                    let mut held = self.held();
                    held.records = Some(records);
                    held.version = Some(version);
                    held.know(key, record);
                    return Ok(());
                }
                Err(WriteError::Failed(error)) => return Err(error),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Doubtful(error)) => last = error,
            }
            if self.is_over(began, patience) {
                return Err(last);
            }
            self.pause(tries).await;
            if let Err(error) = self.catch_up().await {
                last = error;
            }
        }
        Err(last)
    }

    /// Reads what others have written.
    async fn catch_up(&self) -> Result<(), StateError> {
        let now = self.reread().await?;
        let mut held = self.held();
        held.records = now.records;
        held.version = now.version;
        Ok(())
    }

    fn is_over(&self, began: std::time::Instant, patience: Duration) -> bool {
        self.clock.now().saturating_duration_since(began) > patience
    }

    /// Waits, by chance longer or shorter, so that two runs do not meet at every try.
    async fn pause(&self, tries: u32) {
        let (first, longest) = PAUSES;
        let full = first.saturating_mul(1 << tries.min(16)).min(longest);
        let chance = self.clock.chance().clamp(0.0, 1.0);
        self.clock.sleep(full.mul_f64(0.25 + chance * 0.75)).await;
    }

    async fn reread(&self) -> Result<Held, StateError> {
        Held::of(&*self.backend, self.backend.read().await?)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

/// Whose start an intent has come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is recorded, and this run sends the start.
    Own,
    /// Another run was first: this one must not send it.
    OfAnother,
}

/// What to do with the record of a start.
enum Change {
    Put(Record),
    Remove,
    Nothing,
}

impl Held {
    fn of(backend: &dyn Backend, stored: Option<Stored>) -> Result<Self, StateError> {
        let Some(Stored { text, version }) = stored else {
            return Ok(Self::default());
        };
        let records = contents::parse(&text)
            .map_err(|unusable| unusable.of(backend.place(), &backend.remedy()))?;
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

/// The destinations that starts are recorded of in a file; none if it cannot be read.
pub fn recorded_destinations(place: &FilePlace) -> BTreeSet<String> {
    let read = StateFile::to_read(place).and_then(|file| file.text());
    let Ok(Some(text)) = read else {
        return BTreeSet::new();
    };
    let records = contents::parse(&text).unwrap_or_default();
    records.into_keys().map(|key| key.destination).collect()
}

fn object(url: &ObjectUrl, access: &StateAccess) -> Result<StateObject, StateError> {
    StateObject::open(url, &access.environment, &access.http)
}

/// Refuses to keep a secret that this run has read.
fn check(place: &str, record: &Record) -> Result<(), StateError> {
    let fields = serde_json::to_value(record).unwrap_or_default();
    match redaction::place_in(&fields) {
        None => Ok(()),
        Some(field) => Err(StateError::new(
            format!(
                "The `{field}` of the start of `{}` holds a credential of this run, which the state \
                 {place} does not keep.",
                record.name
            ),
            "Check what answers at that server, and make a new credential.",
        )),
    }
}

fn text_of(place: &str, records: &Records) -> Result<String, StateError> {
    contents::text(records).map_err(|error| {
        StateError::new(
            format!("The state {place} cannot be written: {error}."),
            "Run the command again.",
        )
    })
}

fn contended(place: &str) -> StateError {
    StateError::new(
        format!("The state {place} cannot be written: other runs keep writing to it."),
        "Wait until they have ended, and run this again.",
    )
}

fn taken(place: &str, key: &StartKey) -> StateError {
    StateError::new(
        format!(
            "Another run has recorded the start of `{}` in the state {place} in the meantime.",
            key.name
        ),
        "Wait until it has ended, and run this again.",
    )
}

fn started_twice(place: &str, key: &StartKey, recorded: &str) -> StateError {
    StateError::new(
        format!(
            "The state {place} already records that `{}` was started as {recorded}.",
            key.name
        ),
        "Look in the dashboard, and delete one of the two configurations.",
    )
}

fn gone(place: &str) -> StateError {
    StateError::new(
        format!("The state {place} no longer exists."),
        "Restore it from a backup. Do not create a new one: syncs would be started a second \
               time.",
    )
}

fn no_chance() -> StateError {
    StateError::new(
        "This machine provides no random numbers, which secsync needs to tell runs apart.",
        "Check the system's source of random numbers.",
    )
}

#[cfg(test)]
mod tests;
