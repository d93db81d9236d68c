//! Where the state of a run is kept, and who may say so.
//!
//! A place in an object store is read and written with a credential, so `secsync.yaml` alone
//! cannot name one: the same has to be said outside the files, by `SECSYNC_STATE` or `--state`. A
//! file that `secsync.yaml` names stays inside the root. Wherever it is named, it is no file that
//! something else reads or writes.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::link::Link;
use super::open::Opened;
use super::plan::StateUse;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::origin::showable;
use crate::http::quote::quotable;
use crate::root::{OWN_DIRECTORY, Root, UnreadableText, straight};
use crate::state::{self, FilePlace, ObjectUrl, State, StateAccess, StateLocation};
use crate::text_file::reason;
use crate::workspace::Settings;

/// The variable that says where the state is kept.
pub const STATE_VARIABLE: &str = "SECSYNC_STATE";

/// Where the state is kept unless something says otherwise, from the root.
const DEFAULT_STATE: &str = ".secsync/state.json";
/// What is not a place for a state, from the root: backups, what the sandbox keeps, what a pull
/// writes and sets aside, and what editors read.
const OWN: [&str; 7] = [
    ".secsync/backup",
    ".secsync/sandbox",
    ".secsync/schemas",
    ".secsync/schemas.old",
    ".secsync/sync-file.json",
    ".secsync/workspace.json",
    ".secsync/.gitignore",
];
/// Where the sandbox's state is kept, from the root.
const SANDBOX_STATE: &str = ".secsync/sandbox/state.json";

impl<W: AsRef<Settings>> Opened<W> {
    /// Where the sandbox keeps the record of what was started in it.
    pub fn sandbox_state_place(&self) -> StateLocation {
        StateLocation::File(self.in_root(SANDBOX_STATE))
    }

    /// Where the state of this run is kept.
    pub fn state_place(&self, link: &Link) -> Result<StateLocation, CommandError> {
        if link.is_sandbox() {
            return Ok(self.sandbox_state_place());
        }
        let by_flag = link.state.as_deref().map(|text| ("--state", text));
        let by_variable = || {
            let text = link.environment.get(STATE_VARIABLE)?;
            Some((STATE_VARIABLE, text))
        };
        let named = by_flag
            .or_else(by_variable)
            .map(|(who, text)| Ok::<_, CommandError>((who, self.outside_place(who, text)?)))
            .transpose()?;
        let declared = self
            .settings()
            .config
            .state
            .as_ref()
            .map(|(text, _)| self.declared_place(text))
            .transpose()?;
        let is_same =
            matches!((&named, &declared), (Some((_, one)), Some(other)) if one.is_same(other));
        match (named, declared) {
            (None, None) => self.declared_place(DEFAULT_STATE),
            (Some((_, named)), None) => Ok(named),
            (None, Some(declared @ StateLocation::File(_))) => Ok(declared),
            (Some(_), Some(declared @ StateLocation::File(_))) if is_same => Ok(declared),
            (Some((_, named)), Some(_)) if is_same => Ok(named),
            (None, Some(StateLocation::Object(url))) => Err(CommandError::new(
                Exit::Auth,
                format!("No credential is sent to the state {url}, which only secsync.yaml names."),
            )
            .help(format!(
                "If that place is yours, set {STATE_VARIABLE}={url} in the environment."
            ))),
            (Some((who, named)), Some(declared)) => Err(CommandError::new(
                Exit::Error,
                format!("The `state:` of secsync.yaml is {declared}, but {who} names {named}."),
            )
            .help("Make them the same, or remove one of the two.")),
        }
    }

    /// Opens the state of this run. A sandbox begins with an empty one, because nothing can have
    /// been started in it before.
    pub async fn open_state(&self, link: &Link, access: StateUse) -> Result<State, CommandError> {
        let place = self.state_place(link)?;
        let reach = link.state_reach();
        if link.is_sandbox() && !State::open(&place, &reach).await?.is_there() {
            State::init(&place, &reach).await?;
        }
        Ok(match access {
            StateUse::Read => State::open(&place, &reach).await?,
            StateUse::Write => {
                let state = State::open_for_writing(&place, &reach).await?;
                tokio::select! {
                    biased;
                    () = link.cancellation.cancelled() => {}
                    settled = state.settle() => settled?,
                }
                state
            }
        })
    }

    /// The destinations that starts are recorded of, if the state is a file that can be read.
    pub(super) fn recorded_destinations(&self) -> BTreeSet<String> {
        let environment = &self.options.environment;
        let declared = self.settings().config.state.as_ref();
        let place = match (environment.get(STATE_VARIABLE), declared) {
            (Some(text), _) => self.outside_place(STATE_VARIABLE, text),
            (None, Some((text, _))) => self.declared_place(text),
            (None, None) => self.declared_place(DEFAULT_STATE),
        };
        match place {
            Ok(StateLocation::File(file)) => state::recorded_destinations(&file),
            Ok(StateLocation::Object(_)) | Err(_) => BTreeSet::new(),
        }
    }

