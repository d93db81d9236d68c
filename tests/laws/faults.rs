//! What apply promises when something goes wrong, each promise by its name.

use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use super::support::clock::HeldClock;
use super::support::site::{Nobody, Planned, Site, assert_all_done, assert_quiet};
use super::support::world::{DEVELOPER, PROJECTS, catalog_with_options};
use secsync::apply::{ActionFailure, JobEnd, JobProgress, Observer, Outcome, Report, Wait};
use secsync::cancel::Cancellation;
use secsync::core::plan::Verb;
use secsync::core::remote::{JobKind, JobStatus, RemoteSync};
use secsync::exit::Exit;
use secsync::sandbox;
use serde_json::json;

/// A sync to Humanitec as one line of a file; `more` comes at its end.
fn sync(name: &str, more: &str) -> String {
    format!(
        "  {name}: {{ destination: humanitec, connection: main, environment: dev, secretPath: /apps, \
         syncOptions: {{ initialSyncBehavior: overwrite-destination }}, \
         destinationConfig: {{ scope: application, org: acme, app: shop }}{more} }}\n"
    )
}

fn to_teamcity(name: &str, more: &str) -> String {
    format!(
        "  {name}: {{ destination: teamcity, connection: main, environment: dev, secretPath: /apps, \
         syncOptions: {{ initialSyncBehavior: overwrite-destination }}, \
         destinationConfig: {{ project: P1 }}{more} }}\n"
    )
}

/// A file with these syncs in the project `payments`.
fn file(syncs: &[String]) -> String {
    format!(
        "provider: infisical\nproject: payments\nsyncs:\n{}",
        syncs.concat()
    )
}

const STARTED: &str =
    "provider: enkryptify\nproject: prj_1\nsyncs: { web: { destination: vercel } }\n";

fn run(test: impl AsyncFnOnce(Site)) {
    run_with(Site::usual(), test);
}

fn run_with(options: sandbox::SandboxOptions, test: impl AsyncFnOnce(Site)) {
    block_on(async {
        let site = Site::with(options).await;
        test(site).await;
    });
}

fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(task)
}

/// Plans what is written, orders faults, and applies.
async fn apply_under(site: &Site, faults: &[&str]) -> (Planned, Report) {
    let planned = site.plan().await;
    site.fail(faults);
    let report = site.apply(&planned).await;
    (planned, report)
}

/// Waits for something that happens while the run goes on.
async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::task::yield_now().await;
    }
}

fn creates(site: &Site) -> usize {
    site.count("POST", |path| {
        path.starts_with("/api/v1/secret-syncs/") && path.matches('/').count() == 4
    })
}

fn lists(site: &Site) -> usize {
    site.count("GET", |path| path == "/api/v1/secret-syncs")
}

fn outcome<'a>(planned: &Planned, report: &'a Report, verb: Verb, name: &str) -> &'a Outcome {
    let is_it = |index: &usize| {
        let action = &planned.plan.actions[*index];
        action.verb() == verb && action.subject.name == name
    };
    let index = (0..planned.plan.actions.len()).find(is_it);
    &report.outcomes[index.unwrap_or_else(|| panic!("no {verb:?} of {name}"))]
}

#[track_caller]
fn failure(outcome: &Outcome) -> &ActionFailure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?} is no failure"),
    }
}

#[track_caller]
fn not_as_declared(outcome: &Outcome) -> &ActionFailure {
    match outcome {
        Outcome::NotAsDeclared { failure, .. } => failure,
        other => panic!("{other:?} is not said to differ"),
    }
}

#[track_caller]
fn unknown(outcome: &Outcome) -> &ActionFailure {
    match outcome {
        Outcome::Unknown(failure) => failure,
        other => panic!("{other:?} is not unknown"),
    }
}

#[track_caller]
fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::NotTried(why) => why.reason(),
        other => panic!("{other:?} was tried"),
    }
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

mod asking_twice_is_safe {
    use super::*;

