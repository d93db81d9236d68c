//! The help of every command: two examples before its flags, and after them the exit codes and the
//! environment variables that matter to it.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::Arguments;
use crate::exit::Exit;
use crate::http::encryption::ALLOW_HTTP;
use crate::pipeline::STATE_VARIABLE;
use crate::provider::doors;
use crate::provider::trust::TRUST_HOSTS;
use crate::render::code_host;

/// What a command's help says besides its flags.
struct Page {
    /// The words of the command, after the program's name.
    command: &'static str,
    /// Two command lines, and what each does.
    examples: [(&'static str, &'static str); 2],
    /// How it can end, apart from [`ANY`].
    exits: &'static [Exit],
    reads: Reads,
}

/// What a command reads, and so which variables matter to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reads {
    /// Nothing but its arguments.
    Nothing,
    /// Sync files.
    Files,
    /// Sync files, and the record of started syncs.
    State,
    /// Sync files, the record, and servers.
    Servers,
}

/// How any command can end.
const ANY: [Exit; 3] = [Exit::Done, Exit::Error, Exit::Usage];

const PAGES: &[Page] = &[
    Page {
        command: "init",
        examples: [
            ("init", "here, or in the workspace that this is in"),
            ("init infra", "in a directory of its own"),
        ],
        exits: &[],
        reads: Reads::Nothing,
    },
    Page {
        command: "validate",
        examples: [
            ("validate", "the whole workspace"),
            (
                "validate syncs/web.yaml -o human -o sarif=found.sarif",
                "one file, also for a code host",
            ),
        ],
        exits: &[Exit::Invalid],
        reads: Reads::Files,
    },
    Page {
        command: "plan",
        examples: [
            ("plan --out plan.json", "and keep the plan for `apply`"),
            (
                "plan --base origin/main",
                "what this branch changes, without credentials",
            ),
        ],
        exits: &[
            Exit::ChangesPending,
            Exit::Invalid,
            Exit::Auth,
            Exit::Interrupted,
        ],
        reads: Reads::Servers,
    },
    Page {
        command: "apply",
        examples: [
            ("apply --wait", "ask, apply, and follow the sync jobs"),
            (
                "apply plan.json --expect-digest sha256:…",
                "exactly the plan that was reviewed",
            ),
        ],
        exits: &[
            Exit::Invalid,
            Exit::Auth,
            Exit::ActionFailed,
            Exit::Stale,
            Exit::JobFailed,
            Exit::Interrupted,
        ],
        reads: Reads::Servers,
    },
    Page {
        command: "show",
        examples: [
            ("show plan.json", "as `plan` showed it"),
            (
                "show plan.json -o markdown=comment.md",
                "as a comment for the pull request",
            ),
        ],
        exits: &[],
        reads: Reads::Nothing,
    },
    Page {
        command: "drift",
        examples: [
            ("drift", "what somebody changed by hand"),
            (
                "drift --prune -o markdown=drift.md",
                "what is not declared also counts",
            ),
        ],
        exits: &[
            Exit::ChangesPending,
            Exit::Invalid,
            Exit::Auth,
            Exit::Interrupted,
        ],
        reads: Reads::Servers,
    },
    Page {
        command: "status",
        examples: [
            ("status", "of every declared sync"),
            (
                "status -l team=payments --watch",
                "of some, again and again",
            ),
        ],
        exits: &[
            Exit::ChangesPending,
            Exit::Invalid,
            Exit::Auth,
            Exit::JobFailed,
            Exit::Interrupted,
        ],
        reads: Reads::Servers,
    },
    Page {
        command: "sync",
        examples: [
            ("sync payments-api", "push now, and wait for the end"),
            ("sync 'web-*' --no-wait", "every sync of such a name"),
        ],
        exits: &[
            Exit::Invalid,
            Exit::Auth,
            Exit::ActionFailed,
            Exit::JobFailed,
            Exit::Interrupted,
        ],
        reads: Reads::Servers,
    },
    Page {
        command: "export",
        examples: [
            (
                "export --all-projects --dir syncs",
                "a file for each project",
            ),
            (
                "export --project payments",
                "one project, to standard output",
            ),
        ],
        exits: &[Exit::Invalid, Exit::Auth, Exit::Interrupted],
        reads: Reads::Servers,
    },
    Page {
        command: "import",
        examples: [
            ("import web --into syncs/payments.yaml", "add one to a file"),
            (
                "import --from-terraform state.json --dir syncs",
                "all that Terraform manages, from `terraform show -json`",
            ),
        ],
        exits: &[
            Exit::ChangesPending,
            Exit::Invalid,
            Exit::Auth,
            Exit::Interrupted,
        ],
        reads: Reads::Servers,
    },
    Page {
        command: "list",
        examples: [
            ("list projects", "what `project:` may name"),
            (
                "list connections --project payments",
                "what `connection:` may name there",
            ),
        ],
        exits: &[Exit::Auth, Exit::Interrupted],
        reads: Reads::Servers,
    },
    Page {
        command: "state",
        examples: [
            ("state init", "once, before the first start"),
            ("state list", "what was started"),
        ],
        exits: &[Exit::Invalid],
        reads: Reads::State,
    },
    Page {
        command: "schema",
        examples: [
            (
                "schema example github > syncs/web.yaml",
                "a sync to fill in; `schema list` shows the destinations",
            ),
            (
                "schema pull --from-server",
                "what your server knows, for this workspace",
            ),
        ],
        exits: &[Exit::ChangesPending, Exit::Invalid, Exit::Auth],
        reads: Reads::Files,
    },
    Page {
        command: "sandbox",
        examples: [
            ("sandbox", "with what the files mention"),
            (
                "sandbox --listen 127.0.0.1:0 --fail create=500",
                "on a free port, and with a fault",
            ),
        ],
        exits: &[Exit::Invalid, Exit::Interrupted],
        reads: Reads::Files,
    },
    Page {
        command: "explain",
        examples: [
            ("explain", "every code, in a line each"),
            ("explain destructive-first-sync", "one of them"),
        ],
        exits: &[],
        reads: Reads::Nothing,
    },
    Page {
        command: "auth",
        examples: [
            ("auth check", "log in everywhere, and change nothing"),
            ("auth check -o json", "the same for a script"),
        ],
        exits: &[Exit::Invalid, Exit::Auth, Exit::Interrupted],
        reads: Reads::Servers,
    },
    Page {
        command: "completions",
        examples: [
            (
                "completions bash > ~/.local/share/bash-completion/completions/secsync",
                "for bash",
            ),
            (
                "completions fish > ~/.config/fish/completions/secsync.fish",
                "for fish",
            ),
        ],
        exits: &[],
        reads: Reads::Nothing,
    },
    Page {
        command: "man",
        examples: [
            ("man plan > secsync-plan.1", "the page of one command"),
            ("man --dir man", "a page for each command"),
        ],
        exits: &[],
        reads: Reads::Nothing,
    },
    Page {
        command: "help",
        examples: [
            ("help apply", "what a command does, and its flags"),
            ("help environment", "every environment variable"),
        ],
        exits: &[],
        reads: Reads::Nothing,
    },
];

