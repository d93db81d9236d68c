//! One run of a script of `ci/`, with nothing of this machine's environment.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

use crate::harness::{Server, Tree};

/// A script, ready to run in a tree.
pub struct Script {
    directory: Utf8PathBuf,
    words: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl Script {
    /// `ci/NAME.py` with these arguments.
    pub fn new(tree: &Tree, name: &str, arguments: &[&str]) -> Self {
        // Cargo sets both. `.ci/run` sets them for a user who may not read the originals.
        let root = env::var("CARGO_MANIFEST_DIR").unwrap();
        let script = Utf8Path::new(&root).join("ci").join(name);
        let words = ["python3", script.as_str()];
        Self::program(tree, &[&words, arguments].concat())
    }

    /// A script for a shell.
    pub fn shell(tree: &Tree, text: &str) -> Self {
        Self::program(
            tree,
            &[
                "bash",
                "--noprofile",
                "--norc",
                "-eo",
                "pipefail",
                "-c",
                text,
            ],
        )
    }

    /// Any program.
    pub fn program(tree: &Tree, words: &[&str]) -> Self {
        let programs = secsync().parent().unwrap().to_owned();
        let path = format!("{programs}:{}", env::var("PATH").unwrap());
        Self {
            directory: tree.root().to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            variables: BTreeMap::from([
                ("HOME".to_owned(), tree.root().to_string()),
                ("PATH".to_owned(), path),
                ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
            ]),
        }
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Runs in a directory of the tree.
    pub fn inside(mut self, directory: &str) -> Self {
        self.directory.push(directory);
        self
    }

    /// Names a sandbox as the server of both platforms, with its demo credentials.
    pub fn on(self, server: &Server) -> Self {
        let variables = server.variables();
        variables
            .into_iter()
            .fold(self, |script, (name, value)| script.variable(name, value))
    }

    /// Starts it.
    pub fn spawn(&self) -> Child {
        Command::new(&self.words[0])
            .args(&self.words[1..])
            .current_dir(&self.directory)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} is needed: {error}", self.words[0]))
    }

    /// Runs it to its end.
    pub fn run(self) -> Ran {
        let child = self.spawn();
        self.finish(child)
    }

    /// Waits for the end of one that [`Self::spawn`] started.
    pub fn finish(self, child: Child) -> Ran {
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        };
        let said = ran.to_string();
        assert!(!said.contains("Traceback"), "{said}");
        for (name, value) in &self.variables {
            let is_secret = name.ends_with("TOKEN") || name.ends_with("SECRET");
            assert!(!is_secret || !said.contains(value), "{name} is in {said}");
        }
        ran
    }
}

/// The built program.
fn secsync() -> Utf8PathBuf {
    env::var("CARGO_BIN_EXE_secsync")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_secsync").to_owned())
        .into()
}

/// What a script printed, and how it ended.
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Ran {
    /// The same, with all that was printed if the exit code is another one.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The same, if this was printed.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.to_string().contains(text), "not `{text}`:\n{self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}--- stderr\n{}", self.stdout, self.stderr)
    }
}
