//! `secsync import --from-terraform`: declare what Terraform manages.
//!
//! Without a credential the document alone says what things are called. With one the server does,
//! too, and what was written is compared with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Arguments, is_project, write};
use crate::cancel::Cancellation;
use crate::cli::command::Session;
use crate::cli::sync_files::Declared;
use crate::core::diff::FieldChange;
use crate::core::merge::merge;
use crate::core::plan::{Action, Verb};
use crate::core::platform::Platform;
use crate::core::remote::{RemoteConnection, RemoteProject};
use crate::core::resolve;
use crate::core::sources::Sources;
use crate::core::text::visible;
use crate::core::words::count;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::draft::HiddenConnections;
use crate::export::draft::{self, DraftDocument, DraftGroup, Names};
use crate::export::paths::file_names;
use crate::export::target::{Addition, ExportTarget};
use crate::export::terraform::release::Release;
use crate::export::terraform::show_json::{self, LARGEST};
use crate::export::terraform::{
    Comparison, FoundSync, Migration, ResourceMapping, StateMismatch, TerraformSyncs, find,
};
use crate::pipeline::{
    Checked, DeclaredNames, Link, Opened, Projects, StateUse, Wanted, declared_names,
};
use crate::provider::default_platform;
use crate::redaction;
use crate::render;
use crate::root::Place;
use crate::text_file::{self, Unreadable, reason};

/// The word for standard input.
const STDIN: &str = "-";

/// How many problems are shown one by one.
const MOST_PROBLEMS: usize = 20;

/// What things are called in the files.
struct Spelling {
    /// The projects to name by.
    table: Vec<RemoteProject>,
    /// The connections to name by.
    names: Names,
    /// The apps whose connections the identity may not list.
    unlisted_apps: Vec<String>,
    /// The projects whose connections it may not see.
    hidden: Vec<HiddenConnections>,
}

impl Arguments {
    /// Imports what a document of Terraform holds.
    pub(super) fn import_from_terraform(
        &self,
        file: &Utf8Path,
        session: &Session,
    ) -> Result<Declared, CommandError> {
        let place = self.into.as_deref().or(self.dir.as_deref());
        let load = self.naming.load(place, &[], &[], &[]);
        let checked = load.check_what_exists(session)?;
        let provider = self.provider_name();
        let platform = checked.opened.platform_of(provider)?;
        let mapping = ResourceMapping::of(platform).ok_or_else(|| {
            CommandError::usage(format!(
                "Terraform does not manage syncs of {}, as far as secsync knows.",
                platform.title()
            ))
            .help("Name a provider of another platform with --provider.")
        })?;
        let text = read(file, &checked.opened)?;
        let document = show_json::TerraformDocument::read(&text, mapping).map_err(|unusable| {
            CommandError::new(
                Exit::Error,
                format!("{} cannot be imported: {}.", named(file), unusable.reason),
            )
            .help(unusable.help)
        })?;
        let found = find(&checked.opened, platform, mapping, &document, &text)?;
        drop((document, text));
        for sync in &found.syncs {
            if sync.project_variable.is_some() {
                // From here on it is part of requests.
                let _ = redaction::register(sync.sync.project_id.as_str(), "The document");
            }
        }
        let link = self.network.link(&session.environment, Cancellation::new());
        let is_online = self.network.sandbox || link.has_credential(&checked.opened, provider);
        if !is_online {
            let spelling = self.spelling_offline(platform, &checked.opened, &found)?;
            let additions = self.additions(&checked, &found, &spelling)?;
            return self.declared(&checked, found, additions, spelling, session);
        }
        session.online(&self.network, checked, async |checked: Checked, link| {
            let spelling = self
                .spelling_online(platform, &checked.opened, &found, link)
                .await?;
            let additions = self.additions(&checked, &found, &spelling)?;
            for sync in found.syncs.iter().filter(|sync| sync.hides_connection()) {
                // The files are made, and from here on its id is part of traces.
                let _ = redaction::register(sync.sync.connection.id.as_str(), "The document");
            }
            let texts = texts(&additions.targets);
            let hidden = found.hidden.open(&checked.opened);
            let imported: BTreeSet<(String, String)> = additions.imported.clone();
            let mut declared = self.declared(&checked, found, additions, spelling, session)?;
            let compared = compare(&hidden, texts, &imported, link).await;
            settle(&mut declared, compared);
            Ok(declared)
        })
    }

    fn provider_name(&self) -> &str {
        let default = default_platform().name();
        self.provider.as_deref().unwrap_or(default)
    }

