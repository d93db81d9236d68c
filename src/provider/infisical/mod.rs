//! Infisical: its routes for secret syncs, as a server of June 2025 answered them.
//!
//! | module | what it knows |
//! |---|---|
//! | `login`, `identity_token`, `caller_identity` | the ways to log in |
//! | `lint`, `effect` | what a schema cannot say, and what a push does |
//! | `schemas` | its destinations, and how its OpenAPI documents are read |
//! | `terraform.json` | where the names of its Terraform provider are not those of its API |
//! | `read`, `refusal`, `wording` | what comes back, what is refused, and what its words mean |

mod answers;
mod caller_identity;
mod effect;
mod identity_token;
mod lint;
pub mod login;
mod own_fields;
mod reach;
mod refusal;
mod refusal_topic;
mod schemas;

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value};

use super::credential::{Credential, LoginOptions, message};
use super::door::{BundledText, Door, FieldMeaning, OperationKind, Servers};
use super::environment_variables::ProviderVariables;
use super::session::AuthenticatedClient;
use super::{Deletion, ManagedSyncs, Provider};
use crate::cancel::Cancellation;
use crate::core::code::Code;
use crate::core::desired::DesiredSync;
use crate::core::diagnostic::Diagnostic;
use crate::core::diff::FieldChange;
use crate::core::normalize::Comparable;
use crate::core::plan::Effect;
use crate::core::platform::{Capability, Description, Platform};
use crate::core::remote::{
    RemoteConnection, RemoteDestination, RemoteEnvironment, RemoteIdentity, RemoteProject,
    RemoteSync, UsableConnections,
};
use crate::core::rules::Reach;
use crate::core::rules::Rules;
use crate::core::spec::DestinationSpec;
use crate::http::HttpOptions;
use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::request::Repeat;
use crate::http::request::Request;
use crate::http::request::{DOCUMENT_LIMIT, LIST_LIMIT};
use answers::AnswerReader;

/// The platform as everything else knows it.
pub const PLATFORM: Platform = Platform::new(&Description {
    name: "infisical",
    title: "Infisical",
    capabilities: &[
        Capability::ReadsBack,
        Capability::Connections,
        Capability::NamesPerProject,
        Capability::Jobs,
        Capability::Renames,
        Capability::SourceFolders,
        Capability::ListsDestinations,
    ],
});

/// The variable that names a server, as Infisical's own tools read it.
pub const HOST: &str = "INFISICAL_HOST";
/// Other names that its own tools have for it.
const OTHER_HOSTS: [&str; 2] = ["INFISICAL_API_URL", "INFISICAL_DOMAIN"];
/// The variable that names the project of syncs whose files name none.
const PROJECT: &str = "INFISICAL_PROJECT_ID";

/// Every variable, with what it is for.
const VARIABLES: &[(&str, &str)] = &[
    (login::CLIENT_ID, "the machine identity's client id"),
    (login::CLIENT_SECRET, "its client secret"),
    (login::TOKEN, "an access token, instead of the two"),
    (
        login::IDENTITY_ID,
        "an identity that logs in without a secret: with the job's identity token in GitHub Actions",
    ),
    (identity_token::GIVEN, "an identity token of any other CI"),
    (
        identity_token::AUDIENCE,
        "who GitHub's identity token is meant for",
    ),
    (
        identity_token::GITHUB_URL,
        "where GitHub gives that token out, set in jobs with `id-token: write`; GitHub's own name, whatever the \
         provider's",
    ),
    (identity_token::GITHUB_TOKEN, "what a job asks for it with"),
    (
        login::AUTH_METHOD,
        "another login than by these: jwt-auth, kubernetes-auth, gcp-auth, azure-auth, aws-auth",
    ),
    (
        identity_token::SERVICE_ACCOUNT,
        "the file of the service account's token, if it is not where pods have it",
    ),
    (
        caller_identity::ACCESS_KEY,
        "what aws-auth signs its proof with; AWS's own name, whatever the provider's",
    ),
    (caller_identity::SECRET_KEY, "the same; it is never sent"),
    (
        caller_identity::SESSION_TOKEN,
        "the same, if the credentials are temporary",
    ),
    (
        caller_identity::REGIONS[0],
        "the region whose service checks that proof (or AWS_DEFAULT_REGION)",
    ),
    (
        login::ORGANIZATION,
        "the (sub-)organization to log in to; also --organization-slug",
    ),
    (HOST, "another server than https://app.infisical.com"),
    (OTHER_HOSTS[0], "the same"),
    (OTHER_HOSTS[1], "the same"),
    (PROJECT, "the project of syncs whose files name none"),
];

