//! Tables and sentences for people, which fit the screen.

use std::array;
use std::borrow::Cow;
use std::fmt::Write as _;

use anstream::adapter::strip_str;
use anstyle::Style;

use super::style::{self, BOLD, DIMMED, painted};
use crate::core::text::without_middle;

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// How many stand in a line.
    pub width: usize,
    /// How many lines there are.
    pub height: usize,
}

/// The words that begin a sentence for people, whatever it ends with.
const LABELS: [&str; 8] = [
    "Error:",
    "Note:",
    "Warning:",
    "Blocked:",
    "Failed:",
    "Unknown:",
    "Not tried:",
    "Not as declared:",
];

impl Screen {
    /// A text whose sentences and headings are wrapped at words. Everything else stays as it is: a line that
    /// somebody copies must be whole.
    pub fn wrapped(self, text: &str) -> String {
        text.split_inclusive('\n')
            .map(|line| self.wrapped_line(line))
            .collect()
    }

    fn wrapped_line(self, line: &str) -> String {
        let plain = strip_str(line).to_string();
        let sentence = plain.trim_start();
        // The heading of an action.
        let is_heading = line.trim_start().starts_with(&format!("{BOLD}# "));
        // One that begins with a name begins its line; what is indented may be YAML.
        let begins = sentence.starts_with(char::is_uppercase)
            || (plain.starts_with(char::is_lowercase) && plain.split(' ').count() > 4);
        let is_sentence =
            has_label(sentence) || (begins && sentence.trim_end().ends_with(['.', ':']));
        let is_wrapped = is_heading || is_sentence;
        if !is_wrapped || plain.trim_end().chars().count() <= self.width {
            return line.to_owned();
        }
        filled(line.trim_end(), self.width, hanging(&plain)) + "\n"
    }

    /// A line in as many as it takes on the screen.
    pub fn folded(self, line: &str) -> Vec<Cow<'_, str>> {
        textwrap::wrap(line, self.width)
    }

    /// A text in which every line is wrapped at words.
    pub fn wrapped_lines(self, text: &str) -> String {
        let lines = text.lines().map(|line| {
            let plain = strip_str(line).to_string();
            filled(line, self.width, hanging(&plain)) + "\n"
        });
        lines.collect()
    }
}

/// How far a sentence is indented from its second line on.
fn hanging(plain: &str) -> usize {
    let sentence = plain.trim_start();
    let is_labelled = has_label(sentence) || sentence.starts_with("# ");
    plain.len() - sentence.len() + if is_labelled { 2 } else { 0 }
}

fn has_label(sentence: &str) -> bool {
    LABELS.iter().any(|label| sentence.starts_with(label))
}

/// Lines of that width, which end between words. A name with signs in it stays whole.
pub fn wrapping<'o>(width: usize) -> textwrap::Options<'o> {
    textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false)
}

/// The space between two columns.
const GAP: usize = 2;
/// A cell that is shortened to less says too little: the first column then has a line of its own.
const NARROWEST: usize = 8;
/// What a word means is wrapped into no less than that.
const NARROWEST_MEANING: usize = 24;
/// How far it stands to the right of a word that is in a line of its own.
const BELOW: usize = 6;

/// Words with what they mean, in a column after that width. On a screen the meaning is wrapped there,
/// or below the word if that leaves too little room.
pub fn definitions(
    rows: &[(impl AsRef<str>, impl AsRef<str>)],
    width: usize,
    screen: Option<Screen>,
) -> String {
    let before = width + GAP;
    let mut out = String::new();
    for (word, meaning) in rows {
        let (word, meaning) = (word.as_ref(), meaning.as_ref());
        let length = strip_str(word).to_string().chars().count();
        let padding = " ".repeat(before.saturating_sub(length));
        let line = format!("{word}{padding}{meaning}");
        let text = match screen {
            Some(screen) if screen.width >= before + NARROWEST_MEANING => {
                filled(&line, screen.width, before)
            }
            Some(screen) => {
                let indentation = " ".repeat(BELOW);
                let word = filled(word.trim_end(), screen.width, BELOW);
                if meaning.is_empty() {
                    word
                } else {
                    let meaning = format!("{indentation}{meaning}");
                    format!("{word}\n{}", filled(&meaning, screen.width, BELOW))
                }
            }
            None => line,
        };
        let _ = writeln!(out, "{}", text.trim_end());
    }
    out
}

/// A line that is wrapped at words, and goes on after an indentation.
fn filled(line: &str, width: usize, indentation: usize) -> String {
    let indentation = " ".repeat(indentation);
    textwrap::fill(line, wrapping(width).subsequent_indent(&indentation))
}

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
    let widths: [usize; N] = array::from_fn(|column| {
        let cells = rows.iter().map(|row| row.cells[column].as_str());
        style::width(cells.chain([headings[column].as_str()]))
    });
    let layout = Layout::of(&widths, screen);
    let mut out = layout.lines(&headings, |_| Some(BOLD));
    for row in rows {
        let style = |column| row.painted.filter(|(painted, _)| *painted == column);
        out.push_str(&layout.lines(&row.cells, |column| style(column).map(|(_, style)| style)));
        let Some(below) = &row.below else {
            continue;
        };
        let lines = match screen {
            Some(screen) => textwrap::wrap(below, screen.width.saturating_sub(GAP)),
            None => vec![below.as_str().into()],
        };
        for line in lines {
            let _ = writeln!(out, "  {}", painted(DIMMED, &line));
        }
    }
    out
}

