//! A plan becomes a file.

use std::collections::BTreeMap;

use super::wire;
use super::{ALGORITHM, VERSION};
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::plan::{Action, Blocked, Effect, Plan, Step, Subject};
use crate::core::remote::RemoteSync;
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::core::spec::{DestinationSpec, ObjectSpec, Specs};
use crate::core::sync_file::SAVED_PLAN;
use crate::digest;
use crate::redaction::redacted;

/// The text of a plan file, and its digest.
///
/// `findings` are those of the run that made the plan; its warnings are kept. `specs` are the
/// destinations of the plan's syncs, and of those that it found; `path_of` names a file as whoever
/// reads the plan knows it.
pub fn write(
    plan: &Plan,
    (findings, sources): (&[Diagnostic], &Sources),
    specs: &Specs,
    is_sandbox: bool,
    path_of: &dyn Fn(&str) -> String,
) -> Result<(String, String), serde_json::Error> {
    let writer = Writer {
        sources,
        specs,
        path_of,
    };
    let mut document = writer.document(plan, is_sandbox);
    let warnings = findings.iter();
    let warnings = warnings.filter(|found| found.severity == Severity::Warning);
    document.findings = warnings.map(|found| writer.finding(found)).collect();
    let digest = format!(
        "{ALGORITHM}{}",
        digest::of_json(&serde_json::to_value(&document)?)
    );
    document.digest = Some(digest.clone());
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok((text, digest))
}

struct Writer<'a> {
    sources: &'a Sources,
    specs: &'a Specs,
    path_of: &'a dyn Fn(&str) -> String,
}

