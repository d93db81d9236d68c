//! A destination and its schema, ready to check syncs.

use std::sync::Arc;

use super::schema_file::SchemaFile;
use super::validate::checker::Checker;
use crate::core::platform::Platform;
use crate::core::spec::DestinationSpec;

/// One destination: what is known about it, and what a sync to it must look like.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The destination as plain data.
    pub spec: DestinationSpec,
    /// The platform.
    pub provider: Platform,
    /// Where its schema comes from.
    pub origin: SchemaSource,
    /// The schema file's content.
    pub file: SchemaFile,
    pub(super) checker: Arc<Checker>,
}

/// Where a schema comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaSource {
    /// From the program itself.
    Bundled,
    /// From the workspace's `.secsync/schemas/`, at least in part.
    Pulled,
}

impl SchemaSource {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bundled => "bundled",
            Self::Pulled => "pulled",
        }
    }
}
