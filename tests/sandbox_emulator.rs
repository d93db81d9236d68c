//! The sandbox behaves as the real servers do.

#![allow(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed, and says where"
)]
mod common_examples;

#[cfg(test)]
mod sandbox_emulator {
    mod bundled;
    mod enkryptify;
    mod http;
    mod infisical;
    mod replay;
    mod support;
}
