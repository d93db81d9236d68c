//! `secsync schema show`: the fields of a destination, and its schema.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::named_destination::{LIST, destination_named};
use crate::cli::arguments::open_workspace;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::text::visible;
use crate::error::CommandError;
use crate::render;
use crate::render::json::JsonBody;
use crate::schema::outline::outline;
use crate::schema::schema_file::{START, SchemaFile, SchemaKey, title_from_slug};

/// The arguments of `schema show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// PROVIDER/DESTINATION, or DESTINATION if only one provider has it.
    name: String,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Schema;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
    }

    fn run(self, session: &Session) -> Result<Schema, CommandError> {
        let opened = open_workspace(session)?;
        let key = destination_named(&opened, &self.name)?;
        let file = opened.store.file(&key)?.ok_or_else(|| {
            CommandError::usage(format!("The schema `{}` is unknown.", self.name)).help(LIST)
        })?;
        Ok(Schema { key, file })
    }
}

/// A schema.
pub struct Schema {
    key: SchemaKey,
    file: SchemaFile,
}

impl Schema {
    /// What it is about, on one line.
    fn head(&self) -> String {
        let (platform, slug) = &self.key;
        let title = self.file.title.clone();
        let mut parts = vec![title.unwrap_or_else(|| title_from_slug(slug))];
        if let Some(app) = &self.file.connection_app {
            parts.push(format!("through a connection to {app}"));
        }
        if self.file.can_import == Some(true) {
            parts.push("secrets can be imported from it".to_owned());
        }
        visible(&format!("{}/{slug}: {}", platform.name(), parts.join(", ")))
    }
}

impl CommandOutcome for Schema {
    fn human(&self, view: View) -> Human {
        let request = if self.key.0.lists_destinations() {
            "create"
        } else {
            START
        };
        let request = self.file.standalone(request).unwrap_or_default();
        render::schema::table(&self.head(), &outline(&request), view.screen).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body {
            schema: Option<Value>,
        }
        Box::new(Body {
            schema: serde_json::from_str(&self.file.to_text(&self.key)).ok(),
        })
    }
}
