//! Words in sentences.

/// A count with its noun, whose plural ends in `s`: `1 sync`, `2 syncs`.
pub fn count(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
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
