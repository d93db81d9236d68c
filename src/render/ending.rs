//! How a command ended, whatever it was about.

use crate::core::diagnostic::Diagnostic;
use crate::core::problem::Problem;
use crate::core::sources::Sources;
use crate::exit::Exit;

/// What every format says of every command.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The command.
    pub command: &'static str,
    /// Whether the sandbox answered and no real server.
    pub is_sandbox: bool,
    /// What is wrong with the files.
    pub findings: &'a [Diagnostic],
    /// The texts that the findings point into.
    pub sources: &'a Sources,
    /// Why the command stopped; `None` if it did its work to the end.
    pub problems: Option<&'a [Problem]>,
    /// The exit code.
    pub exit: Exit,
}
