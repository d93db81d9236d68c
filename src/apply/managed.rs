//! Actions on a platform whose syncs can be read back, and finding out what happened if an answer
//! was lost.

use serde_json::{Map, Value};

use super::ApplyContext;
use super::follow::{Ended, Watched};
use super::outcome::{ActionFailure, Outcome};
use super::pauses::{Pauses, when_idle};
use crate::core::diff;
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::normalize::{self, Comparable};
use crate::core::plan::Subject;
use crate::core::plan::action::{Create, Update};
use crate::core::remote::{JobKind, JobStatus, RemoteSync};
use crate::core::spec::DestinationSpec;
use crate::core::text::platform_message;
use crate::core::words::list;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::provider::{Deletion, ManagedSyncs, rules};

/// An action on a platform whose syncs can be read back.
pub(super) struct Managed<'a> {
    pub(super) subject: &'a Subject,
    pub(super) provider: &'a dyn ManagedSyncs,
    pub(super) context: &'a ApplyContext<'a>,
}

impl Managed<'_> {
    fn destination(&self) -> &str {
        &self.subject.destination
    }

    fn watched(&self, answer: &RemoteSync, kind: JobKind) -> Watched {
        Watched {
            subject: self.subject.clone(),
            kind,
            is_deletion: kind == JobKind::Removal,
            sync: answer.clone(),
        }
    }

    /// What came of a write that was answered.
    fn answered(&self, answer: &RemoteSync, expected: &Expected<'_>) -> Ended {
        let platform = self.subject.platform;
        let is_pushed = rules(platform).is_auto_synced(expected.after)
            || answer.sync_job.status == Some(JobStatus::Pending);
        let watched =
            (platform.has_jobs() && is_pushed).then(|| self.watched(answer, JobKind::Sync));
        let outcome = match expected.check(answer, &self.subject.name) {
            Ok(()) => Outcome::done(&answer.id),
            Err(failure) => Outcome::Failed(failure),
        };
        Ended { outcome, watched }
    }

    pub(super) async fn create(&self, create: &Create) -> Ended {
        let expected = Expected {
            spec: &create.spec,
            after: &create.expected,
            before: &Comparable::new(),
        };
        let mut last: Option<RequestError> = None;
        // Sent again only after a look has shown that the first one did not take effect.
        for _ in 0..2 {
            match self.provider.create(self.destination(), &create.body).await {
                Ok(answer) => return self.answered(&answer, &expected),
                Err(error) if error.maybe_done => match self.find_by_name().await {
                    Ok(Some(found)) if found.destination == self.destination() => {
                        return self.answered(&found, &expected);
                    }
                    Ok(Some(_)) => return self.name_taken(error).await.into(),
                    Ok(None) if !self.context.cancellation.is_cancelled() => last = Some(error),
                    Ok(None) | Err(_) => return error.into(),
                },
                Err(error) if error.kind == RequestErrorKind::NameTaken => {
                    return self.name_taken(error).await.into();
                }
                Err(error) => return error.into(),
            }
        }
        let why = last.map_or_else(String::new, |error| format!("{} ", error.message));
        let message = format!("{why}It was sent twice, and the sync does not show up.");
        let failure = ActionFailure::new(message).help("Run `secsync plan` to see what exists.");
        Outcome::Unknown(failure).into()
    }

    async fn find_by_name(&self) -> Result<Option<RemoteSync>, RequestError> {
        let subject = self.subject;
        let syncs = self
            .provider
            .list(&subject.project_id, &subject.project)
            .await?;
        Ok(syncs
            .into_iter()
            .find(|sync| sync.name == self.subject.name))
    }

    /// Tells whether the sync that has the name can be seen.
    async fn name_taken(&self, error: RequestError) -> Outcome {
        let name = &self.subject.name;
        let (message, help) = match self.find_by_name().await {
            Ok(Some(_)) => (
                format!("A sync named `{name}` was created since the plan was made."),
                "Run `secsync plan` again.",
            ),
            Ok(None) => (
                format!("A sync named `{name}` exists, but this identity cannot read it."),
                "Grant the identity the permission to read it, or choose another name.",
            ),
            Err(_) => (error.message, "Run `secsync plan` again."),
        };
        Outcome::Failed(ActionFailure::new(message).help(help))
    }

    pub(super) async fn update(&self, update: &Update) -> Ended {
        let expected = Expected {
            spec: &update.spec,
            after: &update.expected,
            before: &update.before,
        };
        let (destination, id) = (self.destination(), &update.old.id);
        match self.provider.update(destination, id, &update.body).await {
            Ok(answer) => self.answered(&answer, &expected),
            Err(error) if error.maybe_done => match self.provider.get(destination, id).await {
                Ok(Some(found)) if expected.check(&found, &self.subject.name).is_ok() => {
                    self.answered(&found, &expected)
                }
                _ => error.into(),
            },
            Err(error) if error.kind == RequestErrorKind::NameTaken => {
                self.name_taken(error).await.into()
            }
            Err(error) => error.into(),
        }
    }

    pub(super) async fn delete(&self, id: &str, remove_secrets: bool) -> Ended {
        match self
            .delete_when_idle(self.destination(), id, remove_secrets)
            .await
        {
            Ok(Deletion::Gone) => Outcome::done(id).into(),
            Ok(Deletion::Pending(answer)) => Ended {
                outcome: Outcome::Done {
                    id: Some(id.to_owned()),
                    note: Some(
                        "A job removes its secrets first; the sync is deleted when that has ended."
                            .to_owned(),
                    ),
                },
                watched: Some(self.watched(&answer, JobKind::Removal)),
            },
            Err(error) => error.into(),
        }
    }

    async fn delete_when_idle(
        &self,
        destination: &str,
        id: &str,
        remove_secrets: bool,
    ) -> Result<Deletion, RequestError> {
        when_idle(self.context, async || {
            self.provider.delete(destination, id, remove_secrets).await
        })
        .await
    }

    pub(super) async fn trigger(&self, id: &str) -> Ended {
        let answer = when_idle(self.context, async || {
            self.provider.trigger(self.destination(), id).await
        });
        match answer.await {
            Ok(answer) => Ended {
                outcome: Outcome::done(id),
                watched: Some(self.watched(&answer, JobKind::Sync)),
            },
            Err(error) => error.into(),
        }
    }

    /// Deletes and creates again. What the new sync needs is looked for before the old one goes.
    pub(super) async fn replace(
        &self,
        old: &RemoteSync,
        remove_secrets: bool,
        new: &Create,
    ) -> Ended {
        if let Err(outcome) = self.source_is_there(new).await {
            return outcome.into();
        }
        match self
            .delete_when_idle(&old.destination, &old.id, remove_secrets)
            .await
        {
            Ok(Deletion::Gone) => {}
            Ok(Deletion::Pending(_)) => {
                if let Err(outcome) = self.wait_until_gone(old).await {
                    return outcome.into();
                }
            }
            Err(error) => return error.into(),
        }
        let mut created = self.create(new).await;
        let with_definition = |failure: ActionFailure| ActionFailure {
            lost_definition: Some(definition(old)),
            ..failure.after("The old sync was deleted.")
        };
        created.outcome = match created.outcome {
            Outcome::Failed(failure) => Outcome::Failed(with_definition(failure)),
            Outcome::Unknown(failure) => Outcome::Unknown(with_definition(failure)),
            Outcome::NotTried { reason } => {
                Outcome::Failed(with_definition(ActionFailure::new(reason)))
            }
            other @ (Outcome::Done { .. } | Outcome::Blocked) => other,
        };
        created
    }

    async fn source_is_there(&self, new: &Create) -> Result<(), Outcome> {
        let text = |key: &str| {
            new.expected
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (environment, path) = (text(ENVIRONMENT), text(SECRET_PATH));
        let project = &self.subject.project_id;
        match self.provider.has_folder(project, environment, path).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let message = format!(
                    "The folder `{path}` does not exist in the environment `{environment}`, so the old sync \
                     was not deleted."
                );
                let failure = ActionFailure::new(message);
                let help = "Create the folder, or correct the file.";
                Err(Outcome::Failed(failure.help(help)))
            }
            Err(error) if error.kind == RequestErrorKind::Interrupted => Err(error.into()),
            Err(error) => Err(Outcome::Failed(ActionFailure::from(error).after(
                "It is unknown whether the new sync could be created, so the old one was not deleted.",
            ))),
        }
    }

    async fn wait_until_gone(&self, old: &RemoteSync) -> Result<(), Outcome> {
        let mut pauses = Pauses::new(self.context);
        loop {
            match self.provider.get(&old.destination, &old.id).await {
                Ok(None) => return Ok(()),
                Ok(Some(found)) if found.remove_job.status == Some(JobStatus::Failed) => {
                    let message = format!(
                        "The secrets at the old destination could not be removed, so the old sync was kept and the new one was not created. {}",
                        platform_message(&found.remove_job.message.unwrap_or_default())
                    );
                    let failure = ActionFailure::new(message);
                    let help = "Fix the destination, or use `onDelete: keep-secrets`.";
                    return Err(Outcome::Failed(failure.help(help)));
                }
                Ok(Some(_)) => {}
                Err(error) if error.kind == RequestErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            if !pauses.pause().await {
                let failure = ActionFailure::new(
                    "The old sync is still being deleted, so the new one was not created.",
                );
                let help = "Run `secsync apply` again when it is gone.";
                return Err(Outcome::Failed(failure.help(help)));
            }
        }
    }
}

