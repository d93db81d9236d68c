//! Text from files and servers, made safe and readable.

use crate::core::invisible::is_invisible;
use crate::core::remote::readable_message;

/// A text with its control characters made visible, so that it can neither move the cursor
/// nor hide what stands beside it.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            other if is_invisible(other) => safe.extend(other.escape_unicode()),
            other => safe.push(other),
        }
    }
    safe
}

/// A text of several lines, each made safe.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A job's message as people read it, made safe.
pub fn platform_message(message: &str) -> String {
    visible(&readable_message(message))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn nothing_from_outside_can_move_the_cursor_or_hide() {
        assert_eq!(
            visible("a\u{1b}[31mb\r\n\u{202e}c\u{9b}"),
            "a\\u{1b}[31mb\\r\\n\\u{202e}c\\u{9b}"
        );
        assert_eq!(visible("naïve 日本 😀"), "naïve 日本 😀");
    }
}
