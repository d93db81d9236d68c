//! Whether a sync fits its destination's schema: the only user of the JSON Schema validator.
//!
//! A validator speaks of schema paths and failed alternatives. A user wants to know which
//! field of which file is wrong, and what to write instead; so every error is translated:
//! `finding` says what is wrong in terms of fields, `wording` in words, and `locate` where.

pub(super) mod checker;
mod finding;
mod locate;
mod wording;

use std::collections::BTreeSet;

use serde_json::Value;

use self::finding::{Finding, Kind};
use super::destination::Destination;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::Span;
use crate::core::spec::ObjectSpec;
use crate::core::value::Mapping;

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
    let json = fields
        .entries()
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.to_json()))
        .collect::<serde_json::Map<_, _>>();
    check_json(destination, fields, &Value::Object(json), at, sync_name)
}

/// As [`check`], for a caller that has the fields as JSON already.
pub fn check_json(
    destination: &Destination,
    fields: &Mapping,
    json: &Value,
    at: Span,
    sync_name: &str,
) -> Vec<Diagnostic> {
    let checker = &destination.checker;
    if checker.fits(json) {
        return Vec::new();
    }
    let mut findings = finding::findings(checker.schema(), checker.errors(json));
    add_fields_of_no_variant(&destination.spec.create, json, &[], &mut findings);
    drop_consequences(&mut findings, json);
    let mut diagnostics: Vec<Diagnostic> = findings
        .iter()
        .map(|finding| {
            let span = locate::span(fields, at, finding);
            let diagnostic = wording::diagnostic(finding, json, &destination.spec, span);
            if locate::is_inherited(span, at) {
                diagnostic.sync(sync_name)
            } else {
                diagnostic
            }
        })
        .collect();
    diagnostics.sort_by_key(Diagnostic::span);
    diagnostics
}

/// If a tag is missing or wrong, the schema says nothing about the fields beside it; those that no
/// value of the tag allows are wrong anyway.
fn add_fields_of_no_variant(
    spec: &ObjectSpec,
    value: &Value,
    path: &[String],
    findings: &mut Vec<Finding>,
) {
    let Value::Object(given) = value else { return };
    for field in spec.fields_of(value) {
        if let (Some(spec), Some(value)) = (&field.object, given.get(&field.name)) {
            let path = [path, std::slice::from_ref(&field.name)].concat();
            add_fields_of_no_variant(spec, value, &path, findings);
        }
    }
    let Some(union) = spec.union.as_ref().filter(|_| !spec.open) else {
        return;
    };
    let tag = given.get(&union.tag).and_then(Value::as_str);
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
    findings.extend(
        given
            .keys()
            .filter(|name| !known.contains(name))
            .map(|name| Finding {
                path: path.to_vec(),
                kind: Kind::Unknown {
                    name: name.clone(),
                    known: known.iter().copied().cloned().collect(),
                },
            }),
    );
}

/// A required field that is misspelt is one mistake, not an unknown field and a missing one.
fn drop_consequences(findings: &mut Vec<Finding>, json: &Value) {
    let misspelt: Vec<(Vec<String>, String)> = findings
        .iter()
        .filter_map(|finding| {
            let meant = wording::meant(finding, json)?;
            Some((finding.path.clone(), meant.to_owned()))
        })
        .collect();
    findings.retain(|finding| match &finding.kind {
        Kind::Missing { name, .. } => !misspelt
            .iter()
            .any(|(path, meant)| *path == finding.path && meant == name),
        _ => true,
    });
}
