//! Surveying: what the names in the files stand for, and what is there.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};

use super::Run;
use crate::cancel::Cancellation;
use crate::core::desired::{ConnectionRef, DesiredSync, Ensure, NamedProject};
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::ProjectKey;
use crate::core::remote::{RemoteConnection, RemoteProject, RemoteSync};
use crate::core::resolve::ResolvedSync;
use crate::core::spec::Specs;
use crate::core::words::{is_uuid, list};
use crate::core::{conflicts, resolve};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::variables::check_prefixes;
use crate::provider;
use crate::provider::{Provider, ProviderConfig};

/// What there is, and what the files' names stand for.
pub struct Survey {
    /// The providers that the files use, by name.
    pub providers: BTreeMap<String, Provider>,
    /// The syncs with their ids.
    pub syncs: Vec<ResolvedSync>,
    /// The projects that can be read, with how the files spell them.
    pub projects: BTreeMap<ProjectKey, String>,
    /// What exists, for each project that can be read.
    pub remote: BTreeMap<ProjectKey, Vec<RemoteSync>>,
}

impl Run {
    /// The projects that files name at their top and that can be read. They count for what is not
    /// declared in them, which a selection hides.
    fn named_projects(&self) -> impl Iterator<Item = &NamedProject> {
        let projects = self.workspace.projects.iter();
        let counts = self.selection.is_everything();
        projects.filter(move |named| counts && named.platform.reads_back())
    }

    /// The syncs that are selected, as far as that can be told before ids are known. For the others
    /// nothing is asked of any server: whoever selects may not be allowed to see them.
    fn selected(&self) -> impl Iterator<Item = &DesiredSync> {
        let syncs = self.workspace.syncs.iter();
        syncs.filter(|sync| self.selection.may_match(sync))
    }

    /// Refuses a selection, or a part of one, that means nothing.
    fn check_selection(&self) -> Result<(), CommandError> {
        if self.selection.is_everything() {
            return Ok(());
        }
        if self.selected().next().is_none() {
            return Err(nothing_selected());
        }
        match self.selection.idle(&self.workspace.syncs).first() {
            Some(idle) => Err(CommandError::usage(format!(
                "`{idle}` selects nothing that is declared."
            ))
            .help("`secsync validate -v` lists the syncs.")),
            None => Ok(()),
        }
    }

    /// Connects the providers that the files use for what is selected. Sends nothing.
    pub fn connect(
        &self,
        cancellation: &Cancellation,
    ) -> Result<BTreeMap<String, Provider>, CommandError> {
        let used: BTreeSet<String> = self
            .selected()
            .map(|sync| &sync.provider.text)
            .chain(self.named_projects().map(|named| &named.provider.text))
            .cloned()
            .collect();
        self.connect_named(&used, cancellation)
    }

    /// Connects the providers of these names. Sends nothing.
    pub(super) fn connect_named(
        &self,
        used: &BTreeSet<String>,
        cancellation: &Cancellation,
    ) -> Result<BTreeMap<String, Provider>, CommandError> {
        let configs: Vec<ProviderConfig> =
            self.workspace.config.providers.values().cloned().collect();
        check_prefixes(&configs)?;
        self.connect_to(
            configs.iter().filter(|config| used.contains(&config.name)),
            cancellation,
        )
    }

