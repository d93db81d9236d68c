//! The command line: every command with its arguments.

use camino::Utf8PathBuf;
use clap::{CommandFactory, Parser, Subcommand};

use super::commands::{
    apply, auth, completions, drift, explain, export, import, init, list, plan, sandbox, schema,
    show, state, status, sync, validate,
};
use super::help;

/// Declarative secret syncs: plan them in a pull request, apply them from CI.
#[derive(Debug, Parser)]
#[command(
    name = "secsync",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// Change to this directory first: paths are relative to it.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub change_directory: Option<Utf8PathBuf>,
    #[command(subcommand)]
    pub command: AnyCommand,
}

#[derive(Debug, Subcommand)]
pub enum AnyCommand {
    /// Begin a workspace: secsync.yaml, an example, and schemas for the editor.
    Init(init::Arguments),
    /// Check the files, offline.
    Validate(validate::Arguments),
    /// Show what apply would do.
    #[command(visible_alias = plan::ALIAS)]
    Plan(plan::Arguments),
    /// Make the platforms match the files.
    Apply(apply::Arguments),
    /// Show saved plans, without a network.
    Show(show::Arguments),
    /// Show what changed remotely, and exit with 2 if anything did.
    Drift(drift::Arguments),
    /// Show how the declared syncs are doing: their last jobs, and those that run.
    Status(status::Arguments),
    /// Request sync jobs now, and follow them.
    Sync(sync::Arguments),
    /// Write sync files for remote syncs that are not declared yet.
    Export(export::Arguments),
    /// Declare existing syncs, in a file that people wrote.
    Import(import::Arguments),
    /// List what the identity can see, and what a file may name.
    List(list::Arguments),
    /// Manage the record of started syncs.
    #[command(subcommand)]
    State(state::Arguments),
    /// Manage the schemas that files are checked against.
    #[command(subcommand)]
    Schema(schema::Arguments),
    /// Serve an emulator of both platforms on this machine.
    Sandbox(sandbox::Arguments),
    /// Explain a finding: why it is one, an example, and how to fix it.
    Explain(explain::Arguments),
    /// Check credentials.
    #[command(subcommand)]
    Auth(auth::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Completions),
    /// Print the manual page of a command.
    Man(completions::Man),
    /// Print the help of a command, or every environment variable or format.
    Help(completions::Help),
    /// Print the version.
    Version,
}

/// The program as Clap knows it, each command with its page.
pub fn program() -> clap::Command {
    help::with_pages(Arguments::command())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
