//! Anchors and aliases: an alias is a copy, and copies are bounded.

use std::collections::HashMap;

use crate::core::value::{Node, Value};

/// How many nodes aliases may copy in one text.
const MAX_COPIED_NODES: usize = 100_000;
/// How many bytes of strings aliases may copy in one text.
const MAX_COPIED_BYTES: usize = 8 << 20;

/// What an anchor names.
#[derive(Debug)]
pub(super) enum Anchor {
    /// A scalar, and its text as it would be as a key.
    Scalar { node: Node, key: String },
    /// A collection that is still being read: an alias of it would be cyclic.
    Open,
    /// A collection that was read. It is in the tree already, so only the path to it is kept:
    /// at each level how many siblings come before. `start` proves that what is found is it.
    Collection { path: Vec<usize>, start: usize },
}

/// The anchors of a document.
pub(super) type Anchors = HashMap<usize, Anchor>;

/// How much more aliases may copy.
#[derive(Debug)]
pub(super) struct CopyBudget {
    nodes: usize,
    bytes: usize,
}

impl CopyBudget {
    /// The budget of a text.
    pub(super) const fn new() -> Self {
        Self {
            nodes: MAX_COPIED_NODES,
            bytes: MAX_COPIED_BYTES,
        }
    }

    /// Takes what a copy of the node costs and returns how deeply collections nest in it;
    /// `None` if the budget is exceeded, found without visiting more nodes than it allows.
    pub(super) fn take(&mut self, node: &Node) -> Option<usize> {
        self.nodes = self.nodes.checked_sub(1)?;
        let mut deepest = 0;
        match &node.value {
            Value::String(text) => self.take_bytes(text)?,
            Value::Sequence(items) => {
                for item in items {
                    deepest = deepest.max(self.take(item)?);
                }
            }
            Value::Mapping(mapping) => {
                for entry in mapping.entries() {
                    self.take_bytes(&entry.key)?;
                    deepest = deepest.max(self.take(&entry.value)?);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        let is_collection = matches!(node.value, Value::Sequence(_) | Value::Mapping(_));
        Some(deepest + usize::from(is_collection))
    }

    fn take_bytes(&mut self, text: &str) -> Option<()> {
        self.bytes = self.bytes.checked_sub(text.len())?;
        Some(())
    }
}

/// The node below `node` that a way leads to.
pub(super) fn descend<'a>(node: &'a Node, path: &[usize]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, index| match &node.value {
        Value::Sequence(items) => items.get(*index),
        Value::Mapping(mapping) => mapping.entries().get(*index).map(|entry| &entry.value),
        _ => None,
    })
}
