//! What is put into the strings of files: `${var.NAME}` in values, `${matrix.AXIS.field}` in the
//! block of a matrix and in its key, and nothing else.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::cell::Values;
use super::code::Code;
use super::diagnostic::{Diagnostic, MOST_AT_ONE_PLACE};
use super::span::Span;
use super::suggest::closest;
use super::value::{Entry, Node, Style, Value};
use super::words::capitalized;

/// How much the values of variables and matrices may add to the files of a run, in bytes.
const LARGEST_TEXT: usize = 64 * 1024 * 1024;

/// The values that variables have in this run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, String>,
    /// How many bytes were put in.
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

    /// Whether so many bytes can still be put in, which they then are.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        self.used.set(self.used.get().saturating_add(bytes));
        self.used.get() <= LARGEST_TEXT
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

/// What references in the strings of a block stand for.
#[derive(Debug, Clone, Copy)]
pub struct Bindings<'a> {
    /// The variables of the run.
    pub variables: &'a Variables,
    /// What `${matrix.…}` stands for.
    pub matrix: MatrixScope<'a>,
}

/// What `${matrix.…}` stands for somewhere in a file.
#[derive(Debug, Clone, Copy)]
pub enum MatrixScope<'a> {
    /// For nothing: no matrix is there.
    None,
    /// For nothing: it is in a matrix itself.
    Within,
    /// For the values of a cell.
    Cell(&'a CellScope<'a>),
}

/// A cell as its block is expanded.
#[derive(Debug)]
pub struct CellScope<'a> {
    /// Its values.
    pub values: &'a Values,
    /// What places carry that are read for it.
    pub index: Option<u32>,
    /// The paths that no cell of the matrix has, which have been reported.
    pub unknown: &'a BTreeSet<String>,
    /// Where values were put in, and where the matrix gives them.
    pub uses: RefCell<Vec<(Span, Span)>>,
}

impl Bindings<'_> {
    fn place(&self, span: Span) -> Span {
        match self.matrix {
            MatrixScope::Cell(cell) => span.in_cell(cell.index),
            _ => span,
        }
    }
}

/// What a reference refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A variable, by its name.
    Variable,
    /// A value of the matrix, by its path.
    Field,
}

