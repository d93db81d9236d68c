//! `secsync sync`: asks for jobs now, and follows them.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::apply::{
    self, ApplyContext, JobProgress, Observer, Outcome as JobOutcome, Report, Wait,
};
use crate::cli::arguments::{FileArguments, LoadArguments, NetworkArguments, duration};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Files, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::terminal::check_can_ask;
use crate::core::job_requests::{self, Candidates, JobRequest, RequestedJob, Winner};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Checked, ConnectionUse, Link};
use crate::render::json::JsonBody;
use crate::render::{jobs, requests};
use crate::workspace::Workspace;

const DETAILS: &str = "\
Exit codes: 0 every job ended well, 5 a job could not be requested, 7 a job failed or did not end \
in time, others as everywhere.";

/// The arguments of `sync`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// The names of syncs, or patterns of names.
    names: Vec<String>,
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Import from the destination instead of pushing to it.
    #[arg(long, value_name = "WHO-WINS", conflicts_with = "remove_secrets")]
    import: Option<Import>,
    /// Remove the syncs' secrets from their destinations instead of pushing them.
    #[arg(long)]
    remove_secrets: bool,
    /// Do not ask before an import or a removal. Needed without a terminal.
    #[arg(long)]
    auto_approve: bool,
    /// Follow the jobs for at most this long [default: as long as they end or begin to run].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// Do not follow the jobs.
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
}

/// What `--import` takes, in the platform's words.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Import {
    /// Where both have a secret, the source keeps its own.
    PrioritizeSource,
    /// Where both have a secret, the destination's overwrites the source's.
    PrioritizeDestination,
}

impl Arguments {
    const fn job(&self) -> RequestedJob {
        match self.import {
            Some(Import::PrioritizeSource) => RequestedJob::Import(Winner::Source),
            Some(Import::PrioritizeDestination) => RequestedJob::Import(Winner::Destination),
            None if self.remove_secrets => RequestedJob::Removal,
            None => RequestedJob::Sync,
        }
    }

    fn asks(&self) -> bool {
        self.job() != RequestedJob::Sync && !self.auto_approve
    }

    fn wait(&self) -> Option<Wait> {
        let wait = self.wait.map_or(Wait::WhileMoving, Wait::AtMost);
        (!self.no_wait).then_some(wait)
    }

    fn load(&self) -> LoadArguments {
        let mut files = self.files.clone();
        files.names.clone_from(&self.names);
        LoadArguments {
            paths: Vec::new(),
            files,
            ..LoadArguments::default()
        }
    }
}

impl Command for Arguments {
    const NAME: &'static str = "sync";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Requested;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
    }

    fn run(self, session: &Session) -> Result<Requested, CommandError> {
        let files = &self.files;
        let given = [&self.names, &files.selector, &files.target, &files.exclude];
        if given.into_iter().all(Vec::is_empty) {
            return Err(CommandError::usage("`secsync sync` names no sync.").help(
                "Name the syncs to sync: `secsync sync web 'api-*'`, or select them with \
                     --selector, --target or --exclude. `secsync sync '*'` means all of them.",
            ));
        }
        let checked = self.load().check(session)?;
        let workspace = Arc::clone(&checked.opened.workspace);
        let (requests, report) =
            session.online(&self.network, checked, async |checked: Checked, link| {
                self.request(checked, session, link).await
            })?;
        Ok(Requested {
            workspace,
            requests,
            report,
            wait: self.wait(),
        })
    }
}

impl Arguments {
    async fn request(
        &self,
        checked: Checked,
        session: &Session,
        link: &Link,
    ) -> Result<(Vec<JobRequest>, Report), CommandError> {
        let observed = checked
            .with_connections(ConnectionUse::None)
            .observe(link)
            .await?;
        let candidates = Candidates {
            syncs: &observed.syncs,
            remote: &observed.seen.remote,
            specs: &observed.specs,
            selection: &observed.policy.selection,
            protect: &observed.policy.protect,
        };
        let requests = job_requests::build(self.job(), &candidates).map_err(CommandError::usage)?;
        let left_out = job_requests::left_out(&candidates);
        session.show(&requests::intended(&requests, &left_out))?;
        if self.asks() {
            // Who cannot be asked still sees what the question would have been about.
            let instead = "If you want all of this, run it";
            check_can_ask(self.load().reads_stdin(), instead)?;
            let question = "Do you want to request these jobs?";
            if !session.terminal.ask(question, &link.cancellation).await? {
                session.progress("Sync cancelled.");
                return Err(CommandError::silent(Exit::Error));
            }
        }
        let progress = Progress {
            requests: &requests,
            session,
        };
        let context = ApplyContext {
            providers: &observed.seen.providers,
            state: None,
            parallelism: link.parallelism,
            wait: self.wait(),
            clock: link.http.clock.clone(),
            cancellation: link.cancellation.clone(),
            observer: &progress,
        };
        let report = apply::job_requests::run(&requests, &context).await;
        Ok((requests, report))
    }
}

/// Reports each answer as it comes.
struct Progress<'a> {
    requests: &'a [JobRequest],
    session: &'a Session,
}

impl Observer for Progress<'_> {
    fn ended(&self, index: usize, outcome: &JobOutcome) {
        self.session
            .progress(&requests::answered(&self.requests[index], outcome));
    }

    fn waiting(&self, progress: &JobProgress) {
        self.session.waiting(&jobs::waiting(progress));
    }
}

/// Jobs that were requested, and what came of them.
pub struct Requested {
    workspace: Arc<Workspace>,
    requests: Vec<JobRequest>,
    report: Report,
    /// How long they were followed.
    wait: Option<Wait>,
}

impl CommandOutcome for Requested {
    fn exit(&self) -> Exit {
        self.report.exit()
    }

    fn has_acted(&self) -> bool {
        true
    }

    fn files(&self) -> Files<'_> {
        (&*self.workspace).into()
    }

    fn human(&self, _view: View) -> Human {
        requests::human(&self.requests, &self.report, self.wait).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        Box::new(requests::RequestsBody::new(&self.requests, &self.report))
    }
}
