//! The words of other tools, answered with the right ones.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::help;
use crate::error::CommandError;

/// What people type instead of a command, and what to type.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["destroy", "delete", "remove", "rm", "down"],
        "Declare a sync with `ensure: absent`, or leave it out of the files and run `secsync apply --prune`.",
    ),
    (
        &["lint", "check", "test", "verify"],
        "`secsync validate` checks the files, and `secsync explain` lists the lints.",
    ),
    (
        &["deploy", "up", "push", "create", "update", "run"],
        "`secsync apply` makes the platforms match the files.",
    ),
    (
        &["preview", "dry-run", "compare"],
        "`secsync plan` shows what apply would do.",
    ),
    (
        &["dump", "pull", "generate"],
        "`secsync export` writes sync files for remote syncs; `secsync schema pull` reads schemas.",
    ),
    (&["refresh"], "`secsync drift` shows what changed remotely."),
    (
        &["ls", "get"],
        "`secsync list` shows what files may name, and `secsync status` how the declared syncs are.",
    ),
    (
        &["login", "logout"],
        "Credentials come from the environment alone: `secsync help environment` lists the variables, and \
         `secsync auth check` tries them.",
    ),
];

/// What people type instead of a flag, and what to type.
const FLAGS: &[(&[&str], &str)] = &[
    (
        &["--dry-run", "--dryrun", "--check", "-n"],
        "`secsync plan` shows what apply would do, and changes nothing.",
    ),
    (
        &["-y", "--yes", "--approve", "--force", "--no-confirm"],
        "`--auto-approve` leaves out the question.",
    ),
    (
        &["--destroy"],
        "Declare a sync with `ensure: absent`, or leave it out of the files and use `--prune`.",
    ),
    (&["--json"], "`-o json` prints JSON."),
    (
        &["--format", "--output-format"],
        "`-o FORMAT` or `-o FORMAT=FILE` chooses a format.",
    ),
    (
        &["--chdir", "--cwd"],
        "`-C DIR` changes the directory first.",
    ),
    (&["--debug"], "`-v`, `-vv` and `-vvv` say more."),
];

/// The answer to words that other tools have, if it is one of those.
pub fn answer(error: &clap::Error, words: &[OsString]) -> Option<CommandError> {
    let context = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        _ => None,
    };
    let of = |table: &[(&[&str], &'static str)], word: &str| {
        let mut rows = table.iter();
        rows.find(|(words, _)| words.contains(&word))
            .map(|(_, help)| *help)
    };
    let refused = |message, help| Some(CommandError::usage(message).help(help));
    if error.kind() == ErrorKind::InvalidSubcommand {
        let word = context(ContextKind::InvalidSubcommand)?;
        let help = of(COMMANDS, word)?;
        return refused(format!("secsync has no command `{word}`."), help.to_owned());
    }
    if let Some((word, flag)) = with_one_dash(words) {
        let help = format!("Write `{flag}`: long flags have two dashes.");
        return refused(format!("secsync has no flag `{word}`."), help);
    }
    let typed = context(ContextKind::InvalidArg)?;
    let word = typed.split([' ', '=']).next()?;
    let help = of(FLAGS, word)?;
    refused(format!("secsync has no flag `{word}`."), help.to_owned())
}

/// A word that is a long flag but for the second dash, as Terraform writes its flags, and that flag.
fn with_one_dash(words: &[OsString]) -> Option<(String, String)> {
    let program = help::program();
    let command = words
        .iter()
        .skip(1)
        .find_map(|word| program.find_subcommand(word.to_str()?))?;
    words.iter().find_map(|word| {
        let word = word.to_str()?.split('=').next()?;
        let name = word.strip_prefix('-')?;
        let is_flag = |long: &str| long == name;
        let mut flags = command.get_arguments().filter_map(clap::Arg::get_long);
        (name.len() > 2 && flags.any(is_flag)).then(|| (word.to_owned(), format!("--{name}")))
    })
}
