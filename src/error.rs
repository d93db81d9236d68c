//! Why a command stops: what to say, with which exit code, and what was found until then.

use std::sync::Arc;

use crate::core::diagnostic::Diagnostic;
use crate::core::problem::Problem;
use crate::exit::Exit;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::schema::store::StoreError;
use crate::state::StateError;
use crate::workspace::{LoadError, Workspace};

/// The end of a command that could not do its work.
#[derive(Debug, Clone)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What to say. Empty if the findings in the files say it all.
    pub problems: Vec<Problem>,
    /// The files that were read until then, with their findings.
    pub found: Option<Arc<Workspace>>,
}

impl CommandError {
    /// An error with one problem.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        let problem = Problem {
            message: message.into(),
            help: None,
        };
        Self {
            problems: vec![problem],
            ..Self::silent(exit)
        }
    }

    /// A wrong use of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The files are invalid; their findings say why.
    pub fn invalid(found: Arc<Workspace>) -> Self {
        Self {
            found: Some(found),
            ..Self::silent(Exit::Invalid)
        }
    }

    /// Refuses a workspace with an error among its findings.
    pub fn unless_valid(workspace: &Arc<Workspace>) -> Result<(), Self> {
        if workspace.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Self::invalid(Arc::clone(workspace)));
        }
        Ok(())
    }

    /// An end that needs no words, because the reader knows why.
    pub const fn silent(exit: Exit) -> Self {
        Self {
            exit,
            problems: Vec::new(),
            found: None,
        }
    }

    /// Says what to do about the last problem.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(last) = self.problems.last_mut() {
            last.help = Some(help.into());
        }
        self
    }

    /// Carries the files that were read, unless it carries a later reading of them.
    #[must_use]
    pub fn found(mut self, workspace: &Arc<Workspace>) -> Self {
        self.found.get_or_insert_with(|| Arc::clone(workspace));
        self
    }

    /// The same with the errors among its findings as problems, for files that nobody else shows.
    #[must_use]
    pub fn in_words(mut self) -> Self {
        let found = self.found.take();
        let errors = found.iter().flat_map(|found| &found.diagnostics);
        let errors = errors.filter(|diagnostic| diagnostic.is_error());
        self.problems.extend(errors.map(|diagnostic| Problem {
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }));
        self
    }

    /// Both errors in one: every problem of both, and the more important exit code.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.exit = self.exit.most_important(other.exit);
        for problem in other.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self.found = self.found.or(other.found);
        self
    }

    /// All errors in one; `Ok` without any.
    pub fn all(errors: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        errors.into_iter().reduce(Self::and).map_or(Ok(()), Err)
    }
}

impl From<RequestError> for CommandError {
    fn from(error: RequestError) -> Self {
        let problem = Problem {
            message: error.message,
            help: error.help,
        };
        Self {
            problems: vec![problem],
            ..Self::silent(exit_of(error.kind))
        }
    }
}

/// The exit code of a failure to read.
const fn exit_of(kind: RequestErrorKind) -> Exit {
    match kind {
        kind if kind.is_about_access() => Exit::Auth,
        RequestErrorKind::Interrupted => Exit::Interrupted,
        _ => Exit::Error,
    }
}

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        let exit = if error.is_auth {
            Exit::Auth
        } else {
            Exit::Error
        };
        Self::new(exit, error.message).help(error.help)
    }
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        let help = error.help();
        Self::usage(error.to_string()).help(help)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let help = error.help();
        Self::new(Exit::Error, error.message).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::CommandError;
    use crate::exit::Exit;
    use crate::http::error::{RequestError, RequestErrorKind};

    #[test]
    fn exits_with_the_more_important_of_two_codes_and_repeats_nothing() {
        let one = CommandError::new(Exit::Error, "One.");
        let two = CommandError::new(Exit::Auth, "Two.");
        let both = CommandError::all([one.clone(), two, one]).unwrap_err();
        assert_eq!(both.exit, Exit::Auth);
        let said: Vec<_> = both
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(said, ["One.", "Two."]);
    }

    #[test]
    fn reports_no_failure_without_an_error() {
        assert!(CommandError::all([]).is_ok());
    }

    #[test]
    fn a_failure_to_read_has_the_exit_code_of_its_kind() {
        for (kind, exit) in [
            (RequestErrorKind::Authentication, Exit::Auth),
            (RequestErrorKind::Permission, Exit::Auth),
            (RequestErrorKind::Untrusted, Exit::Auth),
            (RequestErrorKind::Interrupted, Exit::Interrupted),
            (RequestErrorKind::BadAnswer, Exit::Error),
        ] {
            assert_eq!(CommandError::from(RequestError::new(kind, "x")).exit, exit);
        }
    }
}
