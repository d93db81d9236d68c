//! Infisical, as a self-hosted server of June 2025 behaves.

mod access;
mod auth;
mod body;
mod document;
mod fields;
mod lookups;
mod query;
mod refusal;
mod syncs;

use serde_json::{Value, json};

pub use auth::Tokens;
use refusal::Refusal;
pub use refusal::{rate_limited, unknown_route};

use super::catalog::{Catalog, Destination};
use super::emulator::Emulator;
use super::exchange::{Request, Response};
use super::fail::{JobKind, Operation};
use super::limit::{HeaderStyle, Pass};
use super::moment::Moment;
use super::world::Identity;
use super::{CLIENT_ID, CLIENT_SECRET};
use crate::provider::infisical::{HOST, login};

/// What a person sets to use it: where it is, and the demo identity.
pub fn demo_variables(url: &str) -> [(&'static str, String); 3] {
    [
        (HOST, url.to_owned()),
        (login::CLIENT_ID, CLIENT_ID.to_owned()),
        (login::CLIENT_SECRET, CLIENT_SECRET.to_owned()),
    ]
}

/// What a request asks for, with the parameters of its path.
#[derive(Debug)]
pub enum Route {
    Status,
    Docs,
    Login {
        method: String,
    },
    Renew,
    Revoke,
    IssueToken {
        identity: String,
    },
    Projects,
    Project {
        id: String,
    },
    ProjectBySlug {
        slug: String,
    },
    Connections,
    AvailableConnections {
        app: String,
    },
    ConnectionByName {
        app: String,
        name: String,
    },
    DeleteConnection,
    ConnectionDetails,
    Folders,
    DeleteFolder {
        name: String,
    },
    Options,
    ListAll,
    List {
        destination: String,
    },
    Find {
        destination: String,
        name: String,
    },
    Create {
        destination: String,
    },
    Get {
        destination: String,
        id: String,
    },
    Update {
        destination: String,
        id: String,
    },
    Delete {
        destination: String,
        id: String,
    },
    Trigger {
        destination: String,
        id: String,
        kind: JobKind,
    },
}

impl Route {
    /// The route of a request; none if the server has no such route.
    pub fn of(request: &Request, catalog: &Catalog) -> Option<Self> {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let own = str::to_owned;
        Some(match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["api", "status"]) => Self::Status,
            ("GET", ["api", "docs", "json"]) => Self::Docs,
            ("POST", ["api", "v1", "auth", "token", "renew"]) => Self::Renew,
            ("POST", ["api", "v1", "auth", "token", "revoke"]) => Self::Revoke,
            (
                "POST",
                [
                    "api",
                    "v1",
                    "auth",
                    "token-auth",
                    "identities",
                    id,
                    "tokens",
                ],
            ) => Self::IssueToken { identity: own(id) },
            ("POST", ["api", "v1", "auth", method, "login"]) if auth::is_method(method) => {
                Self::Login {
                    method: own(method),
                }
            }
            ("GET", ["api", "v1", "workspace"]) => Self::Projects,
            ("GET", ["api", "v1", "workspace", id]) => Self::Project { id: own(id) },
            ("GET", ["api", "v2", "workspace", slug]) => Self::ProjectBySlug { slug: own(slug) },
            ("GET", ["api", "v1", "folders"]) => Self::Folders,
            ("DELETE", ["api", "v1", "folders", name]) => Self::DeleteFolder { name: own(name) },
            (method, ["api", "v1", "app-connections", rest @ ..]) => {
                Self::of_connections(method, rest, catalog)?
            }
            (method, ["api", "v1", "secret-syncs", rest @ ..]) => {
                Self::of_syncs(method, rest, catalog)?
            }
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
            ("GET", [app, "available"]) => Self::AvailableConnections { app: own(app) },
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
            ("GET", []) => return Some(Self::ListAll),
            ("GET", ["options"]) => return Some(Self::Options),
            (_, [destination, ..]) => catalog.get(destination)?.slug.clone(),
            _ => return None,
        };
        let own = str::to_owned;
        Some(match (method, segments.get(1..)?) {
            ("GET", []) => Self::List { destination },
            ("POST", []) => Self::Create { destination },
            ("GET", ["sync-name", name]) => Self::Find {
                destination,
                name: own(name),
            },
            ("GET", [id]) => Self::Get {
                destination,
                id: own(id),
            },
            ("PATCH", [id]) => Self::Update {
                destination,
                id: own(id),
            },
            ("DELETE", [id]) => Self::Delete {
                destination,
                id: own(id),
            },
            ("POST", [id, action]) => Self::Trigger {
                destination,
                id: own(id),
                kind: match *action {
                    "sync-secrets" => JobKind::Sync,
                    "import-secrets" => JobKind::Import,
                    "remove-secrets" => JobKind::Remove,
                    _ => return None,
                },
            },
            _ => return None,
        })
    }

    /// What fail rules and rate limits call it.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Login { .. } => Operation::Login,
            Self::Docs => Operation::Docs,
            Self::Projects | Self::Project { .. } | Self::ProjectBySlug { .. } => {
                Operation::Projects
            }
            Self::Connections
            | Self::AvailableConnections { .. }
            | Self::ConnectionByName { .. }
            | Self::DeleteConnection
            | Self::ConnectionDetails => Operation::Connections,
            Self::Folders | Self::DeleteFolder { .. } => Operation::Folders,
            Self::ListAll | Self::List { .. } => Operation::List,
            Self::Find { .. } => Operation::Find,
            Self::Create { .. } => Operation::Create,
            Self::Get { .. } => Operation::Get,
            Self::Update { .. } => Operation::Update,
            Self::Delete { .. } => Operation::Delete,
            Self::Trigger { kind, .. } => match kind {
                JobKind::Sync => Operation::Trigger,
                JobKind::Import => Operation::ImportSecrets,
                JobKind::Remove => Operation::RemoveSecrets,
            },
            Self::Status | Self::Renew | Self::Revoke | Self::IssueToken { .. } | Self::Options => {
                Operation::Other
            }
        }
    }

    /// The destination in the path.
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::List { destination }
            | Self::Find { destination, .. }
            | Self::Create { destination }
            | Self::Get { destination, .. }
            | Self::Update { destination, .. }
            | Self::Delete { destination, .. }
            | Self::Trigger { destination, .. } => Some(destination),
            _ => None,
        }
    }

    fn sync_id(&self) -> Option<&str> {
        match self {
            Self::Get { id, .. }
            | Self::Update { id, .. }
            | Self::Delete { id, .. }
            | Self::Trigger { id, .. } => Some(id),
            _ => None,
        }
    }

    const fn needs_no_token(&self) -> bool {
        matches!(
            self,
            Self::Status | Self::Docs | Self::Login { .. } | Self::Renew | Self::Revoke
        )
    }
}

