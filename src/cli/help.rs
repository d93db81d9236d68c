//! The help of every command: two examples before its flags, and after them the exit codes and the
//! environment variables that matter to it.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::commands::{
    apply, auth, drift, explain, export, import, init, list, plan, sandbox, schema, show, state,
    status, sync, validate,
};
use super::output::{Format, Offer};
use crate::core::words::list as listed;
use crate::exit::Exit;
use crate::http::client;
use crate::http::encryption::ALLOW_HTTP;
use crate::pipeline::STATE_VARIABLE;
use crate::provider::doors;
use crate::provider::trust::TRUST_HOSTS;
use crate::render::code_host;
use crate::render::table::{Screen, definitions};

/// What a command's help says besides its flags.
struct Page {
    /// The words of the command, after the program's name. The page of a command with commands
    /// within it also says what theirs say.
    command: &'static str,
    /// Command lines, and what each does.
    examples: &'static [(&'static str, &'static str)],
    reads: Reads,
    /// How it can end, apart from [`ANY`] and what follows from what it reads.
    exits: &'static [Exit],
    /// What its documents call it.
    kind: &'static str,
    /// The formats of its `-o`, if it has that.
    formats: Option<Offer>,
}

/// What a command reads, and so which variables matter to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reads {
    /// Nothing but its arguments.
    Nothing,
    /// The workspace.
    Workspace,
    /// Sync files.
    Files,
    /// Sync files, and the record of started syncs.
    State,
    /// Sync files, the record, and servers.
    Servers,
}

impl Reads {
    /// How whatever reads that can end.
    const fn exits(self) -> &'static [Exit] {
        match self {
            Self::Nothing => &[],
            Self::Workspace | Self::Files => &[Exit::Invalid],
            Self::State | Self::Servers => &[Exit::Invalid, Exit::Auth, Exit::Interrupted],
        }
    }
}

/// How any command can end.
const ANY: [Exit; 3] = [Exit::Done, Exit::Error, Exit::Usage];

impl Page {
    const fn of(
        command: &'static str,
        reads: Reads,
        examples: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            command,
            examples,
            reads,
            exits: &[],
            kind: "",
            formats: None,
        }
    }

    const fn ends(mut self, exits: &'static [Exit]) -> Self {
        self.exits = exits;
        self
    }

    const fn has<C: super::command::Command>(mut self) -> Self {
        self.kind = C::NAME;
        self.formats = Some(C::FORMATS);
        self
    }

    /// Whether it is the page of a command within that of another page.
    fn is_within(&self, outer: &Self) -> bool {
        let rest = self.command.strip_prefix(outer.command);
        rest.is_some_and(|rest| rest.starts_with(' '))
    }

    /// This page, and those of the commands within its command.
    fn with_inner(&self) -> impl Iterator<Item = &Self> {
        PAGES
            .iter()
            .filter(|page| page.command == self.command || page.is_within(self))
    }
}

