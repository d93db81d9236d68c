//! What was declared before, in the form of what is remote: so that two versions of the files are
//! compared by the same rules as the files and the platform.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::{Action, Plan, Step, Subject, Verb};
use crate::core::desired::{ConnectionRef, DesiredSync};
use crate::core::diff::FieldChange;
use crate::core::effective::{self, EffectiveValue};
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::platform::Platform;
use crate::core::remote::{Job, RemoteConnection, RemoteSync};
use crate::core::resolve::ResolvedSync;
use crate::core::span::Span;
use crate::core::spec::DestinationSpec;

/// The version of the files that a plan compares with, instead of what is remote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Base {
    /// The revision, as a person named it.
    pub revision: String,
    /// The commit that the checkout and the revision have in common.
    pub commit: String,
    /// Whether all is shown that differs, and not only what paths or selectors choose.
    #[serde(skip)]
    pub is_whole: bool,
    /// The syncs that were declared there, of those that are not declared any more.
    #[serde(skip)]
    pub gone: Vec<(Subject, RemoteSync)>,
}

/// What a sync is known by in both versions: the platform, the server, the project, the destination
/// if that is part of what identifies a sync, and the name.
type Identity<'a> = (Platform, &'a str, &'a str, Option<&'a str>, &'a str);

fn identity(sync: &ResolvedSync) -> Identity<'_> {
    let desired = &sync.desired;
    let destination = desired.platform.identifying(&desired.destination.text);
    (
        desired.platform,
        &sync.server,
        &sync.project_id,
        destination,
        &desired.name.text,
    )
}

fn identity_of(subject: &Subject) -> Identity<'_> {
    (
        subject.platform,
        &subject.server,
        &subject.project_id,
        subject.platform.identifying(&subject.destination),
        &subject.name,
    )
}

/// The syncs that were declared before, and are not declared any more under any name.
pub fn gone<'a>(before: &'a [ResolvedSync], now: &[ResolvedSync]) -> Vec<&'a ResolvedSync> {
    let declared: BTreeSet<Identity<'_>> = now.iter().flat_map(names).collect();
    let syncs = before.iter();
    syncs
        .filter(|sync| !declared.contains(&identity(sync)))
        .collect()
}

/// What a sync is known by, and what it was known by before it was renamed.
fn names(sync: &ResolvedSync) -> impl Iterator<Item = Identity<'_>> {
    let (platform, server, project, destination, name) = identity(sync);
    let old = sync.desired.renamed_from.as_ref().map(|old| &*old.text);
    let names = [Some(name), old].into_iter().flatten();
    names.map(move |name| (platform, server, project, destination, name))
}

impl Plan {
    /// Leaves out what is about none of the chosen syncs, under their names in either version of the
    /// files. What is left was planned with everything in view. `now` is all that is declared now.
    pub fn retain_about(&mut self, chosen: &[Subject], now: &[ResolvedSync]) {
        let mut shown: BTreeSet<_> = chosen.iter().map(identity_of).collect();
        let is_heir = |sync: &&ResolvedSync| names(sync).any(|name| shown.contains(&name));
        let heirs: Vec<_> = now.iter().filter(is_heir).map(identity).collect();
        shown.extend(heirs);
        self.retain(|action| shown.contains(&identity_of(&action.subject)));
        self.unmanaged
            .retain(|subject| shown.contains(&identity_of(subject)));
        let declared = now.iter().filter(|sync| shown.contains(&identity(sync)));
        let acting = self.actions.iter().map(Action::verb);
        let acting = acting.filter(|verb| *verb != Verb::Trigger);
        self.unchanged = declared.count().saturating_sub(acting.count());
    }

    /// Leaves out jobs that are asked for without a change: they are the same in both versions.
    pub fn retain_changes(&mut self) {
        self.retain(|action| action.verb() != Verb::Trigger || !action.after.is_empty());
    }
}

/// A declared sync without a look at any server: names stay names.
pub fn as_spelled(sync: &Arc<DesiredSync>, server: &str, app: Option<&str>) -> ResolvedSync {
    let project = sync.project.as_ref();
    ResolvedSync {
        server: server.to_owned(),
        project_id: project.map(|word| word.text.clone()).unwrap_or_default(),
        project_words: Arc::default(),
        connection: connection(sync, app),
        desired: Arc::clone(sync),
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
pub struct SharedUpdate {
    /// The place that the first of the changed values is inherited from; `None` if it no longer is.
    pub place: Option<Span>,
    /// The indices of the actions: two or more.
    pub actions: Vec<usize>,
}

/// Finds the updates that several syncs inherit. `before` and `now` are the two versions of the syncs.
pub fn shared(
    actions: &[Action],
    before: &[ResolvedSync],
    now: &[ResolvedSync],
) -> Vec<SharedUpdate> {
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
        .map(|((places, ..), actions)| SharedUpdate {
            place: places.first().copied(),
            actions,
        })
        .collect()
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
