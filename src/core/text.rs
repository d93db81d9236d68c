//! Text from files and servers, made safe and readable.

use serde_json::Value;

use super::words::count;

/// The longest message of a platform that is shown, in characters.
const LONGEST_MESSAGE: usize = 400;
/// The longest word of a sentence that is shown whole, in characters.
const LONGEST_WORD: usize = 160;
/// The longest sentence that is shown whole, in characters.
const LONGEST_SENTENCE: usize = 2_000;

/// Whether it is a control character, or one that changes the direction or the width of what
/// follows, breaks the line, or hides words in between.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // The format characters of Unicode 16.
            '\u{AD}'
                | '\u{600}'..='\u{605}'
                | '\u{61C}'
                | '\u{6DD}'
                | '\u{70F}'
                | '\u{890}'..='\u{891}'
                | '\u{8E2}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{110BD}'
                | '\u{110CD}'
                | '\u{13430}'..='\u{1343F}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                // Tags, and the variation selectors that no emoji has.
                | '\u{E0000}'..='\u{E0FFF}'
                // Letters and marks without a form.
                | '\u{34F}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FFA0}'
        )
}

/// A text with its control characters made visible, so that it can neither move the cursor
/// nor hide the text around it.
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

/// A text as one word of a shell, in quotes. What would not show is written as an escape, as other
/// languages have it.
pub fn shell_quoted(text: &str) -> String {
    let mut word = String::from("'");
    for character in text.chars() {
        match character {
            '\'' => word.push_str(r"'\''"),
            '\n' => word.push_str(r"\n"),
            '\r' => word.push_str(r"\r"),
            '\t' => word.push_str(r"\t"),
            other if is_invisible(other) => match u32::from(other) {
                code @ ..=0xFFFF => word.push_str(&format!("\\u{code:04x}")),
                code => word.push_str(&format!("\\U{code:08x}")),
            },
            other => word.push(other),
        }
    }
    word.push('\'');
    word
}

/// The same without quotes if it needs none.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        shell_quoted(text)
    }
}

/// At most `most` characters of a text: of a longer one those around the character at `place`,
/// counted from 0.
pub fn around(text: &str, place: usize, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let start = place.saturating_sub(most / 3).min(length - most);
    let shown: String = text.chars().skip(start).take(most).collect();
    let mark = |is_cut| if is_cut { "…" } else { "" };
    format!("{}{shown}{}", mark(start > 0), mark(start + most < length))
}

/// A sentence with its beginning and its end, and so each of its words, however long the values
/// are that it quotes.
pub fn shortened(sentence: String) -> String {
    // No word and no sentence of so few bytes is too long.
    if sentence.len() <= LONGEST_WORD {
        return sentence;
    }
    let words: Vec<String> = sentence
        .split(' ')
        .map(|word| ends(word, LONGEST_WORD))
        .collect();
    ends(&words.join(" "), LONGEST_SENTENCE)
}

/// A text of at most about `most` characters: of a longer one most of its beginning, and its end.
fn ends(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let last = most / 5;
    without_middle(text, most - last, last)
}

/// So many characters of the beginning of a text and of its end, with a mark for what is between.
pub fn without_middle(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    let start: String = text.chars().take(first).collect();
    let end: String = text.chars().skip(length.saturating_sub(last)).collect();
    format!("{start}…{end}")
}

/// The start of the character that a byte belongs to; the end of the text for one behind it.
pub fn boundary(text: &str, at: usize) -> usize {
    let mut before = (0..=at.min(text.len())).rev();
    before.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first lines of a text, as many as have at most so many bytes together, and how many are left
/// out.
pub fn first_lines(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let start = &text[..boundary(text, most)];
    let start = start.rsplit_once('\n').map_or(start, |(whole, _)| whole);
    let rest = text[start.len()..].trim_end();
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    let rest = count(rest.lines().count().max(1), "more line");
    format!("{start}\n… {rest}")
}

/// A text of several lines, each made safe.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A text escaped for the elements and attributes of HTML and XML.
pub fn in_markup(text: &str) -> String {
    let mut out = String::new();
    for character in visible_lines(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML does not allow these two either.
            '\u{FFFE}' | '\u{FFFF}' => out.extend(character.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

/// The parts of a sentence, each with whether it is quoted: what is between two backquotes is, and
/// comes without them.
pub fn quoted_parts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    let mut is_quoted = false;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (part, after) = match rest.split_once('`') {
            Some((part, after)) if is_quoted || after.contains('`') => (part, after),
            // A backquote alone quotes nothing.
            _ => (rest, ""),
        };
        rest = after;
        let part = (is_quoted, part);
        is_quoted = !is_quoted;
        Some(part)
    })
}

/// A job's message as people read it. The platform stores the destination's answer,
/// often as a JSON string with the actual message inside (seen on Infisical, June 2025).
pub fn platform_message(message: &str) -> String {
    let readable = match serde_json::from_str::<Value>(message) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(fields)) => {
            let word = |key: &str| fields.get(key).and_then(Value::as_str);
            match (word("message"), word("error")) {
                (Some(text), Some(code)) if text != code => format!("{text} ({code})"),
                (Some(text), _) | (None, Some(text)) => text.to_owned(),
                (None, None) => message.to_owned(),
            }
        }
        _ => message.to_owned(),
    };
    let mut short: String = readable.trim().chars().take(LONGEST_MESSAGE).collect();
    if readable.trim().chars().count() > LONGEST_MESSAGE {
        short.push('…');
    }
    visible(&short)
}

