//! Colours and weights, and the lines that several outputs for people share. The colours are removed
//! again if the output is not a terminal.

use std::fmt;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::started;
use crate::core::plan::{Blocked, Subject, UnknownField};
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::core::text::{around, visible};

/// The widest column of a table, in characters. A format string takes a width of 65,535 at most.
const WIDEST_COLUMN: usize = 100;
/// The longest value that is shown whole in a line, in characters.
const LONGEST_VALUE: usize = 200;

pub const BOLD: Style = Style::new().bold();
pub const DIMMED: Style = Style::new().dimmed();
pub const GREEN: Style = AnsiColor::Green.on_default();
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
pub const RED: Style = AnsiColor::Red.on_default();
pub const CYAN: Style = AnsiColor::Cyan.on_default();

/// The text in a style.
pub fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What the schemas in use do not know of the remote syncs.
pub fn unknown(fields: &[UnknownField]) -> String {
    let lines = fields.iter().map(|field| {
        let note = painted(YELLOW, "Note:");
        format!("{note} {}\n", visible(&field.sentence()))
    });
    let mut out: String = lines.collect();
    if !out.is_empty() {
        let _ = writeln!(out, "  {}", UnknownField::advice());
    }
    out
}

/// The line for something that was done and may not be what people meant.
pub fn warning(text: &str) -> String {
    format!("{} {text}\n", painted(YELLOW, "Warning:"))
}

/// The result of a command in a sentence, whose first words are painted on a terminal.
pub struct Headline {
    style: Style,
    start: &'static str,
    rest: String,
}

impl Headline {
    pub fn new(start: &'static str, rest: impl Into<String>) -> Self {
        Self {
            style: BOLD,
            start,
            rest: rest.into(),
        }
    }

    pub fn in_style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    pub fn painted(&self) -> String {
        format!("{} {}", painted(self.style, self.start), self.rest)
    }
}

impl fmt::Display for Headline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.start, self.rest)
    }
}

/// The line that every output of a sandbox run has.
pub const SANDBOX: &str =
    "Sandbox: an emulator on this machine answered. No real server was contacted.";

/// That line, as it is printed.
pub fn sandbox_line() -> String {
    format!("{}\n", painted(CYAN, SANDBOX))
}

/// A sync's address: `infisical/payments/web`.
pub fn address(subject: &Subject) -> String {
    visible(&subject.address())
}

/// A sync's address with its destination: `infisical/payments/web (humanitec)`.
pub fn named(subject: &Subject) -> String {
    format!("{} ({})", address(subject), visible(&subject.destination))
}

/// `  (syncs/web.yaml:4)`, for the end of a line; empty for what no file declares.
pub fn declared_at(place: Option<Span>, sources: &Sources) -> String {
    place.map_or_else(String::new, |place| {
        let line = line_of(place, sources);
        // The words for a cell are in brackets of their own.
        let text = match sources.cell(place) {
            Some(_) => line,
            None => format!("({line})"),
        };
        format!("  {}", painted(DIMMED, &text))
    })
}

/// `syncs/web.yaml:4`, or `syncs/web.yaml:4 (app=web, env=prod)` in a cell of a matrix.
pub fn line_of(place: Span, sources: &Sources) -> String {
    let line = sources.position(place).line;
    let name = &sources.get(place.source).name;
    visible(&format!("{name}:{line}{}", sources.cell_words(place)))
}

/// Adds why something cannot be done and what to do.
pub fn blocked(out: &mut String, blocked: &Blocked) {
    let _ = writeln!(
        out,
        "      {} {}\n      {}",
        painted(RED, "Blocked:"),
        visible(&blocked.reason()),
        blocked.advice()
    );
}

/// Adds what there is to know of started syncs among these that no file declares.
pub fn notes_on_starts(out: &mut String, unmanaged: &[Subject]) {
    let notes: Vec<String> = started::undeclared(unmanaged).collect();
    if !notes.is_empty() {
        out.push('\n');
    }
    for note in notes {
        let _ = writeln!(out, "{} {}", painted(YELLOW, "Note:"), visible(&note));
    }
}

/// The width of a column of texts, in characters: that of the widest. A text that is wider than
/// [`WIDEST_COLUMN`] moves what follows it in its own line only.
pub fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    let widths = texts.map(|text| text.chars().count());
    let fitting = widths.filter(|width| *width <= WIDEST_COLUMN);
    fitting.max().unwrap_or_default()
}

/// A value as a person reads it in a line: a long one by its beginning.
pub fn value(value: &Value) -> String {
    visible(&around(&value.to_string(), 0, LONGEST_VALUE))
}

/// What changes from one value to another, the long ones shown around the first difference.
pub fn change(before: &Value, after: &Value) -> String {
    let texts = [before, after].map(Value::to_string);
    let [one, other] = texts.each_ref().map(|text| text.chars());
    let place = one
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    let [before, after] = texts.map(|text| visible(&around(&text, place, LONGEST_VALUE)));
    format!("{before} -> {after}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{change, value, width};

    #[test]
    fn no_text_makes_a_column_too_wide_for_a_format_string() {
        let long = "x".repeat(70_000);
        assert_eq!(width(["abc", &long].into_iter()), 3);
        assert_eq!(width([long.as_str()].into_iter()), 0);
    }

    #[test]
    fn long_values_are_shown_around_what_differs() {
        let text = |middle: &str| json!("a".repeat(70_000) + middle + &"b".repeat(70_000));
        let shown = change(&text("1"), &text("2"));
        assert!(shown.contains("a1b") && shown.contains("a2b"), "{shown}");
        assert!(shown.chars().count() < 420, "{shown}");
        assert!(value(&text("")).chars().count() < 210);
        assert_eq!(change(&json!(1), &json!("x")), "1 -> \"x\"");
    }
}
