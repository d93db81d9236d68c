//! Showing plans, findings and reports: one file a format, all from the same values.
//!
//! | module | what it makes |
//! |---|---|
//! | [`findings`] | findings with the lines that they are about |
//! | [`human`] | plans and reports for people, in Terraform's words and signs |
//! | [`json`] | the same for machines, with a version |
//! | [`text`] | text from outside, made safe |

pub mod findings;
pub mod human;
pub mod json;
pub mod text;
