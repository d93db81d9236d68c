//! A state in an object store: the only user of the store's library.
//!
//! Each write names the version that it replaces, and the store refuses it if that is not there
//! any more. So no lock is needed, and none can be left behind by a run that was killed.
//!
//! The library signs requests and finds credentials, with what the environment says; how they are
//! sent is in [`crate::http::carrier`]. What it says of errors is not shown, because a server may
//! repeat what was signed.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, Error, ObjectStore, ObjectStoreExt as _,
    PutMode, PutOptions, RetryConfig, UpdateVersion,
};

use super::backend::{Backend, Stored, Version, WriteError};
use super::contents::UnusableState;
use super::error::StateError;
use super::location::{ObjectUrl, StoreKind};
use crate::environment::Environment;
use crate::http::HttpOptions;
use crate::http::carrier::{Carrier, Purpose};
use crate::http::failure::{Arrival, Failure, innermost};
use crate::http::retry::{STORE_REPEATS, is_passing};
use crate::mutex::lock;
use crate::redaction;

/// An object of a store.
pub struct StateObject {
    store: Box<dyn ObjectStore>,
    path: Path,
    kind: StoreKind,
    place: String,
    trouble: Arc<Trouble>,
}

impl StateObject {
    /// An object, with the credentials of the environment. Sends nothing.
    pub fn open(
        url: &ObjectUrl,
        environment: &Environment,
        http: &HttpOptions,
    ) -> Result<Self, StateError> {
        let trouble = Arc::<Trouble>::default();
        let connector = Connector {
            carrier: Arc::new(Carrier::new(environment, http)),
            trouble: Arc::clone(&trouble),
        };
        let place = url.to_string();
        let store = store(url, environment, connector).map_err(|error| {
            StateError::new(
                format!("The state {place} cannot be used: {}.", innermost(&error)),
                credentials(url.kind),
            )
        })?;
        Ok(Self {
            store,
            path: Path::from(url.key.as_str()),
            kind: url.kind,
            place,
            trouble,
        })
    }

    /// Why something cannot be done, from what happened on the way rather than from the library.
    fn error(&self, verb: &str, error: &Error) -> StateError {
        let check = || credentials(self.kind).to_owned();
        let (cause, help, is_auth) = match self.trouble.take() {
            Some((Purpose::Machine, happened)) => (
                format!(
                    "there is no credential in the environment, and this machine provides none ({happened})"
                ),
                check(),
                true,
            ),
            Some((Purpose::Server, Happened::Failed(failure))) => {
                (failure.cause, failure.help, false)
            }
            Some((Purpose::Server, Happened::Refused(refusal))) => {
                let help = if is_passing(refusal.status) {
                    "Try again later.".to_owned()
                } else {
                    check()
                };
                let is_auth = matches!(refusal.status, 401 | 403);
                (refusal.to_string(), help, is_auth)
            }
            None => (innermost(error), check(), false),
        };
        StateError {
            message: format!("The state {} cannot be {verb}: {cause}.", self.place),
            help,
            is_auth,
        }
    }
}

#[async_trait]
impl Backend for StateObject {
    fn place(&self) -> &str {
        &self.place
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn remedy(&self) -> String {
        "Restore an earlier version of the object that is whole.".to_owned()
    }

    async fn read(&self) -> Result<Option<Stored>, StateError> {
        self.trouble.take();
        let found = match self.store.get(&self.path).await {
            Ok(found) => found,
            // Without the object, not without its bucket.
            Err(Error::NotFound { .. }) if !self.trouble.is_missing_bucket() => return Ok(None),
            Err(error) => return Err(self.error("read", &error)),
        };
        let version = Version {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let bytes = found
            .bytes()
            .await
            .map_err(|error| self.error("read", &error))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| {
            UnusableState::Damaged("it is not text".to_owned()).of(&self.place, &self.remedy())
        })?;
        Ok(Some(Stored { text, version }))
    }

    async fn write(&self, text: String, replaced: Option<&Version>) -> Result<Version, WriteError> {
        self.trouble.take();
        let mode = match replaced {
            None => PutMode::Create,
            Some(version) => PutMode::Update(UpdateVersion {
                e_tag: version.e_tag.clone(),
                version: version.version.clone(),
            }),
        };
        let written = self
            .store
            .put_opts(&self.path, text.into(), PutOptions::from(mode))
            .await;
        match written {
            Ok(written) => Ok(Version {
                e_tag: written.e_tag,
                version: written.version,
            }),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                Err(WriteError::Conflict)
            }
            Err(error) => {
                let is_sure = self.trouble.is_refusal();
                let failed = self.error("written", &error);
                Err(if is_sure {
                    WriteError::Failed(failed)
                } else {
                    WriteError::Doubtful(failed)
                })
            }
        }
    }
}

