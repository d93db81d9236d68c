//! The jobs that push, import and remove secrets.
//!
//! Nothing runs in the background: a job's steps have times, and before each request all
//! steps that are due are taken in order. So a test decides what time it is.
//!
//! A job is queued, then at work, then over. Only one job of a sync is at work at a time; a
//! sync job that fails waits and tries again, and does not keep others from working while
//! it waits (seen on Infisical, June 2025). Today only five sync jobs of a connection are at
//! work at a time, and the others stand in line.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::era::Era;
use super::fail::{FailRules, Tempo};
use super::ids;
use super::moment::Moment;
use super::secret_sync::{SandboxJobKind, SandboxJobStatus, SecretSync, SyncTable};

/// How often a sync job is tried. Imports and removals are tried once.
const SYNC_ATTEMPTS: u32 = 5;

/// The wait before the second try, in jobs' durations; each further one is twice as long.
const FIRST_BACKOFF: u32 = 3;

/// How many sync jobs of one connection are at work at a time, today.
const AT_WORK_FOR_A_CONNECTION: usize = 5;

/// How often a job goes back to the end of the line before it fails.
const TURNS_IN_LINE: u32 = 120;

/// What a job says that stood in line too long.
const NEVER_RAN: &str = "Failed to run job. This typically happens when a sync is already in progress. Please try again.";

/// How much of a destination's answer is kept.
const MESSAGE_LENGTH: usize = 1024;

/// A destination that has this anywhere in its configuration does not exist.
const MISSING: &str = "missing";

/// A job that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Job {
    id: u64,
    sync: String,
    kind: SandboxJobKind,
    /// Whether the sync goes, too, once its secrets are removed.
    then_delete: bool,
    attempt: u32,
    /// How often it found five others of its connection at work.
    #[serde(default)]
    turns_in_line: u32,
    /// The connection whose line it is at the head of; `None` if it is in nobody's way.
    #[serde(default)]
    connection: Option<String>,
    phase: Phase,
    /// When this phase ends.
    due: Moment,
}

/// In this order at one moment: what ends makes room for what starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Working,
    Waiting,
}

/// The jobs that are not over, of all syncs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "SavedQueue", into = "SavedQueue")]
pub struct JobQueue {
    last_id: u64,
    due: BTreeMap<(Moment, Phase, u64), Job>,
    /// The job at work of each sync that has one.
    working: HashMap<String, Work>,
}

#[derive(Debug, Clone)]
struct Work {
    ends: Moment,
    connection: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedQueue {
    last_id: u64,
    jobs: Vec<Job>,
}

impl From<SavedQueue> for JobQueue {
    fn from(saved: SavedQueue) -> Self {
        let mut queue = Self {
            last_id: saved.last_id,
            ..Self::default()
        };
        for job in saved.jobs {
            queue.schedule(job);
        }
        queue
    }
}

impl From<JobQueue> for SavedQueue {
    fn from(queue: JobQueue) -> Self {
        Self {
            last_id: queue.last_id,
            jobs: queue.due.into_values().collect(),
        }
    }
}

/// What the steps of jobs depend on.
pub struct Workshop<'a> {
    pub syncs: &'a mut SyncTable,
    pub rules: &'a mut FailRules,
    pub pace: Pace,
}

/// How fast jobs go.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub era: Era,
    /// Makes what is random: the same seed, the same waits.
    pub seed: u64,
    /// How long one attempt takes.
    pub attempt: Duration,
    /// How long a second of the server's takes, in the waits that are not an attempt's.
    pub second: Duration,
}

impl Pace {
    /// How long a job waits before it starts: 0 to 10 seconds today.
    fn before_start(&self, job: u64) -> Duration {
        if self.era.is_today() {
            self.seconds(0, 10, &["start", &job.to_string()])
        } else {
            self.attempt / 2
        }
    }

    /// How long a job waits for its next turn in the line of a connection.
    fn in_line(&self, job: &Job) -> Duration {
        let (id, turn) = (job.id.to_string(), job.turns_in_line.to_string());
        self.seconds(30, 40, &["line", &id, &turn])
    }

    /// A while between two bounds, in the server's seconds, that only the parts and the seed decide.
    fn seconds(&self, least: u32, most: u32, parts: &[&str]) -> Duration {
        let seed = self.seed.to_string();
        let parts: Vec<&str> = parts.iter().copied().chain([seed.as_str()]).collect();
        let thousandths = least * 1000 + ids::below((most - least) * 1000, &parts);
        self.second * thousandths / 1000
    }
}