    /// Connects providers. Sends nothing. If some cannot be connected, all of them are told.
    pub(super) fn connect_to<'a>(
        &self,
        configs: impl Iterator<Item = &'a ProviderConfig>,
        cancellation: &Cancellation,
    ) -> Result<BTreeMap<String, Provider>, CommandError> {
        let mut providers = BTreeMap::new();
        let mut stop: Option<CommandError> = None;
        for config in configs {
            let connected = provider::connect(
                config,
                &self.options.environment,
                &self.options.http,
                cancellation,
            );
            match connected {
                Ok(provider) => {
                    providers.insert(config.name.clone(), provider);
                }
                Err(error) => stop = Some(joined(stop, error.into())),
            }
        }
        match stop {
            Some(stop) => Err(stop),
            None => Ok(providers),
        }
    }

    /// Turns names into ids and reads what there is: one list request a project.
    pub async fn survey(&mut self, cancellation: &Cancellation) -> Result<Survey, CommandError> {
        self.check_selection()?;
        let providers = self.connect(cancellation)?;
        let Resolved { syncs, projects } = self.resolve(&providers).await?;
        if !self.selection.is_everything() && !syncs.iter().any(|sync| self.selection.matches(sync))
        {
            return Err(nothing_selected());
        }
        let remote = self.read(&providers, &projects).await?;
        if self.options.prune {
            check_addresses(&remote)?;
        }
        Ok(Survey {
            providers,
            syncs,
            projects,
            remote,
        })
    }

    async fn resolve(
        &mut self,
        providers: &BTreeMap<String, Provider>,
    ) -> Result<Resolved, CommandError> {
        let (tables, connections) = tokio::join!(
            self.project_tables(providers),
            self.connection_tables(providers)
        );
        let (tables, connections) = both(tables, connections)?;
        let mut resolved = Vec::with_capacity(self.workspace.syncs.len());
        let mut found = Vec::new();
        for sync in &self.workspace.syncs {
            let Some(provider) = providers.get(&sync.provider.text) else {
                continue;
            };
            let is_selected = self.selection.may_match(sync);
            let project_id = project_id(sync, &tables);
            let connection = if is_selected {
                connection_of(sync, &self.specs, &connections)
            } else {
                Ok(None)
            };
            match (project_id, connection) {
                (Ok(project_id), Ok(connection)) => resolved.push(ResolvedSync {
                    desired: sync.clone(),
                    server: provider.server().to_owned(),
                    project_id,
                    connection,
                }),
                // What is left out still holds its name, if its project is one that can be seen.
                _ if !is_selected => {}
                (project_id, connection) => {
                    found.extend(
                        [project_id.err(), connection.err()]
                            .into_iter()
                            .flatten()
                            .map(|found| *found),
                    );
                }
            }
        }
        let in_projects = resolved
            .iter()
            .map(|sync| ((&sync.server, &sync.project_id), &sync.desired));
        conflicts::report(in_projects, &mut found);
        let mut projects: BTreeMap<ProjectKey, String> = BTreeMap::new();
        for sync in resolved.iter().filter(|sync| self.selection.matches(*sync)) {
            if sync.desired.platform.reads_back() {
                let label = sync.project_label().to_owned();
                projects.entry(ProjectKey::of(sync)).or_insert(label);
            }
        }
        for named in self.named_projects() {
            let provider = &named.provider.text;
            let table = tables.get(provider).map_or(&[][..], Vec::as_slice);
            match (
                resolve::project(&named.project, provider, table),
                providers.get(provider),
            ) {
                (Ok(project_id), Some(connected)) => {
                    let server = connected.server().to_owned();
                    let key = ProjectKey {
                        provider: provider.clone(),
                        platform: named.platform,
                        server,
                        project_id,
                    };
                    projects
                        .entry(key)
                        .or_insert_with(|| named.project.text.clone());
                }
                (Err(unknown), _) => found.push(*unknown),
                (Ok(_), None) => {}
            }
        }
        self.workspace.diagnostics.append(&mut found);
        let sees_nothing =
            tables.values().any(Vec::is_empty) || connections.values().any(Vec::is_empty);
        self.settle().map_err(|stop| CommandError {
            // Whoever sees none cannot be shown that a file misspells one.
            exit: if sees_nothing { Exit::Auth } else { stop.exit },
            ..stop
        })?;
        self.check_allowed_projects("The files name projects", &projects, &tables)?;
        Ok(Resolved {
            syncs: resolved,
            projects,
        })
    }

    /// The projects of each provider whose files name one by something else than its id.
    async fn project_tables(
        &self,
        providers: &BTreeMap<String, Provider>,
    ) -> Result<BTreeMap<String, Vec<RemoteProject>>, CommandError> {
        let of_syncs = self
            .workspace
            .syncs
            .iter()
            .filter(|sync| sync.platform.reads_back())
            .filter_map(|sync| Some((&sync.provider.text, sync.project.as_ref()?)));
        let needed: BTreeSet<&String> = self
            .named_projects()
            .map(|named| (&named.provider.text, &named.project))
            .chain(of_syncs)
            .filter(|(_, project)| !is_uuid(&project.text))
            .map(|(provider, _)| provider)
            .collect();
        let lookups = needed
            .into_iter()
            .filter_map(|name| match providers.get(name)? {
                Provider::Managed(provider) => {
                    Some(async move { Ok((name.clone(), provider.projects().await?)) })
                }
                Provider::StartOnly(_) => None,
            });
        gather(lookups, self.options.parallelism).await
    }

    /// The usable connections of each provider and app that a file names one of by its name.
    async fn connection_tables(
        &self,
        providers: &BTreeMap<String, Provider>,
    ) -> Result<Connections, CommandError> {
        let needed: BTreeSet<(String, String)> = self
            .selected()
            .filter(|sync| sync.ensure == Ensure::Present)
            .filter(|sync| matches!(sync.connection, Some((ConnectionRef::Name(_), _))))
            .filter_map(|sync| Some((sync.provider.text.clone(), app_of(sync, &self.specs)?)))
            .collect();
        let lookups = needed
            .into_iter()
            .filter_map(|(name, app)| match providers.get(&name)? {
                Provider::Managed(provider) => Some(async move {
                    let usable = provider.connections(&app).await?;
                    Ok(((name, app), usable))
                }),
                Provider::StartOnly(_) => None,
            });
        gather(lookups, self.options.parallelism).await
    }

    /// Whether `--allow-project` lets a project be read.
    pub(super) fn may_read(&self, id: &str, table: &[RemoteProject]) -> bool {
        let allowed = &self.options.allow_projects;
        let slug = table
            .iter()
            .find(|project| project.id == id)
            .map(|project| project.slug.as_str());
        allowed.is_empty()
            || allowed
                .iter()
                .any(|allowed| allowed == id || Some(allowed.as_str()) == slug)
    }

    pub(super) fn check_allowed_projects(
        &self,
        beginning: &str,
        projects: &BTreeMap<ProjectKey, String>,
        tables: &BTreeMap<String, Vec<RemoteProject>>,
    ) -> Result<(), CommandError> {
        let is_allowed = |key: &ProjectKey| {
            let table = tables.get(&key.provider).map_or(&[][..], Vec::as_slice);
            self.may_read(&key.project_id, table)
        };
        let refused: BTreeSet<&str> = projects
            .iter()
            .filter(|(key, _)| !is_allowed(key))
            .map(|(_, label)| label.as_str())
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(CommandError::new(
            Exit::Auth,
            format!(
                "{beginning} that `--allow-project` does not allow: {}.",
                list(refused)
            ),
        )
        .help("Allow them by id or slug, or take their syncs out of this run."))
    }

    /// Reads again what there is: one list request a project, and no look-up.
    pub async fn read_again(&self, survey: &mut Survey) -> Result<(), CommandError> {
        survey.remote = self.read(&survey.providers, &survey.projects).await?;
        Ok(())
    }

    pub(super) async fn read(
        &self,
        providers: &BTreeMap<String, Provider>,
        projects: &BTreeMap<ProjectKey, String>,
    ) -> Result<BTreeMap<ProjectKey, Vec<RemoteSync>>, CommandError> {
        let reads =
            projects
                .iter()
                .filter_map(|(key, spelling)| match providers.get(&key.provider)? {
                    Provider::Managed(provider) => Some(async move {
                        let syncs = provider.list(&key.project_id, spelling).await?;
                        Ok((key.clone(), syncs))
                    }),
                    Provider::StartOnly(_) => None,
                });
        gather(reads, self.options.parallelism).await
    }
}

