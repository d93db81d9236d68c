//! What exists before the first request: projects, connections, identities.

mod grow;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CLIENT_ID, CLIENT_SECRET, ENKRYPTIFY_TOKEN, IDENTITY_ID, INFISICAL_TOKEN, ids};

/// What exists on both platforms.
///
/// As a file it reads
/// ```yaml
/// projects:
///   - slug: payments
///     name: Payments             # optional, as are id and type (secret-manager)
///     environments:              # optional: dev, staging and prod
///       - slug: prod
///         folders: [/apps/web]   # the root always exists
///         secrets: { /apps/web: [API_KEY] }   # optional: the names in a folder
///     organization: payments     # optional: the slug of the sub-organisation that has it
/// connections:
///   - { app: humanitec, name: humanitec-main }
///   - { app: humanitec, name: own, project: payments }  # that project's, not the organisation's
/// identities:                    # optional: the demo identity
///   - clientId: …
///     clientSecret: …
///     role: member               # or admin, viewer, no-connect, outsider
///     organizationRole: no-access   # optional: it may not use the organisation's connections
///     projects: [payments]       # optional: the only ones that it is a member of
///     hiddenSecrets: [/apps]     # optional: folders whose secrets it may not read
///     aws: {}                    # optional: it can log in with aws-auth; likewise oidc, jwt
/// enterprise: true               # destinations that need a licence work
/// syncLimit: 10                  # how many syncs the plan allows, in all projects
/// enkryptify:
///   projects: [prj_123]          # optional: without it, every project exists
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct World {
    pub(super) projects: Vec<Project>,
    pub(super) connections: Vec<Connection>,
    /// Never written: they hold credentials.
    #[serde(skip_serializing)]
    pub(super) identities: Vec<Identity>,
    pub(super) enterprise: bool,
    /// How many syncs the organisation's plan allows.
    pub(super) sync_limit: Option<usize>,
    pub(super) enkryptify: EnkryptifyWorld,
}

/// An Infisical project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, from = "ProjectFile")]
pub struct Project {
    pub id: String,
    pub slug: String,
    pub name: String,
    /// What it is for: `secret-manager`, `cert-manager`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The slug of the sub-organisation that it belongs to.
    pub organization: Option<String>,
    pub environments: Vec<ProjectEnvironment>,
}

/// A project as a file may shorten it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProjectFile {
    id: Option<String>,
    slug: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    organization: Option<String>,
    environments: Option<Vec<ProjectEnvironment>>,
}

/// An environment of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectEnvironment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub slug: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub folders: BTreeSet<String>,
    /// The names of the secrets in a folder, by its path.
    #[serde(default)]
    pub secrets: BTreeMap<String, BTreeSet<String>>,
}

/// A connection to an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, from = "ConnectionFile")]
pub struct Connection {
    pub app: String,
    pub name: String,
    pub id: String,
    /// The project that it belongs to, by id, slug or name; `None` for the organisation's.
    pub project: Option<String>,
}

/// A connection as a file may shorten it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConnectionFile {
    app: String,
    name: String,
    id: Option<String>,
    project: Option<String>,
}

/// A machine identity and what it may do.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Identity {
    /// Its id; derived from the client id if it is not given.
    pub id: String,
    pub client_id: String,
    pub client_secret: String,
    /// A token that works without a login.
    pub token: Option<String>,
    pub role: Role,
    pub organization_role: OrganizationRole,
    /// The only environment whose syncs it may touch.
    pub environment: Option<String>,
    /// The only projects that it is a member of, by slug.
    pub projects: Option<BTreeSet<String>>,
    /// Folders whose secrets it may not read, and with them the folders within.
    pub hidden_secrets: BTreeSet<String>,
    /// The sub-organisation that it logged in to.
    #[serde(skip)]
    pub organization: Option<String>,
    /// How long a token lives, in seconds.
    pub token_ttl: u32,
    /// How long a token can be renewed, in seconds.
    pub token_max_ttl: u32,
    /// How many requests a token is good for.
    pub token_uses: Option<u32>,
    /// Which tokens of an identity provider it can log in with.
    pub oidc: Option<TokenClaims>,
    /// Which signed tokens it can log in with.
    pub jwt: Option<TokenClaims>,
    /// Whose signed requests to AWS it can log in with.
    pub aws: Option<AwsKeys>,
}

/// The AWS credentials of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AwsKeys {
    /// The only access key that may sign; without one, any.
    pub access_key_id: Option<String>,
}

/// What a foreign token must say. Signatures are not checked: there is nothing to protect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenClaims {
    pub subject: Option<String>,
    pub audience: Option<String>,
}

/// What an identity may do in every project of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything, and the administration of connections and tokens.
    Admin,
    /// Everything with syncs.
    #[default]
    Member,
    /// Reading syncs.
    Viewer,
    /// Everything with syncs but using a connection.
    NoConnect,
    /// Nothing: it is a member of no project.
    Outsider,
}

