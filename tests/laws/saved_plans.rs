//! The laws of saved plans: what `apply PLANFILE` does is what `apply` would have done when the
//! plan was made, or nothing at all.
//!
//! Every case is a random workspace against a sandbox in which other things exist already.
//! `PROPTEST_CASES` decides how many there are.

use std::collections::BTreeSet;

use super::support::case::{block_on, cases, past, site_with_past};
use super::support::generate::workspace;
use super::support::model::{Fields, fields};
use super::support::site::{Planned, Site, assert_all_done, assert_quiet, summary};
use super::support::world::{NEW_OPTION, PATHS};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use secsync::core::plan::recheck::Recheck;
use secsync::core::plan::{Action, Plan, Step, Verb};
use secsync::core::remote::RemoteSync;
use secsync::core::sources::Sources;
use secsync::planfile::{self, is_plan};
use secsync::render::plan::{self, PlanBody, PlanExtras};
use serde_json::{Value, json};

/// All that people and machines are shown of a plan.
fn shown(plan: &Plan, sources: &Sources) -> (String, Value) {
    let context = PlanExtras {
        lists_unmanaged: true,
        ..PlanExtras::default()
    };
    let document = serde_json::to_value(PlanBody::new(plan, sources)).unwrap();
    (plan::human(plan, sources, context), document)
}

