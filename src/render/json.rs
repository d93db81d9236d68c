//! Plans, reports and findings for machines. The shape has a version; within one, fields are
//! only ever added.

use serde_json::{Map, Value, json};

use super::text::platform_message;
use crate::apply::{ActionFailure, JobEnd, Outcome, Report};
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::{Action, Counts, DeleteReason, Plan, Step, Subject};
use crate::core::span::{Sources, Span};
use crate::error::{CommandError, Problem};

/// The version of every document's shape.
pub(super) const VERSION: u32 = 1;

/// A document of a kind, with the findings of its files.
pub fn document(
    kind: &str,
    is_sandbox: bool,
    findings: &[Diagnostic],
    sources: &Sources,
) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("version".to_owned(), VERSION.into());
    document.insert("kind".to_owned(), kind.into());
    document.insert("sandbox".to_owned(), is_sandbox.into());
    let findings: Vec<Value> = findings
        .iter()
        .map(|found| finding(found, sources))
        .collect();
    document.insert("diagnostics".to_owned(), findings.into());
    document
}

/// The text of a document, ready to be written.
pub fn text(document: Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(document))
}

/// Adds why a command stopped.
pub fn add_stop(document: &mut Map<String, Value>, stop: &CommandError) {
    let errors: Vec<Value> = stop.problems.iter().map(problem).collect();
    document.insert("errors".to_owned(), errors.into());
    document.insert("exitCode".to_owned(), stop.exit.code().into());
}

fn problem(problem: &Problem) -> Value {
    json!({"message": problem.message, "help": problem.help})
}

fn finding(found: &Diagnostic, sources: &Sources) -> Value {
    let places: Vec<Value> = found
        .labels
        .iter()
        .map(|label| {
            let mut place = place(label.span, sources);
            place["text"] = label.text.clone().into();
            place
        })
        .collect();
    json!({
        "code": found.code.name(),
        "severity": found.severity.word(),
        "message": found.message,
        "help": found.help,
        "file": found.file,
        "sync": found.sync,
        "places": places,
    })
}

