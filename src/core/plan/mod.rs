//! What to do so that the remote syncs become what the files declare.
//!
//! A plan is a value: made from values, shown as it is, and run as it is.
//!
//! | module | what it holds |
//! |---|---|
//! | [`action`] | the actions |
//! | [`duplicates`] | which sync holds a destination that another one wants |
//! | [`effect`] | what each kind of action does besides what it is for |
//! | [`base`] | what was declared before, in the form of what is remote |
//! | [`mod@build`] | making a plan |
//! | `names` | which action waits for a name that another one frees |
//! | [`recheck`] | an earlier plan compared with the current remote syncs |
//! | [`renames`] | a sync that goes and an equal one that comes |
//! | [`shown`] | the changes that an action shows, made from what it executes |
//! | [`started`] | recorded starts that no file declares |

pub mod action;
pub mod base;
pub mod build;
pub mod duplicates;
pub mod effect;
mod names;
pub mod recheck;
pub mod renames;
pub mod shown;
pub mod started;
#[cfg(test)]
mod tests;

pub use super::effect::Effect;
pub use action::{Action, Blocked, DeleteReason, Step, Subject, Update, Verb};
pub use base::{Base, SharedUpdate};
pub use build::{Inputs, Policy, ProjectKey, build};

use serde::{Deserialize, Serialize};

use super::remote::Job;
use super::shard::Shard;
use super::words;

/// Everything that a run would do, and what it found besides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The actions, ordered by provider, project and name.
    pub actions: Vec<Action>,
    /// How many declared syncs are as they should be.
    pub unchanged: usize,
    /// What exists in the projects that were read, and is not declared; then what is recorded as
    /// started, and is not.
    pub unmanaged: Vec<Subject>,
    /// What `--prune` would have deleted if nothing held it back.
    pub kept: Vec<Kept>,
    /// Declared syncs that need no change, and whose last job failed.
    pub failing: Vec<Failing>,
    /// Fields that are set remotely and that the schemas in use do not know, each once a project.
    pub unknown: Vec<UnknownField>,
    /// Declared fields that no answer gives back, each once a project.
    pub unread: Vec<UnknownField>,
    /// The earlier version of the files that this compares with; `None` if it is what is remote.
    pub base: Option<Base>,
    /// The updates that syncs inherit; none without an earlier version of the files.
    pub shared: Vec<SharedUpdate>,
    /// The part of the projects that it is about; `None` for all.
    pub shard: Option<Shard>,
}

/// A field that is set remotely and that the schemas in use do not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnknownField {
    /// The provider's name in the files.
    pub provider: String,
    /// The project as the files spell it.
    pub project: String,
    /// The field's path with dots: `destinationConfig.region`.
    pub field: String,
    /// How many syncs have it: in a plan of the declared ones, in an export of the exported ones.
    pub syncs: usize,
}

impl UnknownField {
    /// Counts one more sync that has a field.
    pub fn count(among: &mut Vec<Self>, provider: &str, project: &str, field: &str) {
        let same = among.iter_mut().find(|known| {
            (&*known.provider, &*known.project, &*known.field) == (provider, project, field)
        });
        match same {
            Some(known) => known.syncs += 1,
            None => among.push(Self {
                provider: provider.to_owned(),
                project: project.to_owned(),
                field: field.to_owned(),
                syncs: 1,
            }),
        }
    }

    /// What is known of it, as a full sentence.
    pub fn sentence(&self) -> String {
        format!(
            "`{}` is set on {} of {}/{}, and the schemas in use do not know it.",
            self.field,
            words::count(self.syncs, "sync"),
            self.provider,
            self.project
        )
    }

    /// What is known of it and what to do.
    pub fn note(&self) -> String {
        format!("{} {}", self.sentence(), Self::advice())
    }

    /// What it means that no answer gives it back, as full sentences.
    pub fn unread_note(&self) -> String {
        format!(
            "`{}` of {} in {}/{} is not read back: a change of it alone is not seen. \
             `--resend` sends it again.",
            self.field,
            words::count(self.syncs, "sync"),
            self.provider,
            self.project
        )
    }

