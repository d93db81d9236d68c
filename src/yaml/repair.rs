//! A text as the parser should see it, if it cannot read what was written.
//!
//! A repaired range is read as one plain word of the same length, so all
//! places stay true; its value is then taken from what was written.

use std::borrow::Cow;
use std::ops::Range;

/// A text with some ranges put out of the parser's sight.
#[derive(Debug, Clone)]
pub(super) struct Repaired<'t> {
    original: &'t str,
    seen: Cow<'t, str>,
    /// In the order of the text, disjoint.
    ranges: Vec<Range<usize>>,
}

impl<'t> Repaired<'t> {
    /// The text as it is.
    pub(super) const fn new(original: &'t str) -> Self {
        Self {
            original,
            seen: Cow::Borrowed(original),
            ranges: Vec::new(),
        }
    }

    /// The text that was written.
    pub(super) const fn original(&self) -> &'t str {
        self.original
    }

    /// The text for the parser.
    pub(super) fn seen(&self) -> &str {
        &self.seen
    }

    /// Puts further ranges out of sight: on character boundaries, and none that was before.
    #[must_use]
    pub(super) fn hide(&self, ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut hidden = self.ranges.clone();
        hidden.extend(ranges);
        hidden.sort_by_key(|range| range.start);
        let mut seen = String::with_capacity(self.original.len());
        let mut done = 0;
        for range in &hidden {
            seen.push_str(self.original.get(done..range.start).unwrap_or_default());
            seen.extend(std::iter::repeat_n('x', range.len()));
            done = range.end;
        }
        seen.push_str(self.original.get(done..).unwrap_or_default());
        Self {
            original: self.original,
            seen: Cow::Owned(seen),
            ranges: hidden,
        }
    }

    /// Whether something in that range is out of sight.
    pub(super) fn touches(&self, range: &Range<usize>) -> bool {
        let next = self
            .ranges
            .partition_point(|hidden| hidden.end <= range.start);
        self.ranges
            .get(next)
            .is_some_and(|hidden| hidden.start < range.end)
    }

    /// The value of a scalar in which something is out of sight.
    pub(super) fn value_of(&self, range: &Range<usize>) -> Option<String> {
        if !self.touches(range) {
            return None;
        }
        let written = self.original.get(range.clone())?;
        Some(serde_json::from_str(written).unwrap_or_else(|_| written.to_owned()))
    }
}

/// The characters that JSON allows in a string and YAML allows nowhere, in a text that is JSON.
pub(super) fn json_only_characters(text: &str) -> Option<Vec<Range<usize>>> {
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !json.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    let ranges: Vec<_> = text
        .char_indices()
        .filter(|(_, character)| is_json_only(*character))
        .map(|(at, character)| at..at + character.len_utf8())
        .collect();
    let valid = !ranges.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
    valid.then_some(ranges)
}

const fn is_json_only(character: char) -> bool {
    matches!(
        character,
        '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::{Repaired, json_only_characters};

    #[test]
    fn hidden_ranges_keep_every_place() {
        let repaired = Repaired::new("é: {{ü}}_y\n").hide(std::iter::once(4..12));
        assert_eq!(repaired.seen(), "é: xxxxxxxx\n");
        assert!(repaired.touches(&(0..5)) && !repaired.touches(&(0..4)));
        assert_eq!(repaired.value_of(&(4..12)).as_deref(), Some("{{ü}}_y"));
        assert_eq!(repaired.value_of(&(0..2)), None);
        let twice = repaired.hide(std::iter::once(0..2));
        assert_eq!(twice.seen(), "xx: xxxxxxxx\n");
    }

    #[test]
    fn only_json_has_json_only_characters() {
        let found = json_only_characters("[\"\u{7f}\", \"\u{80}\"]");
        assert_eq!(found, Some(vec![2..3, 7..9]));
        assert_eq!(json_only_characters("[\"\u{7f}\", x]"), None);
        assert_eq!(json_only_characters("[\"a\"]"), None);
        assert_eq!(json_only_characters("a: \u{7f}"), None);
    }
}