/// A change that somebody else makes to a sync.
#[derive(Debug, Clone)]
enum Meddling {
    Describe,
    SwitchAutoSync,
    Move(&'static str),
    SetOption,
    Rename,
    Delete,
}

fn meddling() -> impl Strategy<Value = Meddling> {
    prop_oneof![
        Just(Meddling::Describe),
        Just(Meddling::SwitchAutoSync),
        select(PATHS.to_vec()).prop_map(Meddling::Move),
        Just(Meddling::SetOption),
        Just(Meddling::Rename),
        Just(Meddling::Delete),
    ]
}

impl Meddling {
    /// The request, if it changes the sync and does not make of it what the action would.
    fn body(&self, action: &Action, sync: &RemoteSync) -> Option<Fields> {
        let body = match self {
            Self::Describe => json!({"description": "What somebody else says"}),
            Self::SwitchAutoSync => {
                json!({"isAutoSyncEnabled": sync.fields["isAutoSyncEnabled"] != true})
            }
            Self::Move(path) if sync.secret_path.as_deref() != Some(*path) => {
                json!({"secretPath": path})
            }
            Self::SetOption => {
                let mut options = sync.fields["syncOptions"].clone();
                options[NEW_OPTION] = (options[NEW_OPTION] != true).into();
                json!({"syncOptions": options})
            }
            Self::Rename => json!({"name": "nobody-expects-this"}),
            Self::Move(_) | Self::Delete => return None,
        };
        let body = fields(body);
        let is_result = match &action.step {
            Step::Update(update) => body
                .iter()
                .all(|(key, value)| update.expected.get(key) == Some(value)),
            _ => false,
        };
        // Without its folder a sync takes no change but one of its source.
        (sync.secret_path.is_some() && !is_result).then_some(body)
    }
}

/// Changes a sync that the plan found. Returns whether it did.
async fn meddle(site: &Site, planned: &Planned, meddling: &Meddling, pick: &Index) -> bool {
    let with_found: Vec<&Action> = planned
        .plan
        .actions
        .iter()
        .filter(|action| action.found().is_some())
        .collect();
    if with_found.is_empty() {
        return false;
    }
    let action = with_found[pick.index(with_found.len())];
    let sync = action.found().unwrap();
    let infisical = site.infisical();
    if let Meddling::Delete = meddling {
        if action.verb() == Verb::Delete {
            return false;
        }
        let deleted = infisical.delete(&sync.destination, &sync.id, false).await;
        return deleted.is_ok();
    }
    let Some(body) = meddling.body(action, sync) else {
        return false;
    };
    let updated = infisical.update(&sync.destination, &sync.id, &body).await;
    updated.is_ok()
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_saved_plan_shows_and_does_what_the_plan_shows_and_does_and_then_is_applied(
        past in past(), workspace in workspace(), prune: bool
    ) {
        block_on(async {
            let mut direct = site_with_past(&past).await;
            direct.write(&workspace, 0);
            direct.prune = prune;
            direct.converge().await;
            direct.settle().await;

            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            site.prune = prune;
            let planned = site.plan().await;
            let text = planned.save();
            assert!(is_plan(text.as_bytes()));
            assert_eq!(planned.save(), text);
            site.remove_files();
            let rechecked = site.recheck(&text).await;
            assert_eq!(
                shown(&rechecked.saved.plan, &rechecked.saved.sources),
                shown(&planned.plan, &planned.workspace.sources)
            );
            let has_changes = planned.plan.actions.iter().any(|action| {
                !matches!(action.verb(), Verb::Trigger | Verb::Blocked)
            });
            let (rest, report) = site.apply_rest(rechecked).await;
            assert_eq!(summary(&rest.plan), summary(&planned.plan));
            assert_all_done(&rest, &report);
            site.settle().await;
            assert_eq!(site.contents().await, direct.contents().await);
            assert_eq!(site.started(), direct.started());
            let again = site.recheck(&text).await.result;
            assert_eq!(again == Recheck::Applied, has_changes, "{again:#?}");

            site.write(&workspace, 0);
            assert_quiet(&site.plan().await.plan);
        });
    }

    #[test]
    fn whatever_somebody_changes_in_a_sync_that_the_plan_is_about_makes_it_stale(
        past in past(), workspace in workspace(), meddling in meddling(), pick: Index
    ) {
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            site.prune = true;
            let planned = site.plan().await;
            let text = planned.save();
            if meddle(&site, &planned, &meddling, &pick).await {
                let result = site.recheck(&text).await.result;
                assert!(matches!(result, Recheck::Stale(_)), "{result:#?}");
            }
        });
    }

    #[test]
    fn jobs_that_run_and_end_do_not_make_a_plan_stale(
        past in past(), workspace in workspace(), prune: bool
    ) {
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            site.prune = prune;
            let planned = site.plan().await;
            let text = planned.save();
            let infisical = site.infisical();
            for sync in site.remote().await.into_values() {
                // One whose folder is gone is refused.
                let _ = infisical.trigger(&sync.destination, &sync.id).await;
            }
            for _ in 0..2 {
                let Recheck::Remaining { plan, done } = site.recheck(&text).await.result else {
                    panic!("stale, or applied");
                };
                assert_eq!(summary(&plan), summary(&planned.plan));
                assert_eq!(done, []);
                site.settle().await;
            }
        });
    }

    #[test]
    fn continues_a_partly_applied_plan_without_knowing_a_destination(
        past in past(), workspace in workspace(), share in vec(any::<bool>(), 1..8)
    ) {
        block_on(async {
            let mut direct = site_with_past(&past).await;
            direct.write(&workspace, 0);
            direct.converge().await;
            direct.settle().await;

            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            let planned = site.plan().await;
            let text = planned.save();
            let part = site.recheck_unknowing(&text).await;
            let mut part = Planned { plan: part.saved.plan, seen: part.observed.seen, opened: part.opened, ..planned };
            keep_some(&mut part.plan, &share);
            site.apply(&part).await;
            site.settle().await;
            let rechecked = site.recheck_unknowing(&text).await;
            if rechecked.result != Recheck::Applied {
                let (rest, report) = site.apply_rest(rechecked).await;
                assert_all_done(&rest, &report);
            }
            site.settle().await;
            assert_eq!(site.contents().await, direct.contents().await);
            assert_eq!(site.started(), direct.started());
        });
    }
}

