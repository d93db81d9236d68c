//! Reads YAML 1.2 into positioned values.

use crate::core::diagnostic::Diagnostic;
use crate::core::span::{SourceId, Span};
use crate::core::value::Node;

use super::build::{self, Break, Pass};
use super::repair::{self, Repaired};
use super::template;

/// How many bytes may be read again to find unquoted templates.
const MAX_BYTES_READ_AGAIN: usize = 8 << 20;
/// How often a text may be read again to find unquoted templates.
const MAX_READS: usize = 100;

/// What a text holds.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The documents, in order. One that cannot be parsed to its end is left out.
    ///
    /// What is refused for its meaning leaves the rest of its document in place: of a key that
    /// is there twice the first counts, and where no value can be had, the text stands for it.
    pub documents: Vec<Node>,
    /// The comments, in order.
    pub comments: Vec<Comment>,
    /// Everything that is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands, from the `#` on.
    pub span: Span,
    /// Its text after the `#`.
    pub text: String,
}

/// Reads all documents of a text.
///
/// The span of a collection goes from its first byte to its last one, that of a block of text
/// (`|`, `>`) over its lines. A value that is not there has an empty span behind its key's `:`.
/// A value that an alias copied has the alias's span, and those inside of it keep their own.
pub fn load(source: SourceId, text: &str) -> Loaded {
    let mut reader = Reader::new(source, text);
    reader.allow_json_characters();
    reader.quote_templates();
    reader.finish()
}

/// A text that is read again as long as that gets further.
struct Reader<'t> {
    source: SourceId,
    text: Repaired<'t>,
    pass: Pass,
    templates: Vec<Diagnostic>,
    reads_left: usize,
}

impl<'t> Reader<'t> {
    fn new(source: SourceId, text: &'t str) -> Self {
        let text = Repaired::new(text);
        let pass = build::read(source, &text);
        let reads_left = (MAX_BYTES_READ_AGAIN / text.seen().len().max(1)).clamp(1, MAX_READS);
        Self {
            source,
            text,
            pass,
            templates: Vec::new(),
            reads_left,
        }
    }

    fn allow_json_characters(&mut self) {
        if self.pass.breaks.is_empty() {
            return;
        }
        if let Some(ranges) = repair::json_only_characters(self.text.original()) {
            self.text = self.text.hide(ranges);
            self.pass = build::read(self.source, &self.text);
        }
    }

    /// Reads values with an unquoted template as if they were quoted, where that mends the syntax.
    fn quote_templates(&mut self) {
        let mut settled = 0;
        while let Some(broken) = self.pass.breaks.get(settled).cloned() {
            if !self.quote_template(&broken, settled) {
                settled += 1;
            }
        }
    }

    fn quote_template(&mut self, broken: &Break, settled: usize) -> bool {
        let seen = self.text.seen();
        let candidates: Vec<_> = broken
            .suspects
            .iter()
            .flat_map(|line| template::candidates(seen, line.line_start, line.in_flow))
            .filter(|range| !self.text.touches(range))
            .collect();
        for range in candidates {
            let Some(reads_left) = self.reads_left.checked_sub(1) else {
                return false;
            };
            self.reads_left = reads_left;
            let text = self.text.hide([range.clone()]);
            let pass = build::read(self.source, &text);
            let mended = pass
                .breaks
                .get(settled)
                .is_none_or(|next| next.at > broken.at && next.at >= range.end);
            if mended {
                let written = text.original();
                self.templates
                    .push(template::diagnose(self.source, written, &range));
                self.text = text;
                self.pass = pass;
                return true;
            }
        }
        false
    }

    fn finish(self) -> Loaded {
        let mut loaded = self.pass.loaded;
        loaded.diagnostics.extend(self.templates);
        loaded
            .diagnostics
            .sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
        loaded.comments.sort_by_key(|comment| comment.span.start);
        loaded
    }
}
