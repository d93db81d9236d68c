//! Which workspace a path is of.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// The name of the file that marks a workspace's root.
pub const WORKSPACE_FILE: &str = "secsync.yaml";
/// The directory of secsync's own files, in the root of a workspace.
pub const OWN_DIRECTORY: &str = ".secsync";

/// What marks the root of a Git repository: a directory, or the file of a worktree.
const GIT: &str = ".git";

/// The root of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRoot {
    /// Its path.
    pub root: Utf8PathBuf,
    /// Whether there is a workspace file in it.
    pub has_file: bool,
}

/// The workspace that a path is of, and that need not exist: that of the nearest workspace file
/// upwards, in the path itself if it is a directory.
///
/// The search ends at the root of the Git repository. What is above it, or in a directory for
/// everybody's temporary files, can be a stranger's; so outside of Git the search ends at the
/// working directory, and for a path that is not below that, at once. Without a workspace file the
/// root is that of the repository; outside of Git the workspace is that of the working directory.
pub fn find(path: &Utf8Path, working_directory: &Utf8Path) -> FoundRoot {
    let path = straight(&working_directory.join(path));
    let start = if path.is_dir() {
        &*path
    } else {
        path.parent().unwrap_or(&path)
    };
    let git = nearest_upwards(start, GIT);
    let is_below = start.starts_with(working_directory);
    let last = match &git {
        Some(git) => git,
        None if is_below => working_directory,
        None => start,
    };
    let mut searched = start.ancestors().take_while(|at| at.starts_with(last));
    if let Some(root) = searched.find(|at| is_workspace(at)) {
        return FoundRoot {
            root: root.to_owned(),
            has_file: true,
        };
    }
    let root = match git {
        Some(git) => git,
        None if is_below => working_directory.to_owned(),
        None => return find(working_directory, working_directory),
    };
    FoundRoot {
        root,
        has_file: false,
    }
}

/// Whether a directory has a workspace file, or what stands in the place of one.
pub fn is_workspace(directory: &Utf8Path) -> bool {
    directory.join(WORKSPACE_FILE).symlink_metadata().is_ok()
}

/// The root of the Git repository that a directory is in.
pub fn git_root(directory: &Utf8Path) -> Option<Utf8PathBuf> {
    nearest_upwards(directory, GIT)
}

/// The nearest directory upwards that has an entry of that name.
fn nearest_upwards(from: &Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    from.ancestors()
        .find(|directory| directory.join(name).exists())
        .map(Utf8Path::to_owned)
}

/// An absolute path as people write it in a directory: relative to it, if it is below or in the same
/// Git repository, or if that is shorter.
pub fn shown(path: &Utf8Path, directory: &Utf8Path) -> Utf8PathBuf {
    let path = straight(path);
    let shared = path
        .components()
        .zip(directory.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = directory.components().skip(shared).map(|_| "..");
    let down = path.components().skip(shared).map(|part| part.as_str());
    let relative: Utf8PathBuf = up.chain(down).collect();
    if relative.as_str().is_empty() {
        return ".".into();
    }
    let is_near = || {
        let git = git_root(directory);
        git.is_some_and(|git| path.starts_with(git))
            || relative.as_str().len() < path.as_str().len()
    };
    if path.starts_with(directory) || is_near() {
        relative
    } else {
        path
    }
}

/// An absolute path without `.` and `..`.
pub fn straight(path: &Utf8Path) -> Utf8PathBuf {
    let mut straight = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                // What is above a link is what is above the directory that it leads to.
                if straight.is_symlink()
                    && let Ok(real) = straight.canonicalize_utf8()
                {
                    straight = real;
                }
                straight.pop();
            }
            other => straight.push(other),
        }
    }
    straight
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8Path;

    use super::{find, shown};

    #[test]
    fn a_path_is_shown_as_people_write_it_where_they_are() {
        for (path, directory, expected) in [
            ("/a/b/c.yaml", "/a", "b/c.yaml"),
            ("/a/b/../c.yaml", "/a", "c.yaml"),
            ("/a", "/a", "."),
            ("/repo/infra/c.yaml", "/repo/other", "../infra/c.yaml"),
            ("/etc/c.yaml", "/repo/deep/er", "/etc/c.yaml"),
        ] {
            let found = shown(Utf8Path::new(path), Utf8Path::new(directory));
            assert_eq!(found, expected, "{path} in {directory}");
        }
        let temporary = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(temporary.path()).unwrap();
        fs::create_dir_all(top.join(".git")).unwrap();
        let deep = top.join("a/rather/deep/directory/of/a/repository/that/has/many/of/them/below");
        let found = shown(&top.join("x.yaml"), &deep);
        assert_eq!(found, format!("{}x.yaml", "../".repeat(13)));
    }

    #[test]
    fn the_nearest_workspace_file_counts_up_to_the_git_root_or_the_working_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().canonicalize().unwrap();
        let top = Utf8Path::from_path(&top).unwrap();
        for file in [
            "secsync.yaml",
            "repo/.git/HEAD",
            "repo/docs/x",
            "repo/infra/secsync.yaml",
            "repo/infra/syncs/a.yaml",
            "plain/deep/x",
            "plain/own/secsync.yaml",
            "plain/own/syncs/x",
        ] {
            let path = top.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for (directory, path, root, has_file) in [
            ("repo", ".", "repo", false),
            ("repo", "infra/syncs/a.yaml", "repo/infra", true),
            ("repo", "infra", "repo/infra", true),
            ("repo/docs", ".", "repo", false),
            ("repo/docs", "../infra/syncs", "repo/infra", true),
            ("repo/docs", "../infra/new/x.yaml", "repo/infra", true),
            ("plain/deep", ".", "plain/deep", false),
            ("plain", "deep/x", "plain", false),
            ("plain", "own/syncs", "plain/own", true),
            ("plain/deep", "../own", "plain/own", true),
            ("plain/deep", "../own/syncs", "plain/deep", false),
            (
                "repo/infra/syncs",
                "../../../plain/deep",
                "repo/infra",
                true,
            ),
            ("", "plain/deep", "", true),
        ] {
            let found = find(Utf8Path::new(path), &top.join(directory));
            let expected = top.join(root);
            let expected = expected.as_str().trim_end_matches('/');
            assert_eq!(
                (found.root.as_str().trim_end_matches('/'), found.has_file),
                (expected, has_file),
                "{directory} {path}"
            );
        }
    }
}
