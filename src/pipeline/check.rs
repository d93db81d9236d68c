//! Checking: every sync against its destination's schema and the lints, without a network.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Map;
use tracing::trace;

use super::open::{Loaded, Opened};
use super::spelled_destination;
use crate::core::code::Code;
use crate::core::desired::{ConnectionRef, DesiredSync, Ensure, Word};
use crate::core::diagnostic::{Condenser, Diagnostic};
use crate::core::fields::CONNECTION_ID;
use crate::core::span::Span;
use crate::core::spec::{DestinationSpec, Specs};
use crate::core::suggest::closest;
use crate::core::value::Mapping;
use crate::core::words::{is_uuid, list};
use crate::environment::Environment;
use crate::error::CommandError;
use crate::provider::environment_variables::ProviderVariables;
use crate::provider::{self, door, rules};
use crate::schema::destination::Destination;
use crate::schema::validate;
use crate::workspace::{Config, Workspace};

/// A workspace whose files have no mistake in them.
pub struct Checked {
    /// The workspace, with what its files declare.
    pub opened: Opened,
    /// The destinations of the syncs.
    pub specs: Specs,
    /// What the run needs connections for.
    pub connections: ConnectionUse,
}

/// What a run needs to know the connections of syncs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionUse {
    /// To create and change syncs.
    ToWrite,
    /// To compare them with those of remote syncs.
    ToCompare,
    /// For nothing: names stay names.
    None,
}

impl AsRef<Opened> for Checked {
    fn as_ref(&self) -> &Opened {
        &self.opened
    }
}

impl Checked {
    /// The same for a run that needs connections for that alone.
    #[must_use]
    pub fn with_connections(self, connections: ConnectionUse) -> Self {
        Self {
            connections,
            ..self
        }
    }
}

impl Loaded {
    /// Checks every sync against its destination's schema and the lints. An error if anything is
    /// wrong that must not be applied; the findings that it carries say what.
    pub fn check(self) -> Result<Checked, CommandError> {
        let (opened, specs) = self.examine()?;
        CommandError::unless_valid(&opened.workspace)?;
        Ok(Checked {
            opened,
            specs,
            connections: ConnectionUse::ToWrite,
        })
    }

    /// The workspace with every finding, whether or not one of them is an error.
    pub fn findings(self) -> Result<Arc<Workspace>, CommandError> {
        self.examine().map(|(opened, _)| opened.workspace)
    }

    /// Fails only if a schema cannot be used.
    fn examine(self) -> Result<(Opened, Specs), CommandError> {
        let Self(mut opened) = self;
        let mut found = Vec::new();
        let mut specs = Specs::default();
        let mut condenser = Condenser::default();
        let familiar = Familiar::default();
        let examined = opened.workspace.syncs.iter().try_for_each(|sync| {
            condenser.condense(&mut found);
            opened.examine_sync(sync, &familiar, &mut specs, &mut found)
        });
        let workspace = Arc::make_mut(&mut opened.workspace);
        if let Err(error) = examined {
            workspace.diagnostics.append(&mut found);
            workspace.settle_findings();
            return Err(error.found(&opened.workspace));
        }
        let unused = unused_patterns(&workspace.syncs, |sync, pattern| {
            let spec = specs.of(sync);
            spec.is_none_or(|spec| {
                let create = &spec.create;
                create.has_match(pattern, &Map::new()) || create.tag_within(pattern).is_some()
            })
        });
        found.extend(unused);
        fill_in_projects(workspace, &opened.options.environment, &mut found);
        spelled_destination::report_as_spelled(workspace, &specs, &mut found);
        workspace.diagnostics.append(&mut found);
        workspace.settle_findings();
        Ok((opened, specs))
    }
}

/// The destinations that a platform without a list of its own may have, each found out when the
/// first sync asks.
#[derive(Default)]
struct Familiar {
    /// What any platform lists.
    listed: OnceCell<BTreeSet<String>>,
    /// What starts are recorded of.
    recorded: OnceCell<BTreeSet<String>>,
}

