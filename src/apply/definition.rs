//! The definition of a sync, so that a person can bring it back.

use serde_json::{Map, Value};

use crate::core::fields::{CONNECTION, CONNECTION_ID, DESTINATION, PROJECT_ID};
use crate::core::normalize;
use crate::core::remote::RemoteSync;

/// The definition of a sync as YAML, with the sync's name as its key, as sync files have it.
pub fn definition(sync: &RemoteSync) -> String {
    let mut fields = Map::new();
    fields.insert(DESTINATION.to_owned(), sync.destination.clone().into());
    fields.insert(PROJECT_ID.to_owned(), sync.project_id.clone().into());
    let mut declarable = normalize::declarable(sync);
    if !sync.connection.name.is_empty() {
        declarable.shift_remove(CONNECTION_ID);
        fields.insert(CONNECTION.to_owned(), sync.connection.name.clone().into());
    }
    fields.extend(declarable.into_iter().filter(|(_, value)| !value.is_null()));
    let named = Map::from_iter([(sync.name.clone(), Value::Object(fields))]);
    crate::yaml::to_string(&Value::Object(named))
}
