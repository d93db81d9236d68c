//! Where the declarations of an import go: into a file that people wrote, a new one, or standard
//! output.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::draft::{self, Document, LeftOut};
use super::paths::schema_from;
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::UnknownField;
use crate::core::value::{Mapping, Node};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Opened;
use crate::root::Existing;
use crate::workspace::{Workspace, read};
use crate::yaml;

/// Where declarations go.
pub struct Target {
    /// The path, and how people write it; `None` for standard output.
    pub place: Option<(Utf8PathBuf, Utf8PathBuf)>,
    /// The defaults of the text that it has.
    pub defaults: Mapping,
    /// The text that it has.
    text: Option<String>,
}

/// What is to be written to a target.
pub struct Addition {
    /// The whole new text.
    pub text: String,
    /// The syncs that were added to it, each with its project.
    pub syncs: Vec<(String, String)>,
    /// What was found about them; lints, because anything worse is refused.
    pub findings: Vec<Diagnostic>,
    /// The fields that it cannot declare, because the schemas in use do not know them.
    pub unknown: Vec<UnknownField>,
    /// The text as secsync reads it.
    pub checked: Arc<Workspace>,
}

impl Target {
    /// Reads the file at a path of the command line, if there is one.
    pub fn open(path: Option<&Utf8Path>, opened: &Opened) -> Result<Self, CommandError> {
        let Some(path) = path else {
            return Ok(Self {
                place: None,
                text: None,
                defaults: Mapping::default(),
            });
        };
        let directory = &opened.options.request.directory;
        let full = directory.join(path);
        let shown = Utf8PathBuf::from(opened.workspace.shown(&full));
        let text = if full.exists() || full.is_symlink() {
            let read = read::read_named(&full, directory, shown.as_str());
            Some(read.map_err(|found| CommandError::new(Exit::Error, found.message))?)
        } else {
            None
        };
        let defaults = text.as_deref().and_then(|text| opened.file_defaults(text));
        Ok(Self {
            place: Some((full, shown)),
            defaults: defaults.unwrap_or_default(),
            text,
        })
    }

    /// What becomes of the file that it has.
    pub const fn existing(&self) -> Existing {
        if self.text.is_some() {
            Existing::Replace
        } else {
            Existing::Keep
        }
    }

    /// Adds a document to the target's text. An error if a part of it cannot be declared.
    pub fn add(
        &self,
        opened: &Opened,
        document: Document,
        inherited: &Mapping,
        is_same_project: &dyn Fn(&str) -> bool,
    ) -> Result<Addition, CommandError> {
        refuse_left_out(&document.left_out)?;
        let syncs: Vec<(String, String)> = document
            .blocks
            .keys()
            .map(|name| (document.project.clone(), name.clone()))
            .collect();
        let (Some(text), Some((_, shown))) = (&self.text, &self.place) else {
            return self.begin(opened, document, syncs);
        };
        let text = insert(text, &document, inherited, is_same_project, shown)?;
        let checked = draft::check(opened, shown.as_str(), text.clone())?;
        let refused = draft::refusals(&checked);
        let is_mine = |(of, name): &(String, String)| {
            is_same_project(of) && syncs.iter().any(|(_, own)| own == name)
        };
        if let Some((_, reason)) = refused.iter().find(|(identity, _)| is_mine(identity)) {
            return Err(nothing_written(reason));
        }
        let names = syncs.iter().map(|(_, name)| name.as_str()).collect();
        Ok(Addition {
            findings: draft::findings_about(&checked, &names),
            text,
            checked,
            syncs,
            unknown: document.unknown,
        })
    }

    /// The text of a new file.
    fn begin(
        &self,
        opened: &Opened,
        document: Document,
        syncs: Vec<(String, String)>,
    ) -> Result<Addition, CommandError> {
        let root = &opened.workspace.root;
        let directory = self.place.as_ref().and_then(|(full, _)| full.parent());
        let directory = directory.map_or_else(|| root.join("syncs"), Utf8Path::to_owned);
        let name = self
            .place
            .as_ref()
            .map_or("<stdout>", |(_, shown)| shown.as_str());
        let schema = schema_from(&directory, root);
        let draft = draft::compose(opened, vec![document], &schema, name)?;
        refuse_left_out(&draft.left_out)?;
        Ok(Addition {
            text: draft.text,
            findings: draft.checked.diagnostics.clone(),
            checked: draft.checked,
            unknown: draft.unknown,
            syncs,
        })
    }
}

fn refuse_left_out(left_out: &[LeftOut]) -> Result<(), CommandError> {
    match left_out.first() {
        Some(one) => Err(nothing_written(&format!(
            "The sync `{}` cannot be declared. {}",
            one.name, one.reason
        ))),
        None => Ok(()),
    }
}

fn nothing_written(reason: &str) -> CommandError {
    CommandError::new(Exit::Error, format!("{reason} Nothing was written."))
}

/// The text with the blocks below its syncs, each with the provider and the project that its file
/// does not say.
fn insert(
    text: &str,
    document: &Document,
    inherited: &Mapping,
    is_same_project: &dyn Fn(&str) -> bool,
    shown: &Utf8Path,
) -> Result<String, CommandError> {
    let word = |key: &str| inherited.get(key).and_then(Node::as_str);
    let mut head = Map::new();
    if word("provider") != Some(document.provider.as_str()) {
        head.insert("provider".to_owned(), document.provider.clone().into());
    }
    let project = word("project").or_else(|| word("projectId"));
    if !project.is_some_and(is_same_project) || !head.is_empty() {
        head.insert("project".to_owned(), document.project.clone().into());
    }
    let mut entries = Map::new();
    for (name, block) in &document.blocks {
        let (key, is_free) = free_key(text, name, &document.project);
        let mut whole = Map::new();
        if !is_free {
            whole.insert("name".to_owned(), name.clone().into());
        }
        whole.extend(head.clone());
        if let Value::Object(block) = block {
            whole.extend(block.clone());
        }
        entries.insert(key, whole.into());
    }
    yaml::insert::add_entries(text, "syncs", &entries).map_err(|refusal| {
        CommandError::new(
            Exit::Error,
            format!("Nothing can be added to {shown}: {refusal}. Nothing was written."),
        )
        .help("Leave out --into, and the declaration is printed.")
    })
}

/// A key that the file does not have yet: the name, if it is free.
fn free_key(text: &str, name: &str, project: &str) -> (String, bool) {
    let keys = yaml::insert::keys(text, "syncs");
    if !keys.contains(name) {
        return (name.to_owned(), true);
    }
    let base = format!("{project}-{name}");
    let mut candidates =
        std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}")));
    let free = candidates.find(|key| !keys.contains(key));
    (free.unwrap_or(base), false)
}
