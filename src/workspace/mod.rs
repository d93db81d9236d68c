//! The files of a run: the workspace file, the sync files, and the syncs that they declare.
//!
//! [`Workspace::open`] finds the root and reads `secsync.yaml`; [`Workspace::load`] reads the
//! sync files and merges them. Whatever is wrong is collected, so that one run reports it all.

pub mod config;
pub mod files;
pub mod findings;
mod inherit;
pub mod read;
mod variables;
pub mod write;

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};

pub use config::Config;

use crate::core::code::Code;
use crate::core::conflicts;
use crate::core::desired::{DesiredSync, NamedProject};
use crate::core::diagnostic::{Condenser, Diagnostic};
use crate::core::platform::Platform;
use crate::core::span::{SourceId, Sources, Span};
use crate::core::sync_file;
use crate::core::value::{Mapping, Node, Value};
use crate::core::vars::{self, Variables};
use crate::environment::Environment;
use crate::yaml::{self, Comment};

/// Where sync files are looked for if nothing says otherwise.
const DEFAULT_DIRECTORY: &str = "syncs";

/// What a command was asked to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The directory that paths are relative to.
    pub directory: Utf8PathBuf,
    /// Files, directories, globs, and `-` for standard input. Empty for the whole workspace.
    pub paths: Vec<String>,
    /// `--var NAME=VALUE`, the last one of a name first.
    pub variables: Vec<(String, String)>,
    /// `--var-file`, the last one first.
    pub variable_files: Vec<Utf8PathBuf>,
}

/// The files of a run and what they declare.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// The directory that `.secsync/` is in: that of `secsync.yaml`, else the Git root, else the
    /// directory that the command runs in.
    pub root: Utf8PathBuf,
    /// What `secsync.yaml` says.
    pub config: Config,
    /// All texts.
    pub sources: Sources,
    /// The syncs that could be read.
    pub syncs: Vec<DesiredSync>,
    /// The projects that files name at their top.
    pub projects: Vec<NamedProject>,
    /// Everything that is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether all of the workspace was loaded, and not only paths that were named.
    pub is_whole: bool,
    /// How many files were read, standard input included.
    pub files: usize,
    /// The comments of the sync files.
    pub comments: Vec<Comment>,
    /// Where the files' paths are relative to.
    directory: Utf8PathBuf,
    condenser: Condenser,
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

impl Workspace {
    /// Finds the root and reads the workspace file.
    pub fn open(directory: &Utf8Path) -> Self {
        let workspace_root = files::nearest_upwards(directory, files::WORKSPACE_FILE);
        let root = workspace_root
            .clone()
            .or_else(|| files::nearest_upwards(directory, ".git"))
            .unwrap_or_else(|| directory.to_owned());
        let mut workspace = Self {
            root,
            directory: directory.to_owned(),
            ..Self::default()
        };
        if let Some(root) = workspace_root {
            workspace.read_workspace_file(&root.join(files::WORKSPACE_FILE));
        }
        workspace
    }

