//! The result of a run as plain text, from which every format for a pull request, a code host or a
//! test report is made.
//!
//! The texts in it are as files and servers wrote them: each format escapes them for its own syntax.

use std::collections::BTreeMap;

use camino::{Utf8Component, Utf8PathBuf};

use super::code_host::CodeHost;
use super::json::FileRange;
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::plan::Subject;
use crate::core::problem::Problem;
use crate::core::sources::Sources;
use crate::core::span::Span;

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Review<'a> {
    /// The command.
    pub command: &'static str,
    /// Whether it was the sandbox and no real server.
    pub is_sandbox: bool,
    /// What is wrong with the files.
    pub findings: &'a [Diagnostic],
    /// The texts that the findings and places point into.
    pub sources: &'a Sources,
    /// Why the command stopped, if it did.
    pub problems: &'a [Problem],
    /// The names of the files that were read.
    pub files: Vec<&'a str>,
    /// The exit code.
    pub exit_code: u8,
    /// The result in a sentence; `None` if the command stopped before it had one.
    pub headline: Option<String>,
    /// What the result is about, each as a sentence: what it compares with, the plans that it shows.
    pub facts: Vec<String>,
    /// The syncs that have something to show.
    pub items: Vec<Item>,
    /// Those of the items that are one for people.
    pub groups: Vec<Group>,
    /// Other facts, each as a sentence.
    pub notes: Vec<String>,
    /// What the two sides of the diffs are: the words before a sync's address.
    pub sides: [String; 2],
    /// The repository that the run was in; `None` outside of one.
    pub checkout: Option<Checkout>,
    /// Where people read its files; `None` if the run does not know.
    pub code_host: Option<CodeHost>,
    /// How many characters a comment can have.
    pub longest_comment: usize,
}

/// The sides of a diff between what is remote and what is declared.
pub fn remote_and_declared() -> [String; 2] {
    ["remote".to_owned(), "declared".to_owned()]
}

/// A repository on this machine, and the directory in it that a command runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The repository's root.
    pub root: Utf8PathBuf,
    /// The directory that names of files are relative to.
    pub directory: Utf8PathBuf,
}

impl Checkout {
    /// A file as code hosts know it: from the root on. A file outside the repository keeps its name.
    pub fn path_of(&self, file: &str) -> String {
        // A name in angle brackets is not a file.
        if file.starts_with('<') {
            return file.to_owned();
        }
        let mut path = Utf8PathBuf::new();
        for part in self.directory.join(file).components() {
            match part {
                Utf8Component::ParentDir => {
                    path.pop();
                }
                Utf8Component::CurDir => {}
                part => path.push(part),
            }
        }
        match path.strip_prefix(&self.root) {
            Ok(path) => path.to_string(),
            Err(_) => file.to_owned(),
        }
    }
}

impl Review<'_> {
    /// A file as code hosts know it.
    pub fn path_of(&self, file: &str) -> String {
        match &self.checkout {
            Some(checkout) => checkout.path_of(file),
            None => file.to_owned(),
        }
    }
}

/// One sync, and what happens to it or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The sign of the action; empty if nothing is done.
    pub sign: &'static str,
    /// The stable word for machines: of the action, the drift or the state.
    pub word: &'static str,
    /// The sync's address.
    pub address: String,
    /// The destination's slug.
    pub destination: String,
    /// What happens, as the end of a sentence that starts with the sync.
    pub what: String,
    /// Where the sync is declared.
    pub place: Option<Span>,
    /// Side effects that delete or overwrite secrets, as sentences.
    pub warnings: Vec<String>,
    /// Other side effects, and whatever else there is to say.
    pub notes: Vec<String>,
    /// What it may be meant as instead, as sentences.
    pub hints: Vec<String>,
    /// All of the sync that is deleted, as lines of YAML after a sentence.
    pub deleted: Option<String>,
    /// The lines of a YAML diff, without a heading; empty without one.
    pub diff: String,
    /// How it is doing.
    pub verdict: Verdict,
    /// What it pushes, if that changes.
    pub flow: Option<Flow>,
}

/// Items that differ only in their syncs, because these inherit what changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where from, if it is still declared.
    pub place: Option<Span>,
    /// The indices of the items: two or more.
    pub items: Vec<usize>,
    /// What changes in each, as the lines of a YAML diff.
    pub diff: String,
}

/// What is shown as one.
#[derive(Debug, Clone, Copy)]
pub enum ReviewEntry<'r> {
    /// A sync.
    Sync(&'r Item),
    /// Syncs that inherit the same change, and the first of them.
    Group(&'r Item, &'r Group),
}

impl ReviewEntry<'_> {
    /// How many syncs it is about.
    pub fn syncs(&self) -> usize {
        match self {
            Self::Sync(_) => 1,
            Self::Group(_, group) => group.items.len(),
        }
    }
}

/// What a sync pushes from where to where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The project, the environment and the folder.
    pub source: String,
    /// The destination, and the place in it.
    pub target: String,
    /// What the target is known by: the same text for the same place, whatever it is called.
    pub place: String,
    /// The sync's name.
    pub name: String,
    /// What can happen to secrets.
    pub risk: Risk,
}

/// What an action can do to secrets, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Secrets at the destination can be deleted.
    DeletesSecrets,
    /// Secrets of the source can be overwritten.
    OverwritesSource,
    /// The sync goes, and its secrets stay.
    EndsSync,
    /// Nothing that was not asked for.
    Low,
}

