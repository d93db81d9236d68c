//! Which schemas there are: those bundled with the program, overlaid by the workspace's own.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use camino::Utf8Path;
use serde_json::Value;

use super::bundle;
use super::destination::{Destination, SchemaSource};
use super::directory;
use super::keyword::{WRITE_ONLY, change_inner, is_marked, properties};
use super::schema_file::{START, SchemaFile, SchemaKey, is_slug, path_of};
use super::summary;
use super::validate::checker::Checker;
use crate::core::fields::{CONNECTION_ID, NAME, PROJECT_ID};
use crate::core::platform::Platform;
use crate::core::suggest::closest;
use crate::mutex::lock;
use crate::provider::platforms;
use crate::root::Root;
use crate::text_file::reason;

/// The largest schema file that is read from a workspace, in bytes.
pub(super) const MAX_FILE_SIZE: u64 = 4 * 1024 * 1024;

/// Fields that a create request needs and that callers supply and miss themselves.
const SUPPLIED: [&str; 3] = [NAME, PROJECT_ID, CONNECTION_ID];

/// The schemas of all destinations. Opening it parses nothing.
pub struct SchemaStore {
    /// The directory of the workspace's own schemas.
    workspace: Option<Root>,
    /// The files that the workspace has.
    pulled: BTreeSet<SchemaKey>,
    /// The platforms of which only pulled destinations count.
    whole: BTreeSet<Platform>,
    destinations: Mutex<BTreeMap<SchemaKey, Arc<Destination>>>,
}

/// A schema that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What is wrong, as a full sentence that names the file.
    pub message: String,
}

impl StoreError {
    /// What to do next, as a full sentence.
    pub const fn help(&self) -> &'static str {
        "Run `secsync schema pull` again, or delete the file to use the bundled schema."
    }
}

impl SchemaStore {
    /// The bundled schemas.
    pub fn bundled() -> Self {
        Self {
            workspace: None,
            pulled: BTreeSet::new(),
            whole: BTreeSet::new(),
            destinations: Mutex::default(),
        }
    }

    /// The bundled schemas, overlaid by those in a directory of a workspace, neither of which need
    /// exist. What the directory's files define wins, definition by definition.
    pub fn with_workspace(root: &Utf8Path, directory: &Utf8Path) -> Result<Self, StoreError> {
        let unreadable = |error: io::Error| StoreError {
            message: format!(
                "The directory {} cannot be read: {}.",
                root.join(directory),
                reason(&error)
            ),
        };
        let root = match Root::open(root) {
            Ok(root) => root,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::bundled()),
            Err(error) => return Err(unreadable(error)),
        };
        let directory = directory::in_use(&root, directory).map_err(unreadable)?;
        let directory = match root.directory(&directory) {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::bundled()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut pulled = BTreeSet::new();
        for kind in platforms() {
            let names = directory::names_in(&directory, kind.name().into()).map_err(unreadable)?;
            pulled.extend(names.into_iter().map(|name| (kind, name)));
        }
        Ok(Self {
            workspace: Some(directory),
            pulled,
            ..Self::bundled()
        })
    }

    /// The same without the bundled destinations that these platforms do not have themselves.
    #[must_use]
    pub fn without_bundled(mut self, platforms: BTreeSet<Platform>) -> Self {
        self.whole = platforms;
        self
    }

    /// Whether a file that is part of the program counts.
    fn counts_bundled(&self, (kind, name): (Platform, &str)) -> bool {
        !self.whole.contains(&kind) || self.pulled.contains(&(kind, name.to_owned()))
    }

