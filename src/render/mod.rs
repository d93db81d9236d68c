//! Showing plans, findings and reports: one file a format, all from the same values.
//!
//! | module | what it makes |
//! |---|---|
//! | [`adopt`] | what an export or an import came to |
//! | [`drift`] | what changed remotely |
//! | [`explain`] | what a code means, and the list of all codes |
//! | [`findings`] | findings with the lines that they are about |
//! | [`github`] | annotations on the lines of a pull request |
//! | [`html`] | a page on its own |
//! | [`human`] | plans and reports for people, in Terraform's words and signs |
//! | [`jobs`] | jobs that were asked for and followed |
//! | [`junit`] | a test report |
//! | [`markdown`] | a comment on a pull request |
//! | [`json`] | the same for machines, with a version |
//! | `origins` | where the values of planned syncs come from |
//! | `paint` | colours and weights |
//! | [`review`] | what a run came to, for the formats below it |
//! | [`sarif`] | findings for code scanning |
//! | [`saved`] | what a saved plan is, beside what it does |
//! | [`schema_diff`] | what changed between two sets of schemas |
//! | [`status`] | how the declared syncs are doing |
//! | [`text`] | text from outside, made safe |
//! | [`unified`] | a YAML diff |
//! | `time` | how long ago, and when exactly |

pub mod adopt;
pub mod drift;
pub mod explain;
pub mod findings;
pub mod github;
pub mod html;
pub mod human;
pub mod jobs;
pub mod json;
pub mod junit;
pub mod markdown;
mod origins;
mod paint;
pub mod review;
pub mod sarif;
pub mod saved;
pub mod schema_diff;
pub mod status;
pub mod text;
mod time;
pub mod unified;
