//! The values that a shell offers while a command line is typed: from the program and the files of
//! the workspace, never from a server.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::builder::Resettable;
use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};

use super::commands::{explain, plan};
use super::help::{each_within, outputs_of};
use super::named_files::working_directory;
use super::output::{Format, Offer};
use crate::core::desired::DesiredSync;
use crate::core::fields::ENVIRONMENT;
use crate::core::value::Node;
use crate::environment::Environment;
use crate::pipeline::{Opened, Options};
use crate::provider::platforms;
use crate::workspace::LoadOptions;

/// The command line, whose arguments know their values.
pub fn with_values(program: Command) -> Command {
    let program = program.mut_subcommand("plan", |command| {
        // Of two names one is offered: not that of other tools.
        command.visible_alias(Resettable::Reset).alias(plan::ALIAS)
    });
    each_within(program.mut_args(with_hint), |command| within(command, ""))
}

/// A command, which is within another one.
fn within(command: Command, parent: &str) -> Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|argument| with_own_values(argument, parent, &name));
    each_within(command, |inner| within(inner, &name))
}

fn with_own_values(argument: Arg, parent: &str, command: &str) -> Arg {
    let values: fn() -> Vec<String> = match (argument.get_id().as_str(), parent, command) {
        ("output", _, _) => return with_outputs(argument, offer(parent, command)),
        // What is not declared has no labels.
        ("selector", _, "export") => remote_selectors,
        ("selector", _, _) => selectors,
        ("target" | "exclude" | "resend" | "names", _, _) => syncs,
        ("provider" | "from_server", _, _) => providers,
        ("name", "schema", _) => schemas,
        ("name", "state", _) => starts,
        ("destination", "state", _) | ("destination", _, "import") => destinations_of_starts,
        ("word", _, _) => topics,
        _ => return with_hint(argument),
    };
    argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        // Of several conditions only the last one is being typed.
        let (before, last) = typed.split_at(typed.rfind(',').map_or(0, |comma| comma + 1));
        let fitting = values().into_iter();
        fitting
            .filter(|value| value.starts_with(last))
            .map(|value| CompletionCandidate::new(format!("{before}{value}")))
            .collect()
    }))
}

/// What a path is given for is offered files, or directories.
fn with_hint(argument: Arg) -> Arg {
    // A folder of a platform.
    if argument.get_id() == "path" {
        return argument;
    }
    let names = argument.get_value_names().unwrap_or_default();
    let is_named = |part: &str| names.iter().any(|name| name.contains(part));
    let is_document = ["paths", "documents"].contains(&argument.get_id().as_str());
    if is_named("DIR") {
        argument.value_hint(ValueHint::DirPath)
    } else if is_named("FILE") || is_named("PATH") || is_document {
        argument.value_hint(ValueHint::AnyPath)
    } else {
        argument
    }
}

/// The formats of a command, and after `FORMAT=` files.
fn with_outputs(argument: Arg, offer: Offer) -> Arg {
    argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        if let Some((format, file)) = typed.split_once('=') {
            let files = PathCompleter::file().complete(OsStr::new(file)).into_iter();
            return files
                .map(|file| file.add_prefix(format!("{format}=")))
                .collect();
        }
        let fitting = Format::of(offer).map(Format::name);
        let fitting = fitting.filter(|name| name.starts_with(&*typed));
        fitting.map(CompletionCandidate::new).collect()
    }))
}

/// Which formats a command has.
fn offer(parent: &str, command: &str) -> Offer {
    let words = format!("{parent} {command}");
    outputs_of(words.trim_start()).map_or(Offer::Basic, |(_, offer)| offer)
}

/// What a finding's code, or a field of every sync, can be explained.
fn topics() -> Vec<String> {
    explain::topics().map(str::to_owned).collect()
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

/// The destinations that schemas are for: `DESTINATION`, and `PROVIDER/DESTINATION`.
fn schemas() -> Vec<String> {
    let Some(opened) = workspace() else {
        return Vec::new();
    };
    let of = |platform| {
        let slugs = opened.store.destinations(platform).into_iter();
        slugs.flat_map(move |slug| {
            let whole = format!("{platform}/{slug}", platform = platform.name());
            [slug, whole]
        })
    };
    platforms().into_iter().flat_map(of).collect()
}

/// `KEY=VALUE` for what can be selected by.
fn selectors() -> Vec<String> {
    pairs(true)
}

/// The same for syncs that need not be declared.
fn remote_selectors() -> Vec<String> {
    pairs(false)
}

fn pairs(is_declared: bool) -> Vec<String> {
    let Some(opened) = workspace() else {
        return Vec::new();
    };
    let mut pairs = BTreeSet::new();
    for sync in &opened.workspace.syncs {
        let environment = sync.fields.get(ENVIRONMENT).and_then(Node::as_str);
        let project = sync.project.as_ref().map(|project| project.text.as_str());
        let known = [
            ("provider", Some(sync.provider.text.as_str())),
            ("project", project),
            ("destination", Some(sync.destination.text.as_str())),
            ("environment", environment),
        ];
        let known = known
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        pairs.extend(known.map(|(key, value)| format!("{key}={value}")));
        if is_declared {
            let labels = sync.labels.iter();
            pairs.extend(labels.map(|(label, value)| format!("{label}={value}")));
            let axes = sync.cell.iter().flat_map(|cell| &cell.0);
            pairs.extend(
                axes.filter_map(|(axis, value)| {
                    Some(format!("matrix.{axis}={}", value.as_text()?))
                }),
            );
        }
    }
    pairs.into_iter().collect()
}
