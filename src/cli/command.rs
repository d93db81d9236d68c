//! The one beginning and the one ending of every command.
//!
//! A command is its arguments and its work. The work returns a value that knows how to be shown, or
//! an error that carries what was found until then. Opening the outputs, the findings, every
//! format, the problems and the exit code are here, once for all.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use camino::Utf8Path;

use super::output::{Format, Offer, OutputArguments, Outputs, Renderer};
use super::panics::caught;
use super::signals::Signals;
use super::terminal::{Terminal, printable};
use crate::core::desired::DesiredSync;
use crate::core::diagnostic::Diagnostic;
use crate::core::problem::Problem;
use crate::core::sources::Sources;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::redaction;
use crate::render::code_host::{self, CodeHost};
use crate::render::ending::Ending;
use crate::render::json::JsonBody;
use crate::render::log::Escape;
use crate::render::review::{Checkout, Review, remote_and_declared};
use crate::render::table::Screen;
use crate::render::{findings, sandbox_line};
use crate::root::{git_root, working_directory};
use crate::workspace::Workspace;

/// What Ctrl-C is answered with.
const INTERRUPTED: &str = "Interrupted. Finishing what is in flight; again to stop at once.\n";

/// A command: its arguments, and its work.
pub trait Command: Sized {
    /// What its documents and reviews call it.
    const NAME: &'static str;
    /// The formats that it has.
    const FORMATS: Offer;
    /// What its work comes to.
    type Outcome: CommandOutcome;

    /// What its arguments say about all but its work.
    fn frame(&self) -> CommandFrame<'_>;

    /// Does the work.
    fn run(self, session: &Session) -> Result<Self::Outcome, CommandError>;
}

/// What a run goes by besides the work of its command.
pub struct CommandFrame<'a> {
    /// The flags about what is printed.
    pub output: &'a OutputArguments,
    /// Whether it runs in the sandbox.
    pub is_sandbox: bool,
    /// Whether each finding is to be shown with its lines, also where many say the same.
    pub shows_each_finding: bool,
    /// The file that the work itself writes, with the flag that names it.
    pub writes: Option<(&'static str, &'a Utf8Path)>,
    /// What Ctrl-C is answered with.
    pub on_interrupt: &'static str,
}

impl<'a> CommandFrame<'a> {
    /// That of most commands.
    pub const fn of(output: &'a OutputArguments) -> Self {
        Self {
            output,
            is_sandbox: false,
            shows_each_finding: false,
            writes: None,
            on_interrupt: INTERRUPTED,
        }
    }

    /// The same for a command that can run in the sandbox.
    #[must_use]
    pub const fn in_sandbox(self, is_sandbox: bool) -> Self {
        Self { is_sandbox, ..self }
    }
}

/// What a command's work came to: a value that knows how to be shown in every format.
pub trait CommandOutcome {
    /// The exit code.
    fn exit(&self) -> Exit {
        Exit::Done
    }

    /// What failed although there is something to show.
    fn failure(&self) -> Option<&CommandError> {
        None
    }

    /// Whether it was the sandbox and no real server; by default, if the command ran in it.
    fn is_sandbox(&self, command_is: bool) -> bool {
        command_is
    }

    /// The files that it is about.
    fn files(&self) -> Files<'_> {
        Files::default()
    }

    /// Whether it has changed something, so that what went wrong must be said even if the reader of
    /// standard output has gone.
    fn has_acted(&self) -> bool {
        false
    }

    /// For people.
    fn human(&self, view: View) -> Human;

    /// For machines: what the document has besides the findings and the exit code.
    fn json(&self) -> Box<dyn JsonBody + '_>;

    /// For code hosts and test reports: what there is to say beside the findings.
    fn review<'a>(&'a self, _review: &mut Review<'a>) {}
}

/// How much people want to read, and where it is read.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// How often `-v` was given.
    pub verbosity: u8,
    /// Whether only results and problems are wanted.
    pub is_quiet: bool,
    /// Whether it was the sandbox and no real server.
    pub is_sandbox: bool,
    /// The screen on which standard output is read, if it is one.
    pub screen: Option<Screen>,
}

impl View {
    /// A text as it fits where it is read.
    fn wrapped(self, text: &str) -> Cow<'_, str> {
        match self.screen {
            Some(screen) => Cow::Owned(screen.wrapped(text)),
            None => Cow::Borrowed(text),
        }
    }
}

