//! The destination that a command is about.

use crate::core::platform::Platform;
use crate::core::words::any_of;
use crate::error::CommandError;
use crate::pipeline::Opened;
use crate::provider::{platform_named, platforms};
use crate::workspace::Settings;

/// The platform and the destination that a word means: PROVIDER/DESTINATION, or the destination
/// alone if only one provider has it.
pub fn destination_named(
    opened: &Opened<Settings>,
    word: &str,
) -> Result<(Platform, String), CommandError> {
    let unknown = || CommandError::usage(format!("The schema `{word}` is unknown."));
    if let Some((provider, slug)) = word.split_once('/') {
        let platform = platform_named(provider).ok_or_else(|| unknown().help(LIST))?;
        return Ok((platform, slug.to_owned()));
    }
    let has = |platform: &Platform| {
        opened
            .store
            .destinations(*platform)
            .iter()
            .any(|one| one == word)
    };
    let having: Vec<Platform> = platforms().into_iter().filter(has).collect();
    let address = |platform: &Platform| format!("{}/{word}", platform.name());
    match having.as_slice() {
        [only] => Ok((*only, word.to_owned())),
        [] => {
            let meant = platforms().into_iter().find_map(|platform| {
                let meant = opened.store.meant(platform, word)?;
                let is_listed = platform.lists_destinations();
                is_listed.then(|| format!("{}/{meant}", platform.name()))
            });
            Err(match meant {
                Some(meant) => unknown().help(format!("Did you mean `{meant}`?")),
                None => unknown().help(LIST),
            })
        }
        several => {
            let addresses: Vec<String> = several.iter().map(address).collect();
            Err(
                CommandError::usage(format!("Several providers have a destination `{word}`."))
                    .help(format!(
                        "Write {}.",
                        any_of(addresses.iter().map(String::as_str))
                    )),
            )
        }
    }
}

/// What to do about a word that means no schema.
pub const LIST: &str = "Write PROVIDER/DESTINATION; `secsync schema list` shows them.";
