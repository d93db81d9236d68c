//! Applying: carrying out what is planned.

use super::link::Link;
use super::observe::Observed;
use super::plan::Planned;
use crate::apply::{self, ApplyContext, Observer, Outcome, Report, Wait};
use crate::core::plan::{Verb, duplicates};
use crate::http::error::RequestErrorKind;

/// What was planned, and what came of it.
pub struct Applied {
    /// What was planned.
    pub planned: Planned,
    /// What came of it; `None` if there was nothing to do.
    pub report: Option<Report>,
}

impl Planned {
    /// Whether there is anything that can be done.
    pub fn has_work(&self) -> bool {
        let mut actions = self.plan.actions.iter();
        actions.any(|action| action.verb() != Verb::Blocked)
    }

    /// Carries it out. `None` if there was nothing to do.
    ///
    /// The jobs that it sets off are followed for as long as `wait` says, and not at all without it.
    pub async fn execute(
        &self,
        link: &Link,
        wait: Option<Wait>,
        observer: &(dyn Observer + Sync),
    ) -> Option<Report> {
        if !self.has_work() {
            return self.blocked_report();
        }
        let context = ApplyContext {
            providers: &self.observed.providers,
            state: self.state.as_ref(),
            parallelism: link.parallelism,
            wait,
            clock: link.http.clock.clone(),
            cancellation: link.cancellation.clone(),
            observer,
        };
        let mut report = apply::run(&self.plan, &context).await;
        self.name_holders(&mut report);
        Some(report)
    }

    /// Names the syncs that hold the destinations which actions were refused for.
    fn name_holders(&self, report: &mut Report) {
        let Observed {
            remote, projects, ..
        } = &self.observed;
        for (action, outcome) in self.plan.actions.iter().zip(&mut report.outcomes) {
            let Outcome::Failed(failure) = outcome else {
                continue;
            };
            if failure.kind != Some(RequestErrorKind::DestinationTaken) {
                continue;
            }
            if let Some(holder) = duplicates::holder(action, &self.plan, remote, projects) {
                failure.problem.message += &format!(" `{holder}` has the same destination.");
            }
        }
    }

    /// What there is to report where every action is blocked.
    fn blocked_report(&self) -> Option<Report> {
        let outcomes: Vec<Outcome> = self.plan.actions.iter().map(|_| Outcome::Blocked).collect();
        (!outcomes.is_empty()).then(|| Report {
            outcomes,
            ..Report::default()
        })
    }
}
