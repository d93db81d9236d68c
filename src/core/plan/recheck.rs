//! An earlier plan compared with the current remote syncs.
//!
//! An action is still to do if what it found is as it was, and done if what it makes exists.
//! Anything else makes the whole plan stale. `updatedAt` and jobs move by themselves and decide
//! nothing of this.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::action::{Action, Create, Step, Subject, Update, Verb};
use super::build::{ProjectKey, is_push_due};
use super::{Plan, names};
use crate::core::diff::{self, FieldChange};
use crate::core::normalize::{self, Comparable};
use crate::core::remote::RemoteSync;
use crate::core::spec::{DestinationSpec, ObjectSpec, Specs};
use crate::core::starts::{Start, Starts};

/// What is remote and recorded now.
#[derive(Debug)]
pub struct Current<'a> {
    /// The syncs of each project that the plan is about.
    pub remote: &'a BTreeMap<ProjectKey, Vec<RemoteSync>>,
    /// What is recorded of starts.
    pub starts: &'a Starts,
    /// The destinations that the plan knows, those of the syncs that it found among them.
    pub specs: &'a Specs,
}

/// What is left of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Recheck {
    /// This is still to do, blocked actions included.
    Remaining {
        /// The actions, their order kept.
        plan: Box<Plan>,
        /// The syncs whose actions are done.
        done: Vec<Subject>,
    },
    /// All of it is done.
    Applied,
    /// These syncs are neither as the plan found them nor as it makes them.
    Stale(Vec<Stale>),
}

/// A sync that a plan does not fit any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The sync.
    pub subject: Subject,
    /// What differs, as a full sentence.
    pub why: String,
}

/// The state of one action.
#[derive(Debug, Clone, PartialEq)]
enum Standing {
    /// It is still to do.
    Pending,
    /// What it makes exists.
    Done,
    /// What exists fits neither.
    Stale(String),
}

/// Compares a plan with the current remote syncs.
pub fn recheck(plan: &Plan, now: &Current<'_>) -> Recheck {
    let index = Index::of(plan, now);
    let standing = |action| {
        let checker = Checker {
            plan,
            now,
            index: &index,
            action,
        };
        checker.standing()
    };
    let standings: Vec<Standing> = plan.actions.iter().map(standing).collect();
    let stale: Vec<Stale> = plan
        .actions
        .iter()
        .zip(&standings)
        .filter_map(|(action, standing)| match standing {
            Standing::Stale(why) => Some(Stale {
                subject: action.subject.clone(),
                why: why.clone(),
            }),
            Standing::Pending | Standing::Done => None,
        })
        .collect();
    if !stale.is_empty() {
        return Recheck::Stale(stale);
    }
    remaining(plan, standings, &index)
}

fn remaining(plan: &Plan, mut standings: Vec<Standing>, remote: &Index<'_>) -> Recheck {
    // A job that follows a change belongs to it: only its own result shows whether it is due.
    let mut pushed: BTreeMap<usize, RemoteSync> = BTreeMap::new();
    for (index, action) in plan.actions.iter().enumerate() {
        let Some(change) = change_before(plan, action) else {
            continue;
        };
        if standings[change] != Standing::Done {
            continue;
        }
        match remote.by_name(&action.subject) {
            Some(found)
                if is_push_due(action.subject.platform, found) && !found.sync_job.is_going() =>
            {
                pushed.insert(index, found.clone());
            }
            _ => standings[index] = Standing::Done,
        }
    }
    let is_change = |action: &Action| !matches!(action.verb(), Verb::Trigger | Verb::Blocked);
    let mut changes = (0..plan.actions.len()).filter(|index| is_change(&plan.actions[*index]));
    let all_done = changes
        .clone()
        .all(|index| standings[index] == Standing::Done);
    if changes.next().is_some() && all_done && pushed.is_empty() {
        return Recheck::Applied;
    }
    let mut left = plan.clone();
    left.actions.clear();
    let mut done = Vec::new();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, action) in plan.actions.iter().enumerate() {
        if standings[index] == Standing::Done {
            // A job goes with the change that it follows.
            let change = change_before(plan, action);
            if change.is_none_or(|change| standings[change] != Standing::Done) {
                done.push(action.subject.clone());
            }
            continue;
        }
        places.insert(index, left.actions.len());
        let mut action = action.clone();
        if let Step::Update(update) = &mut action.step
            && let Some(found) = remote.by_id(&action.subject, &update.old.id)
        {
            // What is ignored keeps the value that it has by now.
            let there = normalize::declarable(found);
            update.spec.create.keep_ignored(&mut update.body, &there);
        }
        if let Some(found) = pushed.remove(&index) {
            action.step = Step::Trigger {
                old: Some(Box::new(found)),
            };
        }
        left.actions.push(action);
    }
    for action in &mut left.actions {
        action.after = action
            .after
            .iter()
            .filter_map(|before| places.get(before).copied())
            .collect();
    }
    Recheck::Remaining {
        plan: Box::new(left),
        done,
    }
}

