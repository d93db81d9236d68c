//! The example of a small company: three teams, two servers and a shop.

use super::harness::{Output, Tree, repository};

const FILES: [&str; 5] = [
    "secsync.yaml",
    "teams/payments/services.yaml",
    "teams/web/site.yaml",
    "teams/web/shop.yaml",
    "teams/data/warehouse.yaml",
];

fn company() -> Tree {
    let tree = Tree::new(&[]);
    for file in FILES {
        tree.write(file, repository(&format!("examples/company/{file}")));
    }
    tree
}

/// The lines that say which syncs a plan is about, and how many.
fn headlines(output: &Output) -> String {
    let lines = output.stdout.lines().map(str::trim_start);
    let lines = lines.filter(|line| line.starts_with("# ") || line.starts_with("Plan:"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_small_company_is_planned_in_the_sandbox() {
    let tree = company();
    let plan = tree.secsync("plan --sandbox").run().exits_with(0);
    insta::assert_snapshot!(headlines(&plan), @r"
    # enkryptify/prj_shop/shop-to-vercel will be started  (teams/web/shop.yaml:5)
    # infisical/payments/api-prod will be created  teams/payments/services.yaml:8 (app=api, env=prod)
    # infisical/payments/api-staging will be created  teams/payments/services.yaml:8 (app=api, env=staging)
    # infisical/payments/checkout-prod will be created  teams/payments/services.yaml:8 (app=checkout, env=prod)
    # infisical/payments/checkout-staging will be created  teams/payments/services.yaml:8 (app=checkout, env=staging)
    # infisical/payments/ledger-prod will be created  teams/payments/services.yaml:8 (app=ledger, env=prod)
    # infisical/payments/worker-prod will be created  teams/payments/services.yaml:8 (app=worker, env=prod)
    # infisical/payments/worker-staging will be created  teams/payments/services.yaml:8 (app=worker, env=staging)
    # infisical/web/site-preview will be created  (teams/web/site.yaml:7)
    # infisical/web/site-prod will be created  (teams/web/site.yaml:13)
    # infisical/web/site-workflows will be created  (teams/web/site.yaml:19)
    # onprem/data/warehouse-prod will be created  (teams/data/warehouse.yaml:8)
    Plan: 11 to add, 0 to change, 0 to destroy, 1 to start.
    ");
    assert_eq!(plan.stderr, "", "{plan}");
}

#[test]
fn a_small_company_is_applied_and_then_as_it_should_be() {
    let tree = company();
    tree.secsync("apply --sandbox --auto-approve --wait")
        .run()
        .exits_with(0);
    let again = tree.secsync("plan --sandbox --detailed-exitcode").run();
    let again = again.exits_with(0);
    assert!(again.stdout.contains("No changes."), "{again}");
}

#[test]
fn what_a_small_company_forbids_is_refused() {
    let tree = company();
    tree.secsync("apply --sandbox --auto-approve")
        .run()
        .exits_with(0);
    // No sync of the payments may be deleted by an apply.
    let services = "teams/payments/services.yaml";
    let text = tree
        .read(services)
        .replace("humanitec\n    env", "teamcity\n    env");
    assert!(text.contains("teamcity"));
    let text = text.replace("connection: humanitec", "connection: teamcity");
    let (before, _) = text.split_once("    destinationConfig:").unwrap();
    tree.write(
        services,
        format!("{before}    destinationConfig: {{ project: \"${{matrix.app}}\" }}\n"),
    );
    let refused = tree.secsync("apply --sandbox --auto-approve").run();
    insta::assert_snapshot!(refused.exits_with(1).stderr, @r"
    Error: The plan deletes or replaces 3 syncs in the project `infisical/payments`, and `limits.projects` in secsync.yaml allows 0 for `payments`. Nothing was applied.
      If you want all of them, set `deletes: 3` for `payments` under `limits.projects` in secsync.yaml.
    ");

    // Two syncs to one place, which would delete each other's secrets.
    let tree = company();
    let site = tree.read("teams/web/site.yaml");
    tree.write(
        "teams/web/site.yaml",
        site.replace("env: preview", "env: production"),
    );
    let workspace = tree.read("secsync.yaml");
    tree.write(
        "secsync.yaml",
        workspace.replace(
            "disableSecretDeletion: true",
            "disableSecretDeletion: false",
        ),
    );
    let denied = tree.secsync("plan --sandbox").run().exits_with(3);
    insta::assert_snapshot!(denied.stderr, @r"
    same-destination

      × `infisical/web/site-preview` and `infisical/web/site-prod` push to the same destination through the same connection, and their keys can meet: each deletes the other's secrets at each sync.
       ╭─[teams/web/site.yaml:7:3]
     6 │ syncs:
     7 │   site-preview:
       ·   ──────┬─────
       ·         ╰── `site-preview` deletes what it does not know
     8 │     destination: vercel
       ╰────
        ╭─[teams/web/site.yaml:13:3]
     12 │     destinationConfig: { scope: project, app: prj_site, appName: site, env: production, teamId: team_acme }
     13 │   site-prod:
        ·   ────┬────
        ·       ╰── `site-prod` deletes what it does not know
     14 │     destination: vercel
        ╰────
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.

    Found 1 error.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");
}
