//! Fields that go one way only, and fields that a sync leaves to others.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{blocked, desired, only, patterns, to, with};
use crate::core::desired::{DesiredSync, Word};
use crate::core::plan::{
    Blocked, Effect, Inputs, Plan, Policy, ProjectKey, Step, Update, Verb, build,
};
use crate::core::remote::RemoteSync;
use crate::core::spec::{Access, DestinationSpec, FieldSpec, Specs};
use crate::core::starts::Starts;
use crate::core::testing::{INFISICAL, remote_sync, resolved, spec};

/// The usual destination, whose `syncOptions` have three more fields: `token` is needed and never
/// read back, `filled` the server decides, and `kept` only the server can set.
fn one_way() -> DestinationSpec {
    let mut spec = spec();
    let added = [
        ("token", Access::WriteOnly),
        ("filled", Access::ServerFilled),
        ("kept", Access::ReadOnly),
    ];
    for object in [&mut spec.create, &mut spec.update] {
        let is_options = |field: &&mut FieldSpec| field.name == "syncOptions";
        let options = object.fields.iter_mut().find(is_options).unwrap();
        let fields = &mut options.object.as_mut().unwrap().fields;
        fields.extend(added.map(|(name, access)| FieldSpec {
            name: name.to_owned(),
            required: access == Access::WriteOnly,
            access,
            ..FieldSpec::default()
        }));
    }
    spec
}

fn plan_with(sync: DesiredSync, remote: Option<RemoteSync>, policy: &Policy) -> Plan {
    let key = ProjectKey {
        platform: INFISICAL,
        provider: "infisical".to_owned(),
        server: "https://a".to_owned(),
        project_id: "p1".to_owned(),
    };
    let specs =
        ["humanitec", "vercel"].map(|slug| ((INFISICAL, slug.to_owned()), Arc::new(one_way())));
    build(&Inputs {
        syncs: &[resolved(sync)],
        labels: &BTreeMap::new(),
        remote: &BTreeMap::from([(key, remote.into_iter().collect())]),
        specs: &Specs::from_iter(specs),
        starts: &Starts::Missing,
        rules: crate::provider::rules,
        policy,
    })
}

fn plan(sync: DesiredSync, remote: impl Into<Option<RemoteSync>>) -> Plan {
    plan_with(sync, remote.into(), &Policy::default())
}

fn with_token() -> DesiredSync {
    with("web", |fields| fields["syncOptions"]["token"] = json!("T"))
}

fn remote(options: Value) -> RemoteSync {
    let mut sync = remote_sync("web");
    let own = sync.fields["syncOptions"].as_object_mut().unwrap();
    own.extend(crate::core::testing::fields(options));
    sync
}

fn ignoring(mut sync: DesiredSync, patterns: &[&str]) -> DesiredSync {
    sync.ignore_remote = patterns
        .iter()
        .map(|pattern| Word {
            text: (*pattern).to_owned(),
            span: sync.key,
        })
        .collect();
    sync
}

fn update(plan: &Plan) -> &Update {
    match &only(plan).step {
        Step::Update(update) => update,
        other => panic!("{other:?} is not an update"),
    }
}

#[test]
fn what_goes_one_way_only_is_no_difference() {
    let plan = plan(with_token(), remote(json!({"filled": 1, "kept": 2})));
    assert_eq!((plan.actions.len(), plan.unchanged), (0, 1));
    assert!(plan.unknown.is_empty());
    assert_eq!(plan.unread[0].field, "syncOptions.token");
}

#[test]
fn a_create_sends_what_is_never_read_back_and_is_blocked_without_it() {
    let created = plan(with_token(), None);
    let Step::Create(create) = &only(&created).step else {
        panic!()
    };
    assert_eq!(create.body["syncOptions"]["token"], json!("T"));
    let missing = Blocked::NotReadBack(vec!["syncOptions.token".to_owned()]);
    assert_eq!(
        blocked(&plan(desired("web"), None)),
        (Verb::Create, missing.clone())
    );
    let moved = plan(to("vercel", desired("web")), remote(json!({})));
    assert_eq!(blocked(&moved), (Verb::Replace, missing));
}

