//! What the tests of the workspace share: a directory of files, and the program run in it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use camino::Utf8PathBuf;
use secsync::core::code::Code;
use secsync::core::diagnostic::Diagnostic;
use secsync::environment::Environment;
use secsync::error::Stop;
use secsync::http::HttpOptions;
use secsync::pipeline::{Options, Run};
use secsync::workspace::Request;
use serde_json::Value;
use tempfile::TempDir;

/// A directory with files, gone when it is dropped.
pub struct Workspace {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

impl Workspace {
    /// An empty directory in an empty environment.
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// With a file.
    pub fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    /// With an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file, also in the place of another.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Takes a file away.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// What the pipeline is asked for: the whole workspace, with nothing but its own environment.
    pub fn options(&self) -> Options {
        Options {
            request: Request {
                directory: Utf8PathBuf::from_path_buf(self.root().to_owned()).unwrap(),
                ..Request::default()
            },
            environment: self.variables.iter().cloned().collect::<Environment>(),
            http: HttpOptions::default(),
            parallelism: 4,
            allow_projects: Vec::new(),
            selectors: Vec::new(),
            targets: Vec::new(),
            prune: false,
        }
    }

    /// Loads and checks, without a network.
    pub fn checked(&self) -> Run {
        checked(self.options())
    }

    /// What is wrong with the files.
    pub fn findings(&self) -> Vec<Diagnostic> {
        self.checked().workspace.diagnostics
    }

    /// The codes of what is wrong with the files.
    pub fn codes(&self) -> Vec<Code> {
        self.findings().iter().map(|found| found.code).collect()
    }

    /// Runs the program here, in no other environment than this one's.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::cargo_bin("secsync")
            .unwrap()
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        Ran {
            command: arguments.join(" "),
            exit: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Loads and checks, without a network. Standard input is empty.
pub fn checked(options: Options) -> Run {
    let mut run = Run::load(options, &mut std::io::empty()).unwrap();
    // Its findings say what is wrong.
    let _: Result<(), Stop> = run.check();
    run
}

/// What a run of the program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub command: String,
    pub exit: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Fails unless the program ended so.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "{self}");
        self
    }

    /// Fails unless this is on standard output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "{text:?} is not in\n{self}");
        self
    }

    /// Fails if this is printed anywhere.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(
            !self.out.contains(text) && !self.err.contains(text),
            "{text:?} is in\n{self}"
        );
        self
    }

    /// Fails unless this is on standard error.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        let told = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(text) || self.err.contains(text),
            "{text:?} is not in\n{self}"
        );
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "secsync {} [{:?}]\n--- stdout\n{}--- stderr\n{}",
            self.command, self.exit, self.out, self.err
        )
    }
}