const PAGES: &[Page] = &[
    Page::of(
        "init",
        Reads::Workspace,
        &[
            ("init", "here, or in the workspace that this is in"),
            ("init infra", "in a directory of its own"),
        ],
    )
    .has::<init::Arguments>(),
    Page::of(
        "validate",
        Reads::Files,
        &[
            ("validate", "the whole workspace"),
            (
                "validate syncs/web.yaml -o human -o sarif=found.sarif",
                "one file, also for a code host",
            ),
        ],
    )
    .has::<validate::Arguments>(),
    Page::of(
        "plan",
        Reads::Servers,
        &[
            ("plan --out plan.json", "and keep the plan for `apply`"),
            (
                "plan --base origin/main",
                "what this branch changes, without credentials",
            ),
        ],
    )
    .ends(&[Exit::ChangesPending])
    .has::<plan::Arguments>(),
    Page::of(
        "apply",
        Reads::Servers,
        &[
            ("apply --wait", "ask, apply, and follow the sync jobs"),
            (
                "apply plan.json --expect-digest sha256:…",
                "exactly the plan that was reviewed",
            ),
        ],
    )
    .ends(&[Exit::ActionFailed, Exit::Stale, Exit::JobFailed])
    .has::<apply::Arguments>(),
    Page::of(
        "show",
        Reads::Nothing,
        &[
            ("show plan.json", "as `plan` showed it"),
            (
                "show plan.json -o markdown=comment.md",
                "as a comment for the pull request",
            ),
        ],
    )
    .has::<show::Arguments>(),
    Page::of(
        "drift",
        Reads::Servers,
        &[
            ("drift", "what somebody changed by hand"),
            (
                "drift --prune -o markdown=drift.md",
                "what is not declared also counts",
            ),
        ],
    )
    .ends(&[Exit::ChangesPending])
    .has::<drift::Arguments>(),
    Page::of(
        "status",
        Reads::Servers,
        &[
            ("status", "of every declared sync"),
            (
                "status -l team=payments --watch",
                "of some, again and again",
            ),
        ],
    )
    .ends(&[Exit::ChangesPending, Exit::JobFailed])
    .has::<status::Arguments>(),
    Page::of(
        "sync",
        Reads::Servers,
        &[
            ("sync payments-api", "push now, and wait for the end"),
            ("sync 'web-*' --no-wait", "every sync of such a name"),
        ],
    )
    .ends(&[Exit::ActionFailed, Exit::JobFailed])
    .has::<sync::Arguments>(),
    Page::of(
        "export",
        Reads::Servers,
        &[
            (
                "export --all-projects --dir syncs",
                "a file for each project",
            ),
            (
                "export --project payments",
                "one project, to standard output",
            ),
        ],
    )
    .has::<export::Arguments>(),
    Page::of(
        "import",
        Reads::Servers,
        &[
            ("import web --into syncs/payments.yaml", "add one to a file"),
            (
                "import --from-terraform state.json --dir syncs",
                "all that Terraform manages, from `terraform show -json`",
            ),
        ],
    )
    .ends(&[Exit::ChangesPending])
    .has::<import::Arguments>(),
    Page::of(
        "list",
        Reads::Nothing,
        &[
            ("list projects", "what `project:` may name"),
            (
                "list connections --project payments",
                "what `connection:` may name there",
            ),
        ],
    ),
    Page::of(
        "list projects",
        Reads::Servers,
        &[
            ("list projects", "all that the identity can see"),
            (
                "list projects --provider onprem",
                "on another server of secsync.yaml",
            ),
        ],
    )
    .has::<list::Arguments>(),
    Page::of(
        "list connections",
        Reads::Servers,
        &[
            ("list connections", "those of the organization"),
            (
                "list connections --project payments --app github",
                "and of a project, to one app",
            ),
        ],
    )
    .has::<list::Arguments>(),
    Page::of(
        "list environments",
        Reads::Servers,
        &[
            ("list environments", "of the projects that the files name"),
            ("list environments --project payments", "of one project"),
        ],
    )
    .has::<list::Arguments>(),
    Page::of(
        "list folders",
        Reads::Servers,
        &[
            (
                "list folders --environment prod",
                "at the root, in the projects that the files name",
            ),
            (
                "list folders --project payments --environment prod --path /apps",
                "within a folder",
            ),
        ],
    )
    .has::<list::Arguments>(),
    Page::of(
        "list destinations",
        Reads::Servers,
        &[
            ("list destinations", "what `destination:` may name there"),
            ("list destinations -o json", "the same for a script"),
        ],
    )
    .has::<list::Arguments>(),
    Page::of(
        "state",
        Reads::Nothing,
        &[
            ("state init", "once, before the first start"),
            ("state list", "what was started"),
        ],
    ),
    Page::of(
        "state init",
        Reads::State,
        &[
            ("state init", "where secsync.yaml or SECSYNC_STATE says"),
            (
                "state init --state s3://bucket/secsync.json",
                "in an object store, for every machine",
            ),
        ],
    )
    .has::<state::Arguments>(),
    Page::of(
        "state list",
        Reads::State,
        &[
            ("state list", "every recorded start"),
            ("state list -o json", "the same for a script"),
        ],
    )
    .has::<state::Arguments>(),
    Page::of(
        "state resolve",
        Reads::State,
        &[
            (
                "state resolve web --started-as cfg_123",
                "it took effect: the dashboard shows it",
            ),
            (
                "state resolve web --not-started",
                "it did not: the next apply starts it",
            ),
        ],
    )
    .has::<state::Arguments>(),
    Page::of(
        "state rm",
        Reads::State,
        &[
            ("state rm web", "after it was deleted in the dashboard"),
            (
                "state rm web --project prj_123",
                "if several projects have one of that name",
            ),
        ],
    )
    .has::<state::Arguments>(),
    Page::of(
        "schema",
        Reads::Nothing,
        &[
            (
                "schema example github > syncs/web.yaml",
                "a sync to fill in; `schema list` shows the destinations",
            ),
            (
                "schema pull --from-server",
                "what your server knows, for this workspace",
            ),
        ],
    ),
    Page::of(
        "schema list",
        Reads::Workspace,
        &[
            (
                "schema list",
                "every destination, and where its schema comes from",
            ),
            ("schema list -o json", "the same for a script"),
        ],
    )
    .has::<schema::list::Arguments>(),
    Page::of(
        "schema show",
        Reads::Workspace,
        &[
            ("schema show github", "its fields"),
            ("schema show github -o json", "its JSON Schema"),
        ],
    )
    .has::<schema::show::Arguments>(),
    Page::of(
        "schema example",
        Reads::Workspace,
        &[
            ("schema example github", "to standard output"),
            (
                "schema example github > syncs/web.yaml",
                "as a file to fill in",
            ),
        ],
    )
    .has::<schema::example::Arguments>(),
    Page::of(
        "schema diff",
        Reads::Files,
        &[
            (
                "schema diff",
                "what this workspace pulled, against the bundled schemas",
            ),
            (
                "schema diff workspace pulled",
                "a directory that was pulled, against the workspace",
            ),
        ],
    )
    .ends(&[Exit::ChangesPending])
    .has::<schema::diff::Arguments>(),
    Page::of(
        "schema editor",
        Reads::Workspace,
        &[
            ("schema editor", "in .secsync/ of the workspace"),
            ("schema editor --out -", "to standard output"),
        ],
    )
    .has::<schema::editor::Arguments>(),
    Page::of(
        "schema pull",
        Reads::Servers,
        &[
            ("schema pull --from-server", "what your server knows"),
            (
                "schema pull openapi.json",
                "from a document, without a network",
            ),
        ],
    )
    .has::<schema::pull::Arguments>(),
    Page::of(
        "sandbox",
        Reads::Files,
        &[
            ("sandbox syncs", "with what these files mention"),
            (
                "sandbox --world world.yaml --listen 127.0.0.1:0",
                "with what a file says, on a free port",
            ),
        ],
    )
    .ends(&[Exit::Interrupted])
    .has::<sandbox::Arguments>(),
    Page::of(
        "explain",
        Reads::Nothing,
        &[
            ("explain", "every code, in a line each"),
            ("explain destructive-first-sync", "one of them"),
        ],
    )
    .has::<explain::Arguments>(),
    Page::of(
        "auth",
        Reads::Nothing,
        &[
            ("auth check", "log in everywhere, and change nothing"),
            ("auth check -o json", "the same for a script"),
        ],
    ),
    Page::of(
        "auth check",
        Reads::Servers,
        &[
            ("auth check", "to each provider that the files use"),
            (
                "auth check --timeout 5s -o json",
                "for a script that does not wait",
            ),
        ],
    )
    .has::<auth::Check>(),
    Page::of(
        "completions",
        Reads::Nothing,
        &[
            (
                "completions bash > ~/.local/share/bash-completion/completions/secsync",
                "for bash",
            ),
            (
                "completions fish > ~/.config/fish/completions/secsync.fish",
                "for fish",
            ),
        ],
    ),
    Page::of(
        "man",
        Reads::Nothing,
        &[
            ("man plan > secsync-plan.1", "the page of one command"),
            ("man --dir man", "a page for each command"),
        ],
    ),
    Page::of(
        "help",
        Reads::Nothing,
        &[
            ("help apply", "what a command does, and its flags"),
            ("help environment", "every environment variable"),
        ],
    ),
    Page::of(
        "version",
        Reads::Nothing,
        &[("version", "this program's version")],
    ),
];

