//! Pure values: what is wanted, what is there, and what to do about it.
//!
//! Nothing here does IO, knows of HTTP or YAML, or prints. A test holds that wall.

pub mod code;
pub mod diagnostic;
pub mod remote;
pub mod span;
pub mod spec;
pub mod value;
