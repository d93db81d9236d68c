//! Making a plan from the declared and the remote syncs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::action::{Action, Blocked, Create, DeleteReason, Step, Subject, Update, Verb};
use super::{Effect, Failing, Keeper, Kept, Plan, UnknownField, effect, names, shown};
use crate::core::alike;
use crate::core::desired::{DesiredSync, Ensure, OnDelete, Trigger};
use crate::core::diff::{self, Difference};
use crate::core::fields::{CONNECTION_ID, NAME, PROJECT_ID};
use crate::core::ignore;
use crate::core::normalize::{self, Comparable};
use crate::core::platform::Platform;
use crate::core::remote::RemoteSync;
use crate::core::resolve::ResolvedSync;
use crate::core::rules::{Rules, RulesOf};
use crate::core::select::{NamePatterns, Selection};
use crate::core::shard::Shard;
use crate::core::spec::{DestinationSpec, Specs};
use crate::core::starts::{Start, Starts};

/// A project on a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectKey {
    /// The provider's name in the files.
    pub provider: String,
    /// Which platform it is.
    pub platform: Platform,
    /// The origin of its server.
    pub server: String,
    /// The project's id.
    pub project_id: String,
}

impl ProjectKey {
    /// The project of a sync.
    pub fn of(sync: &ResolvedSync) -> Self {
        Self {
            provider: sync.desired.provider.text.clone(),
            platform: sync.desired.platform,
            server: sync.server.clone(),
            project_id: sync.project_id.clone(),
        }
    }

    /// The project of what an action is about.
    pub fn of_subject(subject: &Subject) -> Self {
        Self {
            provider: subject.provider.clone(),
            platform: subject.platform,
            server: subject.server.clone(),
            project_id: subject.project_id.clone(),
        }
    }
}

/// What decides what a plan may do.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Whether what is not declared is deleted.
    pub prune: bool,
    /// Names that are never deleted or replaced.
    pub protect: NamePatterns,
    /// Names that are not counted as unmanaged, and never pruned.
    pub ignore: NamePatterns,
    /// The syncs that actions may be about.
    pub selection: Selection,
    /// Names that are sent whole, whether or not they differ.
    pub resend: NamePatterns,
    /// The part of the projects that was looked at; `None` for all.
    pub shard: Option<Shard>,
    /// The syncs that other files of the workspace declare: by server and id of their project, and name.
    pub elsewhere: BTreeSet<(String, String, String)>,
}

/// All that a plan is made of.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// What is wanted.
    pub syncs: &'a [ResolvedSync],
    /// The remote syncs of each project that the files name and that can be read.
    pub remote: &'a BTreeMap<ProjectKey, Vec<RemoteSync>>,
    /// How the files spell projects that they name without a sync in them.
    pub labels: &'a BTreeMap<ProjectKey, String>,
    /// The destinations that the syncs go to.
    pub specs: &'a Specs,
    /// What is recorded of starts.
    pub starts: &'a Starts,
    /// What each platform knows about its syncs.
    pub rules: RulesOf,
    /// What the plan may do.
    pub policy: &'a Policy,
}

/// The end of a job moves `updatedAt`, too, some milliseconds after `lastSyncedAt`
/// (2 to 10 ms in recorded exchanges). So much later still counts as the same moment.
const SAME_MOMENT: SignedDuration = SignedDuration::from_secs(2);

/// Makes a plan. The order of the inputs makes no difference.
pub fn build(inputs: &Inputs<'_>) -> Plan {
    let mut plan = Plan {
        shard: inputs.policy.shard,
        ..Plan::default()
    };
    for contents in by_place(inputs) {
        let mut project = Project {
            inputs,
            remote: contents.remote,
            plan: &mut plan,
        };
        let heirs = project.plan_declared(&contents.syncs);
        project.plan_undeclared(&contents.syncs, &heirs);
    }
    plan.in_order_of_names()
}

/// Where a name means one sync: the platform, the origin of the server, the project's id, and the
/// destination if that is part of what identifies a sync.
type Place<'a> = (Platform, &'a str, &'a str, Option<&'a str>);

/// The declared and the remote syncs of one place.
#[derive(Default)]
struct Contents<'a> {
    /// What is declared, by name.
    syncs: Vec<&'a ResolvedSync>,
    /// The remote syncs by name.
    remote: BTreeMap<&'a str, Seen<'a>>,
}

