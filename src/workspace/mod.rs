//! The files of a run: the workspace file, the sync files, and the syncs that they declare.
//!
//! [`Settings::open`] finds the root and reads `secsync.yaml`; [`Workspace::load`] reads the
//! sync files and merges them. Whatever is wrong is collected, so that one run reports it all.

pub mod config;
pub mod files;
pub mod findings;
mod inherit;
mod likely;
mod matrices;
mod parallel;
pub mod texts;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

pub use config::Config;

use crate::core::code::Code;
use crate::core::conflicts;
use crate::core::desired::{DesiredSync, NamedProject};
use crate::core::diagnostic::{Condenser, Diagnostic};
use crate::core::fields::SYNCS;
use crate::core::platform::Platform;
use crate::core::sources::Sources;
use crate::core::span::{SourceId, Span};
use crate::core::sync_file;
use crate::core::value::{Mapping, Node, Value};
use crate::core::vars::{self, Bindings, MatrixScope, Variables};
use crate::environment::Environment;
use crate::root::{self, FoundRoot, WORKSPACE_FILE, is_workspace, straight};
use crate::yaml::{self, Comment};
use files::FoundFile;
use likely::FileKind;

/// Where sync files are looked for if nothing says otherwise.
const DEFAULT_DIRECTORY: &str = "syncs";

/// How many files are read before their syncs are declared.
const FILES_AT_ONCE: usize = 64;
/// How many bytes of text are parsed before their syncs are declared.
const BYTES_AT_ONCE: usize = 2 * 1024 * 1024;

/// The word for standard input.
pub const STDIN: &str = "-";

/// What a command was asked to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The directory that paths are relative to.
    pub directory: Utf8PathBuf,
    /// Files, directories, globs, and `-` for standard input. Empty for the whole workspace.
    pub paths: Vec<String>,
    /// Which workspace it is if no path says so.
    pub workspace: Where,
    /// `--var NAME=VALUE`, the last one of a name first.
    pub variables: Vec<(String, String)>,
    /// `--var-file`, the last one first.
    pub variable_files: Vec<Utf8PathBuf>,
    /// Whether the whole workspace is loaded, if paths are named: besides what they mean.
    pub with_whole: bool,
}

/// Which workspace is meant if no path says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Where {
    /// That of the working directory.
    #[default]
    Here,
    /// That of a path, which need not exist.
    Of(Utf8PathBuf),
    /// The one that begins in a directory, whatever is above it, and whatever paths say.
    At(Utf8PathBuf),
}

/// What is known of a workspace before its sync files are read.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The directory that `.secsync/` is in; see [`root::find`].
    pub root: Utf8PathBuf,
    /// What `secsync.yaml` says.
    pub config: Config,
    /// The texts that were read.
    pub sources: Sources,
    /// Everything that is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
    /// Their comments.
    pub comments: Vec<Comment>,
    /// Where the files' paths are relative to.
    directory: Utf8PathBuf,
}

/// The files of a run and what they declare, with the settings of the workspace, which it is used
/// like.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// The settings.
    pub settings: Settings,
    /// The syncs that could be read.
    pub syncs: Vec<Arc<DesiredSync>>,
    /// The projects that files name at their top.
    pub projects: Vec<NamedProject>,
    /// Whether all of the workspace was loaded, and not only paths that were named.
    pub is_whole: bool,
    /// How many files were read, standard input included.
    pub files: usize,
    /// The files that matrices are read from, by their paths; `None` for one that cannot be read.
    matrix_files: BTreeMap<String, Option<Arc<Node>>>,
    condenser: Condenser,
}

impl Deref for Workspace {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl DerefMut for Workspace {
    fn deref_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }
}

impl AsRef<Self> for Settings {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsRef<Settings> for Workspace {
    fn as_ref(&self) -> &Settings {
        self
    }
}

impl From<Settings> for Workspace {
    /// No file of it is read.
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }
}

/// Why nothing can be loaded: a wrong use of the command, as a full sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Nothing is named, and nothing says where files are.
    #[error("{0}")]
    NoFiles(String),
    /// The files are of these two workspaces.
    #[error("The files of this run are of two workspaces, `{0}` and `{1}`.")]
    TwoWorkspaces(Utf8PathBuf, Utf8PathBuf),
}

