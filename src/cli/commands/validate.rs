//! `secsync validate`: the files alone, without a network.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::cli::arguments::LoadArguments;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Files, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::text::visible;
use crate::core::words::count;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::json::JsonBody;
use crate::render::review::Review;
use crate::workspace::Workspace;

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    /// Show each finding with its lines. Otherwise, of four or more that say the same only the
    /// first is shown so, and the places of the others are listed.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "validate";
    const FORMATS: Offer = Offer::Checks;
    type Outcome = Validated;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame {
            shows_each_finding: self.all,
            ..CommandFrame::of(&self.output)
        }
    }

    fn run(self, session: &Session) -> Result<Validated, CommandError> {
        match self.load.check(session) {
            Ok(checked) => Ok(Validated {
                workspace: checked.opened.workspace,
                failure: None,
            }),
            Err(CommandError {
                exit: Exit::Invalid,
                problems,
                found: Some(workspace),
            }) => Ok(Validated {
                failure: Some(CommandError {
                    problems,
                    ..CommandError::silent(Exit::Invalid)
                }),
                workspace,
            }),
            Err(error) => Err(error),
        }
    }
}

/// Files that were checked.
pub struct Validated {
    workspace: Arc<Workspace>,
    /// Set if a mistake was found in them.
    failure: Option<CommandError>,
}

impl Validated {
    fn headline(&self) -> String {
        format!(
            "Success! {} in {} can be planned.",
            count(self.workspace.syncs.len(), "sync"),
            count(self.workspace.files, "file")
        )
    }
}

impl CommandOutcome for Validated {
    fn failure(&self) -> Option<&CommandError> {
        self.failure.as_ref()
    }

    fn files(&self) -> Files<'_> {
        (&*self.workspace).into()
    }

    fn human(&self, view: View) -> Human {
        if view.is_quiet || self.failure.is_some() {
            return Human::default();
        }
        let mut text = format!("{}\n", self.headline());
        if view.verbosity > 0 {
            for sync in &self.workspace.syncs {
                text.push_str(&format!(
                    "  {} ({})\n",
                    visible(&sync.name.text),
                    visible(&self.workspace.sources.describe(sync.key))
                ));
            }
        }
        text.into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body {
            files: usize,
            syncs: usize,
        }
        Box::new(Body {
            files: self.workspace.files,
            syncs: self.workspace.syncs.len(),
        })
    }

    fn review<'a>(&'a self, review: &mut Review<'a>) {
        if self.failure.is_none() {
            review.headline = Some(self.headline());
        }
    }
}
