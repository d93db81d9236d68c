//! `secsync import`: declare what exists.
//!
//! There is no state to import into: an object comes under management by being declared. So an
//! import writes a declaration. If a platform does not show its syncs, it also records the start.

mod terraform;

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use clap::Args;
use serde_json::Map;

use crate::cli::arguments::NetworkArguments;
use crate::cli::command::{Command, CommandFrame, Files, Session};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sync_files::{self, Declared, NamingArguments};
use crate::core::diagnostic::Diagnostic;
use crate::core::export;
use crate::core::merge::merge;
use crate::core::remote::{RemoteProject, RemoteSync};
use crate::core::resolve;
use crate::core::starts::{Start, StartKey, Starts};
use crate::core::suggest::closest;
use crate::core::words::list;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::draft::{DraftDocument, DraftGroup, Hidden};
use crate::export::target::{Addition, ExportTarget};
use crate::export::{Summary, Written};
use crate::pipeline::{Checked, Inventory, Link, ProjectInventory, Projects, StateUse, Wanted};
use crate::provider::default_platform;
use crate::render;
use crate::root::is_workspace;
use crate::state::State;

const DETAILS: &str = "\
There is no state to import into: a sync comes under management by being declared. Without --into \
the declaration is printed. With it, it is added below the syncs of that file, which stays as it is \
otherwise; a file that does not exist is created.

From Terraform every sync of the document is declared that no file declares yet, sensitive values \
as variables. Without a credential things are named as the document names them. With one the server \
is asked, too, and what was written is compared with it: if they differ, the exit code is 2. \
Terraform itself is not touched; what it needs to let go of the syncs is printed.

Some platforms do not show their syncs. One that was started there is declared and recorded as \
started with --destination and --started-as, so that no apply starts it again.";

/// The arguments of `import`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// The syncs: NAME, or PROVIDER/PROJECT/NAME as plans show it.
    #[arg(required_unless_present = "from_terraform", value_name = "SYNC")]
    syncs: Vec<String>,
    /// Every sync that Terraform or OpenTofu manages: the output of `terraform show -json`, for a
    /// state or a plan; - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["syncs", "project", "destination"])]
    from_terraform: Option<Utf8PathBuf>,
    /// The provider of syncs that are given by NAME [default: that of files without `provider:`].
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The project of syncs that are given by NAME [default: those that the files name].
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// The file to add the declarations to.
    #[arg(long, value_name = "FILE")]
    into: Option<Utf8PathBuf>,
    /// From Terraform: the directory to add the declarations to, PROJECT.yaml for each project.
    #[arg(
        long,
        value_name = "DIR",
        requires = "from_terraform",
        conflicts_with = "into"
    )]
    dir: Option<Utf8PathBuf>,
    /// If a sync can only be started: the destination that it was started for.
    #[arg(long, value_name = "SLUG", requires = "started_as")]
    destination: Option<String>,
    /// If a sync can only be started: its id, as the dashboard shows it.
    #[arg(long, value_name = "ID", requires = "destination")]
    started_as: Option<String>,
    #[command(flatten)]
    naming: NamingArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "import";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Declared;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame {
            writes: self.into.as_deref().map(|file| ("--into", file)),
            ..CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
        }
    }

    fn run(self, session: &Session) -> Result<Declared, CommandError> {
        if self.into.is_none() && self.dir.is_none() && !session.is_human_on_stdout() {
            return Err(CommandError::usage(
                "The declaration goes to standard output, which another format has.",
            )
            .help("Write it to a file with --into, or give that format a file."));
        }
        if let Some(file) = &self.from_terraform {
            return self.import_from_terraform(file, session);
        }
        let meant = Meant::read(&self)?;
        let load = self.naming.load(self.into.as_deref(), &[], &[], &[]);
        let checked = load.check_what_exists(session)?;
        let platform = checked.opened.platform_of(&meant.provider)?;
        session.online(&self.network, checked, async |checked: Checked, link| {
            if platform.reads_back() {
                self.import_remote(&checked, &meant, session, link).await
            } else {
                self.import_started(&checked, &meant, session, link).await
            }
        })
    }
}

/// Which syncs are meant, all of one provider.
struct Meant {
    provider: String,
    /// The words that name their project; empty if the files name it.
    projects: BTreeSet<String>,
    names: Vec<String>,
}

