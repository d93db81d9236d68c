//! Tests of planning.

mod access;
mod renames;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Action, Blocked, Counts, DeleteReason, Effect, Inputs, Keeper, Plan, Policy, ProjectKey, Step,
    UnknownField, Update, Verb, build,
};
use crate::core::desired::{DesiredSync, Ensure, OnDelete, Trigger, Word};
use crate::core::remote::{Job, JobStatus, RemoteSync};
use crate::core::resolve::ResolvedSync;
use crate::core::select::{NamePatterns, Patterns, Selection};
use crate::core::spec::Specs;
use crate::core::starts::{Start, StartKey, Starts};
use crate::core::testing::{
    ENKRYPTIFY, INFISICAL, desired_sync, fields, remote_sync, resolved, spec, sync_fields,
};

fn plan_with(desired: Vec<DesiredSync>, remote: Vec<RemoteSync>, policy: &Policy) -> Plan {
    plan_starts(desired, remote, policy, &Starts::Missing)
}

fn plan_starts(
    desired: Vec<DesiredSync>,
    remote: Vec<RemoteSync>,
    policy: &Policy,
    starts: &Starts,
) -> Plan {
    let syncs: Vec<_> = desired.into_iter().map(resolved).collect();
    plan_resolved(&syncs, remote, policy, starts)
}

fn plan_resolved(
    syncs: &[ResolvedSync],
    remote: Vec<RemoteSync>,
    policy: &Policy,
    starts: &Starts,
) -> Plan {
    let key = ProjectKey {
        platform: INFISICAL,
        provider: "infisical".to_owned(),
        server: "https://a".to_owned(),
        project_id: "p1".to_owned(),
    };
    let specs =
        ["humanitec", "vercel"].map(|slug| ((INFISICAL, slug.to_owned()), Arc::new(spec())));
    build(&Inputs {
        syncs,
        labels: &BTreeMap::from([(key.clone(), "payments".to_owned())]),
        remote: &BTreeMap::from([(key, remote)]),
        specs: &Specs::from_iter(specs),
        starts,
        rules: crate::provider::rules,
        policy,
    })
}

fn plan(desired: Vec<DesiredSync>, remote: Vec<RemoteSync>) -> Plan {
    plan_with(desired, remote, &Policy::default())
}

fn selection(target: &str) -> Selection {
    Selection::new(&Patterns {
        targets: &[target.to_owned()],
        ..Patterns::default()
    })
    .unwrap()
}

fn desired(name: &str) -> DesiredSync {
    desired_sync(name, sync_fields())
}

fn with(name: &str, change: impl FnOnce(&mut Value)) -> DesiredSync {
    let mut fields = sync_fields();
    change(&mut fields);
    desired_sync(name, fields)
}

fn absent(name: &str) -> DesiredSync {
    DesiredSync {
        ensure: Ensure::Absent,
        ..desired(name)
    }
}

fn renamed(old: &str, new: &str) -> DesiredSync {
    let sync = desired(new);
    let old = Word {
        text: old.to_owned(),
        span: sync.key,
    };
    DesiredSync {
        renamed_from: Some(old),
        ..sync
    }
}

fn to(destination: &str, mut sync: DesiredSync) -> DesiredSync {
    sync.destination.text = destination.to_owned();
    sync
}

fn job(status: JobStatus) -> Job {
    Job {
        status: Some(status),
        ..Job::default()
    }
}

fn summary(plan: &Plan) -> Vec<(Verb, &str)> {
    plan.actions
        .iter()
        .map(|action| (action.verb(), action.subject.name.as_str()))
        .collect()
}

fn only(plan: &Plan) -> &Action {
    assert_eq!(plan.actions.len(), 1, "{:#?}", plan.actions);
    &plan.actions[0]
}

fn blocked(plan: &Plan) -> (Verb, Blocked) {
    match &only(plan).step {
        Step::Blocked { wanted, reason } => (*wanted, reason.clone()),
        other => panic!("{other:?} is not blocked"),
    }
}

fn patterns(patterns: &[&str]) -> NamePatterns {
    NamePatterns::new(patterns.iter().copied()).unwrap()
}

