//! Adding entries to a map of a text that people wrote, with every other byte as it was.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::emit::to_string;
use super::load::load;
use super::offset::{line_start, rest_of_line};
use crate::core::diagnostic::Diagnostic;
use crate::core::sources::Sources;
use crate::core::value::{Entry, Mapping, Node};

/// Why nothing can be added, as the end of a sentence about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InsertError {
    /// The text has an error.
    #[error("its YAML cannot be read")]
    NotReadable,
    /// It holds no document, or several.
    #[error("it does not hold exactly one document")]
    NotOneDocument,
    /// What should be a map is not a map.
    #[error("it is not a map that contains a map of entries")]
    NotAMap,
    /// The map is written with braces, or in another form that is not line by line.
    #[error("its entries are not written one below the other")]
    NotInLines,
    /// The map has one of the keys already.
    #[error("it already has an entry with that key")]
    KeyExists,
}

/// Adds entries at the end of the map under a key at the top of the only document.
///
/// The new text is read again before it is returned: it means what the old one meant, and the
/// entries.
pub fn add_entries(
    text: &str,
    key: &str,
    entries: &Map<String, Json>,
) -> Result<String, InsertError> {
    let (document, comments) = only_document(text)?;
    let top = document.as_mapping().ok_or(InsertError::NotAMap)?;
    let added = match top.entry(key) {
        None => appended(text, &to_string(&Json::Object(single(key, entries)))),
        Some(entry) if entry.value.is_null() => below(text, entry, entries),
        Some(entry) => match entry.value.as_mapping() {
            None => return Err(InsertError::NotAMap),
            Some(map) if map.is_empty() => below(text, entry, entries),
            Some(map)
                if map
                    .entries()
                    .iter()
                    .any(|entry| entries.contains_key(&entry.key)) =>
            {
                return Err(InsertError::KeyExists);
            }
            Some(map) => after_last(text, &entry.value, map, entries)?,
        },
    };
    let wanted = extended(document.to_json(), key, entries);
    match only_document(&added) {
        Ok((read, kept)) if read.to_json() == wanted && kept == comments => Ok(added),
        _ => Err(InsertError::NotInLines),
    }
}

/// The keys of the map under a key at the top of the only document.
pub fn keys(text: &str, key: &str) -> BTreeSet<String> {
    let document = only_document(text).ok();
    let map = document.as_ref().and_then(|(document, _)| {
        let entry = document.as_mapping()?.entry(key)?;
        entry.value.as_mapping()
    });
    let entries = map.into_iter().flat_map(Mapping::entries);
    entries.map(|entry| entry.key.clone()).collect()
}

/// The document, and the texts of the comments: in an order in which an insertion does not show.
fn only_document(text: &str) -> Result<(Node, Vec<String>), InsertError> {
    let loaded = load(Sources::default().add("text", text), text);
    if loaded.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(InsertError::NotReadable);
    }
    let comments = loaded.comments.into_iter().map(|comment| comment.text);
    let mut documents = loaded.documents;
    match (documents.pop(), documents.len()) {
        (Some(only), 0) => Ok((only, comments.collect())),
        _ => Err(InsertError::NotOneDocument),
    }
}

fn single(key: &str, entries: &Map<String, Json>) -> Map<String, Json> {
    let mut map = Map::new();
    map.insert(key.to_owned(), Json::Object(entries.clone()));
    map
}

fn extended(mut document: Json, key: &str, entries: &Map<String, Json>) -> Json {
    if let Json::Object(top) = &mut document {
        let map = top.entry(key).or_insert(Json::Null);
        if !map.is_object() {
            *map = Json::Object(Map::new());
        }
        if let Json::Object(map) = map {
            map.extend(entries.clone());
        }
    }
    document
}

fn appended(text: &str, lines: &str) -> String {
    let line_break = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        line_break(text)
    };
    format!("{text}{line_break}{}", with_line_breaks_of(text, lines))
}

/// In place of an empty map, or of nothing: below the line of its key.
fn below(text: &str, entry: &Entry, entries: &Map<String, Json>) -> String {
    let span = entry.value.span;
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let line = rest_of_line(after, 0);
    let head = format!(
        "{}{}",
        before.trim_end_matches([' ', '\t']),
        line.trim_end()
    );
    let rest = &after[line.len()..];
    let rest = rest
        .strip_prefix("\r\n")
        .or_else(|| rest.strip_prefix('\n'))
        .unwrap_or(rest);
    let lines = with_line_breaks_of(text, &indented(entries, 2));
    format!("{head}{}{lines}{rest}", line_break(text))
}

