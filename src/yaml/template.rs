//! Templates that should have been quoted.
//!
//! `{{secretKey}}` and `${var.NAME}` are text to people and maps to YAML.
//! Some of them parse (as a map with a map for a key), most break the syntax
//! at a place that says nothing. Here they are found, with the value that
//! the user meant, so that the message can show it quoted.

use std::ops::Range;

use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::{SourceId, Span};

use super::offset::{line_start, rest_of_line};

/// Longer lines are not repeated in a help text.
const MAX_SHOWN_LINE: usize = 120;

/// Whether a template starts at that byte.
pub(super) fn starts_at(text: &str, at: usize) -> bool {
    text.get(at..)
        .is_some_and(|rest| rest.starts_with("{{") || rest.starts_with("${"))
}

/// Whether what is opened at that byte is a template, not a map.
pub(super) fn opens_map(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with("{{"))
}

/// Says that a value or key must be quoted, and how the line looks then.
pub(super) fn diagnose(source: SourceId, text: &str, range: &Range<usize>) -> Diagnostic {
    let value = text.get(range.clone()).unwrap_or_default();
    let quoted = quote(value);
    let (before, after) = around(text, range);
    let line = format!("{before}{quoted}{after}");
    let shown = line.trim();
    let help = if value.contains(['\n', '\r']) || shown.len() > MAX_SHOWN_LINE {
        "Put it into quotes.".to_owned()
    } else {
        format!("Quote it: `{shown}`")
    };
    let first_line = value.lines().next().unwrap_or_default().trim_end();
    Diagnostic::new(
        Code::UnquotedTemplate,
        Span::new(source, range.start, range.end),
        format!("`{first_line}` must be quoted, or YAML reads its braces and colons as syntax."),
    )
    .label("needs quotes")
    .help(help)
}

/// The values and keys with a template on a line that YAML cannot read without quotes, in their
/// order. `in_flow` says whether the line starts inside of brackets.
pub(super) fn unquoted(text: &str, line_start: usize, in_flow: bool) -> Vec<Range<usize>> {
    let line = rest_of_line(text, line_start);
    let mut scan = LineScan::new(line, in_flow);
    let mut found = Vec::new();
    while let Some(range) = scan.next_template() {
        found.push(line_start + range.start..line_start + range.end);
    }
    found
}

/// In double quotes if that needs no escape, else in single quotes.
fn quote(value: &str) -> String {
    if value.contains(['"', '\\']) {
        format!("'{}'", value.replace('\'', "''"))
    } else {
        format!("\"{value}\"")
    }
}

/// The text of the line before and after a range.
fn around<'t>(text: &'t str, range: &Range<usize>) -> (&'t str, &'t str) {
    let start = line_start(text, range.start);
    let before = text.get(start..range.start).unwrap_or_default();
    (before, rest_of_line(text, range.end))
}

/// Goes through a line value by value, as a person would read it.
struct LineScan<'t> {
    line: &'t str,
    at: usize,
    /// How many brackets are open.
    depth: usize,
    /// Whether the value at hand comes after a `: `.
    after_colon: bool,
}

impl<'t> LineScan<'t> {
    fn new(line: &'t str, in_flow: bool) -> Self {
        Self {
            line,
            at: 0,
            depth: usize::from(in_flow),
            after_colon: false,
        }
    }

    /// The next value with a template in it, without quotes and blanks around it.
    fn next_template(&mut self) -> Option<Range<usize>> {
        loop {
            self.skip_blanks();
            let start = self.at;
            let first = self.peek(0)?;
            match first {
                b'#' => return None,
                b'"' | b'\'' => self.skip_quoted(first),
                b'-' | b'?' if self.is_blank(1) && self.depth == 0 => self.at += 1,
                b':' if self.depth > 0 || self.is_blank(1) => {
                    self.after_colon = true;
                    self.at += 1;
                }
                b'!' | b'&' => self.skip_word(),
                b'[' => self.open(),
                b'{' if self.peek(1) != Some(b'{') => self.open(),
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                b',' if self.depth > 0 => {
                    self.after_colon = false;
                    self.at += 1;
                }
                _ => {
                    let has_template = self.skip_value();
                    let value = self.line[start..self.at].trim_end();
                    if has_template && self.needs_quotes(value) {
                        return Some(start..start + value.len());
                    }
                }
            }
        }
    }

    /// Whether a value with a template is not plain text to YAML: in brackets its braces are syntax,
    /// elsewhere its first character or a colon.
    fn needs_quotes(&self, value: &str) -> bool {
        self.depth > 0
            || value.starts_with(['{', '@', '%', '`'])
            || value.contains(": ")
            || value.ends_with(':')
    }