    /// What to do, as a full sentence.
    pub const fn advice() -> &'static str {
        "Run `secsync schema pull --from-server`, so that it can be declared and compared."
    }
}

/// A sync that is not declared, and that is not pruned all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The sync.
    pub subject: Subject,
    /// What keeps it.
    pub by: Keeper,
}

/// What keeps a sync from being pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keeper {
    /// `protect` of the workspace names it.
    #[serde(rename = "protected")]
    Protect,
    /// `unmanaged.ignore` of the workspace names it.
    #[serde(rename = "ignored")]
    Ignore,
}

impl Keeper {
    /// The stable word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Protect => "protected",
            Self::Ignore => "ignored",
        }
    }

    /// The part of secsync.yaml that keeps it.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Protect => "protect",
            Self::Ignore => "unmanaged.ignore",
        }
    }
}

/// A sync that is as declared, and does not work.
#[derive(Debug, Clone, PartialEq)]
pub struct Failing {
    /// The sync.
    pub subject: Subject,
    /// Its last job.
    pub job: Job,
}

/// How many actions of each kind a plan has. JSON documents hold it with these fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Syncs that come to be, replacements included.
    pub add: usize,
    /// Syncs that change in place.
    pub change: usize,
    /// Syncs that go, replacements included.
    pub destroy: usize,
    /// Syncs that are started.
    pub start: usize,
    /// Jobs that are asked for.
    pub trigger: usize,
    /// Actions that cannot be done.
    pub blocked: usize,
}

impl Plan {
    /// Counts the actions.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for action in &self.actions {
            match action.verb() {
                Verb::Create => counts.add += 1,
                Verb::Update => counts.change += 1,
                Verb::Replace => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Verb::Delete => counts.destroy += 1,
                Verb::Start => counts.start += 1,
                Verb::Trigger => counts.trigger += 1,
                Verb::Blocked => counts.blocked += 1,
            }
        }
        counts
    }

    /// Leaves actions out. What waited for one of them does not wait.
    pub fn retain(&mut self, is_wanted: impl Fn(&Action) -> bool) {
        let mut left = 0;
        let places: Vec<Option<usize>> = self
            .actions
            .iter()
            .map(|action| {
                let place = is_wanted(action).then_some(left);
                left += usize::from(place.is_some());
                place
            })
            .collect();
        let mut index = 0;
        self.actions.retain(|_| {
            index += 1;
            places[index - 1].is_some()
        });
        for action in &mut self.actions {
            action.after = action.after.iter().filter_map(|at| places[*at]).collect();
        }
    }

    /// The same plan, sorted as people look for things: by provider, project and name. A trigger stays
    /// behind the action that it follows.
    #[must_use]
    pub fn in_order_of_names(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.actions.len()).collect();
        order.sort_by(|one, other| {
            let subject = |index: &usize| self.actions[*index].subject.by_name();
            subject(one).cmp(&subject(other))
        });
        let mut place_of = vec![0; order.len()];
        for (place, index) in order.iter().enumerate() {
            place_of[*index] = place;
        }
        let mut actions: Vec<Option<Action>> = self.actions.into_iter().map(Some).collect();
        self.actions = order
            .iter()
            .filter_map(|index| actions[*index].take())
            .collect();
        for before in self.actions.iter_mut().flat_map(|action| &mut action.after) {
            *before = place_of[*before];
        }
        self.unmanaged
            .sort_by(|one, other| one.by_name().cmp(&other.by_name()));
        self.kept
            .sort_by(|one, other| one.subject.by_name().cmp(&other.subject.by_name()));
        self.failing
            .sort_by(|one, other| one.subject.by_name().cmp(&other.subject.by_name()));
        self.unknown.sort();
        self.unread.sort();
        self
    }

    /// Whether an apply would change anything, triggers not counted, or something is blocked.
    /// Exit code 2 reports this.
    pub fn has_pending_changes(&self) -> bool {
        let mut actions = self.actions.iter();
        // What is no longer declared is a change of what is declared.
        (self.base.is_some() && !self.unmanaged.is_empty())
            || actions.any(|action| action.verb() != Verb::Trigger)
    }
}
