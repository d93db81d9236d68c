//! A comment on a pull request, in GitHub's Markdown.
//!
//! Text from files and servers is either in a code span, with a fence longer than any in the text,
//! or has every character escaped that Markdown gives a meaning. So it can neither break out of its
//! place nor mention a person.

use std::fmt::Write as _;

use super::mermaid::{self, Graph};
use super::plan;
use super::review::{Group, Item, Review, ReviewEntry, advice};
use super::style::SANDBOX;
use crate::core::diagnostic::Diagnostic;
use crate::core::text::{quoted_parts, visible};
use crate::core::words;

/// What is reserved for the note that something was left out.
const RESERVE: usize = 400;

/// A comment, with a marker in its first line so that a script can find it again.
///
/// It is in the order in which people read. If not all of it fits, room is given in the order of what
/// they need: the result, the errors, the graph and what can happen to secrets; then the findings, a
/// line for each sync and the notes; and the details of syncs last.
pub fn text(review: &Review<'_>) -> String {
    let mut room = Room::of(review.longest_comment);
    let mut top = format!("<!-- secsync:{} -->\n{}", review.command, heading(review));
    if review.is_sandbox {
        let _ = write!(top, "\n> {SANDBOX}\n");
    }
    room.left = room.left.saturating_sub(top.len());
    let facts = room.list("facts", "\n", review.facts.iter().map(|fact| bullet(fact)));
    let problems = review.problems.iter();
    let problems = problems.map(|problem| bullet(&advice(problem)));
    let problems = room.list("errors", "\n### Errors\n\n", problems);
    let graph = mermaid::graph(review).map(|graph| drawn(&graph));
    let graph = match graph {
        Some(graph) if room.take(&graph) => graph,
        Some(_) => {
            room.left_out.push("the graph".to_owned());
            String::new()
        }
        None => String::new(),
    };
    let harmful = review.items.iter().filter(|item| !item.warnings.is_empty());
    let warnings = "\n> [!WARNING]\n> This deletes or overwrites secrets:\n>\n";
    let warnings = room.list("warnings", warnings, harmful.map(warning));
    let findings = review.shown_findings().into_iter();
    let findings = findings.map(|found| finding(found, review));
    let findings = room.list("findings", "\n### Findings\n\n", findings);
    let entries = review.entries();
    let lines = room.lines(&entries, review);
    let notes = room.list("notes", "\n", review.notes.iter().map(|note| bullet(note)));
    let items = room.details(&entries, review, lines);
    [
        top,
        facts,
        problems,
        findings,
        warnings,
        graph,
        items,
        notes,
        room.end(),
    ]
    .concat()
}

/// A graph, folded so that it can be closed.
fn drawn(graph: &Graph) -> String {
    let legend = graph.legend();
    let legend = if legend.is_empty() {
        legend
    } else {
        format!("\n{legend}\n")
    };
    format!(
        "\n<details open><summary>Sources and destinations</summary>\n\n```mermaid\n{}```\n{legend}\n</details>\n",
        graph.text
    )
}

fn heading(review: &Review<'_>) -> String {
    let mut out = format!("## secsync {}\n", review.command);
    if let Some(headline) = &review.headline {
        let _ = write!(out, "\n**{}**\n", in_one_line(headline.trim()));
    }
    out
}

fn finding(found: &Diagnostic, review: &Review<'_>) -> String {
    let word = words::capitalized(found.severity.word());
    let place = review.place_of(found).map(|place| {
        let link = found.span().and_then(|span| review.link(span));
        format!(" {}", linked(&code(&place), link))
    });
    let place = place.unwrap_or_default();
    let text = review.sentences_of(found);
    bullet_with(
        &format!("**{word}** {}{place}: ", code(found.code.name())),
        &text,
    )
}

fn warning(item: &Item) -> String {
    let mut out = String::new();
    for warning in &item.warnings {
        let _ = writeln!(out, "> - {}: {}", code(&item.address), sentences(warning));
    }
    out
}