impl Emulator {
    /// The name of the sync that a request is about, as far as it is known.
    pub fn sync_name(&self, route: &Route, request: &Request) -> Option<String> {
        match route {
            Route::Find { name, .. } => Some(name.clone()),
            Route::Create { .. } => {
                let body = body::read(request).ok()??;
                Some(body.get("name")?.as_str()?.trim().to_owned())
            }
            route => Some(self.state.syncs.get(route.sync_id()?)?.name.clone()),
        }
    }

    /// Answers a request to Infisical.
    pub fn infisical(&mut self, route: &Route, request: &Request, now: Moment) -> Response {
        self.requests += 1;
        let id = format!(
            "req-{}",
            super::ids::word(&["request", &self.requests.to_string()], 14)
        );
        let identity = if route.needs_no_token() {
            None
        } else {
            match self.tokens.identity(&self.state.world, request, now) {
                Ok(identity) => Some(identity.clone()),
                Err(refusal) => return refusal.response(&id),
            }
        };
        let pass = self
            .limits
            .as_mut()
            .map(|limits| limits.pass(route, request, now));
        let response = match pass.as_ref().and_then(Pass::refused_for) {
            Some(seconds) => rate_limited(seconds),
            None => match self.dispatch(route, request, identity.as_ref(), now) {
                Ok(body) => Response::json(200, body),
                Err(refusal) => refusal.response(&id),
            },
        };
        match pass {
            Some(pass) => pass.mark(response, HeaderStyle::Infisical),
            None => response,
        }
    }

    fn dispatch(
        &mut self,
        route: &Route,
        request: &Request,
        identity: Option<&Identity>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        if let Some(id) = route.sync_id() {
            query::uuid("syncId", id)?;
        }
        let body = match request.method.as_str() {
            "GET" => None,
            _ => body::read(request)?,
        };
        let body = body.as_ref();
        let Some(identity) = identity else {
            return self.without_identity(route, body, now);
        };
        let catalog = self.catalog.clone();
        match route.destination() {
            Some(slug) => {
                let destination = catalog.get(slug).ok_or_else(Refusal::internal)?;
                self.on_destination(route, destination, request, identity, body, now)
            }
            None => self.on_the_rest(route, request, identity, body, now),
        }
    }

