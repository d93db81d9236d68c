//! Reading the files of a workspace, and why one cannot be read.

use std::io::Read;

use camino::Utf8Path;

use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::text_file::{self, Unreadable, reason};

/// The largest file that is read, in bytes. Ten thousand syncs need less than four million.
pub const LARGEST_FILE: u64 = 10 * 1024 * 1024;

/// Reads a file's text, or says why it cannot be read.
pub fn read(path: &Utf8Path, shown: &str) -> Result<String, Box<Diagnostic>> {
    text_file::read(path, LARGEST_FILE).map_err(|why| Box::new(unreadable(&why, shown)))
}

/// Reads a text to its end from an open stream, such as standard input.
pub fn read_stream(stream: impl Read, shown: &str) -> Result<String, Box<Diagnostic>> {
    text_file::read_stream(stream, LARGEST_FILE).map_err(|why| {
        Box::new(match &why {
            Unreadable::Io(error) => Diagnostic::about_file(
                Code::UnreadableFile,
                shown,
                format!("`{shown}` cannot be read: {}.", reason(error)),
            ),
            _ => unreadable(&why, shown),
        })
    })
}

fn unreadable(why: &Unreadable, shown: &str) -> Diagnostic {
    match why {
        Unreadable::NoFile => no_file(shown).help(why.help()),
        Unreadable::TooLarge(_) => too_large(shown),
        Unreadable::NotUtf8(line) => Diagnostic::about_file(
            Code::NotUtf8,
            shown,
            format!("The file `{shown}` is not UTF-8 text: line {line} has an invalid byte."),
        )
        .help(why.help()),
        Unreadable::Io(_) => Diagnostic::about_file(
            Code::UnreadableFile,
            shown,
            format!("The file `{shown}` cannot be read: {why}."),
        )
        .help(why.help()),
    }
}

pub(super) fn no_file(shown: &str) -> Diagnostic {
    Diagnostic::about_file(
        Code::UnreadableFile,
        shown,
        format!("`{shown}` cannot be read: {}.", Unreadable::NoFile),
    )
}

fn too_large(shown: &str) -> Diagnostic {
    Diagnostic::about_file(
        Code::FileTooLarge,
        shown,
        format!(
            "The file `{shown}` is larger than {} MiB.",
            LARGEST_FILE / 1024 / 1024
        ),
    )
    .help("Split it into several files.")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8Path;

    use super::{read, read_stream};
    use crate::core::code::Code;

    #[test]
    fn a_missing_a_huge_and_a_binary_file_each_say_what_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let missing = read(&root.join("x"), "x").unwrap_err();
        assert_eq!(missing.code, Code::UnreadableFile);
        assert_eq!(
            missing.message,
            "The file `x` cannot be read: it does not exist."
        );
        let huge = root.join("huge");
        fs::File::create(&huge)
            .unwrap()
            .set_len(50_000_000)
            .unwrap();
        assert_eq!(read(&huge, "huge").unwrap_err().code, Code::FileTooLarge);
        let binary = read_stream(&b"a\nb\xff"[..], "<stdin>").unwrap_err();
        assert_eq!(binary.code, Code::NotUtf8);
        assert!(binary.message.contains("line 2"));
    }

    #[test]
    fn an_endless_stream_is_refused_at_the_limit() {
        let endless = read_stream(std::io::repeat(b'a'), "<stdin>").unwrap_err();
        assert_eq!(endless.code, Code::FileTooLarge);
    }
}
