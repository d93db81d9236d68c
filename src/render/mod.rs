//! Showing plans, findings and reports: one file a format, all from the same values.
//!
//! | module | what it makes |
//! |---|---|
//! | [`explain`] | what a code means, and the list of all codes |
//! | [`findings`] | findings with the lines that they are about |
//! | [`human`] | plans and reports for people, in Terraform's words and signs |
//! | [`json`] | the same for machines, with a version |
//! | [`text`] | text from outside, made safe |

pub mod explain;
pub mod findings;
pub mod human;
pub mod json;
pub mod text;
