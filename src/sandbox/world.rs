//! What exists before the first request: projects, connections, identities.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CLIENT_ID, CLIENT_SECRET, ENKRYPTIFY_TOKEN, IDENTITY_ID, INFISICAL_TOKEN, ids};

/// What exists on both platforms.
///
/// As a file it reads
/// ```yaml
/// projects:
///   - slug: payments
///     name: Payments             # optional, as is id
///     environments:              # optional: dev, staging and prod
///       - slug: prod
///         folders: [/apps/web]   # the root always exists
/// connections:
///   - { app: humanitec, name: humanitec-main }
/// identities:                    # optional: the demo identity
///   - { clientId: …, clientSecret: …, role: viewer }
/// enterprise: true               # destinations that need a licence work
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
    pub(super) enkryptify: EnkryptifyWorld,
}

/// An Infisical project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, from = "ProjectFile")]
pub struct Project {
    pub id: String,
    pub slug: String,
    pub name: String,
    pub environments: Vec<Environment>,
}

/// A project as a file may shorten it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProjectFile {
    id: Option<String>,
    slug: Option<String>,
    name: Option<String>,
    environments: Option<Vec<Environment>>,
}

/// An environment of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub slug: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub folders: BTreeSet<String>,
}

/// A connection to an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, from = "ConnectionFile")]
pub struct Connection {
    pub app: String,
    pub name: String,
    pub id: String,
}

/// A connection as a file may shorten it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConnectionFile {
    app: String,
    name: String,
    id: Option<String>,
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
    /// The only environment whose syncs it may touch.
    pub environment: Option<String>,
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
            environment: None,
            token_ttl: Self::THIRTY_DAYS,
            token_max_ttl: Self::THIRTY_DAYS,
            token_uses: None,
            oidc: None,
            jwt: None,
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
            ..Self::default()
        }
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
            environments: file
                .environments
                .unwrap_or_else(Environment::of_a_new_project),
            slug,
        }
    }
}

impl From<ConnectionFile> for Connection {
    fn from(file: ConnectionFile) -> Self {
        Self {
            id: file
                .id
                .unwrap_or_else(|| ids::uuid(&["connection", &file.app, &file.name])),
            app: file.app,
            name: file.name,
        }
    }
}

impl Environment {
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

    /// Whether the folder of that path exists. Paths are compared as they are stored: with
    /// a leading slash and without a trailing one.
    pub fn has_folder(&self, path: &str) -> bool {
        path == "/" || self.folders.iter().any(|folder| is_within(folder, path))
    }

    /// Takes a folder and what is in it away; tells whether it was there.
    pub fn remove_folder(&mut self, path: &str) -> bool {
        let existed = path != "/" && self.has_folder(path);
        if existed {
            let parent = parent_of(path).to_owned();
            self.folders.retain(|folder| !is_within(folder, path));
            self.folders.insert(parent);
        }
        existed
    }

