//! `secsync state`: the record of started syncs.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cancel::Cancellation;
use crate::cli::arguments::{TransportArguments, open_workspace};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sandbox::keep_out_of_git;
use crate::core::text::visible;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::json::JsonBody;
use crate::state::{FilePlace, Record, State, StateAccess, StateLocation};

/// The arguments of `state`.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Begin a state. Do this once, before the first start.
    Init(Common),
    /// Show the recorded starts.
    List(Common),
    /// Say what came of a start that was interrupted.
    Resolve {
        /// The start.
        #[command(flatten)]
        start: StartName,
        /// What came of it.
        #[command(flatten)]
        truth: Truth,
        /// The flags that every `state` command has.
        #[command(flatten)]
        common: Common,
    },
    /// Forget a start, after its configuration was deleted in the dashboard.
    Rm {
        /// The start.
        #[command(flatten)]
        start: StartName,
        /// The flags that every `state` command has.
        #[command(flatten)]
        common: Common,
    },
}

/// The flags that all of them have.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    transport: TransportArguments,
    /// The state of the sandbox.
    #[arg(long)]
    sandbox: bool,
}

/// What a start is called.
#[derive(Debug, Args)]
pub struct StartName {
    /// The sync: NAME, PROJECT/NAME, or PROVIDER/PROJECT/NAME as plans show it.
    name: String,
    /// The project, if several have a sync of that name.
    #[arg(long)]
    project: Option<String>,
    /// The destination, if several have a sync of that name.
    #[arg(long)]
    destination: Option<String>,
}

/// What came of a start.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Truth {
    /// It took effect, and this is the id of its configuration.
    #[arg(long, value_name = "ID")]
    started_as: Option<String>,
    /// It did not take effect: the next apply starts it.
    #[arg(long)]
    not_started: bool,
}

impl Command for Arguments {
    const NAME: &'static str = "state";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = StateOutcome;

    fn frame(&self) -> CommandFrame<'_> {
        let common = self.common();
        CommandFrame::of(&common.output).in_sandbox(common.sandbox)
    }

    fn run(self, session: &Session) -> Result<StateOutcome, CommandError> {
        let (location, access) = self.common().location(session)?;
        session.doing("Reading the record of started syncs");
        session.until_interrupted(async |_| match self {
            Self::Init(_) => {
                State::init(&location, &access).await?;
                if let StateLocation::File(FilePlace {
                    root: Some(root), ..
                }) = &location
                {
                    keep_out_of_git(root)?;
                }
                Ok(StateOutcome::Begun(location))
            }
            Self::List(_) => list(&location, &access).await,
            Self::Resolve { start, truth, .. } => {
                let state = State::open_for_writing(&location, &access).await?;
                resolve(&state, &start, truth.started_as).await
            }
            Self::Rm { start, .. } => {
                let state = State::open_for_writing(&location, &access).await?;
                let record = find(&state, &start)?;
                state.forget(&record.key()).await?;
                Ok(StateOutcome::Forgotten(record))
            }
        })
    }
}

impl Arguments {
    const fn common(&self) -> &Common {
        match self {
            Self::Init(common)
            | Self::List(common)
            | Self::Resolve { common, .. }
            | Self::Rm { common, .. } => common,
        }
    }
}

impl Common {
    /// Where the state is kept, and how it is reached.
    fn location(&self, session: &Session) -> Result<(StateLocation, StateAccess), CommandError> {
        let opened = open_workspace(session)?;
        let link = self
            .transport
            .link(&session.environment, Cancellation::new());
        let location = if self.sandbox {
            opened.sandbox_state_place()
        } else {
            opened.state_place(&link)?
        };
        Ok((location, link.state_reach()))
    }
}

async fn list(
    location: &StateLocation,
    access: &StateAccess,
) -> Result<StateOutcome, CommandError> {
    let state = State::open(location, access).await?;
    if state.is_there() {
        return Ok(StateOutcome::Starts(state.records()));
    }
    Err(
        CommandError::new(Exit::Error, format!("There is no state in {location}."))
            .help("Begin one with `secsync state init`."),
    )
}

