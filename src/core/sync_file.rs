//! A sync file as it is written: its defaults, and the block of each sync.

use std::collections::BTreeMap;

use super::cell::Values;
use super::code::Code;
use super::desired::{NamedProject, Word};
use super::diagnostic::Diagnostic;
use super::fields::{DEFAULTS, FILE_FIELDS, PROJECT, PROJECT_ID, PROVIDER, SYNCS};
use super::form;
use super::platform::Platform;
use super::span::Span;
use super::value::{Entry, Mapping, Node, Value};

/// What a file in which a plan is saved says that it is.
pub const SAVED_PLAN: &str = "secsync-plan";

/// A sync file as it is written, before defaults are merged into its syncs.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncFile {
    /// The file's defaults, its file-wide `provider` and `project` among them.
    pub defaults: Mapping,
    /// Its syncs, in the order of the file.
    pub syncs: Vec<Block>,
}

/// A sync's block in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The key of the block.
    pub key: String,
    /// The place of the key.
    pub key_span: Span,
    /// From the key to the end of the block.
    pub span: Span,
    /// What the block itself says.
    pub fields: Mapping,
    /// The values of the cell of a matrix that it is for.
    pub cell: Option<Values>,
}

/// Reads a document of a sync file. What is wrong is reported, and the rest is read all the same.
pub fn read_file(document: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<SyncFile> {
    let top = form::expect_mapping(document, "A sync file", diagnostics)?;
    if let Some(format) = top.entry("format")
        && format.value.as_str() == Some(SAVED_PLAN)
    {
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownField,
                format.key_span,
                "This is a saved plan, not a sync file.",
            )
            .help("`secsync show` shows it, and `secsync apply` applies it."),
        );
        return None;
    }
    let top = form::check_fields(top, &FILE_FIELDS, "a sync file", diagnostics);
    let top = top.as_ref();
    form::check_version(top, diagnostics);

    let mut defaults = match top.get(DEFAULTS) {
        Some(node) if !node.is_null() => form::expect_mapping(node, "`defaults`", diagnostics)
            .cloned()
            .unwrap_or_default(),
        _ => Mapping::default(),
    };
    form::check_defaults(&defaults, diagnostics);
    for key in [PROVIDER, PROJECT, PROJECT_ID] {
        let Some(entry) = top.entry(key).filter(|entry| !entry.value.is_null()) else {
            continue;
        };
        if let Some(also) = defaults.entry(key) {
            diagnostics.push(
                Diagnostic::new(
                    Code::ConflictingFields,
                    entry.key_span,
                    format!("`{key}` is given both at the top of the file and in its defaults."),
                )
                .also(also.key_span, "and here")
                .help("Keep one of the two."),
            );
        }
        defaults.insert(entry.clone());
    }
    form::check_alternatives(&defaults, diagnostics);

    let syncs = if let Some(entry) = top.entry(SYNCS) {
        read_blocks(entry, diagnostics)
    } else {
        diagnostics.push(
            Diagnostic::new(
                Code::MissingField,
                document.span,
                "This sync file has no `syncs`.",
            )
            .help("Add `syncs:` with one entry for each sync, under the sync's name."),
        );
        Vec::new()
    };
    Some(SyncFile { defaults, syncs })
}

fn read_blocks(syncs: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<Block> {
    if syncs.value.is_null() {
        return Vec::new();
    }
    let before = diagnostics.len();
    let Some(mapping) = form::expect_mapping(&syncs.value, "`syncs`", diagnostics) else {
        if let (Value::Sequence(_), Some(found)) = (&syncs.value.value, diagnostics.get_mut(before))
        {
            found.help =
                Some("Write each sync below its name: `web:` instead of `- name: web`.".to_owned());
        }
        return Vec::new();
    };
    let mut blocks = Vec::with_capacity(mapping.len());
    for entry in mapping.entries() {
        let fields = if entry.value.is_null() {
            Mapping::default()
        } else {
            let what = format!("The sync `{}`", entry.key);
            match form::expect_mapping(&entry.value, &what, diagnostics) {
                Some(fields) => fields.clone(),
                None => continue,
            }
        };
        form::check_alternatives(&fields, diagnostics);
        blocks.push(Block {
            key: entry.key.clone(),
            key_span: entry.key_span,
            span: Span::new(
                entry.key_span.source,
                entry.key_span.start,
                entry.value.span.end.max(entry.key_span.end),
            ),
            fields,
            cell: None,
        });
    }
    blocks
}

/// The project that defaults name, if they name one of a known provider.
pub fn named_project(
    defaults: &Mapping,
    providers: &BTreeMap<String, Platform>,
) -> Option<NamedProject> {
    let word = |key: &str| {
        let node = defaults.get(key)?;
        Some(Word {
            text: node.as_str()?.to_owned(),
            span: node.span,
        })
    };
    let provider = word(PROVIDER)?;
    let platform = *providers.get(&provider.text)?;
    let project = word(PROJECT).or_else(|| word(PROJECT_ID))?;
    Some(NamedProject {
        provider,
        platform,
        project,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::read_file;
    use crate::core::code::Code;
    use crate::core::diagnostic::Diagnostic;
    use crate::core::testing::node;

    fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
        diagnostics.iter().map(|found| found.code).collect()
    }

    fn file_codes(document: Json) -> Vec<Code> {
        let mut diagnostics = Vec::new();
        read_file(&node(document), &mut diagnostics);
        codes(&diagnostics)
    }

    #[test]
    fn a_file_gives_its_syncs_and_its_file_wide_defaults() {
        let mut diagnostics = Vec::new();
        let file = read_file(
            &node(json!({
                "version": 1, "provider": "infisical", "project": "p",
                "defaults": {"environment": "prod"}, "syncs": {"a": {"x": 1}, "b": null},
            })),
            &mut diagnostics,
        )
        .unwrap();
        assert_eq!(codes(&diagnostics), []);
        let keys: Vec<_> = file.syncs.iter().map(|block| block.key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
        for key in ["environment", "provider", "project"] {
            assert!(file.defaults.contains(key), "{key}");
        }
    }

    #[test]
    fn every_problem_of_a_file_is_reported() {
        let document = json!({
            "version": 2, "sync": {}, "project": "p", "projectId": "q",
            "defaults": {"ensure": "absent", "renamedFrom": "x", "name": "y"}, "syncs": {"a": 1},
        });
        assert_eq!(
            file_codes(document),
            [
                Code::UnknownField,
                Code::UnsupportedVersion,
                Code::NotAllowedInDefaults,
                Code::NotAllowedInDefaults,
                Code::NotAllowedInDefaults,
                Code::ConflictingFields,
                Code::WrongType,
            ]
        );
    }

    #[test]
    fn rejects_a_file_without_syncs_or_that_is_not_a_map() {
        assert_eq!(
            file_codes(json!({"provider": "infisical"})),
            [Code::MissingField]
        );
        assert_eq!(file_codes(json!([1])), [Code::WrongType]);
        assert_eq!(file_codes(json!({"syncs": null})), []);
    }
}
