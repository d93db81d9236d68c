//! `secsync import`: declare what exists.
//!
//! There is no state to import into: an object comes under management by being declared. So an
//! import writes a declaration. Only where a platform tells nothing afterwards is there a record of
//! starts, and then the record gets its entry, too.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::{Map, Value};

use crate::adopt::draft::{self, Document, Group};
use crate::adopt::place::schema_from;
use crate::adopt::{Summary, Written};
use crate::cancel::Cancellation;
use crate::core::diagnostic::closest;
use crate::core::export;
use crate::core::merge::merge;
use crate::core::remote::{RemoteProject, RemoteSync};
use crate::core::resolve;
use crate::core::starts::{Start, StartKey, Starts};
use crate::core::value::{Mapping, Node};
use crate::core::words::list;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Discovered, Discovery, Projects, Run, Wanted};
use crate::render;
use crate::state::State;
use crate::workspace::read::read;
use crate::workspace::write::Existing;
use crate::yaml;

use super::adopting::{self, AdoptArguments};
use super::options::{NetworkArguments, OutputArguments, pipeline_options};
use super::session::{self, Access};
use super::ui::{Format, Ui};

const DETAILS: &str = "\
There is no state to import into: a sync comes under management by being declared. Without --into \
the declaration is printed. With it, it is added below the syncs of that file, which stays as it is \
otherwise; a file that is not there is made.

Enkryptify tells nothing about its syncs. One that was started there is declared and recorded as \
started with --destination and --started-as, so that no apply starts it again.";

/// The arguments of `import`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// The syncs: NAME, or PROVIDER/PROJECT/NAME as plans show it.
    #[arg(required = true, value_name = "SYNC")]
    syncs: Vec<String>,
    /// The provider of syncs that are given by NAME [default: infisical].
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The project of syncs that are given by NAME; those that the files name if none is given.
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// The file to add the declarations to.
    #[arg(long, value_name = "FILE")]
    into: Option<Utf8PathBuf>,
    /// On Enkryptify: the destination that the sync was started for.
    #[arg(long, value_name = "SLUG", requires = "started_as")]
    destination: Option<String>,
    /// On Enkryptify: the id of the configuration, as the dashboard shows it.
    #[arg(long, value_name = "ID", requires = "destination")]
    started_as: Option<String>,
    #[command(flatten)]
    adopt: AdoptArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let is_sandbox = arguments.network.sandbox;
    let mut loaded = None;
    let imported = import(arguments, environment, &ui, &mut loaded);
    let mut printed = Exit::Done;
    let stop = match &imported {
        Ok(summary) => {
            let told = render::export::imported(summary, is_sandbox, ui.is_quiet);
            if arguments.into.is_some() {
                printed = ui.result(Format::Human, &told);
            } else {
                ui.err(&told);
            }
            None
        }
        Err(stop) => {
            printed = ui.stop(stop);
            Some(stop)
        }
    };
    let Some(run) = &loaded else { return printed };
    let end = (printed, stop);
    let written = session::document("import", Some(run), &ui, is_sandbox, end, |document| {
        if let Ok(summary) = &imported {
            render::json::add(document, &render::export::ExportBody::new(summary));
        }
    });
    printed.most_important(written)
}

/// Which syncs are meant, all of one provider.
struct Meant {
    provider: String,
    /// The words that name their project; none where the files name it.
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
                    return Err(CommandError::usage(format!("`{sync}` is no sync."))
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
            provider: provider.unwrap_or_else(|| "infisical".to_owned()),
            projects,
            names,
        })
    }
}

fn of_several(what: &str) -> CommandError {
    CommandError::usage(format!("The syncs are of several {what}."))
        .help("Import those of one project at a time.")
}

