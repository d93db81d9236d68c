//! How the declared syncs are doing, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::human::SANDBOX;
use super::json::{place, subject};
use super::paint::{BOLD, CYAN, DIMMED, GREEN, RED, YELLOW, painted};
use super::text::{platform_message, visible};
use super::time::ago;
use crate::core::remote::{Job, JobKind, JobStatus, RemoteSync};
use crate::core::span::Sources;
use crate::core::status::{Presence, SyncState, SyncStatus};

/// One line of the table.
struct Row {
    cells: [String; 5],
    /// How the result is painted.
    style: Style,
    /// What the platform says, below the line.
    message: Option<String>,
}

const HEADINGS: [&str; 5] = ["SYNC", "DESTINATION", "JOB", "RESULT", "LAST SUCCESS"];
/// The column that is painted.
const RESULT: usize = 3;

/// A table with a line for each job of each sync, and a summary.
pub fn human(statuses: &[SyncStatus], now: Timestamp, is_sandbox: bool) -> String {
    let mut out = String::new();
    if is_sandbox {
        let _ = writeln!(out, "{}\n", painted(CYAN, SANDBOX));
    }
    let rows: Vec<Row> = statuses
        .iter()
        .flat_map(|status| rows(status, now))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row.cells[column].chars().count());
        cells.max().unwrap_or_default().max(HEADINGS[column].len())
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    if !rows.is_empty() {
        line(&mut out, &HEADINGS.map(str::to_owned), widths, BOLD, true);
    }
    for row in &rows {
        line(&mut out, &row.cells, widths, row.style, false);
        if let Some(message) = &row.message {
            let _ = writeln!(out, "  {}", painted(DIMMED, message));
        }
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(statuses));
    out
}

fn line(out: &mut String, cells: &[String; 5], widths: [usize; 5], style: Style, is_heading: bool) {
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let padding = " ".repeat(width - cell.chars().count());
        let is_painted = is_heading || column == RESULT;
        let cell = if is_painted && !cell.is_empty() {
            painted(style, cell)
        } else {
            cell.clone()
        };
        let _ = write!(text, "{cell}{padding}  ");
    }
    let _ = writeln!(out, "{}", text.trim_end());
}

fn rows(status: &SyncStatus, now: Timestamp) -> Vec<Row> {
    let single = |style, result: &str, when: String| {
        vec![Row {
            cells: [
                visible(&status.subject.address()),
                visible(&status.subject.destination),
                String::new(),
                result.to_owned(),
                when,
            ],
            style,
            message: None,
        }]
    };
    let unwatched = "see the dashboard";
    match &status.presence {
        Presence::Missing => single(YELLOW, "missing", String::new()),
        Presence::NotStarted => single(YELLOW, "not started", String::new()),
        Presence::Unrecorded => single(YELLOW, "unknown", unwatched.to_owned()),
        Presence::Started(_) => single(GREEN, "started", unwatched.to_owned()),
        Presence::There(remote) => {
            let jobs = of_jobs(status, remote, now);
            if jobs.is_empty() {
                single(DIMMED, "never synced", String::new())
            } else {
                jobs
            }
        }
    }
}

fn of_jobs(status: &SyncStatus, remote: &RemoteSync, now: Timestamp) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for kind in JobKind::ALL {
        let job = remote.job(kind);
        let Some(result) = &job.status else { continue };
        // The second job of a sync is not a second sync.
        let (address, destination) = if rows.is_empty() {
            let subject = &status.subject;
            (visible(&subject.address()), visible(&subject.destination))
        } else {
            (String::new(), String::new())
        };
        let when = match &job.at {
            Some(time) => ago(time, now),
            None => "never".to_owned(),
        };
        rows.push(Row {
            cells: [
                address,
                destination,
                kind.word().to_owned(),
                visible(&result.to_string()),
                when,
            ],
            style: match result {
                JobStatus::Failed => RED,
                JobStatus::Succeeded => GREEN,
                _ => CYAN,
            },
            message: message(job),
        });
    }
    rows
}

/// What the platform said of a job that did not go well.
pub(super) fn message(job: &Job) -> Option<String> {
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
pub(super) fn summary(statuses: &[SyncStatus]) -> String {
    let total = match statuses.len() {
        1 => "1 sync".to_owned(),
        count => format!("{count} syncs"),
    };
    let counts: Vec<String> = counts(statuses)
        .into_iter()
        .map(|(state, count)| format!("{count} {}", state.word().replace('-', " ")))
        .collect();
    if counts.is_empty() {
        return format!("{total}.");
    }
    format!("{total}: {}.", counts.join(", "))
}

/// Adds the states to a document.
pub fn json(document: &mut Map<String, Value>, statuses: &[SyncStatus], sources: &Sources) {
    let mut summary = Map::new();
    summary.insert("total".to_owned(), statuses.len().into());
    for (state, count) in counts(statuses) {
        summary.insert(state.word().to_owned(), count.into());
    }
    document.insert("summary".to_owned(), summary.into());
    let syncs: Vec<Value> = statuses
        .iter()
        .map(|status| entry(status, sources))
        .collect();
    document.insert("syncs".to_owned(), syncs.into());
}

fn entry(status: &SyncStatus, sources: &Sources) -> Value {
    let mut entry = subject(&status.subject);
    let (exists, id, jobs) = match &status.presence {
        Presence::Missing | Presence::NotStarted => (Some(false), None, Vec::new()),
        Presence::Unrecorded => (None, None, Vec::new()),
        Presence::Started(id) => (Some(true), Some(id), Vec::new()),
        Presence::There(remote) => {
            let jobs = JobKind::ALL.map(|kind| (kind, remote.job(kind)));
            let told = jobs.into_iter().filter(|(_, job)| job.status.is_some());
            (Some(true), Some(&remote.id), told.map(of_job).collect())
        }
    };
    entry.insert("place".to_owned(), place(status.place, sources));
    entry.insert("state".to_owned(), status.state().word().into());
    entry.insert("exists".to_owned(), exists.into());
    entry.insert("id".to_owned(), id.cloned().into());
    entry.insert("jobs".to_owned(), jobs.into());
    entry.into()
}

fn of_job((kind, job): (JobKind, &Job)) -> Value {
    json!({
        "job": kind.word(),
        "status": job.status.as_ref().map(ToString::to_string),
        "running": job.is_going(),
        "lastSuccessAt": job.at,
        "message": message(job),
    })
}
