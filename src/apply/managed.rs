//! Actions on a platform whose syncs can be read back, and finding out what happened if an answer
//! was lost.

use serde_json::{Map, Value};

use super::attempt::Attempt;
use super::follow::{Ended, Watched};
use super::outcome::{ActionFailure, OldState, OldSync, Outcome};
use super::pauses::{LOOK_PAUSES, Pauses, when_idle};
use super::{ApplyContext, definition};
use crate::core::diff;
use crate::core::fields::{ENVIRONMENT, NAME, SECRET_PATH};
use crate::core::normalize::{self, Comparable};
use crate::core::plan::Subject;
use crate::core::plan::action::{Create, Update};
use crate::core::remote::{Job, JobKind, JobStatus, RemoteSync};
use crate::core::spec::DestinationSpec;
use crate::core::text::platform_message;
use crate::core::words::list;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::provider::{Deletion, ManagedSyncs, rules};

/// An action on a platform whose syncs can be read back.
pub(super) struct Managed<'a> {
    /// Which action of the plan it is.
    pub(super) index: usize,
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

    /// What came of a write that took effect, given the sync that its answer or a look shows.
    fn written(&self, shown: &RemoteSync, expected: &Expected<'_>) -> Ended {
        let platform = self.subject.platform;
        let is_pushed = rules(platform).is_auto_synced(expected.after)
            || shown.sync_job.status == Some(JobStatus::Pending);
        Ended {
            outcome: match expected.check(shown, &self.subject.name) {
                Ok(note) => Outcome::Done {
                    id: Some(shown.id.clone()),
                    note,
                },
                Err(lost) => Outcome::NotAsDeclared {
                    id: shown.id.clone(),
                    failure: lost.after(expected.sent),
                },
            },
            watched: (platform.has_jobs() && is_pushed).then(|| self.watched(shown, JobKind::Sync)),
        }
    }

    pub(super) async fn create(&self, create: &Create, mut attempt: Attempt) -> Ended {
        let expected = Expected {
            spec: &create.spec,
            after: &create.expected,
            before: &Comparable::new(),
            sent: &create.body,
        };
        let mut doubt: Option<RequestError> = None;
        // Sent again only after a look has shown that the first one did not take effect.
        for _ in 0..2 {
            let sending = self.provider.create(self.destination(), &create.body);
            let error = match attempt.send(sending).await {
                Ok(answer) => return self.written(&answer, &expected),
                Err(error) => error,
            };
            if !attempt.is_in_doubt() {
                return match error.kind {
                    RequestErrorKind::NameTaken => self.name_taken(error).await.into(),
                    _ => attempt.ended(error).into(),
                };
            }
            let found = self.look(|syncs| self.named(syncs)).await;
            let error = doubt.take().unwrap_or(error);
            match found {
                Ok(Some(found)) if found.destination == self.destination() => {
                    return match expected.check_whole(&found, &self.subject.name) {
                        Ok(()) => self.written(&found, &expected),
                        Err(lost) => attempt
                            .failed(lost.or_by_somebody_else(&self.subject.name, &error))
                            .into(),
                    };
                }
                // It has the name, so that the create has not taken effect, and never will.
                Ok(Some(_)) => return Outcome::Failed(self.name_was_taken()).into(),
                Ok(None) if !self.context.cancellation.is_cancelled() => doubt = Some(error),
                Ok(None) | Err(_) => return attempt.ended(error).into(),
            }
        }
        let why = doubt.map_or_else(String::new, |error| format!("{} ", error.message));
        let message = format!("{why}It was sent twice, and the sync does not show up.");
        let failure = ActionFailure::new(message).help("Run `secsync plan` to see what exists.");
        attempt.failed(failure).into()
    }

    /// The sync among these that has the identity of this one.
    fn named(&self, syncs: Vec<RemoteSync>) -> Option<RemoteSync> {
        let identifying = self.subject.platform.identifying(self.destination());
        let is_it = |sync: &RemoteSync| {
            sync.name == self.subject.name
                && identifying.is_none_or(|destination| sync.destination == destination)
        };
        syncs.into_iter().find(is_it)
    }

    /// Looks at the syncs of the project until they show something. A list can be older than a
    /// write (Infisical reads from replicas), and a write whose answer was lost can arrive late: so
    /// what does not show is looked for again before that is believed.
    async fn look<T>(
        &self,
        find: impl Fn(Vec<RemoteSync>) -> Option<T>,
    ) -> Result<Option<T>, RequestError> {
        let subject = self.subject;
        let mut pauses = LOOK_PAUSES.iter();
        loop {
            let syncs = self.provider.list(&subject.project_id, &subject.project);
            let found = syncs.await.map(&find);
            let is_final = match &found {
                Ok(found) => found.is_some(),
                Err(error) => !error.can_pass(),
            };
            let Some(pause) = pauses.next().filter(|_| !is_final) else {
                return found;
            };
            tokio::select! {
                biased;
                () = self.context.cancellation.cancelled() => {
                    let message = "The run was interrupted while it looked for the sync.";
                    return Err(RequestError::new(RequestErrorKind::Interrupted, message));
                }
                () = self.context.clock.sleep(*pause) => {}
            }
        }
    }

    /// Tells whether the sync that has the name can be seen.
    async fn name_taken(&self, error: RequestError) -> Outcome {
        let failure = match self.look(|syncs| self.named(syncs)).await {
            Ok(Some(_)) => self.name_was_taken(),
            Ok(None) => ActionFailure::new(format!(
                "A sync named `{}` exists, but this identity cannot read it.",
                self.subject.name
            ))
            .help("Grant the identity the permission to read it, or choose another name."),
            Err(_) => ActionFailure::new(error.message).help("Run `secsync plan` again."),
        };
        Outcome::Failed(failure.of_kind(RequestErrorKind::NameTaken))
    }

    fn name_was_taken(&self) -> ActionFailure {
        let name = &self.subject.name;
        ActionFailure::new(format!(
            "A sync named `{name}` was created since the plan was made."
        ))
        .help("Run `secsync plan` again.")
    }

    pub(super) async fn update(&self, update: &Update, mut attempt: Attempt) -> Ended {
        let expected = Expected {
            spec: &update.spec,
            after: &update.expected,
            before: &update.before,
            sent: &update.body,
        };
        let (destination, id) = (self.destination(), &update.old.id);
        let sending = self.provider.update(destination, id, &update.body);
        let error = match attempt.send(sending).await {
            Ok(answer) => return self.written(&answer, &expected),
            Err(error) => error,
        };
        if attempt.is_in_doubt() {
            let holds = |sync: &RemoteSync| {
                sync.id == *id && expected.check_whole(sync, &self.subject.name).is_ok()
            };
            return match self.look(|syncs| syncs.into_iter().find(holds)).await {
                Ok(Some(found)) => self.written(&found, &expected),
                Ok(None) | Err(_) => attempt.ended(error).into(),
            };
        }
        match error.kind {
            RequestErrorKind::NameTaken => self.name_taken(error).await.into(),
            _ => attempt.ended(error).into(),
        }
    }

    pub(super) async fn delete(
        &self,
        (old, remove_secrets): (&RemoteSync, bool),
        mut attempt: Attempt,
    ) -> Ended {
        match self.remove(old, remove_secrets, &mut attempt).await {
            Ok(Deletion::Gone) => Outcome::done(&old.id).into(),
            Ok(Deletion::Pending(answer)) => Ended {
                outcome: Outcome::Done {
                    id: Some(old.id.clone()),
                    note: Some(
                        "A job removes its secrets first; the sync is deleted when that has ended."
                            .to_owned(),
                    ),
                },
                watched: Some(self.watched(&answer, JobKind::Removal)),
            },
            Err(error) => attempt.ended(error).into(),
        }
    }

    /// Deletes a sync, and looks what came of it if the answer does not say.
    async fn remove(
        &self,
        old: &RemoteSync,
        remove_secrets: bool,
        attempt: &mut Attempt,
    ) -> Result<Deletion, RequestError> {
        let sending = when_idle(self.context, async || {
            self.provider
                .delete(&old.destination, &old.id, remove_secrets)
                .await
        });
        let error = match attempt.send(sending).await {
            Err(error) if attempt.is_in_doubt() || error.kind == RequestErrorKind::NoRoute => error,
            result => return result,
        };
        let seen = self.look(
            |syncs| match syncs.into_iter().find(|sync| sync.id == old.id) {
                None => Some(Deletion::Gone),
                Some(sync) if remove_secrets && sync.remove_job.is_going() => {
                    Some(Deletion::Pending(Box::new(sync)))
                }
                Some(_) => None,
            },
        );
        match seen.await {
            Ok(Some(deletion)) => {
                attempt.settle();
                Ok(deletion)
            }
            Ok(None) | Err(_) => Err(error),
        }
    }

    pub(super) async fn trigger(&self, id: &str, mut attempt: Attempt) -> Ended {
        let sending = when_idle(self.context, async || {
            self.provider.trigger(self.destination(), id).await
        });
        match attempt.send(sending).await {
            Ok(answer) => Ended {
                outcome: Outcome::done(id),
                watched: Some(self.watched(&answer, JobKind::Sync)),
            },
            Err(error) => attempt.ended(error).into(),
        }
    }

    /// Deletes and creates again. What the new sync needs is looked for before the old one goes, and
    /// the old one's definition is reported before anything is sent.
    pub(super) async fn replace(
        &self,
        (old, remove_secrets): (&RemoteSync, bool),
        new: &Create,
        mut attempt: Attempt,
    ) -> Ended {
        attempt = match self.source_is_there(new, attempt).await {
            Ok(attempt) => attempt,
            Err(outcome) => return outcome.into(),
        };
        if self.context.cancellation.is_cancelled() {
            let reason = "The run was interrupted before the old sync was deleted.";
            return attempt.given_up(reason).into();
        }
        let definition = definition(old);
        self.context.observer.replaces(self.index, &definition);
        let with_old = |state, failure: ActionFailure| ActionFailure {
            old: Some(OldSync {
                definition: definition.clone(),
                state,
            }),
            ..failure
        };
        match self.remove(old, remove_secrets, &mut attempt).await {
            Ok(Deletion::Gone) => {}
            Ok(Deletion::Pending(answer)) => {
                let last = &answer.remove_job;
                if let Err((failure, state)) = self.wait_until_gone(old, last).await {
                    let failure = match state {
                        Some(state) => with_old(state, failure),
                        None => failure,
                    };
                    return attempt.failed(failure).into();
                }
            }
            Err(error) if attempt.is_in_doubt() => {
                let failure = ActionFailure::from(error)
                    .after("The old sync may have been deleted, and the new one was not created.");
                return attempt.failed(with_old(OldState::Unknown, failure)).into();
            }
            Err(error) => return attempt.ended(error).into(),
        }
        let mut created = self.create(new, attempt).await;
        let lost = |failure: ActionFailure| {
            with_old(
                OldState::Deleted,
                failure.after("The old sync was deleted."),
            )
        };
        created.outcome = match created.outcome {
            Outcome::Failed(failure) => Outcome::Failed(lost(failure)),
            Outcome::Unknown(failure) => Outcome::Unknown(lost(failure)),
            other @ (Outcome::Done { .. }
            | Outcome::NotAsDeclared { .. }
            | Outcome::NotTried(_)
            | Outcome::Blocked) => other,
        };
        created
    }

    async fn source_is_there(&self, new: &Create, attempt: Attempt) -> Result<Attempt, Outcome> {
        let text = |key: &str| {
            new.expected
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (environment, path) = (text(ENVIRONMENT), text(SECRET_PATH));
        let project = &self.subject.project_id;
        match self.provider.has_folder(project, environment, path).await {
            Ok(true) => Ok(attempt),
            Ok(false) => {
                let message = format!(
                    "The folder `{path}` does not exist in the environment `{environment}`, so the old sync \
                     was not deleted."
                );
                let failure = ActionFailure::new(message);
                let help = "Create the folder, or correct the file.";
                Err(attempt.failed(failure.help(help)))
            }
            Err(error) if error.kind == RequestErrorKind::Interrupted => Err(attempt.ended(error)),
            Err(error) => Err(attempt.failed(ActionFailure::from(error).after(
                "It is unknown whether the new sync could be created, so the old one was not deleted.",
            ))),
        }
    }

    /// Waits for the end of a removal, given the one before it as the deletion's answer shows it. An
    /// answer that cannot be read says nothing about the removal, so it is asked for again.
    ///
    /// An error says what becomes of the old sync; nothing if it stays.
    async fn wait_until_gone(
        &self,
        old: &RemoteSync,
        last: &Job,
    ) -> Result<(), (ActionFailure, Option<OldState>)> {
        let mut pauses = Pauses::new(self.context);
        let trouble = loop {
            let trouble = match self.provider.get(&old.destination, &old.id).await {
                Ok(None) => return Ok(()),
                Ok(Some(found)) => {
                    let job = found.remove_job;
                    if job.has_failed() && job.last_id != last.last_id {
                        let message = format!(
                            "The secrets at the old destination could not be removed, so the old sync was kept and the new one was not created. {}",
                            platform_message(&job.message.unwrap_or_default())
                        );
                        let help = "Fix the destination, or use `onDelete: keep-secrets`.";
                        return Err((ActionFailure::new(message).help(help), None));
                    }
                    None
                }
                Err(error) if error.kind == RequestErrorKind::Interrupted => None,
                Err(error) if !error.can_pass() => break Some(error),
                Err(error) => Some(error),
            };
            if !pauses.pause().await {
                break trouble;
            }
        };
        let message = "The old sync is still being deleted, so the new one was not created.";
        let failure = match trouble {
            Some(error) => ActionFailure::from(error).after(message),
            None => ActionFailure::new(message),
        };
        let failure = failure.help("Run `secsync apply` again when it is gone.");
        Err((failure, Some(OldState::BeingDeleted)))
    }
}