impl Meant {
    fn read(arguments: &Arguments) -> Result<Self, CommandError> {
        let mut providers = BTreeSet::new();
        let mut projects = BTreeSet::new();
        let mut names = Vec::new();
        for sync in &arguments.syncs {
            let parts = sync
                .split_once('/')
                .and_then(|(provider, rest)| Some((provider, rest.rsplit_once('/')?)));
            match parts {
                Some((provider, (project, name))) => {
                    providers.insert(provider.to_owned());
                    projects.insert(project.to_owned());
                    names.push(name.to_owned());
                }
                None if sync.contains('/') => {
                    return Err(CommandError::usage(format!(
                        "`{sync}` is not a valid sync address."
                    ))
                    .help("Write NAME, or PROVIDER/PROJECT/NAME."));
                }
                // Beside an address, a bare name is of the same place.
                None => {
                    providers.extend(arguments.provider.clone());
                    projects.extend(arguments.project.clone());
                    names.push(sync.clone());
                }
            }
        }
        names.sort();
        names.dedup();
        let provider = providers.pop_first();
        if !providers.is_empty() {
            return Err(of_several("providers"));
        }
        Ok(Self {
            provider: provider.unwrap_or_else(|| default_platform().name().to_owned()),
            projects,
            names,
        })
    }
}

fn of_several(what: &str) -> CommandError {
    CommandError::usage(format!("The syncs are of several {what}."))
        .help("Import those of one project at a time.")
}

impl Arguments {
    async fn import_remote(
        &self,
        checked: &Checked,
        meant: &Meant,
        session: &Session,
        link: &Link,
    ) -> Result<Declared, CommandError> {
        if self.started_as.is_some() {
            return Err(CommandError::usage(format!(
                "The provider `{}` shows its syncs, so nobody has to say what was started.",
                meant.provider
            ))
            .help("Leave out --destination and --started-as."));
        }
        let wanted = Wanted {
            provider: meant.provider.clone(),
            projects: Projects::Named(meant.projects.iter().cloned().collect()),
        };
        let inventory = checked.inventory(&wanted, link).await?;
        // Only now is it known which words mean the same project.
        if !meant.projects.is_empty() && inventory.projects.len() > 1 {
            return Err(of_several("projects"));
        }
        let (project, syncs) = find(checked, &inventory, &meant.names)?;
        let provider = (inventory.platform, &inventory.connected);
        let names = self
            .naming
            .names(&checked.opened, provider, syncs.clone(), link);
        let (names, unlisted_apps) = names.await?;
        let hidden = names.hidden(syncs.clone(), &inventory.table);
        let group = DraftGroup {
            is_declared: false,
            provider: &meant.provider,
            project: if self.naming.ids {
                &project.id
            } else {
                &project.word
            },
            syncs,
        };
        let opened = &checked.opened;
        let target = ExportTarget::open(self.into.as_deref(), opened)?;
        let defaults = &opened.workspace.config.defaults;
        let inherited = |tag: Option<&str>| merge(defaults, &target.defaults, tag);
        let document = DraftDocument::of(opened, &group, &names, &inherited)?;
        let is_same = |word: &str, _: &str| is_project(word, &project.id, &inventory.table);
        let addition = target
            .add(
                opened,
                vec![document],
                &inherited(None),
                &is_same,
                &Hidden::default(),
            )?
            .whole()?;
        let mut declared = write(checked, vec![(target, addition)], session)?;
        declared.summary.unlisted_apps = unlisted_apps;
        declared.summary.hidden = hidden;
        Ok(declared)
    }

    async fn import_started(
        &self,
        checked: &Checked,
        meant: &Meant,
        session: &Session,
        link: &Link,
    ) -> Result<Declared, CommandError> {
        let (key, id) = self.start(checked, meant, link)?;
        let state = open_state(checked, link).await?;
        if let Starts::Recorded(starts) = state.starts()
            && let Some(Start::Done { id: known }) = starts.get(&key)
            && known != id
        {
            return Err(CommandError::new(
                Exit::Error,
                format!(
                    "The start of `{}` is already recorded, as {known}.",
                    key.name
                ),
            )
            .help("If that is wrong, forget it first with `secsync state rm`."));
        }
        let opened = &checked.opened;
        let target = ExportTarget::open(self.into.as_deref(), opened)?;
        let inherited = merge(&opened.workspace.config.defaults, &target.defaults, None);
        let mut blocks = Map::new();
        let block = export::block_of_start(&key.destination, &inherited);
        blocks.insert(key.name.clone(), block.into());
        let document = DraftDocument {
            blocks,
            ..DraftDocument::new(&meant.provider, &key.project)
        };
        let is_same = |word: &str, project: &str| word == project;
        let addition = target
            .add(
                opened,
                vec![document],
                &inherited,
                &is_same,
                &Hidden::default(),
            )?
            .whole()?;
        // Before the declaration: a recorded start that nothing declares does no harm, but a
        // declared one without its record would be started again.
        state.done(&key, id).await?;
        write(checked, vec![(target, addition)], session)
    }

    /// The start that the flags describe, and the id of its configuration.
    fn start(
        &self,
        checked: &Checked,
        meant: &Meant,
        link: &Link,
    ) -> Result<(StartKey, &String), CommandError> {
        let (Some(destination), Some(id), [name]) =
            (&self.destination, &self.started_as, &*meant.names)
        else {
            return Err(CommandError::usage(format!(
                "The provider `{}` does not show its syncs.",
                meant.provider
            ))
            .help(
                "Say for one sync what was started: `--destination SLUG --started-as ID`, with \
                 the id that the dashboard shows.",
            ));
        };
        if meant.projects.len() > 1 {
            return Err(of_several("projects"));
        }
        let Some(project) = meant.projects.first() else {
            return Err(
                CommandError::usage(format!("The project of `{name}` is not named."))
                    .help("Name it with --project."),
            );
        };
        let key = StartKey {
            server: link.server_of(&checked.opened, &meant.provider)?,
            destination: destination.clone(),
            project: project.clone(),
            name: name.clone(),
        };
        Ok((key, id))
    }
}

