//! Writing pulled schemas into a workspace, whole or not at all.
//!
//! The directory is meant to be committed: the same documents give the same bytes, and
//! pulling again without news touches nothing, the date included.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::directory;
use super::extract::Extraction;
use super::schema_file::{SchemaFile, SchemaKey, path_of};
use super::store::{MAX_FILE_SIZE, SchemaStore};
use crate::core::platform::Platform;
use crate::digest::sha256;
use crate::provider::platforms;
use crate::root::{Existing, Root};
use crate::text_file::reason;

/// The manifest's name in the directory of pulled schemas.
pub const MANIFEST: &str = "manifest.json";

/// Where the schemas in a workspace come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of this file; 1 is the only one.
    pub version: u32,
    /// One entry for each platform that was pulled, by its name.
    pub providers: BTreeMap<String, Pull>,
}

impl Manifest {
    /// The platforms of which every destination was pulled.
    pub fn whole_platforms(&self) -> BTreeSet<Platform> {
        let is_whole = |kind: &Platform| {
            let pull = self.providers.get(kind.name());
            pull.is_some_and(|pull| pull.whole)
        };
        platforms().into_iter().filter(is_whole).collect()
    }
}

/// One pull of a platform's schemas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    /// When it was, as the caller wrote it.
    pub date: String,
    /// The documents, in the order in which they were read.
    pub documents: Vec<PulledDocument>,
    /// Whether the documents describe every destination of the platform, and not only some.
    #[serde(default)]
    pub whole: bool,
    /// How many schema files it gave.
    pub files: usize,
    /// The SHA-256 of the schema files, in hexadecimal.
    pub digest: String,
}

/// A document that schemas were extracted from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PulledDocument {
    /// The path or URL that it came from, without credentials.
    pub source: String,
    /// Its own title and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The SHA-256 of its text, in hexadecimal.
    pub digest: String,
}

impl PulledDocument {
    /// Describes a document. A URL is kept without user, password, query and fragment,
    /// which can be credentials.
    pub fn new(source: &str, text: &str, extraction: &Extraction) -> Self {
        Self {
            source: without_credentials(source),
            title: extraction.document.clone(),
            digest: sha256(text.as_bytes()),
        }
    }
}

/// What a pull changed in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulled {
    /// The files that are new or different.
    pub written: Vec<SchemaKey>,
    /// The files that an earlier pull had and this one has not.
    pub removed: Vec<SchemaKey>,
    /// The files that are as they were.
    pub unchanged: usize,
}

/// Why pulled schemas could not be written. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PullError {
    /// What is wrong, as a full sentence.
    pub message: String,
}

impl PullError {
    fn unwritable(root: &Root, directory: &Utf8Path, error: &io::Error) -> Self {
        let directory = root.path().join(directory);
        let why = reason(error);
        Self {
            message: format!("The schemas cannot be written to {directory}: {why}."),
        }
    }
}

/// The manifest of a directory. `None` if it is missing or unreadable.
pub fn manifest(root: &Root, directory: &Utf8Path) -> Option<Manifest> {
    let path = directory::in_use(root, directory).ok()?.join(MANIFEST);
    let text = root.read(&path, MAX_FILE_SIZE).ok()?;
    serde_json::from_str(&text).ok()
}

/// Writes extracted schemas into a directory of a workspace, `.secsync/schemas`. The platforms that they
/// describe are replaced, other platforms stay. `documents` and `date` go into the manifest.
pub fn write(
    root: &Root,
    directory: &Utf8Path,
    extraction: &Extraction,
    documents: &[PulledDocument],
    date: &str,
) -> Result<Pulled, PullError> {
    let failed = |error| PullError::unwritable(root, directory, &error);
    directory::heal(root, directory).map_err(failed)?;
    let old = read_texts(root, directory).map_err(failed)?;
    let known = self::manifest(root, directory);
    let (new, manifest) = plan(known.clone(), extraction, documents, date, &old);
    let pulled = difference(&old, &new);
    if old == new
        && root.has(directory).map_err(failed)?
        && known.is_some_and(|known| same_but_for_dates(&known, &manifest))
    {
        return Ok(pulled);
    }
    replace(root, directory, &new, &manifest)?;
    Ok(pulled)
}

