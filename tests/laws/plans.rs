//! The law: apply the plan, and the next plan is empty; and what goes with it.
//!
//! Every case is a random workspace against a sandbox in which other things exist already.
//! `PROPTEST_CASES` decides how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::case::{block_on, cases, past, site_with_past};
use super::support::generate::{hostile_strays, settings, workspace};
use super::support::model::{Goal, Sync, Workspace};
use super::support::site::{
    Planned, Site, assert_all_done, assert_as_declared, assert_quiet, assert_updates_are_minimal,
    blocked, meaning,
};
use super::support::world::{NEW_OPTION, PROJECTS};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use secsync::apply::{Observer, Outcome, Report};
use secsync::cancel::Cancellation;
use secsync::exit::Exit;

/// When a run is interrupted.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// After so many steps that the run reports.
    Step(usize),
    /// At so many requests, in the middle of an action.
    Request(usize),
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        (0..8_usize).prop_map(Moment::Step),
        (0..20_usize).prop_map(Moment::Request)
    ]
}

/// Throws the switch at a step.
struct Interrupter {
    cancellation: Cancellation,
    left: AtomicUsize,
}

impl Interrupter {
    fn step(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.cancellation.cancel();
        }
    }
}

impl Observer for Interrupter {
    fn begins(&self, _index: usize) {
        self.step();
    }

    fn ended(&self, _index: usize, _outcome: &Outcome) {
        self.step();
    }
}

async fn apply_and_interrupt(site: &Site, planned: &Planned, moment: Moment) -> Report {
    let cancellation = &planned.cancellation;
    let steps = match moment {
        Moment::Step(steps) => steps,
        Moment::Request(_) => usize::MAX,
    };
    let interrupter = Interrupter {
        cancellation: cancellation.clone(),
        left: AtomicUsize::new(steps),
    };
    let before = site.sandbox.requests().len();
    let watch = async {
        if let Moment::Request(requests) = moment {
            while site.sandbox.requests().len() < before + requests {
                tokio::task::yield_now().await;
            }
            cancellation.cancel();
        }
        std::future::pending().await
    };
    tokio::select! {
        report = site.apply_with(planned, &interrupter) => report,
        report = watch => report,
    }
}

/// The workspace without the renames that do not act on what is there.
///
/// By the meaning of `renamedFrom` such a one acts in a later run if the new name is free then and
/// the old one is not, and a run that was cut short between two steps can leave just that.
async fn without_idle_renames(workspace: &Workspace, site: &Site) -> Workspace {
    let remote = site.remote().await;
    let exists = |project: usize, name: &String| {
        remote.contains_key(&(PROJECTS[project].id.to_owned(), name.clone()))
    };
    let mut workspace = workspace.clone();
    loop {
        let renamed: Vec<_> = workspace
            .syncs()
            .filter_map(|sync| Some((sync.project, sync.renamed_from.clone()?)))
            .collect();
        let is_idle = |sync: &Sync| {
            let is_free = !exists(sync.project, &sync.name)
                || renamed.contains(&(sync.project, sync.name.clone()));
            let old = sync.renamed_from.as_ref();
            old.is_some_and(|old| !is_free || !exists(sync.project, old))
                || matches!(sync.goal, Goal::Absent(_)) && old.is_some()
        };
        let syncs = workspace.files.iter_mut().flat_map(|file| &mut file.syncs);
        let idle: Vec<&mut Sync> = syncs.filter(|sync| is_idle(sync)).collect();
        if idle.is_empty() {
            return workspace;
        }
        for sync in idle {
            sync.renamed_from = None;
        }
    }
}

