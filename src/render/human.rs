//! Plans and reports for people, in Terraform's words and signs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use serde_json::Value;

use super::paint::{BOLD, CYAN, DIMMED, GREEN, RED, YELLOW, painted};
use super::text::{platform_message, visible, visible_lines};
use crate::apply::{ActionFailure, JobEnd, Outcome, Report};
use crate::core::diff::FieldChange;
use crate::core::plan::{Action, Counts, DeleteReason, Keeper, Plan, Step, Subject, Verb};
use crate::core::remote::JobKind;
use crate::core::resolve::ResolvedSync;
use crate::core::span::{Sources, Span};

/// What the output says besides the plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Whether it was the sandbox and no real server.
    pub is_sandbox: bool,
    /// Whether unmanaged syncs are listed, and not only counted.
    pub lists_unmanaged: bool,
    /// The syncs whose values are shown with their places; none to leave that out.
    pub syncs: &'a [ResolvedSync],
    /// The file that the plan was saved in, if it was.
    pub plan_file: Option<&'a str>,
}

/// The line that every output of a sandbox run has.
pub const SANDBOX: &str =
    "Sandbox: an emulator on this machine answered, and no real server was asked.";

/// A plan.
pub fn plan(plan: &Plan, sources: &Sources, context: Context<'_>) -> String {
    let mut out = String::new();
    if context.is_sandbox {
        let _ = writeln!(out, "{}\n", painted(CYAN, SANDBOX));
    }
    if plan.actions.is_empty() {
        let _ = writeln!(out, "{}", nothing_to_do(plan));
    } else {
        let counts = plan.counts();
        let introduction = if counts.blocked == plan.actions.len() {
            "secsync cannot perform any of the following actions:"
        } else {
            "secsync will perform the following actions:"
        };
        let _ = writeln!(out, "{introduction}\n");
        for one in &plan.actions {
            action(&mut out, one, sources, context);
        }
        let _ = writeln!(out, "{}", counted(counts));
    }
    notes(&mut out, plan, context);
    out
}

/// `No changes.`, and how many syncs are as they should be.
pub(super) fn nothing_to_do(plan: &Plan) -> String {
    format!(
        "{} {}",
        painted(BOLD, "No changes."),
        match plan.unchanged {
            0 => "Nothing is declared that would have to be done.".to_owned(),
            1 => "The one declared sync is as it should be.".to_owned(),
            count => format!("All {count} declared syncs are as they should be."),
        }
    )
}

/// `Plan: 1 to add, 2 to change, 0 to destroy.`, and what else there is.
pub fn counted(counts: Counts) -> String {
    let mut line = format!(
        "{} {} to add, {} to change, {} to destroy",
        painted(BOLD, "Plan:"),
        counts.add,
        counts.change,
        counts.destroy
    );
    for (count, words) in [
        (counts.start, "to start"),
        (counts.trigger, "to trigger"),
        (counts.blocked, "blocked"),
    ] {
        if count > 0 {
            let _ = write!(line, ", {count} {words}");
        }
    }
    line.push('.');
    line
}

fn notes(out: &mut String, plan: &Plan, context: Context<'_>) {
    if !plan.failing.is_empty() {
        let count = plan.failing.len();
        let syncs = if count == 1 { "sync is" } else { "syncs are" };
        let _ = writeln!(
            out,
            "\n{} {count} {syncs} as declared, and the last job failed:",
            painted(YELLOW, "Note:")
        );
        for failing in &plan.failing {
            let message = failing
                .job
                .message
                .as_deref()
                .map(platform_message)
                .unwrap_or_default();
            let _ = writeln!(out, "  {}: {message}", visible(&failing.subject.address()));
        }
    }
    if plan.kept.is_empty() {
        unmanaged(out, plan, context);
    } else {
        // Whatever is unmanaged after a pruning is kept.
        kept(out, plan, context);
    }
}

fn unmanaged(out: &mut String, plan: &Plan, context: Context<'_>) {
    if plan.unmanaged.is_empty() {
        return;
    }
    let syncs = undeclared_syncs(plan.unmanaged.len());
    if context.lists_unmanaged {
        let _ = writeln!(out, "\n{syncs} not declared:");
        for subject in &plan.unmanaged {
            let _ = writeln!(
                out,
                "  {} ({})",
                visible(&subject.address()),
                visible(&subject.destination)
            );
        }
    } else {
        let _ = writeln!(out, "\n{syncs} not declared (-v lists them).");
    }
}

