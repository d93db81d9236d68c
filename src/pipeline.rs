//! The line that every command travels: load → check → resolve → read → plan.
//!
//! A [`Run`] goes from step to step and keeps what it found, so that whoever runs it can show
//! the findings of its files wherever it stops. No step sends a request before [`Run::survey`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::stream::{self, StreamExt};

use crate::cancel::Cancellation;
use crate::core::code::Code;
use crate::core::desired::{
    ConnectionRef, DesiredSync, Ensure, NamedProject, Word, list, report_duplicates_by,
};
use crate::core::diagnostic::{Diagnostic, Severity, closest};
use crate::core::plan::{self, Inputs, Plan, Policy, ProjectKey};
use crate::core::remote::{RemoteConnection, RemoteProject, RemoteSync};
use crate::core::resolve::{self, ResolvedSync};
use crate::core::select::Selection;
use crate::core::spec::{DestinationSpec, ProviderKind};
use crate::core::starts::Starts;
use crate::core::{lint, normalize, rename};
use crate::environment::Environment;
use crate::error::Stop;
use crate::exit::Exit;
use crate::http::HttpOptions;
use crate::http::variables::{Variables, check_prefixes};
use crate::provider::{self, Provider, ProviderConfig};
use crate::schema::store::SchemaStore;
use crate::workspace::{Request, Workspace};

/// Where the state is kept unless the workspace says otherwise, from the root.
const DEFAULT_STATE: &str = ".secsync/state.json";
/// Where the sandbox's state is kept, from the root.
const SANDBOX_STATE: &str = ".secsync/sandbox/state.json";
/// Where the workspace's own schemas are, from the root.
const SCHEMAS: &str = ".secsync/schemas";

/// What a run was asked for.
#[derive(Clone)]
pub struct Options {
    /// What to load.
    pub request: Request,
    /// The environment of the process.
    pub environment: Environment,
    /// How to talk HTTP.
    pub http: HttpOptions,
    /// How many requests and actions go at once.
    pub parallelism: usize,
    /// The projects that may be read; all if there are none.
    pub allow_projects: Vec<String>,
    /// `--selector`.
    pub selectors: Vec<String>,
    /// `--target`.
    pub targets: Vec<String>,
    /// Whether what is not declared is deleted.
    pub prune: bool,
}

/// The destinations that the syncs of a run go to.
pub type Specs = BTreeMap<(ProviderKind, String), Arc<DestinationSpec>>;

