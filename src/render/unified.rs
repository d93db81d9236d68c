//! A YAML diff between what is remote and what is declared.

use std::fmt::Write as _;

use super::review::{Item, Review, advice};
use super::terminal::SANDBOX;
use crate::core::text::visible;

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
    for item in &review.items {
        sync(&mut out, item, review);
    }
    for line in review.headline.iter().chain(&review.notes) {
        comment(&mut out, line);
    }
    out
}

fn sync(out: &mut String, item: &Item, review: &Review<'_>) {
    comment(out, &format!("{} {}", item.address, item.what));
    for warning in &item.warnings {
        comment(out, &format!("Warning: {warning}"));
    }
    for note in item.remarks() {
        comment(out, &format!("Note: {note}"));
    }
    if let Some(reason) = item.verdict.reason() {
        comment(out, &format!("{}: {reason}", item.verdict.word()));
    }
    if item.diff.is_empty() {
        return;
    }
    let address = visible(&item.address);
    let [old, new] = &review.sides;
    let _ = match item.word {
        "create" => writeln!(out, "--- /dev/null"),
        _ => writeln!(out, "--- {}/{address}", visible(old)),
    };
    let _ = writeln!(out, "+++ {}/{address}", visible(new));
    out.push_str(&item.diff);
}

/// Lines that are not part of a diff.
fn comment(out: &mut String, text: &str) {
    for line in text.trim_end().lines() {
        let _ = writeln!(out, "# {}", visible(line));
    }
}
