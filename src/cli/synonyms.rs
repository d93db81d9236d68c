//! The words of other tools, answered with the right ones.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::typed::Typed;
use crate::error::CommandError;

/// Where credentials come from.
const CREDENTIALS: &str = "Credentials come from the environment alone: `secsync help environment` \
    lists the variables, and `secsync auth check` tries them.";

/// What people type instead of a command, and what to type: first the command that it is typed
/// within, empty for the program itself.
const COMMANDS: &[(&str, &[&str], &str)] = &[
    (
        "",
        &["destroy", "delete", "remove", "rm", "down"],
        "Declare a sync with `ensure: absent`, or leave it out of the files and run `secsync apply --prune`.",
    ),
    (
        "",
        &["lint", "check", "test", "verify"],
        "`secsync validate` checks the files, and `secsync explain` lists the lints.",
    ),
    (
        "",
        &["deploy", "up", "push", "create", "update", "run"],
        "`secsync apply` makes the platforms match the files.",
    ),
    (
        "",
        &["preview", "dry-run", "compare"],
        "`secsync plan` shows what apply would do.",
    ),
    (
        "",
        &["dump", "pull", "generate"],
        "`secsync export` writes sync files for remote syncs; `secsync schema pull` reads schemas.",
    ),
    (
        "",
        &["refresh"],
        "`secsync drift` shows what changed remotely.",
    ),
    (
        "",
        &["ls", "get"],
        "`secsync list` shows what files may name, and `secsync status` how the declared syncs are.",
    ),
    ("", &["login", "logout"], CREDENTIALS),
    (
        "state",
        &["ls", "get", "show"],
        "`secsync state list` shows the recorded starts.",
    ),
    (
        "state",
        &["delete", "remove", "forget", "destroy"],
        "`secsync state rm` forgets a start.",
    ),
    (
        "schema",
        &["ls"],
        "`secsync schema list` shows the destinations.",
    ),
    (
        "schema",
        &["get", "describe"],
        "`secsync schema show` shows the fields of a destination.",
    ),
    (
        "schema",
        &["update", "upgrade", "refresh", "fetch", "download"],
        "`secsync schema pull` reads schemas from a server or a document.",
    ),
    (
        "schema",
        &["compare"],
        "`secsync schema diff` shows what changed between two sets of schemas.",
    ),
    (
        "auth",
        &["login", "logout", "test", "status", "whoami"],
        CREDENTIALS,
    ),
];

/// What people type instead of a flag, and what to type: first the flag of the command without which
/// the answer is not true there, empty if it always is.
const FLAGS: &[(&str, &[&str], &str)] = &[
    (
        "prune",
        &["--dry-run", "--dryrun", "--check", "-n"],
        "`secsync plan` shows what apply would do, and changes nothing.",
    ),
    (
        "auto-approve",
        &["-y", "--yes", "--approve", "--force", "--no-confirm"],
        "`--auto-approve` leaves out the question.",
    ),
    (
        "",
        &["-y", "--yes", "--approve", "--auto-approve", "--no-confirm"],
        "This command asks nothing: leave the flag out.",
    ),
    (
        "prune",
        &["--destroy"],
        "Declare a sync with `ensure: absent`, or leave it out of the files and use `--prune`.",
    ),
    ("output", &["--json"], "`-o json` prints JSON."),
    (
        "output",
        &["--format", "--output-format"],
        "`-o FORMAT` or `-o FORMAT=FILE` chooses a format.",
    ),
    (
        "",
        &["--chdir", "--cwd"],
        "`-C DIR` changes the directory first.",
    ),
    ("verbose", &["--debug"], "`-v`, `-vv` and `-vvv` say more."),
];

