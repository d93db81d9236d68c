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

/// A value, with quotes around templates.
struct Yaml<'a>(&'a Value);

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if has_template(text) && !text.contains('\n') => {
                DoubleQuoted(text).serialize(serializer)
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Yaml)),
            Value::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, Yaml(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

fn has_template(text: &str) -> bool {
    (0..text.len()).any(|at| template::starts_at(text, at))
}