/// What a sync should be after a write, and what it was before.
struct Expected<'a> {
    spec: &'a DestinationSpec,
    after: &'a Comparable,
    before: &'a Comparable,
    /// The fields of the request.
    sent: &'a Map<String, Value>,
}

impl Expected<'_> {
    /// Fails if an answer does not show what was sent. What the server adds by itself is right. Else
    /// what there is to know of it, as full sentences.
    fn check(&self, answer: &RemoteSync, name: &str) -> Result<Option<String>, Lost> {
        let answered = normalize::remote(self.spec, answer);
        let not_kept = diff::not_kept(self.spec, self.after, &answered, self.before);
        Lost::unless_empty(&not_kept.lost, answer, name)?;
        let dropped: Vec<_> = not_kept
            .nothing
            .into_iter()
            .map(|change| change.path)
            .collect();
        Ok((!dropped.is_empty()).then(|| {
            format!(
                "This version of the server does not keep {} as declared, which means the same as \
                 leaving it out. Leave it out of the file, or the next plan lists it again.",
                Lost(dropped).fields()
            )
        }))
    }

    /// Fails if a sync that was looked up is not as it should be. Unlike an answer it can be somebody
    /// else's work, who may have set fields that were not sent.
    fn check_whole(&self, found: &RemoteSync, name: &str) -> Result<(), Lost> {
        let shown = normalize::remote(self.spec, found);
        let mut differing = diff::compare(&self.spec.create, self.after, &shown).changes;
        differing.retain(|change| !diff::asks_for_nothing(&self.spec.create, change, self.after));
        Lost::unless_empty(&differing, found, name)
    }
}

