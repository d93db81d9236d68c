//! Places in source texts.

/// Which of a run's source texts a place is in, made by [`Sources::add`](super::sources::Sources::add), and for which cell of a
/// matrix it is read: one block of a file can declare many syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId {
    pub(super) text: u32,
    pub(super) cell: Option<u32>,
}

impl SourceId {
    /// The cell of a matrix that it is read for.
    pub const fn cell(self) -> Option<u32> {
        self.cell
    }

    /// The same text, for a cell that [`Sources::next_cell`](super::sources::Sources::next_cell) returned.
    #[must_use]
    pub const fn in_cell(self, cell: Option<u32>) -> Self {
        Self { cell, ..self }
    }
}

/// A range of bytes in one source text; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The text that the range is in.
    pub source: SourceId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// A range in a source text.
    pub const fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start, end }
    }

    /// The same place, read for a cell of a matrix.
    #[must_use]
    pub const fn in_cell(self, cell: Option<u32>) -> Self {
        Self {
            source: self.source.in_cell(cell),
            ..self
        }
    }

    /// The same place, whatever cell it is read for.
    #[must_use]
    pub const fn in_no_cell(self) -> Self {
        self.in_cell(None)
    }

    /// Whether another range is within this one.
    pub fn contains(self, other: Self) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }
}
