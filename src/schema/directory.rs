//! A directory of pulled schemas on the disk: which one is in use, and how it is replaced.
//!
//! No system replaces one directory by another in a single step. So the old one is set aside
//! under a name that is known, and whoever finds it there and nothing in its place knows that a
//! pull was cut off, and uses it: at every moment there is one whole directory.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::schema_file::is_slug;
use crate::root::Root;

/// The directory to read: the one of that path, or, if a pull was cut off between setting it
/// aside and putting the new one in its place, the one that was set aside.
pub fn in_use(root: &Root, directory: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let aside = aside(directory);
    Ok(if !root.has(directory)? && root.has(&aside)? {
        aside
    } else {
        directory.to_owned()
    })
}

/// Where the old directory is while the new one takes its place.
fn aside(directory: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{directory}.old"))
}

/// Brings back what a pull that was cut off had set aside.
pub(super) fn heal(root: &Root, directory: &Utf8Path) -> io::Result<()> {
    match in_use(root, directory)? {
        found if found == directory => Ok(()),
        aside => root.rename(&aside, directory),
    }
}

/// Puts a complete directory in the place of another, which need not exist. If it cannot take
/// the place, the old one comes back.
pub(super) fn replace(root: &Root, directory: &Utf8Path, fresh: &Utf8Path) -> io::Result<()> {
    heal(root, directory)?;
    let swap = Swap {
        root,
        directory,
        fresh,
    };
    swap.set_aside()?;
    swap.put_in_place().inspect_err(|_| {
        // If this fails, too, the first error says more than a second one would.
        let _ = heal(root, directory);
    })?;
    // What stays is not read, and goes with the next replacement.
    let _ = swap.clear();
    Ok(())
}

/// The steps of a replacement, each of which can be the last one that a process takes.
struct Swap<'a> {
    root: &'a Root,
    directory: &'a Utf8Path,
    fresh: &'a Utf8Path,
}

impl Swap<'_> {
    fn set_aside(&self) -> io::Result<()> {
        self.clear()?;
        absent_is_fine(self.root.rename(self.directory, &aside(self.directory)))
    }

    fn put_in_place(&self) -> io::Result<()> {
        self.root.rename(self.fresh, self.directory)
    }

    fn clear(&self) -> io::Result<()> {
        self.root.remove_directory(&aside(self.directory))
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The names of the schema files in a directory, which need not exist.
pub(super) fn names_in(root: &Root, directory: &Utf8Path) -> io::Result<Vec<String>> {
    let names = match root.directory(directory) {
        Ok(directory) => directory.names()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let slug = |name: String| {
        let slug = name.strip_suffix(".json")?;
        is_slug(slug).then(|| slug.to_owned())
    };
    Ok(names.into_iter().filter_map(slug).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use camino::Utf8Path;

    use super::{Swap, in_use, replace};
    use crate::root::Root;

    const DIRECTORY: &str = "schemas";
    const FRESH: &str = "fresh";

    /// A directory "schemas" that holds the word "old", and one to replace it with "new".
    fn before() -> (tempfile::TempDir, Root) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Root::open(Utf8Path::from_path(temporary.path()).unwrap()).unwrap();
        for (name, word) in [(DIRECTORY, "old"), (FRESH, "new")] {
            make(&root, name, word);
        }
        (temporary, root)
    }

    fn make(root: &Root, name: &str, word: &str) {
        let path = root.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("word"), word).unwrap();
    }

    fn word(root: &Root) -> String {
        let directory = in_use(root, DIRECTORY.into()).unwrap();
        fs::read_to_string(root.path().join(directory).join("word")).unwrap()
    }

    type Step = fn(&Swap<'_>) -> io::Result<()>;

    #[test]
    fn a_crash_after_any_step_leaves_one_whole_directory_and_the_next_pull_replaces_it() {
        let steps: [(Step, &str); 3] = [
            (|swap| swap.set_aside(), "old"),
            (|swap| swap.put_in_place(), "new"),
            (|swap| swap.clear(), "new"),
        ];
        for taken in 0..=steps.len() {
            let (_temporary, root) = before();
            let swap = Swap {
                root: &root,
                directory: DIRECTORY.into(),
                fresh: FRESH.into(),
            };
            for (step, _) in &steps[..taken] {
                step(&swap).unwrap();
            }
            let expected = steps[..taken].last().map_or("old", |(_, word)| word);
            assert_eq!(word(&root), expected, "after {taken} steps");

            make(&root, "newer", "newer");
            replace(&root, DIRECTORY.into(), "newer".into()).unwrap();
            assert_eq!(word(&root), "newer");
            assert!(!root.path().join("schemas.old").exists());
        }
    }

    #[test]
    fn a_directory_that_cannot_be_replaced_stays() {
        let (_temporary, root) = before();
        replace(&root, DIRECTORY.into(), "missing".into()).unwrap_err();
        assert_eq!(word(&root), "old");
        assert!(root.path().join(DIRECTORY).exists());
    }

    #[test]
    fn puts_a_new_directory_where_none_existed() {
        let (_temporary, root) = before();
        fs::remove_dir_all(root.path().join(DIRECTORY)).unwrap();
        replace(&root, DIRECTORY.into(), FRESH.into()).unwrap();
        assert_eq!(word(&root), "new");
    }
}
