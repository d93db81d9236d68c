//! Names that one action frees and another takes, within one project.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{Action, Blocked, Step};
use crate::core::desired::{DesiredSync, Ensure};

/// Of the renames within one project, those that act: the old name exists remotely, and the new one
/// does not, or is itself renamed away. A remote sync belongs first to the entry of its name: where
/// the old name is declared too, that entry has to take its own sync from elsewhere.
/// Indices into `syncs`.
pub fn acting(syncs: &[&DesiredSync], exists: &dyn Fn(&str) -> bool) -> Vec<usize> {
    let taker_of: BTreeMap<&str, usize> = syncs
        .iter()
        .enumerate()
        .filter(|(_, sync)| sync.ensure == Ensure::Present)
        .filter_map(|(index, sync)| Some((sync.renamed_from.as_ref()?.text.as_str(), index)))
        .collect();
    let declared: BTreeMap<&str, &DesiredSync> = syncs
        .iter()
        .filter(|sync| sync.ensure == Ensure::Present)
        .map(|sync| (sync.name.text.as_str(), *sync))
        .collect();
    // Follows the chain towards the names that it comes from.
    let is_given_up = |start: usize| {
        let mut old = syncs[start].renamed_from.as_ref();
        for _ in 0..=syncs.len() {
            let Some(name) = old.filter(|old| exists(&old.text)) else {
                return false;
            };
            match declared.get(name.text.as_str()) {
                Some(entry) => old = entry.renamed_from.as_ref(),
                None => return true,
            }
        }
        false
    };
    let acts = |start: usize| {
        // Follows the chain towards its free end; circles were refused before.
        let mut index = start;
        for _ in 0..=syncs.len() {
            let sync = syncs[index];
            let old_exists = sync
                .renamed_from
                .as_ref()
                .is_some_and(|old| exists(&old.text));
            if !old_exists {
                return false;
            }
            if !exists(&sync.name.text) {
                return true;
            }
            match taker_of.get(sync.name.text.as_str()) {
                Some(next) => index = *next,
                None => return false,
            }
        }
        false
    };
    (0..syncs.len())
        .filter(|index| {
            syncs[*index].ensure == Ensure::Present && is_given_up(*index) && acts(*index)
        })
        .collect()
}

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
pub fn block_names_never_freed(
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
    // The trigger of a sync comes right after the action that it follows.
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

#[cfg(test)]
mod tests {
    use super::acting;
    use crate::core::testing::renamed_sync;

    fn acts(pairs: &[(&str, &str)], remote: &[&str]) -> Vec<usize> {
        let syncs: Vec<_> = pairs
            .iter()
            .map(|(old, new)| renamed_sync(old, new))
            .collect();
        let refs: Vec<_> = syncs.iter().collect();
        acting(&refs, &|name| remote.contains(&name))
    }

    #[test]
    fn a_rename_acts_only_if_the_old_name_exists_and_the_new_one_does_not() {
        assert_eq!(acts(&[("a", "b")], &["a"]), [0]);
        assert_eq!(acts(&[("a", "b")], &["a", "b"]), [0; 0]);
        assert_eq!(acts(&[("a", "b")], &["b"]), [0; 0]);
        assert_eq!(acts(&[("a", "b")], &[]), [0; 0]);
    }

    #[test]
    fn a_chain_acts_as_far_as_its_end_is_free() {
        assert_eq!(acts(&[("a", "b"), ("b", "c")], &["a", "b"]), [0, 1]);
        assert_eq!(acts(&[("a", "b"), ("b", "c")], &["a", "b", "c"]), [0; 0]);
    }

    #[test]
    fn a_sync_stays_with_the_entry_of_its_name_unless_that_one_takes_another() {
        assert_eq!(acts(&[("a", "b"), ("b", "c")], &["b"]), [0; 0]);
        let chain = [("a", "b"), ("b", "c"), ("c", "d")];
        assert_eq!(acts(&chain, &["a", "b", "c"]), [0, 1, 2]);
        assert_eq!(acts(&chain, &["b", "c"]), [0; 0]);
    }
}
