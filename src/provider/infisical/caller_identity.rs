//! The proof of an AWS identity: a signed request that AWS answers with who signed it.
//!
//! Infisical sends it on to AWS, to the endpoint of the region that the signature names. Nothing is
//! sent to AWS from here, and the secret key stays here.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::core::words::{is_or_are, list};
use crate::environment::Environment;
use crate::http::clock::Clock;
use crate::http::error::RequestError;
use crate::provider::environment_variables::credential;
use crate::redaction;

/// AWS's own variables: they belong to the machine, whatever the provider is named.
pub const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
pub const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
pub const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
pub const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// The longest name of a region that Infisical takes.
const LONGEST_REGION: usize = 20;

const METHOD: &str = "POST";
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What is needed to prove an AWS identity.
pub struct CallerIdentity {
    access_key: SecretString,
    secret_key: SecretString,
    session_token: Option<SecretString>,
    region: String,
    clock: Arc<dyn Clock>,
}

impl CallerIdentity {
    /// Takes the credentials and the region from AWS's own variables. If some are missing, the error
    /// names all of them.
    pub fn of_machine(
        environment: &Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RequestError> {
        let access_key = credential(environment, ACCESS_KEY)?;
        let secret_key = credential(environment, SECRET_KEY)?;
        let region = REGIONS.iter().find_map(|name| environment.get(name));
        let region = region.map(str::trim);
        let (Some(access_key), Some(secret_key), Some(region)) = (&access_key, &secret_key, region)
        else {
            let missing = [
                (access_key.is_none(), ACCESS_KEY),
                (secret_key.is_none(), SECRET_KEY),
                (region.is_none(), "AWS_REGION"),
            ];
            let missing: Vec<&str> = missing
                .into_iter()
                .filter_map(|(is_missing, name)| is_missing.then_some(name))
                .collect();
            return Err(missing_variables(&missing));
        };
        if !is_region(region) {
            return Err(RequestError::authentication(format!(
                "The AWS region \"{}\" is not a valid name of a region.",
                region.escape_debug()
            ))
            .help("Set AWS_REGION to one like eu-central-1."));
        }
        Ok(Self {
            access_key: access_key.clone(),
            secret_key: secret_key.clone(),
            session_token: credential(environment, SESSION_TOKEN)?,
            region: region.to_owned(),
            clock,
        })
    }

    /// The request as Infisical takes it, signed now: AWS accepts a signature for 15 minutes.
    pub fn signed(&self) -> Result<[(&'static str, String); 3], RequestError> {
        let host = format!("sts.{}.amazonaws.com", self.region);
        let mut headers = vec![
            ("Content-Type", CONTENT_TYPE.to_owned()),
            ("Content-Length", BODY.len().to_string()),
            ("Host", host.clone()),
        ];
        headers.extend(self.signature(&format!("https://{host}/"), &headers)?);
        let headers: Map<String, Value> = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let headers = STANDARD.encode(Value::Object(headers).to_string());
        // Whoever has it can log in with it while the signature is fresh.
        redaction::register(headers.as_str(), "The signed request for AWS");
        Ok([
            ("iamHttpRequestMethod", METHOD.to_owned()),
            ("iamRequestBody", STANDARD.encode(BODY)),
            ("iamRequestHeaders", headers),
        ])
    }

    /// The headers that a signature adds.
    fn signature(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Vec<(&'static str, String)>, RequestError> {
        let unsigned = |error: &dyn std::fmt::Display| {
            RequestError::authentication(format!("The request for AWS cannot be signed: {error}."))
                .help(format!(
                    "Check {ACCESS_KEY}, {SECRET_KEY} and {SESSION_TOKEN}."
                ))
        };
        let identity = Credentials::new(
            self.access_key.expose_secret(),
            self.secret_key.expose_secret(),
            self.session_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
            None,
            "environment",
        )
        .into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("sts")
            .time(self.clock.time_of_day())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request =
            SignableRequest::new(METHOD, url, headers, SignableBody::Bytes(BODY.as_bytes()))
                .map_err(|error| unsigned(&error))?;
        let signed = sign(request, &parameters).map_err(|error| unsigned(&error))?;
        let (added, _) = signed.into_parts().0.into_parts();
        Ok(added
            .into_iter()
            .map(|header| (usual_name(header.name()), header.value().to_owned()))
            .collect())
    }
}

/// The name of a header as AWS's own tools write it: Infisical looks for it by that.
fn usual_name(name: &'static str) -> &'static str {
    match name {
        "authorization" => "Authorization",
        "x-amz-date" => "X-Amz-Date",
        "x-amz-security-token" => "X-Amz-Security-Token",
        other => other,
    }
}

fn is_region(text: &str) -> bool {
    let is_in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_REGION).contains(&text.len()) && text.bytes().all(is_in_name)
}

fn missing_variables(names: &[&str]) -> RequestError {
    let verb = is_or_are(names.len());
    let names = list(names.iter().copied());
    RequestError::authentication(format!(
        "AWS auth signs a request with the machine's AWS credentials, but {names} {verb} not set."
    ))
    .help(
        "Set them in the environment, and AWS_SESSION_TOKEN too if the credentials are temporary; \
         `aws configure export-credentials --format env` prints those of a profile or a role.",
    )
}
