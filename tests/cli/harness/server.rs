//! Servers to run against: the sandbox, and one that answers whatever a test likes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secsync::sandbox::{self, Catalog, Running};
use secsync::schema::store::SchemaStore;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::Invocation;

static CATALOG: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| Arc::new(Catalog::from_store(&SchemaStore::bundled()).unwrap()));

/// A thread for a server, beside the one that waits for the program.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// A sandbox.
pub struct Server {
    running: Running,
    /// How many requests [`Self::requests`] has returned.
    returned: AtomicUsize,
    _runtime: Runtime,
}

impl Server {
    /// A sandbox with this world.
    pub fn new(world: &Value) -> Self {
        Self::with(world, |_| {})
    }

    /// A sandbox with these faults.
    pub fn failing(world: &Value, rules: &[&str]) -> Self {
        Self::with(world, |options| {
            options.fail = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        })
    }

    /// A sandbox with other options than the usual ones.
    pub fn with(world: &Value, change: impl FnOnce(&mut sandbox::SandboxOptions)) -> Self {
        let mut options = sandbox::SandboxOptions {
            world: serde_json::from_value(world.clone()).unwrap(),
            catalog: Arc::clone(&CATALOG),
            job_duration: Duration::from_millis(5),
            ..sandbox::SandboxOptions::default()
        };
        change(&mut options);
        let runtime = runtime();
        let running = runtime.block_on(sandbox::start(options)).unwrap();
        Self {
            running,
            returned: AtomicUsize::new(0),
            _runtime: runtime,
        }
    }

    /// Its address.
    pub fn origin(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// The OpenAPI document that it serves.
    pub fn api_document(&self) -> Value {
        let mut stream = TcpStream::connect(self.running.address()).unwrap();
        // In HTTP/1.0 the body is what follows the head, up to the end.
        stream
            .write_all(b"GET /api/docs/json HTTP/1.0\r\nhost: localhost\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Has the sandbox do something for somebody else than the run, and takes no refusal.
    pub fn send(&self, method: &str, path: &str, body: &Value) {
        let body = body.to_string();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\
             authorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            sandbox::INFISICAL_TOKEN,
            body.len()
        );
        let mut stream = TcpStream::connect(self.running.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }

    /// The requests since this was asked last.
    pub fn requests(&self) -> Vec<String> {
        let all = self.running.requests();
        let returned = self.returned.swap(all.len(), Ordering::Relaxed);
        all[returned..]
            .iter()
            .map(|(method, target)| format!("{method} {target}"))
            .collect()
    }

    /// Holds back the answers to requests of this method whose target contains this text.
    pub fn hold(&self, method: &str, part: &str) {
        self.running.hold(method, part);
    }

    /// Lets those answers go.
    pub fn release(&self) {
        self.running.release();
    }

    /// How many syncs were started on its Enkryptify.
    pub fn starts(&self) -> usize {
        self.running.started().len()
    }

    /// The variables that name it as the server of both platforms, with its demo credentials.
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("INFISICAL_HOST", self.origin()),
            (
                "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
                sandbox::CLIENT_ID.to_owned(),
            ),
            (
                "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
                sandbox::CLIENT_SECRET.to_owned(),
            ),
            ("ENKRYPTIFY_API_URL", self.origin()),
            ("ENKRYPTIFY_TOKEN", sandbox::ENKRYPTIFY_TOKEN.to_owned()),
        ]
    }

    pub(super) fn name_in(&self, invocation: Invocation) -> Invocation {
        let variables = self.variables().into_iter();
        variables.fold(invocation, |run, (name, value)| run.variable(name, &value))
    }
}

/// A server that gives one answer to everything.
pub struct Canned {
    server: MockServer,
    runtime: Runtime,
}

impl Canned {
    /// With this status, content type and body.
    pub fn new(status: u16, content_type: &str, body: &str) -> Self {
        Self::answering(ResponseTemplate::new(status).set_body_raw(body, content_type))
    }

    /// With a redirect to that place.
    pub fn redirecting(target: &str) -> Self {
        Self::answering(ResponseTemplate::new(302).insert_header("location", target))
    }

    /// With this JSON, and this text as the id of every request.
    pub fn calling_requests(id: &str, body: &Value) -> Self {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Self::answering(answer.insert_header("x-request-id", id))
    }

    fn answering(answer: ResponseTemplate) -> Self {
        let runtime = runtime();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        Self { server, runtime }
    }

    /// With this JSON.
    pub fn json(body: &Value) -> Self {
        Self::new(200, "application/json", &body.to_string())
    }

    /// Its address.
    pub fn origin(&self) -> String {
        self.server.uri()
    }

    /// How many requests it got.
    pub fn count(&self) -> usize {
        let requests = self.runtime.block_on(self.server.received_requests());
        requests.unwrap_or_default().len()
    }
}
