//! A page on its own, which runs no script and loads nothing.

use std::fmt::Write as _;

use super::review::{Item, Review, advice};
use super::terminal::SANDBOX;
use crate::core::diagnostic::Diagnostic;
use crate::core::text::in_markup as escaped;
use crate::core::words;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}\
code,pre{font:14px/1.45 ui-monospace,monospace}\
pre{background:#f6f8fa;padding:.75rem;overflow:auto;border-radius:6px}\
li{margin:.4rem 0;white-space:pre-line}\
.warning{border-left:4px solid #bf8700;padding:.1rem 1rem;background:#fff8c5}\
.error{border-left:4px solid #cf222e;padding:.1rem 1rem;background:#ffebe9}\
.add{color:#116329}.remove{color:#a40e26}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}pre{background:#161b22}\
.warning{background:#2d2300}.error{background:#300b0f}.add{color:#7ee787}.remove{color:#ffa198}}";

/// A whole page.
pub fn text(review: &Review<'_>) -> String {
    let title = format!("secsync {}", review.command);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    if review.is_sandbox {
        let _ = writeln!(out, "<p><em>{SANDBOX}</em></p>");
    }
    if let Some(headline) = &review.headline {
        let _ = writeln!(out, "<p><strong>{}</strong></p>", escaped(headline));
    }
    let facts = review.facts.iter().map(|fact| escaped(fact));
    section(&mut out, "About", "facts", facts);
    let problems = review.problems.iter();
    let problems = problems.map(|problem| escaped(&advice(problem)));
    section(&mut out, "Errors", "error", problems);
    let findings = review.shown_findings().into_iter();
    section(
        &mut out,
        "Findings",
        "findings",
        findings.map(|found| finding(found, review)),
    );
    let warnings = review.items.iter().flat_map(|item| {
        let of_item =
            move |warning: &String| format!("{}: {}", code(&item.address), escaped(warning));
        item.warnings.iter().map(of_item)
    });
    section(
        &mut out,
        "This deletes or overwrites secrets",
        "warning",
        warnings,
    );
    let items = review.items.iter().map(|one| item(one, review));
    section(&mut out, "Syncs", "syncs", items);
    section(
        &mut out,
        "Notes",
        "notes",
        review.notes.iter().map(|note| escaped(note)),
    );
    out.push_str("</body>\n</html>\n");
    out
}

/// A heading and a list, if there is anything in it.
fn section(out: &mut String, title: &str, class: &str, entries: impl Iterator<Item = String>) {
    let mut list = String::new();
    for entry in entries {
        let _ = writeln!(list, "<li>{entry}</li>");
    }
    if !list.is_empty() {
        let _ = writeln!(
            out,
            "<section class=\"{class}\">\n<h2>{title}</h2>\n<ul>\n{list}</ul>\n</section>"
        );
    }
}

fn finding(found: &Diagnostic, review: &Review<'_>) -> String {
    let word = words::capitalized(found.severity.word());
    let place = review
        .place_of(found)
        .map(|place| format!(" {}", code(&place)));
    let place = place.unwrap_or_default();
    format!(
        "<strong>{word}</strong> {}{place}: {}",
        code(found.code.name()),
        escaped(&review.sentences_of(found))
    )
}

fn item(item: &Item, review: &Review<'_>) -> String {
    let sign = match item.sign {
        "" => String::new(),
        sign => format!("{} ", code(sign)),
    };
    let mut out = format!(
        "{sign}{} ({}) {}",
        code(&item.address),
        code(&item.destination),
        escaped(&item.what)
    );
    if let Some(place) = item.place {
        let _ = write!(out, ", declared at {}", code(&review.describe(place)));
    }
    if let Some(reason) = item.verdict.reason() {
        let _ = write!(
            out,
            "\n<strong>{}:</strong> {}",
            item.verdict.word(),
            escaped(reason)
        );
    }
    for note in item.warnings.iter().chain(&item.notes) {
        let _ = write!(out, "\n{}", escaped(note));
    }
    if !item.diff.is_empty() {
        let _ = write!(
            out,
            "<details><summary>Fields</summary><pre>{}</pre></details>",
            diff(&item.diff)
        );
    }
    out
}

fn diff(lines: &str) -> String {
    let line = |line: &str| {
        let text = escaped(line);
        match line.chars().next() {
            Some('+') => format!("<span class=\"add\">{text}</span>\n"),
            Some('-') => format!("<span class=\"remove\">{text}</span>\n"),
            _ => format!("{text}\n"),
        }
    };
    lines.lines().map(line).collect()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}
