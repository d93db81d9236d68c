//! The platforms: what each can be asked for, and the one list of them.
//!
//! | module | job |
//! |---|---|
//! | [`mod@door`] | what each platform's folder offers |
//! | [`codes`] | the codes of all findings, the platforms' own among them |
//! | [`ProviderConfig`], [`Provider`] | a provider as it is configured, and what it can do once it is connected |
//! | [`infisical`], [`enkryptify`] | the platforms; each knows itself alone |
//! | [`trust`] | which server a credential may go to; the only maker of a [`session::AuthenticatedClient`] |
//! | [`session`], [`access_token`] | an authenticated line to one server, logged in once for all |
//! | [`credential`], [`environment_variables`] | credentials, and which variables serve whom |

pub mod access_token;
pub mod codes;
mod connected;
pub mod credential;
pub mod door;
pub mod enkryptify;
pub mod environment_variables;
pub mod infisical;
mod provider_config;
pub mod session;
pub mod trust;
mod vouched;

use std::sync::{PoisonError, RwLock};

use crate::core::platform::Platform;
use crate::core::rules::Rules;
pub use connected::{Deletion, ManagedSyncs, Provider, StartedSyncs};
use door::Door;
pub use provider_config::{ProviderConfig, is_provider_name};
pub use trust::connect;

/// The platforms that are part of the program: the one place that lists them.
static BUILT_IN: [&dyn Door; 2] = [&infisical::Infisical, &enkryptify::Enkryptify];

/// Those that were registered while it runs.
static REGISTERED: RwLock<Vec<&'static dyn Door>> = RwLock::new(Vec::new());

/// Adds a platform, before anything asks for one.
pub fn register(door: &'static dyn Door) {
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    registered.push(door);
}

/// The doors to all platforms.
pub fn doors() -> Vec<&'static dyn Door> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN
        .into_iter()
        .chain(registered.iter().copied())
        .collect()
}

/// The platform that a command means if it names no provider.
pub fn default_platform() -> Platform {
    let [first, ..] = BUILT_IN;
    first.platform()
}

/// All platforms.
pub fn platforms() -> Vec<Platform> {
    doors().into_iter().map(Door::platform).collect()
}

/// The platform of that name.
pub fn platform_named(name: &str) -> Option<Platform> {
    let mut platforms = platforms().into_iter();
    platforms.find(|platform| platform.name() == name)
}

/// The door to a platform; none if it was never registered.
pub fn door(platform: Platform) -> Option<&'static dyn Door> {
    let mut doors = doors().into_iter();
    doors.find(|door| door.platform() == platform)
}

/// What only a platform knows about its syncs.
pub fn rules(platform: Platform) -> &'static dyn Rules {
    /// Those of a platform that was never registered.
    struct Default;
    impl Rules for Default {}
    door(platform).map_or(&Default, |door| door as &dyn Rules)
}
