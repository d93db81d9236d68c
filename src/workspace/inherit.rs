//! Which defaults each sync of a file inherits.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::{Schemas, Settings, Workspace, findings};
use crate::core::declaration::{self, declare, meant_provider};
use crate::core::fields::{DESTINATION, OWN_FIELDS, PROJECT, PROJECT_ID, PROVIDER, platform_field};
use crate::core::merge::merge;
use crate::core::platform::Platform;
use crate::core::sync_file::{self, SyncFile};
use crate::core::value::{Mapping, Node, Value};
use crate::provider::platforms;

/// What decides which defaults a sync inherits: its platform, its destination, and that one's
/// union tag.
type Heir = (Platform, String, Option<String>);

impl Workspace {
    /// Puts right what is misspelt in the workspace's own defaults.
    pub(super) fn put_defaults_right(&mut self, schemas: &dyn Schemas) {
        let providers = self.platforms();
        let defaults = std::mem::take(&mut self.config.defaults);
        let known = Known::default().fields([&defaults; 3], &providers, schemas);
        self.config.defaults =
            declaration::put_right(&defaults, &known, &mut self.diagnostics).into_owned();
    }

    /// Declares the syncs of a file, each upon what it inherits.
    pub(super) fn declare_all(&mut self, mut file: SyncFile, schemas: &dyn Schemas) {
        let providers = self.platforms();
        self.put_right(&mut file, &providers, schemas);
        if file.defaults.contains(PROJECT) || file.defaults.contains(PROJECT_ID) {
            let defaults = merge(&self.config.defaults, &file.defaults, None);
            self.projects
                .extend(sync_file::named_project(&defaults, &providers));
        }
        let mut bases: BTreeMap<Option<Heir>, Mapping> = BTreeMap::new();
        for block in &file.syncs {
            let layers = [&block.fields, &file.defaults, &self.config.defaults];
            let provider = provider_of(layers, &providers, schemas);
            let heir = heir(layers, provider, schemas);
            let tag = heir.as_ref().and_then(|(_, _, tag)| tag.clone());
            let meant = heir.as_ref().map(|(_, destination, _)| destination.clone());
            let base = bases
                .entry(heir)
                .or_insert_with_key(|heir| self.inherited(&file, heir.as_ref(), schemas));
            let effective = laid_upon(base, &block.fields, meant, tag.as_deref());
            let before = self.diagnostics.len();
            let found = &mut self.diagnostics;
            let sync = declare(block, &effective, &providers, provider, found);
            let Settings {
                diagnostics,
                sources,
                ..
            } = &mut self.settings;
            let found = &mut diagnostics[before..];
            findings::name_the_sync(found, block.span, &block.key, sources);
            self.condenser.condense(diagnostics);
            self.syncs.extend(sync.map(Arc::new));
        }
    }

    /// The platform of each provider that files can name.
    fn platforms(&self) -> BTreeMap<String, Platform> {
        let providers = self.config.providers.iter();
        providers
            .map(|(name, provider)| (name.clone(), provider.platform))
            .collect()
    }

