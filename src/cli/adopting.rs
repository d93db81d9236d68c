//! The steps that `export` and `import` share: the files as they are, what there is, and writing.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::adopt::Written;
use crate::adopt::draft::{self, Names};
use crate::adopt::place::EDITOR_SCHEMA;
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::platform::Platform;
use crate::core::remote::RemoteSync;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Options, Run};
use crate::provider::ManagedSyncs;
use crate::workspace::write::{self, Existing};

use super::options::{FileArguments, LoadArguments};
use super::schema::editor_schema;
use super::ui::Ui;

/// How what is there is named, and which variables the files have.
#[derive(Debug, Clone, Args)]
pub struct AdoptArguments {
    /// Name projects and connections by their ids.
    #[arg(long)]
    pub ids: bool,
    /// The value of a variable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::options::variable)]
    pub var: Vec<(String, String)>,
    /// A YAML file of variables.
    #[arg(long, value_name = "FILE")]
    pub var_file: Vec<Utf8PathBuf>,
}

impl AdoptArguments {
    /// All files of the workspace, with selectors for what is remote.
    pub fn load(&self, selector: &[String], target: &[String]) -> LoadArguments {
        LoadArguments {
            files: FileArguments {
                selector: selector.to_vec(),
                target: target.to_vec(),
                var: self.var.clone(),
                var_file: self.var_file.clone(),
                ..FileArguments::default()
            },
            ..LoadArguments::default()
        }
    }
}

/// Loads and checks the workspace, which may have no sync file yet.
pub fn open(options: Options, ui: &Ui) -> Result<Run, CommandError> {
    let mut run = Run::open(options)?;
    // Where there is nothing to load, nothing is declared.
    let _: Result<(), CommandError> = run.read_files(&mut io::empty());
    let directory = run.options.request.directory.clone();
    let is_absence = |found: &Diagnostic| match found.code {
        Code::NoFiles => true,
        Code::UnreadableFile => {
            let path = found.file.as_ref().map(|file| directory.join(file));
            path.is_some_and(|path| !path.exists())
        }
        _ => false,
    };
    run.workspace.diagnostics.retain(|found| !is_absence(found));
    let checked = run.check();
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    checked?;
    Ok(run)
}

/// The platform that a provider is, by its name in the files.
pub fn platform_of(run: &Run, provider: &str) -> Result<Platform, CommandError> {
    match run.workspace.config.providers.get(provider) {
        Some(config) => Ok(config.platform),
        None => Err(
            CommandError::usage(format!("There is no provider `{provider}`.")).help(format!(
                "The providers are {}. Others are declared under `providers:` in secsync.yaml.",
                crate::core::words::list(run.workspace.config.providers.keys().map(String::as_str))
            )),
        ),
    }
}

/// How the connections of syncs are named, and the apps whose connections cannot be listed.
pub async fn names(
    run: &Run,
    provider: &dyn ManagedSyncs,
    syncs: impl IntoIterator<Item = &RemoteSync>,
    by_ids: bool,
) -> Result<(Names, Vec<String>), CommandError> {
    let platform = provider.platform();
    let mut names = Names {
        platform,
        connections: BTreeMap::new(),
    };
    if by_ids {
        return Ok((names, Vec::new()));
    }
    let apps = draft::apps(run, platform, syncs)?;
    let connections = run.usable_connections(provider, apps.clone()).await?;
    let unlisted = apps
        .into_iter()
        .filter(|app| !connections.contains_key(app))
        .collect();
    names.connections = connections;
    Ok((names, unlisted))
}

/// Writes a file, or says why it cannot be.
pub fn write(
    path: &Utf8Path,
    shown: &Utf8Path,
    text: &str,
    existing: Existing,
) -> Result<(), CommandError> {
    write::write(path, text, existing).map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!("The file {shown} cannot be written: {error}."),
        )
    })
}

/// Writes the schema that sync files name for editors, unless it is there.
pub fn write_editor_schema(run: &Run) -> Result<Option<Written>, CommandError> {
    let path = run.workspace.root.join(EDITOR_SCHEMA);
    if path.exists() {
        return Ok(None);
    }
    let shown = Utf8PathBuf::from(run.workspace.shown(&path));
    write(&path, &shown, &editor_schema(run)?, Existing::Keep)?;
    Ok(Some(Written {
        path: Some(shown),
        syncs: Vec::new(),
        is_apart: false,
    }))
}
