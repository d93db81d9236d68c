//! Workflow commands of GitHub Actions, which become annotations on the lines of a pull request.
//!
//! The runner reads a command up to the end of its line. A line break in a text, or a colon or comma
//! in a property, would end it early, so they are written as `%0A`, `%3A` and `%2C`.
//!
//! Of a message the runner keeps 4096 characters, and of a step ten messages of each level
//! (`ExecutionContext.cs` of actions/runner).

use std::fmt::Write as _;

use super::review::{Item, Review, Verdict, advice};
use crate::core::span::Span;
use crate::core::text::{first_lines, visible_lines};

/// What a message is shortened to, in bytes.
const LONGEST: usize = 4_000;

/// A line for each finding, the result, and a line for each action that failed, does harm, deletes a
/// sync, or may be meant as a rename.
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
    // It comes before the notices of syncs, so that it is among those that are kept.
    if let Some(headline) = &review.headline {
        let lines = std::iter::once(headline).chain(review.remarks());
        let message = lines.map(String::as_str).collect::<Vec<_>>().join("\n");
        command(&mut out, "notice", &[("title", &title(review))], &message);
    }
    for item in &review.items {
        of_item(&mut out, item, review);
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
    let what = format!("{}.", review.what(item));
    let mut messages = Vec::new();
    let level = match &item.verdict {
        Verdict::Good => None,
        Verdict::NotAsDeclared(_) | Verdict::Failed(_) | Verdict::Unknown(_) => Some("error"),
        Verdict::Differs | Verdict::Blocked(_) | Verdict::Skipped(_) => Some("warning"),
    };
    if let Some(level) = level {
        let reason = item.verdict.reason();
        let reason = reason.map(|reason| format!("\n{reason}"));
        messages.push((level, what.clone() + &reason.unwrap_or_default()));
    }
    let warnings = item.warnings.iter();
    messages.extend(warnings.map(|warning| ("warning", format!("{what}\n{warning}"))));
    let more: Vec<&str> = item
        .hints
        .iter()
        .chain(&item.deleted)
        .map(|text| text.trim_end())
        .collect();
    if messages.is_empty() && !more.is_empty() {
        messages.push(("notice", what));
    }
    for (index, (level, mut message)) in messages.into_iter().enumerate() {
        for text in more.iter().filter(|_| index == 0) {
            message.push('\n');
            message.push_str(text);
        }
        located(out, level, place(), item.word, &message);
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
    let message = first_lines(&visible_lines(message), LONGEST);
    let _ = writeln!(
        out,
        "::{level} {}::{}",
        properties.join(","),
        data(&message)
    );
}

/// A message with invisible characters made visible and the syntax of commands escaped.
fn data(text: &str) -> String {
    visible_lines(text).replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
