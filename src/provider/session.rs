//! An authenticated line to one server: log in, send, and log in anew when a token has expired.

use std::time::SystemTime;

use reqwest::Method;
use serde_json::{Map, Value};

use super::access_token::{AccessToken, Auth};
use super::door::Door;
use super::vouched::Vouched;
use crate::cancel::Cancellation;
use crate::environment::Environment;
use crate::http::HttpOptions;
use crate::http::answer::Answer;
use crate::http::error::RequestError;
use crate::http::origin::Origin;
use crate::http::request::Repeat;
use crate::http::request::Request;
use crate::http::retry::Delivery;

/// What is known of an access token, without the token.
pub struct TokenFacts {
    /// What it says of itself; empty if it says nothing. Nobody checked it.
    pub claims: Map<String, Value>,
    /// When it is no longer accepted; `None` if nothing says so.
    pub ends: Option<SystemTime>,
}

/// An authenticated line to one server. Making it sends nothing.
pub struct AuthenticatedClient {
    delivery: Delivery,
    auth: Auth,
    door: &'static dyn Door,
    server: String,
}

impl AuthenticatedClient {
    /// A session with a server that was vouched for, which only [`super::trust`] can do.
    pub(super) fn new(
        vouched: Vouched,
        door: &'static dyn Door,
        auth: Auth,
        environment: &Environment,
        options: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Self {
        let Vouched { origin, server } = vouched;
        Self {
            delivery: Delivery::to(origin, environment, options, cancellation),
            auth,
            door,
            server,
        }
    }

    /// The server as a sync's identity names it.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The server that requests go to.
    pub const fn origin(&self) -> &Origin {
        self.delivery.client.origin()
    }

    /// The slug of the organization that its login asks for, if it asks for one.
    pub fn organization(&self) -> Option<&str> {
        self.auth.organization()
    }

    /// How requests are authenticated, as people call it.
    pub fn auth_method(&self) -> String {
        self.auth.method()
    }

    /// What the access token in use says of itself, and when it ends. Logs in if that was not done.
    pub async fn token(&self) -> Result<TokenFacts, RequestError> {
        let token = self.auth.access_token(&self.delivery).await?;
        Ok(TokenFacts {
            claims: token.claims().unwrap_or_default(),
            ends: token.ends(),
        })
    }

    /// A request to this server; see [`Request::new`].
    pub fn request(
        &self,
        method: Method,
        segments: &[&str],
        repeat: Repeat,
        task: impl Into<String>,
    ) -> Result<Request, RequestError> {
        Request::new(self.origin(), method, segments, repeat, task)
    }

    /// Sends a request and reads its answer with `read`.
    ///
    /// Whatever fails, the error says whether the request may have taken effect all the same.
    pub async fn call<T>(
        &self,
        request: Request,
        read: impl FnOnce(&Answer) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        // Whatever became of the login, the request itself is not sent yet.
        let token = self.auth.access_token(&self.delivery).await;
        let token = token.map_err(RequestError::before_sending)?;
        let answer = self.send(&request, token).await?;
        read(&answer).map_err(|error| error.at_least(answer.fate()))
    }

    /// Sends a request, with a new token if the first one is no longer accepted: a request that the
    /// API refuses for its token was not looked at, so any may be sent again.
    async fn send(&self, request: &Request, token: AccessToken) -> Result<Answer, RequestError> {
        let answer = self.deliver(request, &token).await?;
        let Some(said) = self.token_refusal(request, &answer) else {
            return Ok(answer);
        };
        let fate = answer.fate();
        let refused = |said: &str| self.auth.token_refused(Some(said)).at_least(fate);
        let replacement = self.auth.replacement(&token, &self.delivery).await;
        let replacement = replacement.map_err(|error| error.before_sending().at_least(fate))?;
        let Some(token) = replacement else {
            return Err(refused(&said));
        };
        let answer = self.deliver(request, &token).await;
        let mut answer = answer.map_err(|error| error.at_least(fate))?;
        answer.at_least(fate);
        match self.token_refusal(request, &answer) {
            Some(said) => Err(refused(&said).at_least(answer.fate())),
            None => Ok(answer),
        }
    }

    async fn deliver(
        &self,
        request: &Request,
        token: &AccessToken,
    ) -> Result<Answer, RequestError> {
        let is_refusal = |answer: &Answer| self.door.is_refusal(answer);
        self.delivery
            .deliver(request, Some(&token.token), &is_refusal)
            .await
    }

    /// What the server said, if it refuses the token. Anyone may refuse the token of a read, but
    /// only the API can say that it did not look at a write.
    fn token_refusal(&self, request: &Request, answer: &Answer) -> Option<String> {
        let said = self.door.token_refusal(answer)?;
        (request.only_reads() || self.door.is_refusal(answer)).then_some(said)
    }
}
