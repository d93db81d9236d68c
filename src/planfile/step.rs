//! The step of an action, checked against the sync that it is about, and what it shows.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::read::{PlanReader, identity};
use super::wire;
use crate::core::diff::{self, FieldChange};
use crate::core::fields::{CONNECTION_ID, DESTINATION, NAME, PROJECT_ID};
use crate::core::ignore;
use crate::core::normalize;
use crate::core::plan::action::Create;
use crate::core::plan::{Blocked, Effect, Step, Subject, Update, Verb, effect, shown};
use crate::core::remote::{Job, RemoteSync};
use crate::core::spec::DestinationSpec;
use crate::provider::rules;
use crate::schema::schema_file::is_slug;

impl PlanReader<'_> {
    /// A step, and what it shows.
    pub(super) fn step(
        &self,
        step: wire::SavedStep,
        subject: &Subject,
    ) -> Result<(Step, Vec<FieldChange>, Vec<Effect>), String> {
        Ok(match step {
            wire::SavedStep::Create {
                connection,
                body,
                ignore_remote,
                stale_rename,
            } => {
                let create = self.create(body, connection, ignore_remote, subject)?;
                let (changes, mut effects) = self.shown_of_create(&create, subject);
                if stale_rename {
                    effects.push(Effect::StaleRename);
                }
                (Step::Create(create), changes, effects)
            }
            wire::SavedStep::Update {
                found,
                connection,
                body,
                ignore_remote,
                resend,
            } => {
                let request = Request {
                    connection,
                    body,
                    ignored: ignore_remote,
                    is_resent: resend,
                };
                self.update(found, request, subject)?
            }
            wire::SavedStep::Replace {
                found,
                remove_secrets,
                connection,
                body,
                ignore_remote,
            } => {
                let old = Box::new(remote(found, subject)?);
                if old.destination == subject.destination {
                    return Err("it replaces a sync without changing its destination".to_owned());
                }
                let new = self.create(body, connection, ignore_remote, subject)?;
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
            wire::SavedStep::Delete {
                found,
                remove_secrets,
                reason,
            } => {
                let old = Box::new(own(remote(found, subject)?, subject)?);
                let step = Step::Delete {
                    old,
                    remove_secrets,
                    reason,
                };
                (step, Vec::new(), vec![effect::of_delete(remove_secrets)])
            }
            wire::SavedStep::Start {} => (Step::Start, Vec::new(), Vec::new()),
            wire::SavedStep::Trigger { found } => {
                let old = found.map(|found| remote(found, subject)).transpose()?;
                let step = Step::Trigger {
                    old: old.map(Box::new),
                };
                (step, Vec::new(), Vec::new())
            }
            wire::SavedStep::Blocked {
                wanted,
                reason,
                details,
                changes,
            } => {
                if wanted == Verb::Blocked {
                    return Err("`blocked` is not a kind of action".to_owned());
                }
                let reason = blocked(&reason, &details)?;
                (Step::Blocked { wanted, reason }, changes, Vec::new())
            }
        })
    }

    fn create(
        &self,
        body: Map<String, Value>,
        connection: Option<String>,
        ignored: Vec<String>,
        subject: &Subject,
    ) -> Result<Create, String> {
        let says = |key: &str, value: &str| body.get(key).is_some_and(|said| said == value);
        if !says(NAME, &subject.name) || !says(PROJECT_ID, &subject.project_id) {
            return Err("the request and the sync differ in name or project".to_owned());
        }
        let spec = ignoring(&self.spec(subject)?, &ignored, &Map::new(), &body)?;
        Ok(Create {
            expected: normalize::comparable(&spec.create, body.clone()),
            connection: named_connection(connection, &body)?,
            body,
            ignored,
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
            shown::of_create(create),
            effect::of_create(
                rules(subject.platform),
                &expected,
                self.triggered.contains(&identity(subject)),
            ),
        )
    }

    fn update(
        &self,
        found: wire::SavedRemote,
        request: Request,
        subject: &Subject,
    ) -> Result<(Step, Vec<FieldChange>, Vec<Effect>), String> {
        let Request {
            connection,
            body,
            ignored,
            is_resent,
        } = request;
        let old = Box::new(remote(found, subject)?);
        if old.destination != subject.destination {
            return Err("it changes a sync in place that has another destination".to_owned());
        }
        let new_name = (old.name != subject.name).then_some(subject.name.as_str());
        if body.get(NAME).map(Value::as_str) != new_name.map(Some) {
            return Err("the request and the sync differ in their new name".to_owned());
        }
        if body.contains_key(PROJECT_ID) || body.contains_key(DESTINATION) {
            return Err("the request moves the sync, which no update can".to_owned());
        }
        let there = normalize::declarable(&old);
        let spec = ignoring(&self.spec(subject)?, &ignored, &there, &body)?;
        let mut kept = body.clone();
        spec.create.keep_ignored(&mut kept, &there);
        if kept != body {
            return Err("its request changes a field that it ignores".to_owned());
        }
        let agreed = self.agreed(&spec, subject);
        let [before, after] =
            [&Map::new(), &body].map(|request| normalize::updated(&agreed.create, &old, request));
        let difference = diff::compare(&agreed.create, &after, &before);
        let connection = named_connection(connection, &body)?;
        let changes = shown::of_update(
            &old,
            &subject.name,
            connection.as_deref(),
            &difference.changes,
        );
        if changes.is_empty() && !is_resent {
            return Err("its update changes nothing".to_owned());
        }
        let mut effects = rules(subject.platform).effects_of_update(
            &after,
            &difference.changes,
            old.was_pushed(),
        );
        effects.extend(effect::of_sending(&spec, &body, is_resent));
        let step = Step::Update(Update {
            expected: normalize::updated(&spec.create, &old, &body),
            before: normalize::updated(&spec.create, &old, &Map::new()),
            old,
            body,
            connection,
            is_resent,
            ignored,
            spec,
        });
        Ok((step, changes, effects))
    }
}

/// What an update sends, and why.
struct Request {
    connection: Option<String>,
    body: Map<String, Value>,
    ignored: Vec<String>,
    is_resent: bool,
}

/// A destination with what a sync ignores.
fn ignoring(
    spec: &Arc<DestinationSpec>,
    ignored: &[String],
    remote: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<Arc<DestinationSpec>, String> {
    let mut patterns = ignored.iter();
    let is_wrong = |pattern: &&String| {
        ignore::problem(pattern).is_some() || spec.create.tag_within(pattern).is_some()
    };
    if let Some(wrong) = patterns.find(is_wrong) {
        return Err(format!("it ignores {wrong:?}"));
    }
    let patterns = ignored.iter().map(String::as_str);
    Ok(ignore::ignoring(spec, patterns, remote, body))
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

fn remote(found: wire::SavedRemote, subject: &Subject) -> Result<RemoteSync, String> {
    if found.id.is_empty() || found.name.is_empty() || !is_slug(&found.destination) {
        return Err("the sync that was found has no id, no name or no destination".to_owned());
    }
    Ok(RemoteSync {
        id: found.id,
        name: found.name,
        destination: found.destination,
        project_id: subject.project_id.clone(),
        connection: found.connection,
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
        Err("the action is about another sync than it found".to_owned())
    }
}

fn blocked(word: &str, details: &[String]) -> Result<Blocked, String> {
    let reasons = [
        Blocked::Protected,
        Blocked::OtherDestination(details.join(", ")),
        Blocked::SourceFolderGone,
        Blocked::UnknownFields(details.to_vec()),
        Blocked::ReadOnlyFields(details.to_vec()),
        Blocked::NotReadBack(details.to_vec()),
        Blocked::NotChangeable(details.to_vec()),
        Blocked::NameNotFreed(details.join(", ")),
        Blocked::BeingRemoved,
        Blocked::NoState,
        Blocked::StartUnknown,
        Blocked::NotDeletable,
    ];
    let found = reasons.into_iter().find(|reason| reason.word() == word);
    found.ok_or_else(|| format!("{word:?} is not a reason to block"))
}
