//! `secsync init`: begin a workspace.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::adopt::place::{EDITOR_SCHEMA, WORKSPACE_SCHEMA};
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::schema::editor;
use crate::workspace::files::WORKSPACE_FILE;
use crate::workspace::write::Existing;
use crate::yaml;

use super::adopting;
use super::options::{LoadArguments, OutputArguments, pipeline_options};
use super::schema::editor_schema;
use super::ui::{Format, Ui};

const WORKSPACE: &str = include_str!("init/secsync.yaml");
const EXAMPLE: &str = include_str!("init/example.yaml");
/// Where sync files are, by what the workspace file includes.
const SYNCS: &str = "syncs";

const DETAILS: &str = "\
The workspace begins at the root of the Git repository, or here if there is none. Nothing that is \
there is changed, and nothing is asked.";

/// The arguments of `init`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: &Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(environment).stop(&stop),
    };
    match init(environment, &ui) {
        Ok(text) => ui.result(Format::Human, &text),
        Err(stop) => ui.stop(&stop),
    }
}

fn init(environment: &Environment, ui: &Ui) -> Result<String, CommandError> {
    let options = pipeline_options(LoadArguments::default(), None, environment.clone())?;
    let run = Run::open(options)?;
    let root = &run.workspace.root;
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    if !run.workspace.diagnostics.is_empty() {
        return Err(CommandError::invalid());
    }
    let example = Utf8Path::new(SYNCS).join("example.yaml");
    let mut files = vec![
        (
            Utf8PathBuf::from(WORKSPACE_FILE),
            format!("{}{WORKSPACE}", yaml::modeline(WORKSPACE_SCHEMA)),
        ),
        (
            WORKSPACE_SCHEMA.into(),
            format!("{:#}\n", editor::workspace_file::schema()),
        ),
        (EDITOR_SCHEMA.into(), editor_schema(&run)?),
    ];
    // Whoever has sync files already needs no example.
    if !root.join(SYNCS).exists() && run.workspace.config.include.is_empty() {
        let modeline = yaml::modeline(&format!("../{EDITOR_SCHEMA}"));
        files.push((example, format!("{modeline}{EXAMPLE}")));
    }
    let mut text = String::new();
    for (file, content) in files {
        let path = root.join(&file);
        let shown = Utf8PathBuf::from(run.workspace.shown(&path));
        if path.exists() {
            text.push_str(&format!("Kept {shown}, which was there already.\n"));
        } else {
            adopting::write(&path, &shown, &content, Existing::Keep)?;
            text.push_str(&format!("Wrote {shown}.\n"));
        }
    }
    let syncs = run.workspace.shown(&root.join(SYNCS));
    text.push_str(&format!(
        "\nNext:\n  \
         secsync plan --sandbox       what {syncs} would do, on an emulator, without an account\n  \
         secsync schema list          where secrets can go\n  \
         secsync export --all-projects --dir {syncs}\n  \
         \x20                            sync files of what you have already\n"
    ));
    Ok(text)
}