fn kept(out: &mut String, plan: &Plan, context: Context<'_>) {
    let syncs = undeclared_syncs(plan.kept.len());
    let them = if plan.kept.len() == 1 { "it" } else { "them" };
    if context.lists_unmanaged {
        let _ = writeln!(out, "\n{syncs} not declared, and --prune leaves {them}:");
        for kept in &plan.kept {
            let _ = writeln!(
                out,
                "  {} ({}): {}, by `{}` in secsync.yaml",
                visible(&kept.subject.address()),
                visible(&kept.subject.destination),
                kept.by.word(),
                kept.by.setting()
            );
        }
    } else {
        let counts = [Keeper::Protect, Keeper::Ignore].map(|keeper| {
            let of = plan.kept.iter().filter(|kept| kept.by == keeper);
            (of.count(), keeper.word())
        });
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let _ = writeln!(
            out,
            "\n{syncs} not declared, and --prune leaves {them}: {} (-v lists them).",
            counts.join(", ")
        );
    }
}

/// `1 sync in these projects is`, `2 syncs in these projects are`.
fn undeclared_syncs(count: usize) -> String {
    match count {
        1 => "1 sync in these projects is".to_owned(),
        count => format!("{count} syncs in these projects are"),
    }
}

/// The sign of a kind of action.
pub const fn sign(verb: Verb) -> &'static str {
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

const fn color(verb: Verb) -> Style {
    match verb {
        Verb::Create | Verb::Start => GREEN,
        Verb::Update => YELLOW,
        Verb::Replace | Verb::Delete | Verb::Blocked => RED,
        Verb::Trigger => CYAN,
    }
}

/// What happens to a sync, as the end of a sentence that starts with it.
pub(super) fn headline(action: &Action) -> String {
    match &action.step {
        Step::Create(_) => "will be created".to_owned(),
        Step::Update(_) => match action.renamed_from() {
            Some(old) => format!("will be renamed from {} and updated in place", visible(old)),
            None => "will be updated in place".to_owned(),
        },
        Step::Replace { old, .. } => format!(
            "must be replaced, as its destination changes from {} to {}",
            visible(&old.destination),
            visible(&action.subject.destination)
        ),
        Step::Delete {
            reason: DeleteReason::EnsureAbsent,
            ..
        } => "will be deleted, as the file says `ensure: absent`".to_owned(),
        Step::Delete {
            reason: DeleteReason::Pruned,
            ..
        } => "will be deleted, as no file declares it (--prune)".to_owned(),
        Step::Start => "will be started".to_owned(),
        Step::Trigger { .. } => "will be asked for a sync job".to_owned(),
        Step::Blocked { wanted, .. } => format!("cannot be {}", participle(*wanted)),
    }
}

/// What was done, as the end of a sentence: `created`.
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

fn action(out: &mut String, action: &Action, sources: &Sources, context: Context<'_>) {
    let verb = action.verb();
    let place = declared_at(action.place, sources);
    let _ = writeln!(
        out,
        "  {}{place}",
        painted(
            BOLD,
            &format!(
                "# {} {}",
                visible(&action.subject.address()),
                headline(action)
            )
        )
    );
    let _ = writeln!(
        out,
        "{:>3} {} sync",
        painted_sign(verb),
        visible(&action.subject.destination)
    );
    let rows: Vec<(Verb, String, String)> = action
        .changes
        .iter()
        .flat_map(FieldChange::leaves)
        .map(|leaf| row(&leaf))
        .collect();
    let width = rows
        .iter()
        .map(|(_, path, _)| path.chars().count())
        .max()
        .unwrap_or_default();
    for (verb, path, values) in rows {
        let padding = " ".repeat(width - path.chars().count());
        let _ = writeln!(
            out,
            "      {} {path}:{padding} {values}",
            painted(color(verb), sign(verb))
        );
    }
    for effect in &action.effects {
        let mark = if effect.is_destructive() {
            painted(RED, "Warning:")
        } else {
            painted(DIMMED, "Note:")
        };
        let _ = writeln!(out, "      {mark} {}", effect.sentence());
    }
    super::origins::write(out, action, context.syncs, sources);
    if let Step::Blocked { reason, .. } = &action.step {
        let _ = writeln!(
            out,
            "      {} {}",
            painted(RED, "Blocked:"),
            visible(&reason.reason())
        );
        let _ = writeln!(out, "      {}", reason.advice());
    }
    out.push('\n');
}

/// `  (syncs/web.yaml:4)`, for the end of a line; nothing for what no file declares.
pub(super) fn declared_at(place: Option<Span>, sources: &Sources) -> String {
    place.map_or_else(String::new, |place| {
        let line = sources.position(place).line;
        let name = visible(&sources.get(place.source).name);
        format!("  {}", painted(DIMMED, &format!("({name}:{line})")))
    })
}

