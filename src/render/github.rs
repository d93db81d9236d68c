//! Workflow commands of GitHub Actions, which become annotations on the lines of a pull request.
//!
//! The runner reads a command up to the end of its line. A line break in a text, or a colon or comma
//! in a property, would end it early, so they are written as `%0A`, `%3A` and `%2C`.

use std::fmt::Write as _;

use super::review::{Item, Review, Verdict, advice};
use crate::core::span::Span;
use crate::core::text::visible_lines;

/// A line for each finding, each harmful or failed action, and the result.
pub fn text(review: &Review<'_>) -> String {
    let mut out = String::new();
    for problem in review.problems {
        let message = advice(problem);
        command(&mut out, "error", &[("title", &title(review))], &message);
    }
    for found in review.shown_findings() {
        let place = match found.span() {
            Some(span) => place(span, review),
            None => review
                .file_of(found)
                .map(|file| ("file", review.path_of(file)))
                .into_iter()
                .collect(),
        };
        let (level, code) = (found.severity.word(), found.code.name());
        let message = review.sentences_of(found);
        located(&mut out, level, place, code, &message);
    }
    for item in &review.items {
        of_item(&mut out, item, review);
    }
    if let Some(headline) = &review.headline {
        let lines = std::iter::once(headline).chain(review.remarks());
        let message = lines.map(String::as_str).collect::<Vec<_>>().join("\n");
        command(&mut out, "notice", &[("title", &title(review))], &message);
    }
    out
}

fn title(review: &Review<'_>) -> String {
    let sandbox = if review.is_sandbox { " (sandbox)" } else { "" };
    format!("secsync {}{sandbox}", review.command)
}

fn of_item(out: &mut String, item: &Item, review: &Review<'_>) {
    let place = || match item.place {
        Some(span) => place(span, review),
        None => Vec::new(),
    };
    let what = format!("{} {}.", item.address, item.what);
    let level = match &item.verdict {
        Verdict::Good => None,
        Verdict::NotAsDeclared(_) | Verdict::Failed(_) | Verdict::Unknown(_) => Some("error"),
        Verdict::Differs | Verdict::Blocked(_) | Verdict::Skipped(_) => Some("warning"),
    };
    if let Some(level) = level {
        let reason = item.verdict.reason();
        let reason = reason.map(|reason| format!("\n{reason}"));
        let message = what.clone() + &reason.unwrap_or_default();
        located(out, level, place(), item.word, &message);
    }
    for warning in &item.warnings {
        let message = format!("{what}\n{warning}");
        located(out, "warning", place(), item.word, &message);
    }
}

fn place(span: Span, review: &Review<'_>) -> Vec<(&'static str, String)> {
    let range = review.range(span);
    let mut place = vec![
        ("file", range.file),
        ("line", range.line.to_string()),
        ("endLine", range.end_line.to_string()),
    ];
    // Columns are only allowed within one line.
    if range.line == range.end_line {
        place.push(("col", range.column.to_string()));
        place.push(("endColumn", range.end_column.to_string()));
    }
    place
}

fn located(
    out: &mut String,
    level: &str,
    mut place: Vec<(&'static str, String)>,
    title: &str,
    message: &str,
) {
    place.push(("title", format!("secsync: {title}")));
    let properties: Vec<_> = place
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    command(out, level, &properties, message);
}

fn command(out: &mut String, level: &str, properties: &[(&str, &str)], message: &str) {
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    let _ = writeln!(out, "::{level} {}::{}", properties.join(","), data(message));
}

/// A message with invisible characters made visible and the syntax of commands escaped.
fn data(text: &str) -> String {
    visible_lines(text).replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
