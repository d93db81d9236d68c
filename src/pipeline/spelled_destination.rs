//! Looking for syncs that push to one place, by what the files spell.

use std::collections::HashSet;

use crate::core::code::Code;
use crate::core::desired::{ConnectionRef, DesiredSync, Ensure};
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::fields::DESTINATION_CONFIG;
use crate::core::remote::Scope;
use crate::core::same_destination::{Definition, Pusher, Through, report};
use crate::core::spec::Specs;
use crate::provider::rules;
use crate::workspace::Workspace;
use crate::workspace::findings::Allowances;

/// Reports declared syncs that push to one place, as far as the files say.
pub(super) fn report_as_spelled(workspace: &Workspace, specs: &Specs, found: &mut Vec<Diagnostic>) {
    if !is_wanted(workspace) {
        return;
    }
    let allowed = workspace.allowances();
    let servers = workspace.config.servers();
    let mut names = HashSet::with_capacity(workspace.syncs.len());
    let pushers = workspace.syncs.iter().filter_map(|sync| {
        let spec = specs.of(sync)?;
        // That one is missing has been reported.
        let project = &*sync.project.as_ref()?.text;
        let server = &**servers.get(&sync.provider.text)?;
        // One that is declared twice is a mistake of its own.
        let is_first = names.insert((server, project, &*sync.name.text));
        if !is_first || !counts(sync, workspace, &allowed) {
            return None;
        }
        Some(Pusher {
            provider: &sync.provider.text,
            project,
            name: &sync.name.text,
            place: Some(sync.key),
            platform: sync.platform,
            server,
            connection: spelled(sync, project)?,
            spec,
            definition: Definition::Declared(sync),
        })
    });
    report(&pushers.collect::<Vec<_>>(), rules, found);
}

pub(super) fn is_wanted(workspace: &Workspace) -> bool {
    workspace.config.lint.get(&Code::SameDestination) != Some(&Severity::Ignored)
}

/// Whether a sync is to be, and is not allowed to share its place.
pub(super) fn counts(sync: &DesiredSync, workspace: &Workspace, allowed: &Allowances) -> bool {
    let places = [sync.key, sync.place(&[DESTINATION_CONFIG.to_owned()])];
    sync.ensure == Ensure::Present && !allowed.cover(workspace, Code::SameDestination, &places)
}

/// A connection as a file names it. One of a project is another one in each project.
pub(super) fn spelled<'a>(sync: &'a DesiredSync, project: &'a str) -> Option<Through<'a>> {
    let (reference, _) = sync.connection.as_ref()?;
    Some(match reference {
        ConnectionRef::Id(id) => Through::id(id),
        ConnectionRef::Name(name, None) => Through::Name(name),
        ConnectionRef::Name(name, Some(Scope::Organization)) => Through::OfOrganization(name),
        ConnectionRef::Name(name, Some(Scope::Project)) => Through::OfProject(project, name),
    })
}
