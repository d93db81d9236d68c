//! Showing plans, findings and reports: one file a format, all from the same values.
//!
//! | module | what it makes |
//! |---|---|
//! | [`adopt`] | what an export or an import came to |
//! | [`drift`] | what changed remotely |
//! | [`explain`] | what a code means, and the list of all codes |
//! | [`findings`] | findings with the lines that they are about |
//! | [`human`] | plans and reports for people, in Terraform's words and signs |
//! | [`jobs`] | jobs that were asked for and followed |
//! | [`json`] | the same for machines, with a version |
//! | `origins` | where the values of planned syncs come from |
//! | `paint` | colours and weights |
//! | [`saved`] | what a saved plan is, beside what it does |
//! | [`schema_diff`] | what changed between two sets of schemas |
//! | [`status`] | how the declared syncs are doing |
//! | [`text`] | text from outside, made safe |
//! | `time` | how long ago, and when exactly |

pub mod adopt;
pub mod drift;
pub mod explain;
pub mod findings;
pub mod human;
pub mod jobs;
pub mod json;
mod origins;
mod paint;
pub mod saved;
pub mod schema_diff;
pub mod status;
pub mod text;
mod time;
