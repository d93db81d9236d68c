//! Pure values: what is wanted, what is there, and what to do about it.
//!
//! Nothing here does IO, knows of HTTP or YAML, or prints. A test holds that wall.
//!
//! | module | what it holds |
//! |---|---|
//! | [`words`], [`text`] | words in sentences, and text from outside made safe |
//! | [`span`], [`value`] | positioned values |
//! | [`diagnostic`], [`code`] | what can be wrong with them |
//! | [`merge`], [`vars`] | defaults and variables |
//! | [`platform`] | a platform as its name and what it can do |
//! | [`spec`] | a destination as plain data |
//! | [`desired`] | what the files want |
//! | [`origin`] | where each value of a sync comes from |
//! | [`remote`] | what is there |
//! | [`resolve`] | names to ids, from tables |
//! | [`normalize`], [`diff`] | what differs |
//! | [`declare`] | what a file has to say for what is there |
//! | [`select`] | which syncs a pattern means |
//! | [`request`] | jobs that a person asks for |
//! | [`rename`], [`starts`] | what needs more than one look to be planned |
//! | [`status`] | how the declared syncs are doing |
//! | [`plan`] | what to do |
//! | [`drift`] | the same, told as what changed remotely |

pub mod code;
pub mod declare;
pub mod desired;
pub mod diagnostic;
pub mod diff;
pub mod drift;
pub mod hidden;
pub mod merge;
pub mod normalize;
pub mod origin;
pub mod plan;
pub mod platform;
pub mod problem;
pub mod remote;
pub mod rename;
pub mod request;
pub mod resolve;
pub mod select;
pub mod span;
pub mod spec;
pub mod starts;
pub mod status;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod value;
pub mod vars;
pub mod words;
