//! Pure values: what the files declare, what is remote, and what to do about it.
//!
//! Nothing here does IO, knows of HTTP or YAML, or prints. A test holds that wall.
//!
//! | module | what it holds |
//! |---|---|
//! | [`words`], [`text`] | words in sentences, and text from outside made safe |
//! | [`span`], [`sources`], [`value`] | places in texts, the texts, positioned values |
//! | [`code`], [`diagnostic`] | what can be wrong with them |
//! | [`problem`] | what went wrong where no file is to blame |
//! | [`platform`] | a platform as its name and what it can do |
//! | [`spec`], [`ignore`] | a destination as plain data, and which fields of it a sync leaves to others |
//! | [`fields`], [`form`] | the fields of files, and the form that files share |
//! | [`merge`], [`vars`] | defaults, variables and references to a matrix |
//! | [`matrix`], [`cell`] | one block to many, and what one of them is made with |
//! | [`sync_file`], [`declaration`] | a sync file, and how its blocks become syncs |
//! | [`desired`] | the syncs that the files want |
//! | [`conflicts`] | what is wrong between them |
//! | [`same_destination`] | which of them push to one place |
//! | [`effective`] | where each value of a sync comes from |
//! | [`remote`] | the syncs that exist |
//! | [`resolve`] | names to ids, from tables |
//! | [`select`] | which syncs a pattern means |
//! | [`shard`] | which part of the projects a run is about |
//! | [`normalize`], [`diff`], [`alike`] | what differs |
//! | [`starts`] | what is recorded of syncs that can be started but not read |
//! | [`plan`] | what to do |
//! | [`limits`] | how much one apply may change |
//! | [`drift`], [`status`] | what changed remotely, and how the declared syncs are doing |
//! | [`rules`], [`effect`] | what only a platform knows about its syncs, as the core asks for it; what a push does to secrets |
//! | [`job_requests`] | jobs that a person asks for |
//! | [`export`] | the block that declares a remote sync |

pub mod alike;
pub mod by_name;
pub mod cell;
pub mod code;
pub mod conflicts;
pub mod declaration;
pub mod desired;
pub mod diagnostic;
pub mod diff;
pub mod drift;
pub mod effect;
pub mod effective;
pub mod export;
pub mod fields;
pub mod form;
pub mod ignore;
pub mod job_requests;
pub mod limits;
pub mod matrix;
pub mod merge;
pub mod normalize;
pub mod plan;
pub mod platform;
pub mod problem;
pub mod remote;
pub mod resolve;
pub mod rules;
pub mod same_destination;
pub mod select;
pub mod shard;
pub mod sources;
pub mod span;
pub mod spec;
pub mod starts;
pub mod status;
pub mod suggest;
pub mod sync_file;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod value;
pub mod vars;
pub mod words;
