//! What becomes of findings before they are shown: levels, allowances, repetitions, order.

use std::collections::{BTreeMap, BTreeSet};

use super::Workspace;
use crate::core::code::Code;
use crate::core::diagnostic::{Diagnostic, Severity, condensed};
use crate::core::sources::Sources;
use crate::core::span::{SourceId, Span};

/// If a finding is about something that a sync inherited, names the sync; if it is about one cell of
/// a matrix, names that.
pub fn name_the_sync(diagnostics: &mut [Diagnostic], block: Span, sync: &str, sources: &Sources) {
    let cell = block.source.cell();
    for diagnostic in diagnostics {
        let is_outside = diagnostic.span().is_some_and(|span| {
            // The values of a cell can be in another file.
            !block.contains(span) && (cell.is_none() || span.source.cell() != cell)
        });
        if is_outside && diagnostic.sync.is_none() {
            diagnostic.sync = Some(sync.to_owned());
        }
        diagnostic.name_the_cell(sources);
    }
}

impl Workspace {
    /// What comments of the files allow.
    pub fn allowances(&self) -> Allowances {
        // What is wrong with a comment is reported when the findings are settled.
        Allowances::read(self, &mut Vec::new())
    }

    /// Sets the levels that the workspace and inline comments ask for, takes out what is
    /// ignored, reports once what several syncs inherit, and orders by place.
    pub fn settle_findings(&mut self) {
        let mut found = std::mem::take(&mut self.diagnostics);
        for diagnostic in &mut found {
            diagnostic.name_the_cell(&self.sources);
        }
        let allowed = Allowances::read(self, &mut found);
        for diagnostic in &mut found {
            if let Some(level) = self.config.lint.get(&diagnostic.code) {
                diagnostic.severity = *level;
            }
        }
        found.retain(|diagnostic| {
            diagnostic.severity != Severity::Ignored && !allowed.covers(self, diagnostic)
        });
        drop_consequences(&mut found);
        join_unquoted(&mut found);
        self.diagnostics = condensed(found);
        let key =
            |diagnostic: &Diagnostic| (diagnostic.span(), diagnostic.file.clone(), diagnostic.code);
        self.diagnostics.sort_by_key(key);
    }
}

/// Takes out what follows from another mistake at the same place: a string with blanks at an end
/// also has the wrong form, and the text in place of an unknown alias or of a variable without a
/// value is not a real value. What is not even a word is not the word for anything. What a cell of a
/// matrix has from an axis is also at the place of that value.
fn drop_consequences(found: &mut Vec<Diagnostic>) {
    let places = |found: &[Diagnostic], is_cause: fn(Code) -> bool| -> BTreeSet<Span> {
        let causes = found.iter().filter(|diagnostic| is_cause(diagnostic.code));
        causes.filter_map(Diagnostic::span).collect()
    };
    let no_values = places(found, is_no_value);
    let no_words = places(found, |code| {
        matches!(code, Code::WrongType | Code::WrongSize)
    });
    found.retain(|diagnostic| {
        let Some(span) = diagnostic.span() else {
            return true;
        };
        let is_about_a_word = matches!(
            diagnostic.code,
            Code::WrongForm | Code::UnknownDestination | Code::UnfamiliarDestination
        );
        let has_no_value = || {
            let mut labels = diagnostic.labels.iter();
            labels.any(|label| no_values.contains(&label.span))
        };
        (is_no_value(diagnostic.code) || !has_no_value())
            && !(is_about_a_word && no_words.contains(&span))
    });
}

/// Whether a value is not the one that is meant.
const fn is_no_value(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownAlias
            | Code::UnquotedTemplate
            | Code::PaddedString
            | Code::UnknownVariable
            | Code::UnknownReference
            | Code::VariableForm
    )
}

