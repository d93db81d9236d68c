//! The platforms, behind two traits: those that can be read back, and those that can only be started.

pub mod enkryptify;
pub mod infisical;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::cancel::Cancellation;
use crate::core::platform::Platform;
use crate::core::remote::{RemoteConnection, RemoteProject, RemoteSync};
use crate::environment::Environment;
use crate::http::{HttpOptions, trust};

/// Every platform that there is a door to. The one list of them.
pub const fn platforms() -> [Platform; 2] {
    [infisical::PLATFORM, enkryptify::PLATFORM]
}

/// The platform of that name.
pub fn platform_named(name: &str) -> Option<Platform> {
    platforms()
        .into_iter()
        .find(|platform| platform.name() == name)
}

/// A provider as the files and the workspace configure it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// The name that files use. The kind's own name, or one from `providers:`.
    pub name: String,
    /// The platform.
    pub platform: Platform,
    /// The `url:` of the workspace file, as written. Names a server, but never makes it trusted.
    pub url: Option<String>,
}

/// Whether a provider can have that name: its variables are named after it.
pub fn is_provider_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Connects a provider, if its credential may go to its server. Sends nothing.
pub fn connect(
    config: &ProviderConfig,
    environment: &Environment,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Provider, ProviderError> {
    let session = trust::connect(config, environment, options, cancellation)?;
    Ok(if config.platform.reads_back() {
        Provider::Managed(Arc::new(infisical::Infisical::new(session)))
    } else {
        Provider::StartOnly(Arc::new(enkryptify::Enkryptify::new(session)))
    })
}

/// A connected provider. Connecting sends nothing: the first request logs in.
#[derive(Clone)]
pub enum Provider {
    /// Its syncs can be listed, created, changed and deleted.
    Managed(Arc<dyn ManagedSyncs>),
    /// Its syncs can only be started.
    StartOnly(Arc<dyn StartedSyncs>),
}

impl Provider {
    /// The server's origin: `https://app.infisical.com`; for the sandbox `sandbox:` and the
    /// provider's name.
    pub fn server(&self) -> &str {
        match self {
            Self::Managed(provider) => provider.server(),
            Self::StartOnly(provider) => provider.server(),
        }
    }
}

/// A platform whose syncs can be read back.
#[async_trait]
pub trait ManagedSyncs: Send + Sync {
    /// The platform.
    fn platform(&self) -> Platform;

    /// The server's origin. Part of every sync's identity.
    fn server(&self) -> &str;

    /// How requests are authenticated, as people call it: `universal auth`.
    fn auth_method(&self) -> String;

    /// The projects that the identity can see. One request.
    async fn projects(&self) -> Result<Vec<RemoteProject>, ProviderError>;

    /// The connections to an app that the identity may use. One request.
    async fn connections(&self, app: &str) -> Result<Vec<RemoteConnection>, ProviderError>;

    /// Whether a source folder exists. One request.
    async fn has_folder(
        &self,
        project_id: &str,
        environment: &str,
        path: &str,
    ) -> Result<bool, ProviderError>;

    /// All syncs of a project that the identity may read, of every destination. One request.
    /// `spelling` is what people call the project, for what there is to say about a failure.
    async fn list(
        &self,
        project_id: &str,
        spelling: &str,
    ) -> Result<Vec<RemoteSync>, ProviderError>;

    /// One sync by its id; none if it is gone.
    async fn get(&self, destination: &str, id: &str) -> Result<Option<RemoteSync>, ProviderError>;

    /// One sync by its name; none if there is none that the identity may read.
    async fn find(
        &self,
        destination: &str,
        project_id: &str,
        name: &str,
    ) -> Result<Option<RemoteSync>, ProviderError>;

    /// Creates a sync. `body` is the whole request. Sent at most once.
    async fn create(
        &self,
        destination: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, ProviderError>;

    /// Changes the fields in `body` and no others.
    async fn update(
        &self,
        destination: &str,
        id: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, ProviderError>;

    /// Deletes a sync; with `remove_secrets` its secrets at the destination, too.
    async fn delete(
        &self,
        destination: &str,
        id: &str,
        remove_secrets: bool,
    ) -> Result<Deletion, ProviderError>;

    /// Queues a sync job.
    async fn trigger(&self, destination: &str, id: &str) -> Result<RemoteSync, ProviderError>;

    /// Queues an import from the destination: `prioritize-source` or `prioritize-destination`.
    async fn import_secrets(
        &self,
        destination: &str,
        id: &str,
        behavior: &str,
    ) -> Result<RemoteSync, ProviderError>;

    /// Queues a removal of the sync's secrets at the destination. The sync stays.
    async fn remove_secrets(
        &self,
        destination: &str,
        id: &str,
    ) -> Result<RemoteSync, ProviderError>;
}

/// A platform whose syncs can only be started; nothing tells afterwards what was.
#[async_trait]
pub trait StartedSyncs: Send + Sync {
    /// The server's origin. Part of every sync's identity.
    fn server(&self) -> &str;

    /// Starts a sync and returns the id of its configuration.
    /// Never repeated on its own: a second start makes a second configuration.
    async fn start(
        &self,
        destination: &str,
        project: &str,
        name: &str,
    ) -> Result<String, ProviderError>;
}

/// What a delete request came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// The sync is gone (also when it was gone before).
    Gone,
    /// A job removes the secrets first; the sync and its name stay until that job ends well.
    Pending(Box<RemoteSync>),
}

/// Why a request did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    /// What kind of failure it is.
    pub kind: ProviderErrorKind,
    /// A full sentence for the person who reads it at night, without any secret.
    pub message: String,
    /// What to do next, as a full sentence.
    pub help: Option<String>,
    /// Whether the request may have taken effect all the same.
    pub maybe_done: bool,
}

/// The kinds of failure that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderErrorKind {
    /// A credential is missing, wrong, expired or revoked.
    Authentication,
    /// The identity may not do this, or may not see the project.
    Permission,
    /// The credential would have gone to a server that nobody vouched for.
    Untrusted,
    /// The configuration of the provider is wrong: a malformed URL, two hosts that differ.
    Configuration,
    /// What the request is about does not exist.
    NotFound,
    /// The name is taken in the project.
    NameTaken,
    /// A job of this sync is at work; later it would go.
    JobInProgress,
    /// The server refused the request's content.
    Rejected,
    /// Too many requests, and the wait was longer than allowed.
    RateLimited,
    /// The server cannot be reached, did not answer in time, or failed.
    Unavailable,
    /// The answer is not what the API promises: HTML, not JSON, or fields are missing.
    BadAnswer,
    /// The run was interrupted before the request was sent.
    Interrupted,
}

impl ProviderError {
    /// A failure that certainly had no effect.
    pub fn new(kind: ProviderErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            maybe_done: false,
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Marks the request as one that may have taken effect.
    #[must_use]
    pub const fn maybe_done(mut self) -> Self {
        self.maybe_done = true;
        self
    }
}

impl std::fmt::Display for ProviderError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ProviderError {}