type Texts = BTreeMap<SchemaKey, String>;

fn plan(
    known: Option<Manifest>,
    extraction: &Extraction,
    documents: &[PulledDocument],
    date: &str,
    old: &Texts,
) -> (Texts, Manifest) {
    let pulled = |kind: Platform| extraction.files.keys().any(|(of, _)| *of == kind);
    let mut new: Texts = old
        .iter()
        .filter(|((kind, _), _)| !pulled(*kind))
        .map(|(key, text)| (key.clone(), text.clone()))
        .collect();
    for (key, file) in &extraction.files {
        new.insert(key.clone(), SchemaFile::to_text(file, key));
    }
    let mut manifest = known.unwrap_or(Manifest {
        version: 1,
        providers: BTreeMap::new(),
    });
    for kind in platforms().into_iter().filter(|kind| pulled(*kind)) {
        let of_kind: Vec<_> = new.iter().filter(|((of, _), _)| *of == kind).collect();
        let whole: String = of_kind
            .iter()
            .flat_map(|(key, text)| [path_of(key), "\n".to_owned(), (*text).to_owned()])
            .collect();
        let pull = Pull {
            date: date.to_owned(),
            documents: documents.to_vec(),
            whole: extraction.whole.contains(&kind),
            files: of_kind.len(),
            digest: sha256(whole.as_bytes()),
        };
        manifest.providers.insert(kind.name().to_owned(), pull);
    }
    (new, manifest)
}

fn difference(old: &Texts, new: &Texts) -> Pulled {
    let mut pulled = Pulled::default();
    for (key, text) in new {
        if old.get(key) == Some(text) {
            pulled.unchanged += 1;
        } else {
            pulled.written.push(key.clone());
        }
    }
    pulled.removed = old
        .keys()
        .filter(|key| !new.contains_key(*key))
        .cloned()
        .collect();
    pulled
}

fn same_but_for_dates(one: &Manifest, other: &Manifest) -> bool {
    let undated = |manifest: &Manifest| {
        let mut manifest = manifest.clone();
        for pull in manifest.providers.values_mut() {
            pull.date.clear();
        }
        manifest
    };
    undated(one) == undated(other)
}

/// The schema files that a directory has now. One that cannot be read counts as different.
fn read_texts(root: &Root, directory: &Utf8Path) -> io::Result<Texts> {
    let mut texts = Texts::new();
    for kind in platforms() {
        let names = directory::names_in(root, &directory.join(kind.name()))?;
        for name in names {
            let key = (kind, name);
            let path = directory.join(path_of(&key));
            let text = root.read(&path, MAX_FILE_SIZE).unwrap_or_default();
            texts.insert(key, text);
        }
    }
    Ok(texts)
}

/// Where a new directory is made, beside the one whose place it takes.
fn fresh(directory: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{directory}.new"))
}

/// Writes a whole new directory, proves that it can be used, and puts it in the old one's place.
fn replace(
    root: &Root,
    directory: &Utf8Path,
    texts: &Texts,
    manifest: &Manifest,
) -> Result<(), PullError> {
    let failed = |error| PullError::unwritable(root, directory, &error);
    let fresh = fresh(directory);
    // What a pull that was cut off has left.
    root.remove_directory(&fresh).map_err(failed)?;
    let result = write_files(root, &fresh, texts, manifest)
        .map_err(failed)
        .and_then(|()| expect_usable(root, &fresh, texts))
        .and_then(|()| directory::replace(root, directory, &fresh).map_err(failed));
    if result.is_err() {
        // If this fails, too, the first error says more than a second one would.
        let _ = root.remove_directory(&fresh);
    }
    result
}

