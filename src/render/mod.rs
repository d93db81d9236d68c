//! Showing plans, findings and reports: one file a format, all from the same values.

pub mod text;
