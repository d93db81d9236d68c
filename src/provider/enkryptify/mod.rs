//! Enkryptify: starting a sync, which is all that its published API offers.
//!
//! The token is sent as it is. It could be exchanged for a short-lived one (`POST /v1/auth/exchange`),
//! which is meant for high rates of requests: starts happen once in the life of a sync, and the
//! exchange is itself limited to ten a minute, which a matrix of CI jobs would meet first.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value};

use super::credential::{Credential, LoginOptions, Token, missing};
use super::door::{BundledText, Door, OperationKind, Servers, is_refused};
use super::environment_variables::ProviderVariables;
use super::session::AuthenticatedClient;
use super::{Provider, StartedSyncs};
use crate::cancel::Cancellation;
use crate::core::platform::{Description, Platform};
use crate::core::rules::Rules;
use crate::http::HttpOptions;
use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::quote::clause;
use crate::http::request::Repeat;

/// The platform as everything else knows it.
pub const PLATFORM: Platform = Platform::new(&Description {
    name: "enkryptify",
    title: "Enkryptify",
    capabilities: &[],
});

/// The variable that names a server.
pub const HOST: &str = "ENKRYPTIFY_API_URL";
/// The variable that holds the API token.
pub const TOKEN: &str = "ENKRYPTIFY_TOKEN";

/// Every variable, with what it is for.
const VARIABLES: &[(&str, &str)] = &[
    (TOKEN, "the API token (`ek_live_…`)"),
    (HOST, "another server than https://api.enkryptify.com"),
];

/// The door to Enkryptify.
pub struct Enkryptify;

impl Door for Enkryptify {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn servers(&self) -> Servers {
        Servers {
            official: &[&["https://api.enkryptify.com"]],
            host_variables: &[HOST],
            project_variable: None,
            document_path: None,
            sync_paths: "the path /v1/sync/{slug}/start",
        }
    }

    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        VARIABLES
    }

    fn credential(
        &self,
        variables: &ProviderVariables<'_>,
        _: &LoginOptions,
        _: &HttpOptions,
        _: &Cancellation,
    ) -> Result<Credential, RequestError> {
        Token::read(variables, TOKEN)?
            .map(Credential::Token)
            .ok_or_else(|| missing(PLATFORM, &variables.name(TOKEN)))
    }

    /// The published form is a message and nothing else, whatever gateways add to theirs.
    fn is_refusal(&self, answer: &Answer) -> bool {
        is_refused(answer.status()) && own_message(answer).is_some()
    }

    fn provider(&self, session: AuthenticatedClient) -> Provider {
        Provider::StartOnly(Arc::new(Server { session }))
    }

    fn schemas(&self) -> &'static [(&'static str, BundledText)] {
        include!(concat!(env!("OUT_DIR"), "/enkryptify.rs"))
    }

    fn operation<'d>(&self, path: &[&'d str], method: &str) -> Option<OperationKind<'d>> {
        match (path, method) {
            (["v1", "sync", slug, "start"], "post") if slug.starts_with('{') => {
                Some(OperationKind::Start)
            }
            _ => None,
        }
    }
}

/// Only starts are published: nothing to check in a sync, and no push to look into.
impl Rules for Enkryptify {}

/// An Enkryptify server, as one identity sees it.
struct Server {
    session: AuthenticatedClient,
}

#[async_trait]
impl StartedSyncs for Server {
    fn server(&self) -> &str {
        self.session.server()
    }

    async fn start(
        &self,
        destination: &str,
        project: &str,
        name: &str,
    ) -> Result<String, RequestError> {
        let task = format!("start the sync \"{name}\"");
        let body: Map<String, Value> = [("projectId", project), ("name", name)]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        let request = self
            .session
            .request(
                Method::POST,
                &["v1", "sync", destination, "start"],
                Repeat::Never,
                &task,
            )?
            .json(&body);
        self.session
            .call(request, |answer| self.read_start(answer, &task))
            .await
    }
}

impl Server {
    fn read_start(&self, answer: &Answer, task: &str) -> Result<String, RequestError> {
        if answer.status() != 200 {
            return Err(self.refusal(answer, task));
        }
        let bad = |what: &str| bad_answer(task, self.session.origin(), what);
        let body = answer.json().map_err(|what| bad(&format!("with {what}")))?;
        match body.get("syncConfigId").and_then(Value::as_str) {
            Some(id) if !id.trim().is_empty() => Ok(id.to_owned()),
            _ => Err(bad("without a syncConfigId")),
        }
    }

    fn refusal(&self, answer: &Answer, task: &str) -> RequestError {
        // Without the API's own message it is not the API that answered.
        let Some(said) = own_message(answer) else {
            let status = answer.status_line();
            let what = answer.json().err();
            let what = what.unwrap_or("a body that is not in Enkryptify's own form");
            return bad_answer(
                task,
                self.session.origin(),
                &format!("{status} with {what}"),
            );
        };
        let (kind, help) = match answer.status() {
            403 => (
                RequestErrorKind::Permission,
                "Give the token's owner access to the project and its syncs.",
            ),
            404 => (
                RequestErrorKind::NotFound,
                "Check the project's id and the destination; a project without access is not found either.",
            ),
            500.. => (
                RequestErrorKind::Unavailable,
                "Look in the dashboard whether the sync was started before starting it again.",
            ),
            code if is_refused(code) => (
                RequestErrorKind::Rejected,
                "Correct the declaration and run again.",
            ),
            _ => (
                RequestErrorKind::BadAnswer,
                "Look in the dashboard whether the sync was started before starting it again.",
            ),
        };
        RequestError::new(kind, format!("Cannot {task}: Enkryptify says: {said}.")).help(help)
    }
}

/// What an answer says in the published form, `{"message": "…"}`.
fn own_message(answer: &Answer) -> Option<String> {
    match answer.json().ok()? {
        Value::Object(body) if body.len() == 1 => {
            let said = clause(body.get("message")?.as_str()?);
            (!said.is_empty()).then_some(said)
        }
        _ => None,
    }
}
