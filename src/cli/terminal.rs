//! The one place that prints: standard output and standard error, colours, and the question on the
//! terminal.

mod footer;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use terminal_size::{Height, Width, terminal_size_of};

use super::stream::{Progress, Stream, write_all};
use crate::cancel::Cancellation;
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::problem::Problem;
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::mutex::lock;
use crate::pipeline::link::Watch;
use crate::redaction::redacted;
use crate::render::findings;
use crate::render::log::{Escape, harmless};
use crate::render::table::Screen;
use crate::text_file::reason_of_write;
use crate::trace;
use footer::Footer;

/// What identifies a finding among those that were shown.
type Shown = (Code, String, Option<Span>, String);

/// Where people read.
#[derive(Debug)]
pub struct Terminal {
    out: Stream,
    err: Arc<Stream>,
    /// Standard output as texts are written in place of others on it; `None` on a terminal that knows
    /// no more than letters.
    in_place: Option<OnceLock<Stream>>,
    /// Whether standard output has colours.
    color: ColorChoice,
    /// What the run is doing, at the foot of the terminal.
    footer: Footer,
    /// Whether people read standard output, and not a machine.
    is_human: bool,
    is_quiet: bool,
    /// Whether each finding is shown with its lines, also where many say the same.
    shows_each_finding: bool,
    /// The problems that were shown; once is enough.
    said: Mutex<Vec<Problem>>,
    /// Whether a text was written in place of another.
    is_in_place: AtomicBool,
    /// Whether the reader of standard output has gone.
    is_reader_gone: AtomicBool,
    shown: Mutex<BTreeSet<Shown>>,
    /// The line that last reported how the run goes on.
    progress: Mutex<String>,
}

impl Terminal {
    /// The terminal of a run. `is_human` is whether people read standard output.
    pub fn new(environment: &Environment, no_color: bool, is_human: bool) -> Self {
        let choice = |is_terminal| color_choice(no_color, is_terminal, environment);
        let color_out = choice(io::stdout().is_terminal());
        let color_err = choice(io::stderr().is_terminal());
        let out = move |text: &str, progress: &Progress| {
            write_all(
                AutoStream::new(io::stdout().lock(), color_out),
                text,
                progress,
            )
        };
        let err = move |text: &str, progress: &Progress| {
            write_all(
                AutoStream::new(io::stderr().lock(), color_err),
                text,
                progress,
            )
        };
        Self {
            out: Stream::new(out),
            err: Arc::new(Stream::new(err)),
            in_place: (!is_dumb(environment)).then(OnceLock::new),
            color: color_out,
            footer: Footer::default(),
            is_human,
            is_quiet: false,
            shows_each_finding: false,
            said: Mutex::default(),
            is_in_place: AtomicBool::new(false),
            is_reader_gone: AtomicBool::new(false),
            shown: Mutex::default(),
            progress: Mutex::default(),
        }
    }

    /// The screen that standard output is, if it is one, no narrower and no wider than people read.
    pub fn screen() -> Option<Screen> {
        screen_of(terminal_size_of(io::stdout()))
    }

    /// The terminal of a text that is for people, whoever reads it.
    pub fn plain(environment: &Environment, no_color: bool) -> Self {
        Self::new(environment, no_color, true)
    }

    /// Leaves out how the run goes on, if that is not wanted; else says what it is doing at the foot
    /// of the terminal, if there is one.
    #[must_use]
    pub fn quiet(self, is_quiet: bool, environment: &Environment) -> Self {
        let is_seen = io::stderr().is_terminal() && !is_dumb(environment);
        let footer = if is_seen && !is_quiet {
            Footer::on_stderr()
        } else {
            Footer::default()
        };
        Self {
            footer,
            is_quiet,
            ..self
        }
    }

    /// Shows each finding with its lines, also where many say the same.
    #[must_use]
    pub fn each_finding(self, shows_each_finding: bool) -> Self {
        Self {
            shows_each_finding,
            ..self
        }
    }

    /// Says what the run is doing as long as it does that. `false` if there is nowhere to say it.
    pub fn doing(&self, what: &str) -> bool {
        self.footer.show(&printable(what, Escape::Backslash));
        self.footer.is_seen()
    }

    /// What says at the foot of the terminal what the run is doing.
    pub fn watch(&self) -> Watch {
        let footer = self.footer.clone();
        Arc::new(move |what: &str| footer.show(&printable(what, Escape::Backslash)))
    }