/// What to check, in the variables' own names.
const fn credentials(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::S3 => {
            "Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object."
        }
        StoreKind::Google => {
            "Check the bucket, and that GOOGLE_APPLICATION_CREDENTIALS, or the machine's service \
             account, may read and write the object."
        }
        StoreKind::Azure => {
            "Check the container, AZURE_STORAGE_ACCOUNT_NAME, and that the AZURE_… credentials, or \
             the machine's identity, may read and write the object."
        }
    }
}

fn store(
    url: &ObjectUrl,
    environment: &Environment,
    connector: Connector,
) -> Result<Box<dyn ObjectStore>, Error> {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: STORE_REPEATS,
        retry_timeout: Duration::from_secs(60),
    };
    Ok(match url.kind {
        StoreKind::S3 => {
            let builder = settings(environment, "AWS_")
                .filter(|(key, _)| !matches!(key, AmazonS3ConfigKey::Client(_)))
                .fold(AmazonS3Builder::new(), |builder, (key, value)| {
                    builder.with_config(key, value)
                });
            Box::new(
                builder
                    .with_bucket_name(&url.bucket)
                    .with_conditional_put(S3ConditionalPut::ETagMatch)
                    .with_retry(retry)
                    .with_http_connector(connector)
                    .build()?,
            )
        }
        StoreKind::Google => {
            let builder = settings(environment, "GOOGLE_")
                .filter(|(key, _)| !matches!(key, GoogleConfigKey::Client(_)))
                .fold(GoogleCloudStorageBuilder::new(), |builder, (key, value)| {
                    builder.with_config(key, value)
                });
            Box::new(
                builder
                    .with_bucket_name(&url.bucket)
                    .with_retry(retry)
                    .with_http_connector(connector)
                    .build()?,
            )
        }
        StoreKind::Azure => {
            let builder = settings(environment, "AZURE_")
                .filter(|(key, _)| !matches!(key, AzureConfigKey::Client(_)))
                .fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| {
                    builder.with_config(key, value)
                });
            Box::new(
                builder
                    .with_container_name(&url.bucket)
                    .with_retry(retry)
                    .with_http_connector(connector)
                    .build()?,
            )
        }
    })
}

