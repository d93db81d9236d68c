//! Findings for people: the line, a caret under the exact word, and what to do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{Display, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use textwrap::{WordSeparator, WordSplitter};

use crate::core::code::Code;
use crate::core::diagnostic::{Diagnostic, Label, Severity};
use crate::core::problem::Problem;
use crate::core::sources::{Source, Sources};
use crate::core::span::{SourceId, Span};
use crate::core::text::{boundary, is_invisible, visible};
use crate::core::words;
use crate::render::style::line_of;

/// Lines longer than this many bytes are cut around the place. (What miette draws below a line of
/// more than 65,535 columns makes it panic.)
const LONGEST_LINE: usize = 400;
/// Of a longer place only so many bytes are marked.
const LONGEST_MARK: usize = 300;
/// How many bytes of a long line are shown on each side of the place.
const AROUND: usize = 120;
/// How many bytes of a hidden text are shown before the place.
const SHOWN_BEFORE: usize = 3;
/// How many bytes of a hidden text are shown from the place on. Together they are too few for a
/// secret.
const SHOWN_AFTER: usize = 6;

/// From how many findings that say the same on, only the first is shown with its lines.
const MANY: usize = 4;
/// Of those, how many further places are named.
const MOST_PLACES: usize = 20;

/// Columns without a terminal, for what frames the lines of a file.
const DEFAULT_WIDTH: usize = 100;

/// All findings, each as a block, or for many that say the same one block that names the others'
/// places. On a terminal of that width sentences are wrapped.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, width: Option<usize>) -> String {
    blocks(grouped(diagnostics, sources), diagnostics, sources, width)
}

/// All findings, each as a block, however many say the same.
pub fn render_each(diagnostics: &[Diagnostic], sources: &Sources, width: Option<usize>) -> String {
    let each = diagnostics.iter().map(|found| (found, Vec::new()));
    blocks(each.collect(), diagnostics, sources, width)
}

/// A finding, and the others that say the same.
type Group<'d> = (&'d Diagnostic, Vec<&'d Diagnostic>);

fn blocks(
    groups: Vec<Group<'_>>,
    diagnostics: &[Diagnostic],
    sources: &Sources,
    width: Option<usize>,
) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode())
        .with_links(false)
        .with_width(width.unwrap_or(DEFAULT_WIDTH))
        // Off a terminal a sentence stays in one line, which can be searched for.
        .with_wrap_lines(width.is_some())
        .with_break_words(false)
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation)
        .with_context_lines(1);
    let mut texts: BTreeMap<SourceId, Arc<str>> = BTreeMap::new();
    for span in diagnostics.iter().filter_map(Diagnostic::span) {
        texts
            .entry(span.source)
            .or_insert_with(|| shown(span.source, diagnostics, sources).into());
    }
    let mut out = String::new();
    for (diagnostic, others) in groups {
        let block = panic::catch_unwind(AssertUnwindSafe(|| {
            let shown = Shown::of(diagnostic, &others, sources, &texts);
            let mut block = String::new();
            let rendered = handler.render_report(&mut block, &shown);
            rendered.map(|()| block)
        }));
        if let Ok(Ok(block)) = block {
            out.push_str(&block);
        } else {
            // However the lines cannot be shown, the finding must not be lost.
            let message = visible(&diagnostic.message);
            let _ = writeln!(out, "{}: {message}", diagnostic.code);
        }
        out.push('\n');
    }
    out
}

/// The findings, and for the first of many that say the same the others.
fn grouped<'d>(diagnostics: &'d [Diagnostic], sources: &Sources) -> Vec<Group<'d>> {
    type Key<'d> = (Code, Severity, String, Option<&'d str>);
    let mut groups: Vec<Vec<&Diagnostic>> = Vec::new();
    let mut group_of: HashMap<Key<'_>, usize> = HashMap::new();
    for diagnostic in diagnostics {
        // Some sentences name the sync at whose key they point.
        let word = diagnostic.span().and_then(|span| {
            let text = &sources.get(span.source).text;
            text.get(span.start..span.end)
        });
        let named = word.map(|word| format!("The sync `{word}` "));
        let message = match named.and_then(|named| diagnostic.message.strip_prefix(&named)) {
            Some(rest) => format!("The sync {rest}"),
            None => diagnostic.message.clone(),
        };
        let is_single =
            diagnostic.labels.len() != 1 || diagnostic.omitted > 0 || diagnostic.cells.is_some();
        let key = (
            diagnostic.code,
            diagnostic.severity,
            message,
            diagnostic.help.as_deref(),
        );
        if is_single {
            groups.push(vec![diagnostic]);
            continue;
        }
        let group = *group_of.entry(key).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(diagnostic);
    }
    let is_many = |group: &[&Diagnostic]| group.len() >= MANY;
    let mut ordered: Vec<Group<'_>> = Vec::new();
    for group in groups {
        match group.split_first() {
            Some((first, others)) if is_many(&group) => ordered.push((first, others.to_vec())),
            _ => ordered.extend(group.into_iter().map(|found| (found, Vec::new()))),
        }
    }
    ordered.sort_by_key(|(found, _)| (found.span(), found.file.as_deref(), found.code));
    ordered
}

