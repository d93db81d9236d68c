//! A plan for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;

use super::{comparison, headline, intent, no_longer_declared, sign, what_is_deleted};
use crate::apply;
use crate::core::diff::FieldChange;
use crate::core::plan::renames::Old;
use crate::core::plan::{Action, Keeper, Plan, SharedUpdate, Step, Subject, Verb};
use crate::core::resolve::ResolvedSync;
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::core::text::{platform_message, shell_word, visible};
use crate::core::words;
use crate::provider::default_platform;
use crate::render::outcome;
use crate::render::shard;
use crate::render::started;
use crate::render::style::{
    BOLD, CYAN, DIMMED, GREEN, RED, YELLOW, address, blocked, change as from_to, declared_at,
    named, notes_on_starts, painted, unknown, value, width,
};

/// What is shown besides the actions.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanExtras<'a> {
    /// Whether unmanaged syncs are listed, and not only counted.
    pub lists_unmanaged: bool,
    /// Whether the files of the whole workspace were read, and not only some.
    pub is_whole: bool,
    /// Whether it is about the sandbox.
    pub is_sandbox: bool,
    /// The syncs whose values are shown with their places; empty to leave that out.
    pub syncs: &'a [ResolvedSync],
}

/// A plan.
pub fn human<'p>(plan: &'p Plan, sources: &Sources, context: PlanExtras<'_>) -> String {
    let mut out = String::new();
    if let Some(comparison) = comparison(plan) {
        let _ = writeln!(out, "{comparison}\n");
    }
    if let Some(shard) = plan.shard {
        let _ = writeln!(out, "{}\n", shard::note_with_limits(shard));
    }
    if !plan.actions.is_empty() {
        let introduction = if plan.counts().blocked == plan.actions.len() {
            "secsync cannot perform any of the following actions:"
        } else {
            "secsync will perform the following actions:"
        };
        let _ = writeln!(out, "{introduction}\n");
    }
    let syncs = context.syncs.iter();
    let syncs = syncs.map(|sync| (sync.desired.key, sync)).collect();
    let renames = plan.likely_renames();
    let members =
        |shared: &'p SharedUpdate| shared.actions.iter().map(move |index| (*index, shared));
    let shared: BTreeMap<usize, &SharedUpdate> = plan.shared.iter().flat_map(members).collect();
    for (index, one) in plan.actions.iter().enumerate() {
        match shared.get(&index) {
            Some(same) if same.actions.first() == Some(&index) => {
                group(&mut out, plan, one, same, sources);
                continue;
            }
            Some(_) => continue,
            None => {}
        }
        let old = renames.get(&index).copied();
        action(&mut out, plan, (one, old), sources, &syncs);
    }
    let _ = writeln!(out, "{}", headline(plan).painted());
    failing(&mut out, plan);
    if !plan.unknown.is_empty() {
        let _ = write!(out, "\n{}", unknown(&plan.unknown));
    }
    if context.lists_unmanaged {
        for field in &plan.unread {
            let note = visible(&field.unread_note());
            let _ = writeln!(out, "\n{} {note}", painted(DIMMED, "Note:"));
        }
    }
    for note in no_longer_declared(plan) {
        let _ = writeln!(out, "\n{} {}", painted(YELLOW, "Note:"), visible(&note));
    }
    if plan.base.is_some() {
        // All of it was named.
        return out;
    }
    if plan.kept.is_empty() {
        unmanaged(&mut out, plan, context);
    } else {
        // Whatever is unmanaged after a pruning is kept.
        kept(&mut out, plan, context);
    }
    notes_on_starts(&mut out, &plan.unmanaged);
    out
}

