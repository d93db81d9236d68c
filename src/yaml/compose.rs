//! One pass over a text: from the parser's events to positioned values.
//!
//! Nothing here recurses on the text's depth: open collections are a stack of
//! at most [`MAX_DEPTH`], and deeper ones are refused before they are built.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::{SourceId, Span};
use crate::core::value::{Node, Style, Value};

use super::alias::{self, Anchor, Anchors, CopyBudget};
use super::frame::{Children, Frame, MAX_DEPTH, OpenMapping};
use super::loaded::{Comment, Parsed};
use super::message;
use super::repair::Repaired;
use super::written::{Scalar, WrittenTag};
use super::{offset, syntax, template};

/// How far a key's `:` may be: JSON on one line has long keys.
const MAX_KEY_LOOKAHEAD: usize = 1 << 20;

/// What one pass found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The values and what is wrong with them.
    pub(super) loaded: Parsed,
    /// Where the syntax broke: at most one place a document, in their order.
    pub(super) breaks: Vec<Break>,
}

/// A place where the syntax broke.
#[derive(Debug, Clone)]
pub(super) struct Break {
    /// The byte that the error is at.
    pub(super) at: usize,
    /// Where an unquoted template may be the cause: the line of a `{{` that is still open,
    /// and the line of the error.
    pub(super) suspects: Vec<Suspect>,
}

/// A line that can hold an unquoted template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    /// Its first byte.
    pub(super) line_start: usize,
    /// Whether a bracket of an earlier line is open there.
    pub(super) in_flow: bool,
}

/// The document cannot be read on; what is wrong has been said.
struct Abandoned;

type Step = Result<(), Abandoned>;

/// Reads a text once.
pub(super) fn read(source: SourceId, text: &Repaired<'_>) -> Pass {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        max_buffered_comment_events: usize::MAX,
        simple_key_max_lookahead: MAX_KEY_LOOKAHEAD,
    };
    let mut parser = Parser::new_from_str_with_options(text.seen(), options);
    let mut builder = Builder::new(source, text);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, place)) => builder.event(event, &place),
            Err(error) => builder.broken(&error),
        };
        if step.is_err() {
            builder.forget_document();
            match parser.proceed_next_document() {
                Ok(true) => {}
                Ok(false) | Err(_) => break,
            }
        }
    }
    builder.pass
}

struct Builder<'t> {
    source: SourceId,
    text: &'t Repaired<'t>,
    pass: Pass,
    frames: Vec<Frame>,
    root: Option<Node>,
    anchors: Anchors,
    copies: CopyBudget,
}

