//! What a push of Infisical does to secrets, as was seen in June 2025.

use serde_json::Value;

use super::own_fields::{
    DISABLE_SECRET_DELETION, INITIAL_SYNC_BEHAVIOR, KEY_SCHEMA, SUBFOLDER_OPTIONS,
};
use crate::core::diff::FieldChange;
use crate::core::fields::{
    CONNECTION_ID, ENVIRONMENT, IS_AUTO_SYNC_ENABLED, SECRET_PATH, SYNC_OPTIONS,
};
use crate::core::normalize::Comparable;
use crate::core::plan::Effect;

fn option<'a>(sync: &'a Comparable, key: &str) -> Option<&'a Value> {
    sync.get(SYNC_OPTIONS)?.get(key)
}

fn keeps_secrets(sync: &Comparable) -> bool {
    option(sync, DISABLE_SECRET_DELETION) == Some(&Value::Bool(true))
}

/// Whether changes push by themselves. The platform fills in true.
pub fn is_auto_synced(sync: &Comparable) -> bool {
    sync.get(IS_AUTO_SYNC_ENABLED) != Some(&Value::Bool(false))
}

/// What the first push of a sync does, which is the one that imports where that is wanted.
pub fn of_first_sync(sync: &Comparable) -> Vec<Effect> {
    let behavior = option(sync, INITIAL_SYNC_BEHAVIOR).and_then(Value::as_str);
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
    let keys = changed(&[SYNC_OPTIONS, KEY_SCHEMA]);
    // No schema and an empty one give the same keys.
    let is_empty = |side: &Option<Value>| side.as_ref().is_none_or(|schema| schema == "");
    let keys = keys.filter(|change| !is_empty(&change.before) || !is_empty(&change.after));
    if let Some(change) = keys {
        effects.push(if is_empty(&change.before) || keeps_secrets(sync) {
            Effect::OldKeysStay
        } else {
            Effect::OldKeysDeleted
        });
    }
    let subfolders = SUBFOLDER_OPTIONS.iter().find_map(|option| {
        let whole = [SYNC_OPTIONS, option];
        changed(&whole).or_else(|| changed(&whole[1..]))
    });
    let is_on = |side: &Option<Value>| side == &Some(Value::Bool(true));
    let takes_fewer = subfolders.is_some_and(|change| is_on(&change.before));
    let takes_more = subfolders.is_some_and(|change| is_on(&change.after));
    let pushes_otherwise = moved
        .or_else(|| changed(&[ENVIRONMENT]))
        .or_else(|| changed(&[SECRET_PATH]))
        .is_some();
    let starts_pushing = changed(&[IS_AUTO_SYNC_ENABLED]).is_some() && is_auto_synced(sync);
    let starts_deleting = changed(&[SYNC_OPTIONS, DISABLE_SECRET_DELETION]).is_some();
    let takes_other_keys = keys.is_some() || takes_more;
    let begins_otherwise = changed(&[SYNC_OPTIONS, INITIAL_SYNC_BEHAVIOR]).is_some();
    if !was_pushed && (pushes_otherwise || starts_pushing || starts_deleting || begins_otherwise) {
        effects.extend(of_first_sync(sync));
    } else if (pushes_otherwise || starts_pushing || starts_deleting || takes_fewer)
        && !keeps_secrets(sync)
    {
        effects.push(Effect::NextSyncDeletes);
    } else if pushes_otherwise || starts_pushing || takes_other_keys {
        effects.push(Effect::NextSyncOverwrites);
    }
    effects
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::of_update;
    use crate::core::diff::FieldChange;
    use crate::core::plan::Effect;

    fn effects(path: &[&str], before: Option<Value>, after: Option<Value>) -> Vec<Effect> {
        let change = FieldChange {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            before,
            after,
        };
        of_update(&serde_json::Map::new(), &[change], true)
    }

    #[test]
    fn without_its_subfolders_a_sync_deletes_what_came_from_them() {
        for path in [
            &["syncOptions", "includeAllSubFolders"][..],
            &["includeAllSubFolders"],
        ] {
            let on = || Some(json!(true));
            assert_eq!(effects(path, on(), None), [Effect::NextSyncDeletes]);
            assert_eq!(
                effects(path, on(), Some(json!(false))),
                [Effect::NextSyncDeletes]
            );
            assert_eq!(effects(path, None, on()), [Effect::NextSyncOverwrites]);
            assert_eq!(effects(path, None, Some(json!(false))), []);
        }
    }

    #[test]
    fn an_empty_key_schema_changes_no_key() {
        let path = &["syncOptions", "keySchema"];
        assert_eq!(effects(path, None, Some(json!(""))), []);
        assert_eq!(effects(path, Some(json!("")), None), []);
        assert_eq!(
            effects(path, Some(json!("X_{{secretKey}}")), Some(json!(""))),
            [Effect::OldKeysDeleted, Effect::NextSyncOverwrites]
        );
    }
}
