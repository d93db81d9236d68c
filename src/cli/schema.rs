//! `secsync schema`: what files are checked against.

use camino::Utf8Path;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cancel::Cancellation;
use crate::core::spec::ProviderKind;
use crate::environment::Environment;
use crate::error::Stop;
use crate::exit::Exit;
use crate::http::public::fetch_public;
use crate::http::trust;
use crate::pipeline::Run;
use crate::render::text::visible;
use crate::schema::extract::{Extraction, extract};
use crate::schema::pull::{self, Document};

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::session::{self, now};
use super::ui::{Format, Ui};

/// Where a running Infisical serves its own document.
const DOCUMENT_ROUTE: &str = "/api/docs/json";

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
    /// Extract schemas from OpenAPI documents into this workspace, where they win over the bundled ones.
    Pull(Pull),
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
        Command::List { output } | Command::Show { output, .. } => output,
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
    };
    match done {
        Ok(exit) => exit,
        Err(stop) => ui.stop(&stop),
    }
}

/// A run of this workspace without any sync file.
fn open(
    network: Option<&NetworkArguments>,
    environment: Environment,
    ui: &Ui,
) -> Result<Run, Stop> {
    let nothing = LoadArguments {
        paths: Vec::new(),
        file: Vec::new(),
        selector: Vec::new(),
        target: Vec::new(),
        var: Vec::new(),
        var_file: Vec::new(),
    };
    let run = Run::open(pipeline_options(nothing, network, environment)?)?;
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
    if ui.wants(Format::Json) {
        let destinations: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "provider": row.provider.name(), "destination": row.spec.slug, "name": row.spec.name,
                    "connectionApp": row.spec.connection_app, "canImport": row.spec.can_import,
                    "origin": row.origin.name(),
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
            row.origin.name()
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
        "Pulled {} schemas into {directory}: {} written, {} removed, {} as they were.\n",
        whole.files.len(),
        pulled.written.len(),
        pulled.removed.len(),
        pulled.unchanged
    );
    Ok(ui.result(Format::Human, &text))
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
