//! What other files of the workspace declare, and for pruning other workspaces of the same Git
//! repository: what is undeclared here can be declared there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use super::check::project_of_environment;
use super::link::ProjectNames;
use super::open::Opened;
use crate::core::desired::DesiredSync;
use crate::core::platform::Platform;
use crate::core::remote::RemoteProject;
use crate::core::resolve;
use crate::core::words::is_uuid;
use crate::error::CommandError;
use crate::provider::trust::known_address;
use crate::root::{WORKSPACE_FILE, git_root, shown};
use crate::text_file::reason;
use crate::workspace::{LoadError, LoadOptions, Settings, Where, Workspace};

/// A project that sync files of another workspace name.
pub struct NeighbourProject {
    /// The root of that workspace, as people write it.
    root: Utf8PathBuf,
    platform: Platform,
    /// The server, if the workspace names it.
    url: Option<String>,
    /// The project as spelled.
    project: String,
}

impl NeighbourProject {
    /// Whether only the server knows which project is meant.
    pub fn is_name_on(&self, platform: Platform) -> bool {
        self.platform == platform && !is_uuid(&self.project)
    }
}

impl Opened {
    /// The projects that other workspaces of the repository name. An error if a workspace cannot be
    /// read whole: it could name any project.
    pub(super) fn claims(&self) -> Result<Vec<NeighbourProject>, CommandError> {
        let own = &self.workspace.root;
        let Some(git) = git_root(own) else {
            return Ok(Vec::new());
        };
        let mut claims = Vec::new();
        for root in workspaces(&git, &self.options.request.directory)? {
            if root != *own {
                self.claims_of(&root, &mut claims)?;
            }
        }
        Ok(claims)
    }

    /// The syncs that other files of this workspace declare, where only some were named. What is wrong
    /// with those files is not for this run to say.
    pub(super) fn other_syncs(&self) -> Vec<Arc<DesiredSync>> {
        if self.workspace.is_whole || !self.selection.is_everything() {
            return Vec::new();
        }
        let options = LoadOptions {
            workspace: Where::At(self.workspace.root.clone()),
            paths: Vec::new(),
            ..self.options.request.clone()
        };
        let environment = &self.options.environment;
        let Ok(mut whole) = Settings::open(&options).map(Workspace::from) else {
            return Vec::new();
        };
        let loaded = whole.load(&options, environment, &mut std::io::empty(), &*self.store);
        if loaded.is_err() {
            return Vec::new();
        }
        let own: BTreeSet<Identity<'_>> = (self.workspace.syncs.iter())
            .map(|sync| identity(sync))
            .collect();
        let others = whole.syncs.into_iter();
        others
            .filter(|sync| !own.contains(&identity(sync)))
            .collect()
    }

    fn claims_of(
        &self,
        root: &Utf8Path,
        claims: &mut Vec<NeighbourProject>,
    ) -> Result<(), CommandError> {
        let options = LoadOptions {
            directory: self.options.request.directory.clone(),
            workspace: Where::At(root.to_owned()),
            ..LoadOptions::default()
        };
        let environment = &self.options.environment;
        let shown = shown(root, &options.directory);
        let mut other = Workspace::from(Settings::open(&options)?);
        match other.load(&options, environment, &mut std::io::empty(), &*self.store) {
            Ok(()) => {}
            Err(LoadError::NoFiles(_)) => return Ok(()),
            Err(error @ LoadError::TwoWorkspaces(..)) => {
                return Err(unknown(&shown, &error.to_string()));
            }
        }
        if let Some(found) = other.diagnostics.iter().find(|found| found.is_error()) {
            return Err(unknown(&shown, &found.message));
        }
        let of_syncs = other.syncs.iter().map(|sync| {
            let project = sync.project.as_ref().map(|word| word.text.as_str());
            let provider = &sync.provider.text;
            let project =
                project.or_else(|| project_of_environment(&other.config, provider, environment));
            (provider, sync.platform, project)
        });
        let at_top = other.projects.iter().map(|named| {
            let project = Some(named.project.text.as_str());
            (&named.provider.text, named.platform, project)
        });
        for (provider, platform, project) in of_syncs.chain(at_top) {
            let Some(project) = project.filter(|_| platform.reads_back()) else {
                continue;
            };
            let config = other.config.providers.get(provider);
            claims.push(NeighbourProject {
                root: shown.clone(),
                platform,
                url: config.and_then(|config| config.url.clone()),
                project: project.to_owned(),
            });
        }
        Ok(())
    }
}

