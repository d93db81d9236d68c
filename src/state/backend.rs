//! Where the text of a state is kept: a file, an object of a store.

use async_trait::async_trait;

use super::error::StateError;

/// A place that keeps one text.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The place, as people name it.
    fn place(&self) -> &str;

    /// Whether other runs can write while this one does.
    fn is_shared(&self) -> bool;

    /// How a damaged text can be restored, as a full sentence.
    fn remedy(&self) -> String;

    /// The text; `None` if nothing is stored.
    async fn read(&self) -> Result<Option<Stored>, StateError>;

    /// Puts a text there, but only in the place of the version that was read; without one, only
    /// where there is nothing.
    async fn write(&self, text: String, replaced: Option<&Version>) -> Result<Version, WriteError>;
}

/// A text as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The text.
    pub text: String,
    /// Which version of it.
    pub version: Version,
}

/// What distinguishes versions of a text, in the store's own words. Empty if nothing
/// else can write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The entity tag.
    pub e_tag: Option<String>,
    /// The number or name of the version.
    pub version: Option<String>,
}

/// Why a text was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// Another run has written since.
    Conflict,
    /// It may have been written all the same.
    Doubtful(StateError),
    /// It was surely not written.
    Failed(StateError),
}
