//! Starting a sync on a platform whose syncs cannot be read back.

use super::ApplyContext;
use super::outcome::{ActionFailure, Outcome};
use crate::core::plan::Action;
use crate::provider::StartedSyncs;

/// Starts a sync. The intent is on the disk before the request goes out.
pub(super) async fn start(
    action: &Action,
    provider: &dyn StartedSyncs,
    context: &ApplyContext<'_>,
) -> Outcome {
    let subject = &action.subject;
    let key = subject.start_key();
    let Some(state) = context.state else {
        return Outcome::not_tried("There is no state to record it in.");
    };
    if let Err(error) = state.intend(&key).await {
        let failure = ActionFailure::from(error);
        return Outcome::Failed(
            failure.after("It was not started, because that cannot be recorded."),
        );
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
            Err(error) => {
                let help = format!(
                    "Note the id, fix the state, and run `secsync state resolve` with it. {}",
                    error.help
                );
                let what = format!("It was started as {id}, but that cannot be recorded.");
                Outcome::Unknown(ActionFailure::from(error).after(&what).help(help))
            }
        },
        Err(error) if error.maybe_done => {
            let message = format!("{} It may have been started anyway.", error.message);
            Outcome::Unknown(ActionFailure::new(message).help(
                "Look in the dashboard, then record what you find with `secsync state resolve`.",
            ))
        }
        Err(error) => match state.forget(&key).await {
            Ok(()) => error.into(),
            Err(trouble) => Outcome::Unknown(
                ActionFailure::from(trouble).after("It was refused, but that cannot be recorded."),
            ),
        },
    }
}
