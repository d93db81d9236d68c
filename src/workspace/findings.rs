//! What becomes of findings before they are shown: levels, allowances, repetitions, order.

use std::collections::{BTreeMap, BTreeSet};

use super::Workspace;
use crate::core::code::Code;
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::span::{SourceId, Span};

/// If a finding is about something that a sync inherited, names the sync.
pub fn name_the_heir(diagnostics: &mut [Diagnostic], block: Span, sync: &str) {
    for diagnostic in diagnostics {
        let is_outside = diagnostic.span().is_some_and(|span| !block.contains(span));
        if is_outside && diagnostic.sync.is_none() {
            diagnostic.sync = Some(sync.to_owned());
        }
    }
}

impl Workspace {
    /// Sets the levels that the workspace and inline comments ask for, takes out what is
    /// ignored, reports once what several syncs inherit, and orders by place.
    pub fn settle_findings(&mut self) {
        let mut found = std::mem::take(&mut self.diagnostics);
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
        self.diagnostics = reported_once(found);
        let key =
            |diagnostic: &Diagnostic| (diagnostic.span(), diagnostic.file.clone(), diagnostic.code);
        self.diagnostics.sort_by_key(key);
    }
}

/// Takes out what follows from another mistake at the same place: a string with blanks at an end
/// also has the wrong form, and the text in place of an unknown alias is not a real value.
fn drop_consequences(found: &mut Vec<Diagnostic>) {
    let is_cause = |diagnostic: &Diagnostic| {
        matches!(diagnostic.code, Code::UnknownAlias | Code::PaddedString)
    };
    let causes: BTreeSet<Span> = found
        .iter()
        .filter(|diagnostic| is_cause(diagnostic))
        .filter_map(Diagnostic::span)
        .collect();
    found.retain(|diagnostic| {
        is_cause(diagnostic) || diagnostic.span().is_none_or(|span| !causes.contains(&span))
    });
}

fn reported_once(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = Vec::new();
    let mut heirs: BTreeMap<usize, usize> = BTreeMap::new();
    let mut index_of: BTreeMap<(Code, Option<Span>, String), usize> = BTreeMap::new();
    for diagnostic in found {
        let key = (
            diagnostic.code,
            diagnostic.span(),
            diagnostic.message.clone(),
        );
        match index_of.get(&key) {
            Some(index) if diagnostic.sync.is_some() => *heirs.entry(*index).or_default() += 1,
            Some(_) => {}
            None => {
                index_of.insert(key, told.len());
                told.push(diagnostic);
            }
        }
    }
    for (index, more) in heirs {
        if let Some(sync) = &mut told[index].sync {
            let others = if more == 1 { "other" } else { "others" };
            *sync = format!("{sync} and {more} {others}");
        }
    }
    told
}

/// The comments `# secsync: allow(code) reason`, by the lines that they cover.
struct Allowances {
    lines: BTreeMap<(SourceId, usize), Vec<Code>>,
}

impl Allowances {
    fn read(workspace: &Workspace, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut lines: BTreeMap<(SourceId, usize), Vec<Code>> = BTreeMap::new();
        for comment in &workspace.comments {
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
            let line = covered_line(workspace, comment.span);
            lines
                .entry((comment.span.source, line))
                .or_default()
                .extend(codes);
        }
        Self { lines }
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
        is_allowed_at(span)
            || workspace
                .syncs
                .iter()
                .any(|sync| sync.block.contains(span) && is_allowed_at(sync.key))
    }
}

/// A comment on a line of its own is about the next line that says something.
fn covered_line(workspace: &Workspace, span: Span) -> usize {
    let text = &workspace.sources.get(span.source).text;
    let line = workspace.sources.position(span).line;
    let before = text.get(..span.start).unwrap_or_default();
    let own_line = before.rsplit('\n').next().unwrap_or_default();
    if !own_line.trim().is_empty() {
        return line;
    }
    let following = text.lines().enumerate().skip(line);
    following
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(index, _)| index + 1)
        .next()
        .unwrap_or(line)
}
