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
fn a_verbose_plan_tells_for_each_value_the_file_and_line_and_whether_it_is_inherited() {
    let tree = Tree::new(&[("secsync.yaml", SETTINGS), ("syncs/web.yaml", FILE)]);
    let server = Server::new(&world());
    let plan = tree
        .secsync("plan -v")
        .variable("INFISICAL_PROJECT_ID", "payments")
        .on(&server)
        .run()
        .exits_with(0);
    let (_, told) = plan.stdout.split_once("The values come from:\n").unwrap();
    let (told, _) = told.split_once("\n\n").unwrap();
    let told: Vec<&str> = told.lines().map(str::trim_start).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
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
