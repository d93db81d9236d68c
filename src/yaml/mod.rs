//! YAML in and out, with places: the only users of the YAML crates.

pub mod load;

pub use load::{Comment, Loaded, load};
