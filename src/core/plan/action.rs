//! The actions of a plan.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Effect;
use crate::core::diff::FieldChange;
use crate::core::normalize::Comparable;
use crate::core::platform::Platform;
use crate::core::remote::RemoteSync;
use crate::core::resolve::ResolvedSync;
use crate::core::span::Span;
use crate::core::spec::DestinationSpec;
use crate::core::starts::StartKey;
use crate::core::words::list;

/// The sync that an action is about. JSON documents hold it with these fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The provider's name in the files.
    pub provider: String,
    /// Which platform it is.
    #[serde(skip)]
    pub platform: Platform,
    /// The origin of its server.
    pub server: String,
    /// The project as the files spell it.
    pub project: String,
    /// The project's id.
    pub project_id: String,
    /// The sync's name.
    pub name: String,
    /// The destination's slug.
    pub destination: String,
}

impl Subject {
    /// A sync that the files declare.
    pub fn of(sync: &ResolvedSync) -> Self {
        Self {
            provider: sync.desired.provider.text.clone(),
            platform: sync.desired.platform,
            server: sync.server.clone(),
            project: sync.project_label().to_owned(),
            project_id: sync.project_id.clone(),
            name: sync.desired.name.text.clone(),
            destination: sync.desired.destination.text.clone(),
        }
    }

    /// What identifies it where it can only be started.
    pub fn start_key(&self) -> StartKey {
        StartKey {
            server: self.server.clone(),
            destination: self.destination.clone(),
            project: self.project_id.clone(),
            name: self.name.clone(),
        }
    }

    /// What people look for it by, in this order: provider, project and name. Projects that share
    /// a name are kept apart.
    pub fn by_name(&self) -> [&str; 5] {
        [
            &self.provider,
            &self.project,
            &self.project_id,
            &self.name,
            &self.destination,
        ]
    }

    /// How people find it: `infisical/payments/web`.
    pub fn address(&self) -> String {
        format!("{}/{}/{}", self.provider, self.project, self.name)
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The sync that it is about.
    pub subject: Subject,
    /// Where it is declared; `None` if no file declares it.
    pub place: Option<Span>,
    /// What to do.
    pub step: Step,
    /// The fields that change, to be shown. A created sync shows all that it declares.
    pub changes: Vec<FieldChange>,
    /// What it does besides.
    pub effects: Vec<Effect>,
    /// Indices of the actions that must have gone well before.
    pub after: Vec<usize>,
}

/// What to do, with all that is needed to do it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Create a sync.
    Create(Create),
    /// Change a sync in place, its name included.
    Update(Update),
    /// Delete a sync and create it again, because it cannot be changed in place.
    Replace {
        /// The remote sync.
        old: Box<RemoteSync>,
        /// Whether the old sync's secrets are removed from its destination.
        remove_secrets: bool,
        /// What comes in its place.
        new: Create,
    },
    /// Delete a sync.
    Delete {
        /// The remote sync.
        old: Box<RemoteSync>,
        /// Whether its secrets are removed from the destination.
        remove_secrets: bool,
        /// Why it goes.
        reason: DeleteReason,
    },
    /// Start a sync on a platform whose syncs cannot be read back.
    Start,
    /// Ask for a sync job.
    Trigger {
        /// The remote sync; `None` if the same plan creates it.
        old: Option<Box<RemoteSync>>,
    },
    /// Something that would have to be done and cannot.
    Blocked {
        /// What would have to be done.
        wanted: Verb,
        /// Why it cannot.
        reason: Blocked,
    },
}

/// All that creating a sync needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// The whole request.
    pub body: Map<String, Value>,
    /// The name of the connection in the request, if it is known.
    pub connection: Option<String>,
    /// What it should be afterwards.
    pub expected: Comparable,
    /// The patterns of `ignoreRemote`.
    pub ignored: Vec<String>,
    /// Its destination, as it is compared: with what is ignored.
    pub spec: Arc<DestinationSpec>,
}

