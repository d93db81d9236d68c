//! `secsync schema diff`: what changed between two sets of schemas, and which files that breaks.

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::arguments::LoadArguments;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::named_files::working_directory;
use crate::cli::output::{Offer, OutputArguments};
use crate::core::diagnostic::Diagnostic;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::json::{FileRange, JsonBody};
use crate::render::schema_diff::{self, Broken, SchemaDiffBody};
use crate::root::{self, Root};
use crate::schema::compare::{self, SchemaChange};
use crate::schema::pull;
use crate::schema::store::SchemaStore;
use crate::text_file::UnreadableText;

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
pub struct Arguments {
    /// The older set: `bundled`, `workspace`, or a directory that was pulled.
    #[arg(default_value = BUNDLED)]
    old: String,
    /// The newer set.
    #[arg(default_value = WORKSPACE)]
    new: String,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema-diff";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = SchemaChanges;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
    }

    fn run(self, session: &Session) -> Result<SchemaChanges, CommandError> {
        let old = set_of(&self.old, session)?;
        let new = set_of(&self.new, session)?;
        let changes = compare::compare(&compare::files(&old)?, &compare::files(&new)?);
        let known = errors(old, session)?;
        let mut broken = errors(new, session)?;
        broken.retain(|error| !known.contains(error));
        Ok(SchemaChanges { changes, broken })
    }
}

/// What differs between two sets of schemas.
pub struct SchemaChanges {
    changes: Vec<SchemaChange>,
    broken: Vec<Broken>,
}

impl CommandOutcome for SchemaChanges {
    fn exit(&self) -> Exit {
        if self.broken.is_empty() && !self.changes.iter().any(|change| change.breaking) {
            Exit::Done
        } else {
            Exit::ChangesPending
        }
    }

    fn human(&self, _view: View) -> Human {
        schema_diff::human(&self.changes, &self.broken).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        Box::new(SchemaDiffBody::new(&self.changes, &self.broken))
    }
}

/// The store of a set.
fn set_of(word: &str, session: &Session) -> Result<SchemaStore, CommandError> {
    let directory = match word {
        BUNDLED => return Ok(SchemaStore::bundled()),
        WORKSPACE => LoadArguments::default().open(session)?.schema_directory(),
        directory => named(directory)?,
    };
    // A directory of the root has a name, and one above it.
    let (root, name) = (directory.parent(), directory.file_name());
    let (root, name) = (root.unwrap_or(&directory), name.unwrap_or_default());
    let store = SchemaStore::with_workspace(root, name.into())?;
    let manifest = Root::open(root)
        .ok()
        .and_then(|root| pull::manifest(&root, name.into()));
    let whole = manifest.map(|manifest| manifest.whole_platforms());
    Ok(store.without_bundled(whole.unwrap_or_default()))
}

/// The directory that a word of the command line means.
fn named(word: &str) -> Result<Utf8PathBuf, CommandError> {
    let place = root::Place::of(word.into(), &working_directory()?);
    match place.map(|place| place.path()) {
        Ok(directory) if directory.is_dir() => Ok(directory),
        Err(error) if UnreadableText::of(&error).is_some() => Err(CommandError::usage(format!(
            "The directory `{word}` cannot be read: {error}."
        ))),
        _ => Err(
            CommandError::usage(format!("The directory `{word}` does not exist."))
                .help("Name `bundled`, `workspace`, or a directory that `schema pull` wrote."),
        ),
    }
}

/// The errors in this workspace's files by the schemas of a store.
fn errors(store: SchemaStore, session: &Session) -> Result<Vec<Broken>, CommandError> {
    let opened = LoadArguments::default().open(session)?.with_store(store);
    // A workspace without sync files has none that could break.
    let Ok(loaded) = opened.load(&mut std::io::empty()) else {
        return Ok(Vec::new());
    };
    let workspace = loaded.findings()?;
    let sources = &workspace.sources;
    let broken = |found: &Diagnostic| Broken {
        message: found.message.clone(),
        place: found.span().map(|span| FileRange::new(span, sources)),
    };
    let found = workspace.diagnostics.iter();
    let errors = found.filter(|found| found.is_error());
    Ok(errors.map(broken).collect())
}
