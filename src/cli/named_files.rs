//! The files that people name on the command line.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::root::{self, Place};
use crate::text_file::{UnreadableText, reason, reason_of_write};

/// The directory that paths on the command line are relative to.
pub fn working_directory() -> Result<Utf8PathBuf, CommandError> {
    root::working_directory().map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!(
                "The working directory cannot be determined: {}.",
                reason(&error)
            ),
        )
    })
}

/// Where a file leads that a person names to be written.
pub fn place_of(path: &Utf8Path) -> Result<Place, CommandError> {
    Place::of(path, &working_directory()?).map_err(|error| cannot_write(path, &error))
}

/// Why a file that a person names cannot be written, and what to do.
pub fn cannot_write(file: &Utf8Path, error: &io::Error) -> CommandError {
    let why = reason_of_write(error);
    let refused = CommandError::new(
        Exit::Error,
        format!("The file {file} cannot be written: {why}."),
    );
    match UnreadableText::of(error) {
        Some(refusal) => refused.help(refusal.help()),
        None => refused,
    }
}
