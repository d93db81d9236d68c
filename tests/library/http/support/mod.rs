//! What the HTTP tests share: a clock that does not wait, servers that misbehave, demo answers.

pub mod tls;

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use secsync::cancel::Cancellation;
use secsync::core::platform::Platform;
use secsync::environment::Environment;
use secsync::http::HttpOptions;
use secsync::http::clock::Clock;
use secsync::http::error::RequestError;
use secsync::provider::credential::LoginOptions;
use secsync::provider::{ManagedSyncs, Provider, ProviderConfig, StartedSyncs, connect};
use secsync::provider::{enkryptify, infisical};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const PROJECT: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
pub const SYNC: &str = "0b1f6c1e-3a7d-4c7e-8f6f-2f4f5a6b7c8d";
pub const CONNECTION: &str = "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d";
pub const TOKEN: &str = "demo-token-4f1d";
pub const CLIENT_SECRET: &str = "demo-client-secret-77c2";

/// A clock whose sleeps end at once and move its own time on. It keeps them for counting.
#[derive(Debug)]
pub struct FastClock {
    start: Instant,
    passed: Mutex<Duration>,
    sleeps: Mutex<Vec<Duration>>,
}

impl FastClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            passed: Mutex::default(),
            sleeps: Mutex::default(),
        })
    }

    pub fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.lock().unwrap().clone()
    }
}

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn chance(&self) -> f64 {
        1.0
    }

    async fn sleep(&self, pause: Duration) {
        self.sleeps.lock().unwrap().push(pause);
        *self.passed.lock().unwrap() += pause;
        tokio::task::yield_now().await;
    }
}

pub fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub fn config(kind: Platform) -> ProviderConfig {
    ProviderConfig {
        name: kind.name().to_owned(),
        platform: kind,
        url: None,
    }
}

/// Options with a fast clock and a short timeout.
pub fn options() -> (HttpOptions, Arc<FastClock>) {
    let clock = FastClock::new();
    let options = HttpOptions {
        timeout: Duration::from_secs(5),
        clock: clock.clone(),
        ..HttpOptions::default()
    };
    (options, clock)
}

pub fn managed(provider: Provider) -> Arc<dyn ManagedSyncs> {
    match provider {
        Provider::Managed(provider) => provider,
        Provider::StartOnly(_) => panic!("not a provider with managed syncs"),
    }
}

pub fn started(provider: Provider) -> Arc<dyn StartedSyncs> {
    match provider {
        Provider::StartOnly(provider) => provider,
        Provider::Managed(_) => panic!("not a provider that only starts"),
    }
}

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority() -> Authority {
    named_authority("Demo authority")
}

pub fn named_authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A file for `--ca-cert`.
pub fn pem_file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Options under which TLS works on a machine without certificate authorities, too. The file has
/// to outlive the first request.
pub fn options_with_authority() -> (HttpOptions, NamedTempFile) {
    let file = pem_file(&authority().pem());
    let options = HttpOptions {
        ca_cert: Some(file.path().to_path_buf().try_into().unwrap()),
        ..options().0
    };
    (options, file)
}

/// An Infisical provider that talks to `host` with a token.
pub fn infisical(host: &str) -> Arc<dyn ManagedSyncs> {
    infisical_with(host, &options().0, &Cancellation::new())
}

pub fn infisical_with(
    host: &str,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Arc<dyn ManagedSyncs> {
    let environment = environment(&[("INFISICAL_HOST", host), ("INFISICAL_TOKEN", TOKEN)]);
    let config = config(infisical::PLATFORM);
    managed(
        connect(
            &config,
            &environment,
            &LoginOptions::default(),
            options,
            cancellation,
        )
        .expect("it connects"),
    )
}

/// An Infisical provider that logs in with universal auth.
pub fn infisical_with_login(host: &str) -> Arc<dyn ManagedSyncs> {
    let environment = environment(&[
        ("INFISICAL_HOST", host),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "demo-client"),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", CLIENT_SECRET),
    ]);
    let config = config(infisical::PLATFORM);
    managed(
        connect(
            &config,
            &environment,
            &LoginOptions::default(),
            &options().0,
            &Cancellation::new(),
        )
        .expect("it connects"),
    )
}

