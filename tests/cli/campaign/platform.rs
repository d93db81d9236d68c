//! What both platforms hold, and what their APIs do with a request that reaches them.
//!
//! Written from what real servers were seen to do, and apart from the sandbox, so that the two
//! do not share a mistake.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::files::{Content, PROJECT};
use super::journal::{Actor, Change, Journal};

pub const PROJECT_ID: &str = "11111111-1111-4111-8111-111111111111";

/// How long a job takes.
const JOB: Duration = Duration::from_millis(30);

/// The id of the connection to a destination.
pub fn connection_id(destination: &str) -> String {
    let digit = if destination == "teamcity" { 3 } else { 2 };
    format!("{digit}2222222-2222-4222-8222-222222222222")
}

/// A sync on Infisical.
#[derive(Debug, Clone, PartialEq)]
pub struct Sync {
    pub id: String,
    pub name: String,
    pub destination: String,
    /// The fields that a person sets, but for the name.
    pub fields: Map<String, Value>,
    job: Job,
    removal: Job,
    /// When it was changed last, and pushed last, by the platform's clock.
    changed: u64,
    pushed: Option<u64>,
}

impl Sync {
    /// Whether it is as a file declares it.
    pub fn is(&self, content: &Content) -> bool {
        self.destination == content.destination && self.fields == content.fields()
    }

    /// Whether it is so in all that a create sends, which leaves out what the file leaves out.
    pub fn is_as_sent(&self, content: &Content) -> bool {
        let mut fields = content.fields();
        if content.description.is_none() {
            fields.insert("description".to_owned(), self.fields["description"].clone());
        }
        self.destination == content.destination && self.fields == fields
    }
}

/// The last job of a kind.
#[derive(Debug, Clone, Default, PartialEq)]
struct Job {
    /// How many have ended.
    ended: usize,
    is_going: Option<(Instant, bool)>,
    has_failed: Option<bool>,
}

impl Job {
    fn begin(&mut self, fails: bool) {
        self.is_going = Some((Instant::now() + JOB, fails));
    }

    /// Ends it if its time has come, and says whether it failed.
    fn end(&mut self) -> Option<bool> {
        let (_, fails) = self.is_going.filter(|(end, _)| *end <= Instant::now())?;
        self.is_going = None;
        self.ended += 1;
        self.has_failed = Some(fails);
        Some(fails)
    }

    fn status(&self) -> Option<&'static str> {
        match (self.is_going, self.has_failed) {
            (Some(_), _) => Some("running"),
            (None, Some(true)) => Some("failed"),
            (None, Some(false)) => Some("succeeded"),
            (None, None) => None,
        }
    }

    fn last_id(&self) -> Option<String> {
        (self.ended > 0).then(|| format!("job-{}", self.ended))
    }
}

/// A configuration that was started on Enkryptify.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub id: String,
    pub slug: String,
    pub project: String,
    pub name: String,
}

/// A request as the API understands it.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: Vec<String>,
    pub query: String,
    pub body: Value,
}

/// A status and a body.
pub type Reply = (u16, Value);

/// What both platforms hold.
pub struct Platform {
    pub syncs: Vec<Sync>,
    pub starts: Vec<Start>,
    /// The names of syncs whose next removal of secrets fails.
    pub failing_removals: Vec<String>,
    /// The names of syncs whose jobs fail.
    pub failing_jobs: Vec<String>,
    ids: usize,
    /// Moves on with each change.
    clock: u64,
}

impl Platform {
    pub fn new() -> Self {
        Self {
            syncs: Vec::new(),
            starts: Vec::new(),
            failing_removals: Vec::new(),
            failing_jobs: Vec::new(),
            ids: 0,
            clock: 0,
        }
    }

    fn new_id(&mut self) -> String {
        self.ids += 1;
        format!("00000000-0000-4000-8000-{:012}", self.ids)
    }

    pub fn named(&self, name: &str) -> Option<&Sync> {
        self.syncs.iter().find(|sync| sync.name == name)
    }

    pub fn with_id(&self, id: &str) -> Option<&Sync> {
        self.syncs.iter().find(|sync| sync.id == id)
    }

    /// Ends the jobs whose time has come.
    pub fn pass_time(&mut self, journal: &mut Journal) {
        let mut gone = Vec::new();
        for sync in &mut self.syncs {
            if sync.job.end() == Some(false) {
                self.clock += 1;
                sync.pushed = Some(self.clock);
            }
            match sync.removal.end() {
                Some(true) => self.failing_removals.retain(|name| *name != sync.name),
                Some(false) => gone.push(sync.id.clone()),
                None => {}
            }
        }
        for id in gone {
            self.delete(&id, Actor::Job, journal);
        }
    }