impl Kind {
    const fn open(self) -> &'static str {
        match self {
            Self::Variable => "${var.",
            Self::Field => "${matrix.",
        }
    }

    fn allows(self, inside: &str) -> bool {
        match self {
            Self::Variable => is_name(inside),
            Self::Field => inside.split('.').all(is_axis_name),
        }
    }
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'t> {
    Literal(&'t str),
    /// `${var.NAME}` or `${matrix.PATH}`, by what is inside.
    Reference(Kind, &'t str),
    /// Something that begins like one of the two and is neither.
    Malformed(Kind),
}

/// The parts of a text; in a key only references to a matrix are special.
fn parts(text: &str, is_key: bool) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((at, kind)) = next_reference(rest, is_key) {
        let (before, after) = (&rest[..at], &rest[at + kind.open().len()..]);
        // Of several dollar signs the last escapes it, and those before stand for themselves.
        let escaped = before.strip_suffix('$');
        let literal = escaped.unwrap_or(before);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if escaped.is_some() {
            parts.push(Part::Literal(kind.open()));
            rest = after;
            continue;
        }
        let Some(end) = after.find('}').filter(|end| kind.allows(&after[..*end])) else {
            parts.push(Part::Malformed(kind));
            return parts;
        };
        parts.push(Part::Reference(kind, &after[..end]));
        rest = &after[end + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

/// Where the next reference begins, escaped or not.
fn next_reference(text: &str, is_key: bool) -> Option<(usize, Kind)> {
    text.match_indices("${").find_map(|(at, _)| {
        let kinds = [Kind::Field, Kind::Variable];
        let kind = kinds
            .into_iter()
            .find(|kind| text[at..].starts_with(kind.open()))?;
        (kind == Kind::Field || !is_key).then_some((at, kind))
    })
}

/// Whether a text has no reference at all, for a quick way past it.
pub(super) fn is_literal(text: &str, is_key: bool) -> bool {
    next_reference(text, is_key).is_none()
}

/// Whether a variable can have that name: a letter or `_`, then letters, digits and `_`.
pub fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether an axis of a matrix, or a field that is referred to, can have that name: letters, digits,
/// `_` and `-`.
pub fn is_axis_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The paths in the matrix that a text refers to.
pub fn fields(text: &str, is_key: bool) -> impl Iterator<Item = &str> {
    parts(text, is_key)
        .into_iter()
        .filter_map(|part| match part {
            Part::Reference(Kind::Field, path) => Some(path),
            _ => None,
        })
}

/// A text as a file has to say it, so that nothing in it is taken for a reference.
pub fn escape(text: &str) -> String {
    [Kind::Variable, Kind::Field]
        .into_iter()
        .fold(text.to_owned(), |text, kind| {
            text.replace(kind.open(), &format!("${}", kind.open()))
        })
}

/// Puts the values of variables and of the matrix into all strings of a value. Returns whether the
/// value is there: what is wholly a field that the cell lacks is absent.
///
/// What is put in is never looked at again. A plain scalar that is wholly one variable
/// takes the type that `typed` reads from the value; a quoted one stays a string. A scalar, quoted or
/// not, that is wholly one reference to the matrix takes the value there.
pub fn expand(
    node: &mut Node,
    scope: Bindings<'_>,
    typed: &dyn Fn(&str) -> Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    node.span = scope.place(node.span);
    match &mut node.value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::Sequence(items) => {
            items.retain_mut(|item| expand(item, scope, typed, diagnostics));
        }
        Value::Mapping(mapping) => {
            let entries = mapping.entries_mut();
            entries.retain_mut(|entry| expand_entry(entry, scope, typed, diagnostics));
        }
        Value::String(text) => {
            if is_literal(text, false) {
                return true;
            }
            let parts = parts(text, false);
            if let ([Part::Reference(Kind::Field, path)], MatrixScope::Cell(cell)) =
                (parts.as_slice(), scope.matrix)
                && !cell.unknown.contains(*path)
            {
                let Some(value) = cell.values.at(path) else {
                    return false;
                };
                if !scope.variables.has_room_for(value.value.weight()) {
                    diagnostics.push(too_much(node.span));
                    return true;
                }
                cell.uses.borrow_mut().push((node.span, value.span));
                node.style = value.style;
                node.value = value.value.clone();
                put_in_cell(&mut node.value, cell.index);
                return true;
            }
            let is_typed = node.style == Style::Plain
                && matches!(parts.as_slice(), [Part::Reference(Kind::Variable, _)]);
            let text = expand_text(text, node.span, scope, false, diagnostics);
            match text {
                Some(text) if is_typed => node.value = typed(&text),
                Some(text) => node.value = Value::String(text),
                None => {}
            }
        }
    }
    true
}

/// The same for a key and its value.
pub fn expand_entry(
    entry: &mut Entry,
    scope: Bindings<'_>,
    typed: &dyn Fn(&str) -> Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    entry.key_span = scope.place(entry.key_span);
    expand_inner_key(&mut entry.key, entry.key_span, scope, diagnostics);
    expand(&mut entry.value, scope, typed, diagnostics)
}

/// A key of a block, with the values of the cell.
pub fn expand_key(
    key: &str,
    span: Span,
    scope: Bindings<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    expand_text(key, span, scope, true, diagnostics)
}

/// The key of a field can hold no reference, and escapes one as everything else does.
fn expand_inner_key(
    key: &mut String,
    span: Span,
    scope: Bindings<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if is_literal(key, true) {
        return;
    }
    if fields(key, true).next().is_some() && !matches!(scope.matrix, MatrixScope::None) {
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownReference,
                span,
                format!("`{key}` is the key of a field, and only values can refer to a matrix."),
            )
            .help("Refer to it in the sync's own key and in values."),
        );
    } else if let Some(expanded) = expand_text(key, span, scope, true, diagnostics) {
        *key = expanded;
    }
}

/// Says of all places in a value that they are read for a cell.
fn put_in_cell(value: &mut Value, cell: Option<u32>) {
    let of_node = |node: &mut Node| {
        node.span = node.span.in_cell(cell);
        put_in_cell(&mut node.value, cell);
    };
    match value {
        Value::Sequence(items) => items.iter_mut().for_each(of_node),
        Value::Mapping(mapping) => mapping.entries_mut().iter_mut().for_each(|entry| {
            entry.key_span = entry.key_span.in_cell(cell);
            of_node(&mut entry.value);
        }),
        _ => {}
    }
}