/// A remote sync.
#[derive(Clone, Copy)]
struct Seen<'a> {
    /// The project, with the provider that read it.
    key: &'a ProjectKey,
    sync: &'a RemoteSync,
}

impl Contents<'_> {
    /// The first of the providers that declare or see something.
    fn provider(&self) -> Option<&str> {
        let declaring = self.syncs.iter().map(|sync| &sync.desired.provider.text);
        let seeing = self.remote.values().map(|seen| &seen.key.provider);
        declaring.chain(seeing).min().map(String::as_str)
    }
}

/// Sorts everything by place. Two providers can be two identities on one server: what either
/// declares is declared, and a name that either sees is taken.
fn by_place<'a>(inputs: &Inputs<'a>) -> Vec<Contents<'a>> {
    let mut projects: BTreeMap<Place<'a>, Contents<'a>> = BTreeMap::new();
    for sync in inputs.syncs {
        let platform = sync.desired.platform;
        let destination = platform.identifying(&sync.desired.destination.text);
        let place = (platform, &*sync.server, &*sync.project_id, destination);
        projects.entry(place).or_default().syncs.push(sync);
    }
    for (key, syncs) in inputs.remote {
        for sync in syncs {
            let destination = key.platform.identifying(&sync.destination);
            let place = (key.platform, &*key.server, &*key.project_id, destination);
            let seen = &mut projects.entry(place).or_default().remote;
            seen.entry(&sync.name).or_insert(Seen { key, sync });
        }
    }
    for contents in projects.values_mut() {
        contents
            .syncs
            .sort_by_key(|sync| (&sync.desired.name.text, &sync.desired.destination.text));
    }
    let mut projects: Vec<_> = projects.into_iter().collect();
    projects.sort_by(|(one_place, one), (other_place, other)| {
        (one.provider(), one_place).cmp(&(other.provider(), other_place))
    });
    projects.into_iter().map(|(_, contents)| contents).collect()
}

/// Plans within one place.
struct Project<'a> {
    inputs: &'a Inputs<'a>,
    /// The remote syncs by name.
    remote: BTreeMap<&'a str, Seen<'a>>,
    plan: &'a mut Plan,
}

