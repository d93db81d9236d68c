//! The command line: arguments go in, an exit code comes out.
//!
//! | the frame | its job |
//! |---|---|
//! | `command` | what a command is, and the one ending of all of them |
//! | `output` | formats, and where they are written |
//! | `terminal` | the one place that prints |
//! | `stream` | what is written to without waiting for it longer than a run may |
//! | `runtime` | the online part: a runtime and Ctrl-C |
//! | `signals` | Ctrl-C and requests to terminate, whatever is waited for |
//! | `panics` | what is left of them |
//! | `sandbox` | the built-in sandbox of a run |
//! | `arguments` | the flags that commands share |
//! | `plan_file`, `sync_files` | the files that several commands read or write |
//!
//! `commands` has a file for each command.

mod arguments;
mod command;
mod commands;
mod output;
mod panics;
mod plan_file;
mod runtime;
mod sandbox;
mod signals;
mod stream;
mod sync_files;
mod terminal;

use std::ffi::OsString;

use camino::Utf8PathBuf;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::text_file::reason;
use command::execute;
use commands::{
    apply, auth, completions, drift, explain, export, import, init, list, plan, schema, show,
    state, status, sync, validate,
};
use terminal::Terminal;

/// Declarative secret syncs: plan them in a pull request, apply them from CI.
#[derive(Debug, Parser)]
#[command(
    name = "secsync",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
#[command(after_help = exit_codes())]
struct Arguments {
    /// Change to this directory first: paths are relative to it.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    change_directory: Option<Utf8PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// The exit codes, each with what it says.
fn exit_codes() -> String {
    let mut exits = Exit::ALL;
    exits.sort_by_key(|exit| exit.code());
    let lines = exits.map(|exit| format!("\n  {:<3} {}", exit.code(), exit.meaning()));
    format!("Exit codes:{}", lines.concat())
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin a workspace: secsync.yaml, an example, and schemas for the editor.
    Init(init::Arguments),
    /// Check the files, offline.
    Validate(validate::Arguments),
    /// Show what apply would do.
    #[command(visible_alias = "diff")]
    Plan(plan::Arguments),
    /// Make the platforms match the files.
    Apply(apply::Arguments),
    /// Show saved plans, without a network.
    Show(show::Arguments),
    /// Show what changed remotely, and exit with 2 if anything did.
    Drift(drift::Arguments),
    /// Show how the declared syncs are doing: their last jobs, and those that run.
    Status(status::Arguments),
    /// Request sync jobs now, and follow them.
    Sync(sync::Arguments),
    /// Write sync files for remote syncs that are not declared yet.
    Export(export::Arguments),
    /// Declare existing syncs, in a file that people wrote.
    Import(import::Arguments),
    /// List what the identity can see, and what a file may name.
    List(list::Arguments),
    /// Manage the record of started syncs.
    #[command(subcommand)]
    State(state::Arguments),
    /// Manage the schemas that files are checked against.
    #[command(subcommand)]
    Schema(schema::Arguments),
    /// Serve an emulator of both platforms on this machine.
    Sandbox(commands::sandbox::Arguments),
    /// Explain a finding: why it is one, an example, and how to fix it.
    Explain(explain::Arguments),
    /// Check credentials.
    #[command(subcommand)]
    Auth(auth::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
    /// Print the manual page.
    Man,
    /// Print the version.
    Version,
}

/// Runs the program and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    panics::report();
    panics::caught(|| run(arguments, environment)).unwrap_or(Exit::Error)
}

fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error, environment),
    };
    if let Some(directory) = &arguments.change_directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let why = reason(&error);
        let refused = CommandError::usage(format!(
            "The directory {directory} (-C) cannot be entered: {why}."
        ))
        .help("Check the path.");
        Terminal::plain(environment).problems(&refused.problems);
        return refused.exit;
    }
    match arguments.command {
        Command::Init(command) => execute(command, environment),
        Command::Validate(command) => execute(command, environment),
        Command::Plan(command) => execute(command, environment),
        Command::Apply(command) => execute(command, environment),
        Command::Show(command) => execute(command, environment),
        Command::Drift(command) => execute(command, environment),
        Command::Status(command) => execute(command, environment),
        Command::Sync(command) => execute(command, environment),
        Command::Export(command) => execute(command, environment),
        Command::Import(command) => execute(command, environment),
        Command::List(command) => execute(command, environment),
        Command::State(command) => execute(command, environment),
        Command::Schema(schema::Arguments::List(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Show(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Diff(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Editor(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Pull(command)) => execute(command, environment),
        Command::Sandbox(command) => execute(command, environment),
        Command::Explain(command) => execute(command, environment),
        Command::Auth(auth::Arguments::Check(command)) => execute(command, environment),
        Command::Completions(arguments) => print(&completions::script(&arguments), environment),
        Command::Man => match completions::manual() {
            Ok(page) => print(&page, environment),
            Err(error) => {
                Terminal::plain(environment).problems(&error.problems);
                error.exit
            }
        },
        Command::Version => print(
            concat!("secsync ", env!("CARGO_PKG_VERSION"), "\n"),
            environment,
        ),
    }
}

/// Prints a text about the program itself.
fn print(text: &str, environment: &Environment) -> Exit {
    match Terminal::plain(environment).out(text) {
        Ok(()) => Exit::Done,
        Err(error) => error.exit,
    }
}

/// Prints the help that was asked for, or what is wrong with the arguments.
fn explain(error: &clap::Error, environment: &Environment) -> Exit {
    let text = error.render().ansi().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => print(&text, environment),
        _ => {
            Terminal::plain(environment).remark(&text);
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