async fn resolve(
    state: &State,
    start: &StartName,
    started_as: Option<String>,
) -> Result<StateOutcome, CommandError> {
    let record = find(state, start)?;
    if let Some(id) = &record.sync_config_id {
        return Err(CommandError::new(
            Exit::Error,
            format!(
                "The start of `{}` is not unknown: it was answered with {id}.",
                record.name
            ),
        )
        .help("To forget it, use `secsync state rm`."));
    }
    if let Some(id) = started_as {
        state.done(&record.key(), &id).await?;
        return Ok(StateOutcome::Recorded(record, id));
    }
    state.forget(&record.key()).await?;
    Ok(StateOutcome::NotStarted(record))
}

/// What became of the state. A record is as it was before.
pub enum StateOutcome {
    /// It was begun.
    Begun(StateLocation),
    /// It has these starts.
    Starts(Vec<Record>),
    /// A start has this id now.
    Recorded(Record, String),
    /// A start was forgotten, because it did not take effect.
    NotStarted(Record),
    /// A start was forgotten.
    Forgotten(Record),
}

impl CommandOutcome for StateOutcome {
    fn human(&self, _view: View) -> Human {
        match self {
            Self::Begun(StateLocation::File(file)) => format!(
                "Began a state in {}. Commit it, or keep it where every run finds it.\n",
                file.shown()
            ),
            Self::Begun(StateLocation::Object(url)) => format!("Began a state in {url}.\n"),
            Self::Starts(records) if records.is_empty() => "No start is recorded.\n".to_owned(),
            Self::Starts(records) => records.iter().map(line).collect(),
            Self::Recorded(record, id) => {
                format!("Recorded `{}` as started with the id {id}.\n", record.name)
            }
            Self::NotStarted(record) => format!(
                "Forgot the start of `{}`; the next apply starts it.\n",
                record.name
            ),
            Self::Forgotten(record) => format!(
                "Forgot the start of `{}`. As long as a file declares it, the next apply starts \
                 it.\n",
                record.name
            ),
        }
        .into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        #[serde(untagged, rename_all_fields = "camelCase")]
        enum Body<'a> {
            Begun {
                place: String,
                starts: [&'a Record; 0],
            },
            Starts {
                starts: &'a [Record],
            },
            Changed {
                result: &'static str,
                start: &'a Record,
                #[serde(skip_serializing_if = "Option::is_none")]
                started_as: Option<&'a str>,
            },
        }
        Box::new(match self {
            Self::Begun(location) => Body::Begun {
                place: location.to_string(),
                starts: [],
            },
            Self::Starts(starts) => Body::Starts { starts },
            Self::Recorded(start, id) => Body::Changed {
                result: "recorded",
                start,
                started_as: Some(id),
            },
            Self::NotStarted(start) | Self::Forgotten(start) => Body::Changed {
                result: "forgotten",
                start,
                started_as: None,
            },
        })
    }
}

/// A recorded start in the list.
fn line(record: &Record) -> String {
    let id = match &record.sync_config_id {
        Some(id) => format!("started as {}", visible(id)),
        None => "unknown: say what happened with `secsync state resolve`".to_owned(),
    };
    format!(
        "{}/{} ({} at {}): {id}\n",
        visible(&record.project),
        visible(&record.name),
        visible(&record.destination),
        visible(&record.server)
    )
}

fn find(state: &State, start: &StartName) -> Result<Record, CommandError> {
    let is_meant = |record: &Record| {
        is_named(&start.name, record)
            && start
                .project
                .as_ref()
                .is_none_or(|project| *project == record.project)
            && start
                .destination
                .as_ref()
                .is_none_or(|destination| *destination == record.destination)
    };
    let mut found: Vec<Record> = state.records().into_iter().filter(is_meant).collect();
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(CommandError::new(
            Exit::Error,
            format!("No start of `{}` is recorded.", start.name),
        )
        .help("`secsync state list` shows what is.")),
        (Some(_), more) => Err(CommandError::new(
            Exit::Error,
            format!("{} starts of `{}` are recorded.", more + 1, start.name),
        )
        .help("Tell them apart with --project and --destination.")),
    }
}

/// Whether a word means a start: the sync's name, `PROJECT/NAME` as the list shows it, or
/// `PROVIDER/PROJECT/NAME` as plans show it.
fn is_named(word: &str, record: &Record) -> bool {
    let listed = format!("{}/{}", record.project, record.name);
    let is_address = || {
        let rest = word.split_once('/').map(|(_, rest)| rest);
        rest == Some(listed.as_str())
    };
    word == record.name || word == listed || is_address()
}
