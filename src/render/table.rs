//! Tables and sentences for people, which fit the screen.

use std::array;
use std::fmt::Write as _;

use anstream::adapter::strip_str;
use anstyle::Style;

use super::terminal::{self, BOLD, DIMMED, painted};
use crate::core::text::without_middle;

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// How many stand in a line.
    pub width: usize,
    /// How many lines there are.
    pub height: usize,
}

/// The words that begin a sentence for people.
const LABELS: [&str; 7] = [
    "Note:",
    "Warning:",
    "Blocked:",
    "Failed:",
    "Unknown:",
    "Not tried:",
    "Not as declared:",
];

impl Screen {
    /// A text whose sentences are wrapped at words. Everything else stays as it is: a line that
    /// somebody copies must be whole.
    pub fn wrapped(self, text: &str) -> String {
        text.split_inclusive('\n')
            .map(|line| self.wrapped_line(line))
            .collect()
    }

    fn wrapped_line(self, line: &str) -> String {
        let plain = strip_str(line).to_string();
        let sentence = plain.trim_start();
        let is_sentence = LABELS.iter().any(|label| sentence.starts_with(label));
        if !is_sentence || plain.trim_end().chars().count() <= self.width {
            return line.to_owned();
        }
        let indentation = " ".repeat(plain.len() - sentence.len() + 2);
        let options = wrapping(self.width).subsequent_indent(&indentation);
        textwrap::fill(line.trim_end(), options) + "\n"
    }
}

/// Lines of that width, which end between words. A name with hyphens stays whole.
pub fn wrapping<'o>(width: usize) -> textwrap::Options<'o> {
    textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false)
}

/// The space between two columns.
const GAP: usize = 2;
/// No cell is shortened to less.
const NARROWEST: usize = 8;

/// A line of a table.
pub struct Row<const N: usize> {
    cells: [String; N],
    /// The column that is painted.
    painted: Option<(usize, Style)>,
    /// What there is to say below the line.
    below: Option<String>,
}

impl<const N: usize> Row<N> {
    /// A line of texts that may be printed.
    pub const fn new(cells: [String; N]) -> Self {
        Self {
            cells,
            painted: None,
            below: None,
        }
    }

    /// The same with a column painted.
    #[must_use]
    pub const fn painted(mut self, column: usize, style: Style) -> Self {
        self.painted = Some((column, style));
        self
    }

    /// The same with a text below it.
    #[must_use]
    pub fn below(mut self, text: Option<String>) -> Self {
        self.below = text;
        self
    }
}

/// Lines below their headings, each column as wide as its widest cell. On a screen, the middles of long
/// cells are left out until a line fits.
pub fn table<const N: usize>(
    headings: [&str; N],
    rows: &[Row<N>],
    screen: Option<Screen>,
) -> String {
    let headings = headings.map(str::to_owned);
    let mut widths: [usize; N] = array::from_fn(|column| {
        let cells = rows.iter().map(|row| row.cells[column].as_str());
        terminal::width(cells.chain([headings[column].as_str()]))
    });
    if let Some(screen) = screen {
        shrink(&mut widths, screen.width);
    }
    let longest = screen.map(|_| widths);
    let mut out = String::new();
    let heading = line(&headings, widths, longest, |_| Some(BOLD));
    let _ = writeln!(out, "{heading}");
    for row in rows {
        let style = |column| row.painted.filter(|(painted, _)| *painted == column);
        let text = line(&row.cells, widths, longest, |column| {
            style(column).map(|(_, style)| style)
        });
        let _ = writeln!(out, "{text}");
        if let Some(below) = &row.below {
            let _ = writeln!(out, "  {}", painted(DIMMED, below));
        }
    }
    out
}

/// Takes from the widest columns what does not fit.
fn shrink(widths: &mut [usize], screen: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > screen {
        let Some(widest) = widths.iter_mut().max() else {
            return;
        };
        if *widest <= NARROWEST {
            return;
        }
        *widest -= 1;
    }
}

fn line<const N: usize>(
    cells: &[String; N],
    widths: [usize; N],
    longest: Option<[usize; N]>,
    style: impl Fn(usize) -> Option<Style>,
) -> String {
    let mut text = String::new();
    for (column, cell) in cells.iter().enumerate() {
        let cell = match longest {
            Some(longest) => shortened(cell, longest[column]),
            None => cell.clone(),
        };
        let padding = widths[column].saturating_sub(cell.chars().count());
        let padding = " ".repeat(padding + GAP);
        let cell = match style(column) {
            Some(style) if !cell.is_empty() => painted(style, &cell),
            _ => cell,
        };
        text.push_str(&cell);
        text.push_str(&padding);
    }
    text.trim_end().to_owned()
}

/// A text without its middle if it is longer than that.
fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept = longest.saturating_sub(1);
    without_middle(text, kept.div_ceil(2), kept / 2)
}

#[cfg(test)]
mod tests {
    use super::{Row, Screen, shortened, strip_str, table};

    fn text(width: Option<usize>) -> String {
        let row = |name: &str| Row::new([name, "humanitec", "ok"].map(str::to_owned));
        let rows = [
            row("infisical/payments/api"),
            row("infisical/payments/a-sync-with-a-name-that-goes-on"),
        ];
        let screen = width.map(|width| Screen { width, height: 24 });
        strip_str(&table(["SYNC", "DESTINATION", "STATE"], &rows, screen)).to_string()
    }

    #[test]
    fn no_line_is_wider_than_the_screen_and_the_ends_of_names_stay() {
        for width in 40..200 {
            let text = text(Some(width));
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
            assert!(text.contains("-goes-on") || width < 45, "{text}");
        }
        assert_eq!(text(Some(200)), text(None));
    }

    #[test]
    fn without_a_screen_everything_is_whole() {
        assert!(
            text(None).contains("infisical/payments/a-sync-with-a-name-that-goes-on  humanitec")
        );
    }

    #[test]
    fn sentences_are_wrapped_at_words_and_nothing_else_is() {
        let screen = Screen {
            width: 40,
            height: 24,
        };
        let text = "  + url: \"https://a.very.long.example/that/is/not/wrapped\"\n      \
                    Note: The first sync overwrites secrets at the destination.\nDone.";
        let wrapped = "  + url: \"https://a.very.long.example/that/is/not/wrapped\"\n      \
                       Note: The first sync overwrites\n        secrets at the destination.\nDone.";
        assert_eq!(screen.wrapped(text), wrapped);
    }

    #[test]
    fn a_text_loses_its_middle() {
        assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
        assert_eq!(shortened("abcdefghij", 9), "abcd…ghij");
        assert_eq!(shortened("äbcdefghij", 4), "äb…j");
    }
}