#[test]
fn what_is_missing_is_created_with_what_is_declared_and_no_filled_in_default() {
    let plan = plan(vec![desired("web")], vec![]);
    let Step::Create(create) = &only(&plan).step else {
        panic!()
    };
    let mut body = fields(sync_fields());
    body.insert("name".to_owned(), json!("web"));
    body.insert("projectId".to_owned(), json!("p1"));
    body.insert("connectionId".to_owned(), json!("c1"));
    assert_eq!(create.body, body);
    assert_eq!(create.expected["isAutoSyncEnabled"], json!(true));
    assert_eq!(
        plan.counts(),
        Counts {
            add: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn a_create_shows_its_fields_in_the_schemas_order_with_the_connection_by_name() {
    let plan = plan(vec![desired("web")], vec![]);
    let paths: Vec<_> = only(&plan)
        .changes
        .iter()
        .map(super::super::diff::FieldChange::dotted)
        .collect();
    assert_eq!(
        paths,
        [
            "connection",
            "environment",
            "secretPath",
            "syncOptions",
            "destinationConfig"
        ]
    );
    assert_eq!(only(&plan).changes[0].after, Some(json!("main")));
}

#[test]
fn a_create_shows_the_id_of_a_connection_whose_name_is_not_known() {
    let mut sync = resolved(desired("web"));
    sync.connection.as_mut().unwrap().name.clear();
    let plan = plan_resolved(&[sync], vec![], &Policy::default(), &Starts::Missing);
    let change = &only(&plan).changes[0];
    assert_eq!(
        (change.dotted().as_str(), &change.after),
        ("connectionId", &Some(json!("c1")))
    );
}

#[test]
fn the_order_of_keys_in_a_file_does_not_show() {
    let shown = |options: &str| {
        let sync = with("web", |f| {
            f["syncOptions"] = serde_json::from_str(options).unwrap();
        });
        let plan = plan(vec![sync], vec![]);
        only(&plan).changes[3].after.as_ref().unwrap().to_string()
    };
    let one = shown(
        r#"{"zeta": {"b": 1, "a": 2}, "keySchema": "k", "initialSyncBehavior": "x", "alpha": 1}"#,
    );
    let other = shown(
        r#"{"alpha": 1, "initialSyncBehavior": "x", "keySchema": "k", "zeta": {"a": 2, "b": 1}}"#,
    );
    assert_eq!(one, other);
    let expected = r#"{"initialSyncBehavior":"x","keySchema":"k","alpha":1,"zeta":{"a":2,"b":1}}"#;
    assert_eq!(one, expected);
}

#[test]
fn what_is_as_declared_needs_nothing() {
    let plan = plan(vec![desired("web")], vec![remote_sync("web")]);
    assert_eq!(
        (summary(&plan), plan.unchanged, plan.has_pending_changes()),
        (vec![], 1, false)
    );
}

#[test]
fn a_change_is_an_update_that_sends_only_the_changed_fields() {
    let plan = plan(
        vec![with("web", |f| f["secretPath"] = json!("/other/"))],
        vec![remote_sync("web")],
    );
    let Step::Update(update) = &only(&plan).step else {
        panic!()
    };
    assert_eq!(update.old.id, "id-web");
    assert_eq!(only(&plan).renamed_from(), None);
    assert_eq!(update.body, fields(json!({"secretPath": "/other/"})));
    let change = &only(&plan).changes[0];
    assert_eq!(
        (&change.before, &change.after),
        (&Some(json!("/apps/web")), &Some(json!("/other")))
    );
    assert_eq!(
        plan.counts(),
        Counts {
            change: 1,
            ..Counts::default()
        }
    );
    assert!(plan.has_pending_changes());
}

#[test]
fn another_connection_is_shown_by_its_name_and_sent_by_its_id() {
    let mut remote = remote_sync("web");
    remote.connection.id = "c2".to_owned();
    remote.connection.name = "second".to_owned();
    let plan = plan(vec![desired("web")], vec![remote]);
    let Step::Update(Update { body, .. }) = &only(&plan).step else {
        panic!()
    };
    assert_eq!(*body, fields(json!({"connectionId": "c1"})));
    let change = &only(&plan).changes[0];
    assert_eq!(
        (change.dotted().as_str(), &change.after),
        ("connection", &Some(json!("main")))
    );
    assert_eq!(change.before, Some(json!("second")));
}

#[test]
fn connections_of_one_name_are_shown_by_their_ids() {
    let mut remote = remote_sync("web");
    remote.connection.id = "c2".to_owned();
    let plan = plan(vec![desired("web")], vec![remote]);
    assert_eq!(only(&plan).changes[0].dotted(), "connectionId");
}

#[test]
fn a_sync_whose_source_folder_is_gone_gets_both_environment_and_path() {
    let mut remote = remote_sync("web");
    (remote.environment, remote.secret_path) = (None, None);
    let plan = plan(vec![desired("web")], vec![remote]);
    let Step::Update(Update { body, .. }) = &only(&plan).step else {
        panic!()
    };
    assert_eq!(
        *body,
        fields(json!({"environment": "dev", "secretPath": "/apps/web"}))
    );
}

#[test]
fn an_update_that_would_erase_what_the_schema_does_not_know_is_blocked() {
    let mut remote = remote_sync("web");
    remote.fields["syncOptions"]["brandNew"] = json!(true);
    let planned = |sync| plan(vec![sync], vec![remote.clone()]);
    let unchanged = planned(desired("web"));
    assert_eq!((summary(&unchanged), unchanged.unchanged), (vec![], 1));
    assert_eq!(
        unchanged.unknown,
        [UnknownField {
            provider: "infisical".to_owned(),
            project: "p1".to_owned(),
            field: "syncOptions.brandNew".to_owned(),
            syncs: 1,
        }]
    );
    let elsewhere = planned(with("web", |f| f["environment"] = json!("prod")));
    assert_eq!(summary(&elsewhere), [(Verb::Update, "web")]);
    let same_object = planned(with("web", |f| f["syncOptions"]["keySchema"] = json!("k")));
    let unknown = Blocked::UnknownFields(vec!["syncOptions.brandNew".to_owned()]);
    assert_eq!(blocked(&same_object), (Verb::Update, unknown));
    assert!(same_object.has_pending_changes());
}

#[test]
fn a_field_at_the_top_that_the_schema_does_not_know_blocks_only_a_replacement() {
    let mut remote = remote_sync("web");
    remote.fields.insert("brandNew".to_owned(), json!(true));
    let changed = with("web", |f| f["environment"] = json!("prod"));
    let updated = plan(vec![changed], vec![remote.clone()]);
    assert_eq!(summary(&updated), [(Verb::Update, "web")]);
    assert_eq!(updated.unknown[0].field, "brandNew");
    let moved = plan(vec![to("vercel", desired("web"))], vec![remote]);
    let unknown = Blocked::UnknownFields(vec!["brandNew".to_owned()]);
    assert_eq!(blocked(&moved), (Verb::Replace, unknown));
}

#[test]
fn an_update_that_the_platform_cannot_make_is_blocked() {
    let mut remote = remote_sync("web");
    remote.fields.insert("plain".to_owned(), json!(1));
    let plan = plan(vec![desired("web")], vec![remote]);
    assert_eq!(
        blocked(&plan),
        (
            Verb::Update,
            Blocked::NotChangeable(vec!["plain".to_owned()])
        )
    );
}

#[test]
fn an_update_of_a_sync_that_is_being_removed_is_blocked() {
    let mut remote = remote_sync("web");
    remote.remove_job = job(JobStatus::Running);
    let changed = with("web", |f| f["environment"] = json!("prod"));
    assert_eq!(
        blocked(&plan(vec![changed], vec![remote.clone()])),
        (Verb::Update, Blocked::BeingRemoved)
    );
    remote.remove_job = job(JobStatus::Failed);
    assert_eq!(summary(&plan(vec![desired("web")], vec![remote])), []);
}

#[test]
fn another_destination_is_a_replacement_that_counts_as_added_and_destroyed() {
    let plan = plan(vec![to("vercel", desired("web"))], vec![remote_sync("web")]);
    let Step::Replace {
        old,
        remove_secrets,
        new,
    } = &only(&plan).step
    else {
        panic!()
    };
    assert_eq!((old.id.as_str(), *remove_secrets), ("id-web", false));
    assert_eq!(new.body["name"], json!("web"));
    assert_eq!(only(&plan).changes[0].dotted(), "destination");
    assert_eq!(
        only(&plan).effects,
        [Effect::SecretsStay, Effect::FirstSyncDeletes]
    );
    assert_eq!(
        plan.counts(),
        Counts {
            add: 1,
            destroy: 1,
            ..Counts::default()
        }
    );
    assert_eq!(plan.counts().destroy, 1);
}

#[test]
fn a_protected_sync_is_neither_deleted_nor_replaced() {
    for mut sync in [to("vercel", desired("web")), absent("web")] {
        let wanted = if sync.ensure == Ensure::Absent {
            Verb::Delete
        } else {
            Verb::Replace
        };
        let policy = Policy {
            protect: patterns(&["w*"]),
            ..Policy::default()
        };
        let by_workspace = plan_with(vec![sync.clone()], vec![remote_sync("web")], &policy);
        assert_eq!(blocked(&by_workspace), (wanted, Blocked::Protected));
        sync.protect = true;
        assert_eq!(
            blocked(&plan(vec![sync], vec![remote_sync("web")])),
            (wanted, Blocked::Protected)
        );
    }
}

#[test]
fn a_protected_sync_is_updated_all_the_same() {
    let mut sync = with("web", |f| f["environment"] = json!("prod"));
    sync.protect = true;
    assert_eq!(
        summary(&plan(vec![sync], vec![remote_sync("web")])),
        [(Verb::Update, "web")]
    );
}

#[test]
fn a_replacement_under_a_new_name_heeds_the_protection_of_the_old_one() {
    let policy = Policy {
        protect: patterns(&["old"]),
        ..Policy::default()
    };
    let sync = to("vercel", renamed("old", "new"));
    let plan = plan_with(vec![sync], vec![remote_sync("old")], &policy);
    assert_eq!(blocked(&plan), (Verb::Replace, Blocked::Protected));
}

#[test]
fn removing_secrets_needs_the_source_folder() {
    let mut remote = remote_sync("web");
    (remote.environment, remote.secret_path) = (None, None);
    for (sync, verb) in [
        (absent("web"), Verb::Delete),
        (to("vercel", desired("web")), Verb::Replace),
    ] {
        let sync = DesiredSync {
            on_delete: OnDelete::RemoveSecrets,
            ..sync
        };
        let plan = plan(vec![sync], vec![remote.clone()]);
        assert_eq!(blocked(&plan), (verb, Blocked::SourceFolderGone));
    }
    assert_eq!(
        summary(&plan(vec![absent("web")], vec![remote])),
        [(Verb::Delete, "web")]
    );
}

#[test]
fn a_replacement_waits_for_a_removal_that_is_at_work() {
    let mut remote = remote_sync("web");
    remote.remove_job = job(JobStatus::Pending);
    let plan = plan(vec![to("vercel", desired("web"))], vec![remote]);
    assert_eq!(blocked(&plan), (Verb::Replace, Blocked::BeingRemoved));
}

#[test]
fn ensure_absent_deletes_an_existing_sync_and_accepts_a_missing_one() {
    let plan_of = |on_delete| {
        plan(
            vec![DesiredSync {
                on_delete,
                ..absent("web")
            }],
            vec![remote_sync("web")],
        )
    };
    for (on_delete, removes, effect) in [
        (OnDelete::KeepSecrets, false, Effect::SecretsStay),
        (OnDelete::RemoveSecrets, true, Effect::SecretsRemoved),
    ] {
        let plan = plan_of(on_delete);
        let expected = Step::Delete {
            old: Box::new(remote_sync("web")),
            remove_secrets: removes,
            reason: DeleteReason::EnsureAbsent,
        };
        assert_eq!(only(&plan).step, expected);
        assert_eq!(only(&plan).effects, [effect]);
        assert_eq!(
            plan.counts(),
            Counts {
                destroy: 1,
                ..Counts::default()
            }
        );
    }
    let nothing = plan(vec![absent("web")], vec![]);
    assert_eq!((summary(&nothing), nothing.unchanged), (vec![], 1));
}

#[test]
fn a_deletion_that_is_under_way_is_not_asked_for_again() {
    let mut remote = remote_sync("web");
    remote.remove_job = job(JobStatus::Pending);
    let sync = DesiredSync {
        on_delete: OnDelete::RemoveSecrets,
        ..absent("web")
    };
    let under_way = plan(vec![sync.clone()], vec![remote.clone()]);
    assert_eq!((summary(&under_way), under_way.unchanged), (vec![], 1));
    remote.remove_job = job(JobStatus::Failed);
    assert_eq!(
        summary(&plan(vec![sync], vec![remote])),
        [(Verb::Delete, "web")]
    );
}

#[test]
fn ensure_absent_never_deletes_a_sync_to_another_destination() {
    let plan = plan(vec![to("vercel", absent("web"))], vec![remote_sync("web")]);
    assert_eq!(
        blocked(&plan),
        (
            Verb::Delete,
            Blocked::OtherDestination("humanitec".to_owned())
        )
    );
}

#[test]
fn a_rename_is_an_update_that_sends_the_name_too() {
    let plan = plan(vec![renamed("old", "new")], vec![remote_sync("old")]);
    let Step::Update(update) = &only(&plan).step else {
        panic!()
    };
    assert_eq!(update.old.id, "id-old");
    assert_eq!(only(&plan).renamed_from(), Some("old"));
    assert_eq!(update.body, fields(json!({"name": "new"})));
    assert_eq!(only(&plan).changes[0].dotted(), "name");
    assert_eq!(plan.unmanaged.len(), 0);
}

#[test]
fn a_chain_of_renames_runs_from_its_free_end() {
    let plan = plan(
        vec![renamed("a", "b"), renamed("b", "c")],
        vec![remote_sync("a"), remote_sync("b")],
    );
    assert_eq!(summary(&plan), [(Verb::Update, "b"), (Verb::Update, "c")]);
    assert_eq!(
        (&plan.actions[0].after, &plan.actions[1].after),
        (&vec![1], &vec![])
    );
}

#[test]
fn a_remote_sync_stays_with_the_entry_of_its_name() {
    let plan = plan(
        vec![desired("a"), renamed("a", "b")],
        vec![remote_sync("a")],
    );
    assert_eq!(summary(&plan), [(Verb::Create, "b")]);
    assert!(only(&plan).effects.contains(&Effect::StaleRename));
    assert_eq!(plan.unchanged, 1);
}

fn summary_with_blocks(plan: &Plan) -> Vec<(Verb, &str, Option<&Blocked>)> {
    plan.actions
        .iter()
        .map(|action| match &action.step {
            Step::Blocked { wanted, reason } => {
                (*wanted, action.subject.name.as_str(), Some(reason))
            }
            _ => (action.verb(), action.subject.name.as_str(), None),
        })
        .collect()
}

#[test]
fn what_takes_a_name_is_blocked_with_the_rename_that_should_free_it() {
    let mut unknown = remote_sync("b");
    unknown.fields["syncOptions"]["brandNew"] = json!(true);
    unknown.fields["syncOptions"]["keySchema"] = json!("other");
    let manual = DesiredSync {
        trigger: Trigger::Always,
        renamed_from: renamed("z", "a").renamed_from,
        ..with("a", |fields| fields["isAutoSyncEnabled"] = json!(false))
    };
    let syncs = vec![manual, renamed("a", "b"), renamed("b", "c"), desired("d")];
    let plan = plan(syncs, vec![remote_sync("z"), remote_sync("a"), unknown]);
    let unknown = Blocked::UnknownFields(vec!["syncOptions.brandNew".to_owned()]);
    let (by_b, by_c) = (
        Blocked::NameNotFreed("b".to_owned()),
        Blocked::NameNotFreed("c".to_owned()),
    );
    assert_eq!(
        summary_with_blocks(&plan),
        [
            (Verb::Update, "a", Some(&by_b)),
            (Verb::Update, "b", Some(&by_c)),
            (Verb::Update, "c", Some(&unknown)),
            (Verb::Create, "d", None),
        ]
    );
    assert!(plan.actions.iter().all(|action| action.after.is_empty()));
    assert!(plan.actions[0].effects.is_empty());
}

#[test]
fn blocks_what_takes_a_name_unless_the_rename_that_frees_it_is_selected() {
    let policy = Policy {
        selection: selection("b"),
        ..Policy::default()
    };
    let plan = plan_with(
        vec![renamed("a", "b"), renamed("b", "c")],
        vec![remote_sync("a"), remote_sync("b")],
        &policy,
    );
    // A rename goes by either name, so selecting the old name of the second selects it, too.
    assert_eq!(summary(&plan), [(Verb::Update, "b"), (Verb::Update, "c")]);
    let policy = Policy {
        selection: selection("a"),
        ..Policy::default()
    };
    let plan = plan_with(
        vec![renamed("a", "b"), renamed("b", "c")],
        vec![remote_sync("a"), remote_sync("b")],
        &policy,
    );
    assert_eq!(
        blocked(&plan),
        (Verb::Update, Blocked::NameNotFreed("c".to_owned()))
    );
}

#[test]
fn dropping_the_trigger_of_a_blocked_action_leaves_the_others_behind_what_they_follow() {
    let mut unknown = remote_sync("b");
    unknown.fields["syncOptions"]["brandNew"] = json!(true);
    unknown.fields["syncOptions"]["keySchema"] = json!("other");
    let manual = |name: &str| DesiredSync {
        trigger: Trigger::Always,
        ..with(name, |fields| fields["isAutoSyncEnabled"] = json!(false))
    };
    let taker = DesiredSync {
        renamed_from: renamed("a", "b").renamed_from,
        ..manual("b")
    };
    let plan = plan(
        vec![taker, renamed("b", "c"), manual("d")],
        vec![remote_sync("a"), unknown],
    );
    let summary: Vec<_> = plan
        .actions
        .iter()
        .map(|action| {
            (
                action.verb(),
                action.subject.name.as_str(),
                action.after.clone(),
            )
        })
        .collect();
    assert_eq!(
        summary,
        [
            (Verb::Blocked, "b", vec![]),
            (Verb::Blocked, "c", vec![]),
            (Verb::Create, "d", vec![]),
            (Verb::Trigger, "d", vec![2]),
        ]
    );
}

#[test]
fn a_name_that_a_replacement_frees_is_taken_after_it() {
    let plan = plan(
        vec![renamed("z", "a"), to("vercel", renamed("a", "b"))],
        vec![remote_sync("z"), remote_sync("a")],
    );
    assert_eq!(summary(&plan), [(Verb::Update, "a"), (Verb::Replace, "b")]);
    assert_eq!(plan.actions[0].after, [1]);
}

#[test]
fn an_old_name_that_still_exists_beside_the_new_one_is_unmanaged() {
    let plan = plan(
        vec![renamed("old", "new")],
        vec![remote_sync("old"), remote_sync("new")],
    );
    assert_eq!(summary(&plan), []);
    assert_eq!(plan.unmanaged[0].name, "old");
}

#[test]
fn what_is_not_declared_is_unmanaged_and_stays() {
    let remote = vec![
        remote_sync("web"),
        remote_sync("z"),
        remote_sync("legacy-1"),
        remote_sync("a"),
    ];
    let policy = Policy {
        ignore: patterns(&["legacy-*"]),
        ..Policy::default()
    };
    let plan = plan_with(vec![desired("web")], remote, &policy);
    let names: Vec<_> = plan
        .unmanaged
        .iter()
        .map(|subject| subject.name.as_str())
        .collect();
    assert_eq!((summary(&plan), names), (vec![], vec!["a", "z"]));
}

#[test]
fn prune_deletes_what_is_not_declared_but_never_what_is_ignored_or_protected() {
    let remote = ["web", "gone", "legacy-1", "prod-1"]
        .map(remote_sync)
        .to_vec();
    let policy = Policy {
        prune: true,
        ignore: patterns(&["legacy-*"]),
        protect: patterns(&["prod-*"]),
        ..Policy::default()
    };
    let plan = plan_with(vec![desired("web")], remote, &policy);
    let expected = Step::Delete {
        old: Box::new(remote_sync("gone")),
        remove_secrets: false,
        reason: DeleteReason::Pruned,
    };
    assert_eq!(only(&plan).step, expected);
    assert_eq!(only(&plan).place, None);
    assert_eq!(only(&plan).effects, [Effect::SecretsStay]);
    assert_eq!(plan.unmanaged.len(), 1);
    assert_eq!(plan.unmanaged[0].name, "prod-1");
}

#[test]
fn what_prune_keeps_is_reported_with_its_reason_and_only_with_prune() {
    let remote = ["web", "prod-legacy", "legacy-1", "prod-1"].map(remote_sync);
    let with_prune = |prune| {
        let policy = Policy {
            prune,
            ignore: patterns(&["*legacy*"]),
            protect: patterns(&["prod-*"]),
            ..Policy::default()
        };
        let plan = plan_with(vec![desired("web")], remote.to_vec(), &policy);
        let kept = plan.kept.into_iter();
        kept.map(|kept| (kept.subject.name, kept.by))
            .collect::<Vec<_>>()
    };
    let expected = [
        ("legacy-1", Keeper::Ignore),
        ("prod-1", Keeper::Protect),
        ("prod-legacy", Keeper::Ignore),
    ];
    assert_eq!(
        with_prune(true),
        expected.map(|(name, by)| (name.to_owned(), by))
    );
    assert_eq!(with_prune(false), []);
}

/// Plans with two providers that are identities on one server, each of which sees what it is given.
fn plan_of_two_identities(
    syncs: &[ResolvedSync],
    [first, second]: [Vec<RemoteSync>; 2],
    policy: &Policy,
) -> Plan {
    let key = |provider: &str| ProjectKey {
        platform: INFISICAL,
        provider: provider.to_owned(),
        server: "https://a".to_owned(),
        project_id: "p1".to_owned(),
    };
    let specs =
        ["humanitec", "vercel"].map(|slug| ((INFISICAL, slug.to_owned()), Arc::new(spec())));
    build(&Inputs {
        syncs,
        labels: &BTreeMap::new(),
        remote: &BTreeMap::from([(key("infisical"), first), (key("other"), second)]),
        specs: &Specs::from_iter(specs),
        starts: &Starts::Missing,
        rules: crate::provider::rules,
        policy,
    })
}

fn of_the_other(mut sync: DesiredSync) -> ResolvedSync {
    sync.provider.text = "other".to_owned();
    resolved(sync)
}

#[test]
fn what_another_provider_of_the_same_server_declares_is_neither_unmanaged_nor_pruned() {
    let seen = || vec![remote_sync("a"), remote_sync("b"), remote_sync("legacy")];
    let syncs = [resolved(desired("a")), of_the_other(desired("b"))];
    let kept = plan_of_two_identities(&syncs, [seen(), seen()], &Policy::default());
    let unmanaged: Vec<_> = kept.unmanaged.iter().map(|s| s.name.as_str()).collect();
    assert_eq!((summary(&kept), unmanaged), (vec![], vec!["legacy"]));
    let prune = Policy {
        prune: true,
        ..Policy::default()
    };
    let pruned = plan_of_two_identities(&syncs, [seen(), seen()], &prune);
    assert_eq!(summary(&pruned), [(Verb::Delete, "legacy")]);
}

#[test]
fn a_name_that_a_rename_of_another_provider_frees_is_taken_after_it() {
    let syncs = [
        of_the_other(renamed("old", "new")),
        resolved(renamed("older", "old")),
    ];
    let seen = || vec![remote_sync("old"), remote_sync("older")];
    let plan = plan_of_two_identities(&syncs, [seen(), seen()], &Policy::default());
    assert_eq!(
        summary(&plan),
        [(Verb::Update, "old"), (Verb::Update, "new")]
    );
    assert_eq!(plan.actions[0].after, [1]);
}

#[test]
fn a_project_that_is_named_without_any_sync_is_read_listed_and_pruned() {
    let listed = plan(vec![], vec![remote_sync("last")]);
    assert_eq!(listed.unmanaged[0].address(), "infisical/payments/last");
    let policy = Policy {
        prune: true,
        ..Policy::default()
    };
    let pruned = plan_with(vec![], vec![remote_sync("last")], &policy);
    assert_eq!(summary(&pruned), [(Verb::Delete, "last")]);
}

#[test]
fn a_selection_filters_actions_and_hides_unmanaged_syncs() {
    let selection = selection("api");
    let policy = Policy {
        selection,
        ..Policy::default()
    };
    let plan = plan_with(
        vec![desired("api"), desired("web")],
        vec![remote_sync("other")],
        &policy,
    );
    assert_eq!(
        (summary(&plan), plan.unmanaged.len()),
        (vec![(Verb::Create, "api")], 0)
    );
}

#[test]
fn the_order_of_syncs_makes_no_difference() {
    let syncs = || vec![desired("b"), renamed("a", "c"), desired("a"), absent("d")];
    let remote = || vec![remote_sync("a"), remote_sync("d"), remote_sync("x")];
    let mut reversed = (syncs(), remote());
    reversed.0.reverse();
    reversed.1.reverse();
    assert_eq!(plan(syncs(), remote()), plan(reversed.0, reversed.1));
}

#[test]
fn a_project_that_differs_is_a_create_there() {
    let mut moved = desired("web");
    moved.project.as_mut().unwrap().text = "p2".to_owned();
    let plan = plan(
        vec![moved, desired("api")],
        vec![remote_sync("web"), remote_sync("api")],
    );
    assert_eq!(summary(&plan), [(Verb::Create, "web")]);
    assert_eq!(plan.actions[0].subject.project_id, "p2");
    assert_eq!(plan.unmanaged[0].name, "web");
}

#[test]
fn the_last_failure_of_an_unchanged_sync_is_noted() {
    let mut remote = remote_sync("web");
    remote.sync_job = job(JobStatus::Failed);
    let plan = plan(vec![desired("web")], vec![remote]);
    assert_eq!(plan.failing[0].subject.name, "web");
}

fn manual(trigger: Trigger) -> DesiredSync {
    DesiredSync {
        trigger,
        ..with("web", |f| f["isAutoSyncEnabled"] = json!(false))
    }
}

fn manual_remote(pushed: Option<&str>, updated: &str) -> RemoteSync {
    let mut remote = remote_sync("web");
    remote.fields["isAutoSyncEnabled"] = json!(false);
    remote.sync_job.at = pushed.map(str::to_owned);
    remote.updated_at = Some(updated.to_owned());
    remote
}

#[test]
fn a_triggered_create_or_update_without_auto_sync_is_followed_by_its_trigger() {
    for trigger in [Trigger::OnChange, Trigger::Always] {
        let created = plan(vec![manual(trigger)], vec![]);
        assert_eq!(
            summary(&created),
            [(Verb::Create, "web"), (Verb::Trigger, "web")]
        );
        assert_eq!(created.actions[1].after, [0]);
        assert_eq!(created.actions[1].step, Step::Trigger { old: None });
        let updated = plan(vec![manual(trigger)], vec![remote_sync("web")]);
        assert_eq!(
            summary(&updated),
            [(Verb::Update, "web"), (Verb::Trigger, "web")]
        );
        assert_eq!(
            updated.actions[1].step,
            Step::Trigger {
                old: Some(Box::new(remote_sync("web")))
            }
        );
        let replaced = plan(
            vec![to("vercel", manual(trigger))],
            vec![remote_sync("web")],
        );
        assert_eq!(
            summary(&replaced),
            [(Verb::Replace, "web"), (Verb::Trigger, "web")]
        );
    }
    assert_eq!(
        summary(&plan(vec![manual(Trigger::Never)], vec![])),
        [(Verb::Create, "web")]
    );
    let update = plan(vec![manual(Trigger::Never)], vec![remote_sync("web")]);
    assert_eq!(summary(&update), [(Verb::Update, "web")]);
    let replace = plan(
        vec![to("vercel", manual(Trigger::Never))],
        vec![remote_sync("web")],
    );
    assert_eq!(summary(&replace), [(Verb::Replace, "web")]);
}

#[test]
fn a_replacement_is_followed_by_a_trigger_only_if_one_is_wanted_and_nothing_else_pushes() {
    let verbs = |sync: DesiredSync| {
        let plan = plan(vec![to("vercel", sync)], vec![remote_sync("web")]);
        let last = plan.actions.last().unwrap();
        (plan.actions.len(), last.verb(), last.after.clone())
    };
    assert_eq!(
        verbs(manual(Trigger::OnChange)),
        (2, Verb::Trigger, vec![0])
    );
    assert_eq!(verbs(manual(Trigger::Never)), (1, Verb::Replace, vec![]));
    let automatic = DesiredSync {
        trigger: Trigger::Always,
        ..desired("web")
    };
    assert_eq!(verbs(automatic), (1, Verb::Replace, vec![]));
}

#[test]
fn with_auto_sync_the_change_itself_queues_the_job() {
    for trigger in [Trigger::OnChange, Trigger::Always] {
        let sync = DesiredSync {
            trigger,
            ..desired("web")
        };
        assert_eq!(
            summary(&plan(vec![sync.clone()], vec![])),
            [(Verb::Create, "web")]
        );
        let mut remote = remote_sync("web");
        remote.environment = Some("prod".to_owned());
        assert_eq!(
            summary(&plan(vec![sync.clone()], vec![remote])),
            [(Verb::Update, "web")]
        );
        let replaced = plan(vec![to("vercel", sync)], vec![remote_sync("web")]);
        assert_eq!(summary(&replaced), [(Verb::Replace, "web")]);
    }
    let on_change = DesiredSync {
        trigger: Trigger::OnChange,
        ..desired("web")
    };
    assert_eq!(
        summary(&plan(vec![on_change], vec![remote_sync("web")])),
        []
    );
}

#[test]
fn on_change_without_auto_sync_is_due_while_the_last_push_is_older_than_the_last_change() {
    let due = |remote| {
        !plan(vec![manual(Trigger::OnChange)], vec![remote])
            .actions
            .is_empty()
    };
    assert!(due(manual_remote(None, "2026-01-01T00:00:00.000Z")));
    assert!(due(manual_remote(
        Some("2026-01-01T00:00:00.000Z"),
        "2026-01-01T00:01:00.000Z"
    )));
    assert!(!due(manual_remote(
        Some("2026-01-01T00:01:00.000Z"),
        "2026-01-01T00:00:00.000Z"
    )));
}

#[test]
fn the_end_of_a_job_moves_the_last_change_too_and_makes_no_trigger_due() {
    let plan_at = |updated| {
        plan(
            vec![manual(Trigger::OnChange)],
            vec![manual_remote(Some("2026-01-01T00:00:00.388Z"), updated)],
        )
    };
    assert_eq!(summary(&plan_at("2026-01-01T00:00:00.398Z")), []);
    assert_eq!(summary(&plan_at("2026-01-01T00:00:02.388Z")), []);
    assert_eq!(
        summary(&plan_at("2026-01-01T00:00:02.389Z")),
        [(Verb::Trigger, "web")]
    );
}

#[test]
fn no_trigger_is_due_while_a_job_is_at_work_or_the_source_is_gone() {
    let mut remote = manual_remote(None, "2026-01-01T00:00:00.000Z");
    remote.sync_job.status = Some(JobStatus::Running);
    assert_eq!(
        summary(&plan(vec![manual(Trigger::OnChange)], vec![remote])),
        []
    );
    let mut gone = manual_remote(None, "2026-01-01T00:00:00.000Z");
    (gone.environment, gone.secret_path) = (None, None);
    let plan = plan(vec![manual(Trigger::OnChange)], vec![gone]);
    assert_eq!(
        summary(&plan),
        [(Verb::Update, "web"), (Verb::Trigger, "web")]
    );
}

#[test]
fn triggers_an_unchanged_sync_always_without_a_pending_change() {
    let plan = plan(
        vec![DesiredSync {
            trigger: Trigger::Always,
            ..desired("web")
        }],
        vec![remote_sync("web")],
    );
    assert_eq!(summary(&plan), [(Verb::Trigger, "web")]);
    assert_eq!(
        plan.counts(),
        Counts {
            trigger: 1,
            ..Counts::default()
        }
    );
    assert!(!plan.has_pending_changes());
    assert_eq!(only(&plan).after, [0; 0]);
}

fn started(name: &str) -> DesiredSync {
    let mut sync = to("vercel", desired_sync(name, json!({})));
    sync.platform = ENKRYPTIFY;
    sync.provider.text = "enkryptify".to_owned();
    sync
}

fn record(name: &str, start: Start) -> Starts {
    let key = StartKey {
        server: "https://a".to_owned(),
        destination: "vercel".to_owned(),
        project: "p1".to_owned(),
        name: name.to_owned(),
    };
    Starts::Recorded(BTreeMap::from([(key, start)]))
}

#[test]
fn a_start_happens_once_and_only_with_a_state() {
    let of =
        |starts: &Starts| plan_starts(vec![started("web")], vec![], &Policy::default(), starts);
    assert_eq!(
        blocked(&of(&Starts::Missing)),
        (Verb::Start, Blocked::NoState)
    );
    let fresh = of(&Starts::Recorded(BTreeMap::new()));
    assert_eq!(summary(&fresh), [(Verb::Start, "web")]);
    assert_eq!(
        fresh.counts(),
        Counts {
            start: 1,
            ..Counts::default()
        }
    );
    let done = of(&record(
        "web",
        Start::Done {
            id: "s1".to_owned(),
        },
    ));
    assert_eq!((summary(&done), done.unchanged), (vec![], 1));
    assert_eq!(
        blocked(&of(&record("web", Start::Unknown))),
        (Verb::Start, Blocked::StartUnknown)
    );
    assert_eq!(
        summary(&of(&record("other", Start::Unknown))),
        [(Verb::Start, "web")]
    );
}

#[test]
fn a_started_sync_cannot_be_deleted() {
    let of = |starts: &Starts| {
        let sync = DesiredSync {
            ensure: Ensure::Absent,
            ..started("web")
        };
        plan_starts(vec![sync], vec![], &Policy::default(), starts)
    };
    let recorded = record(
        "web",
        Start::Done {
            id: "s1".to_owned(),
        },
    );
    assert_eq!(
        blocked(&of(&recorded)),
        (Verb::Delete, Blocked::NotDeletable)
    );
    assert_eq!(
        blocked(&of(&Starts::Missing)),
        (Verb::Delete, Blocked::NoState)
    );
    let nothing = of(&Starts::Recorded(BTreeMap::new()));
    assert_eq!((summary(&nothing), nothing.unchanged), (vec![], 1));
    let counts = Counts {
        blocked: 1,
        ..Counts::default()
    };
    assert_eq!(of(&recorded).counts(), counts);
}

fn create_effects(change: impl FnOnce(&mut Value), trigger: Trigger) -> Vec<Effect> {
    let sync = DesiredSync {
        trigger,
        ..with("web", change)
    };
    plan(vec![sync], vec![]).actions[0].effects.clone()
}

#[test]
fn a_create_names_what_its_first_sync_does() {
    let behavior = |behavior: &'static str| {
        create_effects(
            |f| f["syncOptions"]["initialSyncBehavior"] = json!(behavior),
            Trigger::Never,
        )
    };
    assert_eq!(
        behavior("overwrite-destination"),
        [Effect::FirstSyncDeletes]
    );
    assert_eq!(
        behavior("import-prioritize-source"),
        [Effect::ImportsNewIntoSource, Effect::FirstSyncOverwrites]
    );
    assert_eq!(
        behavior("import-prioritize-destination"),
        [Effect::ImportOverwritesSource]
    );
    let keeps = |f: &mut Value| f["syncOptions"]["disableSecretDeletion"] = json!(true);
    assert_eq!(
        create_effects(keeps, Trigger::Never),
        [Effect::FirstSyncOverwrites]
    );
    let off = |f: &mut Value| f["isAutoSyncEnabled"] = json!(false);
    assert_eq!(create_effects(off, Trigger::Never), [Effect::NotPushed]);
    assert_eq!(
        create_effects(off, Trigger::OnChange),
        [Effect::FirstSyncDeletes]
    );
}

fn update_effects(
    change: impl FnOnce(&mut Value),
    remote: impl FnOnce(&mut RemoteSync),
) -> Vec<Effect> {
    let mut found = remote_sync("web");
    found.sync_job.at = Some("2026-01-01T00:00:00.000Z".to_owned());
    remote(&mut found);
    only(&plan(vec![with("web", change)], vec![found]))
        .effects
        .clone()
}

#[test]
fn an_update_names_what_it_does_to_secrets() {
    let keep = |_: &mut Value| {};
    let moved = update_effects(|f| f["destinationConfig"]["app"] = json!("other"), |_| {});
    assert_eq!(
        moved,
        [Effect::OldPlaceKeepsSecrets, Effect::NextSyncDeletes]
    );
    let reconnected = update_effects(keep, |r| r.connection.id = "c2".to_owned());
    assert_eq!(
        reconnected,
        [Effect::OldPlaceKeepsSecrets, Effect::NextSyncDeletes]
    );
    let key_schema = |f: &mut Value| f["syncOptions"]["keySchema"] = json!("X_{{secretKey}}");
    assert_eq!(
        update_effects(key_schema, |_| {}),
        [Effect::OldKeysStay, Effect::NextSyncOverwrites]
    );
    let had_one =
        |r: &mut RemoteSync| r.fields["syncOptions"]["keySchema"] = json!("X_{{secretKey}}");
    assert_eq!(
        update_effects(keep, had_one),
        [Effect::OldKeysDeleted, Effect::NextSyncOverwrites]
    );
    for source in [("environment", "prod"), ("secretPath", "/other")] {
        let effects = update_effects(|f| f[source.0] = json!(source.1), |_| {});
        assert_eq!(effects, [Effect::NextSyncDeletes]);
    }
    let kept = |r: &mut RemoteSync| r.fields["syncOptions"]["disableSecretDeletion"] = json!(true);
    assert_eq!(update_effects(keep, kept), [Effect::NextSyncDeletes]);
    let was_off = |r: &mut RemoteSync| r.fields["isAutoSyncEnabled"] = json!(false);
    assert_eq!(update_effects(keep, was_off), [Effect::NextSyncDeletes]);
    assert_eq!(
        update_effects(|f| f["isAutoSyncEnabled"] = json!(false), |_| {}),
        []
    );
    assert_eq!(
        update_effects(|f| f["description"] = json!("d"), |_| {}),
        []
    );
}

#[test]
fn with_secret_deletion_disabled_an_update_deletes_nothing() {
    let keeps = |f: &mut Value| {
        f["syncOptions"] =
            json!({"initialSyncBehavior": "overwrite-destination", "disableSecretDeletion": true});
        f["environment"] = json!("prod");
    };
    let had_both = |r: &mut RemoteSync| {
        r.fields["syncOptions"]["disableSecretDeletion"] = json!(true);
        r.fields["syncOptions"]["keySchema"] = json!("X_{{secretKey}}");
    };
    assert_eq!(
        update_effects(keeps, had_both),
        [Effect::OldKeysStay, Effect::NextSyncOverwrites]
    );
}

#[test]
fn an_update_that_keeps_secrets_and_reaches_others_is_reported_to_overwrite_them() {
    let keeping = |change: fn(&mut Value)| {
        let keeps = |sync: &mut Value| sync["syncOptions"]["disableSecretDeletion"] = json!(true);
        let both = |f: &mut Value| {
            keeps(f);
            change(f);
        };
        update_effects(both, |r| {
            r.fields["syncOptions"]["disableSecretDeletion"] = json!(true);
            r.fields["isAutoSyncEnabled"] = json!(false);
        })
    };
    let moved = keeping(|f| f["destinationConfig"]["app"] = json!("other"));
    assert_eq!(
        moved,
        [Effect::OldPlaceKeepsSecrets, Effect::NextSyncOverwrites]
    );
    assert_eq!(keeping(|_| {}), [Effect::NextSyncOverwrites]);
    assert_eq!(
        keeping(|f| f["isAutoSyncEnabled"] = json!(null)),
        [Effect::NextSyncOverwrites]
    );
}

/// A sync with auto-sync off that imports at first, and was never pushed.
fn idle_import(change: impl FnOnce(&mut Value)) -> (DesiredSync, RemoteSync) {
    let mut found = remote_sync("web");
    found.fields["isAutoSyncEnabled"] = json!(false);
    found.fields["syncOptions"]["initialSyncBehavior"] = json!("import-prioritize-destination");
    let sync = with("web", |f| {
        f["isAutoSyncEnabled"] = json!(false);
        f["syncOptions"]["initialSyncBehavior"] = json!("import-prioritize-destination");
        change(f);
    });
    (sync, found)
}

#[test]
fn the_action_that_sets_off_the_first_push_names_what_that_one_imports() {
    let (turned_on, found) = idle_import(|f| f["isAutoSyncEnabled"] = json!(true));
    let update = plan(vec![turned_on], vec![found]);
    assert_eq!(only(&update).effects, [Effect::ImportOverwritesSource]);

    let (mut triggered, found) = idle_import(|_| {});
    triggered.trigger = Trigger::OnChange;
    let trigger = plan(vec![triggered.clone()], vec![found.clone()]);
    assert_eq!(summary(&trigger), [(Verb::Trigger, "web")]);
    assert_eq!(only(&trigger).effects, [Effect::ImportOverwritesSource]);

    let mut pushed = found;
    pushed.sync_job.at = Some("2025-01-01T00:00:00.000Z".to_owned());
    let again = plan(vec![triggered], vec![pushed]);
    assert_eq!(summary(&again), [(Verb::Trigger, "web")]);
    assert_eq!(only(&again).effects, []);
}

#[test]
fn an_update_and_its_trigger_name_the_first_push_once() {
    let (mut described, found) = idle_import(|f| f["description"] = json!("d"));
    described.trigger = Trigger::OnChange;
    let by_trigger = plan(vec![described], vec![found]);
    let effects = |plan: &Plan| -> Vec<Vec<Effect>> {
        plan.actions.iter().map(|a| a.effects.clone()).collect()
    };
    assert_eq!(
        effects(&by_trigger),
        [vec![], vec![Effect::ImportOverwritesSource]]
    );
    let (mut moved, found) = idle_import(|f| f["secretPath"] = json!("/other"));
    moved.trigger = Trigger::OnChange;
    let by_update = plan(vec![moved], vec![found]);
    assert_eq!(
        effects(&by_update),
        [vec![Effect::ImportOverwritesSource], vec![]]
    );
}

#[test]
fn an_update_before_the_first_push_names_that_push_if_it_changes_how_that_one_begins() {
    let never_pushed = |before: &str, after: &str| {
        let mut found = remote_sync("web");
        found.fields["syncOptions"]["initialSyncBehavior"] = json!(before);
        let wanted = with("web", |f| {
            f["syncOptions"]["initialSyncBehavior"] = json!(after);
        });
        only(&plan(vec![wanted], vec![found])).effects.clone()
    };
    assert_eq!(
        never_pushed("import-prioritize-source", "overwrite-destination"),
        [Effect::FirstSyncDeletes]
    );
    assert_eq!(
        never_pushed("overwrite-destination", "import-prioritize-destination"),
        [Effect::ImportOverwritesSource]
    );
}

#[test]
fn words_for_machines_are_unique_and_destruction_is_marked() {
    let effects = [
        Effect::FirstSyncDeletes,
        Effect::FirstSyncOverwrites,
        Effect::NextSyncDeletes,
        Effect::NextSyncOverwrites,
        Effect::OldKeysDeleted,
        Effect::OldKeysStay,
        Effect::OldPlaceKeepsSecrets,
        Effect::ImportsNewIntoSource,
        Effect::ImportOverwritesSource,
        Effect::NotPushed,
        Effect::SecretsRemoved,
        Effect::SecretsStay,
    ];
    let words: std::collections::BTreeSet<_> = effects.iter().map(|effect| effect.word()).collect();
    assert_eq!(words.len(), effects.len());
    assert!(
        effects
            .iter()
            .all(|effect| effect.sentence().ends_with('.'))
    );
    let destructive: Vec<_> = effects
        .iter()
        .filter(|effect| effect.is_destructive())
        .collect();
    assert_eq!(
        destructive,
        [
            &Effect::FirstSyncDeletes,
            &Effect::NextSyncDeletes,
            &Effect::OldKeysDeleted,
            &Effect::ImportOverwritesSource,
            &Effect::SecretsRemoved,
        ]
    );
}

#[test]
fn deletions_count_what_is_deleted_and_what_is_replaced() {
    assert_eq!(plan(vec![desired("a")], vec![]).counts().destroy, 0);
    let two = plan(
        vec![absent("a"), to("vercel", desired("b")), desired("c")],
        vec![remote_sync("a"), remote_sync("b")],
    );
    assert_eq!(two.counts().destroy, 2);
}

#[test]
fn every_verb_has_a_word_of_its_own() {
    let all = [
        (Verb::Create, "create"),
        (Verb::Update, "update"),
        (Verb::Replace, "replace"),
        (Verb::Delete, "delete"),
        (Verb::Start, "start"),
        (Verb::Trigger, "trigger"),
        (Verb::Blocked, "blocked"),
    ];
    for (verb, word) in all {
        assert_eq!(verb.word(), word);
    }
}

#[test]
fn a_block_names_the_fields_that_it_is_about() {
    let fields = vec!["syncOptions.a".to_owned(), "b".to_owned()];
    for blocked in [
        Blocked::UnknownFields(fields.clone()),
        Blocked::NotChangeable(fields),
    ] {
        let reason = blocked.reason();
        assert!(reason.contains("`syncOptions.a` and `b`"), "{reason}");
    }
}

#[test]
fn every_block_has_a_word_a_reason_and_an_advice() {
    let list = vec!["a".to_owned(), "b".to_owned()];
    let all = [
        Blocked::Protected,
        Blocked::OtherDestination("vercel".to_owned()),
        Blocked::SourceFolderGone,
        Blocked::UnknownFields(list.clone()),
        Blocked::NotChangeable(list),
        Blocked::BeingRemoved,
        Blocked::NoState,
        Blocked::StartUnknown,
        Blocked::NameNotFreed("x".to_owned()),
        Blocked::NotDeletable,
    ];
    let words: std::collections::BTreeSet<_> = all.iter().map(Blocked::word).collect();
    assert_eq!(words.len(), all.len());
    for blocked in all {
        assert!(
            blocked.reason().ends_with('.') && blocked.advice().ends_with('.'),
            "{blocked:?}"
        );
    }
}

#[test]
fn an_address_names_provider_project_and_sync() {
    let plan = plan(vec![desired("web")], vec![]);
    assert_eq!(only(&plan).subject.address(), "infisical/p1/web");
}

#[test]
fn a_replacement_that_keeps_the_secrets_needs_no_source_folder_of_the_old_sync() {
    let mut remote = remote_sync("web");
    (remote.environment, remote.secret_path) = (None, None);
    let plan = plan(vec![to("vercel", desired("web"))], vec![remote]);
    assert_eq!(summary(&plan), [(Verb::Replace, "web")]);
}
