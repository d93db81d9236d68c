//! What a connected provider can do.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::core::platform::Platform;
use crate::core::remote::{
    RemoteConnection, RemoteDestination, RemoteEnvironment, RemoteIdentity, RemoteProject,
    RemoteSync, UsableConnections,
};
use crate::http::error::{RequestError, RequestErrorKind};

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

    /// How many sync jobs run at a time for one connection, on a platform where the rest stand in line.
    fn jobs_per_connection(&self) -> Option<usize> {
        None
    }

    /// The identity behind the credential, as far as the platform shows it. What it does not show is
    /// no error. One request at most, besides the login.
    async fn identity(&self) -> Result<RemoteIdentity, RequestError> {
        Ok(RemoteIdentity::default())
    }

    /// The projects that the identity can see. One request.
    async fn projects(&self) -> Result<Vec<RemoteProject>, RequestError>;

    /// The environments of a project. One request, on a platform that has source folders.
    async fn environments(&self, project_id: &str) -> Result<Vec<RemoteEnvironment>, RequestError> {
        let _ = project_id;
        Err(without_list(self.platform(), "environments"))
    }

    /// The names of the folders that are directly in one. One request, on a platform that has source
    /// folders.
    async fn folders(
        &self,
        project_id: &str,
        environment: &str,
        path: &str,
    ) -> Result<Vec<String>, RequestError> {
        let _ = (project_id, environment, path);
        Err(without_list(self.platform(), "folders"))
    }

    /// The destinations that the server knows. One request, on a platform that lists them.
    async fn destinations(&self) -> Result<Vec<RemoteDestination>, RequestError> {
        Err(without_list(self.platform(), "destinations"))
    }

    /// The connections to an app that the identity may use in a project. One request, on a platform
    /// that has connections; a second one if the identity may not see the project's own.
    async fn connections(
        &self,
        app: &str,
        project_id: &str,
    ) -> Result<UsableConnections, RequestError> {
        let _ = (app, project_id);
        Ok(UsableConnections::default())
    }

    /// The connections that the identity can see: those to an app that it may use, or all. The
    /// organization's, and those of a project if one is named. One request, on a platform that has
    /// connections.
    async fn visible_connections(
        &self,
        app: Option<&str>,
        project_id: Option<&str>,
    ) -> Result<Vec<RemoteConnection>, RequestError> {
        let _ = (app, project_id);
        Err(without_list(self.platform(), "connections"))
    }

    /// Whether a source folder exists. One request, on a platform that has folders.
    async fn has_folder(
        &self,
        project_id: &str,
        environment: &str,
        path: &str,
    ) -> Result<bool, RequestError> {
        let _ = (project_id, environment, path);
        Ok(true)
    }

    /// All syncs of a project that the identity may read, of every destination. One request.
    /// `spelling` is what people call the project, for what there is to say about a failure.
    async fn list(&self, project_id: &str, spelling: &str)
    -> Result<Vec<RemoteSync>, RequestError>;

    /// One sync by its id; none if it is gone.
    async fn get(&self, destination: &str, id: &str) -> Result<Option<RemoteSync>, RequestError>;

    /// Creates a sync. `body` is the whole request. Sent at most once.
    async fn create(
        &self,
        destination: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, RequestError>;

    /// Changes the fields in `body` and no others.
    async fn update(
        &self,
        destination: &str,
        id: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, RequestError>;

    /// Deletes a sync; with `remove_secrets` its secrets at the destination, too.
    async fn delete(
        &self,
        destination: &str,
        id: &str,
        remove_secrets: bool,
    ) -> Result<Deletion, RequestError>;

    /// Queues a sync job, on a platform that has jobs.
    async fn trigger(&self, destination: &str, id: &str) -> Result<RemoteSync, RequestError> {
        let _ = (destination, id);
        Err(without_jobs(self.platform()))
    }

    /// Queues an import from the destination: `prioritize-source` or `prioritize-destination`.
    async fn import_secrets(
        &self,
        destination: &str,
        id: &str,
        behavior: &str,
    ) -> Result<RemoteSync, RequestError> {
        let _ = (destination, id, behavior);
        Err(without_jobs(self.platform()))
    }

    /// Queues a removal of the sync's secrets at the destination. The sync stays.
    async fn remove_secrets(
        &self,
        destination: &str,
        id: &str,
    ) -> Result<RemoteSync, RequestError> {
        let _ = (destination, id);
        Err(without_jobs(self.platform()))
    }
}

fn without_jobs(platform: Platform) -> RequestError {
    let message = format!("{} has no jobs to ask for.", platform.title());
    RequestError::new(RequestErrorKind::Rejected, message)
}

fn without_list(platform: Platform, what: &str) -> RequestError {
    let message = format!("{} does not list its {what}.", platform.title());
    RequestError::new(RequestErrorKind::Rejected, message)
}

/// A platform whose syncs can only be started; it does not list what was started.
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
    ) -> Result<String, RequestError>;
}

/// What a delete request came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// The sync is gone (also when it was gone before).
    Gone,
    /// A job removes the secrets first; the sync and its name stay until that job ends well.
    Pending(Box<RemoteSync>),
}
