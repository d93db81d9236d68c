//! What stands for an identity: taken from the environment, never from a file, and never shown.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Map;

use super::SandboxAccess;
use super::identity_token::IdentityToken;
use super::request::Request;
use super::retry::{Delivery, Repeat};
use super::variables::Variables;
use crate::cancel::Cancellation;
use crate::core::platform::Platform;
use crate::http::HttpOptions;
use crate::provider::{ProviderError, ProviderErrorKind};

const TOKEN: &str = "INFISICAL_TOKEN";
const CLIENT_ID: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
const CLIENT_SECRET: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";
const IDENTITY_ID: &str = "INFISICAL_MACHINE_IDENTITY_ID";
const AUTH_METHOD: &str = "INFISICAL_AUTH_METHOD";

/// What stands for the identity.
#[derive(Debug)]
pub enum Credential {
    /// A token that is sent as it is, and the variable that it comes from.
    Token {
        /// The token.
        token: SecretString,
        /// The variable.
        variable: String,
    },
    /// Infisical's universal auth: exchanged for an access token.
    UniversalAuth {
        /// The client id.
        client_id: SecretString,
        /// The client secret.
        client_secret: SecretString,
        /// The variable of the id.
        id_variable: String,
        /// The variable of the secret.
        secret_variable: String,
    },
    /// A token of another identity provider, exchanged for an access token of a machine identity.
    Identity {
        /// How the platform checks it.
        method: IdentityMethod,
        /// The identity's id.
        id: String,
        /// The variable of the id.
        id_variable: String,
        /// Where the token comes from.
        token: IdentityToken,
    },
}

/// A way to log in to Infisical with a token of another identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityMethod {
    /// The segment of the login's path.
    route: &'static str,
    /// As people call it.
    title: &'static str,
}

impl IdentityMethod {
    /// What GitHub, GitLab and other CI systems give out.
    const OIDC: Self = Self::new("oidc-auth", "OIDC auth");
    const JWT: Self = Self::new("jwt-auth", "JWT auth");
    const KUBERNETES: Self = Self::new("kubernetes-auth", "Kubernetes auth");
    const GCP: Self = Self::new("gcp-auth", "GCP auth");
    const AZURE: Self = Self::new("azure-auth", "Azure auth");

    const fn new(route: &'static str, title: &'static str) -> Self {
        Self { route, title }
    }
}

/// What `INFISICAL_AUTH_METHOD` can say.
enum Chosen {
    Token,
    UniversalAuth,
    Identity(IdentityMethod),
}

impl Chosen {
    /// Reads a method by the names of the API, of Infisical's command line and of its Terraform
    /// provider.
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "token" | "token-auth" => Self::Token,
            "universal" | "universal-auth" => Self::UniversalAuth,
            "oidc" | "oidc-auth" => Self::Identity(IdentityMethod::OIDC),
            "jwt" | "jwt-auth" => Self::Identity(IdentityMethod::JWT),
            "kubernetes" | "kubernetes-auth" => Self::Identity(IdentityMethod::KUBERNETES),
            "gcp" | "gcp-auth" | "gcp-id-token" => Self::Identity(IdentityMethod::GCP),
            "azure" | "azure-auth" => Self::Identity(IdentityMethod::AZURE),
            _ => return None,
        })
    }
}

/// A login that is ready to be sent.
pub struct Login {
    /// The request.
    pub request: Request,
    /// What it carries beside the credential itself, to be kept out of errors.
    pub carried: Option<SecretString>,
}