impl JobQueue {
    /// Queues a job. It starts later, so that the request's answer says `pending`.
    pub fn push(
        &mut self,
        sync: &str,
        kind: SandboxJobKind,
        then_delete: bool,
        now: Moment,
        pace: &Pace,
    ) {
        self.last_id += 1;
        self.schedule(Job {
            id: self.last_id,
            sync: sync.to_owned(),
            kind,
            then_delete,
            attempt: 1,
            turns_in_line: 0,
            connection: None,
            phase: Phase::Waiting,
            due: now.after(pace.before_start(self.last_id)),
        });
    }

    /// Whether a job of the sync is at work. One that is queued, or waits between two tries,
    /// does not count.
    pub fn is_working(&self, sync: &str) -> bool {
        self.working.contains_key(sync)
    }

    /// Takes every step that is due.
    pub fn advance(&mut self, now: Moment, workshop: &mut Workshop<'_>) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let job = entry.remove();
            match job.phase {
                Phase::Waiting => self.start(job, workshop),
                Phase::Working => self.end(job, workshop),
            }
        }
    }

    fn schedule(&mut self, job: Job) {
        if job.phase == Phase::Working {
            let connection = job.connection.clone();
            let ends = job.due;
            self.working
                .insert(job.sync.clone(), Work { ends, connection });
        }
        self.due.insert((job.due, job.phase, job.id), job);
    }

    fn start(&mut self, mut job: Job, workshop: &mut Workshop<'_>) {
        let Some(sync) = workshop.syncs.get_mut(&job.sync) else {
            return;
        };
        let pace = workshop.pace;
        let connection = Some(sync.connection_id.clone())
            .filter(|_| pace.era.is_today() && job.kind == SandboxJobKind::Sync);
        if let Some(other) = self.working.get(&job.sync) {
            job.due = other.ends;
        } else if connection.is_some() && self.is_busy(connection.as_deref()) {
            job.turns_in_line += 1;
            if job.turns_in_line > TURNS_IN_LINE {
                return conclude(sync, &job, Some(NEVER_RAN));
            }
            job.due = job.due.after(pace.in_line(&job));
        } else {
            sync.record_mut(job.kind).status = Some(SandboxJobStatus::Running);
            sync.updated_at = job.due;
            job.phase = Phase::Working;
            job.connection = connection;
            job.due = match workshop.rules.tempo(job.kind, &sync.name) {
                None => job.due.after(pace.attempt),
                Some(Tempo::Slow(times)) => job.due.after(pace.attempt * times),
                Some(Tempo::Endless) => Moment::NEVER,
            };
        }
        self.schedule(job);
    }

    /// Whether as many sync jobs of the connection are at work as can be.
    fn is_busy(&self, connection: Option<&str>) -> bool {
        let of_it = |work: &&Work| work.connection.as_deref() == connection;
        self.working.values().filter(of_it).count() >= AT_WORK_FOR_A_CONNECTION
    }

    fn end(&mut self, mut job: Job, workshop: &mut Workshop<'_>) {
        self.working.remove(&job.sync);
        let Some(sync) = workshop.syncs.get_mut(&job.sync) else {
            return;
        };
        let failure = attempt(sync, job.kind, workshop.rules);
        if failure.as_ref().is_some_and(|failure| failure.can_retry)
            && job.attempt < attempts(job.kind)
        {
            let backoff = workshop.pace.attempt * (FIRST_BACKOFF << (job.attempt - 1));
            job.attempt += 1;
            job.phase = Phase::Waiting;
            job.due = job.due.after(backoff);
            self.schedule(job);
            return;
        }
        if failure.is_none() && job.then_delete {
            workshop.syncs.remove(&job.sync);
            return;
        }
        conclude(
            sync,
            &job,
            failure.as_ref().map(|failure| failure.message.as_str()),
        );
    }
}

/// Writes down how a job ended: well, or with a message.
fn conclude(sync: &mut SecretSync, job: &Job, failure: Option<&str>) {
    let record = sync.record_mut(job.kind);
    record.last_id = Some(job.id);
    record.message = failure.map(|message| message.chars().take(MESSAGE_LENGTH).collect());
    if failure.is_some() {
        record.status = Some(SandboxJobStatus::Failed);
    } else {
        record.status = Some(SandboxJobStatus::Succeeded);
        record.succeeded_at = Some(job.due);
    }
    sync.updated_at = job.due;
}

const fn attempts(kind: SandboxJobKind) -> u32 {
    match kind {
        SandboxJobKind::Sync => SYNC_ATTEMPTS,
        SandboxJobKind::Import | SandboxJobKind::Remove => 1,
    }
}

struct Setback {
    message: String,
    can_retry: bool,
}

