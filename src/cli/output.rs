//! Formats, and the places that they are written to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::str::FromStr;

use anstream::adapter::strip_str;
use camino::{Utf8Path, Utf8PathBuf};
use clap::builder::PossibleValue;
use clap::{ArgAction, Args, ValueEnum};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::named_files::{cannot_write, place_of};
use super::stream::{Progress, Stream, write_all};
use super::terminal::{Terminal, printable};
use crate::core::fields::{PROVIDER, SYNCS};
use crate::core::sources::Sources;
use crate::core::value::Node;
use crate::core::words::list;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::planfile::is_plan;
use crate::render;
use crate::render::log::Escape;
use crate::render::review::Review;
use crate::root::Place;
use crate::workspace::texts::LARGEST_FILE;
use crate::yaml;

/// A format of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// A terminal or a log; what is written without `-o`.
    Human,
    /// What changes, as a YAML diff.
    Unified,
    /// Programs.
    Json,
    /// A comment on a pull request, within the host's limit of size.
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

/// What makes the text of a format.
#[derive(Clone, Copy)]
pub enum Renderer {
    /// The result itself, for people.
    Human,
    /// The result itself, for machines.
    Json,
    /// The review of a run.
    Review(fn(&Review<'_>) -> String),
}

/// Which formats a command has, each kind of command more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offer {
    /// What every command has.
    Basic,
    /// What commands that check files have.
    Checks,
    /// What commands that plan have.
    Plans,
}

impl Format {
    /// The commands that have it: those of this kind and of the kinds after it.
    const fn offered_from(self) -> Offer {
        match self {
            Self::Human | Self::Json => Offer::Basic,
            Self::Markdown | Self::Html | Self::Sarif | Self::Github | Self::Junit => Offer::Checks,
            Self::Unified => Offer::Plans,
        }
    }

    /// What makes its text.
    pub fn renderer(self) -> Renderer {
        match self {
            Self::Human => Renderer::Human,
            Self::Json => Renderer::Json,
            Self::Unified => Renderer::Review(render::unified::text),
            Self::Markdown => Renderer::Review(render::markdown::text),
            Self::Html => Renderer::Review(render::html::text),
            Self::Sarif => Renderer::Review(render::sarif::text),
            Self::Github => Renderer::Review(render::github::text),
            Self::Junit => Renderer::Review(render::junit::text),
        }
    }

    /// How it writes a character that must not have a meaning.
    const fn escape(self) -> Escape {
        match self {
            Self::Human | Self::Unified | Self::Markdown => Escape::Backslash,
            Self::Json | Self::Sarif => Escape::Json,
            Self::Html | Self::Junit => Escape::Entity,
            Self::Github => Escape::WorkflowCommand,
        }
    }

    /// The word for it.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it is for.
    pub fn purpose(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(PossibleValue::get_help);
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::value_variants().iter().copied()
    }

    /// Those of a kind of command.
    pub fn of(offer: Offer) -> impl Iterator<Item = Self> {
        Self::all().filter(move |format| format.offered_from() <= offer)
    }

    /// The words for the formats of a kind of command, as a sentence lists them.
    fn names(offer: Offer) -> String {
        let names: Vec<String> = Self::of(offer).map(Self::name).collect();
        list(names.iter().map(String::as_str))
    }
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The format.
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
            let names = Format::names(Offer::Plans);
            format!("`{word}` is not a format; the formats are {names}")
        })?;
        Ok(Self { format, file })
    }
}

/// What is printed, and how.
#[derive(Debug, Clone, Args)]
pub struct OutputArguments {
    /// A format, to standard output or to a file; can be repeated.
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<Output>,
    /// No colours.
    #[arg(long)]
    pub no_color: bool,
    /// Only results and problems.
    #[arg(short, long)]
    pub quiet: bool,
    /// Say more; twice: each request, too; three times: also what was decided.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

/// Where a format is written.
#[derive(Debug)]
enum Sink {
    Stdout(Format),
    File(Format, Utf8PathBuf, Stream),
}

impl Sink {
    /// Empties the file of an output, if it has one.
    fn of(target: &Target<'_>, file: Option<File>) -> Result<Self, CommandError> {
        let (Some((path, _)), Some(file)) = (&target.file, file) else {
            return Ok(Self::Stdout(target.format));
        };
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && let Err(error) = file.set_len(0) {
            return Err(cannot_write(path, &error));
        }
        let write = move |text: &str, progress: &Progress| {
            write_all(&file, &strip_str(text).to_string(), progress)
        };
        let stream = Stream::new(write);
        Ok(Self::File(target.format, (*path).to_owned(), stream))
    }

    const fn format(&self) -> Format {
        match self {
            Self::Stdout(format) | Self::File(format, ..) => *format,
        }
    }

