//! Drafts of sync files: what is remote, in the words of the files, checked like any file.
//!
//! A sync that a valid file cannot declare (its source folder is gone, a value breaks the schema in
//! use) is left out and reported, in the file and by the command, because a file
//! that says half of it would change the sync with the next apply. What only a lint denies stays.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::core::code::Code;
use crate::core::desired::{ConnectionRef, DesiredSync};
use crate::core::diagnostic::Diagnostic;
use crate::core::export;
use crate::core::fields::{CONNECTION, CONNECTION_ID, NAME, PROJECT, PROVIDER, SYNCS, VERSION};
use crate::core::normalize;
use crate::core::plan::UnknownField;
use crate::core::platform::Platform;
use crate::core::remote::{RemoteProject, RemoteSync, UsableConnections};
use crate::core::resolve;
use crate::core::text::visible;
use crate::core::value::Mapping;
use crate::core::vars;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Opened;
use crate::redaction;
use crate::schema::destination::Destination;
use crate::workspace::{Settings, Workspace};
use crate::yaml;

/// What to do if the schema in use may be older than the server.
pub(super) const PULL: &str =
    "Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.";

/// The platform of syncs, and how their connections are named.
#[derive(Debug, Clone)]
pub struct Names {
    /// The platform.
    pub platform: Platform,
    /// The connections that the identity may use, by project id and app. Empty if they cannot be
    /// listed.
    pub connections: BTreeMap<(String, String), UsableConnections>,
}

impl Names {
    /// The projects of syncs whose connections are named by their ids for want of a right. The table
    /// is of the projects that the identity can see.
    pub fn hidden<'a>(
        &self,
        syncs: impl IntoIterator<Item = &'a RemoteSync>,
        table: &[RemoteProject],
    ) -> Vec<HiddenConnections> {
        let mut lacks = BTreeMap::new();
        let mut seen = HashSet::new();
        for ((project, _), usable) in &self.connections {
            lacks.extend(usable.lacks.map(|right| (project.as_str(), right)));
            seen.extend(usable.seen.iter().map(|connection| connection.id.as_str()));
        }
        let hidden: BTreeMap<&str, &'static str> = syncs
            .into_iter()
            .filter(|sync| !seen.contains(sync.connection.id.as_str()))
            .filter_map(|sync| lacks.get_key_value(sync.project_id.as_str()))
            .map(|(project, right)| (*project, *right))
            .collect();
        let hidden = hidden.into_iter().map(|(id, missing)| HiddenConnections {
            project: resolve::project_word(id, table).to_owned(),
            missing,
        });
        hidden.collect()
    }
}

/// A project with connections that are named by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HiddenConnections {
    /// The project as people see it.
    pub project: String,
    /// The right that the identity lacks to see their names, as the end of a sentence.
    pub missing: &'static str,
}

/// Syncs of one project that are to be declared in one document.
#[derive(Debug, Clone)]
pub struct DraftGroup<'a> {
    /// The provider's name in the files.
    pub provider: &'a str,
    /// The project as the file is to name it.
    pub project: &'a str,
    /// The syncs.
    pub syncs: Vec<&'a RemoteSync>,
    /// Whether the syncs are as somebody declared them, and not as a server gave them back.
    pub is_declared: bool,
}

/// A sync that no valid file can declare in its present form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The project as the file names it.
    pub project: String,
    /// The sync's name.
    pub name: String,
    /// Why, and what to do, as full sentences.
    pub reason: String,
    /// The address of the resource of Terraform that stands for it, if it comes from there.
    pub resource: Option<String>,
}

