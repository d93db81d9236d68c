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
//! | `help` | what the help of a command says besides its flags |
//! | `synonyms` | the words of other tools, answered with the right ones |
//! | `values` | what a shell offers while a command line is typed |
//! | `plan_file`, `sync_files` | the files that several commands read or write |
//!
//! `commands` has a file for each command.

mod arguments;
mod command;
mod commands;
mod help;
mod output;
mod panics;
mod plan_file;
mod runtime;
mod sandbox;
mod signals;
mod stream;
mod sync_files;
mod synonyms;
mod terminal;
mod values;

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

/// What `plan` is called in other tools.
const PLAN_ALIAS: &str = "diff";
/// The flag that every command with an output has.
const NO_COLOR: &str = "--no-color";

/// Declarative secret syncs: plan them in a pull request, apply them from CI.
#[derive(Debug, Parser)]
#[command(
    name = "secsync",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
struct Arguments {
    /// Change to this directory first: paths are relative to it.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    change_directory: Option<Utf8PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin a workspace: secsync.yaml, an example, and schemas for the editor.
    Init(init::Arguments),
    /// Check the files, offline.
    Validate(validate::Arguments),
    /// Show what apply would do.
    #[command(visible_alias = PLAN_ALIAS)]
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
    Completions(completions::Completions),
    /// Print the manual page of a command.
    Man(completions::Man),
    /// Print the help of a command, or every environment variable or format.
    Help(completions::Help),
    /// Print the version.
    Version,
}

/// Runs the program and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    panics::report();
    panics::caught(|| run(arguments, environment)).unwrap_or(Exit::Error)
}

fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    let words: Vec<OsString> = arguments.into_iter().collect();
    if environment.get(completions::COMPLETE).is_some() {
        return completions::complete(words);
    }
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => return explain(error, &words, environment),
    };
    if let Some(directory) = &arguments.change_directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let why = reason(&error);
        let refused = CommandError::usage(format!(
            "The directory {directory} (-C) cannot be entered: {why}."
        ))
        .help("Check the path.");
        return refuse(&refused, &terminal_of(&words, environment));
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
        Command::Schema(schema::Arguments::Example(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Diff(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Editor(command)) => execute(command, environment),
        Command::Schema(schema::Arguments::Pull(command)) => execute(command, environment),
        Command::Sandbox(command) => execute(command, environment),
        Command::Explain(command) => execute(command, environment),
        Command::Auth(auth::Arguments::Check(command)) => execute(command, environment),
        Command::Completions(shell) => about(completions::script(&shell), environment),
        Command::Man(command) => about(completions::manual(&command), environment),
        Command::Help(topic) => about(completions::help(&topic), environment),
        Command::Version => about(
            Ok(concat!("secsync ", env!("CARGO_PKG_VERSION"), "\n").to_owned()),
            environment,
        ),
    }
}

/// Prints a text about the program itself, or why it cannot be made.
fn about(text: Result<String, CommandError>, environment: &Environment) -> Exit {
    let terminal = Terminal::plain(environment, false);
    match text {
        Ok(text) => print(&text, &terminal),
        Err(error) => refuse(&error, &terminal),
    }
}

fn refuse(error: &CommandError, terminal: &Terminal) -> Exit {
    terminal.problems(&error.problems);
    error.exit
}

fn print(text: &str, terminal: &Terminal) -> Exit {
    match terminal.out(text) {
        Ok(()) => Exit::Done,
        Err(error) => error.exit,
    }
}

/// The terminal of a command line that may not be one: the flag is looked for among all words.
fn terminal_of(words: &[OsString], environment: &Environment) -> Terminal {
    let no_color = words.iter().any(|word| word == NO_COLOR);
    Terminal::plain(environment, no_color)
}

/// Prints the help that was asked for, or what is wrong with the arguments.
fn explain(error: clap::Error, words: &[OsString], environment: &Environment) -> Exit {
    // The pages are made for those who ask for them.
    let error = match error.kind() {
        ErrorKind::DisplayHelp => help::program().try_get_matches_from(words).err(),
        _ => None,
    }
    .unwrap_or(error);
    let text = error.render().ansi().to_string();
    let terminal = terminal_of(words, environment);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => print(&text, &terminal),
        _ => {
            if let Some(answer) = synonyms::answer(&error, words) {
                return refuse(&answer, &terminal);
            }
            terminal.remark(&text);
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
