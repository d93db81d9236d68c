//! `secsync export`: sync files of what is there.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use crate::adopt::draft::{self, Draft, Group};
use crate::adopt::place::{file_names, schema_from};
use crate::adopt::{ProjectSummary, Summary, Written};
use crate::cancel::Cancellation;
use crate::core::remote::RemoteSync;
use crate::core::select::Facets;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Discovered, Discovery, Projects, Run, Wanted};
use crate::render;
use crate::workspace::write::Existing;

use super::adopting::{self, AdoptArguments};
use super::options::{NetworkArguments, OutputArguments, pipeline_options};
use super::session;
use super::ui::{Format, Ui};

const DETAILS: &str = "\
Without --dir and --out, the files go to standard output, a document for each project.

Syncs that the workspace declares already, and those that `unmanaged.ignore` names, are left out \
unless --all is given: what is exported is what can be adopted. A sync that no valid file can \
declare is left out, too, and told. After an export the plan has nothing to do.";

/// The arguments of `export`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// The provider to read from, by its name in the files.
    #[arg(long, value_name = "NAME", default_value = "infisical")]
    provider: String,
    /// A project, by id, slug or name. Those that the files name if none is given.
    #[arg(long, value_name = "PROJECT")]
    project: Vec<String>,
    /// Every project that the identity can see.
    #[arg(long, conflicts_with = "project")]
    all_projects: bool,
    /// Only syncs for which these hold: provider, project, destination or environment.
    #[arg(short = 'l', long, value_name = "KEY=GLOB,…")]
    selector: Vec<String>,
    /// Only syncs of these names.
    #[arg(long, value_name = "NAME-GLOB")]
    target: Vec<String>,
    /// Write into this directory, PROJECT.yaml for each project.
    #[arg(long, value_name = "DIR")]
    dir: Option<Utf8PathBuf>,
    /// Write one file.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    out: Option<Utf8PathBuf>,
    /// What gets a file of its own in the directory.
    #[arg(long, value_name = "WHAT", default_value = "project", requires = "dir")]
    split: Split,
    /// Also write what is declared already or ignored.
    #[arg(long)]
    all: bool,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    adopt: AdoptArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What gets a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Split {
    /// PROJECT.yaml.
    Project,
    /// PROJECT/DESTINATION.yaml.
    Destination,
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let mut loaded = None;
    let exported = export(arguments, environment, &ui, &mut loaded);
    let is_sandbox = arguments.network.sandbox;
    let mut printed = Exit::Done;
    let stop = match &exported {
        Ok(summary) => {
            let told = render::export::exported(summary, is_sandbox, ui.is_quiet);
            if arguments.writes_files() {
                printed = ui.result(Format::Human, &told);
            } else {
                ui.err(&told);
            }
            ui.err(&render::export::warnings(summary));
            None
        }
        Err(stop) => {
            printed = ui.stop(stop);
            Some(stop)
        }
    };
    let end = (printed, stop);
    let written = session::document(
        "export",
        loaded.as_ref(),
        &ui,
        is_sandbox,
        end,
        |document| {
            if let Ok(summary) = &exported {
                render::json::add(document, &render::export::ExportBody::new(summary));
            }
        },
    );
    printed.most_important(written)
}

impl Arguments {
    const fn writes_files(&self) -> bool {
        self.dir.is_some() || self.out.is_some()
    }
}