/// How a sync is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    Good,
    /// Not as declared. [`Item::what`] says how.
    Differs,
    /// Its action cannot be done: why, and what to do.
    Blocked(String),
    /// Its action was left out: why, and what to do.
    Skipped(String),
    /// Its action was carried out, and it is not as declared: why, and what to do.
    NotAsDeclared(String),
    /// Its action or job failed: why, and what to do.
    Failed(String),
    /// The result is unknown: why, and what to do.
    Unknown(String),
}

impl Verdict {
    /// Why it is not well, if [`Item::what`] does not say so already.
    pub const fn reason(&self) -> Option<&String> {
        match self {
            Self::Good | Self::Differs => None,
            Self::Blocked(reason)
            | Self::Skipped(reason)
            | Self::NotAsDeclared(reason)
            | Self::Failed(reason)
            | Self::Unknown(reason) => Some(reason),
        }
    }

    /// The word before the reason.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Good => "Done",
            Self::Differs => "Drift",
            Self::Blocked(_) => "Blocked",
            Self::Skipped(_) => "Note",
            Self::NotAsDeclared(_) => "Not as declared",
            Self::Failed(_) => "Failed",
            Self::Unknown(_) => "Unknown",
        }
    }
}

impl Item {
    /// What there is to say of it besides warnings.
    pub fn remarks(&self) -> impl Iterator<Item = &String> {
        self.notes.iter().chain(&self.hints)
    }

    /// An item with nothing but what every item has.
    pub(super) fn new(subject: &Subject, word: &'static str, what: impl Into<String>) -> Self {
        Self {
            sign: "",
            word,
            address: subject.address(),
            destination: subject.destination.clone(),
            what: what.into(),
            place: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            hints: Vec::new(),
            deleted: None,
            diff: String::new(),
            verdict: Verdict::Good,
            flow: None,
        }
    }
}

impl Review<'_> {
    /// The findings that are shown, the errors first.
    pub fn shown_findings(&self) -> Vec<&Diagnostic> {
        let mut shown: Vec<&Diagnostic> = self
            .findings
            .iter()
            .filter(|found| found.severity != Severity::Ignored)
            .collect();
        shown.sort_by_key(|found| std::cmp::Reverse(found.severity));
        shown
    }

    /// The name of the file that a finding is in; `None` if it is about no file.
    pub fn file_of<'a>(&'a self, found: &'a Diagnostic) -> Option<&'a str> {
        match found.span() {
            Some(span) => Some(&self.sources.get(span.source).name),
            None => found.file.as_deref(),
        }
    }

    /// Where a finding is: `file:line:column`, or the file alone.
    pub fn place_of(&self, found: &Diagnostic) -> Option<String> {
        match found.span() {
            Some(span) => Some(self.describe(span)),
            None => found.file.as_deref().map(|file| self.path_of(file)),
        }
    }

    /// `file:line:column` of a span, in a file as code hosts know it.
    pub fn describe(&self, span: Span) -> String {
        let FileRange {
            file, line, column, ..
        } = self.range(span);
        let cell = self.sources.cell_words(span);
        format!("{file}:{line}:{column}{cell}")
    }

    /// An item as the start of a sentence: the sync, what happens, and of which cell of a matrix it is.
    pub fn what(&self, item: &Item) -> String {
        let cell = item.place.map(|place| self.sources.cell_words(place));
        format!("{} {}{}", item.address, item.what, cell.unwrap_or_default())
    }

    /// What is shown, in order: each sync, and those that inherit the same change as one.
    pub fn entries(&self) -> Vec<ReviewEntry<'_>> {
        let mut groups: BTreeMap<usize, &Group> = BTreeMap::new();
        for group in &self.groups {
            groups.extend(group.items.iter().map(|item| (*item, group)));
        }
        let items = self.items.iter().enumerate();
        let entry = |(index, item)| match groups.get(&index) {
            Some(group) if group.items.first() == Some(&index) => {
                Some(ReviewEntry::Group(item, group))
            }
            Some(_) => None,
            None => Some(ReviewEntry::Sync(item)),
        };
        items.filter_map(entry).collect()
    }

    /// The address of a span's line on the code host, if the run knows it.
    pub fn link(&self, span: Span) -> Option<String> {
        let FileRange { file, line, .. } = self.range(span);
        self.code_host.as_ref()?.link(&file, line)
    }

    /// What there is to say besides the syncs, the facts first.
    pub fn remarks(&self) -> impl Iterator<Item = &String> {
        self.facts.iter().chain(&self.notes)
    }

    /// The range of a span, in a file as code hosts know it.
    pub fn range(&self, span: Span) -> FileRange {
        let place = FileRange::new(span, self.sources);
        FileRange {
            file: self.path_of(&place.file),
            ..place
        }
    }

    /// What is wrong, what to do, and the further places.
    pub fn sentences_of(&self, found: &Diagnostic) -> String {
        let mut text = advice_of(found);
        for label in found.labels.iter().skip(1) {
            let place = self.describe(label.span);
            text.push_str(&format!("\n{}: {place}", label.text));
        }
        text
    }
}

/// What is wrong, what to do, and about which sync it is.
pub fn advice_of(found: &Diagnostic) -> String {
    let mut text = with_help(&found.message, found.help.as_deref());
    if let Some(sync) = found.heirs() {
        text.push_str(&format!("\nInherited by the sync {sync}."));
    }
    if let Some(cells) = &found.cells {
        text.push_str(&format!("\n{}", cells.sentence("the cell")));
    }
    text
}

/// What is wrong and what to do, as one text.
pub fn advice(problem: &Problem) -> String {
    with_help(&problem.message, problem.help.as_deref())
}

fn with_help(message: &str, help: Option<&str>) -> String {
    match help {
        Some(help) => format!("{message}\n{help}"),
        None => message.to_owned(),
    }
}
