//! Finding sync files.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};
use ignore::{DirEntry, WalkBuilder};

use super::texts::no_file;
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::mutex::lock;
use crate::root::{WORKSPACE_FILE, straight};
use crate::text_file::{UnreadableText, reason};

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A sync file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path.
    pub path: Utf8PathBuf,
    /// The directory that no link may lead it out of. `None` if a person names the file itself.
    pub limit: Option<Utf8PathBuf>,
}

/// The sync files that a directory or a pattern of the workspace means, all of them inside the
/// root. In the order of their paths.
///
/// An error is a full sentence about a pattern that leaves the root.
pub fn find_included(
    root: &Utf8Path,
    pattern: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<FoundFile>, String> {
    let relative = Utf8Path::new(pattern);
    if relative.is_absolute() || pattern.starts_with('/') {
        return Err(format!(
            "`{pattern}` is an absolute path, and only files inside the workspace can be included."
        ));
    }
    if has_parent(relative) {
        return Err(format!(
            "`{pattern}` has a `..`, and only files inside the workspace can be included."
        ));
    }
    let path = root.join(relative);
    let is_file = path.symlink_metadata().is_ok() && !path.is_dir();
    let found = if is_file && has_name_of_sync_file(&path) {
        vec![path]
    } else if is_file {
        diagnostics.push(nothing("pattern", pattern));
        Vec::new()
    } else {
        search(root, root, pattern, diagnostics)
    };
    Ok(within(root, found))
}

/// The sync files that a word of the command line means: a file, a directory or a glob, relative
/// to `base`. In the order of their paths.
///
/// Whoever names a path means that path, wherever it is. What lies below it or in the workspace can
/// come from a stranger: a link in the workspace stays in the workspace, and one that is found in
/// another directory stays in that directory.
pub fn find_named(
    base: &Utf8Path,
    root: &Utf8Path,
    word: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<FoundFile> {
    let path = base.join(word);
    if !path.is_dir() && (path.symlink_metadata().is_ok() || !has_wildcard(word)) {
        return vec![FoundFile { path, limit: None }];
    }
    let start = straight(&start_of(base, word));
    let limit = if start.starts_with(root) {
        root
    } else {
        &start
    };
    within(limit, search(base, limit, word, diagnostics))
}

/// Where the search for what a word means begins: at the path itself, or at the directory above
/// the first wildcard.
pub fn start_of(base: &Utf8Path, word: &str) -> Utf8PathBuf {
    let path = base.join(word);
    if path.symlink_metadata().is_ok() || !has_wildcard(word) {
        return path;
    }
    let fixed = Utf8Path::new(word)
        .components()
        .take_while(|part| !has_wildcard(part.as_str()))
        .collect::<Utf8PathBuf>();
    base.join(fixed)
}

fn within(limit: &Utf8Path, found: Vec<Utf8PathBuf>) -> Vec<FoundFile> {
    let file = |path| FoundFile {
        path,
        limit: Some(limit.to_owned()),
    };
    found.into_iter().map(file).collect()
}

/// The files in a directory, or those that a pattern matches, that have names of sync files.
fn search(
    base: &Utf8Path,
    limit: &Utf8Path,
    word: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Utf8PathBuf> {
    let path = base.join(word);
    let start = start_of(base, word);
    let known = diagnostics.len();
    let walk = |depth| Walk { base, limit, depth };
    let (found, what) = if path.is_dir() {
        let found = walk(None).files(&path, &has_name_of_sync_file, diagnostics);
        (found, "directory")
    } else {
        let matcher = match glob(&path) {
            Ok(matcher) => matcher,
            Err(reason) => {
                let message = format!("The pattern `{word}` is malformed: {reason}.");
                diagnostics.push(Diagnostic::about_file(Code::NoFiles, word, message));
                return Vec::new();
            }
        };
        let is_match = |path: &Utf8Path| matcher.is_match(path) && has_name_of_sync_file(path);
        // A pattern in a directory that does not exist matches nothing, like any other.
        let found = if start.exists() {
            walk(depth_of(word)).files(&start, &is_match, diagnostics)
        } else {
            Vec::new()
        };
        (found, "pattern")
    };
    if found.is_empty() && diagnostics.len() == known {
        diagnostics.push(nothing(what, word));
    }
    found
}

fn nothing(what: &str, word: &str) -> Diagnostic {
    Diagnostic::about_file(
        Code::NoFiles,
        word,
        format!("The {what} `{word}` has no sync file."),
    )
    .help("Sync files end in .yaml, .yml or .json, and are not hidden.")
}

/// Whether a file has a name that sync files have.
pub fn has_name_of_sync_file(path: &Utf8Path) -> bool {
    let has_extension = path
        .extension()
        .is_some_and(|extension| EXTENSIONS.contains(&extension));
    let name = path.file_name().unwrap_or_default();
    has_extension && !name.starts_with('.') && name != WORKSPACE_FILE
}

fn has_parent(path: &Utf8Path) -> bool {
    path.components().any(|part| part.as_str() == "..")
}

fn has_wildcard(word: &str) -> bool {
    word.contains(['*', '?', '[', '{'])
}

fn glob(pattern: &Utf8Path) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern.as_str())
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}

/// Whether a directory or a pattern of the workspace means a file of that path, from the root on.
/// Hidden files are passed over.
pub fn includes(pattern: &str, inside: &Utf8Path) -> bool {
    let pattern = Utf8Path::new(pattern.trim_start_matches("./"));
    let is_hidden = inside
        .components()
        .any(|part| part.as_str().starts_with('.'));
    has_name_of_sync_file(inside)
        && !is_hidden
        && (inside.starts_with(pattern)
            || glob(pattern).is_ok_and(|matcher| matcher.is_match(inside)))
}

/// A walk through a directory.
#[derive(Clone, Copy)]
struct Walk<'a> {
    /// What the paths in findings are relative to.
    base: &'a Utf8Path,
    /// What no link may lead out of.
    limit: &'a Utf8Path,
    /// How many steps it goes down.
    depth: Option<usize>,
}

