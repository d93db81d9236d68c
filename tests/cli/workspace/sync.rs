//! `secsync sync`: jobs that a person asks for.

use serde_json::json;

use super::support::{FILE, applied_on, world};
use crate::harness::{Server, Tree};

/// A file with a sync whose destination can be read, and one whose destination cannot.
const IMPORTABLE: &str = "\
provider: infisical
project: payments
defaults:
  environment: prod
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
syncs:
  site:
    destination: vercel
    connection: vercel-main
    secretPath: /web
    destinationConfig: {scope: project, app: prj_site, appName: site, env: production, teamId: t1}
  web:
    destination: humanitec
    connection: humanitec-main
    secretPath: /web
    destinationConfig: {scope: application, org: acme, app: web}
";

fn applied() -> (Tree, Server) {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve --wait", 0);
    server.requests();
    (tree, server)
}

/// The requests that ask for something.
fn asked(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let is_job = |request: &String| request.starts_with("POST") && !request.contains("/auth/");
    requests.into_iter().filter(is_job).collect()
}

#[test]
fn a_named_sync_is_triggered_and_followed() {
    let (tree, server) = applied();
    let sync = tree.secsync("sync web").on(&server).run().exits_with(0);
    let reported = sync.stdout.replace("Waiting for 1 job...\n", "");
    insta::assert_snapshot!(reported, @"
      ! infisical/payments/web (humanitec): pushes the source's secrets to the destination
    infisical/payments/web: The sync job was queued.
    infisical/payments/web: The sync job succeeded.

    Sync complete! 1 job: 1 succeeded.
    ");
    let asked = asked(&server);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].ends_with("/sync-secrets"), "{asked:?}");
}

#[test]
fn selects_by_name_patterns_and_selectors() {
    for arguments in [
        "sync *",
        "sync web a*",
        "sync -l environment=prod",
        "sync --target *",
    ] {
        let (tree, server) = applied();
        tree.secsync(arguments).on(&server).run().exits_with(0);
        assert_eq!(asked(&server).len(), 2, "{arguments}");
    }
}