/// The provider, the project and the name of a sync, as spelled.
type Identity<'a> = (&'a str, Option<&'a str>, &'a str);

fn identity(sync: &DesiredSync) -> Identity<'_> {
    let project = sync.project.as_ref().map(|word| word.text.as_str());
    (&sync.provider.text, project, &sync.name.text)
}

/// Refuses to prune in a project that another workspace names.
pub fn check(
    claims: &[NeighbourProject],
    projects: &ProjectNames,
    tables: &BTreeMap<String, Vec<RemoteProject>>,
) -> Result<(), CommandError> {
    let refused = projects.iter().flat_map(|(key, label)| {
        let table = tables.get(&key.provider).map_or(&[][..], Vec::as_slice);
        let same = claims.iter().filter(move |claim| {
            claim.platform == key.platform
                && is_same_server(key.platform, claim.url.as_deref(), &key.server)
                && (claim.project == key.project_id
                    || resolve::project_id(&claim.project, table).as_ref() == Some(&key.project_id))
        });
        same.map(move |claim| refusal(label, &claim.root))
    });
    CommandError::all(refused)
}

/// The roots of the workspaces of a repository: that of the repository itself and the directories
/// of all workspace files, those that Git ignores too.
fn workspaces(git: &Utf8Path, directory: &Utf8Path) -> Result<BTreeSet<Utf8PathBuf>, CommandError> {
    let walker = WalkBuilder::new(git)
        .standard_filters(false)
        // A repository inside this one is another one.
        .filter_entry(|entry| {
            let is_root = entry.depth() == 0;
            entry.file_name() != ".git" && (is_root || !entry.path().join(".git").exists())
        })
        .build();
    let mut roots = BTreeSet::from([git.to_owned()]);
    for entry in walker {
        let entry = entry.map_err(|error| {
            let why = match error.io_error() {
                Some(error) => format!("a directory in it cannot be read: {}.", reason(error)),
                None => format!("{error}."),
            };
            unknown(&shown(git, directory), &why)
        })?;
        if entry.file_name() == WORKSPACE_FILE
            && let Some(path) = Utf8Path::from_path(entry.path())
        {
            roots.extend(path.parent().map(Utf8Path::to_owned));
        }
    }
    Ok(roots)
}

/// Whether a server that a workspace names can be the same as another one. One that it does not
/// name comes from the environment, and can be any.
fn is_same_server(platform: Platform, url: Option<&str>, server: &str) -> bool {
    let address = |text: &str| known_address(platform, text);
    match url.map(address) {
        Some(Some(named)) => address(server).is_none_or(|server| server == named),
        _ => true,
    }
}

fn refusal(project: &str, root: &Utf8Path) -> CommandError {
    CommandError::usage(format!(
        "`--prune` would delete syncs of the project `{project}` that no file here declares, but \
         the workspace `{root}` of this repository names that project, too."
    ))
    .help("Declare all syncs of a project in one workspace, or leave out --prune.")
}

fn unknown(root: &Utf8Path, why: &str) -> CommandError {
    CommandError::usage(format!(
        "`--prune` cannot know which projects the workspace `{root}` of this repository names: \
         {why}"
    ))
    .help(format!(
        "Run `secsync validate -C {root}`, and fix what it finds."
    ))
}
