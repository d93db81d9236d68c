//! Rebuilds what the recorded exchanges were recorded on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secsync::sandbox::{Call, Catalog, Emulator, Era, Moment, Reply, SandboxOptions};
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

/// The destinations of the recorded server.
pub fn catalog() -> Arc<Catalog> {
    let schemas: Vec<Value> = serde_json::from_str(include_str!("recorded/catalog.json")).unwrap();
    Arc::new(Catalog::from_schemas(schemas))
}

/// An emulator with the recorded server's projects, connections and identities, and a clock
/// that moves only when a test moves it.
pub struct Server {
    pub emulator: Emulator,
    now: Moment,
}

/// How long one attempt of a job takes here; it starts half of it after it was queued.
pub const JOB: Duration = Duration::from_millis(100);

/// Long enough for every job to end, retries included.
pub const SETTLED: Duration = Duration::from_secs(10);

impl Server {
    /// The recorded server, of June 2025.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// The recorded server with these faults.
    pub fn failing(rules: &[&str]) -> Self {
        Self::with(|options| {
            options.fail = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        })
    }

    /// The recorded server with other options.
    pub fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let world = serde_json::from_str(include_str!("recorded/world.json")).unwrap();
        Self::in_world(&world, |options| {
            options.era = Era::June2025;
            change(options);
        })
    }

    /// A server of today with this world and the recorded server's destinations.
    pub fn in_world(world: &Value, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions {
            world: serde_json::from_value(world.clone()).unwrap(),
            catalog: catalog(),
            seed: 7,
            job_duration: JOB,
            ..SandboxOptions::default()
        };
        change(&mut options);
        Self {
            emulator: Emulator::new(options),
            now: Moment::from_millis(1_700_000_000_000),
        }
    }

    /// With the bundled destinations instead of the recorded server's.
    pub fn bundled(world: &Value) -> Self {
        let catalog = Catalog::from_store(&SchemaStore::bundled()).unwrap();
        Self::in_world(world, |options| options.catalog = Arc::new(catalog))
    }

    /// Lets time pass.
    pub fn wait(&mut self, while_: Duration) {
        self.now = self.now.after(while_);
    }

    /// Sends a request as an identity of the world; see [`with_credential`].
    pub fn send(&mut self, identity: &str, request: Call) -> Reply {
        self.wait(Duration::from_millis(1));
        let request = with_credential(request, identity);
        self.emulator.handle(&request, self.now)
    }

    pub fn get(&mut self, target: &str) -> Reply {
        self.send("ci", Call::new("GET", target))
    }

    pub fn post(&mut self, target: &str, body: &Value) -> Reply {
        self.send("ci", Call::new("POST", target).json(body))
    }

    pub fn patch(&mut self, target: &str, body: &Value) -> Reply {
        self.send("ci", Call::new("PATCH", target).json(body))
    }

    pub fn delete(&mut self, target: &str) -> Reply {
        self.send("ci", Call::new("DELETE", target))
    }

    /// Queues a job with an empty request.
    pub fn trigger(&mut self, target: &str) -> Reply {
        self.send("ci", Call::new("POST", target))
    }

    /// The id of the connection of that app and name.
    pub fn connection(&mut self, app: &str, name: &str) -> String {
        let response = self.get(&format!("/api/v1/app-connections/{app}/available"));
        let connections = response.body()["appConnections"].as_array().unwrap();
        let connection = connections
            .iter()
            .find(|connection| connection["name"] == name);
        connection.unwrap()["id"].as_str().unwrap().to_owned()
    }
}

/// Adds the credential of an identity: the name of one in the world, `none`, or one of three
/// wrong ones.
fn with_credential(request: Call, identity: &str) -> Call {
    match identity {
        "none" => request,
        "garbage" => request.bearer("garbage"),
        "forged" => request.bearer("head.claims.signature"),
        "service" => request.bearer("st.abc.def.ghi"),
        token if token.starts_with("sandbox.") => request.bearer(token),
        identity => request.bearer(&format!("token-of-{identity}")),
    }
}

/// A foreign token with these claims; its signature is no signature.
pub fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.unsigned",
        part(&json!({"alg": "none"})),
        part(claims)
    )
}

/// What the placeholders of recorded values stand for: the first sight decides.
#[derive(Default)]
pub struct Bindings {
    values: BTreeMap<String, String>,
}

impl Bindings {
    pub fn bind(&mut self, placeholder: &str, value: &str) {
        self.values.insert(placeholder.to_owned(), value.to_owned());
    }

    /// Puts the values in for the placeholders of a text.
    pub fn fill(&self, text: &str) -> String {
        self.values
            .iter()
            .fold(text.to_owned(), |text, (placeholder, value)| {
                text.replace(placeholder, value)
            })
    }

    /// Puts the values in for the placeholders of a value.
    pub fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.fill(text).into(),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (key.clone(), self.fill_value(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }

    /// Says how an answer differs from the recorded one; nothing if only ids and times do.
    ///
    /// A key that is not recorded must be null.
    pub fn difference(&mut self, recorded: &Value, actual: &Value, path: &str) -> Option<String> {
        match (recorded, actual) {
            (Value::Object(recorded), Value::Object(actual)) => {
                let missing = recorded.keys().find(|key| !actual.contains_key(*key));
                if let Some(key) = missing {
                    return Some(format!("{path}.{key} is missing"));
                }
                actual.iter().find_map(|(key, value)| {
                    let recorded = recorded.get(key).unwrap_or(&Value::Null);
                    self.difference(recorded, value, &format!("{path}.{key}"))
                })
            }
            (Value::Array(recorded), Value::Array(actual)) if recorded.len() == actual.len() => {
                recorded
                    .iter()
                    .zip(actual)
                    .enumerate()
                    .find_map(|(at, (recorded, actual))| {
                        self.difference(recorded, actual, &format!("{path}[{at}]"))
                    })
            }
            (Value::String(recorded), Value::String(actual)) => {
                let same = if recorded.starts_with('<') && recorded.ends_with('>') {
                    self.matches(recorded, actual)
                } else {
                    self.fill(recorded) == *actual
                };
                (!same).then(|| format!("{path}: recorded {recorded:?}, answered {actual:?}"))
            }
            (recorded, actual) => (recorded != actual)
                .then(|| format!("{path}: recorded {recorded}, answered {actual}")),
        }
    }

    fn matches(&mut self, placeholder: &str, actual: &str) -> bool {
        match placeholder {
            "<time>" => {
                actual.len() == 24 && actual.ends_with('Z') && actual.as_bytes()[10] == b'T'
            }
            "<request>" => actual.len() == 18 && actual.starts_with("req-"),
            "<hash>" => actual.len() == 64,
            "<token>" => {
                self.bind(placeholder, actual);
                true
            }
            _ => {
                if let Some(bound) = self.values.get(placeholder) {
                    return bound == actual;
                }
                let is_new = !self.values.values().any(|bound| bound == actual);
                self.bind(placeholder, actual);
                is_new
            }
        }
    }
}
