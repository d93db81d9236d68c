//! The parser's errors as diagnostics in secsync's words.

use std::borrow::Cow;

use granit_parser::{ErrorKind, ScanError};

use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::span::{SourceId, Span};
use crate::core::text::boundary;

use super::message;
use super::offset::{self, line_start};

/// What a syntax error is and where.
pub(super) fn diagnose(source: SourceId, text: &str, error: &ScanError) -> Diagnostic {
    let at = place(text, error);
    if let Some(tab) = indenting_tab(text, at, error.kind()) {
        return Diagnostic::new(
            Code::TabIndentation,
            Span::new(source, tab, tab + 1),
            "A tab is used for indentation, which YAML does not allow.",
        )
        .label("a tab")
        .help("Indent with spaces.");
    }
    let character = offset::character(text, at);
    let span = Span::new(source, character.start, character.end);
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => message::too_deep(span),
        ErrorKind::UndeclaredTagHandle => {
            Diagnostic::new(Code::UnknownTag, span, "This tag's handle is not declared.")
                .help("Remove the tag; secsync only knows YAML's own tags, such as `!!str`.")
        }
        ErrorKind::MappingValueNotAllowed if continues_value(text, at) => Diagnostic::new(
            Code::YamlSyntax,
            span,
            "This line is read as a part of the value above, so no `:` can follow.",
        )
        .help(
            "Indent the line like its neighbours, and put a space after the `:` of the line above.",
        ),
        kind => match explain(kind) {
            Some((message, help)) => Diagnostic::new(Code::YamlSyntax, span, message).help(help),
            None => Diagnostic::new(
                Code::YamlSyntax,
                span,
                format!("The YAML cannot be parsed: {kind}."),
            ),
        },
    }
}

/// The byte that a syntax error is at.
pub(super) fn place(text: &str, error: &ScanError) -> usize {
    let marked = boundary(text, error.marker().byte_offset().unwrap_or(0));
    match error.kind() {
        // The mark is at the start of the value that contains the character.
        ErrorKind::UnexpectedCharacter { character } => text
            .get(marked..)
            .and_then(|rest| rest.find(*character))
            .map_or(marked, |further| marked + further),
        _ => marked,
    }
}

/// Whether the `:` at a byte belongs to the first word of its line.
fn continues_value(text: &str, at: usize) -> bool {
    let before = text.get(line_start(text, at)..at).unwrap_or_default();
    line_start(text, at) > 0 && !before.contains(": ") && !before.trim_start().starts_with("- ")
}

/// The tab that indents the line of an error, if that can be what is wrong.
fn indenting_tab(text: &str, at: usize, kind: &ErrorKind) -> Option<usize> {
    let line_start = line_start(text, at);
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => {
            // The mark can be at the start of the value whose continuation is indented so.
            let rest = text.get(line_start..)?;
            let mut from = line_start;
            for line in rest.split_inclusive(['\n', '\r']) {
                if let Some(tab) = leading_tab(line) {
                    return Some(from + tab);
                }
                from += line.len();
            }
            text.get(at..)?.find('\t').map(|tab| at + tab)
        }
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidIndentation => {
            leading_tab(text.get(line_start..)?).map(|tab| line_start + tab)
        }
        _ => None,
    }
}

/// Where the first tab of a line's indentation is.
fn leading_tab(line: &str) -> Option<usize> {
    let content = line.find(|character| character != ' ')?;
    line[content..].starts_with('\t').then_some(content)
}

/// What is wrong, and what to do about it.
type Explanation = (Cow<'static, str>, &'static str);

fn explain(kind: &ErrorKind) -> Option<Explanation> {
    explain_layout(kind)
        .or_else(|| explain_brackets(kind))
        .or_else(|| explain_quotes(kind))
        .or_else(|| explain_characters(kind))
}