#[cfg(test)]
mod tests {
    use super::{
        around, first_lines, platform_message, quoted_parts, shell_quoted, shell_word, shortened,
        visible,
    };

    #[test]
    fn a_text_is_one_word_of_a_shell() {
        assert_eq!(
            shell_quoted(r#"t.n["it's $HOME"]"#),
            r#"'t.n["it'\''s $HOME"]'"#
        );
        assert_eq!(shell_quoted("a\nb\u{202e}"), r"'a\nb\u202e'");
        for (text, word) in [
            ("a-b_1/c.d", "a-b_1/c.d"),
            ("", "''"),
            ("-x", "'-x'"),
            ("a b", "'a b'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn a_long_text_ends_with_a_whole_line() {
        assert_eq!(first_lines("a\nb\n", 4), "a\nb\n");
        assert_eq!(first_lines("a\nbb\nc\n", 4), "a\n… 2 more lines");
        assert_eq!(first_lines("äää\nb", 5), "ää\n… 2 more lines");
    }

    #[test]
    fn what_is_between_two_backquotes_is_quoted() {
        let parts = |text| quoted_parts(text).collect::<Vec<_>>();
        assert_eq!(parts("a"), [(false, "a")]);
        assert_eq!(
            parts("`a` is `b`."),
            [
                (false, ""),
                (true, "a"),
                (false, " is "),
                (true, "b"),
                (false, ".")
            ]
        );
        assert_eq!(
            parts("`a` and `b"),
            [(false, ""), (true, "a"), (false, " and `b")]
        );
        assert_eq!(parts("a``b"), [(false, "a"), (true, ""), (false, "b")]);
    }

    #[test]
    fn a_long_text_is_shown_around_a_place() {
        assert_eq!(around("abc", 1, 3), "abc");
        let text = format!("{}!{}", "x".repeat(70_000), "y".repeat(70_000));
        assert_eq!(around(&text, 70_000, 9), "…xxx!yyyyy…");
        assert_eq!(around(&text, 0, 3), "xxx…");
        assert_eq!(around(&text, usize::MAX, 3), "…yyy");
    }

    #[test]
    fn a_sentence_keeps_its_beginning_and_its_end() {
        let short = "`web` is not a field.".to_owned();
        assert_eq!(shortened(short.clone()), short);
        let quoted = shortened(format!("`{}` is not a field.", "é".repeat(70_000)));
        assert!(
            quoted.starts_with("`é") && quoted.ends_with("é` is not a field."),
            "{quoted}"
        );
        assert!(quoted.chars().count() < 200, "{quoted}");
        let blank = shortened(format!("`{}` is not a field.", "a b ".repeat(70_000)));
        assert!(blank.ends_with("` is not a field.") && blank.chars().count() <= 2_001);
    }

    #[test]
    fn nothing_from_outside_can_move_the_cursor_or_hide() {
        assert_eq!(
            visible("a\u{1b}[31mb\r\n\u{202e}c\u{9b}"),
            "a\\u{1b}[31mb\\r\\n\\u{202e}c\\u{9b}"
        );
        assert_eq!(visible("naïve 日本 😀"), "naïve 日本 😀");
    }

    #[test]
    fn a_message_inside_json_is_unwrapped() {
        let stored = r#"{"error":"RES-404","message":"application acme/missing not found"}"#;
        assert_eq!(
            platform_message(stored),
            "application acme/missing not found (RES-404)"
        );
        assert_eq!(platform_message("\"plain\""), "plain");
        assert_eq!(platform_message("not json"), "not json");
        assert_eq!(platform_message(r#"{"code":7}"#), r#"{"code":7}"#);
    }

    #[test]
    fn a_long_message_is_cut() {
        assert_eq!(platform_message(&"x".repeat(1024)).chars().count(), 401);
    }
}
