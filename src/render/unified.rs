//! A YAML diff between what is remote and what is declared.

use std::fmt::Write as _;

use super::plan;
use super::review::{Group, Item, Review, ReviewEntry, advice};
use super::style::SANDBOX;
use crate::core::text::visible;
use crate::core::words;

/// All syncs that differ. Whatever else there is to say is in lines that begin with `#`, which
/// programs that read diffs skip.
pub fn text(review: &Review<'_>) -> String {
    let mut out = String::new();
    if review.is_sandbox {
        comment(&mut out, SANDBOX);
    }
    for fact in &review.facts {
        comment(&mut out, fact);
    }
    for problem in review.problems {
        comment(&mut out, &format!("Error: {}", advice(problem)));
    }
    for entry in review.entries() {
        match entry {
            ReviewEntry::Sync(item) => sync(&mut out, item, review),
            ReviewEntry::Group(first, of) => group(&mut out, first, of, review),
        }
    }
    for line in review.headline.iter().chain(&review.notes) {
        comment(&mut out, line);
    }
    out
}

fn sync(out: &mut String, item: &Item, review: &Review<'_>) {
    comment(out, &review.what(item));
    for warning in &item.warnings {
        comment(out, &format!("Warning: {warning}"));
    }
    for note in item.remarks() {
        comment(out, &format!("Note: {note}"));
    }
    if let Some(reason) = item.verdict.reason() {
        comment(out, &format!("{}: {reason}", item.verdict.word()));
    }
    let is_new = item.word == "create";
    diff(out, &item.address, is_new, &item.diff, review);
}

/// Syncs that inherit the same change.
fn group(out: &mut String, first: &Item, group: &Group, review: &Review<'_>) {
    let count = group.items.len();
    let place = group
        .place
        .map(|place| format!(" ({})", review.describe(place)));
    let what = plan::shared(count) + &place.unwrap_or_default();
    comment(out, &what);
    for index in &group.items {
        comment(out, &format!("  {}", review.items[*index].address));
    }
    for warning in &first.warnings {
        comment(out, &format!("Warning: {warning}"));
    }
    for note in first.remarks() {
        comment(out, &format!("Note: {note}"));
    }
    diff(
        out,
        &words::count(count, "sync"),
        false,
        &group.diff,
        review,
    );
}

/// What changes in something with that name, if anything does.
fn diff(out: &mut String, name: &str, is_new: bool, lines: &str, review: &Review<'_>) {
    if lines.is_empty() {
        return;
    }
    let name = visible(name);
    let [old, new] = &review.sides;
    let _ = if is_new {
        writeln!(out, "--- /dev/null")
    } else {
        writeln!(out, "--- {}/{name}", visible(old))
    };
    let _ = writeln!(out, "+++ {}/{name}", visible(new));
    out.push_str(lines);
}

/// Lines that are not part of a diff.
fn comment(out: &mut String, text: &str) {
    for line in text.trim_end().lines() {
        let _ = writeln!(out, "# {}", visible(line));
    }
}
