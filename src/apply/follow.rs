//! Following the jobs that actions set off: one list request a project and look.
//!
//! A write's answer carries the id of the job before it, and the id changes when a job ends
//! (seen on Infisical, June 2025). So a job has ended when its status is terminal and its id
//! is another one than in the answer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ApplyContext, JobEnd, JobOutcome, Outcome};
use crate::core::plan::Subject;
use crate::core::remote::{JobKind, JobStatus, RemoteSync};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::provider::Provider;

const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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
        Some(limit) => follow(watched, limit, context).await,
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

/// Follows jobs until all have ended, the time is up, or the run is interrupted.
pub async fn follow(
    watched: Vec<Watched>,
    limit: Duration,
    context: &ApplyContext<'_>,
) -> Vec<JobOutcome> {
    let mut going = watched;
    let mut ended = Vec::new();
    let mut waited = Duration::ZERO;
    let mut pause = FIRST_PAUSE;
    let mut trouble: BTreeMap<Place, RequestError> = BTreeMap::new();
    while !going.is_empty() && waited < limit && !context.cancellation.is_cancelled() {
        context.observer.waiting(going.len());
        let this_pause = pause.min(limit.saturating_sub(waited));
        tokio::select! {
            () = context.clock.sleep(this_pause) => {}
            () = context.cancellation.cancelled() => break,
        }
        waited += this_pause;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        let answers = tokio::select! {
            answers = look(&going, context) => answers,
            () = context.cancellation.cancelled() => break,
        };
        let mut still = Vec::new();
        for job in going {
            let key = place(&job.subject);
            match answers.get(&key) {
                Some(Ok(syncs)) => {
                    trouble.remove(&key);
                    match job.end(syncs.iter().find(|sync| sync.id == job.sync.id)) {
                        Some(end) => ended.push(outcome(job, end)),
                        None => still.push(job),
                    }
                }
                // Nothing is wrong with the job: it is just not waited for any more.
                Some(Err(error)) if error.kind == RequestErrorKind::Interrupted => {
                    still.push(job);
                }
                // An answer that cannot be read says nothing about the job, so it is asked for again.
                Some(Err(error)) if error.can_pass() => {
                    trouble.insert(key, error.clone());
                    still.push(job);
                }
                Some(Err(error)) => {
                    let end = JobEnd::Unknown(error.message.clone());
                    ended.push(outcome(job, end));
                }
                None => still.push(job),
            }
        }
        going = still;
    }
    ended.extend(going.into_iter().map(|job| {
        let end = match trouble.get(&place(&job.subject)) {
            Some(error) => JobEnd::Unknown(error.message.clone()),
            // What became of it since the last look is unknown.
            None if context.cancellation.is_cancelled() => JobEnd::NotFollowed,
            None => JobEnd::StillGoing,
        };
        outcome(job, end)
    }));
    ended.sort_by(|one, other| one.subject.cmp(&other.subject));
    ended
}

type Place = (String, String);

fn place(subject: &Subject) -> Place {
    (subject.provider.clone(), subject.project_id.clone())
}

async fn look(
    jobs: &[Watched],
    context: &ApplyContext<'_>,
) -> BTreeMap<Place, Result<Vec<RemoteSync>, RequestError>> {
    let places: BTreeMap<Place, &str> = jobs
        .iter()
        .map(|job| (place(&job.subject), job.subject.project.as_str()))
        .collect();
    let mut answers = BTreeMap::new();
    for (place, spelling) in places {
        let (provider, project_id) = &place;
        if let Some(Provider::Managed(managed)) = context.providers.get(provider) {
            let syncs = managed.list(project_id, spelling).await;
            answers.insert(place, syncs);
        }
    }
    answers
}