/// One run of the line.
pub struct Run {
    /// What it was asked for.
    pub options: Options,
    /// The files, and what is wrong with them.
    pub workspace: Workspace,
    /// The schemas.
    pub store: SchemaStore,
    /// The destinations of the syncs, after [`Run::check`].
    pub specs: Specs,
    /// What the command line selects.
    pub selection: Selection,
}

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
    /// Finds the workspace and reads no sync file.
    pub fn open(options: Options) -> Result<Self, Stop> {
        let selection =
            Selection::new(&options.selectors, &options.targets).map_err(Stop::usage)?;
        let workspace = Workspace::open(&options.request.directory);
        let store = SchemaStore::with_workspace(&workspace.root.join(SCHEMAS))?;
        Ok(Self {
            options,
            workspace,
            store,
            specs: Specs::new(),
            selection,
        })
    }

    /// Reads the files. Their findings are in the workspace afterwards.
    pub fn load(options: Options, stdin: &mut dyn Read) -> Result<Self, Stop> {
        Self::open(options)?.read_files(stdin)
    }

    /// Reads the files of a run that is open. Their findings are in the workspace afterwards.
    pub fn read_files(self, stdin: &mut dyn Read) -> Result<Self, Stop> {
        let mut run = self;
        let union_tag = |kind, slug: &str| {
            let destination = run.store.destination(kind, slug).ok().flatten()?;
            let fields = &destination.spec.create.fields;
            let config = fields
                .iter()
                .find(|field| field.name == "destinationConfig")?;
            Some(config.object.as_ref()?.union.as_ref()?.tag.clone())
        };
        run.workspace
            .load(
                &run.options.request,
                &run.options.environment,
                stdin,
                &union_tag,
            )
            .map_err(|message| {
                Stop::usage(message)
                    .help("Name files, directories or globs, or write `include:` in secsync.yaml.")
            })?;
        let refusal = if !run.workspace.is_whole {
            Some(("only some paths were named", "Run it without paths."))
        } else if !run.selection.is_everything() {
            Some((
                "only some syncs were selected",
                "Run it without --selector and --target.",
            ))
        } else {
            None
        };
        match refusal {
            Some((why, help)) if run.options.prune => Err(Stop::usage(format!(
                "`--prune` needs the whole workspace, and {why}."
            ))
            .help(help)),
            _ => Ok(run),
        }
    }

    /// Checks every sync against its destination's schema and the lints.
    ///
    /// Returns an error if anything is wrong that must not be applied; the findings say what.
    pub fn check(&mut self) -> Result<(), Stop> {
        let syncs = std::mem::take(&mut self.workspace.syncs);
        let mut found = Vec::new();
        for sync in &syncs {
            self.check_sync(sync, &mut found)?;
        }
        self.workspace.syncs = syncs;
        self.fill_in_projects(&mut found);
        self.workspace.diagnostics.append(&mut found);
        self.settle()
    }

    /// Brings the findings in order, and stops if there is an error among them.
    fn settle(&mut self) -> Result<(), Stop> {
        self.workspace.settle_findings();
        let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
        if self.workspace.diagnostics.iter().any(is_error) {
            return Err(Stop::invalid());
        }
        Ok(())
    }

    fn check_sync(&mut self, sync: &DesiredSync, found: &mut Vec<Diagnostic>) -> Result<(), Stop> {
        let before = found.len();
        let key = (sync.kind, sync.destination.text.clone());
        let Some(destination) = self.store.destination(sync.kind, &sync.destination.text)? else {
            found.push(self.unknown_destination(sync));
            return Ok(());
        };
        let mut of_schema =
            crate::schema::validate::check(&destination, &sync.fields, sync.key, &sync.name.text);
        if sync.ensure == Ensure::Absent {
            of_schema.retain(|diagnostic| diagnostic.code != Code::MissingField);
        } else {
            Self::check_connection(sync, &destination.spec, found);
        }
        lint::check(sync, found);
        // A lint says the same as a pattern of the schema, and says it better.
        let linted: BTreeSet<_> = found[before..]
            .iter()
            .filter_map(Diagnostic::span)
            .collect();
        of_schema.retain(|diagnostic| {
            !(matches!(diagnostic.code, Code::WrongForm | Code::WrongSize)
                && diagnostic.span().is_some_and(|span| linted.contains(&span)))
        });
        found.append(&mut of_schema);
        crate::workspace::findings::name_the_heir(
            &mut found[before..],
            sync.block,
            &sync.name.text,
        );
        self.specs
            .entry(key)
            .or_insert_with(|| Arc::new(destination.spec.clone()));
        Ok(())
    }

    fn check_connection(sync: &DesiredSync, spec: &DestinationSpec, found: &mut Vec<Diagnostic>) {
        let needs_connection = spec
            .create
            .fields
            .iter()
            .any(|field| field.required && field.name == normalize::CONNECTION_ID);
        match &sync.connection {
            // A misspelt field is one mistake, and not a missing one besides.
            None if needs_connection && misspells_connection(sync) => {}
            None if needs_connection => found.push(
                Diagnostic::new(
                    Code::MissingField,
                    sync.key,
                    format!("The sync `{}` has no `connection`.", sync.name.text),
                )
                .help("Write `connection:` with the connection's name, or `connectionId:` with its id."),
            ),
            Some((ConnectionRef::Id(id), span)) if needs_connection && !resolve::is_uuid(id) => found
                .push(
                    Diagnostic::new(
                        Code::WrongForm,
                        *span,
                        format!("`connectionId` must be a UUID, and `{id}` is none."),
                    )
                    .help("Write `connection:` to name a connection by its name."),
                ),
            Some((_, span)) if !needs_connection => found.push(
                Diagnostic::new(
                    Code::UnknownField,
                    *span,
                    format!("Syncs of {} have no connection.", sync.kind.title()),
                )
                .help("Remove it."),
            ),
            _ => {}
        }
    }

    fn unknown_destination(&self, sync: &DesiredSync) -> Diagnostic {
        let word = &sync.destination;
        let known = self.store.destinations(sync.kind);
        let diagnostic = Diagnostic::new(
            Code::UnknownDestination,
            word.span,
            format!("{} has no destination `{}`.", sync.kind.title(), word.text),
        );
        if known.is_empty() {
            return diagnostic.help("Use 2 to 48 lowercase letters, digits and hyphens.");
        }
        match closest(&word.text, known.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("Did you mean `{near}`?")),
            None => diagnostic.help(format!(
                "`secsync schema list` shows the {} that it knows. If the server is newer, run \
                 `secsync schema pull --from-server`.",
                known.len()
            )),
        }
    }

    /// Gives syncs without a project the one that the environment names for their provider.
    fn fill_in_projects(&mut self, found: &mut Vec<Diagnostic>) {
        for sync in &mut self.workspace.syncs {
            if sync.project.is_some() {
                continue;
            }
            let config = self.workspace.config.providers.get(&sync.provider.text);
            let from_environment = config
                .filter(|config| config.kind == ProviderKind::Infisical)
                .and_then(|config| {
                    Variables::of(config, &self.options.environment).get("INFISICAL_PROJECT_ID")
                });
            match from_environment {
                Some(id) => {
                    sync.project = Some(Word {
                        text: id.to_owned(),
                        span: sync.key,
                    });
                }
                None => found.push(
                    Diagnostic::new(
                        Code::MissingField,
                        sync.key,
                        format!("The sync `{}` has no `project`.", sync.name.text),
                    )
                    .help("Write `project:` here or at the top of the file."),
                ),
            }
        }
    }

    /// Where the schemas are that the workspace pulled.
    pub fn schema_directory(&self) -> Utf8PathBuf {
        self.workspace.root.join(SCHEMAS)
    }

    /// Where the sandbox keeps the record of what was started in it.
    pub fn sandbox_state_path(&self) -> Utf8PathBuf {
        self.workspace.root.join(SANDBOX_STATE)
    }

    /// Where the state of this run is kept. It stays inside the root.
    pub fn state_path(&self) -> Result<Utf8PathBuf, Stop> {
        let root = &self.workspace.root;
        if self.options.http.sandbox.is_some() {
            return Ok(self.sandbox_state_path());
        }
        let Some((path, _)) = &self.workspace.config.state else {
            return Ok(root.join(DEFAULT_STATE));
        };
        let relative = Utf8Path::new(path);
        if path.contains("://") {
            return Err(Stop::new(
                Exit::Error,
                format!("`state: {path}` names a remote state, which this version cannot use."),
            )
            .help("Name a file inside the workspace."));
        }
        if relative.is_absolute() || relative.components().any(|part| part.as_str() == "..") {
            return Err(Stop::new(
                Exit::Invalid,
                format!("`state: {path}` leaves the workspace."),
            )
            .help("Name a file inside the workspace."));
        }
        let full = root.join(relative);
        let nearest = full.ancestors().find(|path| path.exists());
        let real = nearest.and_then(|path| path.canonicalize_utf8().ok());
        let real_root = root.canonicalize_utf8().ok();
        if let (Some(real), Some(real_root)) = (real, real_root)
            && !real.starts_with(&real_root)
        {
            return Err(Stop::new(
                Exit::Invalid,
                format!("`state: {path}` is a link that leads out of the workspace."),
            ));
        }
        Ok(full)
    }

    /// The projects that files name at their top and that can be read.
    fn named_projects(&self) -> impl Iterator<Item = &NamedProject> {
        let projects = self.workspace.projects.iter();
        projects.filter(|named| named.kind == ProviderKind::Infisical)
    }

    /// Connects the providers that the files use. Sends nothing.
    pub fn connect(&self, cancellation: &Cancellation) -> Result<BTreeMap<String, Provider>, Stop> {
        let configs: Vec<ProviderConfig> =
            self.workspace.config.providers.values().cloned().collect();
        check_prefixes(&configs)?;
        let used: BTreeSet<&String> = self
            .workspace
            .syncs
            .iter()
            .map(|sync| &sync.provider.text)
            .chain(self.named_projects().map(|named| &named.provider.text))
            .collect();
        let mut providers = BTreeMap::new();
        let mut stop: Option<Stop> = None;
        for config in configs.iter().filter(|config| used.contains(&config.name)) {
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
    pub async fn survey(&mut self, cancellation: &Cancellation) -> Result<Survey, Stop> {
        let providers = self.connect(cancellation)?;
        let Resolved { syncs, projects } = self.resolve(&providers).await?;
        if !self.selection.is_everything() && !syncs.iter().any(|sync| self.selection.matches(sync))
        {
            return Err(Stop::usage("Nothing that is declared is selected.")
                .help("Check --selector and --target; `secsync validate -v` lists the syncs."));
        }
        if let Some(idle) = self.selection.idle(&syncs).next() {
            return Err(
                Stop::usage(format!("`{idle}` selects nothing that is declared."))
                    .help("`secsync validate -v` lists the syncs."),
            );
        }
        let remote = self.read(&providers, projects.keys().cloned()).await?;
        Ok(Survey {
            providers,
            syncs,
            projects,
            remote,
        })
    }

    async fn resolve(&mut self, providers: &BTreeMap<String, Provider>) -> Result<Resolved, Stop> {
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
            let project_id = project_id(sync, &tables);
            let connection = connection_of(sync, &self.specs, &connections);
            match (project_id, connection) {
                (Ok(project_id), Ok(connection)) => resolved.push(ResolvedSync {
                    desired: sync.clone(),
                    server: provider.server().to_owned(),
                    project_id,
                    connection,
                }),
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
        let places: BTreeMap<_, _> = resolved
            .iter()
            .map(|sync| {
                (
                    sync.desired.key,
                    (sync.server.clone(), sync.project_id.clone()),
                )
            })
            .collect();
        let declared: Vec<DesiredSync> = resolved.iter().map(|sync| sync.desired.clone()).collect();
        let place = |sync: &DesiredSync| places.get(&sync.key).cloned();
        report_duplicates_by(&declared, &mut found, place);
        rename::report_impossible_by(&declared, &mut found, place);
        let mut projects: BTreeMap<ProjectKey, String> = BTreeMap::new();
        for sync in &resolved {
            if sync.desired.kind == ProviderKind::Infisical {
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
        self.settle()?;
        self.check_allowed_projects(&projects, &tables)?;
        Ok(Resolved {
            syncs: resolved,
            projects,
        })
    }

    /// The projects of each provider whose files name one by something else than its id.
    async fn project_tables(
        &self,
        providers: &BTreeMap<String, Provider>,
    ) -> Result<BTreeMap<String, Vec<RemoteProject>>, Stop> {
        let of_syncs = self
            .workspace
            .syncs
            .iter()
            .filter(|sync| sync.kind == ProviderKind::Infisical)
            .filter_map(|sync| Some((&sync.provider.text, sync.project.as_ref()?)));
        let needed: BTreeSet<&String> = self
            .named_projects()
            .map(|named| (&named.provider.text, &named.project))
            .chain(of_syncs)
            .filter(|(_, project)| !resolve::is_uuid(&project.text))
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
    ) -> Result<Connections, Stop> {
        let needed: BTreeSet<(String, String)> = self
            .workspace
            .syncs
            .iter()
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

    fn check_allowed_projects(
        &self,
        projects: &BTreeMap<ProjectKey, String>,
        tables: &BTreeMap<String, Vec<RemoteProject>>,
    ) -> Result<(), Stop> {
        let allowed = &self.options.allow_projects;
        if allowed.is_empty() {
            return Ok(());
        }
        let is_allowed = |key: &ProjectKey| {
            let mut table = tables.get(&key.provider).into_iter().flatten();
            let slug = table
                .find(|project| project.id == key.project_id)
                .map(|project| &project.slug);
            allowed.contains(&key.project_id) || slug.is_some_and(|slug| allowed.contains(slug))
        };
        let refused: BTreeSet<&str> = projects
            .iter()
            .filter(|(key, _)| !is_allowed(key))
            .map(|(_, label)| label.as_str())
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(Stop::new(
            Exit::Auth,
            format!(
                "The files name projects that `--allow-project` does not allow: {}.",
                list(refused)
            ),
        )
        .help("Allow them by id or slug, or take their syncs out of this run."))
    }

    /// Reads again what there is: one list request a project, and no look-up.
    pub async fn read_again(&self, survey: &mut Survey) -> Result<(), Stop> {
        survey.remote = self
            .read(&survey.providers, survey.projects.keys().cloned())
            .await?;
        Ok(())
    }

    async fn read(
        &self,
        providers: &BTreeMap<String, Provider>,
        projects: impl Iterator<Item = ProjectKey>,
    ) -> Result<BTreeMap<ProjectKey, Vec<RemoteSync>>, Stop> {
        let reads = projects.filter_map(|key| match providers.get(&key.provider)? {
            Provider::Managed(provider) => Some(async move {
                let syncs = provider.list(&key.project_id).await?;
                Ok((key, syncs))
            }),
            Provider::StartOnly(_) => None,
        });
        gather(reads, self.options.parallelism).await
    }

    /// Plans.
    pub fn plan(&self, survey: &Survey, starts: &Starts) -> Plan {
        let policy = Policy {
            prune: self.options.prune,
            protect: self.workspace.config.protect.clone(),
            ignore: self.workspace.config.ignore.clone(),
            selection: self.selection.clone(),
        };
        plan::build(&Inputs {
            syncs: &survey.syncs,
            remote: &survey.remote,
            labels: &survey.projects,
            specs: &self.specs,
            starts,
            policy: &policy,
        })
    }

    /// Whether a state is needed: a sync is declared that cannot be read back.
    pub fn needs_state(&self) -> bool {
        self.workspace
            .syncs
            .iter()
            .any(|sync| sync.kind == ProviderKind::Enkryptify)
    }
}

/// The syncs with their ids, and the projects that can be read with how the files spell them.
struct Resolved {
    syncs: Vec<ResolvedSync>,
    projects: BTreeMap<ProjectKey, String>,
}

/// Connections by provider and app.
type Connections = BTreeMap<(String, String), Vec<RemoteConnection>>;

fn misspells_connection(sync: &DesiredSync) -> bool {
    let fields = sync.fields.entries().iter();
    fields
        .map(|entry| closest(&entry.key, ["connection", normalize::CONNECTION_ID]))
        .any(|meant| meant.is_some())
}

fn app_of(sync: &DesiredSync, specs: &Specs) -> Option<String> {
    let spec = specs.get(&(sync.kind, sync.destination.text.clone()))?;
    spec.connection_app.clone()
}

fn project_id(
    sync: &DesiredSync,
    projects: &BTreeMap<String, Vec<RemoteProject>>,
) -> Result<String, Box<Diagnostic>> {
    let Some(word) = &sync.project else {
        return Ok(String::new());
    };
    match sync.kind {
        ProviderKind::Enkryptify => Ok(word.text.clone()),
        ProviderKind::Infisical => {
            let table = projects
                .get(&sync.provider.text)
                .map_or(&[][..], Vec::as_slice);
            resolve::project(word, &sync.provider.text, table)
        }
    }
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

fn joined(stop: Option<Stop>, other: Stop) -> Stop {
    match stop {
        Some(stop) => stop.and(other),
        None => other,
    }
}

fn both<A, B>(one: Result<A, Stop>, other: Result<B, Stop>) -> Result<(A, B), Stop> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.and(other)),
        (Err(stop), _) | (_, Err(stop)) => Err(stop),
    }
}

/// Runs look-ups at once, a few at a time. If some fail, all that failed is told.
async fn gather<K: Ord, V>(
    lookups: impl Iterator<Item = impl Future<Output = Result<(K, V), provider::ProviderError>>>,
    parallelism: usize,
) -> Result<BTreeMap<K, V>, Stop> {
    let answers: Vec<_> = stream::iter(lookups)
        .buffered(parallelism.max(1))
        .collect()
        .await;
    let mut table = BTreeMap::new();
    let mut stop: Option<Stop> = None;
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
