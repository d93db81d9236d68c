//! A file becomes a plan. What it says is a stranger's word until it is checked here.
//!
//! Changes and effects are made anew from the requests. Defaults that the file brings along are
//! taken into account only where this program's own schemas have them as well: with an invented
//! default a request could look as if it changed nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::wire;
use super::{ALGORITHM, MAX_SIZE, PlanFileError, SavedPlan, VERSION, names};
use crate::core::diff::{self, FieldChange};
use crate::core::normalize::{self, CONNECTION_ID};
use crate::core::plan::action::Create;
use crate::core::plan::recheck::change_before;
use crate::core::plan::{
    Action, Blocked, DeleteReason, Effect, Failing, Keeper, Kept, Plan, SAVED_PLAN, Step, Subject,
    Update, Verb, effect, shown,
};
use crate::core::platform::Platform;
use crate::core::remote::{Job, JobStatus, RemoteConnection, RemoteSync};
use crate::core::span::{Position, Sources, Span};
use crate::core::spec::{DestinationSpec, FieldSpec, ObjectSpec, UnionSpec};
use crate::digest;
use crate::http::origin::Origin;
use crate::pipeline::Specs;
use crate::provider::platform_named;
use crate::provider::trust::sandbox_server;
use crate::provider::{ProviderConfig, is_provider_name};
use crate::schema::file::is_slug;

/// This program's own description of a destination, if it has one.
pub type Local<'a> = &'a dyn Fn(Platform, &str) -> Option<Arc<DestinationSpec>>;

/// What to do about a file that cannot be trusted to be what secsync wrote.
const PLAN_AGAIN: &str = "Make a new one with `secsync plan --out`.";

/// Reads a plan file.
pub fn read(text: &[u8], local: Local<'_>) -> Result<SavedPlan, PlanFileError> {
    if u64::try_from(text.len()).is_ok_and(|size| size > MAX_SIZE) {
        return Err(bad("is too large to be a saved plan"));
    }
    let mut value: Value = serde_json::from_slice(text).map_err(|error| {
        bad(&format!(
            "is no saved plan, or was damaged: it is not JSON ({error})"
        ))
    })?;
    let digest = check_envelope(&mut value)?;
    let document: wire::Document = serde_json::from_value(value)
        .map_err(|error| bad(&format!("is not one that secsync wrote: {error}")))?;
    let mut saved = Reader {
        local,
        sources: Sources::default(),
        providers: providers(&document)?,
        specs: specs(&document)?,
        triggered: triggered(&document),
    }
    .plan(document)?;
    saved.digest = digest;
    check_names(&saved.plan)?;
    Ok(saved)
}

/// Checks what the file says it is, and takes its digest out.
fn check_envelope(value: &mut Value) -> Result<String, PlanFileError> {
    let Some(fields) = value.as_object_mut().filter(|fields| {
        fields
            .get("format")
            .is_some_and(|format| format == SAVED_PLAN)
    }) else {
        return Err(bad("is no saved plan"));
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
        None => return Err(bad("says no version")),
    }
    let said = fields.shift_remove("digest");
    let digest = format!("{ALGORITHM}{}", digest::of_json(value));
    if said.as_ref().and_then(Value::as_str) == Some(digest.as_str()) {
        Ok(digest)
    } else {
        Err(bad(
            "is damaged or was edited: its content does not have the digest that it says",
        ))
    }
}

fn bad(message: &str) -> PlanFileError {
    PlanFileError {
        message: message.to_owned(),
        help: PLAN_AGAIN.to_owned(),
    }
}

fn providers(
    document: &wire::Document,
) -> Result<BTreeMap<String, (Platform, String)>, PlanFileError> {
    let read = |(name, provider): (&String, &wire::Provider)| {
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
            _ => Err(bad(&format!(
                "is not one that secsync wrote: its provider {name:?} cannot be one"
            ))),
        }
    };
    document.providers.iter().map(read).collect()
}

