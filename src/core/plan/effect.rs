//! What an action does besides what it is for: to secrets at the destination, or at the source.
//!
//! What the platform does was seen on Infisical, June 2025.

use serde_json::Value;

use crate::core::diff::FieldChange;
use crate::core::fields::{CONNECTION_ID, ENVIRONMENT, SECRET_PATH};
use crate::core::normalize::Comparable;

/// Something that a reviewer must know before saying yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The first push deletes what the destination has and the source has not.
    FirstSyncDeletes,
    /// The first push overwrites what the destination has, and deletes nothing.
    FirstSyncOverwrites,
    /// The next push deletes what the destination has and the source has not.
    NextSyncDeletes,
    /// The next push overwrites what the destination has there, and deletes nothing.
    NextSyncOverwrites,
    /// The secrets under their old keys are deleted at the destination.
    OldKeysDeleted,
    /// The secrets under their old keys stay at the destination.
    OldKeysStay,
    /// What was pushed to the old place stays there.
    OldPlaceKeepsSecrets,
    /// The first sync imports the destination's secrets into the source, and the source wins.
    ImportsNewIntoSource,
    /// The first sync imports the destination's secrets into the source, and overwrites it.
    ImportOverwritesSource,
    /// Nothing is pushed, as auto-sync is off and nothing triggers a job.
    NotPushed,
    /// The sync's secrets are removed from the destination.
    SecretsRemoved,
    /// The sync's secrets stay at the destination.
    SecretsStay,
}

impl Effect {
    /// What happens, as a full sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::FirstSyncDeletes => {
                "The first sync overwrites the destination's secrets, and deletes those that the \
                 source has not."
            }
            Self::FirstSyncOverwrites => {
                "The first sync overwrites secrets at the destination that have the same keys."
            }
            Self::NextSyncDeletes => {
                "The next sync overwrites the destination's secrets, and deletes those that the \
                 source has not."
            }
            Self::NextSyncOverwrites => {
                "The next sync overwrites secrets at the destination that have the same keys."
            }
            Self::OldKeysDeleted => {
                "The next sync deletes the secrets under their old keys at the destination."
            }
            Self::OldKeysStay => "The secrets under their old keys stay at the destination.",
            Self::OldPlaceKeepsSecrets => "What was pushed to the old place stays there.",
            Self::ImportsNewIntoSource => {
                "The first sync imports secrets from the destination into the source."
            }
            Self::ImportOverwritesSource => {
                "The first sync imports secrets from the destination and overwrites those of the source."
            }
            Self::NotPushed => {
                "Auto-sync is off and nothing triggers a job: no secret is pushed until someone does."
            }
            Self::SecretsRemoved => "Its secrets are removed from the destination.",
            Self::SecretsStay => "Its secrets stay at the destination.",
        }
    }

    /// The stable word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FirstSyncDeletes => "first-sync-deletes",
            Self::FirstSyncOverwrites => "first-sync-overwrites",
            Self::NextSyncDeletes => "next-sync-deletes",
            Self::NextSyncOverwrites => "next-sync-overwrites",
            Self::OldKeysDeleted => "old-keys-deleted",
            Self::OldKeysStay => "old-keys-stay",
            Self::OldPlaceKeepsSecrets => "old-place-keeps-secrets",
            Self::ImportsNewIntoSource => "imports-new-into-source",
            Self::ImportOverwritesSource => "import-overwrites-source",
            Self::NotPushed => "not-pushed",
            Self::SecretsRemoved => "secrets-removed",
            Self::SecretsStay => "secrets-stay",
        }
    }

    /// Whether secrets are deleted, or overwritten at the source. That a push overwrites what it
    /// finds at the destination is what it is for.
    pub const fn is_destructive(self) -> bool {
        matches!(
            self,
            Self::FirstSyncDeletes
                | Self::NextSyncDeletes
                | Self::OldKeysDeleted
                | Self::ImportOverwritesSource
                | Self::SecretsRemoved
        )
    }
}