fn export(
    arguments: &Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Summary, CommandError> {
    if !arguments.writes_files() && !ui.is_human_on_stdout() {
        return Err(CommandError::usage(
            "The files go to standard output, which another format has.",
        )
        .help(
            "Write them elsewhere with --dir or --out, or give that format a file: `-o human -o \
             json=export.json`.",
        ));
    }
    let load = arguments.adopt.load(&arguments.selector, &arguments.target);
    let options = pipeline_options(load, Some(&arguments.network), environment)?;
    let run = loaded.insert(adopting::open(options, ui)?);
    let platform = adopting::platform_of(run, &arguments.provider)?;
    if !platform.reads_back() {
        return Err(CommandError::usage(format!(
            "The provider `{}` is {}, which tells nothing about the syncs in it, so that \
             nothing can be exported.",
            arguments.provider,
            platform.title()
        ))
        .help(
            "Declare each one with `secsync import --started-as`, with the id that the dashboard \
             shows.",
        ));
    }
    let wanted = Wanted {
        provider: arguments.provider.clone(),
        projects: if arguments.all_projects {
            Projects::All
        } else {
            Projects::Named(arguments.project.clone())
        },
    };
    session::run_online(ui, async |cancellation: Cancellation| {
        let sandbox = session::start_sandbox(run, arguments.network.sandbox).await?;
        let exported = write_out(arguments, run, &wanted, ui, &cancellation).await;
        session::stop_sandbox(sandbox).await?;
        exported
    })
}

async fn write_out(
    arguments: &Arguments,
    run: &mut Run,
    wanted: &Wanted,
    ui: &Ui,
    cancellation: &Cancellation,
) -> Result<Summary, CommandError> {
    let (discovery, provider) = run.discover(wanted, cancellation).await?;
    refuse_idle_selectors(run, &discovery)?;
    let chosen: Vec<Chosen<'_>> = discovery
        .projects
        .iter()
        .map(|project| choose(arguments, run, &discovery.provider, project))
        .collect();
    let syncs = chosen.iter().flat_map(|chosen| chosen.group.syncs.clone());
    let by_ids = arguments.adopt.ids;
    let (names, unlisted_apps) = adopting::names(run, &*provider, syncs, by_ids).await?;
    let mut summary = Summary {
        takes_all: arguments.all,
        unlisted_apps,
        ..Summary::default()
    };
    let mut files = Vec::new();
    for (path, groups) in place(arguments, &chosen) {
        let directory = run.options.request.directory.clone();
        let full = path.as_ref().map(|path| directory.join(path));
        // What goes to standard output most often ends up where sync files are looked for.
        let beside = full
            .as_deref()
            .and_then(Utf8Path::parent)
            .map_or_else(|| run.workspace.root.join("syncs"), Utf8Path::to_owned);
        let schema = schema_from(&beside, &run.workspace.root);
        let shown = full.as_ref().map(|path| run.workspace.shown(path));
        let name = shown.as_deref().unwrap_or("<stdout>");
        let draft = draft::file(run, &groups, &names, &schema, name)?;
        files.push((full, shown.map(Utf8PathBuf::from), draft));
    }
    summary.projects = chosen.into_iter().map(|chosen| chosen.summary).collect();
    files.retain_mut(|(_, _, draft)| {
        summary.left_out.append(&mut draft.left_out);
        !draft.declared.is_empty()
    });
    refuse_losses(run, &files, arguments.force)?;
    for (full, shown, draft) in files {
        let mut is_apart = false;
        match (full, &shown) {
            (Some(full), Some(shown)) => {
                let existing = if arguments.force {
                    Existing::Replace
                } else {
                    Existing::Keep
                };
                adopting::write(&full, shown, &draft.text, existing)?;
                is_apart = !run.workspace.loads(&full);
            }
            _ => ui.deliver(&draft.text)?,
        }
        ui.findings(&draft.checked.diagnostics, &draft.checked.sources);
        summary.written.push(Written {
            is_apart,
            path: shown,
            syncs: draft.declared,
        });
    }
    if arguments.writes_files() && !summary.written.is_empty() {
        summary.written.extend(adopting::write_editor_schema(run)?);
    }
    Ok(summary)
}

/// What is exported of a project.
struct Chosen<'a> {
    group: Group<'a>,
    summary: ProjectSummary,
}

fn choose<'a>(
    arguments: &Arguments,
    run: &Run,
    provider: &'a str,
    project: &'a Discovered,
) -> Chosen<'a> {
    let word = if arguments.adopt.ids {
        &project.id
    } else {
        &project.word
    };
    let mut summary = ProjectSummary {
        word: word.clone(),
        found: project.syncs.len(),
        declared: 0,
        ignored: 0,
    };
    let ignore = &run.workspace.config.ignore;
    let mut is_chosen = |sync: &RemoteSync| {
        if project.declared.contains(&sync.name) {
            summary.declared += 1;
        } else if ignore.matches(&sync.name) {
            summary.ignored += 1;
        } else {
            return true;
        }
        arguments.all
    };
    let syncs = project
        .syncs
        .iter()
        .filter(|sync| is_chosen(sync))
        .filter(|sync| {
            let facets = Facets::of_remote(sync, provider, &project.word);
            run.selection.matches(facets)
        })
        .collect();
    Chosen {
        group: Group {
            provider,
            project: word,
            syncs,
        },
        summary,
    }
}

