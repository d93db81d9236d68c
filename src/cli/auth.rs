//! `secsync auth check`: whether the credentials work, without touching anything.

use clap::{Args, Subcommand};

use crate::cancel::Cancellation;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::provider::Provider;
use crate::render::SANDBOX;

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::session;
use super::ui::{Format, Ui};

/// The arguments of `auth`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log in to each provider that the files use, and count the projects that it shows.
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let Command::Check(arguments) = arguments.command;
    let ui = match Ui::new(&arguments.output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    match check(arguments, environment, &ui) {
        Ok(text) => ui.result(Format::Human, &text),
        Err(stop) => ui.stop(&stop),
    }
}

fn check(arguments: Check, environment: Environment, ui: &Ui) -> Result<String, CommandError> {
    let options = pipeline_options(arguments.load, Some(&arguments.network), environment)?;
    let mut run = Run::load(options, &mut std::io::stdin())?;
    let checked = run.check();
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    checked?;
    session::run_online(ui, async |cancellation: Cancellation| {
        let sandbox = session::start_sandbox(&mut run, arguments.network.sandbox).await?;
        let mut text = String::new();
        if arguments.network.sandbox {
            text.push_str(SANDBOX);
            text.push('\n');
        }
        for (name, provider) in run.connect(&cancellation)? {
            let server = provider.server().to_owned();
            text.push_str(&match provider {
                Provider::Managed(provider) => {
                    let sees = match provider.projects().await?.len() {
                        1 => "1 project".to_owned(),
                        count => format!("{count} projects"),
                    };
                    let method = provider.auth_method();
                    format!("{name}: logged in to {server} with {method}, and sees {sees}.\n")
                }
                Provider::StartOnly(_) => {
                    format!("{name}: a token for {server} is set; the platform has no way to check it.\n")
                }
            });
        }
        session::stop_sandbox(sandbox).await?;
        Ok(text)
    })
}
