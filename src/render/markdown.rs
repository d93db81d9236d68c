//! A comment on a pull request, in GitHub's Markdown.
//!
//! Text from files and servers is either in a code span, with a fence longer than any in the text,
//! or has every character escaped that Markdown gives a meaning. So it can neither break out of its
//! place nor mention a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::mermaid::{self, Graph};
use super::plan;
use super::review::{Group, Item, Review, advice};
use super::terminal::SANDBOX;
use crate::core::diagnostic::Diagnostic;
use crate::core::text::{quoted_parts, visible};
use crate::core::words;

/// The longest comment that GitHub accepts, in characters. Bytes are counted, which are never fewer.
const LONGEST: usize = 65_536;
/// What is reserved for the note that something was left out.
const RESERVE: usize = 400;

/// A comment, with a marker in its first line so that a script can find it again. If something
/// would not fit, the graph goes first.
pub fn text(review: &Review<'_>) -> String {
    let comment = comment(review, mermaid::graph(review).as_ref());
    if comment.left_out.is_empty() {
        return comment.end();
    }
    let mut without = self::comment(review, None);
    if review.items.iter().any(|item| item.flow.is_some()) {
        without.left_out.push("the graph".to_owned());
    }
    without.end()
}

fn comment(review: &Review<'_>, graph: Option<&Graph>) -> Comment {
    let mut comment = Comment::default();
    comment.add(&format!("<!-- secsync:{} -->\n", review.command));
    comment.add(&heading(review));
    if review.is_sandbox {
        comment.add(&format!("\n> {SANDBOX}\n"));
    }
    if !review.facts.is_empty() {
        comment.add("\n");
        comment.add_all("facts", &review.facts, |fact| bullet(fact));
    }
    if !review.problems.is_empty() {
        comment.add("\n### Errors\n\n");
        comment.add_all("errors", review.problems, |problem| {
            bullet(&advice(problem))
        });
    }
    let findings = review.shown_findings();
    if !findings.is_empty() {
        comment.add("\n### Findings\n\n");
        comment.add_all("findings", &findings, |found| finding(found, review));
    }
    let harmful: Vec<&Item> = review
        .items
        .iter()
        .filter(|item| !item.warnings.is_empty())
        .collect();
    if !harmful.is_empty() {
        comment.add("\n> [!WARNING]\n> This deletes or overwrites secrets:\n>\n");
        comment.add_all("warnings", &harmful, |item| warning(item));
    }
    if let Some(graph) = graph
        && !comment.add(&drawn(graph))
    {
        comment.left_out.push("the graph".to_owned());
    }
    if !review.items.is_empty() {
        comment.add("\n");
        comment.add_items(review);
    }
    if !review.notes.is_empty() {
        comment.add("\n");
        comment.add_all("notes", &review.notes, |note| bullet(note));
    }
    comment
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
    let details = details(item, review);
    let details = if with_details { details } else { String::new() };
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

/// A text that stays within the limit of a comment.
#[derive(Default)]
struct Comment {
    text: String,
    left_out: Vec<String>,
}

impl Comment {
    /// Adds a part if it fits as a whole.
    fn add(&mut self, part: &str) -> bool {
        let fits = self.text.len() + part.len() <= LONGEST - RESERVE;
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    /// Adds the parts that fit, and counts the others.
    fn add_all<T>(&mut self, what: &str, all: &[T], part: impl Fn(&T) -> String) {
        let shown = all.iter().filter(|one| self.add(&part(one))).count();
        self.miss(all.len() - shown, all.len(), what);
    }

    /// Adds the items, without their details if those do not fit.
    fn add_items<'r>(&mut self, review: &'r Review<'_>) {
        let (mut missing, mut folded) = (0, 0);
        let of = |group: &'r Group| group.items.iter().map(move |item| (*item, group));
        let groups: BTreeMap<usize, &Group> = review.groups.iter().flat_map(of).collect();
        for (index, one) in review.items.iter().enumerate() {
            let group = groups.get(&index);
            let text = |with_details| match group {
                Some(group) if group.items.first() != Some(&index) => String::new(),
                Some(group) => of_group(one, group, review, with_details),
                None => item(one, review, with_details),
            };
            if self.add(&text(true)) {
                continue;
            }
            if self.add(&text(false)) {
                folded += 1;
            } else {
                missing += 1;
            }
        }
        let all = review.items.len();
        self.miss(folded, all, "syncs' details");
        self.miss(missing, all, "syncs");
    }

    fn miss(&mut self, missing: usize, all: usize, what: &str) {
        if missing > 0 {
            self.left_out.push(format!("{missing} of {all} {what}"));
        }
    }

    fn end(mut self) -> String {
        if !self.left_out.is_empty() {
            let _ = write!(
                self.text,
                "\n**Not shown: {}.** A comment takes at most {LONGEST} characters; the output of \
                 the command has everything.\n",
                self.left_out.join(", ")
            );
        }
        self.text
    }
}