/// The variables of a platform that the library knows. How it would connect is not among what is
/// taken: that is the carrier's.
fn settings<'a, K: FromStr + 'a>(
    environment: &'a Environment,
    prefix: &'static str,
) -> impl Iterator<Item = (K, &'a str)> + 'a {
    environment
        .with_prefix(prefix)
        .filter(|(_, value)| !value.is_empty())
        .inspect(move |(name, value)| register(&format!("{prefix}{name}"), value))
        .filter_map(move |(name, value)| {
            let key = format!("{prefix}{name}").to_ascii_lowercase();
            Some((key.parse().ok()?, value))
        })
}

/// Registers what a variable of a platform holds, if it is a secret by its name. A key file of Google
/// is one only in a part of it.
fn register(variable: &str, value: &str) {
    let ends = ["KEY", "SECRET", "TOKEN", "PASSWORD"];
    if !ends.iter().any(|end| variable.ends_with(end)) {
        return;
    }
    let key_file = serde_json::from_str::<serde_json::Value>(value).ok();
    let secret = match key_file.as_ref().filter(|file| file.is_object()) {
        Some(file) => file.get("private_key").and_then(serde_json::Value::as_str),
        None => Some(value),
    };
    let _ = secret.map(|secret| redaction::register(secret, variable));
}

/// What happened to the last request, in words that hold nothing that was sent.
#[derive(Default)]
struct Trouble(Mutex<Option<(Purpose, Happened)>>);

#[derive(Debug, thiserror::Error)]
enum Happened {
    /// It got no answer.
    #[error(transparent)]
    Failed(Failure),
    /// It was answered with an error.
    #[error(transparent)]
    Refused(Refusal),
}

/// An answer that is an error, without its text.
#[derive(Debug, thiserror::Error)]
#[error("{server} answered {status_line}{}", .code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
struct Refusal {
    server: String,
    status: u16,
    status_line: String,
    code: Option<String>,
}

impl Trouble {
    fn held(&self) -> MutexGuard<'_, Option<(Purpose, Happened)>> {
        lock(&self.0)
    }

    fn set(&self, happened: Option<(Purpose, Happened)>) {
        *self.held() = happened;
    }

    fn take(&self) -> Option<(Purpose, Happened)> {
        self.held().take()
    }

    /// Whether it is the bucket that is not there, and not the object in it.
    fn is_missing_bucket(&self) -> bool {
        matches!(&*self.held(), Some((_, Happened::Refused(refusal)))
            if matches!(refusal.code.as_deref(), Some("NoSuchBucket" | "ContainerNotFound")))
    }

    /// Whether the store surely did not do what it was asked.
    fn is_refusal(&self) -> bool {
        match &*self.held() {
            // Without a credential nothing is sent to the store.
            Some((Purpose::Machine, _)) => true,
            Some((Purpose::Server, Happened::Refused(refusal))) => !is_passing(refusal.status),
            Some((Purpose::Server, Happened::Failed(failure))) => {
                matches!(failure.arrival, Arrival::Hopeless | Arrival::NotSent)
            }
            None => false,
        }
    }
}

/// Makes the library's clients.
struct Connector {
    carrier: Arc<Carrier>,
    trouble: Arc<Trouble>,
}

/// One of the library's clients.
struct Line {
    carrier: Arc<Carrier>,
    trouble: Arc<Trouble>,
    purpose: Purpose,
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connector")
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Line({:?})", self.purpose)
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // The library asks for plain http where it speaks to the machine's own service, and only
        // there: the environment's own wish for it is not passed on.
        let is_machine = options.get_config_value(&ClientConfigKey::AllowHttp);
        let purpose = if is_machine.as_deref() == Some("true") {
            Purpose::Machine
        } else {
            Purpose::Server
        };
        Ok(HttpClient::new(Line {
            carrier: Arc::clone(&self.carrier),
            trouble: Arc::clone(&self.trouble),
            purpose,
        }))
    }
}