impl LoadError {
    /// What to do, as a full sentence.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NoFiles(_) => {
                "Name files, directories or globs, or write `include:` in secsync.yaml."
            }
            Self::TwoWorkspaces(..) => {
                "Each has settings of its own: run secsync once for each, with the paths of one."
            }
        }
    }
}

/// What merging needs to know of the platforms' schemas.
pub trait Schemas {
    /// A destination's union tag: the field of `destinationConfig` that decides the others.
    fn union_tag(&self, kind: Platform, destination: &str) -> Option<String>;

    /// Whether any destination of a platform takes a field at the top of a sync. `likely` is the
    /// destination to look at first.
    fn platform_takes(&self, kind: Platform, likely: &str, field: &str) -> bool;

    /// The fields at the top of a sync to a destination; to an unknown one, those that are usual on
    /// the platform.
    fn fields(&self, kind: Platform, destination: &str) -> Vec<String>;

    /// The destination of that name, or the one that it is nearest to.
    fn meant_destination(&self, kind: Platform, word: &str) -> Option<String>;
}

impl Settings {
    /// Finds the root of the files that are asked for, and reads the workspace file.
    pub fn open(options: &LoadOptions) -> Result<Self, LoadError> {
        let directory = &options.directory;
        let found = find_root(options)?;
        let mut settings = Self {
            root: found.root,
            directory: directory.clone(),
            ..Self::default()
        };
        if found.has_file {
            settings.read_workspace_file();
            settings.conceal_findings();
        }
        Ok(settings)
    }

    fn read_workspace_file(&mut self) {
        let path = self.root.join(WORKSPACE_FILE);
        let shown = self.shown(&path);
        let text = texts::read_inside(&self.root, &path, &shown);
        let Some((_, documents)) = self.parse(&shown, text, FileKind::Workspace) else {
            return;
        };
        match documents.as_slice() {
            [] => {}
            [document] => self.config = Config::read(document, &mut self.diagnostics),
            [_, second, ..] => self.diagnostics.push(
                Diagnostic::new(
                    Code::YamlSyntax,
                    Span::new(second.span.source, second.span.start, second.span.start),
                    "secsync.yaml has a second document.",
                )
                .help("Keep one document in it."),
            ),
        }
    }

    /// Cuts short what findings quote from texts that may hold what nobody may see.
    fn conceal_findings(&mut self) {
        let sources = &self.sources;
        for found in &mut self.diagnostics {
            let mut labels = found.labels.iter();
            if labels.any(|label| sources.get(label.span.source).is_hidden) {
                found.message = likely::concealed(&found.message);
                found.help = found.help.as_deref().map(likely::concealed);
                for label in &mut found.labels {
                    label.text = likely::concealed(&label.text);
                }
            }
        }
    }

    /// Whether a file of that path, from the root on, would be among those that a command without
    /// paths loads, if it existed.
    pub fn would_load(&self, inside: &Utf8Path) -> bool {
        if self.config.include.is_empty() {
            return files::includes(DEFAULT_DIRECTORY, inside);
        }
        let mut patterns = self.config.include.iter();
        patterns.any(|(pattern, _)| files::includes(pattern, inside))
    }

    /// The path as people write it where they are.
    pub fn shown(&self, path: &Utf8Path) -> String {
        root::shown(path, &self.directory).into_string()
    }

    fn parse(
        &mut self,
        shown: &str,
        text: Result<String, Box<Diagnostic>>,
        kind: FileKind,
    ) -> Option<(SourceId, Vec<Node>)> {
        let source = text.map(|text| self.sources.add(shown, text));
        let parsed = source.map(|source| Parsed::of(&self.sources, source, kind));
        self.take(parsed)
    }

    /// Takes in what was parsed: its text's id and its documents.
    fn take(&mut self, parsed: Result<Parsed, Box<Diagnostic>>) -> Option<(SourceId, Vec<Node>)> {
        match parsed {
            Ok(mut parsed) => {
                if !parsed.is_likely {
                    self.sources.hide(parsed.source);
                }
                self.diagnostics.append(&mut parsed.loaded.diagnostics);
                self.comments.append(&mut parsed.loaded.comments);
                Some((parsed.source, parsed.loaded.documents))
            }
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                None
            }
        }
    }

    fn has_finding_in(&self, source: SourceId) -> bool {
        let mut spans = self.diagnostics.iter().filter_map(Diagnostic::span);
        spans.any(|span| span.source == source)
    }
}

