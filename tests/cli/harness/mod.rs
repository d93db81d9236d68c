//! What the tests share: a tree of files, a run of the program in it, a server to run against.

mod run;
mod server;
mod tree;

pub use run::{Invocation, Output};
pub use server::{Canned, Server};
pub use tree::Tree;
