//! `secsync plan -v`: where each value of a planned sync comes from.

use super::support::world;
use crate::harness::{Server, Tree};

const SETTINGS: &str = "\
include: [syncs/*.yaml]
variables: {STAGE: {default: prod}}
defaults:
  environment: ${var.STAGE}
  syncOptions:
    initialSyncBehavior: overwrite-destination
    disableSecretDeletion: true
";

const FILE: &str = "\
provider: infisical
defaults: {destination: humanitec, connection: humanitec-main}
syncs:
  web:
    secretPath: /web
    syncOptions: {keySchema: \"WEB_{{secretKey}}\"}
    destinationConfig:
      scope: application
      org: acme
      app: web
";

#[test]
fn shows_the_origin_of_each_value_in_a_verbose_plan() {
    let tree = Tree::new(&[("secsync.yaml", SETTINGS), ("syncs/web.yaml", FILE)]);
    let server = Server::new(&world());
    let plan = tree
        .secsync("plan -v")
        .variable("INFISICAL_PROJECT_ID", "payments")
        .on(&server)
        .run()
        .exits_with(0);
    let (_, reported) = plan.stdout.split_once("The values come from:\n").unwrap();
    let (reported, _) = reported.split_once("\n\n").unwrap();
    let reported: Vec<&str> = reported.lines().map(str::trim_start).collect();
    insta::assert_snapshot!(reported.join("\n"), @r#"
    provider:                          "infisical"              syncs/web.yaml:1 (inherited)
    project:                           "payments"               the environment
    destination:                       "humanitec"              syncs/web.yaml:2 (inherited)
    connection:                        "humanitec-main"         syncs/web.yaml:2 (inherited)
    destinationConfig.app:             "web"                    syncs/web.yaml:10
    destinationConfig.org:             "acme"                   syncs/web.yaml:9
    destinationConfig.scope:           "application"            syncs/web.yaml:8
    environment:                       "prod"                   secsync.yaml:4 (inherited)
    secretPath:                        "/web"                   syncs/web.yaml:5
    syncOptions.disableSecretDeletion: true                     secsync.yaml:7 (inherited)
    syncOptions.initialSyncBehavior:   "overwrite-destination"  secsync.yaml:6 (inherited)
    syncOptions.keySchema:             "WEB_{{secretKey}}"      syncs/web.yaml:6
    "#);
    let quiet = tree
        .secsync("plan")
        .variable("INFISICAL_PROJECT_ID", "payments")
        .on(&server)
        .run();
    assert!(!quiet.stdout.contains("come from"), "{quiet}");
}