impl Opened {
    fn examine_sync(
        &self,
        sync: &DesiredSync,
        familiar: &Familiar,
        specs: &mut Specs,
        found: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        let before = found.len();
        let known = self
            .store
            .destination(sync.platform, &sync.destination.text)?;
        let mut meant = Cow::Borrowed(sync);
        let destination = if let Some(destination) = known {
            destination
        } else {
            // One that is missing has been reported.
            if sync.destination.span != sync.key {
                found.push(self.unknown_destination(sync));
            }
            // One that is misspelt is checked on as the one that is meant.
            let near = self.store.meant(sync.platform, &sync.destination.text);
            let Some(near) = near else {
                rules(sync.platform).lint(sync, None, found);
                self.examine_usual_fields(sync, found)?;
                return Ok(());
            };
            let Some(destination) = self.store.destination(sync.platform, &near)? else {
                return Ok(());
            };
            meant.to_mut().destination.text = near;
            destination
        };
        trace!(
            "{}: checked by the {} schema of {}/{}",
            sync.name.text,
            destination.origin.name(),
            sync.platform.name(),
            meant.destination.text,
        );
        let (mut of_schema, right) =
            validate::check_and_put_right(&destination, &sync.fields, sync.key, &sync.name.text);
        if let Some(fields) = right {
            meant.to_mut().fields = fields;
        }
        let sync = meant.as_ref();
        if sync.ensure == Ensure::Absent {
            of_schema.retain(|diagnostic| diagnostic.code != Code::MissingField);
        } else {
            check_connection(sync, &destination.spec, found);
        }
        if let Some(old) = &sync.renamed_from {
            found.extend(impossible_rename(sync, old));
        }
        rules(sync.platform).lint(sync, Some(&destination.spec), found);
        found.extend(ignored_tags(sync, &destination.spec));
        found.extend(unread_and_missing(sync, &destination.spec));
        found.extend(self.unfamiliar_destination(sync, familiar));
        // A lint says the same as a pattern of the schema, and says it better.
        let linted: BTreeSet<_> = found[before..]
            .iter()
            .filter_map(Diagnostic::span)
            .collect();
        of_schema.retain(|diagnostic| {
            !(matches!(diagnostic.code, Code::WrongForm | Code::WrongSize)
                && diagnostic.span().is_some_and(|span| linted.contains(&span)))
        });
        found.append(&mut of_schema);
        crate::workspace::findings::name_the_sync(
            &mut found[before..],
            sync.block,
            &sync.name.text,
            &self.workspace.sources,
        );
        if specs.of(sync).is_none() {
            let slug = sync.destination.text.clone();
            specs.insert(sync.platform, slug, Arc::new(destination.spec.clone()));
        }
        Ok(())
    }

    /// Checks a sync to a destination of which nothing is known: only what has the same meaning for
    /// all of its platform.
    fn examine_usual_fields(
        &self,
        sync: &DesiredSync,
        found: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        let Some(usual) = self.store.known(sync.platform, "") else {
            return Ok(());
        };
        let mut usual = Destination::clone(&usual);
        // Nobody named it.
        sync.platform.title().clone_into(&mut usual.spec.name);
        let mut fields = Vec::new();
        for entry in sync.fields.entries() {
            let is_usual = usual.spec.create.names(&entry.key);
            let is_taken = is_usual || self.store.platform_takes(sync.platform, "", &entry.key)?;
            // What is in a map differs from one destination to the other.
            if entry.value.as_mapping().is_none() && (is_usual || !is_taken) {
                fields.push(entry.clone());
            }
        }
        let fields: Mapping = fields.into_iter().collect();
        let wrong = validate::check(&usual, &fields, sync.key, &sync.name.text);
        found.extend(
            wrong
                .into_iter()
                .filter(|diagnostic| diagnostic.code != Code::MissingField),
        );
        Ok(())
    }