/// The whole command line, each command with its page.
pub fn program() -> Command {
    PAGES.iter().fold(Arguments::command(), |program, page| {
        program.mut_subcommand(page.command, |command| with_page(command, page))
    })
}

/// The flags that many commands share, under the headings that set them apart from a command's own.
const HEADINGS: &[(&str, &[&str])] = &[
    (
        "Files and selection",
        &[
            "file", "selector", "target", "exclude", "var", "var_file", "shard",
        ],
    ),
    (
        "Servers",
        &[
            "sandbox",
            "state",
            "parallelism",
            "timeout",
            "ca_cert",
            "trust_host",
            "oidc_audience",
            "organization_slug",
            "allow_project",
        ],
    ),
    ("Output", &["output", "no_color", "quiet", "verbose"]),
];

fn under_heading(argument: Arg) -> Arg {
    let id = argument.get_id().to_string();
    let mut headings = HEADINGS.iter();
    match headings.find(|(_, flags)| flags.contains(&id.as_str())) {
        Some((heading, _)) => argument.help_heading(*heading),
        None => argument,
    }
}

/// A command with what its page says, and its own commands with what follows from that.
fn with_page(command: Command, page: &Page) -> Command {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let long_about = format!("{}.\n\n{}", about.trim_end_matches('.'), examples(page));
    let command = with_ending(command, page).long_about(long_about);
    let command = command.mut_args(under_heading);
    each_within(command, |inner| {
        with_ending(inner, page).mut_args(under_heading)
    })
}

/// A command with each of the commands within it changed.
pub fn each_within(command: Command, change: impl Fn(Command) -> Command) -> Command {
    let inner: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    inner.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, &change)
    })
}

fn with_ending(command: Command, page: &Page) -> Command {
    let own = command
        .get_after_long_help()
        .map(|text| format!("{text}\n\n"));
    let ending = format!(
        "{}{}\n\n{}",
        own.unwrap_or_default(),
        exits(page.exits),
        variables(page.reads)
    );
    command.after_long_help(ending)
}

