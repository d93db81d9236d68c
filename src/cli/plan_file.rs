//! The files that plans are saved in.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs;
use std::io::{self, Read};

use camino::{Utf8Path, Utf8PathBuf};

use crate::core::diagnostic::Diagnostic;
use crate::core::plan::Plan;
use crate::core::sources::Sources;
use crate::core::spec::Specs;
use crate::core::text::visible;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Opened;
use crate::planfile::{self, MAX_SIZE, SavedPlan};
use crate::redaction::{self, redacted};
use crate::render::log::{Escape, harmless};
use crate::render::review::Checkout;
use crate::root::{Existing, Place};
use crate::text_file::{Unreadable, UnreadableText, reason, reason_of_write};
use crate::workspace::{self, Settings};

use super::arguments::FileArguments;
use super::named_files::{place_of, working_directory};

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
        let neither = paths.iter().find(|path| is_neither(Utf8Path::new(path)));
        return neither.map_or(Ok(None), |path| {
            Err(CommandError::new(
                Exit::Error,
                format!("{path} is neither a saved plan nor a sync file."),
            )
            .help(
                "Save a plan with `secsync plan --out FILE`; a sync file has `syncs:` at its top.",
            ))
        });
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
        ("--exclude", files.exclude.is_empty()),
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
    place_of(path).is_ok_and(|place| matches!(contents(&place), Ok(Contents::Plan)))
}

/// Whether there is a file of that name that holds no plan and is not a sync file either, by its
/// name or by what it says.
fn is_neither(path: &Utf8Path) -> bool {
    let is_yaml = path
        .extension()
        .is_some_and(|extension| ["yaml", "yml"].contains(&&*extension.to_ascii_lowercase()));
    let place = place_of(path).ok();
    let Some(place) = place.filter(|place| !is_yaml && place.path().is_file()) else {
        return false;
    };
    match place.read(MAX_SIZE) {
        Ok(text) => !workspace::may_be_sync_file(&text),
        Err(why) => matches!(why, Unreadable::NotUtf8(_)),
    }
}

/// What is in a file.
enum Contents {
    Plan,
    Nothing,
    Else,
}

fn contents(place: &Place) -> io::Result<Contents> {
    if !fs::metadata(place.path())?.is_file() {
        return Ok(Contents::Else);
    }
    let file = place.open()?;
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

/// Where a plan is to be saved. An error, before there is one, if something else would be lost.
pub fn check_place(path: &Utf8Path) -> Result<Place, CommandError> {
    let place = Place::of(path, &working_directory()?).map_err(|error| {
        let refused = cannot_save(path, &reason_of_write(&error));
        match UnreadableText::of(&error) {
            Some(refusal) => refused.help(refusal.help()),
            None => refused,
        }
    })?;
    if place.is_stream() {
        return Ok(place);
    }
    match contents(&place) {
        Ok(Contents::Else) if place.path().is_dir() => Err(cannot_save(path, &"it is a directory")),
        Ok(Contents::Else) => Err(
            cannot_save(path, &"the file exists, and is not a saved plan")
                .help("Name another file."),
        ),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(cannot_save(path, &reason_of_write(&error)))
        }
        Err(_) if path.is_symlink() => {
            let refusal = UnreadableText::LeadsNowhere;
            Err(cannot_save(path, &refusal).help(refusal.help()))
        }
        Err(_) if !place.path().parent().is_some_and(Utf8Path::is_dir) => {
            Err(cannot_save(path, &"its directory does not exist"))
        }
        // Nothing is lost without a file, nor in an empty one that `mktemp` made.
        Ok(Contents::Plan | Contents::Nothing) | Err(_) => Ok(place),
    }
}

fn cannot_save(path: &Utf8Path, why: &dyn Display) -> CommandError {
    CommandError::new(
        Exit::Error,
        format!("The plan cannot be saved to {path}: {why}."),
    )
}

/// Reads a saved plan.
pub fn load<W: AsRef<Settings>>(
    path: &Utf8Path,
    opened: &Opened<W>,
) -> Result<SavedPlan, CommandError> {
    let mut text = Vec::new();
    let directory = &opened.options.request.directory;
    Place::of(path, directory)
        .and_then(|place| place.open())
        // One byte more than is allowed shows that there is more.
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut text))
        .map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The plan file {path} cannot be read: {}.", reason(&error)),
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

/// Saves a plan with the warnings of its run in a file, in place of the plan that was there, and
/// returns its digest.
pub fn save(
    path: &Utf8Path,
    plan: &Plan,
    (findings, sources): (&[Diagnostic], &Sources),
    specs: &Specs,
    is_sandbox: bool,
    checkout: Option<&Checkout>,
) -> Result<String, CommandError> {
    // The file may have come while the plan was made.
    let place = check_place(path)?;
    // It may be shown and applied in another directory than it is made in.
    let path_of = |file: &str| match checkout {
        Some(checkout) => checkout.path_of(file),
        None => file.to_owned(),
    };
    let (text, digest) = planfile::write(plan, (findings, sources), specs, is_sandbox, &path_of)
        .map_err(|error| cannot_save(path, &error))?;
    check(path, &text)?;
    // Its digest is that of what it means.
    let text = harmless(&text, Escape::Json);
    place
        .write(text.as_bytes(), Existing::Replace)
        .map_err(|error| cannot_save(path, &reason_of_write(&error)))?;
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