    /// Says nothing any more of what the run is doing.
    pub fn done(&self) {
        self.footer.clear();
    }

    /// Writes to standard output what [`printable`] made. A reader who has gone is no error; any
    /// other failure is one, and is reported here the first time.
    pub fn out(&self, text: &str) -> Result<(), CommandError> {
        let written = self.footer.above(|| self.out.write(text.to_owned()));
        self.is_written(written)
    }

    fn is_written(&self, written: io::Result<()>) -> Result<(), CommandError> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Err(CommandError::silent(Exit::Interrupted))
            }
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let why = reason_of_write(&error);
                let message = format!("Standard output cannot be written: {why}.");
                let error = CommandError::new(Exit::Error, message);
                self.problems(&error.problems);
                Err(error)
            }
            Err(_) => {
                self.is_reader_gone.store(true, Ordering::Relaxed);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Writes a text in place of the one before it, as much of it as the screen takes. Its last two
    /// lines, which sum it up, are always there.
    pub fn in_place(&self, text: &str, screen: Screen) -> Result<(), CommandError> {
        self.done();
        let text = printable(text, Escape::Backslash);
        let text = match self.color {
            ColorChoice::Never => strip_str(&text).to_string().into(),
            _ => text,
        };
        // What the terminal wrapped itself would be counted as one line.
        let lines = text.lines().flat_map(|line| screen.folded(line));
        let lines: Vec<Cow<'_, str>> = lines.collect();
        // The cursor is in the last line of the screen.
        let fitting = screen.height.saturating_sub(1).max(4);
        let mut shown = lines;
        if shown.len() > fitting {
            let hidden = shown.len() - fitting + 1;
            let more = format!("… {hidden} more lines");
            shown.splice(fitting - 3..shown.len() - 2, [more.into()]);
        }
        // To the top; each line to its end; and what was below.
        let rows = shown.iter().map(|line| format!("{line}\x1b[K\n"));
        let is_first = !self.is_in_place.swap(true, Ordering::Relaxed);
        let empty = if is_first { "\x1b[2J" } else { "" };
        let text = format!("{empty}\x1b[H{}\x1b[J", rows.collect::<String>());
        let Some(stdout) = &self.in_place else {
            return self.out(&text);
        };
        // As it is: without colours the cursor moves, too.
        let stdout = stdout.get_or_init(|| {
            Stream::new(|text, progress| write_all(io::stdout().lock(), text, progress))
        });
        self.is_written(self.footer.above(|| stdout.write(text)))
    }

    /// Whether the reader of standard output has gone, who so did not get all of it.
    pub fn is_reader_gone(&self) -> bool {
        self.is_reader_gone.load(Ordering::Relaxed)
    }

    /// Shows the events of the run on standard error, if they are wanted.
    pub fn trace(&self, verbosity: u8) {
        let (err, footer) = (Arc::clone(&self.err), self.footer.clone());
        trace::install(verbosity, move |line| {
            footer.above(|| remark(&err, line));
        });
    }

    /// Writes to standard error. If that fails, there is nowhere to report it.
    pub fn remark(&self, text: &str) {
        self.footer.above(|| remark(&self.err, text));
    }

    /// Writes sentences to standard error: on a terminal wrapped at words, elsewhere each in one line,
    /// which can be searched for.
    fn sentences(&self, text: &str) {
        match screen_of(terminal_size_of(io::stderr())) {
            Some(screen) => {
                // Before they are wrapped, so that no secret is broken in two.
                let text = printable(text, Escape::Backslash);
                self.remark(&screen.wrapped_lines(&text));
            }
            None => self.remark(text),
        }
    }

    /// Reports how a run goes on: on standard output for people, else on standard error. What is as
    /// it was when this was last asked for is not repeated.
    pub fn progress(&self, line: &str) {
        let mut last = lock(&self.progress);
        if !self.is_quiet && *last != line {
            self.log(line);
            line.clone_into(&mut last);
        }
    }

    /// Reports what must be known whatever happens next, also if the run is to be quiet.
    pub fn keep(&self, line: &str) {
        self.log(line);
    }

    fn log(&self, line: &str) {
        let line = format!("{line}\n");
        // Standard output holds the result alone in a quiet run.
        if self.is_human && !self.is_quiet {
            // It was reported, and what comes of the run does not depend on its log.
            let _ = self.out(&printable(&line, Escape::Backslash));
        } else {
            self.remark(&line);
        }
    }

    /// Shows findings, those that were not shown before.
    pub fn findings(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        let mut shown = lock(&self.shown);
        let identity = |found: &Diagnostic| {
            let file = match found.span() {
                Some(span) => sources.get(span.source).name.clone(),
                None => found.file.clone().unwrap_or_default(),
            };
            (found.code, file, found.span(), found.message.clone())
        };
        let news: Vec<Diagnostic> = diagnostics
            .iter()
            .filter(|found| shown.insert(identity(found)))
            .cloned()
            .collect();
        if news.is_empty() {
            return;
        }
        let width = screen_of(terminal_size_of(io::stderr())).map(|screen| screen.width);
        self.remark(&if self.shows_each_finding {
            findings::render_each(&news, sources, width)
        } else {
            findings::render(&news, sources, width)
        });
        if let Some(summary) = findings::summary(&news) {
            self.sentences(&format!("Found {summary}.\n"));
            self.sentences(&findings::more(&news));
        }
    }

    /// Shows a warning that is about no file.
    pub fn warn(&self, warning: &str) {
        self.sentences(&findings::render_warning(warning));
    }

    /// Shows why a command stops, unless it was shown before.
    pub fn problems(&self, problems: &[Problem]) {
        let mut said = lock(&self.said);
        let is_new = |problem: &&Problem| !said.contains(problem);
        let news: Vec<Problem> = problems.iter().filter(is_new).cloned().collect();
        said.extend_from_slice(&news);
        drop(said);
        self.sentences(&findings::render_problems(&news));
    }

    /// Shows problems in words of their own.
    pub fn problems_in_words(&self, text: &str, problems: &[Problem]) {
        lock(&self.said).extend_from_slice(problems);
        self.remark(text);
    }

    /// Asks; only `yes` is a yes. Ctrl-C is a no.
    pub async fn ask(
        &self,
        question: &str,
        cancellation: &Cancellation,
    ) -> Result<bool, CommandError> {
        self.done();
        self.remark(&format!("\n{question} Only 'yes' is accepted: "));
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        tokio::select! {
            biased;
            () = cancellation.cancelled() => Err(CommandError::silent(Exit::Interrupted)),
            answer = answer => match answer {
                Ok(Ok(line)) => Ok(line.trim() == "yes"),
                _ => Err(CommandError::new(Exit::Error, "The answer cannot be read.")),
            },
        }
    }
}

