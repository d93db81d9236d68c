//! What a workspace means, apart from how it is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::world::{PROJECTS, STARTED_PROJECT, app_of, connection_id};

pub type Fields = Map<String, Value>;

/// A workspace: its defaults, its policies and its files.
#[derive(Clone, Default)]
pub struct Workspace {
    pub defaults: Fields,
    /// `protect:` patterns.
    pub protect: Vec<&'static str>,
    /// `unmanaged.ignore:` patterns.
    pub ignore: Vec<&'static str>,
    pub files: Vec<File>,
}

/// A file, or a document of one.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Its defaults, file-wide fields among them.
    pub defaults: Fields,
    pub syncs: Vec<Sync>,
    /// Whether it is a further document of the file before it.
    pub continues: bool,
}

/// A declared sync.
#[derive(Clone, Debug)]
pub struct Sync {
    /// An index into [`PROJECTS`].
    pub project: usize,
    pub name: String,
    pub goal: Goal,
    pub renamed_from: Option<String>,
    pub protect: Option<bool>,
    pub removes_secrets: Option<bool>,
    pub trigger: Option<&'static str>,
    pub is_labelled: bool,
    /// Decides between ways to write the same; zero writes it in the plainest one.
    pub style: u64,
}

#[allow(
    clippy::large_enum_variant,
    reason = "a handful of them is made in a case"
)]
#[derive(Clone, Debug)]
pub enum Goal {
    Present(Content),
    /// `ensure: absent`, of that destination.
    Absent(&'static str),
    /// On Enkryptify, to that destination.
    Started(&'static str),
}

/// What a sync is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub destination: &'static str,
    pub config: Fields,
    pub options: Fields,
    pub environment: &'static str,
    pub path: &'static str,
    pub description: Option<&'static str>,
    pub is_auto_synced: Option<bool>,
    /// An index into the connections of the destination's app.
    pub connection: usize,
}

impl Content {
    pub fn connection_id(&self) -> String {
        connection_id(app_of(self.destination), self.connection)
    }

    /// The request that creates it.
    pub fn create_body(&self, project: usize, name: &str) -> Fields {
        let mut body = fields(json!({
            "name": name,
            "projectId": PROJECTS[project].id,
            "connectionId": self.connection_id(),
            "environment": self.environment,
            "secretPath": self.path,
            "syncOptions": self.options,
            "destinationConfig": self.config,
        }));
        if let Some(description) = self.description {
            body.insert("description".to_owned(), description.into());
        }
        if let Some(is_auto_synced) = self.is_auto_synced {
            body.insert("isAutoSyncEnabled".to_owned(), is_auto_synced.into());
        }
        body
    }
}

impl Sync {
    /// What tells it apart: its platform's project, its destination where that counts, its name.
    pub fn identity(&self) -> (String, String) {
        match self.goal {
            Goal::Present(_) | Goal::Absent(_) => {
                (PROJECTS[self.project].id.to_owned(), self.name.clone())
            }
            Goal::Started(destination) => (
                format!("{STARTED_PROJECT}/{destination}"),
                self.name.clone(),
            ),
        }
    }
}

impl Workspace {
    pub fn syncs(&self) -> impl Iterator<Item = &Sync> {
        self.files.iter().flat_map(|file| &file.syncs)
    }

    /// The sync that is to continue a sync under its own name.
    pub fn heir_of(&self, sync: &Sync) -> Option<&Sync> {
        self.syncs().find(|heir| {
            heir.project == sync.project && heir.renamed_from.as_ref() == Some(&sync.name)
        })
    }

    /// Takes out what no workspace may hold: syncs that are declared twice, and renames that go
    /// in a circle, take the same old name, or are about a sync that is not to be there.
    #[must_use]
    pub fn made_valid(mut self) -> Self {
        let mut seen = std::collections::BTreeSet::new();
        for file in &mut self.files {
            file.syncs.retain(|sync| seen.insert(sync.identity()));
        }
        let mut old_of: BTreeMap<(usize, String), String> = BTreeMap::new();
        for sync in self.files.iter_mut().flat_map(|file| &mut file.syncs) {
            let can_be_renamed = matches!(sync.goal, Goal::Present(_));
            let Some(old) = sync.renamed_from.clone().filter(|_| can_be_renamed) else {
                sync.renamed_from = None;
                continue;
            };
            let project = sync.project;
            let is_taken = old_of
                .iter()
                .any(|((of, _), taken)| *of == project && *taken == old);
            let mut end = old.clone();
            while end != sync.name
                && let Some(older) = old_of.get(&(project, end.clone()))
            {
                end.clone_from(older);
            }
            if is_taken || end == sync.name {
                sync.renamed_from = None;
            } else {
                old_of.insert((project, sync.name.clone()), old);
            }
        }
        self
    }
}

/// The fields of a JSON object.
pub fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is not an object"),
    }
}

/// What the schemas fill in by themselves.
pub fn is_default(key: &str, value: &Value) -> bool {
    match key {
        "targetEnvironment" => *value == json!("*"),
        "targetEnvironments" => *value == json!([]),
        _ => *value == json!(false),
    }
}
