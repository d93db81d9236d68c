//! Values that know their place in a file.

use std::sync::Arc;

use serde_json::Number;

use super::span::Span;

/// How a scalar was written; it decides whether a variable in it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes. Its type follows YAML 1.2's core schema.
    Plain,
    /// In single or double quotes, or as a block scalar: always a string.
    Quoted,
    /// A mapping or a sequence.
    Collection,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place. A merged value keeps the place of the file that it came from.
    pub span: Span,
    /// How it was written.
    pub style: Style,
}

/// What a YAML 1.2 document can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a finite decimal number.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A map.
    Mapping(Mapping),
}

/// A map in the order of its file. Keys are strings and unique: the loader refuses others.
///
/// Clones share their entries until one of them changes: thousands of syncs inherit the same maps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapping {
    entries: Arc<Vec<Entry>>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The place of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Mapping {
    /// A map from outside any file, with one place for all of it.
    pub fn from_json(fields: serde_json::Map<String, serde_json::Value>, span: Span) -> Self {
        fields
            .into_iter()
            .map(|(key, value)| Entry {
                key,
                key_span: span,
                value: Node::from_json(value, span),
            })
            .collect()
    }

    /// The entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, to be changed in place.
    pub fn entries_mut(&mut self) -> &mut Vec<Entry> {
        Arc::make_mut(&mut self.entries)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Whether the map has the key.
    pub fn contains(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Sets a key, in the place that it had or at the end.
    pub fn insert(&mut self, entry: Entry) {
        let entries = self.entries_mut();
        match entries.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => *old = entry,
            None => entries.push(entry),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries_mut().remove(at))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About how many bytes its keys and values take as text.
    pub fn weight(&self) -> usize {
        let entries = self.entries.iter();
        entries
            .map(|entry| entry.key.len() + entry.value.value.weight())
            .sum()
    }
}

impl FromIterator<Entry> for Mapping {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        // There are as many maps as syncs, and few of them grow.
        entries.shrink_to_fit();
        Self {
            entries: Arc::new(entries),
        }
    }
}

impl Node {
    /// A value from outside any file, with one place for all of it.
    pub fn from_json(value: serde_json::Value, span: Span) -> Self {
        let (value, style) = match value {
            serde_json::Value::Null => (Value::Null, Style::Plain),
            serde_json::Value::Bool(value) => (Value::Bool(value), Style::Plain),
            serde_json::Value::Number(value) => (Value::Number(value), Style::Plain),
            serde_json::Value::String(value) => (Value::String(value), Style::Plain),
            serde_json::Value::Array(items) => (
                Value::Sequence(
                    items
                        .into_iter()
                        .map(|item| Self::from_json(item, span))
                        .collect(),
                ),
                Style::Collection,
            ),
            serde_json::Value::Object(fields) => (
                Value::Mapping(Mapping::from_json(fields, span)),
                Style::Collection,
            ),
        };
        Self { value, span, style }
    }

    /// The value without its places.
    pub fn to_json(&self) -> serde_json::Value {
        self.value.to_json()
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A string, a boolean or a number as text.
    pub fn as_text(&self) -> Option<String> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(value) => Some(value.to_string()),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The value at a path of keys joined by dots.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .try_fold(self, |node, key| node.as_mapping()?.get(key))
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}

impl Value {
    /// The value without places.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => value.clone().into(),
            Self::String(value) => value.clone().into(),
            Self::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Self::Mapping(mapping) => mapping
                .entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Whether two values are equal, wherever they are written.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sequence(one), Self::Sequence(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|(one, other)| one.value.is_same(&other.value))
            }
            (Self::Mapping(one), Self::Mapping(other)) => {
                one.len() == other.len()
                    && one.entries.iter().all(|entry| {
                        let other = other.get(&entry.key);
                        other.is_some_and(|other| entry.value.value.is_same(&other.value))
                    })
            }
            _ => self == other,
        }
    }

    /// About how many bytes it takes as text.
    pub fn weight(&self) -> usize {
        const OF_A_NODE: usize = 8;
        let inside: usize = match self {
            Self::String(text) => text.len(),
            Self::Sequence(items) => items.iter().map(|item| item.value.weight()).sum(),
            Self::Mapping(mapping) => mapping.weight(),
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
        };
        OF_A_NODE + inside
    }

    /// What a person calls the kind of value: "a string", "a list", …
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a map",
        }
    }
}
