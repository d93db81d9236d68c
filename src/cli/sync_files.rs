//! Writing files of a workspace: what `export`, `import` and `init` share.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::arguments::{FileArguments, LoadArguments};
use super::command::{CommandOutcome, Human, Text, View};
use super::named_files::cannot_write;
use crate::core::platform::Platform;
use crate::core::remote::RemoteSync;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::draft::{self, Names};
use crate::export::paths::EDITOR_SCHEMA;
use crate::export::{FirstSyncFile, Summary, Written};
use crate::pipeline::{Link, Opened, usable_connections};
use crate::provider::ManagedSyncs;
use crate::redaction::redacted;
use crate::render;
use crate::render::export::ExportBody;
use crate::render::json::JsonBody;
use crate::render::log::{Escape, harmless};
use crate::root::{Existing, Place};
use crate::schema;
use crate::workspace::texts::LARGEST_FILE;
use crate::workspace::{Settings, Where};
use crate::yaml;

/// How remote syncs are named in files, and which variables the files have.
#[derive(Debug, Clone, Args)]
pub struct NamingArguments {
    /// Name projects and connections by their ids.
    #[arg(long)]
    pub ids: bool,
    /// The value of a variable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::arguments::variable)]
    pub var: Vec<(String, String)>,
    /// A YAML file of variables.
    #[arg(long, value_name = "FILE")]
    pub var_file: Vec<Utf8PathBuf>,
}

impl NamingArguments {
    /// All files of the workspace that a place is in, with selectors for what is remote.
    pub fn load(
        &self,
        place: Option<&Utf8Path>,
        selector: &[String],
        target: &[String],
        exclude: &[String],
    ) -> LoadArguments {
        LoadArguments {
            files: FileArguments {
                selector: selector.to_vec(),
                target: target.to_vec(),
                exclude: exclude.to_vec(),
                var: self.var.clone(),
                var_file: self.var_file.clone(),
                ..FileArguments::default()
            },
            workspace: place.map_or(Where::Here, |place| Where::Of(place.to_owned())),
            ..LoadArguments::default()
        }
    }

    /// How the connections of syncs are named, and the apps whose connections cannot be listed.
    pub async fn names<'a>(
        &self,
        opened: &Opened,
        (platform, connected): (Platform, &Arc<dyn ManagedSyncs>),
        syncs: impl IntoIterator<Item = &'a RemoteSync>,
        link: &Link,
    ) -> Result<(Names, Vec<String>), CommandError> {
        let mut names = Names {
            platform,
            connections: BTreeMap::new(),
        };
        if self.ids {
            return Ok((names, Vec::new()));
        }
        let apps = draft::apps(opened, platform, syncs)?;
        names.connections = usable_connections(connected, apps.clone(), link).await?;
        let is_unlisted = |of: &(String, String)| !names.connections.contains_key(of);
        let unlisted = apps.into_iter().filter(is_unlisted);
        let unlisted: BTreeSet<String> = unlisted.map(|(_, app)| app).collect();
        Ok((names, unlisted.into_iter().collect()))
    }
}

/// Writes a file that a person names, or says why it cannot be written.
pub fn write(
    opened: &Opened<impl AsRef<Settings>>,
    path: &Utf8Path,
    shown: &Utf8Path,
    text: &str,
    existing: Existing,
) -> Result<(), CommandError> {
    check(&format!("The file {shown}"), text)?;
    Place::of(path, &opened.options.request.directory)
        .and_then(|place| place.write(text.as_bytes(), existing))
        .map_err(|error| cannot_write(shown, &error))
}

/// Writes a file of secsync's own, or says why it cannot be written. Returns its path.
pub fn write_own(
    opened: &Opened<impl AsRef<Settings>>,
    file: &str,
    text: &str,
    existing: Existing,
) -> Result<Utf8PathBuf, CommandError> {
    let root = opened.root()?;
    let path = root.path().join(file);
    match root.write(file.into(), text.as_bytes(), existing) {
        Ok(()) => Ok(path),
        Err(error) => Err(cannot_write(
            opened.settings().shown(&path).as_str().into(),
            &error,
        )),
    }
}

/// The same, unless there is one already: then it stays, and nothing is returned.
pub fn write_new(
    opened: &Opened<impl AsRef<Settings>>,
    file: &str,
    text: &str,
) -> Result<Option<Utf8PathBuf>, CommandError> {
    let root = opened.root()?;
    let shown = opened.settings().shown(&root.path().join(file));
    match root.write(file.into(), text.as_bytes(), Existing::Keep) {
        Ok(()) => Ok(Some(root.path().join(file))),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(cannot_write(shown.as_str().into(), &error)),
    }
}

/// The text of a sync file for standard output, unchanged, or why it cannot be printed.
pub fn printed(text: String) -> Result<String, CommandError> {
    check("The output", &text)?;
    if harmless(&text, Escape::Backslash) != text {
        return Err(CommandError::new(
            Exit::Error,
            "A CI system would take a part of the output for a command.",
        )
        .help("Write it to a file instead."));
    }
    Ok(text)
}