impl<'a> Project<'a> {
    fn find(&self, name: &str) -> Option<&'a RemoteSync> {
        self.remote.get(name).map(|seen| seen.sync)
    }

    /// Plans what the files declare, and returns the names that renames free, each with the name
    /// that comes after it.
    fn plan_declared<'b>(&mut self, syncs: &[&'b ResolvedSync]) -> BTreeMap<&'b str, &'b str> {
        let desired: Vec<&'b DesiredSync> = syncs.iter().map(|sync| &*sync.desired).collect();
        let acting: BTreeSet<usize> = names::acting(&desired, &|name| self.find(name).is_some())
            .into_iter()
            .collect();
        let heirs: BTreeMap<&'b str, &'b str> = acting
            .iter()
            .map(|index| desired[*index])
            .filter_map(|sync| {
                Some((
                    sync.renamed_from.as_ref()?.text.as_str(),
                    sync.name.text.as_str(),
                ))
            })
            .collect();
        let first = self.plan.actions.len();
        for (index, sync) in syncs.iter().enumerate() {
            if !self.inputs.policy.selection.matches(*sync) {
                continue;
            }
            let name = sync.desired.name.text.as_str();
            let old_name = sync
                .desired
                .renamed_from
                .as_ref()
                .map(|old| old.text.as_str());
            let found = match old_name.filter(|_| acting.contains(&index)) {
                Some(old) => self.find(old),
                None => self.find(name).filter(|_| !heirs.contains_key(name)),
            };
            match sync.desired.ensure {
                _ if !sync.desired.platform.reads_back() => self.plan_start(sync),
                Ensure::Absent => self.plan_absent(sync, found),
                Ensure::Present => self.plan_present(sync, found),
            }
        }
        names::block_names_never_freed(&mut self.plan.actions, first, &heirs);
        names::order(&mut self.plan.actions, first);
        heirs
    }

    fn push(&mut self, sync: &ResolvedSync, step: Step) -> &mut Action {
        self.plan.actions.push(Action {
            subject: Subject::of(sync),
            place: Some(sync.desired.key),
            step,
            changes: Vec::new(),
            effects: Vec::new(),
            after: Vec::new(),
        });
        let last = self.plan.actions.len() - 1;
        &mut self.plan.actions[last]
    }

    fn block(&mut self, sync: &ResolvedSync, wanted: Verb, reason: Blocked) -> &mut Action {
        self.push(sync, Step::Blocked { wanted, reason })
    }

    fn plan_start(&mut self, sync: &ResolvedSync) {
        match (sync.desired.ensure, self.inputs.starts.of(sync)) {
            (Ensure::Present, None) => {
                self.block(sync, Verb::Start, Blocked::NoState);
            }
            (Ensure::Present, Some(None)) => {
                self.push(sync, Step::Start);
            }
            (Ensure::Present, Some(Some(Start::Unknown))) => {
                self.block(sync, Verb::Start, Blocked::StartUnknown);
            }
            (Ensure::Absent, Some(Some(_))) => {
                self.block(sync, Verb::Delete, Blocked::NotDeletable);
            }
            (Ensure::Absent, None) => {
                self.block(sync, Verb::Delete, Blocked::NoState);
            }
            (Ensure::Present, Some(Some(Start::Done { .. }))) | (Ensure::Absent, Some(None)) => {
                self.plan.unchanged += 1;
            }
        }
    }

    fn plan_absent(&mut self, sync: &ResolvedSync, found: Option<&RemoteSync>) {
        let Some(remote) = found else {
            self.plan.unchanged += 1;
            return;
        };
        let remove_secrets = sync.desired.on_delete == OnDelete::RemoveSecrets;
        if remote.destination != sync.desired.destination.text {
            let found = Blocked::OtherDestination(remote.destination.clone());
            self.block(sync, Verb::Delete, found);
        } else if self.is_protected(sync) {
            self.block(sync, Verb::Delete, Blocked::Protected);
        } else if remove_secrets && remote.remove_job.is_going() {
            self.plan.unchanged += 1;
        } else if remove_secrets && has_lost_source(sync.desired.platform, remote) {
            self.block(sync, Verb::Delete, Blocked::SourceFolderGone);
        } else {
            let step = Step::Delete {
                old: Box::new(remote.clone()),
                remove_secrets,
                reason: DeleteReason::EnsureAbsent,
            };
            self.push(sync, step)
                .effects
                .push(effect::of_delete(remove_secrets));
        }
    }

    fn is_protected(&self, sync: &ResolvedSync) -> bool {
        sync.desired.protect || self.inputs.policy.protect.matches(&sync.desired.name.text)
    }

    fn plan_present(&mut self, sync: &ResolvedSync, found: Option<&RemoteSync>) {
        let Some(spec) = self.inputs.specs.of(&sync.desired).cloned() else {
            return;
        };
        let connection = sync.connection.as_ref();
        let connection_id = connection.map(|connection| connection.id.as_str());
        if let Some(remote) = found.filter(|remote| self.is_surely_unchanged(sync, &spec, remote)) {
            let unknown = normalize::unknown(&spec, remote);
            count(sync, &unknown, &mut self.plan.unknown);
            self.plan_unchanged(sync, remote, &Comparable::new());
            return;
        }
        let patterns = sync.desired.ignore_remote.iter();
        let there = found.map(normalize::declarable).unwrap_or_default();
        let known = spec;
        let mut declared = sync.desired.fields_as_json();
        let patterns = patterns.map(|word| word.text.as_str());
        let spec = ignore::ignoring(&known, patterns, &there, &declared);
        // The fields that a request can carry, as declared.
        declared.extend(connection_id.map(|id| (CONNECTION_ID.to_owned(), id.into())));
        let expected = normalize::comparable(&spec.create, declared.clone());
        let unknown = found.map_or_else(Vec::new, |remote| normalize::unknown(&spec, remote));
        count(sync, &unknown, &mut self.plan.unknown);
        count(sync, &spec.create.unread(&declared), &mut self.plan.unread);
        match found {
            Some(remote) if remote.destination == sync.desired.destination.text => {
                self.plan_update(sync, &spec, remote, &declared, expected);
            }
            Some(remote) => {
                let mut create = create(sync, &spec, declared, expected);
                // What no schema knows and the sync leaves to others goes on to the new sync.
                for field in normalize::unknown(&known, remote) {
                    if let Some(value) = there.get(&field).filter(|_| spec.create.names(&field)) {
                        create.body.insert(field, value.clone());
                    }
                }
                self.plan_replace(sync, remote, create, unknown);
            }
            None => {
                let create = create(sync, &spec, declared, expected);
                match spec.create.missing_unread(&create.body) {
                    missing if missing.is_empty() => self.push_new(sync, create, None),
                    missing => {
                        let changes = shown::of_create(&create);
                        self.block(sync, Verb::Create, Blocked::NotReadBack(missing))
                            .changes = changes;
                    }
                }
            }
        }
    }

    /// Whether a sync needs no closer look. What it is triggered for depends on its fields.
    fn is_surely_unchanged(
        &self,
        sync: &ResolvedSync,
        spec: &DestinationSpec,
        remote: &RemoteSync,
    ) -> bool {
        let desired = &sync.desired;
        let connection = sync.connection.as_ref();
        let connection_id = connection.map(|connection| connection.id.as_str());
        remote.name == desired.name.text
            && remote.destination == desired.destination.text
            && desired.ignore_remote.is_empty()
            && desired.trigger == Trigger::Never
            && !self.inputs.policy.resend.matches(&desired.name.text)
            && alike::surely(spec, desired, connection_id, remote)
    }

    /// What the platform of a sync knows about it.
    fn rules(&self, sync: &DesiredSync) -> &'static dyn Rules {
        (self.inputs.rules)(sync.platform)
    }

    /// `unknown` has what a new sync would not have, as no file can declare it.
    fn plan_replace(
        &mut self,
        sync: &ResolvedSync,
        remote: &RemoteSync,
        create: Create,
        unknown: Vec<String>,
    ) {
        let desired = &sync.desired;
        let remove_secrets = desired.on_delete == OnDelete::RemoveSecrets;
        let missing = create.spec.create.missing_unread(&create.body);
        let reason = if self.is_protected(sync) || self.inputs.policy.protect.matches(&remote.name)
        {
            Some(Blocked::Protected)
        } else if remote.remove_job.is_going() {
            Some(Blocked::BeingRemoved)
        } else if remove_secrets && has_lost_source(desired.platform, remote) {
            Some(Blocked::SourceFolderGone)
        } else if !unknown.is_empty() {
            Some(Blocked::UnknownFields(unknown))
        } else if !missing.is_empty() {
            Some(Blocked::NotReadBack(missing))
        } else {
            None
        };
        if let Some(reason) = reason {
            let changes = shown::of_move(remote, &desired.destination.text, &desired.name.text);
            self.block(sync, Verb::Replace, reason).changes = changes;
        } else {
            self.push_new(sync, create, Some((remote, remove_secrets)));
        }
    }

    /// Adds what makes a sync, and before that deletes the one in its place, perhaps with the
    /// secrets that it pushed.
    fn push_new(
        &mut self,
        sync: &ResolvedSync,
        new: Create,
        in_place_of: Option<(&RemoteSync, bool)>,
    ) {
        let desired = &sync.desired;
        let is_triggered = desired.trigger != Trigger::Never;
        let is_auto_synced = self.rules(desired).is_auto_synced(&new.expected);
        let (mut changes, mut effects) = (Vec::new(), Vec::new());
        if let Some((old, remove_secrets)) = in_place_of {
            changes = shown::of_move(old, &desired.destination.text, &desired.name.text);
            effects.push(effect::of_delete(remove_secrets));
        }
        changes.extend(shown::of_create(&new));
        effects.extend(effect::of_create(
            self.rules(desired),
            &new.expected,
            is_triggered,
        ));
        let old_name = desired.renamed_from.as_ref();
        if in_place_of.is_none() && old_name.is_some_and(|old| self.find(&old.text).is_some()) {
            effects.push(Effect::StaleRename);
        }
        let step = match in_place_of {
            None => Step::Create(new),
            Some((old, remove_secrets)) => Step::Replace {
                old: Box::new(old.clone()),
                remove_secrets,
                new,
            },
        };
        let action = self.push(sync, step);
        action.effects = effects;
        action.changes = changes;
        if is_triggered && !is_auto_synced {
            self.push_trigger(sync, None);
        }
    }

    fn plan_update(
        &mut self,
        sync: &ResolvedSync,
        spec: &Arc<DestinationSpec>,
        remote: &RemoteSync,
        declared: &Map<String, Value>,
        expected: Comparable,
    ) {
        let before = normalize::remote(spec, remote);
        let difference = diff::compare(&spec.create, &expected, &before);
        count(sync, &difference.unknown, &mut self.plan.unknown);
        let name = &sync.desired.name.text;
        let connection = connection_name(sync);
        let mut changes =
            shown::of_update(remote, name, connection.as_deref(), &difference.changes);
        let is_resent = self.inputs.policy.resend.matches(name);
        if changes.is_empty() && !is_resent {
            self.plan_unchanged(sync, remote, &expected);
            return;
        }
        let patch = if remote.remove_job.is_going() {
            Err(Blocked::BeingRemoved)
        } else {
            let there = normalize::declarable(remote);
            diff::patch(spec, &difference, declared, &there)
                .map_err(Blocked::NotChangeable)
                .and_then(|mut patch| {
                    if is_resent {
                        for (key, value) in diff::whole(spec, declared, &there) {
                            patch.entry(key).or_insert(value);
                        }
                    }
                    match not_sendable(spec, &difference, &patch) {
                        Some(reason) => Err(reason),
                        None => Ok(patch),
                    }
                })
        };
        let mut body = match patch {
            Ok(patch) => patch,
            Err(reason) => {
                self.block(sync, Verb::Update, reason).changes = changes;
                return;
            }
        };
        shown::spell_out(&mut changes, &body, declared);
        if remote.name != *name {
            body.insert(NAME.to_owned(), name.clone().into());
        }
        let was_pushed = remote.was_pushed();
        let rules = self.rules(&sync.desired);
        let mut effects = rules.effects_of_update(&expected, &difference.changes, was_pushed);
        effects.extend(effect::of_sending(spec, &body, is_resent));
        let of_trigger = effect::of_trigger(rules, was_pushed, &expected, &effects);
        let is_auto_synced = rules.is_auto_synced(&expected);
        let step = Step::Update(Update {
            old: Box::new(remote.clone()),
            body,
            connection,
            expected,
            before,
            is_resent,
            ignored: ignored(sync),
            spec: Arc::clone(spec),
        });
        let action = self.push(sync, step);
        action.changes = changes;
        action.effects = effects;
        if sync.desired.trigger != Trigger::Never && !is_auto_synced {
            self.push_trigger(sync, Some(remote)).effects = of_trigger;
        }
    }

    fn plan_unchanged(&mut self, sync: &ResolvedSync, remote: &RemoteSync, expected: &Comparable) {
        self.plan.unchanged += 1;
        let rules = self.rules(&sync.desired);
        let is_due = match sync.desired.trigger {
            Trigger::Never => false,
            Trigger::OnChange => {
                !rules.is_auto_synced(expected)
                    && is_push_due(sync.desired.platform, remote)
                    && !remote.sync_job.is_going()
            }
            Trigger::Always => true,
        };
        if is_due {
            let effects = effect::of_trigger(rules, remote.was_pushed(), expected, &[]);
            self.push_trigger(sync, Some(remote)).effects = effects;
        } else if remote.sync_job.has_failed() {
            self.plan.failing.push(Failing {
                subject: Subject::of(sync),
                job: remote.sync_job.clone(),
            });
        }
    }

    /// A trigger follows the last action if that is about the same sync.
    fn push_trigger(&mut self, sync: &ResolvedSync, found: Option<&RemoteSync>) -> &mut Action {
        let before = self.plan.actions.len().checked_sub(1);
        let follows = before.filter(|index| self.plan.actions[*index].subject == Subject::of(sync));
        let old = found.cloned().map(Box::new);
        let trigger = self.push(sync, Step::Trigger { old });
        trigger.after.extend(follows);
        trigger
    }

    fn plan_undeclared(&mut self, syncs: &[&ResolvedSync], heirs: &BTreeMap<&str, &str>) {
        let policy = self.inputs.policy;
        let declared: BTreeSet<&str> = syncs
            .iter()
            .map(|sync| sync.desired.name.text.as_str())
            .collect();
        let undeclared = self
            .remote
            .iter()
            .filter(|(name, _)| !declared.contains(*name) && !heirs.contains_key(*name));
        for (_, Seen { key, sync: remote }) in undeclared {
            let identity = || {
                (
                    key.server.clone(),
                    key.project_id.clone(),
                    remote.name.clone(),
                )
            };
            if !policy.elsewhere.is_empty() && policy.elsewhere.contains(&identity()) {
                continue;
            }
            let label = match syncs.first() {
                Some(sync) => sync.project_label(),
                None => self.inputs.labels.get(key).unwrap_or(&key.project_id),
            };
            let subject = Subject {
                provider: key.provider.clone(),
                platform: key.platform,
                server: key.server.clone(),
                project: label.to_owned(),
                project_id: key.project_id.clone(),
                name: remote.name.clone(),
                destination: remote.destination.clone(),
            };
            let keeper = if policy.ignore.matches(&remote.name) {
                Some(Keeper::Ignore)
            } else if policy.protect.matches(&remote.name) {
                Some(Keeper::Protect)
            } else {
                None
            };
            if let Some(by) = keeper.filter(|_| policy.prune) {
                let subject = subject.clone();
                self.plan.kept.push(Kept { subject, by });
            }
            if keeper == Some(Keeper::Ignore) {
                continue;
            }
            if policy.prune && keeper.is_none() {
                self.plan.actions.push(Action {
                    subject,
                    place: None,
                    step: Step::Delete {
                        old: Box::new((*remote).clone()),
                        remove_secrets: false,
                        reason: DeleteReason::Pruned,
                    },
                    changes: Vec::new(),
                    effects: vec![effect::of_delete(false)],
                    after: Vec::new(),
                });
            } else if policy.selection.is_everything() {
                self.plan.unmanaged.push(subject);
            }
        }
    }
}