/// What the help of the program itself shows first.
const FIRST: [(&str, &str); 2] = [
    ("init", "begin a workspace"),
    ("plan --sandbox", "what apply would do, without an account"),
];

/// The whole command line, each command with its page.
pub fn with_pages(program: Command) -> Command {
    let about = about(&program, &FIRST);
    let topics = format!(
        "{}\n\n`secsync help environment` lists the environment variables, and `secsync help formats` the formats \
         of `-o`.",
        exits(&Exit::ALL)
    );
    with_page_of(program.long_about(about).after_long_help(topics), "")
}

fn with_page_of(command: Command, words: &str) -> Command {
    let page = PAGES.iter().find(|page| page.command == words);
    let command = match page {
        Some(page) => with_page(command, page),
        None => command,
    };
    each_within(command, |inner| {
        let words = format!("{words} {}", inner.get_name());
        with_page_of(inner, words.trim_start())
    })
}

/// What the documents of a command call it, and its formats, by its words; `None` if it has no `-o`.
pub fn outputs_of(command: &str) -> Option<(&'static str, Offer)> {
    let page = PAGES.iter().find(|page| page.command == command)?;
    Some((page.kind, page.formats?))
}

/// The flag of the formats.
const OUTPUT: &str = "output";

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
    ("Output", &[OUTPUT, "no_color", "quiet", "verbose"]),
];

