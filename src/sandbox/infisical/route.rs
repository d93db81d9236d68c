//! Which requests the server answers, and what they ask for.

use super::tokens;
use crate::sandbox::call::Call;
use crate::sandbox::catalog::Catalog;
use crate::sandbox::era::Era;
use crate::sandbox::fail::Operation;
use crate::sandbox::secret_sync::SandboxJobKind;

/// What a call asks for, with the parameters of its path.
#[derive(Debug)]
pub enum InfisicalRoute {
    Status,
    Docs,
    /// By that method.
    Login(String),
    Renew,
    Revoke,
    /// For the identity of that id.
    IssueToken(String),
    /// In that envelope.
    Projects(&'static str),
    Project {
        id: String,
        envelope: &'static str,
    },
    ProjectBySlug(String),
    Connections,
    /// To that app.
    AvailableConnections(String),
    ConnectionByName {
        app: String,
        name: String,
    },
    DeleteConnection,
    ConnectionDetails,
    /// Of the project in that parameter.
    Folders(&'static str),
    /// Of that name, of the project in that field.
    DeleteFolder {
        name: String,
        project: &'static str,
    },
    Options,
    IdentityDetails,
    /// All syncs of a project, perhaps of one destination only.
    List(Option<String>),
    Find {
        destination: String,
        name: String,
    },
    /// To that destination.
    Create(String),
    /// Whether a configuration of that destination is in use.
    CheckDestination(String),
    OfSync {
        destination: String,
        id: String,
        verb: SyncVerb,
    },
}

/// What a call asks of one sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncVerb {
    Get,
    Update,
    Delete,
    Queue(SandboxJobKind),
}

impl InfisicalRoute {
    /// The route of a call. `None` if the server has no such route.
    pub fn of(call: &Call, catalog: &Catalog, era: Era) -> Option<Self> {
        let segments = call.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let own = str::to_owned;
        let ["api", segments @ ..] = segments.as_slice() else {
            return None;
        };
        if !era.has_routes_below(segments) {
            return None;
        }
        Some(match (call.method.as_str(), segments) {
            ("GET", ["status"]) => Self::Status,
            ("GET", ["docs", "json"]) => Self::Docs,
            ("POST", ["v1", "auth", "token", "renew"]) => Self::Renew,
            ("POST", ["v1", "auth", "token", "revoke"]) => Self::Revoke,
            ("POST", ["v1", "auth", "token-auth", "identities", id, "tokens"]) => {
                Self::IssueToken(own(id))
            }
            ("POST", ["v1", "auth", method, "login"]) if tokens::is_method(method) => {
                Self::Login(own(method))
            }
            ("GET", ["v1", "projects"]) => Self::Projects("projects"),
            ("GET", ["v1", "workspace"]) => Self::Projects("workspaces"),
            ("GET", ["v2", "workspace", slug] | ["v1", "projects", "slug", slug]) => {
                Self::ProjectBySlug(own(slug))
            }
            ("GET", ["v1", part @ ("projects" | "workspace"), id]) => Self::Project {
                id: own(id),
                envelope: match *part {
                    "projects" => "project",
                    _ => "workspace",
                },
            },
            ("GET", ["v1", "folders"]) => Self::Folders("workspaceId"),
            ("GET", ["v2", "folders"]) => Self::Folders("projectId"),
            ("DELETE", [version, "folders", name]) => Self::DeleteFolder {
                name: own(name),
                project: match *version {
                    "v2" => "projectId",
                    _ => "workspaceId",
                },
            },
            ("GET", ["v1", "identities", "details"]) => Self::IdentityDetails,
            (method, ["v1", "app-connections", rest @ ..]) => {
                Self::of_connections(method, rest, catalog)?
            }
            (method, ["v1", "secret-syncs", rest @ ..]) => Self::of_syncs(method, rest, catalog)?,
            _ => return None,
        })
    }

