//! `secsync schema`: what files are checked against.

use camino::Utf8Path;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::adopt::place::EDITOR_SCHEMA;
use crate::cancel::Cancellation;
use crate::core::diagnostic::Severity;
use crate::core::spec::ProviderKind;
use crate::environment::Environment;
use crate::error::Stop;
use crate::exit::Exit;
use crate::http::public::fetch_public;
use crate::http::trust;
use crate::pipeline::Run;
use crate::render::text::visible;
use crate::schema;
use crate::schema::compare::{self, Files};
use crate::schema::extract::{Extraction, extract};
use crate::schema::pull::{self, Document};
use crate::schema::store::{Destination, Origin, SchemaStore};

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::session::{self, now};
use super::ui::{Format, Ui};

/// Where a running Infisical serves its own document.
const DOCUMENT_ROUTE: &str = "/api/docs/json";

/// The schemas that are part of the program.
const BUNDLED: &str = "bundled";
/// The schemas that are in use in this workspace: its own over the bundled ones.
const WORKSPACE: &str = "workspace";

/// The arguments of `schema`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the destinations.
    List {
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Print one schema: infisical/humanitec, enkryptify/start.
    Show {
        /// PROVIDER/DESTINATION.
        name: String,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Show what changed between two sets of schemas, and which files it breaks.
    Diff(Diff),
    /// Write the schema that editors complete and check sync files by.
    Editor {
        /// Where to write it; - for standard output.
        #[arg(long, value_name = "FILE", default_value = EDITOR_SCHEMA)]
        out: String,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Extract schemas from OpenAPI documents into this workspace, where they win over the bundled ones.
    Pull(Pull),
}

#[derive(Debug, Args)]
struct Diff {
    /// The older set: `bundled`, `workspace`, or a directory that was pulled.
    #[arg(default_value = BUNDLED)]
    old: String,
    /// The newer set.
    #[arg(default_value = WORKSPACE)]
    new: String,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct Pull {
    /// OpenAPI documents as JSON or YAML, or the documentation pages that wrap one: files or URLs.
    #[arg(required_unless_present = "from_server")]
    documents: Vec<String>,
    /// Read the document that the server of this provider serves.
    #[arg(long, value_name = "PROVIDER", num_args = 0..=1, require_equals = true,
          default_missing_value = "infisical")]
    from_server: Option<String>,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let output = match &arguments.command {
        Command::List { output }
        | Command::Show { output, .. }
        | Command::Editor { output, .. }
        | Command::Diff(Diff { output, .. }) => output,
        Command::Pull(pull) => &pull.output,
    };
    let ui = match Ui::new(output, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let done = match arguments.command {
        Command::List { .. } => list(environment, &ui),
        Command::Show { name, .. } => show(&name, environment, &ui),
        Command::Pull(arguments) => pull(&arguments, environment, &ui),
        Command::Diff(arguments) => diff(&arguments, &environment, &ui),
        Command::Editor { out, .. } => editor(&out, environment, &ui),
    };
    match done {
        Ok(exit) => exit,
        Err(stop) => ui.stop(&stop),
    }
}

/// What a command without sync files needs.
fn options(
    network: Option<&NetworkArguments>,
    environment: Environment,
) -> Result<crate::pipeline::Options, Stop> {
    pipeline_options(LoadArguments::default(), network, environment)
}

/// A run of this workspace without any sync file.
fn open(
    network: Option<&NetworkArguments>,
    environment: Environment,
    ui: &Ui,
) -> Result<Run, Stop> {
    let run = Run::open(options(network, environment)?)?;
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    if run.workspace.diagnostics.is_empty() {
        Ok(run)
    } else {
        Err(Stop::invalid())
    }
}

fn list(environment: Environment, ui: &Ui) -> Result<Exit, Stop> {
    let run = open(None, environment, ui)?;
    let mut rows = Vec::new();
    for slug in run.store.destinations(ProviderKind::Infisical) {
        if let Some(destination) = run.store.destination(ProviderKind::Infisical, &slug)? {
            rows.push(destination);
        }
    }
    let manifest = pull::manifest(&run.schema_directory());
    let pull_of = |row: &Destination| {
        let is_pulled = row.origin == Origin::Pulled;
        let manifest = manifest.as_ref().filter(|_| is_pulled)?;
        manifest.providers.get(row.provider.name())
    };
    if ui.wants(Format::Json) {
        let destinations: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "provider": row.provider.name(), "destination": row.spec.slug, "name": row.spec.name,
                    "connectionApp": row.spec.connection_app, "canImport": row.spec.can_import,
                    "origin": row.origin.name(),
                    "pulledAt": pull_of(row).map(|pull| &pull.date),
                    "digest": pull::digest(&row.file.to_text(&(row.provider, row.spec.slug.clone()))),
                })
            })
            .collect();
        let document = json!({"version": 1, "kind": "schemas", "destinations": destinations});
        ui.result(Format::Json, &format!("{document:#}\n"));
    }
    let mut text = format!(
        "{:<12} {:<28} {:<28} {:<24} {:<7} SCHEMA\n",
        "PROVIDER", "DESTINATION", "NAME", "CONNECTION", "IMPORT"
    );
    for row in &rows {
        text.push_str(&format!(
            "{:<12} {:<28} {:<28} {:<24} {:<7} {}\n",
            row.provider.name(),
            visible(&row.spec.slug),
            visible(&row.spec.name),
            visible(row.spec.connection_app.as_deref().unwrap_or("-")),
            if row.spec.can_import { "yes" } else { "no" },
            match pull_of(row) {
                Some(pull) => format!("{} {}", row.origin.name(), visible(&pull.date)),
                None => row.origin.name().to_owned(),
            }
        ));
    }
    text.push_str(&format!(
        "{:<12} {:<28} {:<28} {:<24} {:<7} bundled\n",
        "enkryptify", "(any slug)", "Enkryptify", "-", "no"
    ));
    Ok(ui.result(Format::Human, &text))
}