#[test]
fn an_update_of_its_object_sends_what_is_never_read_back_and_is_blocked_without_it() {
    let changed = |mut sync: DesiredSync| {
        let mut fields = sync.fields_as_json();
        fields["syncOptions"]["n"] = json!(1);
        sync.fields = crate::core::testing::mapping(Value::Object(fields));
        sync
    };
    let filled = remote(json!({"filled": 1}));
    let sent = plan(changed(with_token()), filled.clone());
    assert_eq!(update(&sent).body["syncOptions"]["token"], json!("T"));
    assert!(only(&sent).effects.contains(&Effect::SendsUnread));
    let missing = Blocked::NotReadBack(vec!["syncOptions.token".to_owned()]);
    assert_eq!(
        blocked(&plan(changed(desired("web")), filled)),
        (Verb::Update, missing)
    );
    // Elsewhere nothing of it is sent.
    let elsewhere = with("web", |fields| fields["description"] = json!("d"));
    assert_eq!(
        only(&plan(elsewhere, remote(json!({"kept": 1})))).verb(),
        Verb::Update
    );
    let kept = Blocked::ReadOnlyFields(vec!["syncOptions.kept".to_owned()]);
    assert_eq!(
        blocked(&plan(changed(with_token()), remote(json!({"kept": 1})))),
        (Verb::Update, kept)
    );
}

#[test]
fn what_is_ignored_is_not_compared_and_keeps_its_remote_value() {
    let there = remote(json!({"keySchema": "R", "brandNew": 7, "n": 1}));
    let sync = |n: i32| {
        with("web", |fields| {
            fields["syncOptions"]["token"] = json!("T");
            fields["syncOptions"]["keySchema"] = json!("D");
            fields["syncOptions"]["n"] = json!(n);
        })
    };
    let patterns = ["syncOptions.keySchema", "syncOptions.brandNew"];
    let unchanged = plan(ignoring(sync(1), &patterns), there.clone());
    assert_eq!((unchanged.actions.len(), unchanged.unchanged), (0, 1));
    assert!(unchanged.unknown.is_empty());
    let changed = plan(ignoring(sync(2), &patterns), there.clone());
    let options = &update(&changed).body["syncOptions"];
    assert_eq!(options["keySchema"], json!("R"));
    assert_eq!(
        (&options["brandNew"], &options["n"]),
        (&json!(7), &json!(2))
    );
    let shown: Vec<String> = only(&changed)
        .changes
        .iter()
        .map(crate::core::diff::FieldChange::dotted)
        .collect();
    assert_eq!(shown, ["syncOptions.n"]);
    // Without it the unknown field would be erased.
    assert_eq!(blocked(&plan(sync(2), there)).0, Verb::Update);
    let created = plan(ignoring(sync(1), &patterns), None);
    let Step::Create(create) = &only(&created).step else {
        panic!()
    };
    assert_eq!(create.body["syncOptions"]["keySchema"], json!("D"));
}

#[test]
fn a_sync_is_sent_whole_again_although_nothing_differs() {
    let policy = Policy {
        resend: patterns(&["we*"]),
        ..Policy::default()
    };
    let plan = plan_with(with_token(), Some(remote(json!({"filled": 1}))), &policy);
    let sent = update(&plan);
    assert!(sent.is_resent && only(&plan).changes.is_empty());
    assert_eq!(sent.body["syncOptions"]["token"], json!("T"));
    assert_eq!(sent.body["environment"], json!("dev"));
    assert_eq!(sent.body.get("name"), None);
    assert_eq!(
        only(&plan).effects,
        [Effect::SentWhole, Effect::SendsUnread]
    );
    let other = Policy {
        resend: patterns(&["other"]),
        ..Policy::default()
    };
    assert!(
        plan_with(with_token(), Some(remote(json!({}))), &other)
            .actions
            .is_empty()
    );
}

#[test]
fn what_no_schema_knows_goes_on_to_the_sync_in_its_place_if_it_is_left_to_others() {
    let mut there = remote(json!({}));
    there.fields.insert("newTop".to_owned(), json!("x"));
    let moved = to("vercel", with_token());
    let unknown = Blocked::UnknownFields(vec!["newTop".to_owned()]);
    assert_eq!(
        blocked(&plan(moved.clone(), there.clone())),
        (Verb::Replace, unknown)
    );
    let replaced = plan(ignoring(moved, &["newTop"]), there);
    let Step::Replace { new, .. } = &only(&replaced).step else {
        panic!()
    };
    assert_eq!(new.body["newTop"], json!("x"));
}
