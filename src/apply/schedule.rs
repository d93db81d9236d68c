//! Which action runs when: those that take a name after those that free it, the rest at once.

use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::follow::{self, Ended, Watched};
use super::{ApplyContext, Outcome, Report, action};
use crate::core::plan::{Plan, Step};

/// Runs a plan to its end. A failure keeps back only what depends on it.
pub async fn run(plan: &Plan, context: &ApplyContext<'_>) -> Report {
    let mut scheduler = Scheduler {
        plan,
        outcomes: vec![None; plan.actions.len()],
        ids: BTreeMap::new(),
        watched: Vec::new(),
    };
    scheduler.run_all(context).await;
    let Scheduler {
        outcomes, watched, ..
    } = scheduler;
    let watched = follow::latest(watched);
    let jobs = follow::follow_if_wanted(watched, context).await;
    let not_tried = || Outcome::not_tried("The run ended before its turn.");
    Report {
        outcomes: outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(not_tried))
            .collect(),
        jobs,
        is_interrupted: context.cancellation.is_cancelled(),
    }
}

struct Scheduler<'a> {
    plan: &'a Plan,
    outcomes: Vec<Option<Outcome>>,
    /// The ids of syncs that this run created, by the index of the action.
    ids: BTreeMap<usize, String>,
    watched: Vec<Watched>,
}

impl Scheduler<'_> {
    async fn run_all(&mut self, context: &ApplyContext<'_>) {
        let plan = self.plan;
        let mut running = FuturesUnordered::new();
        let mut waiting: Vec<usize> = (0..plan.actions.len()).collect();
        loop {
            let mut later = Vec::new();
            for index in waiting {
                match self.readiness(index, context) {
                    Readiness::Ready if running.len() < context.parallelism.max(1) => {
                        context.observer.begins(index);
                        let created = self.id_for(index);
                        running.push(async move {
                            let action = &plan.actions[index];
                            (index, action::run(action, created, context).await)
                        });
                    }
                    Readiness::Ready | Readiness::NotYet => later.push(index),
                    Readiness::Never(outcome) => self.end(index, outcome, context),
                }
            }
            let is_stuck = running.is_empty();
            waiting = later;
            match running.next().await {
                Some((index, ended)) => self.take(index, ended, context),
                None if is_stuck && waiting.is_empty() => return,
                // An action that is never tried may allow others to be given up, too.
                None if self.makes_progress(&waiting, context) => {}
                None => return,
            }
        }
    }

    fn makes_progress(&self, waiting: &[usize], context: &ApplyContext<'_>) -> bool {
        waiting
            .iter()
            .any(|index| !matches!(self.readiness(*index, context), Readiness::NotYet))
    }

    fn readiness(&self, index: usize, context: &ApplyContext<'_>) -> Readiness {
        let action = &self.plan.actions[index];
        if matches!(action.step, Step::Blocked { .. }) {
            return Readiness::Never(Outcome::Blocked);
        }
        if context.cancellation.is_cancelled() {
            return Readiness::Never(Outcome::not_tried(
                "The run was interrupted before its turn.",
            ));
        }
        for before in &action.after {
            match &self.outcomes[*before] {
                None => return Readiness::NotYet,
                Some(Outcome::Done { .. }) => {}
                Some(_) => {
                    let reason = format!(
                        "It depends on the {} of `{}`, which did not succeed.",
                        self.plan.actions[*before].verb().word(),
                        self.plan.actions[*before].subject.name
                    );
                    return Readiness::Never(Outcome::not_tried(reason));
                }
            }
        }
        Readiness::Ready
    }

    /// The id of the sync that an earlier action of this plan created for this one.
    fn id_for(&self, index: usize) -> Option<String> {
        let before = &self.plan.actions[index].after;
        before
            .iter()
            .find_map(|before| self.ids.get(before))
            .cloned()
    }

    fn take(&mut self, index: usize, ended: Ended, context: &ApplyContext<'_>) {
        if let Outcome::Done { id: Some(id), .. } = &ended.outcome {
            self.ids.insert(index, id.clone());
        }
        self.watched.extend(ended.watched);
        self.end(index, ended.outcome, context);
    }

    fn end(&mut self, index: usize, outcome: Outcome, context: &ApplyContext<'_>) {
        context.observer.ended(index, &outcome);
        self.outcomes[index] = Some(outcome);
    }
}

enum Readiness {
    Ready,
    NotYet,
    Never(Outcome),
}
