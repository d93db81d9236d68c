//! Reading texts that others wrote: never more than a limit, and never a wait for a pipe that
//! is never written to.

use std::fmt;
use std::fs;
use std::io::{self, Read};

use camino::Utf8Path;

/// What some editors begin UTF-8 text with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

const MIB: u64 = 1024 * 1024;

/// Why a text cannot be read. Shown, it is the end of a sentence about the file.
#[derive(Debug)]
pub enum Unreadable {
    /// It is a pipe, a device or a socket.
    NoFile,
    /// It is outside of the directory that it has to be in, or behind a link.
    Refused(UnreadableText),
    /// It has more bytes than this.
    TooLarge(u64),
    /// It is not UTF-8, first on this line.
    NotUtf8(usize),
    /// The system says so.
    Io(io::Error),
}

/// Why a path is not opened. Shown, it is the end of a sentence about the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableText {
    /// The path leaves the workspace by `..`, or begins elsewhere.
    #[error("it is outside of the workspace")]
    Outside,
    /// A link on the way leads out of the workspace.
    #[error("it is a link that leads out of the workspace")]
    LeadsOut,
    /// A link on the way leads to nothing.
    #[error("it is a link to something that does not exist")]
    LeadsNowhere,
    /// It is a link, or below one, where none is followed.
    #[error("it is a link, or in a directory that is one")]
    Link,
    /// It is a link to something that does not have the name of a sync file.
    #[error("it is a link to something that is not a sync file")]
    LeadsAstray,
    /// It is a device, a pipe or a socket.
    #[error("it is not an ordinary file")]
    NoFile,
}

impl UnreadableText {
    /// The refusal that an error is, if it is one.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// What to do about it, as a full sentence.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Outside => "Move it into the workspace, or name another path.",
            Self::LeadsOut | Self::LeadsAstray => "Remove the link, or name what it leads to.",
            Self::LeadsNowhere => "Make the file that it leads to, or name another one.",
            Self::Link => "Put a file or directory of its own in its place.",
            Self::NoFile => "Name an ordinary file.",
        }
    }
}

impl From<UnreadableText> for io::Error {
    fn from(refusal: UnreadableText) -> Self {
        Self::other(refusal)
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match UnreadableText::of(&error) {
            Some(UnreadableText::NoFile) => Self::NoFile,
            Some(refusal) => Self::Refused(refusal),
            None => Self::Io(error),
        }
    }
}

impl Unreadable {
    /// Whether there is nothing of that name.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// What to do about it, as a full sentence.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoFile => UnreadableText::NoFile.help(),
            Self::Refused(refusal) => refusal.help(),
            Self::TooLarge(_) => "Check that it is the right file.",
            Self::NotUtf8(_) => "Save it as UTF-8.",
            Self::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => "Check the path.",
                io::ErrorKind::PermissionDenied => "Check the permissions of the file.",
                _ => "Check the file and its disk.",
            },
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => formatter.write_str("it is neither a file nor a directory"),
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::TooLarge(limit) => write!(formatter, "it is larger than {} MiB", limit / MIB),
            Self::NotUtf8(line) => {
                write!(
                    formatter,
                    "it is not UTF-8 text: line {line} has an invalid byte"
                )
            }
            Self::Io(error) => formatter.write_str(&reason(error)),
        }
    }
}

/// What the system says, as the end of a sentence, in words of our own where they are clearer.
pub fn reason(error: &io::Error) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "it does not exist",
        io::ErrorKind::AlreadyExists => "it exists already",
        io::ErrorKind::PermissionDenied => "permission is denied",
        io::ErrorKind::IsADirectory => "it is a directory",
        io::ErrorKind::NotADirectory => "a part of its path is not a directory",
        io::ErrorKind::InvalidFilename => "its name is too long, or not allowed",
        io::ErrorKind::StorageFull => "there is no space left",
        io::ErrorKind::QuotaExceeded => "no more space is granted",
        io::ErrorKind::FileTooLarge => "it would be too large for its disk",
        io::ErrorKind::ReadOnlyFilesystem => "its disk can only be read",
        io::ErrorKind::BrokenPipe => "its reader has gone",
        io::ErrorKind::AddrInUse => "another program uses it",
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
        _ => return without_number(error),
    };
    words.to_owned()
}

/// The same about something that is written, of which only the directory has to exist.
pub fn reason_of_write(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        _ => reason(error),
    }
}

/// The system's own words without the number of the error, which says nothing to people.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(at) = text
        .rfind(" (os error ")
        .filter(|_| error.raw_os_error().is_some())
    else {
        return text;
    };
    let (words, _) = text.split_at(at);
    let mut characters = words.chars();
    let first = characters.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// Reads a file's text, if it has no more bytes than the limit.
pub fn read(path: &Utf8Path, limit: u64) -> Result<String, Unreadable> {
    // Opening a pipe without a writer would wait forever.
    let kind = fs::metadata(path).map_err(Unreadable::Io)?;
    if !kind.is_file() && !kind.is_dir() {
        return Err(Unreadable::NoFile);
    }
    if kind.is_file() && kind.len() > limit {
        return Err(Unreadable::TooLarge(limit));
    }
    read_stream(fs::File::open(path).map_err(Unreadable::Io)?, limit)
}

/// Reads a text to its end from an open stream, if it has no more bytes than the limit.
pub fn read_stream(stream: impl Read, limit: u64) -> Result<String, Unreadable> {
    let mut bytes = Vec::new();
    // One byte more than is allowed shows that there is more.
    stream
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Unreadable::Io)?;
    if bytes.len() as u64 > limit {
        return Err(Unreadable::TooLarge(limit));
    }
    // A byte order mark says nothing in UTF-8, and is no column of the first line.
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        Unreadable::NotUtf8(
            error.as_bytes()[..good]
                .split(|byte| *byte == b'\n')
                .count(),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use camino::Utf8Path;

    use super::{Unreadable, read, read_stream, reason};

    #[test]
    fn a_text_is_read_up_to_the_limit_and_never_further() {
        assert_eq!(read_stream(&b"abc"[..], 3).unwrap(), "abc");
        for stream in [
            read_stream(&b"abcd"[..], 3),
            read_stream(std::io::repeat(0), 3),
        ] {
            assert!(matches!(stream, Err(Unreadable::TooLarge(3))));
        }
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(directory.path()).unwrap().join("huge");
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(read(&path, 8), Err(Unreadable::TooLarge(8))));
    }

    #[test]
    fn removes_a_byte_order_mark_and_names_the_line_of_a_bad_byte() {
        assert_eq!(read_stream(&b"\xef\xbb\xbfa"[..], 9).unwrap(), "a");
        assert!(matches!(
            read_stream(&b"a\nb\xff"[..], 9),
            Err(Unreadable::NotUtf8(2))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn what_the_system_says_is_in_words_and_has_no_number() {
        for number in 1..134 {
            let text = reason(&io::Error::from_raw_os_error(number));
            assert!(!text.contains("os error"), "{text}");
            assert!(!text.starts_with(char::is_uppercase), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_opened() {
        let zero = read(Utf8Path::new("/dev/zero"), 8);
        assert!(matches!(zero, Err(Unreadable::NoFile)));
    }
}