fn failing(out: &mut String, plan: &Plan) {
    if plan.failing.is_empty() {
        return;
    }
    let count = plan.failing.len();
    let what = match count {
        1 => "1 sync is as declared, but its last job failed:".to_owned(),
        count => format!("{count} syncs are as declared, but their last jobs failed:"),
    };
    let _ = writeln!(out, "\n{} {what}", painted(YELLOW, "Note:"));
    for failing in &plan.failing {
        let message = failing.job.message.as_deref().map(platform_message);
        let _ = writeln!(
            out,
            "  {}: {}",
            address(&failing.subject),
            message.as_deref().unwrap_or("no reason was given")
        );
    }
}

fn unmanaged(out: &mut String, plan: &Plan, context: PlanExtras<'_>) {
    let found: Vec<&Subject> = plan
        .unmanaged
        .iter()
        .filter(|subject| subject.platform.reads_back())
        .collect();
    if found.is_empty() {
        return;
    }
    let syncs = undeclared_syncs(found.len());
    if !context.lists_unmanaged {
        let _ = writeln!(out, "\n{syncs} not declared (-v lists them).");
        return;
    }
    let _ = writeln!(out, "\n{syncs} not declared:");
    for subject in &found {
        let _ = writeln!(out, "  {}", named(subject));
    }
    out.push_str(if found.len() == 1 {
        "This prints a sync file for it; --out or --dir writes it:\n"
    } else {
        "This prints sync files for them; --out or --dir writes them:\n"
    });
    for line in exports(&found, context) {
        let _ = writeln!(out, "  {line}");
    }
}

/// The command lines that export exactly these syncs. Of the whole workspace an export leaves out
/// what is declared by itself.
fn exports(subjects: &[&Subject], context: PlanExtras<'_>) -> Vec<String> {
    let mut projects: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for subject in subjects {
        let projects = projects.entry(&subject.provider).or_default();
        let names = projects.entry(&subject.project).or_default();
        names.push(&subject.name);
    }
    let mut lines = Vec::new();
    for (provider, projects) in projects {
        let mut begin = "secsync export".to_owned();
        if context.is_sandbox {
            begin.push_str(" --sandbox");
        }
        if provider != default_platform().name() {
            begin.push_str(&format!(" --provider {}", shell_word(provider)));
        }
        let named = |project: &str| format!(" --project {}", shell_word(project));
        if context.is_whole {
            let projects: Vec<String> = projects.keys().map(|project| named(project)).collect();
            lines.push(format!("{begin}{}", projects.concat()));
            continue;
        }
        for (project, names) in projects {
            let mut line = format!("{begin}{}", named(project));
            for name in names {
                line.push_str(&format!(" --target {}", shell_word(&literally(name))));
            }
            lines.push(line);
        }
    }
    lines
}

/// A name as a pattern that matches nothing else.
fn literally(name: &str) -> String {
    let mut pattern = String::new();
    for character in name.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}') {
            pattern.push_str(&format!("[{character}]"));
        } else {
            pattern.push(character);
        }
    }
    pattern
}

fn kept(out: &mut String, plan: &Plan, context: PlanExtras<'_>) {
    let syncs = undeclared_syncs(plan.kept.len());
    let them = if plan.kept.len() == 1 { "it" } else { "them" };
    let _ = write!(out, "\n{syncs} not declared, and --prune leaves {them}:");
    if !context.lists_unmanaged {
        let counts = [Keeper::Protect, Keeper::Ignore].map(|keeper| {
            let of = plan.kept.iter().filter(|kept| kept.by == keeper);
            (of.count(), keeper.word())
        });
        let counts = words::counts(counts).join(", ");
        let _ = writeln!(out, " {counts} (-v lists them).");
        return;
    }
    out.push('\n');
    for kept in &plan.kept {
        let _ = writeln!(
            out,
            "  {}: {}, by `{}` in secsync.yaml",
            named(&kept.subject),
            kept.by.word(),
            kept.by.setting()
        );
    }
}

/// `1 sync in these projects is`, `2 syncs in these projects are`.
pub(super) fn undeclared_syncs(count: usize) -> String {
    let are = words::is_or_are(count);
    format!("{} in these projects {are}", words::count(count, "sync"))
}

