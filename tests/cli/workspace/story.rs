//! One workspace through its life, over HTTP, on three servers.

use super::support::world;
use crate::harness::{Invocation, Output, Server, Tree};

use secsync::sandbox;

const SETTINGS: &str = "\
version: 1
include: [\"teams/**/*.yaml\"]
providers:
  infisical: {}
  onprem: {type: infisical}
  enkryptify: {}
variables:
  STAGE: {default: prod}
defaults:
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
unmanaged: {ignore: [\"legacy-*\"]}
";

const PAYMENTS: &str = "\
provider: infisical
project: payments
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /web
    destinationConfig: {scope: application, org: acme, app: web}
  api:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /api
    destinationConfig: {scope: application, org: acme, app: api}
---
provider: infisical
project: shop
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /web
    destinationConfig: {scope: application, org: acme, app: shop}
";

const ONPREM: &str = "\
provider: onprem
project: payments
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    environment: dev
    secretPath: /web
    description: Behind the firewall
    destinationConfig: {scope: application, org: acme, app: web-dev}
";

const ENKRYPTIFY: &str = "\
provider: enkryptify
project: prj_web
defaults: {syncOptions: null}  # the workspace's default is not for this platform
syncs:
  web-to-vercel: {destination: vercel}
";

/// The workspace and its two Infisical servers; the first one is also Enkryptify.
struct Company {
    tree: Tree,
    cloud: Server,
    onprem: Server,
}

impl Company {
    fn secsync(&self, arguments: &str) -> Invocation {
        self.tree
            .secsync(arguments)
            .on(&self.cloud)
            .variable("ONPREM_INFISICAL_HOST", &self.onprem.origin())
            .variable("ONPREM_INFISICAL_TOKEN", sandbox::INFISICAL_TOKEN)
    }

    #[track_caller]
    fn run(&self, arguments: &str, exit: i32) -> Output {
        self.secsync(arguments).run().exits_with(exit)
    }

    #[track_caller]
    fn has_nothing_to_do(&self) {
        let plan = self.run("plan --detailed-exitcode", 0);
        assert!(plan.stdout.contains("No changes."), "{plan}");
        self.run("drift", 0);
    }
}

#[test]
fn a_workspace_on_two_infisicals_and_enkryptify_from_the_first_apply_to_a_prune() {
    let company = Company {
        tree: Tree::new(&[
            ("secsync.yaml", SETTINGS),
            ("teams/payments/syncs.yaml", PAYMENTS),
            ("teams/platform/onprem.yaml", ONPREM),
            ("teams/platform/enkryptify.yaml", ENKRYPTIFY),
        ]),
        cloud: Server::new(&world()),
        onprem: Server::new(&world()),
    };
    let tree = &company.tree;

    // Declared, applied, and then nothing is left to do.
    company.run("state init", 0);
    let plan = company.run("plan --detailed-exitcode", 2);
    assert!(
        plan.stdout
            .contains("Plan: 4 to add, 0 to change, 0 to destroy, 1 to start."),
        "{plan}"
    );
    company.run("apply --auto-approve --wait", 0);
    company.has_nothing_to_do();
    assert_eq!(company.cloud.starts(), 1);

    // Written in another way, it means the same.
    tree.write(
        "teams/payments/syncs.yaml",
        "\
provider: infisical
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: ${var.STAGE}
  destinationConfig: {scope: application, org: acme}
syncs:
  web: {project: payments, secretPath: /web, destinationConfig: {app: web}}
  api: {project: Payments, secretPath: /api/, destinationConfig: {app: api}, labels: {team: pay}}
  shop-web: {name: web, project: shop, secretPath: /web, destinationConfig: {app: shop}}
",
    );
    company.has_nothing_to_do();

    // Renamed, changed, removed on purpose; a block that is only gone deletes nothing.
    let changed = "\
provider: infisical
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: ${var.STAGE}
  destinationConfig: {scope: application, org: acme}
syncs:
  front: {project: payments, renamedFrom: web, secretPath: /web, destinationConfig: {app: web}}
  api: {project: payments, secretPath: /api, description: The API, destinationConfig: {app: api}}
  shop-web: {name: web, project: shop, ensure: absent}
";
    tree.write("teams/payments/syncs.yaml", changed);
    tree.write(
        "teams/platform/onprem.yaml",
        "provider: onprem\nproject: payments\nsyncs: {}\n",
    );
    let plan = company.run("plan --detailed-exitcode -v", 2);
    assert!(
        plan.stdout
            .contains("Plan: 0 to add, 2 to change, 1 to destroy."),
        "{plan}"
    );
    assert!(plan.stdout.contains("will be renamed from web"), "{plan}");
    assert!(
        plan.stdout.contains("onprem/payments/web (humanitec)"),
        "{plan}"
    );
    company.run("apply --auto-approve --wait", 0);
    company.has_nothing_to_do();

    // Pruned: now the block that is gone means that the sync goes.
    let plan = company.run("plan --prune --detailed-exitcode", 2);
    assert!(
        plan.stdout
            .contains("Plan: 0 to add, 0 to change, 1 to destroy."),
        "{plan}"
    );
    assert!(
        plan.stdout
            .contains("# onprem/payments/web will be deleted"),
        "{plan}"
    );
    company.run("apply --prune --auto-approve", 0);
    company.has_nothing_to_do();
    company.run("drift --prune", 0);

    // Changed by somebody else, it drifts, and an apply corrects it.
    let other = Company {
        tree: Tree::new(&[
            ("secsync.yaml", SETTINGS),
            ("teams/syncs.yaml", &changed.replace("The API", "By hand")),
        ]),
        ..company
    };
    other.run("apply --auto-approve --target api", 0);
    let company = Company {
        tree: company.tree,
        ..other
    };
    let drift = company.run("drift", 2);
    let told = "differs from what is declared: description \"The API\" -> \"By hand\"";
    assert!(drift.stdout.contains(told), "{drift}");
    company.run("apply --auto-approve", 0);
    company.has_nothing_to_do();
    assert_eq!(company.cloud.starts(), 1, "a start is never repeated");
}