impl Workspace {
    /// Reads the sync files and merges defaults and variables into their syncs.
    pub fn load(
        &mut self,
        options: &LoadOptions,
        environment: &Environment,
        stdin: &mut dyn Read,
        schemas: &dyn Schemas,
    ) -> Result<(), LoadError> {
        let variables = self.variables(options, environment);
        let mut defaults = Value::Mapping(std::mem::take(&mut self.config.defaults));
        self.expand(&mut defaults, &variables);
        if let Value::Mapping(defaults) = defaults {
            self.config.defaults = defaults;
        }
        self.put_defaults_right(schemas);
        let found = self.find_files(options)?;
        self.refuse_strangers(&found)?;
        for files in found.chunks(FILES_AT_ONCE) {
            let sources = self.read_files(files, stdin);
            let mut rest = sources.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(self.parsed_at_once(rest));
                rest = later;
                let parsed = parallel::map(now, |source| match source {
                    Ok(source) => Ok(Parsed::of(&self.sources, *source, FileKind::Sync)),
                    Err(unreadable) => Err(unreadable.clone()),
                });
                for parsed in parsed {
                    let read = self.take(parsed);
                    self.declare_file(read, &variables, schemas);
                }
            }
        }
        self.conceal_findings();
        self.report_conflicts();
        Ok(())
    }

    fn report_conflicts(&mut self) {
        let servers = self.config.servers();
        conflicts::report_as_spelled(&self.syncs, &servers, &mut self.settings.diagnostics);
    }

    /// The same workspace with no file read. Its defaults are those of [`Workspace::load`].
    #[must_use]
    pub fn without_files(&self) -> Self {
        Self::from(Settings {
            root: self.root.clone(),
            config: self.config.clone(),
            // The places in the defaults are places in these.
            sources: self.sources.clone(),
            directory: self.directory.clone(),
            ..Settings::default()
        })
    }

    /// Refuses files that are of another workspace, which is below this one: what its
    /// `secsync.yaml` says about them would not hold.
    fn refuse_strangers(&self, files: &[FoundFile]) -> Result<(), LoadError> {
        let mut seen = BTreeSet::new();
        for file in files {
            let path = straight(&self.directory.join(&file.path));
            let directories = path.ancestors().skip(1);
            let below = directories.take_while(|at| *at != self.root && at.starts_with(&self.root));
            // A directory that was looked at was looked at with all above it.
            let mut new = below.take_while(|at| seen.insert(at.to_path_buf()));
            if let Some(other) = new.find(|at| is_workspace(at)) {
                return Err(two_workspaces(&self.root, other, &self.directory));
            }
        }
        Ok(())
    }

    /// Whether a file is among those that a command without paths loads.
    pub fn loads(&self, path: &Utf8Path) -> bool {
        let real = |path: &Utf8Path| path.canonicalize_utf8().ok();
        let Some(wanted) = real(path) else {
            return false;
        };
        let found = self.without_files().find_files(&LoadOptions::default());
        let mut found = found.unwrap_or_default().into_iter();
        found.any(|file| real(&file.path).as_ref() == Some(&wanted))
    }

    /// Reads a text that is in no file yet, after [`Workspace::load`].
    pub fn load_text(
        &mut self,
        name: &str,
        text: String,
        options: &LoadOptions,
        environment: &Environment,
        schemas: &dyn Schemas,
    ) {
        let variables = self.variables(options, environment);
        let read = self.parse(name, Ok(text), FileKind::Sync);
        self.declare_file(read, &variables, schemas);
        self.report_conflicts();
    }

    /// What the syncs of a text inherit from it, variables put in; provider and project are among
    /// it. `None` unless it holds one document. What is wrong with it is not reported here.
    pub fn file_defaults(
        &self,
        text: &str,
        options: &LoadOptions,
        environment: &Environment,
    ) -> Option<Mapping> {
        let mut alone = self.without_files();
        let variables = alone.variables(options, environment);
        let (_, mut documents) = alone.parse("text", Ok(text.to_owned()), FileKind::Sync)?;
        let mut document = documents.pop().filter(|_| documents.is_empty())?;
        alone.expand(&mut document.value, &variables);
        Some(sync_file::read_file(&document, &mut alone.diagnostics)?.defaults)
    }

    fn find_files(&mut self, options: &LoadOptions) -> Result<Vec<FoundFile>, LoadError> {
        let words = options.paths.iter();
        let mut found: Vec<FoundFile> = words.flat_map(|word| self.find_word(word)).collect();
        let is_named = !options.paths.is_empty();
        self.is_whole |= !is_named || options.with_whole;
        if self.is_whole {
            found.extend(match self.find_whole() {
                Some(found) => found,
                None if is_named => Vec::new(),
                // An unreadable workspace file says nothing about files, and is reported itself.
                None if self.diagnostics.iter().any(Diagnostic::is_error) => Vec::new(),
                None => return Err(nothing_named()),
            });
        }
        Ok(without_repetitions(found))
    }

    /// The files that a word of the command line means.
    fn find_word(&mut self, word: &str) -> Vec<FoundFile> {
        if word == STDIN {
            return vec![FoundFile {
                path: word.into(),
                limit: None,
            }];
        }
        // The directory of a workspace file means what that says.
        let is_root = straight(&self.directory.join(word)) == self.root;
        let whole = if is_root && is_workspace(&self.root) {
            self.find_whole()
        } else {
            None
        };
        self.is_whole |= whole.is_some();
        whole.unwrap_or_else(|| {
            let settings = &mut self.settings;
            let found = &mut settings.diagnostics;
            files::find_named(&settings.directory, &settings.root, word, found)
        })
    }

    /// The names of the files that a word of the command line means, as far as they exist.
    pub fn files_of(&self, word: &str) -> Vec<String> {
        let found = self.without_files().find_word(word).into_iter();
        let found = found.filter(|file| file.path.is_file());
        found.map(|file| self.shown(&file.path)).collect()
    }

    /// The files of the workspace: what it includes, or else those in the usual directory. `None`
    /// if there is neither.
    fn find_whole(&mut self) -> Option<Vec<FoundFile>> {
        if !self.config.include.is_empty() {
            let patterns = self.config.include.clone();
            let files = patterns
                .into_iter()
                .flat_map(|(pattern, span)| self.find_included(&pattern, Some(span)));
            return Some(files.collect());
        }
        let has_directory = self.root.join(DEFAULT_DIRECTORY).is_dir();
        has_directory.then(|| self.find_included(DEFAULT_DIRECTORY, None))
    }

    /// The files of a directory or a pattern inside the root, and what is wrong with it: at its
    /// place in the workspace file, if it has one.
    fn find_included(&mut self, pattern: &str, place: Option<Span>) -> Vec<FoundFile> {
        let mut reported = Vec::new();
        let files = match files::find_included(&self.root, pattern, &mut reported) {
            Ok(files) => files,
            Err(reason) => {
                reported.push(Diagnostic::about_file(Code::OutsideRoot, pattern, reason));
                Vec::new()
            }
        };
        for mut diagnostic in reported {
            if let Some(span) = place.filter(|_| diagnostic.file.as_deref() == Some(pattern)) {
                diagnostic.file = None;
                diagnostic.labels = Diagnostic::new(diagnostic.code, span, "").labels;
            }
            self.diagnostics.push(diagnostic);
        }
        files
    }

    /// Reads files, several at once.
    fn read_files(
        &mut self,
        files: &[FoundFile],
        stdin: &mut dyn Read,
    ) -> Vec<Result<SourceId, Box<Diagnostic>>> {
        let directory = &self.directory;
        let texts = parallel::map(files, |file| {
            let shown = root::shown(&file.path, directory).into_string();
            let text = match &file.limit {
                _ if file.path == STDIN => return None,
                Some(limit) => texts::read_inside(limit, &file.path, &shown),
                None => texts::read_named(&file.path, directory, &shown),
            };
            Some((shown, text))
        });
        let texts = texts.into_iter().map(|read| {
            const NAME: &str = "<stdin>";
            let stdin = || (NAME.to_owned(), texts::read_stream(&mut *stdin, NAME));
            let (shown, text) = read.unwrap_or_else(stdin);
            text.map(|text| self.sources.add(shown, text))
        });
        texts.collect()
    }

    /// How many of the next texts are held as values at once, at least one: these take many times the
    /// memory of the text.
    fn parsed_at_once(&self, next: &[Result<SourceId, Box<Diagnostic>>]) -> usize {
        let mut bytes = 0;
        let fits = |source: &&Result<SourceId, Box<Diagnostic>>| {
            bytes += source
                .as_ref()
                .map_or(0, |id| self.sources.get(*id).text.len());
            bytes <= BYTES_AT_ONCE
        };
        next.iter().take_while(fits).count().max(1)
    }

    fn declare_file(
        &mut self,
        read: Option<(SourceId, Vec<Node>)>,
        variables: &Variables,
        schemas: &dyn Schemas,
    ) {
        let Some((source, documents)) = read else {
            return;
        };
        self.files += 1;
        let documents: Vec<_> = documents
            .into_iter()
            .filter(|document| !document.is_null())
            .collect();
        if documents.is_empty() && !self.has_finding_in(source) {
            let name = self.sources.get(source).name.clone();
            self.diagnostics.push(
                Diagnostic::about_file(
                    Code::EmptyFile,
                    &name,
                    format!("The file `{name}` declares nothing."),
                )
                .help("Write `syncs:` with at least one sync, or remove the file."),
            );
        }
        for mut document in documents {
            self.expand(&mut document.value, variables);
            if let Some(mut file) = sync_file::read_file(&document, &mut self.diagnostics) {
                file.syncs = self.expand_matrices(file.syncs, variables);
                self.declare_all(file, schemas);
            }
        }
    }

    fn expand(&mut self, value: &mut Value, variables: &Variables) {
        let scope = Bindings {
            variables,
            matrix: MatrixScope::None,
        };
        let Value::Mapping(mapping) = value else {
            return;
        };
        for entry in mapping.entries_mut() {
            match &mut entry.value.value {
                // A block with a matrix is expanded cell by cell.
                Value::Mapping(blocks) if entry.key == SYNCS => {
                    for block in blocks.entries_mut() {
                        if !matrices::has_matrix(block) {
                            let found = &mut self.diagnostics;
                            vars::expand_entry(block, scope, &yaml::plain_scalar, found);
                        }
                    }
                }
                _ => {
                    let found = &mut self.diagnostics;
                    vars::expand(&mut entry.value, scope, &yaml::plain_scalar, found);
                }
            }
        }
    }
}

