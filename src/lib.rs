//! secsync: declarative infrastructure-as-code for secret syncs.
//!
//! The crate is laid out as a line that data travels along:
//!
//! | step | module |
//! |---|---|
//! | find and read the files | [`workspace`], [`yaml`] |
//! | check them against the schemas | [`schema`] |
//! | what is wanted, what is there, what to do | [`core`] (pure values) |
//! | talk to the platforms | [`provider`] over [`http`] |
//! | load → check → resolve → read → plan, once for every command | [`pipeline`] |
//! | the way back: sync files for remote syncs | [`export`] |
//! | run a plan | [`apply`], with [`state`] for what cannot be read back |
//! | show it | [`render`] |
//! | keep it for later | [`planfile`] |
//! | the commands | [`cli`], with [`exit`] for the exit codes |
//! | an emulator of both platforms | [`sandbox`] |
//! | Ctrl-C, as every wait sees it | [`cancel`] |
//! | the variables of the process, and why a command stops | [`environment`], [`error`] |
//! | SHA-256 of bytes and of JSON | [`digest`] |
//! | texts that others wrote, read within a limit | [`text_file`] |

pub mod apply;
pub mod cancel;
pub mod cli;
pub mod core;
pub mod digest;
pub mod environment;
pub mod error;
pub mod exit;
pub mod export;
pub mod http;
pub mod pipeline;
pub mod planfile;
pub mod provider;
pub mod render;
pub mod sandbox;
pub mod schema;
pub mod state;
pub mod text_file;
pub mod workspace;
pub mod yaml;