    /// Puts right what is misspelt in a file's defaults and in its syncs, before one is laid upon
    /// the other.
    fn put_right(
        &mut self,
        file: &mut SyncFile,
        providers: &BTreeMap<String, Platform>,
        schemas: &dyn Schemas,
    ) {
        let mut known = Known::default();
        let Settings {
            config,
            diagnostics,
            ..
        } = &mut self.settings;
        let of_workspace = &config.defaults;
        let defaults = [&file.defaults, of_workspace, of_workspace];
        let fields = known.fields(defaults, providers, schemas);
        let right = declaration::put_right(&file.defaults, &fields, diagnostics);
        if let Cow::Owned(defaults) = right {
            file.defaults = defaults;
        }
        for block in &mut file.syncs {
            let fields = [&block.fields, &file.defaults, of_workspace];
            let fields = known.fields(fields, providers, schemas);
            let right = declaration::put_right(&block.fields, &fields, diagnostics);
            if let Cow::Owned(fields) = right {
                block.fields = fields;
            }
        }
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

/// Which defaults a sync inherits; `None` if its platform or its destination is unknown.
fn heir(
    layers: [&Mapping; 3],
    provider: Option<(&str, Platform)>,
    schemas: &dyn Schemas,
) -> Option<Heir> {
    let (_, kind) = provider?;
    let destination = effective(layers, DESTINATION)?;
    let meant = schemas.meant_destination(kind, destination);
    let destination = meant.unwrap_or_else(|| destination.to_owned());
    let tag = schemas.union_tag(kind, &destination);
    Some((kind, destination, tag))
}

/// The provider of a sync that is made of some maps, or the one that it is nearest to. If they name
/// none that is known, it is the one whose platform takes most of their fields, so that these can be
/// checked.
fn provider_of<'p>(
    layers: [&Mapping; 3],
    providers: &'p BTreeMap<String, Platform>,
    schemas: &dyn Schemas,
) -> Option<(&'p str, Platform)> {
    let word = effective(layers, PROVIDER);
    if let Some(meant) = word.and_then(|word| meant_provider(word, providers)) {
        return Some(meant);
    }
    let destination = effective(layers, DESTINATION).unwrap_or_default();
    let platforms: BTreeSet<Platform> = providers.values().copied().collect();
    let taken = |platform| {
        let fields = schemas.fields(platform, destination);
        let keys = layers.iter().flat_map(|layer| layer.entries());
        keys.filter(|entry| !OWN_FIELDS.contains(&entry.key.as_str()))
            .filter(|entry| fields.contains(&entry.key))
            .count()
    };
    let mut likely: Vec<(usize, Platform)> = platforms
        .into_iter()
        .map(|platform| (taken(platform), platform))
        .collect();
    likely.sort_by_key(|(taken, _)| Reverse(*taken));
    let (most, platform) = *likely.first()?;
    let is_clear = most > likely.get(1).map_or(0, |(taken, _)| *taken);
    let usual = providers.get_key_value(platform.name());
    let mut named = usual.into_iter().chain(providers);
    named
        .find(|(_, other)| is_clear && **other == platform)
        .map(|(name, platform)| (name.as_str(), *platform))
}

/// Lays the fields of a sync upon what it inherits. A misspelt destination is no other one.
fn laid_upon(
    base: &Mapping,
    fields: &Mapping,
    meant: Option<String>,
    tag: Option<&str>,
) -> Mapping {
    let written = fields.get(DESTINATION).and_then(Node::as_str);
    let (Some(written), Some(meant)) = (written, meant.filter(|word| Some(&**word) != written))
    else {
        return merge(base, fields, tag);
    };
    let say = |fields: &mut Mapping, word: &str| {
        let mut entries = fields.entries_mut().iter_mut();
        if let Some(entry) = entries.find(|entry| entry.key == DESTINATION) {
            entry.value.value = Value::String(word.to_owned());
        }
    };
    let mut right = fields.clone();
    say(&mut right, &meant);
    let mut merged = merge(base, &right, tag);
    say(&mut merged, written);
    merged
}

/// What the uppermost of some maps says that says it.
fn effective<'m>(layers: [&'m Mapping; 3], key: &str) -> Option<&'m str> {
    let node = layers.into_iter().find_map(|fields| fields.get(key))?;
    node.as_str()
}

/// The fields of the platforms, looked up once for each destination.
#[derive(Default)]
struct Known(BTreeMap<(Option<Platform>, String), Rc<[String]>>);

impl Known {
    /// The fields that a sync can have which is made of some maps; those of all platforms if its
    /// own is unknown.
    fn fields(
        &mut self,
        layers: [&Mapping; 3],
        providers: &BTreeMap<String, Platform>,
        schemas: &dyn Schemas,
    ) -> Rc<[String]> {
        let kind = provider_of(layers, providers, schemas).map(|(_, kind)| kind);
        let destination = effective(layers, DESTINATION).unwrap_or_default();
        let fields = self.0.entry((kind, destination.to_owned()));
        let fields = fields.or_insert_with(|| match kind {
            Some(kind) => schemas.fields(kind, destination).into(),
            None => platforms()
                .into_iter()
                .flat_map(|kind| schemas.fields(kind, destination))
                .collect(),
        });
        Rc::clone(fields)
    }
}