/// A result for people.
#[derive(Debug, Default)]
pub struct Human {
    /// The result itself.
    pub text: String,
    /// What the text is.
    pub kind: Text,
    /// What there is to say about it on standard error.
    pub remarks: String,
}

/// What a text for people is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Text {
    /// Lines that people read.
    #[default]
    Lines,
    /// A JSON document.
    Json,
    /// A sync file, which is printed as it is or not at all.
    SyncFile,
}

impl From<String> for Human {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// The files that a result or an error is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// What was found in them.
    pub findings: &'a [Diagnostic],
    /// Their texts; `None` without files.
    pub sources: Option<&'a Sources>,
    /// The syncs that they declare.
    pub syncs: &'a [Arc<DesiredSync>],
    /// Whether their names begin at the root of the repository, wherever the command runs.
    pub are_from_root: bool,
}

impl<'a> From<&'a Workspace> for Files<'a> {
    fn from(workspace: &'a Workspace) -> Self {
        Self {
            findings: &workspace.diagnostics,
            sources: Some(&workspace.sources),
            syncs: &workspace.syncs,
            are_from_root: false,
        }
    }
}

impl<'a> Files<'a> {
    /// The names of the files that declare a sync, in their order.
    fn names(&self, sources: &'a Sources) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for sync in self.syncs {
            let name = sources.get(sync.key.source).name.as_str();
            // The syncs of a file follow each other.
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// What a command's work runs in.
pub struct Session {
    /// What the documents and reviews of the command call it.
    command: &'static str,
    /// The environment of the process.
    pub environment: Environment,
    /// Where people read.
    pub terminal: Terminal,
    /// How much they want to read.
    pub view: View,
    outputs: Outputs,
    /// Whether it was said that the sandbox answers.
    has_announced: AtomicBool,
    /// Whether it does.
    has_sandbox: AtomicBool,
    /// The files that were read.
    loaded: OnceLock<Arc<Workspace>>,
    /// From when they are served, which offline commands leave to the system.
    signals: OnceLock<Signals>,
    /// What Ctrl-C is answered with.
    pub(super) on_interrupt: &'static str,
}

impl Session {
    /// Opens the outputs of a command, before its work: a file that cannot be written is found out
    /// now, and not after something was applied. With an error the outputs that are open are only
    /// to report it.
    pub(super) fn open(
        command: &'static str,
        offer: Offer,
        frame: &CommandFrame<'_>,
        environment: Environment,
    ) -> (Self, Result<(), CommandError>) {
        let arguments = frame.output;
        let (outputs, opened) = Outputs::open(&arguments.output, offer, frame.writes);
        let is_human = outputs.is_human_on_stdout();
        let terminal = Terminal::new(&environment, arguments.no_color, is_human)
            .quiet(arguments.quiet, &environment)
            .each_finding(frame.shows_each_finding);
        terminal.trace(arguments.verbose);
        let session = Self {
            command,
            terminal,
            view: View {
                verbosity: arguments.verbose,
                is_quiet: arguments.quiet,
                is_sandbox: frame.is_sandbox,
                screen: if is_human { Terminal::screen() } else { None },
            },
            on_interrupt: frame.on_interrupt,
            outputs,
            has_announced: AtomicBool::new(false),
            has_sandbox: AtomicBool::new(false),
            loaded: OnceLock::new(),
            signals: OnceLock::new(),
            environment,
        };
        (session, opened)
    }

    /// Shows people a text before the end, wherever the human format goes. What nobody could see is
    /// not acted on.
    pub fn show(&self, text: &str) -> Result<(), CommandError> {
        let text = self.announced(text, self.view.is_sandbox);
        let text = self.view.wrapped(&text);
        CommandError::all(self.outputs.write(Format::Human, &text, &self.terminal))
    }

    /// Shows people a text in place of the one before it, as much of it as the screen takes.
    pub fn show_in_place(&self, text: &str, screen: Screen) -> Result<(), CommandError> {
        let sandbox = if self.view.is_sandbox {
            sandbox_line() + "\n"
        } else {
            String::new()
        };
        self.has_announced.store(true, Ordering::Relaxed);
        self.terminal.in_place(&(sandbox + text), screen)
    }

    /// A text after the line that every output of a sandbox run has, unless that was shown before.
    fn announced<'t>(&self, text: &'t str, is_sandbox: bool) -> Cow<'t, str> {
        if text.is_empty() || !is_sandbox || self.has_announced.swap(true, Ordering::Relaxed) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(sandbox_line() + "\n" + text)
    }

