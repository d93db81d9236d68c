//! Starting a sync on a platform whose syncs cannot be read back.

use super::ApplyContext;
use super::attempt::Attempt;
use super::outcome::{ActionFailure, Outcome};
use crate::core::plan::Action;
use crate::core::starts::{Start, StartKey};
use crate::provider::StartedSyncs;
use crate::state::{Claim, State};

/// Starts a sync. The intent is on the disk before the request goes out.
pub(super) async fn start(
    action: &Action,
    provider: &dyn StartedSyncs,
    mut attempt: Attempt,
    context: &ApplyContext<'_>,
) -> Outcome {
    let subject = &action.subject;
    let key = subject.start_key();
    let Some(state) = context.state else {
        return attempt.given_up("There is no state to record it in.");
    };
    loop {
        match state.intend(&key).await {
            Ok(Claim::Own) => break,
            Ok(Claim::OfAnother) => {}
            Err(error) => {
                let failure = ActionFailure::from(error);
                return attempt
                    .failed(failure.after("It was not started, because that cannot be recorded."));
            }
        }
        attempt = match of_another(&key, state, attempt, context).await {
            Ok(attempt) => attempt,
            Err(outcome) => return outcome,
        };
    }
    let sending = provider.start(&subject.destination, &subject.project_id, &subject.name);
    match attempt.send(sending).await {
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
        Err(error) if attempt.is_in_doubt() => {
            let message = format!("{} It may have been started anyway.", error.message);
            Outcome::Unknown(ActionFailure::new(message).help(
                "Look in the dashboard, then record what you find with `secsync state resolve`.",
            ))
        }
        Err(error) => match state.retract(&key).await {
            Ok(()) => attempt.ended(error),
            Err(trouble) => Outcome::Unknown(
                ActionFailure::from(trouble).after("It was refused, but that cannot be recorded."),
            ),
        },
    }
}

/// What came of a start that another run was first to record. The attempt is given back if that run
/// has taken it back, so that it is this one's turn.
async fn of_another(
    key: &StartKey,
    state: &State,
    attempt: Attempt,
    context: &ApplyContext<'_>,
) -> Result<Attempt, Outcome> {
    let waited = tokio::select! {
        biased;
        () = context.cancellation.cancelled() => {
            let reason = "Another run is starting it, and this one was interrupted.";
            return Err(attempt.given_up(reason));
        }
        waited = state.of_another(key) => waited,
    };
    Err(match waited {
        Ok(None) => return Ok(attempt),
        Ok(Some(Start::Done { id })) => Outcome::Done {
            id: Some(id),
            note: Some("Another run has started it at the same time.".to_owned()),
        },
        Ok(Some(Start::Unknown)) => Outcome::Unknown(
            ActionFailure::new(
                "Another run began to start it at the same time, and has not recorded an answer.",
            )
            .help("Wait until that run has ended, and run this again."),
        ),
        Err(error) => Outcome::Unknown(
            ActionFailure::from(error).after("Another run began to start it at the same time."),
        ),
    })
}