    /// Points at a destination of a platform that publishes no list of them, if nothing else knows
    /// it either. What no sync is started to needs no pointing at.
    fn unfamiliar_destination(
        &self,
        sync: &DesiredSync,
        familiar: &Familiar,
    ) -> Option<Diagnostic> {
        let word = &sync.destination;
        if sync.platform.lists_destinations() || sync.ensure == Ensure::Absent {
            return None;
        }
        let known = familiar.listed.get_or_init(|| {
            let platforms = provider::platforms().into_iter();
            platforms
                .flat_map(|platform| self.store.destinations(platform))
                .collect()
        });
        let recorded = || {
            familiar
                .recorded
                .get_or_init(|| self.recorded_destinations())
        };
        if known.contains(&word.text) || recorded().contains(&word.text) {
            return None;
        }
        let message = format!("`{}` is not a destination that secsync knows.", word.text);
        let diagnostic = Diagnostic::new(Code::UnfamiliarDestination, word.span, message);
        Some(
            diagnostic.suggest(&word.text, known.iter().map(String::as_str), || {
                format!(
                    "{} publishes no list of its destinations. If it has this one, allow it: \
                 `lint: {{ {}: allow }}` in secsync.yaml.",
                    sync.platform.title(),
                    Code::UnfamiliarDestination
                )
            }),
        )
    }

    fn unknown_destination(&self, sync: &DesiredSync) -> Diagnostic {
        let word = &sync.destination;
        let known = self.store.destinations(sync.platform);
        let diagnostic = Diagnostic::new(
            Code::UnknownDestination,
            word.span,
            format!(
                "{} has no destination `{}`.",
                sync.platform.title(),
                word.text
            ),
        );
        if known.is_empty() {
            return diagnostic.help("Use 2 to 48 lowercase letters, digits and hyphens.");
        }
        match closest(&word.text, known.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("Did you mean `{near}`?")),
            None => diagnostic.help(format!(
                "`secsync schema list` shows the {} that it knows. If the server is newer, run \
                 `secsync schema pull --from-server`.",
                known.len()
            )),
        }
    }
}

fn check_connection(sync: &DesiredSync, spec: &DestinationSpec, found: &mut Vec<Diagnostic>) {
    let needs_connection = spec
        .create
        .fields
        .iter()
        .any(|field| field.required && field.name == CONNECTION_ID);
    match &sync.connection {
        None if needs_connection => found.push(
            Diagnostic::new(
                Code::MissingField,
                sync.key,
                format!("The sync `{}` has no `connection`.", sync.name.text),
            )
            .help(
                "Write `connection:` with the connection's name, or `connectionId:` with its id.",
            ),
        ),
        Some((ConnectionRef::Id(id), span)) if needs_connection && !is_uuid(id) => found.push(
            Diagnostic::new(
                Code::WrongForm,
                *span,
                format!("`connectionId` must be a UUID, and `{id}` is not one."),
            )
            .help("Write `connection:` to name a connection by its name."),
        ),
        Some((_, span)) if !needs_connection => found.push(
            Diagnostic::new(
                Code::UnknownField,
                *span,
                format!("Syncs of {} have no connection.", sync.platform.title()),
            )
            .help("Remove it."),
        ),
        _ => {}
    }
}

/// Patterns of `ignoreRemote` that name what decides which other fields there are.
fn ignored_tags(sync: &DesiredSync, spec: &DestinationSpec) -> Vec<Diagnostic> {
    let patterns = sync.ignore_remote.iter();
    let of_pattern = |pattern: &Word| {
        let tag = spec.create.tag_within(&pattern.text)?;
        let message = format!(
            "`{}` in `ignoreRemote` takes in `{tag}`, which decides what other fields there are.",
            pattern.text
        );
        let help = "Name the fields beside it, or `*` for all of them.";
        Some(Diagnostic::new(Code::WrongValue, pattern.span, message).help(help))
    };
    patterns.filter_map(of_pattern).collect()
}