    /// What was named outside the files: a file wherever it is, from the working directory.
    fn outside_place(&self, who: &str, text: &str) -> Result<StateLocation, CommandError> {
        let text = text.trim();
        let exit = if who == STATE_VARIABLE {
            Exit::Error
        } else {
            Exit::Usage
        };
        if ObjectUrl::is_meant(text) {
            return ObjectUrl::parse(text)
                .map(StateLocation::Object)
                .map_err(|reason| malformed(exit, who, text, reason));
        }
        let path = self.options.request.directory.join(text);
        let root = Root::open(&self.settings().root);
        let directory = self.options.request.directory.clone();
        let Ok(inside) = root.and_then(|root| root.resolve(&straight(&path))) else {
            return Ok(StateLocation::File(FilePlace {
                path,
                root: None,
                directory,
            }));
        };
        if let Some(what) = self.owner_of(&inside) {
            let place = format!("{who} \"{}\"", showable(text));
            return Err(taken(exit, &place, what));
        }
        let root = Some(self.settings().root.clone());
        Ok(StateLocation::File(FilePlace {
            path,
            root,
            directory,
        }))
    }

    /// What `secsync.yaml` names: a file inside the root, or an object.
    fn declared_place(&self, text: &str) -> Result<StateLocation, CommandError> {
        if ObjectUrl::is_meant(text) {
            return ObjectUrl::parse(text)
                .map(StateLocation::Object)
                .map_err(|reason| {
                    malformed(Exit::Invalid, "The `state:` of secsync.yaml", text, reason)
                });
        }
        let said = format!("`state: {}`", quotable(text, 100));
        let relative = Utf8Path::new(text);
        let file = self.in_root(text);
        let is_outside =
            relative.is_absolute() || relative.components().any(|part| part.as_str() == "..");
        let inside = Some(UnreadableText::Outside)
            .filter(|_| is_outside)
            .map_or(Ok(()), |outside| Err(outside.into()))
            .and_then(|()| Root::open(&self.settings().root)?.resolve(relative))
            .map_err(|error| {
                let why = match UnreadableText::of(&error) {
                    Some(UnreadableText::Outside) => "leaves the workspace".to_owned(),
                    Some(UnreadableText::LeadsOut) => {
                        "is a link that leads out of the workspace".to_owned()
                    }
                    Some(UnreadableText::LeadsNowhere) => {
                        "is a link to something that does not exist".to_owned()
                    }
                    _ => format!("cannot be used: {}", reason(&error)),
                };
                CommandError::new(Exit::Invalid, format!("{said} {why}."))
                    .help("Name a file inside the workspace.")
            })?;
        let of_another_tool = || {
            let parts = inside.components().map(|part| part.as_str());
            let is_own = inside.starts_with(OWN_DIRECTORY);
            let mut below = parts.skip(usize::from(is_own));
            below
                .any(|part| part.starts_with('.'))
                .then_some("hidden, as the files of other tools are")
        };
        match self.owner_of(&inside).or_else(of_another_tool) {
            Some(what) => Err(taken(Exit::Invalid, &said, what)),
            None => Ok(StateLocation::File(file)),
        }
    }

    fn in_root(&self, path: &str) -> FilePlace {
        FilePlace {
            path: self.settings().root.join(path),
            root: Some(self.settings().root.clone()),
            directory: self.options.request.directory.clone(),
        }
    }

    /// What a path below the root is for, if it is for anything but a state.
    fn owner_of(&self, inside: &Utf8Path) -> Option<&'static str> {
        // Some file systems take names for the same that differ in case.
        let folded = Utf8PathBuf::from(inside.as_str().to_lowercase());
        if folded.starts_with(".git") {
            Some("a file of Git")
        } else if OWN.iter().any(|own| folded.starts_with(own)) {
            Some("a file that secsync keeps something else in")
        } else if folded.extension() != Some("json") {
            Some("not a name for a state, which ends in `.json`")
        } else if self.settings().would_load(inside) {
            Some("among the sync files")
        } else {
            None
        }
    }
}

impl Link {
    /// What a state needs of the process beside its place.
    pub fn state_reach(&self) -> StateAccess {
        StateAccess {
            now: crate::environment::now,
            environment: self.environment.clone(),
            http: self.http.clone(),
        }
    }
}

fn taken(exit: Exit, place: &str, what: &str) -> CommandError {
    CommandError::new(exit, format!("{place} is {what}."))
        .help("Name a file of its own for the state, like .secsync/state.json.")
}

fn malformed(exit: Exit, who: &str, text: &str, reason: &str) -> CommandError {
    // Nothing before an `@` and nothing after a `?` is repeated: it can be a credential.
    CommandError::new(exit, format!("{who} \"{}\" {reason}.", showable(text)))
        .help("Write it like s3://bucket/path/state.json.")
}