const fn color(verb: Verb) -> Style {
    match verb {
        Verb::Create | Verb::Start => GREEN,
        Verb::Update => YELLOW,
        Verb::Replace | Verb::Delete | Verb::Blocked => RED,
        Verb::Trigger => CYAN,
    }
}

fn action(
    out: &mut String,
    plan: &Plan,
    (action, old): (&Action, Option<Old<'_>>),
    sources: &Sources,
    syncs: &BTreeMap<Span, &ResolvedSync>,
) {
    let verb = action.verb();
    let title = format!("# {} {}", address(&action.subject), intent(action));
    let _ = writeln!(
        out,
        "  {}{}",
        painted(BOLD, &title),
        declared_at(action.place, sources)
    );
    let padding = " ".repeat(3usize.saturating_sub(sign(verb).len()));
    let _ = writeln!(
        out,
        "{padding}{} {} sync",
        painted(color(verb), sign(verb)),
        visible(&action.subject.destination)
    );
    changes(out, action);
    if let Some(old) = action.deleted() {
        let _ = writeln!(out, "      {}", what_is_deleted(action));
        out.push_str(&outcome::definition(&apply::definition(old), "        "));
    }
    let likely_rename = old.as_ref().map(Old::advice);
    for note in started::renamed(plan, action)
        .into_iter()
        .chain(likely_rename)
    {
        let _ = writeln!(out, "      {} {}", painted(YELLOW, "Note:"), visible(&note));
    }
    super::origins::write(out, action, syncs, sources);
    if let Step::Blocked { reason, .. } = &action.step {
        blocked(out, reason);
    }
    out.push('\n');
}

/// Updates that syncs inherit, once for all of them.
fn group(out: &mut String, plan: &Plan, first: &Action, same: &SharedUpdate, sources: &Sources) {
    let title = format!("# {}", super::shared(same.actions.len()));
    let _ = writeln!(
        out,
        "  {}{}",
        painted(BOLD, &title),
        declared_at(same.place, sources)
    );
    let _ = writeln!(
        out,
        "  {} {} syncs",
        painted(color(Verb::Update), sign(Verb::Update)),
        visible(&first.subject.destination)
    );
    changes(out, first);
    let _ = writeln!(out, "      {}", painted(DIMMED, "The syncs are:"));
    for index in &same.actions {
        let action = &plan.actions[*index];
        let place = declared_at(action.place, sources);
        let _ = writeln!(out, "        {}{place}", address(&action.subject));
    }
    out.push('\n');
}

/// What an action changes, and what it does besides.
fn changes(out: &mut String, action: &Action) {
    fields(out, &action.changes);
    for effect in &action.effects {
        let mark = if effect.is_destructive() {
            painted(RED, "Warning:")
        } else {
            painted(DIMMED, "Note:")
        };
        let _ = writeln!(out, "      {mark} {}", effect.sentence());
    }
}

/// A line for each field that changes, the values below each other.
fn fields(out: &mut String, changes: &[FieldChange]) {
    let leaves = changes.iter().flat_map(FieldChange::leaves);
    let rows: Vec<(String, Verb, String)> = leaves
        .map(|leaf| {
            let (verb, values) = values(&leaf);
            (visible(&leaf.dotted()) + ":", verb, values)
        })
        .collect();
    let width = width(rows.iter().map(|(path, _, _)| path.as_str()));
    for (path, verb, values) in rows {
        let sign = painted(color(verb), sign(verb));
        let _ = writeln!(out, "      {sign} {path:width$} {values}");
    }
}

/// What happens to a field, and its values.
fn values(change: &FieldChange) -> (Verb, String) {
    match (&change.before, &change.after) {
        (None, Some(after)) => (Verb::Create, value(after)),
        (Some(before), None) => (Verb::Delete, value(before)),
        (Some(before), Some(after)) => (Verb::Update, from_to(before, after)),
        (None, None) => (Verb::Update, String::new()),
    }
}
