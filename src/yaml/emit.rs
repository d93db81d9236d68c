//! Writes values as YAML that every reader takes for the same.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_yaml::{DoubleQuoted, SerializerOptions, ser_options, to_string_with_options};

use super::template;
use crate::core::text::is_invisible;

/// Writes a value as block YAML, its keys in their order.
///
/// A string that a reader of YAML 1.1 or 1.2 could take for something else is quoted, and so is
/// one with a template; one of several lines becomes a block. Invisible characters are
/// written as escapes. [`super::load()`] reads back what was written.
pub fn to_string(value: &Value) -> String {
    // The writer fails on types that JSON does not have. JSON itself would be YAML, too.
    let text =
        to_string_with_options(&Yaml(value), options()).unwrap_or_else(|_| format!("{value:#}\n"));
    escaped(&text)
}

/// Before a string with an invisible character: the writer puts quotes around any key or value
/// with the first of these characters, and leaves the second as it is.
const MARK: &str = "\u{FEFF}\u{E0001}";

/// How a quoted string with that mark begins.
const MARKED: &str = "\"\\uFEFF\u{E0001}";

/// A written text without marks, and with escapes for invisible characters, which are all in
/// double quotes: the writer itself escapes only what YAML could misread.
fn escaped(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARKED) {
        push_escaped(&mut seen, &rest[..at]);
        // Inside a string a quote has a backslash before it, and what follows is the string's own.
        let is_inside = rest[..at].ends_with('\\');
        let kept = if is_inside { MARKED } else { "\"" };
        push_escaped(&mut seen, kept);
        rest = &rest[at + MARKED.len()..];
    }
    push_escaped(&mut seen, rest);
    seen
}

fn push_escaped(seen: &mut String, text: &str) {
    for character in text.chars() {
        match u32::from(character) {
            _ if !is_unseen(character) => seen.push(character),
            code @ ..=0xFFFF => seen.push_str(&format!("\\u{code:04X}")),
            code => seen.push_str(&format!("\\U{code:08X}")),
        }
    }
}

/// Whether a character shows in no way in a text of lines.
fn is_unseen(character: char) -> bool {
    is_invisible(character) && !matches!(character, '\n' | '\t')
}

fn options() -> SerializerOptions {
    ser_options! {
        // Long lines stay one line each: a diff shows what changed, not how text was folded.
        folded_wrap_chars: usize::MAX,
    }
}

/// The line by which an editor finds the schema of a file, which is a path or a URL.
pub fn modeline(schema: &str) -> String {
    format!("# yaml-language-server: $schema={schema}\n")
}

/// A text as comment lines.
pub fn comment(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        lines.push_str("# ");
        lines.push_str(line);
        lines.push('\n');
    }
    lines
}

/// A value, with quotes around templates and invisible characters.
struct Yaml<'a>(&'a Value);

/// A key, with quotes around templates and invisible characters.
struct Key<'a>(&'a str);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.contains(is_unseen) {
            serializer.serialize_str(&format!("{MARK}{}", self.0))
        } else if has_template(self.0) {
            DoubleQuoted(self.0).serialize(serializer)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if text.contains(is_unseen) => {
                serializer.serialize_str(&format!("{MARK}{text}"))
            }
            Value::String(text) if needs_quotes(text) => DoubleQuoted(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Yaml)),
            Value::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (Key(key), Yaml(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

/// Whether a text that could do without quotes gets them all the same: one line with a template,
/// or lines with nothing on them, of which a block would not show how many there are.
fn needs_quotes(text: &str) -> bool {
    if text.contains('\n') {
        text.trim().is_empty()
    } else {
        has_template(text)
    }
}

fn has_template(text: &str) -> bool {
    (0..text.len()).any(|at| template::starts_at(text, at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::to_string;

    #[test]
    fn a_sync_is_written_as_a_person_would() {
        let value = json!({
            "version": 1,
            "syncs": {
                "payments-humanitec": {
                    "destination": "humanitec",
                    "isAutoSyncEnabled": false,
                    "description": null,
                    "syncOptions": {"keySchema": "PAY_{{secretKey}}", "tags": [], "extra": {}},
                    "list": ["a", {"b": "${var.C}", "d": [1.5]}],
                    "text": "one\n  two\n",
                    "unended": "one\ntwo",
                    "blank": "\n\n",
                    "long": "word ".repeat(40) + "end",
                },
            },
        });
        let long = "word ".repeat(40);
        assert_eq!(
            to_string(&value),
            format!(
                "\
version: 1
syncs:
  payments-humanitec:
    destination: humanitec
    isAutoSyncEnabled: false
    description: null
    syncOptions:
      keySchema: \"PAY_{{{{secretKey}}}}\"
      tags: []
      extra: {{}}
    list:
    - a
    - b: \"${{var.C}}\"
      d:
      - 1.5
    text: |
      one
        two
    unended: |-
      one
      two
    blank: \"\\n\\n\"
    long: {long}end
"
            )
        );
    }

    #[test]
    fn invisible_characters_are_written_as_escapes() {
        let value = json!({
            "a\u{202e}b": "\u{200b}zero",
            "lines": "one\ntwo\u{2066}\n",
            "\u{feff}\u{e0001}": "\"\u{feff}\u{e0001}\\",
            "tag": ["\u{e0041}", "soft\u{ad}hyphen", "C:\\\u{feff}\"q\""],
        });
        assert_eq!(
            to_string(&value),
            r#""a\u202Eb": "\u200Bzero"
lines: "one\ntwo\u2066\n"
"\uFEFF\U000E0001": "\"\uFEFF\U000E0001\\"
tag:
- "\U000E0041"
- "soft\u00ADhyphen"
- "C:\\\uFEFF\"q\""
"#
        );
    }

    #[test]
    fn strings_that_some_reader_takes_for_something_else_are_quoted() {
        for text in [
            "no",
            "Yes",
            "on",
            "OFF",
            "y",
            "N",
            "true",
            "null",
            "Null",
            "~",
            "",
            "010",
            "1",
            "-1",
            "1.5",
            "1e3",
            "0x1F",
            "0o7",
            "0b1",
            "1_000",
            "12:30",
            "2024-01-01",
            ".inf",
            ".NaN",
            "<<",
            "=",
            "{{x}}",
            "P_{{x}}",
            "${var.A}",
            "a: b",
            "a #b",
            "- a",
            "? a",
            "*a",
            "&a",
            "!a",
            "@a",
            "`a",
            "%a",
            "[a",
            "{a",
            "|",
            ">",
            " a",
            "a ",
            "a:",
            "---",
            "...",
        ] {
            let written = to_string(&json!([text]));
            let item = written.trim_start_matches("- ").trim_end();
            assert!(item.starts_with(['"', '\'']), "{written}");
            let written = to_string(&json!({ text: 1 }));
            assert!(written.starts_with(['"', '\'']), "{written}");
        }
    }
}
