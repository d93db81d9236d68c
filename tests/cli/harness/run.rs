//! One run of the program, with nothing of this machine's environment, and what it printed.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;

use super::Server;

/// The program, ready to run.
///
/// Its environment is empty but for what a test sets: no CI, no colours, no credentials, no proxy.
pub struct Invocation {
    root: Utf8PathBuf,
    directory: Utf8PathBuf,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    stdin: Vec<u8>,
    wrapper: Vec<String>,
}

impl Invocation {
    pub(super) fn new(root: &Utf8Path, arguments: &str) -> Self {
        Self {
            root: root.to_owned(),
            directory: root.to_owned(),
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
            variables: BTreeMap::from([("HOME".to_owned(), root.to_string())]),
            stdin: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes an environment variable away.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Runs in a directory of the tree.
    pub fn inside(mut self, directory: &str) -> Self {
        self.directory.push(directory);
        self
    }

    /// Gives it a text on standard input.
    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// Lets another program run it, which gets these arguments first.
    pub fn through(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Names a sandbox as the server of both platforms, with its demo credentials.
    pub fn on(self, server: &Server) -> Self {
        server.name_in(self)
    }

    /// The command, for a test that follows the running program itself.
    pub fn command(&self) -> Command {
        // Newer versions of Cargo set it at run time too. `.ci/run` sets it to a copy.
        let program = env::var("CARGO_BIN_EXE_secsync")
            .unwrap_or_else(|_| env!("CARGO_BIN_EXE_secsync").to_owned());
        let mut words = self.wrapper.iter().chain([&program]);
        let mut command = Command::new(words.next().unwrap_or(&program));
        command
            .args(words)
            .args(&self.arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it.
    pub fn spawn(&self) -> Child {
        let mut child = self.command().spawn().unwrap();
        // A program that does not read its input has gone by now; that is no failure of the test.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        child
    }

    /// Runs it to its end.
    pub fn run(self) -> Output {
        let child = self.spawn();
        self.finish(child)
    }

    /// Waits for the end of a program that [`Self::spawn`] started.
    pub fn finish(self, child: Child) -> Output {
        self.finish_after(child, String::new())
    }

    /// The same after a part of its standard error was read.
    pub fn finish_after(self, child: Child, read: String) -> Output {
        let output = child.wait_with_output().unwrap();
        let output = Output {
            invocation: self,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: read + &String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        };
        output.check();
        output
    }
}

/// What the program says after a panic.
const MISTAKE: &str = "made a mistake of its own";

/// What a run printed, and how it ended.
pub struct Output {
    invocation: Invocation,
    pub stdout: String,
    pub stderr: String,
    /// `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Output {
    /// What holds for every run: no panic, no part of a credential in what it prints.
    fn check(&self) {
        let said = format!("{}{}", self.stdout, self.stderr);
        assert!(!said.contains(MISTAKE) && self.code != Some(101), "{said}");
        let lower = said.to_lowercase();
        for (name, value) in &self.invocation.variables {
            let is_secret = name.contains("TOKEN") || name.contains("SECRET");
            let value = value.to_lowercase();
            let length = value.len().min(12);
            let mut parts = value.as_bytes().windows(length.max(1));
            let is_said = parts.any(|part| lower.contains(std::str::from_utf8(part).unwrap()));
            assert!(
                !is_secret || !is_said,
                "a part of the value of {name} is in the output:\n{said}"
            );
        }
    }

    /// The exit code, with all that was printed if it is another one.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }

    /// A text of this run with everything that differs from run to run replaced.
    pub fn harmless(&self, text: &str) -> String {
        let text = text
            .replace(self.invocation.directory.as_str(), "[DIR]")
            .replace(self.invocation.root.as_str(), "[ROOT]");
        VARYING.iter().fold(text, |text, (pattern, placeholder)| {
            pattern.replace_all(&text, *placeholder).into_owned()
        })
    }
}

/// What differs from run to run, and its placeholder in snapshots.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "[UUID]",
        ),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\breq-\w+", "[REQUEST]"),
        (r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]"),
    ]
    .map(|(pattern, placeholder)| (Regex::new(pattern).unwrap(), placeholder))
    .into()
});

/// All of it, as a snapshot shows it.
impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = self.invocation.arguments.join(" ");
        writeln!(formatter, "$ secsync {}", self.harmless(&arguments))?;
        formatter.write_str(&self.harmless(&self.stdout))?;
        if !self.stderr.is_empty() {
            writeln!(formatter, "--- stderr")?;
            formatter.write_str(&self.harmless(&self.stderr))?;
        }
        match self.code {
            Some(code) => writeln!(formatter, "--- exit {code}"),
            None => writeln!(formatter, "--- ended by a signal"),
        }
    }
}
