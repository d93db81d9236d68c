//! All that is printed goes through here: colours, verbosity, formats, files.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::str::FromStr;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use camino::{Utf8Path, Utf8PathBuf};

use crate::core::diagnostic::Diagnostic;
use crate::core::span::Sources;
use crate::environment::Environment;
use crate::error::Stop;
use crate::exit::Exit;
use crate::render::findings;

use super::options::OutputArguments;

/// Columns where the terminal does not say.
const DEFAULT_WIDTH: usize = 100;

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// For people.
    Human,
    /// For machines.
    Json,
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
        let format = match word {
            "human" => Format::Human,
            "json" => Format::Json,
            other => {
                return Err(format!(
                    "there is no format `{other}`; there are human and json"
                ));
            }
        };
        Ok(Self { format, file })
    }
}

/// Where a run prints.
#[derive(Debug)]
pub struct Ui {
    outputs: Vec<Output>,
    /// How much is told: 0 is usual.
    pub verbosity: u8,
    /// Whether only results and problems are told.
    pub is_quiet: bool,
    color_out: ColorChoice,
    color_err: ColorChoice,
}

impl Ui {
    /// Takes the flags. At most one format can go to standard output.
    pub fn new(arguments: &OutputArguments, environment: &Environment) -> Result<Self, Stop> {
        let mut outputs = arguments.output.clone();
        let to_stdout = outputs
            .iter()
            .filter(|output| output.file.is_none())
            .count();
        if to_stdout > 1 {
            return Err(
                Stop::usage("Two formats cannot both go to standard output.")
                    .help("Give all but one of them a file: `-o json=plan.json`."),
            );
        }
        if outputs.is_empty() {
            outputs.push(Output {
                format: Format::Human,
                file: None,
            });
        }
        // Found out now, and not after something was applied.
        for file in outputs.iter().filter_map(|output| output.file.as_ref()) {
            fs::write(file, "").map_err(|error| cannot_write(file, &error))?;
        }
        let choice = |is_terminal| color_choice(arguments.no_color, is_terminal, environment);
        Ok(Self {
            outputs,
            verbosity: arguments.verbose,
            is_quiet: arguments.quiet,
            color_out: choice(io::stdout().is_terminal()),
            color_err: choice(io::stderr().is_terminal()),
        })
    }

    /// Human text on standard output, for commands without flags.
    pub fn plain(environment: &Environment) -> Self {
        Self {
            outputs: vec![Output {
                format: Format::Human,
                file: None,
            }],
            verbosity: 0,
            is_quiet: false,
            color_out: color_choice(false, io::stdout().is_terminal(), environment),
            color_err: color_choice(false, io::stderr().is_terminal(), environment),
        }
    }

    /// Whether a form is wanted anywhere.
    pub fn wants(&self, format: Format) -> bool {
        self.outputs.iter().any(|output| output.format == format)
    }

    /// Whether people read standard output.
    pub fn is_human_on_stdout(&self) -> bool {
        self.outputs
            .iter()
            .any(|output| output.format == Format::Human && output.file.is_none())
    }

    /// Writes a result in a form, everywhere that this form goes, after what was written there.
    pub fn result(&self, format: Format, text: &str) -> Exit {
        let mut exit = Exit::Done;
        for output in self.outputs.iter().filter(|output| output.format == format) {
            exit = exit.most_important(match &output.file {
                None => self.out(text),
                Some(file) => match append(file, &strip_str(text).to_string()) {
                    Ok(()) => Exit::Done,
                    Err(error) => self.stop(&cannot_write(file, &error)),
                },
            });
        }
        exit
    }

    /// Writes to standard output. A reader who has gone is no error.
    pub fn out(&self, text: &str) -> Exit {
        let mut stream = AutoStream::new(io::stdout().lock(), self.color_out);
        match stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush())
        {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.err(&format!(
                    "Error: Standard output cannot be written: {error}.\n"
                ));
                Exit::Error
            }
            _ => Exit::Done,
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
    pub fn stop(&self, stop: &Stop) -> Exit {
        self.err(&findings::render_problems(&stop.problems));
        stop.exit
    }
}

fn append(file: &Utf8Path, text: &str) -> io::Result<()> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)?
        .write_all(text.as_bytes())
}

fn cannot_write(file: &Utf8Path, error: &io::Error) -> Stop {
    Stop::new(
        Exit::Error,
        format!("The file {file} cannot be written: {error}."),
    )
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
        assert!("xml".parse::<Output>().unwrap_err().contains("`xml`"));
        assert!("json=".parse::<Output>().is_err());
    }
}
