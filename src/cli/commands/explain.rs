//! `secsync explain`: what a finding's code means.

use std::slice;

use clap::Args;
use serde::Serialize;

use crate::cli::arguments::OutputArguments;
use crate::cli::command::{Command, Human, Outcome, Session, View};
use crate::cli::output::Offer;
use crate::core::code::Code;
use crate::core::diagnostic::closest;
use crate::error::CommandError;
use crate::render::explain::{self, ExplainBody};

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The code, as findings show it. Without one, all are listed.
    code: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "explain";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Explained;

    fn output(&self) -> &OutputArguments {
        &self.output
    }

    fn run(self, _session: &Session) -> Result<Explained, CommandError> {
        let code = self.code.as_deref().map(find).transpose()?;
        Ok(Explained(code))
    }
}

/// The code that is explained; `None` for all of them.
pub struct Explained(Option<Code>);

impl Outcome for Explained {
    fn human(&self, _view: View) -> Human {
        self.0.map_or_else(explain::list, explain::page).into()
    }

    fn json(&self) -> impl Serialize {
        ExplainBody::new(self.0.as_ref().map_or(Code::ALL, slice::from_ref))
    }
}

fn find(name: &str) -> Result<Code, CommandError> {
    Code::parse(name).ok_or_else(|| {
        let error = CommandError::usage(format!("`{name}` is not a finding's code."));
        match closest(name, Code::ALL.iter().map(|code| code.name())) {
            Some(near) => error.help(format!("Did you mean `{near}`?")),
            None => error.help("`secsync explain` lists all of them."),
        }
    })
}
