//! Cancellation: one switch that every wait of a run listens to.

use std::sync::Arc;

use tokio::sync::watch;

/// A switch that is thrown once, by Ctrl-C or a termination signal. Clones share it.
///
/// What is thrown ends waiting at once; a write that was already sent is seen through.
#[derive(Debug, Clone)]
pub struct Cancellation {
    switch: Arc<watch::Sender<bool>>,
}

impl Cancellation {
    /// A switch that is not thrown.
    pub fn new() -> Self {
        Self {
            switch: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Throws the switch. Throwing it again changes nothing.
    pub fn cancel(&self) {
        self.switch.send_replace(true);
    }

    /// Whether the switch was thrown.
    pub fn is_cancelled(&self) -> bool {
        *self.switch.borrow()
    }

    /// Waits until the switch is thrown.
    pub async fn cancelled(&self) {
        // The only error is a dropped sender, and `self` holds it.
        let _ = self
            .switch
            .subscribe()
            .wait_for(|cancelled| *cancelled)
            .await;
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
}
