//! The commands, a file each.

pub mod apply;
pub mod auth;
pub mod completions;
pub mod drift;
pub mod explain;
pub mod export;
pub mod import;
pub mod init;
pub mod list;
pub mod plan;
pub mod sandbox;
pub mod schema;
pub mod show;
pub mod state;
pub mod status;
pub mod sync;
pub mod validate;