    /// Whether nothing happens any more by itself.
    pub fn is_idle(&self) -> bool {
        let is_going = |sync: &Sync| sync.job.is_going.or(sync.removal.is_going).is_some();
        !self.syncs.iter().any(is_going)
    }

    pub fn create(
        &mut self,
        (name, destination): (&str, &str),
        fields: Map<String, Value>,
        by: Actor,
        journal: &mut Journal,
    ) -> Sync {
        let mut sync = Sync {
            id: self.new_id(),
            name: name.to_owned(),
            destination: destination.to_owned(),
            fields,
            job: Job::default(),
            removal: Job::default(),
            changed: 0,
            pushed: None,
        };
        self.write(&mut sync);
        self.syncs.push(sync.clone());
        journal.commit(by, Change::Created(sync.clone().into()));
        sync
    }

    /// Notes when a write was, and queues the job that it sets off.
    fn write(&mut self, sync: &mut Sync) {
        self.clock += 1;
        sync.changed = self.clock;
        if sync.fields["isAutoSyncEnabled"] == true {
            sync.job.begin(self.failing_jobs.contains(&sync.name));
        }
    }

    pub fn update(
        &mut self,
        id: &str,
        changes: &Map<String, Value>,
        by: Actor,
        journal: &mut Journal,
    ) -> Sync {
        let place = self.syncs.iter().position(|sync| sync.id == id).unwrap();
        let before = self.syncs[place].clone();
        let mut sync = before.clone();
        for (field, value) in changes {
            match (field.as_str(), value) {
                ("name", Value::String(name)) => sync.name.clone_from(name),
                ("name" | "projectId" | "destination", _) => {}
                _ => {
                    sync.fields.insert(field.clone(), value.clone());
                }
            }
        }
        self.write(&mut sync);
        self.syncs[place] = sync.clone();
        let (before, after) = (Box::new(before), Box::new(sync.clone()));
        journal.commit(by, Change::Updated { before, after });
        sync
    }

    pub fn delete(&mut self, id: &str, by: Actor, journal: &mut Journal) -> Sync {
        let place = self.syncs.iter().position(|sync| sync.id == id).unwrap();
        let sync = self.syncs.remove(place);
        journal.commit(by, Change::Deleted(sync.clone().into()));
        sync
    }

    /// What the API does with a request and answers to it.
    pub fn answer(&mut self, call: &Call, by: Actor, journal: &mut Journal) -> Reply {
        self.pass_time(journal);
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["api", "v1", "workspace"]) => {
                let project = json!({"id": PROJECT_ID, "slug": PROJECT, "name": "Payments"});
                (200, json!({"workspaces": [project]}))
            }
            ("GET", ["api", "v1", "app-connections", app, "available"]) => {
                let connection = json!({"app": app, "name": "main", "id": connection_id(app)});
                (200, json!({"appConnections": [connection]}))
            }
            ("GET", ["api", "v1", "folders"]) => (200, json!({"folders": [{"name": "api"}]})),
            ("GET", ["api", "v1", "secret-syncs"]) => {
                let syncs: Vec<Value> = self.syncs.iter().map(shown).collect();
                (200, json!({"secretSyncs": syncs}))
            }
            (_, ["api", "v1", "secret-syncs", rest @ ..]) => {
                self.answer_about_a_sync(call, rest, by, journal)
            }
            ("POST", ["v1", "sync", slug, "start"]) => {
                let start = Start {
                    id: self.new_id(),
                    slug: (*slug).to_owned(),
                    project: text(&call.body, "projectId"),
                    name: text(&call.body, "name"),
                };
                self.starts.push(start.clone());
                let id = start.id.clone();
                journal.commit(by, Change::Started(start));
                (200, json!({"syncConfigId": id}))
            }
            _ => unknown_route(call),
        }
    }

    fn answer_about_a_sync(
        &mut self,
        call: &Call,
        rest: &[&str],
        by: Actor,
        journal: &mut Journal,
    ) -> Reply {
        let of_destination = |sync: &&Sync| sync.destination == rest[0];
        match (call.method.as_str(), rest) {
            ("POST", [destination]) => self.create_as_asked(call, destination, by, journal),
            ("GET", [_, "sync-name", name]) => {
                let found = self.named(name).filter(of_destination);
                found.map_or_else(not_found, one)
            }
            (method, [_, id, job @ ..]) => {
                let Some(sync) = self.with_id(id).filter(of_destination) else {
                    return not_found();
                };
                let is_busy = sync.job.is_going.or(sync.removal.is_going).is_some();
                match (method, job) {
                    ("GET", []) => one(sync),
                    ("PATCH", []) => self.update_as_asked(call, id, by, journal),
                    ("POST", ["sync-secrets"]) => {
                        if is_busy {
                            return busy();
                        }
                        let fails = self.failing_jobs.contains(&sync.name);
                        let place = self.syncs.iter_mut().find(|sync| sync.id == *id).unwrap();
                        place.job.begin(fails);
                        let sync = place.clone();
                        journal.commit(by, Change::Triggered(sync.clone().into()));
                        one(&sync)
                    }
                    ("DELETE", []) if call.query.contains("removeSecrets=true") => {
                        if is_busy {
                            return busy();
                        }
                        let name = sync.name.clone();
                        let fails = self.failing_removals.contains(&name);
                        let place = self.syncs.iter_mut().find(|sync| sync.id == *id).unwrap();
                        place.removal.begin(fails);
                        let sync = place.clone();
                        journal.commit(by, Change::Removing(sync.clone().into()));
                        one(&sync)
                    }
                    ("DELETE", []) => one(&self.delete(id, by, journal)),
                    _ => unknown_route(call),
                }
            }
            _ => unknown_route(call),
        }
    }

    fn create_as_asked(
        &mut self,
        call: &Call,
        destination: &str,
        by: Actor,
        journal: &mut Journal,
    ) -> Reply {
        let name = text(&call.body, "name");
        if self.named(&name).is_some() {
            return taken(&name);
        }
        let mut fields = call.body.as_object().unwrap().clone();
        assert_eq!(fields.remove("projectId"), Some(json!(PROJECT_ID)));
        fields.remove("name");
        fields.entry("description").or_insert(Value::Null);
        fields.entry("isAutoSyncEnabled").or_insert(json!(true));
        one(&self.create((&name, destination), fields, by, journal))
    }

    fn update_as_asked(
        &mut self,
        call: &Call,
        id: &str,
        by: Actor,
        journal: &mut Journal,
    ) -> Reply {
        let name = text(&call.body, "name");
        if self.named(&name).is_some_and(|other| other.id != id) {
            return taken(&name);
        }
        one(&self.update(id, call.body.as_object().unwrap(), by, journal))
    }
}

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_default().to_owned()
}

