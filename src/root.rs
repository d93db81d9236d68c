//! A directory that no path and no link leads out of: the one door to the files of a workspace.
//!
//! Files can come from a stranger. So whatever they name is opened below a directory that is held
//! open, one step after the other, and never through a link that was put there meanwhile; and only
//! if it is an ordinary file. What secsync writes is made exclusively or put in place in one step.
//!
//! | what | links |
//! |---|---|
//! | [`Root::read`], [`Root::write`], [`Root::open_to_lock`], … | none is followed: for secsync's own files |
//! | the same on what [`Root::resolve`] returns | those that stay inside are followed |
//! | [`Place`], for what people name on the command line | the same in a workspace, all outside of one |

mod find;
mod place;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use cap_fs_ext::{
    DirExt as _, FollowSymlinks, MetadataExt as _, OpenOptionsFollowExt as _,
    OpenOptionsSyncExt as _,
};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

pub use find::{
    FoundRoot, OWN_DIRECTORY, WORKSPACE_FILE, find, git_root, is_workspace, shown, straight,
};
pub use place::{Place, is_stream, working_directory};

pub use crate::text_file::UnreadableText;
use crate::text_file::{self, Unreadable};

/// How often another name is tried for a file that is about to be put in place.
const TRIES: u32 = 16;

/// What happens to an existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and writing fails.
    Keep,
    /// It is replaced, and its permissions stay.
    Replace,
}

/// A directory that is held open. Paths are relative to it, or absolute and spelled below it.
#[derive(Debug)]
pub struct Root {
    path: Utf8PathBuf,
    /// The same without links.
    real: PathBuf,
    directory: Dir,
}

