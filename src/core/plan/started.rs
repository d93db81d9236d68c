//! Recorded starts that no file declares. Only a person can end what they set off.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Plan, Step, Subject};
use crate::core::platform::Platform;
use crate::core::resolve::ResolvedSync;
use crate::core::select::NamePatterns;
use crate::core::starts::{StartKey, Starts};

/// By the server of a start: the name of the provider in the files, and its platform.
pub type Homes = BTreeMap<String, (String, Platform)>;

/// The recorded starts that none of these syncs is, but for ignored names. Unless all of the
/// workspace is loaded, only those of the projects that the syncs are in.
pub fn undeclared(
    syncs: &[ResolvedSync],
    is_whole: bool,
    starts: &Starts,
    homes: &Homes,
    ignore: &NamePatterns,
) -> Vec<Subject> {
    let Starts::Recorded(recorded) = starts else {
        return Vec::new();
    };
    let declared: BTreeSet<StartKey> = syncs
        .iter()
        .filter(|sync| !sync.desired.platform.reads_back())
        .map(StartKey::of)
        .collect();
    let seen: BTreeSet<_> = declared
        .iter()
        .map(|key| (&key.server, &key.project))
        .collect();
    let is_seen = |key: &StartKey| is_whole || seen.contains(&(&key.server, &key.project));
    let mut found: Vec<Subject> = recorded
        .keys()
        .filter(|key| !declared.contains(key) && !ignore.matches(&key.name) && is_seen(key))
        .filter_map(|key| {
            // A server that no provider has any more was one of the same kind.
            let home = homes.get(&key.server).or_else(|| homes.values().next());
            let (provider, platform) = home?;
            Some(Subject {
                provider: provider.clone(),
                platform: *platform,
                server: key.server.clone(),
                project: key.project.clone(),
                project_id: key.project.clone(),
                name: key.name.clone(),
                destination: key.destination.clone(),
            })
        })
        .collect();
    found.sort();
    found
}

impl Plan {
    /// The started sync that an action may start under a new name: one of the same project and
    /// destination that is not declared any more.
    pub fn earlier_start<'a>(&'a self, action: &'a Action) -> Option<&'a Subject> {
        let Step::Start = action.step else {
            return None;
        };
        let place = |of: &'a Subject| (&of.server, &of.destination, &of.project_id);
        let wanted = place(&action.subject);
        let mut undeclared = self.unmanaged.iter();
        undeclared.find(|subject| !subject.platform.reads_back() && place(subject) == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::{Homes, undeclared};
    use crate::core::resolve::ResolvedSync;
    use crate::core::select::NamePatterns;
    use crate::core::starts::{Start, StartKey, Starts};
    use crate::core::testing::{ENKRYPTIFY, desired_sync, resolved, sync_fields};

    fn declared(name: &str) -> ResolvedSync {
        let mut sync = desired_sync(name, sync_fields());
        sync.platform = ENKRYPTIFY;
        resolved(sync)
    }

    fn names(syncs: &[ResolvedSync], is_whole: bool, recorded: &[StartKey]) -> Vec<String> {
        let starts = recorded.iter().map(|key| (key.clone(), Start::Unknown));
        let homes: Homes = recorded
            .iter()
            .map(|key| (key.server.clone(), ("own".to_owned(), ENKRYPTIFY)))
            .collect();
        undeclared(
            syncs,
            is_whole,
            &Starts::Recorded(starts.collect()),
            &homes,
            &NamePatterns::default(),
        )
        .iter()
        .map(crate::core::plan::Subject::address)
        .collect()
    }

    #[test]
    fn what_is_recorded_and_not_declared_is_found_in_the_projects_that_are_loaded() {
        let web = declared("web");
        let of_web = StartKey::of(&web);
        let old = StartKey {
            name: "old".to_owned(),
            ..of_web.clone()
        };
        let elsewhere = StartKey {
            project: "other".to_owned(),
            ..of_web.clone()
        };
        let recorded = [of_web, old.clone(), elsewhere];
        let in_project = format!("own/{}/old", old.project);
        assert_eq!(
            names(std::slice::from_ref(&web), false, &recorded),
            [in_project.as_str()]
        );
        assert_eq!(
            names(&[web], true, &recorded),
            ["own/other/web".to_owned(), in_project]
        );
        assert_eq!(names(&[], false, &recorded), [""; 0]);
    }
}
