//! The review of a plan, and of what came of it.

use anstream::adapter::strip_str;

use super::{Item, Review, Verdict, advice};
use crate::apply::{ActionFailure, JobEnd, JobOutcome, Outcome, Report};
use crate::core::plan::{Action, Plan, Step};
use crate::render::human;
use crate::render::jobs;
use crate::render::text::platform_message;
use crate::render::unified;

/// Adds a plan.
pub fn of_plan(review: &mut Review<'_>, plan: &Plan) {
    review.headline = Some(if plan.actions.is_empty() {
        human::nothing_to_do(plan)
    } else {
        human::counted(plan.counts())
    });
    review.items = plan.actions.iter().map(of_action).collect();
    add_notes(review, plan);
    plainly(review);
}

/// Adds a plan, and what came of it.
pub fn of_apply(review: &mut Review<'_>, plan: &Plan, report: &Report) {
    of_plan(review, plan);
    review.headline = Some(human::conclusion(plan, report));
    let actions = plan.actions.iter().zip(&report.outcomes);
    for (item, (action, outcome)) in review.items.iter_mut().zip(actions) {
        add_outcome(item, human::participle(action.verb()), outcome);
    }
    review.items.extend(report.jobs.iter().filter_map(of_job));
    plainly(review);
}

/// Takes out the colours of what is shared with the terminal.
fn plainly(review: &mut Review<'_>) {
    if let Some(headline) = &mut review.headline {
        *headline = strip_str(headline).to_string();
    }
}

fn of_action(action: &Action) -> Item {
    let verb = action.verb();
    let mut item = Item::new(&action.subject, verb.word(), human::headline(action));
    item.sign = human::sign(verb);
    item.place = action.place;
    item.add_effects(&action.effects);
    item.diff = unified::lines(action);
    if let Step::Blocked { reason, .. } = &action.step {
        item.verdict = Verdict::Blocked(format!("{}\n{}", reason.reason(), reason.advice()));
    }
    item
}

fn add_notes(review: &mut Review<'_>, plan: &Plan) {
    for failing in &plan.failing {
        let message = failing.job.message.as_deref().map(platform_message);
        review.notes.push(format!(
            "{} is as declared, and its last job failed: {}",
            failing.subject.address(),
            message.as_deref().unwrap_or("no reason was given")
        ));
    }
    match plan.unmanaged.len() {
        0 => {}
        1 => review
            .notes
            .push("1 sync in these projects is not declared.".to_owned()),
        count => review
            .notes
            .push(format!("{count} syncs in these projects are not declared.")),
    }
}

fn add_outcome(item: &mut Item, done: &str, outcome: &Outcome) {
    let (what, verdict) = match outcome {
        Outcome::Done { note, .. } => {
            item.notes.extend(note.clone());
            (format!("was {done}"), Verdict::Good)
        }
        Outcome::Failed(failure) => (format!("was not {done}"), Verdict::Failed(why(failure))),
        Outcome::Unknown(failure) => {
            let what = format!("may or may not have been {done}");
            (what, Verdict::Unknown(why(failure)))
        }
        Outcome::NotTried { reason } => {
            let verdict = Verdict::Skipped(reason.clone());
            (format!("was not {done}"), verdict)
        }
        // The plan said so already.
        Outcome::Blocked => return,
    };
    item.what = what;
    item.verdict = verdict;
}

fn why(failure: &ActionFailure) -> String {
    let mut text = advice(&failure.problem);
    if let Some(definition) = &failure.lost_definition {
        text.push_str("\nThe deleted sync was:\n");
        text.push_str(definition);
    }
    text
}

/// A job that was followed.
fn of_job(job: &JobOutcome) -> Option<Item> {
    let what = jobs::name(job.kind);
    let (end, verdict) = match &job.end {
        JobEnd::Succeeded => ("succeeded", Verdict::Good),
        JobEnd::Failed(message) => {
            let message = message.as_deref().map(platform_message);
            let message = message.unwrap_or_else(|| "No reason was given.".to_owned());
            ("failed", Verdict::Failed(message))
        }
        JobEnd::StillGoing => (
            "has not ended",
            Verdict::Unknown("It is still retrying, not failed.".to_owned()),
        ),
        JobEnd::Unknown(reason) => ("could not be followed", Verdict::Unknown(reason.clone())),
        JobEnd::NotFollowed => return None,
    };
    let mut item = Item::new(&job.subject, job.kind.word(), format!("The {what} {end}"));
    item.verdict = verdict;
    Some(item)
}
