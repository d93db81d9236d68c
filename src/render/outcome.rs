//! The result of one action or request.

use std::fmt::Write as _;

use serde::Serialize;

use super::review::{Item, Verdict, advice};
use super::style::{CYAN, RED, YELLOW, address, painted};
use crate::apply::{ActionFailure, OldState, Outcome};
use crate::core::plan::Subject;
use crate::core::text::{visible, visible_lines};
use crate::http::error::RequestErrorKind;

/// The line for the end of an action or a request; `done` is what it says of a success.
pub(super) fn line(subject: &Subject, outcome: &Outcome, done: &str) -> String {
    let address = address(subject);
    match outcome {
        Outcome::Done { .. } | Outcome::NotAsDeclared { .. } => format!("{address}: {done}"),
        Outcome::Failed(_) => format!("{address}: {}", painted(RED, "Failed")),
        Outcome::Unknown(_) => format!("{address}: {}", painted(RED, "Unknown")),
        Outcome::NotTried(_) => format!("{address}: Not tried"),
        Outcome::Blocked => format!("{address}: Blocked"),
    }
}

/// Adds the reason if it did not succeed, or the note if there is one.
pub(super) fn human(out: &mut String, subject: &Subject, outcome: &Outcome) {
    let (word, text) = match outcome {
        Outcome::NotAsDeclared { failure, .. } => {
            return failed(out, "Not as declared:", subject, failure);
        }
        Outcome::Failed(failure) => return failed(out, "Failed:", subject, failure),
        Outcome::Unknown(failure) => return failed(out, "Unknown:", subject, failure),
        Outcome::NotTried(why) => (painted(YELLOW, "Not tried:"), visible(why.reason())),
        Outcome::Done {
            note: Some(note), ..
        } => (painted(CYAN, "Note:"), note.clone()),
        Outcome::Done { note: None, .. } | Outcome::Blocked => return,
    };
    let _ = writeln!(out, "{word} {}: {text}", address(subject));
}

fn failed(out: &mut String, word: &str, subject: &Subject, failure: &ActionFailure) {
    let _ = writeln!(
        out,
        "{} {}: {}",
        painted(RED, word),
        address(subject),
        visible_lines(&failure.problem.message)
    );
    if let Some(help) = &failure.problem.help {
        let _ = writeln!(out, "  {}", visible_lines(help));
    }
    if let Some(old) = &failure.old {
        let _ = writeln!(out, "  {}", heading(old.state));
        out.push_str(&definition(&old.definition, "    "));
    }
}

/// The line before the definition of an old sync.
const fn heading(state: OldState) -> &'static str {
    match state {
        OldState::Deleted => "The deleted sync was:",
        OldState::BeingDeleted => "The old sync, which is being deleted, is:",
        OldState::Unknown => "The old sync, which may have been deleted, is:",
    }
}

/// The lines of a definition, indented.
pub(super) fn definition(text: &str, indentation: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{indentation}{}", visible(line));
        out
    })
}

/// The outcome in a JSON document.
#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(super) enum OutcomeFields<'a> {
    Done {
        id: Option<&'a str>,
        note: Option<&'a str>,
    },
    NotAsDeclared {
        id: &'a str,
        #[serde(flatten)]
        failure: FailureFields<'a>,
    },
    Failed(FailureFields<'a>),
    Unknown(FailureFields<'a>),
    NotTried {
        message: &'a str,
    },
    Blocked,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FailureFields<'a> {
    message: &'a str,
    help: Option<&'a str>,
    /// What kind of refusal it is, if a server refused a request.
    error_kind: Option<&'static str>,
    lost_definition: Option<&'a str>,
    /// What became of the old sync of a replacement.
    old_sync: Option<&'static str>,
}

impl<'a> From<&'a Outcome> for OutcomeFields<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let fields = |failure: &'a ActionFailure| FailureFields {
            message: &failure.problem.message,
            help: failure.problem.help.as_deref(),
            error_kind: failure.kind.map(RequestErrorKind::word),
            lost_definition: failure.old.as_ref().map(|old| old.definition.as_str()),
            old_sync: failure.old.as_ref().map(|old| match old.state {
                OldState::Deleted => "deleted",
                OldState::BeingDeleted => "being-deleted",
                OldState::Unknown => "unknown",
            }),
        };
        match outcome {
            Outcome::Done { id, note } => Self::Done {
                id: id.as_deref(),
                note: note.as_deref(),
            },
            Outcome::NotAsDeclared { id, failure } => Self::NotAsDeclared {
                id,
                failure: fields(failure),
            },
            Outcome::Failed(failure) => Self::Failed(fields(failure)),
            Outcome::Unknown(failure) => Self::Unknown(fields(failure)),
            Outcome::NotTried(why) => Self::NotTried {
                message: why.reason(),
            },
            Outcome::Blocked => Self::Blocked,
        }
    }
}

/// Replaces what an item announces by what happened.
pub(super) fn review(item: &mut Item, participle: &str, outcome: &Outcome) {
    if !matches!(outcome, Outcome::Done { .. }) {
        // A failure has the definition of what was lost.
        item.deleted = None;
    }
    (item.what, item.verdict) = match outcome {
        Outcome::Done { note, .. } => {
            item.notes.extend(note.clone());
            (format!("was {participle}"), Verdict::Good)
        }
        Outcome::NotAsDeclared { failure, .. } => (
            format!("was {participle}"),
            Verdict::NotAsDeclared(why(failure)),
        ),
        Outcome::Failed(failure) => (
            format!("was not {participle}"),
            Verdict::Failed(why(failure)),
        ),
        Outcome::Unknown(failure) => (
            format!("may or may not have been {participle}"),
            Verdict::Unknown(why(failure)),
        ),
        Outcome::NotTried(why) => (
            format!("was not {participle}"),
            Verdict::Skipped(why.reason().to_owned()),
        ),
        // The plan said so already.
        Outcome::Blocked => return,
    };
}

fn why(failure: &ActionFailure) -> String {
    let mut text = advice(&failure.problem);
    if let Some(old) = &failure.old {
        text.push_str(&format!("\n{}\n{}", heading(old.state), old.definition));
    }
    text
}
