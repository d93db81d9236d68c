//! A text as a search for secrets sees it: the visible characters of ASCII, in lower case, without
//! blanks, breaks and invisible characters.
//!
//! There are two views of each place in a text, because what looks like an escape can be part of a
//! secret: one of the text as it is, and one with the escapes of the formats undone.

use crate::core::text::is_invisible;

/// Stands for a character that no secret has.
const OTHER: u8 = 0xff;

/// How a text is looked at: the length in bytes of what stands at its beginning, and the byte that
/// is seen of it. The text is not empty.
pub type Reading = fn(&[u8]) -> (usize, Option<u8>);

/// Both views.
pub const VIEWS: [Reading; 2] = [plain, decoded];

/// What is seen of a whole text.
pub fn seen(view: Reading, text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut seen = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (length, byte) = view(rest);
        seen.extend(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    seen
}

/// What can stand at the beginning of a text that is not empty: its first character as it is, an
/// escape, and what begins an escape when it is escaped itself. Each is a length in bytes and the
/// byte that is seen of it.
pub fn readings(text: &[u8]) -> impl Iterator<Item = (usize, Option<u8>)> {
    std::iter::once(plain(text))
        .chain(escape(text))
        .chain(escaped_beginnings(text))
}

/// `%25`, `%2525` and so on for a `%`, `&amp;`, `&amp;amp;` and so on for an `&`.
fn escaped_beginnings(text: &[u8]) -> impl Iterator<Item = (usize, Option<u8>)> {
    let first = text.first().copied();
    let code: &[u8] = match first {
        Some(b'%') => b"25",
        Some(b'&') => b"amp;",
        _ => b"",
    };
    let codes = text
        .get(1..)
        .unwrap_or_default()
        .chunks_exact(code.len().max(1));
    let codes = codes.take_while(move |found| *found == code).enumerate();
    codes.map(move |(before, code)| (1 + (before + 1) * code.len(), first))
}

/// A byte of ASCII as it is compared: without case, and in one of the two alphabets of Base64.
pub const fn folded(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// The text as it is.
fn plain(text: &[u8]) -> (usize, Option<u8>) {
    let byte = text.first().copied().unwrap_or_default();
    match byte {
        0x21..=0x7e => (1, Some(folded(byte))),
        0x00..=0x20 | 0x7f => (1, None),
        0x80..=0xff => {
            let length = match byte {
                0xf0.. => 4,
                0xe0.. => 3,
                _ => 2,
            };
            let character = text.get(..length).and_then(|bytes| {
                let text = str::from_utf8(bytes).ok()?;
                text.chars().next()
            });
            match character {
                Some(character) => (length, of_char(character)),
                None => (1, Some(OTHER)),
            }
        }
    }
}

fn of_char(character: char) -> Option<u8> {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii_graphic() => Some(folded(byte)),
        _ if character.is_whitespace() || is_invisible(character) => None,
        _ => Some(OTHER),
    }
}

fn of_code(code: u32) -> Option<u8> {
    char::from_u32(code).map_or(Some(OTHER), of_char)
}

/// The text with escapes undone.
fn decoded(text: &[u8]) -> (usize, Option<u8>) {
    escape(text).unwrap_or_else(|| plain(text))
}

/// An escape of URLs, JSON, Markdown, HTML and XML, workflow commands or terminals.
fn escape(text: &[u8]) -> Option<(usize, Option<u8>)> {
    match text.first()? {
        b'%' => percent(text),
        b'\\' => backslash(text),
        b'&' => entity(text),
        b'<' => tag(text),
        0x1b => control_sequence(text),
        _ => None,
    }
}

/// `%41`, and what becomes of it when the `%` is escaped once more: `%2541`.
fn percent(text: &[u8]) -> Option<(usize, Option<u8>)> {
    let mut length = 3;
    let mut code = hex(text.get(1..3)?)?;
    while code == 0x25
        && let Some(next) = text.get(length..length + 2).and_then(hex)
    {
        code = next;
        length += 2;
    }
    // Half a character is as good as none.
    let byte = if code < 0x80 { of_code(code) } else { None };
    Some((length, byte))
}

fn backslash(text: &[u8]) -> Option<(usize, Option<u8>)> {
    match text.get(1)? {
        b'n' | b'r' | b't' | b'b' | b'f' => Some((2, None)),
        b'\\' => Some((2, Some(b'\\'))),
        b'x' => Some((4, of_code(hex(text.get(2..4)?)?))),
        b'u' => match text.get(2)? {
            b'{' => {
                let end = text.iter().take(10).position(|byte| *byte == b'}')?;
                Some((end + 1, of_code(hex(text.get(3..end)?)?)))
            }
            _ => Some((6, of_code(hex(text.get(2..6)?)?))),
        },
        // The character behind it is meant as it is.
        _ => Some((1, None)),
    }
}

/// `&lt;`, `&#39;`, `&#x27;`, and what becomes of them when the `&` is escaped once more.
fn entity(text: &[u8]) -> Option<(usize, Option<u8>)> {
    let mut start = 1;
    while let Some(rest) = text.get(start..)
        && rest.starts_with(b"amp;")
    {
        start += 4;
    }
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.iter().take(9).position(|byte| *byte == b';');
    let code = end.and_then(|end| match rest.get(..end)? {
        b"lt" => Some(u32::from(b'<')),
        b"gt" => Some(u32::from(b'>')),
        b"quot" => Some(u32::from(b'"')),
        b"apos" => Some(u32::from(b'\'')),
        [b'#', b'x' | b'X', digits @ ..] => hex(digits),
        [b'#', digits @ ..] => str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    });
    match (code, end) {
        (Some(code), Some(end)) => Some((start + end + 1, of_code(code))),
        _ if start > 1 => Some((start, Some(b'&'))),
        _ => None,
    }
}

/// What Markdown has for a line break, and to keep a character from having a meaning.
fn tag(text: &[u8]) -> Option<(usize, Option<u8>)> {
    let tags: [&[u8]; 2] = [b"<br>", b"<!-- -->"];
    let tag = tags.iter().find(|tag| text.starts_with(tag))?;
    Some((tag.len(), None))
}

/// A terminal's control sequence: `ESC [`, parameters, and a letter.
fn control_sequence(text: &[u8]) -> Option<(usize, Option<u8>)> {
    if text.get(1) != Some(&b'[') {
        return None;
    }
    let parameters = text.iter().skip(2).take_while(|byte| {
        let byte = **byte;
        (0x20..=0x3f).contains(&byte)
    });
    Some(((parameters.count() + 3).min(text.len()), None))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{VIEWS, seen};

    fn views(text: &str) -> [String; 2] {
        VIEWS.map(|view| String::from_utf8_lossy(&seen(view, text)).into_owned())
    }

    #[test]
    fn a_view_has_neither_case_nor_blanks_nor_hidden_characters() {
        let text = "To\u{200b}k\u{202e}e n\r\n\tA\u{7f}B_\u{85}9";
        assert_eq!(views(text), ["tokenab/9", "tokenab/9"]);
    }

    #[test]
    fn escapes_are_undone_in_one_view_and_left_in_the_other() {
        for (text, decoded) in [
            ("%41%62c%0A%2541%zz", "abca%zz"),
            (r"a\nb\u0063\u{200b}\x64\_e\\f\u{66}\", r"abcd/e\ff\"),
            ("&lt;&amp;&#39;&#x41;&amp;lt;&nbsp;&", "<&'a<&nbsp;&"),
            ("a<br>b#<!-- -->c<i>", "ab#c<i>"),
            ("a\u{1b}[1;31mb\u{1b}[0mc\u{1b}", "abc"),
        ] {
            assert_eq!(views(text)[1], decoded, "{text:?}");
        }
        assert_eq!(views("%41\\n&lt;")[0], "%41\\n&lt;");
    }

    #[test]
    fn a_text_that_breaks_off_anywhere_is_seen() {
        let text = "%2541\\u{200b}\\u0041\\x41&amp;#x41;<br>\u{1b}[31mü";
        for (end, _) in text.char_indices() {
            views(&text[..end]);
        }
    }
}