/// The screen of a terminal, if there is one, no narrower and no wider than people read.
fn screen_of(size: Option<(Width, Height)>) -> Option<Screen> {
    size.map(|(Width(width), Height(height))| Screen {
        width: usize::from(width).clamp(40, 200),
        height: height.into(),
    })
}

/// Refuses a run that will have to ask and cannot. `instead` is what to do then, without the flag.
pub fn check_can_ask(reads_stdin: bool, instead: &str) -> Result<(), CommandError> {
    if reads_stdin || !io::stdin().is_terminal() {
        return Err(CommandError::usage("There is no terminal to ask on.")
            .help(format!("{instead} with --auto-approve.")));
    }
    Ok(())
}

fn is_dumb(environment: &Environment) -> bool {
    environment.get("TERM") == Some("dumb")
}

fn color_choice(no_color: bool, is_terminal: bool, environment: &Environment) -> ColorChoice {
    if no_color || environment.get("NO_COLOR").is_some() {
        ColorChoice::Never
    } else if environment
        .get("CLICOLOR_FORCE")
        .is_some_and(|value| value != "0")
        || (is_terminal && !is_dumb(environment))
    {
        ColorChoice::Always
    } else {
        ColorChoice::Never
    }
}

fn remark(stream: &Stream, text: &str) {
    let _ = stream.write(printable(text, Escape::Backslash).into_owned());
}

/// Reports a mistake of the program itself, from whatever it was doing.
pub fn report_mistake(sentence: &str) {
    let text = findings::render_error(sentence);
    let _ = write_all(
        AutoStream::auto(io::stderr().lock()),
        &text,
        &Progress::default(),
    );
}

/// What may be printed of a text, on a terminal and in a file alike: no secret that was read, and
/// nothing that a machine would take for something else than a text.
pub fn printable(text: &str, escape: Escape) -> Cow<'_, str> {
    match redacted(text) {
        Cow::Borrowed(text) => harmless(text, escape),
        Cow::Owned(text) => Cow::Owned(harmless(&text, escape).into_owned()),
    }
}
