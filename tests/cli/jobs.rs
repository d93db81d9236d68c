//! Following the sync jobs that an apply sets off.

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;

use super::harness::{Act, Gateway, Reply, Server, Tree, payments, world};

const MESSAGE: &str =
    r#"sync:bot=fail:{"error":"RES-404","message":"application acme/payments not found"}"#;

fn tree() -> Tree {
    Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[("api", ""), ("bot", "")]),
    )])
}

#[test]
fn a_job_that_fails() {
    let tree = tree();
    let server = Server::failing(&world(), &[MESSAGE]);
    let output = tree
        .secsync("apply syncs --auto-approve --wait --parallelism 1")
        .on(&server)
        .run()
        .exits_with(7);
    let report = output.stdout.split_once("...\n\n").unwrap().1.to_owned();
    assert_snapshot!(report, @"
    infisical/payments/api: The sync job succeeded.
    Failed: infisical/payments/bot: The sync job failed: application acme/payments not found (RES-404)

    Apply incomplete! Resources: 2 added, 0 changed, 0 destroyed, 1 job failed.
    ");
}

#[test]
fn a_job_that_does_not_end_in_time() {
    let tree = tree();
    let server = Server::with(&world(), |options| {
        options.job_duration = Duration::from_secs(3600);
    });
    let output = tree
        .secsync("apply syncs --auto-approve --wait=1s --parallelism 1")
        .on(&server)
        .run()
        .exits_with(7);
    let report = output.stdout.split_once("...\n\n").unwrap().1.to_owned();
    assert_snapshot!(report, @"
    Running: infisical/payments/api: The sync job is still retrying or in line, not failed, after 1 s.
    Running: infisical/payments/bot: The sync job is still retrying or in line, not failed, after 1 s.

    Apply incomplete! Resources: 2 added, 0 changed, 0 destroyed, 2 jobs not finished.
    ");
}

#[test]
fn reports_in_json_how_each_job_ended() {
    let tree = tree();
    let server = Server::failing(&world(), &[MESSAGE]);
    let report = tree
        .secsync("apply syncs --auto-approve --wait -o json")
        .on(&server)
        .run()
        .exits_with(7)
        .json();
    let ends: Vec<_> = report["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| (job["name"].as_str().unwrap(), job["end"].as_str().unwrap()))
        .collect();
    assert_eq!(ends, [("api", "succeeded"), ("bot", "failed")]);
    assert_eq!(
        report["jobs"][1]["message"],
        "application acme/payments not found (RES-404)"
    );
    assert_eq!(report["exitCode"], 7);
}

#[test]
fn jobs_are_followed_by_one_list_request_a_look() {
    let tree = tree();
    let server = Server::new(&world());
    tree.secsync("apply syncs --auto-approve --wait")
        .on(&server)
        .run()
        .exits_with(0);
    let requests = server.requests();
    assert!(
        !requests
            .iter()
            .any(|request| request.starts_with("GET /api/v1/secret-syncs/")),
        "{requests:?}"
    );
}

#[test]
fn a_list_that_does_not_show_a_new_sync_yet_is_asked_for_again() {
    let tree = tree();
    let server = Server::new(&world());
    let gateway = Gateway::before(&server);
    // The read before the plan, and two looks after the creates: a replica is behind.
    let empty = Reply::json(200, &json!({"secretSyncs": []}));
    gateway.does("GET", "/api/v1/secret-syncs?", 3, Act::Instead(empty));
    let apply = tree
        .secsync("apply syncs --auto-approve --wait --parallelism 1")
        .on(&server);
    let output = gateway.before_server_of(apply).run().exits_with(0);
    assert!(output.stdout.contains("2 added"), "{output}");
    assert_eq!(output.stdout.matches("The sync job succeeded.").count(), 2);
}

#[test]
fn the_line_while_jobs_are_followed_says_how_far_they_are() {
    let tree = tree();
    let server = Server::new(&world());
    let gateway = Gateway::before(&server);
    let output = tree
        .secsync("apply syncs --auto-approve --parallelism 1")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(output.stdout.contains("2 jobs left running"), "{output}");
    // What the server shows of the first job in the first look.
    let running = Act::Edited(r#""syncStatus":"succeeded""#, r#""syncStatus":"running""#);
    let idle = Act::Edited("no such text", "");
    gateway.does("GET", "/api/v1/secret-syncs?", 1, idle).does(
        "GET",
        "/api/v1/secret-syncs?",
        1,
        running,
    );
    let sync = tree.secsync("sync * --parallelism 1").on(&server);
    let output = gateway.before_server_of(sync).run().exits_with(0);
    let lines: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.starts_with("Waiting"))
        .collect();
    assert_eq!(
        lines,
        [
            "Waiting for 2 jobs...",
            "Waiting for 1 job: 1 done, 1 running..."
        ]
    );
}
