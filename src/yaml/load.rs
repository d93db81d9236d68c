//! Reads YAML 1.2 into positioned values.

use crate::core::diagnostic::Diagnostic;
use crate::core::span::SourceId;

use super::compose::{self, Break, Pass};
use super::loaded::Parsed;
use super::repair::{self, Repaired};
use super::template;

/// How many bytes may be read again behind unquoted templates.
const MAX_BYTES_READ_AGAIN: usize = 8 << 20;
/// How often a text may be read again behind unquoted templates.
const MAX_READS: usize = 100;

/// Reads all documents of a text.
///
/// The span of a collection goes from its first byte to its last one, that of a block of text
/// (`|`, `>`) over its lines. A value that is not there has an empty span behind its key's `:`.
/// A value that an alias copied has the alias's span, and those inside of it keep their own.
pub fn load(source: SourceId, text: &str) -> Parsed {
    let mut text = Repaired::new(text);
    let mut pass = compose::read(source, &text);
    if !pass.breaks.is_empty()
        && let Some(ranges) = repair::json_only_characters(text.original())
    {
        text = text.hide(ranges);
        pass = compose::read(source, &text);
    }
    let templates = quote_templates(source, &mut text, &mut pass);
    let mut loaded = pass.loaded;
    loaded.diagnostics.extend(templates);
    let start = |diagnostic: &Diagnostic| diagnostic.span().map(|span| span.start);
    loaded.diagnostics.sort_by_key(start);
    loaded.comments.sort_by_key(|comment| comment.span.start);
    loaded
}

/// If unquoted templates broke the syntax, reads on as if they were quoted, so that one such
/// mistake does not hide the next. Returns what there is to say of them.
fn quote_templates(source: SourceId, text: &mut Repaired<'_>, pass: &mut Pass) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut reads_left = (MAX_BYTES_READ_AGAIN / text.seen().len().max(1)).clamp(1, MAX_READS);
    let mut settled = 0;
    while let Some(broken) = pass.breaks.get(settled) {
        let mut templates: Vec<_> = broken
            .suspects
            .iter()
            .flat_map(|line| template::unquoted(text.seen(), line.line_start, line.in_flow))
            .filter(|range| !text.touches(range))
            .collect();
        templates.dedup();
        let at = broken.at;
        settled += 1;
        let (Some(last), 1..) = (templates.last(), reads_left) else {
            continue;
        };
        let end = last.end;
        reads_left -= 1;
        let quoted = text.hide(templates.iter().cloned());
        let next = compose::read(source, &quoted);
        let goes_on = |broken: &Break| broken.at > at && broken.at >= end;
        if next.breaks.get(settled - 1).is_none_or(goes_on) {
            let diagnose = |range| template::diagnose(source, text.original(), range);
            found.extend(templates.iter().map(diagnose));
            *text = quoted;
            *pass = next;
            settled -= 1;
        }
    }
    found
}