impl Walk<'_> {
    fn files(
        self,
        directory: &Utf8Path,
        wanted: &dyn Fn(&Utf8Path) -> bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Utf8PathBuf> {
        let mut files = BTreeSet::new();
        let strays = Arc::new(Mutex::new(Vec::new()));
        let walker = WalkBuilder::new(directory)
            .standard_filters(false)
            .hidden(true)
            .follow_links(true)
            .max_depth(self.depth)
            // What is behind a link that leads out is not even listed.
            .filter_entry(self.stays_inside(Arc::clone(&strays)))
            .build();
        for entry in walker {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    match Utf8Path::from_path(entry.path()) {
                        Some(path) if wanted(path) => {
                            files.insert(path.to_owned());
                        }
                        None if has_extension(entry.path()) => {
                            diagnostics.push(unnameable(self.base, entry.path()));
                        }
                        _ => {}
                    }
                }
                Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => {
                    let path = Utf8Path::from_path(entry.path());
                    if let Some(path) = path.filter(|path| wanted(path)) {
                        let shown = path.strip_prefix(self.base).unwrap_or(path);
                        diagnostics.push(no_file(shown.as_str()).help("Remove it, or rename it."));
                    }
                }
                Ok(_) => {}
                Err(error) => diagnostics.push(unwalkable(self.base, directory, &error)),
            }
        }
        let mut strays = std::mem::take(&mut *lock(&strays));
        strays.sort();
        let is_missed = |path: &&Utf8PathBuf| path.is_dir() || wanted(path);
        diagnostics.extend(strays.iter().filter(is_missed).map(|path| self.stray(path)));
        files.into_iter().collect()
    }

    /// Lets everything pass but links that lead out, which it takes note of.
    fn stays_inside(
        self,
        strays: Arc<Mutex<Vec<Utf8PathBuf>>>,
    ) -> impl Fn(&DirEntry) -> bool + Send + Sync + 'static {
        let limit = self.limit.canonicalize().ok();
        let depth = self.depth;
        move |entry| {
            let real = entry.path_is_symlink().then(|| entry.path().canonicalize());
            let (Some(Ok(real)), Some(limit)) = (real, &limit) else {
                return true;
            };
            if real.starts_with(limit) {
                return true;
            }
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let is_end = real.is_dir() && depth == Some(entry.depth());
            if let Some(path) = Utf8Path::from_path(entry.path())
                && !(is_end || is_hidden && entry.depth() > 0)
            {
                lock(&strays).push(path.to_owned());
            }
            false
        }
    }

    fn stray(self, path: &Utf8Path) -> Diagnostic {
        let shown = path.strip_prefix(self.base).unwrap_or(path);
        Diagnostic::about_file(
            Code::OutsideRoot,
            shown.as_str(),
            format!("`{shown}` is a link that leads out of `{}`.", self.limit),
        )
        .help(UnreadableText::LeadsOut.help())
    }
}