/// Faults of which each holds once or twice, and leaves a server that works.
fn faults() -> impl Strategy<Value = Vec<String>> {
    let write = || select(vec!["create", "update", "delete", "trigger", "start"]);
    let read = || select(vec!["list", "get", "folders"]);
    let effect = || {
        select(vec![
            "500", "502", "429", "lost", "drop", "refuse", "truncate", "nonsense", "html",
        ])
    };
    let rule = prop_oneof![
        3 => (write(), effect(), 1..=3_u32),
        1 => (read(), effect(), 1..=3_u32),
    ];
    let rule = rule.prop_map(|(operation, effect, times)| format!("{operation}={effect}@{times}"));
    let job = select(vec!["sync=fail@1", "remove=fail@1"]).prop_map(str::to_owned);
    vec(prop_oneof![5 => rule, 1 => job], 1..=4)
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn after_an_apply_the_next_plan_is_empty_and_everything_is_as_declared(
        past in past(), workspace in workspace(), prune: bool
    ) {
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            site.prune = prune;
            let (planned, report) = site.converge().await;
            assert_updates_are_minimal(&planned.plan);
            assert_all_done(&planned, &report);
            let next = site.plan().await.plan;
            assert_quiet(&next);
            assert_eq!(blocked(&planned.plan), blocked(&next));
            assert_as_declared(&site, &workspace, &planned.plan).await;
        });
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_order_of_files_syncs_and_keys_and_a_second_look_change_nothing_in_the_plan(
        past in past(), workspace in workspace(), order in 1..u64::MAX
    ) {
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            let first = meaning(&site.plan().await.plan);
            let second = meaning(&site.plan().await.plan);
            assert_eq!(first, second);
            site.write(&workspace, order);
            let shuffled = meaning(&site.plan().await.plan);
            assert_eq!(first, shuffled);
        });
    }

    #[test]
    fn the_way_in_which_a_workspace_is_written_changes_nothing_in_what_it_means(
        past in past(), workspace in workspace(), styles in vec(any::<u64>(), 12)
    ) {
        let mut other = workspace.clone();
        let syncs = other.files.iter_mut().flat_map(|file| &mut file.syncs);
        for (sync, style) in syncs.zip(styles) {
            sync.style = style;
        }
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            let (planned, report) = site.converge().await;
            assert_all_done(&planned, &report);
            site.settle().await;
            let contents = site.contents().await;
            site.write(&other, 0);
            let next = site.plan().await.plan;
            assert_quiet(&next);
            assert_eq!(site.contents().await, contents);
        });
    }

    #[test]
    fn an_interrupted_run_and_another_one_end_where_one_run_ends(
        past in past(), workspace in workspace(), moment in moment(), parallelism in 1..=4_usize
    ) {
        block_on(async {
            let mut whole = site_with_past(&past).await;
            let workspace = without_idle_renames(&workspace, &whole).await;
            whole.write(&workspace, 0);
            whole.converge().await;
            whole.settle().await;

            let mut site = site_with_past(&past).await;
            site.parallelism = parallelism;
            site.write(&workspace, 0);
            let planned = site.plan().await;
            let report = apply_and_interrupt(&site, &planned, moment).await;
            for outcome in &report.outcomes {
                assert!(!matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
            }
            site.settle().await;
            let (planned, report) = site.converge().await;
            assert_all_done(&planned, &report);
            assert_quiet(&site.plan().await.plan);
            site.settle().await;
            assert_eq!(site.contents().await, whole.contents().await);
            assert_eq!(site.started(), whole.started());
        });
    }

    #[test]
    fn a_run_on_some_syncs_and_then_one_on_all_end_where_one_run_ends(
        past in past(), workspace in workspace(), target in select(vec!["alpha", "beta", "*a"])
    ) {
        block_on(async {
            let mut whole = site_with_past(&past).await;
            let workspace = without_idle_renames(&workspace, &whole).await;
            whole.write(&workspace, 0);
            whole.converge().await;
            whole.settle().await;

            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            site.targets = vec![target.to_owned()];
            // A target that selects nothing is refused.
            if let Ok(planned) = site.try_plan().await {
                let report = site.apply(&planned).await;
                assert_all_done(&planned, &report);
                site.settle().await;
            }
            site.targets = Vec::new();
            let (planned, report) = site.converge().await;
            assert_all_done(&planned, &report);
            assert_quiet(&site.plan().await.plan);
            site.settle().await;
            assert_eq!(site.contents().await, whole.contents().await);
            assert_eq!(site.started(), whole.started());
        });
    }

    #[test]
    fn after_faults_a_clean_run_converges_and_nothing_exists_or_was_started_twice(
        past in past(), workspace in workspace(), faults in faults()
    ) {
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.write(&workspace, 0);
            let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
            site.fail(&faults);
            if let Ok(planned) = site.try_plan().await {
                site.apply(&planned).await;
            }
            site.fail(&[]);
            site.settle().await;
            let (planned, report) = site.converge().await;
            assert_all_done(&planned, &report);
            let next = site.plan().await.plan;
            assert_quiet(&next);
            assert_eq!(blocked(&planned.plan), blocked(&next));
            assert_as_declared(&site, &workspace, &planned.plan).await;
        });
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn plans_nothing_after_an_export_and_reports_what_cannot_be_declared(
        past in past(), hostile in hostile_strays(), settings in settings(), by_ids: bool
    ) {
        block_on(async {
            let mut site = site_with_past(&past).await;
            site.make_strays(&hostile).await;
            site.settle().await;
            let remote = site.remote().await;
            let left_out = site.adopt(&settings, by_ids).await;
            let planned = site.plan().await;
            let actions = super::support::site::summary(&planned.plan);
            assert_eq!(actions.iter().filter(|action| !action.starts_with("trigger")).count(), 0, "{actions:?}");
            assert_eq!(planned.syncs.len() + left_out.len(), remote.len());
            for one in left_out {
                let project = PROJECTS.iter().find(|project| [project.slug, project.id].contains(&one.project.as_str()));
                let found = &remote[&(project.unwrap().id.to_owned(), one.name.clone())];
                let text = format!("{found:?}");
                assert!(text.contains(NEW_OPTION) || is_padded(found), "{one:?} {text}");
            }
        });
    }
}

/// Whether a sync has a value with blanks at an end, which no file may have.
fn is_padded(sync: &secsync::core::remote::RemoteSync) -> bool {
    let org = sync.fields["destinationConfig"]["org"].as_str();
    org.is_some_and(|org| org.trim() != org)
}

#[test]
fn a_swap_of_names_is_refused_however_its_project_is_spelled() {
    let file = |project: &str| {
        format!(
            "provider: infisical
syncs:
  one:
    destination: humanitec
    project: payments
    renamedFrom: two
    connection: main
    environment: dev
    secretPath: /
    syncOptions: {{ initialSyncBehavior: overwrite-destination }}
    destinationConfig: {{ scope: application, org: a, app: b }}
  two:
    destination: humanitec
    project: {project}
    renamedFrom: one
    connection: main
    environment: dev
    secretPath: /
    syncOptions: {{ initialSyncBehavior: overwrite-destination }}
    destinationConfig: {{ scope: application, org: a, app: b }}
"
        )
    };
    block_on(async {
        let mut site = Site::new().await;
        for project in ["payments", "Payments Main", PROJECTS[0].id] {
            site.write_file(&file(project));
            let refused = site.try_plan().await.err().unwrap();
            assert_eq!(refused.error.exit, Exit::Invalid);
            assert_eq!(
                refused.findings,
                ["These renames form a circle: one ← two ← one."]
            );
        }
        // The same names in another project have nothing to do with each other.
        site.write_file(&file("web"));
        site.plan().await;
    });
}