/// Writes additions to their targets.
fn write(
    checked: &Checked,
    additions: Vec<(ExportTarget, Addition)>,
    session: &Session,
) -> Result<Declared, CommandError> {
    let opened = &checked.opened;
    let mut summary = Summary {
        has_settings: is_workspace(&opened.workspace.root),
        ..Summary::default()
    };
    let mut printed = None;
    let mut writes_files = false;
    let mut exit = Exit::Done;
    for (target, addition) in additions {
        let mut written = Written {
            is_apart: false,
            path: None,
            syncs: addition.syncs,
        };
        if let Some((full, shown)) = &target.place {
            sync_files::write(opened, full, shown, &addition.text, target.existing())?;
            written.is_apart = !opened.workspace.loads(full);
            written.path = Some(shown.clone());
            writes_files = true;
        } else {
            printed = Some(sync_files::printed(addition.text)?);
        }
        summary.written.push(written);
        summary.unknown.extend(addition.unknown);
        summary.left_out.extend(addition.left_out);
        if addition.findings.iter().any(Diagnostic::is_error) {
            exit = Exit::Invalid;
        }
        session.findings(Files {
            findings: &addition.findings,
            ..(&*addition.checked).into()
        });
    }
    if writes_files {
        let schema = sync_files::write_editor_schema(opened)?;
        summary.written.extend(schema);
        summary.example = sync_files::put_example_away(opened, true)?;
    }
    Ok(Declared {
        summary,
        printed,
        human: render::export::imported,
        exit,
        failure: None,
    })
}

/// The project that has all of the syncs, and these.
fn find<'a>(
    checked: &Checked,
    inventory: &'a Inventory,
    names: &[String],
) -> Result<(&'a ProjectInventory, Vec<&'a RemoteSync>), CommandError> {
    let has = |project: &ProjectInventory, name: &String| {
        project.syncs.iter().any(|sync| sync.name == *name)
    };
    let with_all: Vec<&ProjectInventory> = inventory
        .projects
        .iter()
        .filter(|project| names.iter().all(|name| has(project, name)))
        .collect();
    let project = match with_all.as_slice() {
        [only] => only,
        [] => {
            let missing = names
                .iter()
                .find(|name| !inventory.projects.iter().any(|project| has(project, name)));
            let known = inventory.projects.iter().flat_map(|project| &project.syncs);
            return Err(not_there(missing, known.map(|sync| sync.name.as_str())));
        }
        several => {
            return Err(CommandError::usage(format!(
                "Several projects have {}: {}.",
                list(names.iter().map(String::as_str)),
                list(several.iter().map(|project| project.word.as_str()))
            ))
            .help("Say which one is meant with --project."));
        }
    };
    let mut declared = names
        .iter()
        .filter_map(|name| project.declared.get_key_value(name));
    if let Some((name, place)) = declared.next() {
        return Err(CommandError::new(
            Exit::Error,
            format!(
                "The sync `{name}` of {} is already declared: {}.",
                project.word,
                checked.opened.workspace.sources.describe(*place)
            ),
        )
        .help("`secsync plan` shows how that differs from the remote sync."));
    }
    let syncs = project
        .syncs
        .iter()
        .filter(|sync| names.contains(&sync.name))
        .collect();
    Ok((project, syncs))
}

fn not_there<'a>(missing: Option<&String>, known: impl Iterator<Item = &'a str>) -> CommandError {
    let Some(name) = missing else {
        return CommandError::usage("No project has all of these syncs.")
            .help("Import those of one project at a time.");
    };
    let stop = CommandError::new(
        Exit::Error,
        format!("There is no sync `{name}`, or this identity may not read it."),
    );
    match closest(name, known) {
        Some(near) => stop.help(format!("Did you mean `{near}`?")),
        None => stop.help("`secsync export` shows the remote syncs that are not declared yet."),
    }
}

fn is_project(word: &str, id: &str, table: &[RemoteProject]) -> bool {
    word == id || resolve::project_id(word, table).as_deref() == Some(id)
}

async fn open_state(checked: &Checked, link: &Link) -> Result<State, CommandError> {
    let opened = &checked.opened;
    let state = opened.open_state(link, StateUse::Write).await?;
    if state.is_there() {
        return Ok(state);
    }
    Err(CommandError::new(
        Exit::Error,
        format!("There is no state in {}.", opened.state_place(link)?),
    )
    .help("Begin one with `secsync state init`."))
}
