//! `secsync explain`: what a finding's code or a field of a sync means.

use std::collections::BTreeSet;
use std::slice;

use clap::Args;

use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::code::Code;
use crate::core::fields::{FIRST, OWN_FIELDS};
use crate::core::suggest::closest;
use crate::error::CommandError;
use crate::provider::door::{Door, FieldMeaning};
use crate::provider::{codes, doors};
use crate::render::explain::{self, ExplainBody};
use crate::render::json::JsonBody;
use crate::schema::editor;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The code, as findings show it, or a field that every sync can have. Without one, all codes are
    /// listed.
    #[arg(value_name = "CODE")]
    word: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "explain";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Explained;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
    }

    fn run(self, _session: &Session) -> Result<Explained, CommandError> {
        self.word.as_deref().map_or(Ok(Explained::Codes), find)
    }
}

/// What is explained.
pub enum Explained {
    /// Every code, in a line each.
    Codes,
    /// A code.
    Code(Code),
    /// A field of a sync.
    Field(&'static FieldMeaning),
}

impl CommandOutcome for Explained {
    fn human(&self, view: View) -> Human {
        match self {
            Self::Codes => explain::list(view.screen),
            Self::Code(code) => explain::page(*code, view.screen),
            Self::Field(field) => explain::field(field),
        }
        .into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        Box::new(match self {
            Self::Codes => ExplainBody::of_codes(&codes::codes()),
            Self::Code(code) => ExplainBody::of_codes(slice::from_ref(code)),
            Self::Field(field) => ExplainBody::of_field(field),
        })
    }
}

/// What can be explained: codes, and fields of syncs.
pub fn topics() -> impl Iterator<Item = &'static str> {
    let codes = codes::codes().into_iter().map(Code::name);
    let of_platforms = doors().into_iter().flat_map(Door::fields);
    let fields = OWN_FIELDS.into_iter().chain(FIRST);
    let fields: BTreeSet<_> = fields.chain(of_platforms.map(|field| field.name)).collect();
    codes.chain(
        fields
            .into_iter()
            .filter(|name| editor::meaning(name).is_some()),
    )
}

fn find(word: &str) -> Result<Explained, CommandError> {
    if let Some(code) = codes::find(word) {
        return Ok(Explained::Code(code));
    }
    if let Some(field) = editor::meaning(word) {
        return Ok(Explained::Field(field));
    }
    let message = format!("`{word}` is neither a finding's code nor a field of every sync.");
    Err(
        CommandError::usage(message).help(match closest(word, topics()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`secsync explain` lists all codes.".to_owned(),
        }),
    )
}
