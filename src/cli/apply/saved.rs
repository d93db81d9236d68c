//! `secsync apply PLANFILE`: carries out a plan that was saved, if what is there still fits it.

use camino::Utf8Path;

use super::{
    Applied, Arguments, Work, carry_out, check_deletions, planfile, session, show, show_plan,
};
use crate::cancel::Cancellation;
use crate::cli::options::{LoadArguments, pipeline_options};
use crate::cli::session::{Access, Files};
use crate::cli::ui::Ui;
use crate::core::plan::recheck::{Current, Recheck, Stale, recheck};
use crate::core::plan::{Action, Subject, Verb};
use crate::core::starts::Starts;
use crate::environment::Environment;
use crate::error::{CommandError, Problem};
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::planfile::SavedPlan;
use crate::render::plan::{self, PlanFile};
use crate::render::report::ApplyBody;
use crate::render::{json, saved};
use crate::state::State;
use crate::workspace::write::is_stream;

/// Applies the saved plan in a file.
pub(super) fn run(
    path: &Utf8Path,
    arguments: &Arguments,
    environment: Environment,
    ui: &Ui,
) -> Exit {
    let (run, saved) = match load(path, arguments, environment) {
        Ok(loaded) => loaded,
        Err(stop) => {
            return show(&Err(stop), None.into(), None, ui, arguments, |_| {});
        }
    };
    let mut done = Vec::new();
    let applied = apply(path, &saved, run, arguments, ui, &mut done);
    let files = Files {
        sources: &saved.sources,
        ..None.into()
    };
    let plan_file = Some(path.as_str());
    show(&applied, files, plan_file, ui, arguments, |document| {
        let file = PlanFile {
            file: path.as_str(),
            digest: &saved.digest,
        };
        json::add(document, &ApplyBody::default().of_saved(file, &done));
    })
}

/// Reads the plan, and refuses it where it is not the one that is meant.
fn load(
    path: &Utf8Path,
    arguments: &Arguments,
    environment: Environment,
) -> Result<(Run, SavedPlan), CommandError> {
    if arguments.prune {
        return Err(planfile::not_with_plan(path.as_str(), "--prune"));
    }
    let network = &arguments.network;
    let options = pipeline_options(LoadArguments::default(), Some(network), environment)?;
    let run = Run::open(options)?;
    let saved = planfile::load(path, &run)?;
    if let Some(expected) = &arguments.expect_digest
        && !saved.has_digest(expected)
    {
        return Err(CommandError::new(
            Exit::Error,
            format!(
                "The saved plan {path} is another one than expected: its digest is {}.",
                saved.digest
            ),
        )
        .help("Look at it with `secsync show`, and apply the one that was reviewed."));
    }
    match (saved.is_sandbox, network.sandbox) {
        (true, false) => Err(CommandError::usage(format!(
            "The saved plan {path} was made in the sandbox, and is for nothing else."
        ))
        .help("Run it with `--sandbox`.")),
        (false, true) => Err(CommandError::usage(format!(
            "The saved plan {path} was made for real servers, and not for the sandbox."
        ))
        .help("Run it without `--sandbox`, or make a plan with `secsync plan --sandbox --out`.")),
        _ => Ok((run, saved)),
    }
}

fn apply(
    path: &Utf8Path,
    saved: &SavedPlan,
    mut run: Run,
    arguments: &Arguments,
    ui: &Ui,
    done: &mut Vec<Subject>,
) -> Result<Applied, CommandError> {
    check_deletions(&saved.plan, arguments)?;
    check_protection(path, saved, &run, ui)?;
    session::run_online(ui, async |cancellation: Cancellation| {
        let sandbox = session::start_sandbox(&mut run, saved.is_sandbox).await?;
        let result = check_and_run(path, saved, &run, arguments, ui, cancellation, done).await;
        session::stop_sandbox(sandbox).await?;
        result
    })
}

