//! `secsync apply`: plans, asks, and makes it so; or carries out a plan that was saved.

mod saved;

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use crate::apply::{self, ApplyContext, Observer, Outcome, Report};
use crate::cancel::Cancellation;
use crate::core::plan::{Plan, Verb};
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Run, Survey};
use crate::render::plan::PlanBody;
use crate::render::report::{self, ReportBody};
use crate::render::{jobs, json, plan as shown};
use crate::state::State;

use super::approval;
use super::options::{
    FileArguments, LoadArguments, NetworkArguments, OutputArguments, duration, pipeline_options,
};
use super::planfile;
use super::session::{self, Access, Files, Planned};
use super::ui::{Format, Ui};

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A saved plan; or files, directories or globs of sync files; - for standard input.
    #[arg(value_name = "PLANFILE|PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Do not ask. Needed where there is no terminal; a saved plan is never asked about.
    #[arg(long)]
    auto_approve: bool,
    /// Follow the sync jobs that this sets off, for at most so long.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true,
          default_missing_value = "2m", value_parser = duration)]
    wait: Option<Duration>,
    /// Apply nothing if more syncs than this would be deleted or replaced.
    #[arg(long, value_name = "N", default_value_t = 5)]
    max_deletes: usize,
    /// Delete what exists and is not declared. Needs the whole workspace.
    #[arg(long)]
    prune: bool,
    /// Exit with 2 if changes are still pending afterwards, because they are blocked.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Apply the saved plan only if it has the digest that `plan --out` and `show` told.
    #[arg(long, value_name = "DIGEST")]
    expect_digest: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::PLAN, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    match planfile::among(&arguments.paths, &arguments.files) {
        Ok(Some(path)) => saved::run(&path, arguments, environment, &ui),
        Ok(None) => {
            let mut loaded = None;
            let applied = apply(arguments, environment, &ui, &mut loaded);
            let files = loaded.as_ref().into();
            show(&applied, files, None, &ui, arguments, |_| {})
        }
        Err(stop) => show(&Err(stop), None.into(), None, &ui, arguments, |_| {}),
    }
}

/// What was planned, and what came of it; nothing, if nothing was to be done or the answer was no.
struct Applied {
    plan: Plan,
    report: Option<Report>,
}

fn apply(
    arguments: &Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Applied, CommandError> {
    if arguments.expect_digest.is_some() {
        return Err(CommandError::usage(
            "`--expect-digest` is about a saved plan, and none is named.",
        )
        .help("Name the file that `secsync plan --out` wrote."));
    }
    let load = LoadArguments {
        paths: arguments.paths.clone(),
        files: arguments.files.clone(),
    };
    if !arguments.auto_approve {
        approval::check_terminal(&load, "Review `secsync plan`, then run apply")?;
    }
    let network = &arguments.network;
    let mut options = pipeline_options(load, Some(network), environment)?;
    options.prune = arguments.prune;
    session::online(
        options,
        network.sandbox,
        ui,
        loaded,
        async |run, cancellation| plan_and_run(arguments, run, ui, cancellation).await,
    )
}

async fn plan_and_run(
    arguments: &Arguments,
    run: &mut Run,
    ui: &Ui,
    cancellation: Cancellation,
) -> Result<Applied, CommandError> {
    let planned = session::plan(run, Access::Write, ui, &cancellation).await?;
    let Planned {
        survey,
        plan,
        state,
    } = planned;
    let context = shown::Context {
        is_sandbox: arguments.network.sandbox,
        lists_unmanaged: ui.verbosity > 0,
        syncs: session::traced(&survey, ui),
    };
    show_plan(&shown::human(&plan, &run.workspace.sources, context), ui)?;
    check_deletions(&plan, arguments)?;
    if has_work(&plan)
        && !arguments.auto_approve
        && !approval::ask(ui, "Do you want to perform these actions?", &cancellation).await?
    {
        ui.progress("Apply cancelled.");
        return Err(CommandError {
            exit: Exit::Error,
            problems: Vec::new(),
        });
    }
    let work = Work {
        survey: &survey,
        state: state.as_ref(),
        run,
    };
    Ok(carry_out(plan, &work, arguments, ui, cancellation).await)
}

/// Shows what will be done. What nobody could have seen is not applied.
fn show_plan(text: &str, ui: &Ui) -> Result<(), CommandError> {
    match ui.result(Format::Human, text) {
        Exit::Done => Ok(()),
        exit => Err(CommandError {
            exit,
            problems: Vec::new(),
        }),
    }
}

/// Refuses a plan that deletes more than is allowed.
fn check_deletions(plan: &Plan, arguments: &Arguments) -> Result<(), CommandError> {
    let deletions = plan.deletions();
    if deletions <= arguments.max_deletes {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::Error,
        format!(
            "The plan deletes or replaces {deletions} {}, and --max-deletes allows {}. Nothing was \
             applied.",
            if deletions == 1 { "sync" } else { "syncs" },
            arguments.max_deletes
        ),
    )
    .help(format!(
        "If all of them are meant, run it with --max-deletes {deletions}."
    )))
}