    fn of_connections(method: &str, segments: &[&str], catalog: &Catalog) -> Option<Self> {
        let own = str::to_owned;
        if let [app, ..] = segments {
            catalog.has_app(app).then_some(())?;
        }
        Some(match (method, segments) {
            ("GET", []) => Self::Connections,
            ("GET", [app, "available"]) => Self::AvailableConnections(own(app)),
            ("GET", [app, "connection-name", name]) => Self::ConnectionByName {
                app: own(app),
                name: own(name),
            },
            ("DELETE", [_, _]) => Self::DeleteConnection,
            ("GET", [_, _, _]) => Self::ConnectionDetails,
            _ => return None,
        })
    }

    fn of_syncs(method: &str, segments: &[&str], catalog: &Catalog) -> Option<Self> {
        let destination = match (method, segments) {
            ("GET", []) => return Some(Self::List(None)),
            ("GET", ["options"]) => return Some(Self::Options),
            (_, [destination, ..]) => catalog.get(destination)?.slug.clone(),
            _ => return None,
        };
        let (id, verb) = match (method, segments.get(1..)?) {
            ("GET", []) => return Some(Self::List(Some(destination))),
            ("POST", []) => return Some(Self::Create(destination)),
            ("POST", ["check-destination"]) => return Some(Self::CheckDestination(destination)),
            ("GET", ["sync-name", name]) => {
                let name = (*name).to_owned();
                return Some(Self::Find { destination, name });
            }
            ("GET", [id]) => (id, SyncVerb::Get),
            ("PATCH", [id]) => (id, SyncVerb::Update),
            ("DELETE", [id]) => (id, SyncVerb::Delete),
            ("POST", [id, "sync-secrets"]) => (id, SyncVerb::Queue(SandboxJobKind::Sync)),
            ("POST", [id, "import-secrets"]) => (id, SyncVerb::Queue(SandboxJobKind::Import)),
            ("POST", [id, "remove-secrets"]) => (id, SyncVerb::Queue(SandboxJobKind::Remove)),
            _ => return None,
        };
        Some(Self::OfSync {
            destination,
            id: (*id).to_owned(),
            verb,
        })
    }

    /// What fail rules and rate limits call it.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Login(_) => Operation::Login,
            Self::Docs => Operation::Docs,
            Self::Projects(_) | Self::Project { .. } | Self::ProjectBySlug(_) => {
                Operation::Projects
            }
            Self::Connections
            | Self::AvailableConnections(_)
            | Self::ConnectionByName { .. }
            | Self::DeleteConnection
            | Self::ConnectionDetails => Operation::Connections,
            Self::Folders(_) | Self::DeleteFolder { .. } => Operation::Folders,
            Self::List(_) => Operation::List,
            Self::Find { .. } => Operation::Find,
            Self::Create(_) => Operation::Create,
            Self::OfSync { verb, .. } => match verb {
                SyncVerb::Get => Operation::Get,
                SyncVerb::Update => Operation::Update,
                SyncVerb::Delete => Operation::Delete,
                SyncVerb::Queue(SandboxJobKind::Sync) => Operation::Trigger,
                SyncVerb::Queue(SandboxJobKind::Import) => Operation::ImportSecrets,
                SyncVerb::Queue(SandboxJobKind::Remove) => Operation::RemoveSecrets,
            },
            Self::Status
            | Self::Renew
            | Self::Revoke
            | Self::IssueToken(_)
            | Self::Options
            | Self::CheckDestination(_)
            | Self::IdentityDetails => Operation::Other,
        }
    }

    /// The destination in the path.
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::List(destination) => destination.as_deref(),
            Self::Find { destination, .. }
            | Self::Create(destination)
            | Self::CheckDestination(destination)
            | Self::OfSync { destination, .. } => Some(destination),
            _ => None,
        }
    }

    /// Whether anybody may ask.
    pub const fn needs_no_token(&self) -> bool {
        matches!(
            self,
            Self::Status | Self::Docs | Self::Login(_) | Self::Renew | Self::Revoke
        )
    }
}
