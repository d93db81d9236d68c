//! Planning against an earlier version of the files: what a branch changes in what is declared.
//! Nothing is sent, and no credential is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::check::Checked;
use super::observe::{Observed, Seen, nothing_selected};
use super::open::{Opened, Options, SCHEMAS, not_in_git};
use super::plan::Planned;
use crate::core::desired::Ensure;
use crate::core::diagnostic::Severity;
use crate::core::plan::base::{Base, as_remote, as_spelled, gone, shared};
use crate::core::plan::{Keeper, Kept, Policy, ProjectKey, Subject};
use crate::core::resolve::ResolvedSync;
use crate::core::spec::Specs;
use crate::core::starts::{Start, StartKey, Starts};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::git::{Commit, GitError};
use crate::provider::codes;
use crate::root::{OWN_DIRECTORY, git_root, shown, straight};
use crate::workspace::{Config, LoadOptions, Where, nothing_named};

impl From<GitError> for CommandError {
    fn from(error: GitError) -> Self {
        Self::new(Exit::Error, error.message).help(error.help)
    }
}

impl Checked {
    /// Plans as if the platforms were as the files were at the commit that the checkout and a
    /// revision have in common. All is compared with all; paths and selectors choose what is shown.
    pub fn plan_against(self, revision: &str) -> Result<Planned, CommandError> {
        let repository = self.repository()?;
        let commit = Commit::common_with(&repository, revision)?;
        let (earlier, named) = self.at(&commit, revision, &repository)?;
        let mut specs = earlier.specs.clone();
        specs.extend(&self.specs);
        for spec in specs.iter_mut().filter(|spec| spec.create.has_unread()) {
            let spec = Arc::make_mut(spec);
            spec.create = std::mem::take(&mut spec.create).given_back();
        }
        let (mut before, now) = (spelled(&earlier, &specs), spelled(&self, &specs));
        let chosen = self.chosen(&now, (&earlier, &named), &before, &commit)?;
        before.retain(|sync| sync.desired.ensure == Ensure::Present);
        let as_it_was = |sync: &ResolvedSync| {
            let spec = specs.of(&sync.desired);
            as_remote(sync, spec.map(AsRef::as_ref))
        };
        let gone = gone(&before, &now).into_iter();
        let gone = gone.filter(|sync| sync.desired.platform.reads_back());
        let gone = gone.map(|sync| (Subject::of(sync), as_it_was(sync)));
        let gone = gone.collect();
        let mut projects = BTreeMap::new();
        let mut remote: BTreeMap<ProjectKey, Vec<_>> = BTreeMap::new();
        let mut starts = BTreeMap::new();
        let mut homes = BTreeMap::new();
        for sync in before.iter().chain(&now) {
            if sync.desired.platform.reads_back() {
                let label = sync.project_label().to_owned();
                projects.entry(ProjectKey::of(sync)).or_insert(label);
            }
        }
        for sync in &before {
            if sync.desired.platform.reads_back() {
                let syncs = remote.entry(ProjectKey::of(sync)).or_default();
                syncs.push(as_it_was(sync));
            } else {
                let id = String::new();
                starts.insert(StartKey::of(sync), Start::Done { id });
                let home = (sync.desired.provider.text.clone(), sync.desired.platform);
                homes.insert(sync.server.clone(), home);
            }
        }
        let workspace = self.opened.workspace;
        let observed = Observed {
            specs,
            policy: Policy {
                protect: workspace.config.protect.clone(),
                ..Policy::default()
            },
            syncs: now,
            seen: Seen {
                projects,
                remote,
                ..Seen::default()
            },
            homes,
            workspace,
        };
        let mut plan = observed.plan(&Starts::Recorded(starts));
        plan.retain_changes();
        if let Some(chosen) = &chosen {
            plan.retain_about(chosen, &observed.syncs);
        }
        plan.kept = kept(&plan.unmanaged, &observed.workspace.config);
        plan.shared = shared(&plan.actions, &before, &observed.syncs);
        plan.base = Some(Base {
            revision: revision.to_owned(),
            commit: commit.short().to_owned(),
            is_whole: chosen.is_none(),
            gone,
        });
        Ok(Planned {
            workspace: observed.workspace,
            syncs: observed.syncs,
            seen: observed.seen,
            plan,
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

    /// The same workspace as it was at a commit, checked, with the names of the files that each path
    /// of the command line meant in it.
    fn at(
        &self,
        commit: &Commit,
        revision: &str,
        repository: &Utf8Path,
    ) -> Result<(Self, Vec<Vec<String>>), CommandError> {
        let place = tempfile::tempdir().map_err(|error| cannot_extract(&error))?;
        let place_path = Utf8Path::from_path(place.path())
            .ok_or_else(|| cannot_extract(&std::io::ErrorKind::InvalidInput.into()))?
            .canonicalize_utf8()
            .map_err(|error| cannot_extract(&error))?;
        // What marks the end of the search for a workspace's root.
        std::fs::create_dir(place_path.join(".git")).map_err(|error| cannot_extract(&error))?;
        self.extracted(commit, repository, &place_path)
            .map_err(|error| invalid_before(revision, commit, error))
            .map_err(|error| in_repository(error, &place_path))
    }

    /// The same, with the files of the commit written into a place.
    fn extracted(
        &self,
        commit: &Commit,
        repository: &Utf8Path,
        place: &Utf8Path,
    ) -> Result<(Self, Vec<Vec<String>>), CommandError> {
        let request = self.opened.earlier(commit, repository, place)?;
        let mut opened = Opened::open(Options {
            request,
            ..self.opened.options.clone()
        })?;
        // A branch may be what puts right that a lint denies.
        let lints = codes::lints().into_iter();
        Arc::make_mut(&mut opened.workspace).config.lint =
            lints.map(|code| (code, Severity::Ignored)).collect();
        let loaded = opened.load_what_exists()?;
        let words = loaded.0.options.request.paths.iter();
        let named = words
            .map(|word| loaded.workspace().files_of(word))
            .collect();
        CommandError::unless_valid(loaded.workspace())?;
        Ok((loaded.check()?, named))
    }

    /// The syncs that paths and selectors mean, in either version of the files; `None` for all.
    fn chosen(
        &self,
        now: &[ResolvedSync],
        (earlier, named): (&Self, &[Vec<String>]),
        before: &[ResolvedSync],
        commit: &Commit,
    ) -> Result<Option<Vec<Subject>>, CommandError> {
        let [workspace, old] = [&self.opened.workspace, &earlier.opened.workspace];
        let selection = &self.opened.selection;
        let words = &self.opened.options.request.paths;
        if words.is_empty() && workspace.files + old.files == 0 {
            return Err(nothing_named().into());
        }
        if words.is_empty() && selection.is_everything() {
            return Ok(None);
        }
        let mut files = [BTreeSet::new(), BTreeSet::new()];
        for (word, named) in words.iter().zip(named) {
            let found = [workspace.files_of(word), named.clone()];
            if found.iter().all(Vec::is_empty) {
                let commit = commit.short();
                return Err(CommandError::usage(format!(
                    "`{word}` names no sync file, neither now nor at {commit}."
                ))
                .help("Name files of the workspace, or none."));
            }
            for (files, found) in files.iter_mut().zip(found) {
                files.extend(found);
            }
        }
        if let Some(idle) = selection.idle(before.iter().chain(now)).first() {
            return Err(CommandError::usage(format!(
                "`{idle}` matches no sync of either version of the files."
            ))
            .help("`secsync validate -v` lists the syncs that are declared now."));
        }
        let mut syncs = before.iter().chain(now);
        if !syncs.any(|sync| selection.matches(sync)) {
            return Err(nothing_selected(selection));
        }
        let mut chosen = Vec::new();
        for (workspace, syncs, files) in [(workspace, now, &files[0]), (old, before, &files[1])] {
            let is_chosen = |sync: &&ResolvedSync| {
                let file = &workspace.sources.get(sync.desired.key.source).name;
                selection.matches(*sync) && (words.is_empty() || files.contains(file))
            };
            chosen.extend(syncs.iter().filter(is_chosen).map(Subject::of));
        }
        Ok(Some(chosen))
    }
}

impl Opened {
    /// What to load for the same workspace as it was at a commit, whose files are written into a
    /// place. A file of variables that Git did not have is the same for both.
    fn earlier(
        &self,
        commit: &Commit,
        repository: &Utf8Path,
        place: &Utf8Path,
    ) -> Result<LoadOptions, CommandError> {
        let request = &self.options.request;
        let root = &self.workspace.root;
        let inside = |path: &Utf8Path| {
            let path = straight(&request.directory.join(path));
            path.strip_prefix(repository).map(Utf8Path::to_owned).ok()
        };
        let below = inside(root).unwrap_or_default();
        let directory = place.join(inside(&request.directory).unwrap_or_else(|| below.clone()));
        let named = |word: &String| inside(Utf8Path::new(word)).ok_or_else(|| not_in_git(word));
        let named: Vec<Utf8PathBuf> = request.paths.iter().map(named).collect::<Result<_, _>>()?;
        let of_variables = request.variable_files.iter().map(|file| inside(file));
        let of_variables: Vec<Option<Utf8PathBuf>> = of_variables.collect();
        let wanted: BTreeSet<&Utf8Path> = named
            .iter()
            .chain(of_variables.iter().flatten())
            .map(AsRef::as_ref)
            .collect();
        let is_below = wanted.iter().all(|path| path.starts_with(&below));
        let from = if is_below { &*below } else { "".into() };
        commit.extract(from, place, |path| {
            wanted.contains(path) || is_of_a_workspace(path.strip_prefix(&below).unwrap_or(path))
        })?;
        let files = request.variable_files.iter().zip(of_variables);
        let variable_files = files.map(|(file, inside)| {
            let before = inside.map(|inside| place.join(inside));
            let before = before.filter(|before| before.symlink_metadata().is_ok());
            before.unwrap_or_else(|| request.directory.join(file))
        });
        let paths = named.iter().map(|path| place.join(path));
        let paths = paths.map(|path| shown(&path, &directory).into_string());
        Ok(LoadOptions {
            paths: paths.collect(),
            workspace: Where::At(place.join(&below)),
            variable_files: variable_files.collect(),
            directory,
            ..request.clone()
        })
    }
}

/// Whether a file can be one of those that a workspace reads, by its path from the root on.
fn is_of_a_workspace(path: &Utf8Path) -> bool {
    let is_own = path.starts_with(OWN_DIRECTORY);
    let is_read = matches!(path.extension(), Some("yaml" | "yml" | "json"));
    is_read && (!is_own || path.starts_with(SCHEMAS))
}

/// The syncs of a workspace as the files spell them.
fn spelled(checked: &Checked, specs: &Specs) -> Vec<ResolvedSync> {
    let workspace = &checked.opened.workspace;
    let servers = workspace.config.servers();
    let syncs = workspace.syncs.iter();
    syncs
        .map(|sync| {
            let spec = specs.of(sync);
            let app = spec.and_then(|spec| spec.connection_app.as_deref());
            let provider = &sync.provider.text;
            as_spelled(sync, servers.get(provider).unwrap_or(provider), app)
        })
        .collect()
}

/// What the workspace keeps from being pruned.
fn kept(unmanaged: &[Subject], config: &Config) -> Vec<Kept> {
    let kept = |subject: &Subject| {
        let by = if config.ignore.matches(&subject.name) {
            Keeper::Ignore
        } else if config.protect.matches(&subject.name) {
            Keeper::Protect
        } else {
            return None;
        };
        let subject = subject.clone();
        Some(Kept { subject, by })
    };
    unmanaged.iter().filter_map(kept).collect()
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

/// An error that calls the place, which is gone by then, what it stood for.
fn in_repository(mut error: CommandError, place: &Utf8Path) -> CommandError {
    let renamed = |text: &str| {
        text.replace(&format!("{place}/"), "")
            .replace(&format!("`{place}`"), "the repository")
            .replace(place.as_str(), "the repository")
    };
    for problem in &mut error.problems {
        problem.message = renamed(&problem.message);
        problem.help = problem.help.as_deref().map(renamed);
    }
    error
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
