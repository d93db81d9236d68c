//! The token with which another identity provider vouches for this run: a CI system's, a
//! Kubernetes service account's, or one that was given.
//!
//! It is fetched anew for every login, because it lives for minutes only. The token that GitHub's
//! runner is given to fetch it with goes to the address that the runner's environment names and
//! nowhere else, over https only; on this machine, too.

use camino::Utf8PathBuf;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::cancel::Cancellation;
use crate::http::HttpOptions;
use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::Origin;
use crate::http::quote::clause;
use crate::http::request::Repeat;
use crate::http::request::Request;
use crate::http::retry::Delivery;
use crate::provider::environment_variables::{ProviderVariables, credential, is_credential};
use crate::redaction;
use crate::text_file;

/// A token of any identity provider.
pub const GIVEN: &str = "INFISICAL_AUTH_JWT";
/// Who a token that GitHub gives out is meant for.
pub const AUDIENCE: &str = "INFISICAL_OIDC_AUDIENCE";
/// Where a service account's token is, as Infisical's own command line reads it.
pub const SERVICE_ACCOUNT: &str = "INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH";
/// Where Kubernetes puts a service account's token.
const SERVICE_ACCOUNT_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/// The largest file of a token, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;
/// GitHub's own variables: they belong to the job, whatever the provider is named.
pub const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
pub const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

const GITHUB_TASK: &str = "get an identity token from GitHub Actions";

/// Where an identity token comes from.
pub enum IdentityToken {
    /// A variable holds it.
    Given {
        /// The token.
        token: SecretString,
        /// The variable.
        variable: String,
    },
    /// GitHub Actions gives it out.
    GitHub(Box<GitHub>),
    /// A file holds it, which Kubernetes keeps fresh.
    File(Utf8PathBuf),
}

/// The way to GitHub's token endpoint.
pub struct GitHub {
    delivery: Delivery,
    url: Url,
    bearer: SecretString,
    audience: Option<String>,
    audience_variable: String,
}

/// Without what is secret.
impl std::fmt::Debug for IdentityToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.origin())
    }
}

impl IdentityToken {
    /// The token that a variable holds.
    pub fn given(variables: &ProviderVariables<'_>) -> Result<Self, RequestError> {
        Self::from_variable(variables)?.ok_or_else(|| {
            RequestError::authentication(format!(
                "There is no identity token to log in with: set {} in the environment.",
                variables.name(GIVEN)
            ))
        })
    }

