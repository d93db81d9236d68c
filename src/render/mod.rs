//! Showing plans, findings and reports: one file a format, all from the same values.
//!
//! | module | what it makes |
//! |---|---|
//! | [`drift`] | what changed remotely |
//! | [`explain`] | what a code means, and the list of all codes |
//! | [`findings`] | findings with the lines that they are about |
//! | [`human`] | plans and reports for people, in Terraform's words and signs |
//! | [`json`] | the same for machines, with a version |
//! | `paint` | colours and weights |
//! | [`text`] | text from outside, made safe |

pub mod drift;
pub mod explain;
pub mod findings;
pub mod human;
pub mod json;
mod paint;
pub mod text;
