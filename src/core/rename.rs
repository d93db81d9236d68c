//! `renamedFrom`: which renames act, and which cannot.

use std::collections::BTreeMap;

use super::code::Code;
use super::desired::{DesiredSync, Ensure};
use super::diagnostic::Diagnostic;

/// Reports renames that no order of steps can carry out: swaps and longer circles,
/// a sync renamed from its own name, and two that take the same old name.
/// Projects are told apart as they are spelled.
pub fn report_impossible(syncs: &[DesiredSync], diagnostics: &mut Vec<Diagnostic>) {
    report_impossible_by(syncs, diagnostics, |sync| {
        let project = sync.project.as_ref().map(|project| project.text.clone());
        (sync.provider.text.clone(), project)
    });
}

/// The same, given what tells the projects of syncs apart.
pub fn report_impossible_by<K: Ord>(
    syncs: &[DesiredSync],
    diagnostics: &mut Vec<Diagnostic>,
    place: impl Fn(&DesiredSync) -> K,
) {
    let mut by_place: BTreeMap<_, Vec<&DesiredSync>> = BTreeMap::new();
    for sync in syncs.iter().filter(|sync| sync.renamed_from.is_some()) {
        let destination = sync.platform.identifying(&sync.destination.text);
        by_place
            .entry((place(sync), destination))
            .or_default()
            .push(sync);
    }
    for renamed in by_place.values() {
        report_within_project(renamed, diagnostics);
    }
}

fn report_within_project(renamed: &[&DesiredSync], diagnostics: &mut Vec<Diagnostic>) {
    let mut takers: BTreeMap<&str, &DesiredSync> = BTreeMap::new();
    let mut old_of: BTreeMap<&str, &str> = BTreeMap::new();
    for sync in renamed {
        let Some(old) = &sync.renamed_from else {
            continue;
        };
        old_of.insert(&sync.name.text, &old.text);
        if let Some(first) = takers.insert(&old.text, sync) {
            diagnostics.push(
                Diagnostic::new(
                    Code::RenameCycle,
                    old.span,
                    format!(
                        "`{}` and `{}` are both renamed from `{}`.",
                        first.name.text, sync.name.text, old.text
                    ),
                )
                .help("Only one sync can continue another: remove one `renamedFrom`."),
            );
        }
    }
    for sync in renamed {
        let Some(old) = &sync.renamed_from else {
            continue;
        };
        let mut circle = vec![sync.name.text.as_str()];
        let mut name = old.text.as_str();
        while let Some(older) = old_of.get(name).filter(|_| !circle.contains(&name)) {
            circle.push(name);
            name = older;
        }
        // Every member of a circle finds it; the one that sorts first tells it.
        if name == sync.name.text && circle.iter().all(|member| *member >= name) {
            circle.push(name);
            diagnostics.push(
                Diagnostic::new(
                    Code::RenameCycle,
                    old.span,
                    format!("These renames go in a circle: {}.", circle.join(" ← ")),
                )
                .help(
                    "Rename one of them to a name that is free, apply, and rename on from there.",
                ),
            );
        }
    }
}

/// Of the renames within one project, those that act: the old name exists remotely and the
/// new one does not, or is itself renamed away. Indices into `syncs`.
pub fn acting(syncs: &[&DesiredSync], exists: &dyn Fn(&str) -> bool) -> Vec<usize> {
    let taker_of: BTreeMap<&str, usize> = syncs
        .iter()
        .enumerate()
        .filter(|(_, sync)| sync.ensure == Ensure::Present)
        .filter_map(|(index, sync)| Some((sync.renamed_from.as_ref()?.text.as_str(), index)))
        .collect();
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
            syncs[*index].ensure == Ensure::Present
                && syncs[*index].renamed_from.is_some()
                && acts(*index)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{acting, report_impossible};
    use crate::core::desired::{DesiredSync, Word};
    use crate::core::testing::desired_sync;

    fn renames(pairs: &[(&str, &str)]) -> Vec<DesiredSync> {
        pairs
            .iter()
            .map(|(old, new)| {
                let mut sync = desired_sync(new, json!({}));
                sync.renamed_from = Some(Word {
                    text: (*old).to_owned(),
                    span: sync.key,
                });
                sync
            })
            .collect()
    }

    fn reported(pairs: &[(&str, &str)]) -> Vec<String> {
        let mut diagnostics = Vec::new();
        report_impossible(&renames(pairs), &mut diagnostics);
        diagnostics.into_iter().map(|found| found.message).collect()
    }

    fn acts(pairs: &[(&str, &str)], remote: &[&str]) -> Vec<usize> {
        let syncs = renames(pairs);
        let refs: Vec<_> = syncs.iter().collect();
        acting(&refs, &|name| remote.contains(&name))
    }

    #[test]
    fn a_swap_a_circle_and_a_rename_from_itself_are_told_once() {
        assert_eq!(
            reported(&[("a", "b"), ("b", "a")]),
            ["These renames go in a circle: a ← b ← a."]
        );
        assert_eq!(
            reported(&[("a", "b"), ("b", "c"), ("c", "a")]),
            ["These renames go in a circle: a ← c ← b ← a."]
        );
        assert_eq!(
            reported(&[("a", "a")]),
            ["These renames go in a circle: a ← a."]
        );
    }

    #[test]
    fn a_chain_is_no_circle() {
        assert_eq!(reported(&[("a", "b"), ("b", "c"), ("c", "d")]), [""; 0]);
    }

    #[test]
    fn two_that_take_one_name_are_told() {
        assert_eq!(
            reported(&[("a", "b"), ("a", "c")]),
            ["`b` and `c` are both renamed from `a`."]
        );
    }

    #[test]
    fn circles_in_different_projects_are_none() {
        let mut syncs = renames(&[("a", "b"), ("b", "a")]);
        syncs[1].project.as_mut().unwrap().text = "other".to_owned();
        let mut diagnostics = Vec::new();
        report_impossible(&syncs, &mut diagnostics);
        assert_eq!(diagnostics, []);
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
        assert_eq!(acts(&[("a", "b"), ("b", "c")], &["b"]), [1]);
        assert_eq!(acts(&[("a", "b"), ("b", "c")], &["a", "b", "c"]), [0; 0]);
    }
}
