//! What is sent again, and when. The whole policy is in this file.
//!
//! | what came back | [`Repeat::Read`] | [`Repeat::Same`] | [`Repeat::Never`] |
//! |---|---|---|---|
//! | nothing: no connection, so surely not sent | again | again | again |
//! | a certificate that is not trusted | error | error | error |
//! | nothing, or half an answer, after it was sent | again | again | error, unanswered |
//! | an answer larger than [`ANSWER_LIMIT`](super::request::ANSWER_LIMIT) | error | error, unanswered | error, unanswered |
//! | 429 in the API's own form: refused before it was looked at | again | again | again |
//! | any other 429 | again | again, unanswered | error, unanswered |
//! | 502, 503, 504 | again | again | error, unanswered |
//! | 500 | again | error, unanswered | error, unanswered |
//! | a redirect | error | error, unanswered | error, unanswered |
//! | a refusal in the API's own form | the answer | the answer | the answer |
//! | any other answer | the answer | the answer, unanswered | the answer, unanswered |
//!
//! Only the API itself can say that a request had no effect: what stands before it (a gateway, a
//! firewall, a sign-in page) answers as it likes, also after the request went through. So every
//! answer that does not accept a request and is not a refusal in the API's own form leaves the
//! request unanswered ([`Fate::Unanswered`]), and no later answer to another try takes that back.
//!
//! Who asks with what:
//!
//! | request | repeat | because |
//! |---|---|---|
//! | every GET, and logging in | `Read` | nothing changes |
//! | PATCH | `Same` | it sets fields to the same values; a rename to the own name is accepted |
//! | DELETE | `Same` | what is gone stays gone: the second try meets 404 |
//! | sync-secrets | `Same` | one more job pushes the same secrets |
//! | create | `Never` | look it up by name first; the name may have been taken by the first try |
//! | import-secrets, remove-secrets | `Never` | a second job could undo what happened in between |
//! | start | `Never` | a second start makes a second configuration |
//!
//! The state in an object store goes through the store's library, which repeats by itself what was
//! not sent or met a 5xx, [`STORE_REPEATS`] times at most. A write there names the version that it
//! replaces, so that a second one does nothing or is refused.
//!
//! A 500 can be the answer to input that the server cannot digest, so a write is not repeated at it.
//!
//! There are at most [`TRIES`] tries, with pauses of about 0.5, 1 and 2 seconds between them, or
//! what `Retry-After` asks for. A 429 pauses everything to the host. One request waits no longer
//! than [`LONGEST_WAIT`] in all. Cancelling ends a pause and a read at once; a write that was sent
//! is seen through, and one that need not wait still goes out, because it belongs to an action under way.
//! A write whose pause is ended so is reported by what came of it before.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::HttpOptions;
use super::answer::{Answer, bad_answer};
use super::client::{Client, SendError};
use super::clock::Clock;
use super::error::{Fate, RequestError, RequestErrorKind};
use super::failure::{Arrival, Failure};
use super::gates::Gate;
use super::origin::Origin;
use super::refusals::Refusals;
use super::request::{Repeat, Request};
use super::trace::Sent;
use crate::cancel::Cancellation;
use crate::environment::Environment;

/// How often a request is sent at most.
pub const TRIES: u32 = 4;

/// How long one request waits at most, all its pauses taken together.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How often the library of an object store repeats a request: a state is small, and a person waits.
pub const STORE_REPEATS: usize = 2;

const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Whether an answer is a refusal in the API's own form, which only a platform can tell.
pub type IsRefusal<'a> = &'a (dyn Fn(&Answer) -> bool + Sync);

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It was accepted, by the status.
    Accepted,
    /// The API refused it.
    Refused(u16),
    /// Something else was answered, by whomever.
    Other(u16),
    /// Nothing was answered.
    Failed(Arrival),
}

impl Outcome {
    fn of(sent: &Result<Answer, Failure>, is_refusal: IsRefusal<'_>) -> Self {
        match sent {
            Ok(answer) if answer.is_success() => Self::Accepted,
            Ok(answer) if is_refusal(answer) => Self::Refused(answer.status()),
            Ok(answer) => Self::Other(answer.status()),
            Err(failure) => Self::Failed(failure.arrival),
        }
    }

    /// What is known of the request's effect. What accepts a request is an answer once it was read.
    const fn fate(self, repeat: Repeat) -> Fate {
        match (repeat, self) {
            (Repeat::Read, _) | (_, Self::Failed(Arrival::NotSent | Arrival::Hopeless)) => {
                Fate::Unsent
            }
            (_, Self::Refused(_)) => Fate::Refused,
            (
                _,
                Self::Accepted | Self::Other(_) | Self::Failed(Arrival::Lost | Arrival::Answered),
            ) => Fate::Unanswered,
        }
    }
}

