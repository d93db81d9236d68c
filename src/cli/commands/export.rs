//! `secsync export`: sync files for remote syncs.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use crate::cli::arguments::NetworkArguments;
use crate::cli::command::{Command, CommandFrame, Session};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sync_files::{self, Declared, NamingArguments};
use crate::core::remote::RemoteSync;
use crate::core::select::Facets;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::draft::{self, Draft, DraftGroup};
use crate::export::paths::{file_names, schema_from};
use crate::export::{ProjectSummary, Summary, Written};
use crate::pipeline::{Checked, Inventory, Link, ProjectInventory, Projects, Wanted};
use crate::provider::default_platform;
use crate::render;
use crate::root::{Existing, is_workspace};

const DETAILS: &str = "\
Without --dir and --out, the files go to standard output, a document for each project.

Syncs that the workspace already declares, and those that `unmanaged.ignore` names, are left out \
unless --all is given. A sync that no valid file can declare is also left out, and reported. After \
an export the plan has nothing to do.";

/// The arguments of `export`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// The provider to read from, by its name in the files.
    #[arg(long, value_name = "NAME", default_value = default_platform().name())]
    provider: String,
    /// A project, by id, slug or name [default: those that the files name].
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
    /// Not the syncs of these names.
    #[arg(long, value_name = "NAME-GLOB")]
    exclude: Vec<String>,
    /// Write into this directory, PROJECT.yaml for each project.
    #[arg(long, value_name = "DIR")]
    dir: Option<Utf8PathBuf>,
    /// Write one file; `-` is standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    out: Option<Utf8PathBuf>,
    /// What gets a file of its own in the directory.
    #[arg(long, value_name = "WHAT", default_value = "project", requires = "dir")]
    split: Split,
    /// Also write what is already declared or ignored.
    #[arg(long)]
    all: bool,
    /// Overwrite existing files.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    naming: NamingArguments,
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

impl Command for Arguments {
    const NAME: &'static str = "export";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Declared;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame {
            writes: self.file().map(|file| ("--out", file)),
            ..CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
        }
    }

    fn run(self, session: &Session) -> Result<Declared, CommandError> {
        if !self.writes_files() && !session.is_human_on_stdout() {
            return Err(CommandError::usage(
                "The files go to standard output, which another format has.",
            )
            .help(
                "Write them elsewhere with --dir or --out, or give that format a file: `-o human \
                 -o json=export.json`.",
            ));
        }
        let place = self.dir.as_deref().or(self.file());
        let load = self
            .naming
            .load(place, &self.selector, &self.target, &self.exclude);
        let checked = load.check_what_exists(session)?;
        let platform = checked.opened.platform_of(&self.provider)?;
        if !platform.reads_back() {
            return Err(CommandError::usage(format!(
                "The provider `{}` is {}, which does not show its syncs, so that nothing can be \
                 exported.",
                self.provider,
                platform.title()
            ))
            .help(
                "Declare each one with `secsync import --started-as`, with the id that the \
                 dashboard shows.",
            ));
        }
        session.online(&self.network, checked, async |checked: Checked, link| {
            self.export(&checked, session, link).await
        })
    }
}

impl Arguments {
    fn writes_files(&self) -> bool {
        self.dir.is_some() || self.file().is_some()
    }

    /// The one file to write; `-` is standard output, as everywhere.
    fn file(&self) -> Option<&Utf8Path> {
        self.out.as_deref().filter(|path| *path != "-")
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            provider: self.provider.clone(),
            projects: if self.all_projects {
                Projects::All
            } else {
                Projects::Named(self.project.clone())
            },
        }
    }

    async fn export(
        &self,
        checked: &Checked,
        session: &Session,
        link: &Link,
    ) -> Result<Declared, CommandError> {
        let inventory = checked.inventory(&self.wanted(), link).await?;
        refuse_idle_selectors(checked, &inventory)?;
        let chosen: Vec<Chosen<'_>> = inventory
            .projects
            .iter()
            .map(|project| choose(self, checked, &inventory.provider, project))
            .collect();
        let syncs = chosen.iter().flat_map(|chosen| chosen.group.syncs.clone());
        let provider = (inventory.platform, &inventory.connected);
        let (names, unlisted_apps) = self
            .naming
            .names(&checked.opened, provider, syncs, link)
            .await?;
        let mut files = Vec::new();
        for (path, groups) in place(self, &chosen) {
            files.push(Drafted::new(checked, path, &groups, &names)?);
        }
        let syncs = chosen.iter().flat_map(|chosen| chosen.group.syncs.clone());
        let mut summary = Summary {
            hidden: names.hidden(syncs, &inventory.table),
            takes_all: self.all,
            has_settings: is_workspace(&checked.opened.workspace.root),
            unlisted_apps,
            projects: chosen.into_iter().map(|chosen| chosen.summary).collect(),
            ..Summary::default()
        };
        files.retain_mut(|file| {
            summary.left_out.append(&mut file.draft.left_out);
            summary.unknown.append(&mut file.draft.unknown);
            !file.draft.declared.is_empty()
        });
        refuse_losses(checked, &files, self.force)?;
        let printed = self.write_files(checked, files, &mut summary, session)?;
        Ok(Declared {
            summary,
            printed: (!self.writes_files())
                .then(|| sync_files::printed(printed))
                .transpose()?,
            human: render::export::exported,
            exit: Exit::Done,
            failure: None,
        })
    }

    /// Writes the files, and returns the text that goes to standard output instead.
    fn write_files(
        &self,
        checked: &Checked,
        files: Vec<Drafted>,
        summary: &mut Summary,
        session: &Session,
    ) -> Result<String, CommandError> {
        let existing = if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        let mut printed = String::new();
        for Drafted { place, draft } in files {
            session.findings(&*draft.checked);
            let mut is_apart = false;
            match &place {
                Some((full, shown)) => {
                    sync_files::write(&checked.opened, full, shown, &draft.text, existing)?;
                    is_apart = !checked.opened.workspace.loads(full);
                }
                None => printed.push_str(&draft.text),
            }
            summary.written.push(Written {
                is_apart,
                path: place.map(|(_, shown)| shown),
                syncs: draft.declared,
            });
        }
        if self.writes_files() {
            let has_written = !summary.written.is_empty();
            if has_written {
                let schema = sync_files::write_editor_schema(&checked.opened)?;
                summary.written.extend(schema);
            }
            let has_others = has_written || checked.opened.workspace.files > 1;
            summary.example = sync_files::put_example_away(&checked.opened, has_others)?;
        }
        Ok(printed)
    }
}

