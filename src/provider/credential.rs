//! Credentials of an identity: taken from the environment, never from a file, and never shown.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::environment_variables::ProviderVariables;
use crate::core::platform::Platform;
use crate::http::answer::Answer;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::Origin;
use crate::http::quote::clause;
use crate::http::request::Request;

/// What the command line says about logging in. It comes before what the variables say.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// Who GitHub's identity tokens are meant for (`--oidc-audience`).
    pub oidc_audience: Option<String>,
    /// The organization to log in to (`--organization-slug`).
    pub organization_slug: Option<String>,
}

/// The credential of an identity.
pub enum Credential {
    /// A token that is sent as it is.
    Token(Token),
    /// Something that a login exchanges for an access token.
    Login(Box<dyn Login>),
}

/// A way to log in. Each platform has its own.
#[async_trait]
pub trait Login: Send + Sync {
    /// What people call it: `universal auth`.
    fn method(&self) -> String;

    /// The slug of the organization that it asks for, if it asks for one.
    fn organization(&self) -> Option<&str> {
        None
    }

    /// The request of a login. Can ask another identity provider for a token first.
    async fn request(&self, origin: &Origin) -> Result<Request, RequestError>;

    /// What the answer to a login grants.
    fn grant(
        &self,
        request: &Request,
        answer: &Answer,
        origin: &Origin,
    ) -> Result<Grant, RequestError>;

    /// The error for a login that the server does not accept, with its status and own words.
    fn refused(&self, status: u16, said: Option<&str>) -> RequestError;
}

/// What a login grants.
pub struct Grant {
    /// The access token, registered as a secret.
    pub token: SecretString,
    /// How long it is accepted, counted from the login; `None` if the answer does not say.
    pub expires_in: Option<Duration>,
}

impl Credential {
    /// How it logs in, as people call it: `universal auth`.
    pub fn method(&self) -> String {
        match self {
            Self::Token(token) => format!("the token in {}", token.variable),
            Self::Login(login) => login.method(),
        }
    }

    /// The slug of the organization that its login asks for, if it asks for one.
    pub fn organization(&self) -> Option<&str> {
        match self {
            Self::Token(_) => None,
            Self::Login(login) => login.organization(),
        }
    }

    /// The error for a token that the server does not accept, with its own words. A login that
    /// granted one was accepted: its credential is not what is wrong.
    pub fn token_refused(&self, said: Option<&str>) -> RequestError {
        match self {
            Self::Token(token) => token.refused(said),
            Self::Login(login) => RequestError::authentication(format!(
                "The server accepted the login with {}, but refuses the token that it gave out{}.",
                login.method(),
                in_brackets(said)
            ))
            .help(
                "Check how long the identity's tokens last, how often and from which addresses they \
                 may be used, and the server's clock.",
            ),
        }
    }
}

/// A token that is sent as it is, and the variable that it comes from.
pub struct Token {
    pub(super) token: SecretString,
    variable: String,
}

impl Token {
    /// The token in a variable, if it is set.
    pub fn read(
        variables: &ProviderVariables<'_>,
        name: &str,
    ) -> Result<Option<Self>, RequestError> {
        let token = variables.credential(name)?;
        Ok(token.map(|token| Self {
            token,
            variable: variables.name(name),
        }))
    }

    /// Whether it begins so: some platforms distinguish kinds of token by that.
    pub fn starts_with(&self, prefix: &str) -> bool {
        self.token.expose_secret().starts_with(prefix)
    }

    fn refused(&self, said: Option<&str>) -> RequestError {
        let variable = &self.variable;
        RequestError::authentication(format!(
            "The token in {variable} is not accepted{}.",
            in_brackets(said)
        ))
        .help(format!(
            "It may be mistyped, expired or revoked: set {variable} to a valid one."
        ))
    }
}

/// The server's own words, as the end of a sentence about a refused credential.
pub fn in_brackets(said: Option<&str>) -> String {
    said.map_or_else(String::new, |said| format!(" (the server says: {said})"))
}

/// What an answer says by its `message`, or else by its status.
pub fn message(answer: &Answer) -> String {
    let body = answer.json().unwrap_or(Value::Null);
    body.get("message")
        .and_then(Value::as_str)
        .map_or_else(|| answer.status_line(), clause)
}

/// The error for a provider whose variables hold no credential.
pub fn missing(platform: Platform, variables: &str) -> RequestError {
    RequestError::new(
        RequestErrorKind::NoCredential,
        format!(
            "There is no credential for {}: set {variables} in the environment.",
            platform.title()
        ),
    )
}
