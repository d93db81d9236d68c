//! A path that a person names on the command line.

use std::fs::{self, File};
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Existing, Root, find, straight};
use crate::text_file::{self, Unreadable, UnreadableText};

/// The directory that paths on the command line are relative to.
pub fn working_directory() -> io::Result<Utf8PathBuf> {
    let directory = std::env::current_dir()?;
    Utf8PathBuf::from_path_buf(directory)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "its path is not UTF-8"))
}

/// Where a path on the command line leads.
///
/// Whoever names a path means that path, wherever it is, and a device or a pipe too. But what is in
/// a workspace can come from a stranger: so a link there stays there.
#[derive(Debug)]
pub enum Place {
    /// Into the workspace that it is spelled in.
    Inside {
        /// The root of that workspace.
        root: Root,
        /// The real path, relative to the root.
        path: Utf8PathBuf,
    },
    /// Elsewhere.
    Outside(Utf8PathBuf),
}

impl Place {
    /// Where a path leads that is absolute or relative to a directory. An error is a link in a
    /// workspace that leads out of it, or nowhere.
    pub fn of(path: &Utf8Path, working_directory: &Utf8Path) -> io::Result<Self> {
        let full = working_directory.join(path);
        if is_descriptor(&full) {
            return Ok(Self::Outside(full));
        }
        let root = find(&full, working_directory).root;
        if !straight(&full).starts_with(&root) {
            return Ok(Self::Outside(full));
        }
        let root = Root::open(&root)?;
        let path = root.resolve(&straight(&full))?;
        Ok(Self::Inside { root, path })
    }

    /// Its path without links, so that two names of one file are recognized. It need not exist.
    pub fn path(&self) -> Utf8PathBuf {
        match self {
            Self::Inside { root, path } => root.path().join(path),
            Self::Outside(path) => real_path(path),
        }
    }

    /// Whether what is written there goes to a reader instead of staying.
    pub fn is_stream(&self) -> bool {
        match self {
            Self::Inside { root, path } => is_stream(&root.path().join(path)),
            Self::Outside(path) => is_stream(path),
        }
    }

    /// Reads a text, if it has no more bytes than the limit. In a workspace only an ordinary file
    /// is read.
    pub fn read(&self, limit: u64) -> Result<String, Unreadable> {
        match self {
            Self::Inside { root, path } => root.read(path, limit),
            Self::Outside(path) if is_stream(path) => {
                text_file::read_stream(File::open(path)?, limit)
            }
            Self::Outside(path) => text_file::read(path, limit),
        }
    }

    /// Opens it for reading. In a workspace only an ordinary file is opened.
    pub fn open(&self) -> io::Result<File> {
        match self {
            Self::Inside { root, path } => root.open_file(path),
            Self::Outside(path) => File::open(path),
        }
    }

    /// Opens it to write at its end, or makes an empty file.
    pub fn open_end(&self) -> io::Result<File> {
        match self {
            Self::Inside { root, path } if !self.is_stream() => root.open_end(path),
            Self::Inside { .. } => File::options().append(true).open(self.path()),
            Self::Outside(path) => File::options().append(true).create(true).open(path),
        }
    }

    /// Writes a file and makes the directories above it. Whoever reads it meanwhile sees all of
    /// the old content or all of the new one. A device or a pipe is written to.
    pub fn write(&self, content: &[u8], existing: Existing) -> io::Result<()> {
        match self {
            Self::Inside { root, path } if !self.is_stream() => root.write(path, content, existing),
            Self::Outside(path) if !is_stream(path) => write_outside(path, content, existing),
            Self::Outside(path) => open_stream(path)?.write_all(content),
            Self::Inside { .. } => open_stream(&self.path())?.write_all(content),
        }
    }
}

/// Writes a file that is in no workspace. A link is followed and stays.
fn write_outside(path: &Utf8Path, content: &[u8], existing: Existing) -> io::Result<()> {
    let real = match path.canonicalize_utf8() {
        Ok(real) => real,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) if path.is_symlink() => return Err(UnreadableText::LeadsNowhere.into()),
        Err(_) => path.to_owned(),
    };
    let name = real.file_name().ok_or(UnreadableText::NoFile)?;
    let directory = real.parent().unwrap_or(Utf8Path::new("/"));
    fs::create_dir_all(directory)?;
    Root::open(directory)?.write(Utf8Path::new(name), content, existing)
}

/// The path of what a path means: links are followed, also to what does not exist yet.
fn real_path(path: &Utf8Path) -> Utf8PathBuf {
    match path.canonicalize_utf8() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = path.parent().unwrap_or(path);
            // This ends: links in a circle are another error.
            if let Ok(target) = path.read_link_utf8() {
                return real_path(&directory.join(target));
            }
            match (directory.canonicalize_utf8(), path.file_name()) {
                (Ok(directory), Some(name)) => directory.join(name),
                _ => path.to_owned(),
            }
        }
        Err(_) => path.to_owned(),
    }
}

/// Opens a stream. A file that is standard output or standard error has one end for all that is
/// written to it, which it would not have if it were opened by its name.
fn open_stream(path: &Utf8Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        let name = descriptor(path);
        let name = name.as_deref().map_or("", Utf8Path::as_str);
        if ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(&name) {
            return io::stdout().as_fd().try_clone_to_owned().map(File::from);
        }
        if ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"].contains(&name) {
            return io::stderr().as_fd().try_clone_to_owned().map(File::from);
        }
    }
    File::options().append(true).open(path)
}

/// Whether what is written there goes to a reader instead of staying: a device, a pipe, or what
/// this process has open under a number, even if that is a file.
pub fn is_stream(path: &Utf8Path) -> bool {
    let is_stream = |found: fs::Metadata| !found.is_file() && !found.is_dir();
    descriptor(path).is_some() || fs::metadata(path).is_ok_and(is_stream)
}

/// The name of what this process has open that a path means, directly or through a link.
fn descriptor(path: &Utf8Path) -> Option<Utf8PathBuf> {
    if is_descriptor(path) {
        return Some(path.to_owned());
    }
    path.read_link_utf8()
        .ok()
        .filter(|target| is_descriptor(target))
}

/// Whether a path is the name of what this process has open.
fn is_descriptor(path: &Utf8Path) -> bool {
    ["/dev/stdin", "/dev/stdout", "/dev/stderr"].contains(&path.as_str())
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc/self/fd")
}
