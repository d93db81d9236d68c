//! A world grows: with what files mention, and with what another world has.

use super::{
    Connection, ConnectionFile, Project, ProjectEnvironment, SECRET_MANAGER, World, slug_of,
    slug_of_id,
};
use crate::core::words::is_uuid;
use crate::sandbox::ids;

impl World {
    /// Lets destinations that need a licence work.
    pub const fn license_enterprise(&mut self) {
        self.enterprise = true;
    }

    /// Makes sure that a project exists which this id, slug or name resolves to.
    /// Returns its id.
    pub fn mention_project(&mut self, mention: &str) -> String {
        if let Some(project) = self.project(mention) {
            return project.id.clone();
        }
        let is_id = is_uuid(mention);
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
            kind: SECRET_MANAGER.to_owned(),
            organization: None,
            environments: Vec::new(),
        };
        let id = project.id.clone();
        self.projects.push(project);
        id
    }

    /// Makes sure that a project has an environment of that slug.
    pub fn mention_environment(&mut self, project: &str, slug: &str) {
        self.mentioned_environment(project, slug);
    }

    /// Makes sure that an environment has a folder of that path, and the folders around it.
    /// A path that does not start with a slash names no folder.
    pub fn mention_folder(&mut self, project: &str, environment: &str, path: &str) {
        let environment = self.mentioned_environment(project, environment);
        let path = path.trim_end_matches('/');
        if let (Some(environment), true) = (environment, path.starts_with('/')) {
            environment.folders.insert(path.to_owned());
        }
    }

    fn mentioned_environment(
        &mut self,
        project: &str,
        slug: &str,
    ) -> Option<&mut ProjectEnvironment> {
        let id = self.mention_project(project);
        let environments = &mut self.project_by_id_mut(&id)?.environments;
        let known = environments.iter().position(|known| known.slug == slug);
        let at = known.unwrap_or_else(|| {
            environments.push(ProjectEnvironment::new(slug));
            environments.len() - 1
        });
        environments.get_mut(at)
    }

    /// Makes sure that a name resolves to a connection of an app in a project: to the project's own
    /// if it has one, else to the organisation's.
    pub fn mention_connection_in(&mut self, project: &str, app: &str, name: &str) {
        let owner = self.mention_project(project);
        if !self.has_own_connection(&owner, app, name) {
            self.mention_connection(app, Some(name), None);
        }
    }

    /// Makes sure that a project has a connection of its own of that name.
    pub fn mention_project_connection(&mut self, project: &str, app: &str, name: &str) {
        let owner = self.mention_project(project);
        if !self.has_own_connection(&owner, app, name) {
            self.connections.push(Connection::from(ConnectionFile {
                app: app.to_owned(),
                name: name.to_owned(),
                id: None,
                project: Some(owner),
            }));
        }
    }

    fn has_own_connection(&self, project_id: &str, app: &str, name: &str) -> bool {
        let mut named = self
            .connections
            .iter()
            .filter(|known| known.app == app && known.name == name);
        named.any(|known| {
            self.project_of(known)
                .is_some_and(|project| project.id == project_id)
        })
    }

    /// Makes sure that the organisation has a connection of that app, name and id; name or id may
    /// be missing. Returns its id.
    pub fn mention_connection(
        &mut self,
        app: &str,
        name: Option<&str>,
        id: Option<&str>,
    ) -> String {
        let is_named = |known: &Connection| {
            let is_named = known.app == app && name == Some(known.name.as_str());
            is_named && known.project.is_none()
        };
        let mut connections = self.connections.iter();
        let known =
            connections.find(|known| id.map_or_else(|| is_named(known), |id| known.id == id));
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
            project: None,
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
                    || (known.app == connection.app
                        && known.name == connection.name
                        && known.project == connection.project)
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
        self.sync_limit = self.sync_limit.or(other.sync_limit);
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
                Some(known) => {
                    known.folders.extend(environment.folders.iter().cloned());
                    for (folder, names) in &environment.secrets {
                        let secrets = known.secrets.entry(folder.clone()).or_default();
                        secrets.extend(names.iter().cloned());
                    }
                }
                None => self.environments.push(environment.clone()),
            }
        }
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
    fn a_name_is_a_project_s_own_connection_before_it_is_the_organisation_s() {
        let mut world = World::default();
        for _ in 0..2 {
            world.mention_project_connection("a", "humanitec", "main");
            world.mention_connection_in("a", "humanitec", "main");
        }
        assert_eq!(world.connections.len(), 1);
        for _ in 0..2 {
            world.mention_connection_in("b", "humanitec", "main");
        }
        let of_project: Vec<bool> = world
            .connections
            .iter()
            .map(|connection| world.project_of(connection).is_some())
            .collect();
        assert_eq!(of_project, [true, false]);
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
