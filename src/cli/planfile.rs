//! The files that plans are saved in.

use std::fs::{self, File};
use std::io::{self, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};

use crate::core::plan::Plan;
use crate::error::Stop;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::planfile::{self, MAX_SIZE, SavedPlan};

use super::options::FileArguments;

/// How much of a file is read to tell whether it can be a plan at all.
const BEGINNING: u64 = 4096;

/// The saved plan among the arguments of `apply`; none if they name sync files.
pub fn among(paths: &[String], files: &FileArguments) -> Result<Option<Utf8PathBuf>, Stop> {
    if let Some(path) = files
        .file
        .iter()
        .find(|path| holds_plan(Utf8Path::new(path)))
    {
        return Err(Stop::usage(format!(
            "`--file` names sync files, and {path} is a saved plan."
        ))
        .help(format!("Write `secsync apply {path}`.")));
    }
    let Some(path) = paths.iter().find(|path| holds_plan(Utf8Path::new(path))) else {
        return Ok(None);
    };
    if paths.len() > 1 || !files.file.is_empty() {
        return Err(
            Stop::usage(format!("{path} is a saved plan, and is applied alone."))
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
pub fn not_with_plan(path: &str, flag: &str) -> Stop {
    Stop::usage(format!(
        "{path} is a saved plan and is applied as it is: `{flag}` cannot change it."
    ))
    .help(format!("Give `{flag}` to `secsync plan --out`."))
}

/// Whether there is a file of that name that holds a plan.
fn holds_plan(path: &Utf8Path) -> bool {
    let text = || -> io::Result<Option<Vec<u8>>> {
        if !fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let file = File::open(path)?;
        let mut text = Vec::new();
        (&file).take(BEGINNING).read_to_end(&mut text)?;
        // Most files are no JSON, and are not read to their end.
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Ok(None);
        }
        file.take(MAX_SIZE).read_to_end(&mut text)?;
        Ok(Some(text))
    };
    // What cannot be read is told by whoever needs it.
    matches!(text(), Ok(Some(text)) if planfile::is_plan(&text))
}

/// Reads a saved plan.
pub fn load(path: &Utf8Path, run: &Run) -> Result<SavedPlan, Stop> {
    let mut text = Vec::new();
    File::open(path)
        // One byte more than is allowed shows that there is more.
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut text))
        .map_err(|error| {
            Stop::new(
                Exit::Error,
                format!("The plan file {path} cannot be read: {error}."),
            )
        })?;
    planfile::read(&text, &|kind, slug| run.spec(kind, slug)).map_err(|error| {
        Stop::new(
            Exit::Error,
            format!("The plan file {path} {}.", error.message),
        )
        .help(error.help)
    })
}

/// Saves a plan in a file, in place of what was there, and returns its digest.
pub fn save(path: &Utf8Path, plan: &Plan, run: &Run, is_sandbox: bool) -> Result<String, Stop> {
    let specs = run.specs_of(plan);
    let written = planfile::write(plan, &run.workspace.sources, &specs, is_sandbox)
        .map_err(io::Error::other)
        .and_then(|(text, digest)| replace(path, text.as_bytes()).map(|()| digest));
    written.map_err(|error| {
        Stop::new(
            Exit::Error,
            format!("The plan cannot be saved to {path}: {error}."),
        )
    })
}

/// Writes beside the file and puts it in its place: nobody ever reads half a plan.
fn replace(path: &Utf8Path, text: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_str().is_empty());
    let mut file = readable_by_others(&mut tempfile::Builder::new())
        .tempfile_in(directory.unwrap_or(Utf8Path::new(".")))?;
    file.write_all(text)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A plan holds no secret, and is handed from one job to another.
#[cfg(unix)]
fn readable_by_others<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn readable_by_others<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    builder
}