/// Whether the last push is older than the last change, or there was none.
pub(super) fn is_push_due(platform: Platform, remote: &RemoteSync) -> bool {
    if has_lost_source(platform, remote) {
        return false;
    }
    let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
    match (time(&remote.sync_job.at), time(&remote.updated_at)) {
        (Some(pushed), Some(updated)) => updated.duration_since(pushed) > SAME_MOMENT,
        _ => true,
    }
}

fn create(
    sync: &ResolvedSync,
    spec: &Arc<DestinationSpec>,
    declared: Map<String, Value>,
    expected: Comparable,
) -> Create {
    let mut body = Map::new();
    body.insert(NAME.to_owned(), sync.desired.name.text.clone().into());
    body.insert(PROJECT_ID.to_owned(), sync.project_id.clone().into());
    body.extend(declared.into_iter().filter(|(_, value)| !value.is_null()));
    Create {
        body,
        connection: connection_name(sync),
        expected,
        ignored: ignored(sync),
        spec: Arc::clone(spec),
    }
}

/// The patterns of a sync's `ignoreRemote`.
fn ignored(sync: &ResolvedSync) -> Vec<String> {
    let patterns = sync.desired.ignore_remote.iter();
    patterns.map(|word| word.text.clone()).collect()
}

/// Why an update cannot be sent: it would erase what nobody declares, or lacks what it needs.
fn not_sendable(
    spec: &DestinationSpec,
    difference: &Difference,
    request: &Map<String, Value>,
) -> Option<Blocked> {
    let missing: Vec<String> = spec.create.missing_unread(request);
    [
        (
            Difference::replaced(&difference.unknown, request),
            Blocked::UnknownFields as fn(_) -> _,
        ),
        (
            Difference::replaced(&difference.read_only, request),
            Blocked::ReadOnlyFields,
        ),
        (
            Difference::replaced(&missing, request),
            Blocked::NotReadBack,
        ),
    ]
    .into_iter()
    .find(|(fields, _)| !fields.is_empty())
    .map(|(fields, reason)| reason(fields))
}

/// Counts fields of a sync in its project.
fn count(sync: &ResolvedSync, fields: &[String], among: &mut Vec<UnknownField>) {
    let (provider, project) = (&sync.desired.provider.text, sync.project_label());
    for field in fields {
        UnknownField::count(among, provider, project, field);
    }
}

/// The name of the connection that a sync is to have, if it is known.
fn connection_name(sync: &ResolvedSync) -> Option<String> {
    let name = sync.connection.as_ref().map(|connection| &connection.name);
    name.filter(|name| !name.is_empty()).cloned()
}

/// Whether the folder that a sync reads from was deleted.
fn has_lost_source(platform: Platform, remote: &RemoteSync) -> bool {
    platform.has_source_folders() && remote.secret_path.is_none()
}
