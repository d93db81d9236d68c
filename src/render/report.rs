//! The result of an apply.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::jobs::{self, JobFields};

use super::outcome::{self, OutcomeFields};
use super::plan::{self, PlanBody, PlanFile, participle};
use super::review::Review;
use super::style::{GREEN, Headline, RED, address, painted};
use crate::apply::{JobEnd, OldState, Outcome, Report, Wait};
use crate::core::plan::{Action, Counts, Plan, Subject, Verb};
use crate::core::remote::JobKind;
use crate::core::text::visible;
use crate::core::words;
use crate::exit::Exit;

/// The line for the beginning of an action.
pub fn begins(action: &Action) -> String {
    let doing = match action.verb() {
        Verb::Create => "Creating",
        Verb::Update => "Updating",
        Verb::Replace => "Replacing",
        Verb::Delete => "Deleting",
        Verb::Start => "Starting",
        Verb::Trigger => "Triggering",
        Verb::Blocked => "Skipping",
    };
    format!("{}: {doing}...", address(&action.subject))
}

/// What a run does while actions go on, by how many of all have ended.
pub fn applying<'a>(ended: usize, all: usize, running: impl Iterator<Item = &'a Action>) -> String {
    let running: Vec<&str> = running.map(|action| action.subject.name.as_str()).collect();
    let names = if running.is_empty() {
        String::new()
    } else {
        format!(", now {}", running.join(", "))
    };
    format!("Applying: {ended} of {all} done{names}")
}

/// The line for the end of an action.
pub fn ended(action: &Action, outcome: &Outcome) -> String {
    let mut done = words::capitalized(match (action.verb(), outcome) {
        // A deletion has a note if a job carries it out later.
        (Verb::Delete, Outcome::Done { note: Some(_), .. }) => "being deleted",
        (verb, _) => participle(verb),
    });
    let id = match outcome {
        Outcome::Done { id, .. } => id.as_ref(),
        Outcome::NotAsDeclared { id, .. } => {
            done.push_str(&format!(", {}", painted(RED, "but not as declared")));
            Some(id)
        }
        Outcome::Failed(_) | Outcome::Unknown(_) | Outcome::NotTried(_) | Outcome::Blocked => None,
    };
    if let Some(id) = id {
        done.push_str(&format!(" [id={}]", visible(id)));
    }
    outcome::line(&action.subject, outcome, &done)
}

/// What is reported before the old sync of a replacement is deleted.
pub fn replaces(action: &Action, definition: &str) -> String {
    let address = address(&action.subject);
    let definition = outcome::definition(definition, "    ");
    format!(
        "{address}: Deleting the old sync, which is:\n{}",
        definition.trim_end()
    )
}

/// What else the result depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The file that the plan was saved in, if it was.
    pub plan_file: Option<&'a str>,
    /// How long the jobs were followed; `None` if they were not.
    pub waited: Option<Wait>,
}

/// The result of an apply.
pub fn human(plan: &Plan, report: &Report, context: Context<'_>) -> String {
    let mut out = String::new();
    for (action, outcome) in plan.actions.iter().zip(&report.outcomes) {
        outcome::human(&mut out, &action.subject, outcome);
    }
    out.push_str(&jobs::human(report, context.waited));
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", headline(plan, report).painted());
    let mut ends = plan.actions.iter().zip(&report.outcomes);
    if ends.any(|(action, outcome)| is_open_start(action, outcome)) {
        let _ = writeln!(
            out,
            "A start that is unknown is not repeated: record with `secsync state resolve` what became of it."
        );
    }
    if is_continued(plan, report) {
        let plan_file = context.plan_file.map(|file| format!(" {}", visible(file)));
        let _ = writeln!(
            out,
            "Run `secsync apply{}` again to continue.",
            plan_file.unwrap_or_default()
        );
    }
    if done_counts(plan, report).blocked > 0 {
        let _ = writeln!(
            out,
            "Blocked actions were not carried out: the plan says why, and what to do."
        );
    }
    out
}

/// `Apply complete! Resources: 1 added, 0 changed, 0 destroyed.`, and what else is counted.
fn headline(plan: &Plan, report: &Report) -> Headline {
    let counts = done_counts(plan, report);
    let (style, start) = if report.is_interrupted {
        (RED, "Apply interrupted!")
    } else if counts.blocked == 0 && report.exit() == Exit::Done {
        (GREEN, "Apply complete!")
    } else {
        (RED, "Apply incomplete!")
    };
    let of = |wanted: fn(&Outcome) -> bool| {
        let outcomes = report.outcomes.iter();
        outcomes.filter(|outcome| wanted(outcome)).count()
    };
    let being_destroyed = removals(report).filter(|end| {
        matches!(
            end,
            JobEnd::StillGoing | JobEnd::NotFollowed | JobEnd::Unknown(_)
        )
    });
    let mut parts = vec![
        format!("{} added", counts.add),
        format!("{} changed", counts.change),
        format!("{} destroyed", counts.destroy),
    ];
    parts.extend(words::counts([
        (counts.start, "started"),
        (counts.trigger, "triggered"),
        (counts.blocked, "blocked"),
        (
            being_destroyed.count() + old_syncs(report, OldState::BeingDeleted),
            "being destroyed",
        ),
        (
            of(|outcome| matches!(outcome, Outcome::NotAsDeclared { .. })),
            "not as declared",
        ),
        (
            of(|outcome| matches!(outcome, Outcome::Failed(_))),
            "failed",
        ),
        (
            of(|outcome| matches!(outcome, Outcome::Unknown(_))),
            "unknown",
        ),
        (
            of(|outcome| matches!(outcome, Outcome::NotTried(_))),
            "not tried",
        ),
    ]));
    parts.extend(bad_jobs(report));
    let rest = format!("Resources: {}.", parts.join(", "));
    Headline::new(start, rest).in_style(style)
}