    fn without_identity(
        &mut self,
        route: &Route,
        body: Option<&Value>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        let world = &self.state.world;
        match route {
            Route::Login { method } => self.tokens.login(world, method, body, now),
            Route::Docs => Ok(document::document(&self.catalog)),
            Route::Renew => self.tokens.renew(world, body, now),
            Route::Revoke => self.tokens.revoke(body),
            _ => Ok(json!({
                "date": now.to_string(),
                "message": "Ok",
                "emailConfigured": false,
                "inviteOnlySignup": true,
                "redisConfigured": true,
                "secretScanningConfigured": false
            })),
        }
    }

    fn on_destination(
        &mut self,
        route: &Route,
        destination: &Destination,
        request: &Request,
        identity: &Identity,
        body: Option<&Value>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        match route {
            Route::Find { name, .. } => self.find(identity, destination, name, request),
            Route::Create { .. } => self.create(identity, destination, body, now),
            Route::Get { id, .. } => self.get(identity, destination, id),
            Route::Update { id, .. } => self.update(identity, destination, id, body, now),
            Route::Delete { id, .. } => self.delete(identity, destination, id, request, now),
            Route::Trigger { id, kind, .. } => {
                self.trigger(identity, destination, id, *kind, request, now)
            }
            _ => self.list(identity, Some(destination), request),
        }
    }

    fn on_the_rest(
        &mut self,
        route: &Route,
        request: &Request,
        identity: &Identity,
        body: Option<&Value>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        let world = &self.state.world;
        match route {
            Route::Projects => Ok(lookups::projects(world, identity)),
            Route::Project { id } => lookups::project(world, identity, id),
            Route::ProjectBySlug { slug } => lookups::project_by_slug(world, identity, slug),
            Route::Connections => lookups::connections(world, identity),
            Route::AvailableConnections { app } => {
                Ok(lookups::available_connections(world, identity, app))
            }
            Route::ConnectionByName { app, name } => {
                lookups::connection_by_name(world, &self.catalog, identity, app, name)
            }
            Route::DeleteConnection => {
                access::may_administer_connections(identity, "delete")?;
                Err(Refusal::bad_request("The sandbox keeps its connections"))
            }
            Route::ConnectionDetails => Err(Refusal::no_access(&format!(
                "Forbidden access to {}",
                request.path()
            ))),
            Route::Folders => lookups::folders(world, identity, request),
            Route::DeleteFolder { name } => self.delete_folder(identity, name, body),
            Route::Options => Ok(syncs::options(&self.catalog)),
            Route::IssueToken { identity: id } => {
                access::may_issue_tokens(identity)?;
                let subject = world
                    .identities
                    .iter()
                    .find(|known| known.id() == *id)
                    .ok_or_else(|| Refusal::not_found("Failed to find identity"))?;
                Ok(self.tokens.issue(subject, now))
            }
            _ => self.list(identity, None, request),
        }
    }

    /// `DELETE /api/v1/folders/{name}` with `{workspaceId, environment, path}`, where `path`
    /// is the folder around it.
    fn delete_folder(
        &mut self,
        identity: &Identity,
        name: &str,
        body: Option<&Value>,
    ) -> Result<Value, Refusal> {
        let text = |key: &str| body.and_then(|body| body.get(key)?.as_str());
        let (project_id, environment) = (
            text("workspaceId").unwrap_or_default(),
            text("environment").unwrap_or_default(),
        );
        access::member(&self.state.world, identity, project_id)?;
        let around = text("path").unwrap_or("/").trim_end_matches('/');
        let path = format!("{around}/{name}");
        if self.remove_folder(project_id, environment, &path) {
            Ok(json!({"folder": {"name": name}}))
        } else {
            Err(Refusal::not_found(format!(
                "Folder with path '{path}' not found"
            )))
        }
    }
}

/// A failure to order, in Infisical's words.
pub fn injected(status: u16, id: u64) -> Response {
    if status == 429 {
        rate_limited(1)
    } else {
        Refusal::injected(status).response(&format!(
            "req-{}",
            super::ids::word(&["injected", &id.to_string()], 14)
        ))
    }
}
