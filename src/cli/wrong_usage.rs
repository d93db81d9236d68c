//! The end of a run whose command cannot begin: why, in every format that its words ask for.

use std::env::set_current_dir;
use std::ffi::OsString;

use camino::Utf8Path;
use clap::error::ErrorKind;

use super::command::{CommandFrame, Session};
use super::command_line::program;
use super::help::outputs_of;
use super::output::{Output, OutputArguments};
use super::synonyms;
use super::terminal::Terminal;
use super::typed::Typed;
use crate::core::words::capitalized;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;

/// The flag that every command with an output has.
const NO_COLOR: &str = "--no-color";

/// Prints the help that was asked for, or what is wrong with the arguments.
pub fn explain(error: clap::Error, words: &[OsString], environment: &Environment) -> Exit {
    // The pages are made for those who ask for them.
    let error = match error.kind() {
        ErrorKind::DisplayHelp => program().try_get_matches_from(words).err(),
        _ => None,
    }
    .unwrap_or(error);
    let text = error.render().ansi().to_string();
    if !error.use_stderr() {
        let written = Terminal::plain(environment, is_without_color(words)).out(&text);
        return written.map_or_else(|error| error.exit, |()| Exit::Done);
    }
    let program = program();
    let typed = Typed::read(&program, words);
    if let Some(answer) = synonyms::answer(&error, &typed, words) {
        return end(answer, None, &typed, words, environment);
    }
    let refused = in_sentences(&error, &typed);
    end(refused, Some(&text), &typed, words, environment)
}

/// Reports why the command cannot begin.
pub fn refuse(error: CommandError, words: &[OsString], environment: &Environment) -> Exit {
    let program = program();
    end(
        error,
        None,
        &Typed::read(&program, words),
        words,
        environment,
    )
}

/// Ends the run, with the error in words of its own on the terminal if it has some.
fn end(
    error: CommandError,
    text: Option<&str>,
    typed: &Typed<'_>,
    words: &[OsString],
    environment: &Environment,
) -> Exit {
    let show = |terminal: &Terminal| match text {
        Some(text) => terminal.problems_in_words(text, &error.problems),
        None => terminal.problems(&error.problems),
    };
    let Some((kind, offer)) = outputs_of(&typed.path) else {
        show(&Terminal::plain(environment, is_without_color(words)));
        return error.exit;
    };
    let outputs = OutputArguments {
        output: outputs(typed),
        no_color: is_without_color(words),
        quiet: false,
        verbose: 0,
    };
    let written = |(id, flag)| Some((flag, Utf8Path::new(typed.values(id).last()?)));
    let frame = CommandFrame {
        writes: [("out", "--out"), ("into", "--into")]
            .into_iter()
            .find_map(written),
        ..CommandFrame::of(&outputs)
    };
    let (session, opened) = Session::open(kind, offer, &frame, environment.clone());
    show(&session.terminal);
    let error = match opened {
        Ok(()) => error,
        Err(other) => error.and(other),
    };
    session.end(Err(&error))
}

/// The outputs that are wanted, each where `-C` leads.
fn outputs(typed: &Typed<'_>) -> Vec<Output> {
    let directory = typed.values("change_directory").last();
    let is_entered = directory.is_none_or(|directory| set_current_dir(directory).is_ok());
    let outputs = typed
        .values("output")
        .filter_map(|value| value.parse().ok());
    outputs
        .filter(|output: &Output| {
            let is_relative = output.file.as_ref().is_some_and(|file| file.is_relative());
            is_entered || !is_relative
        })
        .collect()
}

fn is_without_color(words: &[OsString]) -> bool {
    words.iter().any(|word| word == NO_COLOR)
}

/// What Clap says, for a document.
fn in_sentences(error: &clap::Error, typed: &Typed<'_>) -> CommandError {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let message = text.split("\n\n").next().unwrap_or_default();
    let message: Vec<&str> = message.split_whitespace().collect();
    let tips = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    let tips: Vec<String> = tips.map(sentence).collect();
    CommandError::usage(sentence(&message.join(" "))).help(if tips.is_empty() {
        format!("`secsync {} --help` shows how it is used.", typed.path)
    } else {
        tips.join(" ")
    })
}

fn sentence(text: &str) -> String {
    capitalized(text.trim_end_matches('.')) + "."
}