    /// What things are called by the document alone.
    fn spelling_offline(
        &self,
        platform: Platform,
        opened: &Opened,
        found: &TerraformSyncs,
    ) -> Result<Spelling, CommandError> {
        let mut spelling = Spelling {
            table: found.projects.clone(),
            names: Names {
                platform,
                connections: BTreeMap::new(),
            },
            unlisted_apps: Vec::new(),
            hidden: Vec::new(),
        };
        if !self.naming.ids {
            let syncs = found.syncs.iter().map(|sync| &sync.sync);
            let apps = draft::apps(opened, platform, syncs)?;
            add_connections(&mut spelling.names, apps, found);
        }
        Ok(spelling)
    }

    /// What things are called by the server, and by the document where that may not be asked.
    async fn spelling_online(
        &self,
        platform: Platform,
        opened: &Opened,
        found: &TerraformSyncs,
        link: &Link,
    ) -> Result<Spelling, CommandError> {
        if found.syncs.is_empty() {
            return self.spelling_offline(platform, opened, found);
        }
        let syncs = || found.syncs.iter().map(|sync| &sync.sync);
        let projects: BTreeSet<&String> = syncs().map(|sync| &sync.project_id).collect();
        let wanted = Wanted {
            provider: self.provider_name().to_owned(),
            projects: Projects::WithIds(projects.into_iter().cloned().collect()),
        };
        let chosen = opened.choose_by_name(&wanted, link).await?;
        let connected = (platform, &chosen.connected);
        let named = self.naming.names(opened, connected, syncs(), link);
        let (mut names, unlisted_apps) = named.await?;
        if !self.naming.ids {
            let apps = draft::apps(opened, platform, syncs())?;
            let is_unlisted = |of: &(String, String)| {
                let usable = names.connections.get(of);
                usable.is_none_or(|usable| usable.lacks.is_some())
            };
            let unlisted = apps.into_iter().filter(is_unlisted).collect();
            add_connections(&mut names, unlisted, found);
        }
        let table = if chosen.table.is_empty() {
            found.projects.clone()
        } else {
            chosen.table
        };
        let hidden = names.hidden(syncs(), &table);
        Ok(Spelling {
            table,
            names,
            unlisted_apps,
            hidden,
        })
    }

    /// What is to be added to which file.
    fn additions(
        &self,
        checked: &Checked,
        found: &TerraformSyncs,
        spelling: &Spelling,
    ) -> Result<Additions, CommandError> {
        let provider = self.provider_name();
        let opened = &checked.opened;
        let table = &spelling.table;
        let mut additions = Additions::default();
        let mut by_project: BTreeMap<&str, Vec<&FoundSync>> = BTreeMap::new();
        for sync in &found.syncs {
            by_project
                .entry(&sync.sync.project_id)
                .or_default()
                .push(sync);
        }
        let mut projects = Vec::new();
        let declared = declared_names(&opened.workspace, provider, table);
        for (id, mut syncs) in by_project {
            syncs.retain(|one| additions.is_new(one, &declared, &opened.workspace.sources));
            let word = if self.naming.ids {
                id
            } else {
                resolve::project_word(id, table)
            };
            if !syncs.is_empty() {
                projects.push(Project { word, syncs });
            }
        }
        projects.sort_by_key(Project::shown);
        let is_same = |word: &str, project: &str| {
            let id = resolve::project_id(project, table);
            word == project || id.is_some_and(|id| is_project(word, &id, table))
        };
        for (path, mut projects) in self.places(projects) {
            let target = ExportTarget::open(path.as_deref(), opened)?;
            // A file that this workspace does not load.
            if let Some(held) = target.held(opened, &found.hidden)? {
                let declared = declared_names(&held, provider, table);
                for project in &mut projects {
                    let syncs = &mut project.syncs;
                    syncs.retain(|one| additions.is_new(one, &declared, &held.sources));
                }
                projects.retain(|project| !project.syncs.is_empty());
            }
            if projects.is_empty() {
                continue;
            }
            let defaults = &opened.workspace.config.defaults;
            let inherited = |tag: Option<&str>| merge(defaults, &target.defaults, tag);
            let mut documents = Vec::new();
            for project in &projects {
                documents.push(project.document(opened, provider, &spelling.names, &inherited)?);
            }
            let mut addition =
                target.add(opened, documents, &inherited(None), &is_same, &found.hidden)?;
            additions.take_stock(&projects, &mut addition);
            if !addition.syncs.is_empty() {
                additions.targets.push((target, addition));
            }
        }
        Ok(additions)
    }

