//! Infisical.