    /// The slugs of the destinations, sorted. None are listed for Enkryptify,
    /// which takes any slug of the right form.
    pub fn destinations(&self, kind: Platform) -> Vec<String> {
        if !kind.lists_destinations() {
            return Vec::new();
        }
        let bundled = bundle::files(kind)
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| self.counts_bundled((kind, name)));
        let pulled = self
            .pulled
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(_, name)| name.as_str());
        let names: BTreeSet<&str> = bundled.chain(pulled).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// A destination; `None` if the provider does not have it.
    pub fn destination(
        &self,
        kind: Platform,
        slug: &str,
    ) -> Result<Option<Arc<Destination>>, StoreError> {
        let key = (kind, slug.to_owned());
        if let Some(known) = lock(&self.destinations).get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        let file_key = if kind.lists_destinations() {
            key.clone()
        } else {
            (kind, START.to_owned())
        };
        let Some(file) = self.file(&file_key)? else {
            return Ok(None);
        };
        let Some(destination) = self.assemble(&file_key, slug, file)? else {
            return Ok(None);
        };
        let destination = Arc::new(destination);
        lock(&self.destinations).insert(key, Arc::clone(&destination));
        Ok(Some(destination))
    }

    /// Whether any destination of a platform takes a field at the top of a sync.
    /// `likely` is the destination to look at first, so that few schemas are read.
    pub fn platform_takes(
        &self,
        kind: Platform,
        likely: &str,
        field: &str,
    ) -> Result<bool, StoreError> {
        let others = if kind.lists_destinations() {
            self.destinations(kind)
        } else {
            vec![START.to_owned()]
        };
        for slug in std::iter::once(likely).chain(others.iter().map(String::as_str)) {
            let Some(destination) = self.destination(kind, slug)? else {
                continue;
            };
            if destination.spec.create.names(field) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A destination; instead of an unknown one, the first of the platform, whose other fields most
    /// destinations have too. `None` if no schema of it can be used.
    pub fn known(&self, kind: Platform, slug: &str) -> Option<Arc<Destination>> {
        let usable = |slug: &str| self.destination(kind, slug).ok().flatten();
        usable(slug).or_else(|| {
            let first = if kind.lists_destinations() {
                self.destinations(kind).into_iter().next()?
            } else {
                START.to_owned()
            };
            usable(&first)
        })
    }

    /// The destination of that name, or the one that it is nearest to.
    pub fn meant(&self, kind: Platform, word: &str) -> Option<String> {
        if self.destination(kind, word).ok().flatten().is_some() {
            return Some(word.to_owned());
        }
        let known = self.destinations(kind);
        closest(word, known.iter().map(String::as_str)).map(str::to_owned)
    }

    /// The content of a schema file, the workspace's definitions over the bundled ones.
    pub fn file(&self, key: &SchemaKey) -> Result<Option<SchemaFile>, StoreError> {
        let path = path_of(key);
        let (kind, name) = key;
        let bundled = bundle::text(*kind, name)
            .filter(|_| self.counts_bundled((*kind, name)))
            .map(|text| parse(&format!("schemas/{path}"), &text))
            .transpose()?;
        let pulled = match &self.workspace {
            Some(directory) if self.pulled.contains(key) => {
                let full = directory.path().join(&path);
                Some(parse(
                    full.as_str(),
                    &read_to_string(directory, path.as_ref())?,
                )?)
            }
            _ => None,
        };
        Ok(match (bundled, pulled) {
            (Some(mut bundled), Some(pulled)) => {
                bundled.overlay(pulled);
                Some(bundled)
            }
            (bundled, pulled) => bundled.or(pulled),
        })
    }

    fn assemble(
        &self,
        file_key: &SchemaKey,
        slug: &str,
        file: SchemaFile,
    ) -> Result<Option<Destination>, StoreError> {
        let (kind, _) = *file_key;
        let unusable = |problem: &str| StoreError {
            message: format!("The schema {} {problem}.", self.describe(file_key)),
        };
        let request = if kind.lists_destinations() {
            "create"
        } else {
            START
        };
        if !kind.lists_destinations()
            && !Self::fits_slug(&file, slug).map_err(|problem| unusable(&problem))?
        {
            return Ok(None);
        }
        let Some(mut create) = file.standalone(request) else {
            return Err(unusable(&format!("has no `{request}` definition")));
        };
        close(&mut create);
        let update = if kind.reads_back() {
            let mut update = file
                .standalone("update")
                .unwrap_or_else(|| derived_update(&create));
            close(&mut update);
            update
        } else {
            Value::Null
        };
        let spec = summary::destination(kind, slug, &file, &create, &update);
        let checker = Checker::compile(without_supplied(create))
            .map_err(|problem| unusable(&format!("cannot be used: {problem}")))?;
        Ok(Some(Destination {
            spec,
            provider: kind,
            origin: self.origin(file_key),
            file,
            checker: Arc::new(checker),
        }))
    }

    /// Where the schema of a file comes from.
    pub fn origin(&self, key: &SchemaKey) -> SchemaSource {
        if self.pulled.contains(key) {
            SchemaSource::Pulled
        } else {
            SchemaSource::Bundled
        }
    }

    fn fits_slug(file: &SchemaFile, slug: &str) -> Result<bool, String> {
        match file.standalone("destination") {
            Some(schema) => Ok(Checker::compile(schema)?.fits(&Value::from(slug))),
            None => Ok(is_slug(slug)),
        }
    }

    fn describe(&self, key: &SchemaKey) -> String {
        match &self.workspace {
            Some(directory) if self.pulled.contains(key) => {
                directory.path().join(path_of(key)).into()
            }
            _ => format!("schemas/{}", path_of(key)),
        }
    }
}

/// A request's own fields are all listed, whether or not the document says so.
fn close(schema: &mut Value) {
    if let Value::Object(map) = schema
        && map.contains_key("properties")
        && !map.contains_key("additionalProperties")
    {
        map.insert("additionalProperties".into(), Value::Bool(false));
    }
}

/// What a file needs not say: what callers supply, and what no answer gives back, so that a sync can
/// be declared as it is without it. Whether a request can be made without that is known when it is
/// planned.
fn without_supplied(mut create: Value) -> Value {
    allow_without_write_only(&mut create);
    if let Some(Value::Array(required)) = create.get_mut("required") {
        required.retain(|name| !SUPPLIED.iter().any(|supplied| name == supplied));
    }
    create
}

fn allow_without_write_only(schema: &mut Value) {
    change_inner(schema, allow_without_write_only);
    let write_only: Vec<String> = properties(schema)
        .into_iter()
        .flatten()
        .filter(|(_, field)| is_marked(field, WRITE_ONLY))
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !write_only.iter().any(|unread| name == unread));
    }
}

