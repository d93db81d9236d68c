//! A plan in a JSON document.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::apply;
use crate::core::diff::FieldChange;
use crate::core::plan::{
    Action, Base, Counts, DeleteReason, Effect, Failing, Kept, Plan, SharedUpdate, Step, Subject,
    UnknownField,
};
use crate::core::remote::RemoteSync;
use crate::core::shard::Shard;
use crate::core::sources::Sources;
use crate::core::text::platform_message;
use crate::render::json::{BlockedFields, FileRange, matrix_of};

/// A plan, and where it is saved.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanBody<'a> {
    /// The earlier version of the files that it compares with.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a Base>,
    /// The part of the projects that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
    summary: Summary,
    actions: Vec<ActionFields<'a>>,
    /// The actions that are the same because their syncs inherit what changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shared: Vec<SharedFields<'a>>,
    unmanaged: &'a [Subject],
    kept: Vec<KeptFields<'a>>,
    failing: Vec<FailingFields<'a>>,
    unknown: &'a [UnknownField],
    not_read_back: &'a [UnknownField],
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_file: Option<PlanFile<'a>>,
}

impl<'a> PlanBody<'a> {
    /// A plan whose places are in these texts.
    pub fn new(plan: &'a Plan, sources: &Sources) -> Self {
        let likely = plan.likely_renames();
        let actions = plan.actions.iter().enumerate();
        Self {
            base: plan.base.as_ref(),
            shard: plan.shard,
            summary: Summary {
                actions: plan.counts(),
                unchanged: plan.unchanged,
                unmanaged: plan.unmanaged.len(),
            },
            actions: actions
                .map(|(index, action)| ActionFields {
                    likely_renamed_from: likely.get(&index).map(|old| old.name),
                    ..ActionFields::new(action, sources, plan.base.is_none())
                })
                .collect(),
            shared: (plan.shared.iter())
                .map(|shared| SharedFields::new(shared, sources))
                .collect(),
            unmanaged: &plan.unmanaged,
            kept: plan.kept.iter().map(KeptFields::new).collect(),
            failing: plan.failing.iter().map(FailingFields::new).collect(),
            unknown: &plan.unknown,
            not_read_back: &plan.unread,
            plan_file: None,
        }
    }

    /// Says where the plan is saved.
    #[must_use]
    pub fn saved_in(mut self, file: PlanFile<'a>) -> Self {
        self.plan_file = Some(file);
        self
    }
}

/// Where a plan is saved, in a JSON document.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PlanFile<'a> {
    /// The file.
    pub file: &'a str,
    /// The plan's digest.
    pub digest: &'a str,
}

#[derive(Debug, Serialize)]
struct Summary {
    #[serde(flatten)]
    actions: Counts,
    unchanged: usize,
    unmanaged: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionFields<'a> {
    action: &'static str,
    #[serde(flatten)]
    subject: &'a Subject,
    place: Option<FileRange>,
    /// The values of the cell of a matrix that declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<Map<String, Value>>,
    #[serde(flatten)]
    step: Option<StepFields<'a>>,
    changes: Vec<ChangeFields<'a>>,
    effects: Vec<EffectFields>,
    /// An otherwise equal sync that the plan deletes, or that is no longer declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    likely_renamed_from: Option<&'a str>,
    depends_on: &'a [usize],
}

impl<'a> ActionFields<'a> {
    fn new(action: &'a Action, sources: &Sources, has_ids: bool) -> Self {
        Self {
            action: action.verb().word(),
            subject: &action.subject,
            place: action.place.map(|span| FileRange::new(span, sources)),
            matrix: matrix_of(action.place, sources),
            step: StepFields::of(action, has_ids),
            changes: action.changes.iter().map(ChangeFields::new).collect(),
            effects: action
                .effects
                .iter()
                .copied()
                .map(EffectFields::new)
                .collect(),
            likely_renamed_from: None,
            depends_on: &action.after,
        }
    }
}

/// What only some kinds of action have.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum StepFields<'a> {
    Update {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        renamed_from: Option<&'a str>,
    },
    Replace {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        remove_secrets: bool,
        /// What is deleted, as YAML.
        old_definition: String,
    },
    Delete {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        remove_secrets: bool,
        reason: &'static str,
        /// What is deleted, as YAML.
        old_definition: String,
    },
    Trigger {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Value>,
    },
    Blocked {
        blocked: WantedFields,
    },
}

impl<'a> StepFields<'a> {
    /// An earlier version of the files has no ids.
    fn of(action: &'a Action, has_ids: bool) -> Option<Self> {
        let id_of = |old: &'a RemoteSync| has_ids.then_some(&*old.id);
        Some(match &action.step {
            Step::Create(_) | Step::Start => return None,
            Step::Update(update) => Self::Update {
                id: id_of(&update.old),
                renamed_from: action.renamed_from(),
            },
            Step::Replace {
                old,
                remove_secrets,
                ..
            } => Self::Replace {
                id: id_of(old),
                remove_secrets: *remove_secrets,
                old_definition: apply::definition(old),
            },
            Step::Delete {
                old,
                remove_secrets,
                reason,
            } => Self::Delete {
                id: id_of(old),
                remove_secrets: *remove_secrets,
                reason: match reason {
                    DeleteReason::EnsureAbsent => "ensure-absent",
                    DeleteReason::Pruned => "pruned",
                },
                old_definition: apply::definition(old),
            },
            Step::Trigger { old } => Self::Trigger {
                id: has_ids.then(|| {
                    let id = old.as_ref().map(|old| old.id.clone());
                    id.into()
                }),
            },
            Step::Blocked { wanted, reason } => Self::Blocked {
                blocked: WantedFields {
                    wanted: wanted.word(),
                    why: reason.into(),
                },
            },
        })
    }
}

#[derive(Debug, Serialize)]
struct WantedFields {
    wanted: &'static str,
    #[serde(flatten)]
    why: BlockedFields,
}

#[derive(Debug, Serialize)]
struct ChangeFields<'a> {
    path: String,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

impl<'a> ChangeFields<'a> {
    fn new(change: &'a FieldChange) -> Self {
        Self {
            path: change.dotted(),
            before: change.before.as_ref(),
            after: change.after.as_ref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct SharedFields<'a> {
    place: Option<FileRange>,
    /// Their indices in the list of actions.
    actions: &'a [usize],
}

impl<'a> SharedFields<'a> {
    fn new(shared: &'a SharedUpdate, sources: &Sources) -> Self {
        Self {
            place: shared.place.map(|place| FileRange::new(place, sources)),
            actions: &shared.actions,
        }
    }
}

#[derive(Debug, Serialize)]
struct EffectFields {
    code: &'static str,
    message: &'static str,
    destructive: bool,
}

impl EffectFields {
    fn new(effect: Effect) -> Self {
        Self {
            code: effect.word(),
            message: effect.sentence(),
            destructive: effect.is_destructive(),
        }
    }
}

#[derive(Debug, Serialize)]
struct KeptFields<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    reason: &'static str,
}

impl<'a> KeptFields<'a> {
    fn new(kept: &'a Kept) -> Self {
        Self {
            subject: &kept.subject,
            reason: kept.by.word(),
        }
    }
}

#[derive(Debug, Serialize)]
struct FailingFields<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    message: Option<String>,
}

impl<'a> FailingFields<'a> {
    fn new(failing: &'a Failing) -> Self {
        Self {
            subject: &failing.subject,
            message: failing.job.message.as_deref().map(platform_message),
        }
    }
}