fn after_last(
    text: &str,
    node: &Node,
    map: &Mapping,
    entries: &Map<String, Json>,
) -> Result<String, InsertError> {
    let (Some(first), Some(last)) = (map.entries().first(), map.entries().last()) else {
        return Err(InsertError::NotInLines);
    };
    let key_start = first.key_span.start;
    let indent = key_start - line_start(text, key_start);
    let is_alone = text[key_start - indent..key_start]
        .bytes()
        .all(|byte| byte == b' ');
    if indent == 0 || !is_alone || text[node.span.start..].starts_with('{') {
        return Err(InsertError::NotInLines);
    }
    let end = last.value.span.end.max(last.key_span.end);
    let at = end_of_block(text, end, indent);
    let (before, after) = text.split_at(at);
    let above = appended(before, &indented(entries, indent));
    Ok(format!("{above}{after}"))
}

/// Where the lines of a block end, with the comments below it that are indented like it.
fn end_of_block(text: &str, end: usize, indent: usize) -> usize {
    let next_line = |from: usize| {
        text[from..]
            .find('\n')
            .map_or(text.len(), |at| from + at + 1)
    };
    let mut at = if text[..end].ends_with('\n') {
        end
    } else {
        next_line(end)
    };
    let mut line = at;
    while line < text.len() {
        let content = rest_of_line(text, line);
        let trimmed = content.trim_start();
        if trimmed.starts_with('#') && content.len() - trimmed.len() >= indent {
            at = next_line(line);
        } else if !trimmed.is_empty() {
            break;
        }
        line = next_line(line);
    }
    at
}

fn indented(entries: &Map<String, Json>, indent: usize) -> String {
    let indent = " ".repeat(indent);
    to_string(&Json::Object(entries.clone()))
        .split_inclusive('\n')
        .map(|line| match line {
            "\n" => line.to_owned(),
            line => format!("{indent}{line}"),
        })
        .collect()
}

/// What ends the lines of a text.
fn line_break(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn with_line_breaks_of(text: &str, lines: &str) -> String {
    lines.replace('\n', line_break(text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{InsertError, add_entries};

    fn entries() -> Map<String, Value> {
        let Value::Object(entries) = json!({"new": {"destination": "d", "text": "a\n\nb"}}) else {
            unreachable!()
        };
        entries
    }

    fn added(text: &str) -> Result<String, InsertError> {
        add_entries(text, "syncs", &entries())
    }

    #[test]
    fn an_entry_comes_after_the_last_one_and_nothing_else_changes() {
        let text = "\
# top
provider: p   # kept
syncs:
    web:      # this one
        destination: {a: 1}
        # of web

    api:
        text: |
            x
    # of the syncs

# below
defaults: {}
";
        let expected = text.replace(
            "    # of the syncs\n",
            "    # of the syncs\n    new:\n      destination: d\n      text: |-\n        a\n\n        b\n",
        );
        assert_eq!(added(text).unwrap(), expected);
    }

    #[test]
    fn an_entry_comes_into_an_empty_map_and_into_a_file_without_one() {
        let block = "syncs:\n  new:\n    destination: d\n    text: |-\n      a\n\n      b\n";
        for (text, expected) in [
            ("syncs: {}\n", block.to_owned()),
            ("syncs:\n", block.to_owned()),
            ("syncs: ~\n", block.to_owned()),
            ("syncs:", block.to_owned()),
            ("a: 1\n", format!("a: 1\n{block}")),
            ("a: 1", format!("a: 1\n{block}")),
            (
                "syncs: {} # none\nb: 1\n",
                block.replace("syncs:", "syncs: # none") + "b: 1\n",
            ),
        ] {
            assert_eq!(added(text).as_deref(), Ok(expected.as_str()), "{text:?}");
        }
    }

    #[test]
    fn a_text_keeps_its_line_breaks_and_gets_the_one_that_it_lacks_at_its_end() {
        let found = added("syncs:\r\n  web:\r\n    destination: x\r\n").unwrap();
        assert!(found.ends_with(
            "  new:\r\n    destination: d\r\n    text: |-\r\n      a\r\n\r\n      b\r\n"
        ));
        let found = added("syncs:\n  web:\n    destination: x").unwrap();
        assert!(found.contains("destination: x\n  new:\n"), "{found}");
    }

    #[test]
    fn what_is_not_written_line_by_line_is_refused() {
        for (text, refusal) in [
            ("syncs: {web: {a: 1}}\n", InsertError::NotInLines),
            ("{\"syncs\": {\"web\": {}}}\n", InsertError::NotInLines),
            ("syncs: [1]\n", InsertError::NotAMap),
            ("- 1\n", InsertError::NotAMap),
            ("syncs: {}\n---\nsyncs: {}\n", InsertError::NotOneDocument),
            ("", InsertError::NotOneDocument),
            ("a: [\n", InsertError::NotReadable),
            ("syncs:\n  new: {}\n", InsertError::KeyExists),
        ] {
            assert_eq!(added(text), Err(refusal), "{text:?}");
        }
    }
}
