//! What is wrong, in words that quote the user's own, and what to do.

use serde_json::{Map, Value};

use super::finding::{Finding, FindingKind, lookup};
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::fields::{CONNECTION_ID, OWN_FIELDS};
use crate::core::span::Span;
use crate::core::spec::{DestinationSpec, ObjectSpec};
use crate::core::suggest::closest;
use crate::core::words::{self, count};

/// The longest piece of a user's text that a message repeats, in characters.
const LONGEST_QUOTE: usize = 60;

/// The diagnostic for a finding. `json` is the whole sync.
pub fn diagnostic(
    finding: &Finding,
    json: &Value,
    destination: &DestinationSpec,
    span: Span,
) -> Diagnostic {
    let field = dotted(&finding.path);
    let value = lookup(json, &finding.path);
    match &finding.kind {
        FindingKind::Unknown { name, known } => {
            unknown(finding, (name, known), json, destination, span)
        }
        FindingKind::FurtherUnknown { count, .. } => {
            Diagnostic::further(Code::UnknownField, span, *count)
        }
        FindingKind::Missing { name, because } => {
            let reason = because.as_ref().map_or_else(String::new, |(tag, value)| {
                format!(" It is required if `{tag}` is \"{value}\".")
            });
            let diagnostic = Diagnostic::new(
                Code::MissingField,
                span,
                format!("`{}` is missing.{reason}", joined(&finding.path, name)),
            );
            let tag = object_at(&destination.create, json, &finding.path)
                .and_then(|spec| spec.union.as_ref())
                .filter(|union| union.tag == *name);
            match tag {
                Some(union) => diagnostic.help(format!(
                    "Give it {}.",
                    words::joined(
                        union
                            .variants
                            .iter()
                            .map(|variant| format!("\"{}\"", variant.value)),
                        "or"
                    )
                )),
                None if finding.path.is_empty() => {
                    diagnostic.help(format!("Add `{name}` to the sync, or to the defaults."))
                }
                None => diagnostic.help(format!("Add `{name}` under `{field}`.")),
            }
        }
        FindingKind::Type {
            expected,
            allowed,
            optional,
        } => {
            let message = format!(
                "`{field}` is {}, but must be {}.",
                described(value),
                words::joined(expected.iter().map(|name| type_name(name).to_owned()), "or")
            );
            let diagnostic = Diagnostic::new(Code::WrongType, span, message);
            with_help(diagnostic, type_help(value, expected, allowed, *optional))
        }
        FindingKind::Value { allowed } => wrong_value(&field, value, allowed, span),
        FindingKind::Pattern { pattern } => Diagnostic::new(
            Code::WrongForm,
            span,
            format!(
                "`{field}` is {}, which does not have the required form.",
                quoted(value)
            ),
        )
        .help(pattern_help(pattern)),
        FindingKind::Format { format } => {
            let diagnostic = Diagnostic::new(
                Code::WrongForm,
                span,
                format!(
                    "`{field}` is {}, which is not {}.",
                    quoted(value),
                    format_name(format)
                ),
            );
            if field == CONNECTION_ID {
                diagnostic.help("Give the connection's id, or its name as `connection`.")
            } else {
                diagnostic
            }
        }
        FindingKind::Length { is_least, bound } => {
            wrong_length(&field, value, *is_least, *bound, span)
        }
        FindingKind::Number { rule, bound } => Diagnostic::new(
            Code::WrongSize,
            span,
            format!(
                "`{field}` is {}, but must be {rule} {bound}.",
                quoted(value)
            ),
        ),
        FindingKind::Repeated => Diagnostic::new(
            Code::WrongValue,
            span,
            format!("`{field}` has the same item more than once."),
        )
        .help("List each item once."),
        FindingKind::Other { message } => Diagnostic::new(
            Code::WrongValue,
            span,
            format!("`{field}` does not fit the schema: {message}."),
        ),
    }
}

