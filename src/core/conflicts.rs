//! What syncs cannot be declared together: the same one twice, and renames that no order of steps
//! can carry out.

use std::collections::BTreeMap;

use super::code::Code;
use super::desired::DesiredSync;
use super::diagnostic::Diagnostic;

/// Reports conflicts between syncs whose projects are known only as the files spell them.
pub fn report_as_spelled(syncs: &[DesiredSync], diagnostics: &mut Vec<Diagnostic>) {
    let project = |sync: &DesiredSync| sync.project.as_ref().map(|project| project.text.clone());
    let in_projects = syncs
        .iter()
        .map(|sync| ((sync.provider.text.clone(), project(sync)), sync));
    report(in_projects, diagnostics);
}

/// Reports conflicts between syncs, each with the project that it is in.
pub fn report<'a, K: Ord + Clone>(
    syncs: impl IntoIterator<Item = (K, &'a DesiredSync)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut declared = BTreeMap::new();
    let mut renamed: BTreeMap<_, Vec<&DesiredSync>> = BTreeMap::new();
    for (project, sync) in syncs {
        // Distinguishes syncs of one name if names are unique only within a destination.
        let destination = sync.platform.identifying(&sync.destination.text);
        let identity = (project.clone(), destination, &sync.name.text);
        if let Some(first) = declared.get(&identity) {
            diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateSync,
                    sync.name.span,
                    format!("The sync `{}` is declared twice.", sync.name.text),
                )
                .label("declared again")
                .also(*first, "first declared here")
                .help("Remove one of them, or give it another name."),
            );
        } else {
            declared.insert(identity, sync.name.span);
        }
        if sync.renamed_from.is_some() {
            renamed
                .entry((project, destination))
                .or_default()
                .push(sync);
        }
    }
    for renamed in renamed.values() {
        report_impossible_renames(renamed, diagnostics);
    }
}

/// Reports the renames of one project that form a circle, one sync to itself included, and two
/// that take the same old name.
fn report_impossible_renames(renamed: &[&DesiredSync], diagnostics: &mut Vec<Diagnostic>) {
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
                .help("A sync can take only one new name: remove one `renamedFrom`."),
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
        // Every member of a circle finds it; the one that sorts first reports it.
        if name == sync.name.text && circle.iter().all(|member| *member >= name) {
            circle.push(name);
            diagnostics.push(
                Diagnostic::new(
                    Code::RenameCycle,
                    old.span,
                    format!("These renames form a circle: {}.", circle.join(" ← ")),
                )
                .help("Rename one of them to a free name, apply, and then make the next rename."),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::report_as_spelled;
    use crate::core::desired::DesiredSync;
    use crate::core::testing::{ENKRYPTIFY, desired_sync, renamed_sync};

    fn messages(syncs: &[DesiredSync]) -> Vec<String> {
        let mut diagnostics = Vec::new();
        report_as_spelled(syncs, &mut diagnostics);
        diagnostics.into_iter().map(|found| found.message).collect()
    }

    fn renames(pairs: &[(&str, &str)]) -> Vec<DesiredSync> {
        pairs
            .iter()
            .map(|(old, new)| renamed_sync(old, new))
            .collect()
    }

    fn reported(pairs: &[(&str, &str)]) -> Vec<String> {
        messages(&renames(pairs))
    }

    #[test]
    fn a_name_is_taken_once_in_a_project_or_in_a_destination_of_it() {
        let mut syncs = ["web", "web"].map(|name| desired_sync(name, json!({})));
        assert_eq!(messages(&syncs), ["The sync `web` is declared twice."]);
        syncs[1].destination.text = "other".to_owned();
        assert_eq!(messages(&syncs), ["The sync `web` is declared twice."]);
        for sync in &mut syncs {
            sync.platform = ENKRYPTIFY;
        }
        assert_eq!(messages(&syncs), [""; 0]);
        syncs[1].destination.text = syncs[0].destination.text.clone();
        assert_eq!(messages(&syncs), ["The sync `web` is declared twice."]);
        syncs[1].project.as_mut().unwrap().text = "other".to_owned();
        assert_eq!(messages(&syncs), [""; 0]);
    }

    #[test]
    fn a_swap_a_circle_and_a_rename_from_itself_are_reported_once() {
        assert_eq!(
            reported(&[("a", "b"), ("b", "a")]),
            ["These renames form a circle: a ← b ← a."]
        );
        assert_eq!(
            reported(&[("a", "b"), ("b", "c"), ("c", "a")]),
            ["These renames form a circle: a ← c ← b ← a."]
        );
        assert_eq!(
            reported(&[("a", "a")]),
            ["These renames form a circle: a ← a."]
        );
    }

    #[test]
    fn a_chain_is_no_circle() {
        assert_eq!(reported(&[("a", "b"), ("b", "c"), ("c", "d")]), [""; 0]);
    }

    #[test]
    fn reports_two_that_take_one_name() {
        assert_eq!(
            reported(&[("a", "b"), ("a", "c")]),
            ["`b` and `c` are both renamed from `a`."]
        );
    }

    #[test]
    fn renames_in_different_projects_form_no_circle() {
        let mut syncs = renames(&[("a", "b"), ("b", "a")]);
        syncs[1].project.as_mut().unwrap().text = "other".to_owned();
        assert_eq!(messages(&syncs), [""; 0]);
    }
}
