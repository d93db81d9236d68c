//! Where the state of a run is kept, and who may say so.
//!
//! A place in an object store is read and written with a credential, so `secsync.yaml` alone
//! cannot name one: the same has to be said outside the files, by `SECSYNC_STATE` or `--state`. A
//! file that `secsync.yaml` names stays inside the root.

use camino::Utf8Path;

use super::link::Link;
use super::open::Opened;
use super::plan::Access;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::origin::showable;
use crate::http::text::quotable;
use crate::state::{ObjectUrl, State, StateAccess, StateLocation};
use crate::workspace::write::is_written_outside;

/// The variable that says where the state is kept.
pub const STATE_VARIABLE: &str = "SECSYNC_STATE";

/// Where the state is kept unless something says otherwise, from the root.
const DEFAULT_STATE: &str = ".secsync/state.json";
/// Where the sandbox's state is kept, from the root.
const SANDBOX_STATE: &str = ".secsync/sandbox/state.json";

impl Opened {
    /// Where the sandbox keeps the record of what was started in it.
    pub fn sandbox_state_place(&self) -> StateLocation {
        StateLocation::File(self.workspace.root.join(SANDBOX_STATE))
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
            .workspace
            .config
            .state
            .as_ref()
            .map(|(text, _)| self.declared_place(text))
            .transpose()?;
        match (named, declared) {
            (None, None) => self.declared_place(DEFAULT_STATE),
            (Some((_, named)), None) => Ok(named),
            (None, Some(declared @ StateLocation::File(_))) => Ok(declared),
            (Some((_, named)), Some(declared)) if named == declared => Ok(named),
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
    pub async fn open_state(&self, link: &Link, access: Access) -> Result<State, CommandError> {
        let place = self.state_place(link)?;
        let reach = link.state_reach();
        if link.is_sandbox() && !State::open(&place, &reach).await?.is_there() {
            State::init(&place, &reach).await?;
        }
        Ok(match access {
            Access::Read => State::open(&place, &reach).await?,
            Access::Write => State::open_for_writing(&place, &reach).await?,
        })
    }

    /// What was named outside the files: a file wherever it is, from the working directory.
    fn outside_place(&self, who: &str, text: &str) -> Result<StateLocation, CommandError> {
        let text = text.trim();
        if ObjectUrl::is_meant(text) {
            return ObjectUrl::parse(text)
                .map(StateLocation::Object)
                .map_err(|reason| {
                    let exit = if who == STATE_VARIABLE {
                        Exit::Error
                    } else {
                        Exit::Usage
                    };
                    malformed(exit, who, text, reason)
                });
        }
        let directory = &self.options.request.directory;
        Ok(StateLocation::File(directory.join(text)))
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
        let leaves = |how: &str| {
            CommandError::new(
                Exit::Invalid,
                format!("`state: {}` {how}.", quotable(text, 100)),
            )
            .help("Name a file inside the workspace.")
        };
        let relative = Utf8Path::new(text);
        if relative.is_absolute() || relative.components().any(|part| part.as_str() == "..") {
            return Err(leaves("leaves the workspace"));
        }
        let root = &self.workspace.root;
        let full = root.join(relative);
        if is_written_outside(root, &full) {
            return Err(leaves("is a link that leads out of the workspace"));
        }
        Ok(StateLocation::File(full))
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

fn malformed(exit: Exit, who: &str, text: &str, reason: &str) -> CommandError {
    // Nothing before an `@` and nothing after a `?` is repeated: it can be a credential.
    CommandError::new(exit, format!("{who} \"{}\" {reason}.", showable(text)))
        .help("Write it like s3://bucket/path/state.json.")
}
