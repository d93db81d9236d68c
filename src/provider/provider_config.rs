//! A provider as it is configured.

use crate::core::platform::Platform;

/// A provider as the files and the workspace configure it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// The name that files use. The kind's own name, or one from `providers:`.
    pub name: String,
    /// The platform.
    pub platform: Platform,
    /// The `url:` of the workspace file, as written. Names a server, but never makes it trusted.
    pub url: Option<String>,
}

/// Whether a provider can have that name: its variables are named after it.
pub fn is_provider_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
