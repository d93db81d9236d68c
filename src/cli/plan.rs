//! `secsync plan`: what apply would do.

use clap::Args;

use crate::environment::Environment;
use crate::error::Stop;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render::{human, json, review};

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::session::{self, Access, Planned};
use super::ui::{Format, Ui};

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Exit with 2 if changes are pending.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Delete what exists and is not declared. Needs the whole workspace.
    #[arg(long)]
    prune: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::PLAN, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let is_sandbox = arguments.network.sandbox;
    let detailed = arguments.detailed_exitcode;
    let mut loaded = None;
    let planned = plan(arguments, environment, &ui, &mut loaded);
    show(&planned, loaded.as_ref(), &ui, is_sandbox, detailed)
}

fn plan(
    arguments: Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Planned, Stop> {
    let mut options = pipeline_options(arguments.load, Some(&arguments.network), environment)?;
    options.prune = arguments.prune;
    let is_sandbox = arguments.network.sandbox;
    session::online(
        options,
        is_sandbox,
        ui,
        loaded,
        async |run, cancellation| session::plan(run, Access::Read, ui, &cancellation).await,
    )
}

fn show(
    planned: &Result<Planned, Stop>,
    loaded: Option<&Run>,
    ui: &Ui,
    is_sandbox: bool,
    detailed: bool,
) -> Exit {
    let (exit, stop) = match planned {
        Ok(planned) if detailed && planned.plan.has_pending_changes() => {
            (Exit::ChangesPending, None)
        }
        Ok(_) => (Exit::Done, None),
        Err(stop) => (ui.stop(stop), Some(stop)),
    };
    let Some(run) = loaded else { return exit };
    let sources = &run.workspace.sources;
    let mut printed = Exit::Done;
    if let Ok(planned) = planned {
        let context = human::Context {
            is_sandbox,
            lists_unmanaged: ui.verbosity > 0,
            syncs: session::traced(&planned.survey, ui),
        };
        printed = ui.result(Format::Human, &human::plan(&planned.plan, sources, context));
    }
    let written = session::document("plan", run, ui, is_sandbox, (exit, stop), |document| {
        if let Ok(planned) = planned {
            json::add_plan(document, &planned.plan, sources);
        }
    });
    let reviewed = session::review("plan", run, ui, is_sandbox, (exit, stop), |review| {
        if let Ok(planned) = planned {
            review::of_plan(review, &planned.plan);
        }
    });
    exit.most_important(printed)
        .most_important(written)
        .most_important(reviewed)
}
