//! The files that plans are saved in.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};

use crate::core::plan::Plan;
use crate::core::span::Sources;
use crate::core::spec::Specs;
use crate::core::text::visible;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Opened;
use crate::planfile::{self, MAX_SIZE, SavedPlan};
use crate::redaction::{self, redacted};
use crate::render::log::{Escape, harmless};
use crate::workspace::write::{LEADS_NOWHERE, descriptor, is_stream, replace};

use super::arguments::FileArguments;

/// How much of a file is read to see whether it can be a plan at all.
const BEGINNING: u64 = 4096;

/// The saved plan among the arguments of `apply`; none if they name sync files.
pub fn among(paths: &[String], files: &FileArguments) -> Result<Option<Utf8PathBuf>, CommandError> {
    if let Some(path) = files
        .file
        .iter()
        .find(|path| holds_plan(Utf8Path::new(path)))
    {
        return Err(CommandError::usage(format!(
            "`--file` names sync files, and {path} is a saved plan."
        ))
        .help(format!("Write `secsync apply {path}`.")));
    }
    let Some(path) = paths.iter().find(|path| holds_plan(Utf8Path::new(path))) else {
        return Ok(None);
    };
    if paths.len() > 1 || !files.file.is_empty() {
        return Err(
            CommandError::usage(format!("{path} is a saved plan, and is applied alone."))
                .help("Name it and no other file."),
        );
    }
    let set = [
        ("--selector", files.selector.is_empty()),
        ("--target", files.target.is_empty()),
        ("--var", files.var.is_empty()),
        ("--var-file", files.var_file.is_empty()),
    ];
    match set.iter().find(|(_, is_empty)| !is_empty) {
        Some((flag, _)) => Err(not_with_plan(path, flag)),
        None => Ok(Some(Utf8PathBuf::from(path))),
    }
}

/// A flag that would change what a saved plan does.
pub fn not_with_plan(path: &str, flag: &str) -> CommandError {
    CommandError::usage(format!(
        "{path} is a saved plan and is applied as it is: `{flag}` cannot change it."
    ))
    .help(format!("Give `{flag}` to `secsync plan --out`."))
}

/// Whether there is a file of that name that holds a plan.
fn holds_plan(path: &Utf8Path) -> bool {
    // What cannot be read is reported by whoever needs it.
    matches!(contents(path), Ok(Contents::Plan))
}

/// What is in a file.
enum Contents {
    Plan,
    Nothing,
    Else,
}

fn contents(path: &Utf8Path) -> io::Result<Contents> {
    if !fs::metadata(path)?.is_file() {
        return Ok(Contents::Else);
    }
    let file = File::open(path)?;
    let mut text = Vec::new();
    (&file).take(BEGINNING).read_to_end(&mut text)?;
    if text.is_empty() {
        return Ok(Contents::Nothing);
    }
    // Most files are no JSON, and are not read to their end.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Ok(Contents::Else);
    }
    file.take(MAX_SIZE).read_to_end(&mut text)?;
    Ok(if planfile::is_plan(&text) {
        Contents::Plan
    } else {
        Contents::Else
    })
}

/// Refuses to save a plan where something else would be lost, before there is one.
pub fn check_place(path: &Utf8Path) -> Result<(), CommandError> {
    if is_stream(path) {
        return Ok(());
    }
    match contents(path) {
        Ok(Contents::Else) if path.is_dir() => Err(cannot_save(path, &"it is a directory")),
        Ok(Contents::Else) => Err(cannot_save(
            path,
            &"the file is there already, and holds something else than a saved plan",
        )
        .help("Name another file.")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_save(path, &error)),
        Err(_) if path.is_symlink() => Err(cannot_save(path, &LEADS_NOWHERE)
            .help("Make the file that it leads to, or name another one.")),
        // Nothing is lost without a file, nor in an empty one that `mktemp` made.
        Ok(Contents::Plan | Contents::Nothing) | Err(_) => Ok(()),
    }
}

fn cannot_save(path: &Utf8Path, why: &dyn Display) -> CommandError {
    CommandError::new(
        Exit::Error,
        format!("The plan cannot be saved to {path}: {why}."),
    )
}

/// Reads a saved plan.
pub fn load(path: &Utf8Path, opened: &Opened) -> Result<SavedPlan, CommandError> {
    let mut text = Vec::new();
    File::open(path)
        // One byte more than is allowed shows that there is more.
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut text))
        .map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The plan file {path} cannot be read: {error}."),
            )
        })?;
    planfile::read(&text, &|kind, slug| opened.spec(kind, slug)).map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!("The plan file {path} {}.", error.message),
        )
        .help(error.help)
    })
}

/// Saves a plan in a file, in place of the plan that was there, and returns its digest.
pub fn save(
    path: &Utf8Path,
    plan: &Plan,
    sources: &Sources,
    specs: &Specs,
    is_sandbox: bool,
) -> Result<String, CommandError> {
    // The file may have come while the plan was made.
    check_place(path)?;
    let (text, digest) = planfile::write(plan, sources, specs, is_sandbox)
        .map_err(|error| cannot_save(path, &error))?;
    check(path, &text)?;
    // Its digest is that of what it means.
    let text = harmless(&text, Escape::Json);
    put(path, &text).map_err(|error| cannot_save(path, &error))?;
    Ok(digest)
}

/// Refuses to keep a secret that this run has read.
fn check(path: &Utf8Path, text: &str) -> Result<(), CommandError> {
    // Most plans hold none, which is seen at once.
    if matches!(redacted(text), Cow::Borrowed(_)) {
        return Ok(());
    }
    let document = serde_json::from_str(text).map_err(|error| cannot_save(path, &error))?;
    let Some(field) = redaction::place_in(&document) else {
        return Ok(());
    };
    Err(cannot_save(
        path,
        &format!(
            "its field `{}` holds a credential of this run",
            visible(&field)
        ),
    )
    .help("Take it out of the files, or of the sync on the platform, and make a new credential."))
}

fn put(path: &Utf8Path, text: &str) -> io::Result<()> {
    if is_stream(path) {
        open_stream(path)?.write_all(text.as_bytes())
    } else {
        replace(path, text)
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