    #[test]
    fn a_create_whose_answer_is_lost_is_looked_up_by_its_name_and_not_doubled() {
        for effect in ["lost", "drop", "truncate"] {
            run(async |mut site| {
                site.write_file(&file(&[sync("web", "")]));
                let planned = site.plan().await;
                site.fail(&[&format!("create={effect}@1")]);
                let lists_before = lists(&site);
                let report = site.apply(&planned).await;
                assert_all_done(&planned, &report);
                assert_eq!(creates(&site), 1, "{effect}");
                assert_eq!(lists(&site) - lists_before, 1, "{effect}");
                assert_eq!(site.remote().await.len(), 1);
                assert_quiet(&site.plan().await.plan);
            });
        }
    }

    #[test]
    fn a_create_that_failed_without_an_effect_is_sent_again_after_a_look() {
        for effect in ["500", "502", "nonsense", "html", "refuse"] {
            run(async |mut site| {
                site.write_file(&file(&[sync("web", "")]));
                let (planned, report) = apply_under(&site, &[&format!("create={effect}@1")]).await;
                assert_all_done(&planned, &report);
                assert_eq!(creates(&site), 2, "{effect}");
                assert_eq!(site.remote().await.len(), 1);
            });
        }
    }

    #[test]
    fn a_create_that_fails_twice_is_unknown_and_is_not_sent_a_third_time() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            let (planned, report) = apply_under(&site, &["create=500"]).await;
            let failure = unknown(outcome(&planned, &report, Verb::Create, "web"));
            assert_contains(failure.problem.help.as_deref().unwrap(), "secsync plan");
            assert_eq!((creates(&site), report.exit()), (2, Exit::ActionFailed));
        });
    }

    #[test]
    fn a_create_that_cannot_be_looked_up_is_unknown_and_is_not_sent_again() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            let (planned, report) = apply_under(&site, &["create=lost@1", "list=403"]).await;
            unknown(outcome(&planned, &report, Verb::Create, "web"));
            assert_eq!(creates(&site), 1);
            site.fail(&[]);
            assert_quiet(&site.plan().await.plan);
        });
    }

    #[test]
    fn an_update_whose_answer_is_lost_is_done_once_it_holds() {
        for effect in ["lost@1", "drop@1", "truncate@1", "lost@9"] {
            run(async |mut site| {
                site.write_file(&file(&[sync("web", "")]));
                site.converge().await;
                site.write_file(&file(&[sync("web", ", description: new")]));
                let (planned, report) = apply_under(&site, &[&format!("update={effect}")]).await;
                assert_all_done(&planned, &report);
                assert_quiet(&site.plan().await.plan);
            });
        }
    }

    #[test]
    fn an_update_that_may_have_taken_effect_and_did_not_is_unknown() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.converge().await;
            site.write_file(&file(&[sync("web", ", description: new")]));
            let (planned, report) = apply_under(&site, &["update=500"]).await;
            unknown(outcome(&planned, &report, Verb::Update, "web"));
        });
    }

    #[test]
    fn a_delete_that_meets_404_is_done() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.converge().await;
            site.write_file(&file(&[
                "  web: { destination: humanitec, ensure: absent }\n".to_owned(),
            ]));
            let planned = site.plan().await;
            for found in site.remote().await.into_values() {
                site.infisical()
                    .delete("humanitec", &found.id, false)
                    .await
                    .unwrap();
            }
            let report = site.apply(&planned).await;
            assert_all_done(&planned, &report);
            assert_eq!(report.exit(), Exit::Done);
        });
    }

    #[test]
    fn a_429_pauses_everything_until_retry_after() {
        let names = ["a", "b", "c", "d", "e", "f"];
        run(async |mut site| {
            let clock = HeldClock::new();
            site.clock = clock.clone();
            site.parallelism = 2;
            let syncs: Vec<_> = names.iter().map(|name| sync(name, "")).collect();
            site.write_file(&file(&syncs));
            let planned = site.plan().await;
            site.fail(&["create=429@1"]);
            let apply = site.apply(&planned);
            let watch = async {
                // Both that may run at once wait, so nothing can be sent before the clock moves.
                until(|| clock.pauses().len() == 2).await;
                let sent = creates(&site);
                clock.pass(Duration::from_secs(1));
                sent
            };
            let (report, sent) = tokio::join!(apply, watch);
            assert_all_done(&planned, &report);
            assert_eq!(sent, 2);
            assert_eq!(creates(&site), names.len() + 1);
            let asked = Duration::from_secs(1);
            assert!(
                clock.pauses().iter().all(|pause| *pause == asked),
                "{:?}",
                clock.pauses()
            );
        });
    }
}

