//! Names that one action frees and another takes, within one project.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{Action, Blocked, Step};
use crate::core::desired::{DesiredSync, Ensure};

/// Of the renames within one project, those that act: the old name exists remotely, and the new one
/// does not, or is itself renamed away. A remote sync belongs first to the entry of its name: if
/// the old name is declared too, that entry has to take its own sync from elsewhere.
/// Indices into `syncs`.
pub fn acting(syncs: &[&DesiredSync], exists: &dyn Fn(&str) -> bool) -> Vec<usize> {
    let taker_of: BTreeMap<&str, usize> = syncs
        .iter()
        .enumerate()
        .filter(|(_, sync)| sync.ensure == Ensure::Present)
        .filter_map(|(index, sync)| Some((sync.renamed_from.as_ref()?.text.as_str(), index)))
        .collect();
    let declared: BTreeMap<&str, usize> = syncs
        .iter()
        .enumerate()
        .filter(|(_, sync)| sync.ensure == Ensure::Present)
        .map(|(index, sync)| (sync.name.text.as_str(), index))
        .collect();
    let old_exists = |sync: &DesiredSync| {
        let old = sync.renamed_from.as_ref();
        old.is_some_and(|old| exists(&old.text))
    };
    // Towards the names that the chain comes from.
    let is_given_up = |sync: &DesiredSync| match &sync.renamed_from {
        Some(old) if old_exists(sync) => match declared.get(old.text.as_str()) {
            Some(entry) => Answer::AsOf(*entry),
            None => Answer::Is(true),
        },
        _ => Answer::Is(false),
    };
    // Towards the free end of the chain.
    let acts = |sync: &DesiredSync| match taker_of.get(sync.name.text.as_str()) {
        _ if !old_exists(sync) => Answer::Is(false),
        _ if !exists(&sync.name.text) => Answer::Is(true),
        Some(next) => Answer::AsOf(*next),
        None => Answer::Is(false),
    };
    let given_up: Vec<Answer> = syncs.iter().map(|sync| is_given_up(sync)).collect();
    let acting: Vec<Answer> = syncs.iter().map(|sync| acts(sync)).collect();
    let (given_up, acting) = (settled(&given_up), settled(&acting));
    (0..syncs.len())
        .filter(|index| {
            syncs[*index].ensure == Ensure::Present && given_up[*index] && acting[*index]
        })
        .collect()
}

/// What is known of one entry of a chain.
#[derive(Clone, Copy)]
enum Answer {
    Is(bool),
    /// The same as for another entry, by its index.
    AsOf(usize),
}

/// The answers at the ends of the chains, each link followed once; false in a circle.
fn settled(answers: &[Answer]) -> Vec<bool> {
    let mut known: Vec<Option<bool>> = vec![None; answers.len()];
    let mut way = Vec::new();
    for start in 0..answers.len() {
        let mut index = start;
        let end = loop {
            if let Some(answer) = known[index] {
                break answer;
            }
            // Who comes here again is in a circle.
            known[index] = Some(false);
            way.push(index);
            match answers[index] {
                Answer::Is(answer) => break answer,
                Answer::AsOf(next) => index = next,
            }
        };
        for index in way.drain(..) {
            known[index] = Some(end);
        }
    }
    known.into_iter().map(Option::unwrap_or_default).collect()
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
    let mut freed_by: BTreeMap<String, usize> = BTreeMap::new();
    let mut takers_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, action) in actions.iter().enumerate().skip(first) {
        if let Some(name) = freed(action) {
            *freed_by.entry(name.to_owned()).or_default() += 1;
        }
        if let Some(name) = taken(action).filter(|name| heirs.contains_key(name)) {
            takers_of.entry(name.to_owned()).or_default().push(index);
        }
    }
    let is_freed = |freed_by: &BTreeMap<String, usize>, name: &str| {
        freed_by.get(name).is_some_and(|count| *count > 0)
    };
    let never_freed = takers_of.keys().filter(|name| !is_freed(&freed_by, name));
    let mut names: Vec<String> = never_freed.cloned().collect();
    let mut blocked = BTreeSet::new();
    while let Some(name) = names.pop() {
        let Some(heir) = heirs.get(name.as_str()) else {
            continue;
        };
        for index in takers_of.remove(&name).unwrap_or_default() {
            // What is blocked frees no name any more, which may block the next one in a chain.
            if let Some(name) = freed(&actions[index])
                && let Some(count) = freed_by.get_mut(name)
            {
                *count -= 1;
                if *count == 0 {
                    names.push(name.to_owned());
                }
            }
            block(
                &mut actions[index],
                Blocked::NameNotFreed((*heir).to_owned()),
            );
            blocked.insert(index);
        }
    }
    remove_followers(actions, &blocked);
}

