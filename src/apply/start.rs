//! Starting a sync on a platform whose syncs cannot be read back.

use super::ApplyContext;
use super::outcome::{ActionFailure, Outcome};
use crate::core::plan::Action;
use crate::core::starts::{Start, StartKey};
use crate::provider::StartedSyncs;
use crate::state::{Claim, State};

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
    loop {
        match state.intend(&key).await {
            Ok(Claim::Own) => break,
            Ok(Claim::OfAnother) => {}
            Err(error) => {
                let failure = ActionFailure::from(error);
                return Outcome::Failed(
                    failure.after("It was not started, because that cannot be recorded."),
                );
            }
        }
        if let Some(outcome) = of_another(&key, state, context).await {
            return outcome;
        }
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
        Err(error) => match state.retract(&key).await {
            Ok(()) => error.into(),
            Err(trouble) => Outcome::Unknown(
                ActionFailure::from(trouble).after("It was refused, but that cannot be recorded."),
            ),
        },
    }
}

/// What came of a start that another run was first to record. Nothing if that run has taken it
/// back, so that it is this one's turn.
async fn of_another(key: &StartKey, state: &State, context: &ApplyContext<'_>) -> Option<Outcome> {
    let waited = tokio::select! {
        waited = state.of_another(key) => waited,
        () = context.cancellation.cancelled() => {
            return Some(Outcome::not_tried(
                "Another run is starting it, and this one was interrupted.",
            ));
        }
    };
    match waited {
        Ok(None) => None,
        Ok(Some(Start::Done { id })) => Some(Outcome::Done {
            id: Some(id),
            note: Some("Another run has started it at the same time.".to_owned()),
        }),
        Ok(Some(Start::Unknown)) => Some(Outcome::Unknown(
            ActionFailure::new(
                "Another run began to start it at the same time, and has not recorded an answer.",
            )
            .help("Wait until that run has ended, and run this again."),
        )),
        Err(error) => Some(Outcome::Unknown(
            ActionFailure::from(error).after("Another run began to start it at the same time."),
        )),
    }
}
