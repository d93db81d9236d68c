//! YAML in and out, with places: the only users of the YAML crates.

pub mod load;

pub use load::{Comment, Loaded, load};

/// A plain scalar's value by YAML 1.2's core schema; what is no other type is a string.
pub fn plain_scalar(text: &str) -> crate::core::value::Value {
    crate::core::value::Value::String(text.to_owned())
}
