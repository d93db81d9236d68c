//! Tests of checking a plan again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Current, Recheck, recheck};
use crate::core::desired::{DesiredSync, Ensure, OnDelete, Trigger, Word};
use crate::core::plan::{Inputs, Plan, Policy, ProjectKey, Verb, build};
use crate::core::remote::{JobStatus, RemoteSync};
use crate::core::spec::Specs;
use crate::core::starts::{Start, Starts};
use crate::core::testing::{
    ENKRYPTIFY, INFISICAL, desired_sync, remote_sync, resolved, spec, sync_fields,
};

fn specs() -> Specs {
    let all = ["humanitec", "vercel"];
    Specs::from_iter(all.map(|slug| ((INFISICAL, slug.to_owned()), Arc::new(spec()))))
}

fn project(syncs: Vec<RemoteSync>) -> BTreeMap<ProjectKey, Vec<RemoteSync>> {
    let key = ProjectKey {
        platform: INFISICAL,
        provider: "infisical".to_owned(),
        server: "https://a".to_owned(),
        project_id: "p1".to_owned(),
    };
    BTreeMap::from([(key, syncs)])
}

fn planned(desired: Vec<DesiredSync>, remote: Vec<RemoteSync>, starts: &Starts) -> Plan {
    let syncs: Vec<_> = desired.into_iter().map(resolved).collect();
    build(&Inputs {
        syncs: &syncs,
        labels: &BTreeMap::new(),
        remote: &project(remote),
        specs: &specs(),
        starts,
        rules: crate::provider::rules,
        policy: &Policy::default(),
    })
}

fn plan(desired: Vec<DesiredSync>, remote: Vec<RemoteSync>) -> Plan {
    planned(desired, remote, &Starts::Missing)
}

fn check(plan: &Plan, now: Vec<RemoteSync>) -> Recheck {
    recheck(
        plan,
        &Current {
            remote: &project(now),
            starts: &Starts::Missing,
            specs: &specs(),
        },
    )
}

fn desired(name: &str) -> DesiredSync {
    desired_sync(name, sync_fields())
}

fn with(name: &str, change: impl FnOnce(&mut Value)) -> DesiredSync {
    let mut fields = sync_fields();
    change(&mut fields);
    desired_sync(name, fields)
}

