//! Whether the actions of a plan fit together.

use std::collections::BTreeSet;

use super::{PlanFileError, names};
use crate::core::plan::recheck::change_before;
use crate::core::plan::{Plan, Step, Verb};

/// Checks that a plan can be one that secsync made.
pub(super) fn check(plan: &Plan) -> Result<(), PlanFileError> {
    check_order(plan)?;
    check_once(plan)?;
    check_shard(plan)?;
    check_names(plan)
}

/// Checks that each action comes after actions that there are, and none after itself.
fn check_order(plan: &Plan) -> Result<(), PlanFileError> {
    let wrong = || PlanFileError::forged("its actions wait for each other");
    let count = plan.actions.len();
    let mut waits: Vec<usize> = Vec::with_capacity(count);
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, action) in plan.actions.iter().enumerate() {
        let before: BTreeSet<usize> = action.after.iter().copied().collect();
        waits.push(before.len());
        for before in before {
            followers.get_mut(before).ok_or_else(wrong)?.push(index);
        }
    }
    let mut ready: Vec<usize> = (0..count).filter(|index| waits[*index] == 0).collect();
    let mut ordered = 0;
    while let Some(index) = ready.pop() {
        ordered += 1;
        for follower in &followers[index] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.push(*follower);
            }
        }
    }
    if ordered == count {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// Checks that each sync has at most one change and one trigger, and that a trigger is about what
/// it follows.
fn check_once(plan: &Plan) -> Result<(), PlanFileError> {
    let mut subjects = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for action in &plan.actions {
        let is_trigger = action.verb() == Verb::Trigger;
        let key = (
            &action.subject.server,
            &action.subject.project_id,
            &action.subject.name,
        );
        // If it can only be started, the destination is part of what identifies a sync.
        let destination = action
            .subject
            .platform
            .identifying(&action.subject.destination);
        let is_new = subjects.insert((is_trigger, key, destination));
        let is_new_id = action
            .found()
            .is_none_or(|found| ids.insert((is_trigger, &action.subject.server, &found.id)));
        let follows = change_before(plan, action).map(|index| &plan.actions[index]);
        let fits = match (&action.step, follows) {
            (Step::Trigger { old: None }, Some(change)) => {
                matches!(change.step, Step::Create(_) | Step::Replace { .. })
            }
            (Step::Trigger { old: Some(old) }, Some(change)) => {
                matches!(&change.step, Step::Update(update) if update.old.id == old.id)
            }
            (Step::Trigger { old: Some(old) }, None) => {
                old.name == action.subject.name && old.destination == action.subject.destination
            }
            (Step::Trigger { old: None }, None) => false,
            _ => true,
        };
        if !(is_new && is_new_id && fits) {
            return Err(PlanFileError::forged(&format!(
                "its actions on {:?} do not fit together",
                action.subject.address()
            )));
        }
    }
    Ok(())
}

/// Checks that all actions are about projects of the shard that the plan says it is about.
fn check_shard(plan: &Plan) -> Result<(), PlanFileError> {
    let Some(shard) = plan.shard else {
        return Ok(());
    };
    let mut subjects = plan.actions.iter().map(|action| &action.subject);
    match subjects.find(|subject| !shard.holds(&subject.server, &subject.project_id)) {
        Some(subject) => Err(PlanFileError::forged(&format!(
            "{:?} is in another shard than the plan",
            subject.address()
        ))),
        None => Ok(()),
    }
}

/// Checks that a name means one id everywhere.
fn check_names(plan: &Plan) -> Result<(), PlanFileError> {
    let mut seen = BTreeSet::new();
    for named in names(plan) {
        if !seen.insert((named.provider, named.what, named.name.clone())) {
            return Err(PlanFileError::forged(&format!(
                "{:?} stands for two different things in it",
                named.name
            )));
        }
    }
    Ok(())
}
