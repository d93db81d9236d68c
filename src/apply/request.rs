//! Asking for the jobs that a person wants, and following them.

use futures_util::stream::{self, StreamExt};

use super::action::{Done, done, failed, not_possible, when_idle};
use super::wait::{self, Watched};
use super::{Context, Report};
use crate::core::job_requests::{JobRequest, RequestedJob};
use crate::provider::Provider;

/// Asks for every job once, a few at a time, and follows those that were taken.
pub async fn run(requests: &[JobRequest], context: &Context<'_>) -> Report {
    let asked: Vec<Done> = stream::iter(requests.iter().enumerate())
        .map(|(index, request)| async move {
            context.observer.begins(index);
            let done = ask(request, context).await;
            context.observer.ended(index, &done.outcome);
            done
        })
        .buffered(context.parallelism.max(1))
        .collect()
        .await;
    let mut outcomes = Vec::with_capacity(asked.len());
    let mut watched = Vec::new();
    for done in asked {
        outcomes.push(done.outcome);
        watched.extend(done.watched);
    }
    Report {
        outcomes,
        jobs: wait::follow_if_wanted(watched, context).await,
        is_interrupted: context.cancellation.is_cancelled(),
    }
}

async fn ask(request: &JobRequest, context: &Context<'_>) -> Done {
    let id = match &request.target {
        Ok(id) => id,
        Err(reason) => return not_possible(reason).into(),
    };
    if context.cancellation.is_cancelled() {
        return not_possible("The run was interrupted before its turn.").into();
    }
    let subject = &request.subject;
    let Some(Provider::Managed(provider)) = context.providers.get(&subject.provider) else {
        return not_possible("Its platform cannot do that.").into();
    };
    let destination = &subject.destination;
    let answer = when_idle(context, async || match request.job {
        RequestedJob::Sync => provider.trigger(destination, id).await,
        RequestedJob::Import(winner) => {
            provider
                .import_secrets(destination, id, winner.word())
                .await
        }
        RequestedJob::Removal => provider.remove_secrets(destination, id).await,
    })
    .await;
    match answer {
        Ok(sync) => Done {
            outcome: done(id),
            watched: Some(Watched {
                subject: subject.clone(),
                kind: request.job.kind(),
                is_deletion: false,
                sync,
            }),
        },
        Err(error) => failed(error).into(),
    }
}
