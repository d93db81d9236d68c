//! Deleting: on purpose, a few at a time, and with the truth about the secrets.

use insta::assert_snapshot;
use serde_json::json;

use super::harness::{Output, Server, Tree, payments, world};

struct Applied {
    tree: Tree,
    server: Server,
}

impl Applied {
    fn new(names: &[&str]) -> Self {
        Self::failing(names, &[])
    }

    fn failing(names: &[&str], rules: &[&str]) -> Self {
        let applied = Self {
            tree: Tree::new(&[("secsync.yaml", "include: [\"syncs/*.yaml\"]\n")]),
            server: Server::failing(&world(), rules),
        };
        applied.declare(names, "");
        // With their jobs ended: one that runs would keep a removal waiting.
        applied.run("apply --auto-approve --wait").exits_with(0);
        applied.server.requests();
        applied
    }

    fn declare(&self, names: &[&str], lines: &str) {
        let syncs: Vec<_> = names.iter().map(|name| (*name, lines)).collect();
        self.tree.write("syncs/payments.yaml", payments(&syncs));
    }

    fn run(&self, arguments: &str) -> Output {
        self.tree.secsync(arguments).on(&self.server).run()
    }

    fn deletes(&self) -> usize {
        let requests = self.server.requests();
        requests
            .iter()
            .filter(|request| request.starts_with("DELETE"))
            .count()
    }
}

