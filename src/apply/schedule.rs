//! Which action runs when: those that take a name after those that free it, the rest at once.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::attempt::Untried;
use super::follow::{self, Ended, Watched};
use super::{ActionFailure, ApplyContext, Outcome, Report, perform};
use crate::core::plan::{Plan, Step};

/// Runs a plan to its end. A failure keeps back only what depends on it.
pub async fn run(plan: &Plan, context: &ApplyContext<'_>) -> Report {
    let mut scheduler = Scheduler {
        plan,
        turns: Untried::for_each(plan.actions.len())
            .map(Turn::Waiting)
            .collect(),
        ids: BTreeMap::new(),
        watched: Vec::new(),
    };
    scheduler.run_all(context).await;
    let Scheduler { turns, watched, .. } = scheduler;
    let watched = follow::latest(watched);
    let jobs = follow::follow_if_wanted(watched, context).await;
    Report {
        outcomes: turns.into_iter().map(Turn::outcome).collect(),
        jobs,
        is_interrupted: context.cancellation.is_cancelled(),
    }
}

/// How far an action is.
enum Turn {
    Waiting(Untried),
    UnderWay,
    Ended(Outcome),
}

impl Turn {
    fn outcome(self) -> Outcome {
        match self {
            Self::Waiting(untried) => untried.outcome("The run ended before its turn."),
            Self::UnderWay => {
                Outcome::Unknown(ActionFailure::new("The run ended while it was under way."))
            }
            Self::Ended(outcome) => outcome,
        }
    }
}

struct Scheduler<'a> {
    plan: &'a Plan,
    turns: Vec<Turn>,
    /// The ids of syncs that this run created, by the index of the action.
    ids: BTreeMap<usize, String>,
    watched: Vec<Watched>,
}

impl Scheduler<'_> {
    async fn run_all(&mut self, context: &ApplyContext<'_>) {
        let plan = self.plan;
        let mut running = FuturesUnordered::new();
        let at_once = context.parallelism.max(1);
        let mut waiting: VecDeque<usize> = (0..plan.actions.len()).collect();
        loop {
            let mut later = Vec::new();
            // What waits for room is not looked at again: that would take the square of the actions.
            while running.len() < at_once
                && let Some(index) = waiting.pop_front()
            {
                match self.readiness(index, context) {
                    Readiness::Ready => {
                        let Some(untried) = self.take_turn(index) else {
                            continue;
                        };
                        context.observer.begins(index);
                        let created = self.id_for(index);
                        running.push(async move {
                            let action = (index, &plan.actions[index]);
                            (index, perform::run(action, untried, created, context).await)
                        });
                    }
                    Readiness::NotYet => later.push(index),
                    Readiness::Blocked => self.end(index, Outcome::Blocked, context),
                    Readiness::Never(reason) => {
                        if let Some(untried) = self.take_turn(index) {
                            self.end(index, untried.outcome(reason), context);
                        }
                    }
                }
            }
            let is_stuck = running.is_empty();
            later
                .into_iter()
                .rev()
                .for_each(|index| waiting.push_front(index));
            match running.next().await {
                Some((index, ended)) => self.take(index, ended, context),
                None if is_stuck && waiting.is_empty() => return,
                // An action that is never tried may allow others to be given up, too.
                None if self.makes_progress(&waiting, context) => {}
                None => return,
            }
        }
    }

    fn makes_progress(&self, waiting: &VecDeque<usize>, context: &ApplyContext<'_>) -> bool {
        waiting
            .iter()
            .any(|index| !matches!(self.readiness(*index, context), Readiness::NotYet))
    }

    fn readiness(&self, index: usize, context: &ApplyContext<'_>) -> Readiness {
        let action = &self.plan.actions[index];
        if matches!(action.step, Step::Blocked { .. }) {
            return Readiness::Blocked;
        }
        if context.cancellation.is_cancelled() {
            return Readiness::Never("The run was interrupted before its turn.".to_owned());
        }
        for before in &action.after {
            match &self.turns[*before] {
                Turn::Waiting(_) | Turn::UnderWay => return Readiness::NotYet,
                Turn::Ended(Outcome::Done { .. }) => {}
                Turn::Ended(_) => {
                    let reason = format!(
                        "It depends on the {} of `{}`, which did not succeed.",
                        self.plan.actions[*before].verb().word(),
                        self.plan.actions[*before].subject.name
                    );
                    return Readiness::Never(reason);
                }
            }
        }
        Readiness::Ready
    }

    /// Begins an action, or ends it before it began; none if it is past that.
    fn take_turn(&mut self, index: usize) -> Option<Untried> {
        match mem::replace(&mut self.turns[index], Turn::UnderWay) {
            Turn::Waiting(untried) => Some(untried),
            other => {
                self.turns[index] = other;
                None
            }
        }
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
        self.turns[index] = Turn::Ended(outcome);
    }
}

enum Readiness {
    Ready,
    NotYet,
    Blocked,
    /// Why, as a full sentence.
    Never(String),
}
