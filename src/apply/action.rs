//! Carrying out one action, and finding out what came of it where an answer was lost.

use std::time::Duration;

use serde_json::{Map, Value};

use super::wait::Watched;
use super::{Context, Failure, JobKind, Outcome};
use crate::core::desired::list;
use crate::core::diff;
use crate::core::normalize::{self, Comparable};
use crate::core::plan::action::{Create, Update};
use crate::core::plan::{Action, Step};
use crate::core::problem::Problem;
use crate::core::remote::{JobStatus, RemoteSync};
use crate::core::spec::DestinationSpec;
use crate::provider::{
    Deletion, ManagedSyncs, Provider, ProviderError, ProviderErrorKind, StartedSyncs,
};

/// How long an action waits for a job that is in its way.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause between two looks; each further one is longer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What came of an action, and the job that it set off.
pub struct Done {
    /// What came of it.
    pub outcome: Outcome,
    /// The job to follow.
    pub watched: Option<Watched>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            watched: None,
        }
    }
}

/// Carries out an action. `created` is the id of the sync that an action before it created.
pub async fn run(action: &Action, created: Option<String>, context: &Context<'_>) -> Done {
    let Some(provider) = context.providers.get(&action.subject.provider) else {
        return not_possible("Its provider is not connected.").into();
    };
    match (&action.step, provider) {
        (Step::Start, Provider::StartOnly(provider)) => {
            start(action, provider.as_ref(), context).await.into()
        }
        (step, Provider::Managed(provider)) => {
            let managed = Managed {
                action,
                provider: provider.as_ref(),
                context,
            };
            match step {
                Step::Create(create) => managed.create(create).await,
                Step::Update(update) => managed.update(update).await,
                Step::Replace {
                    old,
                    remove_secrets,
                    new,
                } => managed.replace(old, *remove_secrets, new).await,
                Step::Delete {
                    old,
                    remove_secrets,
                    ..
                } => managed.delete(&old.id, *remove_secrets).await,
                Step::Trigger { old } => match old.as_ref().map(|old| old.id.clone()).or(created) {
                    Some(id) => managed.trigger(&id).await,
                    None => not_possible("The sync that it is about was not created.").into(),
                },
                Step::Start | Step::Blocked { .. } => {
                    not_possible("Its platform cannot do that.").into()
                }
            }
        }
        (_, Provider::StartOnly(_)) => not_possible("Its platform cannot do that.").into(),
    }
}

pub(super) fn not_possible(reason: &str) -> Outcome {
    Outcome::NotTried {
        reason: reason.to_owned(),
    }
}

pub(super) fn done(id: &str) -> Outcome {
    Outcome::Done {
        id: Some(id.to_owned()),
        note: None,
    }
}

fn failure(message: String, help: Option<String>) -> Failure {
    Failure {
        problem: Problem { message, help },
        is_auth: false,
        lost_definition: None,
    }
}

fn of_error(error: ProviderError) -> Failure {
    let is_auth = matches!(
        error.kind,
        ProviderErrorKind::Authentication
            | ProviderErrorKind::Permission
            | ProviderErrorKind::Untrusted
    );
    Failure {
        is_auth,
        ..failure(error.message, error.help)
    }
}

pub(super) fn failed(error: ProviderError) -> Outcome {
    match error.kind {
        ProviderErrorKind::Interrupted => Outcome::NotTried {
            reason: "The run was interrupted before it was sent.".to_owned(),
        },
        _ if error.maybe_done => Outcome::Unknown(of_error(error)),
        _ => Outcome::Failed(of_error(error)),
    }
}