/// An entry of the list of syncs.
fn entry(entry: ReviewEntry<'_>, review: &Review<'_>, with_details: bool) -> String {
    match entry {
        ReviewEntry::Sync(one) => item(one, review, with_details),
        ReviewEntry::Group(first, group) => of_group(first, group, review, with_details),
    }
}

/// One sync: a line, with the details folded below it.
fn item(item: &Item, review: &Review<'_>, with_details: bool) -> String {
    let sign = match item.sign {
        "" => String::new(),
        sign => format!("{} ", code(sign)),
    };
    let mut line = format!(
        "{sign}{} ({}) {}",
        linked(&code(&item.address), link_of(item, review)),
        code(&item.destination),
        sentences(&item.what)
    );
    if let Some(reason) = item.verdict.reason() {
        let _ = write!(
            line,
            ". **{}:** {}",
            item.verdict.word(),
            in_one_line(reason)
        );
    }
    let details = if with_details {
        details(item, review)
    } else {
        String::new()
    };
    folded(&line, &details)
}

/// Syncs that inherit the same change: a line, with the syncs and the change folded below it.
fn of_group(first: &Item, group: &Group, review: &Review<'_>, with_details: bool) -> String {
    let what = plan::shared(group.items.len());
    let line = format!("{} {what} ({})", code(first.sign), code(&first.destination));
    if !with_details {
        return folded(&line, "");
    }
    let mut out = String::new();
    if let Some(place) = group.place {
        let place = linked(&code(&review.describe(place)), review.link(place));
        let _ = writeln!(out, "  Declared at {place}, for:\n");
    }
    for index in &group.items {
        let item = &review.items[*index];
        let address = linked(&code(&item.address), link_of(item, review));
        let _ = writeln!(out, "  - {address}");
    }
    out.push('\n');
    if !group.diff.is_empty() {
        out.push_str(&block("diff", &group.diff));
    }
    for note in first.warnings.iter().chain(first.remarks()) {
        let _ = writeln!(out, "  - {}", in_one_line(note));
    }
    folded(&line, &out)
}

/// A line of a list, with details folded below it.
fn folded(line: &str, details: &str) -> String {
    if details.is_empty() {
        return format!("- {line}\n");
    }
    format!(
        "- {line}\n\n  <details><summary>Details</summary>\n\n{}\n\n  </details>\n\n",
        details.trim_end()
    )
}

fn details(item: &Item, review: &Review<'_>) -> String {
    let mut out = String::new();
    if let Some(place) = item.place {
        let place = linked(&code(&review.describe(place)), link_of(item, review));
        let _ = writeln!(out, "  Declared at {place}.\n");
    }
    if !item.diff.is_empty() {
        out.push_str(&block("diff", &item.diff));
    }
    for note in item.warnings.iter().chain(item.remarks()) {
        let _ = writeln!(out, "  - {}", in_one_line(note));
    }
    out
}

/// Where a sync is declared.
fn link_of(item: &Item, review: &Review<'_>) -> Option<String> {
    review.link(item.place?)
}

/// Text that leads to a page. Nothing in the address of one has a meaning in Markdown.
fn linked(text: &str, page: Option<String>) -> String {
    match page {
        Some(page) => format!("[{text}]({page})"),
        None => text.to_owned(),
    }
}

fn bullet(text: &str) -> String {
    bullet_with("", text)
}

fn bullet_with(start: &str, text: &str) -> String {
    format!("- {start}{}\n", in_one_line(text))
}

/// Several lines of text as one line of Markdown.
fn in_one_line(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().split('\n').map(sentences).collect();
    lines.join("<br>")
}

/// A text whose words in backquotes become code; everything else is escaped.
fn sentences(text: &str) -> String {
    quoted_parts(text)
        .map(|(is_quoted, part)| if is_quoted { code(part) } else { escaped(part) })
        .collect()
}

