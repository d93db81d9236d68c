//! What changes in a sync, as the lines of a YAML diff.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, group_diff_ops};

use crate::core::diff::FieldChange;
use crate::core::fields::{CONNECTION, CONNECTION_ID};
use crate::core::normalize;
use crate::core::plan::{Action, Step};
use crate::core::text::visible_lines;
use crate::yaml;

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// The diff of one action, without a heading. It shows all of a sync that is deleted.
pub(super) fn of_action(action: &Action) -> String {
    let (mut before, mut after, context) = match &action.step {
        Step::Update(update) => (
            update.before.clone(),
            update.expected.clone(),
            Some(CONTEXT),
        ),
        Step::Replace { new, .. } => (Map::new(), new.expected.clone(), None),
        Step::Delete { .. } => (Map::new(), Map::new(), None),
        _ => (Map::new(), Map::new(), Some(CONTEXT)),
    };
    overlay(&action.changes, &mut before, &mut after);
    if let Some(old) = action.deleted() {
        let fields = normalize::declarable(old).into_iter();
        before.extend(fields.filter(|(_, value)| !value.is_null()));
        let is_by_name = after.is_empty() || after.contains_key(CONNECTION);
        if is_by_name && !old.connection.name.is_empty() {
            before.remove(CONNECTION_ID);
            before.insert(CONNECTION.to_owned(), old.connection.name.clone().into());
        }
    }
    if let Step::Delete { old, .. } = &action.step {
        let destination = ("destination".to_owned(), old.destination.clone().into());
        before = std::iter::once(destination).chain(before).collect();
    }
    difference(before, after, context)
}

/// The diff of some fields alone.
pub(super) fn of_changes(changes: &[FieldChange]) -> String {
    let (mut before, mut after) = (Map::new(), Map::new());
    overlay(changes, &mut before, &mut after);
    difference(before, after, Some(CONTEXT))
}

/// Writes the changes as people read them over the two sides.
fn overlay(
    changes: &[FieldChange],
    before: &mut Map<String, Value>,
    after: &mut Map<String, Value>,
) {
    for change in changes {
        if change.path == [CONNECTION] {
            // The connection is shown by its name instead.
            before.remove(CONNECTION_ID);
            after.remove(CONNECTION_ID);
        }
        for (side, value) in [(&mut *before, &change.before), (&mut *after, &change.after)] {
            if let Some(value) = value {
                set(side, &change.path, value);
            }
        }
    }
}

fn set(fields: &mut Map<String, Value>, path: &[String], value: &Value) {
    match path {
        [] => {}
        [last] => {
            fields.insert(last.clone(), value.clone());
        }
        [first, rest @ ..] => {
            let inner = fields
                .entry(first.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// The fields in the order of others, so that only what differs is in the diff.
fn in_order_of(order: &Map<String, Value>, mut fields: Map<String, Value>) -> Map<String, Value> {
    let mut ordered = Map::new();
    for (key, other) in order {
        match (fields.get_mut(key).map(Value::take), other) {
            (Some(Value::Object(inner)), Value::Object(other)) => {
                ordered.insert(key.clone(), in_order_of(other, inner).into());
            }
            (Some(value), _) => {
                ordered.insert(key.clone(), value);
            }
            (None, _) => {}
        }
    }
    ordered.extend(
        fields
            .into_iter()
            .filter(|(key, _)| !order.contains_key(key)),
    );
    ordered
}

/// `context` is how many lines around a change are shown; all of them without it.
fn difference(
    mut before: Map<String, Value>,
    mut after: Map<String, Value>,
    context: Option<usize>,
) -> String {
    // An id that stays the same is noise: files name connections, not ids.
    if before.get(CONNECTION_ID) == after.get(CONNECTION_ID) {
        before.remove(CONNECTION_ID);
        after.remove(CONNECTION_ID);
    }
    let before = in_order_of(&after, before);
    let text = |fields: Map<String, Value>| {
        if fields.is_empty() {
            String::new()
        } else {
            visible_lines(&yaml::to_string(&Value::Object(fields)))
        }
    };
    let (before, after) = (text(before), text(after));
    let all = before.lines().count() + after.lines().count();
    unified(&before, &after, context.unwrap_or(all))
}

/// The diff of two texts, each line of which has an end.
///
/// It names its algorithm: `TextDiff` brings all of them into the program, half a megabyte.
fn unified(before: &str, after: &str, context: usize) -> String {
    let before: Vec<&str> = before.split_inclusive('\n').collect();
    let after: Vec<&str> = after.split_inclusive('\n').collect();
    let (old, new) = (before.as_slice(), after.as_slice());
    let mut compact = Compact::new(Replace::new(Capture::new()), old, new);
    let Ok(()) = myers::diff(&mut compact, old, 0..old.len(), new, 0..new.len());
    let operations = compact.into_inner().into_inner().into_ops();
    let mut text = String::new();
    let hunks = group_diff_ops(operations, context).into_iter();
    for hunk in hunks.filter(|hunk| !hunk.is_empty()) {
        let _ = writeln!(text, "{}", UnifiedHunkHeader::new(&hunk));
        for change in hunk
            .iter()
            .flat_map(|operation| operation.iter_changes(old, new))
        {
            text.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            text.push_str(change.value());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use proptest::collection::vec;
    use proptest::proptest;
    use similar::TextDiff;

    use super::{of_changes, unified};
    use crate::core::diff::FieldChange;

    fn change(path: &str, before: Option<Value>, after: Option<Value>) -> FieldChange {
        FieldChange {
            path: path.split('.').map(str::to_owned).collect(),
            before,
            after,
        }
    }

    #[test]
    fn what_differs_is_a_diff_of_yaml() {
        let shown = of_changes(&[
            change("secretPath", Some(json!("/a")), Some(json!("/b"))),
            change(
                "syncOptions.keySchema",
                None,
                Some(json!("A_{{secretKey}}")),
            ),
            change("tags", Some(json!(["x"])), None),
        ]);
        insta::assert_snapshot!(shown, @r#"
        @@ -1,3 +1,3 @@
        -secretPath: /a
        -tags:
        -- x
        +secretPath: /b
        +syncOptions:
        +  keySchema: "A_{{secretKey}}"
        "#);
    }

    #[test]
    fn nothing_in_a_value_is_a_line_of_its_own_or_reaches_the_terminal() {
        let evil = "a\n+++ b/x\n\u{1b}[2J\u{202e}\r\n@@ -1 +1 @@\n";
        let shown = of_changes(&[change("description", None, Some(json!(evil)))]);
        let mut lines = shown.lines();
        assert!(lines.next().unwrap().starts_with("@@ "));
        assert!(lines.all(|line| line.starts_with('+')), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
    }

    proptest! {
        #[test]
        fn a_diff_is_the_one_that_a_text_diff_shows(
            before in vec("[a-d]\n", 0..12),
            after in vec("[a-d]\n", 0..12),
            context in 0..4_usize,
        ) {
            let (before, after) = (before.concat(), after.concat());
            let shown = TextDiff::from_lines(&before, &after)
                .unified_diff()
                .context_radius(context)
                .to_string();
            assert_eq!(unified(&before, &after, context), shown);
        }
    }
}
