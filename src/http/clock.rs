//! Time and chance, behind a trait so that a test waits for neither.

use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// What waiting needs to know and do.
#[async_trait]
pub trait Clock: Send + Sync {
    /// A time that only goes forward.
    fn now(&self) -> Instant;

    /// The time of day, for servers that name a date.
    fn time_of_day(&self) -> SystemTime;

    /// A random number from 0 to 1, so that parallel clients do not return in step.
    fn chance(&self) -> f64;

    /// Waits.
    async fn sleep(&self, pause: Duration);
}

/// The real time.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        // Without randomness the pauses are merely even.
        getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
