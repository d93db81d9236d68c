//! What only a platform knows about its syncs: values in, values out.
//!
//! The core asks through [`Rules`], and is given them when a plan is made; the platforms' own stand
//! behind their doors.

use super::desired::DesiredSync;
use super::diagnostic::Diagnostic;
use super::diff::FieldChange;
use super::normalize::Comparable;
use super::plan::Effect;
use super::platform::Platform;
use super::same_destination::Reach;
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

/// Finds the rules of a platform.
pub type RulesOf = fn(Platform) -> &'static dyn Rules;
