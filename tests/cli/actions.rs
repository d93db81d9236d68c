//! Each kind of action as a plan shows it, and what holds it back.

use insta::assert_snapshot;

use super::harness::{Output, Server, Tree, payments, world};

/// A server on which syncs were applied, and the tree that they were applied from.
struct Applied {
    tree: Tree,
    server: Server,
}

impl Applied {
    fn new(syncs: &[(&str, &str)]) -> Self {
        let applied = Self {
            tree: Tree::new(&[]),
            server: Server::new(&world()),
        };
        applied.declare(syncs);
        applied.run("apply syncs --auto-approve").exits_with(0);
        applied
    }

    fn declare(&self, syncs: &[(&str, &str)]) {
        self.tree.write("syncs/payments.yaml", payments(syncs));
    }

    fn run(&self, arguments: &str) -> Output {
        self.tree.secsync(arguments).on(&self.server).run()
    }

    /// Applies what is declared, and proves that nothing is left to do.
    fn settle(&self) {
        self.run("apply syncs --auto-approve").exits_with(0);
        self.run("plan syncs --detailed-exitcode").exits_with(0);
    }
}

#[test]
fn an_update_shows_each_field_as_it_was_and_as_it_will_be() {
    let applied = Applied::new(&[(
        "api",
        "description: The API\nsecretPath: /api\nsyncOptions: { keySchema: \"OLD_{{secretKey}}\" }",
    )]);
    applied.declare(&[(
        "api",
        "secretPath: /\nisAutoSyncEnabled: false\ndestinationConfig: { scope: environment, org: acme, app: payments, env: live }",
    )]);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(2), @r#"
    $ secsync plan syncs --detailed-exitcode
    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          - description:             "The API"
          ~ destinationConfig.scope: "application" -> "environment"
          + destinationConfig.env:   "live"
          ~ isAutoSyncEnabled:       true -> false
          ~ secretPath:              "/api" -> "/"
          - syncOptions.keySchema:   "OLD_{{secretKey}}"
          Note: What was pushed to the old place stays there.
          Note: The secrets under their old keys stay at the destination.
          Note: The next sync overwrites secrets at the destination that have the same keys.

    Plan: 0 to add, 1 to change, 0 to destroy.
    --- exit 2
    "#);
    assert_snapshot!(applied.run("apply syncs --auto-approve").exits_with(0), @r#"
    $ secsync apply syncs --auto-approve
    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          - description:             "The API"
          ~ destinationConfig.scope: "application" -> "environment"
          + destinationConfig.env:   "live"
          ~ isAutoSyncEnabled:       true -> false
          ~ secretPath:              "/api" -> "/"
          - syncOptions.keySchema:   "OLD_{{secretKey}}"
          Note: What was pushed to the old place stays there.
          Note: The secrets under their old keys stay at the destination.
          Note: The next sync overwrites secrets at the destination that have the same keys.

    Plan: 0 to add, 1 to change, 0 to destroy.
    infisical/payments/api: Updating...
    infisical/payments/api: Updated [id=[UUID]]

    Apply complete! Resources: 0 added, 1 changed, 0 destroyed.
    --- exit 0
    "#);
    applied.run("plan syncs --detailed-exitcode").exits_with(0);
}

#[test]
fn another_destination_is_a_replacement() {
    let applied = Applied::new(&[("api", "")]);
    applied.declare(&[(
        "api",
        "destination: checkly\nconnection: checkly-main\ndestinationConfig: { scope: null, org: null, app: null, accountId: \"7\" }",
    )]);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(2), @r#"
    $ secsync plan syncs --detailed-exitcode
    secsync will perform the following actions:

      # infisical/payments/api must be replaced, because its destination changes from humanitec to checkly  (syncs/payments.yaml:11)
    -/+ checkly sync
          ~ destination:                       "humanitec" -> "checkly"
          + connection:                        "checkly-main"
          + destinationConfig.accountId:       "7"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: Its secrets stay at the destination.
          Note: The first sync overwrites secrets at the destination that have the same keys.
          The old sync, which is deleted first, is:
            api:
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

    Plan: 1 to add, 0 to change, 1 to destroy.
    --- exit 2
    "#);
    assert_snapshot!(applied.run("apply syncs --auto-approve").exits_with(0), @r#"
    $ secsync apply syncs --auto-approve
    secsync will perform the following actions:

      # infisical/payments/api must be replaced, because its destination changes from humanitec to checkly  (syncs/payments.yaml:11)
    -/+ checkly sync
          ~ destination:                       "humanitec" -> "checkly"
          + connection:                        "checkly-main"
          + destinationConfig.accountId:       "7"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: Its secrets stay at the destination.
          Note: The first sync overwrites secrets at the destination that have the same keys.
          The old sync, which is deleted first, is:
            api:
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

    Plan: 1 to add, 0 to change, 1 to destroy.
    infisical/payments/api: Replacing...
    infisical/payments/api: Deleting the old sync, which is:
        api:
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
    infisical/payments/api: Replaced [id=[UUID]]

    1 job left running; --wait follows them.

    Apply complete! Resources: 1 added, 0 changed, 1 destroyed.
    --- exit 0
    "#);
    applied.run("plan syncs --detailed-exitcode").exits_with(0);
}

#[test]
fn a_rename_keeps_the_sync() {
    let applied = Applied::new(&[("api", "")]);
    applied.declare(&[("backend", "renamedFrom: api\ndescription: The backend")]);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(2), @r#"
    $ secsync plan syncs --detailed-exitcode
    secsync will perform the following actions:

      # infisical/payments/backend will be renamed from api and updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ name:        "api" -> "backend"
          + description: "The backend"

    Plan: 0 to add, 1 to change, 0 to destroy.
    --- exit 2
    "#);
    applied.settle();
}

#[test]
fn a_remote_sync_stays_with_the_entry_of_its_name_whatever_is_renamed_from_it() {
    let applied = Applied::new(&[("api", "")]);
    applied.declare(&[("backend", "renamedFrom: api"), ("api", "secretPath: /api")]);
    assert_snapshot!(applied.run("apply syncs --auto-approve --parallelism 1").exits_with(0), @r#"
    $ secsync apply syncs --auto-approve --parallelism 1
    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:13)
      ~ humanitec sync
          ~ secretPath: "/" -> "/api"
          Note: The next sync overwrites secrets at the destination that have the same keys.

      # infisical/payments/backend will be created  (syncs/payments.yaml:11)
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
          Note: Its `renamedFrom` is stale: the sync of that name stays with the entry that declares it. Remove the line.

    Plan: 1 to add, 1 to change, 0 to destroy.
    infisical/payments/api: Updating...
    infisical/payments/api: Updated [id=[UUID]]
    infisical/payments/backend: Creating...
    infisical/payments/backend: Created [id=[UUID]]

    2 jobs left running; --wait follows them.

    Apply complete! Resources: 1 added, 1 changed, 0 destroyed.
    --- exit 0
    "#);
    applied.run("plan syncs --detailed-exitcode").exits_with(0);
}

#[test]
fn a_protected_sync_is_neither_replaced_nor_deleted() {
    let applied = Applied::new(&[("api", ""), ("web", "")]);
    applied.declare(&[
        (
            "api",
            "protect: true\ndestination: checkly\nconnection: checkly-main\ndestinationConfig: { scope: null, org: null, app: null, accountId: \"7\" }",
        ),
        ("web", "protect: true\nensure: absent"),
    ]);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(2), @r#"
    $ secsync plan syncs --detailed-exitcode
    secsync cannot perform any of the following actions:

      # infisical/payments/api cannot be replaced  (syncs/payments.yaml:11)
      x checkly sync
          ~ destination: "humanitec" -> "checkly"
          Blocked: It is protected.
          Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

      # infisical/payments/web cannot be deleted  (syncs/payments.yaml:16)
      x humanitec sync
          Blocked: It is protected.
          Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

    Plan: 0 to add, 0 to change, 0 to destroy, 2 blocked.
    --- exit 2
    "#);
}

#[test]
fn an_apply_that_leaves_something_blocked_is_incomplete_and_exits_with_5() {
    let applied = Applied::new(&[("api", ""), ("web", "")]);
    applied.declare(&[("api", ""), ("web", "protect: true\nensure: absent")]);
    assert_snapshot!(applied.run("apply syncs --auto-approve").exits_with(5), @"
    $ secsync apply syncs --auto-approve
    secsync cannot perform any of the following actions:

      # infisical/payments/web cannot be deleted  (syncs/payments.yaml:12)
      x humanitec sync
          Blocked: It is protected.
          Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 blocked.
    Blocked actions were not carried out: the plan says why, and what to do.
    --- exit 5
    ");
    applied.declare(&[
        ("api", "description: The API"),
        ("web", "protect: true\nensure: absent"),
    ]);
    let apply = applied
        .run("apply syncs --auto-approve --detailed-exitcode")
        .exits_with(5);
    let end = "Apply incomplete! Resources: 0 added, 1 changed, 0 destroyed, 1 blocked.";
    assert!(apply.stdout.contains(end), "{apply}");
}

#[test]
fn the_workspace_can_protect_by_name() {
    let applied = Applied::new(&[("prod-api", "")]);
    applied.tree.write(
        "secsync.yaml",
        "include: [\"syncs/*.yaml\"]\nprotect: [\"prod-*\"]\n",
    );
    applied.declare(&[("prod-api", "ensure: absent")]);
    assert_snapshot!(applied.run("plan --detailed-exitcode").exits_with(2), @"
    $ secsync plan --detailed-exitcode
    secsync cannot perform any of the following actions:

      # infisical/payments/prod-api cannot be deleted  (syncs/payments.yaml:11)
      x humanitec sync
          Blocked: It is protected.
          Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.
    --- exit 2
    ");
}

#[test]
fn a_protected_sync_can_be_updated() {
    let applied = Applied::new(&[("api", "protect: true")]);
    applied.declare(&[("api", "protect: true\ndescription: The API")]);
    applied.settle();
}

#[test]
fn a_trigger_is_pending_until_what_changed_was_pushed() {
    let applied = Applied::new(&[("api", "isAutoSyncEnabled: false\ntrigger: on-change")]);
    applied
        .run("apply syncs --auto-approve --wait")
        .exits_with(0);
    applied.declare(&[(
        "api",
        "isAutoSyncEnabled: false\ntrigger: on-change\ndescription: New",
    )]);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(2), @r#"
    $ secsync plan syncs --detailed-exitcode
    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          + description: "New"

      # infisical/payments/api will be triggered  (syncs/payments.yaml:11)
      ! humanitec sync

    Plan: 0 to add, 1 to change, 0 to destroy, 1 to trigger.
    --- exit 2
    "#);
    assert_snapshot!(applied.run("apply syncs --auto-approve --wait").exits_with(0), @r#"
    $ secsync apply syncs --auto-approve --wait
    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          + description: "New"

      # infisical/payments/api will be triggered  (syncs/payments.yaml:11)
      ! humanitec sync

    Plan: 0 to add, 1 to change, 0 to destroy, 1 to trigger.
    infisical/payments/api: Updating...
    infisical/payments/api: Updated [id=[UUID]]
    infisical/payments/api: Triggering...
    infisical/payments/api: Triggered [id=[UUID]]
    Waiting for 1 job...

    infisical/payments/api: The sync job succeeded.

    Apply complete! Resources: 0 added, 1 changed, 0 destroyed, 1 triggered.
    --- exit 0
    "#);
}

#[test]
fn reports_what_a_create_without_auto_sync_leaves_unpushed() {
    let applied = Applied::new(&[]);
    applied.declare(&[("api", "isAutoSyncEnabled: false")]);
    assert_snapshot!(applied.run("plan syncs").exits_with(0), @r#"
    $ secsync plan syncs
    secsync will perform the following actions:

      # infisical/payments/api will be created  (syncs/payments.yaml:11)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + isAutoSyncEnabled:                 false
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: Auto-sync is off and nothing triggers a job: no secret is pushed until someone starts one.

    Plan: 1 to add, 0 to change, 0 to destroy.
    --- exit 0
    "#);
}

#[test]
fn reports_a_failing_sync_that_is_as_declared() {
    let failing =
        r#"sync:api=fail:{"error":"RES-404","message":"application acme/payments not found"}"#;
    let applied = Applied {
        tree: Tree::new(&[]),
        server: Server::failing(&world(), &[failing]),
    };
    applied.declare(&[("api", ""), ("web", "")]);
    // A job that gives up ends the waiting.
    let apply = applied.run("apply syncs --auto-approve --wait");
    apply.exits_with(7);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(0), @"
    $ secsync plan syncs --detailed-exitcode
    No changes. All 2 declared syncs are as they should be.

    Note: 1 sync is as declared, but its last job failed:
      infisical/payments/api: application acme/payments not found (RES-404)
    --- exit 0
    ");
}

#[test]
fn a_removed_block_deletes_nothing_and_is_counted() {
    let applied = Applied::new(&[("api", ""), ("web", "")]);
    applied.declare(&[("api", "")]);
    assert_snapshot!(applied.run("plan syncs --detailed-exitcode").exits_with(0), @"
    $ secsync plan syncs --detailed-exitcode
    No changes. The one declared sync is as it should be.

    1 sync in these projects is not declared (-v lists them).
    --- exit 0
    ");
    assert_snapshot!(applied.run("plan syncs -v").exits_with(0), @"
    $ secsync plan syncs -v
    No changes. The one declared sync is as it should be.

    1 sync in these projects is not declared:
      infisical/payments/web (humanitec)
    This prints a sync file for it; --out or --dir writes it:
      secsync export --project payments --target web
    --- exit 0
    ");
}

#[test]
fn another_project_is_a_create_there_and_the_old_sync_is_unmanaged() {
    let applied = Applied::new(&[("api", ""), ("web", "")]);
    applied.declare(&[("api", "project: shop"), ("web", "")]);
    assert_snapshot!(applied.run("plan syncs -v").exits_with(0), @r#"
    $ secsync plan syncs -v
    secsync will perform the following actions:

      # infisical/shop/api will be created  (syncs/payments.yaml:11)
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
          The values come from:
            provider:                          "infisical"              syncs/payments.yaml:1 (inherited)
            project:                           "shop"                   syncs/payments.yaml:12
            destination:                       "humanitec"              syncs/payments.yaml:4 (inherited)
            connection:                        "humanitec-main"         syncs/payments.yaml:5 (inherited)
            destinationConfig.app:             "payments"               syncs/payments.yaml:9 (inherited)
            destinationConfig.org:             "acme"                   syncs/payments.yaml:9 (inherited)
            destinationConfig.scope:           "application"            syncs/payments.yaml:9 (inherited)
            environment:                       "prod"                   syncs/payments.yaml:6 (inherited)
            secretPath:                        "/"                      syncs/payments.yaml:7 (inherited)
            syncOptions.disableSecretDeletion: true                     syncs/payments.yaml:8 (inherited)
            syncOptions.initialSyncBehavior:   "overwrite-destination"  syncs/payments.yaml:8 (inherited)

    Plan: 1 to add, 0 to change, 0 to destroy.

    1 sync in these projects is not declared:
      infisical/payments/api (humanitec)
    This prints a sync file for it; --out or --dir writes it:
      secsync export --project payments --target api
    --- exit 0
    "#);
}

#[test]
fn a_project_that_does_not_exist() {
    let applied = Applied::new(&[]);
    applied.declare(&[("api", "project: shpo")]);
    assert_snapshot!(applied.run("plan syncs").exits_with(3), @"
    $ secsync plan syncs
    --- stderr
    unknown-project

      × The project `shpo` does not exist at infisical, or this identity is not a member of it.
        ╭─[syncs/payments.yaml:12:14]
     11 │   api:
     12 │     project: shpo
        ·              ────
        ╰────
      help: Did you mean `shop`?

    Found 1 error.
    Run `secsync explain unknown-project` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn only_what_is_selected_is_planned() {
    let applied = Applied::new(&[]);
    applied.declare(&[
        ("api", "labels: { team: core }"),
        ("web", "labels: { team: front }\nenvironment: dev"),
    ]);
    for (arguments, expected) in [
        ("plan syncs -l team=core", "payments/api"),
        ("plan syncs -l environment=d*", "payments/web"),
        ("plan syncs --target w*", "payments/web"),
        ("plan syncs -l team=*,environment=prod", "payments/api"),
    ] {
        let output = applied.run(arguments).exits_with(0);
        assert!(
            output.stdout.contains("Plan: 1 to add") && output.stdout.contains(expected),
            "{output}"
        );
    }
    assert_snapshot!(applied.run("plan syncs --target ghost").exits_with(64), @"
    $ secsync plan syncs --target ghost
    --- stderr
    Error: `--target ghost` matches no declared sync.
      `secsync validate -v` lists the syncs.
    --- exit 64
    ");
    assert_snapshot!(applied.run("plan syncs -l team").exits_with(64), @"
    $ secsync plan syncs -l team
    --- stderr
    Error: The selector `team` is not of the form KEY=GLOB, KEY!=GLOB, KEY in (GLOB,…) or KEY notin (GLOB,…).
    --- exit 64
    ");
}
