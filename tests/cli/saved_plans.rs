//! `plan --out`, `show` and `apply PLANFILE`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Output, Server, Tree, payments, world};

/// A server, the tree that plans are made in, and one that somebody else applies from.
struct Team {
    tree: Tree,
    other: Tree,
    server: Server,
}

impl Team {
    /// With these syncs applied.
    fn new(syncs: &[(&str, &str)]) -> Self {
        Self::failing(syncs, &[])
    }

    fn failing(syncs: &[(&str, &str)], rules: &[&str]) -> Self {
        let team = Self {
            tree: Tree::new(&[]),
            other: Tree::new(&[]),
            server: Server::failing(&world(), rules),
        };
        if !syncs.is_empty() {
            team.somebody_applies(syncs);
        }
        team
    }

    fn somebody_applies(&self, syncs: &[(&str, &str)]) {
        self.other.write("syncs/payments.yaml", payments(syncs));
        let apply = self.other.secsync("apply syncs --auto-approve");
        apply.on(&self.server).run().exits_with(0);
        self.server.requests();
    }

    /// Plans these syncs into `plan.json`.
    fn saves(&self, syncs: &[(&str, &str)]) -> Output {
        self.tree.write("syncs/payments.yaml", payments(syncs));
        let output = self.run("plan syncs --out plan.json").exits_with(0);
        // What is saved needs no file beside it.
        self.tree.write("syncs/payments.yaml", "gone: wrong");
        self.server.requests();
        output
    }

    fn run(&self, arguments: &str) -> Output {
        self.tree.secsync(arguments).on(&self.server).run()
    }

    /// The requests that changed something, or could have.
    fn writes(&self) -> Vec<String> {
        let mut requests = self.server.requests();
        requests.retain(|request| !request.starts_with("GET ") && !request.contains("/login"));
        requests
    }
}

/// A change, a creation and a deletion.
const WANTED: [(&str, &str); 3] = [
    ("api", "secretPath: /api"),
    ("web", "description: The shop"),
    ("gone", "ensure: absent"),
];

