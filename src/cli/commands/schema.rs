//! `secsync schema`: what files are checked against.

pub mod diff;
pub mod editor;
pub mod example;
pub mod list;
mod named_destination;
pub mod pull;
pub mod show;

use clap::Subcommand;

/// The arguments of `schema`.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the destinations.
    List(list::Arguments),
    /// Show the fields of a destination; with `-o json` its JSON Schema.
    Show(show::Arguments),
    /// Print a sync to a destination, ready to be filled in.
    Example(example::Arguments),
    /// Show what changed between two sets of schemas, and which files it breaks.
    Diff(diff::Arguments),
    /// Write the schema that editors complete and check sync files by.
    Editor(editor::Arguments),
    /// Extract schemas from OpenAPI documents into this workspace, where they win over the bundled ones.
    Pull(pull::Arguments),
}
