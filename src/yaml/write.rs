//! Writes values as YAML that every reader takes for the same.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_yaml::{DoubleQuoted, SerializerOptions, ser_options, to_string_with_options};

use super::template;

/// Writes a value as block YAML, its keys in their order.
///
/// A string that a reader of YAML 1.1 or 1.2 could take for something else is quoted, and so is
/// one with a template; one of several lines becomes a block. [`super::load()`] reads back what
/// was written.
pub fn to_string(value: &Value) -> String {
    // The writer fails on types that JSON does not have. JSON itself would be YAML, too.
    to_string_with_options(&Yaml(value), options()).unwrap_or_else(|_| format!("{value:#}\n"))
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

/// A value, with quotes around templates.
struct Yaml<'a>(&'a Value);

/// A key, with quotes around templates.
struct Key<'a>(&'a str);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if has_template(self.0) {
            DoubleQuoted(self.0).serialize(serializer)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
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
