//! Infisical's ways to log in, by the variables that its own command line and its Terraform
//! provider read.

use async_trait::async_trait;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::PLATFORM;
use super::identity_token::IdentityToken;
use crate::cancel::Cancellation;
use crate::core::words::is_uuid;
use crate::http::HttpOptions;
use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::Origin;
use crate::http::request::Request;
use crate::http::retry::Repeat;
use crate::provider::credential::{Credential, Login, Token, in_brackets, message, missing};
use crate::provider::variables::{ProviderVariables, is_credential};
use crate::redaction;

/// An access token, sent as it is.
pub const TOKEN: &str = "INFISICAL_TOKEN";
/// The client id of universal auth.
pub const CLIENT_ID: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
/// The client secret of universal auth.
pub const CLIENT_SECRET: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";
const IDENTITY_ID: &str = "INFISICAL_MACHINE_IDENTITY_ID";
const AUTH_METHOD: &str = "INFISICAL_AUTH_METHOD";

/// Takes the credential of a provider from its variables.
///
/// If `INFISICAL_AUTH_METHOD` does not choose, a token comes before universal auth, as in
/// Infisical's own command line, and both before an identity's OIDC auth.
pub fn credential(
    variables: &ProviderVariables<'_>,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Credential, RequestError> {
    let by_identity = |method| identity(method, variables, options, cancellation);
    if let Some(text) = variables.get(AUTH_METHOD).map(str::trim) {
        let (chosen, names): (_, &[&str]) = match Chosen::parse(text) {
            Some(Chosen::Token) => (token(variables)?, &[TOKEN]),
            Some(Chosen::UniversalAuth) => {
                (universal_auth(variables)?, &[CLIENT_ID, CLIENT_SECRET])
            }
            Some(Chosen::Identity(method)) => (by_identity(method)?, &[IDENTITY_ID]),
            None => return Err(unknown_method(variables)),
        };
        return chosen.ok_or_else(|| chosen_without(variables, names));
    }
    if let Some(token) = token(variables)? {
        return Ok(token);
    }
    if let Some(universal_auth) = universal_auth(variables)? {
        return Ok(universal_auth);
    }
    by_identity(IdentityMethod::OIDC)?.ok_or_else(|| {
        let [token, id, secret, identity] =
            [TOKEN, CLIENT_ID, CLIENT_SECRET, IDENTITY_ID].map(|name| variables.name(name));
        missing(PLATFORM, &format!("{token}, or {id} and {secret}")).help(format!(
            "In CI no secret is needed: set {identity}, and the job's identity token is used."
        ))
    })
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

fn token(variables: &ProviderVariables<'_>) -> Result<Option<Credential>, RequestError> {
    let Some(token) = Token::read(variables, TOKEN)? else {
        return Ok(None);
    };
    if token.starts_with("st.") {
        return Err(RequestError::authentication(format!(
            "{} holds a service token (st.…), which Infisical does not accept for secret syncs.",
            variables.name(TOKEN)
        ))
        .help(
            "Use a machine identity: its access token, or its universal-auth client id and secret.",
        ));
    }
    Ok(Some(Credential::Token(token)))
}

fn universal_auth(variables: &ProviderVariables<'_>) -> Result<Option<Credential>, RequestError> {
    let (id_variable, secret_variable) = (variables.name(CLIENT_ID), variables.name(CLIENT_SECRET));
    let half = |present: &str, absent: &str| {
        RequestError::authentication(format!(
            "{present} is set, but {absent} is not: universal auth needs both."
        ))
    };
    match (
        variables.id(CLIENT_ID)?,
        variables.credential(CLIENT_SECRET)?,
    ) {
        (Some(client_id), Some(client_secret)) => {
            Ok(Some(Credential::Login(Box::new(UniversalAuth {
                client_id,
                client_secret,
                id_variable,
                secret_variable,
            }))))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(&id_variable, &secret_variable)),
        (None, Some(_)) => Err(half(&secret_variable, &id_variable)),
    }
}

fn identity(
    method: IdentityMethod,
    variables: &ProviderVariables<'_>,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Option<Credential>, RequestError> {
    let Some(id) = variables.get(IDENTITY_ID).map(str::trim) else {
        return Ok(None);
    };
    let id_variable = variables.name(IDENTITY_ID);
    // The server fails with 500 at an id of another form.
    if !is_uuid(id) {
        return Err(RequestError::authentication(format!(
            "{id_variable} does not hold the id of a machine identity."
        ))
        .help(
            "Copy it from the identity's page: it looks like 5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11.",
        ));
    }
    let token = if method == IdentityMethod::KUBERNETES {
        IdentityToken::of_service_account(variables)
    } else if method == IdentityMethod::OIDC {
        IdentityToken::of_ci(variables, options, cancellation)?
    } else {
        IdentityToken::given(variables)?
    };
    Ok(Some(Credential::Login(Box::new(Identity {
        method,
        id: id.to_owned(),
        id_variable,
        token,
    }))))
}

/// Universal auth: a client id and a client secret.
struct UniversalAuth {
    client_id: String,
    client_secret: SecretString,
    id_variable: String,
    secret_variable: String,
}

#[async_trait]
impl Login for UniversalAuth {
    fn method(&self) -> String {
        "universal auth".to_owned()
    }

    async fn request(&self, origin: &Origin) -> Result<Request, RequestError> {
        let body = [
            ("clientId", self.client_id.as_str()),
            ("clientSecret", self.client_secret.expose_secret()),
        ];
        login_request(origin, ("universal-auth", "universal auth"), body)
    }

    fn access_token(
        &self,
        request: &Request,
        answer: &Answer,
        origin: &Origin,
    ) -> Result<SecretString, RequestError> {
        read_access_token(self, &self.id_variable, (request, answer, origin))
    }

    fn refused(&self, _: u16, said: Option<&str>) -> RequestError {
        RequestError::authentication(format!(
            "The login with {} and {} is not accepted{}.",
            self.id_variable,
            self.secret_variable,
            in_brackets(said)
        ))
        .help(
            "Check both, that the identity exists on this server, and that the secret has \
             neither expired nor been used up.",
        )
    }
}

/// A machine identity with a token of another identity provider.
struct Identity {
    method: IdentityMethod,
    id: String,
    id_variable: String,
    token: IdentityToken,
}

/// How Infisical checks a token of another identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct IdentityMethod {
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

#[async_trait]
impl Login for Identity {
    fn method(&self) -> String {
        format!("{} and {}", self.method.title, self.token.origin())
    }

    async fn request(&self, origin: &Origin) -> Result<Request, RequestError> {
        let token = self.token.fetch().await?;
        let body = [
            ("identityId", self.id.as_str()),
            ("jwt", token.expose_secret()),
        ];
        login_request(origin, (self.method.route, self.method.title), body)
    }

    fn access_token(
        &self,
        request: &Request,
        answer: &Answer,
        origin: &Origin,
    ) -> Result<SecretString, RequestError> {
        read_access_token(self, &self.id_variable, (request, answer, origin))
    }

    fn refused(&self, status: u16, said: Option<&str>) -> RequestError {
        let (title, id_variable) = (self.method.title, &self.id_variable);
        RequestError::authentication(format!(
            "The login with {id_variable} and {} ({title}) is not accepted{}.",
            self.token.origin(),
            in_brackets(said)
        ))
        .help(match status {
            // A wrong subject, or other claims that the identity does not allow.
            403 => format!(
                "Compare the subject and the claims that the identity allows for {title} with those of this job."
            ),
            404 => format!(
                "Check {id_variable}, and that the identity has {title} on this server; another method is chosen with {}.",
                id_variable.replace(IDENTITY_ID, AUTH_METHOD)
            ),
            _ => self.token.advice(),
        })
    }
}

fn login_request(
    origin: &Origin,
    (route, title): (&str, &str),
    body: [(&str, &str); 2],
) -> Result<Request, RequestError> {
    let body: Map<String, Value> = body
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    Ok(Request::new(
        origin,
        Method::POST,
        &["api", "v1", "auth", route, "login"],
        Repeat::Read,
        format!("log in to Infisical with {title}"),
    )?
    .json(&body))
}

/// `{accessToken, …}`, or why it is missing. `variable` is what to check if the server fails.
fn read_access_token(
    login: &dyn Login,
    variable: &str,
    (request, answer, origin): (&Request, &Answer, &Origin),
) -> Result<SecretString, RequestError> {
    let (task, status) = (request.task(), answer.status_line());
    let body = || {
        let body = answer.json();
        body.map_err(|what| bad_answer(task, origin, &format!("{status} with {what}")))
    };
    match answer.status() {
        200 => match body()?.get("accessToken") {
            Some(Value::String(token)) if is_credential(token) => Ok(redaction::register(
                token.as_str(),
                &format!("The access token of {origin}"),
            )),
            _ => Err(bad_answer(task, origin, "without an access token")),
        },
        500.. => Err(RequestError::new(
            RequestErrorKind::Unavailable,
            format!("Cannot {task}: {origin} failed with {status}."),
        )
        .help(format!(
            "Try again later; if it stays, check {variable} and the server's log."
        ))),
        code @ 400..=499 => {
            body()?;
            Err(login.refused(code, Some(&message(answer))))
        }
        _ => Err(bad_answer(task, origin, &status)),
    }
}

fn unknown_method(variables: &ProviderVariables<'_>) -> RequestError {
    RequestError::authentication(format!(
        "{} names no way to log in that secsync knows.",
        variables.name(AUTH_METHOD)
    ))
    .help(
        "It can be universal-auth, token-auth, oidc-auth, jwt-auth, kubernetes-auth, gcp-auth or \
         azure-auth.",
    )
}

fn chosen_without(variables: &ProviderVariables<'_>, names: &[&str]) -> RequestError {
    let verb = if names.len() == 1 { "is" } else { "are" };
    let names: Vec<String> = names.iter().map(|name| variables.name(name)).collect();
    let variable = variables.name(AUTH_METHOD);
    RequestError::authentication(format!(
        "{variable} chooses {}, but {} {verb} not set.",
        variables.get(AUTH_METHOD).unwrap_or_default().trim(),
        names.join(" and ")
    ))
    .help(format!("Set it in the environment, or change {variable}."))
}