/// Whether a try is followed by another, if there are tries left.
fn goes_again(repeat: Repeat, outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed(Arrival::NotSent) | Outcome::Refused(429) => true,
        Outcome::Failed(Arrival::Lost) | Outcome::Other(429 | 502..=504) => repeat != Repeat::Never,
        Outcome::Other(500) => repeat == Repeat::Read,
        Outcome::Accepted
        | Outcome::Refused(_)
        | Outcome::Other(_)
        | Outcome::Failed(Arrival::Hopeless | Arrival::Answered) => false,
    }
}

/// Whether an answer is about the server's state and not about the request.
pub const fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 500..)
}

/// The pause after the `tries`th try: doubling, half of it by chance.
fn backoff(tries: u32, chance: f64) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(4));
    full.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

/// Sends requests to one host by the policy above.
pub struct Delivery {
    /// The client.
    pub client: Client,
    /// The gate before the host.
    pub gate: Gate,
    /// The logins that servers refused.
    pub refusals: Refusals,
    /// The time that pauses go by.
    pub clock: Arc<dyn Clock>,
    /// What ends waiting.
    pub cancellation: Cancellation,
}

impl Delivery {
    /// The way to a server, without touching the network.
    pub fn to(
        origin: Origin,
        environment: &Environment,
        options: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Self {
        Self {
            gate: options.limits.gate(&origin),
            refusals: options.refusals.clone(),
            client: Client::new(origin, environment, options),
            clock: options.clock.clone(),
            cancellation: cancellation.clone(),
        }
    }

    /// Sends a request that only reads, again where the policy says so, and returns the last answer.
    pub async fn fetch(
        &self,
        request: &Request,
        bearer: Option<&SecretString>,
    ) -> Result<Answer, RequestError> {
        self.deliver(request, bearer, &|_| false).await
    }

    /// Sends a request, again where the policy says so, and returns the last answer.
    ///
    /// The answer and the error know the request's [`Fate`] over all its tries.
    pub async fn deliver(
        &self,
        request: &Request,
        bearer: Option<&SecretString>,
        is_refusal: IsRefusal<'_>,
    ) -> Result<Answer, RequestError> {
        let mut patience = LONGEST_WAIT;
        let mut fate = Fate::Unsent;
        let mut before = None;
        let mut tries = 0;
        let result = loop {
            let sent = match self
                .attempt(request, bearer, tries + 1, &mut patience)
                .await
            {
                Ok(sent) => sent,
                Err(error) => break self.stopped(request, error, before, (fate, tries)),
            };
            tries += 1;
            let outcome = Outcome::of(&sent, is_refusal);
            fate = fate.max(outcome.fate(request.repeat));
            let pause = self
                .asked_pause(&sent)
                .unwrap_or_else(|| backoff(tries, self.clock.chance()));
            let is_limited = matches!(outcome, Outcome::Refused(429) | Outcome::Other(429));
            if is_limited {
                self.gate.close(self.clock.now(), pause);
            }
            if tries == TRIES || !goes_again(request.repeat, outcome) {
                break self.conclude(request, sent, tries);
            }
            if !is_limited {
                match self.pause(request, pause, &mut patience).await {
                    Ok(()) => {}
                    Err(Stopped::Cancelled(error)) => {
                        break self.stopped(request, error, Some(sent), (fate, tries));
                    }
                    // A server that is down for longer than that is reported by its last answer.
                    Err(Stopped::TooLong) => break self.conclude(request, sent, tries),
                }
            }
            before = Some(sent);
        };
        match result {
            Ok(mut answer) => {
                answer.at_least(fate);
                Ok(answer)
            }
            Err(error) => Err(error.at_least(fate)),
        }
    }

    /// What a request amounts to that is not sent again because the run was interrupted: what came
    /// of the try `before`, if that was sent, and unless a later one was under way.
    fn stopped(
        &self,
        request: &Request,
        error: RequestError,
        before: Option<Result<Answer, Failure>>,
        (fate, tries): (Fate, u32),
    ) -> Result<Answer, RequestError> {
        match before {
            Some(sent)
                if fate != Fate::Unsent
                    && error.fate == Fate::Unsent
                    && error.kind == RequestErrorKind::Interrupted =>
            {
                self.conclude(request, sent, tries)
            }
            _ => Err(error),
        }
    }

    /// One try, as soon as the host may be asked. The outer error ends the request.
    async fn attempt(
        &self,
        request: &Request,
        bearer: Option<&SecretString>,
        tries: u32,
        patience: &mut Duration,
    ) -> Result<Result<Answer, Failure>, RequestError> {
        self.pass_gate(request, patience).await?;
        let start = self.clock.now();
        let sent = match self.send(request, bearer).await {
            Ok(answer) => Ok(answer),
            Err(SendError::Failed(failure)) => Err(failure),
            Err(SendError::Unusable(error)) => return Err(error),
        };
        let report = Sent {
            method: &request.method,
            url: &request.url,
            carried: bearer
                .map(|bearer| bearer.expose_secret().as_bytes())
                .into_iter()
                .chain(request.body.as_deref())
                .collect(),
            took: self.clock.now().saturating_duration_since(start),
        };
        let waited = LONGEST_WAIT.saturating_sub(*patience);
        report.report(sent.as_ref(), (tries, TRIES), waited);
        Ok(sent)
    }

    fn asked_pause(&self, sent: &Result<Answer, Failure>) -> Option<Duration> {
        sent.as_ref().ok()?.asked_pause(self.clock.time_of_day())
    }

    /// What the last try amounts to: every answer but a redirect and a 429 is the caller's to read.
    fn conclude(
        &self,
        request: &Request,
        sent: Result<Answer, Failure>,
        tries: u32,
    ) -> Result<Answer, RequestError> {
        let asked = self.asked_pause(&sent);
        let answer = sent.map_err(|failure| unanswered(request, &failure, tries))?;
        if answer.status() == 429 {
            return Err(rate_limited(request, &self.client, asked));
        }
        match answer.redirect_target() {
            Some(host) => Err(redirected(request, &self.client, &host)),
            None => Ok(answer),
        }
    }

    /// Sends once. A read is dropped when the run is cancelled, a write is seen through unless the
    /// run is stopped.
    async fn send(
        &self,
        request: &Request,
        bearer: Option<&SecretString>,
    ) -> Result<Answer, SendError> {
        let sending = self.client.send(request, bearer);
        if request.repeat != Repeat::Read {
            return tokio::select! {
                biased;
                sent = sending => sent,
                () = self.cancellation.stopped() => Err(SendError::Unusable(given_up(request))),
            };
        }
        tokio::select! {
            biased;
            sent = sending => sent,
            () = self.cancellation.cancelled() => Err(SendError::Unusable(interrupted(request))),
        }
    }

    /// Waits until nothing to the host is paused.
    ///
    /// Once the run is cancelled nothing is read and nothing waits. A write that need not wait still
    /// goes out: it can be the create after a delete, without which a sync would be lost.
    async fn pass_gate(
        &self,
        request: &Request,
        patience: &mut Duration,
    ) -> Result<(), RequestError> {
        loop {
            let is_over = match request.repeat {
                Repeat::Read => self.cancellation.is_cancelled(),
                _ => self.cancellation.is_stopped(),
            };
            if is_over {
                return Err(interrupted(request));
            }
            let closed = self.gate.remaining(self.clock.now());
            if closed.is_zero() {
                return Ok(());
            }
            match self.pause(request, closed, patience).await {
                Ok(()) => {}
                Err(Stopped::Cancelled(error)) => return Err(error),
                Err(Stopped::TooLong) => {
                    return Err(rate_limited(request, &self.client, Some(closed)));
                }
            }
        }
    }

    async fn pause(
        &self,
        request: &Request,
        pause: Duration,
        patience: &mut Duration,
    ) -> Result<(), Stopped> {
        *patience = patience.checked_sub(pause).ok_or(Stopped::TooLong)?;
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => Err(Stopped::Cancelled(interrupted(request))),
            () = self.clock.sleep(pause) => Ok(()),
        }
    }
}