fn painted_sign(verb: Verb) -> String {
    let sign = sign(verb);
    let padding = " ".repeat(3usize.saturating_sub(sign.len()));
    format!("{padding}{}", painted(color(verb), sign))
}

/// A change as a row: what happens to the field, its path, its values.
fn row(change: &FieldChange) -> (Verb, String, String) {
    let path = visible(&change.dotted());
    let value = |value: &Value| visible(&value.to_string());
    match (&change.before, &change.after) {
        (None, Some(after)) => (Verb::Create, path, value(after)),
        (Some(before), None) => (Verb::Delete, path, value(before)),
        (Some(before), Some(after)) => (
            Verb::Update,
            path,
            format!("{} -> {}", value(before), value(after)),
        ),
        (None, None) => (Verb::Update, path, String::new()),
    }
}

/// The line for the beginning of an action.
pub fn begins(action: &Action) -> String {
    let doing = match action.verb() {
        Verb::Create => "Creating",
        Verb::Update => "Updating",
        Verb::Replace => "Replacing",
        Verb::Delete => "Deleting",
        Verb::Start => "Starting",
        Verb::Trigger => "Triggering",
        Verb::Blocked => "Skipping",
    };
    format!("{}: {doing}...", visible(&action.subject.address()))
}

/// The line for the end of an action.
pub fn ended(action: &Action, outcome: &Outcome) -> String {
    let address = visible(&action.subject.address());
    let what = participle(action.verb());
    match outcome {
        Outcome::Done { id: Some(id), note } => {
            let what = match (action.verb(), note) {
                // A deletion has a note if a job carries it out later.
                (Verb::Delete, Some(_)) => "being deleted",
                _ => what,
            };
            format!("{address}: {} [id={}]", capitalized(what), visible(id))
        }
        Outcome::Done { id: None, .. } => format!("{address}: {}", capitalized(what)),
        Outcome::Failed(_) => format!("{address}: {}", painted(RED, "Failed")),
        Outcome::Unknown(_) => format!("{address}: {}", painted(RED, "Unknown")),
        Outcome::NotTried { .. } => format!("{address}: Not tried"),
        Outcome::Blocked => format!("{address}: Blocked"),
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// The line while jobs are followed.
pub fn waiting(jobs: usize) -> String {
    match jobs {
        1 => "Waiting for 1 job...".to_owned(),
        jobs => format!("Waiting for {jobs} jobs..."),
    }
}

/// What came of an apply.
pub fn report(
    plan: &Plan,
    report: &Report,
    context: Context<'_>,
    waited: Option<Duration>,
) -> String {
    let mut out = String::new();
    let actions = || plan.actions.iter().zip(&report.outcomes);
    for (action, outcome) in actions() {
        match outcome {
            Outcome::Failed(failure) => told(&mut out, "Failed", &action.subject, failure),
            Outcome::Unknown(failure) => told(&mut out, "Unknown", &action.subject, failure),
            Outcome::NotTried { reason } => {
                let _ = writeln!(
                    out,
                    "{} {}: {}",
                    painted(YELLOW, "Not tried:"),
                    visible(&action.subject.address()),
                    visible(reason)
                );
            }
            Outcome::Done {
                note: Some(note), ..
            } => {
                let _ = writeln!(
                    out,
                    "{} {}: {note}",
                    painted(CYAN, "Note:"),
                    visible(&action.subject.address())
                );
            }
            Outcome::Done { .. } | Outcome::Blocked => {}
        }
    }
    out.push_str(&super::jobs::ends(report, waited));
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", conclusion(plan, report));
    if !is_whole(report) {
        let plan_file = context.plan_file.map(|file| format!(" {}", visible(file)));
        let _ = writeln!(
            out,
            "Run `secsync apply{}` again to go on from here.",
            plan_file.unwrap_or_default()
        );
    }
    if done_counts(plan, report).blocked > 0 {
        let _ = writeln!(
            out,
            "What is blocked stays as it is until its reason is gone: the plan says what to do."
        );
    }
    if context.is_sandbox {
        let _ = writeln!(out, "{}", painted(CYAN, SANDBOX));
    }
    out
}

/// `Apply complete! Resources: 1 added, 0 changed, 0 destroyed.`, and what else there is.
pub(super) fn conclusion(plan: &Plan, report: &Report) -> String {
    let counts = done_counts(plan, report);
    let start = if report.is_interrupted {
        painted(RED, "Apply interrupted!")
    } else if is_whole(report) && counts.blocked == 0 {
        painted(GREEN, "Apply complete!")
    } else {
        painted(RED, "Apply incomplete!")
    };
    let mut line = format!(
        "{start} Resources: {} added, {} changed, {} destroyed",
        counts.add, counts.change, counts.destroy
    );
    for (count, words) in [
        (counts.start, "started"),
        (counts.trigger, "triggered"),
        (counts.blocked, "blocked"),
        (removals(report, is_unfinished), "being destroyed"),
    ] {
        if count > 0 {
            let _ = write!(line, ", {count} {words}");
        }
    }
    let of = |wanted: fn(&Outcome) -> bool| {
        report
            .outcomes
            .iter()
            .filter(|outcome| wanted(outcome))
            .count()
    };
    for (count, words) in [
        (
            of(|outcome| matches!(outcome, Outcome::Failed(_))),
            "failed",
        ),
        (
            of(|outcome| matches!(outcome, Outcome::Unknown(_))),
            "unknown",
        ),
        (
            of(|outcome| matches!(outcome, Outcome::NotTried { .. })),
            "not tried",
        ),
    ] {
        if count > 0 {
            let _ = write!(line, ", {count} {words}");
        }
    }
    line.push_str(&bad_jobs(report));
    line.push('.');
    line
}

/// Whether everything was done that could be.
fn is_whole(report: &Report) -> bool {
    !report.is_interrupted
        && removals(report, |end| matches!(end, JobEnd::Failed(_))) == 0
        && report
            .outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Done { .. } | Outcome::Blocked))
}

