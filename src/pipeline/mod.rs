//! The line that every command travels, each stage a type that is made from the one before.
//!
//! | stage | what is known | where |
//! |---|---|---|
//! | [`Opened`] of [`Settings`](crate::workspace::Settings) | the root, `secsync.yaml`, the schemas, what is selected | `open` |
//! | [`Loaded`] | the syncs that the files declare | `open` |
//! | [`Checked`] | that they fit the schemas and the lints | `check` |
//! | [`Observed`] | what the names mean, and what is remote | `observe` |
//! | [`Planned`] | what is to be done | `plan` |
//! | [`Applied`] | what came of it | `apply` |
//!
//! An [`Opened`] also leads to two other readings: of a saved plan (`saved`), which then goes on
//! as [`Planned`], and of projects whether or not they are declared (`inventory`).
//! Nothing sends a request before it is given a [`Link`].
//!
//! | beside the stages | where |
//! |---|---|
//! | how servers are reached, and the providers of a run | [`link`] |
//! | planning against an earlier version of the files | `base` |
//! | where the state is kept | `state_place` |
//! | what other workspaces of the repository declare | `neighbours` |
//! | which syncs push to one place | `spelled_destination`, `same_destination` |

mod apply;
mod base;
mod check;
mod inventory;
pub mod link;
mod neighbours;
mod observe;
mod open;
mod plan;
mod same_destination;
mod saved;
mod spelled_destination;
mod state_place;

pub use apply::Applied;
pub use check::{Checked, ConnectionUse};
pub use inventory::{
    Chosen, DeclaredNames, Inventory, ProjectInventory, Projects, Wanted, declared_names,
    usable_connections,
};
pub use link::Link;
pub use observe::{Observed, Seen};
pub use open::{Loaded, Opened, Options, SCHEMAS};
pub use plan::{Planned, StateUse};
pub use saved::{ObservedSaved, Rechecked};
pub use state_place::STATE_VARIABLE;