/// Why a pause did not come to its end.
enum Stopped {
    Cancelled(RequestError),
    TooLong,
}

/// A write whose answer is not waited for.
fn given_up(request: &Request) -> RequestError {
    RequestError::new(
        RequestErrorKind::Interrupted,
        format!(
            "Cannot {}: the run was stopped before the answer came.",
            request.task
        ),
    )
    .at_least(Fate::Unanswered)
}

fn interrupted(request: &Request) -> RequestError {
    RequestError::new(
        RequestErrorKind::Interrupted,
        format!("The run was interrupted: it did not {}.", request.task),
    )
}

fn unanswered(request: &Request, failure: &Failure, tries: u32) -> RequestError {
    let often = if tries > 1 {
        format!(" ({tries} tries)")
    } else {
        String::new()
    };
    let kind = match failure.arrival {
        Arrival::Answered => RequestErrorKind::BadAnswer,
        Arrival::Hopeless | Arrival::NotSent | Arrival::Lost => RequestErrorKind::Unavailable,
    };
    RequestError::new(
        kind,
        format!("Cannot {}: {}{often}.", request.task, failure.cause),
    )
    .help(&failure.help)
}

fn redirected(request: &Request, client: &Client, host: &str) -> RequestError {
    let what = format!("with a redirect to {host}, and redirects are not followed");
    bad_answer(&request.task, client.origin(), &what)
        .help("If you trust that host, give the final address; go around a sign-in page.")
}