/// The change of the same sync that a trigger follows.
pub fn change_before(plan: &Plan, action: &Action) -> Option<usize> {
    if action.verb() != Verb::Trigger {
        return None;
    }
    let mut before = action.after.iter().copied();
    before.find(|index| {
        let change = plan.actions.get(*index);
        change.is_some_and(|change| change.subject == action.subject)
    })
}

/// Finds remote syncs, and the actions that take their names away, without a search.
struct Index<'a> {
    by_name: BTreeMap<&'a ProjectKey, BTreeMap<&'a str, Vec<&'a RemoteSync>>>,
    by_id: BTreeMap<&'a ProjectKey, BTreeMap<&'a str, &'a RemoteSync>>,
    /// The ids and names of syncs that an action renames or replaces.
    freed: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Index<'a> {
    fn of(plan: &'a Plan, now: &Current<'a>) -> Self {
        let mut index = Self {
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            freed: BTreeSet::new(),
        };
        for (project, syncs) in now.remote {
            let by_name = index.by_name.entry(project).or_default();
            let by_id = index.by_id.entry(project).or_default();
            for sync in syncs {
                by_name.entry(&sync.name).or_default().push(sync);
                by_id.entry(&sync.id).or_insert(sync);
            }
        }
        for action in &plan.actions {
            if let (Some(found), Some(name)) = (action.found(), names::freed(action)) {
                index.freed.insert((&found.id, name));
            }
        }
        index
    }

    fn by_name(&self, subject: &Subject) -> Option<&'a RemoteSync> {
        let destination = subject.platform.identifying(&subject.destination);
        let project = self.by_name.get(&ProjectKey::of_subject(subject))?;
        let mut syncs = project.get(subject.name.as_str())?.iter().copied();
        syncs.find(|sync| destination.is_none_or(|slug| sync.destination == slug))
    }

    fn by_id(&self, subject: &Subject, id: &str) -> Option<&'a RemoteSync> {
        let project = self.by_id.get(&ProjectKey::of_subject(subject))?;
        project.get(id).copied()
    }
}

/// Checks one action.
struct Checker<'a> {
    plan: &'a Plan,
    now: &'a Current<'a>,
    index: &'a Index<'a>,
    action: &'a Action,
}