#[test]
fn without_a_name_or_a_selector_it_is_wrong_usage() {
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    let refused = tree.secsync("sync").run().exits_with(64);
    insta::assert_snapshot!(refused, @"
    $ secsync sync
    --- stderr
    Error: `secsync sync` names no sync.
      Name the syncs to sync: `secsync sync web 'api-*'`, or select them with --selector, --target or --exclude. `secsync sync '*'` means all of them.
    --- exit 64
    ");
}

#[test]
fn rejects_an_unknown_name_without_a_request() {
    let (tree, server) = applied();
    let refused = tree
        .secsync("sync web wbe")
        .on(&server)
        .run()
        .exits_with(64);
    assert!(
        refused.stderr.contains("`wbe` matches no declared sync"),
        "{refused}"
    );
    assert_eq!(asked(&server), Vec::<String>::new());
}

#[test]
fn without_waiting_the_jobs_are_left_running() {
    let (tree, server) = applied();
    let sync = tree
        .secsync("sync web --no-wait")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(sync.stdout.contains("1 job left running"), "{sync}");
    tree.secsync("sync web --no-wait --wait=1s")
        .run()
        .exits_with(64);
}

#[test]
fn a_job_that_fails_ends_with_7_and_says_why() {
    let server = Server::failing(&world(), &["sync:web=fail:the app is gone"]);
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let sync = tree.secsync("sync web").on(&server).run().exits_with(7);
    assert!(sync.stdout.contains("the app is gone"), "{sync}");
    let json = tree
        .secsync("sync web -o json")
        .on(&server)
        .run()
        .exits_with(7)
        .json();
    assert_eq!(json["kind"], "sync");
    assert_eq!(json["requests"][0]["name"], "web");
    assert_eq!(json["requests"][0]["job"], "sync");
    assert_eq!(json["results"][0]["result"], "done");
    assert_eq!(json["jobs"][0]["end"], "failed");
    assert_eq!(json["exitCode"], 7);
}

#[test]
fn reports_a_job_that_does_not_end_in_time_as_still_running() {
    let server = Server::failing(&world(), &["sync:web=fail:slow"]);
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let sync = tree
        .secsync("sync web --wait=1ms")
        .on(&server)
        .run()
        .exits_with(7);
    assert!(
        sync.stdout
            .contains("still retrying or in line, not failed"),
        "{sync}"
    );
}

#[test]
fn skips_what_does_not_exist_yet_and_tries_the_others() {
    let (tree, server) = applied();
    tree.write("syncs/payments.yaml", FILE.replace("  web:", "  later:"));
    let sync = tree.secsync("sync *").on(&server).run().exits_with(5);
    assert!(
        sync.stdout
            .contains("Not tried: infisical/payments/later: It does not exist yet"),
        "{sync}"
    );
    assert_eq!(asked(&server).len(), 1);
}

#[test]
fn reports_why_a_started_sync_cannot_be_asked_for_a_job() {
    let (tree, server) = applied();
    tree.write(
        "syncs/docs.yaml",
        "provider: enkryptify\nproject: prj\nsyncs:\n  docs: {destination: vercel}\n",
    );
    let refused = tree.secsync("sync docs").on(&server).run().exits_with(64);
    insta::assert_snapshot!(refused, @"
    $ secsync sync docs
    --- stderr
    Error: No job can be requested for any of the selected syncs.
    enkryptify/prj/docs: Enkryptify publishes no way to request a job.
    --- exit 64
    ");
    let mixed = tree.secsync("sync *").on(&server).run().exits_with(0);
    let left_out = "enkryptify/prj/docs (vercel): Left out. Enkryptify publishes no way";
    assert!(mixed.stdout.contains(left_out), "{mixed}");
}

#[test]
fn without_a_terminal_an_import_and_a_removal_list_what_they_would_do_and_ask_for_auto_approve() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", IMPORTABLE)]);
    let apply = tree.secsync("apply --auto-approve").on(&server).run();
    apply.exits_with(0);
    server.requests();
    let removal = tree
        .secsync("sync * --remove-secrets")
        .on(&server)
        .run()
        .exits_with(64);
    insta::assert_snapshot!(removal, @"
    $ secsync sync * --remove-secrets
      ! infisical/payments/site (vercel): removes its secrets from the destination
      ! infisical/payments/web (humanitec): removes its secrets from the destination
    --- stderr
    Error: There is no terminal to ask on.
      If you want all of this, run it with --auto-approve.
    --- exit 64
    ");
    let import = tree
        .secsync("sync site --import prioritize-destination")
        .on(&server)
        .run()
        .exits_with(64);
    insta::assert_snapshot!(import, @"
    $ secsync sync site --import prioritize-destination
      ! infisical/payments/site (vercel): imports the destination's secrets and overwrites those of the source
    --- stderr
    Error: There is no terminal to ask on.
      If you want all of this, run it with --auto-approve.
    --- exit 64
    ");
    assert_eq!(asked(&server), Vec::<String>::new());
}

#[test]
fn an_import_and_a_removal_exclude_each_other() {
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    tree.secsync("sync web --import prioritize-source --remove-secrets")
        .run()
        .exits_with(64);
}

#[test]
fn an_import_is_asked_for_with_its_behaviour_and_followed() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", IMPORTABLE)]);
    let apply = tree
        .secsync("apply --auto-approve --wait")
        .on(&server)
        .run();
    apply.exits_with(0);
    server.requests();
    let import = "sync site --auto-approve --import prioritize-destination";
    let sync = tree.secsync(import).on(&server).run().exits_with(0);
    assert!(
        sync.stdout.contains("overwrites those of the source"),
        "{sync}"
    );
    assert!(
        sync.stdout
            .contains("infisical/payments/site: The import succeeded."),
        "{sync}"
    );
    let asked = asked(&server);
    assert!(
        asked[0].ends_with("/import-secrets?importBehavior=prioritize-destination"),
        "{asked:?}"
    );
}

#[test]
fn nothing_is_imported_if_one_destination_cannot_be_read() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", IMPORTABLE)]);
    let import = "sync * --auto-approve --import prioritize-source";
    let refused = tree.secsync(import).on(&server).run().exits_with(64);
    assert!(
        refused.stderr.contains("destinations of `web`"),
        "{refused}"
    );
    assert_eq!(asked(&server), Vec::<String>::new());
}

#[test]
fn removing_secrets_leaves_the_sync_there() {
    let (tree, server) = applied();
    let remove = "sync web --auto-approve --remove-secrets";
    let sync = tree.secsync(remove).on(&server).run().exits_with(0);
    let end = "infisical/payments/web: The removal of secrets succeeded.";
    assert!(sync.stdout.contains(end), "{sync}");
    tree.secsync("drift").on(&server).run().exits_with(0);
    let status = tree.secsync("status -o json").on(&server).run().json();
    assert_eq!(status["syncs"][1]["jobs"][1]["job"], json!("removal"));
}

#[test]
fn secrets_of_a_protected_sync_are_not_removed() {
    let (tree, server) = applied();
    tree.write("secsync.yaml", "include: [syncs/*.yaml]\nprotect: [w*]\n");
    let remove = "sync web --auto-approve --remove-secrets";
    let sync = tree.secsync(remove).on(&server).run().exits_with(5);
    assert!(sync.stdout.contains("It is protected"), "{sync}");
    assert_eq!(asked(&server), Vec::<String>::new());
}