/// How many steps below the fixed part of a pattern its matches can be.
fn depth_of(word: &str) -> Option<usize> {
    let parts = Utf8Path::new(word).components();
    let is_open = word.contains("**") || word.contains('{');
    (!is_open).then(|| {
        parts
            .skip_while(|part| !has_wildcard(part.as_str()))
            .count()
    })
}

fn has_extension(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

fn unnameable(base: &Utf8Path, path: &Path) -> Diagnostic {
    let shown = path.strip_prefix(base).unwrap_or(path).to_string_lossy();
    Diagnostic::about_file(
        Code::UnreadableFile,
        shown.as_ref(),
        format!("The path of the file `{shown}` is not UTF-8."),
    )
    .help("Rename it.")
}

/// What keeps a directory from being read to its end.
fn unwalkable(base: &Utf8Path, directory: &Utf8Path, error: &ignore::Error) -> Diagnostic {
    let shown = |path: &Path| {
        let path = path.strip_prefix(base).unwrap_or(path);
        path.to_string_lossy().into_owned()
    };
    let (path, why, help) = match innermost(error) {
        (_, ignore::Error::Loop { child, .. }) => (
            shown(child),
            "it is a link to a directory above it".to_owned(),
            "Remove the link.",
        ),
        (path, ignore::Error::Io(error)) => (
            shown(path.unwrap_or(directory.as_std_path())),
            reason(error),
            match error.kind() {
                io::ErrorKind::NotFound => "If it is a link, fix or remove it.",
                io::ErrorKind::PermissionDenied => "Check its permissions.",
                _ => "Check the disk.",
            },
        ),
        (path, other) => (
            shown(path.unwrap_or(directory.as_std_path())),
            other.to_string(),
            "Check the directory.",
        ),
    };
    let message = format!("`{path}` cannot be read: {why}.");
    Diagnostic::about_file(Code::UnreadableFile, &path, message).help(help)
}

/// An error without what it is wrapped in, and the path that one of the wraps names.
fn innermost(mut error: &ignore::Error) -> (Option<&Path>, &ignore::Error) {
    let mut path = None;
    loop {
        error = match error {
            ignore::Error::WithPath { path: named, err } => {
                path = Some(named.as_path());
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            innermost => return (path, innermost),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8Path;

    use super::{FoundFile, find_included, find_named};
    use crate::core::code::Code;

    struct Tree {
        directory: tempfile::TempDir,
    }

    impl Tree {
        fn new(files: &[&str]) -> Self {
            let tree = Self {
                directory: tempfile::tempdir().unwrap(),
            };
            for file in files {
                let path = tree.root().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "syncs: {}\n").unwrap();
            }
            tree
        }

        fn root(&self) -> &Utf8Path {
            Utf8Path::from_path(self.directory.path()).unwrap()
        }

        fn find(&self, word: &str) -> (Vec<String>, Vec<Code>) {
            let mut diagnostics = Vec::new();
            let found = find_named(self.root(), self.root(), word, &mut diagnostics);
            (
                self.relative(&found),
                diagnostics.iter().map(|found| found.code).collect(),
            )
        }

        fn included(&self, pattern: &str) -> Result<Vec<String>, String> {
            find_included(self.root(), pattern, &mut Vec::new()).map(|found| self.relative(&found))
        }

        fn relative(&self, files: &[FoundFile]) -> Vec<String> {
            files
                .iter()
                .map(|file| file.path.strip_prefix(self.root()).unwrap().to_string())
                .collect()
        }
    }

    #[test]
    fn a_directory_gives_its_yaml_and_json_files_in_order_and_nothing_hidden() {
        let tree = Tree::new(&[
            "b.yml",
            "a.yaml",
            "sub/c.json",
            "secsync.yaml",
            ".git/d.yaml",
            "e.txt",
        ]);
        assert_eq!(
            tree.find("."),
            (
                vec!["a.yaml".into(), "b.yml".into(), "sub/c.json".into()],
                vec![]
            )
        );
    }

    #[test]
    fn a_glob_matches_within_and_across_directories() {
        let tree = Tree::new(&["a/x.yaml", "a/y.yml", "a/b/z.yaml"]);
        assert_eq!(tree.find("a/*.yaml").0, ["a/x.yaml"]);
        assert_eq!(tree.find("a/**/*.yaml").0, ["a/b/z.yaml", "a/x.yaml"]);
        assert_eq!(tree.find("a/{x,q}.yaml").0, ["a/x.yaml"]);
    }

    #[test]
    fn what_matches_nothing_is_an_error() {
        let tree = Tree::new(&["a/x.txt"]);
        assert_eq!(tree.find("*.yaml").1, [Code::NoFiles]);
        assert_eq!(tree.find("a").1, [Code::NoFiles]);
        assert_eq!(tree.find("[").1, [Code::NoFiles]);
    }

    #[test]
    fn a_file_is_taken_whatever_its_name() {
        let tree = Tree::new(&["odd[1].txt"]);
        assert_eq!(tree.find("odd[1].txt").0, ["odd[1].txt"]);
    }

    #[test]
    fn an_include_and_a_pattern_find_only_what_has_the_name_of_a_sync_file() {
        let tree = Tree::new(&[
            ".env",
            ".hidden.yaml",
            "a.yaml",
            "notes.txt",
            "secsync.yaml",
        ]);
        for pattern in [".env", ".*", "*.txt", "notes.txt", ".hidden.yaml"] {
            assert_eq!(tree.included(pattern).unwrap(), [""; 0], "{pattern}");
        }
        assert_eq!(tree.included("*").unwrap(), ["a.yaml"]);
        assert_eq!(tree.find("*").0, ["a.yaml"]);
        // A person can name any file.
        assert_eq!(tree.find("notes.txt").0, ["notes.txt"]);
    }

    #[test]
    fn an_include_stays_inside_the_root() {
        let tree = Tree::new(&["root/syncs/a.yaml", "outside/b.yaml"]);
        let root = tree.root().join("root");
        assert_eq!(
            find_included(&root, "syncs/*.yaml", &mut Vec::new())
                .unwrap()
                .len(),
            1
        );
        assert!(
            find_included(&root, "../outside/*.yaml", &mut Vec::new())
                .unwrap_err()
                .contains("`..`")
        );
        assert!(
            find_included(&root, "/etc/*.yaml", &mut Vec::new())
                .unwrap_err()
                .contains("absolute")
        );
        assert_eq!(
            tree.included("root/**/*.yaml").unwrap(),
            ["root/syncs/a.yaml"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn an_include_does_not_follow_a_link_out_of_the_root() {
        let tree = Tree::new(&["root/syncs/a.yaml", "outside/b.yaml"]);
        let root = tree.root().join("root");
        std::os::unix::fs::symlink(tree.root().join("outside"), root.join("syncs/link")).unwrap();
        let mut diagnostics = Vec::new();
        let found = find_included(&root, "syncs/**/*.yaml", &mut diagnostics).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(diagnostics[0].code, Code::OutsideRoot);
        // A pattern that does not reach below the link has nothing to do with it.
        let mut diagnostics = Vec::new();
        find_included(&root, "syncs/*.yaml", &mut diagnostics).unwrap();
        assert_eq!(diagnostics, []);
    }
}
