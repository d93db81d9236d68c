//! `secsync show`: saved plans, as `plan` showed them, in one document.

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::arguments::LoadArguments;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Files, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::plan_file;
use crate::core::text::visible;
use crate::error::CommandError;
use crate::planfile::join::{Conflict, ConflictOf, Merged};
use crate::planfile::{self, SavedPlan};
use crate::render::json::JsonBody;
use crate::render::plan::PlanExtras;
use crate::render::review::Review;
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
    const FORMATS: Offer = Offer::Plans;
    type Outcome = Shown;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output)
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
        let merged = if plans.is_empty() {
            None
        } else {
            Some(merged(&plans)?)
        };
        Ok(Shown {
            plans,
            merged,
            failure: CommandError::all(errors).err(),
        })
    }
}

fn merged(plans: &[(Utf8PathBuf, SavedPlan)]) -> Result<Merged, CommandError> {
    let saved: Vec<&SavedPlan> = plans.iter().map(|(_, plan)| plan).collect();
    planfile::merge(&saved).map_err(|Conflict { of, plans: between }| {
        let [(one, first), (other, second)] = between.map(|index| &plans[index]);
        if first.digest == second.digest {
            return CommandError::usage(format!("{one} and {other} are the same plan."))
                .help("Name it once.");
        }
        let (message, help) = match of {
            ConflictOf::Sandbox => (
                format!("The plan {one} was made in the sandbox, and {other} was not."),
                APART,
            ),
            ConflictOf::Meaning { what, name, ids } => {
                let [name, id, other_id] = [&name, &ids[0], &ids[1]].map(|text| visible(text));
                (
                    format!("The {what} {name} is {id} in {one}, and {other_id} in {other}."),
                    APART,
                )
            }
            ConflictOf::Sync(address) => (
                format!("Both {one} and {other} plan {}.", visible(&address)),
                "Show plans together that are about different syncs, such as those of all shards.",
            ),
        };
        CommandError::usage(message).help(help)
    })
}

/// What to do with plans that cannot be one document.
const APART: &str = "Show them one after the other.";

/// Saved plans, each with its file.
pub struct Shown {
    plans: Vec<(Utf8PathBuf, SavedPlan)>,
    /// What they come to as one; `None` if none of them can be shown.
    merged: Option<Merged>,
    /// Why others cannot be shown.
    failure: Option<CommandError>,
}

impl Shown {
    fn plans(&self) -> impl Iterator<Item = (&str, &SavedPlan)> {
        self.plans.iter().map(|(file, plan)| (file.as_str(), plan))
    }
}

impl CommandOutcome for Shown {
    fn failure(&self) -> Option<&CommandError> {
        self.failure.as_ref()
    }

    fn is_sandbox(&self, _command_is: bool) -> bool {
        self.plans.iter().any(|(_, plan)| plan.is_sandbox)
    }

    fn files(&self) -> Files<'_> {
        Files {
            findings: self.merged.as_ref().map_or(&[], |merged| &merged.findings),
            sources: self.merged.as_ref().map(|merged| &merged.sources),
            are_from_root: true,
            ..Files::default()
        }
    }

    fn human(&self, view: View) -> Human {
        let Some(merged) = &self.merged else {
            return Human::default();
        };
        let headings: String = self
            .plans()
            .map(|(file, saved)| saved::heading(file, saved, &merged.plan))
            .collect();
        let context = PlanExtras {
            lists_unmanaged: view.verbosity > 0,
            // All of them are, or none.
            is_sandbox: self.is_sandbox(view.is_sandbox),
            is_whole: false,
            syncs: &[],
        };
        (headings + &plan::human(&merged.plan, &merged.sources, context)).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        Box::new(ShowBody::new(self.plans(), self.merged.as_ref()))
    }

    fn review<'a>(&'a self, review: &mut Review<'a>) {
        if let Some(merged) = &self.merged {
            saved::review(review, self.plans(), &merged.plan);
        }
    }
}