fn rate_limited(request: &Request, client: &Client, asked: Option<Duration>) -> RequestError {
    let origin = client.origin();
    let message = match asked {
        Some(asked) => format!(
            "Cannot {}: {origin} limits the rate of requests and asks to wait {} s.",
            request.task,
            asked.as_secs_f64().ceil()
        ),
        None => format!(
            "Cannot {}: {origin} limits the rate of requests.",
            request.task
        ),
    };
    RequestError::new(RequestErrorKind::RateLimited, message).help(format!(
        "Run again later, or with a smaller --parallelism; one request waits at most {} s.",
        LONGEST_WAIT.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Arrival, Fate, Outcome, Repeat, backoff, goes_again};

    const ALL: [Repeat; 3] = [Repeat::Read, Repeat::Same, Repeat::Never];

    /// Who goes again, as in the table: read, same, never.
    fn again(outcome: Outcome) -> [bool; 3] {
        ALL.map(|repeat| goes_again(repeat, outcome))
    }

    #[test]
    fn the_table_holds() {
        for (outcome, expected) in [
            (Outcome::Failed(Arrival::NotSent), [true, true, true]),
            (Outcome::Failed(Arrival::Hopeless), [false, false, false]),
            (Outcome::Failed(Arrival::Lost), [true, true, false]),
            (Outcome::Failed(Arrival::Answered), [false, false, false]),
            (Outcome::Refused(429), [true, true, true]),
            (Outcome::Other(429), [true, true, false]),
            (Outcome::Other(502), [true, true, false]),
            (Outcome::Other(503), [true, true, false]),
            (Outcome::Other(504), [true, true, false]),
            (Outcome::Other(500), [true, false, false]),
            (Outcome::Other(501), [false, false, false]),
            (Outcome::Accepted, [false, false, false]),
            (Outcome::Other(302), [false, false, false]),
            (Outcome::Refused(401), [false, false, false]),
            (Outcome::Refused(404), [false, false, false]),
            (Outcome::Other(404), [false, false, false]),
        ] {
            assert_eq!(again(outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn only_a_refusal_of_the_api_settles_a_write_that_was_sent() {
        for (outcome, fate) in [
            (Outcome::Failed(Arrival::NotSent), Fate::Unsent),
            (Outcome::Failed(Arrival::Hopeless), Fate::Unsent),
            (Outcome::Failed(Arrival::Lost), Fate::Unanswered),
            (Outcome::Failed(Arrival::Answered), Fate::Unanswered),
            (Outcome::Refused(400), Fate::Refused),
            (Outcome::Refused(429), Fate::Refused),
            (Outcome::Other(302), Fate::Unanswered),
            (Outcome::Other(403), Fate::Unanswered),
            (Outcome::Other(429), Fate::Unanswered),
            (Outcome::Other(500), Fate::Unanswered),
            (Outcome::Accepted, Fate::Unanswered),
        ] {
            assert_eq!(outcome.fate(Repeat::Read), Fate::Unsent, "{outcome:?}");
            assert_eq!(outcome.fate(Repeat::Same), fate, "{outcome:?}");
            assert_eq!(outcome.fate(Repeat::Never), fate, "{outcome:?}");
        }
    }

    #[test]
    fn pauses_double_and_stay_between_half_and_whole() {
        let millis = |tries, chance| backoff(tries, chance).as_millis();
        assert_eq!([1, 2, 3].map(|tries| millis(tries, 1.0)), [500, 1000, 2000]);
        assert_eq!([1, 2, 3].map(|tries| millis(tries, 0.0)), [250, 500, 1000]);
        assert!(backoff(u32::MAX, 1.0) <= Duration::from_secs(8));
    }
}
