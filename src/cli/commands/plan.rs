//! `secsync plan`: what apply would do.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::cli::arguments::{LoadArguments, NetworkArguments, PlanArguments};
use crate::cli::command::{
    Command, CommandFrame, CommandOutcome, Files, Human, Session, View, checkout,
};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::plan_file;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Planned, StateUse};
use crate::render::json::JsonBody;
use crate::render::plan::{PlanBody, PlanExtras, PlanFile};
use crate::render::review::Review;
use crate::render::{plan, saved};
use crate::root::is_stream;

/// What `plan` is called in other tools.
pub const ALIAS: &str = "diff";

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Exit with 2 if changes are pending.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    plan: PlanArguments,
    /// Compare with the files as they were where this branch left a revision, instead of with what is
    /// remote: from Git alone, offline and without credentials.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Save the plan, to be shown with `show` and carried out with `apply`.
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
}

impl Command for Arguments {
    const NAME: &'static str = "plan";
    const FORMATS: Offer = Offer::Plans;
    type Outcome = PlanOutcome;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame {
            writes: self.out.as_deref().map(|file| ("--out", file)),
            ..CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
        }
    }

    fn run(self, session: &Session) -> Result<PlanOutcome, CommandError> {
        if let Some(revision) = &self.base {
            return self.compare(revision, session);
        }
        if let Some(out) = &self.out {
            plan_file::check_place(out)?;
        }
        let checked = self.load.check_for(session, &self.plan)?;
        let opened = checked.opened.clone();
        let planned = session.online(&self.network, checked, async |checked, link| {
            checked.plan(link, StateUse::Read).await
        })?;
        let saved = self.out.map(|path| {
            let workspace = &planned.workspace;
            let found = (&*workspace.diagnostics, &workspace.sources);
            let specs = opened.specs_of(&planned.plan);
            let is_sandbox = self.network.sandbox;
            let checkout = checkout(&session.environment);
            let checkout = checkout.as_ref();
            plan_file::save(&path, &planned.plan, found, &specs, is_sandbox, checkout)
                .map(|digest| (path, digest))
        });
        Ok(PlanOutcome {
            planned,
            saved: saved.transpose(),
            is_detailed: self.detailed_exitcode,
        })
    }
}

impl Arguments {
    /// Plans against an earlier version of the files.
    fn compare(&self, revision: &str, session: &Session) -> Result<PlanOutcome, CommandError> {
        if let Some(out) = &self.out {
            return Err(CommandError::usage(format!(
                "`--base` compares declarations alone, which is not a plan that could be applied, so \
                 `--out {out}` has nothing to save."
            ))
            .help(
                "Leave out `--base` to save a plan, or write the comparison with `-o json=FILE`.",
            ));
        }
        let given = [
            ("--prune", self.plan.prune),
            ("--resend", !self.plan.resend.is_empty()),
            ("--sandbox", self.network.sandbox),
            ("--shard", self.plan.shard.shard.is_some()),
        ];
        if let Some((flag, _)) = given.iter().find(|(_, is_given)| *is_given) {
            return Err(CommandError::usage(format!(
                "`--base` compares two versions of the files, and `{flag}` is about what is remote."
            ))
            .help("Give one of the two."));
        }
        let checked = self.load.check_to_compare(session)?;
        Ok(PlanOutcome {
            planned: checked.plan_against(revision)?,
            saved: Ok(None),
            is_detailed: self.detailed_exitcode,
        })
    }
}

/// A plan that was made.
pub struct PlanOutcome {
    planned: Planned,
    /// Where it was saved, and its digest.
    saved: Result<Option<(Utf8PathBuf, String)>, CommandError>,
    /// Whether changes decide the exit code.
    is_detailed: bool,
}

impl PlanOutcome {
    fn file(&self) -> Option<(&Utf8Path, &str)> {
        let saved = self.saved.as_ref().ok()?.as_ref()?;
        Some((&saved.0, &saved.1))
    }
}

impl CommandOutcome for PlanOutcome {
    fn exit(&self) -> Exit {
        if self.is_detailed && self.planned.plan.has_pending_changes() {
            Exit::ChangesPending
        } else {
            Exit::Done
        }
    }

    fn failure(&self) -> Option<&CommandError> {
        self.saved.as_ref().err()
    }

    fn files(&self) -> Files<'_> {
        (&*self.planned.workspace).into()
    }

    fn human(&self, view: View) -> Human {
        let mut text = view.plan(&self.planned);
        if let Some((path, digest)) = self.file() {
            text.push_str(&if is_stream(path) {
                saved::written_to(path.as_str(), digest)
            } else {
                saved::saved_to(path.as_str(), digest, view.is_sandbox)
            });
        }
        text.into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        let sources = &self.planned.workspace.sources;
        let body = PlanBody::new(&self.planned.plan, sources);
        Box::new(match self.file() {
            Some((file, digest)) => body.saved_in(PlanFile {
                file: file.as_str(),
                digest,
            }),
            None => body,
        })
    }

    fn review<'a>(&'a self, review: &mut Review<'a>) {
        plan::review(review, &self.planned.plan);
    }
}

impl View {
    /// A plan for people, as `plan` and `apply` show it.
    pub fn plan(self, planned: &Planned) -> String {
        let context = PlanExtras {
            lists_unmanaged: self.verbosity > 0,
            is_whole: planned.workspace.is_whole,
            is_sandbox: self.is_sandbox,
            syncs: if self.verbosity > 0 {
                &planned.syncs
            } else {
                &[]
            },
        };
        plan::human(&planned.plan, &planned.workspace.sources, context)
    }
}