/// Whether running it again does what was left.
fn is_continued(plan: &Plan, report: &Report) -> bool {
    let is_left = |(action, outcome): (&Action, &Outcome)| match outcome {
        Outcome::Failed(_) | Outcome::NotTried(_) => true,
        Outcome::Unknown(_) => !is_open_start(action, outcome),
        Outcome::Done { .. } | Outcome::NotAsDeclared { .. } | Outcome::Blocked => false,
    };
    plan.actions.iter().zip(&report.outcomes).any(is_left)
        || removals(report).any(|end| matches!(end, JobEnd::Failed(_)))
}

/// Whether it is a start of which a person has to say what became.
fn is_open_start(action: &Action, outcome: &Outcome) -> bool {
    action.verb() == Verb::Start && matches!(outcome, Outcome::Unknown(_))
}

/// How each removal of secrets ended.
fn removals(report: &Report) -> impl Iterator<Item = &JobEnd> {
    let removals = report.jobs.iter();
    removals
        .filter(|job| job.kind == JobKind::Removal)
        .map(|job| &job.end)
}

/// How many of the jobs that were followed did not end well: `1 job failed`.
fn bad_jobs(report: &Report) -> impl Iterator<Item = String> {
    let failed = jobs::count(report, |end| matches!(end, JobEnd::Failed(_)));
    let going = jobs::count(report, |end| {
        matches!(end, JobEnd::StillGoing | JobEnd::Unknown(_))
    });
    [(failed, "failed"), (going, "not finished")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{} {words}", words::count(count, "job")))
}

/// Counts what was done. A sync whose secrets are still to be removed is not destroyed yet.
fn done_counts(plan: &Plan, report: &Report) -> Counts {
    let lingering: BTreeSet<&Subject> = report
        .jobs
        .iter()
        .filter(|job| job.kind == JobKind::Removal && job.end != JobEnd::Succeeded)
        .map(|job| &job.subject)
        .collect();
    let mut done = plan.clone();
    let mut outcomes = report.outcomes.iter();
    done.actions.retain(|action| {
        let is_gone = action.verb() != Verb::Delete || !lingering.contains(&action.subject);
        match outcomes.next() {
            Some(Outcome::Done { .. } | Outcome::NotAsDeclared { .. }) => is_gone,
            Some(Outcome::Blocked) => true,
            _ => false,
        }
    });
    let mut counts = done.counts();
    counts.destroy += old_syncs(report, OldState::Deleted);
    counts
}

/// How many old syncs of replacements that failed are in a state.
fn old_syncs(report: &Report, state: OldState) -> usize {
    let is_in_state = |outcome: &&Outcome| match outcome {
        Outcome::Failed(failure) | Outcome::Unknown(failure) => {
            failure.old.as_ref().is_some_and(|old| old.state == state)
        }
        Outcome::Done { .. }
        | Outcome::NotAsDeclared { .. }
        | Outcome::NotTried(_)
        | Outcome::Blocked => false,
    };
    report.outcomes.iter().filter(is_in_state).count()
}

/// An apply in a JSON document: the plan if there was one, and its result.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplyBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_file: Option<PlanFile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    already_done: Option<&'a [Subject]>,
    #[serde(flatten)]
    plan: Option<PlanBody<'a>>,
    #[serde(flatten)]
    report: Option<ReportBody<'a>>,
}

impl<'a> ApplyBody<'a> {
    /// Says which saved plan it was, and what of it was done before.
    #[must_use]
    pub fn of_saved(mut self, file: PlanFile<'a>, done: &'a [Subject]) -> Self {
        self.plan_file = Some(file);
        self.already_done = Some(done);
        self
    }

    /// Adds the plan, and the report if there was anything to do.
    #[must_use]
    pub fn with(mut self, plan: PlanBody<'a>, report: Option<&'a Report>) -> Self {
        self.plan = Some(plan);
        self.report = report.map(ReportBody::new);
        self
    }
}

/// The results of actions or requests, and of their jobs, in a JSON document.
#[derive(Debug, Serialize)]
pub struct ReportBody<'a> {
    results: Vec<OutcomeFields<'a>>,
    jobs: Vec<JobFields<'a>>,
    interrupted: bool,
}

impl<'a> ReportBody<'a> {
    /// The results in the order of the actions or requests.
    pub fn new(report: &'a Report) -> Self {
        Self {
            results: report.outcomes.iter().map(OutcomeFields::from).collect(),
            jobs: report.jobs.iter().map(JobFields::from).collect(),
            interrupted: report.is_interrupted,
        }
    }
}

/// Adds a plan and its result.
pub fn review(review: &mut Review<'_>, plan: &Plan, report: &Report) {
    plan::review(review, plan);
    review.headline = Some(headline(plan, report).to_string());
    let actions = plan.actions.iter().zip(&report.outcomes);
    for (item, (action, outcome)) in review.items.iter_mut().zip(actions) {
        outcome::review(item, participle(action.verb()), outcome);
        // A graph is for those who decide.
        item.flow = None;
    }
    review
        .items
        .extend(report.jobs.iter().filter_map(jobs::review));
}