impl<'t> Builder<'t> {
    fn new(source: SourceId, text: &'t Repaired<'t>) -> Self {
        Self {
            source,
            text,
            pass: Pass::default(),
            frames: Vec::new(),
            root: None,
            anchors: Anchors::new(),
            copies: CopyBudget::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, place: &granit_parser::Span) -> Step {
        let range = place.byte_range().unwrap_or_default();
        match event {
            Event::DocumentStart(..) => self.forget_document(),
            Event::DocumentEnd => self.pass.loaded.documents.extend(self.root.take()),
            Event::Comment(text, _) => {
                let span = self.span(&range);
                let text = text.into_owned();
                self.pass.loaded.comments.push(Comment { span, text });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = Scalar {
                    anchor,
                    tag: tag.map(|tag| self.written_tag(&tag, place)),
                    ..self.written_scalar(text.into_owned(), style, &range)
                };
                if self.awaits_key() {
                    self.scalar_key(scalar);
                } else {
                    let node = self.resolve(&scalar);
                    self.attach(node);
                }
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = tag.map(|tag| self.written_tag(&tag, place));
                let start = match (style, self.pending_key()) {
                    (StructureStyle::Block, Some(key)) => {
                        offset::first_dash(self.text.original(), key.end, range.start)
                    }
                    _ => range.start,
                };
                self.open(Children::Sequence(Vec::new()), start, style, anchor, tag)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let tag = tag.map(|tag| self.written_tag(&tag, place));
                let children = Children::Mapping(OpenMapping::default());
                self.open(children, range.start, style, anchor, tag)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            Event::Alias(anchor) => self.alias(anchor, &range)?,
            Event::UnresolvedAlias(name) => {
                let span = self.span(&range);
                self.report(message::unknown_alias(&name, span));
                self.refused_alias(&range);
            }
            _ => {}
        }
        Ok(())
    }

    fn broken(&mut self, error: &ScanError) -> Step {
        let written = self.text.original();
        let mut diagnostic = syntax::diagnose(self.source, written, error);
        if diagnostic.code == Code::YamlSyntax {
            let at = syntax::place(written, error);
            let open = self.frames.iter().rfind(|frame| frame.flow);
            if let Some(open) = open.filter(|open| open.start < at) {
                let bracket = offset::character(written, open.start);
                diagnostic = diagnostic.also(self.span(&bracket), "opened here");
            }
            let template = self.frames.iter().find(|frame| frame.template.is_some());
            let suspects = template
                .map(|frame| self.suspect(frame.start))
                .into_iter()
                .chain([self.suspect(at)])
                .collect();
            self.pass.breaks.push(Break { at, suspects });
        }
        self.report(diagnostic);
        Err(Abandoned)
    }

    fn suspect(&self, at: usize) -> Suspect {
        let line_start = offset::line_start(self.text.original(), at);
        let in_flow = self
            .frames
            .iter()
            .any(|frame| frame.flow && frame.start < line_start);
        Suspect {
            line_start,
            in_flow,
        }
    }

    fn forget_document(&mut self) {
        self.frames.clear();
        self.anchors.clear();
        self.root = None;
    }

    // Collections.

    fn open(
        &mut self,
        children: Children,
        start: usize,
        style: StructureStyle,
        anchor: usize,
        tag: Option<WrittenTag>,
    ) -> Step {
        if self.frames.len() == MAX_DEPTH {
            let opener = offset::character(self.text.original(), start);
            self.report(message::too_deep(self.span(&opener)));
            return Err(Abandoned);
        }
        if let Some(wrong) = tag.and_then(|tag| tag.check(&children)) {
            self.report(wrong);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor::Open);
        }
        let flow = style == StructureStyle::Flow;
        let is_template = flow && template::opens_map(self.text.original(), start);
        self.frames.push(Frame {
            children,
            start,
            end: start,
            flow,
            anchor,
            template: is_template.then_some(self.pass.loaded.diagnostics.len()),
        });
        Ok(())
    }

    fn close(&mut self, last: &Range<usize>) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let range = frame.start..frame.end.max(if frame.flow { last.end } else { 0 });
        let span = self.span(&range);
        let node = if let Some(diagnostics) = frame.template {
            // What was said about the inside of the template is beside the point.
            self.pass.loaded.diagnostics.truncate(diagnostics);
            let written = self.text.original();
            self.report(template::diagnose(self.source, written, &range));
            Node {
                value: Value::String(self.written(&range)),
                span,
                style: Style::Quoted,
            }
        } else {
            Node {
                value: frame.children.into_value(),
                span,
                style: Style::Collection,
            }
        };
        if frame.anchor != 0 {
            let anchor = match node.as_str() {
                Some(key) => Anchor::Scalar {
                    key: key.to_owned(),
                    node: node.clone(),
                },
                None => Anchor::Collection {
                    path: self.frames.iter().map(Frame::len).collect(),
                    start: range.start,
                },
            };
            self.anchors.insert(frame.anchor, anchor);
        }
        if !self.awaits_key() {
            self.attach(node);
        } else if let Value::String(key) = node.value {
            self.key(key, span);
        } else {
            self.report(message::invalid_key(span));
            self.take_key(None, span);
        }
    }

    fn attach(&mut self, node: Node) {
        match self.frames.last_mut() {
            Some(frame) => frame.take_value(node),
            None => self.root = Some(node),
        }
    }

