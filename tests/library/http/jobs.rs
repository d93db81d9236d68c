//! Following jobs for as long as they move, by a clock that does not wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::support::{FastClock, PROJECT, add, infisical_with, options, sync};
use secsync::apply::job_requests::run;
use secsync::apply::{ApplyContext, JobEnd, JobProgress, Observer, Report, Wait};
use secsync::cancel::Cancellation;
use secsync::core::job_requests::{JobRequest, RequestedJob};
use secsync::core::plan::Subject;
use secsync::http::clock::Clock as _;
use secsync::provider::{Provider, infisical};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A sync whose job is in that state.
fn job(index: usize, status: &str, last_job: &str) -> Value {
    let mut shown = sync(&format!("s{index:02}"));
    shown["id"] = format!("id-{index:02}").into();
    shown["syncStatus"] = status.into();
    shown["lastSyncJobId"] = last_job.into();
    shown
}

/// Keeps what it is told of.
#[derive(Default)]
struct Told(Mutex<Vec<JobProgress>>);

impl Observer for Told {
    fn waiting(&self, progress: &JobProgress) {
        let mut told = self.0.lock().unwrap();
        if told.last() != Some(progress) {
            told.push(progress.clone());
        }
    }
}

/// Asks for so many jobs and follows them, where `shown` says what each look shows. Returns how long
/// that took, too.
async fn followed(
    jobs: usize,
    wait: Wait,
    shown: impl Fn(usize) -> Vec<Value> + Send + Sync + 'static,
) -> (Report, Vec<JobProgress>, Duration) {
    let server = MockServer::start().await;
    for index in 0..jobs {
        let asked = json!({"secretSync": job(index, "pending", "before")});
        let route = format!("/api/v1/secret-syncs/humanitec/id-{index:02}/sync-secrets");
        add(
            &server,
            "POST",
            &route,
            ResponseTemplate::new(200).set_body_json(asked),
        )
        .await;
    }
    let looks = AtomicUsize::new(0);
    Mock::given(method("GET"))
        .and(path("/api/v1/secret-syncs"))
        .respond_with(move |_: &Request| {
            let syncs = shown(looks.fetch_add(1, Ordering::Relaxed));
            ResponseTemplate::new(200).set_body_json(json!({"secretSyncs": syncs}))
        })
        .mount(&server)
        .await;
    let (options, clock) = options();
    let cancellation = Cancellation::new();
    let provider = infisical_with(&server.uri(), &options, &cancellation);
    let requests: Vec<JobRequest> = (0..jobs)
        .map(|index| JobRequest {
            subject: Subject {
                provider: "infisical".to_owned(),
                platform: infisical::PLATFORM,
                server: server.uri(),
                project: "payments".to_owned(),
                project_id: PROJECT.to_owned(),
                name: format!("s{index:02}"),
                destination: "humanitec".to_owned(),
            },
            job: RequestedJob::Sync,
            target: Ok(format!("id-{index:02}")),
        })
        .collect();
    let told = Told::default();
    let context = ApplyContext {
        providers: &BTreeMap::from([("infisical".to_owned(), Provider::Managed(provider))]),
        state: None,
        parallelism: 4,
        wait: Some(wait),
        clock: Arc::clone(&clock) as Arc<_>,
        cancellation,
        observer: &told,
    };
    let before = FastClock::now(&clock);
    let report = run(&requests, &context).await;
    let took = clock.now() - before;
    (report, told.0.into_inner().unwrap(), took)
}

fn ends(report: &Report) -> Vec<&JobEnd> {
    report.jobs.iter().map(|job| &job.end).collect()
}

#[tokio::test]
async fn jobs_are_followed_for_as_long_as_one_ends_now_and_then() {
    // Of 30 jobs one ends with every 20th look, which are 100 seconds.
    let shown = |look: usize| {
        let status = |index| match (look / 20).cmp(&index) {
            std::cmp::Ordering::Greater => job(index, "succeeded", "after"),
            std::cmp::Ordering::Equal => job(index, "running", "before"),
            std::cmp::Ordering::Less => job(index, "pending", "before"),
        };
        (0..30).map(status).collect()
    };
    let (report, _, took) = followed(30, Wait::WhileMoving, shown).await;
    assert!(
        ends(&report).iter().all(|end| **end == JobEnd::Succeeded),
        "{report:?}"
    );
    assert!(took > Duration::from_secs(45 * 60), "{took:?}");
}

#[tokio::test]
async fn jobs_of_which_none_ends_and_none_begins_are_given_up_after_two_minutes() {
    // One begins to run with the 20th look, and then nothing happens any more.
    let shown = |look: usize| {
        let first = if look < 20 { "pending" } else { "running" };
        vec![job(0, first, "before"), job(1, "pending", "before")]
    };
    let (report, told, took) = followed(2, Wait::WhileMoving, shown).await;
    assert_eq!(ends(&report), [&JobEnd::StillGoing, &JobEnd::StillGoing]);
    assert!((195..205).contains(&took.as_secs()), "{took:?}");
    let states: Vec<(usize, usize)> = told
        .iter()
        .map(|told| (told.running, told.in_line))
        .collect();
    assert_eq!(states, [(0, 2), (0, 2), (1, 1)]);
}

#[tokio::test]
async fn a_duration_is_all_the_time_that_there_is_whatever_moves() {
    let shown = |look: usize| {
        let ended = |index| {
            let (status, id) = if look > index {
                ("succeeded", "after")
            } else {
                ("pending", "before")
            };
            job(index, status, id)
        };
        (0..90).map(ended).collect()
    };
    let (report, _, took) = followed(90, Wait::AtMost(Duration::from_secs(20)), shown).await;
    assert_eq!(took, Duration::from_secs(20));
    assert!(ends(&report).contains(&&JobEnd::StillGoing), "{report:?}");
}

#[tokio::test]
async fn reports_what_stands_in_line_because_of_the_limit_for_a_connection() {
    let shown = |look: usize| {
        let status = |index| match (look, index) {
            (0, 0..=4) | (1, 5..=7) => job(index, "running", "before"),
            (0, _) => job(index, "pending", "before"),
            (1, 4) => job(index, "failed", "after"),
            (1.., _) => job(index, "succeeded", "after"),
        };
        (0..8).map(status).collect()
    };
    let (report, told, _) = followed(8, Wait::WhileMoving, shown).await;
    assert_eq!(report.jobs.len(), 8);
    let line = |progress: &JobProgress| secsync::render::jobs::waiting(progress);
    let lines: Vec<String> = told.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "Waiting for 8 jobs...",
            "Waiting for 8 jobs: 5 running, 3 in line (5 per connection)...",
            "Waiting for 3 jobs: 4 done, 1 failed, 3 running...",
        ]
    );
}

#[tokio::test]
async fn a_sync_that_a_list_does_not_show_yet_is_asked_for_three_times_more() {
    for (missing, end) in [
        (3, JobEnd::Succeeded),
        (4, JobEnd::Unknown("The sync is gone.".to_owned())),
    ] {
        let shown = move |look: usize| {
            if look < missing {
                Vec::new()
            } else {
                vec![job(0, "succeeded", "after")]
            }
        };
        let (report, _, took) = followed(1, Wait::WhileMoving, shown).await;
        assert_eq!(ends(&report), [&end]);
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}
