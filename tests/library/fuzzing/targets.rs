//! Functions that take any bytes, as a stranger could write them. None may panic or take long.
//!
//! `cargo fuzz run sync_file` (and so on) looks for bytes that break one; it needs a nightly
//! toolchain. `fuzzing.rs` runs the same functions on every `cargo test`, for a while.

use std::fs;
use std::path::Path;
use std::str::from_utf8;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use secsync::cancel::Cancellation;
use secsync::core::normalize;
use secsync::core::text::platform_message;
use secsync::digest;
use secsync::environment::Environment;
use secsync::http::HttpOptions;
use secsync::http::clock::Clock;
use secsync::pipeline::{Opened, Options};
use secsync::planfile;
use secsync::provider::credential::LoginOptions;
use secsync::provider::{Provider, ProviderConfig, connect, enkryptify, infisical};
use secsync::render;
use secsync::schema::extract;
use secsync::schema::store::SchemaStore;
use secsync::state::contents;
use secsync::workspace::{LoadOptions, Settings, Workspace};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A sync file: read, merged, checked against the schemas, and what is wrong shown.
pub fn sync_file(bytes: &[u8]) {
    static OPENED: OnceLock<Opened> = OnceLock::new();
    let Ok(text) = from_utf8(bytes) else { return };
    let opened = OPENED.get_or_init(|| {
        Opened::open(Options {
            request: LoadOptions {
                directory: directory("sync_file"),
                ..LoadOptions::default()
            },
            environment: Environment::default(),
            selectors: Vec::new(),
            targets: Vec::new(),
            names: Vec::new(),
            excluded: Vec::new(),
            prune: false,
            resend: Vec::new(),
            shard: None,
        })
        .unwrap_or_else(|error| panic!("{error:?}"))
        .without_syncs()
    });
    if let Ok(workspace) = opened.load_text("sync.yaml", text.to_owned()).findings() {
        show(&workspace);
    }
}

/// A `secsync.yaml`: read, and what is wrong shown.
pub fn workspace_file(bytes: &[u8]) {
    static DIRECTORY: OnceLock<Utf8PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| directory("workspace_file"));
    fs::write(directory.join("secsync.yaml"), bytes).unwrap();
    let options = LoadOptions {
        directory: directory.clone(),
        ..LoadOptions::default()
    };
    show(&Settings::open(&options).unwrap().into());
}

/// An OpenAPI document that `schema pull` takes schemas from.
pub fn openapi(bytes: &[u8]) {
    if let Ok(text) = from_utf8(bytes) {
        let _ = extract::extract(text);
    }
}

/// A saved plan: as it is, and with a digest that fits, as whoever forges one would make it.
pub fn saved_plan(bytes: &[u8]) {
    static STORE: OnceLock<SchemaStore> = OnceLock::new();
    let store = STORE.get_or_init(SchemaStore::bundled);
    let read = |bytes: &[u8]| {
        let local = |platform, slug: &str| {
            let destination = store.destination(platform, slug).ok().flatten()?;
            Some(Arc::new(destination.spec.clone()))
        };
        if let Ok(saved) = planfile::read(bytes, &local) {
            render::saved::heading("plan", &saved, &saved.plan);
            let context = render::plan::PlanExtras {
                lists_unmanaged: true,
                ..render::plan::PlanExtras::default()
            };
            render::plan::human(&saved.plan, &saved.sources, context);
        }
    };
    read(bytes);
    if let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) {
        fields.remove("digest");
        let digest = format!("sha256:{}", digest::of_json(&Value::Object(fields.clone())));
        fields.insert("digest".to_owned(), digest.into());
        read(Value::Object(fields).to_string().as_bytes());
    }
}

/// A state. What can be read is what is written again.
pub fn state(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(records) = contents::parse(text) {
        let again = contents::text(&records).unwrap();
        let read = contents::parse(&again);
        assert_eq!(read.as_ref(), Ok(&records));
    }
}

/// An answer of a server: its status by the first byte, its body by the others.
pub fn api_answer(bytes: &[u8]) {
    static SERVER: OnceLock<Server> = OnceLock::new();
    const STATUSES: [u16; 12] = [200, 200, 200, 200, 400, 401, 403, 404, 422, 500, 302, 201];
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let server = SERVER.get_or_init(Server::start);
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    *server.answer.lock().unwrap() = (status, body.to_vec());
    server.runtime.block_on(async {
        let empty = Map::new();
        for provider in &server.providers {
            match provider {
                Provider::Managed(syncs) => {
                    let listed = syncs.list("project", "project").await.unwrap_or_default();
                    let created = syncs.create("humanitec", &empty).await;
                    let _ = syncs.delete("humanitec", "id", false).await;
                    let _ = syncs.projects().await;
                    let _ = syncs.connections("humanitec", "project").await;
                    for sync in listed.into_iter().chain(created) {
                        normalize::declarable(&sync);
                        platform_message(&sync.sync_job.message.unwrap_or_default());
                    }
                }
                Provider::StartOnly(starts) => {
                    let _ = starts.start("vercel", "project", "web").await;
                }
            }
        }
    });
}

/// What is wrong with a workspace, as a terminal shows it.
fn show(workspace: &Workspace) {
    render::findings::render(&workspace.diagnostics, &workspace.sources, Some(80));
}

/// An empty directory of a target.
fn directory(target: &str) -> Utf8PathBuf {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    let root: &Path = DIRECTORY.get_or_init(|| TempDir::new().unwrap()).path();
    let directory = Utf8Path::from_path(root).unwrap().join(target);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// A server that gives one answer to everything, and clients of it.
struct Server {
    answer: Arc<Mutex<(u16, Vec<u8>)>>,
    providers: Vec<Provider>,
    runtime: Runtime,
}

impl Server {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let answer: Arc<Mutex<(u16, Vec<u8>)>> = Arc::default();
        let given = Arc::clone(&answer);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let given = Arc::clone(&given);
                tokio::spawn(async move {
                    // The requests are small: each comes in one piece.
                    let mut buffer = [0; 16 * 1024];
                    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                        let (status, body) = given.lock().unwrap().clone();
                        let head = format!(
                            "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                            body.len()
                        );
                        let bytes = [head.as_bytes(), &body].concat();
                        if stream.write_all(&bytes).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        let variables = [
            ("INFISICAL_HOST", origin.as_str()),
            ("INFISICAL_TOKEN", "a-token-for-fuzzing"),
            ("ENKRYPTIFY_API_URL", &origin),
            ("ENKRYPTIFY_TOKEN", "a-token-for-fuzzing"),
        ];
        let environment: Environment = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let options = HttpOptions {
            clock: Arc::new(Impatient(Instant::now())),
            ..HttpOptions::default()
        };
        let providers = [infisical::PLATFORM, enkryptify::PLATFORM].map(|platform| {
            let config = ProviderConfig {
                name: platform.name().to_owned(),
                platform,
                url: None,
            };
            connect(
                &config,
                &environment,
                &LoginOptions::default(),
                &options,
                &Cancellation::new(),
            )
            .unwrap()
        });
        Self {
            answer,
            providers: providers.into(),
            runtime,
        }
    }
}

/// A clock by which every pause is over at once.
struct Impatient(Instant);

#[async_trait]
impl Clock for Impatient {
    fn now(&self) -> Instant {
        self.0
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn chance(&self) -> f64 {
        0.5
    }

    async fn sleep(&self, _: Duration) {}
}
