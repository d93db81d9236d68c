//! Cancellation: one switch that every wait of a run listens to.

use std::sync::Arc;

use tokio::sync::watch;

/// A switch that Ctrl-C or a termination signal throws. Clones share it.
///
/// What is cancelled ends waiting at once; a write that was already sent is seen through. What is
/// stopped, by a second signal, waits for no answer any more.
#[derive(Debug, Clone)]
pub struct Cancellation {
    switch: Arc<watch::Sender<Stage>>,
}

/// How far a switch was thrown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Cancelled,
    Stopped,
}

impl Cancellation {
    /// A switch that is not thrown.
    pub fn new() -> Self {
        Self {
            switch: Arc::new(watch::Sender::new(Stage::Running)),
        }
    }

    /// Throws the switch. Throwing it again changes nothing.
    pub fn cancel(&self) {
        self.throw(Stage::Cancelled);
    }

    /// Throws the switch to its end: what was sent is not waited for.
    pub fn stop(&self) {
        self.throw(Stage::Stopped);
    }

    fn throw(&self, to: Stage) {
        self.switch
            .send_if_modified(|stage| std::mem::replace(stage, to.max(*stage)) < to);
    }

    /// Whether the switch was thrown.
    pub fn is_cancelled(&self) -> bool {
        self.stage() >= Stage::Cancelled
    }

    /// Whether the switch was thrown to its end.
    pub fn is_stopped(&self) -> bool {
        self.stage() == Stage::Stopped
    }

    fn stage(&self) -> Stage {
        *self.switch.borrow()
    }

    /// Waits until the switch is thrown.
    pub async fn cancelled(&self) {
        self.reached(Stage::Cancelled).await;
    }

    /// Waits until the switch is thrown to its end.
    pub async fn stopped(&self) {
        self.reached(Stage::Stopped).await;
    }

    async fn reached(&self, wanted: Stage) {
        let mut switch = self.switch.subscribe();
        // The only error is a dropped sender, and `self` holds it.
        let _ = switch.wait_for(|stage| *stage >= wanted).await;
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Cancellation;

    #[tokio::test]
    async fn a_clone_that_waits_wakes_up() {
        let cancellation = Cancellation::new();
        let waiting = cancellation.clone();
        let task = tokio::spawn(async move { waiting.cancelled().await });
        assert!(!cancellation.is_cancelled());
        cancellation.cancel();
        tokio::time::timeout(Duration::from_secs(5), task)
            .await
            .expect("it wakes up")
            .expect("it does not panic");
        assert!(cancellation.is_cancelled());
    }

    #[tokio::test]
    async fn waiting_after_the_fact_returns_at_once() {
        let cancellation = Cancellation::new();
        cancellation.cancel();
        cancellation.cancel();
        cancellation.cancelled().await;
    }

    #[tokio::test]
    async fn what_is_stopped_is_cancelled_too_and_stays_stopped() {
        let cancellation = Cancellation::new();
        cancellation.cancel();
        assert!(!cancellation.is_stopped());
        cancellation.stop();
        cancellation.cancel();
        assert!(cancellation.is_stopped() && cancellation.is_cancelled());
        cancellation.stopped().await;
    }
}