impl Credential {
    /// Takes the credential of a provider from the environment.
    ///
    /// Where `INFISICAL_AUTH_METHOD` does not choose, a token comes before universal auth, as in
    /// Infisical's own command line, and both before an identity's OIDC auth.
    pub fn from_environment(
        kind: Platform,
        variables: &Variables<'_>,
        options: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Result<Self, ProviderError> {
        if !kind.reads_back() {
            let variable = variables.name("ENKRYPTIFY_TOKEN");
            let token = variables
                .credential("ENKRYPTIFY_TOKEN")?
                .ok_or_else(|| missing(kind, &variable))?;
            return Ok(Self::Token { token, variable });
        }
        let identity = |method| Self::identity(method, variables, options, cancellation);
        match variables.get(AUTH_METHOD).map(str::trim) {
            None => {}
            Some(text) => {
                return match Chosen::parse(text) {
                    Some(Chosen::Token) => Self::token(variables)?
                        .ok_or_else(|| chosen_without(variables, &[variables.name(TOKEN)])),
                    Some(Chosen::UniversalAuth) => {
                        Self::universal_auth(variables)?.ok_or_else(|| {
                            let names = [CLIENT_ID, CLIENT_SECRET].map(|name| variables.name(name));
                            chosen_without(variables, &names)
                        })
                    }
                    Some(Chosen::Identity(method)) => identity(method)?
                        .ok_or_else(|| chosen_without(variables, &[variables.name(IDENTITY_ID)])),
                    None => Err(unknown_method(variables)),
                };
            }
        }
        if let Some(token) = Self::token(variables)? {
            return Ok(token);
        }
        if let Some(universal_auth) = Self::universal_auth(variables)? {
            return Ok(universal_auth);
        }
        identity(IdentityMethod::OIDC)?.ok_or_else(|| {
            let [token, id, secret, identity] =
                [TOKEN, CLIENT_ID, CLIENT_SECRET, IDENTITY_ID].map(|name| variables.name(name));
            missing(kind, &format!("{token}, or {id} and {secret}")).help(format!(
                "In CI no secret is needed: set {identity}, and the job's identity token is used."
            ))
        })
    }

    /// The demo credential of the sandbox.
    pub fn of_sandbox(kind: Platform, access: &SandboxAccess) -> Self {
        let variable = "the sandbox".to_owned();
        if kind.reads_back() {
            Self::UniversalAuth {
                client_id: access.client_id.clone(),
                client_secret: access.client_secret.clone(),
                id_variable: variable.clone(),
                secret_variable: variable,
            }
        } else {
            Self::Token {
                token: access.enkryptify_token.clone(),
                variable,
            }
        }
    }

    fn token(variables: &Variables<'_>) -> Result<Option<Self>, ProviderError> {
        let Some(token) = variables.credential(TOKEN)? else {
            return Ok(None);
        };
        let variable = variables.name(TOKEN);
        if token.expose_secret().starts_with("st.") {
            return Err(authentication(format!(
                "{variable} holds a service token (st.…), which Infisical does not accept for secret syncs."
            ))
            .help("Use a machine identity: its access token, or its universal-auth client id and secret."));
        }
        Ok(Some(Self::Token { token, variable }))
    }

    fn universal_auth(variables: &Variables<'_>) -> Result<Option<Self>, ProviderError> {
        let (id_variable, secret_variable) =
            (variables.name(CLIENT_ID), variables.name(CLIENT_SECRET));
        let half = |present: &str, absent: &str| {
            authentication(format!(
                "{present} is set, but {absent} is not: universal auth needs both."
            ))
        };
        match (
            variables.credential(CLIENT_ID)?,
            variables.credential(CLIENT_SECRET)?,
        ) {
            (Some(client_id), Some(client_secret)) => Ok(Some(Self::UniversalAuth {
                client_id,
                client_secret,
                id_variable,
                secret_variable,
            })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(half(&id_variable, &secret_variable)),
            (None, Some(_)) => Err(half(&secret_variable, &id_variable)),
        }
    }

    fn identity(
        method: IdentityMethod,
        variables: &Variables<'_>,
        options: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Result<Option<Self>, ProviderError> {
        let Some(id) = variables.get(IDENTITY_ID).map(str::trim) else {
            return Ok(None);
        };
        let id_variable = variables.name(IDENTITY_ID);
        // The server fails with 500 at an id of another form.
        if !is_uuid(id) {
            return Err(authentication(format!(
                "{id_variable} does not hold the id of a machine identity."
            ))
            .help("Copy it from the identity's page: it looks like 5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11."));
        }
        let token = if method == IdentityMethod::KUBERNETES {
            IdentityToken::of_service_account(variables)
        } else if method == IdentityMethod::OIDC {
            IdentityToken::of_ci(variables, options, cancellation)?
        } else {
            IdentityToken::given(variables)?
        };
        Ok(Some(Self::Identity {
            method,
            id: id.to_owned(),
            id_variable,
            token,
        }))
    }

    /// How it logs in, as people call it: `universal auth`.
    pub fn method(&self) -> String {
        match self {
            Self::Token { variable, .. } => format!("the token in {variable}"),
            Self::UniversalAuth { .. } => "universal auth".to_owned(),
            Self::Identity { method, token, .. } => {
                format!("{} and {}", method.title, token.origin())
            }
        }
    }

    /// The request that exchanges it for an access token; none for a token.
    pub async fn login(&self, delivery: &Delivery) -> Result<Option<Login>, ProviderError> {
        let (method, title, body, carried) = match self {
            Self::Token { .. } => return Ok(None),
            Self::UniversalAuth {
                client_id,
                client_secret,
                ..
            } => (
                "universal-auth",
                "universal auth",
                [
                    ("clientId", client_id.expose_secret().to_owned()),
                    ("clientSecret", client_secret.expose_secret().to_owned()),
                ],
                None,
            ),
            Self::Identity {
                method, id, token, ..
            } => {
                let token = token.fetch().await?;
                (
                    method.route,
                    method.title,
                    [
                        ("identityId", id.clone()),
                        ("jwt", token.expose_secret().to_owned()),
                    ],
                    Some(token),
                )
            }
        };
        let body: Map<_, _> = body
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let request = Request::new(
            delivery.client.origin(),
            Method::POST,
            &["api", "v1", "auth", method, "login"],
            Repeat::Read,
            format!("log in to Infisical with {title}"),
        )?
        .json(&body);
        Ok(Some(Login { request, carried }))
    }

    /// What to check when the server fails at a login.
    pub fn variables(&self) -> String {
        match self {
            Self::Token { variable, .. } => variable.clone(),
            Self::UniversalAuth { id_variable, .. } | Self::Identity { id_variable, .. } => {
                id_variable.clone()
            }
        }
    }

    /// The error for a credential that the server does not accept, with its status and own words.
    pub fn refused(&self, status: u16, said: Option<&str>) -> ProviderError {
        let said = said.map_or_else(String::new, |said| format!(" (the server says: {said})"));
        match self {
            Self::Token { variable, .. } => {
                authentication(format!("The token in {variable} is not accepted{said}.")).help(
                    format!("It may be mistyped, expired or revoked: set {variable} to a valid one."),
                )
            }
            Self::UniversalAuth {
                id_variable,
                secret_variable,
                ..
            } => authentication(format!(
                "The login with {id_variable} and {secret_variable} is not accepted{said}."
            ))
            .help(
                "Check both, that the identity exists on this server, and that the secret has \
                 neither expired nor been used up.",
            ),
            Self::Identity {
                method,
                id_variable,
                token,
                ..
            } => authentication(format!(
                "The login with {id_variable} and {} ({}) is not accepted{said}.",
                token.origin(),
                method.title
            ))
            .help(match status {
                // A wrong subject, or other claims that the identity does not allow.
                403 => format!(
                    "Compare the subject and the claims that the identity allows for {} with those of this job.",
                    method.title
                ),
                404 => format!(
                    "Check {id_variable}, and that the identity has {} on this server; another method is chosen with {}.",
                    method.title,
                    id_variable.replace(IDENTITY_ID, AUTH_METHOD)
                ),
                _ => token.advice(),
            }),
        }
    }

    /// What must not be shown.
    pub fn secrets(&self) -> Vec<&SecretString> {
        match self {
            Self::Token { token, .. } => vec![token],
            Self::UniversalAuth { client_secret, .. } => vec![client_secret],
            Self::Identity { token, .. } => token.secret().into_iter().collect(),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .concat()
            .chars()
            .all(|character| character.is_ascii_hexdigit())
}

fn unknown_method(variables: &Variables<'_>) -> ProviderError {
    let variable = variables.name(AUTH_METHOD);
    authentication(format!(
        "{variable} names no way to log in that secsync knows."
    ))
    .help(
        "It can be universal-auth, token-auth, oidc-auth, jwt-auth, kubernetes-auth, gcp-auth or \
         azure-auth.",
    )
}

fn chosen_without(variables: &Variables<'_>, absent: &[String]) -> ProviderError {
    let (verb, absent) = match absent {
        [only] => ("is", only.clone()),
        several => ("are", several.join(" and ")),
    };
    let variable = variables.name(AUTH_METHOD);
    authentication(format!(
        "{variable} chooses {}, but {absent} {verb} not set.",
        variables.get(AUTH_METHOD).unwrap_or_default().trim()
    ))
    .help(format!("Set it in the environment, or change {variable}."))
}

fn missing(kind: Platform, variables: &str) -> ProviderError {
    authentication(format!(
        "There is no credential for {}: set {variables} in the environment.",
        kind.title()
    ))
}

pub(super) fn authentication(message: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Authentication, message)
}