    fn write(&self, text: &str, terminal: &Terminal) -> Result<(), CommandError> {
        match self {
            Self::Stdout(_) => terminal.out(text),
            Self::File(_, path, file) => {
                let written = file.write(text.to_owned());
                written.map_err(|error| match error.kind() {
                    io::ErrorKind::TimedOut => CommandError::silent(Exit::Interrupted),
                    _ => cannot_write(path, &error),
                })
            }
        }
    }
}

/// Where an output is to go.
struct Target<'a> {
    format: Format,
    /// The file as it is named, and where that leads.
    file: Option<(&'a Utf8Path, Place)>,
}

impl<'a> Target<'a> {
    fn of(output: &'a Output) -> Result<Self, CommandError> {
        let file = match &output.file {
            None => None,
            Some(path) => Some((path.as_path(), place_of(path)?)),
        };
        Ok(Self {
            format: output.format,
            file,
        })
    }

    /// Its file as it is named, and where that is, unless what is written there goes straight to a
    /// reader.
    fn path(&self) -> Option<(&'a Utf8Path, Utf8PathBuf)> {
        let (file, place) = self.file.as_ref()?;
        (!place.is_stream()).then(|| (*file, place.path()))
    }

    /// Opens its file, as it is.
    fn open(&self) -> Result<Option<File>, CommandError> {
        let Some((path, place)) = &self.file else {
            return Ok(None);
        };
        let opened = open_writable(place).map_err(|error| cannot_write(path, &error));
        opened.map(Some)
    }
}

/// The outputs of a run, open.
#[derive(Debug)]
pub struct Outputs {
    sinks: Vec<Sink>,
}

impl Outputs {
    /// Opens what the flags name. No file is emptied unless all of them can be written. `written`
    /// is the file that the command itself writes, and the flag that names it.
    ///
    /// What is wrong with some outputs hides no other one: it is returned beside them.
    pub fn open(
        wanted: &[Output],
        offer: Offer,
        written: Option<(&'static str, &Utf8Path)>,
    ) -> (Self, Result<(), CommandError>) {
        let mut refused = Vec::new();
        let wanted = offered(wanted, offer, &mut refused);
        let sinks = open_all(&wanted, written, &mut refused);
        let mut sinks = sinks.unwrap_or_else(|error| {
            refused.push(error);
            let to_stdout = wanted.iter().filter(|output| output.file.is_none());
            to_stdout
                .map(|output| Sink::Stdout(output.format))
                .collect()
        });
        if sinks.is_empty() {
            sinks.push(Sink::Stdout(Format::Human));
        }
        (Self { sinks }, CommandError::all(refused))
    }

    /// The formats that are wanted, each once, those for people first.
    pub fn formats(&self) -> BTreeSet<Format> {
        self.sinks.iter().map(Sink::format).collect()
    }

    /// Whether people read standard output.
    pub fn is_human_on_stdout(&self) -> bool {
        let mut sinks = self.sinks.iter();
        sinks.any(|sink| matches!(sink, Sink::Stdout(Format::Human)))
    }

    /// Writes a text wherever a format goes, after what was written there, without what must not
    /// be printed. Returns what failed.
    pub fn write(&self, format: Format, text: &str, terminal: &Terminal) -> Vec<CommandError> {
        self.write_as_is(format, &printable(text, format.escape()), terminal)
    }

    /// Writes a text that was already made fit to be printed.
    pub fn write_as_is(
        &self,
        format: Format,
        text: &str,
        terminal: &Terminal,
    ) -> Vec<CommandError> {
        let sinks = self.sinks.iter().filter(|sink| sink.format() == format);
        sinks
            .filter_map(|sink| sink.write(text, terminal).err())
            .collect()
    }
}

/// The outputs that a command can have.
fn offered<'a>(
    wanted: &'a [Output],
    offer: Offer,
    refused: &mut Vec<CommandError>,
) -> Vec<&'a Output> {
    let is_offered = |output: &&Output| output.format.offered_from() <= offer;
    let (mut offered, others): (Vec<_>, Vec<_>) = wanted.iter().partition(is_offered);
    if let Some(other) = others.first() {
        refused.push(CommandError::usage(format!(
            "This command has no format `{}`; it has {}.",
            other.format.name(),
            Format::names(offer)
        )));
    }
    let to_stdout = offered.iter().filter(|output| output.file.is_none());
    if to_stdout.count() > 1 {
        refused.push(
            CommandError::usage("Two formats cannot both go to standard output.")
                .help("Give all but one of them a file: `-o json=plan.json`."),
        );
        offered.retain(|output| output.file.is_some());
    }
    offered
}

