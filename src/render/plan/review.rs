//! The review of a plan.

use std::collections::HashMap;

use super::human::undeclared_syncs;
use super::{comparison, deleted, flow, headline, intent, no_longer_declared, sign};
use crate::core::plan::renames::Old;
use crate::core::plan::{Action, Plan, Step, UnknownField};
use crate::core::text::platform_message;
use crate::render::diff;
use crate::render::review::{Group, Item, Review, Verdict};
use crate::render::shard;
use crate::render::started;

/// Adds a plan.
pub fn review(review: &mut Review<'_>, plan: &Plan) {
    review.headline = Some(headline(plan).to_string());
    review.facts.extend(comparison(plan));
    if let Some(base) = &plan.base {
        review.sides = [base.revision.clone(), "declared".to_owned()];
    }
    review.notes.extend(plan.shard.map(shard::note_with_limits));
    review.notes.extend(no_longer_declared(plan));
    let likely = plan.likely_renames();
    let specs = plan.actions.iter().filter_map(|action| {
        let subject = &action.subject;
        let (_, spec) = action.result()?;
        Some(((subject.platform, &*subject.destination), spec))
    });
    let specs: HashMap<_, _> = specs.collect();
    let items = plan.actions.iter().enumerate().map(|(index, action)| {
        let subject = &action.subject;
        let spec = specs.get(&(subject.platform, &*subject.destination));
        let mut item = item(plan, action);
        item.flow = flow::of(action, spec.copied());
        item.hints.extend(likely.get(&index).map(Old::advice));
        item
    });
    review.items = items.collect();
    review.groups = plan
        .shared
        .iter()
        .map(|shared| Group {
            place: shared.place,
            items: shared.actions.clone(),
            diff: shared.actions.first().map_or_else(String::new, |first| {
                diff::of_changes(&plan.actions[*first].changes)
            }),
        })
        .collect();
    for failing in &plan.failing {
        let message = failing.job.message.as_deref().map(platform_message);
        review.notes.push(format!(
            "{} is as declared, but its last job failed: {}",
            failing.subject.address(),
            message.as_deref().unwrap_or("no reason was given")
        ));
    }
    review
        .notes
        .extend(plan.unknown.iter().map(UnknownField::note));
    if plan.base.is_some() {
        // All that is no longer declared was named.
        return;
    }
    let found = plan.unmanaged.iter();
    let count = found
        .filter(|subject| subject.platform.reads_back())
        .count();
    if count > 0 {
        let note = format!("{} not declared.", undeclared_syncs(count));
        review.notes.push(note);
    }
    review.notes.extend(started::undeclared(&plan.unmanaged));
}

fn item(plan: &Plan, action: &Action) -> Item {
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
    item.hints.extend(started::renamed(plan, action));
    item.deleted = deleted(action);
    if let Step::Blocked { reason, .. } = &action.step {
        item.verdict = Verdict::Blocked(format!("{}\n{}", reason.reason(), reason.advice()));
    }
    item
}
