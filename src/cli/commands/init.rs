//! `secsync init`: begin a workspace.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::{LoadArguments, OutputArguments, working_directory};
use crate::cli::command::{Command, Human, Outcome, Session, View};
use crate::cli::output::Offer;
use crate::cli::sync_files::{editor_schema, write_new};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::paths::{EDITOR_SCHEMA, WORKSPACE_SCHEMA};
use crate::pipeline::Opened;
use crate::root::{self, WORKSPACE_FILE};
use crate::schema::editor;
use crate::text_file::reason;
use crate::workspace::Where;
use crate::yaml;

const WORKSPACE: &str = include_str!("init/secsync.yaml");
const EXAMPLE: &str = include_str!("init/example.yaml");
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

    fn output(&self) -> &OutputArguments {
        &self.output
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
        let opened = load.open(session)?.settings()?;
        let root = &opened.workspace.root;
        let mut files = Vec::new();
        for (file, content) in texts(&opened)? {
            let is_written = write_new(&opened, file.as_str(), &content)?.is_some();
            files.push(File {
                file: opened.workspace.shown(&root.join(file)).into(),
                result: if is_written { "written" } else { "kept" },
            });
        }
        Ok(Begun {
            files,
            syncs: opened.workspace.shown(&root.join(SYNCS)),
        })
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
fn texts(opened: &Opened) -> Result<Vec<(Utf8PathBuf, String)>, CommandError> {
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
        let modeline = yaml::modeline(&format!("../{EDITOR_SCHEMA}"));
        files.push((
            Utf8Path::new(SYNCS).join("example.yaml"),
            format!("{modeline}{EXAMPLE}"),
        ));
    }
    Ok(files)
}

/// A workspace that was begun.
pub struct Begun {
    files: Vec<File>,
    /// The directory of its sync files.
    syncs: String,
}

/// A file of a new workspace.
#[derive(Serialize)]
struct File {
    file: Utf8PathBuf,
    /// `written`, or `kept` if it existed.
    result: &'static str,
}

impl Outcome for Begun {
    fn human(&self, _view: View) -> Human {
        let mut text = String::new();
        for File { file, result } in &self.files {
            text.push_str(&if *result == "kept" {
                format!("Kept {file}, which already exists.\n")
            } else {
                format!("Wrote {file}.\n")
            });
        }
        let syncs = &self.syncs;
        text.push_str(&format!(
            "\nNext:\n  \
             secsync plan --sandbox       what {syncs} would do, on an emulator, without an account\n  \
             secsync schema list          where secrets can go\n  \
             secsync export --all-projects --dir {syncs}\n  \
             \x20                            sync files of the syncs that you already have\n"
        ));
        text.into()
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Body<'a> {
            files: &'a [File],
        }
        Body { files: &self.files }
    }
}
