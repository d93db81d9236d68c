//! The sandbox behaves as the real servers do.

#![allow(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

mod bundled;
mod enkryptify;
mod http;
mod infisical;
mod replay;
mod support;
mod today;
