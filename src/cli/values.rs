//! The values that a shell offers while a command line is typed: from the program and the files of
//! the workspace, never from a server.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::arguments::working_directory;
use super::command::Command as _;
use super::commands::{apply, drift, plan, show, status, validate};
use super::help::each_within;
use super::output::{Format, Offer};
use crate::core::code::Code;
use crate::core::desired::DesiredSync;
use crate::core::fields::OWN_FIELDS;
use crate::environment::Environment;
use crate::pipeline::{Opened, Options};
use crate::provider::platforms;
use crate::workspace::LoadOptions;

/// The command line, whose arguments know their values.
pub fn with_values(program: Command) -> Command {
    each_within(program, |command| within(command, ""))
}

/// A command, which is within another one.
fn within(command: Command, parent: &str) -> Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|argument| with_own_values(argument, parent, &name));
    each_within(command, |inner| within(inner, &name))
}

fn with_own_values(argument: Arg, parent: &str, command: &str) -> Arg {
    let values: fn() -> Vec<String> = match (argument.get_id().as_str(), parent, command) {
        ("output", _, _) => match offer(parent, command) {
            Offer::Basic => || formats(Offer::Basic),
            Offer::Checks => || formats(Offer::Checks),
            Offer::Plans => || formats(Offer::Plans),
        },
        ("selector", _, _) => selectors,
        ("target" | "exclude" | "resend" | "names", _, _) => syncs,
        ("provider", _, _) => providers,
        ("name", "schema", _) => schemas,
        ("name", "state", _) => starts,
        ("destination", "state", _) | ("destination", _, "import") => destinations_of_starts,
        ("word", _, _) => topics,
        _ => return argument,
    };
    argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let fitting = values().into_iter();
        fitting
            .filter(|value| value.starts_with(&*typed))
            .map(CompletionCandidate::new)
            .collect()
    }))
}

/// Which formats a command has.
fn offer(parent: &str, command: &str) -> Offer {
    match (parent, command) {
        ("", "plan") => plan::Arguments::FORMATS,
        ("", "apply") => apply::Arguments::FORMATS,
        ("", "show") => show::Arguments::FORMATS,
        ("", "drift") => drift::Arguments::FORMATS,
        ("", "validate") => validate::Arguments::FORMATS,
        ("", "status") => status::Arguments::FORMATS,
        _ => Offer::Basic,
    }
}

fn formats(offer: Offer) -> Vec<String> {
    Format::of(offer).map(Format::name).collect()
}

/// What a finding's code, or a field of every sync, can be explained.
fn topics() -> Vec<String> {
    let codes = Code::ALL.iter().map(|code| code.name());
    codes.chain(OWN_FIELDS).map(str::to_owned).collect()
}

/// The files of the working directory's workspace, as far as they can be read.
fn workspace() -> Option<Opened> {
    let opened = Opened::open(Options {
        request: LoadOptions {
            directory: working_directory().ok()?,
            ..LoadOptions::default()
        },
        environment: Environment::from_process(),
        ..Options::default()
    });
    Some(opened.ok()?.load_what_exists().ok()?.unchecked())
}

/// A fact of each sync that is declared, each once.
fn of_syncs(fact: impl Fn(&DesiredSync) -> Option<&str>) -> Vec<String> {
    let Some(opened) = workspace() else {
        return Vec::new();
    };
    let syncs = opened.workspace.syncs.iter();
    let facts: BTreeSet<&str> = syncs.filter_map(|sync| fact(sync)).collect();
    facts.into_iter().map(str::to_owned).collect()
}

fn syncs() -> Vec<String> {
    of_syncs(|sync| Some(&sync.name.text))
}

/// The syncs that are started, because their platform does not show them.
fn starts() -> Vec<String> {
    of_syncs(|sync| Some(&*sync.name.text).filter(|_| !sync.platform.reads_back()))
}

/// Their destinations, of which the schemas know none.
fn destinations_of_starts() -> Vec<String> {
    of_syncs(|sync| Some(&*sync.destination.text).filter(|_| !sync.platform.reads_back()))
}

fn providers() -> Vec<String> {
    let Some(opened) = workspace() else {
        return platforms()
            .iter()
            .map(|platform| platform.name().to_owned())
            .collect();
    };
    opened.workspace.config.providers.keys().cloned().collect()
}

/// The destinations that schemas are for: `PROVIDER/DESTINATION`.
fn schemas() -> Vec<String> {
    let Some(opened) = workspace() else {
        return Vec::new();
    };
    let of = |platform| {
        let slugs = opened.store.destinations(platform).into_iter();
        slugs.map(move |slug| format!("{platform}/{slug}", platform = platform.name()))
    };
    platforms().into_iter().flat_map(of).collect()
}

/// `KEY=VALUE` for what can be selected by.
fn selectors() -> Vec<String> {
    let Some(opened) = workspace() else {
        return Vec::new();
    };
    let mut pairs = BTreeSet::new();
    for sync in &opened.workspace.syncs {
        pairs.insert(format!("provider={}", sync.provider.text));
        pairs.insert(format!("destination={}", sync.destination.text));
        pairs.extend(
            sync.labels
                .iter()
                .map(|(label, value)| format!("{label}={value}")),
        );
    }
    pairs.into_iter().collect()
}
