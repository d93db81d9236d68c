//! What codes and fields mean: one as a page, or all codes as a list.

use std::fmt::Write as _;

use serde::Serialize;

use super::style::{BOLD, CYAN, DIMMED};
use super::table::{Screen, definitions};
use crate::core::code::Code;
use crate::provider::codes;
use crate::provider::door::FieldMeaning;

/// A code's page for people: its Markdown without the marks that a terminal does not need, and its
/// paragraphs as wide as the screen.
pub fn page(code: Code, screen: Option<Screen>) -> String {
    let mut out = format!(
        "{BOLD}{code}{BOLD:#} {DIMMED}({}){DIMMED:#}\n{}\n\n",
        kind(code),
        code.summary()
    );
    let mut is_block = false;
    let mut lines = code.page().lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            is_block = !is_block;
            // A blank line keeps two blocks in a row apart.
            if is_block && out.ends_with(&format!("{CYAN:#}\n")) {
                out.push('\n');
            }
        } else if is_block && !line.is_empty() {
            let _ = writeln!(out, "    {CYAN}{line}{CYAN:#}");
        } else if let Some(heading) = line.strip_prefix("## ") {
            let _ = writeln!(out, "{BOLD}{heading}{BOLD:#}");
        } else if let (Some(screen), false) = (screen, line.is_empty()) {
            let mut paragraph = line.to_owned();
            while let Some(next) =
                lines.next_if(|next| !next.is_empty() && !next.starts_with("```"))
            {
                paragraph.push(' ');
                paragraph.push_str(next);
            }
            out.push_str(&screen.wrapped_lines(&format!("{paragraph}\n")));
        } else {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// A field's page for people.
pub fn field(field: &FieldMeaning) -> String {
    let mut out = format!(
        "{BOLD}{}{BOLD:#} {DIMMED}(a field of a sync){DIMMED:#}\n{}\n",
        field.name, field.description
    );
    let width = field.values.iter().map(|(value, _)| value.len()).max();
    for (index, (value, meaning)) in field.values.iter().enumerate() {
        let separator = if index == 0 { "\n" } else { "" };
        let width = width.unwrap_or_default();
        let _ = writeln!(
            out,
            "{separator}    {CYAN}{value:width$}{CYAN:#}  {meaning}"
        );
    }
    out
}

fn kind(code: Code) -> String {
    if code.is_lint() {
        format!("{}, a lint", code.severity().word())
    } else {
        code.severity().word().to_owned()
    }
}

/// Every code with its default severity and its meaning.
pub fn list(screen: Option<Screen>) -> String {
    let codes = codes::codes();
    let width = |cell: fn(Code) -> String| {
        let widths = codes.iter().map(|code| cell(*code).len());
        widths.max().unwrap_or_default()
    };
    let (names, kinds) = (width(|code| code.name().to_owned()), width(kind));
    let row = |code: &Code| {
        let (name, kind) = (code.name(), kind(*code));
        let word = format!("{BOLD}{name:names$}{BOLD:#}  {kind}");
        (word, code.summary())
    };
    let rows: Vec<(String, &str)> = codes.iter().map(row).collect();
    let table = definitions(&rows, names + kinds + 2, screen);
    let ending = "\n`lint:` in secsync.yaml sets the level of a lint: deny makes it an error, warn a \
                  warning, and allow ignores it.\n`secsync explain CODE` explains one of them.\n";
    let ending = match screen {
        Some(screen) => screen.wrapped_lines(ending),
        None => ending.to_owned(),
    };
    table + &ending
}

/// Codes and fields in a JSON document.
#[derive(Debug, Serialize)]
pub struct ExplainBody {
    codes: Vec<CodeFields>,
    fields: Vec<FieldFields>,
}

#[derive(Debug, Serialize)]
struct FieldFields {
    field: &'static str,
    description: &'static str,
    values: Vec<ValueFields>,
}

#[derive(Debug, Serialize)]
struct ValueFields {
    value: &'static str,
    description: &'static str,
}

#[derive(Debug, Serialize)]
struct CodeFields {
    code: &'static str,
    severity: &'static str,
    level: &'static str,
    lint: bool,
    summary: &'static str,
    page: &'static str,
}

impl ExplainBody {
    /// The codes, each with its page.
    pub fn of_codes(codes: &[Code]) -> Self {
        let fields = |code: &Code| CodeFields {
            code: code.name(),
            severity: code.severity().word(),
            level: code.default_level(),
            lint: code.is_lint(),
            summary: code.summary(),
            page: code.page(),
        };
        Self {
            codes: codes.iter().map(fields).collect(),
            fields: Vec::new(),
        }
    }

    /// A field, with the values that it takes.
    pub fn of_field(field: &FieldMeaning) -> Self {
        let values = field.values.iter();
        let values = values.map(|&(value, description)| ValueFields { value, description });
        Self {
            codes: Vec::new(),
            fields: vec![FieldFields {
                field: field.name,
                description: field.description,
                values: values.collect(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::{list, page};
    use crate::core::code::Code;
    use crate::provider::codes;
    use crate::render::table::Screen;

    #[test]
    fn a_page_reads_without_markdown() {
        let text = strip_str(&page(Code::TabIndentation, None)).to_string();
        assert!(
            text.starts_with(
                "tab-indentation (error)\nYAML does not allow tabs for indentation.\n\nYAML indents"
            ),
            "{text}"
        );
        assert!(text.contains("\nFix\n\nIndent with two spaces"), "{text}");
        assert!(text.contains("\n    syncs:\n      web:\n"), "{text}");
        assert!(!text.contains("```") && !text.contains("##"), "{text}");
    }

    #[test]
    fn keeps_adjacent_blocks_separate() {
        let text = strip_str(&page(Code::UnknownProvider, None)).to_string();
        assert!(
            text.contains("example}\n\n    provider: onprem\n"),
            "{text}"
        );
    }

    #[test]
    fn a_page_says_whether_a_code_is_a_lint_and_how_severe_it_is() {
        let text =
            strip_str(&page(codes::find("destructive-first-sync").unwrap(), None)).to_string();
        assert!(
            text.starts_with("destructive-first-sync (ignored, a lint)\n"),
            "{text}"
        );
    }

    #[test]
    fn the_paragraphs_of_a_page_are_as_wide_as_the_screen() {
        for code in codes::codes() {
            for width in [40, 72, 200] {
                let screen = Screen { width, height: 24 };
                let text = strip_str(&page(code, Some(screen))).to_string();
                let blocks: Vec<&str> = text.split("\n\n").skip(1).collect();
                for block in blocks.iter().filter(|block| !block.starts_with("    ")) {
                    for (line, next) in block.lines().zip(block.lines().skip(1)) {
                        let word = next.split(' ').next().unwrap_or_default();
                        let fits = line.chars().count() + 1 + word.chars().count() <= width;
                        assert!(!fits, "{code} at {width}: {line}|{next}");
                    }
                }
                let whole = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                let plain = strip_str(&page(code, None)).to_string();
                assert_eq!(whole(&text), whole(&plain), "{code} at {width}");
            }
        }
    }

    #[test]
    fn the_list_shows_every_code_with_its_severity_and_meaning() {
        let text = strip_str(&list(None)).to_string();
        for code in codes::codes() {
            let line = text
                .lines()
                .find(|line| line.split_whitespace().next() == Some(code.name()))
                .unwrap_or_else(|| panic!("{code} is not listed"));
            assert!(line.contains(code.severity().word()) && line.ends_with(code.summary()));
        }
    }
}
