//! What syncs cannot be declared together: the same one twice, and renames that no order of steps
//! can carry out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::Code;
use super::desired::{DesiredSync, Word};
use super::diagnostic::Diagnostic;

/// Reports conflicts between syncs whose projects are known only as the files spell them. `servers`
/// are those of the providers, by their names.
pub fn report_as_spelled(
    syncs: &[Arc<DesiredSync>],
    servers: &BTreeMap<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let in_projects = syncs.iter().map(|sync| {
        let provider = &sync.provider.text;
        let server = servers.get(provider).unwrap_or(provider);
        let project = sync.project.as_ref().map(|project| &project.text);
        ((sync.platform, server, project), &**sync)
    });
    report(in_projects, diagnostics);
}

/// Reports conflicts between syncs, each with the project that it is in.
pub fn report<'a, K: Ord + Copy>(
    syncs: impl IntoIterator<Item = (K, &'a DesiredSync)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut declared = BTreeMap::new();
    let mut renamed: BTreeMap<_, Vec<&DesiredSync>> = BTreeMap::new();
    for (project, sync) in syncs {
        // Distinguishes syncs of one name if names are unique only within a destination.
        let destination = sync.platform.identifying(&sync.destination.text);
        let identity = (project, destination, &sync.name.text);
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
    let mut old_of: BTreeMap<&str, &Word> = BTreeMap::new();
    for sync in renamed {
        let Some(old) = &sync.renamed_from else {
            continue;
        };
        old_of.insert(&sync.name.text, old);
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
    for (old, circle) in circles(&old_of) {
        diagnostics.push(
            Diagnostic::new(
                Code::RenameCycle,
                old.span,
                format!("These renames form a circle: {}.", drawn(&circle)),
            )
            .help("Rename one of them to a free name, apply, and then make the next rename."),
        );
    }
}

/// The circles among renames, each once, from the name that sorts first, with the old name that
/// this one takes. Every rename is followed once.
fn circles<'a>(old_of: &BTreeMap<&'a str, &'a Word>) -> Vec<(&'a Word, Vec<&'a str>)> {
    let mut circles = Vec::new();
    let mut walks: BTreeMap<&str, usize> = BTreeMap::new();
    for (walk, start) in old_of.keys().enumerate() {
        let mut way: Vec<&'a str> = Vec::new();
        let mut name = *start;
        while let Some(old) = old_of.get(name).filter(|_| !walks.contains_key(name)) {
            walks.insert(name, walk);
            way.push(name);
            name = &old.text;
        }
        // A name of an earlier walk was looked at then.
        if walks.get(name) != Some(&walk) {
            continue;
        }
        let mut circle: Vec<&str> = way.into_iter().skip_while(|other| *other != name).collect();
        let first = (0..circle.len()).min_by_key(|index| circle[*index]);
        circle.rotate_left(first.unwrap_or_default());
        circles.extend(
            circle
                .first()
                .and_then(|first| Some((*old_of.get(first)?, circle.clone()))),
        );
    }
    circles
}

/// `b ← a ← b`; of a long circle the beginning.
fn drawn(circle: &[&str]) -> String {
    const MOST: usize = 10;
    let mut names: Vec<String> = circle
        .iter()
        .take(MOST)
        .map(|name| (*name).to_owned())
        .collect();
    if let Some(more) = circle.len().checked_sub(MOST).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    names.extend(circle.first().map(|name| (*name).to_owned()));
    names.join(" ← ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::json;

    use super::report_as_spelled;
    use crate::core::desired::DesiredSync;
    use crate::core::testing::{ENKRYPTIFY, desired_sync, renamed_sync};

    fn messages(syncs: &[DesiredSync]) -> Vec<String> {
        let syncs: Vec<_> = syncs.iter().cloned().map(Arc::new).collect();
        let mut diagnostics = Vec::new();
        report_as_spelled(&syncs, &BTreeMap::new(), &mut diagnostics);
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
    fn a_long_circle_shows_its_beginning() {
        let names: Vec<String> = (0..16_000).map(|index| format!("s{index:05}")).collect();
        let pairs: Vec<(&str, &str)> = (0..names.len())
            .map(|index| (&*names[index], &*names[(index + 1) % names.len()]))
            .collect();
        assert_eq!(
            reported(&pairs),
            [
                "These renames form a circle: s00000 ← s15999 ← s15998 ← s15997 ← s15996 ← \
                 s15995 ← s15994 ← s15993 ← s15992 ← s15991 ← 15990 more ← s00000."
            ]
        );
    }

    #[test]
    fn accepts_a_chain() {
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
