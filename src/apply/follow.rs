//! Following the jobs that actions set off: one list request a project and look.
//!
//! A write's answer carries the id of the job before it, and the id changes when a job ends
//! (seen on Infisical, June 2025). So a job has ended when its status is terminal and its id
//! is another one than in the answer.
//!
//! A platform can run a few jobs at a time for one connection, and the rest stand in line for as long
//! as that takes (on Infisical up to 80 minutes). So without a limit from outside they are followed
//! as long as something moves.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::pauses::LOOK_PAUSES;
use super::{ApplyContext, JobEnd, JobOutcome, JobProgress, Outcome, Wait};
use crate::core::plan::Subject;
use crate::core::remote::{JobKind, JobStatus, RemoteSync};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::provider::Provider;

const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long jobs that all stand still are followed.
pub const STANDSTILL: Duration = Duration::from_secs(120);

/// A job to follow.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The sync.
    pub subject: Subject,
    /// The kind of job.
    pub kind: JobKind,
    /// Whether the sync is deleted when a removal has ended well.
    pub is_deletion: bool,
    /// The sync as the write's answer showed it.
    pub sync: RemoteSync,
}

impl Watched {
    /// How the job ended, given the sync as it is now; `None` while it is going.
    fn end(&self, now: Option<&RemoteSync>) -> Option<JobEnd> {
        let Some(sync) = now else {
            return Some(if self.is_deletion {
                JobEnd::Succeeded
            } else {
                JobEnd::Unknown("The sync is gone.".to_owned())
            });
        };
        let job = sync.job(self.kind);
        let is_another = job.last_id != self.sync.job(self.kind).last_id;
        match &job.status {
            Some(JobStatus::Failed) if is_another => Some(JobEnd::Failed(job.message.clone())),
            // The removal went well; the sync itself goes a moment later.
            Some(JobStatus::Succeeded) if is_another && !self.is_deletion => {
                Some(JobEnd::Succeeded)
            }
            _ => None,
        }
    }
}

/// What came of an action, and the job that it set off.
pub struct Ended {
    /// What came of it.
    pub outcome: Outcome,
    /// The job to follow.
    pub watched: Option<Watched>,
}

impl<T: Into<Outcome>> From<T> for Ended {
    fn from(outcome: T) -> Self {
        Self {
            outcome: outcome.into(),
            watched: None,
        }
    }
}

/// Of several jobs of one sync, the one that was set off last.
pub fn latest(watched: Vec<Watched>) -> Vec<Watched> {
    let mut latest: BTreeMap<(Subject, String), Watched> = BTreeMap::new();
    for job in watched {
        latest.insert((job.subject.clone(), job.sync.id.clone()), job);
    }
    latest.into_values().collect()
}

/// Follows jobs if the context says so; otherwise reports that they go on by themselves.
pub async fn follow_if_wanted(
    watched: Vec<Watched>,
    context: &ApplyContext<'_>,
) -> Vec<JobOutcome> {
    match context.wait {
        Some(wait) => follow(watched, wait, context).await,
        None => watched
            .into_iter()
            .map(|job| outcome(job, JobEnd::NotFollowed))
            .collect(),
    }
}

fn outcome(job: Watched, end: JobEnd) -> JobOutcome {
    JobOutcome {
        subject: job.subject,
        kind: job.kind,
        end,
    }
}

/// A job that is followed, as the last look showed it.
struct Going {
    job: Watched,
    place: Place,
    is_running: bool,
    /// Whether it has to wait because of the platform's limit for its connection.
    is_held_back: bool,
    /// How many looks in a row have not shown its sync.
    missed: usize,
}

impl From<Watched> for Going {
    fn from(job: Watched) -> Self {
        Self {
            is_running: job.sync.job(job.kind).status == Some(JobStatus::Running),
            is_held_back: false,
            missed: 0,
            place: place(&job.subject),
            job,
        }
    }
}

impl Going {
    /// How the job ended, by the syncs of its project as they are now; `None` while it is going.
    fn end(&mut self, syncs: &ById) -> Option<JobEnd> {
        let now = syncs.get(&self.job.sync.id);
        self.missed = if now.is_some() { 0 } else { self.missed + 1 };
        // A list can be older than the write (Infisical reads from replicas): what it does not show
        // is asked for again before that is believed.
        let is_believed = self.missed > LOOK_PAUSES.len() || self.job.is_deletion;
        if now.is_none() && !is_believed {
            return None;
        }
        self.job.end(now)
    }

    /// Takes note of how the job goes on. Whether it began to run since the look before.
    fn goes_on(&mut self, syncs: &ById, busy: &Busy) -> bool {
        let Some(now) = syncs.get(&self.job.sync.id) else {
            return false;
        };
        let was_running = self.is_running;
        self.is_running = now.job(self.job.kind).status == Some(JobStatus::Running);
        self.is_held_back = !self.is_running
            && self.job.kind == JobKind::Sync
            && busy.is_full(&self.job.subject.server, now);
        self.is_running && !was_running
    }
}

/// How many sync jobs run for each connection of a server, as far as the looks show it.
struct Busy {
    running: BTreeMap<(String, String), usize>,
    /// How many may, by server.
    limits: BTreeMap<String, usize>,
}

