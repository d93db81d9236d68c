//! The state: which syncs were started on platforms whose syncs cannot be read back.
//!
//! A start is recorded twice: as intended before its request, and as done with its id after the
//! answer. So a start that was interrupted is known to be unknown, and is never repeated.
//!
//! | part | job |
//! |---|---|
//! | [`document`] | what is recorded, and its text |
//! | [`location`] | where it can be kept |
//! | [`backend`] | what every location can do |
//! | [`file`](mod@file) | a file, which one run at a time can write |
//! | [`mod@object`] | an object of a store, which several runs can write in turn |
//!
//! If several runs can write, each write names the version that it replaces. What another run
//! recorded in between is kept, unless it is about the same start: then this run gives way.

pub mod backend;
pub mod document;
pub mod file;
pub mod location;
pub mod object;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use document::Record;
pub use location::{ObjectUrl, StateLocation};

use self::backend::{Backend, Stored, Version, WriteError};
use self::document::Records;
use self::file::StateFile;
use self::object::StateObject;
use crate::core::starts::{StartKey, Starts};
use crate::environment::Environment;
use crate::http::HttpOptions;
use crate::redaction;

/// How often writing a record is tried again because others wrote in between.
const TRIES: u32 = 8;

/// Why the state cannot be used. Each is a full sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
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
            StateLocation::File(path) => Box::new(StateFile::to_read(path)),
            StateLocation::Object(url) => Box::new(object(url, access)?),
        };
        Self::read(backend, access.now, false).await
    }

    /// Reads the state, to write it later. A file is locked for others until this is dropped.
    pub async fn open_for_writing(
        place: &StateLocation,
        access: &StateAccess,
    ) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            StateLocation::File(path) => Box::new(StateFile::to_write(path)?),
            StateLocation::Object(url) => Box::new(object(url, access)?),
        };
        Self::read(backend, access.now, true).await
    }

    /// Makes an empty state. It is an error if there is one.
    pub async fn init(place: &StateLocation, access: &StateAccess) -> Result<Self, StateError> {
        let backend: Box<dyn Backend> = match place {
            StateLocation::File(path) => Box::new(StateFile::to_create(path)?),
            StateLocation::Object(url) => Box::new(object(url, access)?),
        };
        Self::begin(backend, access.now).await
    }

    async fn read(
        backend: Box<dyn Backend>,
        now: fn() -> String,
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

    async fn begin(backend: Box<dyn Backend>, now: fn() -> String) -> Result<Self, StateError> {
        let state = Self::read(backend, now, true).await?;
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

    /// Changes one record in what is held and in its place together; if it cannot be written,
    /// in neither. Other records are left as whoever wrote last left them.
    async fn set(&self, key: &StartKey, wanted: Option<Record>) -> Result<(), StateError> {
        let _turn = self.turn.lock().await;
        let place = self.backend.place();
        if !self.is_writable {
            return Err(StateError::new(
                format!("The state {place} was opened only for reading."),
                "Run the command again.",
            ));
        }
        let mut last = contended(place);
        for _ in 0..TRIES {
            let held = self.held().clone();
            let Some(mut records) = held.records else {
                return Err(gone(place));
            };
            // An earlier try can have taken effect although no answer said so.
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
            if let Some(record) = &wanted {
                check(place, record)?;
            }
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
    document::text(records).map_err(|error| {
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
