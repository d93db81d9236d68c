//! The exit codes of every command.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
///
/// Where several hold, the most important one wins; see [`Exit::most_important`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Done, or there was nothing to do.
    Done,
    /// An error that no other code describes.
    Error,
    /// Changes are pending (`--detailed-exitcode`, `drift`).
    ChangesPending,
    /// The files are invalid, or a denied lint was found.
    Invalid,
    /// A credential is missing or wrong, or a permission is missing.
    Auth,
    /// At least one action failed, or its result is unknown.
    ActionFailed,
    /// The saved plan is stale, or was applied already.
    Stale,
    /// A sync job failed, or did not finish in time.
    JobFailed,
    /// The command line is wrong.
    Usage,
    /// Interrupted by Ctrl-C or a termination signal.
    Interrupted,
}

impl Exit {
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

    /// Of two results that both hold, the one to exit with:
    /// 130, 64, 3, 4, 6, 5, 7, 1, 2, 0.
    #[must_use]
    pub fn most_important(self, other: Self) -> Self {
        if self.rank() <= other.rank() {
            self
        } else {
            other
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Interrupted => 0,
            Self::Usage => 1,
            Self::Invalid => 2,
            Self::Auth => 3,
            Self::Stale => 4,
            Self::ActionFailed => 5,
            Self::JobFailed => 6,
            Self::Error => 7,
            Self::ChangesPending => 8,
            Self::Done => 9,
        }
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
        let ordered = [
            Exit::Interrupted,
            Exit::Usage,
            Exit::Invalid,
            Exit::Auth,
            Exit::Stale,
            Exit::ActionFailed,
            Exit::JobFailed,
            Exit::Error,
            Exit::ChangesPending,
            Exit::Done,
        ];
        let codes: Vec<u8> = ordered.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [130, 64, 3, 4, 6, 5, 7, 1, 2, 0]);
        for (index, first) in ordered.iter().enumerate() {
            for second in &ordered[index..] {
                assert_eq!(first.most_important(*second), *first);
                assert_eq!(second.most_important(*first), *first);
            }
        }
    }
}
