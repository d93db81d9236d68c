//! What `-vv` and `-vvv` show of a run: its events, a line each.
//!
//! `-vv` shows each request ([`Level::DEBUG`], from [`crate::http`]), `-vvv` what was decided and why
//! ([`Level::TRACE`]). An event holds no header's value, no body and no secret. Where the lines go
//! is the caller's to say, as only the terminal prints.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::core::text::visible;

/// What the events of this program are named after; those of its libraries are not shown.
const OWN: &str = env!("CARGO_CRATE_NAME");

/// Has the events of this run written by `write`, a line at a time, as `-v` is given often enough:
/// twice for requests, three times for decisions. Counts once in a process.
pub fn install(verbosity: u8, write: impl Fn(&str) + Send + Sync + 'static) {
    let level = match verbosity {
        0 | 1 => return,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    // A second run in one process keeps the first one's lines: no reason to fail.
    let _ = tracing::subscriber::set_global_default(Lines { level, write });
}

/// Writes events as lines. There are no spans.
struct Lines<W> {
    level: Level,
    write: W,
}

impl<W: Fn(&str) + 'static> Subscriber for Lines<W> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_own = target == OWN || target.starts_with(concat!(env!("CARGO_CRATE_NAME"), "::"));
        is_own && *metadata.level() <= self.level
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        (self.write)(&format!("{}\n", visible(&line.text())));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event's message, and its other fields behind it: `message (name: value, …)`.
#[derive(Default)]
struct Line {
    message: String,
    fields: Vec<String>,
}

impl Line {
    fn text(self) -> String {
        if self.fields.is_empty() {
            return self.message;
        }
        format!("{} ({})", self.message, self.fields.join(", "))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.fields
                .push(format!("{}: {value:?}", field.name().replace('_', " ")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::Level;

    use super::Lines;

    fn lines(level: Level) -> Vec<String> {
        let written: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = written.clone();
        let write = move |line: &str| log.lock().unwrap().push(line.to_owned());
        tracing::subscriber::with_default(Lines { level, write }, || {
            tracing::debug!(status = 200, request_id = "a1", "GET {}", "/x");
            tracing::trace!("The schema is the bundled one.");
            tracing::debug!("\u{1b}[2J");
            tracing::error!(target: "hyper", "a library's own");
        });
        written.lock().unwrap().clone()
    }

    #[test]
    fn shows_requests_and_on_demand_decisions_and_nothing_of_libraries() {
        let requests = ["GET /x (status: 200, request id: a1)\n", "\\u{1b}[2J\n"];
        assert_eq!(lines(Level::DEBUG), requests);
        let decision = "The schema is the bundled one.\n";
        assert_eq!(lines(Level::TRACE), [requests[0], decision, requests[1]]);
    }
}
