//! Jobs that were asked for, and how those that were followed ended.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value};

use super::human::{SANDBOX, told};
use super::json;
use super::paint::{CYAN, DIMMED, GREEN, RED, YELLOW, painted};
use super::text::{platform_message, visible};
use crate::apply::{JobEnd, JobOutcome, Outcome, Report};
use crate::core::job_requests::{JobRequest, RequestedJob, Winner};
use crate::core::plan::Subject;
use crate::core::remote::JobKind;

/// A line for each job, and how many were not followed.
pub fn ends(report: &Report, waited: Option<Duration>) -> String {
    let mut out = String::new();
    for job in &report.jobs {
        // An interrupted wait was shorter than it was meant to be.
        end(&mut out, job, waited.filter(|_| !report.is_interrupted));
    }
    let not_followed = count(&report.jobs, |end| *end == JobEnd::NotFollowed);
    if not_followed > 0 {
        let jobs = if not_followed == 1 { "job" } else { "jobs" };
        let _ = writeln!(
            out,
            "{not_followed} {jobs} left running; --wait follows them."
        );
    }
    out
}

fn count(jobs: &[JobOutcome], wanted: impl Fn(&JobEnd) -> bool) -> usize {
    jobs.iter().filter(|job| wanted(&job.end)).count()
}

/// What people call a kind of job.
pub(super) const fn name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Sync => "sync job",
        JobKind::Import => "import",
        JobKind::Removal => "removal of secrets",
    }
}

fn end(out: &mut String, job: &JobOutcome, waited: Option<Duration>) {
    let address = visible(&job.subject.address());
    let what = name(job.kind);
    let _ = match &job.end {
        JobEnd::Succeeded => writeln!(out, "{address}: The {what} succeeded."),
        JobEnd::Failed(message) => writeln!(
            out,
            "{} {address}: The {what} failed: {}",
            painted(RED, "Failed:"),
            message
                .as_deref()
                .map_or_else(|| "no reason was given".to_owned(), platform_message)
        ),
        JobEnd::StillGoing => match waited {
            Some(waited) => writeln!(
                out,
                "{} {address}: The {what} is still retrying, not failed, after {} s.",
                painted(YELLOW, "Going:"),
                waited.as_secs()
            ),
            None => writeln!(
                out,
                "{} {address}: The {what} had not ended when the run was interrupted.",
                painted(YELLOW, "Going:")
            ),
        },
        JobEnd::Unknown(reason) => writeln!(
            out,
            "{} {address}: The {what} could not be followed. {}",
            painted(YELLOW, "Unknown:"),
            visible(reason)
        ),
        JobEnd::NotFollowed => Ok(()),
    };
}

/// The jobs that will be asked for, before anyone says yes, and the syncs that are left out.
pub fn requests(
    requests: &[JobRequest],
    left_out: &[(Subject, String)],
    is_sandbox: bool,
) -> String {
    let mut out = String::new();
    if is_sandbox {
        let _ = writeln!(out, "{}\n", painted(CYAN, SANDBOX));
    }
    for request in requests {
        let address = visible(&request.subject.address());
        let _ = match &request.target {
            Ok(_) => writeln!(
                out,
                "  {} {address} ({}): {}",
                painted(CYAN, "!"),
                visible(&request.subject.destination),
                intent(request.job)
            ),
            Err(reason) => writeln!(
                out,
                "  {} {address} ({}): {}",
                painted(RED, "x"),
                visible(&request.subject.destination),
                visible(reason)
            ),
        };
    }
    for (subject, reason) in left_out {
        let _ = writeln!(
            out,
            "  {} {} ({}): Left out. {}",
            painted(DIMMED, "-"),
            visible(&subject.address()),
            visible(&subject.destination),
            visible(reason)
        );
    }
    out
}

const fn intent(job: RequestedJob) -> &'static str {
    match job {
        RequestedJob::Sync => "pushes the source's secrets to the destination",
        RequestedJob::Import(Winner::Source) => {
            "imports secrets of the destination that the source has not"
        }
        RequestedJob::Import(Winner::Destination) => {
            "imports the destination's secrets and overwrites those of the source"
        }
        RequestedJob::Removal => "removes its secrets from the destination",
    }
}

/// The line for a request that was answered.
pub fn asked(request: &JobRequest, outcome: &Outcome) -> String {
    let address = visible(&request.subject.address());
    let what = name(request.job.kind());
    match outcome {
        Outcome::Done { .. } => format!("{address}: The {what} was queued."),
        Outcome::Failed(_) => format!("{address}: {}", painted(RED, "Failed")),
        Outcome::Unknown(_) => format!("{address}: {}", painted(RED, "Unknown")),
        Outcome::NotTried { .. } | Outcome::Blocked => format!("{address}: Not tried"),
    }
}

/// What came of the requests.
pub fn report(requests: &[JobRequest], report: &Report, waited: Option<Duration>) -> String {
    let mut out = String::new();
    for (request, outcome) in requests.iter().zip(&report.outcomes) {
        match outcome {
            Outcome::Failed(failure) => told(&mut out, "Failed", &request.subject, failure),
            Outcome::Unknown(failure) => told(&mut out, "Unknown", &request.subject, failure),
            Outcome::NotTried { reason } => {
                let _ = writeln!(
                    out,
                    "{} {}: {}",
                    painted(YELLOW, "Not tried:"),
                    visible(&request.subject.address()),
                    visible(reason)
                );
            }
            Outcome::Done { .. } | Outcome::Blocked => {}
        }
    }
    out.push_str(&ends(report, waited));
    let _ = writeln!(out, "\n{}", summary(requests, report));
    out
}

fn summary(requests: &[JobRequest], report: &Report) -> String {
    let jobs = |wanted: fn(&JobEnd) -> bool| count(&report.jobs, wanted);
    let counts = [
        (jobs(|end| *end == JobEnd::Succeeded), "succeeded"),
        (jobs(|end| matches!(end, JobEnd::Failed(_))), "failed"),
        (jobs(|end| *end == JobEnd::StillGoing), "still going"),
        (jobs(|end| matches!(end, JobEnd::Unknown(_))), "unknown"),
        (
            requests.len().saturating_sub(report.jobs.len()),
            "not asked for",
        ),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let is_well = counts[1..].iter().all(|(count, _)| *count == 0);
    let (style, end) = match (report.is_interrupted, is_well) {
        (true, _) => (RED, "Sync interrupted!"),
        (false, true) => (GREEN, "Sync complete!"),
        (false, false) => (RED, "Sync incomplete!"),
    };
    let asked = match report.jobs.len() {
        1 => "1 job".to_owned(),
        count => format!("{count} jobs"),
    };
    let told = if told.is_empty() {
        String::new()
    } else {
        format!(": {}", told.join(", "))
    };
    format!("{} {asked}{told}.", painted(style, end))
}

/// Adds the requests to a document.
pub fn add_requests(document: &mut Map<String, Value>, requests: &[JobRequest]) {
    let entries: Vec<Value> = requests
        .iter()
        .map(|request| {
            let mut entry = json::subject(&request.subject);
            entry.insert("job".to_owned(), request.job.kind().word().into());
            entry.insert(
                "id".to_owned(),
                request.target.as_ref().ok().cloned().into(),
            );
            entry.into()
        })
        .collect();
    document.insert("requests".to_owned(), entries.into());
}
