//! `secsync state`: the record of started syncs.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cancel::Cancellation;
use crate::cli::arguments::{LoadArguments, OutputArguments, TransportArguments};
use crate::cli::command::{Command, Human, Outcome, Session, View};
use crate::cli::output::Offer;
use crate::core::text::visible;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::state::{Record, State, StateAccess, StateLocation};

/// The arguments of `state`.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Begin a state. Do this once, before the first start.
    Init(Init),
    /// Show the recorded starts.
    List(List),
    /// Say what came of a start that was interrupted.
    Resolve(Resolve),
    /// Forget a start, after its configuration was deleted in the dashboard.
    Rm(Rm),
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

impl Common {
    /// Where the state is kept, and how it is reached.
    fn place(&self, session: &Session) -> Result<(StateLocation, StateAccess), CommandError> {
        let opened = LoadArguments::default().open(session)?.settings()?;
        let link = self
            .transport
            .link(&session.environment, Cancellation::new());
        let place = if self.sandbox {
            opened.sandbox_state_place()
        } else {
            opened.state_place(&link)?
        };
        Ok((place, link.state_reach()))
    }
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

/// The arguments of `state init`.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    common: Common,
}

impl Command for Init {
    const NAME: &'static str = "state";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Begun;

    fn output(&self) -> &OutputArguments {
        &self.common.output
    }

    fn is_sandbox(&self) -> bool {
        self.common.sandbox
    }

    fn run(self, session: &Session) -> Result<Begun, CommandError> {
        let (place, reach) = self.common.place(session)?;
        session.until_interrupted(async |_| {
            State::init(&place, &reach).await?;
            Ok(())
        })?;
        Ok(Begun(place))
    }
}

/// A state that was begun.
pub struct Begun(StateLocation);

impl Outcome for Begun {
    fn human(&self, _view: View) -> Human {
        match &self.0 {
            StateLocation::File(path) => format!(
                "Began a state in {path}. Commit it, or keep it where every run finds it.\n"
            ),
            StateLocation::Object(url) => format!("Began a state in {url}.\n"),
        }
        .into()
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Body {
            place: String,
            starts: [Record; 0],
        }
        Body {
            place: self.0.to_string(),
            starts: [],
        }
    }
}

/// The arguments of `state list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    common: Common,
}

impl Command for List {
    const NAME: &'static str = "state";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Starts;

    fn output(&self) -> &OutputArguments {
        &self.common.output
    }

    fn is_sandbox(&self) -> bool {
        self.common.sandbox
    }

    fn run(self, session: &Session) -> Result<Starts, CommandError> {
        let (place, reach) = self.common.place(session)?;
        let state = session.until_interrupted(async |_| Ok(State::open(&place, &reach).await?))?;
        if state.is_there() {
            Ok(Starts(state.records()))
        } else {
            Err(
                CommandError::new(Exit::Error, format!("There is no state in {place}."))
                    .help("Begin one with `secsync state init`."),
            )
        }
    }
}

/// The recorded starts.
pub struct Starts(Vec<Record>);

impl Outcome for Starts {
    fn human(&self, _view: View) -> Human {
        if self.0.is_empty() {
            return "No start is recorded.\n".to_owned().into();
        }
        let mut text = String::new();
        for record in &self.0 {
            let id = match &record.sync_config_id {
                Some(id) => format!("started as {}", visible(id)),
                None => "unknown: say what happened with `secsync state resolve`".to_owned(),
            };
            text.push_str(&format!(
                "{}/{} ({} at {}): {id}\n",
                visible(&record.project),
                visible(&record.name),
                visible(&record.destination),
                visible(&record.server)
            ));
        }
        text.into()
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Body<'a> {
            starts: &'a [Record],
        }
        Body { starts: &self.0 }
    }
}

/// The arguments of `state resolve`.
#[derive(Debug, Args)]
pub struct Resolve {
    #[command(flatten)]
    start: StartName,
    #[command(flatten)]
    truth: Truth,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Truth {
    /// It took effect, and this is the id of its configuration.
    #[arg(long, value_name = "ID")]
    started_as: Option<String>,
    /// It did not take effect: the next apply starts it.
    #[arg(long)]
    not_started: bool,
}

impl Command for Resolve {
    const NAME: &'static str = "state";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Changed;

    fn output(&self) -> &OutputArguments {
        &self.common.output
    }

    fn is_sandbox(&self) -> bool {
        self.common.sandbox
    }

    fn run(self, session: &Session) -> Result<Changed, CommandError> {
        let (place, reach) = self.common.place(session)?;
        session.until_interrupted(async |_| {
            let state = State::open_for_writing(&place, &reach).await?;
            let record = find(&state, &self.start)?;
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
            if let Some(id) = self.truth.started_as {
                state.done(&record.key(), &id).await?;
                return Ok(Changed::Recorded(record, id));
            }
            state.forget(&record.key()).await?;
            Ok(Changed::NotStarted(record))
        })
    }
}

/// The arguments of `state rm`.
#[derive(Debug, Args)]
pub struct Rm {
    #[command(flatten)]
    start: StartName,
    #[command(flatten)]
    common: Common,
}

impl Command for Rm {
    const NAME: &'static str = "state";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Changed;

    fn output(&self) -> &OutputArguments {
        &self.common.output
    }

    fn is_sandbox(&self) -> bool {
        self.common.sandbox
    }

    fn run(self, session: &Session) -> Result<Changed, CommandError> {
        let (place, reach) = self.common.place(session)?;
        session.until_interrupted(async |_| {
            let state = State::open_for_writing(&place, &reach).await?;
            let record = find(&state, &self.start)?;
            state.forget(&record.key()).await?;
            Ok(Changed::Forgotten(record))
        })
    }
}

/// A record that was changed, as it was before.
pub enum Changed {
    /// It has this id now.
    Recorded(Record, String),
    /// It was forgotten, because the start did not take effect.
    NotStarted(Record),
    /// It was forgotten.
    Forgotten(Record),
}

impl Outcome for Changed {
    fn human(&self, _view: View) -> Human {
        match self {
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

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            result: &'static str,
            start: &'a Record,
            #[serde(skip_serializing_if = "Option::is_none")]
            started_as: Option<&'a str>,
        }
        let (result, start, started_as) = match self {
            Self::Recorded(record, id) => ("recorded", record, Some(id.as_str())),
            Self::NotStarted(record) | Self::Forgotten(record) => ("forgotten", record, None),
        };
        Body {
            result,
            start,
            started_as,
        }
    }
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
