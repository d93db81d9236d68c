//! What a push of Infisical does to secrets, as was seen in June 2025.

use serde_json::Value;

use crate::core::diff::FieldChange;
use crate::core::fields::{CONNECTION_ID, ENVIRONMENT, SECRET_PATH};
use crate::core::normalize::Comparable;
use crate::core::plan::Effect;

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
