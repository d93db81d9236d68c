//! A run of the built program, each line of it with the time at which it was there.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::fates::Trials;
use super::http::TIMEOUT;
use super::server::{SECRET, Server};
use crate::harness::Tree;

/// No run takes that long: one that does hangs.
const PATIENCE: Duration = Duration::from_secs(200);

/// A line of standard output.
#[derive(Debug)]
pub struct Line {
    pub text: String,
    /// How long the journal was when the line was read, and so no shorter than when it was written.
    pub time: usize,
}

/// What a run said and how it ended.
#[derive(Debug)]
pub struct Run {
    pub number: usize,
    pub arguments: String,
    /// How long the journal was when it began.
    pub first: usize,
    pub lines: Vec<Line>,
    pub stderr: String,
    /// What it said as JSON, if it came to that.
    pub report: Option<Value>,
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub is_hanging: bool,
}

impl Run {
    /// Runs it to its end.
    pub fn of(
        tree: &Tree,
        server: &Server,
        number: usize,
        arguments: &str,
        trials: Trials,
    ) -> Self {
        let first = server.begin(number, arguments, trials);
        let secret = format!("{SECRET}{number}-");
        let report = format!("report-{number}.json");
        let output = if arguments.contains("apply") {
            format!("-o human -o json={report}")
        } else {
            String::new()
        };
        let timeout = if arguments.starts_with("state") {
            String::new()
        } else {
            format!(" --timeout {}s", TIMEOUT.as_secs())
        };
        let invocation = tree
            .secsync(&format!("{arguments} {output}{timeout}"))
            .variable("INFISICAL_HOST", &server.origin())
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "client-id")
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", &secret)
            .variable("ENKRYPTIFY_API_URL", &server.origin())
            .variable("ENKRYPTIFY_TOKEN", &secret);
        let mut command = invocation.command();
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        server.set_process(number, Some(child.id()));
        let (lines, stderr, is_hanging) = follow(&mut child, server);
        // Before the process is waited for: until then its number is nobody else's.
        server.set_process(number, None);
        let code = child.wait().unwrap().code();
        Self {
            number,
            arguments: arguments.to_owned(),
            first,
            lines,
            stderr,
            report: (tree.has(&report))
                .then(|| serde_json::from_str(&tree.read(&report)).ok())
                .flatten(),
            code,
            is_hanging,
        }
    }

    /// All that it printed.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        let stdout = lines.join("\n");
        format!(
            "{stdout}\n--- stderr\n{}--- exit {:?}\n",
            self.stderr, self.code
        )
    }

    pub fn says(&self, part: &str) -> bool {
        self.lines.iter().any(|line| line.text.contains(part)) || self.stderr.contains(part)
    }
}

/// Reads what a program prints, up to its end.
fn follow(child: &mut Child, server: &Server) -> (Vec<Line>, String, bool) {
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut errors = child.stderr.take().unwrap();
    let errors = thread::spawn(move || {
        let mut text = Vec::new();
        errors.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    });
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for text in stdout.lines() {
            // A run that hangs has been given up.
            let _ = sender.send(text.unwrap());
        }
    });
    let mut lines = Vec::new();
    let is_hanging = loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(text) => {
                let time = server.lock().journal.events.len();
                lines.push(Line { text, time });
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break false,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill().unwrap();
                break true;
            }
        }
    };
    (lines, errors.join().unwrap(), is_hanging)
}
