//! Tests of checking a plan again.
