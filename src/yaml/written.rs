//! From a scalar as it was written to its value.

use granit_parser::Tag;

use crate::core::diagnostic::Diagnostic;
use crate::core::span::Span;
use crate::core::value::{Style, Value};

use super::frame::Children;
use super::message;
use super::scalar::{self, ScalarType};

/// A scalar as it was written.
pub(super) struct Scalar {
    /// Its content; of a plain one, the source text.
    pub(super) text: String,
    pub(super) span: Span,
    pub(super) style: Style,
    /// Whether nothing is written where a scalar could be.
    pub(super) absent: bool,
    /// The number that the parser gave its anchor; 0 for none.
    pub(super) anchor: usize,
    pub(super) tag: Option<WrittenTag>,
}

/// A tag as it was written.
pub(super) struct WrittenTag {
    text: String,
    span: Span,
    demands: Demand,
}

/// What a tag requires of the value after it.
enum Demand {
    Scalar(ScalarType),
    List,
    Map,
    /// A tag that secsync does not know.
    Unknown,
}

impl WrittenTag {
    pub(super) fn new(tag: &Tag, text: String, span: Span) -> Self {
        let demands = match tag.core_suffix() {
            Some("seq") => Demand::List,
            Some("map") => Demand::Map,
            Some(suffix) => ScalarType::of_tag(suffix).map_or(Demand::Unknown, Demand::Scalar),
            None => Demand::Unknown,
        };
        Self {
            text,
            span,
            demands,
        }
    }

    /// What is wrong with the tag before a collection.
    pub(super) fn check(&self, children: &Children) -> Option<Diagnostic> {
        match (&self.demands, children) {
            (Demand::List, Children::Sequence(_)) | (Demand::Map, Children::Mapping(_)) => None,
            _ => Some(self.refuse(children.kind())),
        }
    }

    fn refuse(&self, found: &str) -> Diagnostic {
        let wanted = match self.demands {
            Demand::Scalar(demanded) => demanded.name(),
            Demand::List => "a list",
            Demand::Map => "a map",
            Demand::Unknown => return message::unknown_tag(&self.text, self.span),
        };
        message::wrong_tag(&self.text, wanted, found, self.span)
    }
}

impl Scalar {
    /// The value, and whether it counts as plain or quoted. If it has no value,
    /// the text or the nearest number takes its place, and the findings say so.
    pub(super) fn resolve(&self, findings: &mut Vec<Diagnostic>) -> (Value, Style) {
        let text = self.text.as_str();
        let resolved = match &self.tag {
            None if self.style == Style::Quoted => return self.as_string(),
            None => {
                if scalar::has_leading_zero(text) {
                    findings.push(message::leading_zero(text, self.span));
                }
                scalar::plain(text)
            }
            Some(tag) => {
                let resolved = match tag.demands {
                    Demand::Scalar(ScalarType::String) => return self.as_string(),
                    Demand::Scalar(demanded) => scalar::tagged(demanded, text),
                    _ => None,
                };
                let Some(resolved) = resolved else {
                    findings.push(tag.refuse(&format!("`{}`", message::short(text))));
                    return self.as_string();
                };
                resolved
            }
        };
        let value = resolved.unwrap_or_else(|problem| {
            findings.push(message::number(text, problem, self.span));
            scalar::approximate(text).map_or_else(|| self.as_string().0, Value::Number)
        });
        (value, Style::Plain)
    }

    fn as_string(&self) -> (Value, Style) {
        (Value::String(self.text.clone()), Style::Quoted)
    }
}