    /// The token that a variable holds, as GitLab sets one, or else GitHub's, meant for `audience`
    /// rather than for what a variable names.
    pub fn of_ci(
        variables: &ProviderVariables<'_>,
        audience: Option<&str>,
        http: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Result<Self, RequestError> {
        if let Some(given) = Self::from_variable(variables)? {
            return Ok(given);
        }
        let environment = variables.environment();
        let (Some(url), Some(bearer)) = (
            environment.get(GITHUB_URL),
            credential(environment, GITHUB_TOKEN)?,
        ) else {
            return Err(RequestError::authentication(format!(
                "There is no identity token to log in with: {} is not set, and this is no \
                 GitHub Actions job that may ask for one.",
                variables.name(GIVEN)
            ))
            .help(
                "In GitHub Actions, give the job `permissions: id-token: write`; elsewhere \
                 put the CI system's token into that variable.",
            ));
        };
        let unusable = |reason: &str| {
            RequestError::new(
                RequestErrorKind::Configuration,
                format!("The address in {GITHUB_URL} {reason}."),
            )
            .help("GitHub's runner sets it; do not set it yourself.")
        };
        let url = Url::parse(url.trim()).map_err(|_| unusable("is not a URL"))?;
        let origin = Origin::of(&url).map_err(unusable)?;
        if !origin.is_secure() {
            return Err(unusable("is not an https URL"));
        }
        Ok(Self::GitHub(Box::new(GitHub {
            delivery: Delivery::to(origin, environment, http, cancellation),
            url,
            bearer,
            audience: audience
                .or_else(|| variables.get(AUDIENCE))
                .map(str::to_owned),
            audience_variable: variables.name(AUDIENCE),
        })))
    }

    /// The token that Kubernetes keeps in a file.
    pub fn of_service_account(variables: &ProviderVariables<'_>) -> Self {
        let file = variables.get(SERVICE_ACCOUNT);
        Self::File(file.unwrap_or(SERVICE_ACCOUNT_FILE).into())
    }

    fn from_variable(variables: &ProviderVariables<'_>) -> Result<Option<Self>, RequestError> {
        let variable = variables.name(GIVEN);
        let token = variables.credential(GIVEN)?;
        Ok(token.map(|token| Self::Given { token, variable }))
    }

    /// Where it comes from, for use inside a sentence.
    pub fn origin(&self) -> String {
        match self {
            Self::Given { variable, .. } => variable.clone(),
            Self::GitHub(_) => "GitHub's identity token".to_owned(),
            Self::File(path) => format!("the token in {path}"),
        }
    }

    /// What to check when a server refuses it as it is: expired, or meant for somebody else.
    pub fn advice(&self) -> String {
        match self {
            Self::Given { variable, .. } => format!(
                "Check that the token in {variable} has not expired, and that the identity allows its issuer and audience."
            ),
            Self::GitHub(github) => {
                let audience = match &github.audience {
                    Some(audience) => format!("\"{}\"", clause(audience)),
                    None => "GitHub's own default".to_owned(),
                };
                format!(
                    "Its audience is {audience}: set {} or --oidc-audience to the one that the identity allows.",
                    github.audience_variable
                )
            }
            Self::File(path) => format!(
                "Check that {path} holds a fresh token, and that the identity allows its service account and audience."
            ),
        }
    }

    /// The token as it is now.
    pub async fn fetch(&self) -> Result<SecretString, RequestError> {
        match self {
            Self::Given { token, .. } => Ok(token.clone()),
            Self::GitHub(github) => github.fetch().await,
            Self::File(path) => read(path),
        }
    }
}

impl GitHub {
    async fn fetch(&self) -> Result<SecretString, RequestError> {
        let mut url = self.url.clone();
        if let Some(audience) = &self.audience {
            url.query_pairs_mut().append_pair("audience", audience);
        }
        let request = Request::to_url(Method::GET, url, Repeat::Read, GITHUB_TASK);
        let answer = self.delivery.fetch(&request, Some(&self.bearer)).await?;
        self.read(&answer)
    }

    fn read(&self, answer: &Answer) -> Result<SecretString, RequestError> {
        let origin = self.delivery.client.origin();
        let status = answer.status_line();
        match answer.status() {
            200 => {
                let bad = |what: &str| bad_answer(GITHUB_TASK, origin, what);
                let body = answer.json().map_err(|what| bad(&format!("with {what}")))?;
                match body.get("value") {
                    Some(Value::String(token)) if is_credential(token) => Ok(redaction::register(
                        token.as_str(),
                        "GitHub's identity token",
                    )),
                    _ => Err(bad("without a token")),
                }
            }
            401 | 403 => Err(RequestError::authentication(format!(
                "Cannot {GITHUB_TASK}: {origin} answered {status}."
            ))
            .help("Give the job `permissions: id-token: write`; a job's token ends with the job.")),
            500.. => Err(RequestError::new(
                RequestErrorKind::Unavailable,
                format!("Cannot {GITHUB_TASK}: {origin} failed with {status}."),
            )
            .help("Run it again later.")),
            _ => Err(bad_answer(GITHUB_TASK, origin, &status)),
        }
    }
}

fn read(path: &Utf8PathBuf) -> Result<SecretString, RequestError> {
    let unusable = |reason: &str| {
        RequestError::authentication(format!(
            "The file {path} of the service account's token {reason}."
        ))
        .help(format!(
            "Run it in a pod with a service account, or name the file in {SERVICE_ACCOUNT}."
        ))
    };
    let text = text_file::read(path, LARGEST_FILE)
        .map(SecretString::from)
        .map_err(|why| unusable(&format!("cannot be read: {why}")))?;
    let token = text.expose_secret().trim();
    if is_credential(token) {
        Ok(redaction::register(token, &format!("The file {path}")))
    } else if token.is_empty() {
        Err(unusable("holds no token"))
    } else {
        Err(unusable(
            "holds something that is not a token, or is too long for one",
        ))
    }
}