/// A sync that is to get another source folder.
fn moved(name: &str) -> DesiredSync {
    with(name, |fields| fields["secretPath"] = json!("/other"))
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

fn absent(name: &str, on_delete: OnDelete) -> DesiredSync {
    DesiredSync {
        ensure: Ensure::Absent,
        on_delete,
        ..desired(name)
    }
}

fn remote_with(name: &str, change: impl FnOnce(&mut RemoteSync)) -> RemoteSync {
    let mut sync = remote_sync(name);
    change(&mut sync);
    sync
}

/// What is left, and what is done.
#[track_caller]
fn left(result: Recheck) -> (Vec<(Verb, String)>, Vec<String>) {
    let Recheck::Remaining { plan, done } = result else {
        panic!("{result:#?}");
    };
    let left = plan.actions.into_iter();
    (
        left.map(|action| (action.verb(), action.subject.name))
            .collect(),
        done.into_iter().map(|subject| subject.name).collect(),
    )
}

#[track_caller]
fn why(result: Recheck) -> Vec<String> {
    let Recheck::Stale(stale) = result else {
        panic!("{result:#?}");
    };
    stale
        .into_iter()
        .map(|stale| format!("{}: {}", stale.subject.name, stale.why))
        .collect()
}

#[test]
fn what_is_as_it_was_is_to_do_and_what_is_as_it_shall_be_is_done() {
    let plan = plan(
        vec![
            moved("web"),
            desired("new"),
            absent("old", OnDelete::KeepSecrets),
        ],
        vec![remote_sync("web"), remote_sync("old")],
    );
    let names = |names: &[(Verb, &str)]| -> Vec<(Verb, String)> {
        names
            .iter()
            .map(|(verb, name)| (*verb, (*name).to_owned()))
            .collect()
    };
    let all = [
        (Verb::Create, "new"),
        (Verb::Delete, "old"),
        (Verb::Update, "web"),
    ];
    let untouched = check(&plan, vec![remote_sync("old"), remote_sync("web")]);
    assert_eq!(left(untouched), (names(&all), Vec::new()));
    let updated = || remote_with("web", |sync| sync.secret_path = Some("/other".to_owned()));
    let in_part = check(
        &plan,
        vec![updated(), remote_sync("old"), remote_sync("new")],
    );
    let expected = (
        names(&[(Verb::Delete, "old")]),
        vec!["new".to_owned(), "web".to_owned()],
    );
    assert_eq!(left(in_part), expected);
    assert_eq!(
        check(&plan, vec![updated(), remote_sync("new")]),
        Recheck::Applied
    );
}

#[test]
fn each_thing_that_can_be_declared_makes_a_plan_stale_and_is_named() {
    type Change = fn(&mut RemoteSync);
    let plan = plan(vec![moved("web")], vec![remote_sync("web")]);
    let changes: [(&str, Change); 8] = [
        ("`environment` is now \"prod\" instead of \"dev\"", |sync| {
            sync.environment = Some("prod".to_owned());
        }),
        (
            "`secretPath` is now not set instead of \"/apps/web\"",
            |sync| {
                sync.secret_path = None;
            },
        ),
        ("`connectionId` is now \"c2\" instead of \"c1\"", |sync| {
            sync.connection.id = "c2".to_owned();
        }),
        (
            "`destination` is now \"vercel\" instead of \"humanitec\"",
            |sync| {
                sync.destination = "vercel".to_owned();
            },
        ),
        ("`name` is now \"else\" instead of \"web\"", |sync| {
            sync.name = "else".to_owned();
        }),
        ("`description` is now \"x\" instead of not set", |sync| {
            sync.fields.insert("description".to_owned(), " x ".into());
        }),
        (
            "`syncOptions.unknown` is now 1 instead of not set",
            |sync| {
                sync.fields["syncOptions"]["unknown"] = 1.into();
            },
        ),
        // An explicit default is something that an update can erase.
        (
            "`destinationConfig.sensitive` is now false instead of not set",
            |sync| {
                sync.fields["destinationConfig"]["sensitive"] = false.into();
            },
        ),
    ];
    for (expected, change) in changes {
        let summary = why(check(&plan, vec![remote_with("web", change)]));
        assert_eq!(
            summary,
            [format!(
                "web: It has changed since the plan was made: {expected}."
            )]
        );
    }
    let replaced = remote_with("web", |sync| sync.id = "another".to_owned());
    assert_eq!(
        why(check(&plan, vec![replaced])),
        ["web: It no longer exists, and another sync has its name."]
    );
    assert_eq!(why(check(&plan, Vec::new())), ["web: It no longer exists."]);
}

#[test]
fn what_moves_by_itself_decides_nothing() {
    let plan = plan(
        vec![moved("web"), absent("old", OnDelete::KeepSecrets)],
        vec![remote_sync("web"), remote_sync("old")],
    );
    let moving = |name| {
        remote_with(name, |sync| {
            sync.updated_at = Some("2030-01-01T00:00:00.000Z".to_owned());
            sync.sync_job.status = Some(JobStatus::Failed);
            sync.sync_job.last_id = Some("j9".to_owned());
            sync.import_job.status = Some(JobStatus::Running);
            // No schema lists it, so it cannot be declared.
            sync.fields.insert("heartbeat".to_owned(), 7.into());
            sync.fields.insert("description".to_owned(), "  ".into());
        })
    };
    let (left, done) = left(check(&plan, vec![moving("web"), moving("old")]));
    assert_eq!((left.len(), done.len()), (2, 0));
}

#[test]
fn names_that_the_plan_itself_frees_are_not_taken() {
    let plan = plan(
        vec![renamed("a", "b"), renamed("b", "c"), renamed("z", "a")],
        vec![remote_sync("a"), remote_sync("b"), remote_sync("z")],
    );
    let z = || remote_sync("z");
    let (all, _) = left(check(&plan, vec![remote_sync("a"), remote_sync("b"), z()]));
    assert_eq!(all.len(), 3);
    // The free end of the chain is done.
    let c = remote_with("c", |sync| sync.id = "id-b".to_owned());
    let (rest, done) = left(check(&plan, vec![remote_sync("a"), c.clone(), z()]));
    assert_eq!((rest.len(), done), (2, vec!["c".to_owned()]));
    let stranger = remote_with("b", |sync| sync.id = "stranger".to_owned());
    assert_eq!(
        why(check(&plan, vec![remote_sync("a"), c, stranger, z()])),
        ["b: Another sync has taken its new name since."]
    );
}

#[test]
fn a_replacement_is_done_when_the_new_sync_exists_and_stale_halfway() {
    let mut to_vercel = desired("web");
    to_vercel.destination.text = "vercel".to_owned();
    let plan = plan(vec![to_vercel], vec![remote_sync("web")]);
    let new = remote_with("web", |sync| {
        sync.id = "another".to_owned();
        sync.destination = "vercel".to_owned();
    });
    assert_eq!(check(&plan, vec![new.clone()]), Recheck::Applied);
    assert_eq!(left(check(&plan, vec![remote_sync("web")])).0.len(), 1);
    assert_eq!(why(check(&plan, Vec::new())), ["web: It no longer exists."]);
    let other = remote_with("web", |sync| {
        *sync = new;
        sync.environment = Some("prod".to_owned());
    });
    assert_eq!(
        why(check(&plan, vec![other])),
        [
            "web: A sync with its name was created since, but not as planned: `environment` is now \
             \"prod\" instead of \"dev\"."
        ]
    );
}

#[test]
fn a_deletion_is_done_while_a_job_removes_the_secrets_for_it() {
    let removing = || {
        remote_with("web", |sync| {
            sync.remove_job.status = Some(JobStatus::Running);
        })
    };
    let with_secrets = plan(
        vec![absent("web", OnDelete::RemoveSecrets)],
        vec![remote_sync("web")],
    );
    assert_eq!(check(&with_secrets, vec![removing()]), Recheck::Applied);
    let without = plan(
        vec![absent("web", OnDelete::KeepSecrets)],
        vec![remote_sync("web")],
    );
    assert_eq!(left(check(&without, vec![removing()])).0.len(), 1);
}

#[test]
fn a_trigger_goes_with_its_change_and_is_due_until_a_job_has_pushed_it() {
    let manual = DesiredSync {
        trigger: Trigger::OnChange,
        ..with("web", |fields| fields["isAutoSyncEnabled"] = false.into())
    };
    let plan = plan(vec![manual], Vec::new());
    let created = |change: fn(&mut RemoteSync)| {
        remote_with("web", |sync| {
            sync.fields
                .insert("isAutoSyncEnabled".to_owned(), false.into());
            change(sync);
        })
    };
    let Recheck::Remaining { plan: rest, .. } = check(&plan, vec![created(|_| {})]) else {
        panic!()
    };
    // It has no creation before it any more, and needs the id of what was created.
    assert_eq!(rest.actions[0].after, Vec::<usize>::new());
    assert_eq!(rest.actions[0].found().unwrap().id, "id-web");
    let pushed = created(|sync| sync.sync_job.at.clone_from(&sync.updated_at));
    assert_eq!(check(&plan, vec![pushed]), Recheck::Applied);
    let going = created(|sync| sync.sync_job.status = Some(JobStatus::Pending));
    assert_eq!(check(&plan, vec![going]), Recheck::Applied);
}

#[test]
fn a_change_and_its_trigger_that_are_done_are_one_sync_that_is_done() {
    let manual = DesiredSync {
        trigger: Trigger::OnChange,
        ..with("web", |fields| fields["isAutoSyncEnabled"] = false.into())
    };
    let plan = plan(vec![desired("api"), manual], Vec::new());
    let pushed = remote_with("web", |sync| {
        sync.fields
            .insert("isAutoSyncEnabled".to_owned(), false.into());
        sync.sync_job.at.clone_from(&sync.updated_at);
    });
    let (left, done) = left(check(&plan, vec![pushed]));
    assert_eq!(left, [(Verb::Create, "api".to_owned())]);
    assert_eq!(done, ["web"]);
}

#[test]
fn gives_a_start_the_status_of_its_record() {
    let mut web = desired("web");
    web.platform = ENKRYPTIFY;
    let nothing = Starts::Recorded(BTreeMap::new());
    let plan = planned(vec![web], Vec::new(), &nothing);
    let key = plan.actions[0].subject.start_key();
    let with = |start: Start| Starts::Recorded(BTreeMap::from([(key.clone(), start)]));
    let check = |starts: &Starts| {
        recheck(
            &plan,
            &Current {
                remote: &BTreeMap::new(),
                starts,
                specs: &specs(),
            },
        )
    };
    assert_eq!(left(check(&nothing)).0.len(), 1);
    let id = "s1".to_owned();
    assert_eq!(check(&with(Start::Done { id })), Recheck::Applied);
    for unknown in [with(Start::Unknown), Starts::Missing] {
        assert_eq!(why(check(&unknown)).len(), 1);
    }
}

#[test]
fn never_reports_an_empty_plan_as_already_applied() {
    let protected = DesiredSync {
        protect: true,
        ..absent("web", OnDelete::KeepSecrets)
    };
    for desired in [vec![protected], Vec::new()] {
        let plan = plan(desired, vec![remote_sync("web")]);
        let blocked = plan.actions.len();
        // What is blocked is not done, so what became of it does not matter.
        assert_eq!(left(check(&plan, Vec::new())).0.len(), blocked);
    }
}

#[test]
fn a_first_push_since_then_changes_nothing_but_a_push_that_never_was_does() {
    let never = || remote_sync("web");
    let pushed = || {
        remote_with("web", |sync| {
            sync.sync_job.at = Some("2026-01-01T00:00:00.000Z".to_owned());
        })
    };
    let still_to_do = |then: RemoteSync, now: RemoteSync| {
        let plan = plan(vec![moved("web")], vec![then]);
        matches!(check(&plan, vec![now]), Recheck::Remaining { .. })
    };
    assert!(still_to_do(never(), never()));
    assert!(still_to_do(never(), pushed()));
    assert!(still_to_do(pushed(), pushed()));
    // What such a plan shows leaves out what the first push does.
    assert!(!still_to_do(pushed(), never()));
}
