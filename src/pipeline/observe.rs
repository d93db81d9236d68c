//! Observing: what the names in the files mean, and what is remote.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tracing::trace;

use super::check::{Checked, ConnectionUse};
use super::link::{Link, ProjectNames, Providers};
use super::neighbours::{self, NeighbourProject};
use crate::core::by_name::ByName;
use crate::core::code::Code;
use crate::core::desired::{ConnectionRef, DesiredSync, Ensure, NamedProject, Word};
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::started::Homes;
use crate::core::plan::{Policy, ProjectKey};
use crate::core::remote::{RemoteConnection, RemoteSync, UsableConnections};
use crate::core::resolve::{ProjectTables, ResolvedSync};
use crate::core::select::Selection;
use crate::core::span::Span;
use crate::core::spec::{ObjectSpec, Specs};
use crate::core::words::is_uuid;
use crate::core::{conflicts, ignore, resolve};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::provider::Provider;
use crate::workspace::Workspace;

/// What is remote, and what the files' names mean.
pub struct Observed {
    /// The workspace.
    pub workspace: Arc<Workspace>,
    /// The destinations of the syncs.
    pub specs: Specs,
    /// What the workspace and the command line say about planning.
    pub policy: Policy,
    /// The syncs with their ids; of a shard only those of its projects.
    pub syncs: Vec<ResolvedSync>,
    /// What is seen of the servers.
    pub seen: Seen,
    /// The providers whose syncs can only be started, by their servers.
    pub homes: Homes,
}

/// What a run sees of its servers.
#[derive(Default)]
pub struct Seen {
    /// The connected providers, by name.
    pub providers: Providers,
    /// The projects that are read, with how the files spell them.
    pub projects: ProjectNames,
    /// The projects that the identity can see, by provider, as far as names had to be looked up.
    pub tables: ProjectTables,
    /// The remote syncs of each project that is read.
    pub remote: BTreeMap<ProjectKey, Vec<RemoteSync>>,
}

impl Checked {
    /// Resolves names to ids and reads what is remote: one list request a project.
    pub async fn observe(self, link: &Link) -> Result<Observed, CommandError> {
        self.check_selection()?;
        let providers = self.connect(link)?;
        let Resolved {
            workspace,
            syncs,
            projects,
            tables,
            remote,
            elsewhere,
        } = self.resolve(&providers, link).await?;
        let workspace = forget_useful_patterns(workspace, &syncs, &remote);
        if self.opened.options.prune {
            check_addresses(&remote)?;
        }
        let homes = link.homes_of_starts(&self.opened);
        let policy = Policy {
            prune: self.opened.options.prune,
            resend: self.opened.resend,
            elsewhere,
            protect: workspace.config.protect.clone(),
            ignore: workspace.config.ignore.clone(),
            shard: self.opened.options.shard,
            selection: self.opened.selection,
        };
        Ok(Observed {
            workspace,
            specs: self.specs,
            policy,
            syncs,
            seen: Seen {
                providers,
                projects,
                tables,
                remote,
            },
            homes,
        })
    }

    /// Connects the providers that the files use for what is selected. Sends nothing.
    pub fn connect(&self, link: &Link) -> Result<Providers, CommandError> {
        let used: BTreeSet<String> = self
            .selected()
            .map(|sync| &sync.provider.text)
            .chain(self.named_projects().map(|named| &named.provider.text))
            .cloned()
            .collect();
        link.connect(&self.opened, &used)
    }

    /// The projects that files name at their top and that can be read. They count for what is not
    /// declared in them, which a selection hides.
    fn named_projects(&self) -> impl Iterator<Item = &NamedProject> {
        let counts = self.opened.selection.is_everything();
        let projects = self.opened.workspace.projects.iter();
        projects.filter(move |named| counts && named.platform.reads_back())
    }

    /// The syncs that are selected, as far as that is known before ids are. For the others no
    /// server is asked anything: whoever selects may not be allowed to see them.
    fn selected(&self) -> impl Iterator<Item = &DesiredSync> {
        let syncs = self.opened.workspace.syncs.iter().map(AsRef::as_ref);
        syncs.filter(|sync| self.opened.selection.matches(*sync))
    }