/// Where else the same was found: `The same in 41 other places: a.yaml:5:3, …`.
fn elsewhere(others: &[&Diagnostic], sources: &Sources) -> String {
    let spans = others.iter().filter_map(|other| other.span());
    let mut places: Vec<String> = spans
        .take(MOST_PLACES)
        .map(|span| visible(&sources.describe(span)))
        .collect();
    if let Some(more) = others
        .len()
        .checked_sub(MOST_PLACES)
        .filter(|more| *more > 0)
    {
        places.push(format!(
            "and {more} more (`secsync validate --all` shows each)"
        ));
    }
    format!(
        "The same in {}: {}.",
        words::count(others.len(), "other place"),
        places.join(", ")
    )
}

/// Problems without a place in a file.
pub fn render_problems(problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        out.push_str(&render_error(&problem.message));
        if let Some(help) = &problem.help {
            let _ = writeln!(out, "  {}", super::text::visible_lines(help));
        }
    }
    out
}

/// An error without a place in a file, and without what to do.
pub fn render_error(error: &str) -> String {
    let error = super::text::visible_lines(error);
    format!("\x1b[1;31mError:\x1b[0m {error}\n")
}

/// A warning without a place in a file.
pub fn render_warning(warning: &str) -> String {
    let warning = super::text::visible_lines(warning);
    format!("\x1b[1;33mWarning:\x1b[0m {warning}\n")
}

/// `3 errors and 1 warning`; `None` if there are neither.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity, word| {
        let found = diagnostics
            .iter()
            .filter(|found| found.severity == severity);
        let count = found.map(Diagnostic::findings).sum();
        (count > 0).then(|| words::count(count, word))
    };
    let parts: Vec<String> = [
        count(Severity::Error, "error"),
        count(Severity::Warning, "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// A line that says how to read more about the findings.
pub fn more(diagnostics: &[Diagnostic]) -> String {
    let mut codes: Vec<Code> = diagnostics.iter().map(|found| found.code).collect();
    codes.dedup();
    let code = match codes.as_slice() {
        [only] => only.name(),
        _ => "CODE",
    };
    format!("Run `secsync explain {code}` to see why it matters and how to fix it.\n")
}

/// A finding as miette shows it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Shown {
    message: String,
    code: Code,
    severity: Severity,
    labels: Vec<LabeledSpan>,
    help: Vec<String>,
    excerpt: Option<Excerpt>,
}

impl miette::Diagnostic for Shown {
    fn code(&self) -> Option<Box<dyn Display + '_>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning | Severity::Ignored => miette::Severity::Warning,
        })
    }

    fn help(&self) -> Option<Box<dyn Display + '_>> {
        (!self.help.is_empty()).then(|| Box::new(self.help.join("\n")) as Box<dyn Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt
            .as_ref()
            .map(|excerpt| excerpt as &dyn SourceCode)
    }
}

impl Shown {
    fn of(
        diagnostic: &Diagnostic,
        others: &[&Diagnostic],
        sources: &Sources,
        texts: &BTreeMap<SourceId, Arc<str>>,
    ) -> Self {
        let main = diagnostic.span();
        // Lines that are cut show one place only.
        let is_cut = |label: &&Label| {
            let source = sources.get(label.span.source);
            let (from, to) = lines_around(source, label.span.start, label.span.end, 1, 1);
            let lines = source.text.get(from..to).unwrap_or_default().lines();
            lines.map(str::len).max() > Some(LONGEST_LINE)
        };
        let is_any_cut =
            diagnostic.labels.len() > 1 && diagnostic.labels.iter().any(|label| is_cut(&label));
        let has_text = main.is_some_and(|main| sources.get(main.source).has_text());
        let (here, distant): (Vec<&Label>, Vec<&Label>) =
            diagnostic.labels.iter().partition(|label| {
                main.is_some_and(|main| {
                    main == label.span || main.source == label.span.source && !is_any_cut
                }) && has_text
            });
        let mut help: Vec<String> = diagnostic.help.iter().map(|help| visible(help)).collect();
        for label in distant {
            let place = visible(&sources.describe(label.span));
            help.push(match label.text.as_str() {
                "" => format!("At {place}."),
                text => format!("{}: {place}", visible(text)),
            });
        }
        if let Some(sync) = diagnostic.heirs() {
            help.push(format!("Inherited by the sync {}.", visible(&sync)));
        }
        if let (Some(cells), Some(main)) = (&diagnostic.cells, main) {
            let place = line_of(main.in_no_cell(), sources);
            help.push(visible(&cells.sentence(&place)));
        }
        if !others.is_empty() {
            help.push(elsewhere(others, sources));
        }
        let text = main.and_then(|main| Some((main, texts.get(&main.source)?)));
        let text = text.filter(|_| has_text);
        Self {
            message: visible(&diagnostic.message),
            code: diagnostic.code,
            severity: diagnostic.severity,
            labels: here
                .into_iter()
                .map(|label| labeled(label, sources))
                .collect(),
            help,
            excerpt: text.map(|(main, text)| Excerpt {
                source: sources.get(main.source).clone(),
                text: Arc::clone(text),
            }),
        }
    }
}

