//! `secsync sync`: asks for jobs now, and follows them.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::apply::{self, Context, Observer, Outcome, Report};
use crate::cancel::Cancellation;
use crate::core::request::{self, Candidates, JobRequest, RequestedJob, Winner};
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Run;
use crate::render::requests::{self, RequestsBody};
use crate::render::{jobs, json};

use super::approval;
use super::options::{
    FileArguments, LoadArguments, NetworkArguments, OutputArguments, duration, pipeline_options,
};
use super::session;
use super::ui::{Format, Ui};

const DETAILS: &str = "\
Exit codes: 0 every job ended well, 5 a job could not be asked for, 7 a job failed or did not end \
in time, others as everywhere.";

/// The arguments of `sync`.
#[derive(Debug, Args)]
#[command(after_long_help = DETAILS)]
pub struct Arguments {
    /// The names of syncs, or patterns of names.
    #[arg(required_unless_present_any = ["selector", "target"])]
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
    /// Do not ask before an import or a removal. Needed where there is no terminal.
    #[arg(long)]
    auto_approve: bool,
    /// Follow the jobs for at most so long.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    wait: Duration,
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

    fn wait(&self) -> Option<Duration> {
        (!self.no_wait).then_some(self.wait)
    }

    fn load(&self) -> LoadArguments {
        let mut files = self.files.clone();
        files.target.extend(self.names.iter().cloned());
        LoadArguments {
            paths: Vec::new(),
            files,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let mut loaded = None;
    let asked = sync(arguments, environment, &ui, &mut loaded);
    let exit = match &asked {
        Ok((_, report)) => report.exit(),
        Err(stop) => ui.stop(stop),
    };
    let mut printed = Exit::Done;
    if let Ok((requests, report)) = &asked {
        let text = requests::human(requests, report, arguments.wait());
        printed = ui.result(Format::Human, &text);
    }
    let end = (exit, asked.as_ref().err());
    let is_sandbox = arguments.network.sandbox;
    let written = session::document("sync", loaded.as_ref(), &ui, is_sandbox, end, |document| {
        if let Ok((requests, report)) = &asked {
            json::add(document, &RequestsBody::new(requests, report));
        }
    });
    exit.most_important(printed).most_important(written)
}

type Asked = (Vec<JobRequest>, Report);

fn sync(
    arguments: &Arguments,
    environment: Environment,
    ui: &Ui,
    loaded: &mut Option<Run>,
) -> Result<Asked, CommandError> {
    let network = &arguments.network;
    let options = pipeline_options(arguments.load(), Some(network), environment)?;
    session::online(
        options,
        network.sandbox,
        ui,
        loaded,
        async |run, cancellation| ask(arguments, run, ui, cancellation).await,
    )
}

async fn ask(
    arguments: &Arguments,
    run: &mut Run,
    ui: &Ui,
    cancellation: Cancellation,
) -> Result<Asked, CommandError> {
    let survey = session::survey(run, ui, &cancellation).await?;
    let candidates = Candidates {
        syncs: &survey.syncs,
        remote: &survey.remote,
        specs: &run.specs,
        selection: &run.selection,
        protect: &run.workspace.config.protect,
    };
    let requests = request::build(arguments.job(), &candidates).map_err(CommandError::usage)?;
    let left_out = request::left_out(&candidates);
    let is_sandbox = arguments.network.sandbox;
    ui.result(
        Format::Human,
        &requests::intended(&requests, &left_out, is_sandbox),
    );
    if arguments.asks() {
        // Who cannot be asked sees all the same what it would have been about.
        approval::check_terminal(&arguments.load(), "If all of this is meant, run it")?;
        let question = "Do you want to ask for these jobs?";
        if !approval::ask(ui, question, &cancellation).await? {
            ui.progress("Sync cancelled.");
            return Err(CommandError {
                exit: Exit::Error,
                problems: Vec::new(),
            });
        }
    }
    let observer = Progress {
        requests: &requests,
        ui,
    };
    let context = Context {
        providers: &survey.providers,
        state: None,
        parallelism: arguments.network.parallelism,
        wait: arguments.wait(),
        clock: run.options.http.clock.clone(),
        cancellation,
        observer: &observer,
    };
    let report = apply::request::run(&requests, &context).await;
    Ok((requests, report))
}

/// Tells each answer as it comes.
struct Progress<'a> {
    requests: &'a [JobRequest],
    ui: &'a Ui,
}

impl Observer for Progress<'_> {
    fn ended(&self, index: usize, outcome: &Outcome) {
        self.ui
            .progress(&requests::answered(&self.requests[index], outcome));
    }

    fn waiting(&self, jobs: usize) {
        self.ui.progress(&jobs::waiting(jobs));
    }
}
