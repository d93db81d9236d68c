//! The commands: arguments, then a short call into the library.
//!
//! One file a command. `ui` owns what is printed, `options` the flags that commands share,
//! `session` the steps that online commands share, `adopting` those of export and import,
//! `planfile` the files that plans are saved in.

mod adopting;
mod apply;
mod approval;
mod auth;
mod completions;
mod drift;
mod explain;
mod export;
mod import;
mod init;
mod options;
mod plan;
mod planfile;
mod sandbox;
mod schema;
mod session;
mod show;
mod state;
mod status;
mod sync;
mod ui;
mod validate;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::environment::Environment;
use crate::exit::Exit;
use ui::Ui;

/// Declarative secret syncs: plan them in a pull request, apply them from CI.
#[derive(Debug, Parser)]
#[command(
    name = "secsync",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
#[command(after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done, or no changes
  1   error
  2   changes pending (drift, and with --detailed-exitcode)
  3   the files are invalid
  4   authentication or permission
  5   at least one action failed or is unknown
  6   the saved plan is stale, or was applied already
  7   a sync job failed or did not finish in time
  64  wrong usage
  130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin a workspace: secsync.yaml, an example, and schemas for the editor.
    Init(init::Arguments),
    /// Check the files, offline.
    Validate(validate::Arguments),
    /// Show what apply would do.
    #[command(visible_alias = "diff")]
    Plan(plan::Arguments),
    /// Make the platforms as the files declare.
    Apply(apply::Arguments),
    /// Show saved plans, without a network.
    Show(show::Arguments),
    /// Tell what changed remotely, and exit with 2 if anything did.
    Drift(drift::Arguments),
    /// Tell how the declared syncs are doing: their last jobs, and those that run.
    Status(status::Arguments),
    /// Ask for sync jobs now, and follow them.
    Sync(sync::Arguments),
    /// Write sync files of what is there and not declared yet.
    Export(export::Arguments),
    /// Declare syncs that exist, in a file that people wrote.
    Import(import::Arguments),
    /// Look after the record of started syncs.
    State(state::Arguments),
    /// Look after the schemas that files are checked against.
    Schema(schema::Arguments),
    /// Serve an emulator of both platforms on this machine.
    Sandbox(sandbox::Arguments),
    /// Explain a finding: why it is so, an example, and how to mend it.
    Explain(explain::Arguments),
    /// Check credentials.
    Auth(auth::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
    /// Print the manual page.
    Man,
    /// Print the version.
    Version,
}

/// Runs the program and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error, &environment),
    };
    match arguments.command {
        Command::Init(arguments) => init::run(&arguments, &environment),
        Command::Validate(arguments) => validate::run(arguments, environment),
        Command::Plan(arguments) => plan::run(arguments, environment),
        Command::Apply(arguments) => apply::run(&arguments, environment),
        Command::Show(arguments) => show::run(&arguments, environment),
        Command::Drift(arguments) => drift::run(arguments, environment),
        Command::Status(arguments) => status::run(arguments, environment),
        Command::Sync(arguments) => sync::run(&arguments, environment),
        Command::Export(arguments) => export::run(&arguments, environment),
        Command::Import(arguments) => import::run(&arguments, environment),
        Command::State(arguments) => state::run(arguments, &environment),
        Command::Schema(arguments) => schema::run(arguments, environment),
        Command::Sandbox(arguments) => sandbox::run(arguments, environment),
        Command::Explain(arguments) => explain::run(&arguments, &environment),
        Command::Auth(arguments) => auth::run(arguments, environment),
        Command::Completions(arguments) => completions::run(&arguments, &mut Arguments::command()),
        Command::Man => completions::manual(&Arguments::command()),
        Command::Version => {
            Ui::plain(&environment).out(concat!("secsync ", env!("CARGO_PKG_VERSION"), "\n"))
        }
    }
}

/// Prints the help that was asked for, or what is wrong with the arguments.
fn explain(error: &clap::Error, environment: &Environment) -> Exit {
    let ui = Ui::plain(environment);
    let text = error.render().ansi().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ui.out(&text),
        _ => {
            ui.err(&text);
            Exit::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
