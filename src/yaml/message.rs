//! What can be wrong with YAML that parses, in words.

use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::Span;

use super::frame::MAX_DEPTH;
use super::scalar::NumberProblem;

/// Longer texts are cut when a message quotes them.
const MAX_QUOTED: usize = 60;

pub(super) fn duplicate_key(key: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateKey,
        again,
        format!("The key `{}` appears twice in this map.", short(key)),
    )
    .label("here again")
    .also(first, "first here")
    .help("Remove one of the two.")
}

pub(super) fn missing_key(span: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidKey, span, "A value has no key before its `:`.")
        .help("Write the key, or quote the value if the `:` belongs to it.")
}

pub(super) fn invalid_key(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::InvalidKey,
        span,
        "A list or a map is used as a key, but a key must be a single word.",
    )
    .help("Use a single word, or quote the key if it is text.")
}

pub(super) fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::MergeKey,
        span,
        "The key `<<` merges maps in YAML 1.1 only; secsync reads YAML 1.2.",
    )
    .help("Put shared fields under `defaults:`; they are merged under every sync of the file.")
}

pub(super) fn unknown_tag(tag: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownTag,
        span,
        format!("The tag `{}` is unknown.", short(tag)),
    )
    .help("Remove the tag, or quote the value if the `!` belongs to it.")
}

pub(super) fn wrong_tag(tag: &str, wanted: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::WrongType,
        span,
        format!(
            "The tag `{}` needs {wanted}, but {found} follows.",
            short(tag)
        ),
    )
    .help("Correct the value, or remove the tag.")
}

pub(super) fn number(text: &str, problem: NumberProblem, span: Span) -> Diagnostic {
    let text = short(text);
    let message = match problem {
        NumberProblem::NotExact => {
            format!("The number `{text}` cannot be represented exactly: it has too many digits.")
        }
        NumberProblem::NotFinite => {
            format!("`{text}` cannot be sent: JSON has no such number.")
        }
    };
    Diagnostic::new(Code::NumberNotExact, span, message).help("Quote it if it is meant as text.")
}

pub(super) fn leading_zero(text: &str, span: Span) -> Diagnostic {
    let (sign, digits) = text
        .find(|character: char| character.is_ascii_digit())
        .map_or(("", text), |at| text.split_at(at));
    let without = match digits.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let (text, without) = (short(text), short(&format!("{sign}{without}")));
    Diagnostic::new(
        Code::AmbiguousScalar,
        span,
        format!(
            "`{text}` is the number {without} here, but YAML 1.1 reads a leading zero as octal."
        ),
    )
    .help(format!(
        "Write `{without}` for the number, or \"{text}\" for the text."
    ))
}

pub(super) fn unknown_alias(name: &str, span: Span) -> Diagnostic {
    let name = short(name);
    Diagnostic::new(
        Code::UnknownAlias,
        span,
        format!("The alias `*{name}` has no anchor `&{name}` before it in this document."),
    )
    .help(format!(
        "Define the anchor first, or quote the value if it is text: \"*{name}\"."
    ))
}

pub(super) fn cyclic_alias(alias: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownAlias,
        span,
        format!("The alias `{}` is inside its own anchor.", short(alias)),
    )
    .help("Remove the alias: a value cannot contain itself.")
}

pub(super) fn too_many_aliases(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::TooManyAliases,
        span,
        "The aliases up to here make the file far larger than it is written.",
    )
    .help("Write the values out, or put shared fields under `defaults:`.")
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::TooDeep,
        span,
        format!("Values are nested more than {MAX_DEPTH} levels deep here."),
    )
    .help("Flatten the structure.")
}

/// The text as a message quotes it: one line, not too long.
pub(super) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut characters = line.chars();
    let mut kept: String = characters.by_ref().take(MAX_QUOTED).collect();
    if characters.next().is_some() || line.len() < text.trim_end().len() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn long_texts_and_further_lines_are_cut() {
        assert_eq!(short("a b"), "a b");
        assert_eq!(short("a\n"), "a");
        assert_eq!(short("a\nb"), "a…");
        assert_eq!(short(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
        assert_eq!(short(&"é".repeat(60)), "é".repeat(60));
    }
}
