//! A file becomes a plan. What it says is a stranger's word until it is checked here.
//!
//! Changes and effects are made from the requests again. Defaults that the file brings along are
//! taken into account only if this program's own schemas also have them: with an invented
//! default a request could look as if it changed nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{ALGORITHM, MAX_SIZE, PlanFileError, SavedPlan, VERSION, consistency, wire};
use crate::core::cell::{Cell, Values};
use crate::core::diagnostic::{Cells, Diagnostic, Label, Severity};
use crate::core::normalize;
use crate::core::plan::recheck::change_before;
use crate::core::plan::{Action, Failing, Kept, Plan, Step, Subject, effect};
use crate::core::platform::Platform;
use crate::core::remote::{Job, JobStatus};
use crate::core::sources::{Position, Sources};
use crate::core::span::Span;
use crate::core::spec::{DestinationSpec, ObjectSpec, Specs};
use crate::core::sync_file::SAVED_PLAN;
use crate::core::value::Node;
use crate::digest;
use crate::http::origin::Origin;
use crate::provider::trust::sandbox_server;
use crate::provider::{ProviderConfig, codes, is_provider_name, platform_named, rules};
use crate::schema::schema_file::is_slug;

/// This program's own description of a destination, if it has one.
pub type Local<'a> = &'a dyn Fn(Platform, &str) -> Option<Arc<DestinationSpec>>;

/// Reads a plan file.
pub fn read(text: &[u8], local: Local<'_>) -> Result<SavedPlan, PlanFileError> {
    if u64::try_from(text.len()).is_ok_and(|size| size > MAX_SIZE) {
        return Err(PlanFileError::new("is too large to be a saved plan"));
    }
    let mut value: Value = serde_json::from_slice(text).map_err(|error| {
        PlanFileError::new(&format!(
            "is not a saved plan, or is damaged: it is not JSON ({error})"
        ))
    })?;
    let digest = check_envelope(&mut value)?;
    let document: wire::SavedDocument = serde_json::from_value(value)
        .map_err(|error| PlanFileError::forged(&format!("{error}")))?;
    let reader = PlanReader {
        local,
        sources: Sources::default(),
        providers: providers(&document)?,
        specs: specs(&document)?,
        triggered: triggered(&document),
    };
    reader.plan(document, digest)
}

/// Checks what the file says it is, and takes its digest out.
fn check_envelope(value: &mut Value) -> Result<String, PlanFileError> {
    let Some(fields) = value.as_object_mut().filter(|fields| {
        fields
            .get("format")
            .is_some_and(|format| format == SAVED_PLAN)
    }) else {
        return Err(PlanFileError::new("is not a saved plan"));
    };
    match fields.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(newer) => {
            let made_by = fields.get("madeBy").and_then(Value::as_str).unwrap_or("?");
            return Err(PlanFileError {
                message: format!(
                    "has version {newer}, and this program reads version {VERSION}: it was saved by \
                     secsync {made_by}"
                ),
                help: "Use that version of secsync or a newer one, or plan again with this one."
                    .to_owned(),
            });
        }
        None => return Err(PlanFileError::new("has no version")),
    }
    let said = fields.shift_remove("digest");
    let digest = format!("{ALGORITHM}{}", digest::of_json(value));
    if said.as_ref().and_then(Value::as_str) == Some(digest.as_str()) {
        Ok(digest)
    } else {
        Err(PlanFileError::new(
            "is damaged or was edited: its content does not match its digest",
        ))
    }
}

fn providers(
    document: &wire::SavedDocument,
) -> Result<BTreeMap<String, (Platform, String)>, PlanFileError> {
    let read = |(name, provider): (&String, &wire::SavedProvider)| {
        let kind = platform_named(&provider.platform);
        let is_server = if document.sandbox {
            provider.server == sandbox_server(name)
        } else {
            Origin::parse(&provider.server)
                .is_ok_and(|origin| origin.to_string() == provider.server)
        };
        match kind {
            Some(kind) if is_server && is_provider_name(name) => {
                Ok((name.clone(), (kind, provider.server.clone())))
            }
            _ => Err(PlanFileError::forged(&format!(
                "its provider {name:?} is invalid"
            ))),
        }
    };
    document.providers.iter().map(read).collect()
}

