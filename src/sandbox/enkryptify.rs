//! Enkryptify, as far as it publishes what it does.
//!
//! Only the start of a configuration and the exchange of a token are published. No server
//! could be observed, so the wording of its errors is this emulator's own.

use serde_json::{Value, json};

use super::ENKRYPTIFY_TOKEN;
use super::emulator::Emulator;
use super::exchange::{Request, RequestBody, Response};
use super::fail::Operation;
use super::limit::{HeaderStyle, Pass};
use super::moment::Moment;
use super::state::Started;
use crate::provider::enkryptify::{HOST, TOKEN};

/// How long an exchanged token lives.
const EXCHANGED_SECONDS: u32 = 900;

/// How many exchanges a minute a token is good for.
const EXCHANGES_PER_MINUTE: usize = 10;

/// What a person sets to use it: where it is, and the demo token.
pub fn demo_variables(url: &str) -> [(&'static str, String); 2] {
    [(HOST, url.to_owned()), (TOKEN, ENKRYPTIFY_TOKEN.to_owned())]
}

/// What a request asks for.
#[derive(Debug)]
pub enum Route {
    Start { slug: String },
    Exchange,
}

impl Route {
    /// The route of a request; none if there is none.
    pub fn of(request: &Request) -> Option<Self> {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
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

/// Tokens that were exchanged in this run, and when.
#[derive(Default)]
pub struct Exchanges {
    issued: Vec<(String, Moment)>,
}

/// An error in Enkryptify's shape.
pub fn error(status: u16, message: &str) -> Response {
    let response = Response::json(status, json!({"message": message}));
    if status == 429 {
        response.with_header("retry-after", "1")
    } else {
        response
    }
}

fn json_body(request: &Request) -> Option<Value> {
    let RequestBody::Bytes(bytes) = &request.body else {
        return None;
    };
    serde_json::from_slice(bytes).ok().filter(Value::is_object)
}

/// The name in a start's body, as far as it can be read.
pub fn name_of(request: &Request) -> Option<String> {
    Some(json_body(request)?.get("name")?.as_str()?.to_owned())
}

fn is_slug(slug: &str) -> bool {
    (2..=48).contains(&slug.len())
        && slug
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl Emulator {
    /// Answers a request to Enkryptify.
    pub fn enkryptify(&mut self, route: &Route, request: &Request, now: Moment) -> Response {
        let pass = self
            .limits
            .as_mut()
            .map(|limits| limits.pass_any(request, now));
        let response = match pass.as_ref().and_then(Pass::refused_for) {
            Some(seconds) => Response::json(429, json!({"message": "Too many requests."}))
                .with_header("retry-after", seconds.to_string()),
            None => match route {
                Route::Start { slug } => self.start(slug, request, now),
                Route::Exchange => self.exchange(request, now),
            },
        };
        match pass {
            Some(pass) => pass.mark(response, HeaderStyle::Enkryptify),
            None => response,
        }
    }

    fn start(&mut self, slug: &str, request: &Request, now: Moment) -> Response {
        let bearer = bearer(request);
        let exchanged = bearer.is_some_and(|token| self.exchanges.is_valid(token, now));
        if !exchanged && !self.is_api_token(bearer) {
            return error(401, "Invalid or missing API token.");
        }
        if !is_slug(slug) {
            return error(400, "The slug must be 2 to 48 of a-z, 0-9 and hyphens.");
        }
        let Some(body) = json_body(request) else {
            return error(400, "The body must be a JSON object.");
        };
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let Some(project) = text("projectId") else {
            return error(400, "projectId must be a string.");
        };
        let Some(name) = text("name") else {
            return error(400, "name must be a string.");
        };
        let projects = &self.state.world.enkryptify.projects;
        if projects
            .as_ref()
            .is_some_and(|known| !known.contains(project))
        {
            return error(404, "Project not found.");
        }
        let id = self.state.next_id(self.seed);
        self.state.started.push(Started {
            id: id.clone(),
            destination: slug.to_owned(),
            project: project.to_owned(),
            name: name.to_owned(),
        });
        Response::json(200, json!({"syncConfigId": id}))
    }

    fn exchange(&mut self, request: &Request, now: Moment) -> Response {
        if !self.is_api_token(bearer(request)) {
            return error(401, "Invalid or missing API token.");
        }
        match self.exchanges.issue(now) {
            Some(token) => Response::json(
                200,
                json!({"accessToken": token, "expiresIn": EXCHANGED_SECONDS, "tokenType": "Bearer"}),
            ),
            None => error(429, "Too many exchanges."),
        }
    }

    fn is_api_token(&self, bearer: Option<&str>) -> bool {
        bearer == Some(self.state.world.enkryptify.token.as_str())
    }
}

fn bearer(request: &Request) -> Option<&str> {
    request
        .headers
        .get("authorization")?
        .strip_prefix("Bearer ")
}

impl Exchanges {
    fn issue(&mut self, now: Moment) -> Option<String> {
        let recent = self
            .issued
            .iter()
            .filter(|(_, at)| at.until(now).as_secs() < 60)
            .count();
        if recent >= EXCHANGES_PER_MINUTE {
            return None;
        }
        let serial = self.issued.len().to_string();
        let token = format!(
            "sandbox.{serial}.{}",
            super::ids::word(&["exchange", &serial], 32)
        );
        self.issued.push((token.clone(), now));
        Some(token)
    }

    fn is_valid(&self, token: &str, now: Moment) -> bool {
        self.issued
            .iter()
            .any(|(known, at)| known == token && at.until(now).as_secs() < EXCHANGED_SECONDS.into())
    }
}
