//! Names that one action frees and another takes, within one project.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{Action, Blocked, Step};

/// The name that is free once the action has gone well. That of a deleted sync is not wanted by
/// any other: it is declared absent, or not at all.
pub fn freed(action: &Action) -> Option<&str> {
    match &action.step {
        Step::Update(_) => action.renamed_from(),
        Step::Replace { old, .. } => Some(&old.name),
        _ => None,
    }
}

/// The name that has to be free for the action.
fn taken(action: &Action) -> Option<&str> {
    match &action.step {
        Step::Create(_) | Step::Replace { .. } => Some(&action.subject.name),
        Step::Update(_) if action.renamed_from().is_some() => Some(&action.subject.name),
        _ => None,
    }
}

/// Blocks the actions from `first` on whose name a rename should free that is itself blocked or
/// not selected. `heirs` has each name that a rename frees, and the name that comes after it.
pub fn block_what_waits_for_nobody(
    actions: &mut Vec<Action>,
    first: usize,
    heirs: &BTreeMap<&str, &str>,
) {
    // What is blocked frees no name any more, which may block the next one in a chain.
    loop {
        let freed: BTreeSet<&str> = actions[first..].iter().filter_map(freed).collect();
        let stuck = (first..actions.len()).find_map(|index| {
            let name = taken(&actions[index]).filter(|name| !freed.contains(name))?;
            Some((index, (*heirs.get(name)?).to_owned()))
        });
        let Some((index, heir)) = stuck else { return };
        block(actions, index, Blocked::NameNotFreed(heir));
    }
}

fn block(actions: &mut Vec<Action>, index: usize, reason: Blocked) {
    let action = &mut actions[index];
    action.step = Step::Blocked {
        wanted: action.verb(),
        reason,
    };
    action.effects.clear();
    // The trigger of a sync stands right behind what it follows.
    let follower = index + 1;
    let is_followed = |action: &Action| action.after.contains(&index);
    if actions.get(follower).is_some_and(is_followed) {
        actions.remove(follower);
        for before in actions[follower..]
            .iter_mut()
            .flat_map(|action| &mut action.after)
        {
            if *before > index {
                *before -= 1;
            }
        }
    }
}

/// Makes the actions from `first` on that take a name come after those that free it.
pub fn order(actions: &mut [Action], first: usize) {
    let freed_by: BTreeMap<String, usize> = (first..actions.len())
        .filter_map(|index| Some((freed(&actions[index])?.to_owned(), index)))
        .collect();
    for (index, action) in actions.iter_mut().enumerate().skip(first) {
        let before = taken(action).and_then(|name| freed_by.get(name));
        if let Some(before) = before.filter(|before| **before != index) {
            action.after.push(*before);
        }
    }
}
