//! `secsync schema`: what files are checked against.

mod diff;
mod pull;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::adopt::place::EDITOR_SCHEMA;
use crate::core::spec::ProviderKind;
use crate::digest::sha256;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render::text::visible;
use crate::schema;
use crate::schema::destination::{Destination, SchemaSource};
use crate::schema::pull::manifest;

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::ui::{Format, Ui};

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
    Diff(diff::Arguments),
    /// Write the schema that editors complete and check sync files by.
    Editor {
        /// Where to write it; - for standard output.
        #[arg(long, value_name = "FILE", default_value = EDITOR_SCHEMA)]
        out: String,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Extract schemas from OpenAPI documents into this workspace, where they win over the bundled ones.
    Pull(pull::Arguments),
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let output = match &arguments.command {
        Command::List { output }
        | Command::Show { output, .. }
        | Command::Editor { output, .. }
        | Command::Diff(diff::Arguments { output, .. })
        | Command::Pull(pull::Arguments { output, .. }) => output,
    };
    let ui = match Ui::new(output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let done = match arguments.command {
        Command::List { .. } => list(environment, &ui),
        Command::Show { name, .. } => show(&name, environment, &ui),
        Command::Pull(arguments) => pull::run(&arguments, environment, &ui),
        Command::Diff(arguments) => diff::run(&arguments, &environment, &ui),
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
) -> Result<crate::pipeline::Options, CommandError> {
    pipeline_options(LoadArguments::default(), network, environment)
}

/// A run of this workspace without any sync file.
fn open(
    network: Option<&NetworkArguments>,
    environment: Environment,
    ui: &Ui,
) -> Result<Run, CommandError> {
    let run = Run::open(options(network, environment)?)?;
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    if run.workspace.diagnostics.is_empty() {
        Ok(run)
    } else {
        Err(CommandError::invalid())
    }
}

fn list(environment: Environment, ui: &Ui) -> Result<Exit, CommandError> {
    let run = open(None, environment, ui)?;
    let mut rows = Vec::new();
    for slug in run.store.destinations(ProviderKind::Infisical) {
        if let Some(destination) = run.store.destination(ProviderKind::Infisical, &slug)? {
            rows.push(destination);
        }
    }
    let manifest = manifest(&run.schema_directory());
    let pull_of = |row: &Destination| {
        let is_pulled = row.origin == SchemaSource::Pulled;
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
                    "digest": sha256(row.file.to_text(&(row.provider, row.spec.slug.clone())).as_bytes()),
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

fn show(name: &str, environment: Environment, ui: &Ui) -> Result<Exit, CommandError> {
    let run = open(None, environment, ui)?;
    let key = name
        .split_once('/')
        .and_then(|(provider, slug)| Some((ProviderKind::parse(provider)?, slug.to_owned())));
    let unknown = || {
        CommandError::usage(format!("There is no schema `{name}`."))
            .help("Write PROVIDER/DESTINATION; `secsync schema list` shows them.")
    };
    let key = key.ok_or_else(unknown)?;
    let file = run.store.file(&key)?.ok_or_else(unknown)?;
    Ok(ui.out(&file.to_text(&key)))
}

fn editor(out: &str, environment: Environment, ui: &Ui) -> Result<Exit, CommandError> {
    let run = open(None, environment, ui)?;
    let text = editor_schema(&run)?;
    if out == "-" {
        return Ok(ui.out(&text));
    }
    let path = run.workspace.root.join(out);
    let failed = |error: std::io::Error| {
        CommandError::new(
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
pub fn editor_schema(run: &Run) -> Result<String, CommandError> {
    let providers = &run.workspace.config.providers;
    let kinds = providers
        .iter()
        .map(|(name, provider)| (name.clone(), provider.kind))
        .collect();
    let schema = schema::editor::schema(&run.store, &kinds)?;
    Ok(format!("{schema:#}\n"))
}
