//! Following the sync jobs that an apply sets off.

use std::time::Duration;

use insta::assert_snapshot;

use super::harness::{Server, Tree, payments, world};

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
    Running: infisical/payments/api: The sync job is still retrying, not failed, after 1 s.
    Running: infisical/payments/bot: The sync job is still retrying, not failed, after 1 s.

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