/// Refuses to prune where one sync is read from two addresses: it is one server under two names, and
/// what is declared under one of them would be undeclared, and pruned, under the other.
fn check_addresses(remote: &BTreeMap<ProjectKey, Vec<RemoteSync>>) -> Result<(), CommandError> {
    for (key, syncs) in remote {
        let others = remote
            .iter()
            .filter(|(other, _)| other.project_id == key.project_id && other.server > key.server);
        for (other, theirs) in others {
            let shared = |sync: &&RemoteSync| theirs.iter().any(|their| their.is_same(sync));
            if let Some(sync) = syncs.iter().find(shared) {
                return Err(CommandError::new(
                    Exit::Error,
                    format!(
                        "The sync `{}` is read from {} and from {}, which look like one server under \
                         two addresses. What is declared under one of them would be pruned under the \
                         other.",
                        sync.name, key.server, other.server
                    ),
                )
                .help(
                    "Give both providers one `url`. If they are two servers with a copied database, \
                     declare them in two workspaces to prune them.",
                ));
            }
        }
    }
    Ok(())
}

fn nothing_selected() -> CommandError {
    CommandError::usage("Nothing that is declared is selected.")
        .help("Check --selector and --target; `secsync validate -v` lists the syncs.")
}

/// The syncs with their ids, and the projects that can be read with how the files spell them.
struct Resolved {
    syncs: Vec<ResolvedSync>,
    projects: BTreeMap<ProjectKey, String>,
}