mod answers_are_checked {
    use super::*;

    fn older_server() -> sandbox::SandboxOptions {
        sandbox::SandboxOptions {
            catalog: catalog_with_options(|options| {
                options
                    .as_object_mut()
                    .unwrap()
                    .remove("disableSecretDeletion");
            }),
            ..Site::usual()
        }
    }

    const WITH_OPTION: &str = ", syncOptions: { initialSyncBehavior: overwrite-destination, disableSecretDeletion: true }";

    fn file_with_option() -> String {
        let without = ", syncOptions: { initialSyncBehavior: overwrite-destination }";
        file(&[sync("web", "").replacen(without, WITH_OPTION, 1)])
    }

    #[test]
    fn a_field_that_the_server_dropped_fails_the_create_and_points_to_schema_pull() {
        run_with(older_server(), async |mut site| {
            site.write_file(&file_with_option());
            let (planned, report) = site.converge().await;
            let problem = &not_as_declared(outcome(&planned, &report, Verb::Create, "web")).problem;
            assert_contains(&problem.message, "`syncOptions.disableSecretDeletion`");
            assert_contains(problem.help.as_deref().unwrap(), "secsync schema pull");
            assert_eq!(report.exit(), Exit::ActionFailed);
        });
    }

    #[test]
    fn a_field_that_the_server_dropped_fails_the_update_too() {
        run_with(older_server(), async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.converge().await;
            site.write_file(&file_with_option());
            let (planned, report) = site.converge().await;
            let problem = &not_as_declared(outcome(&planned, &report, Verb::Update, "web")).problem;
            assert_contains(&problem.message, "`syncOptions.disableSecretDeletion`");
        });
    }

    #[test]
    fn a_sync_that_was_found_after_a_lost_answer_is_checked_too() {
        run_with(older_server(), async |mut site| {
            site.write_file(&file_with_option());
            let (planned, report) = apply_under(&site, &["create=lost@1"]).await;
            // It may as well be somebody else's.
            let problem = &unknown(outcome(&planned, &report, Verb::Create, "web")).problem;
            assert_contains(&problem.message, "`syncOptions.disableSecretDeletion`");
        });
    }

    #[test]
    fn never_takes_a_sync_that_somebody_else_created_differently_for_its_own() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            let planned = site.plan().await;
            site.write_file(&file(&[sync("web", ", description: theirs")]));
            site.converge().await;
            site.fail(&["create=500@1"]);
            let report = site.apply(&planned).await;
            let problem = &unknown(outcome(&planned, &report, Verb::Create, "web")).problem;
            assert_contains(&problem.message, "`description`");
        });
    }

    #[test]
    fn reports_a_name_that_a_hidden_sync_has() {
        run(async |mut site| {
            let body = json!({
                "name": "web", "projectId": PROJECTS[0].id, "environment": "prod", "secretPath": "/",
                "connectionId": crate::support::world::connection_id("humanitec", 0),
                "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
                "destinationConfig": {"scope": "application", "org": "a", "app": "b"},
            });
            let body = crate::support::model::fields(body);
            site.infisical().create("humanitec", &body).await.unwrap();
            site.client_id = DEVELOPER;
            site.write_file(&file(&[sync("web", "")]));
            let (planned, report) = site.converge().await;
            let problem = &failure(outcome(&planned, &report, Verb::Create, "web")).problem;
            assert_contains(&problem.message, "exists, but this identity cannot read it");
        });
    }

    #[test]
    fn a_name_that_was_taken_since_the_plan_asks_for_a_new_plan() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            let planned = site.plan().await;
            site.converge().await;
            let report = site.apply(&planned).await;
            let problem = &failure(outcome(&planned, &report, Verb::Create, "web")).problem;
            assert_contains(&problem.message, "was created since the plan was made");
            assert_contains(problem.help.as_deref().unwrap(), "secsync plan");
        });
    }
}

mod applying {
    use super::*;

    /// The most actions that were under way at one time.
    #[derive(Default)]
    struct Widest {
        now_and_most: Mutex<(usize, usize)>,
    }

    impl Observer for Widest {
        fn begins(&self, _index: usize) {
            let (now, most) = &mut *self.now_and_most.lock().unwrap();
            *now += 1;
            *most = (*most).max(*now);
        }

