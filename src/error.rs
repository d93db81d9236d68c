//! Why a command stops: what to say, and with which exit code.

use crate::exit::Exit;
use crate::provider::{ProviderError, ProviderErrorKind};
use crate::schema::store::StoreError;
use crate::state::StateError;

/// A problem that is not a finding in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a full sentence.
    pub message: String,
    /// What to do, as a full sentence.
    pub help: Option<String>,
}

/// The end of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What to say. Nothing, if the findings in the files say it all.
    pub problems: Vec<Problem>,
}

impl CommandError {
    /// A stop with one problem.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            problems: vec![Problem {
                message: message.into(),
                help: None,
            }],
        }
    }

    /// A wrong use of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The files are invalid; their findings say why.
    pub const fn invalid() -> Self {
        Self {
            exit: Exit::Invalid,
            problems: Vec::new(),
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

    /// Both ends in one: all that is to say, and the more important exit code.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.exit = self.exit.most_important(other.exit);
        for problem in other.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self
    }
}

impl From<ProviderError> for CommandError {
    fn from(error: ProviderError) -> Self {
        Self {
            exit: exit_of(error.kind),
            problems: vec![Problem {
                message: error.message,
                help: error.help,
            }],
        }
    }
}

/// The exit code of a failure to read.
const fn exit_of(kind: ProviderErrorKind) -> Exit {
    match kind {
        ProviderErrorKind::Authentication
        | ProviderErrorKind::Permission
        | ProviderErrorKind::Untrusted => Exit::Auth,
        ProviderErrorKind::Interrupted => Exit::Interrupted,
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
    use crate::provider::{ProviderError, ProviderErrorKind};

    #[test]
    fn of_two_ends_the_more_important_code_wins_and_nothing_is_told_twice() {
        let one = CommandError::new(Exit::Error, "One.");
        let two = CommandError::new(Exit::Auth, "Two.");
        let both = one.clone().and(two).and(one);
        assert_eq!(both.exit, Exit::Auth);
        let told: Vec<_> = both
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(told, ["One.", "Two."]);
    }

    #[test]
    fn a_failure_to_read_has_the_exit_code_of_its_kind() {
        for (kind, exit) in [
            (ProviderErrorKind::Authentication, Exit::Auth),
            (ProviderErrorKind::Permission, Exit::Auth),
            (ProviderErrorKind::Untrusted, Exit::Auth),
            (ProviderErrorKind::Interrupted, Exit::Interrupted),
            (ProviderErrorKind::BadAnswer, Exit::Error),
        ] {
            assert_eq!(CommandError::from(ProviderError::new(kind, "x")).exit, exit);
        }
    }
}
