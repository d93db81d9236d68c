//! Applying: carrying out what is planned.

use super::link::Link;
use super::observe::Seen;
use super::plan::Planned;
use crate::apply::{self, ApplyContext, Observer, Outcome, Report, Wait};
use crate::core::plan::duplicates::{self, HeldIn};
use crate::core::plan::{ProjectKey, Subject, Verb};
use crate::core::resolve;
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
            providers: &self.seen.providers,
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
        let Seen {
            remote, projects, ..
        } = &self.seen;
        for (action, outcome) in self.plan.actions.iter().zip(&mut report.outcomes) {
            let Outcome::Failed(failure) = outcome else {
                continue;
            };
            if failure.kind != Some(RequestErrorKind::DestinationTaken) {
                continue;
            }
            let held_in = failure.held_in.as_ref();
            let holder = duplicates::holder(action, held_in, &self.plan, remote, projects);
            failure.problem.message += &match holder {
                Some(holder) => format!(" `{holder}` has the same destination."),
                None => self.unseen_holder(&action.subject, held_in),
            };
        }
    }

    /// What there is to say about a sync that holds the destination of another one and is not seen.
    fn unseen_holder(&self, wanting: &Subject, held_in: Option<&HeldIn>) -> String {
        let Some(id) = held_in.and_then(|held_in| held_in.project_id(&wanting.project_id)) else {
            return " No sync that this run sees has it.".to_owned();
        };
        let key = ProjectKey {
            project_id: id.to_owned(),
            ..ProjectKey::of_subject(wanting)
        };
        let Seen {
            remote,
            projects,
            tables,
            ..
        } = &self.seen;
        let table = tables.get(&wanting.provider).map_or(&[][..], Vec::as_slice);
        let of_table = || {
            let is_known = table.iter().any(|project| project.id == id);
            is_known.then(|| resolve::project_word(id, table))
        };
        match projects.get(&key).map(String::as_str).or_else(of_table) {
            Some(word) if remote.contains_key(&key) => format!(
                " That project is `{word}`, in which this identity sees no other sync with it."
            ),
            Some(word) => format!(" That project is `{word}`, which this run does not read."),
            None => " This run does not know that project.".to_owned(),
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
