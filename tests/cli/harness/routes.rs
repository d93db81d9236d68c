//! An Infisical of a few routes, each with the answer that a test gives it.

use std::cell::Cell;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::matchers::{any, method, path, query_param};
use wiremock::{Mock, MockBuilder, MockServer, Request, ResponseTemplate};

use super::Invocation;
use super::server::runtime;

/// The slug and the id of the one project that [`Routes::infisical`] has.
const PROJECT: (&str, &str) = ("payments", "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11");

/// A server of a few routes. Any other is answered as one that is missing.
pub struct Routes {
    server: MockServer,
    runtime: Runtime,
    /// The latest answer to a route comes before those that it had.
    priority: Cell<u8>,
}

impl Routes {
    /// One without any route.
    pub fn new() -> Self {
        let runtime = runtime();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            let missing = Mock::given(any()).respond_with(|request: &Request| {
                let route = format!("{}:{}", request.method, request.url.path());
                ResponseTemplate::new(404).set_body_json(json!({
                    "message": format!("Route {route} not found"), "error": "Not Found",
                    "statusCode": 404
                }))
            });
            missing.with_priority(u8::MAX).mount(&server).await;
            server
        });
        Self {
            server,
            runtime,
            priority: Cell::new(u8::MAX),
        }
    }

    /// One that takes every login, and has one project without syncs.
    pub fn infisical() -> Self {
        let (slug, id) = PROJECT;
        let login = json!({
            "accessToken": "granted", "expiresIn": 7200, "accessTokenMaxTTL": 7200,
            "tokenType": "Bearer"
        });
        Self::new()
            .with("POST", "/api/v1/auth/universal-auth/login", &login)
            .with("POST", "/api/v1/auth/aws-auth/login", &login)
            .with(
                "GET",
                "/api/v1/projects",
                &json!({"projects": [{"id": id, "slug": slug, "name": "Payments"}]}),
            )
            .with("GET", "/api/v1/secret-syncs", &json!({"secretSyncs": []}))
    }

    /// With this answer at a route.
    pub fn with(self, verb: &str, route: &str, body: &Value) -> Self {
        self.answering(verb, route, 200, body)
    }

    /// With a refusal in Infisical's own form.
    pub fn refusing(self, verb: &str, route: &str, status: u16, message: &str) -> Self {
        let error = match status {
            401 => "UnauthorizedError",
            403 => "ForbiddenError",
            404 => "NotFound",
            _ => "BadRequest",
        };
        let body = json!({
            "reqId": "req-1", "statusCode": status, "message": message, "error": error
        });
        self.answering(verb, route, status, &body)
    }

    /// With this status and answer at a route, in place of what it answered so far.
    pub fn answering(self, verb: &str, route: &str, status: u16, body: &Value) -> Self {
        let mock = Mock::given(method(verb)).and(path(route));
        self.mount(mock, ResponseTemplate::new(status).set_body_json(body))
    }

    /// With this answer at a route if the query says this.
    pub fn asked(self, verb: &str, route: &str, query: (&str, &str), body: &Value) -> Self {
        let (name, value) = query;
        let mock = Mock::given(method(verb))
            .and(path(route))
            .and(query_param(name, value));
        self.mount(mock, ResponseTemplate::new(200).set_body_json(body))
    }

    fn mount(self, mock: MockBuilder, answer: ResponseTemplate) -> Self {
        self.priority.set(self.priority.get() - 1);
        let mock = mock.respond_with(answer).with_priority(self.priority.get());
        self.runtime.block_on(mock.mount(&self.server));
        self
    }

    /// The requests so far, each with its body.
    pub fn requests(&self) -> Vec<(String, Value)> {
        let requests = self.runtime.block_on(self.server.received_requests());
        requests
            .unwrap()
            .iter()
            .map(|request| {
                let line = format!("{} {}", request.method, request.url.path());
                (line, request.body_json().unwrap_or(Value::Null))
            })
            .collect()
    }

    /// How many requests it got of a method and a path.
    pub fn count(&self, line: &str) -> usize {
        let requests = self.requests();
        requests.iter().filter(|(asked, _)| asked == line).count()
    }

    /// Names it as the server of an invocation, with a client id and secret.
    pub fn serve(&self, invocation: Invocation) -> Invocation {
        self.host(invocation)
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "client")
            .variable(
                "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
                "hunter2-client-secret",
            )
    }

    /// Its address.
    pub fn origin(&self) -> String {
        self.server.uri()
    }

    /// Names it as the server of an invocation.
    pub fn host(&self, invocation: Invocation) -> Invocation {
        invocation.variable("INFISICAL_HOST", &self.origin())
    }
}
