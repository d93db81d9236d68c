//! secsync: declarative infrastructure-as-code for secret syncs.
//!
//! The map, from the top down. A module imports only from those below it, and in a row only from
//! those after it; `tests/library/walls.rs` checks this.
//!
//! | step | module |
//! |---|---|
//! | the commands | [`cli`] |
//! | show what came out | [`render`] |
//! | an emulator of both platforms | [`sandbox`] |
//! | the way back: sync files for remote syncs | [`export`] |
//! | load → check → resolve → read → plan, once for every command | [`pipeline`] |
//! | run a plan | [`apply`] |
//! | why a command stops | [`error`] |
//! | keep a plan for later | [`planfile`] |
//! | record what cannot be read back | [`state`] |
//! | find and read the files | [`workspace`] |
//! | check them against the schemas | [`schema`] |
//! | read and write YAML | [`yaml`] |
//! | talk to the platforms | [`provider`] over [`http`] |
//! | an earlier version of the files, from Git | [`git`] |
//! | exit codes; Ctrl-C, as every wait sees it; the variables of the process | [`exit`], [`cancel`], [`environment`] |
//! | what must not be shown: secrets are registered, and hidden in every text | [`redaction`] |
//! | locks; SHA-256 of bytes and of JSON; the door to the files of a directory; texts that others wrote, read within a limit | [`mutex`], [`digest`], [`root`], [`text_file`] |
//! | what `-vv` and `-vvv` show of a run | [`trace`] |
//! | what is declared, what is remote, what to do: pure values | [`core`] |

pub mod apply;
pub mod cancel;
pub mod cli;
pub mod core;
pub mod digest;
pub mod environment;
pub mod error;
pub mod exit;
pub mod export;
pub mod git;
pub mod http;
pub mod mutex;
pub mod pipeline;
pub mod planfile;
pub mod provider;
pub mod redaction;
pub mod render;
pub mod root;
pub mod sandbox;
pub mod schema;
pub mod state;
pub mod text_file;
pub mod trace;
pub mod workspace;
pub mod yaml;
