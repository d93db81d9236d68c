//! What only a platform knows about its syncs: values in, values out.
//!
//! The core asks through [`Rules`], and is given them when a plan is made; the platforms' own stand
//! behind their doors.

use super::desired::DesiredSync;
use super::diagnostic::Diagnostic;
use super::diff::FieldChange;
use super::effect::Effect;
use super::normalize::Comparable;

use super::platform::Platform;
use super::spec::DestinationSpec;

/// What only a platform knows about its syncs. By default: every sync that its schema accepts is
/// right, a change pushes by itself, and no push does more than that.
pub trait Rules: Sync {
    /// Reports what is wrong with a sync and its schema cannot say. What is reported has the
    /// severity that its code has by default. The destination is `None` if it is unknown.
    fn lint(
        &self,
        _sync: &DesiredSync,
        _spec: Option<&DestinationSpec>,
        _diagnostics: &mut Vec<Diagnostic>,
    ) {
    }

    /// Which keys at its destination a sync writes and deletes; `None` where that is not known, so
    /// that it is compared with no other.
    fn reach(&self, _spec: &DestinationSpec, _sync: &Comparable) -> Option<Reach> {
        None
    }

    /// How to keep syncs to one place of a destination apart, as full sentences.
    fn separation(&self, _spec: &DestinationSpec) -> String {
        "Choose different destinations.".to_owned()
    }

    /// Whether changes push by themselves.
    fn is_auto_synced(&self, _sync: &Comparable) -> bool {
        true
    }

    /// What the first push of a sync does to secrets.
    fn effects_of_first_sync(&self, _sync: &Comparable) -> Vec<Effect> {
        Vec::new()
    }

    /// What changing a sync does to secrets. `was_pushed` is whether any push went well before.
    fn effects_of_update(
        &self,
        _sync: &Comparable,
        _changes: &[FieldChange],
        _was_pushed: bool,
    ) -> Vec<Effect> {
        Vec::new()
    }
}

/// The keys at its destination that a sync writes and deletes: those that start and end so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Reach {
    /// What every key of it starts with.
    pub prefix: String,
    /// What every key of it ends with.
    pub suffix: String,
    /// Whether it deletes keys of that form that its source does not have.
    pub deletes: bool,
}

impl Reach {
    /// Whether a key can be within the reach of both. Between its ends a key can be anything.
    pub fn meets(&self, other: &Self) -> bool {
        let start = |one: &Self, other: &Self| one.prefix.starts_with(&other.prefix);
        let end = |one: &Self, other: &Self| one.suffix.ends_with(&other.suffix);
        (start(self, other) || start(other, self)) && (end(self, other) || end(other, self))
    }
}

/// Finds the rules of a platform.
pub type RulesOf = fn(Platform) -> &'static dyn Rules;