        fn ended(&self, _index: usize, outcome: &Outcome) {
            if matches!(outcome, Outcome::Done { .. }) {
                self.now_and_most.lock().unwrap().0 -= 1;
            }
        }
    }

    #[test]
    fn as_many_actions_as_allowed_run_at_once_and_no_more() {
        for parallelism in [1, 3] {
            run(async |mut site| {
                let syncs: Vec<_> = (0..8).map(|index| sync(&format!("s{index}"), "")).collect();
                site.write_file(&file(&syncs));
                site.parallelism = parallelism;
                let planned = site.plan().await;
                let widest = Widest::default();
                site.sandbox.hold("POST", "/secret-syncs/");
                let apply = site.apply_with(&planned, &widest);
                let watch = async {
                    until(|| widest.now_and_most.lock().unwrap().0 == parallelism).await;
                    site.sandbox.release();
                };
                let (report, ()) = tokio::join!(apply, watch);
                assert_all_done(&planned, &report);
                assert_eq!(*widest.now_and_most.lock().unwrap(), (0, parallelism));
            });
        }
    }

    #[test]
    fn a_failure_keeps_back_nothing_that_does_not_depend_on_it() {
        run(async |mut site| {
            site.write_file(&file(&[
                sync("bad", ""),
                sync("good", ""),
                sync("late", ""),
            ]));
            site.parallelism = 1;
            let (planned, report) = apply_under(&site, &["create:bad=403"]).await;
            assert!(failure(outcome(&planned, &report, Verb::Create, "bad")).is_auth);
            for name in ["good", "late"] {
                let outcome = outcome(&planned, &report, Verb::Create, name);
                assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
            }
            assert_eq!(report.exit(), Exit::Auth);
            let (planned, report) = {
                site.fail(&[]);
                site.converge().await
            };
            assert_eq!(planned.plan.actions.len(), 1);
            assert_all_done(&planned, &report);
        });
    }

    #[test]
    fn what_depends_on_a_failure_is_not_tried_and_says_on_what() {
        run(async |mut site| {
            site.write_file(&file(&[sync("old", ""), sync("older", "")]));
            site.converge().await;
            let manual = ", isAutoSyncEnabled: false, trigger: on-change, renamedFrom: older";
            site.write_file(&file(&[
                sync("new", ", renamedFrom: old"),
                sync("old", manual),
            ]));
            let (planned, report) = apply_under(&site, &["update:old=400"]).await;
            failure(outcome(&planned, &report, Verb::Update, "new"));
            let update = reason(outcome(&planned, &report, Verb::Update, "old"));
            assert_contains(update, "the update of `new`");
            let trigger = reason(outcome(&planned, &report, Verb::Trigger, "old"));
            assert_contains(trigger, "the update of `old`");
            assert_eq!(site.remote().await.len(), 2);
        });
    }

    #[test]
    fn finishes_what_is_in_flight_after_an_interruption_and_reports_what_was_not_tried() {
        struct AtOnce(Cancellation);
        impl Observer for AtOnce {
            fn begins(&self, index: usize) {
                if index == 1 {
                    self.0.cancel();
                }
            }
        }
        run(async |mut site| {
            site.write_file(&file(&[sync("a", ""), sync("b", ""), sync("c", "")]));
            site.parallelism = 1;
            let planned = site.plan().await;
            let observer = AtOnce(planned.cancellation.clone());
            let report = site.apply_with(&planned, &observer).await;
            assert!(matches!(report.outcomes[0], Outcome::Done { .. }));
            assert_contains(reason(&report.outcomes[2]), "interrupted");
            assert_eq!(report.exit(), Exit::Interrupted);
        });
    }
}

mod order {
    use super::*;

    const KEEP: &str = "";
    const REMOVE: &str = ", onDelete: remove-secrets";

    /// A site on which a sync to Humanitec exists, and is declared as one to `TeamCity`.
    async fn before_replacement(site: &mut Site, more: &str) {
        site.write_file(&file(&[sync("web", ", description: precious")]));
        site.converge().await;
        site.settle().await;
        site.write_file(&file(&[to_teamcity("web", more)]));
    }

