//! Places that the parser does not report, found in the text.

use std::ops::Range;

use crate::core::text::boundary;

/// Where the line of a byte starts.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind(['\n', '\r']))
        .map_or(0, |line_break| line_break + 1)
}

/// The line from a byte on, without its line break.
pub(super) fn rest_of_line(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]
}

/// The character at a byte; nothing at the end of the text.
pub(super) fn character(text: &str, at: usize) -> Range<usize> {
    let start = boundary(text, at);
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + length
}

/// Where a missing value would be: after the `:` that the parser stops before.
pub(super) fn absent_value(text: &str, reported: usize) -> usize {
    match next_token(text, reported, text.len()) {
        Some((at, b':')) if line_start(text, at) <= reported => at + 1,
        _ => reported,
    }
}

/// The `:` before which a key is missing.
pub(super) fn absent_key(text: &str, reported: usize) -> Range<usize> {
    match next_token(text, reported, text.len()) {
        Some((at, b':')) => at..at + 1,
        _ => reported..reported,
    }
}

/// Where a block list starts that is the value of a key.
/// The parser puts one that is not indented behind its first `-`.
pub(super) fn first_dash(text: &str, key_end: usize, reported: usize) -> usize {
    let mut from = key_end;
    while let Some((at, byte)) = next_token(text, from, reported) {
        match byte {
            b'-' => return at,
            // The list's anchor or tag.
            b'&' | b'!' => from = end_of(text, at, |byte| byte.is_ascii_whitespace()),
            _ => from = at + 1,
        }
    }
    reported
}

/// A block of text without the line breaks and the next line's indentation at its end. One that
/// has nothing but blank lines is where its header is: the parser reports it where the next thing
/// begins.
pub(super) fn block_text(text: &str, reported: &Range<usize>) -> Range<usize> {
    let block = text.get(reported.clone()).unwrap_or_default();
    let kept = block.trim_end_matches([' ', '\t', '\r', '\n']).len();
    if kept == 0 {
        return block_header(text, reported.start).unwrap_or(reported.start..reported.start);
    }
    reported.start..reported.start + kept
}

/// The `|` or `>` of the last block of text that begins before a byte, on the last line that has
/// anything on it.
fn block_header(text: &str, before: usize) -> Option<Range<usize>> {
    let end = text.get(..before)?.trim_end().len();
    let start = line_start(text, end);
    let line = &text[start..end];
    let line = line.split_once(" #").map_or(line, |(line, _)| line);
    let at = start + line.rfind(['|', '>'])?;
    Some(at..at + 1)
}

/// The next byte that is neither blank nor in a comment, and where it is.
fn next_token(text: &str, from: usize, limit: usize) -> Option<(usize, u8)> {
    let mut at = from;
    while at < limit {
        match *text.as_bytes().get(at)? {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' => at = end_of(text, at, |byte| matches!(byte, b'\r' | b'\n')),
            byte => return Some((at, byte)),
        }
    }
    None
}

fn end_of(text: &str, from: usize, ends: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let length = rest.iter().position(|byte| ends(*byte));
    from + length.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::{absent_key, absent_value, block_text, boundary, character, first_dash};

    #[test]
    fn characters_are_never_split() {
        assert_eq!(boundary("aé", 2), 1);
        assert_eq!(character("aé", 2), 1..3);
        assert_eq!(character("aé", 9), 3..3);
    }

    #[test]
    fn an_absent_value_is_behind_the_colon_of_its_own_line() {
        assert_eq!(absent_value("a : # b\n", 1), 3);
        assert_eq!(absent_value("? a\n: b\n", 3), 3);
        assert_eq!(absent_value("{a, b: c}", 2), 2);
    }

    #[test]
    fn an_absent_key_is_before_the_next_colon() {
        assert_eq!(absent_key("a: 1 # b: c\n : 2\n", 4), 13..14);
        assert_eq!(absent_key("?\n? a\n", 1), 1..1);
    }

    #[test]
    fn the_first_dash_is_not_looked_for_in_comments_anchors_and_tags() {
        let text = "a: &b-c !d-e # - f\n- - g\n";
        assert_eq!(first_dash(text, 1, 21), 19);
    }

    #[test]
    fn a_block_of_text_ends_with_its_last_word() {
        assert_eq!(block_text("  a\n b\r\n\n  c: d", &(2..11)), 2..6);
        assert_eq!(block_text("\n\n", &(0..2)), 0..0);
    }

    #[test]
    fn a_block_of_blank_lines_is_where_its_header_is() {
        let text = "a:\n  b: |+ # > c\n\n\nd: 1\n";
        assert_eq!(block_text(text, &(19..19)), 8..9);
        assert_eq!(block_text("- >\n\n", &(4..5)), 2..3);
    }
}
