//! How the declared syncs are doing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::json::{FileRange, matrix_of};
use super::review::{Item, Review, Verdict};
use super::shard;
use super::started;
use super::style::{CYAN, DIMMED, GREEN, RED, YELLOW, address, notes_on_starts};
use super::table::{Row, Screen, table};
use super::time::{ago, roughly};
use crate::core::plan::Subject;
use crate::core::remote::{Job, JobKind, JobStatus};
use crate::core::shard::Shard;
use crate::core::sources::Sources;
use crate::core::status::{Presence, SyncState, SyncStatus};
use crate::core::text::{platform_message, visible};
use crate::core::words;

const HEADINGS: [&str; 5] = ["SYNC", "DESTINATION", "JOB", "RESULT", "LAST SUCCESS"];
/// The column that is painted.
const RESULT: usize = 3;

/// A screen that is narrower does not take exact times.
const WIDE: usize = 120;

/// A table with a line for each job of each sync, failures first, and a summary.
pub fn human(
    statuses: &[SyncStatus],
    unmanaged: &[Subject],
    shard: Option<Shard>,
    (now, screen): (Timestamp, Option<Screen>),
) -> String {
    let mut out = String::new();
    if let Some(shard) = shard {
        let _ = writeln!(out, "{}\n", shard::note(shard));
    }
    let mut ordered: Vec<&SyncStatus> = statuses.iter().collect();
    ordered.sort_by_key(|status| status.state() != SyncState::Failed);
    let is_narrow = screen.is_some_and(|screen| screen.width < WIDE);
    let ago = if is_narrow { roughly } else { ago };
    let rows: Vec<Row<5>> = ordered
        .into_iter()
        .flat_map(|status| rows(status, &|time| ago(time, now)))
        .collect();
    if !rows.is_empty() {
        out.push_str(&table(HEADINGS, &rows, screen));
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(statuses));
    notes_on_starts(&mut out, unmanaged);
    out
}

/// The last job of each kind that the platform reports for a sync.
fn jobs(status: &SyncStatus) -> impl Iterator<Item = (JobKind, &Job)> {
    let remote = match &status.presence {
        Presence::There(remote) => Some(remote),
        _ => None,
    };
    remote
        .into_iter()
        .flat_map(|remote| JobKind::ALL.map(|kind| (kind, remote.job(kind))))
        .filter(|(_, job)| job.status.is_some())
}

fn rows(status: &SyncStatus, ago: &dyn Fn(&str) -> String) -> Vec<Row<5>> {
    let mut results: Vec<Outcome> = jobs(status)
        .map(|(kind, job)| of_job(kind, job, ago))
        .collect();
    if results.is_empty() {
        results.push(of_presence(&status.presence));
    }
    let mut of_sync = [
        address(&status.subject),
        visible(&status.subject.destination),
    ];
    let row = |outcome: Outcome| {
        // Only the first row names the sync, so that two jobs do not look like two syncs.
        let [sync, destination] = std::mem::take(&mut of_sync);
        let Outcome {
            job,
            result,
            when,
            style,
            message,
        } = outcome;
        Row::new([sync, destination, job, result, when])
            .painted(RESULT, style)
            .below(message)
    };
    results.into_iter().map(row).collect()
}

/// What a line says of a sync.
struct Outcome {
    job: String,
    result: String,
    when: String,
    style: Style,
    /// The platform's message.
    message: Option<String>,
}

fn of_job(kind: JobKind, job: &Job, ago: &dyn Fn(&str) -> String) -> Outcome {
    let result = job.status.as_ref().map(ToString::to_string);
    let when = job.at.as_ref().map(|time| ago(time));
    let style = match &job.status {
        Some(JobStatus::Failed) => RED,
        Some(JobStatus::Succeeded) => GREEN,
        _ => CYAN,
    };
    Outcome {
        job: kind.word().to_owned(),
        result: visible(&result.unwrap_or_default()),
        when: when.unwrap_or_else(|| "never".to_owned()),
        style,
        message: message(job),
    }
}

fn of_presence(presence: &Presence) -> Outcome {
    let unwatched = "see the dashboard";
    let (result, when, style) = match presence {
        Presence::Missing => ("missing", "", YELLOW),
        Presence::NotStarted => ("not started", "", YELLOW),
        Presence::Unrecorded => ("unknown", unwatched, YELLOW),
        Presence::Started(_) => ("started", unwatched, GREEN),
        Presence::There(_) => ("never synced", "", DIMMED),
    };
    Outcome {
        job: String::new(),
        result: result.to_owned(),
        when: when.to_owned(),
        style,
        message: None,
    }
}

/// The platform's message about a job that did not succeed.
fn message(job: &Job) -> Option<String> {
    let is_well = job.status == Some(JobStatus::Succeeded);
    job.message
        .as_deref()
        .filter(|_| !is_well)
        .map(platform_message)
        .filter(|message| !message.is_empty())
}

