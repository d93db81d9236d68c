//! Quoting what a server said: short, on one line, without any secret of this run, and without
//! anything that moves a terminal's cursor.

use crate::core::text::is_invisible;
use crate::redaction::redacted;

/// The most of a server's message that an error quotes, in characters.
pub const MESSAGE_LIMIT: usize = 400;

/// `text` on one line, without secrets and without control or direction characters, cut to `limit`
/// characters. Redacted first: of a secret that is cut or taken apart, the rest could not be
/// recognised any more.
pub fn quotable(text: &str, limit: usize) -> String {
    let text = redacted(text);
    let printable = text.chars().map(|c| if is_invisible(c) { ' ' } else { c });
    let mut line = String::new();
    let mut length = 0;
    let mut blank = false;
    for character in printable {
        if character.is_whitespace() {
            blank = !line.is_empty();
            continue;
        }
        if length + usize::from(blank) + 1 > limit {
            line.push('…');
            return line;
        }
        if blank {
            line.push(' ');
            length += 1;
            blank = false;
        }
        line.push(character);
        length += 1;
    }
    line
}

/// Without a period at its end, for use inside a sentence.
pub fn clause(text: &str) -> String {
    let line = quotable(text, MESSAGE_LIMIT);
    line.trim_end_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{clause, quotable};

    #[test]
    fn control_and_direction_characters_become_blanks() {
        assert_eq!(quotable("a\u{1b}[31mb\r\n\tc\u{202e}d", 100), "a [31mb c d");
    }

    #[test]
    fn a_long_text_is_cut_with_an_ellipsis() {
        assert_eq!(quotable("abcdef", 6), "abcdef");
        assert_eq!(quotable("abcdefg", 6), "abcdef…");
        assert_eq!(quotable("ééééé", 3), "ééé…");
        assert_eq!(quotable("abc def", 4), "abc…");
    }

    #[test]
    fn a_clause_has_no_period_at_its_end() {
        assert_eq!(clause("Try again shortly. "), "Try again shortly");
    }
}
