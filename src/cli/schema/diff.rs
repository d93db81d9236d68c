//! `secsync schema diff`: what changed between two sets of schemas, and which files that breaks.

use camino::Utf8Path;
use clap::Args;

use crate::core::diagnostic::{Diagnostic, Severity};
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render::json;
use crate::render::schema_diff::{self, Broken};
use crate::schema::compare;
use crate::schema::pull;
use crate::schema::store::SchemaStore;

use super::super::options::OutputArguments;
use super::super::ui::{Format, Ui};
use super::options;

/// The schemas that are part of the program.
const BUNDLED: &str = "bundled";
/// The schemas that this workspace pulled.
const WORKSPACE: &str = "workspace";

const DETAILS: &str = "\
A pulled set is what was pulled, over the bundled schemas. Where the document of a whole server was \
pulled, the bundled destinations that this server does not have are left out, so that they are \
shown as removed.

Exit codes: 0 nothing would break, 2 a file that fits the older set could fail to fit the newer \
one, others as everywhere.";

/// The arguments of `schema diff`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub(super) struct Arguments {
    /// The older set: `bundled`, `workspace`, or a directory that was pulled.
    #[arg(default_value = BUNDLED)]
    old: String,
    /// The newer set.
    #[arg(default_value = WORKSPACE)]
    new: String,
    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// Runs the command.
pub(super) fn run(
    arguments: &Arguments,
    environment: &Environment,
    ui: &Ui,
) -> Result<Exit, CommandError> {
    let old = set_of(&arguments.old, environment)?;
    let new = set_of(&arguments.new, environment)?;
    let changes = compare::compare(&compare::files(&old)?, &compare::files(&new)?);
    let known = errors(old, environment)?;
    let mut broken = errors(new, environment)?;
    broken.retain(|error| !known.contains(error));
    let exit = if broken.is_empty() && !changes.iter().any(|change| change.breaking) {
        Exit::Done
    } else {
        Exit::ChangesPending
    };
    if ui.wants(Format::Json) {
        let document = schema_diff::json(&changes, &broken, exit);
        ui.result(Format::Json, &json::text(document));
    }
    let text = schema_diff::human(&changes, &broken);
    Ok(exit.most_important(ui.result(Format::Human, &text)))
}

/// The store of a set.
fn set_of(word: &str, environment: &Environment) -> Result<SchemaStore, CommandError> {
    let directory = match word {
        BUNDLED => return Ok(SchemaStore::bundled()),
        WORKSPACE => Run::open(options(None, environment.clone())?)?.schema_directory(),
        directory => Utf8Path::new(directory).to_owned(),
    };
    if word != WORKSPACE && !directory.is_dir() {
        return Err(
            CommandError::usage(format!("There is no directory `{directory}`."))
                .help("Name `bundled`, `workspace`, or a directory that `schema pull` wrote."),
        );
    }
    let whole = pull::manifest(&directory).map(|manifest| manifest.whole_platforms());
    let store = SchemaStore::with_workspace(&directory)?;
    Ok(store.without_bundled(whole.unwrap_or_default()))
}

/// The errors in this workspace's files by the schemas of a store.
fn errors(store: SchemaStore, environment: &Environment) -> Result<Vec<Broken>, CommandError> {
    let mut run = Run::open(options(None, environment.clone())?)?;
    run.store = store;
    // A workspace without sync files has none that could break.
    if run.read_files(&mut std::io::empty()).is_err() {
        return Ok(Vec::new());
    }
    match run.check() {
        // A schema cannot be used, and so no file was checked against it.
        Err(stop) if !stop.problems.is_empty() => return Err(stop),
        // What is wrong is in the findings, and they are what is asked for.
        _ => {}
    }
    let sources = &run.workspace.sources;
    let broken = |found: &Diagnostic| Broken {
        place: found.span().map(|span| json::place(span, sources)),
        at: found.span().map(|span| sources.describe(span)),
        message: found.message.clone(),
    };
    let found = run.workspace.diagnostics.iter();
    let errors = found.filter(|found| found.severity == Severity::Error);
    Ok(errors.map(broken).collect())
}