fn block(action: &mut Action, reason: Blocked) {
    action.step = Step::Blocked {
        wanted: action.verb(),
        reason,
    };
    action.effects.clear();
}

/// Takes out the triggers of syncs whose actions are blocked. A trigger comes right after the
/// action that it follows.
fn remove_followers(actions: &mut Vec<Action>, blocked: &BTreeSet<usize>) {
    if blocked.is_empty() {
        return;
    }
    let mut places = Vec::with_capacity(actions.len());
    let mut kept = Vec::with_capacity(actions.len());
    for (index, action) in std::mem::take(actions).into_iter().enumerate() {
        places.push(kept.len());
        let change = index
            .checked_sub(1)
            .filter(|change| blocked.contains(change));
        if change.is_none_or(|change| !action.after.contains(&change)) {
            kept.push(action);
        }
    }
    for before in kept.iter_mut().flat_map(|action| &mut action.after) {
        *before = places[*before];
    }
    *actions = kept;
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
    use std::cell::Cell;
    use std::collections::BTreeSet;

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

    /// The remote names once the renames are done.
    fn after(pairs: &[(&str, &str)], remote: &BTreeSet<&'static str>) -> BTreeSet<String> {
        let remote: Vec<&str> = remote.iter().copied().collect();
        let acting = acts(pairs, &remote);
        let mut names: BTreeSet<String> = remote.iter().map(|name| (*name).to_owned()).collect();
        for index in &acting {
            names.remove(pairs[*index].0);
        }
        for index in acting {
            let name = pairs[index].1;
            assert!(names.insert(name.to_owned()), "two syncs named {name}");
        }
        names
    }

    #[test]
    fn whatever_is_removed_or_added_by_hand_a_chain_moves_no_sync_that_is_in_its_place() {
        let chain = [("a", "b"), ("b", "c"), ("c", "d")];
        let all = ["a", "b", "c", "d", "other"];
        for bits in 0..1_u32 << all.len() {
            let remote: BTreeSet<&str> = (0..all.len())
                .filter(|index| bits & (1 << index) != 0)
                .map(|index| all[index])
                .collect();
            // It moves from the sync that no entry declares to the first free name, or not at all.
            let mut expected = remote.clone();
            let free = ["b", "c", "d"]
                .into_iter()
                .find(|name| !remote.contains(name));
            if let Some(free) = free.filter(|_| remote.contains("a")) {
                expected.remove("a");
                expected.insert(free);
            }
            let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(after(&chain, &remote), expected, "{remote:?}");
        }
    }

    #[test]
    fn a_chain_of_any_length_is_followed_once() {
        let names: Vec<String> = (0..=16_000).map(|index| format!("s{index}")).collect();
        let pairs: Vec<(&str, &str)> = names
            .windows(2)
            .map(|pair| (pair[0].as_str(), pair[1].as_str()))
            .collect();
        let syncs: Vec<_> = pairs
            .iter()
            .map(|(old, new)| renamed_sync(old, new))
            .collect();
        let refs: Vec<_> = syncs.iter().collect();
        let asked = Cell::new(0);
        let acting = acting(&refs, &|name| {
            asked.set(asked.get() + 1);
            name != "s16000"
        });
        assert_eq!(acting.len(), 16_000);
        assert!(asked.get() <= 4 * 16_000, "{}", asked.get());
    }

    #[test]
    fn a_sync_stays_with_the_entry_of_its_name_unless_that_one_takes_another() {
        assert_eq!(acts(&[("a", "b"), ("b", "c")], &["b"]), [0; 0]);
        let chain = [("a", "b"), ("b", "c"), ("c", "d")];
        assert_eq!(acts(&chain, &["a", "b", "c"]), [0, 1, 2]);
        assert_eq!(acts(&chain, &["b", "c"]), [0; 0]);
    }
}
