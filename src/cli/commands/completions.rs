//! `secsync completions`, `secsync man`, `secsync help` and `secsync version`: texts about the program
//! itself.

use std::ffi::OsString;

use camino::Utf8PathBuf;
use clap::{Args, Command, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;

use crate::cli::help;
use crate::cli::named_files::{cannot_write, place_of};
use crate::cli::terminal::Terminal;
use crate::cli::values::with_values;
use crate::core::suggest::closest;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::root::Existing;

/// The variable that a shell sets when it asks for what can follow.
pub const COMPLETE: &str = "COMPLETE";
/// The script for bash. That of Clap takes no account of what bash splits words at.
const BASH: &str = include_str!("completions/script.bash");
/// The name of the program.
const PROGRAM: &str = "secsync";
/// The topics of `help` that are not commands.
const ENVIRONMENT: &str = "environment";
const FORMATS: &str = "formats";

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// The arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The command, such as `plan` or `schema pull`; without one, the program itself.
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write a page for each command into this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<Utf8PathBuf>,
}

/// The arguments of `help`.
#[derive(Debug, Args)]
pub struct Help {
    /// A command, such as `plan` or `schema pull`; or `environment`, for every variable; or
    /// `formats`, for those of `-o`.
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

/// The script that makes a shell ask the program itself for what can follow.
pub fn script(arguments: &Completions) -> Result<String, CommandError> {
    let shell = match arguments.shell {
        Shell::Bash => return Ok(BASH.to_owned()),
        Shell::Elvish => "elvish",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
        Shell::Zsh => "zsh",
    };
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let written = shells.completer(shell).map_or(Ok(()), |completer| {
        completer.write_registration(COMPLETE, PROGRAM, PROGRAM, PROGRAM, &mut script)
    });
    match written {
        Ok(()) => Ok(String::from_utf8_lossy(&script).into_owned()),
        Err(error) => Err(CommandError::new(
            Exit::Error,
            format!("The script cannot be made: {error}."),
        )),
    }
}

/// Prints what can follow a command line that a shell asks about.
pub fn complete(words: Vec<OsString>, program: fn() -> Command) -> Exit {
    change_directory(&words);
    let completed = CompleteEnv::with_factory(|| with_values(program()))
        .bin(PROGRAM)
        .try_complete(words, std::env::current_dir().ok().as_deref());
    match completed {
        Ok(_) => Exit::Done,
        // A shell shows nothing of it.
        Err(_) => Exit::Error,
    }
}

/// Goes where `-C` leads in a command line that a shell asks about, unless it is being typed.
fn change_directory(words: &[OsString]) {
    let mut words = words
        .iter()
        .skip_while(|word| *word != "--")
        .skip(2)
        .peekable();
    while let Some(word) = words.next() {
        let directory = match word.to_str().and_then(|word| word.strip_prefix("-C")) {
            Some("") => words.next().cloned(),
            directory => directory.map(OsString::from),
        };
        if let (Some(directory), Some(_)) = (directory, words.peek()) {
            // Where that fails, nothing of there is offered.
            let _ = std::env::set_current_dir(directory);
        }
    }
}

/// A manual page, or an empty text if a page for each command was written.
pub fn manual(arguments: &Man, mut program: Command) -> Result<String, CommandError> {
    // Gives each command its whole name.
    program.build();
    let Some(directory) = &arguments.dir else {
        return page(find(&program, &arguments.command)?);
    };
    let mut commands = vec![&program];
    while let Some(command) = commands.pop() {
        commands.extend(shown(command));
        let name = command.get_display_name().unwrap_or(PROGRAM);
        let path = directory.join(format!("{name}.1"));
        let text = page(command)?;
        place_of(&path)?
            .write(text.as_bytes(), Existing::Replace)
            .map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(String::new())
}

/// The help that `help` prints.
pub fn help(arguments: &Help, mut program: Command) -> Result<String, CommandError> {
    let screen = Terminal::screen();
    match arguments.topic.as_slice() {
        [topic] if topic == ENVIRONMENT => return Ok(help::environment(screen)),
        [topic] if topic == FORMATS => return Ok(help::formats(screen)),
        _ => {}
    }
    program.build();
    let command = find(&program, &arguments.topic)?;
    Ok(command.clone().render_long_help().ansi().to_string())
}

/// The command of these words.
fn find<'a>(program: &'a Command, words: &[String]) -> Result<&'a Command, CommandError> {
    let mut command = program;
    for word in words {
        let found = shown(command).find(|inner| {
            inner.get_name() == word || inner.get_visible_aliases().any(|alias| alias == word)
        });
        command = found.ok_or_else(|| {
            let names = shown(command).map(Command::get_name);
            let error = CommandError::usage(format!("`{}` is not a command.", words.join(" ")));
            match closest(word, names.chain([ENVIRONMENT, FORMATS])) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error.help("`secsync --help` lists the commands."),
            }
        })?;
    }
    Ok(command)
}

/// The commands within one that people are to know of.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    // Clap gives each command with commands within it a `help` of its own.
    let is_program = command.get_name() == PROGRAM;
    let inner = command.get_subcommands();
    inner.filter(move |inner| !inner.is_hide_set() && (is_program || inner.get_name() != "help"))
}

fn page(command: &Command) -> Result<String, CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .source(concat!("secsync ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The manual page cannot be made: {error}."),
            )
        })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
