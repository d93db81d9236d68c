//! The form that sync files and `secsync.yaml` share: maps, known fields, one version.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::fields::{ALTERNATIVES, NOT_IN_DEFAULTS, VERSION};
use super::suggest::{is_slip, nearest};
use super::value::{Mapping, Node};
use super::words::list;

/// How many keys of one map are looked at for what they could mean. Whoever writes more unknown ones
/// has made another mistake.
const MOST_KEYS: usize = 1_000;

/// The map that a value should be, or a finding.
pub fn expect_mapping<'a>(
    node: &'a Node,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a Mapping> {
    let mapping = node.as_mapping();
    if mapping.is_none() {
        diagnostics.push(
            Diagnostic::new(
                Code::WrongType,
                node.span,
                format!("{what} must be a map, and this is {}.", node.value.kind()),
            )
            .help("Write `key: value` lines below it, indented by two spaces."),
        );
    }
    mapping
}

/// A value of another type than `what` must have.
pub fn wrong_type(node: &Node, what: &str, wanted: &str) -> Diagnostic {
    Diagnostic::new(
        Code::WrongType,
        node.span,
        format!(
            "`{what}` must be {wanted}, and this is {}.",
            node.value.kind()
        ),
    )
}

/// Reports what is not allowed in a `defaults` block, of a file or of the workspace.
pub fn check_defaults(defaults: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
    for key in NOT_IN_DEFAULTS {
        if let Some(entry) = defaults.entry(key) {
            diagnostics.push(
                Diagnostic::new(
                    Code::NotAllowedInDefaults,
                    entry.key_span,
                    format!("`{key}` is not allowed in defaults, because it belongs to one sync."),
                )
                .help(format!("Write `{key}` in the sync that it is meant for.")),
            );
        }
    }
}

/// Reports fields of one map that exclude each other.
pub fn check_alternatives(fields: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
    for (one, other) in ALTERNATIVES {
        let given = |key| fields.entry(key).filter(|entry| !entry.value.is_null());
        if let (Some(first), Some(second)) = (given(one), given(other)) {
            diagnostics.push(
                Diagnostic::new(
                    Code::ConflictingFields,
                    second.key_span,
                    format!("`{one}` and `{other}` cannot be given together."),
                )
                .also(first.key_span, "the other one")
                .help("Keep one of the two."),
            );
        }
    }
}

/// Reports a `version` that this program does not read.
pub fn check_version(top: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(version) = top.get(VERSION)
        && version.to_json() != serde_json::json!(1)
        && !version.is_null()
    {
        diagnostics.push(
            Diagnostic::new(
                Code::UnsupportedVersion,
                version.span,
                format!(
                    "The version `{}` is not supported; 1 is the only one.",
                    version.to_json()
                ),
            )
            .help("Write `version: 1`, or leave it out."),
        );
    }
}

/// Reports every key of a map that is not in the list, with the one that was likely meant.
/// Returns the map as it is meant: a misspelt key counts as the one that is not given otherwise.
pub fn check_fields<'m>(
    mapping: &'m Mapping,
    known: &[&str],
    place: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Cow<'m, Mapping> {
    for entry in mapping.entries() {
        if known.contains(&entry.key.as_str()) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownField,
                entry.key_span,
                format!("`{}` is not a field of {place}.", entry.key),
            )
            .suggest(&entry.key, known.iter().copied(), || {
                format!("The fields are {}.", list(known.iter().copied()))
            }),
        );
    }
    let meant = misspelt(mapping, known, &[]);
    renamed(mapping, &meant)
}

/// The keys of a map that are likely meant to be one of the `wanted` that is not given, each with
/// that one, by their position. Keys that are `known` for something else are right as they are.
pub fn misspelt<'w>(
    mapping: &Mapping,
    wanted: &[&'w str],
    known: &[String],
) -> BTreeMap<usize, &'w str> {
    let missing: Vec<&'w str> = wanted
        .iter()
        .copied()
        .filter(|key| !mapping.contains(key))
        .collect();
    let others: Vec<&str> = known
        .iter()
        .map(String::as_str)
        .filter(|key| !mapping.contains(key))
        .collect();
    if missing.is_empty() {
        return BTreeMap::new();
    }
    let mut pairs: Vec<(f64, usize, &'w str)> = Vec::new();
    for (index, entry) in mapping.entries().iter().enumerate().take(MOST_KEYS) {
        let key = entry.key.as_str();
        if wanted.contains(&key) || known.iter().any(|known| known == key) {
            continue;
        }
        let Some((meant, similarity)) = nearest(key, missing.iter().copied()) else {
            continue;
        };
        // What looks more like another field is left to those who know that one.
        let other = nearest(key, others.iter().copied());
        let is_nearest = other.is_none_or(|(_, other)| other < similarity);
        if is_nearest && is_slip(key, meant) {
            pairs.push((similarity, index, meant));
        }
    }
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut taken = BTreeSet::new();
    let nearest_first = pairs.into_iter();
    nearest_first
        .filter(|(_, _, meant)| taken.insert(*meant))
        .map(|(_, index, meant)| (index, meant))
        .collect()
}

/// The map with other keys at some positions.
pub fn renamed<'m>(mapping: &'m Mapping, keys: &BTreeMap<usize, &str>) -> Cow<'m, Mapping> {
    if keys.is_empty() {
        return Cow::Borrowed(mapping);
    }
    let mut mapping = mapping.clone();
    for (index, key) in keys {
        if let Some(entry) = mapping.entries_mut().get_mut(*index) {
            (*key).clone_into(&mut entry.key);
        }
    }
    Cow::Owned(mapping)
}