/// The text with what its references stand for; `None` if one of them is unknown or malformed.
fn expand_text(
    text: &str,
    span: Span,
    scope: Bindings<'_>,
    is_key: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut unset = BTreeSet::new();
    let mut is_complete = true;
    for part in parts(text, is_key) {
        match part {
            Part::Literal(literal) => expanded.push_str(literal),
            Part::Malformed(kind) => {
                diagnostics.push(malformed(kind, text, span));
                return None;
            }
            Part::Reference(Kind::Variable, name) => match scope.variables.get(name) {
                Some(value) if scope.variables.has_room_for(value.len()) => {
                    expanded.push_str(value);
                }
                Some(_) => {
                    diagnostics.push(too_much(span));
                    return None;
                }
                None if unset.insert(name) && unset.len() <= MOST_AT_ONE_PLACE => {
                    diagnostics.push(unknown(name, span, scope.variables));
                }
                None => {}
            },
            Part::Reference(Kind::Field, path) => match field_text(path, span, scope) {
                Ok((value, given)) if scope.variables.has_room_for(value.len()) => {
                    expanded.push_str(&value);
                    // A key names its cell by itself, unless a value of it is not the real one.
                    if let MatrixScope::Cell(cell) = scope.matrix
                        && !(is_key && is_literal(&value, false))
                    {
                        cell.uses.borrow_mut().push((span, given));
                    }
                }
                Ok(_) => {
                    diagnostics.push(too_much(span));
                    return None;
                }
                Err(found) => {
                    // The same is wrong with every other one where there is no matrix.
                    if is_complete {
                        diagnostics.extend(found.map(|found| *found));
                    }
                    is_complete = false;
                }
            },
        }
    }
    if let Some(further) = unset
        .len()
        .checked_sub(MOST_AT_ONE_PLACE)
        .filter(|further| *further > 0)
    {
        diagnostics.push(Diagnostic::further(Code::UnknownVariable, span, further));
    }
    (is_complete && unset.is_empty()).then_some(expanded)
}

/// What a reference to the matrix stands for inside of a text, and where the matrix says it; an error
/// that is empty if it has been reported.
fn field_text(
    path: &str,
    span: Span,
    scope: Bindings<'_>,
) -> Result<(String, Span), Option<Box<Diagnostic>>> {
    let found = |message: String, help: String| {
        let found = Diagnostic::new(Code::UnknownReference, span, message).help(help);
        Err(Some(Box::new(found)))
    };
    let cell = match scope.matrix {
        MatrixScope::None => {
            return found(
                format!(
                    "`${{matrix.{path}}}` has no value: this is not in a sync with a `matrix:`."
                ),
                "Add `matrix:` to the sync, or write `$${matrix.` for the literal characters."
                    .to_owned(),
            );
        }
        MatrixScope::Within => {
            return found(
                format!("`${{matrix.{path}}}` has no value in a matrix itself."),
                "Write the value itself, or `$${matrix.` for the literal characters.".to_owned(),
            );
        }
        MatrixScope::Cell(cell) => cell,
    };
    if cell.unknown.contains(path) {
        return Err(None);
    }
    let Some(value) = cell.values.at(path) else {
        return found(
            format!("`{path}` is missing in this cell of the matrix, and a text needs it."),
            format!(
                "Give it a value in every cell, or make `${{matrix.{path}}}` the whole value: then \
                 the field is absent where the cell lacks it."
            ),
        );
    };
    match value.as_text() {
        Some(text) => Ok((text, value.span)),
        None => found(
            format!(
                "`${{matrix.{path}}}` is {}, which cannot be part of a text.",
                value.value.kind()
            ),
            match value
                .as_mapping()
                .and_then(|fields| fields.entries().first())
            {
                Some(first) => format!(
                    "Name a field of it, such as `${{matrix.{path}.{}}}`.",
                    first.key
                ),
                None => "Refer to a simple value.".to_owned(),
            },
        ),
    }
}

fn malformed(kind: Kind, text: &str, span: Span) -> Diagnostic {
    let (message, help) = match kind {
        Kind::Variable => (
            "a variable that is not written as `${var.NAME}`",
            "Write `${var.NAME}` with letters, digits and `_` in the name, or `$${var.` for the \
             literal characters.",
        ),
        Kind::Field => (
            "a reference that is not written as `${matrix.AXIS}`",
            "Write `${matrix.AXIS}` or `${matrix.AXIS.field}` with letters, digits, `_` and `-` in \
             the names, or `$${matrix.` for the literal characters.",
        ),
    };
    Diagnostic::new(
        Code::VariableForm,
        span,
        format!("`{text}` contains {message}."),
    )
    .help(help)
}

/// Says that a file becomes too large here.
pub fn too_much(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::FileTooLarge,
        span,
        format!(
            "With the values of variables and matrices, the text is larger than {} MiB.",
            LARGEST_TEXT / 1024 / 1024
        ),
    )
    .help("Give them shorter values, or use them less often.")
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
        None => diagnostic.help(capitalized(&how)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Bindings, MatrixScope, Variables};
    use crate::core::code::Code;
    use crate::core::diagnostic::Diagnostic;
    use crate::core::testing::node;
    use crate::core::value::{Node, Style, Value};

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in pairs {
            variables.or_insert(*name, *value);
        }
        variables
    }

    fn expand(
        node: &mut Node,
        variables: &Variables,
        typed: &dyn Fn(&str) -> Value,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let matrix = MatrixScope::None;
        super::expand(node, Bindings { variables, matrix }, typed, diagnostics);
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
