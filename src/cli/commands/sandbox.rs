//! `secsync sandbox`: the emulator over HTTP, for tests.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::cancel::Cancellation;
use crate::cli::arguments::{LoadArguments, duration};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::named_files::working_directory;
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sandbox::{stop, world_of};
use crate::core::sources::Sources;
use crate::core::value::Node;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::json::JsonBody;
use crate::sandbox::{self, Catalog, Era, FailRule, World};
use crate::text_file::reason;
use crate::workspace::texts::read_named;
use crate::yaml;

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
    /// The servers to behave like: those of 2025 (June 2025) or of today.
    #[arg(long, value_name = "ERA", default_value = "today")]
    era: Era,
    /// What exists at the start: projects, environments, connections, identities.
    #[arg(long, value_name = "FILE")]
    world: Option<Utf8PathBuf>,
    /// Wait this long before each answer.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    latency: Option<Duration>,
    /// How many requests a minute each route takes.
    #[arg(long, value_name = "N")]
    rate_limit: Option<u32>,
    /// Refuse two syncs with the same destination; not with `--era 2025`.
    #[arg(long)]
    block_duplicates: bool,
    /// Let jobs take as long as on a real server, not milliseconds for seconds.
    #[arg(long)]
    real_time: bool,
    /// A fault to show, such as create=500, list=html, sync:NAME=fail, sync:NAME=hang.
    #[arg(long, value_name = "RULE")]
    fail: Vec<String>,
    /// Makes ids and waits: the same seed gives the same ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl Command for Arguments {
    const NAME: &'static str = "sandbox";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Served;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame {
            on_interrupt: "Stopping.\n",
            ..CommandFrame::of(&self.output)
        }
    }

    fn run(self, session: &Session) -> Result<Served, CommandError> {
        let options = self.options(session)?;
        session.until_interrupted(async |cancellation: Cancellation| {
            let running = sandbox::start(options)
                .await
                .map_err(|error| cannot_listen(&error, self.listen))?;
            let address = running.address();
            session.show(&greeting(address))?;
            cancellation.cancelled().await;
            stop(running).await?;
            Ok(Served(address))
        })
    }
}

impl Arguments {
    fn options(&self, session: &Session) -> Result<sandbox::SandboxOptions, CommandError> {
        if self.block_duplicates && !self.era.is_today() {
            return Err(CommandError::usage(
                "A server of 2025 does not know `--block-duplicates`. Leave it or `--era 2025` out.",
            ));
        }
        let mut world = match &self.world {
            Some(path) => read_world(path)?,
            None => World::default(),
        };
        let opened = if self.load.names_files() {
            self.load.check(session)?.opened
        } else {
            self.load.open(session)?.without_syncs()
        };
        world.merge(&world_of(&opened));
        let rules = self.fail.iter();
        let pace = if self.real_time {
            sandbox::SandboxOptions::in_real_time()
        } else {
            sandbox::SandboxOptions::default()
        };
        Ok(sandbox::SandboxOptions {
            listen: self.listen,
            era: self.era,
            world,
            latency: self.latency.unwrap_or_default(),
            rate_limit: self.rate_limit,
            fail: rules
                .map(|rule| rule.parse::<FailRule>().map_err(CommandError::usage))
                .collect::<Result<_, _>>()?,
            seed: self.seed,
            catalog: Arc::new(Catalog::from_store(&opened.store)?),
            block_duplicates: self.block_duplicates,
            ..pace
        })
    }
}

fn cannot_listen(error: &io::Error, address: SocketAddr) -> CommandError {
    match error.kind() {
        // Its own words: it listens on this machine only.
        io::ErrorKind::InvalidInput => CommandError::usage(error.to_string()),
        _ => CommandError::new(
            Exit::Error,
            format!("The sandbox cannot listen on {address}: {}.", reason(error)),
        ),
    }
}

/// A sandbox that has stopped.
pub struct Served(SocketAddr);

impl CommandOutcome for Served {
    fn human(&self, _view: View) -> Human {
        // All there is to say was said while it ran.
        Human::default()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body {
            address: SocketAddr,
        }
        Box::new(Body { address: self.0 })
    }
}

/// What a person copies to use it.
fn greeting(address: SocketAddr) -> String {
    let variables = sandbox::demo_variables(address).into_iter();
    let exports: Vec<String> = variables
        .map(|(name, value)| format!("  export {name}={value}\n"))
        .collect();
    let exports = exports.concat();
    format!(
        "The sandbox listens on http://{address}. In another terminal:\n\n{exports}\n\
         Ctrl-C stops it.\n"
    )
}

fn read_world(path: &Utf8Path) -> Result<World, CommandError> {
    let text = read_named(path, &working_directory()?, path.as_str())
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
