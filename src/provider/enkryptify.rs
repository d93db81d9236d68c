//! Enkryptify.