    /// The names of the folders right inside `path`, in alphabetical order.
    pub fn children(&self, path: &str) -> BTreeSet<&str> {
        let prefix = if path == "/" { "" } else { path };
        self.folders
            .iter()
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

    /// The connection of that id.
    pub(super) fn connection(&self, id: &str) -> Option<&Connection> {
        self.connections
            .iter()
            .find(|connection| connection.id.eq_ignore_ascii_case(id))
    }

    /// Makes sure that a project exists which this id, slug or name resolves to.
    /// Returns its id.
    pub fn mention_project(&mut self, mention: &str) -> String {
        if let Some(project) = self.project(mention) {
            return project.id.clone();
        }
        let is_id = ids::is_uuid(mention);
        let slug = if is_id {
            slug_of_id(mention)
        } else {
            slug_of(mention)
        };
        let taken = self.projects.iter().any(|project| project.slug == slug);
        let slug = if taken || slug.is_empty() {
            format!("{slug}-{}", ids::word(&["slug", mention], 4))
        } else {
            slug
        };
        let project = Project {
            id: if is_id {
                mention.to_owned()
            } else {
                ids::uuid(&["project", &slug])
            },
            name: if is_id {
                slug.clone()
            } else {
                mention.to_owned()
            },
            slug,
            environments: Vec::new(),
        };
        let id = project.id.clone();
        self.projects.push(project);
        id
    }

    /// Makes sure that a project has an environment of that slug.
    pub fn mention_environment(&mut self, project: &str, slug: &str) {
        self.environment_mut(project, slug);
    }

    /// Makes sure that an environment has a folder of that path, and the folders around it.
    /// A path that does not start with a slash names no folder.
    pub fn mention_folder(&mut self, project: &str, environment: &str, path: &str) {
        let environment = self.environment_mut(project, environment);
        let path = path.trim_end_matches('/');
        if let (Some(environment), true) = (environment, path.starts_with('/')) {
            environment.folders.insert(path.to_owned());
        }
    }

    fn environment_mut(&mut self, project: &str, slug: &str) -> Option<&mut Environment> {
        let id = self.mention_project(project);
        let environments = &mut self.project_by_id_mut(&id)?.environments;
        let known = environments.iter().position(|known| known.slug == slug);
        let at = known.unwrap_or_else(|| {
            environments.push(Environment::new(slug));
            environments.len() - 1
        });
        environments.get_mut(at)
    }

    /// Makes sure that an app has a connection of that name and id; either may be missing.
    /// Returns its id.
    pub fn mention_connection(
        &mut self,
        app: &str,
        name: Option<&str>,
        id: Option<&str>,
    ) -> String {
        let known = self.connections.iter().find(|connection| match id {
            Some(id) => connection.id == id,
            None => connection.app == app && name == Some(connection.name.as_str()),
        });
        if let Some(connection) = known {
            return connection.id.clone();
        }
        let name = match (name, id) {
            (Some(name), _) => name.to_owned(),
            (None, Some(id)) => format!("{app}-{}", id.get(..8).unwrap_or(id)),
            (None, None) => app.to_owned(),
        };
        let connection = Connection::from(ConnectionFile {
            app: app.to_owned(),
            name,
            id: id.map(str::to_owned),
        });
        let id = connection.id.clone();
        self.connections.push(connection);
        id
    }

    /// Adds what `other` has and this lacks. Where both know a thing, this one's ids stay.
    pub fn merge(&mut self, other: &Self) {
        for project in &other.projects {
            let known = self
                .projects
                .iter_mut()
                .find(|known| known.id == project.id || known.slug == project.slug);
            match known {
                Some(known) => known.merge(project),
                None => self.projects.push(project.clone()),
            }
        }
        for connection in &other.connections {
            let known = self.connections.iter().any(|known| {
                known.id == connection.id
                    || (known.app == connection.app && known.name == connection.name)
            });
            if !known {
                self.connections.push(connection.clone());
            }
        }
        for identity in &other.identities {
            if !self
                .identities
                .iter()
                .any(|known| known.client_id == identity.client_id)
            {
                self.identities.push(identity.clone());
            }
        }
        self.enterprise |= other.enterprise;
        match (&mut self.enkryptify.projects, &other.enkryptify.projects) {
            (Some(known), Some(more)) => known.extend(more.iter().cloned()),
            (known, None) => *known = None,
            (None, Some(_)) => {}
        }
    }
}

impl Project {
    fn merge(&mut self, other: &Self) {
        for environment in &other.environments {
            let known = self
                .environments
                .iter_mut()
                .find(|known| known.slug == environment.slug);
            match known {
                Some(known) => known.folders.extend(environment.folders.iter().cloned()),
                None => self.environments.push(environment.clone()),
            }
        }
    }

    /// The environment of that slug.
    pub fn environment(&self, slug: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.slug == slug)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::World;
    use crate::sandbox::{CLIENT_SECRET, ENKRYPTIFY_TOKEN, INFISICAL_TOKEN};

    fn world(file: serde_json::Value) -> World {
        serde_json::from_value(file).unwrap()
    }

    #[test]
    fn a_project_resolves_by_whatever_it_was_mentioned_with() {
        let mut world = World::default();
        let by_name = world.mention_project("GitOps Main");
        assert_eq!(world.mention_project("GitOps Main"), by_name);
        assert_eq!(world.mention_project("gitops-main"), by_name);
        assert_eq!(world.mention_project(&by_name), by_name);
        let id = "cce1dad3-129d-4264-889e-738ca69f25de";
        assert_eq!(world.mention_project(id), id);
        assert_eq!(world.projects.len(), 2);
    }