/// A text in which no character has a meaning.
fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // GitHub would notify a person, or link an issue.
            '@' | '#' => {
                out.push(character);
                out.push_str("<!-- -->");
            }
            // A bare address would become a link, and a leading number or dash a list.
            ':' if characters.peek() == Some(&'/') => out.push_str("\\:"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            '.' | ')' if !out.is_empty() && out.bytes().all(|byte| byte.is_ascii_digit()) => {
                out.push('\\');
                out.push(character);
            }
            '-' | '+' if out.is_empty() => {
                out.push('\\');
                out.push(character);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

/// A text as code within a line.
fn code(text: &str) -> String {
    let text = visible(text);
    if text.is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // Markdown strips one blank from each side.
    let blank = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Lines as a block of code, within a list.
fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let mut out = format!("  {fence}{language}\n");
    for line in text.lines() {
        let _ = writeln!(out, "  {}", visible(line));
    }
    let _ = writeln!(out, "  {fence}\n");
    out
}

/// How many backticks there are in a row.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`').map(str::len);
    runs.max().unwrap_or_default()
}

/// What is left of a comment.
struct Room {
    /// How many characters the whole comment can have.
    longest: usize,
    /// In bytes.
    left: usize,
    left_out: Vec<String>,
}

impl Room {
    /// That of a comment with so many characters. Bytes are counted, which are never fewer.
    fn of(longest: usize) -> Self {
        Self {
            longest,
            left: longest.saturating_sub(RESERVE),
            left_out: Vec::new(),
        }
    }

    /// Takes the room of a text, if there is enough.
    fn take(&mut self, text: &str) -> bool {
        let rest = self.left.checked_sub(text.len());
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }

    /// The entries that fit, below a heading; the others are counted.
    fn list(&mut self, what: &str, heading: &str, entries: impl Iterator<Item = String>) -> String {
        let mut list = String::new();
        let (mut all, mut shown) = (0, 0);
        for entry in entries {
            let text = if shown == 0 {
                heading.to_owned() + &entry
            } else {
                entry
            };
            all += 1;
            if self.take(&text) {
                shown += 1;
                list.push_str(&text);
            }
        }
        self.miss(all - shown, all, what);
        list
    }

    /// The entries without their details, as far as they fit.
    fn lines(&mut self, entries: &[ReviewEntry<'_>], review: &Review<'_>) -> Vec<Option<String>> {
        // The empty line before them.
        self.left = self.left.saturating_sub(1);
        let lines: Vec<Option<String>> = (entries.iter())
            .map(|one| Some(entry(*one, review, false)).filter(|line| self.take(line)))
            .collect();
        let missing = entries.iter().zip(&lines);
        let missing = missing.filter(|(_, line)| line.is_none());
        let missing = missing.map(|(entry, _)| entry.syncs()).sum();
        self.miss(missing, review.items.len(), "syncs");
        lines
    }

    /// The entries, with their details as far as these fit, too.
    fn details(
        &mut self,
        entries: &[ReviewEntry<'_>],
        review: &Review<'_>,
        lines: Vec<Option<String>>,
    ) -> String {
        if lines.is_empty() {
            return String::new();
        }
        let mut items = "\n".to_owned();
        let mut folded = 0;
        for (one, line) in entries.iter().zip(lines) {
            let Some(line) = line else {
                continue;
            };
            let whole = entry(*one, review, true);
            let more = whole.len().saturating_sub(line.len());
            if more <= self.left {
                self.left -= more;
                items.push_str(&whole);
            } else {
                folded += one.syncs();
                items.push_str(&line);
            }
        }
        self.miss(folded, review.items.len(), "syncs' details");
        items
    }

    fn miss(&mut self, missing: usize, all: usize, what: &str) {
        if missing > 0 {
            self.left_out.push(format!("{missing} of {all} {what}"));
        }
    }

    /// The note that something was left out.
    fn end(&self) -> String {
        if self.left_out.is_empty() {
            return String::new();
        }
        format!(
            "\n**Not shown: {}.** A comment takes at most {} characters; the output of the command \
             has everything.\n",
            self.left_out.join(", "),
            self.longest
        )
    }
}