    /// Goes to the end of an unquoted value; returns whether it contains a template.
    fn skip_value(&mut self) -> bool {
        let start = self.at;
        let mut braces = 0_usize;
        let mut has_template = false;
        while let Some(byte) = self.peek(0) {
            if starts_at(self.line, self.at) {
                has_template = true;
                braces += 1;
                self.at += 2;
                braces += usize::from(byte == b'{');
                continue;
            }
            match byte {
                b'{' => braces += 1,
                b'}' if braces > 0 => braces -= 1,
                b',' | b'[' | b']' | b'}' if braces == 0 && self.depth > 0 => break,
                b':' if braces == 0 && self.ends_key() => break,
                b'#' if braces == 0 && self.at > start && self.was_blank() => break,
                _ => {}
            }
            self.at += 1;
        }
        // A value that ends where it starts would be looked at forever.
        if self.at == start {
            self.at += 1;
        }
        has_template
    }

    /// Whether the `:` at hand ends a key.
    fn ends_key(&self) -> bool {
        !self.after_colon && self.is_blank(1)
    }

    fn open(&mut self) {
        self.depth += 1;
        self.after_colon = false;
        self.at += 1;
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn skip_word(&mut self) {
        while self.peek(0).is_some() && !self.is_blank(0) {
            self.at += 1;
        }
    }

    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte == b'\\' && quote == b'"' && self.peek(0).is_some() {
                self.at += 1;
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.line.as_bytes().get(self.at + ahead).copied()
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead), None | Some(b' ' | b'\t'))
    }

    fn was_blank(&self) -> bool {
        matches!(
            self.line.as_bytes().get(self.at.wrapping_sub(1)),
            Some(b' ' | b'\t')
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{quote, unquoted};

    fn found(line: &str) -> Vec<&str> {
        found_in(line, false)
    }

    fn found_in(line: &str, in_flow: bool) -> Vec<&str> {
        unquoted(line, 0, in_flow)
            .into_iter()
            .map(|range| &line[range])
            .collect()
    }

    #[test]
    fn the_whole_value_around_a_template_is_found() {
        assert_eq!(found("  keySchema: {{a}}_y  "), ["{{a}}_y"]);
        assert_eq!(found("keySchema: {{a}}_y # why"), ["{{a}}_y"]);
        assert_eq!(found("x: ${var.A}: b"), ["${var.A}: b"]);
        assert_eq!(found("x: pre {{a}}: b"), ["pre {{a}}: b"]);
        assert_eq!(found("- {{a}}/{{b}}"), ["{{a}}/{{b}}"]);
        assert_eq!(found("- - x: {{a}}{{b}}"), ["{{a}}{{b}}"]);
        assert_eq!(found("x: !!str {{ a }}_y"), ["{{ a }}_y"]);
        assert_eq!(found("x: {{a"), ["{{a"]);
        assert_eq!(found("é: {{ü}}_é"), ["{{ü}}_é"]);
    }

    #[test]
    fn in_brackets_a_value_ends_at_the_next_comma_or_bracket() {
        assert_eq!(found("x: [${var.A}, b, c{{d}}e]"), ["${var.A}", "c{{d}}e"]);
        assert_eq!(found("x: {a: ${var.A}, b: {{c}}}"), ["${var.A}", "{{c}}"]);
        assert_eq!(found("{\"a\":{{b}}}"), ["{{b}}"]);
        assert_eq!(found_in("  ${var.A}, b]", true), ["${var.A}"]);
    }

    #[test]
    fn a_key_ends_at_its_colon() {
        assert_eq!(found("{{a}}_b: c"), ["{{a}}_b"]);
        assert_eq!(found("- {{a}}_b: {{c}}_d"), ["{{a}}_b", "{{c}}_d"]);
    }

    #[test]
    fn what_is_quoted_or_a_comment_is_left_alone() {
        assert_eq!(found("x: \"{{a}}\" y"), Vec::<&str>::new());
        assert_eq!(found("x: \"a\\\"{{a}}\" y"), Vec::<&str>::new());
        assert_eq!(found("x: '{{a}}"), Vec::<&str>::new());
        assert_eq!(found("x: y # {{a}}"), Vec::<&str>::new());
        assert_eq!(found("# {{a}}"), Vec::<&str>::new());
    }

    #[test]
    fn quotes_are_chosen_so_that_nothing_needs_a_backslash() {
        assert_eq!(quote("{{a}}"), "\"{{a}}\"");
        assert_eq!(quote("{{\"a\"}}'s"), "'{{\"a\"}}''s'");
        assert_eq!(quote("{{a}}\\b"), "'{{a}}\\b'");
    }
}
