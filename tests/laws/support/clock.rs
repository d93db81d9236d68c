//! A clock that runs faster than the wall's, so that pauses of seconds cost a test milliseconds
//! and the sandbox, which goes by the wall, still has time to work in between.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use secsync::http::clock::Clock;
use tokio::sync::watch;

/// How much faster it runs.
const SPEED: u32 = 100;

/// The clock.
#[derive(Debug)]
pub struct QuickClock {
    start: Instant,
}

impl QuickClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
        })
    }
}

#[async_trait]
impl Clock for QuickClock {
    fn now(&self) -> Instant {
        self.start + self.start.elapsed() * SPEED
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        0.5
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause / SPEED).await;
    }
}

/// A clock that does not move: whoever waits goes on when the test lets it.
#[derive(Debug)]
pub struct HeldClock {
    start: Instant,
    passed: watch::Sender<Duration>,
    pauses: Mutex<Vec<Duration>>,
}

impl HeldClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            passed: watch::Sender::new(Duration::ZERO),
            pauses: Mutex::default(),
        })
    }

    /// The pauses that were asked for so far.
    pub fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }

    /// Lets that much time pass at once.
    pub fn pass(&self, while_: Duration) {
        self.passed.send_modify(|passed| *passed += while_);
    }
}

#[async_trait]
impl Clock for HeldClock {
    fn now(&self) -> Instant {
        self.start + *self.passed.borrow()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        0.5
    }

    async fn sleep(&self, pause: Duration) {
        self.pauses.lock().unwrap().push(pause);
        let mut passed = self.passed.subscribe();
        let end = *passed.borrow() + pause;
        // The only error is a dropped sender, and `self` holds it.
        let _ = passed.wait_for(|passed| *passed >= end).await;
    }
}
