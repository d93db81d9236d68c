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
use super::finding;
use super::frame::{Children, Frame, OpenMapping};
use super::load::{Comment, Loaded};
use super::repair::Repaired;
use super::scalar::{self, ScalarType};
use super::{syntax, template};

/// How many collections may lie within each other.
pub(super) const MAX_DEPTH: usize = 64;

/// How far a key's `:` may be: JSON on one line has long keys.
const MAX_KEY_LOOKAHEAD: usize = 1 << 20;

/// What one pass found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The values and what is wrong with them.
    pub(super) loaded: Loaded,
    /// Where the syntax broke: one place a document at most, in their order.
    pub(super) breaks: Vec<Break>,
}

/// A place where the syntax broke.
#[derive(Debug, Clone, Copy)]
pub(super) struct Break {
    /// The byte that the error is at.
    pub(super) at: usize,
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

/// A scalar as it was written.
struct Scalar {
    /// Its content; of a plain one, the source text.
    text: String,
    span: Span,
    style: Style,
    /// Whether there is nothing where a scalar could be.
    absent: bool,
    anchor: usize,
    tag: Option<WrittenTag>,
}

/// A tag as it was written.
struct WrittenTag {
    text: String,
    /// What it demands of a scalar; none for the tags of collections and foreign ones.
    demanded: Option<ScalarType>,
    span: Span,
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
                    ..self.written_scalar(text.into_owned(), style, range)
                };
                if self.awaits_key() {
                    self.scalar_key(scalar);
                } else {
                    self.scalar_value(scalar);
                }
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "seq", "a list", place);
                let start = match style {
                    StructureStyle::Flow => range.start,
                    StructureStyle::Block => self.first_dash(range.start),
                };
                self.open(Children::Sequence(Vec::new()), start, style, anchor)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "map", "a map", place);
                let children = Children::Mapping(OpenMapping::default());
                self.open(children, range.start, style, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            Event::Alias(anchor) => self.alias(anchor, &range)?,
            Event::UnresolvedAlias(name) => {
                let span = self.span(&range);
                self.report(finding::unknown_alias(&name, span));
                self.refused_alias(&range);
            }
            _ => {}
        }
        Ok(())
    }

    fn broken(&mut self, error: &ScanError) -> Step {
        let written = self.text.original();
        let diagnostic = syntax::diagnose(self.source, written, error);
        if diagnostic.code == Code::YamlSyntax {
            let at = syntax::place(written, error);
            let line = template::line_start(written, at);
            let in_flow = self
                .frames
                .iter()
                .any(|frame| frame.flow && frame.start < line);
            self.pass.breaks.push(Break { at, in_flow });
        }
        self.report(diagnostic);
        Err(Abandoned)
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
    ) -> Step {
        if self.frames.len() == MAX_DEPTH {
            self.report(finding::too_deep(self.span(&(start..start))));
            return Err(Abandoned);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor::Open);
        }
        let flow = style == StructureStyle::Flow;
        let is_template = flow && self.text.original()[start..].starts_with("{{");
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
            self.report(finding::invalid_key(span));
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

    fn key(&mut self, key: String, span: Span) {
        let first = self
            .frames
            .last()
            .and_then(Frame::awaiting_key)
            .and_then(|mapping| mapping.find(&key))
            .map(|entry| entry.key_span);
        if let Some(first) = first {
            self.report(finding::duplicate_key(&key, span, first));
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

    fn written_scalar(&self, text: String, style: ScalarStyle, range: Range<usize>) -> Scalar {
        let plain = style == ScalarStyle::Plain;
        let absent = plain && range.is_empty();
        let range = match style {
            ScalarStyle::Plain if absent => self.after_colon(range),
            ScalarStyle::Literal | ScalarStyle::Folded => self.without_trailing_breaks(range),
            _ => range,
        };
        let hidden = self.text.value_of(&range);
        let style = if plain && hidden.is_none() {
            Style::Plain
        } else {
            Style::Quoted
        };
        Scalar {
            span: self.span(&range),
            style,
            absent,
            anchor: 0,
            tag: None,
            text: match hidden {
                Some(written) => written,
                // The parser says `~` where nothing is written.
                None if absent => String::new(),
                None => text,
            },
        }
    }

    fn scalar_key(&mut self, scalar: Scalar) {
        let Scalar { style, span, .. } = scalar;
        if scalar.tag.is_some() {
            self.resolve(&scalar);
        }
        if scalar.anchor != 0 {
            let value = match style {
                Style::Plain => scalar::plain(&scalar.text).ok(),
                _ => None,
            };
            let value = value.unwrap_or_else(|| Value::String(scalar.text.clone()));
            self.anchor_scalar(&scalar, Node { value, span, style });
        }
        if scalar.absent && scalar.tag.is_none() {
            self.report(finding::missing_key(span));
            self.take_key(None, span);
        } else if scalar.text == "<<" && style == Style::Plain {
            self.report(finding::merge_key(span));
            self.take_key(None, span);
        } else {
            self.key(scalar.text, span);
        }
    }

    fn scalar_value(&mut self, scalar: Scalar) {
        let (value, style) = self.resolve(&scalar);
        let span = scalar.span;
        let node = Node { value, span, style };
        if scalar.anchor != 0 {
            self.anchor_scalar(&scalar, node.clone());
        }
        self.attach(node);
    }

    fn anchor_scalar(&mut self, scalar: &Scalar, node: Node) {
        let key = scalar.text.clone();
        self.anchors
            .insert(scalar.anchor, Anchor::Scalar { key, node });
    }

    /// The value of a scalar, and whether it counts as quoted.
    fn resolve(&mut self, scalar: &Scalar) -> (Value, Style) {
        let text = scalar.text.as_str();
        let string = || (Value::String(text.to_owned()), Style::Quoted);
        let resolved = match &scalar.tag {
            None if scalar.style == Style::Quoted => return string(),
            None => {
                if scalar::has_leading_zero(text) {
                    self.report(finding::leading_zero(text, scalar.span));
                }
                scalar::plain(text)
            }
            Some(tag) => {
                let Some(demanded) = tag.demanded else {
                    self.report(foreign_tag(tag, "a scalar"));
                    return string();
                };
                let Some(resolved) = scalar::tagged(demanded, text) else {
                    self.report(finding::wrong_tag(
                        &tag.text,
                        demanded.name(),
                        &format!("`{text}`"),
                        tag.span,
                    ));
                    return string();
                };
                if demanded == ScalarType::String {
                    return string();
                }
                resolved
            }
        };
        let value = resolved.unwrap_or_else(|problem| {
            self.report(finding::number(text, problem, scalar.span));
            scalar::approximate(text)
                .map_or_else(|| Value::String(text.to_owned()), Value::Number)
        });
        (value, Style::Plain)
    }

    // Tags.

    fn written_tag(&self, tag: &Tag, place: &granit_parser::Span) -> WrittenTag {
        let range = place
            .tag_span()
            .and_then(|span| span.byte_range())
            .unwrap_or_default();
        WrittenTag {
            text: self.written(&range),
            demanded: tag.core_suffix().and_then(|suffix| ScalarType::of_tag(&suffix)),
            span: self.span(&range),
        }
    }

    fn check_collection_tag(
        &mut self,
        tag: Option<&Tag>,
        wanted: &str,
        found: &str,
        place: &granit_parser::Span,
    ) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(wanted)) {
            let tag = self.written_tag(tag, place);
            self.report(foreign_tag(&tag, found));
        }
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
                self.report(finding::cyclic_alias(&self.written(range), span));
                None
            }
        };
        let Some(found) = found else {
            self.refused_alias(range);
            return Ok(());
        };
        if awaits_key {
            self.report(finding::invalid_key(span));
            self.take_key(None, span);
            return Ok(());
        }
        let Some(depth) = self.copies.take(found) else {
            self.report(finding::too_many_aliases(span));
            return Err(Abandoned);
        };
        if self.frames.len() + depth > MAX_DEPTH {
            self.report(finding::too_deep(span));
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

    // Places.

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

    /// Where a value would be that is not there: behind the `:` that the parser stops at.
    fn after_colon(&self, range: Range<usize>) -> Range<usize> {
        let rest = self.text.original().get(range.start..).unwrap_or_default();
        let from_blanks = rest.trim_start_matches([' ', '\t']);
        let is_value = self
            .frames
            .last()
            .is_some_and(|frame| frame.pending_key().is_some());
        if is_value && from_blanks.starts_with(':') {
            let at = range.start + rest.len() - from_blanks.len() + 1;
            at..at
        } else {
            range
        }
    }

    /// A block of text without the line breaks and the next line's indentation at its end.
    fn without_trailing_breaks(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text.original().get(range.clone()).unwrap_or_default();
        let kept = text.trim_end_matches([' ', '\t', '\r', '\n']).len();
        range.start..range.start + kept
    }

    /// Where a block list starts. The parser puts one that is not indented behind its first `-`.
    fn first_dash(&self, reported: usize) -> usize {
        let Some(key) = self.frames.last().and_then(Frame::pending_key) else {
            return reported;
        };
        let bytes = self.text.original().as_bytes();
        let mut at = key.end;
        while at < reported {
            match bytes.get(at) {
                Some(b'-') => return at,
                Some(b'#') => at = end_of(bytes, at, |byte| matches!(byte, b'\n' | b'\r')),
                Some(b'&' | b'!') => at = end_of(bytes, at, u8::is_ascii_whitespace),
                Some(_) => at += 1,
                None => break,
            }
        }
        reported
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

fn end_of(bytes: &[u8], from: usize, ends: impl Fn(&u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(ends).unwrap_or(rest.len())
}

/// A tag that does not fit what follows, or that nobody knows.
fn foreign_tag(tag: &WrittenTag, found: &str) -> Diagnostic {
    let wanted = match (tag.demanded, tag.text.as_str()) {
        (Some(demanded), _) => demanded.name(),
        (None, "!!map") => "a map",
        (None, "!!seq") => "a list",
        _ => return finding::unknown_tag(&tag.text, tag.span),
    };
    finding::wrong_tag(&tag.text, wanted, found, tag.span)
}