fn examples(page: &Page) -> String {
    let mut out = "Examples:".to_owned();
    for (line, meaning) in page.examples {
        let _ = write!(out, "\n  secsync {line}\n      {meaning}");
    }
    out
}

/// The exit codes besides those that every command has, each with what it says.
pub fn exits(more: &[Exit]) -> String {
    let mut exits: Vec<Exit> = ANY.iter().chain(more).copied().collect();
    exits.sort_by_key(|exit| exit.code());
    exits.dedup();
    let lines = exits
        .iter()
        .map(|exit| format!("\n  {:<3} {}", exit.code(), exit.meaning()));
    format!("Exit codes:{}", lines.collect::<String>())
}

/// The variables that matter, the platforms' own by their names alone.
fn variables(reads: Reads) -> String {
    let mut out = "Environment:".to_owned();
    let shared = VARIABLES.iter().filter(|variable| variable.of <= reads);
    for variable in shared {
        let _ = write!(out, "\n  {:<19} {}", variable.name, variable.meaning);
    }
    if reads == Reads::Servers {
        for door in doors() {
            let names: Vec<&str> = door.variables().iter().map(|(name, _)| *name).collect();
            if !names.is_empty() {
                let _ = write!(out, "\n  {}", names.join(", "));
            }
        }
        out.push_str("\n  `secsync help environment` says what each is for.");
    }
    out
}

/// A variable that is not a platform's own.
struct Variable {
    name: &'static str,
    meaning: &'static str,
    /// The commands that it matters to: those that read that, and more.
    of: Reads,
}

const VARIABLES: &[Variable] = &[
    Variable {
        name: "SECSYNC_VAR_NAME",
        meaning: "the value of `${var.NAME}` in the files",
        of: Reads::Files,
    },
    Variable {
        name: STATE_VARIABLE,
        meaning: "where started syncs are recorded: a file, or s3://, gs://, az:// and a path",
        of: Reads::State,
    },
    Variable {
        name: TRUST_HOSTS,
        meaning: "servers that `url:` in secsync.yaml may send credentials to",
        of: Reads::Servers,
    },
    Variable {
        name: ALLOW_HTTP,
        meaning: "hosts that may be spoken to over plain http, as this machine may",
        of: Reads::Servers,
    },
    Variable {
        name: "NO_COLOR",
        meaning: "no colours, whatever it is set to",
        of: Reads::Nothing,
    },
    Variable {
        name: "CLICOLOR_FORCE",
        meaning: "colours even if the output is not a terminal",
        of: Reads::Nothing,
    },
];

/// Every variable, each with what it is for.
pub fn environment() -> String {
    let mut rows: Vec<(&str, &str, &str)> = VARIABLES
        .iter()
        .map(|variable| ("secsync", variable.name, variable.meaning))
        .collect();
    let of_ci = code_host::VARIABLES.iter();
    rows.extend(of_ci.map(|(name, meaning)| ("Links to a code host", *name, *meaning)));
    for door in doors() {
        let title = door.platform().title();
        rows.extend(
            door.variables()
                .iter()
                .map(|(name, meaning)| (title, *name, *meaning)),
        );
    }
    let width = rows.iter().map(|(_, name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    let mut out = "The environment variables that secsync reads.\n".to_owned();
    let mut of = "";
    for (title, name, meaning) in rows {
        if title != of {
            of = title;
            let _ = write!(out, "\n{title}:\n");
        }
        let _ = writeln!(out, "  {name:width$}  {meaning}");
    }
    out.push_str(
        "\nA state in an object store: AWS_… for s3://, GOOGLE_… for gs://, AZURE_… for az://, as the tools \
         of those\nclouds read them.\n",
    );
    out.push_str(
        "\nThe variables of a platform serve the provider that is named after it. Any other provider \
         reads them\nbehind its own name in capitals: `on-prem` reads ON_PREM_ and then the name above.\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Arguments, PAGES, program};

    #[test]
    fn every_command_has_a_page() {
        let program = program();
        let names = program.get_subcommands().map(clap::Command::get_name);
        let without: Vec<&str> = names
            .filter(|name| *name != "version" && PAGES.iter().all(|page| page.command != *name))
            .collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn every_example_is_a_command_line() {
        for (line, _) in PAGES.iter().flat_map(|page| page.examples) {
            let line = line.split(" > ").next().unwrap_or(line).replace('\'', "");
            let line = line.replace("sha256:…", &"0".repeat(64));
            let words = ["secsync"].into_iter().chain(line.split(' '));
            let parsed = Arguments::try_parse_from(words);
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }
}
