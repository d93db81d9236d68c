//! The review of a plan.

use super::{headline, intent, sign};
use crate::core::plan::{Action, Plan, Step};
use crate::core::text::platform_message;
use crate::core::words;
use crate::render::diff;
use crate::render::review::{Item, Review, Verdict};

/// Adds a plan.
pub fn review(review: &mut Review<'_>, plan: &Plan) {
    review.headline = Some(headline(plan).to_string());
    review.items = plan.actions.iter().map(item).collect();
    for failing in &plan.failing {
        let message = failing.job.message.as_deref().map(platform_message);
        review.notes.push(format!(
            "{} is as declared, but its last job failed: {}",
            failing.subject.address(),
            message.as_deref().unwrap_or("no reason was given")
        ));
    }
    if !plan.unmanaged.is_empty() {
        let count = plan.unmanaged.len();
        let are = if count == 1 { "is" } else { "are" };
        let syncs = words::count(count, "sync");
        let note = format!("{syncs} in these projects {are} not declared.");
        review.notes.push(note);
    }
}

fn item(action: &Action) -> Item {
    let verb = action.verb();
    let mut item = Item::new(&action.subject, verb.word(), intent(action));
    item.sign = sign(verb);
    item.place = action.place;
    item.diff = diff::of_action(action);
    for effect in &action.effects {
        let sentences = if effect.is_destructive() {
            &mut item.warnings
        } else {
            &mut item.notes
        };
        sentences.push(effect.sentence().to_owned());
    }
    if let Step::Blocked { reason, .. } = &action.step {
        item.verdict = Verdict::Blocked(format!("{}\n{}", reason.reason(), reason.advice()));
    }
    item
}
