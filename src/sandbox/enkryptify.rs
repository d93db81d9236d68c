//! Enkryptify, as far as it publishes what it does.
//!
//! Only the start of a configuration and the exchange of a token are published. No server
//! could be observed, so the wording of its errors is this emulator's own.

use serde_json::{Value, json};

use super::ENKRYPTIFY_TOKEN;
use super::call::{Call, Reply};
use super::database::Started;
use super::fail::Operation;
use super::ids;
use super::limit::{Allowance, HeaderNames};
use super::moment::Moment;
use super::shared::Shared;
use super::world::World;
use crate::provider::enkryptify::{HOST, TOKEN};

/// How long an exchanged token lives.
const EXCHANGED_SECONDS: u32 = 900;

/// How many exchanges a minute a token is good for.
const EXCHANGES_PER_MINUTE: usize = 10;

const LIMIT_HEADERS: HeaderNames = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// What a person sets to use it: where it is, and the demo token.
pub fn demo_variables(url: &str) -> [(&'static str, String); 2] {
    [(HOST, url.to_owned()), (TOKEN, ENKRYPTIFY_TOKEN.to_owned())]
}

/// What a call asks for.
#[derive(Debug)]
pub enum EnkryptifyRoute {
    Start { slug: String },
    Exchange,
}

impl EnkryptifyRoute {
    /// The route of a call. `None` if there is no such route.
    pub fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.method.as_str(), segments.as_slice()) {
            ("POST", ["v1", "sync", slug, "start"]) => Some(Self::Start {
                slug: (*slug).to_owned(),
            }),
            ("POST", ["v1", "auth", "exchange"]) => Some(Self::Exchange),
            _ => None,
        }
    }

    /// What fail rules call it.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Start { .. } => Operation::Start,
            Self::Exchange => Operation::Login,
        }
    }
}

/// The emulated Enkryptify.
#[derive(Default)]
pub struct EnkryptifyServer {
    /// Tokens that were exchanged in this run, and when.
    exchanged: Vec<(String, Moment)>,
}

/// An error in Enkryptify's shape.
pub fn error(status: u16, message: &str) -> Reply {
    let reply = Reply::json(status, json!({"message": message}));
    if status == 429 {
        reply.with_header("retry-after", "1")
    } else {
        reply
    }
}

fn json_body(call: &Call) -> Option<Value> {
    serde_json::from_slice(call.body.as_deref()?)
        .ok()
        .filter(Value::is_object)
}

/// The name in a start's body, as far as it can be read.
pub fn name_of(call: &Call) -> Option<String> {
    Some(json_body(call)?.get("name")?.as_str()?.to_owned())
}

fn is_slug(slug: &str) -> bool {
    (2..=48).contains(&slug.len())
        && slug
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl EnkryptifyServer {
    /// Answers a call.
    pub fn answer(
        &mut self,
        shared: &mut Shared,
        route: &EnkryptifyRoute,
        call: &Call,
        now: Moment,
    ) -> Reply {
        // All routes share one counter.
        let limits = shared.limits.as_mut();
        let pass = limits.map(|limits| limits.pass(Operation::Start, None, call, now));
        let refuse = |seconds: u64| {
            Reply::json(429, json!({"message": "Too many requests."}))
                .with_header("retry-after", seconds.to_string())
        };
        Allowance::reply(pass, LIMIT_HEADERS, refuse, || match route {
            EnkryptifyRoute::Start { slug } => self.start(shared, slug, call, now),
            EnkryptifyRoute::Exchange => self.exchange(shared, call, now),
        })
    }

    fn start(&self, shared: &mut Shared, slug: &str, call: &Call, now: Moment) -> Reply {
        let world = &shared.database.world;
        if !self.is_exchanged(call, now) && !has_api_token(call, world) {
            return error(401, "Invalid or missing API token.");
        }
        if !is_slug(slug) {
            return error(400, "The slug must be 2 to 48 of a-z, 0-9 and hyphens.");
        }
        let Some(body) = json_body(call) else {
            return error(400, "The body must be a JSON object.");
        };
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let Some(project) = text("projectId") else {
            return error(400, "projectId must be a string.");
        };
        let Some(name) = text("name") else {
            return error(400, "name must be a string.");
        };
        let projects = world.enkryptify.projects.as_ref();
        if projects.is_some_and(|known| !known.contains(project)) {
            return error(404, "Project not found.");
        }
        let id = shared.next_id();
        shared.database.started.push(Started {
            id: id.clone(),
            destination: slug.to_owned(),
            project: project.to_owned(),
            name: name.to_owned(),
        });
        Reply::json(200, json!({"syncConfigId": id}))
    }

    fn exchange(&mut self, shared: &Shared, call: &Call, now: Moment) -> Reply {
        if !has_api_token(call, &shared.database.world) {
            return error(401, "Invalid or missing API token.");
        }
        let recent = self
            .exchanged
            .iter()
            .filter(|(_, at)| at.until(now).as_secs() < 60)
            .count();
        if recent >= EXCHANGES_PER_MINUTE {
            return error(429, "Too many exchanges.");
        }
        let serial = self.exchanged.len().to_string();
        let signature = ids::word(&["exchange", &serial], 32);
        let token = format!("sandbox.{serial}.{signature}");
        self.exchanged.push((token.clone(), now));
        Reply::json(
            200,
            json!({"accessToken": token, "expiresIn": EXCHANGED_SECONDS, "tokenType": "Bearer"}),
        )
    }

    fn is_exchanged(&self, call: &Call, now: Moment) -> bool {
        self.exchanged.iter().any(|(token, at)| {
            call.bearer_token() == Some(token) && at.until(now).as_secs() < EXCHANGED_SECONDS.into()
        })
    }
}

fn has_api_token(call: &Call, world: &World) -> bool {
    call.bearer_token() == Some(&world.enkryptify.token)
}
