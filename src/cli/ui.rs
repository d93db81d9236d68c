//! All that is printed goes through here: colours, verbosity, formats, files.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::core::diagnostic::Diagnostic;
use crate::core::span::Sources;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::findings;
use crate::workspace::read::LARGEST_FILE;
use crate::workspace::write::{is_stream, real_path};

use super::options::OutputArguments;

/// Columns where the terminal does not say.
const DEFAULT_WIDTH: usize = 100;

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// A YAML diff.
    Unified,
    /// For machines.
    Json,
    /// A comment on a pull request.
    Markdown,
    /// A page on its own.
    Html,
    /// Findings for code scanning.
    Sarif,
    /// Annotations on the lines of a pull request.
    Github,
    /// A test report.
    Junit,
}

impl Format {
    /// The forms that every command has.
    pub const BASIC: &'static [Self] = &[Self::Human, Self::Json];
    /// The forms of commands that check files.
    pub const CHECK: &'static [Self] = &[
        Self::Human,
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Sarif,
        Self::Github,
        Self::Junit,
    ];
    /// The forms of commands that make a plan: every one.
    pub const PLAN: &'static [Self] = &[
        Self::Human,
        Self::Unified,
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Sarif,
        Self::Github,
        Self::Junit,
    ];

    /// The word for it.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The words for some forms: `human, json and junit`.
    fn names(formats: &[Self]) -> String {
        let names: Vec<String> = formats.iter().map(|format| format.name()).collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The form.
    pub format: Format,
    /// Where it goes; standard output if there is no file.
    pub file: Option<Utf8PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = match text.split_once('=') {
            Some((_, "")) => return Err("the file's name is missing".to_owned()),
            Some((word, file)) => (word, Some(Utf8PathBuf::from(file))),
            None => (text, None),
        };
        let format = Format::from_str(word, false).map_err(|_| {
            let names = Format::names(Format::value_variants());
            format!("there is no format `{word}`; there are {names}")
        })?;
        Ok(Self { format, file })
    }
}

/// An output with its file open.
#[derive(Debug)]
struct Sink {
    format: Format,
    /// None for standard output.
    file: Option<(Utf8PathBuf, File)>,
}

impl Sink {
    const STDOUT: Self = Self {
        format: Format::Human,
        file: None,
    };

    /// Opens the file of an output, and proves that it can be written.
    fn open(output: &Output) -> Result<Self, CommandError> {
        let open = |path: &Utf8PathBuf| match open_writable(path) {
            Ok(file) => Ok((path.clone(), file)),
            Err(error) => Err(cannot_write(path, &error)),
        };
        Ok(Self {
            format: output.format,
            file: output.file.as_ref().map(open).transpose()?,
        })
    }
}

/// Where a run prints.
#[derive(Debug)]
pub struct Ui {
    sinks: Vec<Sink>,
    /// How much is told: 0 is usual.
    pub verbosity: u8,
    /// Whether only results and problems are told.
    pub is_quiet: bool,
    /// Whether it was told that standard output cannot be written; once is enough.
    told_of_stdout: AtomicBool,
    color_out: ColorChoice,
    color_err: ColorChoice,
}