#[test]
fn a_declared_absence_is_a_deletion_that_keeps_the_secrets() {
    let applied = Applied::new(&["api", "web"]);
    applied.declare(&["api"], "ensure: absent");
    assert_snapshot!(applied.run("plan --detailed-exitcode").exits_with(2), @"
    $ secsync plan --detailed-exitcode
    secsync will perform the following actions:

      # infisical/payments/api will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:11)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
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

    Plan: 0 to add, 0 to change, 1 to destroy.

    1 sync in these projects is not declared (-v lists them).
    --- exit 2
    ");
    assert_snapshot!(applied.run("apply --auto-approve").exits_with(0), @"
    $ secsync apply --auto-approve
    secsync will perform the following actions:

      # infisical/payments/api will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:11)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
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

    Plan: 0 to add, 0 to change, 1 to destroy.

    1 sync in these projects is not declared (-v lists them).
    infisical/payments/api: Deleting...
    infisical/payments/api: Deleted [id=[UUID]]

    Apply complete! Resources: 0 added, 0 changed, 1 destroyed.
    --- exit 0
    ");
    assert_snapshot!(applied.run("plan --detailed-exitcode").exits_with(0), @"
    $ secsync plan --detailed-exitcode
    No changes. The one declared sync is as it should be.

    1 sync in these projects is not declared (-v lists them).
    --- exit 0
    ");
}

#[test]
fn an_absence_needs_only_what_identifies_the_sync() {
    let applied = Applied::new(&["api"]);
    applied.tree.write(
        "syncs/payments.yaml",
        "provider: infisical\nproject: payments\nsyncs:\n  api: { destination: humanitec, ensure: absent }\n",
    );
    applied.run("apply --auto-approve").exits_with(0);
    assert_eq!(applied.deletes(), 1);
}

#[test]
fn an_absence_of_another_destination_is_blocked() {
    let applied = Applied::new(&["api"]);
    applied.tree.write(
        "syncs/payments.yaml",
        "provider: infisical\nproject: payments\nsyncs:\n  api: { destination: checkly, ensure: absent }\n",
    );
    assert_snapshot!(applied.run("plan --detailed-exitcode").exits_with(2), @"
    $ secsync plan --detailed-exitcode
    secsync cannot perform any of the following actions:

      # infisical/payments/api cannot be deleted  (syncs/payments.yaml:4)
      x checkly sync
          Blocked: The remote sync of that name goes to humanitec, not to the destination in the file.
          Correct `destination` in the file.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.
    --- exit 2
    ");
}

#[test]
fn secrets_are_removed_by_a_job_that_wait_follows() {
    let applied = Applied::new(&["api"]);
    applied.declare(&["api"], "ensure: absent\nonDelete: remove-secrets");
    assert_snapshot!(applied.run("apply --auto-approve --wait").exits_with(0), @"
    $ secsync apply --auto-approve --wait
    secsync will perform the following actions:

      # infisical/payments/api will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:11)
      - humanitec sync
          Warning: Its secrets are removed from the destination.
          The sync that is deleted is:
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

    Plan: 0 to add, 0 to change, 1 to destroy.
    infisical/payments/api: Deleting...
    infisical/payments/api: Being deleted [id=[UUID]]
    Waiting for 1 job...

    Note: infisical/payments/api: A job removes its secrets first; the sync is deleted when that has ended.
    infisical/payments/api: The removal of secrets succeeded.

    Apply complete! Resources: 0 added, 0 changed, 1 destroyed.
    --- exit 0
    ");
    applied.run("plan --detailed-exitcode").exits_with(0);
}

#[test]
fn without_wait_the_removal_is_left_running() {
    let applied = Applied::new(&["api"]);
    applied.declare(&["api"], "ensure: absent\nonDelete: remove-secrets");
    assert_snapshot!(applied.run("apply --auto-approve").exits_with(0), @"
    $ secsync apply --auto-approve
    secsync will perform the following actions:

      # infisical/payments/api will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:11)
      - humanitec sync
          Warning: Its secrets are removed from the destination.
          The sync that is deleted is:
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

    Plan: 0 to add, 0 to change, 1 to destroy.
    infisical/payments/api: Deleting...
    infisical/payments/api: Being deleted [id=[UUID]]

    Note: infisical/payments/api: A job removes its secrets first; the sync is deleted when that has ended.
    1 job left running; --wait follows them.

    Apply complete! Resources: 0 added, 0 changed, 0 destroyed, 1 being destroyed.
    --- exit 0
    ");
}

#[test]
fn a_removal_that_fails_keeps_the_sync() {
    let applied = Applied::failing(&["api"], &["remove:api=fail:forbidden"]);
    applied.declare(&["api"], "ensure: absent\nonDelete: remove-secrets");
    assert_snapshot!(applied.run("apply --auto-approve --wait").exits_with(7), @"
    $ secsync apply --auto-approve --wait
    secsync will perform the following actions:

      # infisical/payments/api will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:11)
      - humanitec sync
          Warning: Its secrets are removed from the destination.
          The sync that is deleted is:
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

    Plan: 0 to add, 0 to change, 1 to destroy.
    infisical/payments/api: Deleting...
    infisical/payments/api: Being deleted [id=[UUID]]
    Waiting for 1 job...

    Note: infisical/payments/api: A job removes its secrets first; the sync is deleted when that has ended.
    Failed: infisical/payments/api: The removal of secrets failed: forbidden

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 job failed.
    Run `secsync apply` again to continue.
    --- exit 7
    ");
    applied.run("plan --detailed-exitcode").exits_with(2);
}

#[test]
fn applies_nothing_with_more_deletions_than_allowed() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let applied = Applied::new(&names);
    applied.declare(&names, "ensure: absent");
    let refused = applied.run("apply --auto-approve").exits_with(1);
    assert_snapshot!(refused.stderr, @"
    Error: The plan deletes or replaces 6 syncs, and --max-deletes allows 5. Nothing was applied.
      If you want all of them, run it with --max-deletes 6.
    ");
    assert_eq!(applied.deletes(), 0);
    applied
        .run("apply --auto-approve --max-deletes 0")
        .exits_with(1);
    applied
        .run("apply --auto-approve --max-deletes 6")
        .exits_with(0);
    assert_eq!(applied.deletes(), 6);
}

#[test]
fn pruning_deletes_what_is_not_declared_except_what_is_ignored_or_protected() {
    let applied = Applied::new(&["api", "web", "legacy-web", "prod-web"]);
    applied.declare(&["api"], "");
    applied.tree.write(
        "secsync.yaml",
        "include: [\"syncs/*.yaml\"]\nunmanaged: { ignore: [\"legacy-*\"] }\nprotect: [\"prod-*\"]\n",
    );
    assert_snapshot!(applied.run("plan --prune --detailed-exitcode").exits_with(2), @"
    $ secsync plan --prune --detailed-exitcode
    secsync will perform the following actions:

      # infisical/payments/web will be deleted, because no file declares it (--prune)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
            web:
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

    Plan: 0 to add, 0 to change, 1 to destroy.

    2 syncs in these projects are not declared, and --prune leaves them: 1 protected, 1 ignored (-v lists them).
    --- exit 2
    ");
    let verbose = applied.run("plan --prune -v").exits_with(0);
    let listed = verbose.stdout.split("destroy.").nth(1);
    assert_snapshot!(listed.unwrap_or_default(), @"


    2 syncs in these projects are not declared, and --prune leaves them:
      infisical/payments/legacy-web (humanitec): ignored, by `unmanaged.ignore` in secsync.yaml
      infisical/payments/prod-web (humanitec): protected, by `protect` in secsync.yaml
    ");
    let json = applied.run("plan --prune -o json").exits_with(0).json();
    let kept = json["kept"].as_array().unwrap().iter();
    let reasons: Vec<_> = kept
        .map(|kept| format!("{} {}", kept["name"], kept["reason"]))
        .collect();
    assert_eq!(
        reasons,
        [r#""legacy-web" "ignored""#, r#""prod-web" "protected""#]
    );
    applied.run("apply --prune --auto-approve").exits_with(0);
    assert_eq!(applied.deletes(), 1);
}

#[test]
fn pruning_needs_the_whole_workspace() {
    let applied = Applied::new(&["api", "web"]);
    applied.declare(&["api"], "");
    assert_snapshot!(applied.run("plan --prune syncs").exits_with(64), @"
    $ secsync plan --prune syncs
    --- stderr
    Error: `--prune` needs the whole workspace, and only some paths were named.
      Run it without paths.
    --- exit 64
    ");
    assert_snapshot!(applied.run("apply --prune --auto-approve --target api").exits_with(64), @"
    $ secsync apply --prune --auto-approve --target api
    --- stderr
    Error: `--prune` needs the whole workspace, and only some syncs were selected.
      Run it without `--target api`.
    --- exit 64
    ");
    assert_eq!(applied.deletes(), 0);
}

#[test]
fn what_is_gone_already_needs_no_deletion() {
    let applied = Applied::failing(&["api"], &["delete=404"]);
    applied.declare(&["api"], "ensure: absent");
    applied.run("apply --auto-approve").exits_with(0);
}

#[test]
fn the_workspace_limits_what_one_apply_changes_and_flags_replace_its_general_limits() {
    let names = ["a", "b", "c"];
    let applied = Applied::new(&names);
    let limit = |limits: &str| {
        let text = format!("include: [\"syncs/*.yaml\"]\nlimits: {limits}\n");
        applied.tree.write("secsync.yaml", text);
    };
    let apply = |flags: &str, exit: i32| {
        let apply = format!("apply --auto-approve {flags}");
        let output = applied.run(&apply).exits_with(exit);
        assert_eq!(applied.deletes(), 0);
        output.stderr
    };
    applied.declare(&names, "ensure: absent");
    let mut refused = String::new();
    for (limits, flags) in [
        ("{ deletes: 2 }", ""),
        ("{ deletes: 9, changes: 2 }", ""),
        (
            "{ projects: { \"pay*\": { deletes: 0 }, \"*\": { deletes: 9 } } }",
            "--max-deletes 9",
        ),
        // The first pattern that matches holds, and what it does not limit is limited in general.
        ("{ deletes: 1, projects: { \"pay*\": { changes: 9 } } }", ""),
        ("{ deletes: 9 }", "--max-deletes 1"),
        ("{}", "--max-changes 1"),
    ] {
        limit(limits);
        refused.push_str(&apply(flags, 1));
    }
    assert_snapshot!(refused, @"
    Error: The plan deletes or replaces 3 syncs, and `limits.deletes` in secsync.yaml allows 2. Nothing was applied.
      If you want all of them, run it with --max-deletes 3.
    Error: The plan changes 3 syncs, and `limits.changes` in secsync.yaml allows 2. Nothing was applied.
      If you want all of them, run it with --max-changes 3.
    Error: The plan deletes or replaces 3 syncs in the project `infisical/payments`, and `limits.projects` in secsync.yaml allows 0 for `pay*`. Nothing was applied.
      If you want all of them, set `deletes: 3` for `pay*` under `limits.projects` in secsync.yaml.
    Error: The plan deletes or replaces 3 syncs, and `limits.deletes` in secsync.yaml allows 1. Nothing was applied.
      If you want all of them, run it with --max-deletes 3.
    Error: The plan deletes or replaces 3 syncs, and --max-deletes allows 1. Nothing was applied.
      If you want all of them, run it with --max-deletes 3.
    Error: The plan changes 3 syncs, and --max-changes allows 1. Nothing was applied.
      If you want all of them, run it with --max-changes 3.
    ");
    limit("{ projects: { \"pay*\": { deletes: 0 } } }");
    applied.run("plan --out plan.json").exits_with(0);
    let saved = applied.run("apply plan.json").exits_with(1);
    assert!(
        saved.stderr.contains("in the project `infisical/payments`"),
        "{saved}"
    );
    assert_eq!(applied.deletes(), 0);
    limit("{ deletes: 1 }");
    applied
        .run("apply --auto-approve --max-deletes 3")
        .exits_with(0);
}

#[test]
fn a_refusal_counts_the_changes_of_each_project() {
    let file = |project: &str, names: &[&str]| {
        let names: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
        payments(&names).replace("project: payments", &format!("project: {project}"))
    };
    let tree = Tree::new(&[
        ("secsync.yaml", "limits: { changes: 2 }\n"),
        ("syncs/shop.yaml", &file("shop", &["a"])),
        ("syncs/payments.yaml", &file("payments", &["a", "b"])),
    ]);
    let refused = tree
        .secsync("apply --sandbox --auto-approve")
        .run()
        .exits_with(1);
    assert_snapshot!(refused.stderr, @"
    Error: The plan changes 3 syncs, and `limits.changes` in secsync.yaml allows 2. By project: `infisical/payments` 2, `infisical/shop` 1. Nothing was applied.
      If you want all of them, run it with --max-changes 3.
    ");
    tree.secsync("apply --sandbox --auto-approve --max-changes 3")
        .run()
        .exits_with(0);
}

#[test]
fn a_limit_holds_by_whatever_word_a_file_or_a_pattern_means_the_project() {
    const ID: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
    let mut world = world();
    world["projects"][0] = json!({
        "id": ID, "slug": "payments", "name": "Till Team", "environments": [{"slug": "prod"}]
    });
    let server = Server::new(&world);
    let text = |project: &str, name: &str, lines: &str| {
        let text = payments(&[(name, lines)]);
        text.replace("project: payments", &format!("project: {project}"))
    };
    let tree = Tree::new(&[
        ("syncs/a.yaml", &text("payments", "a", "")),
        ("syncs/b.yaml", &text(ID, "b", "")),
    ]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    let limit = |pattern: &str, deletes: usize| {
        let text =
            format!("limits: {{ projects: {{ \"{pattern}\": {{ deletes: {deletes} }} }} }}\n");
        tree.write("secsync.yaml", text);
    };
    for spelled in ["payments", "Till Team", ID] {
        tree.write("syncs/a.yaml", text(spelled, "a", "ensure: absent"));
        for pattern in ["pay*", "Till*", "5f0c*"] {
            limit(pattern, 0);
            let refused = run("apply syncs/a.yaml --auto-approve", 1);
            assert!(
                refused.stderr.contains("`limits.projects`"),
                "{spelled}: {refused}"
            );
        }
        run("plan syncs/a.yaml --out plan.json", 0);
        limit("Till*", 0);
        run("apply plan.json --auto-approve", 1);
    }
    // One project counts once, however many words the files have for it.
    tree.write("syncs/b.yaml", text("payments", "b", "ensure: absent"));
    limit("pay*", 1);
    let refused = run("apply syncs --auto-approve", 1);
    assert!(refused.stderr.contains("replaces 2 syncs"), "{refused}");
    // A selector goes by every word, too.
    run("plan syncs/a.yaml -l project=pay*", 0);
    run("plan syncs/a.yaml -l project!=pay*", 64);
}
