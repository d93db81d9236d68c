//! The inventory: what is remote in projects, whether or not it is declared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::{Checked, project_of_environment};
use super::link::{Link, ProjectNames};
use super::open::Opened;
use crate::core::desired::Word;
use crate::core::plan::ProjectKey;
use crate::core::platform::Platform;
use crate::core::remote::{RemoteProject, RemoteSync, UsableConnections};
use crate::core::resolve;
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::core::words::is_uuid;
use crate::error::CommandError;
use crate::http::error::RequestErrorKind;
use crate::provider::{ManagedSyncs, Provider};
use crate::workspace::Workspace;

/// Which projects are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projects {
    /// Each that the identity can see and may read.
    All,
    /// These, by id, slug or unique name; if empty, those that the files name.
    Named(Vec<String>),
    /// These, by what is known to be an id, whether or not the identity can see the project.
    WithIds(Vec<String>),
}

/// What is to be read.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The provider's name in the files.
    pub provider: String,
    /// Which projects are looked at.
    pub projects: Projects,
}

/// What is remote, and by whom it was read.
pub struct Inventory {
    /// The provider's name in the files.
    pub provider: String,
    /// Its platform.
    pub platform: Platform,
    /// The projects, ordered by the word that a file best names them by.
    pub projects: Vec<ProjectInventory>,
    /// All projects that the identity can see, to name them by.
    pub table: Vec<RemoteProject>,
    /// The connected provider.
    pub connected: Arc<dyn ManagedSyncs>,
}

/// A project and its syncs.
#[derive(Debug)]
pub struct ProjectInventory {
    /// Its id.
    pub id: String,
    /// The word that a file best names it by.
    pub word: String,
    /// The words besides its id that it goes by.
    pub words: Vec<String>,
    /// Its syncs, ordered by name.
    pub syncs: Vec<RemoteSync>,
    /// The names that the files declare in it with their places, those before a rename among them.
    pub declared: BTreeMap<String, Span>,
}

/// Projects that are to be looked at, before anything in them was read.
pub struct Chosen {
    /// Their ids.
    pub ids: BTreeSet<String>,
    /// The projects that the identity can see, to name them by; empty if no name was needed.
    pub table: Vec<RemoteProject>,
    /// The connected provider.
    pub connected: Arc<dyn ManagedSyncs>,
}

impl Chosen {
    /// The word that a file best names a project by.
    pub fn word<'a>(&'a self, id: &'a str) -> &'a str {
        resolve::project_word(id, &self.table)
    }
}

impl Opened {
    /// Finds out which projects are meant. Without a request if all are named, and allowed, by their
    /// ids, otherwise by one.
    pub async fn choose(&self, wanted: &Wanted, link: &Link) -> Result<Chosen, CommandError> {
        let words = self.words(wanted)?;
        if are_ids(words.as_deref()) && link.allows_by_id(words.as_deref()) {
            let connected = self.readable(&wanted.provider, link)?;
            return self.chosen(wanted, words.as_deref(), (connected, Vec::new()), link);
        }
        self.choose_by_name(wanted, link).await
    }

