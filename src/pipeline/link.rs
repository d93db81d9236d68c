//! How the servers of a run are reached, and the providers that are connected over it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::open::Opened;
use crate::cancel::Cancellation;
use crate::core::desired::DesiredSync;
use crate::core::plan::ProjectKey;
use crate::core::plan::started::Homes;
use crate::core::remote::{RemoteProject, RemoteSync};
use crate::core::words::list;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::HttpOptions;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::provider::credential::LoginOptions;
use crate::provider::environment_variables::check_prefixes;
use crate::provider::trust::known_as;
use crate::provider::{self, Provider, ProviderConfig};

/// How the servers of a run are reached. Whoever holds one may send requests.
#[derive(Clone)]
pub struct Link {
    /// The environment of the process.
    pub environment: Environment,
    /// How to talk HTTP, and whether the sandbox answers.
    pub http: HttpOptions,
    /// How to log in.
    pub login: LoginOptions,
    /// How many requests and actions go at once.
    pub parallelism: usize,
    /// The only projects that may be read (`--allow-project`), by id or slug; all if it is empty.
    pub allow_projects: Vec<String>,
    /// `--state`.
    pub state: Option<String>,
    /// Thrown by Ctrl-C.
    pub cancellation: Cancellation,
    /// Is shown what the run is doing.
    pub watch: Watch,
}

/// Someone who is shown in a few words what a run is doing.
pub type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// What a run is doing that waits for answers.
pub const ASKING: &str = "Asking the servers";

/// Connected providers, by their names in the files.
pub type Providers = BTreeMap<String, Provider>;

/// The projects that can be read, with how people spell them.
pub type ProjectNames = BTreeMap<ProjectKey, String>;

impl Link {
    /// Whether the sandbox answers, and no real server.
    pub const fn is_sandbox(&self) -> bool {
        self.http.sandbox.is_some()
    }

    /// Connects providers of a workspace by their names. Sends nothing.
    pub fn connect(
        &self,
        opened: &Opened,
        used: &BTreeSet<String>,
    ) -> Result<Providers, CommandError> {
        let configs: Vec<ProviderConfig> = opened
            .workspace
            .config
            .providers
            .values()
            .cloned()
            .collect();
        check_prefixes(&configs)?;
        self.connect_to(configs.iter().filter(|config| used.contains(&config.name)))
    }

    /// Whether there is any credential for a provider of a workspace, be it valid or not.
    pub fn has_credential(&self, opened: &Opened, name: &str) -> bool {
        let config = opened.workspace.config.providers.get(name);
        config.is_some_and(|config| {
            !self
                .connect_one(config)
                .is_err_and(|error| error.kind == RequestErrorKind::NoCredential)
        })
    }

    /// The providers of a workspace whose syncs can only be started, by their servers. One whose
    /// server cannot be determined is left out.
    pub(super) fn homes_of_starts(&self, opened: &Opened) -> Homes {
        let configs = opened.workspace.config.providers.values();
        configs
            .filter(|config| !config.platform.reads_back())
            .filter_map(|config| {
                let server = known_as(config, &self.environment, &self.http).ok()?;
                Some((server, (config.name.clone(), config.platform)))
            })
            .collect()
    }

    /// Whether a sync that can only be started is in the shard of this run. Taken to be in it if its
    /// server cannot be determined, which connecting to it reports.
    pub(super) fn has_in_shard(&self, sync: &DesiredSync, opened: &Opened) -> bool {
        let Some(shard) = opened.options.shard else {
            return true;
        };
        let config = opened.workspace.config.providers.get(&sync.provider.text);
        let server = config.and_then(|config| known_as(config, &self.environment, &self.http).ok());
        let project = sync.project.as_ref().map_or("", |word| &word.text);
        server.is_none_or(|server| shard.holds(&server, project))
    }

    /// Connects providers. Sends nothing. If some cannot be connected, all of them are named.
    pub(super) fn connect_to<'a>(
        &self,
        configs: impl Iterator<Item = &'a ProviderConfig>,
    ) -> Result<Providers, CommandError> {
        let mut providers = BTreeMap::new();
        let mut errors = Vec::new();
        for config in configs {
            match self.connect_one(config) {
                Ok(provider) => {
                    providers.insert(config.name.clone(), provider);
                }
                Err(error) => errors.push(CommandError::from(error)),
            }
        }
        CommandError::all(errors)?;
        Ok(providers)
    }

    fn connect_one(&self, config: &ProviderConfig) -> Result<Provider, RequestError> {
        let (environment, login) = (&self.environment, &self.login);
        provider::connect(config, environment, login, &self.http, &self.cancellation)
    }

    /// Runs look-ups at once, a few at a time. If some fail, the error names all of them.
    pub(super) async fn gather<K: Ord, V>(
        &self,
        lookups: impl Iterator<Item = impl Future<Output = Result<(K, V), RequestError>>>,
    ) -> Result<BTreeMap<K, V>, CommandError> {
        let lookups: Vec<_> = lookups.collect();
        let (total, done) = (lookups.len(), Cell::new(0_usize));
        (self.watch)(ASKING);
        let counted = lookups.into_iter().map(async |lookup| {
            let answer = lookup.await;
            done.set(done.get() + 1);
            (self.watch)(&format!("{ASKING}: {} of {total}", done.get()));
            answer
        });
        let answers: Vec<_> = stream::iter(counted)
            .buffered(self.parallelism.max(1))
            .collect()
            .await;
        let mut table = BTreeMap::new();
        let mut errors = Vec::new();
        for answer in answers {
            match answer {
                Ok((key, value)) => {
                    table.insert(key, value);
                }
                Err(error) => errors.push(CommandError::from(error)),
            }
        }
        CommandError::all(errors)?;
        Ok(table)
    }

    /// All syncs of the projects: one list request each.
    pub(super) async fn read(
        &self,
        providers: &Providers,
        projects: &ProjectNames,
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
        self.gather(reads).await
    }

    /// The projects of each of these providers, by the provider's name: one request each.
    pub(super) async fn project_tables(
        &self,
        providers: &Providers,
        names: BTreeSet<&String>,
    ) -> Result<BTreeMap<String, Vec<RemoteProject>>, CommandError> {
        let lookups = names
            .into_iter()
            .filter_map(|name| match providers.get(name)? {
                Provider::Managed(provider) => {
                    Some(async move { Ok((name.clone(), provider.projects().await?)) })
                }
                Provider::StartOnly(_) => None,
            });
        self.gather(lookups).await
    }

    /// Whether `--allow-project` lets a project be read.
    pub fn may_read(&self, id: &str, table: &[RemoteProject]) -> bool {
        let slug = table
            .iter()
            .find(|project| project.id == id)
            .map(|project| project.slug.as_str());
        let mut allowed = self.allow_projects.iter();
        self.allow_projects.is_empty()
            || allowed.any(|allowed| allowed == id || Some(allowed.as_str()) == slug)
    }

    /// Refuses projects that `--allow-project` does not name.
    pub(super) fn check_allowed_projects(
        &self,
        beginning: &str,
        projects: &ProjectNames,
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
        .help("Allow them by id or slug, or leave their syncs out of this run."))
    }
}