impl Busy {
    fn of(answers: &Answers, jobs: &[Going], context: &ApplyContext<'_>) -> Self {
        let servers: BTreeMap<&Place, &str> = jobs
            .iter()
            .map(|going| (&going.place, going.job.subject.server.as_str()))
            .collect();
        let mut busy = Self {
            running: BTreeMap::new(),
            limits: BTreeMap::new(),
        };
        for (place, answer) in answers {
            let (Some(server), Ok(syncs)) = (servers.get(place), answer) else {
                continue;
            };
            let Some(Provider::Managed(provider)) = context.providers.get(&place.0) else {
                continue;
            };
            if let Some(limit) = provider.jobs_per_connection() {
                busy.limits.insert((*server).to_owned(), limit);
            }
            let running = |sync: &&RemoteSync| sync.sync_job.status == Some(JobStatus::Running);
            for sync in syncs.values().filter(running) {
                let connection = ((*server).to_owned(), sync.connection.id.clone());
                *busy.running.entry(connection).or_default() += 1;
            }
        }
        busy
    }

    /// Whether as many jobs run for a sync's connection as may.
    fn is_full(&self, server: &str, sync: &RemoteSync) -> bool {
        let connection = (server.to_owned(), sync.connection.id.clone());
        let running = self.running.get(&connection).copied().unwrap_or_default();
        self.limits
            .get(server)
            .is_some_and(|limit| running >= *limit)
    }
}

fn progress(going: &[Going], ended: &[JobOutcome], limit: Option<usize>) -> JobProgress {
    let count = |is: fn(&Going) -> bool| going.iter().filter(|job| is(job)).count();
    let done = ended
        .iter()
        .filter(|job| job.end == JobEnd::Succeeded)
        .count();
    JobProgress {
        done,
        failed: ended.len() - done,
        running: count(|job| job.is_running),
        in_line: count(|job| !job.is_running),
        held_back: count(|job| job.is_held_back),
        limit,
    }
}

/// Follows jobs until all have ended, the wait is over, or the run is interrupted.
pub async fn follow(
    watched: Vec<Watched>,
    wait: Wait,
    context: &ApplyContext<'_>,
) -> Vec<JobOutcome> {
    let mut going: Vec<Going> = watched.into_iter().map(Going::from).collect();
    let mut ended = Vec::new();
    let mut pause = FIRST_PAUSE;
    let mut trouble: BTreeMap<Place, RequestError> = BTreeMap::new();
    let mut limit = None;
    // Until when it waits; whatever moves puts that off if it waits while something does.
    let patience = match wait {
        Wait::WhileMoving => STANDSTILL,
        Wait::AtMost(time) => time,
    };
    let mut since = context.clock.now();
    while !going.is_empty() && !context.cancellation.is_cancelled() {
        let left = patience.saturating_sub(context.clock.now() - since);
        if left.is_zero() {
            break;
        }
        context.observer.waiting(&progress(&going, &ended, limit));
        tokio::select! {
            biased;
            () = context.cancellation.cancelled() => break,
            () = context.clock.sleep(pause.min(left)) => {}
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        let answers = tokio::select! {
            biased;
            () = context.cancellation.cancelled() => break,
            answers = look(&going, context) => answers,
        };
        let busy = Busy::of(&answers, &going, context);
        limit = busy.limits.values().copied().next();
        let mut still = Vec::new();
        let mut is_moving = false;
        for mut job in going {
            match answers.get(&job.place) {
                Some(Ok(syncs)) => {
                    trouble.remove(&job.place);
                    if let Some(end) = job.end(syncs) {
                        is_moving = true;
                        ended.push(outcome(job.job, end));
                    } else {
                        is_moving |= job.goes_on(syncs, &busy);
                        still.push(job);
                    }
                }
                // Nothing is wrong with the job: it is just not waited for any more.
                Some(Err(error)) if error.kind == RequestErrorKind::Interrupted => {
                    still.push(job);
                }
                // An answer that cannot be read says nothing about the job, so it is asked for again.
                Some(Err(error)) if error.can_pass() => {
                    trouble.insert(job.place.clone(), error.clone());
                    still.push(job);
                }
                Some(Err(error)) => {
                    let end = JobEnd::Unknown(error.message.clone());
                    ended.push(outcome(job.job, end));
                }
                None => still.push(job),
            }
        }
        going = still;
        if is_moving && wait == Wait::WhileMoving {
            since = context.clock.now();
        }
    }
    ended.extend(going.into_iter().map(|job| {
        let end = match trouble.get(&job.place) {
            Some(error) => JobEnd::Unknown(error.message.clone()),
            // What became of it since the last look is unknown.
            None if context.cancellation.is_cancelled() => JobEnd::NotFollowed,
            None => JobEnd::StillGoing,
        };
        outcome(job.job, end)
    }));
    ended.sort_by(|one, other| one.subject.cmp(&other.subject));
    ended
}

/// A provider and the id of a project.
type Place = (String, String);

/// Syncs by their ids.
type ById = HashMap<String, RemoteSync>;

/// The syncs of each project, as a look shows them.
type Answers = BTreeMap<Place, Result<ById, RequestError>>;

fn by_id(syncs: Vec<RemoteSync>) -> ById {
    let syncs = syncs.into_iter();
    syncs.map(|sync| (sync.id.clone(), sync)).collect()
}

fn place(subject: &Subject) -> Place {
    (subject.provider.clone(), subject.project_id.clone())
}

async fn look(jobs: &[Going], context: &ApplyContext<'_>) -> Answers {
    let places: BTreeMap<&Place, &str> = jobs
        .iter()
        .map(|going| (&going.place, going.job.subject.project.as_str()))
        .collect();
    let looks = places.into_iter().filter_map(|(place, spelling)| {
        let (provider, project_id) = place;
        match context.providers.get(provider)? {
            Provider::Managed(managed) => Some(async move {
                let syncs = managed.list(project_id, spelling).await;
                (place.clone(), syncs.map(by_id))
            }),
            Provider::StartOnly(_) => None,
        }
    });
    let looks: Vec<_> = looks.collect();
    stream::iter(looks)
        .buffer_unordered(context.parallelism.max(1))
        .collect()
        .await
}
