//! Texts for a log that a machine reads, too.
//!
//! CI systems take lines of a job's output for commands, whatever the format is that the job meant
//! to print: `::name::` at the beginning of a line, `##[name]`, `##vso[…]` and `##teamcity[…]`
//! anywhere in it. So every text that is printed is escaped once more for that, in the words of its
//! format, and nothing invisible is left in it.

use std::borrow::Cow;

use crate::core::text::is_invisible;

/// How a format writes a character so that it no longer means anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Text for people, with colours: a backslash before it.
    Backslash,
    /// Workflow commands, which are lines that begin with `::`: only what else is a command.
    WorkflowCommand,
    /// HTML and XML.
    Entity,
    /// JSON.
    Json,
}

impl Escape {
    /// A visible character of ASCII that would begin a command.
    fn command(self, character: char, out: &mut String) {
        match self {
            Self::Backslash | Self::WorkflowCommand => out.extend(['\\', character]),
            Self::Entity => out.push_str(&format!("&#{};", u32::from(character))),
            Self::Json => self.invisible(character, out),
        }
    }

    /// Writes an invisible character, escaped.
    fn invisible(self, character: char, out: &mut String) {
        match self {
            Self::Json => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.extend(character.escape_unicode()),
        }
    }
}

/// The text with nothing invisible in it, and no command that it was not meant to be.
pub fn harmless(text: &str, escape: Escape) -> Cow<'_, str> {
    // Most texts are seen to be harmless by their bytes.
    let is_odd = |byte: u8| !matches!(byte, b'\n' | b'\r' | b'\t' | b' '..=b'~');
    let is_suspect = |line: &str| {
        line.contains("::")
            || line.contains("##")
            || (line.bytes().any(is_odd) && line.chars().any(|c| is_hidden(c, escape)))
    };
    if !is_suspect(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(['\n', '\r']) {
        if is_suspect(line) {
            write_line(line, escape, &mut out);
        } else {
            out.push_str(line);
        }
    }
    Cow::Owned(out)
}

/// Whether a character is invisible and the format has no use for it.
fn is_hidden(character: char, escape: Escape) -> bool {
    let is_used = match character {
        '\n' | '\r' | '\t' => true,
        // A control sequence, looked at by what follows.
        '\u{1b}' => escape == Escape::Backslash,
        _ => false,
    };
    !is_used && is_invisible(character)
}

fn write_line(line: &str, escape: Escape, out: &mut String) {
    let mut rest = line;
    let mut is_start = true;
    while let Some(character) = rest.chars().next() {
        let (head, tail) = rest.split_at(character.len_utf8());
        if character == '\u{1b}' {
            // Colours are left out unless a terminal shows them, and then begin no line.
            let length = color(rest);
            match length {
                Some(length) if escape == Escape::Backslash => {
                    let (color, behind) = rest.split_at(length);
                    out.push_str(color);
                    rest = behind;
                    continue;
                }
                _ => escape.invisible(character, out),
            }
        } else if is_hidden(character, escape) {
            escape.invisible(character, out);
        } else if is_start && escape != Escape::WorkflowCommand && rest.starts_with("::") {
            escape.command(character, out);
        } else if character == '#' && is_command(tail) {
            out.push(character);
            escape.command('#', out);
            rest = tail.strip_prefix('#').unwrap_or_default();
            is_start = false;
            continue;
        } else {
            out.push_str(head);
        }
        is_start &= character.is_whitespace();
        rest = tail;
    }
}

/// The length of the control sequence for a colour or a weight at the start of a text.
fn color(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some(end + 3)
}

/// Whether what follows a `#` makes it a command: `#[`, `#vso[`.
fn is_command(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|name| {
        let name = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
        name.starts_with('[')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Escape, harmless};

    const COMMANDS: [(&str, &str); 8] = [
        ("::error::x", "\\::error::x"),
        (" \u{a0}\t::error::x", " \u{a0}\t\\::error::x"),
        ("a\r::error::x", "a\r\\::error::x"),
        (
            "\u{1b}[2m  ::add-mask::a\u{1b}[0m",
            "\u{1b}[2m  \\::add-mask::a\u{1b}[0m",
        ),
        ("see ##[error]x", "see #\\#[error]x"),
        ("###[group]", "##\\#[group]"),
        ("a ##vso[task.setvariable]b", "a #\\#vso[task.setvariable]b"),
        ("##teamcity[x] ##[y]", "#\\#teamcity[x] #\\#[y]"),
    ];

    #[test]
    fn what_would_be_a_command_in_a_log_is_escaped() {
        for (text, shown) in COMMANDS {
            assert_eq!(harmless(text, Escape::Backslash), shown, "{text:?}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["a::b", "# a", "## a [b]", "\u{1b}[1;31mx\u{1b}[0m\n\ty\n"] {
            assert_eq!(harmless(text, Escape::Backslash), text);
        }
        let command = "::error title=a::b\n";
        assert_eq!(harmless(command, Escape::WorkflowCommand), command);
    }

    #[test]
    fn markup_stays_markup() {
        let text = "<pre>\n ::error::x ##[y]\u{202e}</pre>";
        let shown = "<pre>\n &#58;:error::x #&#35;[y]\\u{202e}</pre>";
        assert_eq!(harmless(text, Escape::Entity), shown);
    }

    #[test]
    fn json_means_the_same_and_holds_nothing_invisible() {
        let value = json!({"a\u{202e}b": "##[x] \u{7f}\u{9b}\u{e0041}\u{feff} ::y ü😀"});
        let text = format!("{value:#}\n");
        let shown = harmless(&text, Escape::Json);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        assert!(!shown.contains("##[") && shown.contains("ü😀"), "{shown}");
        assert!(!shown.contains(['\u{202e}', '\u{7f}', '\u{9b}', '\u{e0041}', '\u{feff}']));
    }

    #[test]
    fn a_control_sequence_that_is_no_colour_is_shown() {
        let text = "a\u{1b}[2Jb\u{1b}]0;x\u{7}\u{1b}";
        let shown = "a\\u{1b}[2Jb\\u{1b}]0;x\\u{7}\\u{1b}";
        assert_eq!(harmless(text, Escape::Backslash), shown);
    }
}