    fn awaits_key(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.awaiting_key().is_some())
    }

    /// The key whose value comes next.
    fn pending_key(&self) -> Option<Span> {
        self.frames.last().and_then(Frame::pending_key)
    }

    fn key(&mut self, key: String, span: Span) {
        let first = self
            .frames
            .last()
            .and_then(Frame::awaiting_key)
            .and_then(|mapping| mapping.find(&key))
            .map(|entry| entry.key_span);
        if let Some(first) = first {
            self.report(message::duplicate_key(&key, span, first));
            self.take_key(None, span);
        } else {
            self.take_key(Some(key), span);
        }
    }

    fn take_key(&mut self, key: Option<String>, span: Span) {
        if let Some(frame) = self.frames.last_mut() {
            frame.take_key(key, span);
        }
    }

    // Scalars.

    fn written_scalar(&self, text: String, style: ScalarStyle, reported: &Range<usize>) -> Scalar {
        let original = self.text.original();
        let absent = style == ScalarStyle::Plain && reported.is_empty();
        let range = match style {
            ScalarStyle::Plain if absent && self.awaits_key() => {
                offset::absent_key(original, reported.start)
            }
            ScalarStyle::Plain if absent && self.pending_key().is_some() => {
                let at = offset::absent_value(original, reported.start);
                at..at
            }
            ScalarStyle::Literal | ScalarStyle::Folded => offset::block_text(original, reported),
            _ => reported.clone(),
        };
        let hidden = self.text.value_of(&range);
        let style = match style {
            ScalarStyle::Plain if hidden.is_none() => Style::Plain,
            _ => Style::Quoted,
        };
        Scalar {
            span: self.span(&range),
            style,
            absent,
            anchor: 0,
            tag: None,
            text: match hidden {
                Some(written) => written,
                // The parser says `~` if nothing is written.
                None if absent => String::new(),
                None => text,
            },
        }
    }

    fn scalar_key(&mut self, scalar: Scalar) {
        let span = scalar.span;
        if scalar.tag.is_some() || scalar.anchor != 0 {
            self.resolve(&scalar);
        }
        if scalar.absent && scalar.tag.is_none() {
            self.report(message::missing_key(span));
            self.take_key(None, span);
        } else if scalar.text == "<<" && scalar.style == Style::Plain {
            self.report(message::merge_key(span));
            self.take_key(None, span);
        } else {
            self.key(scalar.text, span);
        }
    }

    /// The scalar's value, noted under its anchor if it has one.
    fn resolve(&mut self, scalar: &Scalar) -> Node {
        let (value, style) = scalar.resolve(&mut self.pass.loaded.diagnostics);
        let span = scalar.span;
        let node = Node { value, span, style };
        if scalar.anchor != 0 {
            let anchor = Anchor::Scalar {
                key: scalar.text.clone(),
                node: node.clone(),
            };
            self.anchors.insert(scalar.anchor, anchor);
        }
        node
    }

    fn written_tag(&self, tag: &Tag, place: &granit_parser::Span) -> WrittenTag {
        let range = place
            .tag_span()
            .and_then(|span| span.byte_range())
            .unwrap_or_default();
        WrittenTag::new(tag, self.written(&range), self.span(&range))
    }

    // Aliases.

    fn alias(&mut self, anchor: usize, range: &Range<usize>) -> Step {
        let span = self.span(range);
        let awaits_key = self.awaits_key();
        let found = match self.anchors.get(&anchor) {
            Some(Anchor::Scalar { key, .. }) if awaits_key => {
                let key = key.clone();
                self.key(key, span);
                return Ok(());
            }
            Some(Anchor::Scalar { node, .. }) => Some(node),
            Some(Anchor::Collection { path, start }) => {
                find(&self.frames, path).filter(|node| node.span.start == *start)
            }
            Some(Anchor::Open) | None => {
                self.report(message::cyclic_alias(&self.written(range), span));
                None
            }
        };
        let Some(found) = found else {
            self.refused_alias(range);
            return Ok(());
        };
        if awaits_key {
            self.report(message::invalid_key(span));
            self.take_key(None, span);
            return Ok(());
        }
        let Some(depth) = self.copies.take(found) else {
            self.report(message::too_many_aliases(span));
            return Err(Abandoned);
        };
        if self.frames.len() + depth > MAX_DEPTH {
            self.report(message::too_deep(span));
            return Err(Abandoned);
        }
        let node = Node {
            span,
            ..found.clone()
        };
        self.attach(node);
        Ok(())
    }

    /// Puts a string in the place of an alias that names nothing.
    fn refused_alias(&mut self, range: &Range<usize>) {
        let span = self.span(range);
        if self.awaits_key() {
            self.take_key(None, span);
        } else {
            let value = Value::String(self.written(range));
            let style = Style::Quoted;
            self.attach(Node { value, span, style });
        }
    }

    // What is said, and where.

    fn report(&mut self, diagnostic: Diagnostic) {
        self.pass.loaded.diagnostics.push(diagnostic);
    }

    const fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.source, range.start, range.end)
    }

    fn written(&self, range: &Range<usize>) -> String {
        let text = self.text.original().get(range.clone());
        text.unwrap_or_default().to_owned()
    }
}

/// The collection that was read, at the end of a way from the root.
fn find<'a>(frames: &'a [Frame], path: &[usize]) -> Option<&'a Node> {
    for (level, at) in path.iter().enumerate() {
        if let Some(child) = frames.get(level)?.child(*at) {
            return alias::descend(child, path.get(level + 1..)?);
        }
    }
    None
}