    #[test]
    fn a_replacement_deletes_creates_and_leaves_nothing_to_do() {
        for more in [KEEP, REMOVE] {
            run(async |mut site| {
                before_replacement(&mut site, more).await;
                let (planned, report) = site.converge().await;
                assert_all_done(&planned, &report);
                assert_quiet(&site.plan().await.plan);
            });
        }
    }

    #[test]
    fn a_replacement_without_its_source_folder_deletes_nothing() {
        run(async |mut site| {
            before_replacement(&mut site, KEEP).await;
            let before = site.contents().await;
            site.write_file(&file(
                &[to_teamcity("web", "").replace("/apps", "/nowhere")],
            ));
            let (planned, report) = site.converge().await;
            let problem = &failure(outcome(&planned, &report, Verb::Replace, "web")).problem;
            assert_contains(
                &problem.message,
                "The folder `/nowhere` does not exist in the environment `dev`",
            );
            assert_contains(&problem.message, "not deleted");
            assert_eq!(site.contents().await, before);
        });
    }

    #[test]
    fn a_replacement_whose_folder_cannot_be_looked_up_deletes_nothing() {
        run(async |mut site| {
            before_replacement(&mut site, KEEP).await;
            let before = site.contents().await;
            let (planned, report) = apply_under(&site, &["folders=403"]).await;
            let failure = failure(outcome(&planned, &report, Verb::Replace, "web"));
            assert_contains(&failure.problem.message, "not deleted");
            assert_eq!(failure.old, None);
            site.fail(&[]);
            assert_eq!(site.contents().await, before);
        });
    }

    #[test]
    fn a_replacement_whose_delete_is_refused_creates_nothing() {
        run(async |mut site| {
            before_replacement(&mut site, KEEP).await;
            let before = site.contents().await;
            let (planned, report) = apply_under(&site, &["delete=403"]).await;
            let failure = failure(outcome(&planned, &report, Verb::Replace, "web"));
            assert_eq!(failure.old, None);
            assert_eq!(site.contents().await, before);
        });
    }

    #[test]
    fn a_replacement_that_cannot_create_prints_the_old_definition_which_brings_it_back() {
        for more in [KEEP, REMOVE] {
            run(async |mut site| {
                site.write_file(&file(&[sync("web", ", description: precious")]));
                site.converge().await;
                site.settle().await;
                let before = site.contents().await;
                site.write_file(&file(&[to_teamcity("web", more)]));
                let (planned, report) = apply_under(&site, &["create=400"]).await;
                let failure = failure(outcome(&planned, &report, Verb::Replace, "web"));
                assert_contains(&failure.problem.message, "The old sync was deleted.");
                assert_eq!(site.remote().await.len(), 0);
                let definition = &failure.old.as_ref().unwrap().definition;
                let indented: Vec<_> = definition
                    .lines()
                    .map(|line| format!("  {line}\n"))
                    .collect();
                site.fail(&[]);
                site.write_file(&format!(
                    "provider: infisical\nsyncs:\n{}",
                    indented.concat()
                ));
                let (planned, report) = site.converge().await;
                assert_all_done(&planned, &report);
                assert_eq!(site.contents().await, before);
            });
        }
    }

    #[test]
    fn a_replacement_whose_removal_job_fails_keeps_the_old_sync_and_creates_nothing() {
        run(async |mut site| {
            before_replacement(&mut site, REMOVE).await;
            let before = site.contents().await;
            let (planned, report) =
                apply_under(&site, &["remove=fail:{\"message\":\"no such org\"}"]).await;
            let failure = failure(outcome(&planned, &report, Verb::Replace, "web"));
            assert_contains(&failure.problem.message, "the old sync was kept");
            assert_contains(&failure.problem.message, "no such org");
            assert_eq!(failure.old, None);
            assert_eq!(site.contents().await, before);
        });
    }

    /// Replaces, and interrupts while a request of that method to a path like that is in flight.
    async fn replace_and_interrupt(site: &Site, method: &str, path: &str) -> Outcome {
        let planned = site.plan().await;
        let seen = || site.count(method, |target| target.contains(path));
        let before = seen();
        site.sandbox.hold(method, path);
        let watch = async {
            until(|| seen() > before).await;
            planned.cancellation.cancel();
            site.sandbox.release();
        };
        let apply = site.apply_with(&planned, &Nobody);
        let (report, ()) = tokio::join!(apply, watch);
        outcome(&planned, &report, Verb::Replace, "web").clone()
    }

