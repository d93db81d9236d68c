//! Infisical's ways to log in, by the variables that its own command line and its Terraform
//! provider read.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::PLATFORM;
use super::caller_identity::CallerIdentity;
use super::identity_token::IdentityToken;
use crate::cancel::Cancellation;
use crate::core::words::{is_or_are, is_uuid};
use crate::http::HttpOptions;
use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::Origin;
use crate::http::quote::clause;
use crate::http::request::Repeat;
use crate::http::request::Request;
use crate::provider::credential::{
    Credential, Grant, Login, LoginOptions, Token, in_brackets, message, missing,
};
use crate::provider::environment_variables::{ProviderVariables, is_credential};
use crate::redaction;

/// An access token, sent as it is.
pub const TOKEN: &str = "INFISICAL_TOKEN";
/// The client id of universal auth.
pub const CLIENT_ID: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
/// The client secret of universal auth.
pub const CLIENT_SECRET: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";
/// The id of a machine identity that logs in without a secret.
pub const IDENTITY_ID: &str = "INFISICAL_MACHINE_IDENTITY_ID";
/// Which login it is to be.
pub const AUTH_METHOD: &str = "INFISICAL_AUTH_METHOD";
/// The slug of the organization to log in to: an identity can belong to sub-organizations, too.
pub const ORGANIZATION: &str = "INFISICAL_ORGANIZATION_SLUG";

/// The names that newer and older servers have for the organization; each ignores the other's.
const ORGANIZATION_FIELDS: [&str; 2] = ["organizationSlug", "subOrganizationName"];

/// Takes the credential of a provider from its variables.
///
/// If `INFISICAL_AUTH_METHOD` does not choose, a token comes before universal auth, as in
/// Infisical's own command line, and both before an identity's OIDC auth.
pub fn credential(
    variables: &ProviderVariables<'_>,
    options: &LoginOptions,
    http: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Credential, RequestError> {
    let organization = Organization::of(variables, options);
    let by_client = || universal_auth(variables, &organization);
    let proof = |method| proof(method, variables, options, http, cancellation);
    let by_identity = |method| identity(method, &organization, variables, proof);
    if let Some(text) = variables.get(AUTH_METHOD).map(str::trim) {
        let (chosen, names): (_, &[&str]) = match Chosen::parse(text) {
            Some(Chosen::Token) => (token(variables)?, &[TOKEN]),
            Some(Chosen::UniversalAuth) => (by_client()?, &[CLIENT_ID, CLIENT_SECRET]),
            Some(Chosen::Identity(method)) => (by_identity(method)?, &[IDENTITY_ID]),
            None => return Err(unknown_method(variables)),
        };
        return chosen.ok_or_else(|| chosen_without(variables, names));
    }
    if let Some(token) = token(variables)? {
        return Ok(token);
    }
    if let Some(universal_auth) = by_client()? {
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
            "aws" | "aws-auth" | "aws-iam" => Self::Identity(IdentityMethod::AWS),
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

fn universal_auth(
    variables: &ProviderVariables<'_>,
    organization: &Organization,
) -> Result<Option<Credential>, RequestError> {
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
                organization: organization.clone(),
            }))))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(&id_variable, &secret_variable)),
        (None, Some(_)) => Err(half(&secret_variable, &id_variable)),
    }
}

fn identity(
    method: IdentityMethod,
    organization: &Organization,
    variables: &ProviderVariables<'_>,
    proof: impl Fn(IdentityMethod) -> Result<Proof, RequestError>,
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
    Ok(Some(Credential::Login(Box::new(Identity {
        method,
        id: id.to_owned(),
        id_variable,
        proof: proof(method)?,
        organization: organization.clone(),
    }))))
}