fn specs(document: &wire::Document) -> Result<Specs, PlanFileError> {
    let mut specs = Specs::new();
    for (platform, of_platform) in &document.destinations {
        let Some(kind) = platform_named(platform) else {
            return Err(bad(&format!(
                "is not one that secsync wrote: there is no platform {platform:?}"
            )));
        };
        for (slug, known) in of_platform {
            let spec = DestinationSpec {
                slug: slug.clone(),
                name: slug.clone(),
                connection_app: None,
                can_import: false,
                create: object(known),
                update: ObjectSpec::default(),
            };
            specs.insert((kind, slug.clone()), Arc::new(spec));
        }
    }
    Ok(specs)
}

/// A sync's provider, project and name.
type Identity = (String, String, String);

fn identity(subject: &Subject) -> Identity {
    (
        subject.provider.clone(),
        subject.project_id.clone(),
        subject.name.clone(),
    )
}

/// The syncs that are asked for a job once they are there.
fn triggered(document: &wire::Document) -> BTreeSet<Identity> {
    let is_trigger =
        |action: &&wire::Action| matches!(action.step, wire::Step::Trigger { found: None });
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

fn object(known: &wire::Object) -> ObjectSpec {
    ObjectSpec {
        fields: fields(&known.fields),
        union: known.union.as_ref().map(|union| UnionSpec {
            tag: union.tag.clone(),
            variants: union
                .variants
                .iter()
                .map(|variant| (variant.value.clone(), fields(&variant.fields)))
                .collect(),
        }),
        open: known.open,
    }
}

fn fields(known: &[wire::Field]) -> Vec<FieldSpec> {
    let field = |field: &wire::Field| FieldSpec {
        name: field.name.clone(),
        required: false,
        nullable: false,
        default: field.default.clone(),
        object: field.object.as_ref().map(object),
    };
    known.iter().map(field).collect()
}

struct Reader<'a> {
    local: Local<'a>,
    sources: Sources,
    providers: BTreeMap<String, (Platform, String)>,
    specs: Specs,
    triggered: BTreeSet<Identity>,
}

