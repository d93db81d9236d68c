//! The sandbox behind its socket: what reaches a client, what is kept, and what does not
//! arrive.

use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use reqwest::{Client, Method, StatusCode};
use secsync::root::Root;
use secsync::sandbox::{
    self, CLIENT_ID, CLIENT_SECRET, ENKRYPTIFY_TOKEN, INFISICAL_TOKEN, Running, SandboxOptions,
    World,
};
use serde_json::{Value, json};

use super::support::catalog;

struct Sandbox {
    running: Running,
    client: Client,
    body: Value,
}

impl Sandbox {
    async fn start(options: SandboxOptions) -> Self {
        let mut world = World::default();
        let project = world.mention_project("payments");
        world.mention_folder("payments", "prod", "/apps/web");
        let connection = world.mention_connection("humanitec", Some("main"), None);
        // Only the first one is installed; any later one would be the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = sandbox::start(SandboxOptions {
            world,
            catalog: catalog(),
            job_duration: Duration::from_millis(1),
            ..options
        })
        .await
        .unwrap();
        Self {
            running,
            client: Client::builder().no_proxy().build().unwrap(),
            body: json!({
                "name": "web",
                "projectId": project,
                "connectionId": connection,
                "environment": "prod",
                "secretPath": "/apps/web",
                "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
                "destinationConfig": {"scope": "application", "org": "acme", "app": "web"}
            }),
        }
    }

    async fn failing(rule: &str) -> Self {
        Self::start(SandboxOptions {
            fail: vec![rule.parse().unwrap()],
            ..SandboxOptions::default()
        })
        .await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.running.address()))
            .bearer_auth(INFISICAL_TOKEN)
    }

    async fn create(&self) -> reqwest::Result<reqwest::Response> {
        self.request(Method::POST, "/api/v1/secret-syncs/humanitec")
            .json(&self.body)
            .send()
            .await
    }

    async fn list(&self) -> Vec<Value> {
        let project = self.body["projectId"].as_str().unwrap();
        let path = format!("/api/v1/secret-syncs?projectId={project}");
        let response = self.request(Method::GET, &path).send().await.unwrap();
        let body: Value = response.json().await.unwrap();
        body["secretSyncs"].as_array().unwrap().clone()
    }

    async fn start_web(&self) -> reqwest::Result<reqwest::Response> {
        self.client
            .post(format!(
                "http://{}/v1/sync/vercel/start",
                self.running.address()
            ))
            .bearer_auth(ENKRYPTIFY_TOKEN)
            .json(&json!({"projectId": "prj_1", "name": "web"}))
            .send()
            .await
    }
}

