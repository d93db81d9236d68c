//! Remote syncs, as the platform reports them.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A sync that exists on the platform, in the words of the files.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteSync {
    /// The platform's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The destination's slug.
    pub destination: String,
    /// The id of its project.
    pub project_id: String,
    /// The connection that it pushes through.
    pub connection: RemoteConnection,
    /// The slug of the source environment; `None` once the source folder was deleted.
    pub environment: Option<String>,
    /// The path of the source folder; `None` once that folder was deleted.
    pub secret_path: Option<String>,
    /// Every other field that can be declared, under the API's own name:
    /// `description`, `isAutoSyncEnabled`, `syncOptions`, `destinationConfig`,
    /// and whatever a newer server adds. What only the server sets is left out.
    pub fields: Map<String, Value>,
    /// When it was created, as the platform wrote it. Never moves.
    pub created_at: Option<String>,
    /// When it last changed, as the platform wrote it. Also moves with every job.
    pub updated_at: Option<String>,
    /// The last push to the destination.
    pub sync_job: Job,
    /// The last import from the destination.
    pub import_job: Job,
    /// The last removal of secrets at the destination.
    pub remove_job: Job,
}

/// A connection as a sync or a listing names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConnection {
    /// The platform's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The app that it connects to.
    pub app: String,
    /// The id of the project that it belongs to; `None` for one of the whole organization, and where
    /// the platform does not say.
    #[serde(skip)]
    pub project_id: Option<String>,
}

impl RemoteConnection {
    /// Who can use it.
    pub const fn scope(&self) -> Scope {
        match self.project_id {
            Some(_) => Scope::Project,
            None => Scope::Organization,
        }
    }
}

/// Who can use a connection. One name can be that of a connection of each scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every project of the organization.
    Organization,
    /// The project that it belongs to.
    Project,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::Organization, Self::Project];

    /// The word in files and for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
        }
    }
}

/// The connections to an app that an identity may use in a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsableConnections {
    /// Those that it can see.
    pub seen: Vec<RemoteConnection>,
    /// The right that it lacks to see the project's own, as the end of a sentence; `None` if it sees
    /// all.
    pub lacks: Option<&'static str>,
}

impl UsableConnections {
    /// Whether a connection of that scope, or of any, may exist that the identity does not see for
    /// want of a right.
    pub fn may_hide(&self, scope: Option<Scope>) -> bool {
        self.seen.is_empty() || (self.lacks.is_some() && scope != Some(Scope::Organization))
    }
}

/// A project that the identity can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteProject {
    /// The platform's id.
    pub id: String,
    /// Its slug.
    pub slug: String,
    /// Its name; not unique.
    pub name: String,
    /// Its environments; `None` if the list of projects does not have them.
    pub environments: Option<Vec<RemoteEnvironment>>,
}

/// An environment of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteEnvironment {
    /// The word that files name it by.
    pub slug: String,
    /// What people call it.
    pub name: String,
}

/// A destination that a server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteDestination {
    /// The word that files name it by.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// The app of its connections.
    pub app: Option<String>,
    /// Whether secrets can be imported from it.
    pub can_import: bool,
}

/// The identity that requests are sent as, as far as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteIdentity {
    /// The platform's id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The organization that it acts in.
    pub organization: Option<RemoteOrganization>,
    /// The slug of the organization that the login asked for, if the identity acts in another one.
    pub missed_organization: Option<String>,
    /// What kind of organization that is.
    pub scope: Option<IdentityScope>,
    /// When its access token is no longer accepted.
    pub token_ends: Option<SystemTime>,
}

/// An organization, as far as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteOrganization {
    /// The platform's id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its slug.
    pub slug: Option<String>,
}

/// What an identity acts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityScope {
    /// An organization that belongs to no other.
    Organization,
    /// An organization within another.
    SubOrganization,
}

impl IdentityScope {
    /// The word for people and machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::SubOrganization => "sub-organization",
        }
    }
}

impl RemoteSync {
    /// Whether two readings show one sync: of two syncs, even if some server gave them the same id,
    /// not all of this is the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.created_at == other.created_at
            && self.name == other.name
            && self.destination == other.destination
            && self.project_id == other.project_id
            && self.connection.id == other.connection.id
            && self.environment == other.environment
            && self.secret_path == other.secret_path
            && self.fields == other.fields
    }

    /// Whether a push to the destination ever went well.
    pub const fn was_pushed(&self) -> bool {
        self.sync_job.at.is_some()
    }

    /// What is known about the last job of a kind.
    pub const fn job(&self, kind: JobKind) -> &Job {
        match kind {
            JobKind::Sync => &self.sync_job,
            JobKind::Import => &self.import_job,
            JobKind::Removal => &self.remove_job,
        }
    }
}

/// The kinds of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobKind {
    /// A push to the destination.
    Sync,
    /// An import from the destination.
    Import,
    /// A removal of secrets at the destination.
    Removal,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Sync, Self::Import, Self::Removal];

    /// The stable word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Import => "import",
            Self::Removal => "removal",
        }
    }
}

/// What is known about the last job of a kind.
///
/// `last_id` changes only when a job ends, so a write's answer carries the
/// id of the job before it (seen on Infisical, June 2025).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// Its status; `None` if there never was one.
    pub status: Option<JobStatus>,
    /// The id of the last job that ended.
    pub last_id: Option<String>,
    /// What the destination answered, as the platform wrote it.
    pub message: Option<String>,
    /// When the last one succeeded, as the platform wrote it.
    pub at: Option<String>,
}

/// The status of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStatus {
    /// Queued.
    Pending,
    /// At work, or waiting between two tries.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// A word that this version does not know. Counts as still going.
    Other(String),
}

impl Job {
    /// Whether the last one failed.
    pub fn has_failed(&self) -> bool {
        self.status == Some(JobStatus::Failed)
    }

    /// Whether one is queued, or at work.
    pub fn is_going(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| !status.is_terminal())
    }
}

impl JobStatus {
    /// Reads the platform's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether the job is over.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

impl std::fmt::Display for JobStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Other(word) => word,
        })
    }
}