/// Errors in how maps, lists and documents are laid out.
fn explain_layout(kind: &ErrorKind) -> Option<Explanation> {
    let (message, help) = match kind {
        ErrorKind::MappingValueNotAllowed => (
            "A `:` starts a value here, which is not allowed.",
            "Quote the text if the `:` belongs to it.",
        ),
        ErrorKind::SimpleKeyExpected => (
            "A key is not followed by `:`.",
            "Write `key: value`, or indent the line if it continues the value above.",
        ),
        ErrorKind::ExpectedBlockMappingKey => (
            "A key is expected here.",
            "Indent the keys of one map alike, and quote a value that continues after a closing quote or bracket.",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "A list item that starts with `- ` is expected here.",
            "Indent the items of one list alike.",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => (
            "A list item cannot start here.",
            "Write the list's `- ` lines below the key, not after it.",
        ),
        ErrorKind::InvalidIndentation => (
            "The indentation does not match any map or list that is open here.",
            "Indent the line like its neighbours.",
        ),
        ErrorKind::ExpectedDocumentStart => (
            "There is text after the end of the document.",
            "Put it inside the document, or start a new one with a `---` line.",
        ),
        ErrorKind::UnsupportedYamlMajorVersion => (
            "The `%YAML` line asks for a version that secsync does not read.",
            "Remove the line; files are read as YAML 1.2.",
        ),
        ErrorKind::CommentInterceptedScalar => (
            "A comment interrupts a value of several lines.",
            "Move the comment, or quote the value.",
        ),
        ErrorKind::InvalidBlockScalarHeader => (
            "Text follows the `|` or `>` of a block of text.",
            "Start the text on the next line, or quote the value.",
        ),
        ErrorKind::InvalidBlockScalarIndent => (
            "A line of a block of text is indented less than the block.",
            "Indent all lines of the block alike.",
        ),
        _ => return None,
    };
    Some((message.into(), help))
}

/// Errors in `[…]` and `{…}`.
fn explain_brackets(kind: &ErrorKind) -> Option<Explanation> {
    let (message, help): (Cow<'_, str>, _) = match kind {
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("The `{open}` is not closed.").into(),
            "Close it, or quote the value if it is text.",
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => (
            format!("The `{open}` is closed by a `{close}`.").into(),
            "Close it with its own kind of bracket.",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => (
            "A bracket is closed but was never opened.".into(),
            "Remove it, or quote the value if it is text.",
        ),
        ErrorKind::InvalidColonPlacement => (
            "There is a `:` inside brackets that are not closed yet.".into(),
            "Close the brackets before it, or quote the text if the `:` belongs to it.",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => (
            "A `,` or `]` is expected here.".into(),
            "Separate the items by commas, and quote those that contain brackets or braces.",
        ),
        ErrorKind::ExpectedFlowMappingSeparator => (
            "A `,` or `}` is expected here.".into(),
            "Separate the entries by commas, and quote values that contain brackets or braces.",
        ),
        _ => return None,
    };
    Some((message, help))
}

/// Errors in and after quoted strings.
fn explain_quotes(kind: &ErrorKind) -> Option<Explanation> {
    let (message, help) = match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("A quoted string is not closed.", "Add the closing quote.")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "There is text after the closing quote.",
            "Put the whole value into quotes, and write a double quote inside it as `\\\"`.",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar => (
            "There is text after the closing quote.",
            "Put the whole value into quotes, and write a single quote inside it as `''`.",
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            "A backslash in double quotes starts an escape that YAML does not know.",
            "Write `\\\\` for a backslash, or use single quotes.",
        ),
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => (
            "An escape in double quotes names no character.",
            "Write the character itself, or use single quotes.",
        ),
        _ => return None,
    };
    Some((message.into(), help))
}

/// Errors at single characters.
fn explain_characters(kind: &ErrorKind) -> Option<Explanation> {
    let (message, help): (Cow<'_, str>, _) = match kind {
        ErrorKind::UnexpectedCharacter {
            character: character @ ('@' | '`'),
        } => (
            format!("A value cannot start with `{character}`.").into(),
            "Quote the value.",
        ),
        ErrorKind::UnexpectedCharacter { character } if !is_visible(*character) => (
            format!(
                "The invisible character U+{:04X} is not allowed here.",
                u32::from(*character)
            )
            .into(),
            "Remove it, or write it as an escape in double quotes.",
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            format!("The character `{character}` is not allowed here.").into(),
            "Quote the value if the character belongs to it.",
        ),
        ErrorKind::CommentNotSeparated => (
            "A `#` has no space before it.".into(),
            "Put a space before a comment, or quote the value if the `#` belongs to it.",
        ),
        ErrorKind::MissingAnchorOrAliasName => (
            "A `&` or `*` is not followed by a name.".into(),
            "Quote the value if it is text.",
        ),
        ErrorKind::BomInsideDocument => (
            "There is a byte-order mark inside the document.".into(),
            "Remove this invisible character.",
        ),
        _ => return None,
    };
    Some((message, help))
}

/// Whether a message can show the character.
fn is_visible(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