fn show(name: &str, environment: Environment, ui: &Ui) -> Result<Exit, Stop> {
    let run = open(None, environment, ui)?;
    let key = name
        .split_once('/')
        .and_then(|(provider, slug)| Some((ProviderKind::parse(provider)?, slug.to_owned())));
    let unknown = || {
        Stop::usage(format!("There is no schema `{name}`."))
            .help("Write PROVIDER/DESTINATION; `secsync schema list` shows them.")
    };
    let key = key.ok_or_else(unknown)?;
    let file = run.store.file(&key)?.ok_or_else(unknown)?;
    Ok(ui.out(&file.to_text(&key)))
}

fn pull(arguments: &Pull, environment: Environment, ui: &Ui) -> Result<Exit, Stop> {
    let mut run = open(Some(&arguments.network), environment, ui)?;
    let texts = session::run_online(ui, async |cancellation: Cancellation| {
        let sandbox = session::start_sandbox(&mut run, arguments.network.sandbox).await?;
        let texts = read_all(arguments, &run, &cancellation).await;
        session::stop_sandbox(sandbox).await?;
        texts
    })?;
    let mut whole = Extraction::default();
    let mut documents = Vec::new();
    for (name, text) in &texts {
        let extraction = extract(text).map_err(|error| {
            Stop::new(Exit::Error, format!("{}: {error}", visible(name)))
                .help("Nothing was changed in this workspace.")
        })?;
        documents.push(Document::new(name, text, &extraction));
        whole.merge(extraction);
    }
    let directory = run.schema_directory();
    let pulled = pull::write(&directory, &whole, &documents, &now())
        .map_err(|error| Stop::new(Exit::Error, error.to_string()))?;
    let text = format!(
        "Pulled {} into {directory}: {} written, {} removed, {} as they were.\n",
        match whole.files.len() {
            1 => "1 schema".to_owned(),
            count => format!("{count} schemas"),
        },
        pulled.written.len(),
        pulled.removed.len(),
        pulled.unchanged
    );
    Ok(ui.result(Format::Human, &text))
}

/// A set of schemas, and the store that checks files by it.
fn set_of(word: &str, environment: &Environment) -> Result<(Files, SchemaStore), Stop> {
    let store = match word {
        BUNDLED => SchemaStore::bundled(),
        WORKSPACE => Run::open(options(None, environment.clone())?)?.store,
        directory => {
            let directory = Utf8Path::new(directory);
            if !directory.is_dir() {
                return Err(
                    Stop::usage(format!("There is no directory `{directory}`.")).help(
                        "Name `bundled`, `workspace`, or a directory that `schema pull` wrote.",
                    ),
                );
            }
            let store = SchemaStore::with_workspace(directory)?;
            return Ok((compare::pulled_files(&store)?, store));
        }
    };
    Ok((compare::files(&store)?, store))
}

fn diff(arguments: &Diff, environment: &Environment, ui: &Ui) -> Result<Exit, Stop> {
    let (old, old_store) = set_of(&arguments.old, environment)?;
    let (new, new_store) = set_of(&arguments.new, environment)?;
    let changes = compare::compare(&old, &new);
    let broken = newly_invalid(old_store, new_store, environment)?;
    let breaks = changes.iter().any(compare::Change::is_breaking) || !broken.is_empty();
    let exit = if breaks {
        Exit::ChangesPending
    } else {
        Exit::Done
    };
    if ui.wants(Format::Json) {
        let rows: Vec<_> = changes
            .iter()
            .map(|change| {
                json!({
                    "provider": change.destination.0.name(), "destination": change.destination.1,
                    "field": change.field, "change": change.kind.to_string(),
                    "breaking": change.is_breaking(),
                })
            })
            .collect();
        let document = json!({
            "version": 1, "kind": "schema-diff", "changes": rows, "brokenFiles": broken,
            "exitCode": exit.code(),
        });
        ui.result(Format::Json, &format!("{document:#}\n"));
    }
    let mut text = String::new();
    for change in &changes {
        let (kind, name) = &change.destination;
        let mark = if change.is_breaking() { "!" } else { " " };
        let field = change
            .field
            .as_deref()
            .map(|field| format!(" {field}"))
            .unwrap_or_default();
        text.push_str(&visible(&format!(
            "{mark} {}/{name}{field}: {}",
            kind.name(),
            change.kind
        )));
        text.push('\n');
    }
    if changes.is_empty() {
        text.push_str("The schemas are the same.\n");
    }
    for place in &broken {
        text.push_str(&format!("! {}\n", visible(place)));
    }
    Ok(exit.most_important(ui.result(Format::Human, &text)))
}