fn under_heading(argument: Arg) -> Arg {
    let id = argument.get_id().to_string();
    let mut headings = HEADINGS.iter();
    match headings.find(|(_, flags)| flags.contains(&id.as_str())) {
        Some((heading, _)) => argument.help_heading(*heading),
        None => argument,
    }
}

/// A command with what its page says.
fn with_page(command: Command, page: &Page) -> Command {
    let about = about(&command, page.examples);
    let own = command
        .get_after_long_help()
        .map(|text| format!("{text}\n\n"));
    let pages = || page.with_inner();
    let reads = pages().map(|page| page.reads).max().unwrap_or(page.reads);
    let ends: Vec<Exit> = pages()
        .flat_map(|page| page.reads.exits().iter().chain(page.exits))
        .copied()
        .collect();
    let ending = format!(
        "{}{}\n\n{}",
        own.unwrap_or_default(),
        exits(&ends),
        variables(reads)
    );
    command
        .long_about(about)
        .after_long_help(ending)
        .mut_args(|argument| with_formats(under_heading(argument), page.formats))
}

/// `-o` with the formats that a command has.
fn with_formats(argument: Arg, formats: Option<Offer>) -> Arg {
    match (formats, argument.get_help()) {
        (Some(offer), Some(help)) if argument.get_id() == OUTPUT => {
            let names: Vec<String> = Format::of(offer).map(Format::name).collect();
            let help = format!("{help} [formats: {}]", names.join(", "));
            argument.help(help)
        }
        _ => argument,
    }
}