impl Reader<'_> {
    fn plan(mut self, document: wire::Document) -> Result<SavedPlan, PlanFileError> {
        let mut plan = Plan {
            unchanged: document.unchanged,
            ..Plan::default()
        };
        for (index, action) in document.actions.into_iter().enumerate() {
            let of_action = |problem: String| {
                bad(&format!(
                    "is not one that secsync wrote: in its action {}, {problem}",
                    index + 1
                ))
            };
            plan.actions.push(self.action(action).map_err(of_action)?);
        }
        let of_note = |problem: String| {
            bad(&format!(
                "is not one that secsync wrote: in its notes, {problem}"
            ))
        };
        for sync in document.unmanaged {
            plan.unmanaged.push(self.subject(sync).map_err(of_note)?);
        }
        for kept in document.kept {
            plan.kept.push(Kept {
                subject: self.subject(kept.sync).map_err(of_note)?,
                by: match kept.reason {
                    wire::Keeper::Protected => Keeper::Protect,
                    wire::Keeper::Ignored => Keeper::Ignore,
                },
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
        check_order(&plan)?;
        check_once(&plan)?;
        self.add_effects_of_triggers(&mut plan);
        let url = |server: String| (!document.sandbox).then_some(server);
        Ok(SavedPlan {
            plan,
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
            digest: String::new(),
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
            let (body, told) = match change.map(|change| (&change.step, &change.effects)) {
                Some((Step::Update(update), effects)) => (&update.body, effects.as_slice()),
                _ => (&nothing, &[][..]),
            };
            let spec = self.spec(&action.subject).ok()?;
            let agreed = self.agreed(&spec, &action.subject);
            let after = normalize::updated(&agreed.create, old, body);
            Some(effect::of_trigger(
                action.subject.platform,
                old.was_pushed(),
                &after,
                told,
            ))
        };
        let effects: Vec<_> = plan.actions.iter().map(effects_of).collect();
        for (action, effects) in plan.actions.iter_mut().zip(effects) {
            action.effects.extend(effects.unwrap_or_default());
        }
    }

    fn subject(&self, sync: wire::Sync) -> Result<Subject, String> {
        let Some((kind, server)) = self.providers.get(&sync.provider) else {
            return Err(format!("there is no provider {:?}", sync.provider));
        };
        if sync.project.is_empty() || sync.project_id.is_empty() || sync.name.is_empty() {
            return Err("the sync has no project or no name".to_owned());
        }
        if !is_slug(&sync.destination) {
            return Err(format!("{:?} is no destination", sync.destination));
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

    fn place(&mut self, place: wire::Place) -> Span {
        let start = Position {
            line: place.line,
            column: place.column,
        };
        let end = Position {
            line: place.end_line,
            column: place.end_column,
        };
        self.sources.remember(place.file, start, end)
    }

    fn action(&mut self, action: wire::Action) -> Result<Action, String> {
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

    /// A step, and what it shows.
    fn step(
        &self,
        step: wire::Step,
        subject: &Subject,
    ) -> Result<(Step, Vec<FieldChange>, Vec<Effect>), String> {
        Ok(match step {
            wire::Step::Create { connection, body } => {
                let create = self.create(body, connection, subject)?;
                let (changes, effects) = self.shown_of_create(&create, subject);
                (Step::Create(create), changes, effects)
            }
            wire::Step::Update {
                found,
                connection,
                body,
            } => self.update(found, connection, body, subject)?,
            wire::Step::Replace {
                found,
                remove_secrets,
                connection,
                body,
            } => {
                let old = Box::new(remote(found, subject)?);
                if old.destination == subject.destination {
                    return Err("a sync is replaced that keeps its destination".to_owned());
                }
                let new = self.create(body, connection, subject)?;
                let mut changes = shown::of_move(&old, &subject.destination, &subject.name);
                let mut effects = vec![effect::of_delete(remove_secrets)];
                let (of_new, effects_of_new) = self.shown_of_create(&new, subject);
                changes.extend(of_new);
                effects.extend(effects_of_new);
                let step = Step::Replace {
                    old,
                    remove_secrets,
                    new,
                };
                (step, changes, effects)
            }
            wire::Step::Delete {
                found,
                remove_secrets,
                reason,
            } => {
                let old = Box::new(own(remote(found, subject)?, subject)?);
                let step = Step::Delete {
                    old,
                    remove_secrets,
                    reason: match reason {
                        wire::DeleteReason::EnsureAbsent => DeleteReason::EnsureAbsent,
                        wire::DeleteReason::Pruned => DeleteReason::Pruned,
                    },
                };
                (step, Vec::new(), vec![effect::of_delete(remove_secrets)])
            }
            wire::Step::Start {} => (Step::Start, Vec::new(), Vec::new()),
            wire::Step::Trigger { found } => {
                let old = found.map(|found| remote(found, subject)).transpose()?;
                let step = Step::Trigger {
                    old: old.map(Box::new),
                };
                (step, Vec::new(), Vec::new())
            }
            wire::Step::Blocked {
                wanted,
                reason,
                details,
                changes,
            } => {
                let step = Step::Blocked {
                    wanted: verb(&wanted)?,
                    reason: blocked(&reason, &details)?,
                };
                (step, changes.into_iter().map(change).collect(), Vec::new())
            }
        })
    }

    fn spec(&self, subject: &Subject) -> Result<Arc<DestinationSpec>, String> {
        let key = (subject.platform, subject.destination.clone());
        let spec = self.specs.get(&key).cloned();
        spec.ok_or_else(|| format!("the destination {} is not described", subject.destination))
    }

    /// The description of a destination that decides what is shown.
    fn agreed(&self, spec: &DestinationSpec, subject: &Subject) -> DestinationSpec {
        let own = (self.local)(subject.platform, &subject.destination);
        let own = own.as_ref().map(|own| &own.create);
        DestinationSpec {
            create: spec.create.with_defaults_agreed(own),
            ..spec.clone()
        }
    }

    fn create(
        &self,
        body: Map<String, Value>,
        connection: Option<String>,
        subject: &Subject,
    ) -> Result<Create, String> {
        let says = |key: &str, value: &str| body.get(key).is_some_and(|said| said == value);
        if !says("name", &subject.name) || !says("projectId", &subject.project_id) {
            return Err("the request has another name or project than the sync".to_owned());
        }
        let spec = self.spec(subject)?;
        Ok(Create {
            expected: normalize::comparable(&spec.create, body.clone()),
            connection: named_connection(connection, &body)?,
            body,
            spec,
        })
    }

    fn shown_of_create(
        &self,
        create: &Create,
        subject: &Subject,
    ) -> (Vec<FieldChange>, Vec<Effect>) {
        let agreed = self.agreed(&create.spec, subject);
        let expected = normalize::comparable(&agreed.create, create.body.clone());
        (
            shown::of_create(&create.body, create.connection.as_deref(), &agreed),
            effect::of_create(
                subject.platform,
                &expected,
                self.triggered.contains(&identity(subject)),
            ),
        )
    }

    fn update(
        &self,
        found: wire::Found,
        connection: Option<String>,
        body: Map<String, Value>,
        subject: &Subject,
    ) -> Result<(Step, Vec<FieldChange>, Vec<Effect>), String> {
        let old = Box::new(remote(found, subject)?);
        if old.destination != subject.destination {
            return Err("a sync is changed in place that has another destination".to_owned());
        }
        let new_name = (old.name != subject.name).then_some(subject.name.as_str());
        if body.get("name").map(Value::as_str) != new_name.map(Some) {
            return Err("the request renames another way than the sync".to_owned());
        }
        if body.contains_key("projectId") || body.contains_key("destination") {
            return Err("the request moves the sync, which no update can".to_owned());
        }
        let spec = self.spec(subject)?;
        let agreed = self.agreed(&spec, subject);
        let [before, after] =
            [&Map::new(), &body].map(|request| normalize::updated(&agreed.create, &old, request));
        let difference = diff::compare(&agreed, &after, &before);
        let connection = named_connection(connection, &body)?;
        let changes = shown::of_update(
            &old,
            &subject.name,
            connection.as_deref(),
            &difference.changes,
        );
        if changes.is_empty() {
            return Err("an update changes nothing".to_owned());
        }
        let effects = subject.platform.rules().effects_of_update(
            &after,
            &difference.changes,
            old.was_pushed(),
        );
        let step = Step::Update(Update {
            expected: normalize::updated(&spec.create, &old, &body),
            before: normalize::updated(&spec.create, &old, &Map::new()),
            old,
            body,
            connection,
            spec,
        });
        Ok((step, changes, effects))
    }
}

/// The name of a connection, if the request has one that it can be the name of.
fn named_connection(
    connection: Option<String>,
    body: &Map<String, Value>,
) -> Result<Option<String>, String> {
    let is_sent = body.get(CONNECTION_ID).is_some_and(Value::is_string);
    match connection {
        Some(name) if name.is_empty() => Err("a connection has no name".to_owned()),
        connection => Ok(connection.filter(|_| is_sent)),
    }
}

fn remote(found: wire::Found, subject: &Subject) -> Result<RemoteSync, String> {
    if found.id.is_empty() || found.name.is_empty() || !is_slug(&found.destination) {
        return Err("the sync that was found has no id, no name or no destination".to_owned());
    }
    Ok(RemoteSync {
        id: found.id,
        name: found.name,
        destination: found.destination,
        project_id: subject.project_id.clone(),
        connection: RemoteConnection {
            id: found.connection.id,
            name: found.connection.name,
            app: found.connection.app,
        },
        environment: found.environment,
        secret_path: found.secret_path,
        fields: found.fields,
        created_at: None,
        updated_at: None,
        sync_job: Job {
            // When it was is not in the file, and decides nothing here.
            at: found.pushed.then(|| "once".to_owned()),
            ..Job::default()
        },
        import_job: Job::default(),
        remove_job: Job::default(),
    })
}

/// A sync that an action is about under the name and destination that it has.
fn own(found: RemoteSync, subject: &Subject) -> Result<RemoteSync, String> {
    if found.name == subject.name && found.destination == subject.destination {
        Ok(found)
    } else {
        Err("another sync was found than the action is about".to_owned())
    }
}

fn verb(word: &str) -> Result<Verb, String> {
    let verbs = [
        Verb::Create,
        Verb::Update,
        Verb::Replace,
        Verb::Delete,
        Verb::Start,
        Verb::Trigger,
    ];
    let found = verbs.into_iter().find(|verb| verb.word() == word);
    found.ok_or_else(|| format!("there is no action {word:?}"))
}

fn blocked(word: &str, details: &[String]) -> Result<Blocked, String> {
    let reasons = [
        Blocked::Protected,
        Blocked::OtherDestination(details.join(", ")),
        Blocked::SourceFolderGone,
        Blocked::UnknownFields(details.to_vec()),
        Blocked::NotChangeable(details.to_vec()),
        Blocked::NameNotFreed(details.join(", ")),
        Blocked::BeingRemoved,
        Blocked::NoState,
        Blocked::StartUnknown,
        Blocked::NotDeletable,
    ];
    let found = reasons.into_iter().find(|reason| reason.word() == word);
    found.ok_or_else(|| format!("nothing can be blocked as {word:?}"))
}

fn change(change: wire::Change) -> FieldChange {
    FieldChange {
        path: change.path,
        before: change.before,
        after: change.after,
    }
}

/// Checks that each action comes after actions that there are, and none after itself.
fn check_order(plan: &Plan) -> Result<(), PlanFileError> {
    let wrong = || bad("is not one that secsync wrote: its actions wait for each other");
    let count = plan.actions.len();
    let mut waits: Vec<usize> = Vec::with_capacity(count);
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, action) in plan.actions.iter().enumerate() {
        let before: BTreeSet<usize> = action.after.iter().copied().collect();
        waits.push(before.len());
        for before in before {
            followers.get_mut(before).ok_or_else(wrong)?.push(index);
        }
    }
    let mut ready: Vec<usize> = (0..count).filter(|index| waits[*index] == 0).collect();
    let mut ordered = 0;
    while let Some(index) = ready.pop() {
        ordered += 1;
        for follower in &followers[index] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.push(*follower);
            }
        }
    }
    if ordered == count {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// Checks that each sync has at most one change and one trigger, and that a trigger is about what
/// it follows.
fn check_once(plan: &Plan) -> Result<(), PlanFileError> {
    let mut subjects = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for action in &plan.actions {
        let is_trigger = action.verb() == Verb::Trigger;
        let key = (
            &action.subject.server,
            &action.subject.project_id,
            &action.subject.name,
        );
        let subject = &action.subject;
        let destination = subject.platform.identifying(&subject.destination);
        let is_new = subjects.insert((is_trigger, key, destination));
        let is_new_id = action
            .found()
            .is_none_or(|found| ids.insert((is_trigger, &action.subject.server, &found.id)));
        let follows = change_before(plan, action).map(|index| &plan.actions[index]);
        let fits = match (&action.step, follows) {
            (Step::Trigger { old: None }, Some(change)) => {
                matches!(change.step, Step::Create(_) | Step::Replace { .. })
            }
            (Step::Trigger { old: Some(old) }, Some(change)) => {
                matches!(&change.step, Step::Update(update) if update.old.id == old.id)
            }
            (Step::Trigger { old: Some(old) }, None) => {
                old.name == action.subject.name && old.destination == action.subject.destination
            }
            (Step::Trigger { old: None }, None) => false,
            _ => true,
        };
        if !(is_new && is_new_id && fits) {
            return Err(bad(&format!(
                "is not one that secsync wrote: its actions on {:?} do not fit together",
                action.subject.address()
            )));
        }
    }
    Ok(())
}

/// Checks that a name stands for one id everywhere.
fn check_names(plan: &Plan) -> Result<(), PlanFileError> {
    let mut seen = BTreeSet::new();
    for named in names(plan) {
        if !seen.insert((named.provider, named.what, named.name.clone())) {
            return Err(bad(&format!(
                "is not one that secsync wrote: {:?} stands for two different things in it",
                named.name
            )));
        }
    }
    Ok(())
}