#[test]
fn a_plan_is_saved_and_shown_without_a_network() {
    let team = Team::new(&[("api", ""), ("gone", "")]);
    let planned = team.saves(&WANTED);
    assert_snapshot!(planned, @r#"
    $ secsync plan syncs --out plan.json
    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ secretPath: "/" -> "/api"
          Note: The next sync overwrites secrets at the destination that have the same keys.

      # infisical/payments/gone will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:15)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
            gone:
              destination: humanitec
              projectId: [UUID]
              connection: humanitec-main
              environment: prod
              secretPath: /
              isAutoSyncEnabled: true
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                app: payments
                org: acme

      # infisical/payments/web will be created  (syncs/payments.yaml:13)
      + humanitec sync
          + connection:                        "humanitec-main"
          + description:                       "The shop"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 1 to change, 1 to destroy.

    Saved the plan to plan.json. To apply exactly this plan:
      secsync apply plan.json --expect-digest sha256:[DIGEST]
    --- exit 0
    "#);
    assert_snapshot!(team.tree.secsync("show plan.json").run().exits_with(0), @r#"
    $ secsync show plan.json
    Saved plan plan.json, sha256:[DIGEST]
      server      infisical                              http://127.0.0.1:[PORT]
      project     infisical/payments                     [UUID]
      connection  infisical/humanitec-main to humanitec  [UUID]

    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ secretPath: "/" -> "/api"
          Note: The next sync overwrites secrets at the destination that have the same keys.

      # infisical/payments/gone will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:15)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
            gone:
              destination: humanitec
              projectId: [UUID]
              connection: humanitec-main
              environment: prod
              secretPath: /
              isAutoSyncEnabled: true
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                app: payments
                org: acme

      # infisical/payments/web will be created  (syncs/payments.yaml:13)
      + humanitec sync
          + connection:                        "humanitec-main"
          + description:                       "The shop"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 1 to change, 1 to destroy.
    --- exit 0
    "#);
}

#[test]
fn a_saved_plan_is_applied_without_its_files_and_once() {
    let team = Team::new(&[("api", ""), ("gone", "")]);
    team.saves(&WANTED);
    let applied = team.run("apply plan.json --parallelism 1");
    assert_snapshot!(applied.exits_with(0), @r#"
    $ secsync apply plan.json --parallelism 1
    Saved plan plan.json, sha256:[DIGEST]
      server      infisical                              http://127.0.0.1:[PORT]
      project     infisical/payments                     [UUID]
      connection  infisical/humanitec-main to humanitec  [UUID]

    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ secretPath: "/" -> "/api"
          Note: The next sync overwrites secrets at the destination that have the same keys.

      # infisical/payments/gone will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:15)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
            gone:
              destination: humanitec
              projectId: [UUID]
              connection: humanitec-main
              environment: prod
              secretPath: /
              isAutoSyncEnabled: true
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                app: payments
                org: acme

      # infisical/payments/web will be created  (syncs/payments.yaml:13)
      + humanitec sync
          + connection:                        "humanitec-main"
          + description:                       "The shop"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 1 to change, 1 to destroy.
    infisical/payments/api: Updating...
    infisical/payments/api: Updated [id=[UUID]]
    infisical/payments/gone: Deleting...
    infisical/payments/gone: Deleted [id=[UUID]]
    infisical/payments/web: Creating...
    infisical/payments/web: Created [id=[UUID]]

    2 jobs left running; --wait follows them.

    Apply complete! Resources: 1 added, 1 changed, 1 destroyed.
    --- exit 0
    "#);
    assert_eq!(team.writes().len(), 3);
    assert_snapshot!(team.run("apply plan.json").exits_with(6), @"
    $ secsync apply plan.json
    --- stderr
    Error: The saved plan plan.json was already applied. Nothing was done.
      `secsync plan` shows whether there is anything left to do.
    --- exit 6
    ");
    assert_eq!(team.writes(), Vec::<String>::new());
    team.tree.write("syncs/payments.yaml", payments(&WANTED));
    let next = team.run("plan syncs --detailed-exitcode").exits_with(0);
    assert!(next.stdout.starts_with("No changes."), "{next}");
}

#[test]
fn reads_each_project_once_and_looks_nothing_up() {
    let team = Team::new(&[("api", "")]);
    team.saves(&[
        ("api", "secretPath: /api"),
        ("other", "project: shop"),
        ("web", ""),
    ]);
    team.run("apply plan.json").exits_with(0);
    let mut requests = team.server.requests();
    requests.truncate(3);
    requests.sort();
    let is_list = |request: &String| request.starts_with("GET /api/v1/secret-syncs?projectId=");
    assert!(
        is_list(&requests[0]) && is_list(&requests[1]),
        "{requests:?}"
    );
    assert!(requests[2].ends_with("/login"), "{requests:?}");
}

#[test]
fn names_what_changed_since_the_plan_and_applies_nothing() {
    let team = Team::new(&[("api", ""), ("gone", ""), ("moved", ""), ("web", "")]);
    team.saves(&[
        ("api", "secretPath: /api"),
        ("gone", "description: Here"),
        ("moved", "ensure: absent"),
        ("new", ""),
        ("web", "description: The shop"),
    ]);
    team.somebody_applies(&[
        ("api", "environment: dev\ndescription: Mine"),
        ("gone", "ensure: absent"),
        ("moved-away", "renamedFrom: moved"),
        ("new", "isAutoSyncEnabled: false"),
        ("web", ""),
    ]);
    assert_snapshot!(team.run("apply plan.json").exits_with(6), @r#"
    $ secsync apply plan.json
    --- stderr
    Error: The saved plan plan.json is stale: 4 of its 5 actions no longer fit what is remote. Nothing was applied.
      Make a new one with `secsync plan --out plan.json`, and review that.
    Error: infisical/payments/api: It has changed since the plan was made: `description` is now "Mine" instead of not set; `environment` is now "dev" instead of "prod".
    Error: infisical/payments/gone: It no longer exists.
    Error: infisical/payments/moved: It has changed since the plan was made: `name` is now "moved-away" instead of "moved".
    Error: infisical/payments/new: A sync with its name was created since, but not as planned: `isAutoSyncEnabled` is now false instead of true.
    --- exit 6
    "#);
    assert_eq!(team.writes(), Vec::<String>::new());
    let output = team.run("apply plan.json -o json").exits_with(6);
    assert_eq!(output.json()["exitCode"], 6);
    let errors = output.json()["errors"].as_array().unwrap().len();
    assert_eq!(errors, 5);
}

#[test]
fn counts_what_is_already_as_planned_as_done() {
    let team = Team::new(&[("api", ""), ("gone", "")]);
    team.saves(&[
        ("api", "secretPath: /api"),
        ("gone", "ensure: absent"),
        ("new", ""),
        ("web", ""),
    ]);
    team.somebody_applies(&[
        ("api", "secretPath: /api"),
        ("gone", "ensure: absent"),
        ("web", ""),
    ]);
    let applied = team.run("apply plan.json -o human -o json=out.json");
    assert_snapshot!(applied.exits_with(0), @r#"
    $ secsync apply plan.json -o human -o json=out.json
    Saved plan plan.json, sha256:[DIGEST]
      server      infisical                              http://127.0.0.1:[PORT]
      project     infisical/payments                     [UUID]
      connection  infisical/humanitec-main to humanitec  [UUID]

    secsync will perform the following actions:

      # infisical/payments/new will be created  (syncs/payments.yaml:15)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 0 to change, 0 to destroy.

    Already done, and left out here:
      infisical/payments/api
      infisical/payments/gone
      infisical/payments/web
    infisical/payments/new: Creating...
    infisical/payments/new: Created [id=[UUID]]

    1 job left running; --wait follows them.

    Apply complete! Resources: 1 added, 0 changed, 0 destroyed.
    --- exit 0
    "#);
    let document: Value = serde_json::from_str(&team.tree.read("out.json")).unwrap();
    let names = |key: &str| -> Vec<Value> {
        let entries = document[key].as_array().unwrap().iter();
        entries.map(|entry| entry["name"].clone()).collect()
    };
    assert_eq!(names("alreadyDone"), ["api", "gone", "web"]);
    assert_eq!(names("actions"), ["new"]);
    assert_eq!(document["results"].as_array().unwrap().len(), 1);
}

#[test]
fn continues_an_apply_that_failed_in_part() {
    let team = Team::failing(&[], &["create:web=400@1"]);
    team.saves(&[("api", ""), ("web", "")]);
    let failed = team.run("apply plan.json").exits_with(5);
    assert!(
        failed
            .stdout
            .contains("Run `secsync apply plan.json` again"),
        "{failed}"
    );
    let again = team.run("apply plan.json").exits_with(0);
    assert!(again.stdout.contains("Resources: 1 added"), "{again}");
    team.run("apply plan.json").exits_with(6);
}

#[test]
fn keeps_a_plan_fresh_while_a_job_runs() {
    let team = Team::new(&[("api", "")]);
    team.saves(&[("api", "secretPath: /api")]);
    team.other
        .secsync("sync api --file syncs --auto-approve")
        .on(&team.server)
        .run()
        .exits_with(0);
    team.run("apply plan.json").exits_with(0);
}

#[test]
fn a_chain_of_renames_and_a_replacement_are_carried_out_from_the_file() {
    let team = Team::new(&[("a", ""), ("b", ""), ("c", "")]);
    let checkly = "destination: checkly\nconnection: checkly-main\nsyncOptions: { keySchema: null }\ndestinationConfig: { app: null, org: null, scope: null, accountId: '1', accountName: acme }";
    let wanted = [
        ("b", "renamedFrom: a"),
        ("bb", "renamedFrom: b"),
        ("cc", &format!("renamedFrom: c\n{checkly}")),
    ];
    let planned = team.saves(&wanted);
    assert_snapshot!(planned, @r#"
    $ secsync plan syncs --out plan.json
    secsync will perform the following actions:

      # infisical/payments/b will be renamed from a and updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ name: "a" -> "b"

      # infisical/payments/bb will be renamed from b and updated in place  (syncs/payments.yaml:13)
      ~ humanitec sync
          ~ name: "b" -> "bb"

      # infisical/payments/cc must be replaced, because its destination changes from humanitec to checkly  (syncs/payments.yaml:15)
    -/+ checkly sync
          ~ destination:                       "humanitec" -> "checkly"
          ~ name:                              "c" -> "cc"
          + connection:                        "checkly-main"
          + destinationConfig.accountId:       "1"
          + destinationConfig.accountName:     "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: Its secrets stay at the destination.
          Note: The first sync overwrites secrets at the destination that have the same keys.
          The old sync, which is deleted first, is:
            c:
              destination: humanitec
              projectId: [UUID]
              connection: humanitec-main
              environment: prod
              secretPath: /
              isAutoSyncEnabled: true
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                app: payments
                org: acme

    Plan: 1 to add, 2 to change, 1 to destroy.

    Saved the plan to plan.json. To apply exactly this plan:
      secsync apply plan.json --expect-digest sha256:[DIGEST]
    --- exit 0
    "#);
    team.run("apply plan.json").exits_with(0);
    team.run("apply plan.json").exits_with(6);
}

#[test]
fn a_pruned_sync_is_deleted_from_the_file_as_often_as_is_allowed() {
    let team = Team::new(&[("api", ""), ("gone", ""), ("old", "")]);
    team.tree.write("secsync.yaml", "include: [syncs]");
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    team.run("plan --prune --out plan.json").exits_with(0);
    team.server.requests();
    let refused = team.run("apply plan.json --max-deletes 1").exits_with(1);
    assert_snapshot!(refused, @"
    $ secsync apply plan.json --max-deletes 1
    --- stderr
    Error: The plan deletes or replaces 2 syncs, and --max-deletes allows 1. Nothing was applied.
      If you want all of them, run it with --max-deletes 2.
    --- exit 1
    ");
    assert_eq!(team.server.requests(), Vec::<String>::new());
    team.run("apply plan.json").exits_with(0);
    assert_eq!(team.writes().len(), 2);
}

#[test]
fn does_not_delete_what_was_protected_after_the_plan() {
    let team = Team::new(&[("api", ""), ("gone", ""), ("old", "")]);
    team.tree.write("secsync.yaml", "include: [syncs]");
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    team.run("plan --prune --out plan.json").exits_with(0);
    team.server.requests();
    team.tree
        .write("secsync.yaml", "include: [syncs]\nprotect: [\"o*\"]");
    assert_snapshot!(team.run("apply plan.json").exits_with(6), @"
    $ secsync apply plan.json
    --- stderr
    Error: The saved plan plan.json is stale: 1 of its 2 actions no longer fits what is remote. Nothing was applied.
      Make a new one with `secsync plan --out plan.json`, and review that.
    Error: infisical/payments/old: It is named by `protect` in secsync.yaml.
    --- exit 6
    ");
    team.tree
        .write("secsync.yaml", "include: [syncs]\nprotct: [\"o*\"]");
    let unsure = team.run("apply plan.json").exits_with(3);
    assert!(unsure.stderr.contains("`protct`"), "{unsure}");
    assert_eq!(team.server.requests(), Vec::<String>::new());
}

#[test]
fn blocked_actions_are_listed_and_an_empty_plan_is_done() {
    let team = Team::new(&[("api", ""), ("keep", "")]);
    team.saves(&[("api", ""), ("keep", "ensure: absent\nprotect: true")]);
    assert_snapshot!(team.run("apply plan.json").exits_with(5), @"
    $ secsync apply plan.json
    Saved plan plan.json, sha256:[DIGEST]
      server      infisical           http://127.0.0.1:[PORT]
      project     infisical/payments  [UUID]

    secsync cannot perform any of the following actions:

      # infisical/payments/keep cannot be deleted  (syncs/payments.yaml:12)
      x humanitec sync
          Blocked: It is protected.
          Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 blocked.
    Blocked actions were not carried out: the plan says why, and what to do.
    --- exit 5
    ");
    assert_eq!(team.server.requests(), Vec::<String>::new());
    team.saves(&[("api", "")]);
    assert_snapshot!(team.run("apply plan.json").exits_with(0), @"
    $ secsync apply plan.json
    Saved plan plan.json, sha256:[DIGEST]
      server      infisical  http://127.0.0.1:[PORT]

    No changes. The one declared sync is as it should be.

    1 sync in these projects is not declared (-v lists them).
    --- exit 0
    ");
}

#[test]
fn a_trigger_follows_its_sync_and_is_not_repeated() {
    let team = Team::new(&[]);
    team.saves(&[("api", "isAutoSyncEnabled: false\ntrigger: always")]);
    let applied = team.run("apply plan.json --wait").exits_with(0);
    assert!(
        applied
            .stdout
            .contains("1 added, 0 changed, 0 destroyed, 1 triggered"),
        "{applied}"
    );
    team.run("apply plan.json").exits_with(6);
    // A trigger without a change is requested as often as the plan is applied.
    team.saves(&[("api", "isAutoSyncEnabled: false\ntrigger: always")]);
    for _ in 0..2 {
        team.run("apply plan.json --wait").exits_with(0);
    }
}

#[test]
fn keeps_a_refused_trigger_pending() {
    let team = Team::failing(&[], &["trigger=400@1"]);
    team.saves(&[("api", "isAutoSyncEnabled: false\ntrigger: on-change")]);
    team.run("apply plan.json").exits_with(5);
    let again = team.run("apply plan.json").exits_with(0);
    assert!(again.stdout.contains("1 triggered"), "{again}");
}

/// A sync that can only be started.
const STARTED: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web: { destination: vercel }
";

#[test]
fn decides_a_start_by_the_state_at_the_apply() {
    let team = Team::new(&[]);
    team.tree.write("syncs/web.yaml", STARTED);
    team.run("state init").exits_with(0);
    team.run("plan syncs --out plan.json").exits_with(0);

    let elsewhere = Tree::new(&[("plan.json", &team.tree.read("plan.json"))]);
    let refused = elsewhere.secsync("apply plan.json").on(&team.server).run();
    assert_snapshot!(refused.exits_with(6), @"
    $ secsync apply plan.json
    --- stderr
    Error: The saved plan plan.json is stale: its one action no longer fits what is remote. Nothing was applied.
      Make a new one with `secsync plan --out plan.json`, and review that.
    Error: enkryptify/prj_web/web: There is no state here, but the plan was made with one.
    --- exit 6
    ");
    team.run("apply plan.json").exits_with(0);
    team.run("apply plan.json").exits_with(6);
    assert_eq!(team.server.starts(), 1);

    let state = team.tree.read(".secsync/state.json");
    let mut interrupted: Value = serde_json::from_str(&state).unwrap();
    let record = interrupted["starts"][0].as_object_mut().unwrap();
    record.remove("syncConfigId");
    // As people merge one: without a checksum, which only the first version could be.
    interrupted["version"] = 1.into();
    interrupted.as_object_mut().unwrap().remove("checksum");
    team.tree
        .write(".secsync/state.json", interrupted.to_string());
    assert_snapshot!(team.run("apply plan.json").exits_with(6), @"
    $ secsync apply plan.json
    --- stderr
    Error: The saved plan plan.json is stale: its one action no longer fits what is remote. Nothing was applied.
      Make a new one with `secsync plan --out plan.json`, and review that.
    Error: enkryptify/prj_web/web: A start of it was interrupted since, and may have taken effect; record what you find with `secsync state resolve`.
    --- exit 6
    ");
    assert_eq!(team.server.starts(), 1);
}

#[test]
fn rejects_options_that_would_change_a_saved_plan() {
    let team = Team::new(&[]);
    team.saves(&[("api", "")]);
    team.tree.write("values.yaml", "A: b");
    for arguments in [
        "apply plan.json syncs",
        "apply syncs plan.json",
        "apply plan.json plan.json",
        "apply -f plan.json",
        "apply plan.json -f syncs",
        "apply plan.json -l project=payments",
        "apply plan.json --target api",
        "apply plan.json --var A=b",
        "apply plan.json --var-file values.yaml",
        "apply plan.json --prune",
        "apply plan.json --sandbox",
        &format!(
            "apply syncs --expect-digest {} --auto-approve",
            "0".repeat(64)
        ),
    ] {
        let refused = team.run(arguments).exits_with(64);
        let said = &refused.stderr;
        assert!(said.contains("plan"), "{refused}");
        assert!(refused.stdout.is_empty(), "{refused}");
    }
    assert_eq!(team.server.requests(), Vec::<String>::new());
    assert_snapshot!(team.run("apply plan.json --target api"), @"
    $ secsync apply plan.json --target api
    --- stderr
    Error: plan.json is a saved plan and is applied as it is: `--target` cannot change it.
      Give `--target` to `secsync plan --out`.
    --- exit 64
    ");
}

#[test]
fn keeps_a_sandbox_plan_in_the_sandbox() {
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("api", "")]))]);
    let server = Server::new(&world());
    let saved = tree
        .secsync("plan syncs --sandbox --out plan.json")
        .run()
        .exits_with(0);
    assert!(
        saved.stdout.contains("secsync apply --sandbox plan.json"),
        "{saved}"
    );
    let refused = tree.secsync("apply plan.json").on(&server).run();
    assert_snapshot!(refused.exits_with(64), @"
    $ secsync apply plan.json
    --- stderr
    Error: The saved plan plan.json was made in the sandbox, and is only for it.
      Run it with `--sandbox`.
    --- exit 64
    ");
    assert_eq!(server.requests(), Vec::<String>::new());
    tree.secsync("apply plan.json --sandbox")
        .run()
        .exits_with(0);
    let again = tree.secsync("apply plan.json --sandbox").run();
    again.exits_with(6);
}

#[test]
fn applies_only_the_plan_with_the_expected_digest() {
    let team = Team::new(&[]);
    let saved = team.saves(&[("api", "")]);
    let digest = saved
        .stdout
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .unwrap();
    let shown = team.tree.secsync("show plan.json -o json").run().json();
    assert_eq!(shown["plans"][0]["planFile"]["digest"], digest);
    // The same plan has the same digest whenever it is made.
    assert_eq!(team.saves(&[("api", "")]).stdout, saved.stdout);

    let other = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let refused = team.run(&format!("apply plan.json --expect-digest {other}"));
    assert_snapshot!(refused.exits_with(1), @"
    $ secsync apply plan.json --expect-digest sha256:[DIGEST]
    --- stderr
    Error: The saved plan plan.json is not the expected one: its digest is sha256:[DIGEST].
      Look at it with `secsync show`, and apply the one that was reviewed.
    --- exit 1
    ");
    assert_eq!(team.server.requests(), Vec::<String>::new());
    team.run(&format!("apply plan.json --expect-digest {digest}"))
        .exits_with(0);
}

#[test]
fn what_is_not_a_digest_is_wrong_usage() {
    let team = Team::new(&[]);
    team.saves(&[("api", "")]);
    for digest in ["nonsense", "sha256:", "sha256:00", "md5:0000"] {
        let refused = team.run(&format!("apply plan.json --expect-digest {digest}"));
        let refused = refused.exits_with(64);
        assert!(refused.stderr.contains("not a digest"), "{refused}");
    }
}

#[test]
fn a_file_that_is_neither_a_plan_nor_a_sync_file_is_said_to_be_neither() {
    let team = Team::new(&[]);
    team.saves(&[("api", "")]);
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    team.run("plan syncs -o json=document.json").exits_with(0);
    team.tree.write("object.json", "{}\n");
    team.tree.write("empty", "");
    team.tree.write("text.bin", "hello\n");
    team.tree.write("bytes.plan", b"\xff\xfe\x00");
    for file in [
        "document.json",
        "object.json",
        "empty",
        "text.bin",
        "bytes.plan",
    ] {
        let refused = team.run(&format!("apply {file} --auto-approve"));
        let said = format!("Error: {file} is neither a saved plan nor a sync file.");
        assert!(refused.stderr.starts_with(&said), "{refused}");
        refused.exits_with(1);
    }
    assert_snapshot!(team.run("apply document.json --auto-approve"), @"
    $ secsync apply document.json --auto-approve
    --- stderr
    Error: document.json is neither a saved plan nor a sync file.
      Save a plan with `secsync plan --out FILE`; a sync file has `syncs:` at its top.
    --- exit 1
    ");
    // A sync file in JSON is one, mistakes and all.
    team.tree.write(
        "syncs.json",
        "{\"provider\": \"infisical\", \"sncs\": {}}\n",
    );
    team.run("apply syncs.json --auto-approve").exits_with(3);
}

#[test]
fn shows_several_plans_in_one_run_despite_a_bad_one() {
    let team = Team::new(&[]);
    team.saves(&[("web", "")]);
    let plan = team.tree.read("plan.json");
    team.tree.write("second.json", &plan);
    team.tree.write("cut.json", &plan[..30]);
    team.saves(&[("api", "")]);
    let show = |arguments: &str| team.tree.secsync(arguments).run();
    let shown = show("show plan.json second.json").exits_with(0);
    assert!(shown.stdout.contains("Plan: 2 to add"), "{shown}");
    let shown = show("show cut.json plan.json missing.json").exits_with(1);
    assert_eq!(shown.stdout.matches("Plan: 1 to add").count(), 1, "{shown}");
    assert_snapshot!(shown.harmless(&shown.stderr), @"
    Error: The plan file cut.json is not a saved plan, or is damaged: it is not JSON (EOF while parsing a value at line 3 column 0).
      Make a new one with `secsync plan --out`.
    Error: The plan file missing.json cannot be read: it does not exist.
    ");
    let shown = show("show cut.json plan.json second.json -o json").exits_with(1);
    let document = shown.json();
    assert_eq!(document["plans"].as_array().unwrap().len(), 2);
    assert_eq!(document["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn saves_a_plan_whole_or_not_at_all() {
    let team = Team::new(&[]);
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    let refused = team.run("plan syncs --out missing/plan.json -o json");
    let document = refused.exits_with(1).json();
    let message = document["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("missing/plan.json"), "{message}");
    team.run("plan syncs --out plan.json -o json=plan.json")
        .exits_with(64);
    team.run("plan syncs --out plan.json").exits_with(0);
    let saved = team.tree.read("plan.json");
    team.tree.write("syncs/payments.yaml", "provider: [");
    team.run("plan syncs --out plan.json").exits_with(3);
    assert_eq!(team.tree.read("plan.json"), saved);
    assert_eq!(team.tree.files(), ["plan.json", "syncs/payments.yaml"]);
}

#[test]
fn reports_the_plan_file_in_json() {
    let team = Team::new(&[]);
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    let output = team.run("plan syncs --out plan.json -o json").exits_with(0);
    let saved: Value = serde_json::from_str(&team.tree.read("plan.json")).unwrap();
    assert_eq!(
        output.json()["planFile"],
        json!({"file": "plan.json", "digest": saved["digest"]})
    );
}

/// A team with one sync to add, and a link in its tree.
#[cfg(unix)]
fn with_link(target: &str, link: &str) -> Team {
    let team = Team::new(&[]);
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    std::os::unix::fs::symlink(target, team.tree.root().join(link)).unwrap();
    team
}

#[cfg(unix)]
#[test]
fn writes_a_plan_through_a_pipe_and_keeps_the_pipe() {
    use std::os::unix::fs::FileTypeExt as _;
    let team = with_link("pipe", "link");
    let pipe = team.tree.root().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for name in ["pipe", "link"] {
        let reader = std::process::Command::new("cat")
            .arg(&pipe)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let planned = team.run(&format!("plan syncs --out {name} -o json"));
        let is_pipe = std::fs::metadata(&pipe).unwrap().file_type().is_fifo();
        assert!(is_pipe, "{planned}");
        let digest = planned.exits_with(0).json()["planFile"]["digest"].clone();
        let read = reader.wait_with_output().unwrap().stdout;
        let saved: Value = serde_json::from_slice(&read).unwrap();
        assert_eq!(saved["digest"], digest);
    }
}

#[cfg(unix)]
#[test]
fn does_not_advise_to_apply_a_plan_from_a_device() {
    let team = with_link("/dev/null", "nothing");
    let planned = team.run("plan syncs --out /dev/null").exits_with(0);
    let reported = planned.stdout.split("to destroy.\n").nth(1).unwrap();
    assert_snapshot!(planned.harmless(reported), @"

    Wrote the plan to /dev/null. Apply it with --expect-digest sha256:[DIGEST]
    ");
    // A link in the workspace can be a stranger's.
    let refused = team.run("plan syncs --out nothing").exits_with(1);
    assert!(
        refused.stderr.contains("leads out of the workspace"),
        "{refused}"
    );
}

#[cfg(unix)]
#[test]
fn writes_a_plan_to_standard_output_without_replacing_its_file() {
    let team = Team::new(&[]);
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    for name in ["/dev/stdout", "/dev/fd/1"] {
        let file = std::fs::File::create(team.tree.root().join("all.txt")).unwrap();
        let run = team
            .tree
            .secsync(&format!("plan syncs --out {name} -o human=log.txt -o json"))
            .on(&team.server);
        let ended = run.command().stdout(file).status().unwrap();
        assert!(ended.success());
        let text = team.tree.read("all.txt");
        let documents: Vec<Value> = serde_json::Deserializer::from_str(&text)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(documents.len(), 2, "{text}");
        assert_eq!(documents[0]["digest"], documents[1]["planFile"]["digest"]);
    }
}

#[cfg(unix)]
#[test]
fn saves_a_plan_through_a_link_and_keeps_the_link() {
    let team = with_link("plans/today.json", "latest.json");
    let refused = team.run("plan syncs --out latest.json").exits_with(1);
    assert_snapshot!(refused.harmless(&refused.stderr), @"
    Error: The plan cannot be saved to latest.json: it is a link to something that does not exist.
      Make the file that it leads to, or name another one.
    ");
    assert!(team.writes().is_empty() && !team.tree.has("plans/today.json"));
    team.tree.write("plans/today.json", "");
    for _ in 0..2 {
        team.run("plan syncs --out latest.json").exits_with(0);
        let link = std::fs::symlink_metadata(team.tree.root().join("latest.json")).unwrap();
        assert!(link.is_symlink());
        let saved: Value = serde_json::from_str(&team.tree.read("plans/today.json")).unwrap();
        assert_eq!(saved["format"], "secsync-plan");
    }
}

#[test]
fn overwrites_only_plans_with_a_plan() {
    let team = Team::new(&[]);
    let syncs = payments(&[("api", "")]);
    team.tree.write("syncs/payments.yaml", &syncs);
    team.tree.write("other.json", r#"{"format": "other"}"#);
    assert_snapshot!(team.run("plan syncs --out syncs/payments.yaml").exits_with(1), @"
    $ secsync plan syncs --out syncs/payments.yaml
    --- stderr
    Error: The plan cannot be saved to syncs/payments.yaml: the file exists, and is not a saved plan.
      Name another file.
    --- exit 1
    ");
    assert!(team.server.requests().is_empty());
    assert_eq!(team.tree.read("syncs/payments.yaml"), syncs);
    team.run("plan syncs --out other.json").exits_with(1);
    assert_eq!(team.tree.read("other.json"), r#"{"format": "other"}"#);
    // As `mktemp` makes one.
    team.tree.write("empty", "");
    for _ in 0..2 {
        team.run("plan syncs --out empty").exits_with(0);
    }
}

#[test]
fn rejects_one_file_with_two_names_for_a_plan_and_a_result() {
    let team = Team::new(&[]);
    team.tree
        .write("syncs/payments.yaml", payments(&[("api", "")]));
    team.run("plan syncs --out plan.json").exits_with(0);
    let saved = team.tree.read("plan.json");
    let refused = team.run("plan syncs --out plan.json -o json=syncs/../plan.json");
    assert_snapshot!(refused.exits_with(64), @"
    $ secsync plan syncs --out plan.json -o json=syncs/../plan.json
    --- stderr
    Error: Both `--out` and `--output` would write plan.json.
      Give them different files.
    --- exit 64
    ");
    assert_eq!(team.tree.read("plan.json"), saved);
}

#[cfg(unix)]
#[test]
fn does_not_advise_to_save_a_plan_to_standard_input() {
    let team = Team::new(&[("api", "")]);
    team.saves(&[("api", "secretPath: /api")]);
    team.somebody_applies(&[("api", "environment: dev")]);
    let plan = std::fs::File::open(team.tree.root().join("plan.json")).unwrap();
    let run = team.tree.secsync("apply /dev/stdin").on(&team.server);
    let applied = run.command().stdin(plan).output().unwrap();
    let reported = String::from_utf8(applied.stderr).unwrap();
    assert_eq!(applied.status.code(), Some(6), "{reported}");
    assert!(
        reported.contains("\n  Make a new one with `secsync plan --out FILE`, and review that.\n"),
        "{reported}"
    );
}
