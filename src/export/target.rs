//! Where the declarations of an import go: into a file that people wrote, a new one, or standard
//! output.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::draft::{self, DraftDocument, Hidden, LeftOut};
use super::paths::schema_from;
use crate::core::diagnostic::Diagnostic;
use crate::core::fields::{NAME, PROJECT, PROJECT_ID, PROVIDER, SYNCS};
use crate::core::plan::UnknownField;
use crate::core::value::{Mapping, Node};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Opened;
use crate::root::Existing;
use crate::workspace::{Workspace, texts};
use crate::yaml;

/// Where declarations go.
pub struct ExportTarget {
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
    /// The syncs that it cannot declare.
    pub left_out: Vec<LeftOut>,
    /// The text as secsync reads it.
    pub checked: Arc<Workspace>,
}

impl ExportTarget {
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
            let read = texts::read_named(&full, directory, shown.as_str());
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

    /// The text that it has, as secsync reads it.
    pub fn held(
        &self,
        opened: &Opened,
        hidden: &Hidden,
    ) -> Result<Option<Arc<Workspace>>, CommandError> {
        let (Some(text), Some((_, shown))) = (&self.text, &self.place) else {
            return Ok(None);
        };
        draft::check(opened, shown.as_str(), text.clone(), hidden).map(Some)
    }

    /// Adds documents to the target's text. What they inherit is that of all files of the workspace,
    /// and of the target. `is_same_project` says whether two words mean one project.
    pub fn add(
        &self,
        opened: &Opened,
        mut documents: Vec<DraftDocument>,
        inherited: &Mapping,
        is_same_project: &dyn Fn(&str, &str) -> bool,
        hidden: &Hidden,
    ) -> Result<Addition, CommandError> {
        let (Some(text), Some((_, shown))) = (&self.text, &self.place) else {
            return self.begin(opened, documents, hidden);
        };
        let inserted = |documents: &[DraftDocument]| {
            let mut whole = text.clone();
            for document in documents.iter().filter(|one| !one.blocks.is_empty()) {
                whole = insert(&whole, document, inherited, is_same_project, shown)?;
            }
            let whole = hidden.typed(whole);
            let checked = draft::check(opened, shown.as_str(), whole.clone(), hidden)?;
            Ok::<_, CommandError>((whole, checked))
        };
        let (mut whole, mut checked) = inserted(&documents)?;
        let refused = draft::refusals(&checked);
        for document in &mut documents {
            let own = refused
                .iter()
                .filter(|((project, _), _)| is_same_project(project, &document.project))
                .map(|((_, name), reason)| {
                    ((document.project.clone(), name.clone()), reason.clone())
                })
                .collect();
            document.leave_out_refused(&own);
        }
        if documents.iter().any(|one| !one.left_out.is_empty()) {
            (whole, checked) = inserted(&documents)?;
        }
        let syncs: Vec<(String, String)> =
            documents.iter().flat_map(DraftDocument::declared).collect();
        let names = syncs.iter().map(|(_, name)| name.as_str()).collect();
        let findings = draft::findings_about(&checked, &names);
        Ok(Addition::new(whole, checked, findings, syncs, documents))
    }

    /// The text of a new file.
    fn begin(
        &self,
        opened: &Opened,
        documents: Vec<DraftDocument>,
        hidden: &Hidden,
    ) -> Result<Addition, CommandError> {
        let root = &opened.workspace.root;
        let directory = self.place.as_ref().and_then(|(full, _)| full.parent());
        let directory = directory.map_or_else(|| root.join("syncs"), Utf8Path::to_owned);
        let name = self
            .place
            .as_ref()
            .map_or("<stdout>", |(_, shown)| shown.as_str());
        let schema = schema_from(&directory, root);
        let draft = draft::compose(opened, documents, &schema, name, hidden)?;
        Ok(Addition {
            text: draft.text,
            findings: draft.checked.diagnostics.clone(),
            checked: draft.checked,
            unknown: draft.unknown,
            left_out: draft.left_out,
            syncs: draft.declared,
        })
    }
}

impl Addition {
    fn new(
        text: String,
        checked: Arc<Workspace>,
        findings: Vec<Diagnostic>,
        syncs: Vec<(String, String)>,
        documents: Vec<DraftDocument>,
    ) -> Self {
        let mut addition = Self {
            text,
            syncs,
            findings,
            checked,
            unknown: Vec::new(),
            left_out: Vec::new(),
        };
        for document in documents {
            addition.unknown.extend(document.unknown);
            addition.left_out.extend(document.left_out);
        }
        addition
    }

    /// The same, or an error if a part of it cannot be declared.
    pub fn whole(self) -> Result<Self, CommandError> {
        match self.left_out.first() {
            Some(one) => Err(CommandError::new(
                Exit::Error,
                format!(
                    "The sync `{}` cannot be declared. {} Nothing was written.",
                    one.name, one.reason
                ),
            )),
            None => Ok(self),
        }
    }
}

/// The text with the blocks below its syncs, each with the provider and the project that its file
/// does not say.
fn insert(
    text: &str,
    document: &DraftDocument,
    inherited: &Mapping,
    is_same_project: &dyn Fn(&str, &str) -> bool,
    shown: &Utf8Path,
) -> Result<String, CommandError> {
    let word = |key: &str| inherited.get(key).and_then(Node::as_str);
    let mut head = Map::new();
    if word(PROVIDER) != Some(document.provider.as_str()) {
        head.insert(PROVIDER.to_owned(), document.provider.clone().into());
    }
    let project = word(PROJECT).or_else(|| word(PROJECT_ID));
    let is_same = |word: &str| is_same_project(word, &document.project);
    if !project.is_some_and(is_same) || !head.is_empty() {
        head.insert(PROJECT.to_owned(), document.project_value().into());
    }
    let mut entries = Map::new();
    let mut taken = yaml::insert::keys(text, SYNCS);
    for (name, block) in &document.blocks {
        let prefix = match document.project_variable {
            Some(_) => &document.provider,
            None => &document.project,
        };
        let (key, is_free) = free_key(&taken, name, prefix);
        taken.insert(key.clone());
        let mut whole = Map::new();
        if !is_free {
            whole.insert(NAME.to_owned(), name.clone().into());
        }
        whole.extend(head.clone());
        if let Value::Object(block) = block {
            whole.extend(block.clone());
        }
        entries.insert(key, whole.into());
    }
    yaml::insert::add_entries(text, SYNCS, &entries).map_err(|refusal| {
        CommandError::new(
            Exit::Error,
            format!("Nothing can be added to {shown}: {refusal}. Nothing was written."),
        )
        .help("Leave out --into, and the declaration is printed.")
    })
}

/// A key that is not taken yet: the name, if it is free.
fn free_key(taken: &BTreeSet<String>, name: &str, prefix: &str) -> (String, bool) {
    if !taken.contains(name) {
        return (name.to_owned(), true);
    }
    let base = format!("{prefix}-{name}");
    let mut candidates =
        std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}")));
    let free = candidates.find(|key| !taken.contains(key));
    (free.unwrap_or(base), false)
}
