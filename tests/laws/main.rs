//! The laws: what holds for every workspace on every server, found by random cases, and what
//! apply promises when something goes wrong.
//!
//! | what | where |
//! |---|---|
//! | apply the plan, and the next plan is empty | `plans` |
//! | the same for every bundled destination | `destinations` |
//! | a saved plan does what it showed, or nothing | `saved_plans` |
//! | what apply promises when something goes wrong | `faults` |
//! | random workspaces, a sandbox, runs on it | `support` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it fails, in its helpers too"
)]

mod support;

mod destinations;
mod faults;
mod matrices;
mod plans;
mod saved_plans;