/// Refuses to keep a secret that this run has read.
fn check(place: &str, text: &str) -> Result<(), CommandError> {
    let Cow::Owned(redacted) = redacted(text) else {
        return Ok(());
    };
    let pairs = text.lines().zip(redacted.lines());
    let line = pairs.take_while(|(one, other)| one == other).count() + 1;
    Err(CommandError::new(
        Exit::Error,
        format!("{place} would hold a credential of this run in line {line}; nothing was written."),
    )
    .help("Take it out of the sync on the platform, and make a new credential."))
}

/// The example of a new workspace, from its root.
pub const EXAMPLE_FILE: &str = "syncs/example.yaml";

/// Its text.
pub fn example() -> String {
    let modeline = yaml::modeline(&format!("../{EDITOR_SCHEMA}"));
    format!("{modeline}{}", include_str!("commands/init/example.yaml"))
}

/// Its text once no sync exists that it could give way to: still there to be read, and declaring none.
fn example_as_comment() -> String {
    let lines = include_str!("commands/init/example.yaml").lines();
    let comments = lines.map(|line| match line.strip_prefix('#') {
        Some(_) => format!("{line}\n"),
        None => format!("# {line}\n"),
    });
    let modeline = yaml::modeline(&format!("../{EDITOR_SCHEMA}"));
    format!("{modeline}{}syncs: {{}}\n", comments.collect::<String>())
}

/// Puts the example of a new workspace away if nobody has changed it: its project exists nowhere, so
/// that no plan with it succeeds. It is removed if there is another sync file, and otherwise becomes a
/// comment.
pub fn put_example_away(
    opened: &Opened<impl AsRef<Settings>>,
    has_other_files: bool,
) -> Result<Option<FirstSyncFile>, CommandError> {
    let root = opened.root()?;
    let Ok(text) = root.read(EXAMPLE_FILE.into(), LARGEST_FILE) else {
        return Ok(None);
    };
    let comment = example_as_comment();
    if text != example() && (text != comment || !has_other_files) {
        return Ok(None);
    }
    let shown = Utf8PathBuf::from(opened.settings().shown(&root.path().join(EXAMPLE_FILE)));
    let done = if has_other_files {
        root.remove(EXAMPLE_FILE.into())
    } else {
        root.write(EXAMPLE_FILE.into(), comment.as_bytes(), Existing::Replace)
    };
    match done {
        Ok(()) if has_other_files => Ok(Some(FirstSyncFile::Removed(shown))),
        Ok(()) => Ok(Some(FirstSyncFile::Comment(shown))),
        Err(error) => Err(cannot_write(&shown, &error)),
    }
}

/// The schema of this workspace's sync files for editors.
pub fn editor_schema(opened: &Opened<impl AsRef<Settings>>) -> Result<String, CommandError> {
    let providers = &opened.settings().config.providers;
    let kinds = providers
        .iter()
        .map(|(name, provider)| (name.clone(), provider.platform))
        .collect();
    let schema = schema::editor::schema(&opened.store, &kinds)?;
    Ok(format!("{schema:#}\n"))
}

/// Writes the schema that sync files name for editors, unless it exists.
pub fn write_editor_schema(
    opened: &Opened<impl AsRef<Settings>>,
) -> Result<Option<Written>, CommandError> {
    let text = editor_schema(opened)?;
    let Some(path) = write_new(opened, EDITOR_SCHEMA, &text)? else {
        return Ok(None);
    };
    let shown = Utf8PathBuf::from(opened.settings().shown(&path));
    Ok(Some(Written {
        path: Some(shown),
        syncs: Vec::new(),
        is_apart: false,
    }))
}

/// What an export or an import came to.
pub struct Declared {
    /// What was found, and where it was written.
    pub summary: Summary,
    /// The declarations, if they go to standard output.
    pub printed: Option<String>,
    /// Shows the summary to people.
    pub human: fn(&Summary, bool) -> String,
    /// The exit code.
    pub exit: Exit,
    /// What failed beside it.
    pub failure: Option<CommandError>,
}

impl CommandOutcome for Declared {
    fn exit(&self) -> Exit {
        self.exit
    }

    fn failure(&self) -> Option<&CommandError> {
        self.failure.as_ref()
    }

    fn human(&self, view: View) -> Human {
        let summary = (self.human)(&self.summary, view.is_quiet);
        let warnings = render::export::warnings(&self.summary);
        match &self.printed {
            Some(text) => Human {
                text: text.clone(),
                kind: Text::SyncFile,
                remarks: summary + &warnings,
            },
            None => Human {
                text: summary,
                remarks: warnings,
                ..Human::default()
            },
        }
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        Box::new(ExportBody::new(&self.summary))
    }
}
