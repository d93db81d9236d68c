//! `secsync schema example`: a sync ready to be filled in.

use clap::Args;
use serde::Serialize;

use super::named_destination::{LIST, destination_named};
use crate::cli::arguments::open_workspace;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, Text, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sync_files::printed;
use crate::error::CommandError;
use crate::render::json::JsonBody;
use crate::schema::example;

/// The arguments of `schema example`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// PROVIDER/DESTINATION, or DESTINATION if only one provider has it.
    name: String,
    /// Only what must be given.
    #[arg(long)]
    minimal: bool,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema-example";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Example;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
    }

    fn run(self, session: &Session) -> Result<Example, CommandError> {
        let opened = open_workspace(session)?;
        let (platform, slug) = destination_named(&opened, &self.name)?;
        let destination = opened.store.destination(platform, &slug)?;
        let destination = destination.ok_or_else(|| {
            CommandError::usage(format!("The destination `{}` is unknown.", self.name)).help(LIST)
        })?;
        Ok(Example(printed(example::text(&destination, self.minimal))?))
    }
}

/// The text of a sync file.
pub struct Example(String);

impl CommandOutcome for Example {
    fn human(&self, _view: View) -> Human {
        Human {
            text: self.0.clone(),
            kind: Text::SyncFile,
            ..Human::default()
        }
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body<'a> {
            text: &'a str,
        }
        Box::new(Body { text: &self.0 })
    }
}