impl Ui {
    /// Takes the flags of a command that has these forms. At most one can go to standard output.
    pub fn new(
        arguments: &OutputArguments,
        formats: &[Format],
        environment: &Environment,
    ) -> Result<Self, CommandError> {
        let outputs = &arguments.output;
        if let Some(other) = outputs
            .iter()
            .find(|output| !formats.contains(&output.format))
        {
            return Err(CommandError::usage(format!(
                "This command has no format `{}`; it has {}.",
                other.format.name(),
                Format::names(formats)
            )));
        }
        let to_stdout = outputs
            .iter()
            .filter(|output| output.file.is_none())
            .count();
        if to_stdout > 1 {
            return Err(
                CommandError::usage("Two formats cannot both go to standard output.")
                    .help("Give all but one of them a file: `-o json=plan.json`."),
            );
        }
        check_files(outputs)?;
        // A file that cannot be written is found out now, and not after something was applied.
        let mut sinks = outputs
            .iter()
            .map(Sink::open)
            .collect::<Result<Vec<_>, _>>()?;
        if sinks.is_empty() {
            sinks.push(Sink::STDOUT);
        }
        let choice = |is_terminal| color_choice(arguments.no_color, is_terminal, environment);
        Ok(Self {
            sinks,
            verbosity: arguments.verbose,
            is_quiet: arguments.quiet,
            told_of_stdout: AtomicBool::new(false),
            color_out: choice(io::stdout().is_terminal()),
            color_err: choice(io::stderr().is_terminal()),
        })
    }

    /// Human text on standard output, for commands without flags.
    pub fn plain(environment: &Environment) -> Self {
        Self {
            sinks: vec![Sink::STDOUT],
            verbosity: 0,
            is_quiet: false,
            told_of_stdout: AtomicBool::new(false),
            color_out: color_choice(false, io::stdout().is_terminal(), environment),
            color_err: color_choice(false, io::stderr().is_terminal(), environment),
        }
    }

    /// Whether a form is wanted anywhere.
    pub fn wants(&self, format: Format) -> bool {
        self.sinks.iter().any(|sink| sink.format == format)
    }

    /// Whether people read standard output.
    pub fn is_human_on_stdout(&self) -> bool {
        self.sinks
            .iter()
            .any(|sink| sink.format == Format::Human && sink.file.is_none())
    }

    /// Writes a result in a form, everywhere that this form goes, after what was written there.
    pub fn result(&self, format: Format, text: &str) -> Exit {
        let mut exit = Exit::Done;
        for sink in self.sinks.iter().filter(|sink| sink.format == format) {
            exit = exit.most_important(match &sink.file {
                None => self.out(text),
                Some((path, file)) => {
                    let mut file: &File = file;
                    match file.write_all(strip_str(text).to_string().as_bytes()) {
                        Ok(()) => Exit::Done,
                        Err(error) => self.stop(&cannot_write(path, &error)),
                    }
                }
            });
        }
        exit
    }

    /// Writes to standard output. A reader who has gone is no error.
    pub fn out(&self, text: &str) -> Exit {
        match self.deliver(text) {
            Ok(()) => Exit::Done,
            Err(stop) if self.told_of_stdout.swap(true, Ordering::Relaxed) => stop.exit,
            Err(stop) => self.stop(&stop),
        }
    }