/// All that changing a sync in place needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The remote sync.
    pub old: Box<RemoteSync>,
    /// The request: the changed fields, the name among them if that changes.
    pub body: Map<String, Value>,
    /// The name of the connection in the request, if it is known.
    pub connection: Option<String>,
    /// What it should be afterwards.
    pub expected: Comparable,
    /// What it was when the plan was made.
    pub before: Comparable,
    /// Whether it is sent whole because `--resend` asks for that, and not only what differs.
    pub is_resent: bool,
    /// The patterns of `ignoreRemote`.
    pub ignored: Vec<String>,
    /// Its destination, as it is compared: with what is ignored.
    pub spec: Arc<DestinationSpec>,
}

/// Why a sync is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeleteReason {
    /// A file says `ensure: absent`.
    EnsureAbsent,
    /// No file declares it, and `--prune` was given.
    Pruned,
}

/// The kinds of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Create.
    Create,
    /// Update in place.
    Update,
    /// Delete and create again.
    Replace,
    /// Delete.
    Delete,
    /// Start.
    Start,
    /// Ask for a sync job.
    Trigger,
    /// Nothing: it cannot be done.
    Blocked,
}

impl Verb {
    /// The word in sentences and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Start => "start",
            Self::Trigger => "trigger",
            Self::Blocked => "blocked",
        }
    }
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// The sync is protected from deletion and replacement.
    Protected,
    /// It is to be deleted, and goes to another destination than the file says.
    OtherDestination(String),
    /// Its secrets are to be removed, and its source folder is gone.
    SourceFolderGone,
    /// Fields are set that the schema in use does not know; an update would erase them.
    UnknownFields(Vec<String>),
    /// Fields are set that only the server can set; an update would erase them.
    ReadOnlyFields(Vec<String>),
    /// A request needs fields that no answer gives back, and the files do not declare them.
    NotReadBack(Vec<String>),
    /// No update can change these fields.
    NotChangeable(Vec<String>),
    /// The sync that has its name is to become the one of this name, and does not in this plan.
    NameNotFreed(String),
    /// A removal is at work on it.
    BeingRemoved,
    /// There is no state, so what was started is unknown.
    NoState,
    /// A start was interrupted: it may or may not have taken effect.
    StartUnknown,
    /// The platform publishes no way to delete it.
    NotDeletable,
}

