//! A platform as everything outside its door knows it: a name, and what it can do.
//!
//! Nothing here names one. Each platform describes itself in `provider/<platform>`, and the
//! registration in [`crate::provider`] lists them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// What a platform says about itself.
pub struct Description {
    /// Its name in files: `infisical`.
    pub name: &'static str,
    /// Its name as people write it: `Infisical`.
    pub title: &'static str,
    /// What it can do. What is not listed, it cannot.
    pub capabilities: &'static [Capability],
}

/// Something that not every platform can do, or not in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Its syncs can be listed, changed and deleted. Without it they can only be started, and
    /// secsync records each start in its state.
    ReadsBack,
    /// A sync pushes through a connection that exists apart from it.
    Connections,
    /// A name means one sync of a project. Without it, one of a project and a destination.
    NamesPerProject,
    /// A job of a sync can be asked for, and followed.
    Jobs,
    /// A sync can take another name and stay what it is.
    Renames,
    /// A sync reads from a folder of an environment, which can be deleted under it.
    SourceFolders,
    /// Each destination has a schema of its own. Without it one schema serves all, and any slug
    /// of the right form is a destination.
    ListsDestinations,
}

/// Which platform a provider is an instance of. Two are the same if their names are.
#[derive(Clone, Copy)]
pub struct Platform(&'static Description);

impl Platform {
    /// The platform of a description.
    pub const fn new(description: &'static Description) -> Self {
        Self(description)
    }

    /// The name in files: `infisical`.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The platform's name as people write it: `Infisical`.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// Whether its syncs can be listed, so that what exists is known from the platform itself.
    /// Otherwise its syncs can only be started, and each start is recorded.
    pub fn reads_back(self) -> bool {
        self.can(Capability::ReadsBack)
    }

    /// Whether a sync pushes through a connection that exists apart from it.
    pub fn has_connections(self) -> bool {
        self.can(Capability::Connections)
    }

    /// The destination, if it is part of what identifies a sync: where a name means one sync of a
    /// project and a destination, and not of the whole project.
    pub fn identifying(self, destination: &str) -> Option<&str> {
        (!self.can(Capability::NamesPerProject)).then_some(destination)
    }

    /// Whether a job of a sync can be asked for.
    pub fn has_jobs(self) -> bool {
        self.can(Capability::Jobs)
    }

    /// Whether a sync can be renamed.
    pub fn can_rename(self) -> bool {
        self.can(Capability::Renames)
    }

    /// Whether a sync reads from a folder, which can be deleted under it.
    pub fn has_source_folders(self) -> bool {
        self.can(Capability::SourceFolders)
    }

    /// Whether its destinations are known by name, each with a schema of its own.
    pub fn lists_destinations(self) -> bool {
        self.can(Capability::ListsDestinations)
    }

    fn can(self, capability: Capability) -> bool {
        self.0.capabilities.contains(&capability)
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.title())
    }
}

impl PartialEq for Platform {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Platform {}

impl PartialOrd for Platform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Platform {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for Platform {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}
