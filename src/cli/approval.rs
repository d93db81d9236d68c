//! Asking before something is done that cannot be undone.

use std::io::{self, BufRead, IsTerminal};

use crate::cancel::Cancellation;
use crate::error::CommandError;
use crate::exit::Exit;

use super::options::LoadArguments;
use super::ui::Ui;

/// Refuses a run that will have to ask and cannot. `instead` is what to do then, but for the flag.
pub fn check_terminal(load: &LoadArguments, instead: &str) -> Result<(), CommandError> {
    if load.reads_stdin() || !io::stdin().is_terminal() {
        return Err(CommandError::usage("There is no terminal to ask on.")
            .help(format!("{instead} with --auto-approve.")));
    }
    Ok(())
}

/// Asks on the terminal; only `yes` is a yes. Ctrl-C is a no.
pub async fn ask(
    ui: &Ui,
    question: &str,
    cancellation: &Cancellation,
) -> Result<bool, CommandError> {
    ui.err(&format!("\n{question} Only 'yes' is accepted: "));
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        answer = answer => match answer {
            Ok(Ok(line)) => Ok(line.trim() == "yes"),
            _ => Err(CommandError::new(Exit::Error, "The answer cannot be read.")),
        },
        () = cancellation.cancelled() => Err(CommandError { exit: Exit::Interrupted, problems: Vec::new() }),
    }
}