/// Starts a sync. The intent is on the disk before the request goes out.
async fn start(action: &Action, provider: &dyn StartedSyncs, context: &Context<'_>) -> Outcome {
    let subject = &action.subject;
    let key = subject.start_key();
    let Some(state) = context.state else {
        return not_possible("There is no state to record it in.");
    };
    if let Err(error) = state.intend(&key).await {
        return Outcome::Failed(Failure {
            is_auth: error.is_auth,
            ..failure(
                format!(
                    "It was not started, as that cannot be recorded. {}",
                    error.message
                ),
                Some(error.help),
            )
        });
    }
    match provider
        .start(&subject.destination, &subject.project_id, &subject.name)
        .await
    {
        Ok(id) => match state.done(&key, &id).await {
            Ok(()) => Outcome::Done {
                id: Some(id),
                note: Some(
                    "Finish it in the dashboard: authorise it and choose its secrets.".to_owned(),
                ),
            },
            Err(error) => Outcome::Unknown(failure(
                format!(
                    "It was started as {id}, but that cannot be recorded. {}",
                    error.message
                ),
                Some(format!(
                    "Note the id down, mend the state, and run `secsync state resolve` with it. {}",
                    error.help
                )),
            )),
        },
        Err(error) if error.maybe_done => Outcome::Unknown(Failure {
            problem: Problem {
                message: format!("{} It may have been started all the same.", error.message),
                help: Some(
                    "Look in the dashboard, then tell what is there with `secsync state resolve`."
                        .to_owned(),
                ),
            },
            ..of_error(error)
        }),
        Err(error) => {
            let refused = failed(error);
            match state.forget(&key).await {
                Ok(()) => refused,
                Err(trouble) => Outcome::Unknown(failure(
                    format!(
                        "It was refused, but that cannot be recorded. {}",
                        trouble.message
                    ),
                    Some(trouble.help),
                )),
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
    fn check(&self, answer: &RemoteSync, name: &str) -> Result<(), Failure> {
        let answered = normalize::remote(self.spec, answer);
        let lost = diff::not_kept(self.spec, self.after, &answered, self.before);
        let mut fields: Vec<String> = lost.iter().map(diff::FieldChange::dotted).collect();
        if answer.name != name {
            fields.insert(0, "name".to_owned());
        }
        if fields.is_empty() {
            return Ok(());
        }
        Err(failure(
            format!(
                "The server took the request and did not keep {} as sent.",
                list(fields.iter().map(String::as_str))
            ),
            Some(
                "The server's version may not know it: run `secsync schema pull --from-server` and \
                 correct the file."
                    .to_owned(),
            ),
        ))
    }
}

/// An action on a platform whose syncs can be read back.
struct Managed<'a> {
    action: &'a Action,
    provider: &'a dyn ManagedSyncs,
    context: &'a Context<'a>,
}

impl Managed<'_> {
    fn destination(&self) -> &str {
        &self.action.subject.destination
    }

    fn watched(&self, answer: &RemoteSync, kind: JobKind) -> Watched {
        Watched {
            subject: self.action.subject.clone(),
            kind,
            is_deletion: kind == JobKind::Removal,
            sync: answer.clone(),
        }
    }

    /// What came of a write whose answer is there.
    fn answered(&self, answer: &RemoteSync, expected: &Expected<'_>) -> Done {
        let is_pushed = self
            .action
            .subject
            .platform
            .rules()
            .is_auto_synced(expected.after)
            || answer.sync_job.status == Some(JobStatus::Pending);
        let watched = is_pushed.then(|| self.watched(answer, JobKind::Sync));
        let outcome = match expected.check(answer, &self.action.subject.name) {
            Ok(()) => done(&answer.id),
            Err(failure) => Outcome::Failed(failure),
        };
        Done { outcome, watched }
    }

    async fn create(&self, create: &Create) -> Done {
        let expected = Expected {
            spec: &create.spec,
            after: &create.expected,
            before: &Comparable::new(),
        };
        let mut last: Option<ProviderError> = None;
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
                    Ok(None) | Err(_) => return failed(error).into(),
                },
                Err(error) if error.kind == ProviderErrorKind::NameTaken => {
                    return self.name_taken(error).await.into();
                }
                Err(error) => return failed(error).into(),
            }
        }
        let why = last.map_or_else(String::new, |error| format!("{} ", error.message));
        Outcome::Unknown(failure(
            format!("{why}It was sent twice, and the sync does not show up."),
            Some("Run `secsync plan` to see what is there.".to_owned()),
        ))
        .into()
    }

    async fn find_by_name(&self) -> Result<Option<RemoteSync>, ProviderError> {
        let subject = &self.action.subject;
        let syncs = self
            .provider
            .list(&subject.project_id, &subject.project)
            .await?;
        Ok(syncs
            .into_iter()
            .find(|sync| sync.name == self.action.subject.name))
    }

    /// Tells whether the sync that has the name can be seen.
    async fn name_taken(&self, error: ProviderError) -> Outcome {
        let name = &self.action.subject.name;
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
        Outcome::Failed(failure(message, Some(help.to_owned())))
    }

    async fn update(&self, update: &Update) -> Done {
        let expected = Expected {
            spec: &update.spec,
            after: &update.expected,
            before: &update.before,
        };
        let (destination, id) = (self.destination(), &update.old.id);
        match self.provider.update(destination, id, &update.body).await {
            Ok(answer) => self.answered(&answer, &expected),
            Err(error) if error.maybe_done => match self.provider.get(destination, id).await {
                Ok(Some(found)) if expected.check(&found, &self.action.subject.name).is_ok() => {
                    self.answered(&found, &expected)
                }
                _ => failed(error).into(),
            },
            Err(error) if error.kind == ProviderErrorKind::NameTaken => {
                self.name_taken(error).await.into()
            }
            Err(error) => failed(error).into(),
        }
    }

    async fn delete(&self, id: &str, remove_secrets: bool) -> Done {
        match self
            .delete_when_idle(self.destination(), id, remove_secrets)
            .await
        {
            Ok(Deletion::Gone) => done(id).into(),
            Ok(Deletion::Pending(answer)) => Done {
                outcome: Outcome::Done {
                    id: Some(id.to_owned()),
                    note: Some(
                        "A job removes its secrets first; the sync is deleted when that has ended."
                            .to_owned(),
                    ),
                },
                watched: Some(self.watched(&answer, JobKind::Removal)),
            },
            Err(error) => failed(error).into(),
        }
    }

    async fn delete_when_idle(
        &self,
        destination: &str,
        id: &str,
        remove_secrets: bool,
    ) -> Result<Deletion, ProviderError> {
        when_idle(self.context, async || {
            self.provider.delete(destination, id, remove_secrets).await
        })
        .await
    }

    async fn trigger(&self, id: &str) -> Done {
        let answer = when_idle(self.context, async || {
            self.provider.trigger(self.destination(), id).await
        });
        match answer.await {
            Ok(answer) => Done {
                outcome: done(id),
                watched: Some(self.watched(&answer, JobKind::Sync)),
            },
            Err(error) => failed(error).into(),
        }
    }

    /// Deletes and creates anew. What the new sync needs is looked for before the old one goes.
    async fn replace(&self, old: &RemoteSync, remove_secrets: bool, new: &Create) -> Done {
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
            Err(error) => return failed(error).into(),
        }
        let mut created = self.create(new).await;
        if let Outcome::Failed(failure) | Outcome::Unknown(failure) = &mut created.outcome {
            failure.problem.message =
                format!("The old sync was deleted. {}", failure.problem.message);
            failure.lost_definition = Some(definition(old));
        } else if let Outcome::NotTried { reason } = &created.outcome {
            created.outcome = Outcome::Failed(Failure {
                lost_definition: Some(definition(old)),
                ..failure(format!("The old sync was deleted. {reason}"), None)
            });
        }
        created
    }

    async fn source_is_there(&self, new: &Create) -> Result<(), Outcome> {
        let text = |key: &str| {
            new.expected
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (environment, path) = (text(normalize::ENVIRONMENT), text(normalize::SECRET_PATH));
        let project = &self.action.subject.project_id;
        match self.provider.has_folder(project, environment, path).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Outcome::Failed(failure(
                format!(
                    "There is no folder `{path}` in the environment `{environment}`, so the old sync \
                     was not deleted."
                ),
                Some("Create the folder, or correct the file.".to_owned()),
            ))),
            Err(error) if error.kind == ProviderErrorKind::Interrupted => Err(failed(error)),
            Err(error) => Err(Outcome::Failed(Failure {
                problem: Problem {
                    message: format!(
                        "It cannot be told whether the new sync could be created, so the old one was \
                         not deleted. {}",
                        error.message
                    ),
                    help: error.help.clone(),
                },
                ..of_error(error)
            })),
        }
    }

    async fn wait_until_gone(&self, old: &RemoteSync) -> Result<(), Outcome> {
        let mut pauses = Pauses::new(self.context);
        loop {
            match self.provider.get(&old.destination, &old.id).await {
                Ok(None) => return Ok(()),
                Ok(Some(found)) if found.remove_job.status == Some(JobStatus::Failed) => {
                    let why = found.remove_job.message.unwrap_or_default();
                    return Err(Outcome::Failed(failure(
                        format!(
                            "The secrets at the old destination could not be removed, so the old sync \
                             stays and the new one was not created. {}",
                            crate::core::text::platform_message(&why)
                        ),
                        Some("Mend the destination, or use `onDelete: keep-secrets`.".to_owned()),
                    )));
                }
                Ok(Some(_)) => {}
                Err(error) if error.kind == ProviderErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
            if !pauses.pause().await {
                return Err(Outcome::Failed(failure(
                    "The old sync is still being deleted, so the new one was not created."
                        .to_owned(),
                    Some("Run `secsync apply` again when it is gone.".to_owned()),
                )));
            }
        }
    }
}

