//! Rate limits: a window of a minute for every route and client.

use std::collections::HashMap;
use std::time::Duration;

use super::call::{Call, Reply};
use super::fail::Operation;
use super::moment::Moment;

const WINDOW: Duration = Duration::from_secs(60);

/// What has its own counter: an operation, perhaps on one destination, and a client.
type Counter = (Operation, String, String);

/// The names of the three headers that report a client's limit.
pub type HeaderNames = [&'static str; 3];

/// Counts requests.
pub struct RequestCounts {
    per_minute: u32,
    windows: HashMap<Counter, Window>,
}

struct Window {
    ends: Moment,
    count: u32,
}

/// How many requests a limit allows, and how many are left.
pub struct Allowance {
    limit: u32,
    remaining: u32,
    seconds_left: u64,
    allowed: bool,
}

impl RequestCounts {
    /// Allows that many requests a minute for every route and client.
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            windows: HashMap::new(),
        }
    }

    /// Counts a call. What has the same operation and destination shares a counter.
    pub fn pass(
        &mut self,
        operation: Operation,
        destination: Option<&str>,
        call: &Call,
        now: Moment,
    ) -> Allowance {
        let destination = destination.unwrap_or_default().to_owned();
        let counter: Counter = (operation, destination, client(call));
        let fresh = || Window {
            ends: now.after(WINDOW),
            count: 0,
        };
        let window = self.windows.entry(counter).or_insert_with(fresh);
        if window.ends <= now {
            *window = fresh();
        }
        let allowed = window.count < self.per_minute;
        window.count = window.count.saturating_add(1);
        Allowance {
            limit: self.per_minute,
            remaining: self.per_minute.saturating_sub(window.count),
            seconds_left: whole_seconds(now.until(window.ends)),
            allowed,
        }
    }
}

/// Rounded up: who waits that long has waited long enough.
const fn whole_seconds(while_: Duration) -> u64 {
    while_.as_secs() + if while_.subsec_nanos() > 0 { 1 } else { 0 }
}

/// The client as a proxy names it.
fn client(call: &Call) -> String {
    call.headers
        .get("x-forwarded-for")
        .cloned()
        .unwrap_or_default()
}

impl Allowance {
    /// The answer to a counted call; the refusal if it is one too many, made from the seconds until
    /// the limit is whole again. Both get the limit, what remains of it, and those seconds.
    pub fn reply(
        pass: Option<Self>,
        [limit, remaining, reset]: HeaderNames,
        refuse: impl FnOnce(u64) -> Reply,
        answer: impl FnOnce() -> Reply,
    ) -> Reply {
        let Some(pass) = pass else {
            return answer();
        };
        let reply = if pass.allowed {
            answer()
        } else {
            refuse(pass.seconds_left)
        };
        reply
            .with_header(limit, pass.limit.to_string())
            .with_header(remaining, pass.remaining.to_string())
            .with_header(reset, pass.seconds_left.to_string())
    }
}