/// The errors in this workspace's files by the new schemas that the old ones do not find.
fn newly_invalid(
    old: SchemaStore,
    new: SchemaStore,
    environment: &Environment,
) -> Result<Vec<String>, Stop> {
    let errors = |store: SchemaStore| -> Result<Vec<String>, Stop> {
        let mut run = Run::open(options(None, environment.clone())?)?;
        run.store = store;
        // A workspace without sync files has none that could break.
        if run.read_files(&mut std::io::empty()).is_err() {
            return Ok(Vec::new());
        }
        // What is wrong is in the findings, and they are what is asked for.
        let _ = run.check();
        let sources = &run.workspace.sources;
        let found = run.workspace.diagnostics.iter();
        let errors = found.filter(|found| found.severity == Severity::Error);
        Ok(errors
            .map(|found| {
                let place = found
                    .span()
                    .map(|span| sources.describe(span))
                    .unwrap_or_default();
                format!("{place}: {}", found.message)
            })
            .collect())
    };
    let known = errors(old)?;
    Ok(errors(new)?
        .into_iter()
        .filter(|error| !known.contains(error))
        .collect())
}

fn editor(out: &str, environment: Environment, ui: &Ui) -> Result<Exit, Stop> {
    let run = open(None, environment, ui)?;
    let text = editor_schema(&run)?;
    if out == "-" {
        return Ok(ui.out(&text));
    }
    let path = run.workspace.root.join(out);
    let failed = |error: std::io::Error| {
        Stop::new(
            Exit::Error,
            format!("The schema cannot be written to {path}: {error}."),
        )
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    std::fs::write(&path, text).map_err(failed)?;
    Ok(ui.result(
        Format::Human,
        &format!(
            "Wrote {path}. Sync files name it in their first line, relative to themselves:\n\n  \
             # yaml-language-server: $schema=../{out}\n"
        ),
    ))
}

/// The schema of this workspace's sync files for editors.
pub fn editor_schema(run: &Run) -> Result<String, Stop> {
    let providers = &run.workspace.config.providers;
    let kinds = providers
        .iter()
        .map(|(name, provider)| (name.clone(), provider.kind))
        .collect();
    let schema = schema::editor::schema(&run.store, &kinds)?;
    Ok(format!("{schema:#}\n"))
}

async fn read_all(
    arguments: &Pull,
    run: &Run,
    cancellation: &Cancellation,
) -> Result<Vec<(String, String)>, Stop> {
    let mut texts = Vec::new();
    let mut urls = Vec::new();
    if let Some(provider) = &arguments.from_server {
        let config = run
            .workspace
            .config
            .providers
            .get(provider)
            .ok_or_else(|| {
                Stop::usage(format!("There is no provider `{provider}`."))
                    .help("Name one from `providers:` in secsync.yaml, or infisical.")
            })?;
        let server = match &run.options.http.sandbox {
            Some(sandbox) => sandbox.origin.clone(),
            None => trust::server(config, &run.options.environment, &run.options.http)?.to_string(),
        };
        urls.push(format!("{server}{DOCUMENT_ROUTE}"));
    }
    for document in &arguments.documents {
        if document.starts_with("https://") || document.starts_with("http://") {
            urls.push(document.clone());
        } else {
            let path = run.options.request.directory.join(document);
            texts.push((document.clone(), read_file(&path, document)?));
        }
    }
    for url in urls {
        let options = &run.options;
        let fetched = fetch_public(&url, &options.environment, &options.http, cancellation).await?;
        let text = String::from_utf8(fetched.body).map_err(|_| {
            Stop::new(
                Exit::Error,
                format!("What {} serves is not UTF-8 text.", visible(&url)),
            )
        })?;
        texts.push((url, text));
    }
    Ok(texts)
}

fn read_file(path: &Utf8Path, shown: &str) -> Result<String, Stop> {
    std::fs::read_to_string(path).map_err(|error| {
        Stop::new(
            Exit::Error,
            format!("The document {} cannot be read: {error}.", visible(shown)),
        )
    })
}
