//! Which part of the projects a run was about.

use crate::core::shard::Shard;

/// Says that other projects were left out.
pub(super) fn note(shard: Shard) -> String {
    format!("Shard {shard}: only projects of this shard.")
}

/// The same where actions are counted.
pub(super) fn note_with_limits(shard: Shard) -> String {
    format!(
        "{} Limits such as --max-deletes count per shard.",
        note(shard)
    )
}
