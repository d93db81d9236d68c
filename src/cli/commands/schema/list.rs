//! `secsync schema list`: the destinations.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::cli::arguments::open_workspace;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::text::visible;
use crate::digest::sha256;
use crate::error::CommandError;
use crate::pipeline::SCHEMAS;
use crate::provider::platforms;
use crate::render::json::JsonBody;
use crate::render::table;
use crate::schema::destination::{Destination, SchemaSource};
use crate::schema::pull::{Manifest, manifest};

/// The arguments of `schema list`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schemas";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = SchemaList;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
    }

    fn run(self, session: &Session) -> Result<SchemaList, CommandError> {
        let opened = open_workspace(session)?;
        let manifest = manifest(&opened.root()?, SCHEMAS.into());
        let mut rows = Vec::new();
        for platform in platforms() {
            for slug in opened.store.destinations(platform) {
                let destination = opened.store.destination(platform, &slug)?;
                rows.extend(
                    destination.map(|destination| Row::new(destination, manifest.as_ref())),
                );
            }
        }
        Ok(SchemaList(rows))
    }
}

/// The destinations, as the schemas in use describe them.
pub struct SchemaList(Vec<Row>);

struct Row {
    destination: Arc<Destination>,
    /// When its schema was pulled; `None` for a bundled one.
    pulled_at: Option<String>,
}

impl Row {
    fn new(destination: Arc<Destination>, manifest: Option<&Manifest>) -> Self {
        let pull = manifest
            .filter(|_| destination.origin == SchemaSource::Pulled)
            .and_then(|manifest| manifest.providers.get(destination.provider.name()));
        Self {
            pulled_at: pull.map(|pull| pull.date.clone()),
            destination,
        }
    }

    fn cells(&self) -> table::Row<6> {
        let spec = &self.destination.spec;
        let origin = self.destination.origin.name();
        table::Row::new([
            self.destination.provider.name().to_owned(),
            visible(&spec.slug),
            visible(&spec.name),
            visible(spec.connection_app.as_deref().unwrap_or("-")),
            if spec.can_import { "yes" } else { "no" }.to_owned(),
            match &self.pulled_at {
                Some(date) => format!("{origin} {}", visible(date)),
                None => origin.to_owned(),
            },
        ])
    }
}

impl CommandOutcome for SchemaList {
    fn human(&self, view: View) -> Human {
        let mut rows: Vec<table::Row<6>> = self.0.iter().map(Row::cells).collect();
        for platform in platforms() {
            if !platform.lists_destinations() {
                let (name, title) = (platform.name(), platform.title());
                let cells = [name, "(any slug)", title, "-", "no", "bundled"];
                rows.push(table::Row::new(cells.map(str::to_owned)));
            }
        }
        let headings = [
            "PROVIDER",
            "DESTINATION",
            "NAME",
            "CONNECTION",
            "IMPORT",
            "SCHEMA",
        ];
        table::table(headings, &rows, view.screen).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body<'a> {
            destinations: Vec<Entry<'a>>,
        }
        Box::new(Body {
            destinations: self.0.iter().map(entry).collect(),
        })
    }
}

/// A destination in a document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    provider: &'a str,
    destination: &'a str,
    name: &'a str,
    connection_app: Option<&'a str>,
    can_import: bool,
    origin: &'a str,
    pulled_at: Option<&'a str>,
    digest: String,
}

fn entry(row: &Row) -> Entry<'_> {
    let Destination {
        spec,
        provider: platform,
        origin,
        file,
        ..
    } = &*row.destination;
    Entry {
        provider: platform.name(),
        destination: &spec.slug,
        name: &spec.name,
        connection_app: spec.connection_app.as_deref(),
        can_import: spec.can_import,
        origin: origin.name(),
        pulled_at: row.pulled_at.as_deref(),
        digest: sha256(file.to_text(&(*platform, spec.slug.clone())).as_bytes()),
    }
}