fn specs(document: &wire::SavedDocument) -> Result<Specs, PlanFileError> {
    let mut specs = Specs::default();
    for (platform, of_platform) in &document.destinations {
        let Some(kind) = platform_named(platform) else {
            return Err(PlanFileError::forged(&format!(
                "the platform {platform:?} is unknown"
            )));
        };
        for (slug, known) in of_platform {
            let spec = DestinationSpec {
                slug: slug.clone(),
                name: slug.clone(),
                connection_app: None,
                can_import: false,
                create: known.clone(),
                update: ObjectSpec::default(),
            };
            specs.insert(kind, slug.clone(), Arc::new(spec));
        }
    }
    Ok(specs)
}

/// A sync's provider, project and name.
pub(super) type SyncIdentity = (String, String, String);

pub(super) fn identity(subject: &Subject) -> SyncIdentity {
    (
        subject.provider.clone(),
        subject.project_id.clone(),
        subject.name.clone(),
    )
}

/// The syncs that are asked for a job once they are there.
fn triggered(document: &wire::SavedDocument) -> BTreeSet<SyncIdentity> {
    let is_trigger = |action: &&wire::SavedAction| {
        matches!(action.step, wire::SavedStep::Trigger { found: None })
    };
    let triggers = document.actions.iter().filter(is_trigger);
    triggers
        .map(|action| {
            let sync = &action.sync;
            (
                sync.provider.clone(),
                sync.project_id.clone(),
                sync.name.clone(),
            )
        })
        .collect()
}

/// Reads the actions and notes of a file.
pub(super) struct PlanReader<'a> {
    local: Local<'a>,
    sources: Sources,
    providers: BTreeMap<String, (Platform, String)>,
    specs: Specs,
    pub(super) triggered: BTreeSet<SyncIdentity>,
}