#[async_trait]
impl HttpService for Line {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes().to_vec();
        let url = parts.uri.to_string();
        let sent = self
            .carrier
            .carry(self.purpose, (parts.method, &url), parts.headers, body)
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(failure) => {
                let kind = match failure.arrival {
                    Arrival::NotSent => HttpErrorKind::Connect,
                    Arrival::Lost => HttpErrorKind::Interrupted,
                    Arrival::Hopeless | Arrival::Answered => HttpErrorKind::Unknown,
                };
                let happened = Happened::Failed(failure.clone());
                self.trouble.set(Some((self.purpose, happened)));
                return Err(HttpError::new(kind, failure));
            }
        };
        let status_line = answer.status_line();
        let server = answer.server();
        let (status, headers, body) = answer.into_parts();
        self.trouble.set((!status.is_success()).then(|| {
            let refusal = Refusal {
                server,
                status: status.as_u16(),
                status_line,
                code: code(&body).map(str::to_owned),
            };
            (self.purpose, Happened::Refused(refusal))
        }));
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// The code of a store's error, which is a word: `<Code>AccessDenied</Code>`. Of its texts nothing
/// is taken.
fn code(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() < 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    (is_word && !code.is_empty()).then_some(code)
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::method;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::{StateObject, code};
    use crate::environment::Environment;
    use crate::http::HttpOptions;
    use crate::state::backend::{Backend as _, WriteError};
    use crate::state::location::ObjectUrl;

    /// The variables that lead each kind of store to a server of a test.
    fn environment(server: &MockServer) -> Environment {
        [
            ("AWS_ENDPOINT_URL", server.uri()),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            // What would weaken the conditions is not taken from anywhere.
            ("AWS_CONDITIONAL_PUT", "disabled".to_owned()),
            ("AWS_REGION", String::new()),
            ("GOOGLE_BASE_URL", server.uri()),
            ("GOOGLE_BEARER_TOKEN", "token".to_owned()),
            ("AZURE_STORAGE_ACCOUNT_NAME", "account".to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0".to_owned()),
            ("AZURE_STORAGE_ENDPOINT", server.uri()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
    }

    fn open(text: &str, environment: &Environment) -> StateObject {
        let url = ObjectUrl::parse(text).unwrap();
        StateObject::open(&url, environment, &HttpOptions::default()).unwrap()
    }

    #[tokio::test]
    async fn every_kind_of_store_is_written_only_if_it_is_unchanged() {
        for (place, path, create, update) in [
            (
                "s3://acme/a/state",
                "/acme/a/state",
                ("if-none-match", "*"),
                ("if-match", "\"tag\""),
            ),
            (
                "gs://acme/a/state",
                "/acme/a%2Fstate",
                ("x-goog-if-generation-match", "0"),
                ("x-goog-if-generation-match", "7"),
            ),
            (
                "az://acme/a/state",
                "/acme/a/state",
                ("if-none-match", "*"),
                ("if-match", "\"tag\""),
            ),
        ] {
            let server = MockServer::start().await;
            let answer = ResponseTemplate::new(200)
                .insert_header("etag", "\"tag\"")
                .insert_header("x-goog-generation", "7")
                .insert_header("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")
                .set_body_string("text");
            Mock::given(method("GET"))
                .respond_with(answer.clone())
                .mount(&server)
                .await;
            Mock::given(method("PUT"))
                .respond_with(answer)
                .up_to_n_times(2)
                .mount(&server)
                .await;
            Mock::given(method("PUT"))
                .respond_with(ResponseTemplate::new(412))
                .mount(&server)
                .await;
            let object = open(place, &environment(&server));
            let stored = object.read().await.unwrap().unwrap();
            assert_eq!(stored.text, "text");
            object.write("new".to_owned(), None).await.unwrap();
            let version = Some(&stored.version);
            object.write("newer".to_owned(), version).await.unwrap();
            assert_eq!(
                object.write("late".to_owned(), version).await,
                Err(WriteError::Conflict),
                "{place}"
            );
            let requests = server.received_requests().await.unwrap();
            let puts: Vec<_> = requests
                .iter()
                .filter(|request| request.method.as_str() == "PUT")
                .collect();
            for (request, (header, value)) in puts.iter().zip([create, update]) {
                assert_eq!(request.url.path(), path);
                assert_eq!(request.headers[header], value, "{place}");
            }
            assert_eq!(puts[1].body, b"newer");
        }
    }

    #[tokio::test]
    async fn reads_a_missing_object_as_none_in_every_kind_of_store() {
        for place in ["s3://acme/state", "gs://acme/state", "az://acme/state"] {
            let server = MockServer::start().await;
            let object = open(place, &environment(&server));
            assert_eq!(object.read().await, Ok(None), "{place}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_set_up_says_what_is_missing() {
        let url = ObjectUrl::parse("az://acme/state").unwrap();
        let opened = StateObject::open(&url, &Environment::default(), &HttpOptions::default());
        let error = opened.err().unwrap();
        assert!(
            error
                .message
                .starts_with("The state az://acme/state cannot be used: "),
            "{error}"
        );
        assert!(
            error.help.contains("AZURE_STORAGE_ACCOUNT_NAME"),
            "{error:?}"
        );
    }

    #[test]
    fn of_an_error_only_a_code_that_is_a_word_is_shown() {
        for (body, expected) in [
            ("<Error><Code>AccessDenied</Code>", Some("AccessDenied")),
            ("<Error><Code></Code>", None),
            ("<Error><Code>hunter2 is wrong</Code>", None),
            ("<Code>unfinished", None),
            ("{}", None),
        ] {
            assert_eq!(code(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(code(b"\xff"), None);
    }
}
