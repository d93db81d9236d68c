//! Where in the file a finding is.

use super::finding::{Finding, FindingKind};
use crate::core::span::Span;
use crate::core::value::{Entry, Mapping, Node, Value};

/// The place of a finding: a wrong value itself, an unknown field's key, and for a missing
/// field the key of the map that it should be in. `at` is the sync's key.
pub fn span(fields: &Mapping, at: Span, finding: &Finding) -> Span {
    let mut found = Found::Root(fields, at);
    for segment in &finding.path {
        match found.step(segment) {
            Some(next) => found = next,
            None => return found.key(),
        }
    }
    match &finding.kind {
        FindingKind::Unknown { name, .. } | FindingKind::FurtherUnknown { first: name, .. } => {
            found.step(name).map_or_else(|| found.key(), |at| at.key())
        }
        FindingKind::Missing { .. } => found.key(),
        _ => found.value(),
    }
}

/// Whether a place lies before the sync, so that it can only be a default.
pub fn is_inherited(span: Span, at: Span) -> bool {
    span.source != at.source || span.start < at.start
}

enum Found<'a> {
    Root(&'a Mapping, Span),
    Entry(&'a Entry),
    Item(&'a Node),
}

impl<'a> Found<'a> {
    fn step(&self, segment: &str) -> Option<Self> {
        let value: &'a Value = match self {
            Self::Root(mapping, _) => return mapping.entry(segment).map(Self::Entry),
            Self::Entry(entry) => &entry.value.value,
            Self::Item(node) => &node.value,
        };
        match value {
            Value::Mapping(mapping) => mapping.entry(segment).map(Self::Entry),
            Value::Sequence(items) => items.get(segment.parse::<usize>().ok()?).map(Self::Item),
            _ => None,
        }
    }

    fn key(&self) -> Span {
        match self {
            Self::Root(_, at) => *at,
            Self::Entry(entry) => entry.key_span,
            // An item has no key; its first one is as near as can be.
            Self::Item(node) => node
                .as_mapping()
                .and_then(|mapping| mapping.entries().first())
                .map_or(node.span, |entry| entry.key_span),
        }
    }

    fn value(&self) -> Span {
        let node = match self {
            Self::Root(_, at) => return *at,
            Self::Entry(entry) => &entry.value,
            Self::Item(node) => node,
        };
        match node.value {
            // A caret under many lines is no help.
            Value::Mapping(_) | Value::Sequence(_) => self.key(),
            _ if node.span.start == node.span.end => self.key(),
            _ => node.span,
        }
    }
}