    /// Which projects go into which file; `None` is standard output.
    fn places<'a>(
        &self,
        projects: Vec<Project<'a>>,
    ) -> Vec<(Option<Utf8PathBuf>, Vec<Project<'a>>)> {
        if projects.is_empty() {
            return Vec::new();
        }
        let Some(directory) = &self.dir else {
            return vec![(self.into.clone(), projects)];
        };
        let words: Vec<String> = projects.iter().map(Project::shown).collect();
        let files = file_names(words.iter().map(String::as_str));
        let files = files.into_iter().map(|file| Some(directory.join(file)));
        files
            .zip(projects.into_iter().map(|project| vec![project]))
            .collect()
    }

    /// Writes the files.
    fn declared(
        &self,
        checked: &Checked,
        found: TerraformSyncs,
        additions: Additions,
        spelling: Spelling,
        session: &Session,
    ) -> Result<Declared, CommandError> {
        let mut declared = write(checked, additions.targets, session)?;
        let summary = &mut declared.summary;
        summary.unlisted_apps = spelling.unlisted_apps;
        summary.hidden = spelling.hidden;
        // Each with its resource.
        summary.left_out = found.left_out;
        summary.left_out.extend(additions.left_out);
        summary.migration = Some(Migration {
            release: Release::of(
                additions.taken.iter().map(String::as_str),
                found.addresses.iter().map(String::as_str),
                found.is_opentofu,
            ),
            left_alone: found.others,
            variables: found.variables,
            pending: additions
                .taken
                .iter()
                .filter_map(|address| found.pending.get_key_value(address))
                .map(|(address, is_deleted)| (address.clone(), *is_deleted))
                .collect(),
            declared: additions.declared,
            refused: found.refused,
            provider: self.provider_name().to_owned(),
            comparison: Comparison::Offline,
        });
        declared.human = render::terraform::imported;
        declared.failure = together(found.errors);
        Ok(declared)
    }
}

/// The syncs of a project.
struct Project<'a> {
    /// What the file names it by.
    word: &'a str,
    syncs: Vec<&'a FoundSync>,
}

impl Project<'_> {
    fn variable(&self) -> Option<&String> {
        let first = self.syncs.first();
        first.and_then(|first| first.project_variable.as_ref())
    }

    /// The word that people see.
    fn shown(&self) -> String {
        self.variable().map_or(self.word, String::as_str).to_owned()
    }

    fn document(
        &self,
        opened: &Opened,
        provider: &str,
        names: &Names,
        inherited: &dyn Fn(Option<&str>) -> crate::core::value::Mapping,
    ) -> Result<DraftDocument, CommandError> {
        let variable = self.variable().cloned();
        let project = match (&variable, self.syncs.first()) {
            (Some(_), Some(first)) => &first.sync.project_id,
            _ => self.word,
        };
        let group = DraftGroup {
            is_declared: true,
            provider,
            project,
            syncs: self.syncs.iter().map(|found| &found.sync).collect(),
        };
        let mut document = DraftDocument::of(opened, &group, names, inherited)?;
        document.project_variable = variable;
        for found in &self.syncs {
            for variable in &found.variables {
                document.put_variable(&found.sync.name, &variable.path, &variable.name);
            }
        }
        Ok(document)
    }
}

/// What is to be written, and what came of each sync.
#[derive(Default)]
struct Additions {
    targets: Vec<(ExportTarget, Addition)>,
    /// The syncs that are declared now, by the ids of their projects and their names.
    imported: BTreeSet<(String, String)>,
    /// The addresses of what is declared, from now on or already.
    taken: Vec<String>,
    /// The syncs that were declared already, by their names, with their places.
    declared: Vec<(String, String)>,
    left_out: Vec<draft::LeftOut>,
}

impl Additions {
    /// Whether no file declares a sync yet; takes note of one that is declared.
    fn is_new(&mut self, one: &FoundSync, declared: &DeclaredNames, sources: &Sources) -> bool {
        let of_project = declared.get(&one.sync.project_id);
        let place = of_project.and_then(|names| names.get(&one.sync.name));
        if let Some(place) = place {
            self.taken.push(one.address.clone());
            let place = sources.describe(*place);
            self.declared.push((one.sync.name.clone(), place));
        }
        place.is_none()
    }