impl Root {
    /// Opens a directory.
    pub fn open(path: &Utf8Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            real: path.canonicalize()?,
            directory: Dir::open_ambient_dir(path, ambient_authority())?,
        })
    }

    /// Its path, as it was opened.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The real path of what a path means, relative to the root, with the links on the way
    /// followed. It need not exist. An error if it is not inside.
    pub fn resolve(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let full = self.path.join(path);
        let exists = |path: &&Utf8Path| path.symlink_metadata().is_ok();
        let nearest = full
            .ancestors()
            .find(exists)
            .ok_or(UnreadableText::Outside)?;
        let real = match nearest.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(UnreadableText::LeadsNowhere.into());
            }
            Err(error) => return Err(error),
        };
        let inside = real.strip_prefix(&self.real).map_err(|_| {
            if self.is_spelled_inside(&full) {
                UnreadableText::LeadsOut
            } else {
                UnreadableText::Outside
            }
        })?;
        let inside = Utf8Path::from_path(inside).ok_or_else(not_utf8)?;
        let missing = full.strip_prefix(nearest).unwrap_or(Utf8Path::new(""));
        if missing.components().any(|part| !is_name(&part)) {
            return Err(UnreadableText::Outside.into());
        }
        Ok(if missing.as_str().is_empty() {
            inside.to_owned()
        } else {
            inside.join(missing)
        })
    }

    fn is_spelled_inside(&self, full: &Utf8Path) -> bool {
        let is_up = |part: Utf8Component<'_>| part == Utf8Component::ParentDir;
        full.strip_prefix(&self.path)
            .is_ok_and(|below| !below.components().any(is_up))
    }

    /// Reads the text of an ordinary file, if it has no more bytes than the limit.
    pub fn read(&self, path: &Utf8Path, limit: u64) -> Result<String, Unreadable> {
        let file = self.open_file(path)?;
        if file.metadata()?.len() > limit {
            return Err(Unreadable::TooLarge(limit));
        }
        text_file::read_stream(file, limit)
    }

    /// Opens an ordinary file for reading.
    pub fn open_file(&self, path: &Utf8Path) -> io::Result<File> {
        let (directory, name) = self.directory_of(path, Missing::Fails)?;
        check_is_file(&directory, &name)?;
        open_ordinary(&directory, &name, OpenOptions::new().read(true))
    }

    /// Whether there is anything of that name, a link to nothing included.
    pub fn has(&self, path: &Utf8Path) -> io::Result<bool> {
        let found = self
            .directory_of(path, Missing::Fails)
            .and_then(|(directory, name)| directory.symlink_metadata(name));
        match found {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file and makes the directories above it. Whoever reads it meanwhile sees all of
    /// the old content or all of the new one, also after a crash.
    pub fn write(&self, path: &Utf8Path, content: &[u8], existing: Existing) -> io::Result<()> {
        self.write_locked(path, content, existing).map(drop)
    }

    /// The same, and the file that it returns is locked from before it is in its place.
    pub fn write_locked(
        &self,
        path: &Utf8Path,
        content: &[u8],
        existing: Existing,
    ) -> io::Result<File> {
        let (directory, name) = self.directory_of(path, Missing::IsMade)?;
        let old = match check_is_file(&directory, &name) {
            Ok(_) if existing == Existing::Keep => {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let temporary = Temporary::make(&directory)?;
        temporary.fill(content, old)?;
        let file = match existing {
            Existing::Keep => temporary.put_if_new(&name)?,
            Existing::Replace => temporary.put(&name)?,
        };
        sync(&directory)?;
        // It is hidden, so it does no harm where it cannot be removed.
        let _ = sweep(&directory);
        Ok(file)
    }

    /// Opens an ordinary file so that it can be locked. Its content stays.
    pub fn open_to_lock(&self, path: &Utf8Path) -> io::Result<File> {
        let (directory, name) = self.directory_of(path, Missing::Fails)?;
        check_is_file(&directory, &name)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        open_ordinary(&directory, &name, &mut options)
    }

    /// Opens a file to write at its end, or makes an empty one.
    pub fn open_end(&self, path: &Utf8Path) -> io::Result<File> {
        let (directory, name) = self.directory_of(path, Missing::Fails)?;
        let mut options = OpenOptions::new();
        options.append(true);
        match open_ordinary(&directory, &name, options.clone().create_new(true)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened,
        }
        check_is_file(&directory, &name)?;
        open_ordinary(&directory, &name, &mut options)
    }

    /// How many names an open file has, if one of them is this path; 0 if there is nothing or
    /// something else.
    pub fn names_of(&self, path: &Utf8Path, file: &File) -> io::Result<u64> {
        let found = self
            .directory_of(path, Missing::Fails)
            .and_then(|(directory, name)| directory.symlink_metadata(name));
        let found = match found {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let open = Metadata::from_file(file)?;
        let is_same = (open.dev(), open.ino()) == (found.dev(), found.ino());
        Ok(if is_same { open.nlink() } else { 0 })
    }

    /// Removes the files from a directory that killed runs were about to put in place, as every
    /// write to it does. What a run is still writing is locked, and stays.
    pub fn sweep(&self, path: &Utf8Path) -> io::Result<()> {
        sweep(&self.below(self.inside(path)?, Missing::Fails)?)
    }

    /// Removes a file, which need not exist. A link is removed, not what it leads to.
    pub fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        let removed = self
            .directory_of(path, Missing::Fails)
            .and_then(|(directory, name)| directory.remove_file(name));
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Removes a directory and all that is in it. It need not exist.
    pub fn remove_directory(&self, path: &Utf8Path) -> io::Result<()> {
        let removed = self
            .directory_of(path, Missing::Fails)
            .and_then(|(directory, name)| directory.open_dir_nofollow(name)?.remove_open_dir_all());
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Gives a file or a directory another name.
    pub fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let (from_directory, from) = self.directory_of(from, Missing::Fails)?;
        let (to_directory, to) = self.directory_of(to, Missing::Fails)?;
        from_directory.rename(from, &to_directory, to)
    }

    /// Opens a directory as a root of its own.
    pub fn directory(&self, path: &Utf8Path) -> io::Result<Self> {
        self.directory_at(path, Missing::Fails)
    }

    /// The same, and makes it and those above it if they do not exist.
    pub fn make_directory(&self, path: &Utf8Path) -> io::Result<Self> {
        self.directory_at(path, Missing::IsMade)
    }

    fn directory_at(&self, path: &Utf8Path, missing: Missing) -> io::Result<Self> {
        let inside = self.inside(path)?;
        Ok(Self {
            directory: self.below(inside, missing)?,
            path: self.path.join(inside),
            real: self.real.join(inside),
        })
    }

    /// The names of what is in it; those that are not UTF-8 are left out.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in self.directory.entries()? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    /// The directory that a path is in, and the last name of the path.
    fn directory_of(&self, path: &Utf8Path, missing: Missing) -> io::Result<(Dir, String)> {
        let inside = self.inside(path)?;
        let name = inside.file_name().ok_or(UnreadableText::NoFile)?;
        let above = inside.parent().unwrap_or(Utf8Path::new(""));
        Ok((self.below(above, missing)?, name.to_owned()))
    }

    fn inside<'a>(&self, path: &'a Utf8Path) -> io::Result<&'a Utf8Path> {
        let inside = path.strip_prefix(&self.path).unwrap_or(path);
        let mut parts = inside.components();
        if parts.all(|part| is_name(&part) || part == Utf8Component::CurDir) {
            Ok(inside)
        } else {
            Err(UnreadableText::Outside.into())
        }
    }

    fn below(&self, inside: &Utf8Path, missing: Missing) -> io::Result<Dir> {
        let mut directory = self.directory.try_clone()?;
        for part in inside.components().filter(is_name) {
            directory = step(&directory, part.as_str(), missing)?;
        }
        Ok(directory)
    }
}

/// What happens to a directory that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Fails,
    IsMade,
}

fn is_name(part: &Utf8Component<'_>) -> bool {
    matches!(part, Utf8Component::Normal(_))
}

fn step(directory: &Dir, name: &str, missing: Missing) -> io::Result<Dir> {
    match directory.symlink_metadata(name) {
        Ok(found) if found.is_symlink() => return Err(UnreadableText::Link.into()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::IsMade => {
            match directory.create_dir(name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Err(error) => return Err(error),
    }
    directory.open_dir_nofollow(name)
}

/// The permissions of an ordinary file.
fn check_is_file(directory: &Dir, name: &str) -> io::Result<cap_std::fs::Permissions> {
    let found = directory.symlink_metadata(name)?;
    if found.is_symlink() {
        return Err(UnreadableText::Link.into());
    }
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(UnreadableText::NoFile.into());
    }
    Ok(found.permissions())
}

/// Opens a name that is no link, without a wait for whoever is at the other end of a pipe.
fn open_ordinary(directory: &Dir, name: &str, options: &mut OpenOptions) -> io::Result<File> {
    options.follow(FollowSymlinks::No).nonblock(true);
    let file = directory.open_with(name, options)?.into_std();
    // It may have changed since it was looked at.
    match file.metadata()? {
        found if found.is_file() => Ok(file),
        found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(UnreadableText::NoFile.into()),
    }
}

/// A file beside the one whose place it takes. It is hidden, so that one that a crash leaves behind
/// is never read as a sync file.
struct Temporary<'a> {
    directory: &'a Dir,
    name: String,
    file: File,
    is_in_place: bool,
}

/// How the names of files begin that are about to be put in place.
pub const TEMPORARY_PREFIX: &str = ".secsync-";
/// How the names of files end that are about to be put in place.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

impl<'a> Temporary<'a> {
    fn make(directory: &'a Dir) -> io::Result<Self> {
        let mut last = io::ErrorKind::AlreadyExists.into();
        for _ in 0..TRIES {
            let mut random = [0; 8];
            getrandom::fill(&mut random)
                .map_err(|_| io::Error::other("this machine provides no random numbers"))?;
            let name = format!(
                "{TEMPORARY_PREFIX}{:016x}{TEMPORARY_SUFFIX}",
                u64::from_le_bytes(random)
            );
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            match open_ordinary(directory, &name, &mut options) {
                // Whoever sweeps up may have taken it for what a killed run left behind.
                Ok(file) if file.try_lock().is_err() || !directory.exists(&name) => {}
                Ok(file) => {
                    return Ok(Self {
                        directory,
                        name,
                        file,
                        is_in_place: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn fill(
        &self,
        content: &[u8],
        permissions: Option<cap_std::fs::Permissions>,
    ) -> io::Result<()> {
        (&self.file).write_all(content)?;
        if let Some(permissions) = permissions {
            self.directory.set_permissions(&self.name, permissions)?;
        }
        self.file.sync_all()
    }

    /// Takes a name that must be free. A second name of the file does that in one step.
    fn put_if_new(self, name: &str) -> io::Result<File> {
        match self.directory.hard_link(&self.name, self.directory, name) {
            Ok(()) => self.file.try_clone(),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Not every disk can. Then the name is taken first, with nothing in it.
            Err(_) => {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                self.directory.open_with(name, &options)?;
                self.put(name)
            }
        }
    }

    fn put(mut self, name: &str) -> io::Result<File> {
        self.directory.rename(&self.name, self.directory, name)?;
        self.is_in_place = true;
        self.file.try_clone()
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_in_place {
            // It stays hidden where it cannot be removed.
            let _ = self.directory.remove_file(&self.name);
        }
    }
}

fn sweep(directory: &Dir) -> io::Result<()> {
    for entry in directory.entries()? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| is_temporary(name)) else {
            continue;
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if let Ok(file) = open_ordinary(directory, name, &mut options)
            && file.try_lock().is_ok()
        {
            directory.remove_file(name)?;
        }
    }
    Ok(())
}

fn is_temporary(name: &str) -> bool {
    let inner = name.strip_prefix(TEMPORARY_PREFIX);
    let random = inner.and_then(|inner| inner.strip_suffix(TEMPORARY_SUFFIX));
    random.is_some_and(|random| {
        random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Without this a new name may be lost in a crash.
#[cfg(unix)]
fn sync(directory: &Dir) -> io::Result<()> {
    directory.open(".")?.sync_all()
}

#[cfg(not(unix))]
fn sync(_directory: &Dir) -> io::Result<()> {
    Ok(())
}

fn not_utf8() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its path is not UTF-8")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use camino::{Utf8Path, Utf8PathBuf};

    use super::{Existing, Root};
    use crate::text_file::{Unreadable, UnreadableText};

    /// A directory with a root and something outside of it.
    struct Tree {
        temporary: tempfile::TempDir,
    }

    impl Tree {
        fn new() -> Self {
            let tree = Self {
                temporary: tempfile::tempdir().unwrap(),
            };
            fs::create_dir(tree.path("root")).unwrap();
            fs::create_dir(tree.path("outside")).unwrap();
            fs::write(tree.path("outside/secret"), "hunter2").unwrap();
            tree
        }

        fn path(&self, below: &str) -> Utf8PathBuf {
            let path = Utf8Path::from_path(self.temporary.path()).unwrap();
            path.join(below)
        }

        fn root(&self) -> Root {
            Root::open(&self.path("root")).unwrap()
        }

        fn text(&self, below: &str) -> String {
            fs::read_to_string(self.path(below)).unwrap()
        }

        #[cfg(unix)]
        fn link(&self, target: &str, name: &str) {
            std::os::unix::fs::symlink(target, self.path("root").join(name)).unwrap();
        }
    }

    fn refusal<T: std::fmt::Debug>(result: io::Result<T>) -> Option<UnreadableText> {
        UnreadableText::of(&result.unwrap_err())
    }

    #[test]
    fn a_file_is_written_whole_with_the_directories_above_it() {
        let tree = Tree::new();
        let root = tree.root();
        let path = Utf8Path::new("a/b/x.json");
        root.write(path, b"one", Existing::Keep).unwrap();
        assert_eq!(tree.text("root/a/b/x.json"), "one");
        let kept = root.write(path, b"two", Existing::Keep).unwrap_err();
        assert_eq!(kept.kind(), io::ErrorKind::AlreadyExists);
        let absolute = root.path().join(path);
        root.write(&absolute, b"two", Existing::Replace).unwrap();
        assert_eq!(root.read(path, 9).unwrap(), "two");
        assert_eq!(fs::read_dir(tree.path("root/a/b")).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let tree = Tree::new();
        let path = tree.path("root/x");
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let root = tree.root();
        root.write(Utf8Path::new("x"), b"two", Existing::Replace)
            .unwrap();
        let kept = fs::metadata(&path).unwrap().permissions();
        assert_eq!(kept.mode() & 0o777, 0o640);
    }

    #[test]
    fn a_path_that_leaves_the_root_is_refused() {
        let tree = Tree::new();
        let root = tree.root();
        for path in ["../outside/secret", "a/../../outside/secret", "/etc/passwd"] {
            let path = Utf8Path::new(path);
            assert_eq!(refusal(root.open_file(path)), Some(UnreadableText::Outside));
            assert_eq!(refusal(root.resolve(path)), Some(UnreadableText::Outside));
            let written = root.write(path, b"x", Existing::Replace);
            assert_eq!(refusal(written), Some(UnreadableText::Outside));
        }
        assert_eq!(tree.text("outside/secret"), "hunter2");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_written_or_read_through() {
        let tree = Tree::new();
        let root = tree.root();
        tree.link("../outside", "way");
        tree.link("../outside/secret", "file");
        tree.link("../outside/new", "dangling");
        for path in ["way/secret", "way/new", "file", "dangling"] {
            let path = Utf8Path::new(path);
            for existing in [Existing::Keep, Existing::Replace] {
                let written = root.write(path, b"x", existing);
                assert_eq!(refusal(written), Some(UnreadableText::Link), "{path}");
            }
            let locked = root.open_to_lock(path);
            assert_eq!(refusal(locked), Some(UnreadableText::Link), "{path}");
            let read = root.read(path, 99).unwrap_err();
            assert!(matches!(read, Unreadable::Refused(UnreadableText::Link)));
        }
        let made = root.make_directory(Utf8Path::new("way/a"));
        assert_eq!(refusal(made), Some(UnreadableText::Link));
        assert_eq!(tree.text("outside/secret"), "hunter2");
        assert_eq!(fs::read_dir(tree.path("outside")).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_resolved_only_if_it_stays_inside() {
        let tree = Tree::new();
        let root = tree.root();
        fs::create_dir(tree.path("root/real")).unwrap();
        fs::write(tree.path("root/real/x"), "one").unwrap();
        tree.link("real", "relative");
        tree.link(tree.path("root/real").as_str(), "absolute");
        for path in ["relative/x", "absolute/x", "real/../relative/x"] {
            let path = Utf8Path::new(path);
            assert_eq!(root.resolve(path).unwrap(), "real/x");
        }
        assert_eq!(
            root.resolve(Utf8Path::new("relative/new/y")).unwrap(),
            "real/new/y"
        );
        tree.link("../outside", "out");
        tree.link("/proc/self/environ", "environment");
        for path in ["out", "out/secret", "out/new", "environment"] {
            let refused = refusal(root.resolve(Utf8Path::new(path)));
            assert_eq!(refused, Some(UnreadableText::LeadsOut), "{path}");
        }
        tree.link("nothing", "dangling");
        let dangling = refusal(root.resolve(Utf8Path::new("dangling")));
        assert_eq!(dangling, Some(UnreadableText::LeadsNowhere));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_ordinary_file_is_neither_opened_nor_replaced() {
        let tree = Tree::new();
        let root = tree.root();
        let socket = Utf8Path::new("socket");
        let _listener =
            std::os::unix::net::UnixListener::bind(tree.path("root").join(socket)).unwrap();
        assert!(matches!(root.read(socket, 9), Err(Unreadable::NoFile)));
        let written = root.write(socket, b"x", Existing::Replace);
        assert_eq!(refusal(written), Some(UnreadableText::NoFile));
        assert_eq!(
            refusal(root.open_to_lock(socket)),
            Some(UnreadableText::NoFile)
        );
        root.make_directory(Utf8Path::new("a")).unwrap();
        let written = root.write(Utf8Path::new("a"), b"x", Existing::Replace);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_file_stays_locked_when_it_is_replaced_and_what_nobody_locks_is_swept() {
        let tree = Tree::new();
        let root = tree.root();
        let path = Utf8Path::new("a/x");
        let first = root.write_locked(path, b"one", Existing::Keep).unwrap();
        assert_eq!(root.names_of(path, &first).unwrap(), 1);
        let second = root.write_locked(path, b"two", Existing::Replace).unwrap();
        assert_eq!(root.names_of(path, &first).unwrap(), 0);
        assert_eq!(root.names_of(path, &second).unwrap(), 1);
        drop(first);
        assert!(root.open_to_lock(path).unwrap().try_lock().is_err());
        drop(second);
        root.open_to_lock(path).unwrap().try_lock().unwrap();
        fs::hard_link(tree.path("root/a/x"), tree.path("root/a/y")).unwrap();
        let open = root.open_to_lock(path).unwrap();
        assert_eq!(root.names_of(path, &open).unwrap(), 2);

        let held = fs::File::create(tree.path("root/a/.secsync-0123456789abcdef.tmp")).unwrap();
        held.lock().unwrap();
        for left in [
            ".secsync-fedcba9876543210.tmp",
            ".secsync-mine.tmp",
            "b.tmp",
        ] {
            fs::write(tree.path("root/a").join(left), "left").unwrap();
        }
        root.sweep(Utf8Path::new("a")).unwrap();
        let found = tree.path("root/a").read_dir_utf8().unwrap();
        let mut names: Vec<String> = found
            .map(|entry| entry.unwrap().file_name().to_owned())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                ".secsync-0123456789abcdef.tmp",
                ".secsync-mine.tmp",
                "b.tmp",
                "x",
                "y"
            ]
        );
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_removing_twice_is_fine() {
        let tree = Tree::new();
        let root = tree.root();
        let path = Utf8Path::new("x");
        root.write(path, b"12345", Existing::Keep).unwrap();
        assert!(matches!(root.read(path, 4), Err(Unreadable::TooLarge(4))));
        assert!(root.has(path).unwrap());
        root.remove(path).unwrap();
        root.remove(path).unwrap();
        assert!(!root.has(path).unwrap());
    }
}
