//! Planning: what is to be done so that the platforms are as the files declare.

use std::sync::Arc;

use tracing::{Level, enabled, trace};

use super::check::Checked;
use super::link::Link;
use super::observe::{Observed, Seen};
use crate::core::diff::FieldChange;
use crate::core::plan::{self, Inputs, Plan, Subject, started};
use crate::core::resolve::ResolvedSync;
use crate::core::starts::Starts;
use crate::core::words;
use crate::error::CommandError;
use crate::provider::rules;
use crate::state::{State, StateLocation};
use crate::workspace::Workspace;

/// What a command means to do with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateUse {
    /// Look at it.
    Read,
    /// Write it, and keep others from doing so.
    Write,
}

/// What is to be done.
pub struct Planned {
    /// The workspace. Of a saved plan it declares nothing.
    pub workspace: Arc<Workspace>,
    /// The declared syncs; none of a saved plan.
    pub syncs: Vec<ResolvedSync>,
    /// What is seen of the servers.
    pub seen: Seen,
    /// The plan.
    pub plan: Plan,
    /// The state of starts; `None` if no sync needs one.
    pub state: Option<State>,
}

impl Checked {
    /// Reads the state and what is remote, and plans.
    pub async fn plan(self, link: &Link, access: StateUse) -> Result<Planned, CommandError> {
        let state = self.state(link, access).await?;
        let mut observed = self.observe(link).await?;
        let starts = state.as_ref().map_or(Starts::Missing, State::starts);
        let plan = observed.plan(&starts);
        observed.check_destinations(&plan)?;
        Ok(Planned {
            workspace: observed.workspace,
            syncs: observed.syncs,
            seen: observed.seen,
            plan,
            state,
        })
    }

    /// The state of starts, if one of the selected syncs needs it, or if it is at hand: then for
    /// what is recorded in it and not declared any more.
    pub async fn state(
        &self,
        link: &Link,
        access: StateUse,
    ) -> Result<Option<State>, CommandError> {
        let opened = &self.opened;
        let mut starts = opened
            .workspace
            .syncs
            .iter()
            .filter(|sync| !sync.platform.reads_back());
        if starts.any(|sync| opened.selection.matches(sync) && link.has_in_shard(sync, opened)) {
            return opened.open_state(link, access).await.map(Some);
        }
        let place = opened.state_place(link);
        let (true, Ok(StateLocation::File(file))) = (opened.selection.is_everything(), place)
        else {
            return Ok(None);
        };
        // Nothing depends on it, so it is no matter if it cannot be read.
        let state = State::open(&StateLocation::File(file), &link.state_reach()).await;
        Ok(state.ok().filter(State::is_there))
    }
}

impl Observed {
    /// The recorded starts that no file declares; none while only some syncs are selected, and only
    /// those of the shard.
    pub fn undeclared_starts(&self, starts: &Starts) -> Vec<Subject> {
        if !self.policy.selection.is_everything() {
            return Vec::new();
        }
        let mut undeclared = started::undeclared(
            &self.syncs,
            self.workspace.is_whole,
            starts,
            &self.homes,
            &self.policy.ignore,
        );
        if let Some(shard) = self.policy.shard {
            undeclared.retain(|start| shard.holds(&start.server, &start.project_id));
        }
        undeclared
    }

    /// Compares what is declared with what is remote.
    pub fn plan(&self, starts: &Starts) -> Plan {
        let mut plan = plan::build(&Inputs {
            syncs: &self.syncs,
            remote: &self.seen.remote,
            labels: &self.seen.projects,
            specs: &self.specs,
            starts,
            rules,
            policy: &self.policy,
        });
        plan.unmanaged.extend(self.undeclared_starts(starts));
        let traced = if enabled!(Level::TRACE) {
            plan.actions.as_slice()
        } else {
            &[]
        };
        for action in traced {
            let (address, verb) = (action.subject.address(), action.verb().word());
            let fields: Vec<String> = action.changes.iter().map(FieldChange::dotted).collect();
            trace!("{address}: {verb}, because of {}", list(&fields));
        }
        plan
    }
}

/// The fields that make a difference, as the end of a sentence.
fn list(fields: &[String]) -> String {
    if fields.is_empty() {
        "no field".to_owned()
    } else {
        words::list(fields.iter().map(String::as_str))
    }
}
