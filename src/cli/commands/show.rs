//! `secsync show`: saved plans, as `plan` showed them.

use camino::Utf8PathBuf;
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::{LoadArguments, OutputArguments};
use crate::cli::command::{Command, Human, Outcome, Session, View};
use crate::cli::output::Offer;
use crate::cli::plan_file;
use crate::error::CommandError;
use crate::planfile::SavedPlan;
use crate::render::plan::Context;
use crate::render::saved::ShowBody;
use crate::render::{plan, saved};

/// The arguments of `show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Plans that `secsync plan --out` saved.
    #[arg(required = true, value_name = "PLANFILE")]
    files: Vec<Utf8PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "show";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Shown;

    fn output(&self) -> &OutputArguments {
        &self.output
    }

    fn run(self, session: &Session) -> Result<Shown, CommandError> {
        let opened = LoadArguments::default().open(session)?;
        let mut plans = Vec::new();
        let mut errors = Vec::new();
        for file in self.files {
            match plan_file::load(&file, &opened) {
                Ok(plan) => plans.push((file, plan)),
                Err(error) => errors.push(error),
            }
        }
        Ok(Shown {
            plans,
            failure: CommandError::all(errors).err(),
        })
    }
}

/// Saved plans, each with its file.
pub struct Shown {
    plans: Vec<(Utf8PathBuf, SavedPlan)>,
    /// Why others cannot be shown.
    failure: Option<CommandError>,
}

impl Outcome for Shown {
    fn failure(&self) -> Option<&CommandError> {
        self.failure.as_ref()
    }

    fn is_sandbox(&self, _command_is: bool) -> bool {
        self.plans.iter().any(|(_, plan)| plan.is_sandbox)
    }

    fn human(&self, view: View) -> Human {
        let texts: Vec<String> = self
            .plans
            .iter()
            .map(|(file, saved)| {
                let context = Context {
                    lists_unmanaged: view.verbosity > 0,
                    is_sandbox: saved.is_sandbox,
                    is_whole: false,
                    syncs: &[],
                };
                let plan = plan::human(&saved.plan, &saved.sources, context);
                saved::heading(file.as_str(), saved) + &plan
            })
            .collect();
        texts.join("\n").into()
    }

    fn json(&self) -> impl Serialize {
        let plans = self.plans.iter();
        ShowBody::new(plans.map(|(file, saved)| (file.as_str(), saved)))
    }
}