/// Points at what a request would need and no answer gives back.
fn unread_and_missing(sync: &DesiredSync, spec: &DestinationSpec) -> Option<Diagnostic> {
    if sync.ensure == Ensure::Absent || !spec.create.has_unread() {
        return None;
    }
    let missing = spec.create.missing_unread(&sync.fields_as_json());
    let first = missing.first()?;
    let path: Vec<String> = first.split('.').map(str::to_owned).collect();
    let message = format!(
        "The sync `{}` does not declare {}, which is needed to create it and which {} never gives back.",
        sync.name.text,
        list(missing.iter().map(String::as_str)),
        sync.platform.title()
    );
    let place = sync.place(&path);
    Some(
        Diagnostic::new(Code::NotReadBack, place, message)
            .help("Declare it, unless the sync exists and never changes."),
    )
}

/// Patterns of `ignoreRemote` that match nothing for any of the syncs that have them.
fn unused_patterns(
    syncs: &[Arc<DesiredSync>],
    has_match: impl Fn(&DesiredSync, &str) -> bool,
) -> Vec<Diagnostic> {
    let mut patterns: BTreeMap<Span, (&str, bool)> = BTreeMap::new();
    for sync in syncs {
        for pattern in &sync.ignore_remote {
            let (_, is_used) = patterns
                .entry(pattern.span.in_no_cell())
                .or_insert((&pattern.text, false));
            *is_used = *is_used || has_match(sync, &pattern.text);
        }
    }
    let unused = patterns.into_iter().filter(|(_, (_, is_used))| !is_used);
    unused
        .map(|(span, (pattern, _))| {
            let message =
                format!("`{pattern}` in `ignoreRemote` names no field that the schemas know.");
            let help = "Correct it, or remove it. If the server is newer than the schemas and has it, \
                        `secsync plan` knows.";
            Diagnostic::new(Code::IgnoresNothing, span, message).help(help)
        })
        .collect()
}

/// Gives syncs without a project the one that the environment names for their provider.
fn fill_in_projects(
    workspace: &mut Workspace,
    environment: &Environment,
    found: &mut Vec<Diagnostic>,
) {
    let config = &workspace.settings.config;
    for sync in &mut workspace.syncs {
        if sync.project.is_some() {
            continue;
        }
        match project_of_environment(config, &sync.provider.text, environment) {
            Some(id) => {
                Arc::make_mut(sync).project = Some(Word {
                    text: id.to_owned(),
                    span: sync.key,
                });
            }
            None => found.push(
                Diagnostic::new(
                    Code::MissingField,
                    sync.key,
                    format!("The sync `{}` has no `project`.", sync.name.text),
                )
                .help("Write `project:` here or at the top of the file."),
            ),
        }
    }
}

/// The project that the environment names for a provider.
pub(super) fn project_of_environment<'a>(
    config: &Config,
    provider: &str,
    environment: &'a Environment,
) -> Option<&'a str> {
    let config = config.providers.get(provider)?;
    let variable = door(config.platform)?.servers().project_variable?;
    ProviderVariables::of(config, environment).get(variable)
}

/// A rename on a platform that changes nothing: under the new name a second configuration would
/// be started.
fn impossible_rename(sync: &DesiredSync, old: &Word) -> Option<Diagnostic> {
    (!sync.platform.can_rename()).then(|| {
        let help = if sync.platform.reads_back() {
            "Remove `renamedFrom`. Under a new name another sync is created."
        } else {
            "Remove `renamedFrom`. Under a new name another configuration is started; delete the old \
             one in the dashboard, and forget it with `secsync state rm`."
        };
        Diagnostic::new(
            Code::UnknownField,
            old.span,
            format!("Syncs of {} cannot be renamed.", sync.platform.title()),
        )
        .help(help)
    })
}
