//! YAML in and out, with places: the only users of the YAML crates.
//!
//! [`load()`] reads a text in passes: `build` turns the parser's events into
//! positioned values, and if an unquoted template broke the syntax,
//! `template` finds it and the text is read again as if it had been quoted,
//! so that one such mistake does not hide the next.
//!
//! [`to_string`] writes a value, and [`insert`] adds entries to a text that people wrote.

mod alias;
mod compose;
mod emit;
mod frame;
pub mod insert;
pub mod load;
mod loaded;
mod message;
mod offset;
mod repair;
mod scalar;
mod syntax;
mod template;
mod written;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use emit::{comment, modeline, to_string};
pub use load::load;
pub use loaded::{Comment, Parsed};

/// A plain scalar's value by YAML 1.2's core schema; a number that cannot be held exactly stays a string.
pub fn plain_scalar(text: &str) -> crate::core::value::Value {
    scalar::plain(text).unwrap_or_else(|_| crate::core::value::Value::String(text.to_owned()))
}
