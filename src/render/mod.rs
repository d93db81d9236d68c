//! Showing plans, findings and reports, all from the same values.
//!
//! What a command shows has a module that makes everything of it: `human` is the text for a
//! terminal, a type that ends in `Body` is its part of the JSON document, and `review` adds it to the
//! [`Review`](review::Review), from which every other format is made.
//!
//! | module | what it shows |
//! |---|---|
//! | [`plan`] | a plan |
//! | [`saved`] | what a saved plan is, besides what it does |
//! | [`drift`] | what changed remotely: a plan in other words |
//! | [`report`] | the result of an apply |
//! | [`requests`] | jobs that a person requests |
//! | `outcome`, [`jobs`] | the result of one action or request, and how jobs ended |
//! | [`status`] | how the declared syncs are doing |
//! | [`export`] | the result of an export or an import |
//! | [`mod@terraform`] | the result of an import from Terraform |
//! | [`listing`] | what an identity can see |
//! | [`explain`] | what a code means, and the list of all codes |
//! | [`schema`] | the fields of a destination |
//! | [`schema_diff`] | what changed between two sets of schemas |
//!
//! | module | what they have in common |
//! |---|---|
//! | [`ending`] | how a command ended, whatever it was about |
//! | [`findings`] | findings with the lines that they are about |
//! | [`json`] | the frame of every JSON document |
//! | [`review`] | the result of a run, for the formats below |
//! | [`code_host`] | the page of a line on a code host |
//! | `mermaid` | sources and destinations as a graph |
//! | [`log`] | texts for a log that a machine reads, too |
//! | `diff` | what changes in a sync, as lines of YAML |
//! | `shard`, `started` | which projects a run was about; recorded starts that are not declared |
//! | `terminal`, `time` | colours, the lines that several outputs have, times |
//!
//! | format of a review | what it is |
//! |---|---|
//! | [`github`] | annotations on the lines of a pull request |
//! | [`html`] | a page on its own |
//! | [`junit`] | a test report |
//! | [`markdown`] | a comment on a pull request |
//! | [`sarif`] | findings for code scanning |
//! | [`unified`] | a YAML diff |
//!
//! A new format is a file here with a `text(&Review) -> String`, a variant of the enum of formats in
//! `cli`, and a test that no text breaks out of it.

pub mod code_host;
mod diff;
pub mod drift;
pub mod ending;
pub mod explain;
pub mod export;
pub mod findings;
pub mod github;
pub mod html;
pub mod jobs;
pub mod json;
pub mod junit;
pub mod listing;
pub mod log;
pub mod markdown;
mod mermaid;
mod outcome;
pub mod plan;
pub mod report;
pub mod requests;
pub mod review;
pub mod sarif;
pub mod saved;
pub mod schema;
pub mod schema_diff;
mod shard;
mod started;
pub mod status;
mod style;
pub mod table;
pub mod terraform;
mod time;
pub mod unified;

pub use crate::core::text;
pub use style::{SANDBOX, sandbox_line, warning};