    /// Refuses a selection, or a part of one, that matches nothing.
    fn check_selection(&self) -> Result<(), CommandError> {
        let selection = &self.opened.selection;
        if selection.is_everything() {
            return Ok(());
        }
        if let Some(idle) = selection.idle(&self.opened.workspace.syncs).first() {
            return Err(
                CommandError::usage(format!("`{idle}` matches no declared sync.")).help(
                    match selection.field_of_map(&self.opened.workspace.syncs) {
                        Some(field) => format!(
                            "The value of that axis is a map: select by a field of it, such as \
                             `{field}=…`."
                        ),
                        None => "`secsync validate -v` lists the syncs.".to_owned(),
                    },
                ),
            );
        }
        if self.selected().next().is_none() {
            return Err(nothing_selected(selection));
        }
        Ok(())
    }

    /// Finds what the names mean. What is remote is read on the way: a connection is looked up only
    /// where the remote sync does not have it already.
    async fn resolve(&self, providers: &Providers, link: &Link) -> Result<Resolved, CommandError> {
        let claims = if self.opened.options.prune {
            self.opened.claims()?
        } else {
            Vec::new()
        };
        let others = self.opened.other_syncs();
        let tables = self
            .project_tables(providers, (&claims, &others), link)
            .await?;
        let elsewhere = identities(&others, providers, &tables);
        let mut found = Vec::new();
        let mut syncs = self.resolve_projects(providers, &tables, &mut found);
        report_clashes(&syncs, &mut found);
        let mut projects = self.projects_to_read(providers, &syncs, &tables, &mut found);
        let sees_nothing = tables.values().any(Vec::is_empty);
        if !found.is_empty() {
            // Whoever sees no project at all cannot know that a file misspells one.
            return Err(self.refused(found, sees_nothing));
        }
        let selection = &self.opened.selection;
        if !selection.is_everything() && !syncs.iter().any(|sync| selection.matches(sync)) {
            return Err(nothing_selected(selection));
        }
        // A name that means nothing is in no shard, so each of them has reported it by now.
        if let Some(shard) = self.opened.options.shard {
            let mut held = HashMap::new();
            syncs.retain(|sync| {
                let project = (sync.server.clone(), sync.project_id.clone());
                let holds = || shard.holds(&sync.server, &sync.project_id);
                *held.entry(project).or_insert_with(holds)
            });
            projects.retain(|project, _| shard.holds(&project.server, &project.project_id));
        }
        link.check_allowed_projects("The files name projects", &projects, &tables)?;
        neighbours::check(&claims, &projects, &tables)?;
        let remote = link.read(providers, &projects).await?;
        let by_name = ByName::of(&remote);
        let connections = self
            .connection_tables(&syncs, &by_name, providers, link)
            .await?;
        let mut sees_too_little = false;
        for sync in &mut syncs {
            match self.connection_of(sync, &by_name, &connections) {
                Ok(connection) => {
                    trace_names(&sync.desired, &sync.project_id, connection.as_ref());
                    sync.connection = connection;
                }
                Err(unknown) => {
                    sees_too_little |= self.may_be_hidden(sync, &unknown, &connections);
                    found.push(*unknown);
                }
            }
        }
        if !found.is_empty() {
            return Err(self.refused(found, sees_too_little));
        }
        Ok(Resolved {
            workspace: Arc::clone(&self.opened.workspace),
            syncs,
            projects,
            tables,
            remote,
            elsewhere,
        })
    }

    /// Whether the connection of a sync that was not found may be one that the identity does not see.
    fn may_be_hidden(
        &self,
        sync: &ResolvedSync,
        unknown: &Diagnostic,
        connections: &Connections,
    ) -> bool {
        let scope = match &sync.desired.connection {
            Some((ConnectionRef::Name(_, scope), _)) => *scope,
            _ => None,
        };
        let usable = self.table_of(sync).and_then(|of| connections.get(&of));
        unknown.code == Code::UnknownConnection
            && usable.is_some_and(|usable| usable.may_hide(scope))
    }

    /// The error that findings about names amount to.
    fn refused(&self, mut found: Vec<Diagnostic>, sees_too_little: bool) -> CommandError {
        let mut workspace = Arc::clone(&self.opened.workspace);
        let with_findings = Arc::make_mut(&mut workspace);
        with_findings.diagnostics.append(&mut found);
        with_findings.settle_findings();
        let error = CommandError::invalid(workspace);
        CommandError {
            exit: if sees_too_little {
                Exit::Auth
            } else {
                error.exit
            },
            ..error
        }
    }