/// Whether the plan has something that can be done.
fn has_work(plan: &Plan) -> bool {
    let mut actions = plan.actions.iter();
    actions.any(|action| action.verb() != Verb::Blocked)
}

/// What a plan is carried out with.
struct Work<'a> {
    survey: &'a Survey,
    state: Option<&'a State>,
    run: &'a Run,
}

async fn carry_out(
    plan: Plan,
    work: &Work<'_>,
    arguments: &Arguments,
    ui: &Ui,
    cancellation: Cancellation,
) -> Applied {
    if !has_work(&plan) {
        let outcomes = plan.actions.iter().map(|_| Outcome::Blocked).collect();
        let report = (!plan.actions.is_empty()).then(|| Report {
            outcomes,
            ..Report::default()
        });
        return Applied { plan, report };
    }
    let observer = Progress { plan: &plan, ui };
    let context = ApplyContext {
        providers: &work.survey.providers,
        state: work.state,
        parallelism: arguments.network.parallelism,
        wait: arguments.wait,
        clock: work.run.options.http.clock.clone(),
        cancellation,
        observer: &observer,
    };
    let report = apply::run(&plan, &context).await;
    Applied {
        plan,
        report: Some(report),
    }
}

/// Tells each step as it happens.
struct Progress<'a> {
    plan: &'a Plan,
    ui: &'a Ui,
}

impl Observer for Progress<'_> {
    fn begins(&self, index: usize) {
        self.ui.progress(&report::begins(&self.plan.actions[index]));
    }

    fn ended(&self, index: usize, outcome: &Outcome) {
        self.ui
            .progress(&report::ended(&self.plan.actions[index], outcome));
    }

    fn waiting(&self, jobs: usize) {
        self.ui.progress(&jobs::waiting(jobs));
    }
}

/// Shows what came of it. `plan_file` is where the plan was saved, if it was, and `fill` adds to the
/// document for machines.
fn show(
    applied: &Result<Applied, CommandError>,
    files: Files<'_>,
    plan_file: Option<&str>,
    ui: &Ui,
    arguments: &Arguments,
    fill: impl FnOnce(&mut Map<String, Value>),
) -> Exit {
    let is_sandbox = arguments.network.sandbox;
    let mut exit = match applied {
        Ok(Applied {
            report: Some(report),
            ..
        }) => report.exit(),
        Ok(Applied { report: None, .. }) => Exit::Done,
        Err(stop) => ui.stop(stop),
    };
    if let Ok(Applied { plan, .. }) = applied
        && arguments.detailed_exitcode
        && plan.counts().blocked > 0
    {
        exit = exit.most_important(Exit::ChangesPending);
    }
    let mut printed = Exit::Done;
    if let Ok(Applied {
        plan,
        report: Some(report),
    }) = applied
    {
        let context = report::Context {
            is_sandbox,
            plan_file,
            waited: arguments.wait,
        };
        let text = report::human(plan, report, context);
        printed = ui.result(Format::Human, &format!("\n{text}"));
    }
    let end = (exit, applied.as_ref().err());
    let written = session::document("apply", files, ui, is_sandbox, end, |document| {
        fill(document);
        if let Ok(applied) = applied {
            json::add(document, &PlanBody::new(&applied.plan, files.sources));
            if let Some(report) = &applied.report {
                json::add(document, &ReportBody::new(report));
            }
        }
    });
    let reviewed = session::review(
        "apply",
        files,
        ui,
        is_sandbox,
        end,
        |review| match applied {
            Ok(Applied {
                plan,
                report: Some(report),
            }) => report::review(review, plan, report),
            Ok(Applied { plan, report: None }) => shown::review(review, plan),
            Err(_) => {}
        },
    );
    exit.most_important(printed)
        .most_important(written)
        .most_important(reviewed)
}
