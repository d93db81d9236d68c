//! `secsync completions` and `secsync man`.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::environment::Environment;
use crate::exit::Exit;

use super::ui::Ui;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints a completion script.
pub fn run(arguments: &Arguments, command: &mut Command) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "secsync", &mut script);
    Ui::plain(&Environment::default()).out(&String::from_utf8_lossy(&script))
}

/// Prints the manual page.
pub fn manual(command: &Command) -> Exit {
    let mut page = Vec::new();
    let ui = Ui::plain(&Environment::default());
    match clap_mangen::Man::new(command.clone()).render(&mut page) {
        Ok(()) => ui.out(&String::from_utf8_lossy(&page)),
        Err(error) => {
            ui.err(&format!(
                "Error: The manual page cannot be made: {error}.\n"
            ));
            Exit::Error
        }
    }
}