/// What shows the server who logs in.
fn proof(
    method: IdentityMethod,
    variables: &ProviderVariables<'_>,
    options: &LoginOptions,
    http: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Proof, RequestError> {
    Ok(if method == IdentityMethod::AWS {
        let clock = http.clock.clone();
        Proof::Aws(CallerIdentity::of_machine(variables.environment(), clock)?)
    } else if method == IdentityMethod::KUBERNETES {
        Proof::Token(IdentityToken::of_service_account(variables))
    } else if method == IdentityMethod::OIDC {
        let audience = options.oidc_audience.as_deref();
        Proof::Token(IdentityToken::of_ci(
            variables,
            audience,
            http,
            cancellation,
        )?)
    } else {
        Proof::Token(IdentityToken::given(variables)?)
    })
}

/// The organization to log in to.
#[derive(Debug, Clone)]
struct Organization {
    /// Its slug; `None` for the one that the identity belongs to.
    slug: Option<String>,
    variable: String,
}

impl Organization {
    fn of(variables: &ProviderVariables<'_>, options: &LoginOptions) -> Self {
        let flag = options.organization_slug.as_deref();
        let slug = flag.or_else(|| variables.get(ORGANIZATION)).map(str::trim);
        Self {
            slug: slug.filter(|slug| !slug.is_empty()).map(str::to_owned),
            variable: variables.name(ORGANIZATION),
        }
    }

    /// The error for a login that is refused, which may be for this organization.
    fn refused(&self, said: &str, error: RequestError) -> RequestError {
        let Some(slug) = &self.slug else {
            return error;
        };
        if !said.to_ascii_lowercase().contains("organization") {
            return error;
        }
        error.help(format!(
            "Check the slug \"{}\" of the organization ({} or --organization-slug), and that the \
             identity belongs to it.",
            clause(slug),
            self.variable
        ))
    }
}

/// Universal auth: a client id and a client secret.
struct UniversalAuth {
    client_id: String,
    client_secret: SecretString,
    id_variable: String,
    secret_variable: String,
    organization: Organization,
}

#[async_trait]
impl Login for UniversalAuth {
    fn method(&self) -> String {
        "universal auth".to_owned()
    }

    fn organization(&self) -> Option<&str> {
        self.organization.slug.as_deref()
    }

    async fn request(&self, origin: &Origin) -> Result<Request, RequestError> {
        let proof = [
            ("clientId", self.client_id.as_str()),
            ("clientSecret", self.client_secret.expose_secret()),
        ];
        let method = ("universal-auth", "universal auth");
        login_request(origin, method, &proof, &self.organization)
    }

    fn grant(
        &self,
        request: &Request,
        answer: &Answer,
        origin: &Origin,
    ) -> Result<Grant, RequestError> {
        let to_check = (self.id_variable.as_str(), &self.organization);
        read_grant(self, to_check, (request, answer, origin))
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

/// A machine identity with a proof of another identity provider.
struct Identity {
    method: IdentityMethod,
    id: String,
    id_variable: String,
    proof: Proof,
    organization: Organization,
}

/// What another identity provider says of a machine.
enum Proof {
    /// A token.
    Token(IdentityToken),
    /// A request that AWS answers with who signed it.
    Aws(CallerIdentity),
}

impl Proof {
    /// Where it comes from, for use inside a sentence.
    fn origin(&self) -> String {
        match self {
            Self::Token(token) => token.origin(),
            Self::Aws(_) => "the machine's AWS credentials".to_owned(),
        }
    }

    /// What to check when a server refuses it as it is.
    fn advice(&self) -> String {
        match self {
            Self::Token(token) => token.advice(),
            Self::Aws(_) => {
                "Check that the AWS credentials have not expired, and that the identity \
                             allows their account and principal."
                    .to_owned()
            }
        }
    }
}

/// How Infisical checks a proof of another identity provider.
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
    const AWS: Self = Self::new("aws-auth", "AWS auth");

    const fn new(route: &'static str, title: &'static str) -> Self {
        Self { route, title }
    }
}

#[async_trait]
impl Login for Identity {
    fn method(&self) -> String {
        format!("{} and {}", self.method.title, self.proof.origin())
    }

    fn organization(&self) -> Option<&str> {
        self.organization.slug.as_deref()
    }

    async fn request(&self, origin: &Origin) -> Result<Request, RequestError> {
        let id = ("identityId", self.id.as_str());
        let method = (self.method.route, self.method.title);
        match &self.proof {
            Proof::Token(token) => {
                let token = token.fetch().await?;
                let proof = [id, ("jwt", token.expose_secret())];
                login_request(origin, method, &proof, &self.organization)
            }
            Proof::Aws(caller) => {
                let signed = caller.signed()?;
                let [http_method, body, headers] = signed
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str()));
                let proof = [id, http_method, body, headers];
                login_request(origin, method, &proof, &self.organization)
            }
        }
    }

    fn grant(
        &self,
        request: &Request,
        answer: &Answer,
        origin: &Origin,
    ) -> Result<Grant, RequestError> {
        let to_check = (self.id_variable.as_str(), &self.organization);
        read_grant(self, to_check, (request, answer, origin))
    }

    fn refused(&self, status: u16, said: Option<&str>) -> RequestError {
        let (title, id_variable) = (self.method.title, &self.id_variable);
        RequestError::authentication(format!(
            "The login with {id_variable} and {} ({title}) is not accepted{}.",
            self.proof.origin(),
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
            _ => self.proof.advice(),
        })
    }
}

