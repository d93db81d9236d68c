//! The pause that a server asks for with a 429: one gate a host, which everything to it waits at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::origin::Origin;

use crate::mutex::lock;

/// No pause is kept for longer than this, however long a server asks.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The gates of all hosts. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct HostGates {
    gates: Arc<Mutex<HashMap<Origin, Gate>>>,
}

impl HostGates {
    /// The gate of a host.
    pub fn gate(&self, origin: &Origin) -> Gate {
        lock(&self.gates).entry(origin.clone()).or_default().clone()
    }
}

/// The gate before one host. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    opens: Arc<Mutex<Option<Instant>>>,
}

impl Gate {
    /// Closes it for a time from now; never shortens a pause that is on.
    pub fn close(&self, now: Instant, pause: Duration) {
        let opens = now.checked_add(pause.min(LONGEST));
        let mut current = lock(&self.opens);
        *current = opens.max(*current);
    }

    /// How long it stays closed.
    pub fn remaining(&self, now: Instant) -> Duration {
        lock(&self.opens).map_or(Duration::ZERO, |opens| opens.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::HostGates;
    use crate::http::origin::Origin;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).expect("a valid address")
    }

    #[test]
    fn everything_to_a_host_shares_its_gate_and_other_hosts_do_not() {
        let limits = HostGates::default();
        let now = Instant::now();
        let pause = Duration::from_secs(5);
        limits.gate(&origin("https://a.example")).close(now, pause);
        let same = limits.clone().gate(&origin("https://A.example:443/"));
        assert_eq!(same.remaining(now), pause);
        let other = limits.gate(&origin("https://b.example"));
        assert_eq!(other.remaining(now), Duration::ZERO);
    }

    #[test]
    fn a_shorter_pause_never_shortens_a_longer_one() {
        let gate = HostGates::default().gate(&origin("https://a.example"));
        let now = Instant::now();
        gate.close(now, Duration::from_secs(60));
        gate.close(now, Duration::from_secs(1));
        assert_eq!(gate.remaining(now), Duration::from_secs(60));
        assert_eq!(
            gate.remaining(now + Duration::from_secs(61)),
            Duration::ZERO
        );
    }

    #[test]
    fn an_absurd_pause_does_not_overflow() {
        let gate = HostGates::default().gate(&origin("https://a.example"));
        let now = Instant::now();
        gate.close(now, Duration::MAX);
        assert_eq!(gate.remaining(now), super::LONGEST);
    }
}