impl PlanReader<'_> {
    fn plan(
        mut self,
        document: wire::SavedDocument,
        digest: String,
    ) -> Result<SavedPlan, PlanFileError> {
        let mut plan = Plan {
            unchanged: document.unchanged,
            unknown: document.unknown,
            unread: document.unread,
            shard: document.shard,
            ..Plan::default()
        };
        for (index, action) in document.actions.into_iter().enumerate() {
            let of_action = |problem: String| {
                PlanFileError::forged(&format!("in its action {}, {problem}", index + 1))
            };
            plan.actions.push(self.action(action).map_err(of_action)?);
        }
        let of_note = |problem: String| PlanFileError::forged(&format!("in its notes, {problem}"));
        for sync in document.unmanaged {
            plan.unmanaged.push(self.subject(sync).map_err(of_note)?);
        }
        for kept in document.kept {
            plan.kept.push(Kept {
                subject: self.subject(kept.sync).map_err(of_note)?,
                by: kept.reason,
            });
        }
        for failing in document.failing {
            plan.failing.push(Failing {
                subject: self.subject(failing.sync).map_err(of_note)?,
                job: Job {
                    status: Some(JobStatus::Failed),
                    message: failing.message,
                    ..Job::default()
                },
            });
        }
        let findings = document.findings.into_iter();
        let findings: Vec<Diagnostic> = findings
            .map(|found| self.finding(found).map_err(of_note))
            .collect::<Result<_, _>>()?;
        consistency::check(&plan)?;
        self.add_effects_of_triggers(&mut plan);
        let url = |server: String| (!document.sandbox).then_some(server);
        Ok(SavedPlan {
            plan,
            findings,
            sources: self.sources,
            is_sandbox: document.sandbox,
            providers: self
                .providers
                .into_iter()
                .map(|(name, (kind, server))| ProviderConfig {
                    name,
                    platform: kind,
                    url: url(server),
                })
                .collect(),
            specs: self.specs,
            digest,
        })
    }

    /// What a job does that is asked for depends on the change that it follows.
    fn add_effects_of_triggers(&self, plan: &mut Plan) {
        let effects_of = |action: &Action| {
            let Step::Trigger { old: Some(old) } = &action.step else {
                return None;
            };
            let change = change_before(plan, action).map(|index| &plan.actions[index]);
            let nothing = Map::new();
            let (body, reported) = match change.map(|change| (&change.step, &change.effects)) {
                Some((Step::Update(update), effects)) => (&update.body, effects.as_slice()),
                _ => (&nothing, &[][..]),
            };
            let spec = self.spec(&action.subject).ok()?;
            let agreed = self.agreed(&spec, &action.subject);
            let after = normalize::updated(&agreed.create, old, body);
            Some(effect::of_trigger(
                rules(action.subject.platform),
                old.was_pushed(),
                &after,
                reported,
            ))
        };
        let effects: Vec<_> = plan.actions.iter().map(effects_of).collect();
        for (action, effects) in plan.actions.iter_mut().zip(effects) {
            action.effects.extend(effects.unwrap_or_default());
        }
    }

    fn subject(&self, sync: wire::SavedSubject) -> Result<Subject, String> {
        let Some((kind, server)) = self.providers.get(&sync.provider) else {
            return Err(format!("the provider {:?} is unknown", sync.provider));
        };
        if sync.project.is_empty() || sync.project_id.is_empty() || sync.name.is_empty() {
            return Err("the sync has no project or no name".to_owned());
        }
        if !is_slug(&sync.destination) {
            return Err(format!("{:?} is not a valid destination", sync.destination));
        }
        Ok(Subject {
            provider: sync.provider,
            platform: *kind,
            server: server.clone(),
            project: sync.project,
            project_id: sync.project_id,
            name: sync.name,
            destination: sync.destination,
        })
    }

    fn place(&mut self, place: wire::DeclaredAt) -> Span {
        let start = Position {
            line: place.line,
            column: place.column,
        };
        let end = Position {
            line: place.end_line,
            column: place.end_column,
        };
        let span = self.sources.remember(place.file, start, end);
        let Some(label) = place.cell else {
            return span;
        };
        let values = place.matrix.unwrap_or_default().into_iter();
        let values = values.map(|(name, value)| (name.into(), Node::from_json(value, span).into()));
        let cell = Cell {
            label,
            values: Values(values.collect()),
            ..Cell::default()
        };
        span.in_cell(self.sources.add_cell(cell))
    }

    fn finding(&mut self, found: wire::SavedFinding) -> Result<Diagnostic, String> {
        let Some(code) = codes::find(&found.code) else {
            return Err(format!("the finding {:?} is unknown", found.code));
        };
        let places = found.places.into_iter().map(|place| Label {
            span: self.place(place.at),
            text: place.text,
        });
        let labels = places.collect();
        Ok(Diagnostic {
            severity: Severity::Warning,
            labels,
            help: found.help,
            sync: found.sync,
            other_syncs: found.other_syncs,
            cells: found.cells.map(|cells| Cells {
                first: None,
                label: cells.first,
                key: None,
                template: "".into(),
                others: cells.others,
                of: cells.of,
            }),
            omitted: found.further,
            file: found.file,
            ..Diagnostic::about_file(code, "", found.message)
        })
    }

    fn action(&mut self, action: wire::SavedAction) -> Result<Action, String> {
        let subject = self.subject(action.sync)?;
        let (step, changes, effects) = self.step(action.step, &subject)?;
        let fits_platform = match (&step, subject.platform) {
            (Step::Blocked { .. }, _) => true,
            (Step::Start, platform) => !platform.reads_back(),
            (_, platform) => platform.reads_back(),
        };
        if !fits_platform {
            return Err(format!(
                "its platform {} cannot do that",
                subject.platform.title()
            ));
        }
        Ok(Action {
            subject,
            place: action.declared_at.map(|place| self.place(place)),
            step,
            changes,
            effects,
            after: action.after,
        })
    }

    pub(super) fn spec(&self, subject: &Subject) -> Result<Arc<DestinationSpec>, String> {
        let spec = self.specs.get(subject.platform, &subject.destination);
        spec.cloned()
            .ok_or_else(|| format!("the destination {} is not described", subject.destination))
    }

    /// The description of a destination that decides what is shown.
    pub(super) fn agreed(&self, spec: &DestinationSpec, subject: &Subject) -> DestinationSpec {
        let own = (self.local)(subject.platform, &subject.destination);
        let own = own.as_ref().map(|own| &own.create);
        DestinationSpec {
            create: spec.create.with_defaults_agreed(own),
            ..spec.clone()
        }
    }
}
