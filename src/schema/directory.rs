//! A directory of pulled schemas on the disk: which one is in use, and how it is replaced.
//!
//! No system replaces one directory by another in a single step. So the old one is set aside
//! under a name that is known, and whoever finds it there and nothing in its place knows that a
//! pull was cut off, and uses it: at every moment there is one whole directory.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::file::is_slug;

/// The directory to read: the one of that path, or, if a pull was cut off between setting it
/// aside and putting the new one in its place, the one that was set aside.
pub fn in_use(directory: &Utf8Path) -> Utf8PathBuf {
    let aside = aside(directory);
    if !directory.exists() && aside.is_dir() {
        aside
    } else {
        directory.to_owned()
    }
}

/// Where the old directory is while the new one takes its place.
fn aside(directory: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{directory}.old"))
}

/// Brings back what a pull that was cut off had set aside.
pub(super) fn heal(directory: &Utf8Path) -> io::Result<()> {
    match in_use(directory) {
        found if found == directory => Ok(()),
        aside => fs::rename(aside, directory),
    }
}

/// Puts a complete directory in the place of another, which need not exist. If it cannot take
/// the place, the old one comes back.
pub(super) fn replace(directory: &Utf8Path, fresh: &Utf8Path) -> io::Result<()> {
    heal(directory)?;
    let swap = Swap { directory, fresh };
    swap.set_aside()?;
    swap.put_in_place().inspect_err(|_| {
        // If this fails, too, the first error says more than a second one would.
        let _ = heal(directory);
    })?;
    // What stays is not read, and goes with the next replacement.
    let _ = swap.clear();
    Ok(())
}

/// The steps of a replacement, each of which can be the last one that a process takes.
struct Swap<'a> {
    directory: &'a Utf8Path,
    fresh: &'a Utf8Path,
}

impl Swap<'_> {
    fn set_aside(&self) -> io::Result<()> {
        self.clear()?;
        absent_is_fine(fs::rename(self.directory, aside(self.directory)))
    }

    fn put_in_place(&self) -> io::Result<()> {
        fs::rename(self.fresh, self.directory)
    }

    fn clear(&self) -> io::Result<()> {
        absent_is_fine(fs::remove_dir_all(aside(self.directory)))
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The names of the schema files in a directory, which need not exist.
pub(super) fn names_in(directory: &Utf8Path) -> io::Result<Vec<String>> {
    let entries = match directory.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path.extension() == Some("json")
            && let Some(name) = path.file_stem()
            && is_slug(name)
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use camino::{Utf8Path, Utf8PathBuf};

    use super::{Swap, in_use, replace};

    /// A directory "schemas" that holds the word "old", and one to replace it with "new".
    fn before() -> (tempfile::TempDir, Utf8PathBuf, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(temporary.path()).unwrap();
        let (directory, fresh) = (root.join("schemas"), root.join("fresh"));
        for (path, word) in [(&directory, "old"), (&fresh, "new")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("word"), word).unwrap();
        }
        (temporary, directory, fresh)
    }

    fn word(directory: &Utf8Path) -> String {
        fs::read_to_string(in_use(directory).join("word")).unwrap()
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
            let (_temporary, directory, fresh) = before();
            let swap = Swap {
                directory: &directory,
                fresh: &fresh,
            };
            for (step, _) in &steps[..taken] {
                step(&swap).unwrap();
            }
            let expected = steps[..taken].last().map_or("old", |(_, word)| word);
            assert_eq!(word(&directory), expected, "after {taken} steps");

            let newer = directory.with_file_name("newer");
            fs::create_dir(&newer).unwrap();
            fs::write(newer.join("word"), "newer").unwrap();
            replace(&directory, &newer).unwrap();
            assert_eq!(word(&directory), "newer");
            assert!(!directory.with_file_name("schemas.old").exists());
        }
    }

    #[test]
    fn a_directory_that_cannot_be_replaced_stays() {
        let (_temporary, directory, fresh) = before();
        replace(&directory, &fresh.join("missing")).unwrap_err();
        assert_eq!(word(&directory), "old");
        assert!(directory.exists());
    }

    #[test]
    fn puts_a_new_directory_where_none_existed() {
        let (_temporary, directory, fresh) = before();
        fs::remove_dir_all(&directory).unwrap();
        replace(&directory, &fresh).unwrap();
        assert_eq!(word(&directory), "new");
    }
}