async fn check_and_run(
    path: &Utf8Path,
    saved: &SavedPlan,
    run: &Run,
    arguments: &Arguments,
    ui: &Ui,
    cancellation: Cancellation,
    done: &mut Vec<Subject>,
) -> Result<Applied, CommandError> {
    let state = state_of(saved, run, ui).await?;
    let survey = run.survey_saved(saved, &cancellation).await?;
    let checked = recheck(
        &saved.plan,
        &Current {
            remote: &survey.remote,
            starts: &state.as_ref().map_or(Starts::Missing, State::starts),
            specs: &saved.specs,
        },
    );
    let plan = match checked {
        Recheck::Remaining { plan, done: before } => {
            *done = before;
            plan
        }
        Recheck::Applied => {
            return Err(CommandError::new(
                Exit::Stale,
                format!("The saved plan {path} was applied already. Nothing was done."),
            )
            .help("`secsync plan` tells whether there is anything left to do."));
        }
        Recheck::Stale(stale) => return Err(refusal(path, saved, &stale)),
    };
    let context = plan::Context {
        is_sandbox: saved.is_sandbox,
        lists_unmanaged: ui.verbosity > 0,
        ..plan::Context::default()
    };
    let text = plan::human(&plan, &saved.sources, context);
    let heading = saved::heading(path.as_str(), saved);
    show_plan(&(heading + &text + &saved::done(done)), ui)?;
    let work = Work {
        survey: &survey,
        state: state.as_ref(),
        run,
    };
    Ok(carry_out(plan, &work, arguments, ui, cancellation).await)
}

/// The state of this workspace, if the plan starts a sync. Where it is kept is not for the plan to
/// say.
async fn state_of(saved: &SavedPlan, run: &Run, ui: &Ui) -> Result<Option<State>, CommandError> {
    let mut actions = saved.plan.actions.iter();
    if !actions.any(|action| action.verb() == Verb::Start) {
        return Ok(None);
    }
    check_settings(run, ui)?;
    session::state_at(run, Access::Write).await.map(Some)
}

/// Refuses settings with mistakes in them: what they say cannot be relied on.
fn check_settings(run: &Run, ui: &Ui) -> Result<(), CommandError> {
    let workspace = &run.workspace;
    if workspace.diagnostics.is_empty() {
        return Ok(());
    }
    ui.findings(&workspace.diagnostics, &workspace.sources);
    Err(CommandError::invalid())
}

/// Refuses to delete what this workspace protects by now, whatever it protected when the plan was
/// made.
fn check_protection(
    path: &Utf8Path,
    saved: &SavedPlan,
    run: &Run,
    ui: &Ui,
) -> Result<(), CommandError> {
    let actions = saved.plan.actions.iter();
    let mut deleting = actions
        .filter(|action| matches!(action.verb(), Verb::Delete | Verb::Replace))
        .peekable();
    if deleting.peek().is_none() {
        return Ok(());
    }
    check_settings(run, ui)?;
    let protect = &run.workspace.config.protect;
    let is_protected = |action: &&Action| {
        let old = action.found().map(|found| found.name.as_str());
        protect.matches(&action.subject.name) || old.is_some_and(|old| protect.matches(old))
    };
    let stale: Vec<Stale> = deleting
        .filter(is_protected)
        .map(|action| Stale {
            subject: action.subject.clone(),
            why: "It is named by `protect` in secsync.yaml.".to_owned(),
        })
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(refusal(path, saved, &stale))
}

fn refusal(path: &Utf8Path, saved: &SavedPlan, stale: &[Stale]) -> CommandError {
    let counted = match (stale.len(), saved.plan.actions.len()) {
        (1, 1) => "its one action does not fit what is there any more".to_owned(),
        (1, all) => format!("1 of its {all} actions does not fit what is there any more"),
        (some, all) => format!("{some} of its {all} actions do not fit what is there any more"),
    };
    // What it was read from need not be what one can be saved to.
    let place = if is_stream(path) {
        "FILE"
    } else {
        path.as_str()
    };
    let first = Problem {
        message: format!("The saved plan {path} is stale: {counted}. Nothing was applied."),
        help: Some(format!(
            "Make a new one with `secsync plan --out {place}`, and review that."
        )),
    };
    let each = stale.iter().map(|stale| Problem {
        message: format!("{}: {}", stale.subject.address(), stale.why),
        help: None,
    });
    CommandError {
        exit: Exit::Stale,
        problems: std::iter::once(first).chain(each).collect(),
    }
}