fn counts(statuses: &[SyncStatus]) -> BTreeMap<SyncState, usize> {
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status.state()).or_default() += 1;
    }
    counts
}

/// The result in a sentence.
fn summary(statuses: &[SyncStatus]) -> String {
    let total = words::count(statuses.len(), "sync");
    let counts: Vec<String> = counts(statuses)
        .into_iter()
        .map(|(state, count)| format!("{count} {}", state.word().replace('-', " ")))
        .collect();
    if counts.is_empty() {
        return format!("{total}.");
    }
    format!("{total}: {}.", counts.join(", "))
}

/// The states in a JSON document.
#[derive(Debug, Serialize)]
pub struct StatusBody<'a> {
    /// The part of the projects that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    /// The number of syncs, and that of each state that one of them is in.
    summary: Map<String, Value>,
    syncs: Vec<SyncFields<'a>>,
    /// What is recorded as started and not declared.
    unmanaged: &'a [Subject],
}

#[derive(Debug, Serialize)]
struct SyncFields<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    place: FileRange,
    /// The values of the cell of a matrix that declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<Map<String, Value>>,
    state: &'static str,
    exists: Option<bool>,
    id: Option<&'a str>,
    jobs: Vec<JobFields<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobFields<'a> {
    job: &'static str,
    status: Option<String>,
    running: bool,
    last_success_at: Option<&'a str>,
    message: Option<String>,
}

impl<'a> StatusBody<'a> {
    /// The states of syncs that are declared in these texts.
    pub fn new(
        statuses: &'a [SyncStatus],
        unmanaged: &'a [Subject],
        shard: Option<Shard>,
        sources: &Sources,
    ) -> Self {
        let mut summary = Map::new();
        summary.insert("total".to_owned(), statuses.len().into());
        for (state, count) in counts(statuses) {
            summary.insert(state.word().to_owned(), count.into());
        }
        let syncs = statuses.iter();
        Self {
            shard,
            summary,
            syncs: syncs
                .map(|status| SyncFields::new(status, sources))
                .collect(),
            unmanaged,
        }
    }
}

impl<'a> SyncFields<'a> {
    fn new(status: &'a SyncStatus, sources: &Sources) -> Self {
        let (exists, id) = match &status.presence {
            Presence::Missing | Presence::NotStarted => (Some(false), None),
            Presence::Unrecorded => (None, None),
            Presence::Started(id) => (Some(true), Some(id.as_str())),
            Presence::There(remote) => (Some(true), Some(remote.id.as_str())),
        };
        Self {
            subject: &status.subject,
            place: FileRange::new(status.place, sources),
            matrix: matrix_of(Some(status.place), sources),
            state: status.state().word(),
            exists,
            id,
            jobs: jobs(status).map(JobFields::from).collect(),
        }
    }
}

impl<'a> From<(JobKind, &'a Job)> for JobFields<'a> {
    fn from((kind, job): (JobKind, &'a Job)) -> Self {
        Self {
            job: kind.word(),
            status: job.status.as_ref().map(ToString::to_string),
            running: job.is_going(),
            last_success_at: job.at.as_deref(),
            message: message(job),
        }
    }
}

/// Adds the states.
pub fn review(
    review: &mut Review<'_>,
    statuses: &[SyncStatus],
    unmanaged: &[Subject],
    shard: Option<Shard>,
) {
    review.headline = Some(summary(statuses));
    review.notes.extend(shard.map(shard::note));
    review.items = statuses.iter().map(item).collect();
    review.notes.extend(started::undeclared(unmanaged));
}

fn item(status: &SyncStatus) -> Item {
    let skipped = |why: &str| Verdict::Skipped(why.to_owned());
    let (what, verdict) = match status.state() {
        SyncState::Missing => ("is missing", skipped("`secsync apply` creates it.")),
        SyncState::Failed => ("has failed", Verdict::Failed(failures(status))),
        SyncState::Running => ("is running", Verdict::Good),
        SyncState::Succeeded => ("has succeeded", Verdict::Good),
        SyncState::Idle => ("was never synced", Verdict::Good),
        SyncState::Started => ("was started", Verdict::Good),
        SyncState::NotStarted => ("was not started", skipped("`secsync apply` starts it.")),
        SyncState::Unknown => (
            "may or may not have been started",
            skipped("Its start is not recorded in the state."),
        ),
    };
    let mut item = Item::new(&status.subject, status.state().word(), what);
    item.place = Some(status.place);
    item.verdict = verdict;
    item
}

/// A line for each job that failed.
fn failures(status: &SyncStatus) -> String {
    let failed = jobs(status).filter(|(_, job)| job.has_failed());
    let lines: Vec<String> = failed
        .map(|(kind, job)| {
            let reason = message(job).unwrap_or_else(|| "no reason was given".to_owned());
            format!("The {} failed: {reason}", super::jobs::name(kind))
        })
        .collect();
    lines.join("\n")
}
