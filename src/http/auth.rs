//! Credentials: taken from the environment, exchanged for an access token once for all callers,
//! and never shown.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::SandboxAccess;
use super::answer::{Answer, bad_answer};
use super::origin::Origin;
use super::request::Request;
use super::retry::{Delivery, Repeat};
use super::text::clause;
use super::variables::Variables;
use crate::provider::{ProviderError, ProviderErrorKind, ProviderKind};

/// What stands for the identity.
#[derive(Debug)]
enum Credential {
    /// A token that is sent as it is, and the variable that it comes from.
    Token {
        token: SecretString,
        variable: String,
    },
    /// Infisical's universal auth: exchanged for an access token.
    UniversalAuth {
        client_id: SecretString,
        client_secret: SecretString,
        id_variable: String,
        secret_variable: String,
    },
}

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
    /// Takes the credential of a provider from the environment.
    ///
    /// A token comes before universal auth, as in Infisical's own command line.
    pub fn from_environment(
        kind: ProviderKind,
        variables: &Variables<'_>,
    ) -> Result<Self, ProviderError> {
        match kind {
            ProviderKind::Infisical => Self::infisical(variables),
            ProviderKind::Enkryptify => {
                let token = credential(variables, "ENKRYPTIFY_TOKEN")?
                    .ok_or_else(|| missing(kind, &variables.name("ENKRYPTIFY_TOKEN")))?;
                Ok(Self::token(token, variables.name("ENKRYPTIFY_TOKEN")))
            }
        }
    }

    /// The demo credential of the sandbox.
    pub fn of_sandbox(kind: ProviderKind, access: &SandboxAccess) -> Self {
        let variable = "the sandbox".to_owned();
        match kind {
            ProviderKind::Infisical => Self::new(Credential::UniversalAuth {
                client_id: access.client_id.clone(),
                client_secret: access.client_secret.clone(),
                id_variable: variable.clone(),
                secret_variable: variable,
            }),
            ProviderKind::Enkryptify => Self::token(access.enkryptify_token.clone(), variable),
        }
    }

    fn infisical(variables: &Variables<'_>) -> Result<Self, ProviderError> {
        const ID: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
        const SECRET: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";
        if let Some(token) = credential(variables, "INFISICAL_TOKEN")? {
            let variable = variables.name("INFISICAL_TOKEN");
            if token.expose_secret().starts_with("st.") {
                return Err(ProviderError::new(
                    ProviderErrorKind::Authentication,
                    format!("{variable} holds a service token (st.…), which Infisical does not accept for secret syncs."),
                )
                .help("Use a machine identity: its access token, or its universal-auth client id and secret."));
            }
            return Ok(Self::token(token, variable));
        }
        let (id_variable, secret_variable) = (variables.name(ID), variables.name(SECRET));
        match (credential(variables, ID)?, credential(variables, SECRET)?) {
            (Some(client_id), Some(client_secret)) => Ok(Self::new(Credential::UniversalAuth {
                client_id,
                client_secret,
                id_variable,
                secret_variable,
            })),
            (None, None) => Err(missing(
                ProviderKind::Infisical,
                &format!(
                    "{}, or {id_variable} and {secret_variable}",
                    variables.name("INFISICAL_TOKEN")
                ),
            )),
            (Some(_), None) => Err(half(&id_variable, &secret_variable)),
            (None, Some(_)) => Err(half(&secret_variable, &id_variable)),
        }
    }

    fn token(token: SecretString, variable: String) -> Self {
        Self::new(Credential::Token { token, variable })
    }

    fn new(credential: Credential) -> Self {
        Self {
            credential,
            login: Mutex::default(),
            logins: AtomicU64::new(0),
        }
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
        let Credential::UniversalAuth {
            client_id,
            client_secret,
            ..
        } = &self.credential
        else {
            return Err(self.refused(None));
        };
        let body: Map<String, Value> = [("clientId", client_id), ("clientSecret", client_secret)]
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), secret.expose_secret().into()))
            .collect();
        let request = Request::new(
            delivery.client.origin(),
            Method::POST,
            &["api", "v1", "auth", "universal-auth", "login"],
            Repeat::Read,
            "log in to Infisical with universal auth",
        )?
        .json(&body);
        let answer = delivery.deliver(&request, None).await?;
        self.read_login(&request, &answer, delivery.client.origin())
            .map_err(|error| self.scrub(error, None))
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
            .help("Try again later; if it stays, check the client id and the server's log.")),
            400..=499 => Err(self.refused(Some(&said(&body?)))),
            _ => Err(bad_answer(&request.task, origin, &status)),
        }
    }

    /// The error for a credential that the server does not accept, with its own words.
    pub fn refused(&self, said: Option<&str>) -> ProviderError {
        let said = said.map_or_else(String::new, |said| format!(" (the server says: {said})"));
        let (message, help) = match &self.credential {
            Credential::Token { variable, .. } => (
                format!("The token in {variable} is not accepted{said}."),
                format!("It may be mistyped, expired or revoked: set {variable} to a valid one."),
            ),
            Credential::UniversalAuth {
                id_variable,
                secret_variable,
                ..
            } => (
                format!(
                    "The login with {id_variable} and {secret_variable} is not accepted{said}."
                ),
                "Check both, that the identity exists on this server, and that the secret has \
                 neither expired nor been used up."
                    .to_owned(),
            ),
        };
        ProviderError::new(ProviderErrorKind::Authentication, message).help(help)
    }

    /// Takes every credential out of what an error says, should a server repeat one.
    pub fn scrub(&self, mut error: ProviderError, token: Option<&AccessToken>) -> ProviderError {
        let own: &[&SecretString] = match &self.credential {
            Credential::Token { token, .. } => &[token],
            Credential::UniversalAuth { client_secret, .. } => &[client_secret],
        };
        let secrets = own.iter().copied().chain(token.map(|token| &token.token));
        for secret in secrets.map(ExposeSecret::expose_secret) {
            error.message = error.message.replace(secret, "<redacted>");
            error.help = error.help.map(|help| help.replace(secret, "<redacted>"));
        }
        error
    }
}

/// A credential from a variable, without the line break that pasting leaves at its end.
fn credential(
    variables: &Variables<'_>,
    name: &str,
) -> Result<Option<SecretString>, ProviderError> {
    let Some(text) = variables.get(name) else {
        return Ok(None);
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Ok(None);
    }
    if !is_credential(text) {
        return Err(ProviderError::new(
            ProviderErrorKind::Authentication,
            format!(
                "{} holds a blank, a line break or another character that no credential has.",
                variables.name(name)
            ),
        )
        .help("Set it again to the bare credential, without quotes, blanks or the word Bearer."));
    }
    Ok(Some(text.to_owned().into()))
}

fn is_credential(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

fn missing(kind: ProviderKind, variables: &str) -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Authentication,
        format!(
            "There is no credential for {}: set {variables} in the environment.",
            kind.title()
        ),
    )
}

fn half(present: &str, absent: &str) -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Authentication,
        format!("{present} is set, but {absent} is not: universal auth needs both."),
    )
}