fn write_files(
    root: &Root,
    directory: &Utf8Path,
    texts: &Texts,
    manifest: &Manifest,
) -> io::Result<()> {
    for (key, text) in texts {
        let path = directory.join(path_of(key));
        root.write(&path, text.as_bytes(), Existing::Keep)?;
    }
    let mut text = serde_json::to_string_pretty(manifest).map_err(io::Error::other)?;
    text.push('\n');
    root.write(&directory.join(MANIFEST), text.as_bytes(), Existing::Keep)
}

/// Opens every destination: what no command could use later is refused now.
fn expect_usable(root: &Root, fresh: &Utf8Path, texts: &Texts) -> Result<(), PullError> {
    let store = SchemaStore::with_workspace(root.path(), fresh).map_err(|error| PullError {
        message: error.message,
    })?;
    for key in texts.keys() {
        let (kind, name) = key;
        store.destination(*kind, name).map_err(|error| {
            let path = root.path().join(fresh).join(path_of(key));
            let name = format!("{}/{name}", kind.name());
            PullError {
                message: error.message.replace(path.as_str(), &name),
            }
        })?;
    }
    Ok(())
}

fn without_credentials(source: &str) -> String {
    let Ok(mut url) = url::Url::parse(source) else {
        return source.to_owned();
    };
    if !matches!(url.scheme(), "http" | "https") {
        return source.to_owned();
    }
    // Neither fails for a URL that has a host, as http and https URLs do.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use camino::{Utf8Path, Utf8PathBuf};
    use serde_json::json;

    use super::{Manifest, Pulled, PulledDocument, write};
    use std::collections::BTreeSet;

    use crate::provider::{enkryptify, infisical};
    use crate::root::Root;
    use crate::schema::extract::Extraction;
    use crate::schema::schema_file::{SchemaFile, SchemaKey};
    use crate::schema::store::SchemaStore;

    const SCHEMAS: &str = ".secsync/schemas";

    fn extraction(slugs: &[&str]) -> Extraction {
        let file = |slug: &str| SchemaFile {
            title: Some(slug.to_owned()),
            definitions: [("create".to_owned(), json!({"type": "object"}))].into(),
            ..SchemaFile::default()
        };
        Extraction {
            files: slugs
                .iter()
                .map(|slug| ((infisical::PLATFORM, (*slug).to_owned()), file(slug)))
                .collect(),
            document: Some("Demo API 1".into()),
            whole: BTreeSet::new(),
        }
    }

    fn key(slug: &str) -> SchemaKey {
        (infisical::PLATFORM, slug.to_owned())
    }

    fn pull(directory: &Utf8Path, extraction: &Extraction, date: &str) -> Pulled {
        let documents = [PulledDocument::new("demo.json", "text", extraction)];
        let root = Root::open(directory.parent().unwrap().parent().unwrap()).unwrap();
        write(&root, SCHEMAS.into(), extraction, &documents, date).unwrap()
    }

    fn snapshot(directory: &Utf8Path) -> BTreeMap<Utf8PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut open = vec![directory.to_owned()];
        while let Some(next) = open.pop() {
            for entry in next.read_dir_utf8().unwrap() {
                let path = entry.unwrap().into_path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    files.insert(path.clone(), fs::read_to_string(&path).unwrap());
                }
            }
        }
        files
    }

    fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(temporary.path()).unwrap();
        let directory = path.join(SCHEMAS);
        (temporary, directory)
    }

    fn manifest(directory: &Utf8Path) -> Manifest {
        let root = Root::open(directory.parent().unwrap().parent().unwrap()).unwrap();
        super::manifest(&root, SCHEMAS.into()).unwrap()
    }

    #[test]
    fn what_is_pulled_is_what_the_store_then_has() {
        let (_temporary, directory) = temporary();
        let pulled = pull(&directory, &extraction(&["alpha", "beta"]), "2025-01-01");
        assert_eq!(pulled.written, [key("alpha"), key("beta")]);
        let store = SchemaStore::with_workspace(directory.parent().unwrap(), "schemas".into());
        let store = store.unwrap();
        let alpha = store
            .destination(infisical::PLATFORM, "alpha")
            .unwrap()
            .unwrap();
        assert_eq!(alpha.spec.name, "alpha");
        let manifest = manifest(&directory);
        let entry = &manifest.providers["infisical"];
        assert_eq!((entry.files, entry.date.as_str()), (2, "2025-01-01"));
        assert_eq!(entry.documents[0].title.as_deref(), Some("Demo API 1"));
        // SHA-256 of the word "text".
        assert!(entry.documents[0].digest.starts_with("982d9e3eb996f559"));
    }

    #[test]
    fn pulling_again_without_news_touches_nothing() {
        let (_temporary, directory) = temporary();
        pull(&directory, &extraction(&["alpha"]), "2025-01-01");
        let before = snapshot(&directory);
        let pulled = pull(&directory, &extraction(&["alpha"]), "2025-02-02");
        assert_eq!((pulled.written.len(), pulled.unchanged), (0, 1));
        assert_eq!(snapshot(&directory), before);
    }

    #[test]
    fn a_pull_replaces_its_platform_and_leaves_the_other() {
        let (_temporary, directory) = temporary();
        let mut start = extraction(&[]);
        start.files.insert(
            (enkryptify::PLATFORM, "start".to_owned()),
            SchemaFile::default(),
        );
        pull(&directory, &start, "2025-01-01");
        pull(&directory, &extraction(&["alpha", "beta"]), "2025-01-01");
        let pulled = pull(&directory, &extraction(&["beta", "gamma"]), "2025-02-02");
        assert_eq!(pulled.removed, [key("alpha")]);
        assert_eq!(pulled.written, [key("gamma")]);
        assert_eq!(pulled.unchanged, 2);
        let manifest = manifest(&directory);
        assert_eq!(manifest.providers["enkryptify"].date, "2025-01-01");
        assert_eq!(manifest.providers["infisical"].date, "2025-02-02");
    }

    #[test]
    fn leaves_only_the_schemas_behind() {
        let (temporary, directory) = temporary();
        pull(&directory, &extraction(&["alpha"]), "2025-01-01");
        pull(&directory, &extraction(&["beta"]), "2025-01-01");
        let root = Utf8Path::from_path(temporary.path()).unwrap();
        let names: Vec<String> = snapshot(root)
            .keys()
            .map(|path| path.strip_prefix(&directory).unwrap().to_string())
            .collect();
        assert_eq!(names, ["infisical/beta.json", "manifest.json"]);
    }

    #[test]
    fn a_failure_changes_nothing() {
        let (temporary, _) = temporary();
        // A file where the directory's parent should be.
        fs::write(temporary.path().join(".secsync"), "in the way").unwrap();
        let extraction = extraction(&["alpha"]);
        let root = Root::open(Utf8Path::from_path(temporary.path()).unwrap()).unwrap();
        let error = write(&root, SCHEMAS.into(), &extraction, &[], "2025-01-01").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("The schemas cannot be written to")
        );
        let text = fs::read_to_string(temporary.path().join(".secsync")).unwrap();
        assert_eq!(text, "in the way");
    }

    #[test]
    fn the_manifest_keeps_no_credentials_of_a_url() {
        let document = PulledDocument::new(
            "https://user:hunter2@example.com/api/docs/json?token=hunter2#hunter2",
            "",
            &extraction(&[]),
        );
        assert_eq!(document.source, "https://example.com/api/docs/json");
        assert_eq!(
            PulledDocument::new("C:\\x.json", "", &extraction(&[])).source,
            "C:\\x.json"
        );
    }
}