/// Takes actions out of a plan, and those that depend on them.
fn keep_some(plan: &mut Plan, share: &[bool]) {
    let mut kept: BTreeSet<usize> = (0..plan.actions.len())
        .filter(|index| share[index % share.len()])
        .collect();
    loop {
        let depends = |index: &usize| {
            plan.actions[*index]
                .after
                .iter()
                .all(|before| kept.contains(before))
        };
        let whole: BTreeSet<usize> = kept.iter().copied().filter(depends).collect();
        if whole == kept {
            break;
        }
        kept = whole;
    }
    for (index, action) in plan.actions.iter_mut().enumerate() {
        if !kept.contains(&index) {
            action.step = Step::Blocked {
                wanted: action.verb(),
                reason: secsync::core::plan::Blocked::Protected,
            };
        }
    }
}

/// A plan file with an update, a creation and a deletion in it.
fn example() -> String {
    block_on(async {
        let mut site = Site::new().await;
        let file = |path: &str, further: &str| {
            format!(
                "provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: main
  environment: dev
  syncOptions: {{ initialSyncBehavior: overwrite-destination }}
  destinationConfig: {{ scope: application, org: a, app: b }}
syncs:
  one: {{ secretPath: {path} }}
  {further}
"
            )
        };
        site.write_file(&file("/", "two: { secretPath: / }"));
        site.converge().await;
        site.write_file(&file(
            "/apps",
            "three: { secretPath: /, trigger: always, isAutoSyncEnabled: false }\n  two: { ensure: absent }",
        ));
        let planned = site.plan().await;
        assert_eq!(planned.plan.actions.len(), 4);
        planned.save()
    })
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn no_bytes_make_reading_a_plan_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = planfile::read(&bytes, &|_, _| None);
        let _ = is_plan(&bytes);
    }

    #[test]
    fn a_damaged_plan_is_read_as_it_was_or_not_at_all(
        at: Index, byte: u8, cut: Index, is_cut: bool
    ) {
        static EXAMPLE: std::sync::LazyLock<String> = std::sync::LazyLock::new(example);
        let mut bytes = EXAMPLE.clone().into_bytes();
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        } else {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = planfile::read(EXAMPLE.as_bytes(), &|_, _| None).unwrap();
        if let Ok(read) = planfile::read(&bytes, &|_, _| None) {
            assert_eq!(read.plan, whole.plan);
            assert_eq!(read.digest, whole.digest);
        }
    }
}

/// An edit of a plan file, likely or not.
#[derive(Debug, Clone)]
struct Edit {
    /// Which part of the file; a step, mostly.
    within_step: bool,
    way: Vec<Index>,
    key: &'static str,
    value: Option<Value>,
}

fn edit() -> impl Strategy<Value = Edit> {
    let keys = vec![
        "name",
        "projectId",
        "secretPath",
        "syncOptions",
        "destinationConfig",
        "keySchema",
        "found",
        "connection",
        "connectionId",
        "body",
        "after",
        "id",
        "default",
        "fields",
        "unheardOf",
    ];
    let value = select(vec![
        json!(null),
        json!(true),
        json!(7),
        json!("one"),
        json!("/apps"),
        json!([]),
        json!([1]),
        json!({}),
        json!({"deep": {"er": "x"}}),
        json!({"keySchema": "K"}),
    ]);
    let value = proptest::option::weighted(0.8, value);
    let parts = (
        prop::bool::weighted(0.8),
        vec(any::<Index>(), 0..6),
        select(keys),
        value,
    );
    parts.prop_map(|(within_step, way, key, value)| Edit {
        within_step,
        way,
        key,
        value,
    })
}