/// How many removals of secrets ended in some way.
fn removals(report: &Report, end: fn(&JobEnd) -> bool) -> usize {
    let jobs = report.jobs.iter();
    jobs.filter(|job| job.kind == JobKind::Removal && end(&job.end))
        .count()
}

/// Why something did not go well, and what to do.
pub(super) fn told(out: &mut String, word: &str, subject: &Subject, failure: &ActionFailure) {
    let _ = writeln!(
        out,
        "{} {}: {}",
        painted(RED, &format!("{word}:")),
        visible(&subject.address()),
        visible_lines(&failure.problem.message)
    );
    if let Some(help) = &failure.problem.help {
        let _ = writeln!(out, "  {}", visible_lines(help));
    }
    if let Some(definition) = &failure.lost_definition {
        let _ = writeln!(out, "  The deleted sync was:");
        for line in definition.lines() {
            let _ = writeln!(out, "    {}", visible(line));
        }
    }
}

const fn is_unfinished(end: &JobEnd) -> bool {
    matches!(
        end,
        JobEnd::StillGoing | JobEnd::NotFollowed | JobEnd::Unknown(_)
    )
}

/// How many of the jobs that were followed did not end well: `, 1 job failed`.
fn bad_jobs(report: &Report) -> String {
    let count = |wanted: fn(&JobEnd) -> bool, words: &str| {
        let jobs = report.jobs.iter().filter(|job| wanted(&job.end));
        match jobs.count() {
            0 => String::new(),
            1 => format!(", 1 job {words}"),
            count => format!(", {count} jobs {words}"),
        }
    };
    let failed = count(|end| matches!(end, JobEnd::Failed(_)), "failed");
    let going = count(
        |end| matches!(end, JobEnd::StillGoing | JobEnd::Unknown(_)),
        "not finished",
    );
    failed + &going
}

/// What was done. A sync whose secrets are still to be removed is not gone yet.
fn done_counts(plan: &Plan, report: &Report) -> Counts {
    let lingering: BTreeSet<&Subject> = report
        .jobs
        .iter()
        .filter(|job| job.kind == JobKind::Removal && job.end != JobEnd::Succeeded)
        .map(|job| &job.subject)
        .collect();
    let mut done = plan.clone();
    let mut outcomes = report.outcomes.iter();
    done.actions.retain(|action| {
        let is_gone = action.verb() != Verb::Delete || !lingering.contains(&action.subject);
        match outcomes.next() {
            Some(Outcome::Done { .. }) => is_gone,
            Some(Outcome::Blocked) => true,
            _ => false,
        }
    });
    let replaced_by_nothing = report.outcomes.iter().filter(|outcome| {
        matches!(outcome, Outcome::Failed(failure) | Outcome::Unknown(failure)
            if failure.lost_definition.is_some())
    });
    let mut counts = done.counts();
    counts.destroy += replaced_by_nothing.count();
    counts
}