/// What an identity may do in the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganizationRole {
    /// Using the organisation's connections.
    #[default]
    Member,
    /// Nothing: it does not see the organisation's connections.
    NoAccess,
}

/// What exists on Enkryptify.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EnkryptifyWorld {
    /// The projects that exist; without a list, every project exists.
    pub projects: Option<BTreeSet<String>>,
    /// The API token. Never written.
    #[serde(skip_serializing)]
    pub token: String,
}

impl Default for World {
    fn default() -> Self {
        Self {
            projects: Vec::new(),
            connections: Vec::new(),
            identities: vec![Identity::demo()],
            enterprise: false,
            sync_limit: None,
            enkryptify: EnkryptifyWorld::default(),
        }
    }
}

impl Default for EnkryptifyWorld {
    fn default() -> Self {
        Self {
            projects: None,
            token: ENKRYPTIFY_TOKEN.to_owned(),
        }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            id: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            token: None,
            role: Role::default(),
            organization_role: OrganizationRole::default(),
            environment: None,
            projects: None,
            hidden_secrets: BTreeSet::new(),
            organization: None,
            token_ttl: Self::THIRTY_DAYS,
            token_max_ttl: Self::THIRTY_DAYS,
            token_uses: None,
            oidc: None,
            jwt: None,
            aws: None,
        }
    }
}

impl Identity {
    const THIRTY_DAYS: u32 = 2_592_000;

    fn demo() -> Self {
        Self {
            id: IDENTITY_ID.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            token: Some(INFISICAL_TOKEN.to_owned()),
            aws: Some(AwsKeys::default()),
            ..Self::default()
        }
    }

    /// Whether it may do anything in a project.
    pub fn is_member_of(&self, project: &Project) -> bool {
        let projects = self.projects.as_ref();
        self.role != Role::Outsider
            && self.organization == project.organization
            && projects.is_none_or(|projects| projects.contains(&project.slug))
    }

    /// Whether it may read the secrets in a folder.
    pub fn may_read_secrets(&self, folder: &str) -> bool {
        let mut hidden = self.hidden_secrets.iter();
        !hidden.any(|hidden| is_within(folder, hidden))
    }

    /// Its id.
    pub fn id(&self) -> String {
        if self.id.is_empty() {
            ids::uuid(&["identity", &self.client_id])
        } else {
            self.id.clone()
        }
    }

    /// How long a token lives.
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(self.token_ttl.into())
    }
}

/// Without its credentials.
impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// Without its credential.
impl std::fmt::Debug for EnkryptifyWorld {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EnkryptifyWorld")
            .field("projects", &self.projects)
            .finish_non_exhaustive()
    }
}

/// The type of the projects that hold secrets.
const SECRET_MANAGER: &str = "secret-manager";

impl From<ProjectFile> for Project {
    fn from(file: ProjectFile) -> Self {
        let slug = file
            .slug
            .or_else(|| file.name.as_deref().map(slug_of))
            .or_else(|| file.id.as_deref().map(slug_of_id))
            .unwrap_or_default();
        Self {
            id: file.id.unwrap_or_else(|| ids::uuid(&["project", &slug])),
            name: file.name.unwrap_or_else(|| slug.clone()),
            kind: file.kind.unwrap_or_else(|| SECRET_MANAGER.to_owned()),
            organization: file.organization,
            environments: file
                .environments
                .unwrap_or_else(ProjectEnvironment::of_a_new_project),
            slug,
        }
    }
}

impl From<ConnectionFile> for Connection {
    fn from(file: ConnectionFile) -> Self {
        let parts = ["connection", &file.app, &file.name];
        let owner = file.project.as_deref();
        let parts: Vec<&str> = parts.into_iter().chain(owner).collect();
        Self {
            id: file.id.unwrap_or_else(|| ids::uuid(&parts)),
            app: file.app,
            name: file.name,
            project: file.project,
        }
    }
}

