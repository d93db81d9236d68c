//! Logging in: a credential is exchanged for an access token once for all callers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::credential::{Credential, Grant, Login};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::retry::Delivery;

/// The identity that requests are sent as.
pub struct Auth {
    credential: Credential,
    state: Mutex<LoggedIn>,
    /// How many logins have ended. Read without the lock, to see who was waiting for one.
    logins: AtomicU64,
}

#[derive(Debug, Default)]
enum LoggedIn {
    #[default]
    Never,
    Valid(AccessToken),
    Failed(RequestError),
}

/// A token to send, and by which login it came.
#[derive(Debug, Clone)]
pub struct AccessToken {
    pub(super) token: SecretString,
    login: u64,
    /// When it is no longer accepted; `None` if no answer said so.
    ends: Option<SystemTime>,
}

impl AccessToken {
    /// What it says of itself, if it is a JSON Web Token. Nobody checked it: it is for showing, and
    /// decides nothing.
    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        let mut parts = self.token.expose_secret().split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    /// When it is no longer accepted, by what the login said, or else by its own claim.
    pub(super) fn ends(&self) -> Option<SystemTime> {
        let claim = || {
            let seconds = self.claims()?.get("exp")?.as_u64()?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
        };
        self.ends.or_else(claim)
    }
}

/// Whether a login failed for a reason that can pass. Any other answer may be a refusal, whoever
/// worded it, and a few refused logins lock the identity: it is not sent again.
fn is_passing(error: &RequestError) -> bool {
    matches!(
        error.kind,
        RequestErrorKind::Unavailable
            | RequestErrorKind::RateLimited
            | RequestErrorKind::Interrupted
    )
}

impl Auth {
    /// An identity that has not logged in yet.
    pub fn new(credential: Credential) -> Self {
        Self {
            credential,
            state: Mutex::default(),
            logins: AtomicU64::new(0),
        }
    }

    /// How it logs in, as people call it.
    pub fn method(&self) -> String {
        self.credential.method()
    }

    /// The slug of the organization that its login asks for, if it asks for one.
    pub fn organization(&self) -> Option<&str> {
        self.credential.organization()
    }

    /// The token to send. Logs in if it has none yet: one request, however many callers wait.
    pub async fn access_token(&self, delivery: &Delivery) -> Result<AccessToken, RequestError> {
        let seen = self.logins.load(Ordering::Acquire);
        self.after(delivery, |login, current| match login {
            LoggedIn::Valid(token) => Some(Ok(token.clone())),
            // A login that ended while this caller waited for it counts for this caller, too.
            LoggedIn::Failed(error) if current != seen || !is_passing(error) => {
                Some(Err(error.clone()))
            }
            LoggedIn::Never | LoggedIn::Failed(_) => None,
        })
        .await
    }

    /// A token in place of one that the server no longer accepts; none if there is no other.
    pub async fn replacement(
        &self,
        refused: &AccessToken,
        delivery: &Delivery,
    ) -> Result<Option<AccessToken>, RequestError> {
        if matches!(self.credential, Credential::Token(_)) {
            return Ok(None);
        }
        self.after(delivery, |login, _| match login {
            LoggedIn::Valid(token) if token.login != refused.login => Some(Ok(token.clone())),
            LoggedIn::Failed(error) => Some(Err(error.clone())),
            LoggedIn::Never | LoggedIn::Valid(_) => None,
        })
        .await
        .map(Some)
    }

    /// The token, unless `settled` finds the matter settled: then that.
    async fn after(
        &self,
        delivery: &Delivery,
        settled: impl FnOnce(&LoggedIn, u64) -> Option<Result<AccessToken, RequestError>>,
    ) -> Result<AccessToken, RequestError> {
        let method = match &self.credential {
            Credential::Token(token) => {
                return Ok(AccessToken {
                    token: token.token.clone(),
                    login: 0,
                    ends: None,
                });
            }
            Credential::Login(method) => &**method,
        };
        let mut login = self.state.lock().await;
        let number = self.logins.load(Ordering::Acquire);
        if let Some(result) = settled(&login, number) {
            return result;
        }
        let result = self
            .log_in(method, delivery)
            .await
            .map(|grant| AccessToken {
                ends: grant
                    .expires_in
                    .and_then(|lifetime| delivery.clock.time_of_day().checked_add(lifetime)),
                token: grant.token,
                login: number + 1,
            });
        *login = match &result {
            Ok(token) => LoggedIn::Valid(token.clone()),
            Err(error) => LoggedIn::Failed(error.clone()),
        };
        self.logins.store(number + 1, Ordering::Release);
        result
    }

    async fn log_in(&self, login: &dyn Login, delivery: &Delivery) -> Result<Grant, RequestError> {
        let origin = delivery.client.origin();
        let request = login.request(origin).await?;
        let slot = delivery.refusals.of(&request);
        let mut refusal = slot.lock().await;
        if let Some(answer) = &*refusal {
            return login.grant(&request, answer, origin);
        }
        let answer = delivery.fetch(&request, None).await?;
        let result = login.grant(&request, &answer, origin);
        if result.as_ref().is_err_and(|error| !is_passing(error)) {
            *refusal = Some(answer);
        }
        result
    }

    /// The error for a token that the server does not accept, with its own words.
    pub fn token_refused(&self, said: Option<&str>) -> RequestError {
        self.credential.token_refused(said)
    }
}
