//! Finding the remote sync that a declared one is, without a search.

use std::collections::{BTreeMap, HashMap};

use super::plan::ProjectKey;
use super::remote::RemoteSync;
use super::resolve::ResolvedSync;

/// Remote syncs by project and name, and by destination where that is part of what identifies a sync.
#[derive(Debug)]
pub struct ByName<'r>(BTreeMap<&'r ProjectKey, HashMap<Name<'r>, &'r RemoteSync>>);

type Name<'r> = (&'r str, Option<&'r str>);

impl<'r> ByName<'r> {
    /// The remote syncs of each project. Of two with one name the first counts.
    pub fn of(remote: &'r BTreeMap<ProjectKey, Vec<RemoteSync>>) -> Self {
        let of_project = |(key, syncs): (&'r ProjectKey, &'r Vec<RemoteSync>)| {
            let mut by_name = HashMap::with_capacity(syncs.len());
            for sync in syncs {
                let destination = key.platform.identifying(&sync.destination);
                by_name.entry((&*sync.name, destination)).or_insert(sync);
            }
            (key, by_name)
        };
        Self(remote.iter().map(of_project).collect())
    }

    /// The remote sync of a declared one: that of its name or, before a rename was applied, of its
    /// old name.
    pub fn find(&self, sync: &ResolvedSync) -> Option<&'r RemoteSync> {
        let of_project = self.0.get(&ProjectKey::of(sync))?;
        let desired = &sync.desired;
        let destination = desired.platform.identifying(&desired.destination.text);
        let mut names = std::iter::once(&desired.name).chain(&desired.renamed_from);
        names.find_map(|name| of_project.get(&(&*name.text, destination)).copied())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::ByName;
    use crate::core::plan::ProjectKey;
    use crate::core::testing::{
        ENKRYPTIFY, desired_sync, remote_sync, renamed_sync, resolved, sync_fields,
    };

    #[test]
    fn a_sync_is_found_by_its_name_and_before_a_rename_by_its_old_one() {
        let sync = resolved(renamed_sync("old", "new"));
        let found = |names: &[&str]| {
            let remote = names.iter().map(|name| remote_sync(name)).collect();
            let remote = BTreeMap::from([(ProjectKey::of(&sync), remote)]);
            ByName::of(&remote)
                .find(&sync)
                .map(|found| found.name.clone())
        };
        assert_eq!(found(&["old", "new"]).as_deref(), Some("new"));
        assert_eq!(found(&["old"]).as_deref(), Some("old"));
        assert_eq!(found(&["other"]), None);
    }

    #[test]
    fn a_destination_distinguishes_syncs_if_it_is_part_of_what_identifies_them() {
        let mut declared = desired_sync("web", sync_fields());
        declared.platform = ENKRYPTIFY;
        declared.destination.text = "vercel".to_owned();
        let sync = resolved(declared);
        let mut other = remote_sync("web");
        other.fields.insert("which".to_owned(), json!("other"));
        let mut own = remote_sync("web");
        own.destination = "vercel".to_owned();
        let remote = BTreeMap::from([(ProjectKey::of(&sync), vec![other, own.clone()])]);
        assert_eq!(ByName::of(&remote).find(&sync), Some(&own));
    }
}
