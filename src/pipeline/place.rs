//! Where the state of a run is kept, and who may say so.
//!
//! A place in an object store is read and written with a credential, so `secsync.yaml` alone
//! cannot name one: the same has to be said outside the files, by `SECSYNC_STATE` or `--state`. A
//! file that `secsync.yaml` names stays inside the root.

use camino::Utf8Path;

use super::Run;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::origin::showable;
use crate::http::text::quotable;
use crate::state::{ObjectUrl, StateAccess, StateLocation};
use crate::workspace::write::is_written_outside;

/// The variable that says where the state is kept.
pub const STATE_VARIABLE: &str = "SECSYNC_STATE";

/// Where the state is kept unless something says otherwise, from the root.
const DEFAULT_STATE: &str = ".secsync/state.json";
/// Where the sandbox's state is kept, from the root.
const SANDBOX_STATE: &str = ".secsync/sandbox/state.json";

impl Run {
    /// Where the sandbox keeps the record of what was started in it.
    pub fn sandbox_state_place(&self) -> StateLocation {
        StateLocation::File(self.workspace.root.join(SANDBOX_STATE))
    }

    /// Where the state of this run is kept.
    pub fn state_place(&self) -> Result<StateLocation, CommandError> {
        if self.options.http.sandbox.is_some() {
            return Ok(self.sandbox_state_place());
        }
        let by_flag = self.options.state.as_deref().map(|text| ("--state", text));
        let by_variable = || {
            let text = self.options.environment.get(STATE_VARIABLE)?;
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

    /// How the state of this run is reached.
    pub fn state_access(&self, now: fn() -> String) -> StateAccess {
        StateAccess {
            now,
            environment: self.options.environment.clone(),
            http: self.options.http.clone(),
        }
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

fn malformed(exit: Exit, who: &str, text: &str, reason: &str) -> CommandError {
    // Nothing before an `@` and nothing after a `?` is repeated: it can be a credential.
    CommandError::new(exit, format!("{who} \"{}\" {reason}.", showable(text)))
        .help("Write it like s3://bucket/path/state.json.")
}
