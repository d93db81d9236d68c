//! The schemas: how they are extracted, what they accept, and what an editor makes of them.

mod check;
mod destinations;
mod editor;
mod extract;
mod language_server;