impl Checker<'_> {
    fn standing(&self) -> Standing {
        let subject = &self.action.subject;
        match &self.action.step {
            Step::Create(create) => match self.index.by_name(subject) {
                None => Standing::Pending,
                Some(found) if self.is_freed(found) => Standing::Pending,
                Some(found) => self.made(found, create),
            },
            Step::Update(update) => self.update(update),
            Step::Replace { old, new, .. } => match self.index.by_id(subject, &old.id) {
                Some(found) => self
                    .as_found(old, found)
                    .unwrap_or_else(|| self.name_is_free(found)),
                None => match self.index.by_name(subject) {
                    Some(found) => self.made(found, new),
                    None => gone(),
                },
            },
            Step::Delete {
                old,
                remove_secrets,
                ..
            } => match (
                self.index.by_id(subject, &old.id),
                self.index.by_name(subject),
            ) {
                (None, None) => Standing::Done,
                (None, Some(_)) => another(),
                (Some(found), _) if *remove_secrets && found.remove_job.is_going() => {
                    Standing::Done
                }
                (Some(found), _) => self.as_found(old, found).unwrap_or(Standing::Pending),
            },
            Step::Start => self.start(),
            // The change before it is checked, and this one goes with it.
            Step::Trigger { .. } if change_before(self.plan, self.action).is_some() => {
                Standing::Pending
            }
            Step::Trigger { old: Some(old) } => match self.index.by_id(subject, &old.id) {
                Some(found) => self.as_found(old, found).unwrap_or(Standing::Pending),
                None => gone(),
            },
            Step::Trigger { old: None } | Step::Blocked { .. } => Standing::Pending,
        }
    }

    /// A sync that has the name of one that is to be created.
    fn made(&self, found: &RemoteSync, create: &Create) -> Standing {
        let differing = self.differing(found, &create.spec, &create.expected);
        if differing.is_empty() {
            return Standing::Done;
        }
        Standing::Stale(format!(
            "A sync with its name was created since, but not as planned: {}.",
            differing.join("; ")
        ))
    }

    fn update(&self, update: &Update) -> Standing {
        let subject = &self.action.subject;
        let Some(found) = self.index.by_id(subject, &update.old.id) else {
            return match self.index.by_name(subject) {
                Some(_) => another(),
                None => gone(),
            };
        };
        let is_made = !update.is_resent
            && found.name == subject.name
            && self
                .differing(found, &update.spec, &update.expected)
                .is_empty();
        if is_made {
            return Standing::Done;
        }
        self.as_found(&update.old, found)
            .unwrap_or_else(|| self.name_is_free(found))
    }

    /// How a sync differs from what the action makes, in words.
    fn differing(
        &self,
        found: &RemoteSync,
        spec: &DestinationSpec,
        expected: &Comparable,
    ) -> Vec<String> {
        let wanted = &self.action.subject.destination;
        if found.destination != *wanted {
            return vec![describe_word("destination", wanted, &found.destination)];
        }
        let there = normalize::remote(spec, found);
        let difference = diff::compare(&spec.create, expected, &there);
        let is_now = |change: &FieldChange| {
            differs(
                &change.dotted(),
                change.after.as_ref(),
                change.before.as_ref(),
            )
        };
        difference.changes.iter().map(is_now).collect()
    }

    /// Whether a sync is not as it was found, and how.
    fn as_found(&self, old: &RemoteSync, found: &RemoteSync) -> Option<Standing> {
        let mut differing = Vec::new();
        for (what, before, after) in [
            ("name", &old.name, &found.name),
            ("destination", &old.destination, &found.destination),
            ("connection", &old.connection.name, &found.connection.name),
        ] {
            if before != after {
                differing.push(describe_word(what, before, after));
            }
        }
        if old.was_pushed() && !found.was_pushed() {
            differing
                .push("nothing was pushed yet, but the plan says that something was".to_owned());
        }
        let platform = self.action.subject.platform;
        let spec = match &self.action.step {
            Step::Update(update) => Some(&update.spec),
            _ => self.now.specs.get(platform, &old.destination),
        };
        let unlisted = ObjectSpec::default();
        let known = spec.map_or(&unlisted, |spec| &spec.create);
        let [mut before, mut after] = [old, found].map(|sync| normalize::seen(known, sync));
        let sent = match &self.action.step {
            Step::Update(update) => Some(&update.body),
            _ => None,
        };
        let counts = |key: &str| {
            spec.is_none_or(|spec| spec.create.names(key))
                || old.fields.contains_key(key)
                || sent.is_some_and(|sent| sent.contains_key(key))
        };
        for side in [&mut before, &mut after] {
            side.retain(|key, _| counts(key));
        }
        // Whatever is seen counts, known or not.
        let anything = ObjectSpec {
            open: true,
            ..ObjectSpec::default()
        };
        let difference = diff::compare(&anything, &after, &before);
        differing.extend(difference.changes.iter().map(in_words));
        (!differing.is_empty()).then(|| {
            Standing::Stale(format!(
                "It has changed since the plan was made: {}.",
                differing.join("; ")
            ))
        })
    }

    /// Whether the name that the action needs is free, or is to be freed by an action before it.
    fn name_is_free(&self, own: &RemoteSync) -> Standing {
        match self.index.by_name(&self.action.subject) {
            Some(other) if other.id != own.id && !self.is_freed(other) => {
                Standing::Stale("Another sync has taken its new name since.".to_owned())
            }
            _ => Standing::Pending,
        }
    }

    /// Whether an action of the plan takes the name of that sync away.
    fn is_freed(&self, other: &RemoteSync) -> bool {
        self.index.freed.contains(&(&other.id, &other.name))
    }

    fn start(&self) -> Standing {
        match self.now.starts.of_key(&self.action.subject.start_key()) {
            Some(None) => Standing::Pending,
            Some(Some(Start::Done { .. })) => Standing::Done,
            Some(Some(Start::Unknown)) => Standing::Stale(
                "A start of it was interrupted since, and may have taken effect; record what \
                 you find with `secsync state resolve`."
                    .to_owned(),
            ),
            None => Standing::Stale(
                "There is no state here, but the plan was made with one.".to_owned(),
            ),
        }
    }
}

fn gone() -> Standing {
    Standing::Stale("It no longer exists.".to_owned())
}

fn another() -> Standing {
    Standing::Stale("It no longer exists, and another sync has its name.".to_owned())
}

fn in_words(change: &FieldChange) -> String {
    differs(
        &change.dotted(),
        change.before.as_ref(),
        change.after.as_ref(),
    )
}

fn differs(what: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let value = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
    format!(
        "`{what}` is now {} instead of {}",
        value(after),
        value(before)
    )
}

fn describe_word(what: &str, before: &str, after: &str) -> String {
    differs(what, Some(&before.into()), Some(&after.into()))
}

#[cfg(test)]
mod tests;
