//! `secsync apply`: plans, asks, and carries it out; or carries out a plan that was saved.

mod saved;

use std::collections::BTreeSet;
use std::sync::Mutex;

use clap::Args;

use crate::apply::{JobProgress, Observer, Outcome as ActionOutcome, Report, Wait};
use crate::cli::arguments::{
    FileArguments, LoadArguments, NetworkArguments, PlanArguments, digest, duration,
};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Files, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::plan_file;
use crate::cli::terminal::check_can_ask;
use crate::core::limits::{Exceeded, Limit, Limits};
use crate::core::plan::{Plan, Subject};
use crate::core::resolve::ProjectTables;
use crate::core::sources::Sources;
use crate::core::words;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::mutex::lock;
use crate::pipeline::{Applied, Checked, Link, Planned, StateUse};
use crate::planfile::SavedPlan;
use crate::render::json::JsonBody;
use crate::render::plan::{PlanBody, PlanFile};
use crate::render::report::{ApplyBody, Context};
use crate::render::review::Review;
use crate::render::{jobs, plan, report};

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A saved plan; or files, directories or globs of sync files; - for standard input.
    #[arg(value_name = "PLANFILE|PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Do not ask. Needed without a terminal; a saved plan is never asked about.
    #[arg(long)]
    auto_approve: bool,
    /// Follow the sync jobs that this sets off, for at most this long; without a duration as long
    /// as they end or begin to run, and no longer than 2 minutes in which none does.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_parser = wait)]
    wait: Option<Wait>,
    /// Apply nothing if more syncs than this would be deleted or replaced [default: `limits.deletes`
    /// of secsync.yaml, or 5]
    #[arg(long, value_name = "N")]
    max_deletes: Option<usize>,
    /// Apply nothing if more syncs than this would be changed in any way [default: `limits.changes`
    /// of secsync.yaml]
    #[arg(long, value_name = "N")]
    max_changes: Option<usize>,
    #[command(flatten)]
    plan: PlanArguments,
    /// Taken as `plan` takes it, so that one line of flags serves both: what an apply leaves
    /// undone has an exit code of its own.
    #[arg(long = "detailed-exitcode", hide = true)]
    _detailed_exitcode: bool,
    /// Apply the saved plan only if it has the digest that `plan --out` and `show` printed.
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    expect_digest: Option<String>,
}

/// Reads how long jobs are followed: nothing is as long as they move.
fn wait(text: &str) -> Result<Wait, String> {
    match text {
        "" => Ok(Wait::WhileMoving),
        text => duration(text).map(Wait::AtMost),
    }
}

impl Command for Arguments {
    const NAME: &'static str = "apply";
    const FORMATS: Offer = Offer::Plans;
    type Outcome = Apply;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
    }

    fn run(self, session: &Session) -> Result<Apply, CommandError> {
        let (applied, saved) = match plan_file::among(&self.paths, &self.files)? {
            Some(path) => {
                let (applied, saved) = saved::apply(&path, &self, session)?;
                (applied, Some(saved))
            }
            None => (self.plan_and_apply(session)?, None),
        };
        Ok(Apply {
            applied,
            saved,
            wait: self.wait,
        })
    }
}

impl Arguments {
    fn plan_and_apply(&self, session: &Session) -> Result<Applied, CommandError> {
        if self.expect_digest.is_some() {
            return Err(CommandError::usage(
                "`--expect-digest` is about a saved plan, and none is named.",
            )
            .help("Name the file that `secsync plan --out` wrote."));
        }
        let load = LoadArguments {
            paths: self.paths.clone(),
            files: self.files.clone(),
            ..LoadArguments::default()
        };
        if !self.auto_approve {
            check_can_ask(load.reads_stdin(), "Review `secsync plan`, then run apply")?;
        }
        let checked = load.check_for(session, &self.plan)?;
        session.online(&self.network, checked, async |checked: Checked, link| {
            let planned = checked.plan(link, StateUse::Write).await?;
            session.findings(&*planned.workspace);
            session.show(&session.view.plan(&planned))?;
            let limits = &planned.workspace.config.limits;
            self.check_limits(&planned.plan, limits, &planned.seen.tables)?;
            if planned.has_work() && !self.auto_approve {
                self.ask(session, link).await?;
            }
            Ok(self.execute(planned, session, link).await)
        })
    }

