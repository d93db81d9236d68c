//! A sync file with one sync to a destination, ready to be filled in.
//!
//! What must be given and is not decided yet stands there without a value, which is not valid. What
//! can be given is a comment: `#` without a blank, so that it shows what to take away.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::destination::Destination;
use super::outline::{Outline, OutlineField, outline};
use crate::core::fields::{
    CONNECTION, CONNECTION_ID, DESTINATION, FIRST, NAME, PROJECT, PROJECT_ID, PROVIDER,
    SECRET_PATH, VERSION,
};
use crate::core::text::visible;
use crate::yaml;

/// What a file says in other places.
const ELSEWHERE: [&str; 3] = [NAME, PROJECT_ID, CONNECTION_ID];

/// The widest line that has a comment behind a value.
const WIDTH: usize = 100;

/// The text of the file. `is_minimal` leaves out what need not be given.
pub fn text(destination: &Destination, is_minimal: bool) -> String {
    let platform = destination.provider;
    let spec = &destination.spec;
    let request = destination
        .file
        .standalone("create")
        .filter(|_| platform.lists_destinations());
    let mut outline = request.as_ref().map(outline).unwrap_or_default();
    let needs_connection = outline
        .fields
        .iter()
        .any(|field| field.name == CONNECTION_ID);
    outline
        .fields
        .retain(|field| !ELSEWHERE.contains(&field.name.as_str()));
    outline.fields.sort_by_key(|field| {
        let place = FIRST.iter().position(|first| *first == field.name);
        place.unwrap_or(FIRST.len())
    });

    let mut writer = Writer {
        out: String::new(),
        is_minimal,
    };
    let title = visible(&spec.name);
    writer.remark(
        0,
        &format!("A sync to {title}. Each field without a value needs one."),
    );
    if !is_minimal && !outline.fields.is_empty() {
        writer.remark(
            0,
            "What begins with `#` and no blank is optional: take the `#` away, and fill it in.",
        );
    }
    writer.pair(0, None, VERSION, Some(&json!(1)), "");
    writer.pair(0, None, PROVIDER, Some(&json!(platform.name())), "");
    writer.pair(
        0,
        None,
        PROJECT,
        None,
        "required; the project's id, slug or name",
    );
    writer.out.push_str("syncs:\n");
    writer.pair(
        1,
        None,
        &format!("my-{}", spec.slug),
        None,
        "the sync's name",
    );
    writer.pair(2, None, DESTINATION, Some(&json!(spec.slug)), "");
    if let Some(app) = spec.connection_app.as_ref().filter(|_| needs_connection) {
        let says = format!(
            "required; the name of a connection to {}, or `{CONNECTION_ID}` and its id",
            visible(app)
        );
        writer.pair(2, None, CONNECTION, None, &says);
    }
    writer.object(2, None, &outline);
    writer.out
}

struct Writer {
    out: String,
    is_minimal: bool,
}

impl Writer {
    /// The fields of an object. From the level of `commented` on they are comments.
    fn object(&mut self, level: usize, commented: Option<usize>, outline: &Outline) {
        let first = outline
            .union
            .as_ref()
            .and_then(|union| union.variants.first());
        let mut of_variant: &[OutlineField] = &[];
        if let (Some(union), Some((value, fields))) = (&outline.union, first) {
            let tag = outline.fields.iter().find(|field| field.name == union.tag);
            let says = tag.map(OutlineField::says).unwrap_or_default();
            self.pair(
                level,
                commented,
                &union.tag,
                Some(value),
                &format!("required; {says}"),
            );
            of_variant = fields;
        }
        let is_tag = |field: &&OutlineField| {
            outline
                .union
                .as_ref()
                .is_some_and(|union| union.tag == field.name)
        };
        let common = outline.fields.iter().filter(|field| !is_tag(field));
        for field in common.chain(of_variant) {
            self.field(level, commented, field);
        }
        if let Some(union) = outline.union.as_ref().filter(|_| !self.is_minimal) {
            let mut variants = union.variants.iter();
            let first = variants
                .next()
                .map(|(value, _)| pair_of(&union.tag, Some(value)));
            for (value, fields) in variants {
                let own: Vec<&str> = of_variant.iter().map(|field| field.name.as_str()).collect();
                let instead = if own.is_empty() {
                    "also these".to_owned()
                } else {
                    format!("these instead of `{}`", own.join("`, `"))
                };
                let tag = pair_of(&union.tag, Some(value));
                let first = first.as_deref().unwrap_or_default();
                self.remark(
                    level,
                    &format!("With `{tag}` in the place of `{first}`, {instead}:"),
                );
                for field in fields {
                    self.field(level, commented.or(Some(level)), field);
                }
            }
        }
    }

    fn field(&mut self, level: usize, commented: Option<usize>, field: &OutlineField) {
        if field.is_of_the_server || (self.is_minimal && !field.is_required) {
            return;
        }
        let commented = commented.or((!field.is_required).then_some(level));
        let need = if field.is_required {
            "required"
        } else {
            "optional"
        };
        let says = field.says();
        let says = if says.is_empty() {
            need.to_owned()
        } else {
            format!("{need}; {says}")
        };
        let value = match field.choices.as_slice() {
            [only] => Some(only),
            _ => field.default.as_ref().filter(|default| !default.is_null()),
        };
        // No schema says that it starts with a slash; this one is in every environment.
        let root = json!("/");
        let value = value.or((field.name == SECRET_PATH).then_some(&root));
        let value = value.filter(|_| field.inner.is_none());
        self.pair(level, commented, &field.name, value, &says);
        if let Some(inner) = &field.inner {
            self.object(level + 1, commented, inner);
        }
    }

    /// A key with its value, and with what there is to say about it behind it or above it.
    fn pair(
        &mut self,
        level: usize,
        commented: Option<usize>,
        key: &str,
        value: Option<&Value>,
        says: &str,
    ) {
        let indent = match commented {
            Some(from) => format!("{}#{}", "  ".repeat(from), "  ".repeat(level - from)),
            None => "  ".repeat(level),
        };
        let line = format!("{indent}{}", pair_of(key, value));
        let is_wide = line.chars().count() + says.chars().count() > WIDTH;
        if is_wide {
            self.remark(
                commented.unwrap_or(level),
                &format!("{}: {says}", visible(key)),
            );
        }
        let _ = if is_wide || says.is_empty() {
            writeln!(self.out, "{line}")
        } else {
            writeln!(self.out, "{line}  # {says}")
        };
    }

    /// Comment lines of words.
    fn remark(&mut self, level: usize, text: &str) {
        let indent = "  ".repeat(level);
        let mut line = format!("{indent}#");
        for word in text.split(' ') {
            if line.chars().count() + word.chars().count() > WIDTH && !line.ends_with('#') {
                let _ = writeln!(self.out, "{line}");
                line = format!("{indent}#");
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(self.out, "{line}");
    }
}

/// `key: value` on one line; `key:` without a value.
fn pair_of(key: &str, value: Option<&Value>) -> String {
    let written = yaml::to_string(&json!({ key: null }));
    let key = written.trim_end().trim_end_matches("null").trim_end();
    match value {
        None => key.to_owned(),
        // Values of one line; JSON is YAML for the others.
        Some(Value::String(text)) if !text.contains('\n') => yaml::to_string(&json!({ "k": text }))
            .trim_end()
            .replacen("k:", key, 1),
        Some(other) => format!("{key} {other}"),
    }
}
