//! An object store that speaks as much of S3 as a state needs: get, and put with conditions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::runtime::Runtime;

use super::Invocation;
use super::server::runtime;

const ACCESS_KEY: &str = "AKIAEXAMPLE";
/// The secret of the only key that is let in.
pub const SECRET_KEY: &str = "hunter2-secret-access-key";

/// What happens at a request, instead of what should.
#[derive(Clone)]
pub enum Happening {
    /// It is answered with this status and code, and nothing is done.
    Refused(u16, &'static str),
    /// It is done, and answered with an error of the server.
    DoneButFails,
    /// Another run writes this before.
    Before(String),
    /// Nothing out of order.
    Nothing,
}

#[derive(Default)]
struct Store {
    objects: BTreeMap<String, (u32, Bytes)>,
    requests: Vec<String>,
    /// What happens at the next gets, and at the next puts.
    gets: VecDeque<Happening>,
    puts: VecDeque<Happening>,
    writes: u32,
}

/// An object store with one bucket, `acme`.
pub struct Objects {
    store: Arc<Mutex<Store>>,
    origin: String,
    _runtime: Runtime,
}

impl Objects {
    /// An empty one.
    pub fn new() -> Self {
        let runtime = runtime();
        let store: Arc<Mutex<Store>> = Arc::default();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(store.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            store,
            origin,
            _runtime: runtime,
        }
    }

    /// Lets these happen at the next gets, in turn.
    pub fn at_gets(&self, happenings: impl IntoIterator<Item = Happening>) {
        self.store.lock().unwrap().gets = happenings.into_iter().collect();
    }

    /// Lets these happen at the next puts, in turn.
    pub fn at_puts(&self, happenings: impl IntoIterator<Item = Happening>) {
        self.store.lock().unwrap().puts = happenings.into_iter().collect();
    }

    /// The text of an object: its bucket and path.
    pub fn text(&self, path: &str) -> Option<String> {
        let store = self.store.lock().unwrap();
        let (_, bytes) = store.objects.get(path)?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Puts an object there.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let bytes = Bytes::copy_from_slice(bytes);
        self.store.lock().unwrap().put(path, bytes);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.store.lock().unwrap().requests.clone()
    }

    /// Lets an invocation reach it.
    pub fn reached_by(&self, invocation: Invocation) -> Invocation {
        invocation
            .variable("AWS_ENDPOINT_URL", &self.origin)
            .variable("AWS_REGION", "eu-central-1")
            .variable("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .variable("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    }
}

impl Store {
    fn put(&mut self, path: &str, bytes: Bytes) -> u32 {
        self.writes += 1;
        self.objects.insert(path.to_owned(), (self.writes, bytes));
        self.writes
    }
}

async fn answer(State(store): State<Arc<Mutex<Store>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let header = |name: &str| Some(parts.headers.get(name)?.to_str().unwrap().to_owned());
    let mut store = store.lock().unwrap();
    store.requests.push(format!("{} {path}", parts.method));
    let signature = header("authorization").unwrap_or_default();
    if !signature.contains(&format!("Credential={ACCESS_KEY}/")) {
        return refusal(403, "InvalidAccessKeyId");
    }
    if !path.starts_with("acme/") {
        return refusal(404, "NoSuchBucket");
    }
    let happening = if parts.method == Method::GET {
        store.gets.pop_front()
    } else {
        store.puts.pop_front()
    };
    match &happening {
        Some(Happening::Refused(status, code)) => return refusal(*status, code),
        Some(Happening::Before(text)) => {
            store.put(&path, text.clone().into());
        }
        Some(Happening::DoneButFails | Happening::Nothing) | None => {}
    }
    let tag = |version: u32| format!("\"v{version}\"");
    let there = store.objects.get(&path).cloned();
    if parts.method == Method::GET {
        return match there {
            Some((version, bytes)) => ([("etag", tag(version))], bytes).into_response(),
            None => refusal(404, "NoSuchKey"),
        };
    }
    assert_eq!(parts.method, Method::PUT);
    let current = there.map(|(version, _)| tag(version));
    let is_met = match (header("if-match"), header("if-none-match")) {
        (Some(wanted), None) => current == Some(wanted),
        (None, Some(any)) => any == "*" && current.is_none(),
        conditions => panic!("a write without a condition: {conditions:?}"),
    };
    if !is_met {
        return refusal(412, "PreconditionFailed");
    }
    let version = store.put(&path, body);
    match happening {
        Some(Happening::DoneButFails) => refusal(503, "SlowDown"),
        _ => [("etag", tag(version))].into_response(),
    }
}

/// An error as S3 words it, with what must not be repeated.
fn refusal(status: u16, code: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>hunter2</Message>\
         <StringToSign>{SECRET_KEY}</StringToSign></Error>"
    );
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}
