//! The line that every command travels: load → check → resolve → read → plan.
//!
//! A [`Run`] goes from step to step and keeps what it found, so that whoever runs it can show
//! the findings of its files wherever it stops. No step sends a request before [`Run::survey`].
//!
//! | step | where |
//! |---|---|
//! | load, plan | here |
//! | check | `check` |
//! | resolve, read | `survey` |
//! | the same for projects whether or not they are declared | `discover` |
//! | read what a saved plan is about, and nothing else | `saved` |
//! | where the state is kept | `place` |

mod check;
mod discover;
mod place;
mod saved;
mod survey;

pub use discover::{Discovered, Discovery, Projects, Wanted};
pub use survey::Survey;

use std::io::Read;

use camino::Utf8PathBuf;

use crate::core::export;
use crate::core::plan;
use crate::core::plan::{Inputs, Plan, Policy};
use crate::core::platform::Platform;
use crate::core::select::Selection;
use crate::core::spec::Specs;
use crate::core::starts::Starts;
use crate::core::value::Mapping;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::http::HttpOptions;
use crate::schema::store::SchemaStore;
use crate::workspace::{LoadOptions, Schemas, Workspace};

/// Where the workspace's own schemas are, from the root.
const SCHEMAS: &str = ".secsync/schemas";

/// What a run was asked for.
#[derive(Clone)]
pub struct Options {
    /// What to load.
    pub request: LoadOptions,
    /// The environment of the process.
    pub environment: Environment,
    /// How to talk HTTP.
    pub http: HttpOptions,
    /// How many requests and actions go at once.
    pub parallelism: usize,
    /// The projects that may be read; all if there are none.
    pub allow_projects: Vec<String>,
    /// `--selector`.
    pub selectors: Vec<String>,
    /// `--target`.
    pub targets: Vec<String>,
    /// Whether what is not declared is deleted.
    pub prune: bool,
    /// `--state`.
    pub state: Option<String>,
}

/// One run of the line.
pub struct Run {
    /// What it was asked for.
    pub options: Options,
    /// The files, and what is wrong with them.
    pub workspace: Workspace,
    /// The schemas.
    pub store: SchemaStore,
    /// The destinations of the syncs, after [`Run::check`].
    pub specs: Specs,
    /// What the command line selects.
    pub selection: Selection,
}

impl Run {
    /// Finds the workspace and reads no sync file.
    pub fn open(options: Options) -> Result<Self, CommandError> {
        let selection =
            Selection::new(&options.selectors, &options.targets).map_err(CommandError::usage)?;
        let workspace = Workspace::open(&options.request.directory);
        let store = SchemaStore::with_workspace(&workspace.root.join(SCHEMAS))?;
        Ok(Self {
            options,
            workspace,
            store,
            specs: Specs::new(),
            selection,
        })
    }

    /// Reads the files. Their findings are in the workspace afterwards.
    pub fn load(options: Options, stdin: &mut dyn Read) -> Result<Self, CommandError> {
        let mut run = Self::open(options)?;
        run.read_files(stdin)?;
        Ok(run)
    }

    /// Reads the files of a run that is open. Their findings are in the workspace afterwards.
    pub fn read_files(&mut self, stdin: &mut dyn Read) -> Result<(), CommandError> {
        self.workspace
            .load(
                &self.options.request,
                &self.options.environment,
                stdin,
                &self.store,
            )
            .map_err(|message| {
                CommandError::usage(message)
                    .help("Name files, directories or globs, or write `include:` in secsync.yaml.")
            })?;
        let refusal = if !self.workspace.is_whole {
            Some(("only some paths were named", "Run it without paths."))
        } else if !self.selection.is_everything() {
            Some((
                "only some syncs were selected",
                "Run it without --selector and --target.",
            ))
        } else {
            None
        };
        match refusal {
            Some((why, help)) if self.options.prune => Err(CommandError::usage(format!(
                "`--prune` needs the whole workspace, and {why}."
            ))
            .help(help)),
            _ => Ok(()),
        }
    }

    /// Reads and checks a text as if it were all the files of this workspace, under the name that
    /// its findings are to have. The files of the run stay as they are.
    pub fn check_text(&mut self, name: &str, text: String) -> Result<Workspace, CommandError> {
        let alone = self.workspace.without_files();
        let files = std::mem::replace(&mut self.workspace, alone);
        self.workspace.load_text(
            name,
            text,
            &self.options.request,
            &self.options.environment,
            &self.store,
        );
        let checked = self.check();
        let alone = std::mem::replace(&mut self.workspace, files);
        match checked {
            Err(stop) if !stop.problems.is_empty() => Err(stop),
            _ => Ok(alone),
        }
    }

    /// What the syncs of a text inherit from it, if it holds one document.
    pub fn file_defaults(&mut self, text: &str) -> Option<Mapping> {
        let Options {
            request,
            environment,
            ..
        } = &self.options;
        self.workspace.file_defaults(text, request, environment)
    }

    /// Where the schemas are that the workspace pulled.
    pub fn schema_directory(&self) -> Utf8PathBuf {
        self.workspace.root.join(SCHEMAS)
    }

    /// Plans.
    pub fn plan(&self, survey: &Survey, starts: &Starts) -> Plan {
        let policy = Policy {
            prune: self.options.prune,
            protect: self.workspace.config.protect.clone(),
            ignore: self.workspace.config.ignore.clone(),
            selection: self.selection.clone(),
        };
        plan::build(&Inputs {
            syncs: &survey.syncs,
            remote: &survey.remote,
            labels: &survey.projects,
            specs: &self.specs,
            starts,
            policy: &policy,
        })
    }

    /// Whether a state is needed: a sync is selected that cannot be read back.
    pub fn needs_state(&self) -> bool {
        let mut syncs = self.workspace.syncs.iter();
        syncs.any(|sync| !sync.platform.reads_back() && self.selection.may_match(sync))
    }
}

impl Schemas for SchemaStore {
    fn union_tag(&self, kind: Platform, destination: &str) -> Option<String> {
        let destination = self.destination(kind, destination).ok().flatten()?;
        export::union_tag(&destination.spec).map(str::to_owned)
    }

    // A schema that cannot be used is told when the syncs are checked.
    fn platform_takes(&self, kind: Platform, likely: &str, field: &str) -> bool {
        self.platform_takes(kind, likely, field).unwrap_or_default()
    }
}
