//! `secsync state`: the record of started syncs.

use clap::{Args, Subcommand};

use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render::text::visible;
use crate::state::{Record, State, StateAccess, StateLocation};

use super::options::{LoadArguments, OutputArguments, TransportArguments, pipeline_options};
use super::session::{now, run_online};
use super::ui::{Format, Ui};

/// The arguments of `state`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin a state. Do this once, before the first start.
    Init(Common),
    /// Show the recorded starts.
    List(Common),
    /// Tell what came of a start that was interrupted.
    Resolve {
        #[command(flatten)]
        start: StartName,
        #[command(flatten)]
        truth: Truth,
        #[command(flatten)]
        common: Common,
    },
    /// Forget a start, after its configuration was deleted in the dashboard.
    Rm {
        #[command(flatten)]
        start: StartName,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Clone, Args)]
struct Common {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    transport: TransportArguments,
    /// The state of the sandbox.
    #[arg(long)]
    sandbox: bool,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
struct Truth {
    /// It took effect, and this is the id of its configuration.
    #[arg(long, value_name = "ID")]
    started_as: Option<String>,
    /// It did not take effect: the next apply starts it.
    #[arg(long)]
    not_started: bool,
}

#[derive(Debug, Clone, Args)]
struct StartName {
    /// The sync: NAME, PROJECT/NAME, or PROVIDER/PROJECT/NAME as plans show it.
    name: String,
    /// The project, where several have a sync of that name.
    #[arg(long)]
    project: Option<String>,
    /// The destination, where several have a sync of that name.
    #[arg(long)]
    destination: Option<String>,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: &Environment) -> Exit {
    let common = match &arguments.command {
        Command::Init(common)
        | Command::List(common)
        | Command::Resolve { common, .. }
        | Command::Rm { common, .. } => common.clone(),
    };
    let ui = match Ui::new(&common.output, Format::BASIC, environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(environment).stop(&stop),
    };
    let done = state_of(&common, environment, &ui).and_then(|(place, reach)| {
        run_online(&ui, async |_| {
            carry_out(arguments.command, &place, &reach, &ui).await
        })
    });
    match done {
        Ok(text) => ui.result(Format::Human, &text),
        Err(stop) => ui.stop(&stop),
    }
}

async fn carry_out(
    command: Command,
    place: &StateLocation,
    reach: &StateAccess,
    ui: &Ui,
) -> Result<String, CommandError> {
    match command {
        Command::Init(_) => {
            State::init(place, reach).await?;
            Ok(match place {
                StateLocation::File(path) => format!(
                    "Began a state in {path}. Commit it, or keep it where every run finds it.\n"
                ),
                StateLocation::Object(url) => format!("Began a state in {url}.\n"),
            })
        }
        Command::List(_) => {
            let state = State::open(place, reach).await?;
            if !state.is_there() {
                return Err(CommandError::new(
                    Exit::Error,
                    format!("There is no state in {place}."),
                )
                .help("Begin one with `secsync state init`."));
            }
            if ui.wants(Format::Json) {
                let document =
                    serde_json::json!({"version": 1, "kind": "state", "starts": state.records()});
                ui.result(Format::Json, &format!("{document:#}\n"));
            }
            Ok(listed(&state.records()))
        }
        Command::Resolve { start, truth, .. } => {
            let state = State::open_for_writing(place, reach).await?;
            let record = find(&state, &start)?;
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
            if let Some(id) = truth.started_as {
                state.done(&record.key(), &id).await?;
                return Ok(format!(
                    "Recorded `{}` as started with the id {id}.\n",
                    record.name
                ));
            }
            state.forget(&record.key()).await?;
            Ok(format!(
                "Forgot the start of `{}`; the next apply starts it.\n",
                record.name
            ))
        }
        Command::Rm { start, .. } => {
            let state = State::open_for_writing(place, reach).await?;
            let record = find(&state, &start)?;
            state.forget(&record.key()).await?;
            Ok(format!(
                "Forgot the start of `{}`. As long as a file declares it, the next apply starts it.\n",
                record.name
            ))
        }
    }
}

/// Where the state is kept, and how it is reached.
fn state_of(
    common: &Common,
    environment: &Environment,
    ui: &Ui,
) -> Result<(StateLocation, StateAccess), CommandError> {
    let mut options = pipeline_options(LoadArguments::default(), None, environment.clone())?;
    options.http.timeout = common.transport.timeout;
    options.http.ca_cert.clone_from(&common.transport.ca_cert);
    options.state.clone_from(&common.transport.state);
    let run = Run::open(options)?;
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    if !run.workspace.diagnostics.is_empty() {
        return Err(CommandError::invalid());
    }
    let place = if common.sandbox {
        run.sandbox_state_place()
    } else {
        run.state_place()?
    };
    Ok((place, run.state_access(now)))
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

fn listed(records: &[Record]) -> String {
    if records.is_empty() {
        return "No start is recorded.\n".to_owned();
    }
    let mut text = String::new();
    for record in records {
        let id = match &record.sync_config_id {
            Some(id) => format!("started as {}", visible(id)),
            None => "unknown: tell what is there with `secsync state resolve`".to_owned(),
        };
        text.push_str(&format!(
            "{}/{} ({} at {}): {id}\n",
            visible(&record.project),
            visible(&record.name),
            visible(&record.destination),
            visible(&record.server)
        ));
    }
    text
}