    /// The same with the names of the projects: one request.
    pub async fn choose_by_name(
        &self,
        wanted: &Wanted,
        link: &Link,
    ) -> Result<Chosen, CommandError> {
        let connected = self.readable(&wanted.provider, link)?;
        let words = self.words(wanted)?;
        let table = match connected.projects().await {
            Ok(table) => table,
            // An id needs no table.
            Err(error)
                if error.kind == RequestErrorKind::Permission
                    && (matches!(wanted.projects, Projects::WithIds(_))
                        || are_ids(words.as_deref())) =>
            {
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        self.chosen(wanted, words.as_deref(), (connected, table), link)
    }

    fn chosen(
        &self,
        wanted: &Wanted,
        words: Option<&[String]>,
        (connected, table): (Arc<dyn ManagedSyncs>, Vec<RemoteProject>),
        link: &Link,
    ) -> Result<Chosen, CommandError> {
        let platform = self.platform_of(&wanted.provider)?;
        Ok(Chosen {
            ids: ids_of(wanted, words, platform, &table, link)?,
            table,
            connected,
        })
    }

    /// The words that name the projects; `None` for all.
    fn words(&self, wanted: &Wanted) -> Result<Option<Vec<String>>, CommandError> {
        match &wanted.projects {
            Projects::All => Ok(None),
            Projects::Named(words) if words.is_empty() => {
                self.projects_of_files(&wanted.provider).map(Some)
            }
            Projects::Named(words) | Projects::WithIds(words) => Ok(Some(words.clone())),
        }
    }

    /// A provider whose syncs can be read back.
    pub fn readable(&self, name: &str, link: &Link) -> Result<Arc<dyn ManagedSyncs>, CommandError> {
        let used = BTreeSet::from([name.to_owned()]);
        match link.connect(self, &used)?.remove(name) {
            Some(Provider::Managed(provider)) => Ok(provider),
            _ => Err(CommandError::usage(format!(
                "The syncs of the provider `{name}` cannot be read."
            ))),
        }
    }

    /// The projects that the files name; the one that the environment names if they name none.
    fn projects_of_files(&self, provider: &str) -> Result<Vec<String>, CommandError> {
        let of_syncs = self
            .workspace
            .syncs
            .iter()
            .filter(|sync| sync.provider.text == provider)
            .filter_map(|sync| Some(&sync.project.as_ref()?.text));
        let of_files = self
            .workspace
            .projects
            .iter()
            .filter(|named| named.provider.text == provider)
            .map(|named| &named.project.text);
        let named: BTreeSet<&String> = of_syncs.chain(of_files).collect();
        if !named.is_empty() {
            return Ok(named.into_iter().cloned().collect());
        }
        let environment = &self.options.environment;
        match project_of_environment(&self.workspace.config, provider, environment) {
            Some(id) => Ok(vec![id.to_owned()]),
            None => Err(
                CommandError::usage("No project is named, here or in the files.")
                    .help("Name one with `--project`, or take all with `--all-projects`."),
            ),
        }
    }
}

impl Checked {
    /// Reads the syncs of projects: one list request each, and one request for the projects' names.
    pub async fn inventory(&self, wanted: &Wanted, link: &Link) -> Result<Inventory, CommandError> {
        let platform = self.opened.platform_of(&wanted.provider)?;
        let Chosen {
            ids,
            table,
            connected: provider,
        } = self.opened.choose_by_name(wanted, link).await?;
        let reads = ids.into_iter().map(|id| {
            let (provider, table) = (&provider, &table);
            async move {
                let word = resolve::project_word(&id, table);
                let mut syncs = provider.list(&id, word).await?;
                syncs.sort_by(|one, other| one.name.cmp(&other.name));
                Ok((id, syncs))
            }
        });
        let read = link.gather(reads).await?;
        let mut declared = declared_names(&self.opened.workspace, &wanted.provider, &table);
        let mut projects: Vec<ProjectInventory> = read
            .into_iter()
            .map(|(id, syncs)| ProjectInventory {
                word: resolve::project_word(&id, &table).to_owned(),
                words: resolve::project_words(&id, &table)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                declared: declared.remove(&id).unwrap_or_default(),
                id,
                syncs,
            })
            .collect();
        projects.sort_by(|one, other| one.word.cmp(&other.word));
        Ok(Inventory {
            provider: wanted.provider.clone(),
            platform,
            projects,
            table,
            connected: provider,
        })
    }
}

/// Whether all projects are named by their ids.
fn are_ids(words: Option<&[String]>) -> bool {
    words.is_some_and(|words| words.iter().all(|word| is_uuid(word)))
}

/// What files declare in each project, by its id, or by its word if that means no project of the
/// table: each name with its place, those before a rename among them.
pub type DeclaredNames = BTreeMap<String, BTreeMap<String, Span>>;

/// What the files of a workspace declare for a provider whose syncs can be read.
pub fn declared_names(
    workspace: &Workspace,
    provider: &str,
    table: &[RemoteProject],
) -> DeclaredNames {
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let mut declared = DeclaredNames::new();
    let syncs = workspace.syncs.iter();
    let syncs = syncs.filter(|sync| sync.provider.text == provider && sync.platform.reads_back());
    for sync in syncs {
        let Some(word) = sync.project.as_ref().map(|word| word.text.as_str()) else {
            continue;
        };
        let id = || resolve::project_id(word, table).unwrap_or_else(|| word.to_owned());
        let id = ids.entry(word).or_insert_with(id);
        let of_project = declared.entry(id.clone()).or_default();
        for name in std::iter::once(&sync.name).chain(&sync.renamed_from) {
            of_project.entry(name.text.clone()).or_insert(sync.key);
        }
    }
    declared
}

/// The ids of the projects that are to be read, each once.
fn ids_of(
    wanted: &Wanted,
    words: Option<&[String]>,
    platform: Platform,
    table: &[RemoteProject],
    link: &Link,
) -> Result<BTreeSet<String>, CommandError> {
    let Some(words) = words else {
        let all = table.iter().map(|project| &project.id);
        return Ok(all.filter(|id| link.may_read(id, table)).cloned().collect());
    };
    let provider = &wanted.provider;
    let mut projects = ProjectNames::new();
    let mut errors = Vec::new();
    let id_of = |word: &String| {
        if let Projects::WithIds(_) = wanted.projects {
            return Ok(word.clone());
        }
        let source = Sources::default().add("--project", word.as_str());
        let spelled = Word {
            text: word.clone(),
            span: Span::new(source, 0, word.len()),
        };
        resolve::project(&spelled, provider, table)
    };
    for word in words {
        match id_of(word) {
            Ok(project_id) => {
                let key = ProjectKey {
                    provider: provider.clone(),
                    platform,
                    server: String::new(),
                    project_id,
                };
                projects.insert(key, word.clone());
            }
            Err(unknown) => {
                let help = unknown.help.unwrap_or_default();
                errors.push(CommandError::usage(unknown.message).help(help));
            }
        }
    }
    CommandError::all(errors)?;
    let tables = BTreeMap::from([(provider.clone(), table.to_vec())]);
    link.check_allowed_projects("The run is about projects", &projects, &tables)?;
    Ok(projects.into_keys().map(|key| key.project_id).collect())
}

/// The connections that an identity may use, by project and app. Without those that it may not list at
/// all.
pub async fn usable_connections(
    connected: &Arc<dyn ManagedSyncs>,
    of: BTreeSet<(String, String)>,
    link: &Link,
) -> Result<BTreeMap<(String, String), UsableConnections>, CommandError> {
    let lookups = of.into_iter().map(|(project_id, app)| async move {
        let usable = match connected.connections(&app, &project_id).await {
            Ok(usable) => Some(usable),
            Err(error) if error.kind == RequestErrorKind::Permission => None,
            Err(error) => return Err(error),
        };
        Ok(((project_id, app), usable))
    });
    let tables = link.gather(lookups).await?.into_iter();
    Ok(tables
        .filter_map(|(of, usable)| Some((of, usable?)))
        .collect())
}

impl Link {
    /// Whether `--allow-project` allows projects by the ids that name them.
    fn allows_by_id(&self, ids: Option<&[String]>) -> bool {
        ids.is_some_and(|ids| ids.iter().all(|id| self.may_read(id, &[])))
    }

    /// The server of a provider, as the record of starts names it.
    pub fn server_of(&self, opened: &Opened, name: &str) -> Result<String, CommandError> {
        let used = BTreeSet::from([name.to_owned()]);
        let connected = self.connect(opened, &used)?;
        let server = connected.get(name).map(Provider::server);
        Ok(server.unwrap_or_default().to_owned())
    }
}
