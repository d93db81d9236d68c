//! Times for people: how long ago, and when exactly.

use jiff::Timestamp;

/// `3 minutes ago (2026-01-31 10:00:00 UTC)`; a text that is not a time is shown as it is.
pub fn ago(time: &str, now: Timestamp) -> String {
    let Ok(then) = time.parse::<Timestamp>() else {
        return super::text::visible(time);
    };
    let exact = then.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{} ({exact})", since(then, now))
}

/// The same without the exact time, for a narrow screen.
pub fn roughly(time: &str, now: Timestamp) -> String {
    match time.parse() {
        Ok(then) => since(then, now),
        Err(_) => super::text::visible(time),
    }
}

fn since(then: Timestamp, now: Timestamp) -> String {
    match now.as_second().saturating_sub(then.as_second()) {
        // The clocks of two machines differ slightly.
        seconds if seconds < 5 => "just now".to_owned(),
        seconds => format!("{} ago", rounded(seconds)),
    }
}

/// The time in the largest unit of which it has at least one.
fn rounded(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (count, unit) = units
        .into_iter()
        .map(|(length, unit)| (seconds / length, unit))
        .find(|(count, _)| *count > 0)
        .unwrap_or((seconds, "second"));
    match count {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::ago;

    #[test]
    fn a_time_is_shown_in_its_largest_unit_and_exactly() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        for (time, expected) in [
            (
                "2026-03-01T11:59:58.123Z",
                "just now (2026-03-01 11:59:58 UTC)",
            ),
            ("2026-03-01T12:01:00Z", "just now (2026-03-01 12:01:00 UTC)"),
            (
                "2026-03-01T11:59:20Z",
                "40 seconds ago (2026-03-01 11:59:20 UTC)",
            ),
            (
                "2026-03-01T11:58:30Z",
                "1 minute ago (2026-03-01 11:58:30 UTC)",
            ),
            (
                "2026-03-01T10:00:00+01:00",
                "3 hours ago (2026-03-01 09:00:00 UTC)",
            ),
            (
                "2026-02-27T12:00:00Z",
                "2 days ago (2026-02-27 12:00:00 UTC)",
            ),
            ("soon\u{1b}", "soon\\u{1b}"),
        ] {
            assert_eq!(ago(time, now), expected);
        }
    }
}
