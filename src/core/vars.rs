//! Variables: `${var.NAME}` in values, and nothing else.

use std::collections::BTreeMap;

use super::code::Code;
use super::diagnostic::{Diagnostic, closest};
use super::span::Span;
use super::value::{Node, Style, Value};

const OPEN: &str = "${var.";
const ESCAPED: &str = "$${var.";

/// The values that variables have in this run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, String>,
}

impl Variables {
    /// Gives a variable a value unless it has one: the first source that names it wins.
    pub fn or_insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values
            .entry(name.into())
            .or_insert_with(|| value.into());
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

/// Whether a variable can have that name: a letter or `_`, then letters, digits and `_`.
pub fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text as a file has to say it, so that nothing in it is taken for a variable.
pub fn escape(text: &str) -> String {
    text.replace(OPEN, ESCAPED)
}

/// Puts the variables' values into all strings of a value, keys excepted.
///
/// What is put in is never looked at again. A plain scalar that is wholly one variable
/// takes the type that `typed` reads from the value; a quoted one stays a string.
pub fn expand(
    node: &mut Node,
    variables: &Variables,
    typed: &dyn Fn(&str) -> Value,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match &mut node.value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::Sequence(items) => {
            for item in items {
                expand(item, variables, typed, diagnostics);
            }
        }
        Value::Mapping(mapping) => {
            for entry in mapping.entries_mut() {
                expand(&mut entry.value, variables, typed, diagnostics);
            }
        }
        Value::String(text) => {
            if !text.contains(OPEN) {
                return;
            }
            let whole = node.style == Style::Plain && is_wholly_one_variable(text);
            match expand_text(text, node.span, variables, diagnostics) {
                Some(expanded) if whole => node.value = typed(&expanded),
                Some(expanded) => *text = expanded,
                None => {}
            }
        }
    }
}

fn is_wholly_one_variable(text: &str) -> bool {
    text.strip_prefix(OPEN)
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(is_name)
}

/// The text with its variables' values; `None` if one of them is unknown or malformed.
fn expand_text(
    text: &str,
    span: Span,
    variables: &Variables,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    let mut failed = false;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix(ESCAPED) {
            expanded.push_str(OPEN);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(OPEN) {
            let end = after.find('}').filter(|end| is_name(&after[..*end]));
            let Some(end) = end else {
                diagnostics.push(malformed(text, span));
                return None;
            };
            let name = &after[..end];
            if let Some(value) = variables.get(name) {
                expanded.push_str(value);
            } else {
                diagnostics.push(unknown(name, span, variables));
                failed = true;
            }
            rest = &after[end + 1..];
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    (!failed).then_some(expanded)
}

fn malformed(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::VariableForm,
        span,
        format!("`{text}` contains a variable that is not written as `${{var.NAME}}`."),
    )
    .help(
        "Write `${var.NAME}` with letters, digits and `_` in the name, or `$${var.` for the \
         literal characters.",
    )
}

fn unknown(name: &str, span: Span, variables: &Variables) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        Code::UnknownVariable,
        span,
        format!("The variable `{name}` has no value."),
    );
    let how = format!(
        "set it with `--var {name}=…`, with the environment variable `SECSYNC_VAR_{name}`, or under \
         `variables:` in secsync.yaml."
    );
    match closest(name, variables.names()) {
        Some(near) => diagnostic.help(format!("Did you mean `{near}`? Or {how}")),
        None => diagnostic.help(format!("{}{}", how[..1].to_uppercase(), &how[1..])),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Variables, expand};
    use crate::core::code::Code;
    use crate::core::testing::node;
    use crate::core::value::{Style, Value};

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in pairs {
            variables.or_insert(*name, *value);
        }
        variables
    }

    fn typed(text: &str) -> Value {
        match text {
            "true" => Value::Bool(true),
            text => Value::String(text.to_owned()),
        }
    }

    fn expanded(value: Json, style: Style) -> (Json, Vec<Code>) {
        let mut node = node(value);
        node.style = style;
        let mut diagnostics = Vec::new();
        let table = variables(&[("A", "one"), ("B", "${var.A}"), ("T", "true")]);
        expand(&mut node, &table, &typed, &mut diagnostics);
        let codes = diagnostics.iter().map(|found| found.code).collect();
        (node.to_json(), codes)
    }

    fn plain(value: Json) -> Json {
        let (value, codes) = expanded(value, Style::Plain);
        assert_eq!(codes, []);
        value
    }

    #[test]
    fn a_variable_is_replaced_within_a_string_and_inside_collections() {
        assert_eq!(plain(json!("x-${var.A}-y")), json!("x-one-y"));
        assert_eq!(
            plain(json!(["${var.A}", {"k": "${var.A}s"}])),
            json!(["one", {"k": "ones"}])
        );
    }

    #[test]
    fn keys_are_never_expanded() {
        assert_eq!(plain(json!({"${var.A}": 1})), json!({"${var.A}": 1}));
    }

    #[test]
    fn nothing_is_expanded_twice() {
        assert_eq!(plain(json!("${var.B}")), json!("${var.A}"));
    }

    #[test]
    fn a_doubled_dollar_escapes_and_every_other_dollar_is_literal() {
        assert_eq!(plain(json!("$${var.A}")), json!("${var.A}"));
        assert_eq!(plain(json!("$$${var.A}")), json!("$${var.A}"));
        let literal = "$ $$ ${A} ${env.HOME} $HOME {{secretKey}}";
        assert_eq!(plain(json!(literal)), json!(literal));
        assert_eq!(plain(json!("$$ ${var.A}$")), json!("$$ one$"));
    }

    #[test]
    fn a_plain_scalar_that_is_wholly_one_variable_is_typed_and_a_quoted_one_is_not() {
        assert_eq!(plain(json!("${var.T}")), json!(true));
        assert_eq!(expanded(json!("${var.T}"), Style::Quoted).0, json!("true"));
        assert_eq!(plain(json!("${var.T}x")), json!("truex"));
        assert_eq!(plain(json!("${var.T}${var.T}")), json!("truetrue"));
    }

    #[test]
    fn each_unknown_variable_is_reported_and_the_value_left_alone() {
        let (value, codes) = expanded(json!("${var.X} ${var.A} ${var.Y}"), Style::Plain);
        assert_eq!(value, json!("${var.X} ${var.A} ${var.Y}"));
        assert_eq!(codes, [Code::UnknownVariable, Code::UnknownVariable]);
    }

    #[test]
    fn a_malformed_variable_is_reported() {
        for text in ["${var.}", "${var.A", "${var.1}", "${var.A-B}", "${var. A}"] {
            assert_eq!(
                expanded(json!(text), Style::Plain).1,
                [Code::VariableForm],
                "{text}"
            );
        }
    }

    #[test]
    fn the_first_source_of_a_variable_wins() {
        assert_eq!(
            variables(&[("A", "first"), ("A", "second")]).get("A"),
            Some("first")
        );
    }
}
