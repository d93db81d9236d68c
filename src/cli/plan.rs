//! `secsync plan`: what apply would do.

use camino::Utf8PathBuf;
use clap::Args;

use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render::plan::{self as shown, PlanBody, PlanFile};
use crate::render::{json, saved};
use crate::workspace::write::{is_stream, real_path};

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::planfile;
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
    /// Save the plan, to be shown with `show` and carried out with `apply`.
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    // Before any output is opened, which empties it.
    let opened = check_apart(&arguments)
        .and_then(|()| Ui::new(&arguments.output, Format::PLAN, &environment));
    let ui = match opened {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let after = After {
        is_sandbox: arguments.network.sandbox,
        detailed: arguments.detailed_exitcode,
        out: arguments.out.clone(),
    };
    let mut loaded = None;
    let planned = plan(arguments, environment, &ui, &mut loaded);
    show(&planned, loaded.as_ref(), &ui, &after)
}

/// What is done with a plan.
struct After {
    is_sandbox: bool,
    /// Whether changes decide the exit code.
    detailed: bool,
    /// Where it is saved.
    out: Option<Utf8PathBuf>,
}

/// Refuses to write the plan and a result into the same file.
fn check_apart(arguments: &Arguments) -> Result<(), CommandError> {
    let Some(out) = &arguments.out else {
        return Ok(());
    };
    if is_stream(out) {
        return Ok(());
    }
    let place = real_path(out);
    let mut files = arguments
        .output
        .output
        .iter()
        .filter_map(|output| output.file.as_ref());
    if files.any(|file| real_path(file) == place) {
        return Err(
            CommandError::usage(format!("Both `--out` and `--output` would write {out}."))
                .help("Give them different files."),
        );
    }
    Ok(())
}

fn plan(
    arguments: Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Planned, CommandError> {
    if let Some(out) = &arguments.out {
        planfile::check_place(out)?;
    }
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
    planned: &Result<Planned, CommandError>,
    loaded: Option<&Run>,
    ui: &Ui,
    after: &After,
) -> Exit {
    let is_sandbox = after.is_sandbox;
    let (mut exit, stop) = match planned {
        Ok(planned) if after.detailed && planned.plan.has_pending_changes() => {
            (Exit::ChangesPending, None)
        }
        Ok(_) => (Exit::Done, None),
        Err(stop) => (ui.stop(stop), Some(stop)),
    };
    let mut printed = Exit::Done;
    if let (Ok(planned), Some(run)) = (planned, loaded) {
        let sources = &run.workspace.sources;
        let context = shown::Context {
            is_sandbox,
            lists_unmanaged: ui.verbosity > 0,
            syncs: session::traced(&planned.survey, ui),
        };
        printed = ui.result(
            Format::Human,
            &shown::human(&planned.plan, sources, context),
        );
    }
    let saved = match (planned, &after.out, loaded) {
        (Ok(planned), Some(out), Some(run)) => {
            Some((out, planfile::save(out, &planned.plan, run, is_sandbox)))
        }
        _ => None,
    };
    let mut stop = stop.cloned();
    match &saved {
        Some((out, Ok(digest))) => {
            let text = if is_stream(out) {
                saved::written_to(out.as_str(), digest)
            } else {
                saved::saved_to(out.as_str(), digest, is_sandbox)
            };
            printed = printed.most_important(ui.result(Format::Human, &text));
        }
        Some((_, Err(error))) => {
            exit = exit.most_important(ui.stop(error));
            stop = Some(error.clone());
        }
        None => {}
    }
    let end = (exit, stop.as_ref());
    let written = session::document("plan", loaded, ui, is_sandbox, end, |document| {
        if let (Ok(planned), Some(run)) = (planned, loaded) {
            let mut body = PlanBody::new(&planned.plan, &run.workspace.sources);
            if let Some((out, Ok(digest))) = &saved {
                let file = out.as_str();
                body = body.saved_in(PlanFile { file, digest });
            }
            json::add(document, &body);
        }
    });
    let reviewed = session::review("plan", loaded, ui, is_sandbox, end, |review| {
        if let Ok(planned) = planned {
            shown::review(review, &planned.plan);
        }
    });
    exit.most_important(printed)
        .most_important(written)
        .most_important(reviewed)
}
