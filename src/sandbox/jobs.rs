//! The jobs that push, import and remove secrets.
//!
//! Nothing runs in the background: a job's steps have times, and before each request all
//! steps that are due are taken in order. So a test decides what time it is.
//!
//! A job is queued, then at work, then over. Only one job of a sync is at work at a time; a
//! sync job that fails waits and tries again, and does not keep others from working while
//! it waits (seen on Infisical, June 2025).

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fail::FailRules;
use super::moment::Moment;
use super::table::{JobKind, JobStatus, SecretSync, SyncTable};

/// How often a sync job is tried. Imports and removals are tried once.
const SYNC_ATTEMPTS: u32 = 5;

/// The wait before the second try, in jobs' durations; each further one is twice as long.
const FIRST_BACKOFF: u32 = 3;

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
    kind: JobKind,
    /// Whether the sync goes, too, once its secrets are removed.
    then_delete: bool,
    attempt: u32,
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
    /// Until when a sync has a job at work.
    working: HashMap<String, Moment>,
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
    /// How long one attempt takes.
    pub duration: Duration,
}

impl JobQueue {
    /// Queues a job. It starts a moment later, so that the request's answer says `pending`.
    pub fn push(
        &mut self,
        sync: &str,
        kind: JobKind,
        then_delete: bool,
        now: Moment,
        duration: Duration,
    ) {
        self.last_id += 1;
        self.schedule(Job {
            id: self.last_id,
            sync: sync.to_owned(),
            kind,
            then_delete,
            attempt: 1,
            phase: Phase::Waiting,
            due: now.after(duration / 2),
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
            self.working.insert(job.sync.clone(), job.due);
        }
        self.due.insert((job.due, job.phase, job.id), job);
    }

    fn start(&mut self, mut job: Job, workshop: &mut Workshop<'_>) {
        let Some(sync) = workshop.syncs.get_mut(&job.sync) else {
            return;
        };
        if let Some(free) = self.working.get(&job.sync) {
            job.due = *free;
        } else {
            sync.record_mut(job.kind).status = Some(JobStatus::Running);
            sync.updated_at = job.due;
            job.phase = Phase::Working;
            job.due = job.due.after(workshop.duration);
        }
        self.schedule(job);
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
            let backoff = workshop.duration * (FIRST_BACKOFF << (job.attempt - 1));
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
        let record = sync.record_mut(job.kind);
        record.last_id = Some(job.id);
        match failure {
            None => {
                record.status = Some(JobStatus::Succeeded);
                record.message = None;
                record.succeeded_at = Some(job.due);
            }
            Some(failure) => {
                record.status = Some(JobStatus::Failed);
                record.message = Some(failure.message.chars().take(MESSAGE_LENGTH).collect());
            }
        }
        sync.updated_at = job.due;
    }
}

const fn attempts(kind: JobKind) -> u32 {
    match kind {
        JobKind::Sync => SYNC_ATTEMPTS,
        JobKind::Import | JobKind::Remove => 1,
    }
}

struct Setback {
    message: String,
    can_retry: bool,
}

/// What comes of one attempt: nothing if it went well.
fn attempt(sync: &SecretSync, kind: JobKind, rules: &mut FailRules) -> Option<Setback> {
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

    use super::{FailRules, JobKind, JobQueue, JobStatus, Moment, SyncTable, Workshop};

    const DURATION: Duration = Duration::from_millis(100);

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

    fn advance(queue: &mut JobQueue, syncs: &mut SyncTable, now: Moment, duration: Duration) {
        let rules = &mut FailRules::default();
        queue.advance(
            now,
            &mut Workshop {
                syncs,
                rules,
                duration,
            },
        );
    }

    #[test]
    fn a_queue_that_was_written_and_read_goes_on() {
        let (mut queue, mut syncs) = (JobQueue::default(), syncs());
        queue.push("1", JobKind::Sync, false, at(0), DURATION);
        queue.push("1", JobKind::Import, false, at(0), DURATION);
        advance(&mut queue, &mut syncs, at(60), DURATION);
        let text = serde_json::to_string(&queue).unwrap();
        let mut queue: JobQueue = serde_json::from_str(&text).unwrap();
        assert!(queue.is_working("1"));
        advance(&mut queue, &mut syncs, at(1000), DURATION);
        assert!(!queue.is_working("1"));
        let sync = syncs.get("1").unwrap();
        assert_eq!((sync.sync.last_id, sync.import.last_id), (Some(1), Some(2)));
        // One after the other: the second starts when the first ends.
        assert_eq!(sync.sync.succeeded_at, Some(at(150)));
        assert_eq!(sync.import.succeeded_at, Some(at(250)));
        queue.push("1", JobKind::Remove, false, at(1000), DURATION);
        advance(&mut queue, &mut syncs, at(2000), DURATION);
        assert_eq!(syncs.get("1").unwrap().remove.last_id, Some(3));
    }

    #[test]
    fn a_job_of_a_sync_that_is_gone_ends_without_a_trace() {
        let (mut queue, mut syncs) = (JobQueue::default(), syncs());
        queue.push("1", JobKind::Sync, false, at(0), DURATION);
        advance(&mut queue, &mut syncs, at(60), DURATION);
        syncs.remove("1");
        advance(&mut queue, &mut syncs, at(1000), DURATION);
        assert!(!queue.is_working("1"));
        assert_eq!(syncs.iter().count(), 0);
    }

    #[test]
    fn jobs_without_a_duration_end_at_once() {
        let (mut queue, mut syncs) = (JobQueue::default(), syncs());
        for _ in 0..3 {
            queue.push("1", JobKind::Sync, false, at(0), Duration::ZERO);
        }
        advance(&mut queue, &mut syncs, at(0), Duration::ZERO);
        let sync = syncs.get("1").unwrap();
        assert_eq!(sync.sync.status, Some(JobStatus::Succeeded));
        assert_eq!(sync.sync.last_id, Some(3));
    }
}
