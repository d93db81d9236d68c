//! Whether a sync fits its destination's schema: the only user of the JSON Schema validator.
//!
//! A validator speaks of schema paths and failed alternatives. A user wants to know which
//! field of which file is wrong, and what to write instead; so every error is translated:
//! `finding` says what is wrong in terms of fields, `wording` in words, and `locate` where.

pub(super) mod checker;
mod finding;
mod locate;
mod wording;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value as Json;

use self::finding::{Finding, FindingKind};
use super::destination::Destination;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::Span;
use crate::core::spec::{DestinationSpec, ObjectSpec};
use crate::core::value::{Mapping, Value};

/// Checks a sync's API fields: one diagnostic for each thing that is wrong, in the order
/// of the file.
///
/// `fields` holds the API's fields only. `name`, `projectId` and `connectionId` are checked
/// if they are given, but not required. `at` is the sync's key, where a missing field of the
/// sync itself is reported.
pub fn check(
    destination: &Destination,
    fields: &Mapping,
    at: Span,
    sync_name: &str,
) -> Vec<Diagnostic> {
    check_and_put_right(destination, fields, at, sync_name).0
}

/// As [`check`]. If there are misspelt fields, it also returns the fields as they are meant.
pub fn check_and_put_right(
    destination: &Destination,
    fields: &Mapping,
    at: Span,
    sync_name: &str,
) -> (Vec<Diagnostic>, Option<Mapping>) {
    let json = Value::Mapping(fields.clone()).to_json();
    check_all(destination, fields, json, at, sync_name)
}

/// As [`check`], for a caller that has the fields as JSON already.
pub fn check_json(
    destination: &Destination,
    fields: &Mapping,
    json: &Json,
    at: Span,
    sync_name: &str,
) -> Vec<Diagnostic> {
    if destination.checker.fits(json) {
        return Vec::new();
    }
    check_all(destination, fields, json.clone(), at, sync_name).0
}

/// Checks once, and again with what is misspelt put right: in it, too, there may be mistakes.
fn check_all(
    destination: &Destination,
    fields: &Mapping,
    mut json: Json,
    at: Span,
    sync_name: &str,
) -> (Vec<Diagnostic>, Option<Mapping>) {
    let checker = &destination.checker;
    let mut meant = Cow::Borrowed(fields);
    let mut diagnostics = Vec::new();
    while !checker.fits(&json) {
        let mut findings = finding::findings(checker.schema(), checker.errors(&json));
        add_fields_of_no_variant(&destination.spec.create, &json, &[], &mut findings);
        let misspelt = misspelt(&findings, &json, &destination.spec);
        if !misspelt.is_empty() {
            findings.retain(|finding| misspelt.iter().any(|(other, _)| other == finding));
        }
        diagnostics.extend(findings.iter().map(|finding| {
            let span = locate::span(&meant, at, finding);
            let diagnostic = wording::diagnostic(finding, &json, &destination.spec, span);
            if locate::is_inherited(span, at) {
                diagnostic.sync(sync_name)
            } else {
                diagnostic
            }
        }));
        if misspelt.is_empty() {
            break;
        }
        // Each round puts at least one field right, and none of them twice.
        for (Finding { path, kind }, right) in &misspelt {
            if let FindingKind::Unknown { name, .. } = kind {
                rename(&mut json, path, name, right);
                rename_in(meant.to_mut(), path, name, right);
            }
        }
    }
    diagnostics.sort_by_key(Diagnostic::span);
    let right = match meant {
        Cow::Borrowed(_) => None,
        Cow::Owned(fields) => Some(fields),
    };
    (diagnostics, right)
}

/// The findings that are misspelt fields, each with the field that is meant: the first for each.
fn misspelt(findings: &[Finding], json: &Json, spec: &DestinationSpec) -> Vec<(Finding, String)> {
    let mut taken = BTreeSet::new();
    findings
        .iter()
        .filter_map(|finding| {
            let FindingKind::Unknown { known, .. } = &finding.kind else {
                return None;
            };
            let meant = wording::meant(finding, json, spec)?;
            let is_there = known.iter().any(|name| name == meant);
            let is_first = is_there && taken.insert((finding.path.clone(), meant.to_owned()));
            is_first.then(|| (finding.clone(), meant.to_owned()))
        })
        .collect()
}

/// Gives a field another name, in its place.
fn rename(json: &mut Json, path: &[String], name: &str, right: &str) {
    let object = path.iter().try_fold(json, |value, segment| match value {
        Json::Object(map) => map.get_mut(segment),
        Json::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    });
    if let Some(Json::Object(map)) = object
        && let Some(value) = map.swap_remove(name)
    {
        map.insert(right.to_owned(), value);
    }
}

fn rename_in(fields: &mut Mapping, path: &[String], name: &str, right: &str) {
    let Some((first, rest)) = path.split_first() else {
        let mut entries = fields.entries_mut().iter_mut();
        if let Some(entry) = entries.find(|entry| entry.key == name) {
            right.clone_into(&mut entry.key);
        }
        return;
    };
    let mut entries = fields.entries_mut().iter_mut();
    if let Some(entry) = entries.find(|entry| entry.key == *first) {
        rename_below(&mut entry.value.value, rest, name, right);
    }
}

fn rename_below(value: &mut Value, path: &[String], name: &str, right: &str) {
    match (value, path) {
        (Value::Mapping(fields), path) => rename_in(fields, path, name, right),
        (Value::Sequence(items), [index, rest @ ..]) => {
            let item = index
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index));
            if let Some(item) = item {
                rename_below(&mut item.value, rest, name, right);
            }
        }
        _ => {}
    }
}

/// If a tag is missing or wrong, the schema says nothing about the fields beside it; those that no
/// value of the tag allows are wrong anyway.
fn add_fields_of_no_variant(
    spec: &ObjectSpec,
    value: &Json,
    path: &[String],
    findings: &mut Vec<Finding>,
) {
    let Json::Object(given) = value else { return };
    for field in spec.fields_of(given) {
        if let (Some(spec), Some(value)) = (&field.object, given.get(&field.name)) {
            let path = [path, std::slice::from_ref(&field.name)].concat();
            add_fields_of_no_variant(spec, value, &path, findings);
        }
    }
    let Some(union) = spec.union.as_ref().filter(|_| !spec.open) else {
        return;
    };
    let tag = given.get(&union.tag).and_then(Json::as_str);
    if union
        .variants
        .iter()
        .any(|variant| Some(variant.value.as_str()) == tag)
    {
        return;
    }
    let of_variants = union.variants.iter().flat_map(|variant| &variant.fields);
    let known: BTreeSet<&String> = spec
        .fields
        .iter()
        .chain(of_variants)
        .map(|field| &field.name)
        .chain([&union.tag])
        .collect();
    let names: Vec<&String> = given.keys().filter(|name| !known.contains(name)).collect();
    let known: Rc<[String]> = known.iter().copied().cloned().collect();
    findings.extend(finding::unknown(path, names, &known));
}