/// How the cells of a line stand.
enum Layout {
    /// In columns of these widths, into which longer cells are shortened on a screen.
    Columns {
        widths: Vec<usize>,
        is_shortened: bool,
    },
    /// The first cell, which names what the line is about, in a line of its own, and the others below it
    /// in columns of these widths.
    Split { widths: Vec<usize>, screen: usize },
    /// The same where even these columns do not fit: whole, one after the other.
    Flowing { screen: usize },
}

impl Layout {
    fn of(widths: &[usize], screen: Option<Screen>) -> Self {
        let mut all = widths.to_vec();
        let is_shortened = screen.is_some();
        let Some(Screen { width: screen, .. }) = screen else {
            return Self::Columns {
                widths: all,
                is_shortened,
            };
        };
        let others = widths.get(1..).unwrap_or_default();
        if shrink(&mut all, screen, NARROWEST) {
            Self::Columns {
                widths: all,
                is_shortened,
            }
        } else if others.iter().sum::<usize>() + GAP * others.len() <= screen {
            Self::Split {
                widths: others.to_vec(),
                screen,
            }
        } else {
            Self::Flowing { screen }
        }
    }

    /// The lines of a row.
    fn lines(&self, cells: &[String], style: impl Fn(usize) -> Option<Style>) -> String {
        let painted = |column: usize, cell: &str| match style(column) {
            Some(style) if !cell.is_empty() => painted(style, cell),
            _ => cell.to_owned(),
        };
        let padded = |column: usize, cell: &str, width: usize| {
            let padding = width.saturating_sub(cell.chars().count()) + GAP;
            painted(column, cell) + &" ".repeat(padding)
        };
        let others = || cells.iter().enumerate().skip(1);
        // A row that goes on with the one before has no first cell.
        let first = |screen: usize| match cells[0].as_str() {
            "" => String::new(),
            cell => painted(0, &shortened(cell, screen)) + "\n",
        };
        let text = match self {
            Self::Columns {
                widths,
                is_shortened,
            } => {
                let cells = cells.iter().zip(widths).enumerate();
                let cells = cells.map(|(column, (cell, width))| {
                    let longest = if *is_shortened { *width } else { usize::MAX };
                    padded(column, &shortened(cell, longest), *width)
                });
                cells.collect()
            }
            Self::Split { widths, screen } => {
                let cells = others().zip(widths);
                let cells = cells.map(|((column, cell), width)| padded(column, cell, *width));
                format!("{}  {}", first(*screen), cells.collect::<String>())
            }
            Self::Flowing { screen } => {
                let cells = others().filter(|(_, cell)| !cell.is_empty());
                let cells: Vec<String> =
                    cells.map(|(column, cell)| painted(column, cell)).collect();
                let options = textwrap::Options::new(*screen);
                let options = options.initial_indent("  ").subsequent_indent("  ");
                first(*screen) + &textwrap::fill(&cells.join("  "), options)
            }
        };
        format!("{}\n", text.trim_end())
    }
}

/// Takes from the widest columns what does not fit. `false` if that would leave one too narrow.
fn shrink(widths: &mut [usize], screen: usize, narrowest: usize) -> bool {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > screen {
        match widths.iter_mut().max() {
            Some(widest) if *widest > narrowest => *widest -= 1,
            _ => return false,
        }
    }
    true
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
    use super::{Row, Screen, definitions, shortened, strip_str, table};

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
    fn a_sentence_that_begins_with_a_name_is_wrapped_and_yaml_is_not() {
        let screen = Screen {
            width: 24,
            height: 24,
        };
        let sentence = "infisical: logged in to there, and sees 1 project.\n";
        assert_eq!(
            screen.wrapped(sentence),
            "infisical: logged in to\nthere, and sees 1\nproject.\n"
        );
        let yaml = "    description: a line that is as it is.\n";
        assert_eq!(screen.wrapped(yaml), yaml);
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
    fn many_columns_on_a_narrow_screen_have_the_first_one_above_the_others() {
        let row = |sync: &str| {
            Row::new([sync, "humanitec", "import", "succeeded", "2 min ago"].map(str::to_owned))
        };
        let rows = [row("infisical/payments/api"), row("")];
        let screen = Some(Screen {
            width: 42,
            height: 24,
        });
        let text = table(
            ["SYNC", "DESTINATION", "JOB", "RESULT", "WHEN"],
            &rows,
            screen,
        );
        assert_eq!(
            strip_str(&text).to_string(),
            "SYNC\n  DESTINATION  JOB  RESULT  WHEN\n\
             infisical/payments/api\n  humanitec  import  succeeded  2 min ago\n  \
             humanitec  import  succeeded  2 min ago\n"
        );
    }

    #[test]
    fn a_meaning_is_wrapped_beside_its_word_or_below_it() {
        let rows = [("a-long-word", "What it means, in more words than fit.")];
        let text = |width| definitions(&rows, 20, Some(Screen { width, height: 24 }));
        assert_eq!(definitions(&rows, 20, None), text(200));
        let space = " ".repeat(22);
        assert_eq!(
            text(50),
            format!("a-long-word           What it means, in more words\n{space}than fit.\n")
        );
        assert_eq!(
            text(40),
            "a-long-word\n      What it means, in more words than\n      fit.\n"
        );
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
