//! `secsync show`: saved plans, as `plan` showed them.

use camino::Utf8PathBuf;
use clap::Args;

use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::planfile::SavedPlan;
use crate::render::json;
use crate::render::plan;
use crate::render::saved::{self, ShowBody};

use super::options::{LoadArguments, OutputArguments, pipeline_options};
use super::planfile;
use super::session;
use super::ui::{Format, Ui};

/// The arguments of `show`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Plans that `secsync plan --out` saved.
    #[arg(required = true, value_name = "PLANFILE")]
    files: Vec<Utf8PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let opened = pipeline_options(LoadArguments::default(), None, environment).and_then(Run::open);
    let run = match opened {
        Ok(run) => run,
        Err(stop) => return ui.stop(&stop),
    };
    let mut plans = Vec::new();
    let mut stop: Option<CommandError> = None;
    for file in &arguments.files {
        match planfile::load(file, &run) {
            Ok(plan) => plans.push((file.as_str(), plan)),
            Err(error) => {
                stop = Some(match stop {
                    Some(stop) => stop.and(error),
                    None => error,
                });
            }
        }
    }
    let exit = stop.as_ref().map_or(Exit::Done, |stop| ui.stop(stop));
    let texts: Vec<String> = plans
        .iter()
        .map(|(file, plan)| text(file, plan, &ui))
        .collect();
    let printed = ui.result(Format::Human, &texts.join("\n"));
    let is_sandbox = plans.iter().any(|(_, plan)| plan.is_sandbox);
    let end = (exit, stop.as_ref());
    let written = session::document("show", None, &ui, is_sandbox, end, |document| {
        let plans = plans.iter().map(|(file, plan)| (*file, plan));
        json::add(document, &ShowBody::new(plans));
    });
    exit.most_important(printed).most_important(written)
}

fn text(file: &str, saved: &SavedPlan, ui: &Ui) -> String {
    let context = plan::Context {
        is_sandbox: saved.is_sandbox,
        lists_unmanaged: ui.verbosity > 0,
        ..plan::Context::default()
    };
    let plan = plan::human(&saved.plan, &saved.sources, context);
    saved::heading(file, saved) + &plan
}
