//! Which defaults each sync of a file inherits.

use std::collections::BTreeMap;

use super::{Schemas, Workspace, findings};
use crate::core::declaration::declare;
use crate::core::fields::platform_field;
use crate::core::merge::merge;
use crate::core::platform::Platform;
use crate::core::sync_file::{self, Block, SyncFile};
use crate::core::value::{Mapping, Node};
use crate::provider::platforms;

/// What decides which defaults a sync inherits: its platform, its destination, and that one's
/// union tag.
type Heir = (Platform, String, Option<String>);

impl Workspace {
    /// Declares the syncs of a file, each upon what it inherits.
    pub(super) fn declare_all(&mut self, file: &SyncFile, schemas: &dyn Schemas) {
        let providers: BTreeMap<String, Platform> = self
            .config
            .providers
            .iter()
            .map(|(name, provider)| (name.clone(), provider.platform))
            .collect();
        if file.defaults.contains("project") || file.defaults.contains("projectId") {
            let defaults = merge(&self.config.defaults, &file.defaults, None);
            self.projects
                .extend(sync_file::named_project(&defaults, &providers));
        }
        let mut bases: BTreeMap<Option<Heir>, Mapping> = BTreeMap::new();
        for block in &file.syncs {
            let heir = self.heir(block, file, &providers, schemas);
            let tag = heir.as_ref().and_then(|(_, _, tag)| tag.clone());
            let base = bases
                .entry(heir)
                .or_insert_with_key(|heir| self.inherited(file, heir.as_ref(), schemas));
            let effective = merge(base, &block.fields, tag.as_deref());
            let before = self.diagnostics.len();
            let sync = declare(block, &effective, &providers, &mut self.diagnostics);
            findings::name_the_heir(&mut self.diagnostics[before..], block.span, &block.key);
            self.syncs.extend(sync);
        }
    }

    /// Which defaults a block inherits; `None` if its platform or its destination is unknown.
    fn heir(
        &self,
        block: &Block,
        file: &SyncFile,
        providers: &BTreeMap<String, Platform>,
        schemas: &dyn Schemas,
    ) -> Option<Heir> {
        let effective = |key: &str| {
            [&block.fields, &file.defaults, &self.config.defaults]
                .into_iter()
                .find_map(|fields| fields.get(key))
                .and_then(Node::as_str)
        };
        let kind = *providers.get(effective("provider")?)?;
        let destination = effective("destination")?;
        let tag = schemas.union_tag(kind, destination);
        Some((kind, destination.to_owned(), tag))
    }

    /// What a sync inherits from the defaults of the workspace and its file.
    ///
    /// If syncs of several platforms share defaults, a field that only another platform knows
    /// is meant for the syncs of that one. What no platform knows stays, and is found as a mistake.
    fn inherited(&self, file: &SyncFile, heir: Option<&Heir>, schemas: &dyn Schemas) -> Mapping {
        let Some((kind, destination, tag)) = heir else {
            return merge(&self.config.defaults, &file.defaults, None);
        };
        let takes = |of: Platform, key: &str| {
            let likely = if of == *kind { destination } else { "" };
            schemas.platform_takes(of, likely, key)
        };
        let is_for_others = |key: &str| {
            let mut others = platforms().into_iter().filter(|other| other != kind);
            !takes(*kind, key) && others.any(|other| takes(other, key))
        };
        let merged = merge(&self.config.defaults, &file.defaults, tag.as_deref());
        let entries = merged.entries().iter();
        let fitting = entries
            .filter(|entry| platform_field(&entry.key).is_none_or(|field| !is_for_others(field)));
        fitting.cloned().collect()
    }
}
