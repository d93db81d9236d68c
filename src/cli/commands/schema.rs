//! `secsync schema`: what files are checked against.

mod diff;
mod editor;
mod list;
mod pull;
mod show;

use clap::Subcommand;

use super::super::arguments::LoadArguments;
use super::super::command::Session;
use crate::error::CommandError;
use crate::pipeline::Opened;

/// The arguments of `schema`.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the destinations.
    List(list::Arguments),
    /// Print one schema: infisical/humanitec, enkryptify/start.
    Show(show::Arguments),
    /// Show what changed between two sets of schemas, and which files it breaks.
    Diff(diff::Arguments),
    /// Write the schema that editors complete and check sync files by.
    Editor(editor::Arguments),
    /// Extract schemas from OpenAPI documents into this workspace, where they win over the bundled ones.
    Pull(pull::Arguments),
}

/// The workspace, without any sync file.
fn open(session: &Session) -> Result<Opened, CommandError> {
    LoadArguments::default().open(session)?.settings()
}
