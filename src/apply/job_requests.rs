//! Asking for the jobs that a person wants, and following them.

use futures_util::stream::{self, StreamExt};

use super::attempt::{Attempt, Untried};
use super::follow::{self, Ended, Watched};
use super::outcome::Outcome;
use super::pauses::when_idle;
use super::{ApplyContext, Report};
use crate::core::job_requests::{JobRequest, RequestedJob};
use crate::provider::Provider;

/// Asks for every job once, a few at a time, and follows those that were taken.
pub async fn run(requests: &[JobRequest], context: &ApplyContext<'_>) -> Report {
    let untried = requests.iter().zip(Untried::for_each(requests.len()));
    let asked: Vec<Ended> = stream::iter(untried.enumerate())
        .map(|(index, (request, untried))| async move {
            context.observer.begins(index);
            let ended = ask(request, untried, context).await;
            context.observer.ended(index, &ended.outcome);
            ended
        })
        .buffered(context.parallelism.max(1))
        .collect()
        .await;
    let mut outcomes = Vec::with_capacity(asked.len());
    let mut watched = Vec::new();
    for ended in asked {
        outcomes.push(ended.outcome);
        watched.extend(ended.watched);
    }
    Report {
        outcomes,
        jobs: follow::follow_if_wanted(watched, context).await,
        is_interrupted: context.cancellation.is_cancelled(),
    }
}

async fn ask(request: &JobRequest, untried: Untried, context: &ApplyContext<'_>) -> Ended {
    let id = match &request.target {
        Ok(id) => id,
        Err(reason) => return untried.outcome(reason.as_str()).into(),
    };
    if context.cancellation.is_cancelled() {
        return untried
            .outcome("The run was interrupted before its turn.")
            .into();
    }
    let subject = &request.subject;
    let Some(Provider::Managed(provider)) = context.providers.get(&subject.provider) else {
        return untried.outcome("Its platform cannot do that.").into();
    };
    let destination = &subject.destination;
    let mut attempt = Attempt::from(untried);
    let asking = when_idle(context, async || match request.job {
        RequestedJob::Sync => provider.trigger(destination, id).await,
        RequestedJob::Import(winner) => {
            provider
                .import_secrets(destination, id, winner.word())
                .await
        }
        RequestedJob::Removal => provider.remove_secrets(destination, id).await,
    });
    match attempt.send(asking).await {
        Ok(sync) => Ended {
            outcome: Outcome::done(id),
            watched: Some(Watched {
                subject: subject.clone(),
                kind: request.job.kind(),
                is_deletion: false,
                sync,
            }),
        },
        Err(error) => attempt.ended(error).into(),
    }
}