/// What an update takes if no document describes it: any of create's fields but the project,
/// whose change Infisical ignores with 200.
pub(crate) fn derived_update(create: &Value) -> Value {
    let mut update = create.clone();
    if let Value::Object(map) = &mut update {
        map.remove("required");
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            properties.shift_remove(PROJECT_ID);
            for schema in properties.values_mut() {
                if let Value::Object(schema) = schema {
                    // An omitted field stays as it is.
                    schema.shift_remove("default");
                }
            }
        }
    }
    update
}

fn parse(path: &str, text: &str) -> Result<SchemaFile, StoreError> {
    SchemaFile::parse(text).map_err(|problem| StoreError {
        message: format!("The schema {path} {problem}."),
    })
}

fn read_to_string(directory: &Root, path: &Utf8Path) -> Result<String, StoreError> {
    directory
        .read(path, MAX_FILE_SIZE)
        .map_err(|why| StoreError {
            message: format!(
                "The schema {} cannot be read: {why}.",
                directory.path().join(path)
            ),
        })
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::{SchemaSource, SchemaStore};
    use crate::provider::{enkryptify, infisical};

    fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, SchemaStore) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(directory.path()).unwrap();
        for (name, text) in files {
            let file = path.join("schemas").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let store = SchemaStore::with_workspace(path, "schemas".into()).unwrap();
        (directory, store)
    }

    #[test]
    fn a_directory_that_is_not_there_leaves_the_bundled_schemas() {
        let store = SchemaStore::with_workspace("/nowhere/at/all".into(), "x".into()).unwrap();
        assert_eq!(
            store.destinations(infisical::PLATFORM),
            SchemaStore::bundled().destinations(infisical::PLATFORM)
        );
    }

    #[test]
    fn a_pulled_destination_is_listed_and_wins_definition_by_definition() {
        let (_directory, store) = workspace(&[
            (
                "infisical/brand-new.json",
                r#"{"$defs": {"create": {"type": "object", "properties": {"projectId": {"type": "string"}, "berth": {"type": "number", "default": 1}}}}}"#,
            ),
            (
                "infisical/humanitec.json",
                r#"{"title": "Renamed", "$defs": {"update": {"type": "object", "properties": {"only": {"type": "string"}}}}}"#,
            ),
        ]);
        assert!(
            store
                .destinations(infisical::PLATFORM)
                .contains(&"brand-new".to_owned())
        );
        let new = store
            .destination(infisical::PLATFORM, "brand-new")
            .unwrap()
            .unwrap();
        assert_eq!(new.origin, SchemaSource::Pulled);
        assert_eq!(new.spec.name, "Brand New");
        // No document describes the update, so it takes what create takes but the project.
        let update: Vec<&str> = new
            .spec
            .update
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(update, ["berth"]);
        assert_eq!(new.spec.update.fields[0].default, None);

        let old = store
            .destination(infisical::PLATFORM, "humanitec")
            .unwrap()
            .unwrap();
        assert_eq!(
            (old.spec.name.as_str(), old.origin),
            ("Renamed", SchemaSource::Pulled)
        );
        assert_eq!(old.spec.update.fields.len(), 1);
        assert!(old.spec.create.fields.len() > 5);
        let other = store
            .destination(infisical::PLATFORM, "vercel")
            .unwrap()
            .unwrap();
        assert_eq!(other.origin, SchemaSource::Bundled);
    }

    #[test]
    fn a_pulled_file_that_cannot_be_used_is_an_error_that_names_it() {
        let (_directory, store) = workspace(&[
            ("infisical/humanitec.json", "{"),
            ("infisical/reads-only.json", r#"{"$defs": {"read": {}}}"#),
            (
                "infisical/remote.json",
                r#"{"$defs": {"create": {"$ref": "https://example.com/schema.json"}}}"#,
            ),
            ("infisical/../escape.json", "{}"),
        ]);
        let message = |slug| {
            store
                .destination(infisical::PLATFORM, slug)
                .unwrap_err()
                .message
        };
        assert!(message("humanitec").contains("humanitec.json is not valid JSON"));
        assert!(message("reads-only").ends_with("has no `create` definition."));
        assert!(message("remote").contains("remote.json cannot be used"));
        assert!(
            store
                .destination(infisical::PLATFORM, "../escape")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_and_nothing_else_does_no_harm() {
        for schema in [
            r##"{"$ref": "#/$defs/Loop"}"##,
            r##"{"allOf": [{"$ref": "#/$defs/Loop"}]}"##,
            r##"{"anyOf": [{"$ref": "#/$defs/Loop"}, {"type": "string"}]}"##,
        ] {
            let text = format!(
                r##"{{"$defs": {{"create": {{"type": "object", "properties": {{"a": {{"$ref": "#/$defs/Loop"}}}}}}, "Loop": {schema}}}}}"##
            );
            let (_directory, store) = workspace(&[("infisical/loop.json", &text)]);
            if let Ok(found) = store.destination(infisical::PLATFORM, "loop") {
                let checker = &found.unwrap().checker;
                let _ = checker.fits(&serde_json::json!({"a": 1}));
            }
        }
    }

    #[test]
    fn accepts_any_valid_slug_on_enkryptify_and_lists_none() {
        let store = SchemaStore::bundled();
        assert!(store.destinations(enkryptify::PLATFORM).is_empty());
        let vercel = store
            .destination(enkryptify::PLATFORM, "vercel")
            .unwrap()
            .unwrap();
        assert_eq!(vercel.spec.slug, "vercel");
        assert_eq!(vercel.spec.connection_app, None);
        assert!(vercel.spec.update.fields.is_empty());
        for slug in ["x", "Vercel", "a/b", &"a".repeat(49)] {
            assert!(
                store
                    .destination(enkryptify::PLATFORM, slug)
                    .unwrap()
                    .is_none(),
                "{slug}"
            );
        }
    }
}