fn labeled(label: &Label, sources: &Sources) -> LabeledSpan {
    let text = (!label.text.is_empty()).then(|| visible(&label.text));
    let Span { start, end, source } = label.span;
    // Of a value with several lines, only the first is marked.
    let text_of = &sources.get(source).text;
    let line_end = text_of.get(start..end).and_then(|marked| marked.find('\n'));
    let end = line_end.map_or(end, |at| start + at);
    let end = boundary(text_of, end.min(start + LONGEST_MARK)).max(start);
    LabeledSpan::new(text, start, end.saturating_sub(start))
}

/// The lines around a place: found without reading the file from its start, and harmless.
#[derive(Debug)]
struct Excerpt {
    source: Source,
    /// The source's text with nothing in it that a terminal would act on.
    text: Arc<str>,
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (first, last) = (span.offset(), span.offset() + span.len());
        if last > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (from, to) = if (lines_before, lines_after) == (0, 0) {
            // miette asks for the place itself, to name it above the lines.
            (first, last)
        } else {
            self.around(first, last, lines_before, lines_after)
        };
        let shown = self.text.get(from..to).unwrap_or_default();
        let start = self.source.line_start(self.source.line_of(from));
        let before = self.text.get(start..from).unwrap_or_default();
        Ok(Box::new(MietteSpanContents::new_named(
            visible(&self.source.name),
            shown.as_bytes(),
            SourceSpan::new(from.into(), shown.len()),
            self.source.line_of(from) - 1,
            before.chars().count(),
            shown.lines().count(),
        )))
    }
}

impl Excerpt {
    /// The lines of some bytes and those around them; of very long lines the part near the bytes.
    fn around(&self, first: usize, last: usize, before: usize, after: usize) -> (usize, usize) {
        let (first_line, last_line) = (self.source.line_of(first), self.source.line_of(last));
        let (from, to) = lines_around(&self.source, first, last, before, after);
        let mut lines = self.text.get(from..to).unwrap_or_default().lines();
        if lines.all(|line| line.len() <= LONGEST_LINE) {
            return (from, to);
        }
        let start = self
            .source
            .line_start(first_line)
            .max(first.saturating_sub(AROUND));
        let end = self.source.line_end(last_line).min(last + AROUND);
        (boundary(&self.text, start), boundary(&self.text, end))
    }
}

/// The whole lines of some bytes, with so many before and after them.
fn lines_around(
    source: &Source,
    first: usize,
    last: usize,
    before: usize,
    after: usize,
) -> (usize, usize) {
    let from = source.line_of(first).saturating_sub(before).max(1);
    let to = source.line_of(last) + after;
    (source.line_start(from), source.line_end(to))
}

/// The text of a source as it is shown: all of it, or, if it may hold what nobody may see, only a
/// few characters at the places of the findings.
fn shown(id: SourceId, diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let source = sources.get(id);
    let text = harmless(&source.text);
    if !source.is_hidden {
        return text;
    }
    let spans = diagnostics.iter().filter_map(Diagnostic::span);
    let starts = spans
        .filter(|span| span.source == id)
        .map(|span| span.start);
    let starts: BTreeSet<usize> = starts.collect();
    let is_shown = |at: usize| {
        let near = at.saturating_sub(SHOWN_AFTER - 1)..=at + SHOWN_BEFORE;
        starts.range(near).next().is_some()
    };
    text.char_indices()
        .map(|(at, character)| match character.len_utf8() {
            _ if matches!(character, '\n' | '\r') || is_shown(at) => character,
            1 => '*',
            2 => '\u{b7}',
            3 => '\u{2022}',
            _ => '\u{1f784}',
        })
        .collect()
}