impl Blocked {
    /// The stable word for machines.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::OtherDestination(_) => "other-destination",
            Self::SourceFolderGone => "source-folder-gone",
            Self::UnknownFields(_) => "unknown-fields",
            Self::ReadOnlyFields(_) => "read-only-fields",
            Self::NotReadBack(_) => "not-read-back",
            Self::NotChangeable(_) => "not-changeable",
            Self::NameNotFreed(_) => "name-not-freed",
            Self::BeingRemoved => "being-removed",
            Self::NoState => "no-state",
            Self::StartUnknown => "start-unknown",
            Self::NotDeletable => "not-deletable",
        }
    }

    /// Why, as a full sentence.
    pub fn reason(&self) -> String {
        match self {
            Self::Protected => "It is protected.".to_owned(),
            Self::OtherDestination(found) => {
                format!(
                    "The remote sync of that name goes to {found}, not to the destination in the file."
                )
            }
            Self::SourceFolderGone => "Its source folder was deleted, and without it the platform \
                refuses to remove secrets from the destination."
                .to_owned(),
            Self::UnknownFields(fields) => format!(
                "The remote sync has {} set, which the schema in use does not know and this would \
                 erase.",
                quoted(fields)
            ),
            Self::ReadOnlyFields(fields) => format!(
                "The remote sync has {} set, which only the server can set and this would erase.",
                quoted(fields)
            ),
            Self::NotReadBack(fields) => format!(
                "The request needs {}, which the file does not declare and the platform never gives \
                 back.",
                quoted(fields)
            ),
            Self::NotChangeable(fields) => {
                format!(
                    "The platform has no way to change or clear {} in place.",
                    quoted(fields)
                )
            }
            Self::NameNotFreed(heir) => format!(
                "Its name still belongs to the sync that will be renamed to `{heir}`, and that rename is \
                 blocked or not selected."
            ),
            Self::BeingRemoved => "A job is removing its secrets right now.".to_owned(),
            Self::NoState => {
                "There is no state, so it is unknown which syncs were started before.".to_owned()
            }
            Self::StartUnknown => "An earlier start was interrupted, and may have taken effect. A \
                second start would make a second configuration."
                .to_owned(),
            Self::NotDeletable => "The platform publishes no way to delete a sync.".to_owned(),
        }
    }

    /// What to do, as a full sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Protected => {
                "Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a \
                 change of its own."
            }
            Self::OtherDestination(_) => "Correct `destination` in the file.",
            Self::SourceFolderGone => "Use `onDelete: keep-secrets`, or restore the folder first.",
            Self::UnknownFields(_) => {
                "Run `secsync schema pull --from-server` and declare the field; or name it in \
                 `ignoreRemote`, which keeps its value."
            }
            Self::ReadOnlyFields(_) => "Name it in `ignoreRemote`, which keeps its value.",
            Self::NotReadBack(_) => "Declare it.",
            Self::NotChangeable(_) => {
                "Declare it with the value that the platform has, or delete the sync and create it again."
            }
            Self::NameNotFreed(_) => "Unblock that rename, or select it too.",
            Self::BeingRemoved => "Run this again when the job has ended.",
            Self::NoState => {
                "Run `secsync state init` if nothing was started yet; otherwise restore the state file."
            }
            Self::StartUnknown => {
                "Look in the dashboard, then record what you find with `secsync state resolve`."
            }
            Self::NotDeletable => {
                "Delete it in the dashboard, then remove it from the state with `secsync state rm`."
            }
        }
    }
}

fn quoted(fields: &[String]) -> String {
    list(fields.iter().map(String::as_str))
}

impl Action {
    /// The remote sync as it was read when the plan was made; `None` for what is to be created or
    /// started, and for what is blocked.
    pub fn found(&self) -> Option<&RemoteSync> {
        match &self.step {
            Step::Update(Update { old, .. })
            | Step::Replace { old, .. }
            | Step::Delete { old, .. }
            | Step::Trigger { old: Some(old) } => Some(old),
            Step::Create(_) | Step::Start | Step::Trigger { old: None } | Step::Blocked { .. } => {
                None
            }
        }
    }

    /// The remote sync that is deleted, alone or to make place for another one.
    pub fn deleted(&self) -> Option<&RemoteSync> {
        match &self.step {
            Step::Replace { old, .. } | Step::Delete { old, .. } => Some(old),
            _ => None,
        }
    }

    /// What the sync should be afterwards in comparable form, and its destination; `None` if the
    /// action does not send the sync.
    pub fn result(&self) -> Option<(&Comparable, &DestinationSpec)> {
        match &self.step {
            Step::Create(create) | Step::Replace { new: create, .. } => {
                Some((&create.expected, &create.spec))
            }
            Step::Update(update) => Some((&update.expected, &update.spec)),
            Step::Delete { .. } | Step::Start | Step::Trigger { .. } | Step::Blocked { .. } => None,
        }
    }

    /// The name that the sync has now, if an update changes it.
    pub fn renamed_from(&self) -> Option<&str> {
        match &self.step {
            Step::Update(update) => Some(update.old.name.as_str()),
            _ => None,
        }
        .filter(|old| *old != self.subject.name)
    }

    /// The kind of action.
    pub const fn verb(&self) -> Verb {
        match self.step {
            Step::Create(_) => Verb::Create,
            Step::Update(_) => Verb::Update,
            Step::Replace { .. } => Verb::Replace,
            Step::Delete { .. } => Verb::Delete,
            Step::Start => Verb::Start,
            Step::Trigger { .. } => Verb::Trigger,
            Step::Blocked { .. } => Verb::Blocked,
        }
    }
}