/// A variable that has to be quoted and has no value is one finding that says both.
fn join_unquoted(found: &mut Vec<Diagnostic>) {
    let is_unquoted = |diagnostic: &&Diagnostic| diagnostic.code == Code::UnquotedTemplate;
    let unquoted: BTreeSet<Span> = found
        .iter()
        .filter(is_unquoted)
        .filter_map(Diagnostic::span)
        .collect();
    let mut unset: BTreeMap<Span, Vec<Diagnostic>> = BTreeMap::new();
    found.retain(|diagnostic| {
        let span = diagnostic.span().filter(|span| unquoted.contains(span));
        let Some(span) = span.filter(|_| diagnostic.code == Code::UnknownVariable) else {
            return true;
        };
        unset.entry(span).or_default().push(diagnostic.clone());
        false
    });
    for diagnostic in found {
        let Some(span) = diagnostic.span().filter(|_| is_unquoted(&&*diagnostic)) else {
            continue;
        };
        for variable in unset.remove(&span).into_iter().flatten() {
            diagnostic.message = format!("{} {}", diagnostic.message, variable.message);
            let help = [variable.help, diagnostic.help.take()];
            diagnostic.help = Some(help.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
    }
}

/// The comments `# secsync: allow(code) reason`, by the lines that they cover.
pub struct Allowances {
    lines: BTreeMap<(SourceId, usize), Vec<Code>>,
    /// The blocks of the syncs whose keys are on such lines, by where they start.
    blocks: BTreeMap<(SourceId, usize), Span>,
}

impl Allowances {
    /// Whether one of the places is on a line where findings of a code are allowed.
    pub fn cover(&self, workspace: &Workspace, code: Code, places: &[Span]) -> bool {
        let at = |place: &Span| self.covers(workspace, &Diagnostic::new(code, *place, ""));
        !self.lines.is_empty() && places.iter().any(at)
    }

    fn read(workspace: &Workspace, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut lines: BTreeMap<(SourceId, usize), Vec<Code>> = BTreeMap::new();
        let mut covered: BTreeMap<(SourceId, usize), usize> = BTreeMap::new();
        for comment in workspace.comments.iter().rev() {
            let Some(rest) = comment.text.trim().strip_prefix("secsync:") else {
                continue;
            };
            let parsed = rest
                .trim()
                .strip_prefix("allow(")
                .and_then(|rest| rest.split_once(')'))
                .filter(|(_, reason)| !reason.trim().is_empty());
            let Some((names, _)) = parsed else {
                diagnostics.push(
                    Diagnostic::new(
                        Code::AllowanceForm,
                        comment.span,
                        "This comment is not of the form `# secsync: allow(CODE) REASON`.",
                    )
                    .help("Name the lint, and say why it is allowed here."),
                );
                continue;
            };
            let codes: Vec<Code> = names
                .split(',')
                .filter_map(|name| super::config::lint_code(name.trim(), comment.span, diagnostics))
                .collect();
            let line = covered_line(workspace, comment.span, &mut covered);
            lines
                .entry((comment.span.source, line))
                .or_default()
                .extend(codes);
        }
        let mut blocks = BTreeMap::new();
        if !lines.is_empty() {
            for sync in &workspace.syncs {
                let (key, block) = (sync.key.in_no_cell(), sync.block.in_no_cell());
                let line = workspace.sources.position(key).line;
                if lines.contains_key(&(key.source, line)) {
                    blocks.insert((block.source, block.start), block);
                }
            }
        }
        Self { lines, blocks }
    }

    /// A comment covers its line, and the whole sync if that line is the one of its key.
    fn covers(&self, workspace: &Workspace, diagnostic: &Diagnostic) -> bool {
        if self.lines.is_empty() || !diagnostic.code.is_lint() {
            return false;
        }
        let Some(span) = diagnostic.span() else {
            return false;
        };
        let is_allowed_at = |span: Span| {
            let line = workspace.sources.position(span).line;
            self.lines
                .get(&(span.source, line))
                .is_some_and(|codes| codes.contains(&diagnostic.code))
        };
        // Blocks of one file never overlap.
        let before = self.blocks.range(..=(span.source, span.start)).next_back();
        let block = before.map(|(_, block)| *block);
        is_allowed_at(span)
            || block.is_some_and(|block| {
                let key = Span::new(block.source, block.start, block.start);
                block.contains(span) && is_allowed_at(key)
            })
    }
}

/// A comment on a line of its own is about the next line that says something. `known` has what the
/// comments after it cover, by their lines.
fn covered_line(
    workspace: &Workspace,
    span: Span,
    known: &mut BTreeMap<(SourceId, usize), usize>,
) -> usize {
    let source = workspace.sources.get(span.source);
    let line = source.line_of(span.start);
    let before = source.text.get(source.line_start(line)..span.start);
    if !before.unwrap_or_default().trim().is_empty() {
        return line;
    }
    let rest = source.text.get(source.line_end(line)..).unwrap_or_default();
    let covered = rest.lines().zip(line..).skip(1).find_map(|(text, line)| {
        let text = text.trim();
        let says_something = !text.is_empty() && !text.starts_with('#');
        let of_next = known.get(&(span.source, line)).copied();
        of_next.or(says_something.then_some(line))
    });
    let covered = covered.unwrap_or(line);
    known.insert((span.source, line), covered);
    covered
}
