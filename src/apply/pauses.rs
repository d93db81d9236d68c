//! Waiting for a job that is in the way of a request.

use std::time::Duration;

use super::ApplyContext;
use crate::http::error::{Fate, RequestError, RequestErrorKind};

/// The pauses between looks for what a write may have done, before it is believed that it did not.
pub(super) const LOOK_PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// How long an action waits for a job that is in its way.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause between two looks; each further one is longer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Sends a request again while another job of the sync is in its way. What is known of a try is not
/// forgotten over the next one.
pub(super) async fn when_idle<T>(
    context: &ApplyContext<'_>,
    send: impl AsyncFn() -> Result<T, RequestError>,
) -> Result<T, RequestError> {
    let mut pauses = Pauses::new(context);
    let mut fate = Fate::Unsent;
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error.at_least(fate),
        };
        fate = error.fate;
        if error.kind != RequestErrorKind::JobInProgress || !pauses.pause().await {
            return Err(error);
        }
    }
}

/// Growing pauses, as long as patience and the run last.
pub(super) struct Pauses<'a> {
    context: &'a ApplyContext<'a>,
    waited: Duration,
    next: Duration,
}

impl<'a> Pauses<'a> {
    pub(super) const fn new(context: &'a ApplyContext<'a>) -> Self {
        Self {
            context,
            waited: Duration::ZERO,
            next: FIRST_PAUSE,
        }
    }

    /// Waits. False if there is no time left, or the run was interrupted.
    pub(super) async fn pause(&mut self) -> bool {
        if self.waited >= PATIENCE {
            return false;
        }
        let pause = self.next;
        self.waited += pause;
        self.next = (self.next * 3 / 2).min(LONGEST_PAUSE);
        tokio::select! {
            biased;
            () = self.context.cancellation.cancelled() => false,
            () = self.context.clock.sleep(pause) => true,
        }
    }
}
