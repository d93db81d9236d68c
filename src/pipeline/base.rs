//! Planning against an earlier version of the files: what a branch changes in what is declared.
//! Nothing is sent, and no credential is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::check::{Checked, accept};
use super::observe::Observed;
use super::open::{Opened, Options};
use super::plan::Planned;
use crate::core::code::Code;
use crate::core::desired::{DesiredSync, Ensure};
use crate::core::diagnostic::Severity;
use crate::core::plan::base::{Base, as_remote, as_spelled, shared};
use crate::core::plan::{Policy, ProjectKey};
use crate::core::resolve::ResolvedSync;
use crate::core::spec::Specs;
use crate::core::starts::{Start, StartKey, Starts};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::git::{Commit, GitError};
use crate::root::{OWN_DIRECTORY, git_root};
use crate::workspace::{Config, LoadOptions, Where};

/// The word for standard input.
const STDIN: &str = "-";

impl From<GitError> for CommandError {
    fn from(error: GitError) -> Self {
        Self::new(Exit::Error, error.message).help(error.help)
    }
}

impl Checked {
    /// Plans as if the platforms were as the files were at the commit that the checkout and a
    /// revision have in common.
    pub fn plan_against(self, revision: &str) -> Result<Planned, CommandError> {
        let commit = Commit::common_with(&self.repository()?, revision)?;
        let earlier = self.at(&commit, revision)?;
        let mut specs = self.specs.clone();
        specs.extend(earlier.specs.clone());
        let (before, now) = (spelled(&earlier, &specs), spelled(&self, &specs));
        let before: Vec<ResolvedSync> = before
            .into_iter()
            .filter(|sync| sync.desired.ensure == Ensure::Present)
            .collect();
        let mut projects = BTreeMap::new();
        let mut remote: BTreeMap<ProjectKey, Vec<_>> = BTreeMap::new();
        let mut starts = BTreeMap::new();
        for sync in before.iter().chain(&now) {
            if sync.desired.platform.reads_back() {
                let label = sync.project_label().to_owned();
                projects.entry(ProjectKey::of(sync)).or_insert(label);
            }
        }
        for sync in &before {
            if sync.desired.platform.reads_back() {
                let spec = specs.get(&key_of(&sync.desired)).map(AsRef::as_ref);
                let syncs = remote.entry(ProjectKey::of(sync)).or_default();
                syncs.push(as_remote(sync, spec));
            } else {
                let id = String::new();
                starts.insert(StartKey::of(sync), Start::Done { id });
            }
        }
        let homes = before
            .iter()
            .filter(|sync| !sync.desired.platform.reads_back())
            .map(|sync| {
                let home = (sync.desired.provider.text.clone(), sync.desired.platform);
                (sync.server.clone(), home)
            });
        let homes = homes.collect();
        let opened = self.opened;
        let observed = Observed {
            specs,
            policy: Policy {
                protect: opened.workspace.config.protect.clone(),
                ignore: opened.workspace.config.ignore.clone(),
                selection: opened.selection,
                ..Policy::default()
            },
            providers: BTreeMap::new(),
            syncs: now,
            projects,
            tables: BTreeMap::new(),
            remote,
            homes,
            workspace: opened.workspace,
        };
        let mut plan = observed.plan(&Starts::Recorded(starts));
        plan.shared = shared(&plan.actions, &before, &observed.syncs);
        plan.base = Some(Base {
            revision: revision.to_owned(),
            commit: commit.short().to_owned(),
        });
        Ok(Planned {
            plan,
            observed,
            state: None,
        })
    }

    /// The root of the Git repository that the files are in.
    fn repository(&self) -> Result<Utf8PathBuf, CommandError> {
        git_root(&self.opened.workspace.root).ok_or_else(|| {
            CommandError::usage(
                "`--base` compares with Git, and the files are in no Git repository.",
            )
            .help("Run it in a clone of the repository.")
        })
    }

