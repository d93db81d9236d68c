//! `secsync drift`: what changed remotely, in those words.

use serde_json::json;

use super::support::{FILE, applied_on, world};
use crate::harness::{Server, Tree};

/// A tree and a server on which the files of the tree were applied.
fn applied() -> (Tree, Server) {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    (tree, server)
}

#[test]
fn reports_no_drift_without_a_change() {
    let (tree, server) = applied();
    let drift = tree.secsync("drift").on(&server).run().exits_with(0);
    assert_eq!(
        drift.stdout,
        "No drift: all 2 declared syncs are as declared.\n"
    );
}

#[test]
fn reports_changed_missing_and_undeclared_syncs_as_drift() {
    let (tree, server) = applied();
    // Somebody else's files change the same server.
    let other = Tree::new(&[(
        "syncs/payments.yaml",
        &FILE
            .replace("description: The API", "description: By hand")
            .replace(
                "app: api",
                "scope: environment, org: acme, app: api, env: x",
            )
            .replace(
                "  web:\n    secretPath",
                "  web: {ensure: absent}\n  extra:\n    secretPath",
            ),
    )]);
    let apply = other.secsync("apply --auto-approve").on(&server).run();
    apply.exits_with(0);

    let drift = tree.secsync("drift").on(&server).run().exits_with(2);
    insta::assert_snapshot!(drift.stdout, @r#"
    infisical/payments/api (humanitec)  (syncs/payments.yaml:13)
      ~ differs from what is declared: description "The API" -> "By hand"
      ~ differs from what is declared: destinationConfig.scope "application" -> "environment"
      ~ differs from what is declared: destinationConfig.env (not set) -> "x"
    infisical/payments/web (humanitec)  (syncs/payments.yaml:10)
      - is missing remotely

      + infisical/payments/extra (humanitec) exists, but is not declared

    Drift: 2 syncs are not as declared, 0 as declared.
    `secsync apply` makes them as declared. To keep what is remote, write it into the files.
    "#);
    let json = tree
        .secsync("drift -o json")
        .on(&server)
        .run()
        .exits_with(2)
        .json();
    assert_eq!(json["kind"], "drift");
    assert_eq!(
        json["summary"],
        json!({"drifted": 2, "unchanged": 0, "undeclared": 1})
    );
    assert_eq!(json["drift"][0]["drift"], "changed");
    assert_eq!(
        json["drift"][0]["changes"][0],
        json!({"path": "description", "declared": "The API", "remote": "By hand"})
    );
    assert_eq!(json["drift"][1]["drift"], "missing");
    assert_eq!(json["undeclared"][0]["name"], "extra");
    assert_eq!(json["exitCode"], 2);
}

#[test]
fn what_exists_undeclared_is_drift_only_with_prune() {
    let (tree, server) = applied();
    tree.write("syncs/payments.yaml", FILE.split("  api:").next().unwrap());
    let drift = tree.secsync("drift").on(&server).run().exits_with(0);
    assert!(
        drift
            .stdout
            .contains("infisical/payments/api (humanitec) exists, but is not declared")
    );
    let drift = tree
        .secsync("drift --prune")
        .on(&server)
        .run()
        .exits_with(2);
    assert!(
        drift.stdout.contains("  + exists, but is not declared\n"),
        "{drift}"
    );
}

#[test]
fn drift_reads_as_plan_does_and_writes_nothing() {
    let (tree, server) = applied();
    server.requests();
    tree.secsync("plan").on(&server).run();
    let mut of_plan = server.requests();
    tree.secsync("drift").on(&server).run();
    let mut of_drift = server.requests();
    of_plan.sort();
    of_drift.sort();
    assert_eq!(of_drift, of_plan);
}
