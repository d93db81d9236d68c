//! Reading the files of a workspace, and why one cannot be read.

use std::io::Read;

use camino::{Utf8Component, Utf8Path};

use super::files::has_name_of_sync_file;
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::root::{Place, Root, straight};
use crate::text_file::{self, Unreadable, UnreadableText, reason};

/// The largest file that is read, in bytes. Ten thousand syncs need less than four million.
pub const LARGEST_FILE: u64 = 10 * 1024 * 1024;

/// Reads the text of a file that a person names, or says why it cannot be read. The path is
/// absolute or relative to the working directory.
pub fn read_named(
    path: &Utf8Path,
    working_directory: &Utf8Path,
    shown: &str,
) -> Result<String, Box<Diagnostic>> {
    let full = working_directory.join(path);
    let text = match Place::of(&full, working_directory) {
        Ok(Place::Inside { root, .. }) => text_inside(&root, &full),
        Ok(outside) => outside.read(LARGEST_FILE),
        Err(error) => Err(error.into()),
    };
    text.map_err(|why| Box::new(unreadable(&why, shown)))
}

/// Reads the text of a file in a directory, or says why it cannot be read. Links that stay in the
/// directory are followed, if they lead to what has the name of a sync file.
pub fn read_inside(
    directory: &Utf8Path,
    path: &Utf8Path,
    shown: &str,
) -> Result<String, Box<Diagnostic>> {
    let text = Root::open(directory)
        .map_err(Unreadable::from)
        .and_then(|root| text_inside(&root, path));
    text.map_err(|why| Box::new(unreadable(&why, shown)))
}

fn text_inside(root: &Root, path: &Utf8Path) -> Result<String, Unreadable> {
    let spelled = straight(&root.path().join(path));
    let real = root.resolve(&spelled)?;
    if root.path().join(&real) != spelled && !leads_to_sync_file(&real) {
        return Err(Unreadable::Refused(UnreadableText::LeadsAstray));
    }
    root.read(&real, LARGEST_FILE)
}

/// Whether what a link leads to can be a sync file by its name. What is hidden is for programs: it
/// can hold the credentials of one.
fn leads_to_sync_file(real: &Utf8Path) -> bool {
    let is_hidden = |part: Utf8Component<'_>| part.as_str().starts_with('.');
    has_name_of_sync_file(real) && !real.components().any(is_hidden)
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
        Unreadable::Refused(refusal) => refused(shown, *refusal),
        Unreadable::Io(_) => Diagnostic::about_file(
            Code::UnreadableFile,
            shown,
            format!("The file `{shown}` cannot be read: {why}."),
        )
        .help(why.help()),
    }
}

fn refused(shown: &str, refusal: UnreadableText) -> Diagnostic {
    let code = match refusal {
        UnreadableText::LeadsNowhere => Code::UnreadableFile,
        _ => Code::OutsideRoot,
    };
    Diagnostic::about_file(
        code,
        shown,
        format!("The file `{shown}` cannot be read: {refusal}."),
    )
    .help(refusal.help())
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

    use super::{read_named, read_stream};
    use crate::core::code::Code;

    #[test]
    fn a_missing_a_huge_and_a_binary_file_each_say_what_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let missing = read_named(Utf8Path::new("x"), root, "x").unwrap_err();
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
        assert_eq!(
            read_named(&huge, root, "huge").unwrap_err().code,
            Code::FileTooLarge
        );
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