/// A place, as every document names it.
pub fn place(span: Span, sources: &Sources) -> Value {
    let start = sources.position(span);
    let end = sources.position(Span::new(span.source, span.end, span.end));
    json!({
        "file": sources.get(span.source).name,
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// Adds a plan.
pub fn add_plan(document: &mut Map<String, Value>, plan: &Plan, sources: &Sources) {
    let Counts {
        add,
        change,
        destroy,
        start,
        trigger,
        blocked,
    } = plan.counts();
    document.insert(
        "summary".to_owned(),
        json!({
            "add": add, "change": change, "destroy": destroy, "start": start, "trigger": trigger,
            "blocked": blocked, "unchanged": plan.unchanged, "unmanaged": plan.unmanaged.len(),
        }),
    );
    let actions: Vec<Value> = plan
        .actions
        .iter()
        .map(|one| action(one, sources))
        .collect();
    document.insert("actions".to_owned(), actions.into());
    let unmanaged: Vec<Value> = plan
        .unmanaged
        .iter()
        .map(|one| subject(one).into())
        .collect();
    document.insert("unmanaged".to_owned(), unmanaged.into());
    let kept: Vec<Value> = plan
        .kept
        .iter()
        .map(|kept| {
            let mut entry = subject(&kept.subject);
            entry.insert("reason".to_owned(), kept.by.word().into());
            entry.into()
        })
        .collect();
    document.insert("kept".to_owned(), kept.into());
    let failing: Vec<Value> = plan
        .failing
        .iter()
        .map(|failing| {
            let mut entry = subject(&failing.subject);
            let message = failing.job.message.as_deref().map(platform_message);
            entry.insert("message".to_owned(), message.into());
            entry.into()
        })
        .collect();
    document.insert("failing".to_owned(), failing.into());
}

pub(super) fn subject(subject: &Subject) -> Map<String, Value> {
    let fields = [
        ("provider", &subject.provider),
        ("server", &subject.server),
        ("project", &subject.project),
        ("projectId", &subject.project_id),
        ("name", &subject.name),
        ("destination", &subject.destination),
    ];
    fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.clone().into()))
        .collect()
}

fn action(action: &Action, sources: &Sources) -> Value {
    let mut entry = Map::new();
    entry.insert("action".to_owned(), action.verb().word().into());
    entry.extend(subject(&action.subject));
    entry.insert(
        "place".to_owned(),
        action.place.map(|span| place(span, sources)).into(),
    );
    match &action.step {
        Step::Update(update) => {
            entry.insert("id".to_owned(), update.old.id.clone().into());
            entry.insert("renamedFrom".to_owned(), action.renamed_from().into());
        }
        Step::Replace {
            old,
            remove_secrets,
            ..
        } => {
            entry.insert("id".to_owned(), old.id.clone().into());
            entry.insert("removeSecrets".to_owned(), (*remove_secrets).into());
        }
        Step::Delete {
            old,
            remove_secrets,
            reason,
        } => {
            entry.insert("id".to_owned(), old.id.clone().into());
            entry.insert("removeSecrets".to_owned(), (*remove_secrets).into());
            let reason = match reason {
                DeleteReason::EnsureAbsent => "ensure-absent",
                DeleteReason::Pruned => "pruned",
            };
            entry.insert("reason".to_owned(), reason.into());
        }
        Step::Trigger { old } => {
            let id = old.as_ref().map(|old| old.id.clone());
            entry.insert("id".to_owned(), id.into());
        }
        Step::Blocked { wanted, reason } => {
            let blocked = json!({
                "wanted": wanted.word(), "code": reason.word(), "reason": reason.reason(),
                "advice": reason.advice(),
            });
            entry.insert("blocked".to_owned(), blocked);
        }
        Step::Create(_) | Step::Start => {}
    }
    let changes: Vec<Value> = action
        .changes
        .iter()
        .map(|change| json!({"path": change.dotted(), "before": change.before, "after": change.after}))
        .collect();
    entry.insert("changes".to_owned(), changes.into());
    let effects: Vec<Value> = action
        .effects
        .iter()
        .map(|effect| {
            json!({"code": effect.word(), "message": effect.sentence(), "destructive": effect.is_destructive()})
        })
        .collect();
    entry.insert("effects".to_owned(), effects.into());
    entry.insert("dependsOn".to_owned(), action.after.clone().into());
    entry.into()
}

/// Adds what came of an apply: one result for each action, and the jobs.
pub fn add_report(document: &mut Map<String, Value>, report: &Report) {
    let results: Vec<Value> = report.outcomes.iter().map(outcome).collect();
    document.insert("results".to_owned(), results.into());
    let jobs: Vec<Value> = report
        .jobs
        .iter()
        .map(|job| {
            let mut entry = subject(&job.subject);
            let (end, message) = match &job.end {
                JobEnd::Succeeded => ("succeeded", None),
                JobEnd::Failed(message) => ("failed", message.as_deref().map(platform_message)),
                JobEnd::StillGoing => ("still-going", None),
                JobEnd::NotFollowed => ("not-followed", None),
                JobEnd::Unknown(reason) => ("unknown", Some(reason.clone())),
            };
            entry.insert("job".to_owned(), job.kind.word().into());
            entry.insert("end".to_owned(), end.into());
            entry.insert("message".to_owned(), message.into());
            entry.into()
        })
        .collect();
    document.insert("jobs".to_owned(), jobs.into());
    document.insert("interrupted".to_owned(), report.is_interrupted.into());
}

fn outcome(outcome: &Outcome) -> Value {
    let failure = |word: &str, failure: &ActionFailure| {
        json!({
            "result": word, "message": failure.problem.message, "help": failure.problem.help,
            "lostDefinition": failure.lost_definition,
        })
    };
    match outcome {
        Outcome::Done { id, note } => json!({"result": "done", "id": id, "note": note}),
        Outcome::Failed(reason) => failure("failed", reason),
        Outcome::Unknown(reason) => failure("unknown", reason),
        Outcome::NotTried { reason } => json!({"result": "not-tried", "message": reason}),
        Outcome::Blocked => json!({"result": "blocked"}),
    }
}