    /// The syncs with the ids of their projects, and without their connections.
    fn resolve_projects(
        &self,
        providers: &Providers,
        tables: &ProjectTables,
        found: &mut Vec<Diagnostic>,
    ) -> Vec<ResolvedSync> {
        let declared = &self.opened.workspace.syncs;
        let mut resolved = Vec::with_capacity(declared.len());
        let mut words: BTreeMap<(&str, String), Arc<[String]>> = BTreeMap::new();
        for sync in declared {
            let Some(provider) = providers.get(&sync.provider.text) else {
                continue;
            };
            match project_id(sync, tables) {
                Ok(project_id) => {
                    let table = tables.get(&sync.provider.text);
                    let of = (sync.provider.text.as_str(), project_id.clone());
                    let words = words.entry(of).or_insert_with(|| {
                        let table = table.map_or(&[][..], Vec::as_slice);
                        let words = resolve::project_words(&project_id, table);
                        words.into_iter().map(str::to_owned).collect()
                    });
                    resolved.push(ResolvedSync {
                        desired: Arc::clone(sync),
                        server: provider.server().to_owned(),
                        project_words: Arc::clone(words),
                        project_id,
                        connection: None,
                    });
                }
                // What is left out still holds its name, if its project is one that can be seen.
                Err(_) if !self.opened.selection.matches(sync) => {}
                Err(unknown) => found.push(*unknown),
            }
        }
        resolved
    }

    /// The projects of the syncs, and those that files name at their top.
    fn projects_to_read(
        &self,
        providers: &Providers,
        syncs: &[ResolvedSync],
        tables: &ProjectTables,
        found: &mut Vec<Diagnostic>,
    ) -> ProjectNames {
        let mut projects = ProjectNames::new();
        for sync in syncs {
            if sync.desired.platform.reads_back() && self.opened.selection.matches(sync) {
                let label = sync.project_label().to_owned();
                projects.entry(ProjectKey::of(sync)).or_insert(label);
            }
        }
        for named in self.named_projects() {
            let provider = &named.provider.text;
            let Some(connected) = providers.get(provider) else {
                continue;
            };
            let table = tables.get(provider).map_or(&[][..], Vec::as_slice);
            match resolve::project(&named.project, provider, table) {
                Ok(project_id) => {
                    let key = ProjectKey {
                        provider: provider.clone(),
                        platform: named.platform,
                        server: connected.server().to_owned(),
                        project_id,
                    };
                    let label = || named.project.text.clone();
                    projects.entry(key).or_insert_with(label);
                }
                Err(unknown) => found.push(*unknown),
            }
        }
        projects
    }

    /// The projects of each provider whose files, or those of another workspace, name one by
    /// something else than its id, or of which a limit or a selector may mean one by another word.
    async fn project_tables(
        &self,
        providers: &Providers,
        (claims, others): (&[NeighbourProject], &[Arc<DesiredSync>]),
        link: &Link,
    ) -> Result<ProjectTables, CommandError> {
        let syncs = self.opened.workspace.syncs.iter();
        let has_limits = !self.opened.workspace.config.limits.projects.is_empty();
        let needs_words = self.opened.selection.means_projects()
            || (has_limits && self.connections == ConnectionUse::ToWrite);
        let of_syncs = syncs
            .filter(|sync| sync.platform.reads_back())
            .filter_map(|sync| Some((&sync.provider.text, sync.project.as_ref()?)));
        let mut needed: BTreeSet<&String> = self
            .named_projects()
            .map(|named| (&named.provider.text, &named.project))
            .chain(of_syncs)
            .filter(|(_, project)| needs_words || !is_uuid(&project.text))
            .map(|(provider, _)| provider)
            .collect();
        let configs = &self.opened.workspace.config.providers;
        let of_others = others.iter().filter(|sync| {
            let project = sync.project.as_ref();
            project.is_some_and(|project| !is_uuid(&project.text))
                && providers.contains_key(&sync.provider.text)
        });
        needed.extend(of_others.map(|sync| &sync.provider.text));
        let is_claimed = |name: &&String| {
            let platform = configs.get(*name).map(|config| config.platform);
            platform.is_some_and(|of| claims.iter().any(|claim| claim.is_name_on(of)))
        };
        needed.extend(providers.keys().filter(is_claimed));
        link.project_tables(providers, needed).await
    }