    fn read_workspace_file(&mut self, path: &Utf8Path) {
        let Some((_, documents)) = self.read_documents(path) else {
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

    /// Reads the sync files and merges defaults and variables into their syncs.
    ///
    /// An error is a wrong use of the command: there is nothing that could be loaded.
    pub fn load(
        &mut self,
        options: &LoadOptions,
        environment: &Environment,
        stdin: &mut dyn Read,
        schemas: &dyn Schemas,
    ) -> Result<(), String> {
        let variables = self.variables(options, environment);
        let mut defaults = Value::Mapping(std::mem::take(&mut self.config.defaults));
        self.expand(&mut defaults, &variables);
        if let Value::Mapping(defaults) = defaults {
            self.config.defaults = defaults;
        }
        self.put_defaults_right(schemas);
        let found = self.find_files(options)?;
        for file in &found {
            self.load_file(file, stdin, &variables, schemas);
        }
        conflicts::report_as_spelled(&self.syncs, &mut self.diagnostics);
        Ok(())
    }

    /// The same workspace with no file read. Its defaults are those of [`Workspace::load`].
    #[must_use]
    pub fn without_files(&self) -> Self {
        Self {
            root: self.root.clone(),
            config: self.config.clone(),
            // The places in the defaults are places in these.
            sources: self.sources.clone(),
            directory: self.directory.clone(),
            ..Self::default()
        }
    }

    /// Whether a file is among those that a command without paths loads.
    pub fn loads(&self, path: &Utf8Path) -> bool {
        let real = |path: &Utf8Path| path.canonicalize_utf8().ok();
        let Some(wanted) = real(path) else {
            return false;
        };
        let found = self.without_files().find_files(&LoadOptions::default());
        let mut found = found.unwrap_or_default().into_iter();
        found.any(|file| real(&file).as_ref() == Some(&wanted))
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
        let read = self.parse(name, Ok(text));
        self.declare_file(read, &variables, schemas);
        conflicts::report_as_spelled(&self.syncs, &mut self.diagnostics);
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
        let (_, mut documents) = alone.parse("text", Ok(text.to_owned()))?;
        let mut document = documents.pop().filter(|_| documents.is_empty())?;
        alone.expand(&mut document.value, &variables);
        Some(sync_file::read_file(&document, &mut alone.diagnostics)?.defaults)
    }

    fn find_files(&mut self, options: &LoadOptions) -> Result<Vec<Utf8PathBuf>, String> {
        let mut found = Vec::new();
        if !options.paths.is_empty() {
            for word in &options.paths {
                if word == "-" {
                    found.push(Utf8PathBuf::from("-"));
                } else {
                    let told = &mut self.diagnostics;
                    found.extend(files::find_named(&self.directory, &self.root, word, told));
                }
            }
        } else if self.config.include.is_empty() {
            let directory = self.root.join(DEFAULT_DIRECTORY);
            if !directory.is_dir() {
                return Err(format!(
                    "No file was named, and there is neither a {} above this directory nor a \
                     `{DEFAULT_DIRECTORY}` directory at its root.",
                    files::WORKSPACE_FILE
                ));
            }
            self.is_whole = true;
            found.extend(self.find_included(DEFAULT_DIRECTORY, None));
        } else {
            self.is_whole = true;
            for (pattern, span) in self.config.include.clone() {
                found.extend(self.find_included(&pattern, Some(span)));
            }
        }
        Ok(without_repetitions(found))
    }

    /// The files of a directory or a pattern inside the root, and what is wrong with it: at its
    /// place in the workspace file, if it has one.
    fn find_included(&mut self, pattern: &str, place: Option<Span>) -> Vec<Utf8PathBuf> {
        let mut told = Vec::new();
        let files = match files::find_included(&self.root, pattern, &mut told) {
            Ok(files) => files,
            Err(reason) => {
                told.push(Diagnostic::about_file(Code::OutsideRoot, pattern, reason));
                Vec::new()
            }
        };
        for mut diagnostic in told {
            if let Some(span) = place.filter(|_| diagnostic.file.as_deref() == Some(pattern)) {
                diagnostic.file = None;
                diagnostic.labels = Diagnostic::new(diagnostic.code, span, "").labels;
            }
            self.diagnostics.push(diagnostic);
        }
        files
    }

    /// The path as people write it: relative to where they are, if it is below.
    pub fn shown(&self, path: &Utf8Path) -> String {
        path.strip_prefix(&self.directory)
            .ok()
            .filter(|relative| !relative.as_str().is_empty())
            .unwrap_or(path)
            .to_string()
    }

    fn read_documents(&mut self, path: &Utf8Path) -> Option<(SourceId, Vec<Node>)> {
        let shown = self.shown(path);
        let read = read::read(path, &shown);
        self.parse(&shown, read)
    }

    fn parse(
        &mut self,
        shown: &str,
        text: Result<String, Box<Diagnostic>>,
    ) -> Option<(SourceId, Vec<Node>)> {
        match text {
            Ok(text) => {
                let source = self.sources.add(shown, text);
                let text = std::sync::Arc::clone(&self.sources.get(source).text);
                let mut loaded = yaml::load(source, &text);
                self.diagnostics.append(&mut loaded.diagnostics);
                self.comments.append(&mut loaded.comments);
                Some((source, loaded.documents))
            }
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                None
            }
        }
    }

    fn load_file(
        &mut self,
        path: &Utf8Path,
        stdin: &mut dyn Read,
        variables: &Variables,
        schemas: &dyn Schemas,
    ) {
        let read = if path == "-" {
            let text = read::read_stream(stdin, "<stdin>");
            self.parse("<stdin>", text)
        } else {
            self.read_documents(path)
        };
        self.declare_file(read, variables, schemas);
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
            if let Some(file) = sync_file::read_file(&document, &mut self.diagnostics) {
                self.declare_all(file, schemas);
            }
        }
    }

    fn has_finding_in(&self, source: SourceId) -> bool {
        let mut spans = self.diagnostics.iter().filter_map(Diagnostic::span);
        spans.any(|span| span.source == source)
    }

    fn expand(&mut self, value: &mut Value, variables: &Variables) {
        if let Value::Mapping(mapping) = value {
            for entry in mapping.entries_mut() {
                let diagnostics = &mut self.diagnostics;
                vars::expand(
                    &mut entry.value,
                    variables,
                    &yaml::plain_scalar,
                    diagnostics,
                );
            }
        }
    }
}

/// A file that is named twice is read once.
fn without_repetitions(files: Vec<Utf8PathBuf>) -> Vec<Utf8PathBuf> {
    let mut seen = std::collections::BTreeSet::new();
    files
        .into_iter()
        .filter(|file| {
            let real = file.canonicalize_utf8().unwrap_or_else(|_| file.clone());
            seen.insert(real)
        })
        .collect()
}
