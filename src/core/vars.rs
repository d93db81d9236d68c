//! Variables: `${var.NAME}` in values, and nothing else.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;
use super::diagnostic::{Diagnostic, MOST_AT_ONE_PLACE, closest};
use super::span::Span;
use super::value::{Node, Style, Value};

const OPEN: &str = "${var.";
const ESCAPED: &str = "$${var.";

/// How much the values of variables may add to the files of a run, in bytes.
const LARGEST_TEXT: usize = 64 * 1024 * 1024;

/// The values that variables have in this run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, String>,
    /// How many bytes of them were put in.
    used: Cell<usize>,
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

    /// Whether a value can still be put in, which it then is.
    fn has_room_for(&self, value: &str) -> bool {
        self.used.set(self.used.get().saturating_add(value.len()));
        self.used.get() <= LARGEST_TEXT
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
    let mut unset = BTreeSet::new();
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
            match variables.get(name) {
                Some(value) if variables.has_room_for(value) => expanded.push_str(value),
                Some(_) => {
                    diagnostics.push(too_much(span));
                    return None;
                }
                None if unset.insert(name) && unset.len() <= MOST_AT_ONE_PLACE => {
                    diagnostics.push(unknown(name, span, variables));
                }
                None => {}
            }
            rest = &after[end + 1..];
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    if let Some(further) = unset
        .len()
        .checked_sub(MOST_AT_ONE_PLACE)
        .filter(|further| *further > 0)
    {
        diagnostics.push(Diagnostic::further(Code::UnknownVariable, span, further));
    }
    unset.is_empty().then_some(expanded)
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

fn too_much(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::FileTooLarge,
        span,
        format!(
            "With the values of its variables, the text is larger than {} MiB.",
            LARGEST_TEXT / 1024 / 1024
        ),
    )
    .help("Give the variables shorter values, or use them less often.")
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
    fn the_unknown_variables_of_one_value_are_each_said_once_and_then_counted() {
        let text = (0..8_000)
            .map(|name| format!("${{var.V{name}}}${{var.V0}}"))
            .collect::<Vec<_>>()
            .concat();
        let mut node = node(json!(text));
        let mut diagnostics = Vec::new();
        expand(&mut node, &variables(&[]), &typed, &mut diagnostics);
        assert_eq!(diagnostics.len(), 21);
        assert_eq!(diagnostics[20].findings(), 7_980);
    }

    #[test]
    fn variables_cannot_make_a_small_file_enormous() {
        let value = "x".repeat(1024 * 1024);
        let mut node = node(json!(vec!["${var.A}"; 1_000]));
        let mut diagnostics = Vec::new();
        expand(
            &mut node,
            &variables(&[("A", &value)]),
            &typed,
            &mut diagnostics,
        );
        assert_eq!(diagnostics[0].code, Code::FileTooLarge);
        assert!(node.to_json().to_string().len() < 70 * 1024 * 1024);
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
