//! A directory of files that goes away with its test.

use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::Invocation;

/// A directory that the program runs in.
pub struct Tree {
    _directory: TempDir,
    root: Utf8PathBuf,
}

impl Tree {
    /// With these files: their paths and texts.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        let tree = Self {
            _directory: directory,
            root,
        };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    /// Where it is.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Writes a file, and the directories above it.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// The paths of all its files.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut directories = vec![self.root.clone()];
        while let Some(directory) = directories.pop() {
            for entry in directory.read_dir_utf8().unwrap() {
                let path = entry.unwrap().into_path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    files.push(path.strip_prefix(&self.root).unwrap().to_string());
                }
            }
        }
        files.sort();
        files
    }

    /// Whether there is something of that path.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The program in this directory, with arguments as a shell would split them at blanks.
    pub fn secsync(&self, arguments: &str) -> Invocation {
        Invocation::new(&self.root, arguments)
    }
}

/// The text of a file of the repository.
pub fn repository(path: &str) -> String {
    // Cargo sets it. `.ci/run` sets it to a copy for a user who may not read the original.
    let root = env::var("CARGO_MANIFEST_DIR").unwrap();
    fs::read_to_string(Utf8Path::new(&root).join(path)).unwrap()
}