fn option<'a>(sync: &'a Comparable, key: &str) -> Option<&'a Value> {
    sync.get("syncOptions")?.get(key)
}

fn keeps_secrets(sync: &Comparable) -> bool {
    option(sync, "disableSecretDeletion") == Some(&Value::Bool(true))
}

/// Whether changes push by themselves. The platform fills in true.
pub fn is_auto_synced(sync: &Comparable) -> bool {
    sync.get("isAutoSyncEnabled") != Some(&Value::Bool(false))
}

/// What creating a sync does besides.
pub fn of_create(sync: &Comparable, is_triggered: bool) -> Vec<Effect> {
    if !is_auto_synced(sync) && !is_triggered {
        return vec![Effect::NotPushed];
    }
    of_first_sync(sync)
}

/// What a job that is asked for does, where no push went well before. What was `told` already, of
/// a change that it follows, is not told again.
pub fn of_trigger(was_pushed: bool, sync: &Comparable, told: &[Effect]) -> Vec<Effect> {
    if was_pushed {
        return Vec::new();
    }
    let mut effects = of_first_sync(sync);
    effects.retain(|effect| !told.contains(effect));
    effects
}

/// What the first push of a sync does, which is the one that imports where that is wanted.
pub fn of_first_sync(sync: &Comparable) -> Vec<Effect> {
    let behavior = option(sync, "initialSyncBehavior").and_then(Value::as_str);
    match behavior {
        // What was imported is in the source then, so nothing is deleted.
        Some("import-prioritize-source") => {
            vec![Effect::ImportsNewIntoSource, Effect::FirstSyncOverwrites]
        }
        Some("import-prioritize-destination") => vec![Effect::ImportOverwritesSource],
        Some("overwrite-destination") if keeps_secrets(sync) => {
            vec![Effect::FirstSyncOverwrites]
        }
        Some("overwrite-destination") => vec![Effect::FirstSyncDeletes],
        _ => Vec::new(),
    }
}

/// What changing a sync does besides. `was_pushed` is whether any push went well before.
pub fn of_update(sync: &Comparable, changes: &[FieldChange], was_pushed: bool) -> Vec<Effect> {
    let changed = |prefix: &[&str]| {
        changes.iter().find(|change| {
            change
                .path
                .iter()
                .zip(prefix)
                .all(|(key, wanted)| key == wanted)
        })
    };
    let mut effects = Vec::new();
    let moved = changed(&["destinationConfig"]).or_else(|| changed(&[CONNECTION_ID]));
    if moved.is_some() {
        effects.push(Effect::OldPlaceKeepsSecrets);
    }
    if let Some(change) = changed(&["syncOptions", "keySchema"]) {
        effects.push(match change.before {
            Some(_) if !keeps_secrets(sync) => Effect::OldKeysDeleted,
            _ => Effect::OldKeysStay,
        });
    }
    let pushes_otherwise = moved
        .or_else(|| changed(&[ENVIRONMENT]))
        .or_else(|| changed(&[SECRET_PATH]))
        .is_some();
    let starts_pushing = changed(&["isAutoSyncEnabled"]).is_some() && is_auto_synced(sync);
    let starts_deleting = changed(&["syncOptions", "disableSecretDeletion"]).is_some();
    let takes_other_keys = changed(&["syncOptions", "keySchema"]).is_some();
    let begins_otherwise = changed(&["syncOptions", "initialSyncBehavior"]).is_some();
    if !was_pushed && (pushes_otherwise || starts_pushing || starts_deleting || begins_otherwise) {
        effects.extend(of_first_sync(sync));
    } else if (pushes_otherwise || starts_pushing || starts_deleting) && !keeps_secrets(sync) {
        effects.push(Effect::NextSyncDeletes);
    } else if pushes_otherwise || starts_pushing || takes_other_keys {
        effects.push(Effect::NextSyncOverwrites);
    }
    effects
}

/// What deleting a sync does besides.
pub fn of_delete(remove_secrets: bool) -> Effect {
    if remove_secrets {
        Effect::SecretsRemoved
    } else {
        Effect::SecretsStay
    }
}