fn unknown(
    finding: &Finding,
    (name, known): (&str, &[String]),
    json: &Value,
    destination: &DestinationSpec,
    span: Span,
) -> Diagnostic {
    let object = lookup(json, &finding.path).unwrap_or(&Value::Null);
    let spec = object_at(&destination.create, json, &finding.path);
    let place = if finding.path.is_empty() {
        format!("a sync to {}", destination.name)
    } else {
        format!("`{}`", dotted(&finding.path))
    };
    let tag = spec.and_then(|spec| {
        let union = spec.union.as_ref()?;
        let value = object.get(&union.tag)?.as_str()?;
        let is_known = union.variants.iter().any(|variant| variant.value == *value);
        is_known.then_some((union, value))
    });
    let condition = tag.map_or_else(String::new, |(union, value)| {
        format!(" when `{}` is \"{value}\"", union.tag)
    });
    let message = format!("`{name}` is not a field of {place}{condition}.");
    let diagnostic = Diagnostic::new(Code::UnknownField, span, message);
    if let Some(help) = place_of(name, &finding.path, json, &destination.create) {
        return diagnostic.help(help);
    }
    if let Some(meant) = meant(finding, json, destination) {
        return diagnostic.help(format!("Did you mean `{meant}`?"));
    }
    if let Some(given) = closest(name, known.iter().map(String::as_str)) {
        return diagnostic.help(format!(
            "It looks like `{given}`, which is already given: remove it."
        ));
    }
    let is_top = finding.path.is_empty();
    let of_platform = known
        .iter()
        .map(String::as_str)
        .filter(|name| !(is_top && OWN_FIELDS.contains(name)));
    let connects =
        spec.is_some_and(|spec| spec.fields.iter().any(|field| field.name == CONNECTION_ID));
    let own = OWN_FIELDS
        .iter()
        .filter(|name| is_top && (connects || !name.starts_with("connection")));
    let known: Vec<String> = of_platform
        .chain(own.copied())
        .map(|name| format!("`{name}`"))
        .collect();
    if known.is_empty() {
        return diagnostic.help("Remove it: there are no fields here.");
    }
    let known = words::joined(known, "and");
    let of_variant = tag.and_then(|(union, _)| {
        let variant = union
            .variants
            .iter()
            .find(|variant| variant.fields.iter().any(|field| field.name == name))?;
        Some(format!(
            "It belongs to `{}: {}`; the fields here are {known}.",
            union.tag, variant.value
        ))
    });
    diagnostic.help(match of_variant {
        Some(help) => help,
        None => format!("The fields here are {known}."),
    })
}

/// The field that an unknown one most likely is: one that is known there and not yet given.
pub fn meant<'f>(
    finding: &'f Finding,
    json: &Value,
    destination: &DestinationSpec,
) -> Option<&'f str> {
    let FindingKind::Unknown { name, known } = &finding.kind else {
        return None;
    };
    if place_of(name, &finding.path, json, &destination.create).is_some() {
        return None;
    }
    let object = lookup(json, &finding.path)?;
    let own = OWN_FIELDS.iter().filter(|_| finding.path.is_empty());
    let candidates = known
        .iter()
        .map(String::as_str)
        .chain(own.copied())
        .filter(|candidate| object.get(*candidate).is_none());
    closest(name, candidates)
}

/// Where a field belongs that is not one of where it stands: at the top of the sync or in one of its
/// maps, as a full sentence. An option can move from the one to the other between servers.
fn place_of(name: &str, path: &[String], json: &Value, spec: &ObjectSpec) -> Option<String> {
    let here = match path {
        [] => None,
        [map] if spec.names(name) && json.get(name).is_none() => {
            return Some(format!("Move it out of `{map}`, to the top of the sync."));
        }
        [map] => Some(map.as_str()),
        _ => return None,
    };
    let holder = holder_of(spec, name).filter(|holder| Some(*holder) != here)?;
    Some(format!("Move it under `{holder}`."))
}

/// The field of the sync that is a map with a field of that name.
fn holder_of<'s>(spec: &'s ObjectSpec, name: &str) -> Option<&'s str> {
    let holds = |object: &ObjectSpec| {
        object.has_field(name) || object.union.as_ref().is_some_and(|union| union.tag == name)
    };
    let holder = spec
        .fields
        .iter()
        .find(|field| field.object.as_ref().is_some_and(holds))?;
    Some(&holder.name)
}

fn wrong_value(field: &str, value: Option<&Value>, allowed: &[Value], span: Span) -> Diagnostic {
    let words: Vec<String> = allowed.iter().map(literal).collect();
    if let [only] = words.as_slice() {
        return Diagnostic::new(
            Code::WrongValue,
            span,
            format!("`{field}` is {}, but must be {only}.", quoted(value)),
        )
        .help(format!("Write {only}."));
    }
    let diagnostic = Diagnostic::new(
        Code::WrongValue,
        span,
        format!("`{field}` is {}, which is not allowed.", quoted(value)),
    );
    let suggestion = value
        .and_then(Value::as_str)
        .and_then(|text| closest(text, allowed.iter().filter_map(Value::as_str)))
        .map_or_else(String::new, |meant| format!("Did you mean \"{meant}\"? "));
    diagnostic.help(format!(
        "{suggestion}The allowed values are {}.",
        words::joined(words, "and")
    ))
}