/// The door to Infisical.
pub struct Infisical;

impl Door for Infisical {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn servers(&self) -> Servers {
        Servers {
            // The American cloud has two addresses.
            official: &[
                &["https://app.infisical.com", "https://us.infisical.com"],
                &["https://eu.infisical.com"],
            ],
            host_variables: &[HOST, OTHER_HOSTS[0], OTHER_HOSTS[1]],
            project_variable: Some(PROJECT),
            document_path: Some("/api/docs/json"),
            sync_paths: "paths below /api/v1/secret-syncs/",
        }
    }

    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        VARIABLES
    }

    fn credential(
        &self,
        variables: &ProviderVariables<'_>,
        login: &LoginOptions,
        http: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Result<Credential, RequestError> {
        login::credential(variables, login, http, cancellation)
    }

    fn is_refusal(&self, answer: &Answer) -> bool {
        refusal::is_own(answer)
    }

    /// It answers 403, too, to a token that is malformed, badly signed or expired.
    fn token_refusal(&self, answer: &Answer) -> Option<String> {
        let is_refused = match answer.status() {
            401 => true,
            403 => answer
                .json()
                .is_ok_and(|body| body["error"] == "TokenError"),
            _ => false,
        };
        is_refused.then(|| message(answer))
    }

    fn provider(&self, session: AuthenticatedClient) -> Provider {
        Provider::Managed(Arc::new(Server { session }))
    }

    fn schemas(&self) -> &'static [(&'static str, BundledText)] {
        schemas::FILES
    }

    fn fields(&self) -> &'static [FieldMeaning] {
        own_fields::MEANINGS
    }

    fn lints(&self) -> &'static [Code] {
        &lint::LINTS
    }

    fn operation<'d>(&self, path: &[&'d str], method: &str) -> Option<OperationKind<'d>> {
        schemas::operation(path, method)
    }

    // As of version 0.19.24 of the provider.
    fn terraform(&self) -> Option<&'static str> {
        Some(include_str!("terraform.json"))
    }
}

/// How many sync jobs run at a time for one connection. The others are looked at again every 30 to
/// 40 s, so that some may wait although fewer run.
const JOBS_PER_CONNECTION: usize = 5;

const SYNCS: [&str; 3] = ["api", "v1", "secret-syncs"];

impl Rules for Infisical {
    fn lint(
        &self,
        sync: &DesiredSync,
        spec: Option<&DestinationSpec>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        lint::check(sync, spec, diagnostics);
    }

    fn reach(&self, spec: &DestinationSpec, sync: &Comparable) -> Option<Reach> {
        Some(reach::of(spec, sync))
    }

    fn separation(&self, spec: &DestinationSpec) -> String {
        reach::separation(spec)
    }

    fn is_auto_synced(&self, sync: &Comparable) -> bool {
        effect::is_auto_synced(sync)
    }

    fn effects_of_first_sync(&self, sync: &Comparable) -> Vec<Effect> {
        effect::of_first_sync(sync)
    }

    fn effects_of_update(
        &self,
        sync: &Comparable,
        changes: &[FieldChange],
        was_pushed: bool,
    ) -> Vec<Effect> {
        effect::of_update(sync, changes, was_pushed)
    }
}

/// An Infisical server, as one identity sees it.
struct Server {
    session: AuthenticatedClient,
}

impl Server {
    fn request(
        &self,
        method: Method,
        segments: &[&str],
        repeat: Repeat,
        task: impl Into<String>,
    ) -> Result<Request, RequestError> {
        self.session.request(method, segments, repeat, task)
    }

    /// A request under `/api/v1/secret-syncs`.
    fn sync_request(
        &self,
        method: Method,
        segments: &[&str],
        repeat: Repeat,
        task: impl Into<String>,
    ) -> Result<Request, RequestError> {
        self.request(method, &[&SYNCS, segments].concat(), repeat, task)
    }