impl Writer<'_> {
    fn document(&self, plan: &Plan, is_sandbox: bool) -> wire::SavedDocument {
        let mut destinations: BTreeMap<String, BTreeMap<String, ObjectSpec>> = BTreeMap::new();
        for action in &plan.actions {
            // Nothing is sent for the one, and nothing can be read back of the other.
            if matches!(action.step, Step::Blocked { .. } | Step::Start) {
                continue;
            }
            let subject = &action.subject;
            let found = action.found().map(|found| &found.destination);
            for slug in std::iter::once(&subject.destination).chain(found) {
                if let Some(spec) = self.specs.get(subject.platform, slug) {
                    let of_platform = destinations
                        .entry(subject.platform.name().to_owned())
                        .or_default();
                    of_platform.insert(slug.clone(), spec.create.clone());
                }
            }
        }
        let providers = subjects(plan).map(|subject| {
            let provider = wire::SavedProvider {
                platform: subject.platform.name().to_owned(),
                server: subject.server.clone(),
            };
            (subject.provider.clone(), provider)
        });
        wire::SavedDocument {
            format: SAVED_PLAN.to_owned(),
            version: VERSION,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            digest: None,
            sandbox: is_sandbox,
            shard: plan.shard,
            providers: providers.collect(),
            destinations,
            actions: plan
                .actions
                .iter()
                .map(|action| self.action(action))
                .collect(),
            unchanged: plan.unchanged,
            unknown: plan.unknown.clone(),
            unread: plan.unread.clone(),
            findings: Vec::new(),
            unmanaged: plan.unmanaged.iter().map(sync).collect(),
            kept: plan
                .kept
                .iter()
                .map(|kept| wire::SavedKept {
                    sync: sync(&kept.subject),
                    reason: kept.by,
                })
                .collect(),
            failing: plan
                .failing
                .iter()
                .map(|failing| wire::SavedFailing {
                    sync: sync(&failing.subject),
                    message: failing.job.message.clone(),
                })
                .collect(),
        }
    }

    fn action(&self, action: &Action) -> wire::SavedAction {
        let found = |old: &RemoteSync| {
            let spec = self.specs.get(action.subject.platform, &old.destination);
            found(old, spec.map(AsRef::as_ref))
        };
        let step = match &action.step {
            Step::Create(create) => wire::SavedStep::Create {
                connection: create.connection.clone(),
                body: create.body.clone(),
                ignore_remote: create.ignored.clone(),
                stale_rename: action.effects.contains(&Effect::StaleRename),
            },
            Step::Update(update) => wire::SavedStep::Update {
                found: found(&update.old),
                connection: update.connection.clone(),
                body: update.body.clone(),
                ignore_remote: update.ignored.clone(),
                resend: update.is_resent,
            },
            Step::Replace {
                old,
                remove_secrets,
                new,
            } => wire::SavedStep::Replace {
                found: found(old),
                remove_secrets: *remove_secrets,
                connection: new.connection.clone(),
                body: new.body.clone(),
                ignore_remote: new.ignored.clone(),
            },
            Step::Delete {
                old,
                remove_secrets,
                reason,
            } => wire::SavedStep::Delete {
                found: found(old),
                remove_secrets: *remove_secrets,
                reason: *reason,
            },
            Step::Start => wire::SavedStep::Start {},
            Step::Trigger { old } => wire::SavedStep::Trigger {
                found: old.as_ref().map(|old| found(old)),
            },
            Step::Blocked { wanted, reason } => wire::SavedStep::Blocked {
                wanted: *wanted,
                reason: reason.word().to_owned(),
                details: details(reason),
                changes: action.changes.clone(),
            },
        };
        wire::SavedAction {
            sync: sync(&action.subject),
            declared_at: action.place.map(|place| self.place(place)),
            step,
            after: action.after.clone(),
        }
    }

    /// A finding, without what this run must not show.
    fn finding(&self, found: &Diagnostic) -> wire::SavedFinding {
        let places = found.labels.iter().map(|label| wire::FindingPlace {
            at: self.place(label.span),
            text: redacted(&label.text).into_owned(),
        });
        let file = found.file.as_ref().map(|file| (self.path_of)(file));
        wire::SavedFinding {
            code: found.code.name().to_owned(),
            message: redacted(&found.message).into_owned(),
            help: found.help.as_ref().map(|help| redacted(help).into_owned()),
            file: file.map(|file| redacted(&file).into_owned()),
            sync: found.sync.as_ref().map(|sync| redacted(sync).into_owned()),
            other_syncs: found.other_syncs,
            cells: found.cells.as_ref().map(|cells| wire::SavedCells {
                first: redacted(&cells.label).into_owned(),
                others: cells.others,
                of: cells.of,
            }),
            further: found.omitted,
            places: places.collect(),
        }
    }

    fn place(&self, span: Span) -> wire::DeclaredAt {
        let start = self.sources.position(span);
        let end = self
            .sources
            .position(Span::new(span.source, span.end, span.end));
        let cell = self.sources.cell(span);
        wire::DeclaredAt {
            cell: cell.map(|cell| cell.label.clone()),
            matrix: cell.map(|cell| cell.values.to_json()),
            file: (self.path_of)(&self.sources.get(span.source).name),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// All syncs that a plan names.
fn subjects(plan: &Plan) -> impl Iterator<Item = &Subject> {
    let actions = plan.actions.iter().map(|action| &action.subject);
    let kept = plan.kept.iter().map(|kept| &kept.subject);
    let failing = plan.failing.iter().map(|failing| &failing.subject);
    actions.chain(&plan.unmanaged).chain(kept).chain(failing)
}

fn sync(subject: &Subject) -> wire::SavedSubject {
    wire::SavedSubject {
        provider: subject.provider.clone(),
        project: subject.project.clone(),
        project_id: subject.project_id.clone(),
        name: subject.name.clone(),
        destination: subject.destination.clone(),
    }
}

/// A sync without what moves by itself, and without what its schema does not know.
fn found(sync: &RemoteSync, spec: Option<&DestinationSpec>) -> wire::SavedRemote {
    let is_declarable = |key: &str| spec.is_none_or(|spec| spec.create.names(key));
    let fields = sync.fields.iter().filter(|(key, _)| is_declarable(key));
    wire::SavedRemote {
        id: sync.id.clone(),
        name: sync.name.clone(),
        destination: sync.destination.clone(),
        connection: sync.connection.clone(),
        environment: sync.environment.clone(),
        secret_path: sync.secret_path.clone(),
        fields: fields
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        pushed: sync.was_pushed(),
    }
}

fn details(reason: &Blocked) -> Vec<String> {
    match reason {
        Blocked::OtherDestination(word) | Blocked::NameNotFreed(word) => vec![word.clone()],
        Blocked::UnknownFields(fields)
        | Blocked::ReadOnlyFields(fields)
        | Blocked::NotReadBack(fields)
        | Blocked::NotChangeable(fields) => fields.clone(),
        Blocked::Protected
        | Blocked::SourceFolderGone
        | Blocked::BeingRemoved
        | Blocked::NoState
        | Blocked::StartUnknown
        | Blocked::NotDeletable => Vec::new(),
    }
}
