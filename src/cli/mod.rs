//! The command line: arguments go in, an exit code comes out.
//!
//! | the frame | its job |
//! |---|---|
//! | `command_line` | every command with its arguments |
//! | `command` | what a command is, and the one ending of all of them |
//! | `output` | formats, and where they are written |
//! | `terminal` | the one place that prints |
//! | `stream` | what is written to without waiting for it longer than a run may |
//! | `runtime` | the online part: a runtime and Ctrl-C |
//! | `signals` | Ctrl-C and requests to terminate, whatever is waited for |
//! | `named_files` | the files that people name |
//! | `panics` | what is left of them |
//! | `sandbox` | the built-in sandbox of a run |
//! | `arguments` | the flags that commands share |
//! | `help` | what the help of a command says besides its flags |
//! | `wrong_usage` | the end of a run whose command cannot begin |
//! | `typed` | what can be read of a command line that is not valid |
//! | `synonyms` | the words of other tools, answered with the right ones |
//! | `values` | what a shell offers while a command line is typed |
//! | `plan_file`, `sync_files` | the files that several commands read or write |
//!
//! `commands` has a file for each command.

mod arguments;
mod command;
mod command_line;
mod commands;
mod help;
mod named_files;
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
mod typed;
mod values;
mod wrong_usage;

use std::ffi::OsString;

use clap::Parser;

use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::text_file::reason;
use command::execute;
use command_line::{AnyCommand, Arguments, program};
use commands::{auth, completions, schema};
use terminal::Terminal;

/// Runs the program and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    panics::report();
    panics::caught(|| run(arguments, environment)).unwrap_or(Exit::Error)
}

fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    let words: Vec<OsString> = arguments.into_iter().collect();
    if environment.get(completions::COMPLETE).is_some() {
        return completions::complete(words, program);
    }
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => return wrong_usage::explain(error, &words, environment),
    };
    if let Some(directory) = &arguments.change_directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let why = reason(&error);
        let refused = CommandError::usage(format!(
            "The directory {directory} (-C) cannot be entered: {why}."
        ))
        .help("Check the path.");
        return wrong_usage::refuse(refused, &words, environment);
    }
    match arguments.command {
        AnyCommand::Init(command) => execute(command, environment),
        AnyCommand::Validate(command) => execute(command, environment),
        AnyCommand::Plan(command) => execute(command, environment),
        AnyCommand::Apply(command) => execute(command, environment),
        AnyCommand::Show(command) => execute(command, environment),
        AnyCommand::Drift(command) => execute(command, environment),
        AnyCommand::Status(command) => execute(command, environment),
        AnyCommand::Sync(command) => execute(command, environment),
        AnyCommand::Export(command) => execute(command, environment),
        AnyCommand::Import(command) => execute(command, environment),
        AnyCommand::List(command) => execute(command, environment),
        AnyCommand::State(command) => execute(command, environment),
        AnyCommand::Schema(schema::Arguments::List(command)) => execute(command, environment),
        AnyCommand::Schema(schema::Arguments::Show(command)) => execute(command, environment),
        AnyCommand::Schema(schema::Arguments::Example(command)) => execute(command, environment),
        AnyCommand::Schema(schema::Arguments::Diff(command)) => execute(command, environment),
        AnyCommand::Schema(schema::Arguments::Editor(command)) => execute(command, environment),
        AnyCommand::Schema(schema::Arguments::Pull(command)) => execute(command, environment),
        AnyCommand::Sandbox(command) => execute(command, environment),
        AnyCommand::Explain(command) => execute(command, environment),
        AnyCommand::Auth(auth::Arguments::Check(command)) => execute(command, environment),
        AnyCommand::Completions(shell) => about(completions::script(&shell), environment),
        AnyCommand::Man(command) => about(completions::manual(&command, program()), environment),
        AnyCommand::Help(topic) => about(completions::help(&topic, program()), environment),
        AnyCommand::Version => about(
            Ok(concat!("secsync ", env!("CARGO_PKG_VERSION"), "\n").to_owned()),
            environment,
        ),
    }
}

/// Prints a text about the program itself, or why it cannot be made.
fn about(text: Result<String, CommandError>, environment: &Environment) -> Exit {
    let terminal = Terminal::plain(environment, false);
    match text.and_then(|text| terminal.out(&text)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            terminal.problems(&error.problems);
            error.exit
        }
    }
}
