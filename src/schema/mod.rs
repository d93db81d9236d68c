//! JSON Schemas of the destinations.
