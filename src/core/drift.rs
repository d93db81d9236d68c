//! A plan seen the other way round: not what to do, but how the remote syncs differ from the files.
//!
//! Nothing remembers what the platform was like before, so a declaration that was changed and not
//! applied yet looks the same as a change on the platform.

use super::diff::FieldChange;
use super::plan::{Action, Blocked, Plan, Step, Subject, Verb};
use super::span::Span;

/// One declared sync that is not there as declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The sync.
    pub subject: Subject,
    /// Where it is declared; `None` if no file declares it.
    pub place: Option<Span>,
    /// What it is about.
    pub kind: DriftKind,
    /// Why an apply could not fix it.
    pub blocked: Option<Blocked>,
}

/// What can have happened to a sync.
#[derive(Debug, Clone, PartialEq)]
pub enum DriftKind {
    /// It is not there.
    Missing,
    /// These fields differ: `before` is declared, `after` is remote.
    Changed(Vec<FieldChange>),
    /// It exists, and the file says `ensure: absent`.
    Unwanted,
    /// It exists, no file declares it, and `--prune` counts that.
    Undeclared,
    /// Nothing is recorded that would say that it was started.
    NotStarted,
}

impl DriftKind {
    /// The stable word for machines.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed(_) => "changed",
            Self::Unwanted => "unwanted",
            Self::Undeclared => "undeclared",
            Self::NotStarted => "not-started",
        }
    }
}

/// All that drifted, in the order of the plan. A job that is due is no drift.
pub fn of(plan: &Plan) -> Vec<Drift> {
    plan.actions.iter().filter_map(of_action).collect()
}

fn of_action(action: &Action) -> Option<Drift> {
    let (verb, blocked) = match &action.step {
        Step::Blocked { wanted, reason } => (*wanted, Some(reason.clone())),
        _ => (action.verb(), None),
    };
    let kind = match verb {
        Verb::Create => DriftKind::Missing,
        Verb::Update => DriftKind::Changed(action.changes.iter().map(reversed).collect()),
        // Of what a replace changes only the destination drifted; the rest is the new sync.
        Verb::Replace => DriftKind::Changed(action.changes.iter().take(1).map(reversed).collect()),
        Verb::Delete if action.place.is_some() => DriftKind::Unwanted,
        Verb::Delete => DriftKind::Undeclared,
        Verb::Start => DriftKind::NotStarted,
        Verb::Trigger | Verb::Blocked => return None,
    };
    Some(Drift {
        subject: action.subject.clone(),
        place: action.place,
        kind,
        blocked,
    })
}

fn reversed(change: &FieldChange) -> FieldChange {
    FieldChange {
        path: change.path.clone(),
        before: change.after.clone(),
        after: change.before.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{DriftKind, of};
    use crate::core::desired::{DesiredSync, Ensure, Trigger, Word};
    use crate::core::plan::{Blocked, Inputs, Policy, ProjectKey, build};
    use crate::core::remote::RemoteSync;
    use crate::core::spec::Specs;
    use crate::core::starts::Starts;
    use crate::core::testing::{INFISICAL, desired_sync, remote_sync, resolved, spec, sync_fields};

    fn drift(sync: DesiredSync, remote: Vec<RemoteSync>, prune: bool) -> Vec<super::Drift> {
        let project = ProjectKey {
            platform: INFISICAL,
            provider: "infisical".to_owned(),
            server: "https://a".to_owned(),
            project_id: "p1".to_owned(),
        };
        let key = (INFISICAL, "humanitec".to_owned());
        of(&build(&Inputs {
            syncs: &[resolved(sync)],
            labels: &BTreeMap::new(),
            remote: &BTreeMap::from([(project, remote)]),
            specs: &Specs::from_iter([(key, Arc::new(spec()))]),
            starts: &Starts::Missing,
            rules: crate::provider::rules,
            policy: &Policy {
                prune,
                ..Policy::default()
            },
        }))
    }

    fn web() -> DesiredSync {
        desired_sync("web", sync_fields())
    }

    fn kinds(drifts: &[super::Drift]) -> Vec<&'static str> {
        drifts.iter().map(|drift| drift.kind.word()).collect()
    }

    fn changes(drifts: &[super::Drift]) -> Vec<(String, Option<Value>, Option<Value>)> {
        let [drift] = drifts else {
            panic!("{drifts:?}");
        };
        let DriftKind::Changed(changes) = &drift.kind else {
            panic!("{drift:?}");
        };
        changes
            .iter()
            .map(|change| (change.dotted(), change.before.clone(), change.after.clone()))
            .collect()
    }

    #[test]
    fn what_is_as_declared_has_not_drifted() {
        assert_eq!(drift(web(), vec![remote_sync("web")], false), []);
    }

    #[test]
    fn reports_an_absent_sync_as_missing() {
        assert_eq!(kinds(&drift(web(), Vec::new(), false)), ["missing"]);
    }

    #[test]
    fn a_change_goes_from_the_declared_to_the_remote_value() {
        let mut remote = remote_sync("web");
        remote.fields["description"] = json!("by hand");
        remote.environment = Some("prod".to_owned());
        assert_eq!(
            changes(&drift(web(), vec![remote], false)),
            [
                ("description".to_owned(), None, Some(json!("by hand"))),
                (
                    "environment".to_owned(),
                    Some(json!("dev")),
                    Some(json!("prod"))
                ),
            ]
        );
    }

    #[test]
    fn another_destination_is_a_change_of_the_destination_alone() {
        let mut remote = remote_sync("web");
        remote.destination = "vercel".to_owned();
        assert_eq!(
            changes(&drift(web(), vec![remote], false)),
            [(
                "destination".to_owned(),
                Some(json!("humanitec")),
                Some(json!("vercel"))
            )]
        );
    }

    #[test]
    fn an_old_name_is_a_change_of_the_name() {
        let mut sync = web();
        sync.renamed_from = Some(Word {
            text: "old".to_owned(),
            span: sync.key,
        });
        assert_eq!(
            changes(&drift(sync, vec![remote_sync("old")], false)),
            [("name".to_owned(), Some(json!("web")), Some(json!("old")))]
        );
    }

    #[test]
    fn what_cannot_be_fixed_is_still_drift_and_says_why() {
        let mut remote = remote_sync("web");
        remote.destination = "vercel".to_owned();
        let mut sync = web();
        sync.protect = true;
        let found = drift(sync, vec![remote], false);
        assert_eq!(changes(&found).len(), 1);
        assert_eq!(found[0].blocked, Some(Blocked::Protected));
    }

    #[test]
    fn what_should_be_absent_is_unwanted() {
        let mut sync = web();
        sync.ensure = Ensure::Absent;
        assert_eq!(
            kinds(&drift(sync, vec![remote_sync("web")], false)),
            ["unwanted"]
        );
    }

    #[test]
    fn counts_undeclared_syncs_as_drift_only_with_prune() {
        let remote = || vec![remote_sync("web"), remote_sync("by-hand")];
        assert_eq!(kinds(&drift(web(), remote(), false)), Vec::<&str>::new());
        assert_eq!(kinds(&drift(web(), remote(), true)), ["undeclared"]);
    }

    #[test]
    fn does_not_count_a_pending_job_as_drift() {
        let mut sync = web();
        sync.trigger = Trigger::Always;
        assert_eq!(drift(sync, vec![remote_sync("web")], false), []);
    }
}