    /// Takes note of what an addition declares and what it leaves out.
    fn take_stock(&mut self, projects: &[Project<'_>], addition: &mut Addition) {
        let left_out = std::mem::take(&mut addition.left_out);
        let mut reasons: BTreeMap<(String, String), draft::LeftOut> = left_out
            .into_iter()
            .map(|one| ((one.project.clone(), one.name.clone()), one))
            .collect();
        for project in projects {
            let shown = match project.variable() {
                Some(variable) => format!("${{var.{variable}}}"),
                None => project.word.to_owned(),
            };
            for found in &project.syncs {
                let name = found.sync.name.clone();
                if let Some(mut one) = reasons.remove(&(shown.clone(), name.clone())) {
                    one.resource = Some(found.address.clone());
                    self.left_out.push(one);
                } else {
                    self.taken.push(found.address.clone());
                    self.imported.insert((found.sync.project_id.clone(), name));
                }
            }
        }
    }
}

/// Adds the connections that the document names, for the projects and apps that need some.
fn add_connections(names: &mut Names, of: BTreeSet<(String, String)>, found: &TerraformSyncs) {
    let used: BTreeSet<&str> = found
        .syncs
        .iter()
        .map(|sync| sync.sync.connection.id.as_str())
        .collect();
    for (project, app) in of {
        let is_usable = |connection: &&RemoteConnection| {
            let owner = connection.project_id.as_ref();
            owner.is_none_or(|owner| *owner == project)
                && (connection.app == app || used.contains(connection.id.as_str()))
        };
        let usable: Vec<_> = found.connections.iter().filter(is_usable).collect();
        let known = &mut names.connections.entry((project, app)).or_default().seen;
        for connection in usable {
            if !known.iter().any(|known| known.id == connection.id) {
                known.push(connection.clone());
            }
        }
    }
}

fn named(file: &Utf8Path) -> String {
    if file == STDIN {
        "The document on standard input".to_owned()
    } else {
        format!("The file {}", visible(file.as_str()))
    }
}

fn read(file: &Utf8Path, opened: &Opened) -> Result<String, CommandError> {
    let text = if file == STDIN {
        text_file::read_stream(io::stdin().lock(), LARGEST)
    } else {
        let directory = &opened.options.request.directory;
        Place::of(file, directory)
            .map_err(Unreadable::from)
            .and_then(|place| place.read(LARGEST))
    };
    text.map_err(|why| {
        let reason = match &why {
            Unreadable::Io(error) => reason(error),
            other => other.to_string(),
        };
        let help = match &why {
            Unreadable::NotUtf8(_) => {
                "If it is a saved plan, print it with `terraform show -json PLANFILE`. If \
                 PowerShell wrote it, let it write UTF-8."
            }
            other => other.help(),
        };
        CommandError::new(
            Exit::Error,
            format!("{} cannot be read: {reason}.", named(file)),
        )
        .help(help)
    })
}

/// The errors of resources in one, each with its words.
fn together(errors: Vec<CommandError>) -> Option<CommandError> {
    let more = errors.len().saturating_sub(MOST_PROBLEMS);
    let mut shown: Vec<CommandError> = errors.into_iter().take(MOST_PROBLEMS).collect();
    if more > 0 {
        let message = format!("{} more were not imported.", count(more, "resource"));
        shown.push(CommandError::new(Exit::Error, message));
    }
    CommandError::all(shown).err()
}

/// The texts that were written, those of new files in one.
fn texts(targets: &[(ExportTarget, Addition)]) -> Vec<String> {
    let is_new = |target: &ExportTarget| target.existing() == crate::root::Existing::Keep;
    let (new, old): (Vec<_>, Vec<_>) = targets.iter().partition(|(target, _)| is_new(target));
    let new: Vec<&str> = new
        .iter()
        .map(|(_, addition)| addition.text.as_str())
        .collect();
    let new = (!new.is_empty()).then(|| new.join("---\n"));
    let old = old.into_iter().map(|(_, addition)| addition.text.clone());
    new.into_iter().chain(old).collect()
}

/// Plans what was written, and returns what a plan would do to the imported syncs.
async fn compare(
    opened: &Opened,
    texts: Vec<String>,
    imported: &BTreeSet<(String, String)>,
    link: &Link,
) -> Result<Vec<StateMismatch>, CommandError> {
    let mut differences = Vec::new();
    for text in texts {
        let checked = opened.load_text("the imported files", text).check()?;
        let planned = checked.plan(link, StateUse::Read).await?;
        let is_meant = |action: &&Action| {
            let subject = &action.subject;
            let identity = (subject.project_id.clone(), subject.name.clone());
            action.verb() != Verb::Trigger && imported.contains(&identity)
        };
        let actions = planned.plan.actions.iter().filter(is_meant);
        differences.extend(actions.map(|action| StateMismatch {
            verb: action.verb().word(),
            project: action.subject.project.clone(),
            name: action.subject.name.clone(),
            fields: action.changes.iter().map(FieldChange::dotted).collect(),
        }));
    }
    Ok(differences)
}

/// Adds what a comparison came to.
fn settle(declared: &mut Declared, compared: Result<Vec<StateMismatch>, CommandError>) {
    let comparison = match compared {
        Ok(differences) => {
            if !differences.is_empty() {
                declared.exit = declared.exit.most_important(Exit::ChangesPending);
            }
            Comparison::Done(differences)
        }
        Err(error) => {
            let error = error.in_words();
            let before = declared.failure.take();
            declared.failure = Some(match before {
                Some(before) => before.and(error),
                None => error,
            });
            Comparison::Failed
        }
    };
    if let Some(migration) = &mut declared.summary.migration {
        migration.comparison = comparison;
    }
}
