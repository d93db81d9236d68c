//! Enkryptify: starting a sync, which is all that its published API offers.
//!
//! The token is sent as it is. It could be exchanged for a short-lived one (`POST /v1/auth/exchange`),
//! which is meant for high rates of requests: starts happen once in the life of a sync, and the
//! exchange is itself limited to ten a minute, which a matrix of CI jobs would meet first.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value};

use super::{ProviderError, ProviderErrorKind, StartedSyncs};
use crate::core::platform::{Description, Platform};
use crate::http::answer::{Answer, bad_answer};
use crate::http::retry::Repeat;
use crate::http::session::Session;
use crate::http::text::clause;

/// What there is to know about the platform before talking to it.
pub const PLATFORM: Platform = Platform::new(&Description {
    name: "enkryptify",
    title: "Enkryptify",
    capabilities: &[],
});

/// An Enkryptify server, as one identity sees it.
pub struct Enkryptify {
    session: Session,
}

impl Enkryptify {
    /// The provider behind a session.
    pub const fn new(session: Session) -> Self {
        Self { session }
    }
}

#[async_trait]
impl StartedSyncs for Enkryptify {
    fn server(&self) -> &str {
        self.session.server()
    }

    async fn start(
        &self,
        destination: &str,
        project: &str,
        name: &str,
    ) -> Result<String, ProviderError> {
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

impl Enkryptify {
    fn read_start(&self, answer: &Answer, task: &str) -> Result<String, ProviderError> {
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

    fn refusal(&self, answer: &Answer, task: &str) -> ProviderError {
        let origin = self.session.origin();
        let body = answer.json();
        let said = body
            .as_ref()
            .ok()
            .and_then(|body| body.get("message")?.as_str())
            .map(clause)
            .filter(|said| !said.is_empty());
        let (kind, help) = match (answer.status(), &said) {
            (500.., _) => (
                ProviderErrorKind::Unavailable,
                "Look in the dashboard whether the sync was started before starting it again.",
            ),
            // Without the API's own message it is not the API that answered.
            (_, None) => {
                let what = body.err().unwrap_or("a body without a message");
                return bad_answer(
                    task,
                    origin,
                    &format!("{} with {what}", answer.status_line()),
                );
            }
            (403, _) => (
                ProviderErrorKind::Permission,
                "Give the token's owner access to the project and its syncs.",
            ),
            (404, _) => (
                ProviderErrorKind::NotFound,
                "Check the project's id and the destination; a project without access is not found, too.",
            ),
            _ => (
                ProviderErrorKind::Rejected,
                "Correct the declaration and run again.",
            ),
        };
        let said = said.unwrap_or_else(|| answer.status_line());
        ProviderError::new(kind, format!("Cannot {task}: Enkryptify says: {said}.")).help(help)
    }
}