    #[test]
    fn two_names_with_one_slug_are_two_projects() {
        let mut world = World::default();
        let first = world.mention_project("Web App");
        let second = world.mention_project("Web  App!");
        assert_ne!(first, second);
        assert_ne!(world.projects[0].slug, world.projects[1].slug);
    }

    #[test]
    fn a_mentioned_folder_brings_the_folders_around_it() {
        let mut world = World::default();
        world.mention_folder("payments", "prod", "/apps/web/");
        world.mention_folder("payments", "prod", "no/slash");
        let environment = world
            .project("payments")
            .unwrap()
            .environment("prod")
            .unwrap();
        for path in ["/", "/apps", "/apps/web"] {
            assert!(environment.has_folder(path), "{path}");
        }
        for path in ["/app", "/apps/web/x", "apps", "/apps/web/", "no/slash"] {
            assert!(!environment.has_folder(path), "{path}");
        }
        assert_eq!(
            environment.children("/").into_iter().collect::<Vec<_>>(),
            ["apps"]
        );
    }

    #[test]
    fn a_removed_folder_takes_its_content_along_and_leaves_its_parent() {
        let mut world = World::default();
        world.mention_folder("p", "dev", "/a/b/c");
        world.mention_folder("p", "dev", "/a/bc");
        let environment = &mut world.projects[0].environments[0];
        assert!(environment.remove_folder("/a/b"));
        assert!(!environment.remove_folder("/a/b"));
        assert!(!environment.has_folder("/a/b/c"));
        assert!(environment.has_folder("/a") && environment.has_folder("/a/bc"));
    }

    #[test]
    fn a_project_of_a_file_has_the_environments_of_a_new_project() {
        let world = world(json!({"projects": [{"slug": "payments"}]}));
        let slugs: Vec<&str> = world.projects[0]
            .environments
            .iter()
            .map(|environment| environment.slug.as_str())
            .collect();
        assert_eq!(slugs, ["dev", "staging", "prod"]);
        assert!(serde_json::from_value::<World>(json!({"project": []})).is_err());
    }

    #[test]
    fn connections_are_found_by_name_or_id() {
        let mut world = World::default();
        let main = world.mention_connection("humanitec", Some("main"), None);
        assert_eq!(
            world.mention_connection("humanitec", Some("main"), None),
            main
        );
        assert_ne!(world.mention_connection("vercel", Some("main"), None), main);
        let id = "0b81bdb2-4c1e-48fd-aa17-40c5a9b51d2e";
        assert_eq!(world.mention_connection("humanitec", None, Some(id)), id);
        assert_eq!(world.connections.len(), 3);
    }

    #[test]
    fn merging_a_world_into_itself_changes_nothing() {
        let mut one =
            world(json!({"projects": [{"slug": "a"}], "connections": [{"app": "x", "name": "y"}]}));
        one.mention_folder("a", "qa", "/apps");
        let before = one.clone();
        one.merge(&before.clone());
        assert_eq!(one, before);
    }

    #[test]
    fn merging_adds_and_keeps_ids() {
        let mut one = world(json!({"projects": [{"slug": "a", "id": "1"}]}));
        let other = world(json!({"projects": [
            {"slug": "a", "id": "2", "environments": [{"slug": "dev", "folders": ["/x"]}]},
            {"slug": "b"}]}));
        one.merge(&other);
        assert_eq!(one.project("a").unwrap().id, "1");
        assert!(
            one.project("a")
                .unwrap()
                .environment("dev")
                .unwrap()
                .has_folder("/x")
        );
        assert!(one.project("b").is_some());
    }

    #[test]
    fn a_world_survives_being_written_and_read() {
        let mut one = World::default();
        one.mention_folder("a", "dev", "/x");
        one.mention_connection("humanitec", Some("main"), None);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<World>(&text).unwrap(), one);
    }

    #[test]
    fn debug_output_holds_no_credential() {
        let text = format!("{:?}", World::default());
        for credential in [CLIENT_SECRET, INFISICAL_TOKEN, ENKRYPTIFY_TOKEN] {
            assert!(!text.contains(credential));
        }
    }
}