/// What a command is for, and examples.
fn about(command: &Command, examples: &[(&str, &str)]) -> String {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let mut out = format!("{}.\n\nExamples:", about.trim_end_matches('.'));
    for (line, meaning) in examples {
        let _ = write!(out, "\n  secsync {line}\n      {meaning}");
    }
    out
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

/// Every variable, each with what it is for, as it fits a screen.
pub fn environment(screen: Option<Screen>) -> String {
    let own = VARIABLES
        .iter()
        .map(|variable| (variable.name, variable.meaning));
    let mut parts = vec![
        ("secsync", own.collect()),
        ("Proxies", client::VARIABLES.to_vec()),
        ("Links to a code host", code_host::VARIABLES.to_vec()),
    ];
    let doors = doors()
        .into_iter()
        .filter(|door| !door.variables().is_empty());
    parts.extend(doors.map(|door| (door.platform().title(), door.variables().to_vec())));
    let title = "The environment variables that secsync reads.\n";
    let more = "\nA state in an object store: AWS_… for s3://, GOOGLE_… for gs://, AZURE_… for az://, as the tools \
                of those clouds read them.\n\n\
                The variables of a platform serve the provider that is named after it. Any other provider \
                reads them behind its own name in capitals: `on-prem` reads ON_PREM_ and then the name above.\n";
    let [title, more] = [title, more].map(|text| match screen {
        Some(screen) => screen.wrapped_lines(text),
        None => text.to_owned(),
    });
    title + &sections(parts, screen) + &more
}

/// Every format, each with what it is for, and which commands have which, as they fit a screen.
pub fn formats(screen: Option<Screen>) -> String {
    let having = |format: &Format| {
        let has = |page: &&Page| {
            page.formats
                .is_some_and(|offer| Format::of(offer).any(|one| one == *format))
        };
        let pages = PAGES.iter().filter(has);
        pages.map(|page| page.command).collect::<Vec<_>>()
    };
    let is_leaf = |page: &&Page| page.with_inner().count() == 1;
    let without = PAGES.iter().filter(is_leaf);
    let without = without.filter(|page| page.formats.is_none());
    let without: Vec<&str> = without.map(|page| page.command).collect();
    let all = PAGES.iter().filter(|page| page.formats.is_some()).count();
    let rows: Vec<(String, String, String)> = Format::all()
        .map(|format| {
            let having = having(&format);
            let commands = if having.len() == all {
                "every command that has `-o`".to_owned()
            } else {
                having.join(", ")
            };
            (format.name(), format.purpose(), commands)
        })
        .collect();
    let purposes = rows.iter().map(|(name, purpose, _)| (&**name, &**purpose));
    let commands = rows
        .iter()
        .map(|(name, _, commands)| (&**name, &**commands));
    let parts = vec![
        ("What for", purposes.collect()),
        ("Commands", commands.collect()),
    ];
    let mut out = "The formats of `-o FORMAT[=FILE]`.\n".to_owned();
    out.push_str(&sections(parts, screen));
    let ending = format!("\nWithout `-o`: {}.\n", listed(without));
    match screen {
        Some(screen) => out + &screen.wrapped_lines(&ending),
        None => out + &ending,
    }
}

/// Words with what they mean, in parts with a title.
fn sections(parts: Vec<(&str, Vec<(&str, &str)>)>, screen: Option<Screen>) -> String {
    let rows = parts.iter().flat_map(|(_, rows)| rows);
    let width = rows.map(|(word, _)| word.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (title, rows) in parts {
        let rows = rows
            .iter()
            .map(|(word, meaning)| (format!("  {word}"), *meaning));
        let rows: Vec<(String, &str)> = rows.collect();
        let _ = write!(out, "\n{title}:\n{}", definitions(&rows, width + 2, screen));
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::{Command, Parser as _};

    use super::{FIRST, OUTPUT, PAGES};
    use crate::cli::command_line::{Arguments, program};

    fn check(command: &Command, words: &str) {
        for inner in command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help" || words.is_empty())
        {
            let words = format!("{words} {}", inner.get_name());
            let page = PAGES.iter().find(|page| page.command == words.trim_start());
            let page = page.unwrap_or_else(|| panic!("`{words}` has no page"));
            let has_output = inner
                .get_arguments()
                .any(|argument| argument.get_id() == OUTPUT);
            assert_eq!(page.formats.is_some(), has_output, "{words}");
            check(inner, words.trim_start());
        }
    }

    #[test]
    fn every_command_has_a_page_with_its_formats() {
        check(&program(), "");
    }

    #[test]
    fn every_example_is_a_command_line() {
        for (line, _) in PAGES.iter().flat_map(|page| page.examples).chain(&FIRST) {
            let line = line.split(" > ").next().unwrap_or(line).replace('\'', "");
            let line = line.replace("sha256:…", &"0".repeat(64));
            let words = ["secsync"].into_iter().chain(line.split(' '));
            let parsed = Arguments::try_parse_from(words);
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }
}
