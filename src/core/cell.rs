//! A cell of a matrix: the values with which a block declares one of its syncs.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::span::Span;
use super::value::{Node, Value};

/// The longest value in a label, in characters.
const LONGEST: usize = 40;

/// One cell of a matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// Its axes in few words: `app=web, env=prod`.
    pub label: String,
    /// The value of each axis, and of what `include` adds.
    pub values: Values,
    /// The key of the block as it is written.
    pub template: Arc<str>,
    /// The key of the block with the values of this cell.
    pub key: String,
    /// How many cells the matrix has.
    pub of: usize,
    /// Where values were put in, and where the matrix gives them.
    pub uses: Vec<(Span, Span)>,
}

/// How much a label says of a value.
#[derive(Debug, Clone, Copy)]
pub enum LabelStyle<'a> {
    /// Of a map the fields that the key uses, or else the first simple one; of a long text its
    /// beginning.
    Short {
        /// The paths in the key.
        used_in_key: &'a [String],
    },
    /// All of it.
    Whole,
}

/// The values of a cell by name, shared with the other cells that have them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values(pub Vec<(Arc<str>, Arc<Node>)>);

impl Values {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Node>> {
        let mut values = self.0.iter();
        values
            .find(|(other, _)| **other == *name)
            .map(|(_, value)| value)
    }

    /// The value at a path: a name, and fields joined by dots.
    pub fn at(&self, path: &str) -> Option<&Node> {
        match path.split_once('.') {
            Some((name, rest)) => self.get(name)?.at(rest),
            None => self.get(path).map(|value| &**value),
        }
    }

    /// Adds a value, or replaces the one that the name has.
    pub fn set(&mut self, name: &Arc<str>, value: &Arc<Node>) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, known)) => *known = Arc::clone(value),
            None => self.0.push((Arc::clone(name), Arc::clone(value))),
        }
    }

    /// The values without places.
    pub fn to_json(&self) -> Map<String, Json> {
        let values = self.0.iter();
        values
            .map(|(name, value)| (name.to_string(), value.to_json()))
            .collect()
    }

    /// The values of these names in few words, or in all that it takes.
    pub fn label(&self, names: &[&str], style: LabelStyle<'_>) -> String {
        let words = names.iter().filter_map(|axis| {
            let value = self.get(axis)?;
            let LabelStyle::Short { used_in_key } = style else {
                let text = value
                    .as_text()
                    .unwrap_or_else(|| value.to_json().to_string());
                return Some(format!("{axis}={text}"));
            };
            let of_axis = used_in_key.iter().filter(|path| {
                let rest = path.strip_prefix(*axis);
                rest.is_some_and(|rest| rest.starts_with('.'))
            });
            let mut used: Vec<String> = of_axis
                .filter_map(|path| self.at(path)?.as_text())
                .collect();
            used.dedup();
            let text = if used.is_empty() {
                first_text(value).unwrap_or_else(|| value.to_json().to_string())
            } else {
                used.join("/")
            };
            let short: String = text.chars().take(LONGEST).collect();
            let dots = if short.len() < text.len() { "…" } else { "" };
            Some(format!("{axis}={short}{dots}"))
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

fn first_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Mapping(mapping) => {
            let mut entries = mapping.entries().iter();
            entries.find_map(|entry| first_text(&entry.value))
        }
        Value::Sequence(items) => items.iter().find_map(first_text),
        _ => node.as_text(),
    }
}
