//! The values that a shell offers while a command line is typed: from the program and the files of
//! the workspace, never from a server.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::{Arg, Command, ValueEnum as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::arguments::working_directory;
use super::help::each_within;
use super::output::Format;
use crate::core::code::Code;
use crate::core::fields::OWN_FIELDS;
use crate::environment::Environment;
use crate::pipeline::{Opened, Options};
use crate::provider::platforms;
use crate::workspace::LoadOptions;

/// The command line, whose arguments know their values.
pub fn with_values(command: Command) -> Command {
    each_within(command.mut_args(with_own_values), with_values)
}

fn with_own_values(argument: Arg) -> Arg {
    let values: fn() -> Vec<String> = match argument.get_id().as_str() {
        "output" => formats,
        "selector" => selectors,
        "target" | "exclude" | "resend" | "names" | "syncs" => syncs,
        "provider" => providers,
        "destination" | "name" => destinations,
        "word" => topics,
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

fn formats() -> Vec<String> {
    let formats = Format::value_variants().iter();
    formats.map(|format| format.name()).collect()
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

fn syncs() -> Vec<String> {
    let Some(opened) = workspace() else {
        return Vec::new();
    };
    let names: BTreeSet<&str> = opened
        .workspace
        .syncs
        .iter()
        .map(|sync| sync.name.text.as_str())
        .collect();
    names.into_iter().map(str::to_owned).collect()
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

fn destinations() -> Vec<String> {
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
