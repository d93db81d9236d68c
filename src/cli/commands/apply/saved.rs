//! `secsync apply PLANFILE`: carries out a plan that was saved, if what is remote still fits it.

use camino::Utf8Path;

use super::{Arguments, Saved};
use crate::cli::arguments::LoadArguments;
use crate::cli::command::Session;
use crate::cli::plan_file;
use crate::core::plan::recheck::Stale;
use crate::core::plan::{Action, Subject, Verb};
use crate::core::problem::Problem;
use crate::core::resolve::ProjectTables;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Applied, Link, Opened, Planned, Rechecked, StateUse};
use crate::planfile::SavedPlan;
use crate::render::plan::{self, PlanExtras};
use crate::render::saved;
use crate::root::is_stream;
use crate::state::State;
use crate::workspace::Settings;

/// Applies the saved plan in a file.
pub(super) fn apply(
    path: &Utf8Path,
    arguments: &Arguments,
    session: &Session,
) -> Result<(Applied, Saved), CommandError> {
    let flags = [
        ("--prune", arguments.plan.prune),
        ("--resend", !arguments.plan.resend.is_empty()),
        ("--shard", arguments.plan.shard.shard.is_some()),
    ];
    if let Some((flag, _)) = flags.iter().find(|(_, is_given)| *is_given) {
        return Err(plan_file::not_with_plan(path.as_str(), flag));
    }
    let opened = LoadArguments::default().open(session)?;
    let plan = plan_file::load(path, &opened)?;
    check_digest(path, &plan, arguments)?;
    check_world(path, &plan, arguments.network.sandbox)?;
    opened.check_settings()?;
    let limits = &opened.workspace.config.limits;
    arguments.check_limits(&plan.plan, limits, &ProjectTables::new())?;
    check_protection(path, &plan, &opened)?;
    let opened = opened.without_syncs();
    let (applied, done) = session.online(&arguments.network, opened, async |opened, link| {
        let (planned, done) = recheck(path, &plan, &opened, link).await?;
        let limits = &opened.workspace.config.limits;
        arguments.check_limits(&plan.plan, limits, &planned.seen.tables)?;
        session.show(&shown(path, &plan, &planned, &done, session))?;
        let applied = arguments.execute(planned, session, link).await;
        Ok((applied, done))
    })?;
    let saved = Saved {
        file: path.to_string(),
        plan,
        done,
    };
    Ok((applied, saved))
}

/// Refuses a plan that is not the one that was reviewed.
fn check_digest(
    path: &Utf8Path,
    plan: &SavedPlan,
    arguments: &Arguments,
) -> Result<(), CommandError> {
    match &arguments.expect_digest {
        Some(expected) if !plan.has_digest(expected) => Err(CommandError::new(
            Exit::Error,
            format!(
                "The saved plan {path} is not the expected one: its digest is {}.",
                plan.digest
            ),
        )
        .help("Look at it with `secsync show`, and apply the one that was reviewed.")),
        _ => Ok(()),
    }
}

/// Refuses a plan of the sandbox for real servers, and the other way round.
fn check_world(path: &Utf8Path, plan: &SavedPlan, is_sandbox: bool) -> Result<(), CommandError> {
    match (plan.is_sandbox, is_sandbox) {
        (true, false) => Err(CommandError::usage(format!(
            "The saved plan {path} was made in the sandbox, and is only for it."
        ))
        .help("Run it with `--sandbox`.")),
        (false, true) => Err(CommandError::usage(format!(
            "The saved plan {path} was made for real servers, and not for the sandbox."
        ))
        .help("Run it without `--sandbox`, or make a plan with `secsync plan --sandbox --out`.")),
        _ => Ok(()),
    }
}

/// What is left to do of the plan.
async fn recheck(
    path: &Utf8Path,
    plan: &SavedPlan,
    opened: &Opened,
    link: &Link,
) -> Result<(Planned, Vec<Subject>), CommandError> {
    let state = state_of(plan, opened, link).await?;
    let observed = opened.observe_saved(plan, link).await?;
    match observed.recheck(plan, state) {
        Rechecked::Remaining { planned, done } => Ok((*planned, done)),
        Rechecked::Applied => Err(CommandError::new(
            Exit::Stale,
            format!("The saved plan {path} was already applied. Nothing was done."),
        )
        .help("`secsync plan` shows whether there is anything left to do.")),
        Rechecked::Stale(stale) => Err(refusal(path, plan, &stale)),
    }
}

/// The state of this workspace, if the plan starts a sync. Where it is kept is not for the plan to
/// say.
async fn state_of(
    plan: &SavedPlan,
    opened: &Opened,
    link: &Link,
) -> Result<Option<State>, CommandError> {
    let mut actions = plan.plan.actions.iter();
    if !actions.any(|action| action.verb() == Verb::Start) {
        return Ok(None);
    }
    opened.open_state(link, StateUse::Write).await.map(Some)
}

fn shown(
    path: &Utf8Path,
    saved: &SavedPlan,
    planned: &Planned,
    done: &[Subject],
    session: &Session,
) -> String {
    let context = PlanExtras {
        lists_unmanaged: session.view.verbosity > 0,
        is_sandbox: saved.is_sandbox,
        is_whole: false,
        syncs: &[],
    };
    saved::heading(path.as_str(), saved, &saved.plan)
        + &plan::human(&planned.plan, &saved.sources, context)
        + &saved::done(done)
}

/// Refuses to delete what this workspace protects by now, whatever it protected when the plan was
/// made.
fn check_protection(
    path: &Utf8Path,
    saved: &SavedPlan,
    opened: &Opened<Settings>,
) -> Result<(), CommandError> {
    let actions = saved.plan.actions.iter();
    let mut deleting = actions
        .filter(|action| matches!(action.verb(), Verb::Delete | Verb::Replace))
        .peekable();
    if deleting.peek().is_none() {
        return Ok(());
    }
    let protect = &opened.workspace.config.protect;
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
        (1, 1) => "its one action no longer fits what is remote".to_owned(),
        (1, all) => format!("1 of its {all} actions no longer fits what is remote"),
        (some, all) => format!("{some} of its {all} actions no longer fit what is remote"),
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
        problems: std::iter::once(first).chain(each).collect(),
        ..CommandError::silent(Exit::Stale)
    }
}
