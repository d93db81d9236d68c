//! Logging in: a credential is exchanged for an access token once for all callers.

use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::answer::{Answer, bad_answer};
use super::credential::Credential;
use super::origin::Origin;
use super::request::Request;
use super::retry::Delivery;
use super::text::clause;
use super::variables::is_credential;
use crate::provider::{ProviderError, ProviderErrorKind};

/// The identity that requests are sent as.
#[derive(Debug)]
pub struct Auth {
    credential: Credential,
    login: Mutex<Login>,
    /// How many logins have ended. Read without the lock, to tell who was waiting for one.
    logins: AtomicU64,
}

#[derive(Debug, Default)]
enum Login {
    #[default]
    Never,
    Valid(AccessToken),
    Failed(ProviderError),
}

/// A token to send, and by which login it came.
#[derive(Debug, Clone)]
pub struct AccessToken {
    pub(super) token: SecretString,
    login: u64,
}

impl Auth {
    /// An identity that has not logged in yet.
    pub fn new(credential: Credential) -> Self {
        Self {
            credential,
            login: Mutex::default(),
            logins: AtomicU64::new(0),
        }
    }

    /// How it logs in, as people call it.
    pub fn method(&self) -> String {
        self.credential.method()
    }

    /// The token to send. Logs in when there is none yet: one request, however many callers wait.
    pub async fn access_token(&self, delivery: &Delivery) -> Result<AccessToken, ProviderError> {
        let seen = self.logins.load(Ordering::Acquire);
        self.after(delivery, |login, current| match login {
            Login::Valid(token) => Some(Ok(token.clone())),
            // A login that ended while this caller waited for it counts for this caller, too; and
            // a credential that was refused stays refused, so that a wrong one does not lock
            // the identity out by being tried again and again.
            Login::Failed(error)
                if current != seen || error.kind == ProviderErrorKind::Authentication =>
            {
                Some(Err(error.clone()))
            }
            Login::Never | Login::Failed(_) => None,
        })
        .await
    }

    /// A token in place of one that the server no longer accepts; none if there is no other.
    pub async fn replacement(
        &self,
        refused: &AccessToken,
        delivery: &Delivery,
    ) -> Result<Option<AccessToken>, ProviderError> {
        if matches!(self.credential, Credential::Token { .. }) {
            return Ok(None);
        }
        self.after(delivery, |login, _| match login {
            Login::Valid(token) if token.login != refused.login => Some(Ok(token.clone())),
            Login::Failed(error) => Some(Err(error.clone())),
            Login::Never | Login::Valid(_) => None,
        })
        .await
        .map(Some)
    }

    /// The token, unless `settled` finds the matter settled: then that.
    async fn after(
        &self,
        delivery: &Delivery,
        settled: impl FnOnce(&Login, u64) -> Option<Result<AccessToken, ProviderError>>,
    ) -> Result<AccessToken, ProviderError> {
        if let Credential::Token { token, .. } = &self.credential {
            return Ok(AccessToken {
                token: token.clone(),
                login: 0,
            });
        }
        let mut login = self.login.lock().await;
        let number = self.logins.load(Ordering::Acquire);
        if let Some(result) = settled(&login, number) {
            return result;
        }
        let result = self.log_in(delivery).await.map(|token| AccessToken {
            token,
            login: number + 1,
        });
        *login = match &result {
            Ok(token) => Login::Valid(token.clone()),
            Err(error) => Login::Failed(error.clone()),
        };
        self.logins.store(number + 1, Ordering::Release);
        result
    }

    async fn log_in(&self, delivery: &Delivery) -> Result<SecretString, ProviderError> {
        let login = self.credential.login(delivery).await;
        let Some(login) = login.map_err(|error| self.scrub(error, None))? else {
            return Err(self.refused(401, None));
        };
        let answer = delivery.deliver(&login.request, None).await?;
        self.read_login(&login.request, &answer, delivery.client.origin())
            .map_err(|error| self.scrub(error, login.carried.as_ref()))
    }

    fn read_login(
        &self,
        request: &Request,
        answer: &Answer,
        origin: &Origin,
    ) -> Result<SecretString, ProviderError> {
        let status = answer.status_line();
        let body = answer
            .json()
            .map_err(|what| bad_answer(&request.task, origin, &format!("{status} with {what}")));
        let said = |body: &Value| {
            body.get("message")
                .and_then(Value::as_str)
                .map_or_else(|| status.clone(), clause)
        };
        match answer.status() {
            200 => match body?.get("accessToken") {
                Some(Value::String(token)) if is_credential(token) => Ok(token.clone().into()),
                _ => Err(bad_answer(&request.task, origin, "without an access token")),
            },
            500.. => Err(ProviderError::new(
                ProviderErrorKind::Unavailable,
                format!("Cannot {}: {origin} failed with {status}.", request.task),
            )
            .help(format!(
                "Try again later; if it stays, check {} and the server's log.",
                self.credential.variables()
            ))),
            400..=499 => Err(self.refused(answer.status(), Some(&said(&body?)))),
            _ => Err(bad_answer(&request.task, origin, &status)),
        }
    }

    /// The error for a credential that the server does not accept, with its status and own words.
    pub fn refused(&self, status: u16, said: Option<&str>) -> ProviderError {
        self.credential.refused(status, said)
    }

    /// Takes every credential out of what an error says, should a server repeat one.
    pub fn scrub(&self, mut error: ProviderError, carried: Option<&SecretString>) -> ProviderError {
        let own = self.credential.secrets();
        for secret in own
            .into_iter()
            .chain(carried)
            .map(ExposeSecret::expose_secret)
        {
            error.message = error.message.replace(secret, "<redacted>");
            error.help = error.help.map(|help| help.replace(secret, "<redacted>"));
        }
        error
    }
}
