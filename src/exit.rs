//! The exit codes of every command.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
///
/// The variants stand in the order of importance: of several that hold, the first one is the exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exit {
    /// Interrupted by Ctrl-C or a termination signal.
    Interrupted,
    /// The command line is wrong.
    Usage,
    /// The files are invalid, or a denied lint was found.
    Invalid,
    /// A credential is missing or wrong, or a permission is missing.
    Auth,
    /// The saved plan is stale, or was applied already.
    Stale,
    /// At least one action failed, its result is unknown, or an apply left it undone.
    ActionFailed,
    /// A sync job failed, or did not finish in time.
    JobFailed,
    /// An error that no other code describes.
    Error,
    /// Changes are pending (`--detailed-exitcode`, `drift`).
    ChangesPending,
    /// Done, or there was nothing to do.
    Done,
}

impl Exit {
    /// All of them, the most important one first.
    pub const ALL: [Self; 10] = [
        Self::Interrupted,
        Self::Usage,
        Self::Invalid,
        Self::Auth,
        Self::Stale,
        Self::ActionFailed,
        Self::JobFailed,
        Self::Error,
        Self::ChangesPending,
        Self::Done,
    ];

    /// The number that the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::ChangesPending => 2,
            Self::Invalid => 3,
            Self::Auth => 4,
            Self::ActionFailed => 5,
            Self::Stale => 6,
            Self::JobFailed => 7,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }

    /// What the number says, as the help and the documentation list it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or no changes",
            Self::Error => "error",
            Self::ChangesPending => {
                "changes pending (drift, schema diff, import --from-terraform; else with --detailed-exitcode)"
            }
            Self::Invalid => "the files are invalid, or a denied lint was found",
            Self::Auth => "authentication or permission",
            Self::ActionFailed => "at least one action failed, is unknown, or was blocked (apply)",
            Self::Stale => "the saved plan is stale, or was applied already",
            Self::JobFailed => "a sync job failed or did not finish in time",
            Self::Usage => "wrong usage",
            Self::Interrupted => "interrupted",
        }
    }

    /// Of two results that both hold, the one to exit with.
    #[must_use]
    pub fn most_important(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_order_of_importance_is_130_64_3_4_6_5_7_1_2_0() {
        assert!(Exit::ALL.is_sorted());
        assert_eq!(Exit::ALL.map(Exit::code), [130, 64, 3, 4, 6, 5, 7, 1, 2, 0]);
        assert_eq!(Exit::Done.most_important(Exit::Stale), Exit::Stale);
    }
}