#[tokio::test]
async fn a_client_logs_in_and_creates_and_sees_the_job_end() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await;
    let login: Value = sandbox
        .request(Method::POST, "/api/v1/auth/universal-auth/login")
        .json(&json!({"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = login["accessToken"].as_str().unwrap();
    let created = sandbox
        .client
        .post(format!(
            "http://{}/api/v1/secret-syncs/humanitec",
            sandbox.running.address()
        ))
        .bearer_auth(token)
        .json(&sandbox.body)
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), StatusCode::OK);
    assert_eq!(
        created.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    assert!(created.headers().contains_key("etag"));
    while sandbox.list().await[0]["syncStatus"] != "succeeded" {}
    let paths: Vec<String> = sandbox
        .running
        .requests()
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    assert_eq!(
        paths[..2],
        [
            "/api/v1/auth/universal-auth/login",
            "/api/v1/secret-syncs/humanitec"
        ]
    );
    sandbox.running.stop().await.unwrap();
}

#[tokio::test]
async fn answers_nothing_after_it_stopped_even_on_open_connections() {
    let Sandbox {
        running,
        client,
        body: _,
    } = Sandbox::start(SandboxOptions::default()).await;
    let status = format!("http://{}/api/status", running.address());
    // Read to its end, so that the connection is kept for the next request.
    client
        .get(&status)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    running.stop().await.unwrap();
    assert!(client.get(&status).send().await.is_err());
}

#[tokio::test]
async fn of_six_creates_with_one_name_exactly_one_wins() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await;
    let answers = futures_util::future::join_all((0..6).map(|_| sandbox.create())).await;
    let mut statuses: Vec<u16> = answers
        .into_iter()
        .map(|answer| answer.unwrap().status().as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn it_refuses_to_listen_to_the_world() {
    let options = SandboxOptions {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..SandboxOptions::default()
    };
    let error = sandbox::start(options).await.err().unwrap();
    assert!(error.to_string().contains("`0.0.0.0:0`"), "{error}");
}

#[tokio::test]
async fn a_body_over_a_megabyte_is_answered_with_500() {
    let mut sandbox = Sandbox::start(SandboxOptions::default()).await;
    sandbox.body["description"] = "x".repeat(3 * 1024 * 1024).into();
    assert_eq!(
        sandbox.create().await.unwrap().status(),
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert!(sandbox.list().await.is_empty());
}

#[tokio::test]
async fn a_dropped_answer_closes_the_connection_after_the_work_is_done() {
    let sandbox = Sandbox::failing("create=drop").await;
    assert!(sandbox.create().await.is_err());
    assert_eq!(sandbox.list().await.len(), 1);
    let sandbox = Sandbox::failing("start=drop").await;
    assert!(sandbox.start_web().await.is_err());
    assert_eq!(sandbox.running.started().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_does_nothing() {
    let sandbox = Sandbox::failing("create=refuse").await;
    assert!(sandbox.create().await.is_err());
    assert!(sandbox.list().await.is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_a_gateway_s_page_after_the_work_is_done() {
    let sandbox = Sandbox::failing("create:web=lost").await;
    let answer = sandbox.create().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(sandbox.list().await.len(), 1);
}

#[tokio::test]
async fn a_truncated_answer_ends_in_the_middle() {
    let sandbox = Sandbox::failing("create=truncate").await;
    let answer = sandbox.create().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.bytes().await.is_err());
    assert_eq!(sandbox.list().await.len(), 1);
}

#[tokio::test]
async fn a_hanging_answer_never_comes() {
    let sandbox = Sandbox::failing("create=hang").await;
    let done = async { while sandbox.list().await.is_empty() {} };
    tokio::select! {
        answer = sandbox.create() => panic!("{answer:?}"),
        () = done => {}
    }
}

#[tokio::test]
async fn a_page_takes_the_place_of_a_list() {
    let sandbox = Sandbox::failing("list=html").await;
    let response = sandbox
        .request(Method::GET, "/api/v1/secret-syncs?projectId=x")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .starts_with("<!doctype html>")
    );
}

#[tokio::test]
async fn every_answer_waits_for_the_latency() {
    let sandbox = Sandbox::start(SandboxOptions {
        latency: Duration::from_millis(80),
        ..SandboxOptions::default()
    })
    .await;
    let before = Instant::now();
    sandbox.list().await;
    assert!(before.elapsed() >= Duration::from_millis(80));
}

fn root(directory: &tempfile::TempDir) -> Root {
    Root::open(Utf8Path::from_path(directory.path()).unwrap()).unwrap()
}

#[tokio::test]
async fn state_survives_in_the_store_without_any_credential() {
    let directory = tempfile::tempdir().unwrap();
    let store = root(&directory).make_directory("deep/sandbox".into());
    let store = Arc::new(store.unwrap());
    let options = || SandboxOptions {
        store: Some(Arc::clone(&store)),
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::start(options()).await;
    let created: Value = sandbox.create().await.unwrap().json().await.unwrap();
    sandbox.start_web().await.unwrap();
    sandbox.running.stop().await.unwrap();

    let text = std::fs::read_to_string(store.path().join("sandbox.json")).unwrap();
    for credential in [CLIENT_ID, CLIENT_SECRET, INFISICAL_TOKEN, ENKRYPTIFY_TOKEN] {
        assert!(!text.contains(credential));
    }

    let sandbox = Sandbox::start(options()).await;
    let listed = sandbox.list().await;
    assert_eq!(listed[0]["id"], created["secretSync"]["id"]);
    assert_eq!(listed[0]["syncStatus"], "succeeded");
    assert_eq!(sandbox.running.started().len(), 1);
    assert_eq!(
        sandbox.create().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_written_when_it_has_stopped_even_while_it_was_being_written() {
    // It writes by itself every 50 ms: for a while it stops in the middle of that.
    for moment in 0..120 {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(root(&directory));
        let begun = Instant::now();
        let sandbox = Sandbox::start(SandboxOptions {
            store: Some(Arc::clone(&store)),
            ..SandboxOptions::default()
        })
        .await;
        sandbox.create().await.unwrap();
        let end = Duration::from_micros(49_000 + 50 * moment);
        tokio::time::sleep(end.saturating_sub(begun.elapsed())).await;
        sandbox.running.stop().await.unwrap();
        let text = std::fs::read_to_string(store.path().join("sandbox.json"));
        assert!(text.is_ok_and(|text| text.contains("\"web\"")), "{moment}");
    }
}

#[tokio::test]
async fn dropping_it_writes_what_was_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(root(&directory));
    let sandbox = Sandbox::start(SandboxOptions {
        store: Some(Arc::clone(&store)),
        ..SandboxOptions::default()
    })
    .await;
    sandbox.create().await.unwrap();
    drop(sandbox);
    assert!(
        std::fs::read_to_string(store.path().join("sandbox.json"))
            .unwrap()
            .contains("\"web\"")
    );
}

#[tokio::test]
async fn a_damaged_store_is_an_error_that_names_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = root(&directory);
    std::fs::write(store.path().join("sandbox.json"), "{").unwrap();
    let options = SandboxOptions {
        store: Some(Arc::new(store)),
        ..SandboxOptions::default()
    };
    let error = sandbox::start(options).await.err().unwrap();
    assert!(error.to_string().contains("sandbox.json"), "{error}");
}
