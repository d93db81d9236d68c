//! `secsync drift`: the plan in other words, for a job that runs every night.

use clap::Args;

use crate::core::drift;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render;

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::session::{self, Access, Planned};
use super::ui::{Format, Ui};

const DETAILS: &str = "\
Nothing remembers what the platform was like before, so a change of the files that was not applied \
yet shows in the same way as a change on the platform.

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
    /// Count what exists and is not declared, too. Needs the whole workspace.
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
    let mut loaded = None;
    let planned = plan(arguments, environment, &ui, &mut loaded);
    show(&planned, loaded.as_ref(), &ui, is_sandbox)
}

fn plan(
    arguments: Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Planned, CommandError> {
    let mut options = pipeline_options(arguments.load, Some(&arguments.network), environment)?;
    options.prune = arguments.prune;
    session::online(
        options,
        arguments.network.sandbox,
        ui,
        loaded,
        async |run, cancellation| session::plan(run, Access::Read, ui, &cancellation).await,
    )
}

fn show(
    planned: &Result<Planned, CommandError>,
    loaded: Option<&Run>,
    ui: &Ui,
    is_sandbox: bool,
) -> Exit {
    let exit = match planned {
        Ok(planned) if planned.plan.has_pending_changes() => Exit::ChangesPending,
        Ok(_) => Exit::Done,
        Err(stop) => ui.stop(stop),
    };
    let drifted = match (planned, loaded) {
        (Ok(planned), Some(run)) => Some((
            drift::of(&planned.plan),
            &planned.plan,
            &run.workspace.sources,
        )),
        _ => None,
    };
    let mut printed = Exit::Done;
    if let Some((drifts, plan, sources)) = &drifted {
        let text = render::drift::human(drifts, plan, sources, is_sandbox);
        printed = ui.result(Format::Human, &text);
    }
    let end = (exit, planned.as_ref().err());
    let written = session::document("drift", loaded, ui, is_sandbox, end, |document| {
        if let Some((drifts, plan, sources)) = &drifted {
            let body = render::drift::DriftBody::new(drifts, plan, sources);
            render::json::add(document, &body);
        }
    });
    let reviewed = session::review("drift", loaded, ui, is_sandbox, end, |review| {
        if let Some((drifts, plan, _)) = &drifted {
            render::drift::review(review, drifts, plan);
        }
    });
    exit.most_important(printed)
        .most_important(written)
        .most_important(reviewed)
}
