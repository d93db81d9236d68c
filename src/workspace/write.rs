//! Writing files: whole or not at all, and never over an existing one unless that is intended.

use std::fs::{self, File};
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::{Builder, NamedTempFile};

/// What happens to an existing file.
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
    fs::create_dir_all(directory_of(path))?;
    match existing {
        Existing::Keep => {
            let file = temporary_with(path, text)?;
            file.persist_noclobber(path)
                .map(drop)
                .map_err(|error| error.error)
        }
        Existing::Replace => replace(path, text),
    }
}

/// Like [`write()`] with [`Existing::Replace`], in an existing directory. What is not a file, like
/// a device or a pipe, stays what it is and is written to.
pub fn replace(path: &Utf8Path, text: &str) -> io::Result<()> {
    if is_stream(path) {
        let mut stream = File::options().append(true).open(path)?;
        return stream.write_all(text.as_bytes());
    }
    let target = match path.canonicalize_utf8() {
        Ok(target) => target,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) if path.is_symlink() => return Err(io::Error::other(LEADS_NOWHERE)),
        Err(_) => path.to_owned(),
    };
    let file = temporary_with(&target, text)?;
    if let Ok(old) = fs::metadata(&target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.persist(&target).map(drop).map_err(|error| error.error)
}

/// Why a link is not written through.
pub const LEADS_NOWHERE: &str = "it is a link to something that does not exist";

/// Whether what is written there goes to a reader instead of staying: a device, a pipe, or what
/// this process has open under a number, even if that is a file.
pub fn is_stream(path: &Utf8Path) -> bool {
    let is_stream = |found: fs::Metadata| !found.is_file() && !found.is_dir();
    descriptor(path).is_some() || fs::metadata(path).is_ok_and(is_stream)
}

/// The name of what this process has open that a path means, directly or through a link.
pub fn descriptor(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let is_name = |path: &Utf8Path| {
        ["/dev/stdin", "/dev/stdout", "/dev/stderr"].contains(&path.as_str())
            || path.starts_with("/dev/fd")
            || path.starts_with("/proc/self/fd")
    };
    if is_name(path) {
        return Some(path.to_owned());
    }
    path.read_link_utf8().ok().filter(|target| is_name(target))
}

/// The path of what a path means, so that two names of one file are recognized: links are
/// followed, also to what is not there yet.
pub fn real_path(path: &Utf8Path) -> Utf8PathBuf {
    match path.canonicalize_utf8() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // This ends: links in a circle are another error.
            if let Ok(target) = path.read_link_utf8() {
                return real_path(&directory_of(path).join(target));
            }
            let directory = directory_of(path).canonicalize_utf8();
            match (directory, path.file_name()) {
                (Ok(directory), Some(name)) => directory.join(name),
                _ => path.to_owned(),
            }
        }
        Err(_) => path.to_owned(),
    }
}

/// Whether writing a file would write outside of a directory, because the file or what is above it
/// is a link. The file need not be there.
pub fn is_written_outside(root: &Utf8Path, file: &Utf8Path) -> bool {
    // A link to nowhere counts as there: writing to it would make what it leads to.
    let nearest = file
        .ancestors()
        .find(|path| path.symlink_metadata().is_ok());
    let real = nearest.map(Utf8Path::canonicalize_utf8);
    match (real, root.canonicalize_utf8()) {
        (Some(Ok(real)), Ok(real_root)) => !real.starts_with(&real_root),
        // What cannot be followed may lead anywhere.
        _ => true,
    }
}

fn directory_of(path: &Utf8Path) -> &Utf8Path {
    path.parent()
        .filter(|directory| !directory.as_str().is_empty())
        .unwrap_or(Utf8Path::new("."))
}

/// A file with this text, to be put in its place in one step.
fn temporary_with(target: &Utf8Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = temporary_in(directory_of(target))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
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
    fn an_existing_file_stays_unless_it_is_to_be_replaced() {
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

    #[cfg(unix)]
    #[test]
    fn a_device_stays_one_and_a_dangling_link_is_refused() {
        use std::os::unix::fs::symlink;
        let (_directory, path) = place();
        write(&path, "one\n", Existing::Keep).unwrap();
        let device = path.with_file_name("device");
        symlink("/dev/null", &device).unwrap();
        write(&device, "two\n", Existing::Replace).unwrap();
        assert_eq!(fs::read_link(&device).unwrap().to_str(), Some("/dev/null"));
        let link = path.with_file_name("link.yaml");
        symlink("nowhere.yaml", &link).unwrap();
        let refused = write(&link, "two\n", Existing::Replace).unwrap_err();
        assert_eq!(refused.to_string(), super::LEADS_NOWHERE);
        let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 3);
        assert!(!path.with_file_name("nowhere.yaml").exists());
    }
}