    #[test]
    fn a_replacement_that_is_interrupted_before_it_deletes_is_not_tried() {
        run(async |mut site| {
            before_replacement(&mut site, KEEP).await;
            let before = site.contents().await;
            let outcome = replace_and_interrupt(&site, "GET", "/folders").await;
            assert_contains(reason(&outcome), "interrupted");
            assert_eq!(site.contents().await, before);
        });
    }

    #[test]
    fn a_replacement_that_is_interrupted_while_it_deletes_is_finished() {
        run(async |mut site| {
            before_replacement(&mut site, KEEP).await;
            let outcome = replace_and_interrupt(&site, "DELETE", "/humanitec/").await;
            assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
            assert_quiet(&site.plan().await.plan);
        });
    }

    #[test]
    fn a_replacement_that_is_interrupted_while_a_removal_goes_on_says_so_and_can_be_continued() {
        run(async |mut site| {
            before_replacement(&mut site, REMOVE).await;
            let outcome = replace_and_interrupt(&site, "DELETE", "/humanitec/").await;
            let problem = &failure(&outcome).problem;
            assert_contains(&problem.message, "still being deleted");
            site.settle().await;
            let (planned, report) = site.converge().await;
            assert_all_done(&planned, &report);
            assert_quiet(&site.plan().await.plan);
        });
    }

    #[test]
    fn a_deletion_waits_for_a_job_that_is_in_its_way() {
        let slow = sandbox::SandboxOptions {
            job_duration: Duration::from_millis(300),
            ..Site::usual()
        };
        run_with(slow, async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.converge().await;
            site.settle().await;
            let absent =
                "  web: { destination: humanitec, ensure: absent, onDelete: remove-secrets }\n";
            site.write_file(&file(&[absent.to_owned()]));
            let planned = site.plan().await;
            for found in site.remote().await.into_values() {
                site.infisical()
                    .trigger("humanitec", &found.id)
                    .await
                    .unwrap();
            }
            // A job refuses others only while it is at work, not while it is queued.
            let is_queued = |sync: RemoteSync| sync.sync_job.status == Some(JobStatus::Pending);
            while site.remote().await.into_values().any(is_queued) {}
            let clock = HeldClock::new();
            site.clock = clock.clone();
            let watch = async {
                until(|| !clock.pauses().is_empty()).await;
                site.settle().await;
                clock.pass(Duration::from_secs(1));
                std::future::pending().await
            };
            let report = tokio::select! {
                report = site.apply(&planned) => report,
                never = watch => never,
            };
            assert_all_done(&planned, &report);
            site.settle().await;
            assert_eq!(site.remote().await.len(), 0);
        });
    }
}

mod enkryptify {
    use super::*;

    #[test]
    fn a_start_that_cannot_be_recorded_before_is_not_sent() {
        struct Remover(camino::Utf8PathBuf);
        impl Observer for Remover {
            fn begins(&self, _index: usize) {
                std::fs::remove_dir_all(&self.0).unwrap();
            }
        }
        run(async |mut site| {
            site.write_file(STARTED);
            let planned = site.plan().await;
            let remover = Remover(site.state_directory());
            let report = site.apply_with(&planned, &remover).await;
            let problem = &failure(outcome(&planned, &report, Verb::Start, "web")).problem;
            assert_contains(
                &problem.message,
                "It was not started, because that cannot be recorded.",
            );
            assert_eq!(site.sandbox.started(), []);
        });
    }

    #[test]
    fn reports_the_id_of_an_answered_start_that_cannot_be_recorded() {
        run(async |mut site| {
            site.write_file(STARTED);
            let planned = site.plan().await;
            site.sandbox.hold("POST", "/start");
            let apply = site.apply(&planned);
            let remove = async {
                until(|| !site.sandbox.started().is_empty()).await;
                std::fs::remove_dir_all(site.state_directory()).unwrap();
                site.sandbox.release();
            };
            let (report, ()) = tokio::join!(apply, remove);
            let problem = &unknown(outcome(&planned, &report, Verb::Start, "web")).problem;
            assert_contains(&problem.message, &site.sandbox.started()[0].id);
            assert_contains(problem.help.as_deref().unwrap(), "secsync state resolve");
        });
    }