    /// Writes what a command is for to standard output; without it, the command has not done it.
    /// A reader who has gone is no error.
    pub fn deliver(&self, text: &str) -> Result<(), CommandError> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.color_out);
        match stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush())
        {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::new(
                Exit::Error,
                format!(
                    "Standard output cannot be written: {}.",
                    reason_of_write(&error)
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Writes to standard error. There is nowhere to tell if that fails.
    pub fn err(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.color_err);
        let _ = stream.write_all(text.as_bytes());
    }

    /// Tells how a run goes on: on standard output for people, else on standard error.
    pub fn progress(&self, line: &str) {
        if self.is_quiet {
            return;
        }
        let line = format!("{line}\n");
        if self.is_human_on_stdout() {
            self.out(&line);
        } else {
            self.err(&line);
        }
    }

    /// Shows findings on standard error.
    pub fn findings(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        if diagnostics.is_empty() {
            return;
        }
        self.err(&findings::render(diagnostics, sources, DEFAULT_WIDTH));
        if let Some(summary) = findings::summary(diagnostics) {
            self.err(&format!("Found {summary}.\n"));
            self.err(&findings::more(diagnostics));
        }
    }

    /// Shows why a command stops, and returns its exit code.
    pub fn stop(&self, stop: &CommandError) -> Exit {
        self.err(&findings::render_problems(&stop.problems));
        stop.exit
    }
}

/// Refuses, before any file is opened and so emptied, that two outputs go to the same one, or one
/// to a file that may declare syncs.
fn check_files(outputs: &[Output]) -> Result<(), CommandError> {
    let files = outputs.iter().filter_map(|output| output.file.as_ref());
    let mut places = BTreeSet::new();
    for file in files.filter(|file| !is_stream(file)) {
        let place = real_path(file);
        if is_sync_file(&place) {
            return Err(CommandError::usage(format!(
                "The file {file} is there already, and may be a sync file: no result is written \
                 over it."
            ))
            .help("Name another file, or remove this one."));
        }
        if !places.insert(place) {
            return Err(CommandError::usage(format!(
                "Two outputs cannot both go to the file {file}."
            ))
            .help("Give each one a file of its own."));
        }
    }
    Ok(())
}

/// Whether there is a text in the file that may declare syncs: by its name in YAML, which no result
/// is written in, and by its fields in JSON.
fn is_sync_file(path: &Utf8Path) -> bool {
    let has_text = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    has_text
        && match extension.as_str() {
            "yaml" | "yml" => true,
            "json" => File::open(path).is_ok_and(declares_syncs),
            _ => false,
        }
}

/// The fields of a file in JSON that tell what it is.
#[derive(Deserialize)]
struct Fields {
    provider: Option<IgnoredAny>,
    syncs: Option<IgnoredAny>,
    kind: Option<IgnoredAny>,
}

/// Whether a file in JSON has fields of sync files, and is no result, which tells its kind.
fn declares_syncs(file: File) -> bool {
    let text = BufReader::new(file.take(LARGEST_FILE));
    serde_json::from_reader::<_, Fields>(text).is_ok_and(|fields| {
        (fields.provider.is_some() || fields.syncs.is_some()) && fields.kind.is_none()
    })
}

/// Empties a file, or makes it.
fn open_writable(path: &Utf8Path) -> io::Result<File> {
    let mut file = File::options().append(true).create(true).open(path)?;
    let metadata = file.metadata()?;
    if is_pipe(&metadata) {
        return Ok(file);
    }
    // A full disk can be opened; only writing tells.
    file.write_all(b"\n")?;
    if metadata.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Whether what is written goes straight to a reader.
#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
const fn is_pipe(_metadata: &Metadata) -> bool {
    false
}

fn cannot_write(file: &Utf8Path, error: &io::Error) -> CommandError {
    let why = reason_of_write(error);
    CommandError::new(
        Exit::Error,
        format!("The file {file} cannot be written: {why}."),
    )
}

/// What the system says, as the end of a sentence.
fn reason_of_write(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        io::ErrorKind::StorageFull => "there is no space left".to_owned(),
        _ => error.to_string(),
    }
}

fn color_choice(no_color: bool, is_terminal: bool, environment: &Environment) -> ColorChoice {
    if no_color || environment.get("NO_COLOR").is_some() {
        ColorChoice::Never
    } else if environment
        .get("CLICOLOR_FORCE")
        .is_some_and(|value| value != "0")
        || (is_terminal && environment.get("TERM") != Some("dumb"))
    {
        ColorChoice::Always
    } else {
        ColorChoice::Never
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Output};

    #[test]
    fn an_output_is_a_format_with_or_without_a_file() {
        let json: Output = "json=a=b.json".parse().unwrap();
        assert_eq!(
            (json.format, json.file.unwrap().as_str()),
            (Format::Json, "a=b.json")
        );
        assert_eq!("human".parse::<Output>().unwrap().file, None);
        assert_eq!(
            "xml".parse::<Output>().unwrap_err(),
            "there is no format `xml`; there are human, unified, json, markdown, html, sarif, \
             github and junit"
        );
        assert!("json=".parse::<Output>().is_err());
    }
}
