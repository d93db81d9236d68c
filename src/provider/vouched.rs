//! A server that was checked.

use crate::http::origin::Origin;

/// A server that a credential may go to. Only [`trust`](super::trust) makes one.
#[derive(Debug)]
pub struct Vouched {
    /// Its address.
    pub(super) origin: Origin,
    /// What it is known by where starts are recorded.
    pub(super) server: String,
}