fn wrong_length(
    field: &str,
    value: Option<&Value>,
    is_least: bool,
    bound: u64,
    span: Span,
) -> Diagnostic {
    let (length, unit) = match value {
        Some(Value::Array(items)) => (items.len(), "item"),
        Some(Value::Object(map)) => (map.len(), "field"),
        Some(Value::String(text)) => (text.chars().count(), "character"),
        _ => (0, "character"),
    };
    let bound = usize::try_from(bound).unwrap_or(usize::MAX);
    let (rule, help) = match (is_least, length) {
        (true, 0) => (
            format!("is empty, but must have at least {}", count(bound, unit)),
            "Give it a value.",
        ),
        (true, _) => (
            format!(
                "has {}, but must have at least {bound}",
                count(length, unit)
            ),
            "Make it longer.",
        ),
        (false, _) => (
            format!("has {}, but may have at most {bound}", count(length, unit)),
            "Make it shorter.",
        ),
    };
    Diagnostic::new(Code::WrongSize, span, format!("`{field}` {rule}.")).help(help)
}

fn type_help(
    value: Option<&Value>,
    expected: &[String],
    allowed: &[Value],
    optional: bool,
) -> Option<String> {
    let expects = |name: &str| expected.iter().any(|expected| expected == name);
    let value = value?;
    match value {
        Value::Null if optional => Some("Leave the field out if it is not to be set.".to_owned()),
        _ if expects("object") => Some("Write its fields below it, indented.".to_owned()),
        Value::Null => Some("Give it a value.".to_owned()),
        _ if !allowed.is_empty() => Some(format!(
            "The allowed values are {}.",
            words::joined(allowed.iter().map(literal), "and")
        )),
        // Without repeating it: `1.10` is held as 1.1, and the user means what is written.
        Value::Number(_) | Value::Bool(_) if expects("string") => {
            Some("Put it in quotes.".to_owned())
        }
        Value::String(text) if expects("boolean") && matches!(text.as_str(), "true" | "false") => {
            Some(format!("Write it without quotes: {text}."))
        }
        Value::String(text) if expects("boolean") => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" => Some("Write true.".to_owned()),
            "no" | "off" | "n" => Some("Write false.".to_owned()),
            _ => Some("Write true or false.".to_owned()),
        },
        Value::String(text)
            if (expects("number") || expects("integer")) && text.parse::<f64>().is_ok() =>
        {
            Some(format!("Write it without quotes: {text}."))
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) if expects("array") => {
            Some(format!("Write it as a list: [{}].", literal(value)))
        }
        Value::Array(_) => Some("Write a single value.".to_owned()),
        _ => None,
    }
}

fn with_help(diagnostic: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Patterns that documents use often, in words.
fn pattern_help(pattern: &str) -> String {
    match pattern {
        "^[a-z0-9]+(?:-[a-z0-9]+)*$" => {
            "Use lowercase letters and digits, with single hyphens between them.".to_owned()
        }
        "^[a-z0-9-]+$" => "Use lowercase letters, digits and hyphens.".to_owned(),
        "^[a-zA-Z0-9_-]+$" => "Use letters, digits, underscores and hyphens.".to_owned(),
        "^/" => "Start it with a slash.".to_owned(),
        _ if pattern.contains(r"\{\{secretKey\}\}") => {
            "It must contain {{secretKey}}, can contain {{environment}}, and otherwise takes only letters, digits, underscores and hyphens, and slashes for most destinations.".to_owned()
        }
        _ => format!("It must match the pattern {pattern}"),
    }
}

fn format_name(format: &str) -> String {
    match format {
        "uuid" => "a UUID".to_owned(),
        "date-time" => "a date and time such as 2025-01-31T12:00:00Z".to_owned(),
        "date" => "a date such as 2025-01-31".to_owned(),
        "email" => "an e-mail address".to_owned(),
        "uri" | "url" => "a URL".to_owned(),
        other => format!("of the format {other}"),
    }
}

fn type_name(name: &str) -> &str {
    match name {
        "string" => "a string",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

/// A value of the wrong type: scalars are quoted, collections named.
fn described(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(_)) => format!("the string {}", quoted(value)),
        Some(Value::Number(_)) => format!("the number {}", quoted(value)),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "a map".to_owned(),
        other => quoted(other),
    }
}

fn quoted(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) if text.chars().count() > LONGEST_QUOTE => {
            let start: String = text.chars().take(LONGEST_QUOTE).collect();
            format!("\"{start}…\"")
        }
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "a map".to_owned(),
        Some(value) => literal(value),
        None => "not there".to_owned(),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// `destinationConfig.tags[2].key`.
fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for segment in path {
        if !text.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
            text.push('[');
            text.push_str(segment);
            text.push(']');
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(segment);
        }
    }
    text
}

fn joined(path: &[String], name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{}.{name}", dotted(path))
    }
}

/// The spec of the object at a path. None inside lists and free-form maps.
fn object_at<'s>(spec: &'s ObjectSpec, json: &Value, path: &[String]) -> Option<&'s ObjectSpec> {
    let empty = Map::new();
    let mut spec = spec;
    let mut value = json.as_object().unwrap_or(&empty);
    for segment in path {
        spec = spec.field(segment, value)?.object.as_ref()?;
        let inner = value.get(segment).and_then(Value::as_object);
        value = inner.unwrap_or(&empty);
    }
    Some(spec)
}