fn import(
    arguments: &Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Summary, CommandError> {
    if arguments.into.is_none() && !ui.is_human_on_stdout() {
        return Err(CommandError::usage(
            "The declaration goes to standard output, which another format has.",
        )
        .help("Write it to a file with --into, or give that format a file."));
    }
    let meant = Meant::read(arguments)?;
    let load = arguments.adopt.load(&[], &[]);
    let options = pipeline_options(load, Some(&arguments.network), environment)?;
    let run = loaded.insert(adopting::open(options, ui)?);
    let platform = adopting::platform_of(run, &meant.provider)?;
    session::run_online(ui, async |cancellation: Cancellation| {
        let sandbox = session::start_sandbox(run, arguments.network.sandbox).await?;
        let imported = if platform.reads_back() {
            import_found(arguments, run, &meant, ui, &cancellation).await
        } else {
            import_started(arguments, run, &meant, ui, &cancellation).await
        };
        session::stop_sandbox(sandbox).await?;
        imported
    })
}

async fn import_found(
    arguments: &Arguments,
    run: &mut Run,
    meant: &Meant,
    ui: &Ui,
    cancellation: &Cancellation,
) -> Result<Summary, CommandError> {
    if arguments.started_as.is_some() {
        return Err(CommandError::usage(format!(
            "The provider `{}` can be read, so that nobody has to say what is there.",
            meant.provider
        ))
        .help("Leave out --destination and --started-as."));
    }
    let wanted = Wanted {
        provider: meant.provider.clone(),
        projects: Projects::Named(meant.projects.iter().cloned().collect()),
    };
    let (discovery, provider) = run.discover(&wanted, cancellation).await?;
    // Only now is it known which words mean the same project.
    if !meant.projects.is_empty() && discovery.projects.len() > 1 {
        return Err(of_several("projects"));
    }
    let (project, syncs) = find(run, &discovery, &meant.names)?;
    let by_ids = arguments.adopt.ids;
    let (names, unlisted_apps) =
        adopting::names(run, &*provider, syncs.iter().copied(), by_ids).await?;
    let group = Group {
        provider: &meant.provider,
        project: if by_ids { &project.id } else { &project.word },
        syncs,
    };
    let target = Target::open(arguments, run)?;
    let (workspace, file) = (
        run.workspace.config.defaults.clone(),
        target.defaults.clone(),
    );
    let inherited = |tag: Option<&str>| merge(&workspace, &file, tag);
    let document = Document::of(run, &group, &names, &inherited)?;
    let is_same = |word: &str| is_project(word, &project.id, &discovery.table);
    let nothing = async || Ok(());
    let mut summary = target
        .write(run, document, &inherited(None), &is_same, ui, nothing)
        .await?;
    summary.unlisted_apps = unlisted_apps;
    Ok(summary)
}

/// The project that has all of the syncs, and these.
fn find<'a>(
    run: &Run,
    discovery: &'a Discovery,
    names: &[String],
) -> Result<(&'a Discovered, Vec<&'a RemoteSync>), CommandError> {
    let has =
        |project: &Discovered, name: &String| project.syncs.iter().any(|sync| sync.name == *name);
    let with_all: Vec<&Discovered> = discovery
        .projects
        .iter()
        .filter(|project| names.iter().all(|name| has(project, name)))
        .collect();
    let project = match with_all.as_slice() {
        [only] => only,
        [] => {
            let missing = names
                .iter()
                .find(|name| !discovery.projects.iter().any(|project| has(project, name)));
            let known = discovery.projects.iter().flat_map(|project| &project.syncs);
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
    if let Some(name) = names.iter().find(|name| project.declared.contains(*name)) {
        let declared = run.workspace.syncs.iter().find(|sync| {
            let old = sync.renamed_from.as_ref();
            sync.name.text == **name || old.is_some_and(|old| old.text == **name)
        });
        let place = declared.map(|sync| run.workspace.sources.describe(sync.key));
        return Err(CommandError::new(
            Exit::Error,
            format!(
                "The sync `{name}` of {} is declared already: {}.",
                project.word,
                place.unwrap_or_default()
            ),
        )
        .help("`secsync plan` shows how that differs from what is there."));
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
        None => stop.help("`secsync export` shows what is there and not declared yet."),
    }
}

fn is_project(word: &str, id: &str, table: &[RemoteProject]) -> bool {
    word == id || resolve::project_id(word, table).as_deref() == Some(id)
}

async fn import_started(
    arguments: &Arguments,
    run: &mut Run,
    meant: &Meant,
    ui: &Ui,
    cancellation: &Cancellation,
) -> Result<Summary, CommandError> {
    let (Some(destination), Some(id), [name]) = (
        &arguments.destination,
        &arguments.started_as,
        meant.names.as_slice(),
    ) else {
        return Err(CommandError::usage(format!(
            "The provider `{}` is Enkryptify, which tells nothing about the syncs in it.",
            meant.provider
        ))
        .help(
            "Say for one sync what was started: `--destination SLUG --started-as ID`, with the id \
             that the dashboard shows.",
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
        server: run.server_of(&meant.provider, cancellation)?,
        destination: destination.clone(),
        project: project.clone(),
        name: name.clone(),
    };
    let state = open_state(run).await?;
    if let Starts::Recorded(starts) = state.starts()
        && let Some(Start::Done { id: known }) = starts.get(&key)
        && known != id
    {
        return Err(CommandError::new(
            Exit::Error,
            format!("The start of `{name}` is recorded already, as {known}."),
        )
        .help("If that is wrong, forget it first with `secsync state rm`."));
    }
    let target = Target::open(arguments, run)?;
    let inherited = merge(&run.workspace.config.defaults, &target.defaults, None);
    let mut blocks = Map::new();
    let block = export::block_of_start(destination, &inherited);
    blocks.insert(name.clone(), block.into());
    let document = Document {
        provider: meant.provider.clone(),
        project: project.clone(),
        blocks,
        left_out: Vec::new(),
    };
    let is_same = |word: &str| word == project;
    // Before the declaration: a recorded start that nothing declares does no harm, but a declared
    // one without its record would be started again.
    let record = async || Ok(state.done(&key, id).await?);
    target
        .write(run, document, &inherited, &is_same, ui, record)
        .await
}

async fn open_state(run: &Run) -> Result<State, CommandError> {
    let state = session::state_at(run, Access::Write).await?;
    if state.is_there() {
        return Ok(state);
    }
    Err(CommandError::new(
        Exit::Error,
        format!("There is no state in {}.", run.state_place()?),
    )
    .help("Begin one with `secsync state init`."))
}

/// Where the declarations go.
struct Target {
    /// The path, and how people write it; none for standard output.
    path: Option<(Utf8PathBuf, Utf8PathBuf)>,
    /// The text that is there.
    text: Option<String>,
    /// The defaults of that text.
    defaults: Mapping,
}

impl Target {
    fn open(arguments: &Arguments, run: &mut Run) -> Result<Self, CommandError> {
        let Some(path) = &arguments.into else {
            return Ok(Self {
                path: None,
                text: None,
                defaults: Mapping::default(),
            });
        };
        let full = run.options.request.directory.join(path);
        let shown = Utf8PathBuf::from(run.workspace.shown(&full));
        let text = if full.exists() {
            let read = read(&full, shown.as_str());
            Some(read.map_err(|found| CommandError::new(Exit::Error, found.message))?)
        } else {
            None
        };
        let defaults = text
            .as_deref()
            .and_then(|text| run.file_defaults(text))
            .unwrap_or_default();
        Ok(Self {
            path: Some((full, shown)),
            text,
            defaults,
        })
    }

    /// Writes a document, after `before` went well, unless a part of it cannot be declared.
    async fn write(
        self,
        run: &mut Run,
        document: Document,
        inherited: &Mapping,
        is_same_project: &dyn Fn(&str) -> bool,
        ui: &Ui,
        before: impl AsyncFnOnce() -> Result<(), CommandError>,
    ) -> Result<Summary, CommandError> {
        refuse_left_out(&document.left_out)?;
        let syncs: Vec<(String, String)> = document
            .blocks
            .keys()
            .map(|name| (document.project.clone(), name.clone()))
            .collect();
        let mut summary = Summary::default();
        if let (Some(text), Some((full, shown))) = (&self.text, &self.path) {
            let added = add(text, &document, inherited, is_same_project, shown)?;
            let checked = run.check_text(shown.as_str(), added.clone())?;
            let refused = draft::refusals(&checked);
            let mine = |(of, name): &(String, String)| {
                is_same_project(of) && syncs.iter().any(|(_, own)| own == name)
            };
            if let Some((_, reason)) = refused.iter().find(|(identity, _)| mine(identity)) {
                return Err(nothing_written(reason));
            }
            before().await?;
            adopting::write(full, shown, &added, Existing::Replace)?;
            let names = syncs.iter().map(|(_, name)| name.as_str()).collect();
            let found = draft::findings_about(&checked, &names);
            ui.findings(&found, &checked.sources);
        } else {
            let beside = self.path.as_ref().and_then(|(full, _)| full.parent());
            let beside =
                beside.map_or_else(|| run.workspace.root.join("syncs"), Utf8Path::to_owned);
            let schema = schema_from(&beside, &run.workspace.root);
            let name = self
                .path
                .as_ref()
                .map_or("<stdout>", |(_, shown)| shown.as_str());
            let draft = draft::compose(run, vec![document], &schema, name)?;
            refuse_left_out(&draft.left_out)?;
            before().await?;
            match &self.path {
                Some((full, shown)) => {
                    adopting::write(full, shown, &draft.text, Existing::Keep)?;
                }
                None => ui.deliver(&draft.text)?,
            }
            ui.findings(&draft.checked.diagnostics, &draft.checked.sources);
        }
        let full = self.path.as_ref().map(|(full, _)| full);
        let is_file = full.is_some();
        summary.written.push(Written {
            is_apart: full.is_some_and(|full| !run.workspace.loads(full)),
            path: self.path.map(|(_, shown)| shown),
            syncs,
        });
        if is_file {
            summary.written.extend(adopting::write_editor_schema(run)?);
        }
        Ok(summary)
    }
}

fn refuse_left_out(left_out: &[draft::LeftOut]) -> Result<(), CommandError> {
    match left_out.first() {
        Some(one) => Err(nothing_written(&format!(
            "The sync `{}` cannot be declared. {}",
            one.name, one.reason
        ))),
        None => Ok(()),
    }
}

fn nothing_written(reason: &str) -> CommandError {
    CommandError::new(Exit::Error, format!("{reason} Nothing was written."))
}

/// The text with the blocks below its syncs, each with the provider and the project that its file
/// does not say.
fn add(
    text: &str,
    document: &Document,
    inherited: &Mapping,
    is_same_project: &dyn Fn(&str) -> bool,
    shown: &Utf8Path,
) -> Result<String, CommandError> {
    let word = |key: &str| inherited.get(key).and_then(Node::as_str);
    let mut head = Map::new();
    if word("provider") != Some(document.provider.as_str()) {
        head.insert("provider".to_owned(), document.provider.clone().into());
    }
    let project = word("project").or_else(|| word("projectId"));
    if !project.is_some_and(is_same_project) || !head.is_empty() {
        head.insert("project".to_owned(), document.project.clone().into());
    }
    let mut entries = Map::new();
    for (name, block) in &document.blocks {
        let (key, is_free) = free_key(text, name, &document.project);
        let mut whole = Map::new();
        if !is_free {
            whole.insert("name".to_owned(), name.clone().into());
        }
        whole.extend(head.clone());
        if let Value::Object(block) = block {
            whole.extend(block.clone());
        }
        entries.insert(key, whole.into());
    }
    yaml::insert::add_entries(text, "syncs", &entries).map_err(|refusal| {
        CommandError::new(
            Exit::Error,
            format!("Nothing can be added to {shown}: {refusal}. Nothing was written."),
        )
        .help("Leave out --into, and the declaration is printed.")
    })
}

/// A key that the file does not have yet: the name, if it is free.
fn free_key(text: &str, name: &str, project: &str) -> (String, bool) {
    let keys = yaml::insert::keys(text, "syncs");
    if !keys.contains(name) {
        return (name.to_owned(), true);
    }
    let base = format!("{project}-{name}");
    let mut candidates =
        std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}")));
    let free = candidates.find(|key| !keys.contains(key));
    (free.unwrap_or(base), false)
}