    /// Takes note that the sandbox answers from now on.
    pub(super) fn sandbox_answers(&self) {
        self.has_sandbox.store(true, Ordering::Relaxed);
    }

    fn has_sandbox(&self) -> bool {
        self.has_sandbox.load(Ordering::Relaxed)
    }

    /// Reports how a run goes on.
    pub fn progress(&self, line: &str) {
        self.terminal.progress(line);
    }

    /// Says what a run is doing, as long as it does that, at the foot of a terminal.
    pub fn doing(&self, what: &str) -> bool {
        self.terminal.doing(what)
    }

    /// Reports how a run waits: at the foot of a terminal, else in a line.
    pub fn waiting(&self, line: &str) {
        if !self.doing(line) {
            self.progress(line);
        }
    }

    /// Reports what must be known whatever happens next, also if the run is to be quiet.
    pub fn keep(&self, line: &str) {
        self.terminal.keep(line);
    }

    /// Shows the findings of files, those that were not shown before.
    pub fn findings<'a>(&self, files: impl Into<Files<'a>>) {
        let files = files.into();
        if let Some(sources) = files.sources {
            self.terminal.findings(files.findings, sources);
        }
    }

    /// Whether people read standard output.
    pub fn is_human_on_stdout(&self) -> bool {
        self.outputs.is_human_on_stdout()
    }

    /// Takes note of files that were read, whose findings are shown however the command ends.
    pub fn loaded(&self, files: &Arc<Workspace>) {
        let _ = self.loaded.set(Arc::clone(files));
    }

    /// The end of a command that met a mistake of the program.
    fn broken(&self) -> CommandError {
        CommandError {
            found: self.loaded.get().cloned(),
            ..CommandError::silent(Exit::Error)
        }
    }

    /// The signals of the process, which are served from now on.
    pub(super) fn signals(&self) -> io::Result<&Signals> {
        match self.signals.get() {
            Some(signals) => Ok(signals),
            None => Signals::serve().map(|signals| self.signals.get_or_init(|| signals)),
        }
    }

    /// Says what a command's work came to, in every format.
    pub(super) fn end(&self, work: Result<&dyn CommandOutcome, &CommandError>) -> Exit {
        let view = View {
            // A command that stops before it asks anything has no answer of the sandbox.
            is_sandbox: self.view.is_sandbox && (work.is_ok() || self.has_sandbox()),
            ..self.view
        };
        let mut end = End::of(self.command, work, view);
        for warning in redaction::take_warnings() {
            self.terminal.warn(&warning);
        }
        self.findings(end.files);
        let human = end.human();
        // What has no lines of its own still says that no real server was asked.
        let has_lines = human.kind == Text::Lines && !human.text.is_empty();
        if end.view.is_sandbox && !has_lines && !self.has_announced.swap(true, Ordering::Relaxed) {
            self.terminal.remark(&sandbox_line());
        }
        self.terminal.problems(&end.problems);
        // For people first: what they could not be given, the other formats still report.
        let text = match human.kind {
            Text::Lines => {
                let text = self.announced(&human.text, end.view.is_sandbox);
                let text = end.view.wrapped(&text);
                Cow::Owned(printable(&text, Escape::Backslash).into_owned())
            }
            Text::Json => printable(&human.text, Escape::Json),
            Text::SyncFile => Cow::Borrowed(&*human.text),
        };
        let failed = self
            .outputs
            .write_as_is(Format::Human, &text, &self.terminal);
        // A remark is about a result that people have.
        if failed.is_empty() {
            self.terminal.remark(&human.remarks);
        }
        for error in failed {
            end.fail(&error);
        }
        let has_acted = end.outcome.is_some_and(CommandOutcome::has_acted);
        if self.terminal.is_reader_gone() && has_acted && end.exit != Exit::Done {
            self.terminal.remark(&text);
        }
        let mut exit = end.exit;
        let review = OnceCell::new();
        for format in self.outputs.formats() {
            let review = || review.get_or_init(|| end.review(&self.environment));
            let text = match format.renderer() {
                Renderer::Human => continue,
                Renderer::Json => caught(|| end.json()),
                Renderer::Review(text) => caught(|| Ok(text(review()))),
            };
            let text = text.unwrap_or_else(|| Err(CommandError::silent(Exit::Error)));
            let errors = match text {
                Ok(text) => self.outputs.write(format, &text, &self.terminal),
                Err(error) => vec![error],
            };
            for error in errors {
                self.terminal.problems(&error.problems);
                exit = exit.most_important(error.exit);
            }
        }
        exit
    }
}