/// The fields that are not as declared, as paths.
struct Lost(Vec<Vec<String>>);

impl Lost {
    fn unless_empty(
        changes: &[diff::FieldChange],
        shown: &RemoteSync,
        name: &str,
    ) -> Result<(), Self> {
        let mut fields: Vec<_> = changes.iter().map(|change| change.path.clone()).collect();
        if shown.name != name {
            fields.insert(0, vec![NAME.to_owned()]);
        }
        if fields.is_empty() {
            Ok(())
        } else {
            Err(Self(fields))
        }
    }

    fn fields(&self) -> String {
        let fields: Vec<String> = self.0.iter().map(|path| path.join(".")).collect();
        list(fields.iter().map(String::as_str))
    }

    /// What is wrong after a request with these fields: of what was sent the server dropped something,
    /// and what was not sent has changed since it was read.
    fn after(self, sent: &Map<String, Value>) -> ActionFailure {
        let is_sent = |path: &Vec<String>| path.first().is_some_and(|key| sent.contains_key(key));
        let (dropped, changed): (Vec<_>, Vec<_>) = self.0.into_iter().partition(is_sent);
        let mut sentences = Vec::new();
        let mut help = Vec::new();
        if !dropped.is_empty() {
            sentences.push(format!(
                "The server accepted the request but did not keep {} as sent.",
                Self(dropped).fields()
            ));
            help.push(
                "This version of the server may not support it: run `secsync schema pull --from-server` and \
                 correct the file.",
            );
        }
        if !changed.is_empty() {
            sentences.push(format!(
                "Meanwhile somebody else or the server itself changed {}, so the sync is not as declared.",
                Self(changed).fields()
            ));
            help.push("Run `secsync plan` to see what is left to do.");
        }
        ActionFailure::new(sentences.join(" ")).help(help.join(" "))
    }

    /// `error` is why there is no answer that would tell.
    fn or_by_somebody_else(&self, name: &str, error: &RequestError) -> ActionFailure {
        ActionFailure::new(format!(
            "{} A sync named `{name}` exists now, and differs from what was sent in {}: the server \
             did not keep that, or somebody else created it.",
            error.message,
            self.fields()
        ))
        .help(
            "Run `secsync plan` to see what it is. If this version of the server does not support a \
             field, run `secsync schema pull --from-server` and correct the file.",
        )
    }
}
