//! The saved plan: a versioned file from which `apply` carries out what a reviewer saw.
//!
//! It needs nothing else: the sync files are not read again. It holds what each action sends
//! and what it found, and nothing that is shown of an action is written down: reading makes the
//! changes and their effects from the requests themselves, so that a plan file can show nothing but
//! what it does. What was found in the files beside that is text, and changes nothing. It holds no credential and no time, so that the same plan has the same digest.
//!
//! | module | what it does |
//! |---|---|
//! | `wire` | the form of the file |
//! | `write` | a plan becomes a file |
//! | `read` | a file becomes a plan, checked field by field |
//! | `step` | what one of its actions does and shows |
//! | `consistency` | whether its actions fit together |
//! | [`mod@join`] | several plans become one |

mod consistency;
pub mod join;
mod read;
mod step;
mod wire;
mod write;

use std::collections::BTreeSet;

pub use join::merge;
pub use read::read;
pub use write::write;

use crate::core::diagnostic::Diagnostic;
use crate::core::fields::CONNECTION_ID;
use crate::core::plan::{Plan, Step};
use crate::core::sources::Sources;
use crate::core::spec::Specs;
use crate::core::sync_file::SAVED_PLAN;
use crate::provider::ProviderConfig;

/// The version of the form that this program writes, and the newest that it reads.
const VERSION: u64 = 1;
/// The prefix of the digest, which names its algorithm.
pub const ALGORITHM: &str = "sha256:";
/// The largest file that is read, in bytes. A plan of 10,000 syncs has about 20 MB.
pub const MAX_SIZE: u64 = 256 * 1024 * 1024;

/// A plan that was saved.
#[derive(Debug, Clone)]
pub struct SavedPlan {
    /// The plan.
    pub plan: Plan,
    /// The warnings of the run that made it. They are only shown.
    pub findings: Vec<Diagnostic>,
    /// Where its syncs are declared, without the files themselves.
    pub sources: Sources,
    /// Whether it was made in the sandbox.
    pub is_sandbox: bool,
    /// Its providers, each with the server that it was made for as its `url`; none in the sandbox.
    pub providers: Vec<ProviderConfig>,
    /// The destinations of its syncs, as they were known when it was made.
    pub specs: Specs,
    /// What identifies it: `sha256:` and hexadecimal digits.
    pub digest: String,
}

/// Why a plan file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanFileError {
    /// What is wrong, to follow the file's name in a sentence.
    pub message: String,
    /// What to do, as a full sentence.
    pub help: String,
}

impl PlanFileError {
    fn new(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            help: "Make a new one with `secsync plan --out`.".to_owned(),
        }
    }

    fn forged(problem: &str) -> Self {
        Self::new(&format!("was not written by secsync: {problem}"))
    }
}

/// A name that a plan shows in place of an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The provider's name.
    pub provider: String,
    /// What it names: a project, or the connection of a destination.
    pub what: NameOf,
    /// The name.
    pub name: String,
    /// The id that it means.
    pub id: String,
}

/// What a name is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameOf {
    /// A project.
    Project,
    /// A connection to that destination.
    Connection(String),
}

impl SavedPlan {
    /// Whether it has that digest, with or without the algorithm before it.
    pub fn has_digest(&self, expected: &str) -> bool {
        let hexadecimal = |digest: &str| {
            let digits = digest.strip_prefix(ALGORITHM).unwrap_or(digest);
            digits.to_ascii_lowercase()
        };
        hexadecimal(expected) == hexadecimal(&self.digest)
    }

    /// The names that it shows in place of ids. Who reads a plan that somebody else made can see
    /// here what they mean.
    pub fn names(&self) -> BTreeSet<Named> {
        names(&self.plan)
    }
}

fn names(plan: &Plan) -> BTreeSet<Named> {
    let mut names = BTreeSet::new();
    for action in &plan.actions {
        let subject = &action.subject;
        let mut add = |what: NameOf, name: &str, id: &str| {
            if name != id {
                names.insert(Named {
                    provider: subject.provider.clone(),
                    what,
                    name: name.to_owned(),
                    id: id.to_owned(),
                });
            }
        };
        add(NameOf::Project, &subject.project, &subject.project_id);
        let (body, connection) = match &action.step {
            Step::Create(create) | Step::Replace { new: create, .. } => {
                (&create.body, &create.connection)
            }
            Step::Update(update) => (&update.body, &update.connection),
            _ => continue,
        };
        let id = body.get(CONNECTION_ID).and_then(serde_json::Value::as_str);
        if let (Some(name), Some(id)) = (connection, id) {
            add(NameOf::Connection(subject.destination.clone()), name, id);
        }
    }
    names
}

/// Whether a text is a saved plan, or was one before it was damaged, and no sync file.
pub fn is_plan(text: &[u8]) -> bool {
    let start = text.trim_ascii_start();
    if !start.starts_with(b"{") {
        return false;
    }
    if let Ok(marker) = serde_json::from_slice::<wire::Marker>(text) {
        return marker.format.as_deref() == Some(SAVED_PLAN);
    }
    // What is cut off begins as it was written.
    let beginning: String = start
        .iter()
        .take(64)
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| char::from(*byte))
        .collect();
    beginning.starts_with(&format!("{{\"format\":\"{SAVED_PLAN}\""))
}