/// A file that is to be written.
struct Drafted {
    /// Its path, and how people write it; `None` for standard output.
    place: Option<(Utf8PathBuf, Utf8PathBuf)>,
    draft: Draft,
}

impl Drafted {
    fn new(
        checked: &Checked,
        path: Option<Utf8PathBuf>,
        groups: &[DraftGroup<'_>],
        names: &draft::Names,
    ) -> Result<Self, CommandError> {
        let opened = &checked.opened;
        let workspace = &opened.workspace;
        let place = path.map(|path| {
            let full = opened.options.request.directory.join(path);
            let shown = Utf8PathBuf::from(workspace.shown(&full));
            (full, shown)
        });
        let directory = place.as_ref().and_then(|(full, _)| full.parent());
        // What goes to standard output most often ends up where sync files are looked for.
        let directory = directory.map_or_else(|| workspace.root.join("syncs"), Utf8Path::to_owned);
        let schema = schema_from(&directory, &workspace.root);
        let name = place
            .as_ref()
            .map_or("<stdout>", |(_, shown)| shown.as_str());
        let draft = draft::file(opened, groups, names, &schema, name)?;
        Ok(Self { place, draft })
    }
}

/// What is exported of a project.
struct Chosen<'a> {
    group: DraftGroup<'a>,
    summary: ProjectSummary,
}

fn choose<'a>(
    arguments: &Arguments,
    checked: &Checked,
    provider: &'a str,
    project: &'a ProjectInventory,
) -> Chosen<'a> {
    let word = if arguments.naming.ids {
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
    let ignore = &checked.opened.workspace.config.ignore;
    let mut is_chosen = |sync: &RemoteSync| {
        if project.declared.contains_key(&sync.name) {
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
            let facets = Facets::of_remote(sync, provider, &project.word, &project.words);
            checked.opened.selection.matches(facets)
        })
        .collect();
    Chosen {
        group: DraftGroup {
            is_declared: false,
            provider,
            project: word,
            syncs,
        },
        summary,
    }
}

fn refuse_idle_selectors(checked: &Checked, inventory: &Inventory) -> Result<(), CommandError> {
    let facets = inventory.projects.iter().flat_map(|project| {
        let (word, words) = (&project.word, &project.words);
        let of = |sync| Facets::of_remote(sync, &inventory.provider, word, words);
        project.syncs.iter().map(of)
    });
    match checked.opened.selection.idle(facets).first() {
        Some(idle) => Err(CommandError::usage(format!(
            "`{idle}` matches no remote sync."
        ))
        .help("A remote sync has a provider, a project, a destination, an environment and a name.")),
        None => Ok(()),
    }
}

/// A file and its documents; none for standard output.
type Place<'a> = (Option<Utf8PathBuf>, Vec<DraftGroup<'a>>);

/// Which groups go where. A file has at least one sync.
fn place<'a>(arguments: &Arguments, chosen: &[Chosen<'a>]) -> Vec<Place<'a>> {
    let groups: Vec<&DraftGroup<'a>> = chosen
        .iter()
        .map(|chosen| &chosen.group)
        .filter(|group| !group.syncs.is_empty())
        .collect();
    let Some(directory) = &arguments.dir else {
        let all: Vec<DraftGroup<'a>> = groups.into_iter().cloned().collect();
        return if all.is_empty() {
            Vec::new()
        } else {
            vec![(arguments.file().map(Utf8Path::to_owned), all)]
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

/// Refuses, before anything is written, to overwrite a file that is not meant to be, or one with
/// declarations that its new text does not have.
fn refuse_losses(
    checked: &Checked,
    files: &[Drafted],
    is_forced: bool,
) -> Result<(), CommandError> {
    let existing: Vec<(&Utf8PathBuf, &Draft)> = files
        .iter()
        .filter_map(|file| {
            let (full, shown) = file.place.as_ref()?;
            full.exists().then_some((shown, &file.draft))
        })
        .collect();
    if let (false, Some((first, _))) = (is_forced, existing.first()) {
        let more = match existing.len() - 1 {
            0 => String::new(),
            1 => " So does 1 more.".to_owned(),
            more => format!(" So do {more} more."),
        };
        return Err(CommandError::new(
            Exit::Error,
            format!("The file {first} already exists.{more} Nothing was written."),
        )
        .help(
            "Name another place; add to it with `secsync import --into`; or overwrite it with \
             --force.",
        ));
    }
    let workspace = &checked.opened.workspace;
    for (shown, draft) in existing {
        let kept: BTreeSet<&str> = draft
            .declared
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        let lost = workspace.syncs.iter().find(|sync| {
            workspace.sources.get(sync.key.source).name == shown.as_str()
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
            .help("Add --all to also export what is already declared, or name another place."));
        }
    }
    Ok(())
}
