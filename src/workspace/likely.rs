//! Whether a text looks like the file that it is taken for.
//!
//! What does not can be anything that lies about on a machine, and so hold what nobody may see. Of
//! such a text findings show only a few characters.

use crate::core::fields::{DEFAULTS, PROVIDER, SYNCS};
use crate::core::form::misspelt;
use crate::core::value::Node;

/// The fields that a sync file has at its top, and few other files.
const OF_SYNC_FILES: [&str; 3] = [SYNCS, DEFAULTS, PROVIDER];
/// The same for a workspace file.
const OF_WORKSPACE_FILES: [&str; 9] = [
    "include",
    "providers",
    "defaults",
    "variables",
    "lint",
    "unmanaged",
    "protect",
    "limits",
    "state",
];

/// What a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The workspace file.
    Workspace,
    /// A sync file.
    Sync,
    /// A file of variables, which can have any keys.
    Variables,
    /// The axes of a matrix, each with a list of values.
    Matrix,
}

impl FileKind {
    /// Whether a text can be such a file: if it could be read, by a field of its documents, and
    /// otherwise by a line that begins like one.
    pub fn is_likely(self, text: &str, documents: &[Node]) -> bool {
        let fields: &[&str] = match self {
            Self::Workspace => &OF_WORKSPACE_FILES,
            Self::Sync => &OF_SYNC_FILES,
            Self::Variables => return false,
            Self::Matrix => {
                let has_axes = |document: &Node| {
                    let mapping = document.as_mapping();
                    mapping.is_some_and(|axes| {
                        let mut axes = axes.entries().iter();
                        axes.all(|axis| axis.value.as_sequence().is_some())
                    })
                };
                return !documents.is_empty() && documents.iter().all(has_axes);
            }
        };
        let has_field = |document: &Node| {
            let mapping = document.as_mapping();
            mapping.is_some_and(|mapping| {
                fields.iter().any(|field| mapping.get(field).is_some())
                    // One word can be near to ours by chance.
                    || misspelt(mapping, fields, &[]).len() > 1
            })
        };
        if documents.is_empty() {
            text.lines()
                .any(|line| fields.iter().any(|field| begins(line, field)))
        } else {
            documents
                .iter()
                .all(|document| document.is_null() || has_field(document))
        }
    }
}

/// Whether a line begins with a field at the top of a document, in YAML or in JSON.
fn begins(line: &str, field: &str) -> bool {
    let line = line.trim_start_matches(['{', ' ', '"', '\'']);
    let rest = line.strip_prefix(field);
    rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
}

/// How many characters of a word are shown that can be of a hidden text: too few for a secret.
const SHOWN: usize = 8;
/// The longest word of a sentence that is shown whole.
const LONGEST_QUOTE: usize = 11;
/// The same outside of quotes, where the words are those of a language.
const LONGEST_WORD: usize = 16;

/// A sentence about a hidden text, with what it quotes cut short.
pub fn concealed(sentence: &str) -> String {
    let mut shown = String::new();
    for (index, part) in sentence.split('`').enumerate() {
        let is_quoted = index % 2 == 1;
        if index > 0 {
            shown.push('`');
        }
        if is_quoted {
            shown.push_str(&cut(part, LONGEST_QUOTE));
        } else {
            let words: Vec<String> = part
                .split(' ')
                .map(|word| cut(word, LONGEST_WORD))
                .collect();
            shown.push_str(&words.join(" "));
        }
    }
    shown
}

fn cut(word: &str, longest: usize) -> String {
    if word.chars().count() <= longest {
        return word.to_owned();
    }
    word.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{FileKind, concealed};

    #[test]
    fn a_workspace_file_is_known_by_any_field_that_only_it_has() {
        for text in ["limits:\n  deletes: 5\n", "lint: {}\n", "protect: [a]\n"] {
            assert!(FileKind::Workspace.is_likely(text, &[]), "{text}");
        }
        assert!(!FileKind::Workspace.is_likely("password: hunter2\n", &[]));
    }

    #[test]
    fn cuts_what_a_sentence_quotes_from_a_hidden_text() {
        for (sentence, shown) in [
            ("`a` is not a field.", "`a` is not a field."),
            (
                "`hunter2-is-the-password` is not a field, `projectId` is.",
                "`hunter2-…` is not a field, `projectId` is.",
            ),
            (
                "Quote it: `a: \"{{ hunter2-is-the-password }}\"`",
                "Quote it: `a: \"{{ h…`",
            ),
            (
                "Quote the value: \"*hunter2-is-the-password\".",
                "Quote the value: \"*hunter…",
            ),
            (
                "`a`hunter2-is-the-password` is not a field.",
                "`a`hunter2-…` is not …",
            ),
        ] {
            assert_eq!(concealed(sentence), shown);
        }
    }
}
