//! `secsync status`: how the declared syncs are doing.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::cancel::Cancellation;
use crate::core::starts::Starts;
use crate::core::status::{self, SyncState, SyncStatus};
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Run, Survey};
use crate::render;

use super::options::{LoadArguments, NetworkArguments, OutputArguments, pipeline_options};
use super::session::{self, Access};
use super::ui::{Format, Ui};

/// How long a refresh waits for the next one.
const INTERVAL: Duration = Duration::from_secs(2);
/// Empties a terminal, and goes to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

const DETAILS: &str = "\
A platform keeps the time of the last success of a job, and not that of the last failure.

Exit codes: 0 no last job failed, 7 at least one did, others as everywhere. With --watch, Ctrl-C is \
the usual end, and the last table decides.";

/// The arguments of `status`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Refresh every two seconds until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::CHECK, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let is_sandbox = arguments.network.sandbox;
    let watch = arguments.watch;
    let mut loaded = None;
    let statuses = statuses(arguments, environment, &ui, &mut loaded);
    let exit = match &statuses {
        Ok(statuses) => exit_of(statuses),
        Err(stop) => ui.stop(stop),
    };
    let printed = match &statuses {
        // It was shown while it was watched.
        Ok(statuses) if !watch => show(statuses, &ui, is_sandbox),
        _ => Exit::Done,
    };
    let end = (exit, statuses.as_ref().err());
    let loaded = loaded.as_ref();
    let written = session::document("status", loaded, &ui, is_sandbox, end, |document| {
        if let (Ok(statuses), Some(run)) = (&statuses, loaded) {
            let body = render::status::StatusBody::new(statuses, &run.workspace.sources);
            render::json::add(document, &body);
        }
    });
    let reviewed = session::review("status", loaded, &ui, is_sandbox, end, |review| {
        if let Ok(statuses) = &statuses {
            render::status::review(review, statuses);
        }
    });
    exit.most_important(printed)
        .most_important(written)
        .most_important(reviewed)
}

fn exit_of(statuses: &[SyncStatus]) -> Exit {
    if statuses
        .iter()
        .any(|status| status.state() == SyncState::Failed)
    {
        Exit::JobFailed
    } else {
        Exit::Done
    }
}

fn show(statuses: &[SyncStatus], ui: &Ui, is_sandbox: bool) -> Exit {
    let text = render::status::human(statuses, Timestamp::now(), is_sandbox);
    ui.result(Format::Human, &text)
}

fn statuses(
    arguments: Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Vec<SyncStatus>, CommandError> {
    let watch = arguments.watch;
    if watch && !ui.is_human_on_stdout() {
        return Err(CommandError::usage(
            "`--watch` refreshes a table on standard output, which another format has.",
        )
        .help("Leave out --watch, or give that format a file: `-o human -o json=status.json`."));
    }
    let is_sandbox = arguments.network.sandbox;
    let options = pipeline_options(arguments.load, Some(&arguments.network), environment)?;
    let task = async |run: &mut Run, cancellation: Cancellation| {
        let state = session::state_of(run, Access::Read).await?;
        let starts = state.map_or(Starts::Missing, |state| state.starts());
        let mut survey = session::survey(run, ui, &cancellation).await?;
        if watch {
            let is_terminal = io::stdout().is_terminal();
            let refresh = |statuses: &[SyncStatus]| {
                if is_terminal {
                    ui.out(CLEAR);
                }
                show(statuses, ui, is_sandbox)
            };
            let starts = &starts;
            return keep_watching(
                run,
                &mut survey,
                starts,
                &cancellation,
                is_terminal,
                refresh,
            )
            .await;
        }
        Ok(look(run, &survey, &starts))
    };
    if watch {
        session::online_until_interrupted(options, is_sandbox, ui, "", loaded, task)
    } else {
        session::online(options, is_sandbox, ui, loaded, task)
    }
}

fn look(run: &Run, survey: &Survey, starts: &Starts) -> Vec<SyncStatus> {
    status::of(&survey.syncs, &survey.remote, starts, &run.selection)
}

/// Shows the states again and again. A terminal shows each refresh; elsewhere, as in a log, only
/// what is new is told.
async fn keep_watching(
    run: &Run,
    survey: &mut Survey,
    starts: &Starts,
    cancellation: &Cancellation,
    is_terminal: bool,
    show: impl Fn(&[SyncStatus]) -> Exit,
) -> Result<Vec<SyncStatus>, CommandError> {
    let mut statuses = look(run, survey, starts);
    let mut is_news = true;
    loop {
        if is_terminal || is_news {
            show(&statuses);
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = cancellation.cancelled() => return Ok(statuses),
        }
        tokio::select! {
            read = run.read_again(survey) => read?,
            () = cancellation.cancelled() => return Ok(statuses),
        }
        let latest = look(run, survey, starts);
        is_news = latest != statuses;
        statuses = latest;
    }
}
