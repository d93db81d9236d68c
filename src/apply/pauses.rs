//! Waiting for a job that is in the way of a request.

use std::time::Duration;

use super::ApplyContext;
use crate::http::error::{RequestError, RequestErrorKind};

/// How long an action waits for a job that is in its way.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause between two looks; each further one is longer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Sends a request again while another job of the sync is in its way.
pub(super) async fn when_idle<T>(
    context: &ApplyContext<'_>,
    send: impl AsyncFn() -> Result<T, RequestError>,
) -> Result<T, RequestError> {
    let mut pauses = Pauses::new(context);
    loop {
        match send().await {
            Err(error) if error.kind == RequestErrorKind::JobInProgress => {
                if !pauses.pause().await {
                    return Err(error);
                }
            }
            other => return other,
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
            () = self.context.clock.sleep(pause) => true,
            () = self.context.cancellation.cancelled() => false,
        }
    }
}
