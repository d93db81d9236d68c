//! Writing files: whole or not at all, and never over one that is there unless that is meant.

use std::fs;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::{Builder, NamedTempFile};

/// What is done with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and writing fails.
    Keep,
    /// It is replaced; a link stays a link, and the permissions stay.
    Replace,
}

/// Writes a file and the directories above it. Whoever reads it meanwhile sees all of the old
/// text or all of the new one.
pub fn write(path: &Utf8Path, text: &str, existing: Existing) -> io::Result<()> {
    let target = match existing {
        Existing::Keep => path.to_owned(),
        Existing::Replace => real_path(path)?,
    };
    let directory = target
        .parent()
        .filter(|directory| !directory.as_str().is_empty())
        .unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(directory)?;
    let mut file = temporary_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Keep => file.persist_noclobber(&target),
        Existing::Replace => {
            if let Ok(old) = fs::metadata(&target) {
                file.as_file().set_permissions(old.permissions())?;
            }
            file.persist(&target)
        }
    }
    .map(drop)
    .map_err(|error| error.error)
}

/// Where a link leads; the path itself if it is none, or if nothing is there.
fn real_path(path: &Utf8Path) -> io::Result<Utf8PathBuf> {
    match path.canonicalize_utf8() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        other => other,
    }
}

/// A hidden file, so that one that a crash leaves behind is never read as a sync file.
fn temporary_in(directory: &Utf8Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".secsync-").suffix(".tmp");
    readable(&mut builder);
    builder.tempfile_in(directory)
}

/// Lets the file be read by whom the user's mask lets read, like any file of the repository.
#[cfg(unix)]
fn readable(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
const fn readable(_builder: &mut Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use camino::Utf8PathBuf;

    use super::{Existing, write};

    fn place() -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("a/b/file.yaml")).unwrap();
        (directory, path)
    }

    #[test]
    fn a_file_is_written_with_the_directories_above_it_and_nothing_beside_it() {
        let (_directory, path) = place();
        write(&path, "one\n", Existing::Keep).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1);
    }

    #[test]
    fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
        let (_directory, path) = place();
        write(&path, "one\n", Existing::Keep).unwrap();
        let refused = write(&path, "two\n", Existing::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        write(&path, "two\n", Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (_directory, path) = place();
        write(&path, "one\n", Existing::Keep).unwrap();
        let mode = |mode| fs::Permissions::from_mode(mode);
        fs::set_permissions(&path, mode(0o640)).unwrap();
        let link = path.with_file_name("link.yaml");
        symlink(&path, &link).unwrap();
        write(&link, "two\n", Existing::Replace).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        let kept = fs::metadata(&path).unwrap().permissions();
        assert_eq!(kept.mode() & 0o777, 0o640);
    }
}
