//! Applies of which something goes wrong: the rest is done, and the end says what was what.

use insta::assert_snapshot;

use super::harness::{Output, Server, Tree, payments, world};

struct Workspace {
    tree: Tree,
    server: Server,
}

impl Workspace {
    fn new(syncs: &[(&str, &str)], rules: &[&str]) -> Self {
        Self {
            tree: Tree::new(&[("syncs/payments.yaml", &payments(syncs))]),
            server: Server::failing(&world(), rules),
        }
    }

    fn declare(&self, syncs: &[(&str, &str)]) {
        self.tree.write("syncs/payments.yaml", payments(syncs));
    }

    fn run(&self, arguments: &str) -> Output {
        self.tree.secsync(arguments).on(&self.server).run()
    }

    fn apply(&self) -> Output {
        self.run("apply syncs --auto-approve --parallelism 1")
    }

    fn creates(&self) -> usize {
        let requests = self.server.requests();
        let creates = requests
            .iter()
            .filter(|request| *request == "POST /api/v1/secret-syncs/humanitec");
        creates.count()
    }
}

#[test]
fn a_create_that_fails_keeps_no_other_from_being_done() {
    let workspace = Workspace::new(
        &[("api", ""), ("bot", ""), ("web", "")],
        &["create:bot=400@1"],
    );
    assert_snapshot!(workspace.apply().exits_with(5), @r#"
    $ secsync apply syncs --auto-approve --parallelism 1
    secsync will perform the following actions:

      # infisical/payments/api will be created  (syncs/payments.yaml:11)
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

      # infisical/payments/bot will be created  (syncs/payments.yaml:12)
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

      # infisical/payments/web will be created  (syncs/payments.yaml:13)
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

    Plan: 3 to add, 0 to change, 0 to destroy.
    infisical/payments/api: Creating...
    infisical/payments/api: Created [id=[UUID]]
    infisical/payments/bot: Creating...
    infisical/payments/bot: Failed
    infisical/payments/web: Creating...
    infisical/payments/web: Created [id=[UUID]]

    Failed: infisical/payments/bot: Cannot create the sync "bot": Infisical says: Injected failure.
    2 jobs left running; --wait follows them.

    Apply incomplete! Resources: 2 added, 0 changed, 0 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    --- exit 5
    "#);
    let again = workspace.apply().exits_with(0);
    assert!(again.stdout.contains("1 added"), "{again}");
    workspace
        .run("plan syncs --detailed-exitcode")
        .exits_with(0);
}

#[test]
fn what_depends_on_a_failure_is_not_tried() {
    let workspace = Workspace::new(&[("api", ""), ("old", "")], &["update:api=400"]);
    workspace.apply().exits_with(0);
    workspace.declare(&[("backend", "renamedFrom: api"), ("api", "renamedFrom: old")]);
    assert_snapshot!(workspace.apply().exits_with(5), @r#"
    $ secsync apply syncs --auto-approve --parallelism 1
    secsync will perform the following actions:

      # infisical/payments/api will be renamed from old and updated in place  (syncs/payments.yaml:13)
      ~ humanitec sync
          ~ name: "old" -> "api"

      # infisical/payments/backend will be renamed from api and updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ name: "api" -> "backend"

    Plan: 0 to add, 2 to change, 0 to destroy.
    infisical/payments/backend: Updating...
    infisical/payments/backend: Failed
    infisical/payments/api: Not tried

    Not tried: infisical/payments/api: It depends on the update of `backend`, which did not succeed.
    Failed: infisical/payments/backend: Cannot update the sync "[UUID]": Infisical says: Injected failure.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed, 1 not tried.
    Run `secsync apply` again to continue.
    --- exit 5
    "#);
}

#[test]
fn a_create_whose_answer_is_lost_is_looked_up_and_not_repeated() {
    for rule in ["create=drop@1", "create=lost@1", "create=truncate@1"] {
        let workspace = Workspace::new(&[("api", "")], &[rule]);
        let output = workspace.apply().exits_with(0);
        assert!(output.stdout.contains("1 added"), "{rule}: {output}");
        assert_eq!(workspace.creates(), 1, "{rule}");
    }
}

#[test]
fn a_create_that_was_never_heard_is_sent_again() {
    let workspace = Workspace::new(&[("api", "")], &["create=refuse@1"]);
    workspace.apply().exits_with(0);
    assert_eq!(workspace.creates(), 2);
    workspace
        .run("plan syncs --detailed-exitcode")
        .exits_with(0);
}

#[test]
fn a_source_folder_that_does_not_exist() {
    let workspace = Workspace::new(&[("api", "secretPath: /nowhere")], &[]);
    assert_snapshot!(workspace.apply().exits_with(5), @r#"
    $ secsync apply syncs --auto-approve --parallelism 1
    secsync will perform the following actions:

      # infisical/payments/api will be created  (syncs/payments.yaml:11)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/nowhere"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 0 to change, 0 to destroy.
    infisical/payments/api: Creating...
    infisical/payments/api: Failed

    Failed: infisical/payments/api: Cannot create the sync "api": Infisical says: Could not find folder with path "/nowhere" in environment "prod" for project with ID "[UUID]".

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    --- exit 5
    "#);
}

#[test]
fn a_replacement_whose_folder_is_missing_deletes_nothing() {
    let workspace = Workspace::new(&[("api", "")], &[]);
    workspace.apply().exits_with(0);
    workspace.declare(&[(
        "api",
        "secretPath: /nowhere\ndestination: checkly\nconnection: checkly-main\ndestinationConfig: { scope: null, org: null, app: null, accountId: \"7\" }",
    )]);
    assert_snapshot!(workspace.apply().exits_with(5), @r#"
    $ secsync apply syncs --auto-approve --parallelism 1
    secsync will perform the following actions:

      # infisical/payments/api must be replaced, because its destination changes from humanitec to checkly  (syncs/payments.yaml:11)
    -/+ checkly sync
          ~ destination:                       "humanitec" -> "checkly"
          + connection:                        "checkly-main"
          + destinationConfig.accountId:       "7"
          + environment:                       "prod"
          + secretPath:                        "/nowhere"
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
    infisical/payments/api: Failed

    Failed: infisical/payments/api: The folder `/nowhere` does not exist in the environment `prod`, so the old sync was not deleted.
      Create the folder, or correct the file.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    --- exit 5
    "#);
}

#[test]
fn a_replacement_that_cannot_create_prints_what_was_deleted() {
    let workspace = Workspace::new(&[("old", "secretPath: /api")], &["create:api=400"]);
    workspace.apply().exits_with(0);
    workspace.declare(&[("api", "renamedFrom: old\nsecretPath: /api")]);
    workspace.apply().exits_with(0);
    workspace.declare(&[(
        "api",
        "secretPath: /api\ndestination: checkly\nconnection: checkly-main\ndestinationConfig: { scope: null, org: null, app: null, accountId: \"7\" }",
    )]);
    let output = workspace.apply().exits_with(5);
    let report = output.stdout.split_once("Replacing...\n").unwrap().1;
    assert_snapshot!(output.harmless(report), @r#"
    infisical/payments/api: Deleting the old sync, which is:
        api:
          destination: humanitec
          projectId: [UUID]
          connection: humanitec-main
          environment: prod
          secretPath: /api
          isAutoSyncEnabled: true
          syncOptions:
            initialSyncBehavior: overwrite-destination
            disableSecretDeletion: true
          destinationConfig:
            scope: application
            app: payments
            org: acme
    infisical/payments/api: Failed

    Failed: infisical/payments/api: The old sync was deleted. Cannot create the sync "api": Infisical says: Injected failure.
      The deleted sync was:
        api:
          destination: humanitec
          projectId: [UUID]
          connection: humanitec-main
          environment: prod
          secretPath: /api
          isAutoSyncEnabled: true
          syncOptions:
            initialSyncBehavior: overwrite-destination
            disableSecretDeletion: true
          destinationConfig:
            scope: application
            app: payments
            org: acme

    Apply incomplete! Resources: 0 added, 0 changed, 1 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    "#);
}

#[test]
fn a_rate_limit_is_waited_out() {
    let workspace = Workspace::new(&[("api", "")], &["create=429@1", "list=429@1"]);
    workspace.apply().exits_with(0);
}

#[test]
fn rejects_an_apply_without_a_terminal_or_approval() {
    let workspace = Workspace::new(&[("api", "")], &[]);
    assert_snapshot!(workspace.run("apply syncs").exits_with(64), @"
    $ secsync apply syncs
    --- stderr
    Error: There is no terminal to ask on.
      Review `secsync plan`, then run apply with --auto-approve.
    --- exit 64
    ");
    assert!(workspace.server.requests().is_empty());
}
