//! `secsync drift`: the plan in other words, for a job that runs every night.

use clap::Args;

use crate::cli::arguments::{LoadArguments, NetworkArguments, PlanArguments, ShardArguments};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Files, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::drift::{self, Drift};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{ConnectionUse, Planned, StateUse};
use crate::render;
use crate::render::drift::DriftBody;
use crate::render::json::JsonBody;
use crate::render::review::Review;

const DETAILS: &str = "\
No record is kept of what the platform was like before, so a change of the files that was not \
applied yet looks the same as a change on the platform.

Exit codes: 0 nothing changed, 2 something did, others as everywhere.";

/// The arguments of `drift`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Also count what exists and is not declared. Needs the whole workspace.
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    shard: ShardArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "drift";
    const FORMATS: Offer = Offer::Plans;
    type Outcome = Drifted;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
    }

    fn run(self, session: &Session) -> Result<Drifted, CommandError> {
        let checked = self.load.check_for(
            session,
            &PlanArguments {
                prune: self.prune,
                shard: self.shard,
                ..PlanArguments::default()
            },
        )?;
        let planned = session.online(&self.network, checked, async |checked, link| {
            let checked = checked.with_connections(ConnectionUse::ToCompare);
            checked.plan(link, StateUse::Read).await
        })?;
        Ok(Drifted {
            drifts: drift::of(&planned.plan),
            planned,
        })
    }
}

/// What differs from the files.
pub struct Drifted {
    drifts: Vec<Drift>,
    planned: Planned,
}

impl CommandOutcome for Drifted {
    fn exit(&self) -> Exit {
        if self.planned.plan.has_pending_changes() {
            Exit::ChangesPending
        } else {
            Exit::Done
        }
    }

    fn files(&self) -> Files<'_> {
        (&*self.planned.workspace).into()
    }

    fn human(&self, _view: View) -> Human {
        let sources = &self.planned.workspace.sources;
        render::drift::human(&self.drifts, &self.planned.plan, sources).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        let sources = &self.planned.workspace.sources;
        Box::new(DriftBody::new(&self.drifts, &self.planned.plan, sources))
    }

    fn review<'a>(&'a self, review: &mut Review<'a>) {
        render::drift::review(review, &self.drifts, &self.planned.plan);
    }
}