impl ProjectEnvironment {
    fn new(slug: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            ..Self::default()
        }
    }

    /// The environments that Infisical gives to a new project.
    fn of_a_new_project() -> Vec<Self> {
        ["dev", "staging", "prod"].map(Self::new).into()
    }

    /// Its name, as Infisical calls the usual ones.
    pub fn name(&self) -> &str {
        match (self.name.as_deref(), self.slug.as_str()) {
            (Some(name), _) => name,
            (None, "dev") => "Development",
            (None, "staging") => "Staging",
            (None, "prod") => "Production",
            (None, slug) => slug,
        }
    }

    /// Its id within a project.
    pub fn id(&self, project_id: &str) -> String {
        self.id
            .clone()
            .unwrap_or_else(|| ids::uuid(&["environment", project_id, &self.slug]))
    }

    /// The folders that are named; those around them exist, too.
    fn paths(&self) -> impl Iterator<Item = &str> {
        let with_secrets = self.secrets.keys();
        self.folders.iter().chain(with_secrets).map(String::as_str)
    }

    /// Whether the folder of that path exists. Paths are compared as they are stored: with
    /// a leading slash and without a trailing one.
    pub fn has_folder(&self, path: &str) -> bool {
        path == "/" || self.paths().any(|folder| is_within(folder, path))
    }

    /// The folder of that path and every folder within.
    pub fn subtree<'a>(&'a self, path: &'a str) -> BTreeSet<&'a str> {
        let mut folders = BTreeSet::from([path]);
        for folder in self.paths() {
            let mut folder = folder;
            while is_within(folder, path) && folders.insert(folder) {
                folder = parent_of(folder);
            }
        }
        folders.remove("");
        folders
    }

    /// The secrets that some of these folders have under one name, with these folders.
    pub fn clashes<'a>(&'a self, folders: &BTreeSet<&str>) -> BTreeMap<&'a str, Vec<&'a str>> {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (folder, names) in &self.secrets {
            for name in names.iter().filter(|_| folders.contains(folder.as_str())) {
                places.entry(name).or_default().push(folder);
            }
        }
        places.retain(|_, folders| folders.len() > 1);
        places
    }

    /// Takes a folder and what is in it away; returns whether it existed.
    pub fn remove_folder(&mut self, path: &str) -> bool {
        let existed = path != "/" && self.has_folder(path);
        if existed {
            let parent = parent_of(path).to_owned();
            self.folders.retain(|folder| !is_within(folder, path));
            self.secrets.retain(|folder, _| !is_within(folder, path));
            self.folders.insert(parent);
        }
        existed
    }

    /// The names of the folders right inside `path`, in alphabetical order.
    pub fn children(&self, path: &str) -> BTreeSet<&str> {
        let prefix = if path == "/" { "" } else { path };
        self.paths()
            .filter_map(|folder| folder.strip_prefix(prefix)?.strip_prefix('/'))
            .filter_map(|rest| rest.split('/').next())
            .filter(|name| !name.is_empty())
            .collect()
    }
}

/// The id of the folder of that path in the environment of that id.
pub fn folder_id(environment_id: &str, path: &str) -> String {
    ids::uuid(&["folder", environment_id, path])
}

/// Whether `folder` is the folder `path`, or lies in it.
pub fn is_within(folder: &str, path: &str) -> bool {
    path == "/"
        || folder
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder that a folder lies in.
pub fn parent_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((parent, _)) if !parent.is_empty() => parent,
        _ => "/",
    }
}

/// A name as Infisical would make a slug of it.
fn slug_of(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

fn slug_of_id(id: &str) -> String {
    format!("project-{}", id.get(..8).unwrap_or(id))
}

impl World {
    /// The project of that id, slug or name.
    pub(super) fn project(&self, mention: &str) -> Option<&Project> {
        let by = |key: fn(&Project) -> &str| {
            self.projects
                .iter()
                .find(move |project| key(project) == mention)
        };
        by(|project| &project.id)
            .or_else(|| by(|project| &project.slug))
            .or_else(|| by(|project| &project.name))
    }

    /// The project of that id.
    pub(super) fn project_by_id(&self, id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    pub(super) fn project_by_id_mut(&mut self, id: &str) -> Option<&mut Project> {
        self.projects.iter_mut().find(|project| project.id == id)
    }

    pub(super) fn environment_mut(
        &mut self,
        id: &str,
        slug: &str,
    ) -> Option<&mut ProjectEnvironment> {
        let environments = &mut self.project_by_id_mut(id)?.environments;
        environments.iter_mut().find(|known| known.slug == slug)
    }

    /// The project that a connection belongs to; `None` for the organisation's.
    pub(super) fn project_of(&self, connection: &Connection) -> Option<&Project> {
        self.project(connection.project.as_deref()?)
    }

    /// Leaves only the organisation's connections.
    pub(super) fn forget_project_connections(&mut self) {
        let is_of_organisation = |connection: &Connection| connection.project.is_none();
        self.connections.retain(is_of_organisation);
    }

    /// The connection of that id.
    pub(super) fn connection(&self, id: &str) -> Option<&Connection> {
        self.connections
            .iter()
            .find(|connection| connection.id.eq_ignore_ascii_case(id))
    }
}

impl Project {
    /// The environment of that slug.
    pub fn environment(&self, slug: &str) -> Option<&ProjectEnvironment> {
        self.environments
            .iter()
            .find(|environment| environment.slug == slug)
    }

    /// Whether that environment has a folder of that path.
    pub fn has_folder(&self, environment: &str, path: &str) -> bool {
        self.environment(environment)
            .is_some_and(|environment| environment.has_folder(path))
    }
}
