//! Sync files for remote syncs, which `export` and `import` write.
//!
//! | module | what it holds |
//! |---|---|
//! | [`draft`] | the text of a sync file, checked before anybody gets it |
//! | [`paths`] | where files go, and how they name the schema for editors |
//! | [`target`] | adding declarations to a file that people wrote |
//! | [`terraform`] | the way from Terraform: its resources as remote syncs |

pub mod draft;
pub mod paths;
pub mod target;
pub mod terraform;

use camino::Utf8PathBuf;

use crate::core::plan::UnknownField;
use draft::HiddenConnections;

/// What an export or an import came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// The files that were written, or the name of standard output.
    pub written: Vec<Written>,
    /// The syncs that no valid file can declare.
    pub left_out: Vec<draft::LeftOut>,
    /// The fields of exported syncs that the schemas in use do not know.
    pub unknown: Vec<UnknownField>,
    /// The projects that were looked at.
    pub projects: Vec<ProjectSummary>,
    /// Whether syncs that are already declared or ignored were also taken.
    pub takes_all: bool,
    /// Apps whose connections the identity may not list, so that they are named by their ids.
    pub unlisted_apps: Vec<String>,
    /// The projects with connections that are named by their ids, as the identity lacks a right.
    pub hidden: Vec<HiddenConnections>,
    /// Whether the workspace has a file of its own.
    pub has_settings: bool,
    /// What became of the example of `init`, if it was put away.
    pub example: Option<FirstSyncFile>,
    /// What there is to say about an import from Terraform.
    pub migration: Option<terraform::Migration>,
}

/// What became of the example of `init`, with its path as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstSyncFile {
    /// It was removed, as the files now declare real syncs.
    Removed(Utf8PathBuf),
    /// It is a comment now, as there is no sync to declare.
    Comment(Utf8PathBuf),
}

/// A file that was written.
#[derive(Debug)]
pub struct Written {
    /// Its path as people write it; none for standard output.
    pub path: Option<Utf8PathBuf>,
    /// The syncs that it declares now, each with its project.
    pub syncs: Vec<(String, String)>,
    /// Whether it is a file that the workspace does not load by itself.
    pub is_apart: bool,
}

/// What was found in a project.
#[derive(Debug)]
pub struct ProjectSummary {
    /// The project as files name it.
    pub word: String,
    /// How many syncs the identity can read in it.
    pub found: usize,
    /// How many of them the files declare already.
    pub declared: usize,
    /// How many of them `unmanaged.ignore` names.
    pub ignored: usize,
}
