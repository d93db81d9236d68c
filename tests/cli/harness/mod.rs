//! What the tests share: a tree of files, a run of the program in it, a server to run against.

mod findings;
mod gateway;
mod git;
mod objects;
mod payments;
mod routes;
mod run;
mod server;
mod tree;

pub use findings::{findings, found, invalid, refusals};
pub use gateway::{Act, Gateway, Reply};
pub use git::git;
pub use objects::{Happening, Objects, SECRET_KEY};
pub use payments::{payments, world};
pub use routes::Routes;
pub use run::{Invocation, Output};
#[cfg(unix)]
pub use server::runtime;
pub use server::{Canned, Server};
pub use tree::{Tree, repository};
