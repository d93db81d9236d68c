//! The library from the outside, part by part, and what its source promises.
//!
//! | what | where |
//! |---|---|
//! | the schemas | `schema` |
//! | the clients, against servers that a test controls | `http` |
//! | the emulator of both platforms | `sandbox` |
//! | the formats for code hosts and test reports | `formats` |
//! | bytes that strangers made | `fuzzing` |
//! | the promises of SECURITY.md | `security` |
//! | which part of `src/` may know what | `walls` |
//! | examples of syncs, generated from the schemas | `examples` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it fails, in its helpers too"
)]

mod examples;

mod circles;
mod formats;
mod fuzzing;
mod http;
mod sandbox;
mod schema;
mod security;
mod walls;

/// Where the repository is. Cargo says so; `.ci/run` names a copy, for a user who may not read the
/// original.
fn repository() -> camino::Utf8PathBuf {
    std::env::var("CARGO_MANIFEST_DIR").unwrap().into()
}
