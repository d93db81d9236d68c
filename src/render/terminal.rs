//! Colours and weights, and the lines that several outputs for people share. The colours are removed
//! again if the output is not a terminal.

use std::fmt;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::started;
use crate::core::plan::{Blocked, Subject};
use crate::core::span::{Sources, Span};
use crate::core::text::visible;

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

/// The beginning of an output: for a sandbox run its line, and a blank one.
pub fn start(is_sandbox: bool) -> String {
    if is_sandbox {
        format!("{}\n\n", painted(CYAN, SANDBOX))
    } else {
        String::new()
    }
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
        format!(
            "  {}",
            painted(DIMMED, &format!("({})", line_of(place, sources)))
        )
    })
}

/// `syncs/web.yaml:4`.
pub fn line_of(place: Span, sources: &Sources) -> String {
    let line = sources.position(place).line;
    format!("{}:{line}", visible(&sources.get(place.source).name))
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

/// The width of the widest text, in characters.
pub fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default()
}