/// Connections by provider and app.
type Connections = BTreeMap<(String, String), Vec<RemoteConnection>>;

fn app_of(sync: &DesiredSync, specs: &Specs) -> Option<String> {
    let spec = specs.get(&(sync.platform, sync.destination.text.clone()))?;
    spec.connection_app.clone()
}

fn project_id(
    sync: &DesiredSync,
    projects: &BTreeMap<String, Vec<RemoteProject>>,
) -> Result<String, Box<Diagnostic>> {
    let Some(word) = &sync.project else {
        return Ok(String::new());
    };
    if !sync.platform.reads_back() {
        return Ok(word.text.clone());
    }
    let table = projects
        .get(&sync.provider.text)
        .map_or(&[][..], Vec::as_slice);
    resolve::project(word, &sync.provider.text, table)
}

fn connection_of(
    sync: &DesiredSync,
    specs: &Specs,
    connections: &Connections,
) -> Result<Option<RemoteConnection>, Box<Diagnostic>> {
    let (Some((reference, span)), Ensure::Present) = (&sync.connection, sync.ensure) else {
        return Ok(None);
    };
    let Some(app) = app_of(sync, specs) else {
        return Ok(None);
    };
    let of_provider = |wanted: bool| {
        connections
            .iter()
            .filter(|((provider, of), _)| *provider == sync.provider.text && (*of == app) == wanted)
            .flat_map(|(_, connections)| connections.clone())
            .collect::<Vec<_>>()
    };
    resolve::connection(
        reference,
        *span,
        &app,
        &of_provider(true),
        &of_provider(false),
    )
    .map(Some)
}

fn joined(stop: Option<CommandError>, other: CommandError) -> CommandError {
    match stop {
        Some(stop) => stop.and(other),
        None => other,
    }
}

fn both<A, B>(
    one: Result<A, CommandError>,
    other: Result<B, CommandError>,
) -> Result<(A, B), CommandError> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.and(other)),
        (Err(stop), _) | (_, Err(stop)) => Err(stop),
    }
}

/// Runs look-ups at once, a few at a time. If some fail, all that failed is told.
pub(super) async fn gather<K: Ord, V>(
    lookups: impl Iterator<Item = impl Future<Output = Result<(K, V), provider::ProviderError>>>,
    parallelism: usize,
) -> Result<BTreeMap<K, V>, CommandError> {
    let answers: Vec<_> = stream::iter(lookups)
        .buffered(parallelism.max(1))
        .collect()
        .await;
    let mut table = BTreeMap::new();
    let mut stop: Option<CommandError> = None;
    for answer in answers {
        match answer {
            Ok((key, value)) => {
                table.insert(key, value);
            }
            Err(error) => stop = Some(joined(stop, error.into())),
        }
    }
    match stop {
        Some(stop) => Err(stop),
        None => Ok(table),
    }
}
