//! `secsync init`: begin a workspace.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::{LoadArguments, OutputArguments};
use crate::cli::command::{Command, Human, Outcome, Session, View};
use crate::cli::output::Offer;
use crate::cli::sync_files::{editor_schema, write};
use crate::error::CommandError;
use crate::export::paths::{EDITOR_SCHEMA, WORKSPACE_SCHEMA};
use crate::pipeline::Opened;
use crate::schema::editor;
use crate::workspace::files::WORKSPACE_FILE;
use crate::workspace::write::Existing;
use crate::yaml;

const WORKSPACE: &str = include_str!("init/secsync.yaml");
const EXAMPLE: &str = include_str!("init/example.yaml");
/// Where sync files are, by what the workspace file includes.
const SYNCS: &str = "syncs";

const DETAILS: &str = "\
The workspace begins at the root of the Git repository, or here if there is none. No file that \
exists is changed, and nothing is asked.";

/// The arguments of `init`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
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
        let opened = LoadArguments::default().open(session)?.settings()?;
        let root = &opened.workspace.root;
        let mut files = Vec::new();
        for (file, content) in texts(&opened)? {
            let path = root.join(file);
            let shown = Utf8PathBuf::from(opened.workspace.shown(&path));
            let is_kept = path.exists();
            if !is_kept {
                write(&path, &shown, &content, Existing::Keep)?;
            }
            files.push(File {
                file: shown,
                result: if is_kept { "kept" } else { "written" },
            });
        }
        Ok(Begun {
            files,
            syncs: opened.workspace.shown(&root.join(SYNCS)),
        })
    }
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
