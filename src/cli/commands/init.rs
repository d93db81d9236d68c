//! `secsync init`: begin a workspace.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::LoadArguments;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::named_files::working_directory;
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sync_files::{EXAMPLE_FILE, editor_schema, example, write_new};
use crate::core::text::shell_word;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::paths::{EDITOR_SCHEMA, WORKSPACE_SCHEMA};
use crate::pipeline::{Opened, Options};
use crate::render::json::JsonBody;
use crate::render::table::{Screen, definitions};
use crate::root::{self, WORKSPACE_FILE};
use crate::schema::editor;
use crate::text_file::reason;
use crate::workspace::{LoadOptions, Settings, Where};
use crate::yaml;

const WORKSPACE: &str = include_str!("init/secsync.yaml");
/// Where sync files are, by what the workspace file includes.
const SYNCS: &str = "syncs";

const DETAILS: &str = "\
No file that exists is changed, and nothing is asked.";

/// The arguments of `init`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// Where the workspace begins [default: the working directory, or the workspace that it is in].
    #[arg(value_name = "DIR")]
    directory: Option<Utf8PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "init";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Begun;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
    }

    fn run(self, session: &Session) -> Result<Begun, CommandError> {
        let workspace = if let Some(directory) = self.directory {
            make(&directory)?;
            Where::At(directory)
        } else {
            let here = working_directory()?;
            let found = root::find(&here, &here);
            if found.has_file {
                Where::Here
            } else {
                Where::At(here)
            }
        };
        let load = LoadArguments::default().of(workspace);
        let opened = load.open(session)?.without_mistakes()?;
        let root = &opened.workspace.root;
        let mut files = Vec::new();
        for (file, content) in texts(&opened)? {
            let is_written = write_new(&opened, file.as_str(), &content)?.is_some();
            files.push(File {
                file: opened.workspace.shown(&root.join(file)).into(),
                result: if is_written { "written" } else { "kept" },
            });
        }
        let here = working_directory()?;
        let is_here = root::find(&here, &here).root == *root;
        let next = Next::of(&opened, is_here)?;
        Ok(Begun { files, next })
    }
}

fn make(directory: &Utf8Path) -> Result<(), CommandError> {
    fs::create_dir_all(directory).map_err(|error| {
        let why = reason(&error);
        CommandError::new(
            Exit::Error,
            format!("The directory {directory} cannot be made: {why}."),
        )
    })
}

/// The files of a new workspace, from the root.
fn texts(opened: &Opened<Settings>) -> Result<Vec<(Utf8PathBuf, String)>, CommandError> {
    let mut files = vec![
        (
            WORKSPACE_FILE.into(),
            format!("{}{WORKSPACE}", yaml::modeline(WORKSPACE_SCHEMA)),
        ),
        (
            WORKSPACE_SCHEMA.into(),
            format!("{:#}\n", editor::workspace_file::schema()),
        ),
        (EDITOR_SCHEMA.into(), editor_schema(opened)?),
    ];
    let workspace = &opened.workspace;
    // Whoever has sync files already needs no example.
    if !workspace.root.join(SYNCS).exists() && workspace.config.include.is_empty() {
        files.push((EXAMPLE_FILE.into(), example()));
    }
    Ok(files)
}

/// A workspace that was begun.
pub struct Begun {
    files: Vec<File>,
    next: Next,
}

/// What to do next.
struct Next {
    /// The flag by which a command means the workspace, with a blank behind it; empty in it.
    flag: String,
    /// The directory of its sync files, from where commands run.
    syncs: String,
    /// Whether it has any sync file.
    has_files: bool,
}

impl Next {
    fn of(opened: &Opened<Settings>, is_here: bool) -> Result<Self, CommandError> {
        // With its new files.
        let request = LoadArguments::default().of(Where::At(opened.workspace.root.clone()));
        let opened = Opened::open(Options {
            request: LoadOptions {
                workspace: request.workspace,
                ..opened.options.request.clone()
            },
            ..opened.options.clone()
        })?;
        let directory = directory_of_files(&opened.workspace);
        let root = &opened.workspace.root;
        let loaded = opened.clone().load_what_exists()?;
        Ok(Self {
            flag: if is_here {
                String::new()
            } else {
                format!("-C {} ", shell_word(&opened.workspace.shown(root)))
            },
            syncs: shell_word(&if is_here {
                opened.workspace.shown(&root.join(&directory))
            } else {
                directory.into_string()
            }),
            has_files: loaded.workspace().files > 0,
        })
    }

    fn text(&self, screen: Option<Screen>) -> String {
        let Self { flag, syncs, .. } = self;
        let mut lines = Vec::new();
        if self.has_files {
            lines.push((
                format!("secsync {flag}plan --sandbox"),
                "what the files would do, on an emulator, without an account",
            ));
        }
        lines.push((format!("secsync {flag}schema list"), "where secrets can go"));
        lines.push((
            format!("secsync {flag}schema example github"),
            "a sync to fill in",
        ));
        lines.push((
            format!("secsync {flag}export --all-projects --dir {syncs}"),
            "sync files of the syncs that you already have, in the place of an untouched example",
        ));
        lines.push((format!("secsync {flag}plan"), "what is left to do"));
        let rows: Vec<(String, &str)> = (lines.into_iter())
            .map(|(line, what)| (format!("  {line}"), what))
            .collect();
        let width = rows.iter().map(|(line, _)| line.chars().count()).max();
        definitions(&rows, width.unwrap_or(0), screen)
    }
}

/// A directory whose files the workspace loads: that of its first pattern with one.
fn directory_of_files(workspace: &Settings) -> Utf8PathBuf {
    let include = &workspace.config.include;
    let patterns = include.iter().map(|(pattern, _)| {
        let parts = Utf8Path::new(pattern).components();
        let plain = parts.take_while(|part| !part.as_str().contains(['*', '?', '[', '{']));
        plain.collect::<Utf8PathBuf>()
    });
    let mut directories = std::iter::once(Utf8PathBuf::from(SYNCS)).chain(patterns);
    let loads = |directory: &Utf8PathBuf| workspace.would_load(&directory.join("any.yaml"));
    let found = directories.find(|directory| !directory.as_str().is_empty() && loads(directory));
    found.unwrap_or_else(|| SYNCS.into())
}

/// A file of a new workspace.
#[derive(Serialize)]
struct File {
    file: Utf8PathBuf,
    /// `written`, or `kept` if it existed.
    result: &'static str,
}

impl CommandOutcome for Begun {
    fn human(&self, view: View) -> Human {
        let mut text = String::new();
        for File { file, result } in &self.files {
            text.push_str(&if *result == "kept" {
                format!("Kept {file}, which already exists.\n")
            } else {
                format!("Wrote {file}.\n")
            });
        }
        text.push_str(&format!("\nNext:\n{}", self.next.text(view.screen)));
        text.into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body<'a> {
            files: &'a [File],
        }
        Box::new(Body { files: &self.files })
    }
}