/// Opens outputs, but for those whose file is refused. An error if a file cannot be written.
fn open_all(
    wanted: &[&Output],
    written: Option<(&'static str, &Utf8Path)>,
    refused: &mut Vec<CommandError>,
) -> Result<Vec<Sink>, CommandError> {
    let targets = wanted.iter().map(|output| Target::of(output));
    let mut targets: Vec<Target<'_>> = targets.collect::<Result<_, _>>()?;
    let others = refused_files(&targets, written, refused);
    targets.retain(|target| {
        target
            .path()
            .is_none_or(|(_, path)| !others.contains(&path))
    });
    let files = targets.iter().map(Target::open);
    let files: Vec<Option<File>> = files.collect::<Result<_, _>>()?;
    let sinks = targets.iter().zip(files);
    sinks.map(|(target, file)| Sink::of(target, file)).collect()
}

/// Refuses, before any file is opened and so emptied, that two outputs go to the same file, or one
/// to a file that is worth keeping or that the command writes. Returns these files.
fn refused_files(
    outputs: &[Target<'_>],
    written: Option<(&'static str, &Utf8Path)>,
    refused: &mut Vec<CommandError>,
) -> BTreeSet<Utf8PathBuf> {
    // Where that leads nowhere, the command itself says so.
    let written = written.and_then(|(flag, path)| {
        let place = place_of(path).ok().filter(|place| !place.is_stream())?;
        Some((flag, path, place.path()))
    });
    let (mut paths, mut files) = (BTreeSet::new(), BTreeSet::new());
    for (file, path) in outputs.iter().filter_map(Target::path) {
        let is_first = paths.insert(path.clone());
        let error = if let Some((flag, named, _)) =
            written.as_ref().filter(|(.., written)| *written == path)
        {
            CommandError::usage(format!("Both `{flag}` and `--output` would write {named}."))
                .help("Give them different files.")
        } else if let Some(what) = worth_keeping(&path) {
            CommandError::usage(format!(
                "The file {file} already exists, and {what}: no result is written over it."
            ))
            .help("Name another file, or remove this one.")
        } else if !is_first {
            CommandError::usage(format!("Two outputs cannot both go to the file {file}."))
                .help("Give each one a file of its own.")
        } else {
            continue;
        };
        refused.push(error);
        files.insert(path);
    }
    files
}

/// What a file is that a person or secsync itself needs, as the end of a sentence. A text in YAML may
/// declare syncs whatever it says, as no result is written in that; every other one goes by its
/// fields.
fn worth_keeping(path: &Utf8Path) -> Option<&'static str> {
    const SYNC_FILE: &str = "may be a sync file";
    if !fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0) {
        return None;
    }
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if matches!(extension.as_str(), "yaml" | "yml") {
        return Some(SYNC_FILE);
    }
    let mut text = Vec::new();
    let mut file = File::open(path).ok()?;
    Read::by_ref(&mut file)
        .take(LARGEST_FILE)
        .read_to_end(&mut text)
        .ok()?;
    if is_plan(&text) {
        return Some("is a saved plan");
    }
    if text.trim_ascii_start().starts_with(b"[") {
        return None;
    }
    let whole = text.as_slice().chain(BufReader::new(file));
    let fields = serde_json::from_reader(whole).ok();
    let fields = fields.or_else(|| Fields::of_sync_files(&text))?;
    if fields.kind.is_some() {
        // A result says its kind.
        None
    } else if fields.starts.is_some() {
        Some("records what was started")
    } else {
        (fields.provider.is_some() || fields.syncs.is_some()).then_some(SYNC_FILE)
    }
}

/// The fields of a file that say what it is.
#[derive(Deserialize)]
struct Fields {
    provider: Option<IgnoredAny>,
    syncs: Option<IgnoredAny>,
    kind: Option<IgnoredAny>,
    starts: Option<IgnoredAny>,
}

impl Fields {
    /// Those of a text that is read as sync files are, which need not be strict JSON.
    fn of_sync_files(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let source = Sources::default().add("", "");
        let documents = yaml::load(source, text).documents;
        let has = |name: &str| {
            let mut maps = documents.iter().filter_map(Node::as_mapping);
            maps.any(|map| map.get(name).is_some())
                .then_some(IgnoredAny)
        };
        Some(Self {
            provider: has(PROVIDER),
            syncs: has(SYNCS),
            kind: has("kind"),
            starts: has("starts"),
        })
    }
}

/// Opens a file at its end, or makes it, and proves that it can be written: a full disk can be opened,
/// and only writing fails.
fn open_writable(place: &Place) -> io::Result<File> {
    let mut file = place.open_end()?;
    let metadata = file.metadata()?;
    if is_pipe(&metadata) {
        return Ok(file);
    }
    file.write_all(b"\n")?;
    if metadata.is_file() {
        file.set_len(metadata.len())?;
    }
    Ok(file)
}

/// Whether what is written goes straight to a reader.
#[cfg(unix)]
fn is_pipe(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
const fn is_pipe(_metadata: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::{Format, Offer, Output};

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
            "`xml` is not a format; the formats are `human`, `unified`, `json`, `markdown`, `html`, \
             `sarif`, `github` and `junit`"
        );
        assert!("json=".parse::<Output>().is_err());
    }

    #[test]
    fn each_kind_of_command_has_the_formats_of_those_before_it() {
        assert_eq!(Format::names(Offer::Basic), "`human` and `json`");
        assert_eq!(
            Format::names(Offer::Checks),
            "`human`, `json`, `markdown`, `html`, `sarif`, `github` and `junit`"
        );
    }
}
