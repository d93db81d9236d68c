//! A page on its own, which loads nothing.
//!
//! Its one script filters the syncs; without it, all are shown. The page's policy names the script
//! and the style by their digests, so no other runs, whatever gets into the page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plan;
use super::review::{Group, Item, Review, ReviewEntry, Verdict, advice};
use super::style::SANDBOX;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::Span;
use crate::core::text::{in_markup as escaped, quoted_parts};
use crate::core::words;
use crate::digest;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// A whole page.
pub fn text(review: &Review<'_>) -> String {
    let title = format!("secsync {}", review.command);
    let [style, script] = [STYLE, SCRIPT].map(|text| digest::sha256_in_base64(text.as_bytes()));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; \
         form-action 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    if review.is_sandbox {
        let _ = writeln!(out, "<p><em>{SANDBOX}</em></p>");
    }
    if let Some(headline) = &review.headline {
        let _ = writeln!(out, "<p><strong>{}</strong></p>", sentences(headline));
    }
    let facts = review.facts.iter().map(|fact| sentences(fact));
    section(&mut out, "About", "facts", facts);
    let problems = review.problems.iter();
    let problems = problems.map(|problem| sentences(&advice(problem)));
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
            move |warning: &String| format!("{}: {}", code(&item.address), sentences(warning));
        item.warnings.iter().map(of_item)
    });
    section(
        &mut out,
        "This deletes or overwrites secrets",
        "warning",
        warnings,
    );
    syncs(&mut out, review);
    section(
        &mut out,
        "Notes",
        "notes",
        review.notes.iter().map(|note| sentences(note)),
    );
    if !review.items.is_empty() {
        let _ = writeln!(out, "<script>{SCRIPT}</script>");
    }
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

/// All syncs, below what filters them.
fn syncs(out: &mut String, review: &Review<'_>) {
    if review.items.is_empty() {
        return;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &review.items {
        *counts.entry(item.word).or_default() += 1;
    }
    out.push_str(
        "<section class=\"syncs\">\n<h2>Syncs</h2>\n<form hidden>\n<label>Show <select name=\"action\">\n\
         <option value=\"\">everything</option>\n",
    );
    for (word, count) in counts {
        let word = escaped(word);
        let _ = writeln!(out, "<option value=\"{word}\">{word} ({count})</option>");
    }
    out.push_str(
        "</select></label>\n<label>with <input name=\"text\" type=\"search\" placeholder=\"any text\"></label>\n\
         <output></output>\n</form>\n<ul>\n",
    );
    for entry in review.entries() {
        match entry {
            ReviewEntry::Sync(one) => item(out, one, review),
            ReviewEntry::Group(first, of) => group(out, first, of, review),
        }
    }
    out.push_str("</ul>\n</section>\n");
}

fn finding(found: &Diagnostic, review: &Review<'_>) -> String {
    let word = words::capitalized(found.severity.word());
    let place = review.place_of(found).map(|place| {
        let link = found.span().and_then(|span| review.link(span));
        format!(" {}", linked(&place, link))
    });
    let place = place.unwrap_or_default();
    format!(
        "<strong>{word}</strong> {}{place}: {}",
        code(found.code.name()),
        sentences(&review.sentences_of(found))
    )
}

fn item(out: &mut String, item: &Item, review: &Review<'_>) {
    let tone = tone(item);
    let word = escaped(item.word);
    let sign = match item.sign {
        "" => String::new(),
        sign => format!("{} ", escaped(sign)),
    };
    let _ = writeln!(
        out,
        "<li class=\"sync {tone}\" data-action=\"{word}\">\n<p><span class=\"state badge\">{sign}{word}</span> \
         {} ({}) {}{}</p>",
        code(&item.address),
        code(&item.destination),
        sentences(&item.what),
        declared_at(item.place, review)
    );
    if let Some(reason) = item.verdict.reason() {
        paragraph(out, "state", item.verdict.word(), reason);
    }
    remarks(out, item, &item.diff);
}

/// Syncs that inherit the same change.
fn group(out: &mut String, first: &Item, group: &Group, review: &Review<'_>) {
    let count = group.items.len();
    let (tone, word) = (tone(first), escaped(first.word));
    let _ = writeln!(
        out,
        "<li class=\"sync {tone}\" data-action=\"{word}\" data-count=\"{count}\">\n<p><span class=\"state \
         badge\">{} {word}</span> {} ({}){}</p>\n<ul>",
        escaped(first.sign),
        plan::shared(count),
        code(&first.destination),
        declared_at(group.place, review)
    );
    for index in &group.items {
        let item = &review.items[*index];
        let place = declared_at(item.place, review);
        let _ = writeln!(out, "<li>{}{place}</li>", code(&item.address));
    }
    out.push_str("</ul>\n");
    remarks(out, first, &group.diff);
}

/// Where something is declared, as the end of a sentence.
fn declared_at(place: Option<Span>, review: &Review<'_>) -> String {
    let place = place.map(|place| {
        let link = review.link(place);
        format!(", declared at {}", linked(&review.describe(place), link))
    });
    place.unwrap_or_default()
}

/// What there is to say besides, and what changes, at the end of an entry.
fn remarks(out: &mut String, item: &Item, lines: &str) {
    for warning in &item.warnings {
        paragraph(out, "state change", "Warning", warning);
    }
    for note in item.remarks() {
        paragraph(out, "note", "Note", note);
    }
    if !lines.is_empty() {
        let lines = diff(lines);
        let _ = writeln!(
            out,
            "<details><summary>Fields</summary><pre>{lines}</pre></details>"
        );
    }
    out.push_str("</li>\n");
}

/// A word for what follows, and that.
fn paragraph(out: &mut String, class: &str, word: &str, text: &str) {
    let text = sentences(text);
    let _ = writeln!(out, "<p><span class=\"{class}\">{word}:</span> {text}</p>");
}

/// What colour a sync has. Its words say the same.
fn tone(item: &Item) -> &'static str {
    match (&item.verdict, item.sign) {
        (Verdict::Blocked(_) | Verdict::Failed(_) | Verdict::NotAsDeclared(_), _)
        | (_, "-" | "-/+") => "remove",
        (Verdict::Unknown(_) | Verdict::Skipped(_) | Verdict::Differs, _) | (_, "~") => "change",
        (Verdict::Good, "!") => "other",
        (Verdict::Good, _) => "add",
    }
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

/// A text whose words in backquotes are code.
fn sentences(text: &str) -> String {
    let of_line = |line: &str| -> String {
        quoted_parts(line)
            .map(|(is_quoted, part)| if is_quoted { code(part) } else { escaped(part) })
            .collect()
    };
    let lines: Vec<String> = text.trim_end().split('\n').map(of_line).collect();
    lines.join("\n")
}

/// A place that leads to its page, if it has one.
fn linked(place: &str, page: Option<String>) -> String {
    match page {
        Some(page) => format!("<a href=\"{}\">{}</a>", escaped(&page), code(place)),
        None => code(place),
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}
