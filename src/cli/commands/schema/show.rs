//! `secsync schema show`: one schema.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::cli::arguments::OutputArguments;
use crate::cli::command::{Command, Human, Outcome, Session, Text, View};
use crate::cli::output::Offer;
use crate::error::CommandError;
use crate::provider::platform_named;

/// The arguments of `schema show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// PROVIDER/DESTINATION.
    name: String,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Schema;

    fn output(&self) -> &OutputArguments {
        &self.output
    }

    fn run(self, session: &Session) -> Result<Schema, CommandError> {
        let opened = super::open(session)?;
        let unknown = || {
            CommandError::usage(format!("There is no schema `{}`.", self.name))
                .help("Write PROVIDER/DESTINATION; `secsync schema list` shows them.")
        };
        let key = self
            .name
            .split_once('/')
            .and_then(|(provider, slug)| Some((platform_named(provider)?, slug.to_owned())))
            .ok_or_else(unknown)?;
        let file = opened.store.file(&key)?.ok_or_else(unknown)?;
        Ok(Schema(file.to_text(&key)))
    }
}

/// The text of a schema.
pub struct Schema(String);

impl Outcome for Schema {
    fn human(&self, _view: View) -> Human {
        Human {
            text: self.0.clone(),
            kind: Text::Json,
            ..Human::default()
        }
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Body {
            schema: Option<Value>,
        }
        Body {
            schema: serde_json::from_str(&self.0).ok(),
        }
    }
}
