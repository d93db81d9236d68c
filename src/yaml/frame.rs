//! Collections that are being read.

use std::collections::HashMap;

use crate::core::span::Span;
use crate::core::value::{Entry, Mapping, Node, Value};

/// How many collections may lie within each other.
pub(super) const MAX_DEPTH: usize = 64;

/// From this many keys on, a map is searched by hash.
const INDEXED_FROM: usize = 16;

/// A collection whose end has not come yet.
#[derive(Debug)]
pub(super) struct Frame {
    /// What it contains so far.
    pub(super) children: Children,
    /// Its first byte.
    pub(super) start: usize,
    /// Where its last child ends, so far.
    pub(super) end: usize,
    /// Whether it is written in brackets.
    pub(super) flow: bool,
    /// The number that the parser gave its anchor; 0 for none.
    pub(super) anchor: usize,
    /// For an unquoted `{{…}}`: how many diagnostics there were before it.
    pub(super) template: Option<usize>,
}

/// The children of a collection that is being read.
#[derive(Debug)]
pub(super) enum Children {
    Sequence(Vec<Node>),
    Mapping(OpenMapping),
}

/// A map that is being read.
#[derive(Debug, Default)]
pub(super) struct OpenMapping {
    entries: Vec<Entry>,
    /// Where each key is, once there are many.
    index: HashMap<String, usize>,
    next: Next,
}

/// What comes next in a map.
#[derive(Debug, Default)]
enum Next {
    #[default]
    Key,
    /// The value of this key; of none if the key was refused, and the value is dropped.
    Value(Option<String>, Span),
}

impl Frame {
    /// How many children it has.
    pub(super) fn len(&self) -> usize {
        match &self.children {
            Children::Sequence(items) => items.len(),
            Children::Mapping(mapping) => mapping.entries.len(),
        }
    }

    /// A child that was read.
    pub(super) fn child(&self, at: usize) -> Option<&Node> {
        match &self.children {
            Children::Sequence(items) => items.get(at),
            Children::Mapping(mapping) => mapping.entries.get(at).map(|entry| &entry.value),
        }
    }

    /// The map, if it is one and a key comes next.
    pub(super) fn awaiting_key(&self) -> Option<&OpenMapping> {
        match &self.children {
            Children::Mapping(mapping) if matches!(mapping.next, Next::Key) => Some(mapping),
            _ => None,
        }
    }

    /// Where the key is whose value comes next.
    pub(super) fn pending_key(&self) -> Option<Span> {
        match &self.children {
            Children::Mapping(OpenMapping {
                next: Next::Value(_, span),
                ..
            }) => Some(*span),
            _ => None,
        }
    }

    /// Takes a key, or notes that one was refused.
    pub(super) fn take_key(&mut self, key: Option<String>, span: Span) {
        self.end = self.end.max(span.end);
        if let Children::Mapping(mapping) = &mut self.children {
            mapping.next = Next::Value(key, span);
        }
    }

    /// Takes an item, or the value of the key before.
    pub(super) fn take_value(&mut self, node: Node) {
        self.end = self.end.max(node.span.end);
        match &mut self.children {
            Children::Sequence(items) => items.push(node),
            Children::Mapping(mapping) => {
                if let Next::Value(Some(key), key_span) = std::mem::take(&mut mapping.next) {
                    mapping.push(Entry {
                        key,
                        key_span,
                        value: node,
                    });
                }
            }
        }
    }
}

impl Children {
    /// What a person calls it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a map",
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Sequence(items) => Value::Sequence(items),
            Self::Mapping(mapping) => {
                Value::Mapping(mapping.entries.into_iter().collect::<Mapping>())
            }
        }
    }
}

impl OpenMapping {
    /// The entry of a key.
    pub(super) fn find(&self, key: &str) -> Option<&Entry> {
        if self.entries.len() < INDEXED_FROM {
            self.entries.iter().find(|entry| entry.key == key)
        } else {
            self.index.get(key).and_then(|at| self.entries.get(*at))
        }
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        let unindexed = match self.entries.len() {
            ..INDEXED_FROM => return,
            INDEXED_FROM => 0,
            more => more - 1,
        };
        for (at, entry) in self.entries.iter().enumerate().skip(unindexed) {
            self.index.insert(entry.key.clone(), at);
        }
    }
}
