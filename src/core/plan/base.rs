//! What was declared before, in the form of what is remote: so that two versions of the files are
//! compared by the same rules as the files and the platform.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Action, Step};
use crate::core::desired::{ConnectionRef, DesiredSync};
use crate::core::diff::FieldChange;
use crate::core::effective::{self, EffectiveValue};
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::remote::{Job, RemoteConnection, RemoteSync};
use crate::core::resolve::ResolvedSync;
use crate::core::span::Span;
use crate::core::spec::DestinationSpec;

/// The version of the files that a plan compares with, instead of what is remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Base {
    /// The revision, as a person named it.
    pub revision: String,
    /// The commit that the checkout and the revision have in common.
    pub commit: String,
}

/// A declared sync without a look at any server: names stay names.
pub fn as_spelled(sync: &DesiredSync, server: &str, app: Option<&str>) -> ResolvedSync {
    let project = sync.project.as_ref();
    ResolvedSync {
        server: server.to_owned(),
        project_id: project.map(|word| word.text.clone()).unwrap_or_default(),
        connection: connection(sync, app),
        desired: sync.clone(),
    }
}

/// The connection that a file names, with its name as its id.
fn connection(sync: &DesiredSync, app: Option<&str>) -> Option<RemoteConnection> {
    let (reference, _) = sync.connection.as_ref()?;
    let (id, name) = match reference {
        ConnectionRef::Id(id) => (id.to_ascii_lowercase(), String::new()),
        ConnectionRef::Name(name, None) => (name.clone(), name.clone()),
        ConnectionRef::Name(name, Some(scope)) => {
            (format!("{name} ({})", scope.word()), name.clone())
        }
    };
    Some(RemoteConnection {
        id,
        name,
        app: app.unwrap_or_default().to_owned(),
        project_id: None,
    })
}

/// A sync that was declared before, as if it existed as declared and worked.
pub fn as_remote(sync: &ResolvedSync, spec: Option<&DestinationSpec>) -> RemoteSync {
    let desired = &sync.desired;
    let mut fields = desired.fields_as_json();
    fields.retain(|_, value| !value.is_null());
    let mut text = |key: &str| match fields.shift_remove(key) {
        Some(serde_json::Value::String(text)) => Some(text),
        _ => None,
    };
    let (environment, secret_path) = (text(ENVIRONMENT), text(SECRET_PATH));
    let name = &desired.name.text;
    RemoteSync {
        id: format!("{}/{name}", desired.destination.text),
        name: name.clone(),
        destination: spec
            .map_or(&desired.destination.text, |spec| &spec.slug)
            .clone(),
        project_id: sync.project_id.clone(),
        connection: sync.connection.clone().unwrap_or_default(),
        environment,
        secret_path,
        fields,
        created_at: None,
        updated_at: None,
        sync_job: Job {
            at: Some("before".to_owned()),
            ..Job::default()
        },
        import_job: Job::default(),
        remove_job: Job::default(),
    }
}

/// Updates that are the same in several syncs, which inherit what changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The place that the first of the changed values is inherited from; `None` if it no longer is.
    pub place: Option<Span>,
    /// The indices of the actions: two or more.
    pub actions: Vec<usize>,
}

/// Finds the updates that several syncs inherit. `before` and `now` are the two versions of the syncs.
pub fn shared(actions: &[Action], before: &[ResolvedSync], now: &[ResolvedSync]) -> Vec<Shared> {
    let before: BTreeMap<_, _> = before.iter().map(|sync| (identity(sync), sync)).collect();
    let now: BTreeMap<_, _> = now.iter().map(|sync| (sync.desired.key, sync)).collect();
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, action) in actions.iter().enumerate() {
        let sync = action.place.and_then(|place| now.get(&place));
        let (Some(sync), Step::Update(_)) = (sync, &action.step) else {
            continue;
        };
        let earlier = before.get(&identity(sync));
        let Some(places) = inherited(action, sync, earlier.copied()) else {
            continue;
        };
        let effects: Vec<&str> = action.effects.iter().map(|effect| effect.word()).collect();
        let changes = serde_json::to_string(&action.changes).unwrap_or_default();
        let same = (places, &action.subject.destination, changes, effects);
        groups.entry(same).or_default().push(index);
    }
    let groups = groups.into_iter().filter(|(_, actions)| actions.len() > 1);
    groups
        .map(|((places, ..), actions)| Shared {
            place: places.first().copied(),
            actions,
        })
        .collect()
}

/// What a sync has in both versions.
fn identity(sync: &ResolvedSync) -> (&str, &str, &str) {
    let provider = &sync.desired.provider.text;
    (provider, &sync.project_id, &sync.desired.name.text)
}

/// Where the changed values are inherited from, as far as they still are; `None` if one of them is
/// the sync's own.
fn inherited(
    action: &Action,
    now: &ResolvedSync,
    before: Option<&ResolvedSync>,
) -> Option<Vec<Span>> {
    let origins = effective::values(&now.desired);
    let earlier = before.map(|sync| effective::values(&sync.desired));
    let mut places = Vec::new();
    for change in action.changes.iter().flat_map(FieldChange::leaves) {
        let path = change.dotted();
        let is_here = |origin: &&EffectiveValue| origin.path == path;
        match origins.iter().find(is_here) {
            Some(origin) if origin.is_inherited => {
                places.extend(origin.place.map(Span::in_no_cell));
            }
            Some(_) => return None,
            None => {
                let mut earlier = earlier.iter().flatten();
                earlier.find(is_here).filter(|origin| origin.is_inherited)?;
            }
        }
    }
    Some(places)
}
