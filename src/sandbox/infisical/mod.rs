//! Infisical, as a self-hosted server of June 2025 was seen to behave, and as today's does.

mod body;
mod field_rules;
mod lookups;
mod openapi;
mod permissions;
mod query;
mod refusal;
mod route;
mod syncs;
mod tokens;

use serde_json::{Value, json};

use refusal::Refusal;
pub use refusal::unknown_route;
pub use route::InfisicalRoute;
use route::SyncVerb;
use tokens::Tokens;

use super::call::{Call, Reply};
use super::catalog::CatalogEntry;
use super::ids;
use super::limit::{Allowance, HeaderNames};
use super::moment::Moment;
use super::shared::Shared;
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

const LIMIT_HEADERS: HeaderNames = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// The emulated Infisical.
#[derive(Default)]
pub struct InfisicalServer {
    tokens: Tokens,
    /// How many calls were answered; makes request ids.
    answered: u64,
}

/// A call with a valid token.
pub struct Authorized<'a> {
    identity: &'a Identity,
    call: &'a Call,
    body: Option<&'a Value>,
    now: Moment,
}

impl InfisicalServer {
    /// Answers a call.
    pub fn answer(
        &mut self,
        shared: &mut Shared,
        route: &InfisicalRoute,
        call: &Call,
        now: Moment,
    ) -> Reply {
        let id = self.request_id("request");
        let identity = if route.needs_no_token() {
            None
        } else {
            match self.tokens.identity(&shared.database.world, call, now) {
                Ok(identity) => Some(identity),
                Err(refusal) => return refusal.reply(&id),
            }
        };
        let limits = shared.limits.as_mut();
        let pass =
            limits.map(|limits| limits.pass(route.operation(), route.destination(), call, now));
        Allowance::reply(pass, LIMIT_HEADERS, refusal::rate_limited, || {
            match self.dispatch(shared, route, call, identity.as_ref(), now) {
                Ok(body) => Reply::json(200, body),
                Err(refusal) => refusal.reply(&id),
            }
        })
    }

    /// A failure to order, in Infisical's words.
    pub fn injected(&mut self, status: u16) -> Reply {
        let id = self.request_id("injected");
        if status == 429 {
            refusal::rate_limited(1)
        } else {
            Refusal::injected(status).reply(&id)
        }
    }

    fn request_id(&mut self, kind: &str) -> String {
        self.answered += 1;
        format!("req-{}", ids::word(&[kind, &self.answered.to_string()], 14))
    }

    fn dispatch(
        &mut self,
        shared: &mut Shared,
        route: &InfisicalRoute,
        call: &Call,
        identity: Option<&Identity>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        if let InfisicalRoute::OfSync { id, .. } = route {
            query::uuid("syncId", id)?;
        }
        let body = match call.method.as_str() {
            "GET" => None,
            _ => body::read(call)?,
        };
        let body = body.as_ref();
        let Some(identity) = identity else {
            return self.without_token(shared, route, body, now);
        };
        let asked = Authorized {
            identity,
            call,
            body,
            now,
        };
        let catalog = shared.catalog.clone();
        match route.destination() {
            Some(slug) => {
                let destination = catalog.get(slug).ok_or_else(Refusal::internal)?;
                shared.on_destination(route, destination, &asked)
            }
            None => self.on_the_rest(shared, route, &asked),
        }
    }

    fn without_token(
        &mut self,
        shared: &Shared,
        route: &InfisicalRoute,
        body: Option<&Value>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        let world = &shared.database.world;
        match route {
            InfisicalRoute::Login(method) => {
                self.tokens.login(world, method, body, now, shared.era)
            }
            InfisicalRoute::Docs => Ok(openapi::document(&shared.catalog)),
            InfisicalRoute::Renew => self.tokens.renew(world, body, now),
            InfisicalRoute::Revoke => self.tokens.revoke(body),
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

    fn on_the_rest(
        &mut self,
        shared: &mut Shared,
        route: &InfisicalRoute,
        asked: &Authorized<'_>,
    ) -> Result<Value, Refusal> {
        let Authorized { identity, call, .. } = *asked;
        let world = &shared.database.world;
        match route {
            InfisicalRoute::Projects(envelope) => {
                Ok(lookups::projects(world, identity, call, envelope))
            }
            InfisicalRoute::Project { id, envelope } => {
                lookups::project(world, identity, id, envelope)
            }
            InfisicalRoute::ProjectBySlug(slug) => lookups::project_by_slug(world, identity, slug),
            InfisicalRoute::Connections => lookups::connections(world, identity),
            InfisicalRoute::AvailableConnections(app) => {
                lookups::available_connections(world, identity, call, app, shared.era)
            }
            InfisicalRoute::ConnectionByName { app, name } => {
                lookups::connection_by_name(world, &shared.catalog, identity, app, name)
            }
            InfisicalRoute::DeleteConnection => {
                permissions::may_administer_connections(identity, "delete")?;
                Err(Refusal::bad_request("The sandbox keeps its connections"))
            }
            InfisicalRoute::ConnectionDetails => Err(Refusal::no_access(&format!(
                "Forbidden access to {}",
                call.path()
            ))),
            InfisicalRoute::Folders(project) => lookups::folders(world, identity, call, project),
            InfisicalRoute::DeleteFolder { name, project } => {
                shared.delete_folder(asked, name, project)
            }
            InfisicalRoute::Options => Ok(syncs::options(&shared.catalog, shared.era)),
            InfisicalRoute::IdentityDetails => Ok(lookups::identity_details()),
            InfisicalRoute::IssueToken(id) => {
                permissions::may_issue_tokens(identity)?;
                let subject = world
                    .identities
                    .iter()
                    .find(|known| known.id() == *id)
                    .ok_or_else(|| Refusal::not_found("Failed to find identity"))?;
                Ok(self.tokens.issue(subject, None, asked.now))
            }
            _ => shared.list(asked, None),
        }
    }
}

impl Shared {
    /// The name of the sync that a call is about, as far as it is known.
    pub fn sync_name(&self, route: &InfisicalRoute, call: &Call) -> Option<String> {
        match route {
            InfisicalRoute::Find { name, .. } => Some(name.clone()),
            InfisicalRoute::Create(_) => {
                let body = body::read(call).ok()??;
                Some(body.get("name")?.as_str()?.trim().to_owned())
            }
            InfisicalRoute::OfSync { id, .. } => Some(self.database.syncs.get(id)?.name.clone()),
            _ => None,
        }
    }

    fn on_destination(
        &mut self,
        route: &InfisicalRoute,
        destination: &CatalogEntry,
        asked: &Authorized<'_>,
    ) -> Result<Value, Refusal> {
        match route {
            InfisicalRoute::Find { name, .. } => self.find(asked, destination, name),
            InfisicalRoute::Create(_) => self.create(asked, destination),
            InfisicalRoute::CheckDestination(_) => self.check_destination(asked, destination),
            InfisicalRoute::OfSync { id, verb, .. } => match verb {
                SyncVerb::Get => self.get(asked, destination, id),
                SyncVerb::Update => self.update(asked, destination, id),
                SyncVerb::Delete => self.delete(asked, destination, id),
                SyncVerb::Queue(kind) => self.trigger(asked, destination, id, *kind),
            },
            _ => self.list(asked, Some(destination)),
        }
    }
}