/// What comes of one attempt: nothing if it went well.
fn attempt(sync: &SecretSync, kind: SandboxJobKind, rules: &mut FailRules) -> Option<Setback> {
    if sync.source.is_none() {
        return Some(Setback {
            message: "Invalid source configuration: folder no longer exists.".to_owned(),
            can_retry: false,
        });
    }
    let message = rules
        .attempt(kind, &sync.name)
        .or_else(|| missing_destination(sync))?;
    Some(Setback {
        message,
        can_retry: true,
    })
}

/// What a destination answers that does not exist.
fn missing_destination(sync: &SecretSync) -> Option<String> {
    let config = &sync.destination_config;
    config.values().find(|value| *value == MISSING)?;
    let scope = config.get("scope").and_then(Value::as_str);
    let path: Vec<&str> = config
        .iter()
        .filter(|(key, _)| *key != "scope")
        .filter_map(|(_, value)| value.as_str())
        .collect();
    let message = format!(
        "{} {} not found",
        scope.unwrap_or("destination"),
        path.join("/")
    );
    Some(json!({"error": "RES-404", "message": message}).to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{
        Era, FailRules, JobQueue, Moment, Pace, SandboxJobKind, SandboxJobStatus, SyncTable,
        Workshop,
    };

    const PACE: Pace = pace(Duration::from_millis(100));

    const fn pace(attempt: Duration) -> Pace {
        Pace {
            era: Era::June2025,
            seed: 0,
            attempt,
            second: Duration::ZERO,
        }
    }

    fn at(millis: i64) -> Moment {
        Moment::from_millis(millis)
    }

    fn syncs() -> SyncTable {
        let record = json!({"status": null, "lastId": null, "message": null, "succeededAt": null});
        serde_json::from_value(json!([{
            "id": "1", "name": "a", "description": null, "isAutoSyncEnabled": true,
            "projectId": "p", "connectionId": "c", "destination": "d", "syncOptions": {},
            "destinationConfig": {}, "source": {"environment": "dev", "path": "/"},
            "createdAt": 0, "updatedAt": 0, "sync": record, "import": record, "remove": record
        }]))
        .unwrap()
    }

    fn advance(queue: &mut JobQueue, syncs: &mut SyncTable, now: Moment, pace: Pace) {
        let rules = &mut FailRules::default();
        queue.advance(now, &mut Workshop { syncs, rules, pace });
    }

    #[test]
    fn a_queue_that_was_written_and_read_goes_on() {
        let (mut queue, mut syncs) = (JobQueue::default(), syncs());
        queue.push("1", SandboxJobKind::Sync, false, at(0), &PACE);
        queue.push("1", SandboxJobKind::Import, false, at(0), &PACE);
        advance(&mut queue, &mut syncs, at(60), PACE);
        let text = serde_json::to_string(&queue).unwrap();
        let mut queue: JobQueue = serde_json::from_str(&text).unwrap();
        assert!(queue.is_working("1"));
        advance(&mut queue, &mut syncs, at(1000), PACE);
        assert!(!queue.is_working("1"));
        let sync = syncs.get("1").unwrap();
        assert_eq!((sync.sync.last_id, sync.import.last_id), (Some(1), Some(2)));
        // One after the other: the second starts when the first ends.
        assert_eq!(sync.sync.succeeded_at, Some(at(150)));
        assert_eq!(sync.import.succeeded_at, Some(at(250)));
        queue.push("1", SandboxJobKind::Remove, false, at(1000), &PACE);
        advance(&mut queue, &mut syncs, at(2000), PACE);
        assert_eq!(syncs.get("1").unwrap().remove.last_id, Some(3));
    }

    #[test]
    fn a_job_of_a_sync_that_is_gone_ends_without_a_trace() {
        let (mut queue, mut syncs) = (JobQueue::default(), syncs());
        queue.push("1", SandboxJobKind::Sync, false, at(0), &PACE);
        advance(&mut queue, &mut syncs, at(60), PACE);
        syncs.remove("1");
        advance(&mut queue, &mut syncs, at(1000), PACE);
        assert!(!queue.is_working("1"));
        assert_eq!(syncs.iter().count(), 0);
    }

    #[test]
    fn jobs_without_a_duration_end_at_once() {
        let (mut queue, mut syncs) = (JobQueue::default(), syncs());
        for _ in 0..3 {
            queue.push(
                "1",
                SandboxJobKind::Sync,
                false,
                at(0),
                &pace(Duration::ZERO),
            );
        }
        advance(&mut queue, &mut syncs, at(0), pace(Duration::ZERO));
        let sync = syncs.get("1").unwrap();
        assert_eq!(sync.sync.status, Some(SandboxJobStatus::Succeeded));
        assert_eq!(sync.sync.last_id, Some(3));
    }
}
