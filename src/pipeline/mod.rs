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
//! | where the state is kept | `place` |

mod check;
mod place;
mod survey;

pub use survey::Survey;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::core::plan;
use crate::core::plan::{Inputs, Plan, Policy};
use crate::core::select::Selection;
use crate::core::spec::{DestinationSpec, ProviderKind};
use crate::core::starts::Starts;
use crate::environment::Environment;
use crate::error::Stop;
use crate::http::HttpOptions;
use crate::schema::store::SchemaStore;
use crate::workspace::{Request, Workspace};

/// Where the workspace's own schemas are, from the root.
const SCHEMAS: &str = ".secsync/schemas";

/// What a run was asked for.
#[derive(Clone)]
pub struct Options {
    /// What to load.
    pub request: Request,
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

/// The destinations that the syncs of a run go to.
pub type Specs = BTreeMap<(ProviderKind, String), Arc<DestinationSpec>>;

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
    pub fn open(options: Options) -> Result<Self, Stop> {
        let selection =
            Selection::new(&options.selectors, &options.targets).map_err(Stop::usage)?;
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
    pub fn load(options: Options, stdin: &mut dyn Read) -> Result<Self, Stop> {
        Self::open(options)?.read_files(stdin)
    }

    /// Reads the files of a run that is open. Their findings are in the workspace afterwards.
    pub fn read_files(self, stdin: &mut dyn Read) -> Result<Self, Stop> {
        let mut run = self;
        let union_tag = |kind, slug: &str| {
            let destination = run.store.destination(kind, slug).ok().flatten()?;
            let fields = &destination.spec.create.fields;
            let config = fields
                .iter()
                .find(|field| field.name == "destinationConfig")?;
            Some(config.object.as_ref()?.union.as_ref()?.tag.clone())
        };
        run.workspace
            .load(
                &run.options.request,
                &run.options.environment,
                stdin,
                &union_tag,
            )
            .map_err(|message| {
                Stop::usage(message)
                    .help("Name files, directories or globs, or write `include:` in secsync.yaml.")
            })?;
        let refusal = if !run.workspace.is_whole {
            Some(("only some paths were named", "Run it without paths."))
        } else if !run.selection.is_everything() {
            Some((
                "only some syncs were selected",
                "Run it without --selector and --target.",
            ))
        } else {
            None
        };
        match refusal {
            Some((why, help)) if run.options.prune => Err(Stop::usage(format!(
                "`--prune` needs the whole workspace, and {why}."
            ))
            .help(help)),
            _ => Ok(run),
        }
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

    /// Whether a state is needed: a sync is declared that cannot be read back.
    pub fn needs_state(&self) -> bool {
        self.workspace
            .syncs
            .iter()
            .any(|sync| sync.kind == ProviderKind::Enkryptify)
    }
}