    /// Refuses a plan that changes more than is allowed.
    fn check_limits(
        &self,
        plan: &Plan,
        limits: &Limits,
        tables: &ProjectTables,
    ) -> Result<(), CommandError> {
        let flags = Limit {
            deletes: self.max_deletes,
            changes: self.max_changes,
        };
        let exceeded = limits.exceeded(plan, flags, tables);
        if exceeded.is_empty() {
            return Ok(());
        }
        let sentences: Vec<String> = exceeded.iter().map(Exceeded::sentences).collect();
        let ways_out = exceeded.iter().map(Exceeded::way_out);
        Err(CommandError::new(
            Exit::Error,
            format!("{} Nothing was applied.", sentences.join(" ")),
        )
        .help(format!(
            "If you want all of them, {}.",
            words::joined(ways_out, "and")
        )))
    }

    async fn ask(&self, session: &Session, link: &Link) -> Result<(), CommandError> {
        let question = "Do you want to perform these actions?";
        if session.terminal.ask(question, &link.cancellation).await? {
            return Ok(());
        }
        session.progress("Apply cancelled.");
        Err(CommandError::silent(Exit::Error))
    }

    async fn execute(&self, planned: Planned, session: &Session, link: &Link) -> Applied {
        let progress = Progress {
            plan: &planned.plan,
            session,
            running: Mutex::default(),
        };
        let report = planned.execute(link, self.wait, &progress).await;
        Applied { planned, report }
    }
}

/// Reports each step as it happens.
struct Progress<'a> {
    plan: &'a Plan,
    session: &'a Session,
    /// How many actions have ended, and those that run.
    running: Mutex<(usize, BTreeSet<usize>)>,
}

impl Progress<'_> {
    fn change(&self, change: impl FnOnce(&mut usize, &mut BTreeSet<usize>)) {
        let mut counts = lock(&self.running);
        let (ended, running) = &mut *counts;
        change(ended, running);
        let actions = &self.plan.actions;
        let running = running.iter().map(|index| &actions[*index]);
        self.session
            .doing(&report::applying(*ended, actions.len(), running));
    }
}

impl Observer for Progress<'_> {
    fn begins(&self, index: usize) {
        self.session
            .progress(&report::begins(&self.plan.actions[index]));
        self.change(|_, running| {
            running.insert(index);
        });
    }

    fn ended(&self, index: usize, outcome: &ActionOutcome) {
        self.session
            .progress(&report::ended(&self.plan.actions[index], outcome));
        self.change(|ended, running| {
            *ended += 1;
            running.remove(&index);
        });
    }

    fn replaces(&self, index: usize, definition: &str) {
        self.session
            .keep(&report::replaces(&self.plan.actions[index], definition));
    }

    fn waiting(&self, progress: &JobProgress) {
        self.session.waiting(&jobs::waiting(progress));
    }
}

/// What was applied.
pub struct Apply {
    applied: Applied,
    /// The saved plan that was applied, if it was one.
    saved: Option<Saved>,
    /// How long the jobs were followed.
    wait: Option<Wait>,
}

/// A saved plan that was applied.
struct Saved {
    file: String,
    plan: SavedPlan,
    /// What of it was done before.
    done: Vec<Subject>,
}

impl Apply {
    fn plan(&self) -> &Plan {
        &self.applied.planned.plan
    }

    fn sources(&self) -> &Sources {
        match &self.saved {
            Some(saved) => &saved.plan.sources,
            None => &self.applied.planned.workspace.sources,
        }
    }
}

impl CommandOutcome for Apply {
    fn exit(&self) -> Exit {
        let report = self.applied.report.as_ref();
        let exit = report.map_or(Exit::Done, Report::exit);
        if self.plan().counts().blocked > 0 {
            exit.most_important(Exit::ActionFailed)
        } else {
            exit
        }
    }

    fn has_acted(&self) -> bool {
        self.applied.report.is_some()
    }

    fn files(&self) -> Files<'_> {
        match &self.saved {
            // Its findings were for those who made it.
            Some(_) => Files {
                sources: Some(self.sources()),
                are_from_root: true,
                ..Files::default()
            },
            None => (&*self.applied.planned.workspace).into(),
        }
    }

    fn human(&self, _view: View) -> Human {
        let Some(report) = &self.applied.report else {
            return Human::default();
        };
        let context = Context {
            plan_file: self.saved.as_ref().map(|saved| saved.file.as_str()),
            waited: self.wait,
        };
        let text = report::human(self.plan(), report, context);
        format!("\n{text}").into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        let body = match &self.saved {
            Some(Saved { file, plan, done }) => {
                let digest = &plan.digest;
                ApplyBody::default().of_saved(PlanFile { file, digest }, done)
            }
            None => ApplyBody::default(),
        };
        let plan = PlanBody::new(self.plan(), self.sources());
        Box::new(body.with(plan, self.applied.report.as_ref()))
    }

    fn review<'a>(&'a self, review: &mut Review<'a>) {
        match &self.applied.report {
            Some(report) => report::review(review, self.plan(), report),
            None => plan::review(review, self.plan()),
        }
    }
}