/// Runs a command from its arguments to its exit code.
pub fn execute<C: Command>(command: C, environment: &Environment) -> Exit {
    let (session, opened) =
        Session::open(C::NAME, C::FORMATS, &command.frame(), environment.clone());
    let run = || caught(|| command.run(&session)).unwrap_or_else(|| Err(session.broken()));
    let work = opened.and_then(|()| run());
    session.end(work.as_ref().map(|outcome| outcome as &dyn CommandOutcome))
}

/// The end of a command: what its work came to, and what is said of it in every format.
struct End<'a> {
    command: &'static str,
    outcome: Option<&'a dyn CommandOutcome>,
    files: Files<'a>,
    sources: &'a Sources,
    problems: Vec<Problem>,
    has_failed: bool,
    exit: Exit,
    view: View,
}

static NO_SOURCES: LazyLock<Sources> = LazyLock::new(Sources::default);

impl<'a> End<'a> {
    fn of(
        command: &'static str,
        work: Result<&'a dyn CommandOutcome, &'a CommandError>,
        view: View,
    ) -> Self {
        let (outcome, error, files) = match work {
            Ok(outcome) => (Some(outcome), outcome.failure(), outcome.files()),
            Err(error) => {
                let files = error.found.as_deref().map(Files::from);
                (None, Some(error), files.unwrap_or_default())
            }
        };
        let is_sandbox = outcome.map(|outcome| outcome.is_sandbox(view.is_sandbox));
        let mut end = Self {
            command,
            outcome,
            sources: files.sources.unwrap_or(&NO_SOURCES),
            files,
            problems: Vec::new(),
            has_failed: false,
            exit: outcome.map_or(Exit::Done, CommandOutcome::exit),
            view: View {
                is_sandbox: is_sandbox.unwrap_or(view.is_sandbox),
                ..view
            },
        };
        if let Some(error) = error {
            end.fail(error);
        }
        end
    }

    /// Takes note of what could not be done.
    fn fail(&mut self, error: &CommandError) {
        self.has_failed = true;
        self.exit = self.exit.most_important(error.exit);
        self.problems.extend(error.problems.iter().cloned());
    }

    fn human(&self) -> Human {
        let human = self.outcome.map(|outcome| outcome.human(self.view));
        human.unwrap_or_default()
    }

    fn json(&self) -> Result<String, CommandError> {
        let ending = Ending {
            command: self.command,
            is_sandbox: self.view.is_sandbox,
            findings: self.files.findings,
            sources: self.sources,
            problems: self.has_failed.then_some(&self.problems),
            exit: self.exit,
        };
        let body = self
            .outcome
            .map_or_else(|| Box::new(()) as _, CommandOutcome::json);
        body.document(&ending).map_err(|error| {
            let message = format!("The JSON document cannot be made: {error}.");
            CommandError::new(Exit::Error, message)
        })
    }

    fn review(&self, environment: &Environment) -> Review<'_> {
        let summary = findings::summary(self.files.findings);
        let mut review = Review {
            command: self.command,
            is_sandbox: self.view.is_sandbox,
            findings: self.files.findings,
            sources: self.sources,
            problems: &self.problems,
            files: self.files.names(self.sources),
            exit_code: self.exit.code(),
            headline: summary.map(|summary| format!("Found {summary}.")),
            facts: Vec::new(),
            items: Vec::new(),
            groups: Vec::new(),
            notes: Vec::new(),
            sides: remote_and_declared(),
            checkout: if self.files.are_from_root {
                None
            } else {
                checkout(environment)
            },
            code_host: CodeHost::of(environment),
            longest_comment: code_host::longest_comment(environment),
        };
        if let Some(outcome) = self.outcome {
            outcome.review(&mut review);
        }
        review
    }
}

/// The repository that the command runs in, if it is in one: by Git, else by what CI says.
pub(super) fn checkout(environment: &Environment) -> Option<Checkout> {
    let directory = working_directory().ok()?;
    let root = git_root(&directory)
        .or_else(|| code_host::workspace(environment).filter(|root| directory.starts_with(root)))?;
    Some(Checkout { root, directory })
}