    /// The usable connections of each project and app that a name must be looked up in.
    async fn connection_tables(
        &self,
        syncs: &[ResolvedSync],
        remote: &ByName<'_>,
        providers: &Providers,
        link: &Link,
    ) -> Result<Connections, CommandError> {
        let needed: BTreeSet<ConnectionTable> = syncs
            .iter()
            .filter(|sync| self.uses_connection_of(sync, remote))
            .filter(|sync| match &sync.desired.connection {
                Some((ConnectionRef::Name(name, scope), _)) => {
                    scope.is_some() || self.connection_there(sync, name, remote).is_none()
                }
                _ => false,
            })
            .filter_map(|sync| self.table_of(sync))
            .collect();
        let lookups = needed
            .into_iter()
            .filter_map(|of| match providers.get(&of.provider)? {
                Provider::Managed(provider) => Some(async move {
                    let usable = provider.connections(&of.app, &of.project_id).await?;
                    Ok((of, usable))
                }),
                Provider::StartOnly(_) => None,
            });
        link.gather(lookups).await
    }

    /// Whether the run has use for the connection of a sync: not for that of one that is left out, or is
    /// to go.
    fn uses_connection_of(&self, sync: &ResolvedSync, remote: &ByName<'_>) -> bool {
        let counts = match self.connections {
            ConnectionUse::ToWrite => true,
            ConnectionUse::ToCompare => remote.find(sync).is_some(),
            ConnectionUse::None => false,
        };
        counts && sync.desired.ensure == Ensure::Present && self.opened.selection.matches(sync)
    }

    fn table_of(&self, sync: &ResolvedSync) -> Option<ConnectionTable> {
        let desired = &sync.desired;
        Some(ConnectionTable {
            provider: desired.provider.text.clone(),
            project_id: sync.project_id.clone(),
            app: self.specs.of(desired)?.connection_app.clone()?,
        })
    }

    /// The connection that the remote sync has, if a file names it as that or leaves it to others.
    fn connection_there<'r>(
        &self,
        sync: &ResolvedSync,
        name: &str,
        remote: &ByName<'r>,
    ) -> Option<&'r RemoteConnection> {
        let found = remote.find(sync)?;
        let app = &self.table_of(sync)?.app;
        let is_named = found.connection.name == name && found.connection.app == *app;
        let counts = is_named || ignore::names_connection(&sync.desired);
        (counts && found.destination == sync.desired.destination.text).then_some(&found.connection)
    }

    fn connection_of(
        &self,
        sync: &ResolvedSync,
        remote: &ByName<'_>,
        connections: &Connections,
    ) -> Result<Option<RemoteConnection>, Box<Diagnostic>> {
        let Some((reference, span)) = &sync.desired.connection else {
            return Ok(None);
        };
        let Some(of) = self
            .table_of(sync)
            .filter(|_| self.uses_connection_of(sync, remote))
        else {
            return Ok(None);
        };
        let (name, scope) = match reference {
            ConnectionRef::Name(name, scope) => (name, *scope),
            ConnectionRef::Id(id) => {
                let there = remote.find(sync).map(|found| &found.connection);
                let seen = connections.values().flat_map(|usable| &usable.seen);
                let known = there.into_iter().chain(seen);
                return Ok(Some(resolve::connection_by_id(id, known)));
            }
        };
        let usable = connections.get(&of);
        let there = self.connection_there(sync, name, remote);
        // Whoever does not see all still sees what is certainly of the other scope.
        let may_be_it = |usable: &UsableConnections| {
            let mut seen = usable.seen.iter();
            let known = seen.find(|seen| there.is_some_and(|there| there.id == seen.id));
            usable.lacks.is_some() && known.is_none_or(|known| Some(known.scope()) == scope)
        };
        let is_enough = scope.is_none() || usable.is_none_or(may_be_it);
        if let Some(there) = there.filter(|_| is_enough) {
            return Ok(Some(there.clone()));
        }
        let none = UsableConnections::default();
        let elsewhere = connections
            .iter()
            .filter(|(other, _)| other.provider == of.provider && other.app != of.app)
            .flat_map(|(_, usable)| &usable.seen);
        let usable = usable.unwrap_or(&none);
        resolve::connection((name, scope), *span, &of.app, usable, elsewhere).map(Some)
    }
}

