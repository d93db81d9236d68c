//! What is known of an action while it is carried out: sent or not, answered or not.
//!
//! Every action of a run begins with an [`Untried`]. It cannot be copied, nothing else can say that
//! an action was not tried, and the first byte that is sent uses it up. From then on an action can
//! only have been done, have failed, or be in doubt; and a doubt stays until something settles it:
//! an answer of the API to a later try, or a look at what exists.

use std::mem;

use super::outcome::{ActionFailure, Outcome};
use crate::http::error::{Fate, RequestError, RequestErrorKind};

/// The proof that nothing was sent for an action.
#[derive(Debug)]
pub struct Untried(());

impl Untried {
    /// One for each action of a run.
    pub(super) fn for_each(actions: usize) -> impl Iterator<Item = Self> {
        (0..actions).map(|_| Self(()))
    }

    /// The outcome of an action that is not tried; `reason` is a full sentence.
    pub(super) fn outcome(self, reason: impl Into<String>) -> Outcome {
        let Self(()) = self;
        Outcome::NotTried(NotTried {
            reason: reason.into(),
        })
    }
}

/// Why an action was not tried. Only an [`Untried`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTried {
    reason: String,
}

impl NotTried {
    /// Why, as a full sentence.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// An action under way.
#[derive(Debug)]
pub(super) struct Attempt(Known);

#[derive(Debug)]
enum Known {
    Untried(Untried),
    /// Something was sent, and what came of it is known.
    Answered,
    /// Something was sent that may or may not have taken effect.
    InDoubt,
}

impl From<Untried> for Attempt {
    fn from(untried: Untried) -> Self {
        Self(Known::Untried(untried))
    }
}

impl Attempt {
    /// Sends a write of the action, and keeps what is known of it.
    pub(super) async fn send<T>(
        &mut self,
        write: impl Future<Output = Result<T, RequestError>>,
    ) -> Result<T, RequestError> {
        // As long as nothing is answered, that is what holds.
        let before = mem::replace(&mut self.0, Known::InDoubt);
        let result = write.await;
        self.0 = match (result.as_ref().map_err(|error| error.fate), before) {
            (Err(Fate::Unsent), before) => before,
            (Err(Fate::Unanswered), _) | (Err(Fate::Refused), Known::InDoubt) => Known::InDoubt,
            (Ok(_) | Err(Fate::Refused), _) => Known::Answered,
        };
        result
    }

    /// Whether something was sent that may or may not have taken effect.
    pub(super) const fn is_in_doubt(&self) -> bool {
        matches!(self.0, Known::InDoubt)
    }

    /// A look has shown what came of all that was sent.
    pub(super) fn settle(&mut self) {
        if self.is_in_doubt() {
            self.0 = Known::Answered;
        }
    }

    /// The outcome if a request ended with this error, be it a write of the action or a read before.
    pub(super) fn ended(self, error: RequestError) -> Outcome {
        match self.0 {
            Known::Untried(untried) if error.kind == RequestErrorKind::Interrupted => {
                untried.outcome("The run was interrupted before it was sent.")
            }
            _ => self.failed(error.into()),
        }
    }

    /// The outcome if something is wrong: unknown as long as there is doubt.
    pub(super) fn failed(self, failure: ActionFailure) -> Outcome {
        match self.0 {
            Known::InDoubt => Outcome::Unknown(failure),
            Known::Untried(_) | Known::Answered => Outcome::Failed(failure),
        }
    }

    /// The outcome if it is not carried on with: not tried as long as nothing was sent. `reason` is
    /// a full sentence.
    pub(super) fn given_up(self, reason: &str) -> Outcome {
        match self.0 {
            Known::Untried(untried) => untried.outcome(reason),
            _ => self.failed(ActionFailure::new(reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Outcome, Untried};
    use crate::http::error::{Fate, RequestError, RequestErrorKind};

    fn error(kind: RequestErrorKind, fate: Fate) -> RequestError {
        RequestError::new(kind, "No.").at_least(fate)
    }

    /// The outcome after these tries, of which the last one was interrupted.
    async fn interrupted_after(fates: &[Fate]) -> Outcome {
        let untried = Untried::for_each(1).next().expect("one");
        let mut attempt = Attempt::from(untried);
        for fate in fates {
            let failed = async || Err::<(), _>(error(RequestErrorKind::Unavailable, *fate));
            let _ = attempt.send(failed()).await;
        }
        attempt.ended(error(RequestErrorKind::Interrupted, Fate::Unsent))
    }

    #[tokio::test]
    async fn nothing_that_was_sent_is_not_tried_and_no_later_answer_takes_a_doubt_away() {
        use Fate::{Refused, Unanswered, Unsent};
        for untried in [&[][..], &[Unsent], &[Unsent, Unsent]] {
            let outcome = interrupted_after(untried).await;
            assert!(matches!(outcome, Outcome::NotTried(_)), "{untried:?}");
        }
        for refused in [&[Refused][..], &[Refused, Unsent]] {
            let outcome = interrupted_after(refused).await;
            assert!(matches!(outcome, Outcome::Failed(_)), "{refused:?}");
        }
        for doubtful in [
            &[Unanswered][..],
            &[Unanswered, Unsent],
            &[Unanswered, Refused],
            &[Refused, Unanswered, Refused],
        ] {
            let outcome = interrupted_after(doubtful).await;
            assert!(matches!(outcome, Outcome::Unknown(_)), "{doubtful:?}");
        }
    }

    #[tokio::test]
    async fn a_write_that_is_dropped_before_its_answer_is_in_doubt() {
        let untried = Untried::for_each(1).next().expect("one");
        let mut attempt = Attempt::from(untried);
        let never = std::future::pending::<Result<(), RequestError>>();
        tokio::select! {
            biased;
            _ = attempt.send(never) => {}
            () = async {} => {}
        }
        assert!(attempt.is_in_doubt());
    }
}
