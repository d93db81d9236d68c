//! Looking for syncs that push to one place once a plan is applied, by ids and among all that is
//! remote.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::observe::Observed;
use super::spelled_destination::{counts, is_wanted, spelled};
use crate::core::code::Code;
use crate::core::desired::Word;
use crate::core::diagnostic::Diagnostic;
use crate::core::normalize::Comparable;
use crate::core::plan::{Plan, ProjectKey, Subject};
use crate::core::remote::RemoteSync;
use crate::core::resolve::ResolvedSync;
use crate::core::same_destination::{Definition, Pusher, Through, report};
use crate::core::span::Span;
use crate::error::CommandError;
use crate::provider::rules;

impl Observed {
    /// Reports syncs that push to one place once a plan is applied, in place of what was found by
    /// spelling. An error if that is denied.
    pub(super) fn check_destinations(&mut self, plan: &Plan) -> Result<(), CommandError> {
        if !is_wanted(&self.workspace) {
            return Ok(());
        }
        let mut found = Vec::new();
        report(&self.pushers(plan), rules, &mut found);
        let compared: BTreeSet<Span> = self.syncs.iter().map(|sync| sync.desired.key).collect();
        let is_replaced = |known: &Diagnostic| {
            let mut labels = known.labels.iter();
            known.code == Code::SameDestination
                && labels.all(|label| compared.contains(&label.span))
        };
        if found.is_empty() && !self.workspace.diagnostics.iter().any(is_replaced) {
            return Ok(());
        }
        let workspace = Arc::make_mut(&mut self.workspace);
        workspace.diagnostics.retain(|known| !is_replaced(known));
        workspace.diagnostics.append(&mut found);
        workspace.settle_findings();
        CommandError::unless_valid(&self.workspace)
    }

    /// The syncs as they are after a plan.
    fn pushers<'a>(&'a self, plan: &'a Plan) -> Vec<Pusher<'a>> {
        let allowed = self.workspace.allowances();
        let results: HashMap<Name<'_>, &Comparable> = (plan.actions.iter())
            .filter_map(|action| Some((name_of(&action.subject), action.result()?.0)))
            .collect();
        let mut remote = self.remote_by_name();
        let there: Vec<_> = (self.syncs.iter())
            .map(|sync| remote.remove(&name_in(sync, &sync.desired.name)))
            .collect();
        for action in &plan.actions {
            if let Some(old) = action.found() {
                remote.remove(&(&*action.subject.server, &*old.project_id, &*old.name));
            }
        }
        let connections = LazyCell::new(|| self.connections_by_spelling());
        let mut pushers = Vec::with_capacity(self.syncs.len());
        for (sync, there) in self.syncs.iter().zip(there) {
            let desired = &*sync.desired;
            let old = desired.renamed_from.as_ref();
            if let (Some(old), None) = (old, there) {
                remote.remove(&name_in(sync, old));
            }
            let spec = self.specs.of(desired);
            let spelled = spelled(desired, &sync.project_id);
            let (Some(spec), Some(spelled)) = (spec, spelled) else {
                continue;
            };
            if !counts(desired, &self.workspace, &allowed) {
                continue;
            }
            let connection = match &sync.connection {
                Some(found) => Through::id(&found.id),
                None => connections
                    .get(&of_name(sync, &spelled))
                    .map_or(spelled, |id| Through::id(id)),
            };
            let result = results.get(&name_in(sync, &desired.name)).copied();
            // What a sync leaves to others is as it is.
            let kept = there.filter(|(_, there)| {
                !desired.ignore_remote.is_empty() && there.destination == desired.destination.text
            });
            let definition = match (result, kept) {
                (Some(result), _) => Definition::Planned(result),
                (None, Some((_, there))) => Definition::Remote(there),
                (None, None) => Definition::Declared(desired),
            };
            pushers.push(Pusher {
                provider: &desired.provider.text,
                project: sync.project_label(),
                name: &desired.name.text,
                place: Some(desired.key),
                platform: desired.platform,
                server: &sync.server,
                connection,
                spec,
                definition,
            });
        }
        pushers.extend(remote.into_values().filter_map(|(key, sync)| {
            let spec = self.specs.get(key.platform, &sync.destination)?;
            let project = self.seen.projects.get(key).unwrap_or(&key.project_id);
            Some(Pusher {
                provider: &key.provider,
                project,
                name: &sync.name,
                place: None,
                platform: key.platform,
                server: &key.server,
                connection: Through::id(&sync.connection.id),
                spec,
                definition: Definition::Remote(sync),
            })
        }));
        pushers
    }

    fn remote_by_name(&self) -> HashMap<Name<'_>, (&ProjectKey, &RemoteSync)> {
        let mut by_name = HashMap::new();
        for (key, syncs) in &self.seen.remote {
            for sync in syncs {
                let name = (&*key.server, &*key.project_id, &*sync.name);
                by_name.entry(name).or_insert((key, sync));
            }
        }
        by_name
    }

    /// The ids of the connections that were found, for syncs of which it did not have to be looked up.
    fn connections_by_spelling(&self) -> HashMap<Spelling<'_>, &str> {
        let syncs = self.syncs.iter();
        let found = syncs.filter_map(|sync| {
            let spelled = spelled(&sync.desired, &sync.project_id)?;
            let connection = sync.connection.as_ref()?;
            Some((of_name(sync, &spelled), &*connection.id))
        });
        found.collect()
    }
}

/// A sync's server, the id of its project, and its name.
type Name<'a> = (&'a str, &'a str, &'a str);

fn name_of(subject: &Subject) -> Name<'_> {
    (&subject.server, &subject.project_id, &subject.name)
}

fn name_in<'a>(sync: &'a ResolvedSync, name: &'a Word) -> Name<'a> {
    (&sync.server, &sync.project_id, &name.text)
}

/// A sync's server, the id of its project, its destination, and how it spells its connection.
type Spelling<'a> = (&'a str, &'a str, &'a str, Through<'a>);

fn of_name<'a>(sync: &'a ResolvedSync, spelled: &Through<'a>) -> Spelling<'a> {
    let destination = &sync.desired.destination.text;
    (&sync.server, &sync.project_id, destination, spelled.clone())
}