    #[test]
    fn a_start_whose_answer_is_lost_is_unknown_and_never_repeated() {
        for effect in ["lost", "drop", "truncate", "500", "nonsense", "html"] {
            run(async |mut site| {
                site.write_file(STARTED);
                let (planned, report) = apply_under(&site, &[&format!("start={effect}@1")]).await;
                let problem = &unknown(outcome(&planned, &report, Verb::Start, "web")).problem;
                assert_contains(problem.help.as_deref().unwrap(), "secsync state resolve");
                let sent = || site.count("POST", |path| path == "/v1/sync/vercel/start");
                assert_eq!(sent(), 1, "{effect}");
                let (planned, report) = site.converge().await;
                assert_eq!(report.outcomes, [Outcome::Blocked]);
                assert_eq!(planned.plan.counts().blocked, 1);
                assert_eq!(sent(), 1, "{effect}");
            });
        }
    }

    #[test]
    fn a_start_that_was_refused_or_limited_may_be_asked_for_again() {
        run(async |mut site| {
            site.write_file(STARTED);
            let (planned, report) = apply_under(&site, &["start=403@1"]).await;
            assert!(failure(outcome(&planned, &report, Verb::Start, "web")).is_auth);
            let (planned, report) = apply_under(&site, &["start=429@1"]).await;
            assert_all_done(&planned, &report);
            assert_eq!(site.sandbox.started().len(), 1);
            assert_quiet(&site.plan().await.plan);
        });
    }
}

mod waiting {
    use super::*;

    /// Two minutes by the quick clock.
    const LONG: Option<Wait> = Some(Wait::AtMost(Duration::from_secs(120)));

    fn ends(report: &Report) -> Vec<(&str, &JobEnd)> {
        report
            .jobs
            .iter()
            .map(|job| (job.subject.name.as_str(), &job.end))
            .collect()
    }

    #[test]
    fn without_waiting_jobs_are_counted_and_not_followed() {
        run(async |mut site| {
            site.write_file(&file(&[
                sync("a", ""),
                sync("b", ", isAutoSyncEnabled: false"),
            ]));
            let (_, report) = site.converge().await;
            assert_eq!(ends(&report), [("a", &JobEnd::NotFollowed)]);
            assert_eq!(report.exit(), Exit::Done);
        });
    }

    #[test]
    fn jobs_are_followed_until_they_have_ended_well_or_badly() {
        run(async |mut site| {
            site.write_file(&file(&[sync("bad", ""), sync("good", "")]));
            site.wait = LONG;
            let (_, report) = apply_under(&site, &["sync:bad=fail:gone"]).await;
            let failed = JobEnd::Failed(Some("gone".to_owned()));
            assert_eq!(
                ends(&report),
                [("bad", &failed), ("good", &JobEnd::Succeeded)]
            );
            assert_eq!(report.exit(), Exit::JobFailed);
        });
    }

    #[test]
    fn reports_the_end_of_a_job_that_fails_again_and_not_the_one_before() {
        run(async |mut site| {
            site.wait = LONG;
            site.fail(&["sync=fail:first"]);
            site.write_file(&file(&[sync("web", "")]));
            site.converge().await;
            site.fail(&["sync=fail:second"]);
            site.write_file(&file(&[sync("web", ", description: new")]));
            let (_, report) = site.converge().await;
            let second = JobEnd::Failed(Some("second".to_owned()));
            assert_eq!(ends(&report), [("web", &second)]);
        });
    }