    /// Sends a request and reads the one object that its answer has to hold.
    async fn call<T>(
        &self,
        request: Request,
        read: impl FnOnce(&AnswerReader, Value) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        let reader = AnswerReader::new(request.task(), self.session.origin());
        self.session
            .call(request, |answer| read(&reader, reader.accepted(answer)?))
            .await
    }

    /// Sends a request, and reads the sync of that id in its answer.
    async fn sync_with_id(&self, request: Request, id: &str) -> Result<RemoteSync, RequestError> {
        self.call(request, |reader, body| reader.sync_with_id(body, id))
            .await
    }

    /// The names of the folders in one, by the route of a version and its name for the project.
    async fn folders_at(
        &self,
        (version, project, project_id): (&str, &'static str, &str),
        (environment, path): (&str, &str),
        task: &str,
    ) -> Result<Vec<String>, RequestError> {
        let request = self
            .request(
                Method::GET,
                &["api", version, "folders"],
                Repeat::Read,
                task,
            )?
            .query(project, project_id)
            .query("environment", environment)
            .query("path", path)
            .limit(DOCUMENT_LIMIT);
        self.call(request, AnswerReader::folder_names).await
    }

    /// The names of the folders in one, by the newest route that the server has.
    async fn folders_in(
        &self,
        project_id: &str,
        place: (&str, &str),
        task: &str,
    ) -> Result<Vec<String>, RequestError> {
        let newest = self.folders_at(("v2", "projectId", project_id), place, task);
        match newest.await {
            // Servers of 2025 have only the older route.
            Err(error) if error.kind == RequestErrorKind::NoRoute => {
                self.folders_at(("v1", "workspaceId", project_id), place, task)
                    .await
            }
            result => result,
        }
    }

    /// The connections to an app that the identity may use, or all that it may see: the organization's,
    /// and those of a project if one is named. Servers of 2025 know only the former, and take no
    /// notice of the project.
    async fn connections_of(
        &self,
        app: Option<&str>,
        project_id: Option<&str>,
    ) -> Result<Vec<RemoteConnection>, RequestError> {
        let all = ["api", "v1", "app-connections"];
        let (segments, task) = match app {
            Some(app) => (
                [&all[..], &[app, "available"]].concat(),
                format!("list the connections to {app}"),
            ),
            None => (all.to_vec(), "list the connections".to_owned()),
        };
        let mut request = self
            .request(Method::GET, &segments, Repeat::Read, task)?
            .limit(DOCUMENT_LIMIT);
        if let Some(id) = project_id {
            request = request.query("projectId", id);
        }
        self.call(request, AnswerReader::connections).await
    }

    /// The environments of a project, by a route and its envelope.
    async fn environments_at(
        &self,
        (route, envelope): (&str, &'static str),
        project_id: &str,
    ) -> Result<Vec<RemoteEnvironment>, RequestError> {
        let request = self
            .request(
                Method::GET,
                &["api", "v1", route, project_id],
                Repeat::Read,
                format!("list the environments of project \"{project_id}\""),
            )?
            .limit(DOCUMENT_LIMIT);
        self.call(request, |reader, body| reader.environments(body, envelope))
            .await
    }

    /// The projects at a route; `None` if the server does not have that route.
    async fn projects_at(
        &self,
        route: &str,
        envelope: &'static str,
    ) -> Result<Option<Vec<RemoteProject>>, RequestError> {
        let request = self
            .request(
                Method::GET,
                &["api", "v1", route],
                Repeat::Read,
                "list the projects",
            )?
            // Newer servers list projects of all their products otherwise.
            .query("type", "secret-manager")
            .limit(DOCUMENT_LIMIT);
        match self
            .call(request, |reader, body| reader.projects(body, envelope))
            .await
        {
            Err(error) if error.kind == RequestErrorKind::NoRoute => Ok(None),
            result => result.map(Some),
        }
    }
}

#[async_trait]
impl ManagedSyncs for Server {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn server(&self) -> &str {
        self.session.server()
    }

    fn auth_method(&self) -> String {
        self.session.auth_method()
    }

    fn jobs_per_connection(&self) -> Option<usize> {
        Some(JOBS_PER_CONNECTION)
    }

    async fn identity(&self) -> Result<RemoteIdentity, RequestError> {
        let token = self.session.token().await?;
        let request = self
            .request(
                Method::GET,
                &["api", "v1", "identities", "details"],
                // Older servers fail at it: asking again would only take time.
                Repeat::Never,
                "look up the identity",
            )?
            .limit(DOCUMENT_LIMIT);
        let details = match self.call(request, |_, body| Ok(body)).await {
            Ok(body) => body,
            Err(error) if error.kind == RequestErrorKind::Interrupted => return Err(error),
            // The token itself says as much as is known then.
            Err(_) => Value::Null,
        };
        let asked = self.session.organization();
        Ok(answers::identity(
            &details["identityDetails"],
            &token,
            asked,
        ))
    }

    async fn projects(&self) -> Result<Vec<RemoteProject>, RequestError> {
        if let Some(projects) = self.projects_at("projects", "projects").await? {
            return Ok(projects);
        }
        // The name that servers of 2025 have for it, and that newer ones may have dropped.
        let projects = self.projects_at("workspace", "workspaces").await?;
        projects.ok_or_else(|| {
            bad_answer(
                "list the projects",
                self.session.origin(),
                "404 Not Found for every route that Infisical has had for it",
            )
        })
    }

    async fn connections(
        &self,
        app: &str,
        project_id: &str,
    ) -> Result<UsableConnections, RequestError> {
        let of_project = self.connections_of(Some(app), Some(project_id)).await;
        match of_project {
            Ok(seen) => Ok(UsableConnections { seen, lacks: None }),
            Err(error) if error.kind == RequestErrorKind::Permission => Ok(UsableConnections {
                seen: self.connections_of(Some(app), None).await?,
                lacks: Some("the permission *connect* on this project's app connections"),
            }),
            Err(error) => Err(error),
        }
    }

    async fn visible_connections(
        &self,
        app: Option<&str>,
        project_id: Option<&str>,
    ) -> Result<Vec<RemoteConnection>, RequestError> {
        self.connections_of(app, project_id).await
    }

    async fn environments(&self, project_id: &str) -> Result<Vec<RemoteEnvironment>, RequestError> {
        let newest = self.environments_at(("projects", "project"), project_id);
        match newest.await {
            // Servers of 2025 have only the older route.
            Err(error) if error.kind == RequestErrorKind::NoRoute => {
                self.environments_at(("workspace", "workspace"), project_id)
                    .await
            }
            result => result,
        }
    }

    async fn folders(
        &self,
        project_id: &str,
        environment: &str,
        path: &str,
    ) -> Result<Vec<String>, RequestError> {
        let task = format!("list the folders in \"{path}\" of environment \"{environment}\"");
        self.folders_in(project_id, (environment, path), &task)
            .await
    }

    async fn destinations(&self) -> Result<Vec<RemoteDestination>, RequestError> {
        let request = self
            .sync_request(
                Method::GET,
                &["options"],
                Repeat::Read,
                "list the destinations",
            )?
            .limit(DOCUMENT_LIMIT);
        self.call(request, AnswerReader::destinations).await
    }

    async fn has_folder(
        &self,
        project_id: &str,
        environment: &str,
        path: &str,
    ) -> Result<bool, RequestError> {
        // The route lists what is in a folder, so a folder is looked for in the one above it.
        let (above, name) = match path.trim_end_matches('/').rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some((above, name)) => (above, name),
            None => ("/", ""),
        };
        let task = format!("look for the folder \"{path}\" of environment \"{environment}\"");
        match self
            .folders_in(project_id, (environment, above), &task)
            .await
        {
            Ok(folders) => Ok(name.is_empty() || folders.iter().any(|folder| folder == name)),
            Err(error) if error.kind == RequestErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn list(
        &self,
        project_id: &str,
        spelling: &str,
    ) -> Result<Vec<RemoteSync>, RequestError> {
        let request = self
            .sync_request(
                Method::GET,
                &[],
                Repeat::Read,
                format!("list the syncs of project \"{spelling}\""),
            )?
            .query("projectId", project_id)
            .limit(LIST_LIMIT);
        let reader = AnswerReader::new(request.task(), self.session.origin());
        self.session
            .call(request, |answer| reader.syncs(answer, project_id))
            .await
    }

    async fn get(&self, destination: &str, id: &str) -> Result<Option<RemoteSync>, RequestError> {
        let request = self.sync_request(
            Method::GET,
            &[destination, id],
            Repeat::Read,
            format!("read the sync \"{id}\""),
        )?;
        none_if_missing(self.sync_with_id(request, id).await)
    }

    async fn create(
        &self,
        destination: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, RequestError> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or("?");
        let request = self
            .sync_request(
                Method::POST,
                &[destination],
                Repeat::Never,
                format!("create the sync \"{name}\""),
            )?
            .json(body);
        self.call(request, AnswerReader::sync).await
    }

    async fn update(
        &self,
        destination: &str,
        id: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, RequestError> {
        let request = self
            .sync_request(
                Method::PATCH,
                &[destination, id],
                Repeat::Same,
                format!("update the sync \"{id}\""),
            )?
            .json(body);
        self.call(request, |reader, body| reader.sync_with_id(body, id))
            .await
    }

    async fn delete(
        &self,
        destination: &str,
        id: &str,
        remove_secrets: bool,
    ) -> Result<Deletion, RequestError> {
        let request = self
            .sync_request(
                Method::DELETE,
                &[destination, id],
                Repeat::Same,
                format!("delete the sync \"{id}\""),
            )?
            .query(
                "removeSecrets",
                if remove_secrets { "true" } else { "false" },
            );
        let deleted = self
            .call(request, |reader, body| reader.sync_with_id(body, id))
            .await;
        match deleted {
            // Without a removal job the sync is gone when the answer comes.
            Ok(_) if !remove_secrets => Ok(Deletion::Gone),
            Ok(sync) => Ok(Deletion::Pending(Box::new(sync))),
            Err(error) if error.kind == RequestErrorKind::NotFound => Ok(Deletion::Gone),
            // An earlier try may have queued the very job that blocks this one.
            Err(error)
                if remove_secrets
                    && error.is_in_doubt()
                    && error.kind == RequestErrorKind::JobInProgress =>
            {
                match self.get(destination, id).await {
                    Ok(None) => Ok(Deletion::Gone),
                    Ok(Some(sync)) if sync.remove_job.is_going() => {
                        Ok(Deletion::Pending(Box::new(sync)))
                    }
                    Ok(Some(_)) | Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn trigger(&self, destination: &str, id: &str) -> Result<RemoteSync, RequestError> {
        let request = self.sync_request(
            Method::POST,
            &[destination, id, "sync-secrets"],
            Repeat::Same,
            format!("trigger the sync \"{id}\""),
        )?;
        match self.sync_with_id(request, id).await {
            // An earlier try may have queued the very job that blocks this one.
            Err(error) if error.is_in_doubt() && error.kind == RequestErrorKind::JobInProgress => {
                match self.get(destination, id).await {
                    Ok(Some(sync)) if sync.sync_job.is_going() => Ok(sync),
                    _ => Err(error),
                }
            }
            result => result,
        }
    }

    async fn import_secrets(
        &self,
        destination: &str,
        id: &str,
        behavior: &str,
    ) -> Result<RemoteSync, RequestError> {
        let request = self
            .sync_request(
                Method::POST,
                &[destination, id, "import-secrets"],
                Repeat::Never,
                format!("import the secrets of the sync \"{id}\""),
            )?
            .query("importBehavior", behavior);
        self.sync_with_id(request, id).await
    }

    async fn remove_secrets(
        &self,
        destination: &str,
        id: &str,
    ) -> Result<RemoteSync, RequestError> {
        let request = self.sync_request(
            Method::POST,
            &[destination, id, "remove-secrets"],
            Repeat::Never,
            format!("remove the secrets of the sync \"{id}\""),
        )?;
        self.sync_with_id(request, id).await
    }
}

fn none_if_missing(
    result: Result<RemoteSync, RequestError>,
) -> Result<Option<RemoteSync>, RequestError> {
    match result {
        Ok(sync) => Ok(Some(sync)),
        Err(error) if error.kind == RequestErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