fn login_request(
    origin: &Origin,
    (route, title): (&str, &str),
    proof: &[(&str, &str)],
    organization: &Organization,
) -> Result<Request, RequestError> {
    let slug = organization.slug.as_deref();
    let organization = slug.map(|slug| ORGANIZATION_FIELDS.map(|field| (field, slug)));
    let body: Map<String, Value> = proof
        .iter()
        .copied()
        .chain(organization.into_iter().flatten())
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

/// `{accessToken, expiresIn, …}`, or why it is missing. `variable` is what to check if the server
/// fails.
fn read_grant(
    login: &dyn Login,
    (variable, organization): (&str, &Organization),
    (request, answer, origin): (&Request, &Answer, &Origin),
) -> Result<Grant, RequestError> {
    let (task, status) = (request.task(), answer.status_line());
    let body = || {
        let body = answer.json();
        body.map_err(|what| bad_answer(task, origin, &format!("{status} with {what}")))
    };
    match answer.status() {
        200 => {
            let body = body()?;
            match body.get("accessToken") {
                Some(Value::String(token)) if is_credential(token) => Ok(Grant {
                    token: redaction::register(
                        token.as_str(),
                        &format!("The access token of {origin}"),
                    ),
                    // Of a token that does not expire it says 0.
                    expires_in: body
                        .get("expiresIn")
                        .and_then(Value::as_u64)
                        .filter(|seconds| *seconds > 0)
                        .map(Duration::from_secs),
                }),
                _ => Err(bad_answer(task, origin, "without an access token")),
            }
        }
        500.. => Err(RequestError::new(
            RequestErrorKind::Unavailable,
            format!("Cannot {task}: {origin} failed with {status}."),
        )
        .help(format!(
            "Try again later; if it stays, check {variable} and the server's log."
        ))),
        code @ 400..=499 => {
            body()?;
            let said = message(answer);
            Err(if is_locked(&said) {
                locked(variable, &said)
            } else {
                organization.refused(&said, login.refused(code, Some(&said)))
            })
        }
        _ => Err(bad_answer(task, origin, &status)),
    }
}

/// Whether an identity is locked: after three refused logins within 30 s, for 300 s, the right
/// credential is refused, too.
fn is_locked(said: &str) -> bool {
    said.to_ascii_lowercase().contains("temporarily locked")
}

fn locked(variable: &str, said: &str) -> RequestError {
    RequestError::new(
        RequestErrorKind::OwnDenial("identity-locked"),
        format!(
            "The identity of {variable} is locked for some minutes{}.",
            in_brackets(Some(said))
        ),
    )
    .help(
        "Several refused logins lock an identity, and then even the right credential is refused. \
         Let nothing log in with it for 5 minutes, do not retry, and check the credential before \
         the next run.",
    )
}

fn unknown_method(variables: &ProviderVariables<'_>) -> RequestError {
    RequestError::authentication(format!(
        "{} names no way to log in that secsync knows.",
        variables.name(AUTH_METHOD)
    ))
    .help(
        "It can be universal-auth, token-auth, oidc-auth, jwt-auth, kubernetes-auth, gcp-auth, \
         azure-auth or aws-auth.",
    )
}

fn chosen_without(variables: &ProviderVariables<'_>, names: &[&str]) -> RequestError {
    let verb = is_or_are(names.len());
    let names: Vec<String> = names.iter().map(|name| variables.name(name)).collect();
    let variable = variables.name(AUTH_METHOD);
    RequestError::authentication(format!(
        "{variable} chooses {}, but {} {verb} not set.",
        variables.get(AUTH_METHOD).unwrap_or_default().trim(),
        names.join(" and ")
    ))
    .help(format!("Set it in the environment, or change {variable}."))
}