/// What a sync should be after a write, and what it was before.
struct Expected<'a> {
    spec: &'a DestinationSpec,
    after: &'a Comparable,
    before: &'a Comparable,
}

impl Expected<'_> {
    /// Fails if the answer does not show what was sent.
    fn check(&self, answer: &RemoteSync, name: &str) -> Result<(), ActionFailure> {
        let answered = normalize::remote(self.spec, answer);
        let lost = diff::not_kept(self.spec, self.after, &answered, self.before);
        let mut fields: Vec<String> = lost.iter().map(diff::FieldChange::dotted).collect();
        if answer.name != name {
            fields.insert(0, "name".to_owned());
        }
        if fields.is_empty() {
            return Ok(());
        }
        let message = format!(
            "The server accepted the request but did not keep {} as sent.",
            list(fields.iter().map(String::as_str))
        );
        Err(ActionFailure::new(message).help(
            "This version of the server may not support it: run `secsync schema pull --from-server` and \
             correct the file.",
        ))
    }
}

/// The definition of a sync, so that a person can bring it back.
fn definition(sync: &RemoteSync) -> String {
    let mut fields = Map::new();
    fields.insert("destination".to_owned(), sync.destination.clone().into());
    fields.insert("projectId".to_owned(), sync.project_id.clone().into());
    let declarable = normalize::declarable(sync).into_iter();
    fields.extend(declarable.filter(|(_, value)| !value.is_null()));
    let named = Map::from_iter([(sync.name.clone(), Value::Object(fields))]);
    crate::yaml::to_string(&Value::Object(named))
}