fn refuse_idle_selectors(run: &Run, discovery: &Discovery) -> Result<(), CommandError> {
    let facets = discovery.projects.iter().flat_map(|project| {
        let of = |sync| Facets::of_remote(sync, &discovery.provider, &project.word);
        project.syncs.iter().map(of)
    });
    match run.selection.idle(facets).first() {
        Some(idle) => Err(CommandError::usage(format!(
            "`{idle}` selects nothing that is there."
        ))
        .help("What is not declared has a provider, a project, a destination, an environment and a name.")),
        None => Ok(()),
    }
}

/// A file and its documents; none for standard output.
type Place<'a> = (Option<Utf8PathBuf>, Vec<Group<'a>>);

/// Which groups go where. A file has at least one sync.
fn place<'a>(arguments: &Arguments, chosen: &[Chosen<'a>]) -> Vec<Place<'a>> {
    let groups: Vec<&Group<'a>> = chosen
        .iter()
        .map(|chosen| &chosen.group)
        .filter(|group| !group.syncs.is_empty())
        .collect();
    let Some(directory) = &arguments.dir else {
        let all: Vec<Group<'a>> = groups.into_iter().cloned().collect();
        return if all.is_empty() {
            Vec::new()
        } else {
            vec![(arguments.out.clone(), all)]
        };
    };
    let files = file_names(groups.iter().map(|group| group.project));
    let mut places = Vec::new();
    for (group, file) in groups.into_iter().zip(files) {
        let path = directory.join(file);
        match arguments.split {
            Split::Project => places.push((Some(path), vec![group.clone()])),
            Split::Destination => {
                let slugs: BTreeSet<&str> = group
                    .syncs
                    .iter()
                    .map(|sync| sync.destination.as_str())
                    .collect();
                let files = file_names(slugs.iter().copied());
                for (slug, file) in slugs.into_iter().zip(files) {
                    let mut part = group.clone();
                    part.syncs.retain(|sync| sync.destination == slug);
                    places.push((Some(path.with_extension("").join(file)), vec![part]));
                }
            }
        }
    }
    places
}

type Drafted = (Option<Utf8PathBuf>, Option<Utf8PathBuf>, Draft);

/// Refuses, before anything is written, to overwrite a file that is not meant to be, or one with
/// declarations that its new text does not have.
fn refuse_losses(run: &Run, files: &[Drafted], is_forced: bool) -> Result<(), CommandError> {
    let there: Vec<(&Utf8PathBuf, &Draft)> = files
        .iter()
        .filter_map(|(full, shown, draft)| {
            full.as_ref()?.exists().then_some((shown.as_ref()?, draft))
        })
        .collect();
    if let (false, Some((first, _))) = (is_forced, there.first()) {
        let more = match there.len() - 1 {
            0 => String::new(),
            more => format!(" So are {more} more."),
        };
        return Err(CommandError::new(
            Exit::Error,
            format!("The file {first} is there already.{more} Nothing was written."),
        )
        .help(
            "Name another place; add to it with `secsync import --into`; or overwrite it with \
             --force.",
        ));
    }
    for (shown, draft) in there {
        let kept: BTreeSet<&str> = draft
            .declared
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        let sources = &run.workspace.sources;
        let lost = run.workspace.syncs.iter().find(|sync| {
            sources.get(sync.key.source).name == shown.as_str()
                && !kept.contains(sync.name.text.as_str())
        });
        if let Some(lost) = lost {
            return Err(CommandError::new(
                Exit::Error,
                format!(
                    "The file {shown} declares `{}`, and what would overwrite it does not. Nothing \
                     was written.",
                    lost.name.text
                ),
            )
            .help("Add --all to export what is declared already, too, or name another place."));
        }
    }
    Ok(())
}