/// The definition of a sync, so that a person can bring it back.
fn definition(sync: &RemoteSync) -> String {
    let mut fields = Map::new();
    fields.insert("destination".to_owned(), sync.destination.clone().into());
    fields.insert("projectId".to_owned(), sync.project_id.clone().into());
    fields.insert("connectionId".to_owned(), sync.connection.id.clone().into());
    let source = [
        (normalize::ENVIRONMENT, &sync.environment),
        (normalize::SECRET_PATH, &sync.secret_path),
    ];
    for (key, value) in source {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value.clone().into());
        }
    }
    fields.extend(
        sync.fields
            .clone()
            .into_iter()
            .filter(|(_, value)| !value.is_null()),
    );
    let named = Map::from_iter([(sync.name.clone(), Value::Object(fields))]);
    crate::yaml::to_string(&Value::Object(named))
}

/// Sends a request again while another job of the sync is in its way.
pub(super) async fn when_idle<T>(
    context: &Context<'_>,
    send: impl AsyncFn() -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let mut pauses = Pauses::new(context);
    loop {
        match send().await {
            Err(error) if error.kind == ProviderErrorKind::JobInProgress => {
                if !pauses.pause().await {
                    return Err(error);
                }
            }
            other => return other,
        }
    }
}

/// Growing pauses, as long as patience and the run last.
struct Pauses<'a> {
    context: &'a Context<'a>,
    waited: Duration,
    next: Duration,
}

impl<'a> Pauses<'a> {
    const fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            waited: Duration::ZERO,
            next: FIRST_PAUSE,
        }
    }

    /// Waits. False if there is no time left, or the run was interrupted.
    async fn pause(&mut self) -> bool {
        if self.waited >= PATIENCE {
            return false;
        }
        let pause = self.next;
        self.waited += pause;
        self.next = (self.next * 3 / 2).min(LONGEST_PAUSE);
        tokio::select! {
            () = self.context.clock.sleep(pause) => true,
            () = self.context.cancellation.cancelled() => false,
        }
    }
}