/// A time of the platform's clock, whose steps are far enough apart to be told apart.
fn moment(clock: u64) -> String {
    let (hours, minutes) = (clock / 60, clock % 60);
    format!("2026-01-01T{hours:02}:{minutes:02}:00.000Z")
}

/// A sync as the API shows it.
fn shown(sync: &Sync) -> Value {
    let mut shown = sync.fields.clone();
    let environment = shown.remove("environment");
    let path = shown.remove("secretPath");
    let more = json!({
        "id": sync.id,
        "name": sync.name,
        "version": 1,
        "projectId": PROJECT_ID,
        "folderId": "folder",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": moment(sync.changed),
        "connection": {
            "app": sync.destination,
            "name": "main",
            "id": connection_id(&sync.destination),
        },
        "environment": {"slug": environment, "name": environment, "id": environment},
        "folder": {"id": "folder", "path": path},
        "destination": sync.destination,
        "syncStatus": sync.job.status(),
        "lastSyncJobId": sync.job.last_id(),
        "lastSyncMessage": null,
        "lastSyncedAt": sync.pushed.map(moment),
        "importStatus": null,
        "lastImportJobId": null,
        "lastImportMessage": null,
        "lastImportedAt": null,
        "removeStatus": sync.removal.status(),
        "lastRemoveJobId": sync.removal.last_id(),
        "lastRemoveMessage": null,
        "lastRemovedAt": null,
    });
    shown.extend(more.as_object().unwrap().clone());
    shown.into()
}

fn one(sync: &Sync) -> Reply {
    (200, json!({"secretSync": shown(sync)}))
}

fn refusal(status: u16, error: &str, message: &str) -> Reply {
    let body = json!({"reqId": "req-1", "statusCode": status, "message": message, "error": error});
    (status, body)
}

fn not_found() -> Reply {
    refusal(404, "NotFound", "Could not find Secret Sync")
}

fn taken(name: &str) -> Reply {
    let message = format!(
        "A Secret Sync with the name \"{name}\" already exists for the project with ID \"{PROJECT_ID}\""
    );
    refusal(400, "BadRequest", &message)
}

fn busy() -> Reply {
    let message = "A job for this sync is already in progress. Please try again shortly.";
    refusal(400, "BadRequest", message)
}

fn unknown_route(call: &Call) -> Reply {
    let message = format!("Route {}:/{} not found", call.method, call.path.join("/"));
    let body = json!({"message": message, "error": "Not Found", "statusCode": 404});
    (404, body)
}
