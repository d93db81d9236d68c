//! The form that sync files and `secsync.yaml` share: maps, known fields, one version.

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::fields::{ALTERNATIVES, NOT_IN_DEFAULTS};
use super::value::{Mapping, Node};
use super::words::list;

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
    if let Some(version) = top.get("version")
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
pub fn check_fields(
    mapping: &Mapping,
    known: &[&str],
    place: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
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
}