/// An Enkryptify provider that talks to `host`.
pub fn enkryptify(host: &str) -> Arc<dyn StartedSyncs> {
    let environment = environment(&[("ENKRYPTIFY_API_URL", host), ("ENKRYPTIFY_TOKEN", TOKEN)]);
    let config = config(enkryptify::PLATFORM);
    started(
        connect(
            &config,
            &environment,
            &LoginOptions::default(),
            &options().0,
            &Cancellation::new(),
        )
        .expect("it connects"),
    )
}

/// A sync as the server reports it.
pub fn sync(name: &str) -> Value {
    json!({
        "id": SYNC,
        "name": name,
        "description": null,
        "isAutoSyncEnabled": true,
        "version": 1,
        "projectId": PROJECT,
        "folderId": "f1",
        "connectionId": CONNECTION,
        "createdAt": "2026-01-02T03:04:05.000Z",
        "updatedAt": "2026-01-02T03:04:06.000Z",
        "syncStatus": "pending",
        "lastSyncJobId": null,
        "lastSyncMessage": null,
        "lastSyncedAt": null,
        "importStatus": null,
        "lastImportJobId": null,
        "lastImportMessage": null,
        "lastImportedAt": null,
        "removeStatus": null,
        "lastRemoveJobId": null,
        "lastRemoveMessage": null,
        "lastRemovedAt": null,
        "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "connection": {"app": "humanitec", "name": "humanitec-main", "id": CONNECTION},
        "environment": {"slug": "dev", "name": "Development", "id": "e1"},
        "folder": {"id": "f1", "path": "/apps/web"},
        "destination": "humanitec",
        "destinationConfig": {"scope": "application", "org": "acme", "app": "web"}
    })
}

pub fn syncs(names: &[&str]) -> Value {
    let syncs: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let mut sync = sync(name);
            sync["id"] = format!("id-{index}").into();
            sync
        })
        .collect();
    json!({ "secretSyncs": syncs })
}

pub fn refusal(status: u16, error: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({
        "reqId": "req-1", "statusCode": status, "message": message, "error": error
    }))
}

/// A server that gives the same answer to a method and a path.
pub async fn server_with(verb: &str, route: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    add(&server, verb, route, answer).await;
    server
}

pub async fn add(server: &MockServer, verb: &str, route: &str, answer: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(route))
        .respond_with(answer)
        .mount(server)
        .await;
}

/// An answer that is given a number of times before the next one for the route.
pub async fn add_first(
    server: &MockServer,
    times: u64,
    verb: &str,
    route: &str,
    answer: ResponseTemplate,
) {
    Mock::given(method(verb))
        .and(path(route))
        .respond_with(answer)
        .up_to_n_times(times)
        .with_priority(1)
        .mount(server)
        .await;
}

pub async fn requests(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap_or_default();
    requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.url.path()))
        .collect()
}

/// What a [`RawServer`] does with a request that it has read.
#[derive(Debug, Clone)]
pub enum Act {
    /// Closes the connection without an answer.
    Close,
    /// Sends these bytes, then closes.
    Send(String),
    /// Keeps the connection open and never answers.
    Hang,
}

/// A server below HTTP, for answers that get lost. Acts in the given order, then closes every
/// connection.
pub struct RawServer {
    pub origin: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl RawServer {
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = heads.clone();
        let mut acts: VecDeque<Act> = acts.into_iter().collect();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let act = acts.pop_front().unwrap_or(Act::Close);
                let kept = kept.clone();
                tokio::spawn(async move {
                    let mut read = Vec::new();
                    let mut buffer = [0; 4096];
                    while !is_complete(&read) {
                        match stream.read(&mut buffer).await {
                            Ok(0) | Err(_) => break,
                            Ok(count) => read.extend_from_slice(&buffer[..count]),
                        }
                    }
                    kept.lock()
                        .unwrap()
                        .push(String::from_utf8_lossy(&read).into_owned());
                    match act {
                        Act::Close => {}
                        Act::Send(bytes) => {
                            let _ = stream.write_all(bytes.as_bytes()).await;
                            let _ = stream.shutdown().await;
                        }
                        Act::Hang => std::future::pending().await,
                    }
                });
            }
        });
        Self { origin, heads }
    }

    /// The requests that arrived, whole.
    pub fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    body.len() >= length
}

/// An answer in raw bytes.
pub fn raw(status: &str, body: &str) -> Act {
    Act::Send(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Every text of an error, its `Debug` form included.
pub fn all_text(error: &RequestError) -> String {
    format!("{error}\n{error:?}\n{:?}", error.help)
}
