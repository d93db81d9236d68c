//! Points in time, in milliseconds, so that a test can set the clock.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// After every other.
    pub const NEVER: Self = Self(i64::MAX);

    /// The wall clock's time.
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// The time that many milliseconds after the start of 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// This time and a while.
    #[must_use]
    pub fn after(self, while_: Duration) -> Self {
        let millis = i64::try_from(while_.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long before `later` this is; nothing if it is not before.
    pub fn until(self, later: Self) -> Duration {
        let millis = later.0.saturating_sub(self.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Whole seconds since 1970, as tokens carry them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// As JavaScript prints it: `2026-11-22T17:14:26.316Z`.
impl std::fmt::Display for Moment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let timestamp = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX);
        write!(formatter, "{timestamp:.3}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Moment;

    #[test]
    fn it_prints_three_decimals_and_a_z() {
        assert_eq!(
            Moment::from_millis(1_795_367_666_300).to_string(),
            "2026-11-22T17:14:26.300Z"
        );
    }

    #[test]
    fn waits_no_time_for_a_moment_in_the_past() {
        let (early, late) = (Moment::from_millis(5), Moment::from_millis(8));
        assert_eq!(early.until(late), Duration::from_millis(3));
        assert_eq!(late.until(early), Duration::ZERO);
    }
}
