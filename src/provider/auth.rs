//! Logging in: a credential is exchanged for an access token once for all callers.

use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::SecretString;
use tokio::sync::Mutex;

use super::credential::Credential;
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
        if let Credential::Token(token) = &self.credential {
            return Ok(AccessToken {
                token: token.token.clone(),
                login: 0,
            });
        }
        let mut login = self.state.lock().await;
        let number = self.logins.load(Ordering::Acquire);
        if let Some(result) = settled(&login, number) {
            return result;
        }
        let result = self.log_in(delivery).await.map(|token| AccessToken {
            token,
            login: number + 1,
        });
        *login = match &result {
            Ok(token) => LoggedIn::Valid(token.clone()),
            Err(error) => LoggedIn::Failed(error.clone()),
        };
        self.logins.store(number + 1, Ordering::Release);
        result
    }

    async fn log_in(&self, delivery: &Delivery) -> Result<SecretString, RequestError> {
        let login = match &self.credential {
            Credential::Token(token) => return Ok(token.token.clone()),
            Credential::Login(login) => login,
        };
        let origin = delivery.client.origin();
        let request = login.request(origin).await?;
        let answer = delivery.fetch(&request, None).await?;
        login.access_token(&request, &answer, origin)
    }

    /// The error for a credential that the server does not accept, with its status and own words.
    pub fn refused(&self, status: u16, said: Option<&str>) -> RequestError {
        self.credential.refused(status, said)
    }
}