    /// The same workspace as it was at a commit, checked.
    fn at(&self, commit: &Commit, revision: &str) -> Result<Self, CommandError> {
        let repository = self.repository()?;
        let root = &self.opened.workspace.root;
        let below = root.strip_prefix(&repository).unwrap_or(Utf8Path::new(""));
        let place = tempfile::tempdir().map_err(|error| cannot_extract(&error))?;
        let place_path = Utf8Path::from_path(place.path())
            .ok_or_else(|| cannot_extract(&std::io::ErrorKind::InvalidInput.into()))?
            .canonicalize_utf8()
            .map_err(|error| cannot_extract(&error))?;
        // What marks the end of the search for the workspace's root.
        std::fs::create_dir(place_path.join(".git")).map_err(|error| cannot_extract(&error))?;
        commit.extract(below, &place_path, is_of_a_workspace)?;
        let mut opened = self.opened.at(&place_path)?;
        // A branch may be what puts right that a lint denies.
        let lints = Code::ALL.iter().filter(|code| code.is_lint());
        Arc::make_mut(&mut opened.workspace).config.lint =
            lints.map(|code| (*code, Severity::Ignored)).collect();
        let loaded = opened.load_what_exists()?;
        accept(loaded.workspace())
            .and_then(|()| loaded.check())
            .map_err(|error| invalid_before(revision, commit, error))
    }
}

impl Opened {
    /// The same workspace in another directory, which holds what its root held.
    fn at(&self, place: &Utf8Path) -> Result<Self, CommandError> {
        let Options { request, .. } = &self.options;
        let root = &self.workspace.root;
        let paths = request
            .paths
            .iter()
            .map(|path| moved(path, &request.directory, root, place))
            .collect::<Result<_, _>>()?;
        Self::open(Options {
            request: LoadOptions {
                directory: place.to_owned(),
                paths,
                workspace: Where::At(place.to_owned()),
                variable_files: request
                    .variable_files
                    .iter()
                    .map(|file| request.directory.join(file))
                    .collect(),
                ..request.clone()
            },
            ..self.options.clone()
        })
    }
}

/// A path on the command line as it is in another place.
fn moved(
    path: &str,
    directory: &Utf8Path,
    root: &Utf8Path,
    place: &Utf8Path,
) -> Result<String, CommandError> {
    let outside = || {
        CommandError::usage(format!(
            "`{path}` is not in Git, so `--base` has nothing to compare it with."
        ))
        .help("Name files of the workspace, or none.")
    };
    if path == STDIN {
        return Err(outside());
    }
    let inside = crate::root::straight(&directory.join(path));
    let inside = inside.strip_prefix(root).map_err(|_| outside())?;
    Ok(place.join(inside).into_string())
}

/// Whether a file can be one of those that a workspace reads.
fn is_of_a_workspace(path: &Utf8Path) -> bool {
    let is_own = path.starts_with(OWN_DIRECTORY);
    let is_read = matches!(path.extension(), Some("yaml" | "yml" | "json"));
    is_read && (!is_own || path.starts_with(super::open::SCHEMAS))
}

/// The syncs of a workspace as the files spell them.
fn spelled(checked: &Checked, specs: &Specs) -> Vec<ResolvedSync> {
    let workspace = &checked.opened.workspace;
    let syncs = workspace.syncs.iter();
    syncs
        .map(|sync| {
            let spec = specs.get(&key_of(sync));
            let app = spec.and_then(|spec| spec.connection_app.as_deref());
            as_spelled(sync, server_of(&workspace.config, &sync.provider.text), app)
        })
        .collect()
}

fn key_of(sync: &DesiredSync) -> (crate::core::platform::Platform, String) {
    (sync.platform, sync.destination.text.clone())
}

/// What stands for a provider's server: the address that the files give it, or its name.
pub(super) fn server_of<'a>(config: &'a Config, provider: &'a str) -> &'a str {
    let config = config.providers.get(provider);
    config
        .and_then(|config| config.url.as_deref())
        .unwrap_or(provider)
}

/// Says that there is nothing to compare with, if the error is one of files.
fn invalid_before(revision: &str, commit: &Commit, error: CommandError) -> CommandError {
    let Some(workspace) = &error.found else {
        return error;
    };
    let mut findings = workspace.diagnostics.iter();
    let Some(first) = findings.find(|found| found.is_error()) else {
        return error;
    };
    let place = first.span().map(|span| {
        let position = workspace.sources.position(span);
        let file = &workspace.sources.get(span.source).name;
        format!(" ({file}:{}:{})", position.line, position.column)
    });
    CommandError::new(
        Exit::Invalid,
        format!(
            "The files were invalid at {} (where this branch left `{revision}`), so there is nothing \
             to compare with: {}{}",
            commit.short(),
            first.message,
            place.unwrap_or_default()
        ),
    )
    .help("Compare with a revision whose files are valid, or plan without `--base`.")
}

fn cannot_extract(error: &std::io::Error) -> CommandError {
    CommandError::new(
        Exit::Error,
        format!(
            "No temporary directory can be made for the earlier files: {}.",
            crate::text_file::reason(error)
        ),
    )
    .help("Make room in it, or set TMPDIR to another one.")
}