impl Edit {
    /// Goes down the way as far as there is one, and sets or removes the value there.
    fn make(&self, plan: &mut Value) {
        let mut way = self.way.iter();
        let mut at = plan;
        if self.within_step {
            // An edit before this one may have left nothing there.
            let Some(actions) = at["actions"].as_array_mut() else {
                return;
            };
            let pick = way
                .next()
                .map_or(0, |pick| pick.index(actions.len().max(1)));
            let Some(Value::Object(action)) = actions.get_mut(pick) else {
                return;
            };
            at = action.entry("step").or_insert(Value::Null);
        }
        for pick in way {
            let is_leaf = match &*at {
                Value::Object(fields) => fields.is_empty(),
                Value::Array(items) => items.is_empty(),
                _ => true,
            };
            if is_leaf {
                break;
            }
            at = match at {
                Value::Object(fields) => {
                    let pick = pick.index(fields.len());
                    fields.values_mut().nth(pick).unwrap()
                }
                Value::Array(items) => {
                    let pick = pick.index(items.len());
                    &mut items[pick]
                }
                leaf => leaf,
            };
        }
        match (at, &self.value) {
            (Value::Object(fields), Some(value)) => {
                fields.insert(self.key.to_owned(), value.clone());
            }
            (Value::Object(fields), None) => {
                let first = fields.keys().next().cloned();
                fields.shift_remove(&first.unwrap_or_default());
            }
            (at, Some(value)) => *at = value.clone(),
            (at, None) => *at = Value::Null,
        }
    }
}

/// The simple values in a value, by their paths. Null counts as missing.
fn leaves(value: Option<&Value>, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Some(Value::Object(fields)) => {
            for (key, value) in fields {
                leaves(Some(value), &format!("{path}.{key}"), found);
            }
        }
        None | Some(Value::Null) => {}
        Some(value) => found.push((path.to_owned(), value.to_string())),
    }
}

/// Fails if a request does something that is not among the changes.
fn assert_all_is_shown(action: &Action, plan: &Plan) {
    let nothing = Fields::new();
    let (body, connection, old) = match &action.step {
        Step::Create(create) | Step::Replace { new: create, .. } => {
            (&create.body, &create.connection, None)
        }
        Step::Update(update) => (&update.body, &update.connection, Some(&update.old)),
        _ => (&nothing, &None, None),
    };
    let shown: Vec<String> = action
        .changes
        .iter()
        .map(secsync::core::diff::FieldChange::dotted)
        .collect();
    for (key, value) in body {
        let before = old.and_then(|old| match key.as_str() {
            "name" => Some(old.name.clone().into()),
            "environment" => old.environment.clone().map(Value::from),
            "secretPath" => old.secret_path.clone().map(Value::from),
            "connectionId" => Some(old.connection.id.clone().into()),
            key => old.fields.get(key).cloned(),
        });
        let (mut was, mut is) = (Vec::new(), Vec::new());
        leaves(before.as_ref(), key, &mut was);
        leaves(Some(value), key, &mut is);
        let differing = was
            .iter()
            .filter(|leaf| !is.contains(leaf))
            .chain(is.iter().filter(|leaf| !was.contains(leaf)));
        for (path, _) in differing {
            let is_shown = match key.as_str() {
                // The sync that the action is about.
                "name" | "projectId" if old.is_none() => {
                    [&action.subject.name, &action.subject.project_id]
                        .contains(&&value.as_str().unwrap().to_owned())
                }
                "connectionId" if connection.is_some() => {
                    shown.iter().any(|path| path == "connection" || path == key)
                }
                _ => shown
                    .iter()
                    .any(|shown| path == shown || path.starts_with(&format!("{shown}."))),
            };
            assert!(
                is_shown,
                "{path} is not shown: {shown:?}\n{:#?}",
                summary(plan)
            );
        }
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn a_forged_plan_is_refused_or_shows_all_that_it_does(edits in vec(edit(), 1..4)) {
        static EXAMPLE: std::sync::LazyLock<String> = std::sync::LazyLock::new(example);
        let mut plan: Value = serde_json::from_str(&EXAMPLE).unwrap();
        for edit in edits {
            edit.make(&mut plan);
        }
        let Some(fields) = plan.as_object_mut() else { return Ok(()) };
        fields.shift_remove("digest");
        let digest = format!("sha256:{}", secsync::digest::of_json(&plan));
        plan["digest"] = digest.into();
        if let Ok(saved) = planfile::read(plan.to_string().as_bytes(), &|_, _| None) {
            shown(&saved.plan, &saved.sources);
            for action in &saved.plan.actions {
                assert_all_is_shown(action, &saved.plan);
            }
        }
    }
}
