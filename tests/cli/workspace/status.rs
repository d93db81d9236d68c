//! `secsync status`: whether the declared syncs are there, and how their last jobs ended.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
#[cfg(unix)]
use std::process::Command;

use serde_json::json;

use super::support::{FILE, applied_on, world};
use crate::harness::{Server, Tree};

/// A file with a sync that can only be started.
const ENKRYPTIFY: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web-to-vercel: {destination: vercel}
";

const REFUSES: &str =
    r#"sync:api=fail:{"error":"RES-404","message":"application acme/api not found"}"#;

/// A tree and a server on which `web` works, `api` does not, and both had the time for it.
fn one_works_and_one_does_not() -> (Tree, Server) {
    let server = Server::failing(&world(), &[REFUSES]);
    let tree = applied_on(&server, "apply --auto-approve --wait", 7);
    (tree, server)
}

#[test]
fn a_missing_sync_decides_the_exit_code_only_if_that_is_asked_for() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    let status = |arguments: &str, code| {
        tree.secsync(arguments).on(&server).run().exits_with(code);
    };
    status("status syncs", 0);
    status("status syncs --detailed-exitcode", 2);
    tree.secsync("apply syncs --auto-approve --wait")
        .on(&server)
        .run()
        .exits_with(0);
    status("status syncs --detailed-exitcode", 0);
}

#[test]
fn status_shows_each_sync_with_its_last_job_and_the_message_readably() {
    let (tree, server) = one_works_and_one_does_not();
    tree.write(
        "syncs/later.yaml",
        FILE.replace(
            "web:\n    secretPath: /web\n",
            "later:\n    secretPath: /web\n",
        )
        .split("  api:")
        .next()
        .unwrap(),
    );
    tree.write("syncs/web.yaml", ENKRYPTIFY);
    tree.secsync("state init").run().exits_with(0);

    let status = tree.secsync("status").on(&server).run().exits_with(7);
    let times =
        regex::Regex::new(r"(just now|\d+ seconds? ago) \([-0-9]{10} [0-9:]{8} UTC\)").unwrap();
    insta::assert_snapshot!(times.replace_all(&status.stdout, "[AGO]"), @"
    SYNC                              DESTINATION  JOB   RESULT       LAST SUCCESS
    infisical/payments/api            humanitec    sync  failed       never
      application acme/api not found (RES-404)
    enkryptify/prj_web/web-to-vercel  vercel             not started
    infisical/payments/later          humanitec          missing
    infisical/payments/web            humanitec    sync  succeeded    [AGO]

    4 syncs: 1 missing, 1 failed, 1 succeeded, 1 not started.
    ");
}

#[test]
fn status_is_there_for_machines() {
    let (tree, server) = one_works_and_one_does_not();
    let status = tree
        .secsync("status -o json")
        .on(&server)
        .run()
        .exits_with(7)
        .json();
    assert_eq!(status["kind"], "status");
    assert_eq!(status["exitCode"], 7);
    assert_eq!(
        status["summary"],
        json!({"total": 2, "failed": 1, "succeeded": 1})
    );
    let (api, web) = (&status["syncs"][0], &status["syncs"][1]);
    assert_eq!(
        (&api["name"], &api["state"]),
        (&json!("api"), &json!("failed"))
    );
    assert_eq!(
        api["jobs"][0]["message"],
        "application acme/api not found (RES-404)"
    );
    assert_eq!(api["jobs"][0]["lastSuccessAt"], json!(null));
    assert_eq!(
        (&web["exists"], &web["state"]),
        (&json!(true), &json!("succeeded"))
    );
    assert_eq!(web["jobs"][0]["running"], false);
    assert!(web["jobs"][0]["lastSuccessAt"].is_string());
    assert_eq!(web["place"]["line"], 10);
}

#[test]
fn without_a_failed_job_status_ends_well() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve --wait", 0);
    let status = tree.secsync("status").on(&server).run().exits_with(0);
    assert!(
        status.stdout.ends_with("\n2 syncs: 2 succeeded.\n"),
        "{status}"
    );
}

#[test]
fn selected_syncs_alone_decide() {
    let (tree, server) = one_works_and_one_does_not();
    let status = tree
        .secsync("status --target web")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(
        status.stdout.ends_with("\n1 sync: 1 succeeded.\n"),
        "{status}"
    );
}

#[test]
fn status_reads_each_project_with_one_request() {
    let (tree, server) = one_works_and_one_does_not();
    server.requests();
    tree.secsync("status").on(&server).run();
    let requests = server.requests();
    let lists = requests
        .iter()
        .filter(|one| one.starts_with("GET /api/v1/secret-syncs?"));
    assert_eq!(lists.count(), 1, "{requests:#?}");
}

#[test]
fn watch_needs_a_table_on_standard_output() {
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    let refused = tree.secsync("status --watch -o json").run().exits_with(64);
    assert!(refused.stderr.contains("`--watch`"), "{refused}");
}

#[cfg(unix)]
#[test]
fn watch_goes_on_until_it_is_interrupted_and_the_last_table_decides() {
    let (tree, server) = one_works_and_one_does_not();
    let watch = tree.secsync("status --watch").on(&server);
    let mut child = watch.spawn();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("2 syncs:") {
        line.clear();
        assert_ne!(
            output.read_line(&mut line).unwrap(),
            0,
            "it ended by itself"
        );
    }
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(killed.success());
    watch.finish(child).exits_with(7);
}