/// The answer to words that other tools have, if it is one of those.
pub fn answer(error: &clap::Error, typed: &Typed<'_>, words: &[OsString]) -> Option<CommandError> {
    let context = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        _ => None,
    };
    let refused = |message, help| Some(CommandError::usage(message).help(help));
    if error.kind() == ErrorKind::InvalidSubcommand {
        let word = context(ContextKind::InvalidSubcommand)?;
        let within = typed.path.as_str();
        let mut rows = COMMANDS.iter();
        let (.., help) = rows.find(|(of, words, _)| *of == within && words.contains(&word))?;
        let message = if within.is_empty() {
            format!("secsync has no command `{word}`.")
        } else {
            format!("`secsync {within}` has no command `{word}`.")
        };
        return refused(message, (*help).to_owned());
    }
    if let Some((word, flag)) = with_one_dash(typed.command, words) {
        let help = format!("Write `{flag}`: long flags have two dashes.");
        return refused(format!("secsync has no flag `{word}`."), help);
    }
    let word = context(ContextKind::InvalidArg)?.split([' ', '=']).next()?;
    let help = instead_of_flag(typed.command, word)?;
    refused(format!("secsync has no flag `{word}`."), help.to_owned())
}

/// What to type instead of a flag that a command does not have.
fn instead_of_flag(command: &Command, word: &str) -> Option<&'static str> {
    let has = |flag: &str| {
        flag.is_empty()
            || command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(flag))
    };
    let mut rows = FLAGS.iter();
    rows.find(|(needed, words, _)| words.contains(&word) && has(needed))
        .map(|(.., help)| *help)
}

/// A word that is a long flag but for the second dash, as Terraform writes its flags, and that flag.
fn with_one_dash(command: &Command, words: &[OsString]) -> Option<(String, String)> {
    words.iter().find_map(|word| {
        let word = word.to_str()?.split('=').next()?;
        let name = word.strip_prefix('-')?;
        let is_flag = |long: &str| long == name;
        let mut flags = command.get_arguments().filter_map(clap::Arg::get_long);
        (name.len() > 2 && flags.any(is_flag)).then(|| (word.to_owned(), format!("--{name}")))
    })
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::{COMMANDS, FLAGS, instead_of_flag};
    use crate::cli::command_line::program;

    /// What an answer says between backticks.
    fn quoted(answer: &str) -> impl Iterator<Item = &str> {
        answer.split('`').skip(1).step_by(2)
    }

    fn has_flag(command: &Command, flag: &str) -> bool {
        let mut arguments = command.get_arguments();
        arguments.any(|argument| match flag.strip_prefix("--") {
            Some(long) => argument.get_long() == Some(long),
            None => argument.get_short() == flag.chars().nth(1),
        })
    }

    /// Checks a command line that an answer shows.
    fn check_line(program: &Command, line: &str) {
        let mut command = program;
        for word in line.split(' ').skip(1) {
            if word.starts_with('-') {
                assert!(has_flag(command, word), "{line}");
            } else if command.has_subcommands() {
                command = command.find_subcommand(word).unwrap();
            }
        }
    }

    fn check_flags(program: &Command, command: &Command) {
        for word in FLAGS.iter().flat_map(|(_, words, _)| *words) {
            let answer = instead_of_flag(command, word).filter(|_| !has_flag(command, word));
            for text in answer.into_iter().flat_map(quoted) {
                let flag = text.split(' ').next().unwrap();
                if text.starts_with("secsync ") {
                    check_line(program, text);
                } else if flag.starts_with('-') && flag != "-C" {
                    assert!(
                        has_flag(command, flag),
                        "{} {word}: {text}",
                        command.get_name()
                    );
                }
            }
        }
        for inner in command.get_subcommands() {
            check_flags(program, inner);
        }
    }

    #[test]
    fn an_answer_names_only_what_exists_where_it_is_given() {
        let program = program();
        for (.., answer) in COMMANDS {
            for line in quoted(answer).filter(|text| text.starts_with("secsync ")) {
                check_line(&program, line);
            }
        }
        for command in program.get_subcommands() {
            check_flags(&program, command);
        }
    }
}
