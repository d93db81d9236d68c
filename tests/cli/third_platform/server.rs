//! A tiny server of Strongbox.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// The token that it takes.
pub const TOKEN: &str = "strongbox-token-of-the-tests";

type Boxes = Arc<Mutex<BTreeMap<String, Map<String, Value>>>>;

/// A running server. It ends with the test's process.
pub struct Server {
    pub url: String,
    boxes: Boxes,
}

impl Server {
    pub fn start() -> Self {
        let boxes = Boxes::default();
        let routes = Router::new()
            .route("/boxes/{project}", get(list))
            .route("/boxes/{project}/{target}", post(create))
            .route("/box/{id}", patch(update).delete(remove))
            .with_state(boxes.clone());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                axum::serve(listener, routes).await.unwrap();
            });
        });
        let url = format!("http://{}", receiver.recv().unwrap());
        Self { url, boxes }
    }

    /// Changes a field behind secsync's back.
    pub fn change(&self, target: &str, field: &str, value: &str) {
        let mut boxes = self.boxes.lock().unwrap();
        let changed = boxes.values_mut().find(|one| one["target"] == target);
        changed.unwrap().insert(field.to_owned(), value.into());
    }
}

fn refused(headers: &HeaderMap) -> Option<Response> {
    let sent = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    (sent != Some(&format!("Bearer {TOKEN}"))).then(|| {
        answer(
            StatusCode::UNAUTHORIZED,
            &json!({"message": "Who are you?"}),
        )
    })
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, body.to_string()).into_response()
}

async fn list(State(boxes): State<Boxes>, headers: HeaderMap) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let all: Vec<_> = boxes.lock().unwrap().values().cloned().collect();
    answer(StatusCode::OK, &json!(all))
}

async fn create(
    State(boxes): State<Boxes>,
    Path((_, target)): Path<(String, String)>,
    headers: HeaderMap,
    body: String,
) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let mut boxes = boxes.lock().unwrap();
    let mut made: Map<String, Value> = serde_json::from_str(&body).unwrap();
    let is_namesake =
        |one: &Map<String, Value>| one["name"] == made["name"] && one["target"] == *target;
    if boxes.values().any(is_namesake) {
        return answer(
            StatusCode::CONFLICT,
            &json!({"message": "That box is there"}),
        );
    }
    let id = format!("box-{}", boxes.len() + 1);
    made.insert("id".to_owned(), id.clone().into());
    made.insert("target".to_owned(), target.into());
    boxes.insert(id, made.clone());
    answer(StatusCode::OK, &made.into())
}

async fn update(
    State(boxes): State<Boxes>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let mut boxes = boxes.lock().unwrap();
    let Some(changed) = boxes.get_mut(&id) else {
        return answer(StatusCode::NOT_FOUND, &json!({"message": "No such box"}));
    };
    changed.extend(serde_json::from_str::<Map<String, Value>>(&body).unwrap());
    answer(StatusCode::OK, &changed.clone().into())
}

async fn remove(
    State(boxes): State<Boxes>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    match boxes.lock().unwrap().remove(&id) {
        Some(_) => answer(StatusCode::OK, &json!({})),
        None => answer(StatusCode::NOT_FOUND, &json!({"message": "No such box"})),
    }
}
