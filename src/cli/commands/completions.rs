//! `secsync completions`, `secsync man` and `secsync version`: texts about the program itself.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Arguments as Program;
use crate::error::CommandError;
use crate::exit::Exit;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// A completion script.
pub fn script(arguments: &Arguments) -> String {
    let mut script = Vec::new();
    let mut command = Program::command();
    clap_complete::generate(arguments.shell, &mut command, "secsync", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page.
pub fn manual() -> Result<String, CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Program::command())
        .render(&mut page)
        .map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The manual page cannot be made: {error}."),
            )
        })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
