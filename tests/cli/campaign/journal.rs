//! What happened, in its order: the truth that every line is judged by.

use std::fmt;

use super::platform::{Start, Sync};

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The run of this number.
    Run(usize),
    /// Somebody else.
    Other,
    /// A job of the platform.
    Job,
}

/// What was changed.
#[derive(Debug, Clone)]
pub enum Change {
    Created(Box<Sync>),
    Updated {
        before: Box<Sync>,
        after: Box<Sync>,
    },
    /// A job removes its secrets; then it is deleted.
    Removing(Box<Sync>),
    Deleted(Box<Sync>),
    /// A job pushes its secrets.
    Triggered(Box<Sync>),
    Started(Start),
}

impl Change {
    /// The sync, after it; `None` for a start.
    pub fn sync(&self) -> Option<&Sync> {
        match self {
            Self::Created(sync)
            | Self::Removing(sync)
            | Self::Deleted(sync)
            | Self::Triggered(sync) => Some(sync),
            Self::Updated { after, .. } => Some(after),
            Self::Started(_) => None,
        }
    }
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    LogIn,
    Read,
    Create,
    Update,
    Delete,
    Trigger,
    Start,
}

impl Kind {
    pub fn is_write(self) -> bool {
        !matches!(self, Self::LogIn | Self::Read)
    }
}

/// A request of a run, told apart from all others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    pub run: usize,
    pub kind: Kind,
    /// The sync that it is about, by the name that it is to have; for a read, its path.
    pub about: String,
    /// How many of the same there were before.
    pub repeats: usize,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run began.
    Began { run: usize, arguments: String },
    /// A request arrived.
    Arrived(Request),
    /// Something was changed.
    Changed {
        by: Actor,
        change: Change,
        /// What the request was about, if a run did it.
        about: Option<String>,
    },
    /// The run that sent the request got this for it. Honest is what the API itself says.
    Answered {
        request: Request,
        with: String,
        is_honest: bool,
    },
    /// A run got a signal.
    Signalled { run: usize, signals: String },
}

/// What happened so far.
#[derive(Debug, Default)]
pub struct Journal {
    pub events: Vec<Event>,
    /// What the request is about that is being carried out.
    pub about: Option<String>,
}

impl Journal {
    pub fn add(&mut self, event: Event) {
        self.events.push(event);
    }

    /// What the sync of that id was called at a time, or at first if it came later.
    pub fn name_of(&self, id: &str, time: usize) -> Option<&str> {
        let (before, after) = self.events.split_at(time);
        let syncs = before.iter().rev().chain(after);
        let mut syncs = syncs.filter_map(|event| match event {
            Event::Changed { change, .. } => change.sync().filter(|sync| sync.id == id),
            _ => None,
        });
        syncs.next().map(|sync| sync.name.as_str())
    }

    pub fn commit(&mut self, by: Actor, change: Change) {
        let about = self.about.clone();
        self.add(Event::Changed { by, change, about });
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, event) in self.events.iter().enumerate() {
            write!(formatter, "{index:4} ")?;
            match event {
                Event::Began { run, arguments } => {
                    writeln!(formatter, "=== run {run}: secsync {arguments}")?;
                }
                Event::Arrived(request) => writeln!(
                    formatter,
                    "run {}: {:?} {} #{}",
                    request.run, request.kind, request.about, request.repeats
                )?,
                Event::Changed { by, change, .. } => writeln!(formatter, "    {by:?} {change}")?,
                Event::Answered { request, with, .. } => writeln!(
                    formatter,
                    "run {}: {:?} {} #{} <- {with}",
                    request.run, request.kind, request.about, request.repeats
                )?,
                Event::Signalled { run, signals } => writeln!(formatter, "run {run}: {signals}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, sync) = match self {
            Self::Created(sync) => ("created", sync),
            Self::Updated { before, after } if before.name != after.name => {
                let (old, new, id) = (&before.name, &after.name, &after.id);
                return write!(formatter, "renamed {old} to {new} [{id}]");
            }
            Self::Updated { after, .. } => ("updated", after),
            Self::Removing(sync) => ("queued the removal of", sync),
            Self::Deleted(sync) => ("deleted", sync),
            Self::Triggered(sync) => ("triggered", sync),
            Self::Started(start) => {
                return write!(formatter, "started {} [{}]", start.name, start.id);
            }
        };
        let (name, id, destination) = (&sync.name, &sync.id, &sync.destination);
        write!(formatter, "{word} {name} [{id}] ({destination})")
    }
}
