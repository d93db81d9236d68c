//! `secsync sandbox`: the emulator over HTTP, for tests.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::cancel::Cancellation;
use crate::core::span::Sources;
use crate::core::value::Node;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::sandbox::{self, Catalog, FailRule, World};
use crate::workspace::read::read;
use crate::yaml;

use super::options::{LoadArguments, OutputArguments, duration, pipeline_options};
use super::session;
use super::ui::{Format, Ui};

/// The arguments of `sandbox`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Where to listen, on this machine; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8089")]
    listen: SocketAddr,
    /// What exists at the start: projects, environments, connections, identities.
    #[arg(long, value_name = "FILE")]
    world: Option<Utf8PathBuf>,
    /// Wait so long before each answer.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    latency: Option<Duration>,
    /// How many requests a minute each route takes.
    #[arg(long, value_name = "N")]
    rate_limit: Option<u32>,
    /// A fault to show, such as create=500, list=html, sync:NAME=fail.
    #[arg(long, value_name = "RULE")]
    fail: Vec<String>,
    /// Makes ids: the same seed gives the same ids.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Runs the command until it is interrupted.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    match serve(arguments, environment, &ui) {
        Ok(()) => Exit::Done,
        Err(stop) => ui.stop(&stop),
    }
}

fn serve(arguments: Arguments, environment: Environment, ui: &Ui) -> Result<(), CommandError> {
    let world_file = arguments.world.as_deref().map(read_world).transpose()?;
    let names_files = !(arguments.load.paths.is_empty() && arguments.load.files.file.is_empty());
    let options = pipeline_options(arguments.load, None, environment)?;
    let run = if names_files {
        let mut run = Run::load(options, &mut std::io::stdin())?;
        let checked = run.check();
        ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
        checked?;
        run
    } else {
        Run::open(options)?
    };
    let mut world = world_file.unwrap_or_default();
    world.merge(&session::world_of(&run));
    let fail = arguments
        .fail
        .iter()
        .map(|rule| rule.parse::<FailRule>().map_err(CommandError::usage))
        .collect::<Result<_, _>>()?;
    let options = sandbox::Options {
        listen: arguments.listen,
        world,
        latency: arguments.latency.unwrap_or_default(),
        rate_limit: arguments.rate_limit,
        fail,
        seed: arguments.seed,
        catalog: Arc::new(Catalog::from_store(&run.store)?),
        ..sandbox::Options::default()
    };
    session::run_until_interrupted(ui, "Stopping.\n", async |cancellation: Cancellation| {
        let running = sandbox::start(options)
            .await
            .map_err(|error| match error.kind() {
                // Its own words: it listens on this machine only.
                io::ErrorKind::InvalidInput => CommandError::usage(error.to_string()),
                _ => CommandError::new(
                    Exit::Error,
                    format!(
                        "The sandbox cannot listen on {}: {error}.",
                        arguments.listen
                    ),
                ),
            })?;
        ui.result(Format::Human, &greeting(running.address()));
        cancellation.cancelled().await;
        session::stop_sandbox(Some(running)).await
    })
}

/// What a person copies to use it.
fn greeting(address: SocketAddr) -> String {
    format!(
        "The sandbox listens on http://{address}. In another terminal:\n\n  \
         export INFISICAL_HOST=http://{address}\n  \
         export INFISICAL_UNIVERSAL_AUTH_CLIENT_ID={}\n  \
         export INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET={}\n  \
         export ENKRYPTIFY_API_URL=http://{address}\n  \
         export ENKRYPTIFY_TOKEN={}\n\n\
         Ctrl-C stops it.\n",
        sandbox::CLIENT_ID,
        sandbox::CLIENT_SECRET,
        sandbox::ENKRYPTIFY_TOKEN
    )
}

fn read_world(path: &Utf8Path) -> Result<World, CommandError> {
    let text = read(path, path.as_str())
        .map_err(|found| CommandError::new(Exit::Invalid, found.message))?;
    let mut sources = Sources::default();
    let source = sources.add(path.as_str(), text);
    let loaded = yaml::load(source, &sources.get(source).text);
    if let Some(found) = loaded.diagnostics.first() {
        let place = found
            .span()
            .map(|span| sources.describe(span))
            .unwrap_or_default();
        return Err(CommandError::new(
            Exit::Invalid,
            format!("{place}: {}", found.message),
        ));
    }
    let document = loaded.documents.first().map(Node::to_json);
    serde_json::from_value(document.unwrap_or_else(|| serde_json::json!({}))).map_err(|error| {
        CommandError::new(
            Exit::Invalid,
            format!("The world {path} is malformed: {error}."),
        )
    })
}
