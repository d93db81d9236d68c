//! Findings as SARIF 2.1.0, for code scanning: a rule for each code, with its page as help.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::Url;

use super::review::{Item, Review, advice, advice_of};
use crate::core::code::Code;
use crate::core::diagnostic::{Diagnostic, Label, Severity};
use crate::core::span::Span;
use crate::core::text::{first_lines, visible_lines};

/// What a note about a sync is shortened to, in bytes.
const LONGEST: usize = 4_000;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A log with one run.
pub fn text(review: &Review<'_>) -> String {
    let findings = review.shown_findings();
    let codes: BTreeMap<&'static str, Code> = findings
        .iter()
        .map(|found| (found.code.name(), found.code))
        .collect();
    let codes: Vec<Code> = codes.into_values().collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|found| result(found, &codes, review))
        .collect();
    let problems = review.problems.iter();
    let notes = review.remarks();
    let notifications: Vec<Value> = problems
        .map(|problem| json!({"level": "error", "message": message(&advice(problem))}))
        .chain(notes.map(|note| json!({"level": "note", "message": message(note)})))
        .chain(review.items.iter().filter_map(|item| of_item(item, review)))
        .collect();
    let rules: Vec<Value> = codes.iter().copied().map(rule).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "secsync",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "automationDetails": {"id": format!("secsync/{}/", review.command)},
            "invocations": [{
                "executionSuccessful": review.problems.is_empty(),
                "exitCode": review.exit_code,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": message(code.summary()),
        "fullDescription": message(code.summary()),
        "help": {"text": code.page(), "markdown": code.page()},
        "defaultConfiguration": {"level": level(code.severity())},
        "properties": {"tags": ["secret-sync"]},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Ignored => "none",
    }
}

fn result(found: &Diagnostic, codes: &[Code], review: &Review<'_>) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), found.code.name().into());
    let index = codes.iter().position(|code| *code == found.code);
    result.insert("ruleIndex".to_owned(), index.into());
    result.insert("level".to_owned(), level(found.severity).into());
    result.insert("message".to_owned(), message(&advice_of(found)));
    let location = match (found.span(), review.file_of(found)) {
        (Some(span), _) => Some(location(span, review)),
        (None, Some(file)) => {
            Some(json!({"physicalLocation": {"artifactLocation": artifact(&review.path_of(file))}}))
        }
        (None, None) => None,
    };
    let locations: Vec<Value> = location.into_iter().collect();
    result.insert("locations".to_owned(), locations.into());
    let related: Vec<Value> = found
        .labels
        .iter()
        .skip(1)
        .map(|label| related(label, review))
        .collect();
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), related.into());
    }
    result.into()
}

fn related(label: &Label, review: &Review<'_>) -> Value {
    let mut place = location(label.span, review);
    place["message"] = message(&label.text);
    place
}

fn location(span: Span, review: &Review<'_>) -> Value {
    let range = review.range(span);
    json!({"physicalLocation": {
        "artifactLocation": artifact(&range.file),
        "region": {
            "startLine": range.line, "startColumn": range.column,
            "endLine": range.end_line, "endColumn": range.end_column,
        },
    }})
}

/// A file as a URI, relative to the repository's root if its path is relative.
fn artifact(file: &str) -> Value {
    let path = file.replace('\\', "/");
    if let Ok(uri) = Url::from_file_path(file) {
        return json!({"uri": uri.as_str()});
    }
    let mut encoded = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    json!({"uri": encoded, "uriBaseId": "%SRCROOT%"})
}

/// A note about a sync that is deleted, or whose action may be meant as a rename. A plan is no
/// finding, so it is not among the results.
fn of_item(item: &Item, review: &Review<'_>) -> Option<Value> {
    if item.hints.is_empty() && item.deleted.is_none() {
        return None;
    }
    let more = item.warnings.iter().chain(&item.hints).chain(&item.deleted);
    let more: Vec<&str> = more.map(String::as_str).collect();
    let what = format!("{}.\n{}", review.what(item), more.join("\n"));
    let mut note = json!({"level": "note", "message": message(&first_lines(&visible_lines(what.trim_end()), LONGEST))});
    if let Some(place) = item.place {
        note["locations"] = json!([location(place, review)]);
    }
    Some(note)
}

/// A message. Brackets before parentheses would be read as a link.
fn message(text: &str) -> Value {
    json!({"text": visible_lines(text).replace("](", "] (")})
}