/// A text that was parsed.
struct Parsed {
    source: SourceId,
    loaded: yaml::Parsed,
    /// Whether it looks like the file that it is taken for.
    is_likely: bool,
}

impl Parsed {
    fn of(sources: &Sources, source: SourceId, kind: FileKind) -> Self {
        let text = &sources.get(source).text;
        let loaded = yaml::load(source, text);
        Self {
            source,
            is_likely: kind.is_likely(text, &loaded.documents),
            loaded,
        }
    }
}

/// Whether a text looks like a sync file, mistakes and all.
pub fn may_be_sync_file(text: &str) -> bool {
    let source = Sources::default().add("", "");
    FileKind::Sync.is_likely(text, &yaml::load(source, text).documents)
}

/// The root of the files that are asked for: that of all paths.
fn find_root(options: &LoadOptions) -> Result<FoundRoot, LoadError> {
    let directory = &options.directory;
    if let Where::At(root) = &options.workspace {
        let root = straight(&directory.join(root));
        let has_file = is_workspace(&root);
        return Ok(FoundRoot { root, has_file });
    }
    let named = options.paths.iter().filter(|word| *word != STDIN);
    let mut roots = named.map(|word| root::find(&files::start_of(directory, word), directory));
    let Some(first) = roots.next() else {
        let path = match &options.workspace {
            Where::Of(path) => path,
            Where::Here | Where::At(_) => directory,
        };
        return Ok(root::find(path, directory));
    };
    match roots.find(|other| other.root != first.root) {
        Some(other) => Err(two_workspaces(&first.root, &other.root, directory)),
        None => Ok(first),
    }
}

fn two_workspaces(one: &Utf8Path, other: &Utf8Path, directory: &Utf8Path) -> LoadError {
    let [one, other] = [one, other].map(|root| root::shown(root, directory));
    LoadError::TwoWorkspaces(one, other)
}

/// Says that nothing is named, and nothing says where files are.
pub fn nothing_named() -> LoadError {
    LoadError::NoFiles(format!(
        "No file was named, and neither a {WORKSPACE_FILE} nor a `{DEFAULT_DIRECTORY}` directory was \
         found. The search ends at the Git root, outside Git in this directory."
    ))
}

/// A file that is named twice is read once.
fn without_repetitions(files: Vec<FoundFile>) -> Vec<FoundFile> {
    let mut seen = BTreeSet::new();
    let real = |path: &Utf8PathBuf| path.canonicalize_utf8().unwrap_or_else(|_| path.clone());
    let is_new = |file: &FoundFile| seen.insert(real(&file.path));
    let mut files = files;
    files.retain(is_new);
    files
}