/// The values of variables that stand for what must not be shown. No `Debug` of the values.
#[derive(Clone, Default)]
pub struct Hidden(BTreeMap<String, Value>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Hidden {
    /// Adds a variable.
    pub fn add(&mut self, name: String, value: &Value) {
        self.0.insert(name, value.clone());
    }

    /// Whether there is a variable of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The same workspace, in which these variables have their values.
    pub fn open(&self, opened: &Opened) -> Opened {
        let mut opened = opened.clone();
        let own = self
            .0
            .iter()
            .map(|(name, value)| (name.clone(), text_of(value)));
        opened.options.request.variables.splice(0..0, own);
        opened
    }

    /// A written text in which those that are no text stand without quotes, so that each has the type
    /// of its value.
    pub fn typed(&self, mut text: String) -> String {
        for (name, _) in self.0.iter().filter(|(_, value)| !value.is_string()) {
            let variable = reference(name);
            text = text.replace(&format!("\"{variable}\""), &variable);
        }
        text
    }

    /// Takes the values out of what is said about a text.
    fn conceal(&self, workspace: &mut Workspace) {
        if self.0.is_empty() {
            return;
        }
        // What is shorter stands in every other sentence, and is no secret.
        let values = self.0.values().map(text_of);
        let values: Vec<String> = values
            .filter(|value| value.len() >= redaction::SHORTEST)
            .collect();
        let Settings {
            sources,
            diagnostics,
            ..
        } = &mut workspace.settings;
        for found in diagnostics {
            let text = found.span().and_then(|span| {
                let text = &sources.get(span.source).text;
                text.get(span.start..span.end)
            });
            let variable = text.and_then(|text| {
                let mut references = self.0.keys().map(|name| reference(name));
                references.find(|reference| text.contains(reference))
            });
            let says = |text: &str| values.iter().any(|value| text.contains(value.as_str()));
            let says_one = says(&found.message)
                || found.help.as_deref().is_some_and(says)
                || found.labels.iter().any(|label| says(&label.text));
            if variable.is_some() || says_one {
                let code = found.code;
                let which = variable.map_or_else(
                    || "A sensitive value".to_owned(),
                    |reference| format!("The sensitive value of `{reference}`"),
                );
                found.message = format!("{which} is not valid here ({code}).");
                found.help = None;
                for label in &mut found.labels {
                    label.text = String::new();
                }
            }
        }
    }
}

/// A variable as values refer to it.
fn reference(name: &str) -> String {
    format!("${{var.{name}}}")
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text of a sync file.
#[derive(Debug)]
pub struct Draft {
    /// The text, with the line by which editors find its schema.
    pub text: String,
    /// The syncs that it declares, each with its project as the file names it.
    pub declared: Vec<(String, String)>,
    /// The syncs that it cannot declare.
    pub left_out: Vec<LeftOut>,
    /// The fields that it cannot declare, as the schemas in use do not know them.
    pub unknown: Vec<UnknownField>,
    /// The text as secsync reads it; its findings are lints.
    pub checked: Arc<Workspace>,
}

/// Writes a sync file of groups, a document each. `name` is what its findings call the file.
pub fn file(
    opened: &Opened,
    groups: &[DraftGroup<'_>],
    names: &Names,
    schema: &str,
    name: &str,
) -> Result<Draft, CommandError> {
    let inherited = opened.workspace.config.defaults.clone();
    let documents = groups
        .iter()
        .map(|group| DraftDocument::of(opened, group, names, &|_| inherited.clone()))
        .collect::<Result<_, _>>()?;
    compose(opened, documents, schema, name, &Hidden::default())
}

/// Writes a sync file of documents. `name` is what its findings call the file.
pub fn compose(
    opened: &Opened,
    mut documents: Vec<DraftDocument>,
    schema: &str,
    name: &str,
    hidden: &Hidden,
) -> Result<Draft, CommandError> {
    let text = |documents: &[DraftDocument]| hidden.typed(text(schema, documents));
    let mut checked = check(opened, name, text(&documents), hidden)?;
    let refused = refusals(&checked);
    if !refused.is_empty() {
        for document in &mut documents {
            document.leave_out_refused(&refused);
        }
        checked = check(opened, name, text(&documents), hidden)?;
    }
    Ok(Draft {
        text: text(&documents),
        declared: documents.iter().flat_map(DraftDocument::declared).collect(),
        unknown: documents
            .iter()
            .flat_map(|document| document.unknown.clone())
            .collect(),
        left_out: documents
            .into_iter()
            .flat_map(|document| document.left_out)
            .collect(),
        checked,
    })
}

/// The findings of a text as if it were all the files of a workspace, under that name.
pub fn check(
    opened: &Opened,
    name: &str,
    text: String,
    hidden: &Hidden,
) -> Result<Arc<Workspace>, CommandError> {
    let mut checked = if hidden.0.is_empty() {
        opened.load_text(name, text).findings()?
    } else {
        hidden.open(opened).load_text(name, text).findings()?
    };
    hidden.conceal(Arc::make_mut(&mut checked));
    Ok(checked)
}

/// One sync's block upon what it inherits, which can depend on its destination's union tag;
/// or why it cannot be written, as full sentences.
fn block(
    opened: &Opened,
    (sync, is_declared): (&RemoteSync, bool),
    names: &Names,
    inherited: &dyn Fn(Option<&str>) -> Mapping,
) -> Result<Result<Map<String, Value>, String>, CommandError> {
    let Some(destination) = destination(opened, names.platform, sync)? else {
        return Ok(Err(format!(
            "Its destination `{}` is not known to the schemas in use. {PULL}",
            visible(&sync.destination)
        )));
    };
    let has_lost_source = sync.environment.is_none() || sync.secret_path.is_none();
    if names.platform.has_source_folders() && has_lost_source {
        return Ok(Err(
            "Its source folder was deleted. Give it another one on the platform and try again, or \
             delete it there."
                .to_owned(),
        ));
    }
    let spec = &destination.spec;
    let id = &sync.connection.id;
    let app = spec.connection_app.as_ref();
    let usable = |app: &String| {
        let of = (sync.project_id.clone(), app.clone());
        names.connections.get(&of)
    };
    let connection = app.map(|app| match usable(app) {
        Some(usable) => resolve::connection_word(id, &usable.seen),
        None => ConnectionRef::Id(id.clone()),
    });
    let inherited = inherited(export::union_tag(spec));
    let sync = if is_declared {
        Cow::Borrowed(sync)
    } else {
        Cow::Owned(normalize::without_unread(spec, sync))
    };
    let block = export::block(spec, &sync, connection.as_ref(), &inherited);
    let block = Value::Object(block);
    if let Some(field) = redaction::place_in(&block) {
        return Err(CommandError::new(
            Exit::Error,
            format!(
                "The field `{}` of the sync `{}` holds a credential of this run on the platform; \
                 it is not written to a file.",
                visible(&field),
                visible(&sync.name)
            ),
        )
        .help("Take it out of the sync there, and make a new credential."));
    }
    match block {
        Value::Object(block) => Ok(Ok(block)),
        _ => Ok(Ok(Map::new())),
    }
}

/// The projects and apps of the connections that the syncs use.
pub fn apps<'a>(
    opened: &Opened,
    platform: Platform,
    syncs: impl IntoIterator<Item = &'a RemoteSync>,
) -> Result<BTreeSet<(String, String)>, CommandError> {
    let mut apps = BTreeSet::new();
    for sync in syncs {
        if let Some(destination) = destination(opened, platform, sync)? {
            let app = destination.spec.connection_app.clone();
            apps.extend(app.map(|app| (sync.project_id.clone(), app)));
        }
    }
    Ok(apps)
}

fn destination(
    opened: &Opened,
    platform: Platform,
    sync: &RemoteSync,
) -> Result<Option<Arc<Destination>>, CommandError> {
    Ok(opened.store.destination(platform, &sync.destination)?)
}

/// Why syncs of a checked text cannot be declared so, by project and name.
pub fn refusals(checked: &Workspace) -> BTreeMap<(String, String), String> {
    let mut refused: BTreeMap<(String, String), String> = BTreeMap::new();
    for sync in &checked.syncs {
        let about = |found: &&Diagnostic| {
            found.is_error() && !found.code.is_lint() && is_about(found, sync)
        };
        for found in checked.diagnostics.iter().filter(about) {
            let reason = refused.entry(identity(sync)).or_default();
            if !reason.is_empty() {
                reason.push(' ');
            }
            reason.push_str(&visible(&found.message));
            if may_be_news(found.code) && !reason.contains(PULL) {
                reason.push(' ');
                reason.push_str(PULL);
            }
        }
    }
    refused
}

/// What was found about syncs of these names in a checked text, in the order of the text.
pub fn findings_about(checked: &Workspace, names: &BTreeSet<&str>) -> Vec<Diagnostic> {
    let syncs: Vec<&DesiredSync> = checked
        .syncs
        .iter()
        .map(AsRef::as_ref)
        .filter(|sync| names.contains(sync.name.text.as_str()))
        .collect();
    let is_meant = |found: &&Diagnostic| syncs.iter().any(|sync| is_about(found, sync));
    checked
        .diagnostics
        .iter()
        .filter(is_meant)
        .cloned()
        .collect()
}

fn identity(sync: &DesiredSync) -> (String, String) {
    let project = sync.project.as_ref().map(|project| project.text.clone());
    (project.unwrap_or_default(), sync.name.text.clone())
}

fn is_about(found: &Diagnostic, sync: &DesiredSync) -> bool {
    let block = sync.block;
    let is_inside = found.span().is_some_and(|span| {
        span.source == block.source && block.start <= span.start && span.end <= block.end
    });
    is_inside || found.sync.as_deref() == Some(sync.name.text.as_str())
}

/// Whether a newer schema could take what this one refuses.
const fn may_be_news(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownField
            | Code::MissingField
            | Code::WrongType
            | Code::WrongValue
            | Code::WrongForm
            | Code::WrongSize
    )
}

/// A document of a draft.
#[derive(Debug, Clone)]
pub struct DraftDocument {
    /// The provider's name in the files.
    pub provider: String,
    /// The project as the file is to name it.
    pub project: String,
    /// The syncs' blocks by their names, or by the keys in `keyed`.
    pub blocks: Map<String, Value>,
    /// The names of syncs whose block has another key, by that key: one of their names comes
    /// before it.
    pub keyed: BTreeMap<String, String>,
    /// The syncs that have none.
    pub left_out: Vec<LeftOut>,
    /// The fields that the blocks do not have, as the schemas in use do not know them.
    pub unknown: Vec<UnknownField>,
    /// The variable that stands for the project, if a file must not show it.
    pub project_variable: Option<String>,
}

impl DraftDocument {
    /// A document without a sync.
    pub fn new(provider: &str, project: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            project: project.to_owned(),
            blocks: Map::new(),
            keyed: BTreeMap::new(),
            left_out: Vec::new(),
            unknown: Vec::new(),
            project_variable: None,
        }
    }

    /// Takes the syncs of another document of the same project in.
    pub fn append(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.keyed.extend(other.keyed);
        self.left_out.extend(other.left_out);
        self.unknown.extend(other.unknown);
    }

    /// The blocks of a group. What they inherit can depend on their destination's union tag.
    pub fn of(
        opened: &Opened,
        group: &DraftGroup<'_>,
        names: &Names,
        inherited: &dyn Fn(Option<&str>) -> Mapping,
    ) -> Result<Self, CommandError> {
        let mut document = Self::new(group.provider, group.project);
        for sync in &group.syncs {
            if let Some(destination) = destination(opened, names.platform, sync)? {
                for field in normalize::unknown_at_any_depth(&destination.spec, sync) {
                    let (provider, project) = (group.provider, group.project);
                    UnknownField::count(&mut document.unknown, provider, project, &field);
                }
            }
            match block(opened, (sync, group.is_declared), names, inherited)? {
                Ok(block) => document.add(sync, block),
                Err(reason) => document.leave_out(&sync.name, reason),
            }
        }
        Ok(document)
    }

    fn name_of<'a>(&'a self, key: &'a str) -> &'a str {
        self.keyed.get(key).map_or(key, String::as_str)
    }

    /// Adds a block under its sync's name, or, if another destination has a sync of that name,
    /// under a key of its own.
    fn add(&mut self, sync: &RemoteSync, mut block: Map<String, Value>) {
        let mut key = sync.name.clone();
        if self.blocks.contains_key(&key) {
            key = format!("{key}-{}", sync.destination);
            block.insert(NAME.to_owned(), vars::escape(&sync.name).into());
            self.keyed.insert(key.clone(), sync.name.clone());
        }
        self.blocks.insert(key, block.into());
    }

    fn leave_out(&mut self, name: &str, reason: String) {
        self.left_out.push(LeftOut {
            project: self.shown_project(),
            name: name.to_owned(),
            reason,
            resource: None,
        });
    }

    /// The project as people see it.
    pub fn shown_project(&self) -> String {
        let variable = self.project_variable.as_deref().map(reference);
        variable.unwrap_or_else(|| self.project.clone())
    }

    /// The project as a file says it.
    pub fn project_value(&self) -> String {
        let variable = self.project_variable.as_deref().map(reference);
        variable.unwrap_or_else(|| vars::escape(&self.project))
    }

    /// The syncs that it declares, each with its project as people see it.
    pub fn declared(&self) -> Vec<(String, String)> {
        let names = self.blocks.keys().map(|key| self.name_of(key));
        names
            .map(|name| (self.shown_project(), name.to_owned()))
            .collect()
    }

    /// Puts a variable in the place of a sync's field.
    pub fn put_variable(&mut self, key: &str, path: &[String], variable: &str) {
        let Some(mut at) = self.blocks.get_mut(key) else {
            return;
        };
        // The id that it stands for is in the place of a name.
        if let (Value::Object(block), [field]) = (&mut *at, path)
            && field == CONNECTION_ID
            && let Some(place) = block.keys().position(|key| key == CONNECTION)
        {
            block.shift_remove(CONNECTION);
            block.shift_insert(place, field.clone(), Value::Null);
        }
        for step in path {
            at = match at {
                Value::Array(items) => {
                    match step.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                        Some(item) => item,
                        None => return,
                    }
                }
                Value::Object(fields) => fields.entry(step.as_str()).or_insert(Value::Null),
                other => {
                    *other = Value::Object(Map::new());
                    let Value::Object(fields) = other else { return };
                    fields.entry(step.as_str()).or_insert(Value::Null)
                }
            };
        }
        *at = reference(variable).into();
    }

    /// Leaves out what was refused, by project as the document names it, and name.
    pub fn leave_out_refused(&mut self, refused: &BTreeMap<(String, String), String>) {
        for ((project, name), reason) in refused {
            let keys = self.blocks.keys();
            let refused: Vec<String> = keys
                .filter(|key| *project == self.project && self.name_of(key) == name)
                .cloned()
                .collect();
            for key in refused {
                self.blocks.shift_remove(&key);
                self.leave_out(name, reason.clone());
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if !self.left_out.is_empty() {
            text.push_str("# Not declared here, as a sync file cannot say it:\n");
        }
        for LeftOut { name, reason, .. } in &self.left_out {
            text.push_str(&yaml::comment(&format!("- {}: {reason}", visible(name))));
        }
        let document = json!({
            VERSION: 1,
            PROVIDER: vars::escape(&self.provider),
            PROJECT: self.project_value(),
            SYNCS: self.blocks,
        });
        text.push_str(&yaml::to_string(&document));
        text
    }
}

fn text(schema: &str, documents: &[DraftDocument]) -> String {
    let texts: Vec<String> = documents.iter().map(DraftDocument::text).collect();
    format!("{}{}", yaml::modeline(schema), texts.join("---\n"))
}