/// The text with each hidden character replaced by a visible one of the same length in bytes.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character.len_utf8() {
            _ if matches!(character, '\n' | '\t' | '\r') || !is_invisible(character) => character,
            1 => '?',
            2 => '¿',
            3 => '\u{FFFD}',
            _ => '\u{1F6AB}',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{render, render_each};
    use crate::core::code::Code;
    use crate::core::diagnostic::Diagnostic;
    use crate::core::sources::Sources;
    use crate::core::span::Span;

    fn rendered(text: &str, word: &str) -> String {
        let mut sources = Sources::default();
        let source = sources.add("a.yaml", text);
        let start = text.find(word).unwrap();
        let span = Span::new(source, start, start + word.len());
        let diagnostic = Diagnostic::new(Code::WrongValue, span, "It is wrong.").help("Fix it.");
        anstream::adapter::strip_str(&render(&[diagnostic], &sources, None)).to_string()
    }

    #[test]
    fn the_place_is_named_with_line_and_column_and_marked() {
        let shown = rendered("a: 1\n  ü: bad # x\nc: 3\n", "bad");
        assert!(shown.contains("[a.yaml:2:6]"), "{shown}");
        let lines: Vec<_> = shown.lines().collect();
        let marked = lines
            .iter()
            .position(|line| line.contains("ü: bad"))
            .unwrap();
        let column = |line: &str, mark: &str| line.find(mark).map(|at| line[..at].chars().count());
        assert_eq!(
            column(lines[marked], "bad"),
            column(lines[marked + 1], "───"),
            "{shown}"
        );
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let text = format!("{}bad{}\n", "x".repeat(100_000), "y".repeat(100_000));
        let shown = rendered(&text, "bad");
        assert!(
            shown.len() < 2_000 && shown.contains("xbady"),
            "{} bytes",
            shown.len()
        );
        assert!(shown.contains("[a.yaml:1:100001]"), "{shown}");
    }

    #[test]
    fn a_very_long_place_is_marked_at_its_beginning() {
        for character in ["x", "é", "日"] {
            let word = character.repeat(70_000);
            let shown = rendered(&format!("a: {word}\nb: 1\n"), &word);
            assert!(shown.len() < 4_000, "{} bytes", shown.len());
            assert!(shown.contains("[a.yaml:1:4]"), "{shown}");
        }
    }

    #[test]
    fn two_places_on_a_very_long_line_are_both_named() {
        let text = format!("first{}second", " ".repeat(100_000));
        let mut sources = Sources::default();
        let source = sources.add("a.yaml", text);
        let diagnostic = Diagnostic::new(
            Code::DuplicateKey,
            Span::new(source, 100_005, 100_011),
            "It is twice.",
        )
        .also(Span::new(source, 0, 5), "first here");
        let shown = render(&[diagnostic], &sources, None);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert!(shown.contains("first here: a.yaml:1:1"), "{shown}");
        assert!(shown.len() < 4_000, "{} bytes", shown.len());
    }

    #[test]
    fn many_findings_that_say_the_same_are_one_block_with_their_places() {
        let text = (0..30)
            .map(|sync| format!("s{sync}:\n"))
            .collect::<Vec<_>>()
            .concat();
        let mut sources = Sources::default();
        let source = sources.add("a.yaml", text.as_str());
        let found: Vec<Diagnostic> = (0..30)
            .map(|sync| {
                let key = format!("s{sync}");
                let at = text.find(&format!("{key}:")).unwrap();
                let span = Span::new(source, at, at + key.len());
                let message = format!("The sync `{key}` has no `project`.");
                Diagnostic::new(Code::MissingField, span, message)
            })
            .collect();
        let shown = render(&found, &sources, None);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(shown.matches("has no").count(), 1, "{shown}");
        assert!(
            shown.contains("The same in 29 other places: a.yaml:2:1, a.yaml:3:1,"),
            "{shown}"
        );
        assert!(
            shown.contains("a.yaml:21:1, and 9 more (`secsync validate --all` shows each)."),
            "{shown}"
        );
        let each = render_each(&found, &sources, None);
        assert_eq!(each.matches("has no").count(), 30);
        let few = render(&found[..3], &sources, None);
        assert_eq!(few.matches("has no").count(), 3);
    }

    #[test]
    fn of_a_hidden_text_only_a_few_characters_at_the_place_are_shown() {
        let mut sources = Sources::default();
        let source = sources.add("a.yaml", "one two \u{fc}ber three four\nfive six\n");
        sources.hide(source);
        let place = Span::new(source, 14, 19);
        let diagnostic = Diagnostic::new(Code::WrongValue, place, "It is wrong.");
        let shown = render(&[diagnostic], &sources, None);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert!(shown.contains("[a.yaml:1:14]"), "{shown}");
        assert!(shown.contains("********\u{b7}*er three ****"), "{shown}");
        assert!(shown.contains("********\n"), "{shown}");
    }

    #[test]
    fn no_text_of_a_file_reaches_the_terminal_as_a_command() {
        let shown = rendered("a: \u{1b}[2Jbad\u{9b}\u{202e}\n", "bad");
        assert!(
            !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']),
            "{shown:?}"
        );
    }
}
