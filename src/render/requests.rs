//! Jobs that a person requests with `secsync sync`.

use std::fmt::Write as _;

use serde::Serialize;

use super::jobs;

use super::outcome;
use super::report::ReportBody;
use super::style::{CYAN, DIMMED, GREEN, Headline, RED, named, painted};
use crate::apply::{JobEnd, Outcome, Report, Wait};
use crate::core::job_requests::{JobRequest, RequestedJob, Winner};
use crate::core::plan::Subject;
use crate::core::text::visible;
use crate::core::words;

/// The jobs that will be requested, shown before the question for approval, and the syncs that are
/// left out.
pub fn intended(requests: &[JobRequest], left_out: &[(Subject, String)]) -> String {
    let mut out = String::new();
    for request in requests {
        let (sign, what) = match &request.target {
            Ok(_) => (painted(CYAN, "!"), intent(request.job).to_owned()),
            Err(reason) => (painted(RED, "x"), visible(reason)),
        };
        let _ = writeln!(out, "  {sign} {}: {what}", named(&request.subject));
    }
    for (subject, reason) in left_out {
        let _ = writeln!(
            out,
            "  {} {}: Left out. {}",
            painted(DIMMED, "-"),
            named(subject),
            visible(reason)
        );
    }
    out
}

const fn intent(job: RequestedJob) -> &'static str {
    match job {
        RequestedJob::Sync => "pushes the source's secrets to the destination",
        RequestedJob::Import(Winner::Source) => {
            "imports secrets of the destination that the source does not have"
        }
        RequestedJob::Import(Winner::Destination) => {
            "imports the destination's secrets and overwrites those of the source"
        }
        RequestedJob::Removal => "removes its secrets from the destination",
    }
}

/// The line for a request that was answered.
pub fn answered(request: &JobRequest, outcome: &Outcome) -> String {
    let done = format!("The {} was queued.", jobs::name(request.job.kind()));
    outcome::line(&request.subject, outcome, &done)
}

/// The results of the requests.
pub fn human(requests: &[JobRequest], report: &Report, waited: Option<Wait>) -> String {
    let mut out = String::new();
    for (request, outcome) in requests.iter().zip(&report.outcomes) {
        outcome::human(&mut out, &request.subject, outcome);
    }
    out.push_str(&jobs::human(report, waited));
    let _ = writeln!(out, "\n{}", headline(requests, report).painted());
    out
}

fn headline(requests: &[JobRequest], report: &Report) -> Headline {
    let jobs = |wanted: fn(&JobEnd) -> bool| jobs::count(report, wanted);
    let outcomes = report.outcomes.iter();
    let is_unknown = |outcome: &&Outcome| matches!(outcome, Outcome::Unknown(_));
    let unknown = outcomes.filter(is_unknown).count();
    let not_asked = requests.len().saturating_sub(report.jobs.len() + unknown);
    let counts = [
        (jobs(|end| *end == JobEnd::Succeeded), "succeeded"),
        (jobs(|end| matches!(end, JobEnd::Failed(_))), "failed"),
        (jobs(|end| *end == JobEnd::StillGoing), "still running"),
        (
            jobs(|end| matches!(end, JobEnd::Unknown(_))) + unknown,
            "unknown",
        ),
        (not_asked, "not requested"),
    ];
    let is_well = counts[1..].iter().all(|(count, _)| *count == 0);
    let (style, start) = match (report.is_interrupted, is_well) {
        (true, _) => (RED, "Sync interrupted!"),
        (false, true) => (GREEN, "Sync complete!"),
        (false, false) => (RED, "Sync incomplete!"),
    };
    let mut rest = words::count(report.jobs.len(), "job");
    let counts = words::counts(counts);
    if !counts.is_empty() {
        rest.push_str(&format!(": {}", counts.join(", ")));
    }
    Headline::new(start, rest + ".").in_style(style)
}

/// The requests and their results in a JSON document.
#[derive(Debug, Serialize)]
pub struct RequestsBody<'a> {
    requests: Vec<RequestFields<'a>>,
    #[serde(flatten)]
    report: ReportBody<'a>,
}

#[derive(Debug, Serialize)]
struct RequestFields<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    job: &'static str,
    id: Option<&'a str>,
}

impl<'a> RequestsBody<'a> {
    /// The requests, each with its result in the report.
    pub fn new(requests: &'a [JobRequest], report: &'a Report) -> Self {
        let fields = |request: &'a JobRequest| RequestFields {
            subject: &request.subject,
            job: request.job.kind().word(),
            id: request.target.as_deref().ok(),
        };
        Self {
            requests: requests.iter().map(fields).collect(),
            report: ReportBody::new(report),
        }
    }
}
