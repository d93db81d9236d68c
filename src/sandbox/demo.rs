//! The credentials that a sandbox takes.

/// The client id of the demo identity.
pub const CLIENT_ID: &str = "5a11db0c-0000-4000-8000-00000000c11e";

/// The client secret of the demo identity.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";

/// The id of the demo identity.
pub const IDENTITY_ID: &str = "5a11db0c-0000-4000-8000-0000000001de";

/// A token of the demo identity that works without a login.
pub const INFISICAL_TOKEN: &str = "sandbox-infisical-token";

/// The API token of the emulated Enkryptify.
pub const ENKRYPTIFY_TOKEN: &str = "ek_live_sandbox";