impl Observed {
    /// Reads again what is remote: one list request a project, and no look-up.
    pub async fn refresh(&mut self, link: &Link) -> Result<(), CommandError> {
        self.seen.remote = link.read(&self.seen.providers, &self.seen.projects).await?;
        Ok(())
    }
}

/// Reports syncs that are declared twice, and renames that cannot be, by the resolved ids.
fn report_clashes(syncs: &[ResolvedSync], found: &mut Vec<Diagnostic>) {
    let in_projects = syncs
        .iter()
        .map(|sync| ((&sync.server, &sync.project_id), &*sync.desired));
    conflicts::report(in_projects, found);
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

/// The workspace without warnings about `ignoreRemote` where a remote sync has the field that only
/// the schemas do not know, or may have it because its project is in another shard.
fn forget_useful_patterns(
    mut workspace: Arc<Workspace>,
    syncs: &[ResolvedSync],
    remote: &BTreeMap<ProjectKey, Vec<RemoteSync>>,
) -> Arc<Workspace> {
    let warned = |found: &Diagnostic| found.code == Code::IgnoresNothing;
    if !workspace.diagnostics.iter().any(warned) {
        return workspace;
    }
    let read: BTreeSet<Span> = syncs.iter().map(|sync| sync.desired.key).collect();
    let mut useful: BTreeSet<Span> = workspace
        .syncs
        .iter()
        .filter(|sync| !read.contains(&sync.key))
        .flat_map(|sync| &sync.ignore_remote)
        .map(|pattern| pattern.span.in_no_cell())
        .collect();
    let remote = ByName::of(remote);
    for sync in syncs
        .iter()
        .filter(|sync| !sync.desired.ignore_remote.is_empty())
    {
        if let Some(found) = remote.find(sync) {
            let patterns = sync.desired.ignore_remote.iter();
            let has_field =
                |pattern: &&Word| ObjectSpec::default().has_match(&pattern.text, &found.fields);
            useful.extend(
                patterns
                    .filter(has_field)
                    .map(|pattern| pattern.span.in_no_cell()),
            );
        }
    }
    let diagnostics = &mut Arc::make_mut(&mut workspace).diagnostics;
    diagnostics.retain(|found| {
        !(warned(found) && found.span().is_some_and(|span| useful.contains(&span)))
    });
    workspace
}

pub(super) fn nothing_selected(selection: &Selection) -> CommandError {
    CommandError::usage("The selection matches no declared sync.").help(format!(
        "Check {}; `secsync validate -v` lists the syncs.",
        selection.given()
    ))
}

/// The syncs with their ids, and the projects that can be read.
struct Resolved {
    workspace: Arc<Workspace>,
    syncs: Vec<ResolvedSync>,
    projects: ProjectNames,
    tables: ProjectTables,
    remote: BTreeMap<ProjectKey, Vec<RemoteSync>>,
    elsewhere: BTreeSet<(String, String, String)>,
}

/// The servers, projects and names of syncs, those before a rename among them, as far as their projects
/// are known.
fn identities(
    syncs: &[Arc<DesiredSync>],
    providers: &Providers,
    tables: &ProjectTables,
) -> BTreeSet<(String, String, String)> {
    let known = syncs.iter().filter_map(|sync| {
        let server = providers.get(&sync.provider.text)?.server();
        Some((sync, server, project_id(sync, tables).ok()?))
    });
    known
        .flat_map(|(sync, server, project_id)| {
            let names = std::iter::once(&sync.name).chain(&sync.renamed_from);
            names.map(move |name| (server.to_owned(), project_id.clone(), name.text.clone()))
        })
        .collect()
}

/// What the names of a sync were resolved to, for `-vvv`.
fn trace_names(sync: &DesiredSync, project_id: &str, connection: Option<&RemoteConnection>) {
    let name = &sync.name.text;
    if let Some(project) = &sync.project {
        trace!("{name}: the project `{}` is {project_id}", project.text);
    }
    if let Some(connection) = connection {
        trace!(
            "{name}: the connection `{}` is {}",
            connection.name, connection.id
        );
    }
}

/// Where a connection is looked up: one request each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ConnectionTable {
    provider: String,
    project_id: String,
    app: String,
}

type Connections = BTreeMap<ConnectionTable, UsableConnections>;

fn project_id(sync: &DesiredSync, projects: &ProjectTables) -> Result<String, Box<Diagnostic>> {
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
