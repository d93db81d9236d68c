//! `secsync status`: how the declared syncs are doing.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::cli::arguments::{LoadArguments, NetworkArguments, PlanArguments, ShardArguments};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Files, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::terminal::Terminal;
use crate::core::plan::Subject;
use crate::core::shard::Shard;
use crate::core::starts::Starts;
use crate::core::status::{self, SyncState, SyncStatus};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Checked, ConnectionUse, Link, Observed, StateUse};
use crate::render;
use crate::render::json::JsonBody;
use crate::render::review::Review;
use crate::render::status::StatusBody;
use crate::render::table::Screen;
use crate::workspace::Workspace;

/// How long a refresh waits for the next one.
const INTERVAL: Duration = Duration::from_secs(2);
const DETAILS: &str = "\
A platform keeps the time of a job's last success, and not that of its last failure.

Exit codes: 0 no last job failed, 7 at least one did, 2 a declared sync is missing (only with \
--detailed-exitcode), others as everywhere. With --watch, Ctrl-C is \
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
    /// Exit with 2 if a declared sync is missing.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    shard: ShardArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "status";
    const FORMATS: Offer = Offer::Checks;
    type Outcome = Status;

    fn frame(&self) -> CommandFrame<'_> {
        let frame = CommandFrame::of(&self.output).in_sandbox(self.network.sandbox);
        CommandFrame {
            on_interrupt: if self.watch { "" } else { frame.on_interrupt },
            ..frame
        }
    }

    fn run(self, session: &Session) -> Result<Status, CommandError> {
        if self.watch && !session.is_human_on_stdout() {
            return Err(CommandError::usage(
                "`--watch` refreshes a table on standard output, which another format has.",
            )
            .help(
                "Leave out --watch, or give that format a file: `-o human -o json=status.json`.",
            ));
        }
        let shard = self.shard.shard;
        let checked = self.load.check_for(
            session,
            &PlanArguments {
                shard: self.shard,
                ..PlanArguments::default()
            },
        )?;
        let workspace = Arc::clone(&checked.opened.workspace);
        let (statuses, unmanaged) =
            session.online(&self.network, checked, async |checked: Checked, link| {
                let state = checked.state(link, StateUse::Read).await?;
                let starts = state.map_or(Starts::Missing, |state| state.starts());
                let mut observed = checked
                    .with_connections(ConnectionUse::None)
                    .observe(link)
                    .await?;
                let unmanaged = observed.undeclared_starts(&starts);
                let statuses = if self.watch {
                    keep_watching(&mut observed, &starts, link, session).await?
                } else {
                    statuses(&observed, &starts)
                };
                Ok((statuses, unmanaged))
            })?;
        Ok(Status {
            workspace,
            shard,
            statuses,
            is_detailed: self.detailed_exitcode,
            unmanaged,
            was_watched: self.watch,
        })
    }
}

/// How the declared syncs are doing.
pub struct Status {
    workspace: Arc<Workspace>,
    /// The part of the projects that was read; `None` for all.
    shard: Option<Shard>,
    statuses: Vec<SyncStatus>,
    /// Whether missing syncs decide the exit code.
    is_detailed: bool,
    /// What is recorded as started and not declared.
    unmanaged: Vec<Subject>,
    /// Whether the table was shown already.
    was_watched: bool,
}

impl CommandOutcome for Status {
    fn exit(&self) -> Exit {
        let has = |wanted: &[SyncState]| {
            let mut states = self.statuses.iter().map(SyncStatus::state);
            states.any(|state| wanted.contains(&state))
        };
        if has(&[SyncState::Failed]) {
            Exit::JobFailed
        } else if self.is_detailed && has(&[SyncState::Missing, SyncState::NotStarted]) {
            Exit::ChangesPending
        } else {
            Exit::Done
        }
    }

    fn files(&self) -> Files<'_> {
        (&*self.workspace).into()
    }

    fn human(&self, view: View) -> Human {
        if self.was_watched {
            return Human::default();
        }
        table(&self.statuses, &self.unmanaged, self.shard, view.screen).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        let sources = &self.workspace.sources;
        Box::new(StatusBody::new(
            &self.statuses,
            &self.unmanaged,
            self.shard,
            sources,
        ))
    }

    fn review<'a>(&'a self, review: &mut Review<'a>) {
        render::status::review(review, &self.statuses, &self.unmanaged, self.shard);
    }
}

fn table(
    statuses: &[SyncStatus],
    unmanaged: &[Subject],
    shard: Option<Shard>,
    screen: Option<Screen>,
) -> String {
    render::status::human(statuses, unmanaged, shard, (Timestamp::now(), screen))
}

fn statuses(observed: &Observed, starts: &Starts) -> Vec<SyncStatus> {
    let selection = &observed.policy.selection;
    status::of(&observed.syncs, &observed.seen.remote, starts, selection)
}

/// Shows the states again and again. A terminal shows each refresh; elsewhere, as in a log, only
/// what is new is shown.
async fn keep_watching(
    observed: &mut Observed,
    starts: &Starts,
    link: &Link,
    session: &Session,
) -> Result<Vec<SyncStatus>, CommandError> {
    let unmanaged = observed.undeclared_starts(starts);
    let mut latest = statuses(observed, starts);
    let mut is_news = true;
    loop {
        // Its size can have changed.
        let screen = Terminal::screen();
        let text = table(&latest, &unmanaged, observed.policy.shard, screen);
        match screen {
            Some(screen) => session.show_in_place(&text, screen)?,
            None if is_news => session.show(&text)?,
            None => {}
        }
        tokio::select! {
            biased;
            () = link.cancellation.cancelled() => return Ok(latest),
            () = tokio::time::sleep(INTERVAL) => {}
        }
        tokio::select! {
            // A refresh that Ctrl-C ended is no failure of it.
            biased;
            () = link.cancellation.cancelled() => return Ok(latest),
            read = observed.refresh(link) => read?,
        }
        let next = statuses(observed, starts);
        is_news = next != latest;
        latest = next;
    }
}