    #[test]
    fn a_removal_is_followed_until_the_sync_is_gone() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.wait = LONG;
            site.converge().await;
            let absent =
                "  web: { destination: humanitec, ensure: absent, onDelete: remove-secrets }\n";
            site.write_file(&file(&[absent.to_owned()]));
            let (_, report) = site.converge().await;
            assert_eq!(ends(&report), [("web", &JobEnd::Succeeded)]);
            assert_eq!(report.jobs[0].kind, JobKind::Removal);
            assert_eq!(site.remote().await.len(), 0);
        });
    }

    #[test]
    fn reports_a_job_that_is_still_running_at_the_end() {
        let slow = sandbox::SandboxOptions {
            job_duration: Duration::from_secs(3600),
            ..Site::usual()
        };
        run_with(slow, async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.wait = Some(Wait::AtMost(Duration::from_secs(2)));
            let (planned, report) = site.converge().await;
            assert_all_done(&planned, &report);
            assert_eq!(ends(&report), [("web", &JobEnd::StillGoing)]);
            assert_eq!(report.exit(), Exit::JobFailed);
        });
    }

    #[test]
    fn an_interruption_ends_the_waiting_at_once() {
        struct WhileWaiting(Cancellation);
        impl Observer for WhileWaiting {
            fn waiting(&self, _progress: &JobProgress) {
                self.0.cancel();
            }
        }
        let slow = sandbox::SandboxOptions {
            job_duration: Duration::from_secs(3600),
            ..Site::usual()
        };
        run_with(slow, async |mut site| {
            site.clock = HeldClock::new();
            site.write_file(&file(&[sync("web", "")]));
            site.wait = LONG;
            let planned = site.plan().await;
            let observer = WhileWaiting(planned.cancellation.clone());
            let report = site.apply_with(&planned, &observer).await;
            assert_all_done(&planned, &report);
            assert_eq!(ends(&report), [("web", &JobEnd::NotFollowed)]);
            assert_eq!(report.exit(), Exit::Interrupted);
        });
    }

    #[test]
    fn looks_at_the_jobs_with_one_list_request_a_project() {
        #[derive(Default)]
        struct Looks(Mutex<usize>);
        impl Observer for Looks {
            fn waiting(&self, _progress: &JobProgress) {
                *self.0.lock().unwrap() += 1;
            }
        }
        run(async |mut site| {
            let syncs = |names: [&str; 3]| names.map(|name| sync(name, "")).concat();
            site.write_file(&format!(
                "{}---\nprovider: infisical\nproject: web\nsyncs:\n{}",
                file(&[syncs(["a", "b", "c"])]),
                syncs(["a", "b", "c"])
            ));
            site.wait = LONG;
            let planned = site.plan().await;
            site.fail(&["sync=fail"]);
            let before = lists(&site);
            let looks = Looks::default();
            let report = site.apply_with(&planned, &looks).await;
            assert_eq!(report.jobs.len(), 6);
            let looks = *looks.0.lock().unwrap();
            assert!(looks > 0, "nobody looked");
            // The last looks may be at one project only, because all jobs of the other have ended.
            let lists = lists(&site) - before;
            assert!(
                (looks + 1..=2 * looks).contains(&lists),
                "{lists} lists for {looks} looks"
            );
        });
    }

    #[test]
    fn a_platform_that_cannot_be_asked_any_more_leaves_the_job_unknown() {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.wait = LONG;
            let (planned, report) = apply_under(&site, &["list=403"]).await;
            assert_all_done(&planned, &report);
            assert!(matches!(report.jobs[0].end, JobEnd::Unknown(_)));
            assert_eq!(report.exit(), Exit::JobFailed);
        });
    }
}

#[test]
fn lists_each_project_once_whatever_the_number_of_syncs() {
    run(async |mut site| {
        let syncs: Vec<_> = (0..20)
            .map(|index| sync(&format!("s{index}"), ""))
            .collect();
        site.write_file(&format!(
            "{}---\nprovider: infisical\nproject: web\nsyncs:\n{}",
            file(&syncs),
            syncs.concat()
        ));
        site.plan().await;
        let requests: Vec<_> = site
            .sandbox
            .requests()
            .into_iter()
            .map(|(method, _)| method)
            .collect();
        let count = |wanted: &str| requests.iter().filter(|method| *method == wanted).count();
        assert_eq!(lists(&site), 2);
        // One login; besides the lists one look-up of the projects, and one of the connections that
        // each of the two may use.
        assert_eq!((count("POST"), count("GET")), (1, 5));
    });
}

#[test]
fn never_takes_a_failed_read_for_absence() {
    for fault in [
        "list=500",
        "list=html",
        "list=nonsense",
        "list=truncate",
        "list=403",
        "list=404",
    ] {
        run(async |mut site| {
            site.write_file(&file(&[sync("web", "")]));
            site.converge().await;
            site.fail(&[fault]);
            let refused = site.try_plan().await.err();
            assert!(refused.is_some(), "{fault} made a plan");
        });
    }
}
