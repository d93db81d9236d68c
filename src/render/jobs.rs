//! How jobs ended, both those that an apply set off and those that a person requested.

use std::fmt::Write as _;

use serde::Serialize;

use super::review::{Item, Verdict};
use super::style::{RED, YELLOW, address, painted};
use crate::apply::{JobEnd, JobOutcome, JobProgress, Report, STANDSTILL, Wait};
use crate::core::plan::Subject;
use crate::core::remote::JobKind;
use crate::core::text::{platform_message, visible};
use crate::core::words;

/// What people call a kind of job.
pub(super) const fn name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Sync => "sync job",
        JobKind::Import => "import",
        JobKind::Removal => "removal of secrets",
    }
}

/// The line while jobs are followed.
pub fn waiting(progress: &JobProgress) -> String {
    let jobs = words::count(progress.going(), "job");
    let JobProgress {
        done,
        failed,
        running,
        in_line,
        held_back,
        limit,
    } = *progress;
    // As long as nothing has happened there is nothing to say.
    if done + failed + running == 0 {
        return format!("Waiting for {jobs}...");
    }
    let counts = words::counts([
        (done, "done"),
        (failed, "failed"),
        (running, "running"),
        (in_line, "in line"),
    ]);
    // The end of a line that is too long for a terminal is not seen.
    let why = match limit {
        Some(limit) if held_back > 0 && held_back == in_line => {
            format!(" ({limit} per connection)")
        }
        Some(limit) if held_back > 0 => format!(" ({held_back}: {limit} per connection)"),
        _ => String::new(),
    };
    format!("Waiting for {jobs}: {}{why}...", counts.join(", "))
}

/// A line for each job, and how many were not followed.
pub(super) fn human(report: &Report, waited: Option<Wait>) -> String {
    let mut out = String::new();
    for job in &report.jobs {
        end(&mut out, job, waited);
    }
    let not_followed = count(report, |end| *end == JobEnd::NotFollowed);
    if not_followed > 0 {
        let jobs = words::count(not_followed, "job");
        let what = if report.is_interrupted {
            "not followed to the end; `secsync status` shows them."
        } else {
            "left running; --wait follows them."
        };
        let _ = writeln!(out, "{jobs} {what}");
    }
    out
}

/// How many jobs ended in some way.
pub(super) fn count(report: &Report, wanted: impl Fn(&JobEnd) -> bool) -> usize {
    let jobs = report.jobs.iter();
    jobs.filter(|job| wanted(&job.end)).count()
}

fn end(out: &mut String, job: &JobOutcome, waited: Option<Wait>) {
    let mark = match &job.end {
        JobEnd::Succeeded => String::new(),
        JobEnd::Failed(_) => painted(RED, "Failed:") + " ",
        JobEnd::StillGoing => painted(YELLOW, "Running:") + " ",
        JobEnd::Unknown(_) => painted(YELLOW, "Unknown:") + " ",
        JobEnd::NotFollowed => return,
    };
    let how = match &job.end {
        JobEnd::Failed(message) => format!(
            "failed: {}",
            message
                .as_deref()
                .map_or_else(|| "no reason was given".to_owned(), platform_message)
        ),
        JobEnd::StillGoing => match waited {
            Some(Wait::AtMost(waited)) => format!(
                "is still retrying or in line, not failed, after {} s.",
                waited.as_secs()
            ),
            Some(Wait::WhileMoving) => format!(
                "is still retrying or in line, not failed; no job ended or began to run for {} s.",
                STANDSTILL.as_secs()
            ),
            None => "is still retrying or in line, not failed.".to_owned(),
        },
        JobEnd::Unknown(reason) => format!("could not be followed. {}", visible(reason)),
        JobEnd::Succeeded | JobEnd::NotFollowed => "succeeded.".to_owned(),
    };
    let address = address(&job.subject);
    let _ = writeln!(out, "{mark}{address}: The {} {how}", name(job.kind));
}

/// A job in a JSON document.
#[derive(Debug, Serialize)]
pub(super) struct JobFields<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    job: &'static str,
    end: &'static str,
    message: Option<String>,
}

impl<'a> From<&'a JobOutcome> for JobFields<'a> {
    fn from(job: &'a JobOutcome) -> Self {
        let (end, message) = match &job.end {
            JobEnd::Succeeded => ("succeeded", None),
            JobEnd::Failed(message) => ("failed", message.as_deref().map(platform_message)),
            JobEnd::StillGoing => ("still-going", None),
            JobEnd::NotFollowed => ("not-followed", None),
            JobEnd::Unknown(reason) => ("unknown", Some(reason.clone())),
        };
        Self {
            subject: &job.subject,
            job: job.kind.word(),
            end,
            message,
        }
    }
}

/// The item of a job; `None` if it was not followed.
pub(super) fn review(job: &JobOutcome) -> Option<Item> {
    let (end, verdict) = match &job.end {
        JobEnd::Succeeded => ("succeeded", Verdict::Good),
        JobEnd::Failed(message) => {
            let message = message.as_deref().map(platform_message);
            let message = message.unwrap_or_else(|| "No reason was given.".to_owned());
            ("failed", Verdict::Failed(message))
        }
        JobEnd::StillGoing => (
            "has not ended",
            Verdict::Unknown("It is still retrying or in line, not failed.".to_owned()),
        ),
        JobEnd::Unknown(reason) => ("could not be followed", Verdict::Unknown(reason.clone())),
        JobEnd::NotFollowed => return None,
    };
    let what = format!("The {} {end}", name(job.kind));
    let mut item = Item::new(&job.subject, job.kind.word(), what);
    item.verdict = verdict;
    Some(item)
}
