//! Sources and destinations of what changes, as a graph in Mermaid's language.
//!
//! A text is a label in quotes in which everything but letters, digits and blanks is written as a
//! number, so that nothing in it has a meaning for Mermaid, for Markdown or for HTML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::review::{Flow, Item, Review, Risk};
use crate::core::text::{around, visible};
use crate::core::words;

/// The most edges that are drawn.
const MOST: usize = 40;
/// The longest label, in characters.
const LONGEST: usize = 48;

/// A graph, and how many syncs are not in it.
pub(super) struct Graph {
    /// The text of the graph, without a fence.
    pub text: String,
    /// Whether an edge is one that can delete secrets.
    pub has_thick: bool,
    /// How many syncs there is no edge for.
    pub left_out: usize,
}

/// Draws what a review's items push, those that can delete secrets first; `None` if nothing changes.
pub(super) fn graph(review: &Review<'_>) -> Option<Graph> {
    let mut flows: Vec<(&Item, &Flow)> = review
        .items
        .iter()
        .filter_map(|item| Some((item, item.flow.as_ref()?)))
        .collect();
    if flows.is_empty() {
        return None;
    }
    flows.sort_by_key(|(_, flow)| flow.risk);
    let left_out = flows.len().saturating_sub(MOST);
    flows.truncate(MOST);
    let mut nodes = Nodes::default();
    let mut edges = String::new();
    let mut has_thick = false;
    for (item, flow) in flows {
        let (from, to) = (
            nodes.id("s", [&flow.source; 2], ["[\"", "\"]"]),
            nodes.id("d", [&flow.place, &flow.target], ["([\"", "\"])"]),
        );
        let is_thick = flow.risk == Risk::DeletesSecrets;
        has_thick |= is_thick;
        let arrow = if is_thick { "==>" } else { "-->" };
        let what = label(&format!("{} {}", item.word, flow.name));
        let _ = writeln!(edges, "  {from} {arrow}|\"{what}\"| {to}");
    }
    Some(Graph {
        text: format!("flowchart LR\n{}{edges}", nodes.text),
        has_thick,
        left_out,
    })
}

impl Graph {
    /// What a reader must know to read it.
    pub(super) fn legend(&self) -> String {
        let mut sentences = Vec::new();
        if self.has_thick {
            sentences.push("A thick arrow can delete secrets at its destination.".to_owned());
        }
        if self.left_out > 0 {
            sentences.push(format!(
                "The graph leaves out {}.",
                words::count(self.left_out, "sync")
            ));
        }
        sentences.join(" ")
    }
}

/// The nodes that edges lead between, each once.
#[derive(Default)]
struct Nodes {
    ids: BTreeMap<(&'static str, String), String>,
    text: String,
}

impl Nodes {
    /// The id of the node that is known by a text, and shows another one.
    fn id(&mut self, kind: &'static str, [key, text]: [&str; 2], shape: [&str; 2]) -> String {
        let next = format!("{kind}{}", self.ids.len() + 1);
        let Self { ids, text: out } = self;
        let id = ids.entry((kind, key.to_owned())).or_insert_with(|| {
            let [open, close] = shape;
            let _ = writeln!(out, "  {next}{open}{}{close}", label(text));
            next
        });
        id.clone()
    }
}

/// A text within quotes.
fn label(text: &str) -> String {
    let mut out = String::new();
    for character in around(&visible(text), 0, LONGEST).chars() {
        match character {
            ' ' | '/' => out.push(character),
            '-' if !out.is_empty() => out.push('-'),
            other if other.is_alphanumeric() => out.push(other),
            other => {
                let _ = write!(out, "#{};", u32::from(other));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_label_has_letters_digits_blanks_and_numbers_of_characters() {
        assert_eq!(label("prod /web-1"), "prod /web-1");
        assert_eq!(
            label("a\"] --> b[`x`]\n%%{init}"),
            "a#34;#93; --#62; b#91;#96;x#96;#93;#92;n#37;#37;#123;init#125;"
        );
        assert_eq!(label("- 1. <b>"), "#45; 1#46; #60;b#62;");
    }

    #[test]
    fn a_long_label_is_cut() {
        assert_eq!(label(&"x".repeat(5_000)), "x".repeat(48) + "#8230;");
    }
}
