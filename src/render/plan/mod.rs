//! A plan, in Terraform's words and signs.

mod flow;
mod human;
mod json;
mod origins;
mod review;

pub use human::{PlanExtras, human};
pub use json::{PlanBody, PlanFile};
pub use review::review;

use super::started;
use super::style::Headline;
use crate::apply;
use crate::core::plan::{Action, Base, Counts, DeleteReason, Plan, Step, Verb};
use crate::core::text::visible;
use crate::core::words;

/// `No changes.` with the number of syncs that are as declared, or what the plan counts.
fn headline(plan: &Plan) -> Headline {
    if !plan.actions.is_empty() {
        return counted(plan.counts());
    }
    if let Some(base) = &plan.base {
        let what = if base.is_whole {
            "Nothing that is declared"
        } else {
            "None of the chosen syncs"
        };
        let rest = format!("{what} differs from {}.", words_of(base));
        return match plan.unmanaged.len() {
            0 => Headline::new("No changes.", rest),
            _ => counted(plan.counts()),
        };
    }
    let rest = match plan.unchanged {
        0 => "Nothing that is declared has to be changed.".to_owned(),
        1 => "The one declared sync is as it should be.".to_owned(),
        count => format!("All {count} declared syncs are as they should be."),
    };
    Headline::new("No changes.", rest)
}

/// The version of the files that a plan compares with.
fn words_of(base: &Base) -> String {
    let (revision, commit) = (visible(&base.revision), &base.commit);
    format!("{commit}, where this branch left {revision}")
}

/// Says that a plan compares two versions of the files, if it does.
fn comparison(plan: &Plan) -> Option<String> {
    let base = plan.base.as_ref()?;
    Some(format!(
        "This compares what is declared now with {}. What is remote was not read.",
        words_of(base)
    ))
}

/// What happens to syncs that inherit it, as a sentence.
pub(super) fn shared(count: usize) -> String {
    format!(
        "{} will be updated in place, by what they inherit",
        words::count(count, "sync")
    )
}

/// Says what is no longer declared, if the plan compares two versions of the files.
fn no_longer_declared(plan: &Plan) -> impl Iterator<Item = String> {
    let of_base = plan.base.iter().flat_map(|_| &plan.unmanaged);
    of_base.map(|subject| {
        let address = subject.address();
        if !subject.platform.reads_back() {
            return started::no_longer_declared(&address, &subject.destination);
        }
        let keeper = plan.kept.iter().find(|kept| kept.subject == *subject);
        let rest = match keeper.map(|kept| kept.by.setting()) {
            Some(setting) => format!(
                "even if apply is run with --prune, because of `{setting}` in secsync.yaml."
            ),
            None => "unless apply is run with --prune.".to_owned(),
        };
        format!("{address} is no longer declared. It stays as it is, {rest}")
    })
}

/// `Plan: 1 to add, 2 to change, 0 to destroy.`, and what else is counted.
fn counted(counts: Counts) -> Headline {
    let mut parts = vec![
        format!("{} to add", counts.add),
        format!("{} to change", counts.change),
        format!("{} to destroy", counts.destroy),
    ];
    parts.extend(words::counts([
        (counts.start, "to start"),
        (counts.trigger, "to trigger"),
        (counts.blocked, "blocked"),
    ]));
    Headline::new("Plan:", parts.join(", ") + ".")
}

/// The sign of a kind of action.
const fn sign(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "+",
        Verb::Update => "~",
        Verb::Replace => "-/+",
        Verb::Delete => "-",
        Verb::Start => ">",
        Verb::Trigger => "!",
        Verb::Blocked => "x",
    }
}

/// What was done: `created`.
pub(super) const fn participle(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Replace => "replaced",
        Verb::Delete => "deleted",
        Verb::Start => "started",
        Verb::Trigger => "triggered",
        Verb::Blocked => "changed",
    }
}

/// What comes before the definition of the sync that an action deletes.
fn what_is_deleted(action: &Action) -> &'static str {
    match action.verb() {
        Verb::Replace => "The old sync, which is deleted first, is:",
        _ => "The sync that is deleted is:",
    }
}

/// All of the sync that an action deletes, after a sentence.
fn deleted(action: &Action) -> Option<String> {
    let definition = apply::definition(action.deleted()?);
    Some(format!("{}\n{definition}", what_is_deleted(action)))
}

/// What happens to a sync, as the end of a sentence that starts with it.
fn intent(action: &Action) -> String {
    match &action.step {
        Step::Create(_) => "will be created".to_owned(),
        Step::Update(_) => match action.renamed_from() {
            Some(old) => format!("will be renamed from {} and updated in place", visible(old)),
            None => "will be updated in place".to_owned(),
        },
        Step::Replace { old, .. } => format!(
            "must be replaced, because its destination changes from {} to {}",
            visible(&old.destination),
            visible(&action.subject.destination)
        ),
        Step::Delete {
            reason: DeleteReason::EnsureAbsent,
            ..
        } => "will be deleted, because the file says `ensure: absent`".to_owned(),
        Step::Delete {
            reason: DeleteReason::Pruned,
            ..
        } => "will be deleted, because no file declares it (--prune)".to_owned(),
        Step::Start => "will be started".to_owned(),
        Step::Trigger { .. } => "will be triggered".to_owned(),
        Step::Blocked { wanted, .. } => format!("cannot be {}", participle(*wanted)),
    }
}
