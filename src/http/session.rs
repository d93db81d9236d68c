//! An authenticated line to one server: log in, send, and log in anew when a token has expired.

use reqwest::Method;
use serde_json::Value;

use super::HttpOptions;
use super::answer::Answer;
use super::auth::{AccessToken, Auth};
use super::origin::Origin;
use super::request::Request;
use super::retry::{self, Delivery, Repeat};
use super::text::clause;
use super::trust::Vouched;
use crate::cancel::Cancellation;
use crate::environment::Environment;
use crate::provider::ProviderError;

/// An authenticated line to one server. Making it sends nothing.
pub struct Session {
    delivery: Delivery,
    auth: Auth,
    server: String,
}

impl Session {
    /// A session with a server that was vouched for, which only [`super::trust`] can do.
    pub(super) fn new(
        vouched: Vouched,
        auth: Auth,
        environment: &Environment,
        options: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Self {
        let (origin, server) = vouched.into_parts();
        Self {
            delivery: Delivery::to(origin, environment, options, cancellation),
            auth,
            server,
        }
    }

    /// The server as it stands in a sync's identity.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The server that requests go to.
    pub const fn origin(&self) -> &Origin {
        self.delivery.client.origin()
    }

    /// How requests are authenticated, as people call it.
    pub fn auth_method(&self) -> String {
        self.auth.method()
    }

    /// A request to this server; see [`Request::new`].
    pub fn request(
        &self,
        method: Method,
        segments: &[&str],
        repeat: Repeat,
        task: impl Into<String>,
    ) -> Result<Request, ProviderError> {
        Request::new(self.origin(), method, segments, repeat, task)
    }

    /// Sends a request and reads its answer with `read`.
    ///
    /// Whatever fails, the error holds no credential, and says whether the request may have
    /// taken effect all the same.
    pub async fn call<T>(
        &self,
        request: Request,
        read: impl FnOnce(&Answer) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let token = self.auth.access_token(&self.delivery).await?;
        let (answer, token) = match self.send(&request, token.clone()).await {
            Ok(sent) => sent,
            Err(error) => return Err(self.auth.scrub(error, Some(&token.token))),
        };
        read(&answer)
            .map_err(|error| {
                if retry::may_be_done(request.repeat, &answer) {
                    error.maybe_done()
                } else {
                    error
                }
            })
            .map_err(|error| self.auth.scrub(error, Some(&token.token)))
    }

    /// Sends a request, with a new token if the first one is no longer accepted: a request that is
    /// refused for its token was not looked at, so any may be sent again.
    async fn send(
        &self,
        request: &Request,
        token: AccessToken,
    ) -> Result<(Answer, AccessToken), ProviderError> {
        let answer = self.delivery.deliver(request, Some(&token.token)).await?;
        let Some(said) = token_refusal(&answer) else {
            return Ok((answer, token));
        };
        let doubt = answer.is_after_loss();
        let doubtful = |error: ProviderError| if doubt { error.maybe_done() } else { error };
        let replacement = self
            .auth
            .replacement(&token, &self.delivery)
            .await
            .map_err(doubtful)?;
        let Some(token) = replacement else {
            return Err(doubtful(self.auth.refused(401, Some(&said))));
        };
        let mut answer = self
            .delivery
            .deliver(request, Some(&token.token))
            .await
            .map_err(doubtful)?;
        answer.after_loss |= doubt;
        match token_refusal(&answer) {
            Some(said) => Err(doubtful(
                self.auth
                    .scrub(self.auth.refused(401, Some(&said)), Some(&token.token)),
            )),
            None => Ok((answer, token)),
        }
    }
}

/// What the server said, if it refused the token: 401, or Infisical's 403 for a token that is
/// malformed, badly signed or expired.
fn token_refusal(answer: &Answer) -> Option<String> {
    let body = answer.json().unwrap_or(Value::Null);
    let refused = match answer.status() {
        401 => true,
        403 => body.get("error").and_then(Value::as_str) == Some("TokenError"),
        _ => false,
    };
    refused.then(|| {
        body.get("message")
            .and_then(Value::as_str)
            .map_or_else(|| answer.status_line(), clause)
    })
}
