//! validate, plan, apply, plan: on Humanitec syncs of both scopes and an Enkryptify start.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Server, Tree};

const PAYMENTS: &str = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  syncOptions:
    initialSyncBehavior: overwrite-destination
syncs:
  shared:
    secretPath: /shared
    syncOptions: { disableSecretDeletion: true }
    destinationConfig: { scope: application, org: acme, app: payments }
  api:
    secretPath: /api
    description: Secrets of the API
    syncOptions: { keySchema: \"PAY_{{secretKey}}\" }
    destinationConfig: { scope: environment, org: acme, app: payments, env: production }
";

const WEB: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web-to-vercel:
    destination: vercel
";

fn tree() -> Tree {
    Tree::new(&[("syncs/payments.yaml", PAYMENTS), ("syncs/web.yaml", WEB)])
}

fn world() -> Value {
    json!({
        "projects": [{
            "slug": "payments",
            "environments": [{"slug": "prod", "folders": ["/shared", "/api"]}],
        }],
        "connections": [{"app": "humanitec", "name": "humanitec-main"}],
    })
}

#[test]
fn the_main_job_in_the_sandbox() {
    let tree = tree();
    assert_snapshot!(tree.secsync("validate syncs").run().exits_with(0), @"
    $ secsync validate syncs
    Success! 3 syncs in 2 files can be planned.
    --- exit 0
    ");
    assert_snapshot!(tree.secsync("plan syncs --sandbox --detailed-exitcode").run().exits_with(2), @r#"
    $ secsync plan syncs --sandbox --detailed-exitcode
    Sandbox: an emulator on this machine answered. No real server was contacted.

    secsync will perform the following actions:

      # enkryptify/prj_web/web-to-vercel will be started  (syncs/web.yaml:4)
      > vercel sync

      # infisical/payments/api will be created  (syncs/payments.yaml:14)
      + humanitec sync
          + connection:                      "humanitec-main"
          + description:                     "Secrets of the API"
          + destinationConfig.scope:         "environment"
          + destinationConfig.app:           "payments"
          + destinationConfig.env:           "production"
          + destinationConfig.org:           "acme"
          + environment:                     "prod"
          + secretPath:                      "/api"
          + syncOptions.initialSyncBehavior: "overwrite-destination"
          + syncOptions.keySchema:           "PAY_{{secretKey}}"
          Warning: The first sync overwrites the destination's secrets, and deletes those that the source does not have.

      # infisical/payments/shared will be created  (syncs/payments.yaml:10)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/shared"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy, 1 to start.
    --- exit 2
    "#);
    assert_snapshot!(tree.secsync("apply syncs --sandbox --auto-approve --parallelism 1 --wait").run().exits_with(0), @r#"
    $ secsync apply syncs --sandbox --auto-approve --parallelism 1 --wait
    Sandbox: an emulator on this machine answered. No real server was contacted.

    secsync will perform the following actions:

      # enkryptify/prj_web/web-to-vercel will be started  (syncs/web.yaml:4)
      > vercel sync

      # infisical/payments/api will be created  (syncs/payments.yaml:14)
      + humanitec sync
          + connection:                      "humanitec-main"
          + description:                     "Secrets of the API"
          + destinationConfig.scope:         "environment"
          + destinationConfig.app:           "payments"
          + destinationConfig.env:           "production"
          + destinationConfig.org:           "acme"
          + environment:                     "prod"
          + secretPath:                      "/api"
          + syncOptions.initialSyncBehavior: "overwrite-destination"
          + syncOptions.keySchema:           "PAY_{{secretKey}}"
          Warning: The first sync overwrites the destination's secrets, and deletes those that the source does not have.

      # infisical/payments/shared will be created  (syncs/payments.yaml:10)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/shared"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web-to-vercel: Starting...
    enkryptify/prj_web/web-to-vercel: Started [id=[UUID]]
    infisical/payments/api: Creating...
    infisical/payments/api: Created [id=[UUID]]
    infisical/payments/shared: Creating...
    infisical/payments/shared: Created [id=[UUID]]
    Waiting for 2 jobs...

    Note: enkryptify/prj_web/web-to-vercel: Finish it in the dashboard: authorise it and choose its secrets.
    infisical/payments/api: The sync job succeeded.
    infisical/payments/shared: The sync job succeeded.

    Apply complete! Resources: 2 added, 0 changed, 0 destroyed, 1 started.
    --- exit 0
    "#);
    assert_snapshot!(tree.secsync("plan syncs --sandbox --detailed-exitcode").run().exits_with(0), @"
    $ secsync plan syncs --sandbox --detailed-exitcode
    Sandbox: an emulator on this machine answered. No real server was contacted.

    No changes. All 3 declared syncs are as they should be.
    --- exit 0
    ");
    assert_snapshot!(tree.secsync("apply syncs --sandbox --auto-approve").run().exits_with(0), @"
    $ secsync apply syncs --sandbox --auto-approve
    Sandbox: an emulator on this machine answered. No real server was contacted.

    No changes. All 3 declared syncs are as they should be.
    --- exit 0
    ");
}

#[test]
fn the_main_job_over_http() {
    let tree = tree();
    let server = Server::new(&world());
    tree.secsync("state init").run().exits_with(0);
    assert_snapshot!(tree.secsync("plan syncs --detailed-exitcode").on(&server).run().exits_with(2), @r#"
    $ secsync plan syncs --detailed-exitcode
    secsync will perform the following actions:

      # enkryptify/prj_web/web-to-vercel will be started  (syncs/web.yaml:4)
      > vercel sync

      # infisical/payments/api will be created  (syncs/payments.yaml:14)
      + humanitec sync
          + connection:                      "humanitec-main"
          + description:                     "Secrets of the API"
          + destinationConfig.scope:         "environment"
          + destinationConfig.app:           "payments"
          + destinationConfig.env:           "production"
          + destinationConfig.org:           "acme"
          + environment:                     "prod"
          + secretPath:                      "/api"
          + syncOptions.initialSyncBehavior: "overwrite-destination"
          + syncOptions.keySchema:           "PAY_{{secretKey}}"
          Warning: The first sync overwrites the destination's secrets, and deletes those that the source does not have.

      # infisical/payments/shared will be created  (syncs/payments.yaml:10)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/shared"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy, 1 to start.
    --- exit 2
    "#);
    assert_snapshot!(tree.secsync("apply syncs --auto-approve --parallelism 1").on(&server).run().exits_with(0), @r#"
    $ secsync apply syncs --auto-approve --parallelism 1
    secsync will perform the following actions:

      # enkryptify/prj_web/web-to-vercel will be started  (syncs/web.yaml:4)
      > vercel sync

      # infisical/payments/api will be created  (syncs/payments.yaml:14)
      + humanitec sync
          + connection:                      "humanitec-main"
          + description:                     "Secrets of the API"
          + destinationConfig.scope:         "environment"
          + destinationConfig.app:           "payments"
          + destinationConfig.env:           "production"
          + destinationConfig.org:           "acme"
          + environment:                     "prod"
          + secretPath:                      "/api"
          + syncOptions.initialSyncBehavior: "overwrite-destination"
          + syncOptions.keySchema:           "PAY_{{secretKey}}"
          Warning: The first sync overwrites the destination's secrets, and deletes those that the source does not have.

      # infisical/payments/shared will be created  (syncs/payments.yaml:10)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/shared"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web-to-vercel: Starting...
    enkryptify/prj_web/web-to-vercel: Started [id=[UUID]]
    infisical/payments/api: Creating...
    infisical/payments/api: Created [id=[UUID]]
    infisical/payments/shared: Creating...
    infisical/payments/shared: Created [id=[UUID]]

    Note: enkryptify/prj_web/web-to-vercel: Finish it in the dashboard: authorise it and choose its secrets.
    2 jobs left running; --wait follows them.

    Apply complete! Resources: 2 added, 0 changed, 0 destroyed, 1 started.
    --- exit 0
    "#);
    assert_snapshot!(tree.secsync("plan syncs --detailed-exitcode").on(&server).run().exits_with(0), @"
    $ secsync plan syncs --detailed-exitcode
    No changes. All 3 declared syncs are as they should be.
    --- exit 0
    ");
    server.requests();
    assert_snapshot!(tree.secsync("apply syncs --auto-approve").on(&server).run().exits_with(0), @"
    $ secsync apply syncs --auto-approve
    No changes. All 3 declared syncs are as they should be.
    --- exit 0
    ");
    let writes: Vec<String> = server
        .requests()
        .into_iter()
        .filter(|request| !request.starts_with("GET ") && !request.contains("/login"))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert_eq!(server.starts(), 1);
}

#[test]
fn the_main_job_with_a_sandbox_of_its_own_process_in_either_era() {
    for era in ["", " --era today", " --era 2025"] {
        the_main_job_with(&format!("sandbox syncs --listen 127.0.0.1:0{era}"));
    }
}

fn the_main_job_with(sandbox: &str) {
    use std::io::{BufRead as _, BufReader};
    let tree = tree();
    let mut sandbox = tree.secsync(sandbox).spawn();
    let mut greeting = BufReader::new(sandbox.stdout.take().unwrap());
    let mut variables = Vec::new();
    let mut line = String::new();
    while greeting.read_line(&mut line).unwrap() > 0 && !line.contains("Ctrl-C") {
        if let Some((name, value)) = line
            .trim()
            .strip_prefix("export ")
            .and_then(|line| line.split_once('='))
        {
            variables.push((name.to_owned(), value.to_owned()));
        }
        line.clear();
    }
    assert_eq!(variables.len(), 5, "{variables:?}");
    let run = |arguments: &str| {
        let invocation = tree.secsync(arguments);
        variables
            .iter()
            .fold(invocation, |run, (name, value)| run.variable(name, value))
            .run()
    };
    run("state init").exits_with(0);
    run("plan syncs --detailed-exitcode").exits_with(2);
    run("apply syncs --auto-approve --wait").exits_with(0);
    run("plan syncs --detailed-exitcode").exits_with(0);
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

#[test]
fn the_workspace_file_says_what_is_loaded() {
    let tree = tree();
    tree.write(".git/HEAD", "ref: refs/heads/main\n");
    tree.write("secsync.yaml", "include: [\"syncs/pay*.yaml\"]\n");
    assert_snapshot!(tree.secsync("validate -v").inside("syncs").run().exits_with(0), @"
    $ secsync validate -v
    Success! 2 syncs in 1 file can be planned.
      shared (payments.yaml:10:3)
      api (payments.yaml:14:3)
    --- exit 0
    ");
}

#[test]
fn without_a_workspace_file_the_directory_syncs_of_the_git_root_is_loaded() {
    let tree = tree();
    tree.write(".git/HEAD", "ref: refs/heads/main\n");
    tree.write("docs/guide.md", "");
    assert_snapshot!(tree.secsync("validate -v").inside("docs").run().exits_with(0), @"
    $ secsync validate -v
    Success! 3 syncs in 2 files can be planned.
      shared (../syncs/payments.yaml:10:3)
      api (../syncs/payments.yaml:14:3)
      web-to-vercel (../syncs/web.yaml:4:3)
    --- exit 0
    ");
}

#[test]
fn with_nothing_to_load_it_says_what_to_name() {
    let tree = Tree::new(&[("docs/guide.md", "")]);
    assert_snapshot!(tree.secsync("plan").run().exits_with(64), @"
    $ secsync plan
    --- stderr
    Error: No file was named, and neither a secsync.yaml nor a `syncs` directory was found. The search ends at the Git root, outside Git in this directory.
      Name files, directories or globs, or write `include:` in secsync.yaml.
    --- exit 64
    ");
}

#[test]
fn a_sandbox_run_ignores_real_credentials_and_hosts() {
    let tree = tree();
    let run = tree
        .secsync("plan syncs --sandbox")
        .variable("INFISICAL_HOST", "https://secrets.corp.example")
        .variable("INFISICAL_TOKEN", "real-infisical-token")
        .variable("ENKRYPTIFY_TOKEN", "ek_live_real");
    run.run().exits_with(0);
}

#[test]
fn the_order_of_files_and_keys_changes_nothing() {
    let tree = tree();
    let plan = |arguments: &str| {
        let output = tree.secsync(arguments).run().exits_with(0);
        output.stdout
    };
    let one = plan("plan syncs/payments.yaml syncs/web.yaml --sandbox");
    let other = plan("plan syncs/web.yaml syncs/payments.yaml --sandbox");
    assert_eq!(one, other);
}
