//! Finding sync files.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;

use super::read::no_file;
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::text_file::reason;

/// The name of the file that marks a workspace's root.
pub const WORKSPACE_FILE: &str = "secsync.yaml";

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The nearest directory upwards that has an entry of that name.
pub fn nearest_upwards(from: &Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    from.ancestors()
        .find(|directory| directory.join(name).exists())
        .map(Utf8Path::to_owned)
}

/// The sync files that a word of the command line means: a file, a directory or a glob,
/// relative to `base`. In the order of their paths.
pub fn find(base: &Utf8Path, word: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Utf8PathBuf> {
    let path = base.join(word);
    let (found, what) = if path.is_dir() {
        (
            walk(base, &path, &|path| is_sync_file(path), diagnostics),
            "directory",
        )
    } else if path.exists() || !has_wildcard(word) {
        return vec![path];
    } else {
        match glob(&base.join(word)) {
            Ok(matcher) => {
                let is_match = |path: &Utf8Path| matcher.is_match(path) && !is_workspace_file(path);
                let fixed = fixed_part(base, word);
                // A pattern in a directory that is not there matches nothing, like any other.
                let found = if fixed.exists() {
                    walk(base, &fixed, &is_match, diagnostics)
                } else {
                    Vec::new()
                };
                (found, "pattern")
            }
            Err(reason) => {
                let message = format!("The pattern `{word}` is malformed: {reason}.");
                diagnostics.push(Diagnostic::about_file(Code::NoFiles, word, message));
                return Vec::new();
            }
        }
    };
    if found.is_empty() {
        diagnostics.push(
            Diagnostic::about_file(
                Code::NoFiles,
                word,
                format!("The {what} `{word}` has no sync file."),
            )
            .help("Sync files end in .yaml, .yml or .json."),
        );
    }
    found
}

/// The files that a directory or a pattern of the workspace means, all of them inside the root.
///
/// An error is a full sentence; it is about a pattern that leaves the root, or a link that does.
pub fn find_included(
    root: &Utf8Path,
    pattern: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<Utf8PathBuf>, String> {
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
    let found = find(root, pattern, diagnostics);
    match found.iter().find(|file| leads_out(file, root)) {
        Some(file) => Err(format!(
            "`{file}` is a link that leads out of the workspace."
        )),
        None => Ok(found),
    }
}

/// The files that a word of the command line means, without links that lead astray.
///
/// Whoever names a path means that path, wherever it is. What lies below it or in the workspace can
/// come from a stranger: a link in the workspace stays in the workspace, and one that is found in
/// another directory stays in that directory.
pub fn find_named(
    base: &Utf8Path,
    root: &Utf8Path,
    word: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Utf8PathBuf> {
    let named = base.join(word);
    let is_in_root = named.starts_with(root) && !has_parent(Utf8Path::new(word));
    let limit = if is_in_root {
        root.to_owned()
    } else if named.exists() {
        named
    } else {
        fixed_part(base, word)
    };
    let mut found = find(base, word, diagnostics);
    found.retain(|file| {
        let leads_out = leads_out(file, &limit);
        if leads_out {
            let shown = file.strip_prefix(base).unwrap_or(file);
            diagnostics.push(
                Diagnostic::about_file(
                    Code::OutsideRoot,
                    shown.as_str(),
                    format!("`{shown}` is a link that leads out of `{limit}`."),
                )
                .help("Remove the link, or name what it leads to."),
            );
        }
        !leads_out
    });
    found
}

/// Whether a file is really outside of a path. What cannot be determined cannot be read either.
fn leads_out(file: &Utf8Path, limit: &Utf8Path) -> bool {
    match (file.canonicalize_utf8(), limit.canonicalize_utf8()) {
        (Ok(real), Ok(limit)) => !real.starts_with(limit),
        _ => false,
    }
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
    is_sync_file(inside)
        && !is_hidden
        && (inside.starts_with(pattern)
            || glob(pattern).is_ok_and(|matcher| matcher.is_match(inside)))
}

/// The directory above the first wildcard.
fn fixed_part(base: &Utf8Path, word: &str) -> Utf8PathBuf {
    let fixed = Utf8Path::new(word)
        .components()
        .take_while(|part| !has_wildcard(part.as_str()))
        .collect::<Utf8PathBuf>();
    base.join(fixed)
}

fn is_sync_file(path: &Utf8Path) -> bool {
    path.extension()
        .is_some_and(|extension| EXTENSIONS.contains(&extension))
        && !is_workspace_file(path)
}

fn is_workspace_file(path: &Utf8Path) -> bool {
    path.file_name() == Some(WORKSPACE_FILE)
}

fn walk(
    base: &Utf8Path,
    directory: &Utf8Path,
    wanted: &dyn Fn(&Utf8Path) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Utf8PathBuf> {
    let mut files = BTreeSet::new();
    let walker = WalkBuilder::new(directory)
        .standard_filters(false)
        .hidden(true)
        .follow_links(true)
        .build();
    for entry in walker {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                match Utf8Path::from_path(entry.path()) {
                    Some(path) if wanted(path) => {
                        files.insert(path.to_owned());
                    }
                    None if has_extension(entry.path()) => {
                        diagnostics.push(unnameable(base, entry.path()));
                    }
                    _ => {}
                }
            }
            Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => {
                if let Some(path) = Utf8Path::from_path(entry.path()).filter(|path| wanted(path)) {
                    let shown = path.strip_prefix(base).unwrap_or(path);
                    diagnostics.push(no_file(shown.as_str()).help("Remove it, or rename it."));
                }
            }
            Ok(_) => {}
            Err(error) => diagnostics.push(unwalkable(base, directory, &error)),
        }
    }
    files.into_iter().collect()
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
            ignore::Error::WithPath { path: told, err } => {
                path = Some(told.as_path());
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

    use camino::{Utf8Path, Utf8PathBuf};

    use super::{find, find_included, nearest_upwards};
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
            let found = find(self.root(), word, &mut diagnostics);
            (
                self.relative(&found),
                diagnostics.iter().map(|found| found.code).collect(),
            )
        }

        fn included(&self, pattern: &str) -> Result<Vec<String>, String> {
            find_included(self.root(), pattern, &mut Vec::new()).map(|found| self.relative(&found))
        }

        fn relative(&self, paths: &[Utf8PathBuf]) -> Vec<String> {
            paths
                .iter()
                .map(|path| path.strip_prefix(self.root()).unwrap().to_string())
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
        assert!(
            find_included(&root, "syncs/**/*.yaml", &mut Vec::new())
                .unwrap_err()
                .contains("leads out")
        );
    }

    #[test]
    fn the_nearest_marker_upwards_is_found() {
        let tree = Tree::new(&["secsync.yaml", "a/b/x.yaml"]);
        let from = tree.root().join("a/b");
        assert_eq!(
            nearest_upwards(&from, "secsync.yaml").as_deref(),
            Some(tree.root())
        );
        assert_eq!(nearest_upwards(&from, "no-such-marker"), None);
    }
}
