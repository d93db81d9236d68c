//! The line at the foot of a terminal that says what a run is doing, and is gone at its end.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use terminal_size::{Width, terminal_size_of};

use crate::cli::stream::{Stream, write_all};
use crate::mutex::lock;

/// What takes no longer needs no line.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the line moves, to show that the run is alive.
const TICK: Duration = Duration::from_millis(120);
/// Columns of a terminal that does not say how many it has.
const DEFAULT_WIDTH: u16 = 80;

/// The line, if there is a terminal to show it on.
#[derive(Clone, Default)]
pub struct Footer(Option<Line>);

#[derive(Clone)]
struct Line {
    bar: ProgressBar,
    /// From when the run does what the line says.
    since: Arc<Mutex<Instant>>,
}

impl fmt::Debug for Footer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Footer")
            .field(&self.0.is_some())
            .finish()
    }
}

impl Footer {
    /// A footer on standard error, which is a terminal. What is written there has to come through it,
    /// too; see [`Self::above`].
    pub fn on_stderr() -> Self {
        // As it is: without colours the line is still moved and cleared.
        let stream = Stream::new(|text, progress| write_all(io::stderr().lock(), text, progress));
        let since = Arc::new(Mutex::new(Instant::now()));
        let foot = Foot {
            stream,
            since: Arc::clone(&since),
        };
        let bar =
            ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(foot)));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        Self(Some(Line { bar, since }))
    }

    /// Whether somebody sees it.
    pub const fn is_seen(&self) -> bool {
        self.0.is_some()
    }

    /// Shows what the run is doing, from half a second after it has begun to do something.
    pub fn show(&self, text: &str) {
        if let Some(Line { bar, since }) = &self.0 {
            if bar.is_finished() {
                *lock(since) = Instant::now();
                bar.reset();
            }
            bar.set_message(text.to_owned());
            bar.enable_steady_tick(TICK);
        }
    }

    /// Writes something else above it.
    pub fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(Line { bar, .. }) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes it away, until something is shown again.
    pub fn clear(&self) {
        if let Some(Line { bar, .. }) = &self.0 {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        }
    }
}

/// The foot of a terminal.
#[derive(Debug)]
struct Foot {
    stream: Stream,
    since: Arc<Mutex<Instant>>,
}

impl Foot {
    /// A count of 0 would be taken for 1.
    fn moved(&self, count: usize, to: char) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.write(&format!("\x1b[{count}{to}"))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let since = *lock(&self.since);
        if since.elapsed() < PATIENCE {
            return Ok(());
        }
        self.stream.write(text.to_owned())
    }
}

impl TermLike for Foot {
    fn width(&self) -> u16 {
        terminal_size_of(io::stderr()).map_or(DEFAULT_WIDTH, |(Width(width), _)| width)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.moved(lines, 'A')
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.moved(lines, 'B')
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.moved(columns, 'C')
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.moved(columns, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.write(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
