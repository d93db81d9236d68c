//! The source texts of a run, and what their places are called.

use std::sync::Arc;

use super::cell::Cell;
use super::span::{SourceId, Span};

/// A source text and the name that people know it by: a path, or `<stdin>`.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user gave it, or a name in angle brackets.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
    /// Whether it may hold what nobody may see, so that only a few characters of it are shown.
    pub is_hidden: bool,
    /// The byte at which each line starts, the first line's 0 included.
    line_starts: Arc<[usize]>,
    /// Where the bytes are, for a text that is not at hand.
    remembered: Option<[Position; 2]>,
}

impl Source {
    /// Whether its text is at hand, and not only the name of the file and a place.
    pub const fn has_text(&self) -> bool {
        self.remembered.is_none()
    }

    /// The line that a byte is on, from 1.
    pub fn line_of(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= byte)
    }

    /// The line and column of a byte.
    pub fn position(&self, byte: usize) -> Position {
        if let Some([start, end]) = self.remembered {
            return if byte == 0 { start } else { end };
        }
        let byte = byte.min(self.text.len());
        let line = self.line_of(byte);
        let line_start = self.line_start(line);
        let column = self
            .text
            .get(line_start..byte)
            .map_or(byte - line_start, |before| before.chars().count());
        Position {
            line,
            column: column + 1,
        }
    }

    /// The byte at which a line starts; the end of the text for a line beyond it.
    pub fn line_start(&self, line: usize) -> usize {
        let start = self.line_starts.get(line.saturating_sub(1));
        start.copied().unwrap_or(self.text.len())
    }

    /// The byte after a line's last one, its line break not included.
    pub fn line_end(&self, line: usize) -> usize {
        match self.line_starts.get(line) {
            Some(next) => next - 1,
            None => self.text.len(),
        }
    }
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// All source texts of a run.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    sources: Vec<Source>,
    cells: Vec<Arc<Cell>>,
}

impl Sources {
    /// Adds a text and returns the id that its spans carry.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let id = SourceId {
            text: u32::try_from(self.sources.len()).unwrap_or(u32::MAX),
            cell: None,
        };
        self.sources.push(Source {
            name: name.into(),
            text,
            is_hidden: false,
            line_starts,
            remembered: None,
        });
        id
    }

    /// Adds a place in a text that is not available: a saved plan says where its syncs are declared.
    pub fn remember(&mut self, name: impl Into<String>, start: Position, end: Position) -> Span {
        let id = self.add(name, "");
        if let Some(source) = self.sources.last_mut() {
            source.remembered = Some([start, end]);
        }
        Span::new(id, 0, 1)
    }

    /// Takes note that a text may hold what nobody may see.
    pub fn hide(&mut self, id: SourceId) {
        self.sources[id.text as usize].is_hidden = true;
    }

    /// The text that an id names. Ids are only made by [`Sources::add`] of the same table.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.text as usize]
    }

    /// What places carry that are read for the cell of a matrix that is added next.
    pub fn next_cell(&self) -> Option<u32> {
        u32::try_from(self.cells.len()).ok()
    }

    /// Adds a cell of a matrix and returns what places carry that are read for it.
    pub fn add_cell(&mut self, cell: Cell) -> Option<u32> {
        let index = self.next_cell();
        self.cells.push(Arc::new(cell));
        index
    }

    /// The cell of a matrix that a place is read for.
    pub fn cell(&self, span: Span) -> Option<&Arc<Cell>> {
        self.cells.get(span.source.cell? as usize)
    }

    /// The line and column at which a span starts.
    pub fn position(&self, span: Span) -> Position {
        self.get(span.source).position(span.start)
    }

    /// `path:line:column` of a span's start, and the cell of a matrix that it is read for.
    pub fn describe(&self, span: Span) -> String {
        let Position { line, column } = self.position(span);
        let cell = self.cell_words(span);
        format!("{}:{line}:{column}{cell}", self.get(span.source).name)
    }

    /// ` (app=web, env=prod)` for a place that is read for a cell of a matrix; empty for others.
    pub fn cell_words(&self, span: Span) -> String {
        self.cell(span)
            .map_or_else(String::new, |cell| format!(" ({})", cell.label))
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Sources, Span};

    #[test]
    fn a_place_is_known_without_its_text() {
        let mut sources = Sources::default();
        let start = Position { line: 7, column: 3 };
        let end = Position { line: 9, column: 1 };
        let place = sources.remember("b.yaml", start, end);
        assert_eq!(sources.describe(place), "b.yaml:7:3");
        assert_eq!(
            sources.position(Span::new(place.source, place.end, place.end)),
            end
        );
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", "é: 1\nkey: ü x\n");
        let at = |byte| sources.position(Span::new(id, byte, byte));
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(2), Position { line: 1, column: 2 });
        assert_eq!(at(6), Position { line: 2, column: 1 });
        assert_eq!(at(14), Position { line: 2, column: 8 });
        assert_eq!(at(usize::MAX), Position { line: 3, column: 1 });
    }
}
