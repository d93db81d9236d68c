//! Words in sentences: lists, numbers of things, and the form of an id.

/// Words in backquotes: "`a`, `b` and `c`", or "none".
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words.into_iter().map(quoted), "and")
}

/// Words in backquotes to choose from: "`a`, `b` or `c`".
pub fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words.into_iter().map(quoted), "or")
}

/// Up to ten words in backquotes, and how many more there are.
pub fn list_some(words: &[impl AsRef<str>]) -> String {
    const MOST: usize = 10;
    let mut quoted = words.iter().map(|word| quoted(word.as_ref()));
    match words.len().checked_sub(MOST) {
        None | Some(0) => joined(quoted, "and"),
        Some(more) => {
            let shown: Vec<String> = quoted.by_ref().take(MOST).collect();
            format!("{}, and {more} more", shown.join(", "))
        }
    }
}

/// A count with its noun, whose plural ends in `s`: `1 sync`, `2 syncs`.
pub fn count(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// The verb of a count: `1 sync is`, `2 syncs are`.
pub const fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// The counts that are not zero, each with its words: `2 failed`.
pub fn counts<'a>(counts: impl IntoIterator<Item = (usize, &'a str)>) -> Vec<String> {
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts
        .map(|(count, words)| format!("{count} {words}"))
        .collect()
}

/// A word with a capital at its beginning.
pub fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Whether a word has the form of a UUID, in which the platforms write ids.
pub fn is_uuid(word: &str) -> bool {
    let groups = word.split('-');
    groups.clone().map(str::len).eq([8, 4, 4, 4, 12])
        && groups
            .flat_map(str::bytes)
            .all(|byte| byte.is_ascii_hexdigit())
}

/// Words as they are, with commas, and another word before the last: "a, b or c"; or "none".
pub fn joined(words: impl IntoIterator<Item = String>, before_last: &str) -> String {
    let words: Vec<String> = words.into_iter().collect();
    match words.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {before_last} {last}", others.join(", ")),
    }
}

fn quoted(word: &str) -> String {
    format!("`{word}`")
}

#[cfg(test)]
mod tests {
    use super::{any_of, count, is_uuid, list, list_some};

    #[test]
    fn lists_read_as_in_a_sentence() {
        assert_eq!(list([]), "none");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(any_of(["a", "b"]), "`a` or `b`");
    }

    #[test]
    fn a_long_list_is_cut_after_ten_words() {
        assert_eq!(list_some(&["a", "b"]), "`a` and `b`");
        assert!(list_some(&["a"; 13]).ends_with("`a`, and 3 more"));
    }

    #[test]
    fn one_is_singular_and_every_other_number_plural() {
        assert_eq!(
            [0, 1, 2].map(|number| count(number, "sync")),
            ["0 syncs", "1 sync", "2 syncs"]
        );
    }

    #[test]
    fn a_uuid_is_known_by_its_form() {
        let id = "cce1dad3-129d-4264-889e-738ca69f25de";
        assert!(is_uuid(id) && is_uuid(&id.to_uppercase()));
        for other in [
            "payments",
            &id.replace('c', "g"),
            &id.replace('-', "_"),
            &id[1..],
        ] {
            assert!(!is_uuid(other), "{other}");
        }
    }
}
