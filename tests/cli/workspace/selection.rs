//! What a selection leaves alone: servers, projects and connections of others.

use super::support::{FILE, world};
use crate::harness::{Invocation, Server, Tree};

const TEAM: &str = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
syncs:
  web:
    labels: {team: payments}
    secretPath: /web
    destinationConfig: {scope: application, org: acme, app: web}
";

/// A project and a connection that the identity cannot see, and a server that it has no account on.
const OTHERS: &str = "\
provider: infisical
project: secret-project
syncs:
  hidden:
    destination: humanitec
    connection: hidden-connection
    environment: prod
    secretPath: /web
    syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
    destinationConfig: {scope: application, org: acme, app: hidden}
---
provider: enkryptify
project: prj_other
syncs:
  other: {destination: vercel}
";

fn tree() -> Tree {
    Tree::new(&[("syncs/others.yaml", OTHERS), ("syncs/team.yaml", TEAM)])
}

/// One team's run: it has no credential for Enkryptify.
fn as_the_team(tree: &Tree, arguments: &str, server: &Server) -> Invocation {
    tree.secsync(arguments)
        .on(server)
        .without("ENKRYPTIFY_TOKEN")
}

#[test]
fn a_selection_asks_for_nothing_that_is_of_others() {
    for arguments in [
        "--selector team=payments",
        "--target web",
        "-l project=payments",
        "-l project=pay*,provider=infisical",
    ] {
        let (tree, server) = (tree(), Server::new(&world()));
        let run = |command: &str| {
            let command = format!("{command} {arguments}");
            as_the_team(&tree, &command, &server).run().exits_with(0)
        };
        run("apply --auto-approve");
        let asked = server.requests();
        let lists = |request: &&String| request.starts_with("GET /api/v1/secret-syncs?");
        assert_eq!(asked.iter().filter(lists).count(), 1, "{asked:?}");
        assert!(run("plan").stdout.contains("No changes."), "{arguments}");
        run("status");
    }
    let (tree, server) = (tree(), Server::new(&world()));
    let all = as_the_team(&tree, "plan", &server).run().exits_with(4);
    assert!(all.stderr.contains("ENKRYPTIFY_TOKEN"), "{all}");
}

#[test]
fn selects_by_project_id_or_name() {
    let mut world = world();
    let id = "1b9f4d1c-0d5f-4a57-9d2f-0d3c5c0a7e11";
    world["projects"][0]["id"] = id.into();
    let server = Server::new(&world);
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    let plan = |pattern: &str| {
        tree.secsync(&format!("plan -l project={pattern}"))
            .on(&server)
            .run()
    };
    plan(id).exits_with(0);
    plan("1b9f*").exits_with(0);
    let other = plan("2b9f*").exits_with(64);
    assert!(
        other
            .stderr
            .contains("The selection matches no declared sync."),
        "{other}"
    );
}

#[test]
fn a_selection_that_means_nothing_is_refused_before_anything_is_asked() {
    let (tree, server) = (tree(), Server::new(&world()));
    for (selection, reported) in [
        ("--target wbe", "`--target wbe` matches no declared sync."),
        ("-l team=x", "`--selector team=x` matches no declared sync."),
        ("--exclude wbe", "`--exclude wbe` matches no declared sync."),
        (
            "--target web --target wbe",
            "`--target wbe` matches no declared sync.",
        ),
        (
            "--target web --exclude w*",
            "Check `--target web` and `--exclude w*`; `secsync validate -v`",
        ),
    ] {
        let refused = as_the_team(&tree, &format!("plan {selection}"), &server)
            .run()
            .exits_with(64);
        assert!(refused.stderr.contains(reported), "{refused}");
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn prunes_nothing_if_one_server_has_two_addresses() {
    let mut world = world();
    world["projects"][0]["id"] = "1b9f4d1c-0d5f-4a57-9d2f-0d3c5c0a7e11".into();
    let settings = "\
include: [\"syncs/*.yaml\"]
providers:
  infisical: {}
  second: {type: infisical}
";
    let second = TEAM
        .replace("provider: infisical", "provider: second")
        .replace("web:\n", "api:\n")
        .replace("/web", "/api");
    let tree = Tree::new(&[
        ("secsync.yaml", settings),
        ("syncs/one.yaml", TEAM),
        ("syncs/two.yaml", &second),
    ]);
    let server = Server::new(&world);
    let other_name = server.origin().replace("127.0.0.1", "localhost");
    let run = |arguments: &str, exit: i32| {
        tree.secsync(arguments)
            .on(&server)
            .variable("SECOND_INFISICAL_HOST", &other_name)
            .variable("SECOND_INFISICAL_TOKEN", secsync::sandbox::INFISICAL_TOKEN)
            .run()
            .exits_with(exit)
    };
    run("apply --auto-approve", 0);
    server.requests();
    for command in ["plan --prune", "apply --prune --auto-approve"] {
        let refused = run(command, 1);
        assert!(
            refused.stderr.contains("one server under two addresses"),
            "{refused}"
        );
    }
    let requests = server.requests();
    assert!(
        !requests.iter().any(|request| request.starts_with("DELETE")),
        "{requests:?}"
    );
    run("plan --detailed-exitcode", 0);
}

#[test]
fn two_identities_on_one_server_leave_each_others_syncs_alone() {
    let settings = "\
include: [\"syncs/*.yaml\"]
providers:
  infisical: {}
  second: {type: infisical}
";
    let second = TEAM
        .replace("provider: infisical", "provider: second")
        .replace("web:\n", "api:\n")
        .replace("/web", "/api");
    let tree = Tree::new(&[
        ("secsync.yaml", settings),
        ("syncs/one.yaml", TEAM),
        ("syncs/two.yaml", &second),
    ]);
    let server = Server::new(&world());
    let run = |arguments: &str| {
        tree.secsync(arguments)
            .on(&server)
            .variable("SECOND_INFISICAL_HOST", &server.origin())
            .variable("SECOND_INFISICAL_TOKEN", secsync::sandbox::INFISICAL_TOKEN)
            .run()
            .exits_with(0)
    };
    run("apply --auto-approve");
    for command in ["plan -v", "plan --prune", "apply --prune --auto-approve"] {
        let plan = run(command);
        assert!(
            plan.stdout.contains("No changes. All 2 declared syncs"),
            "{plan}"
        );
        assert!(!plan.stdout.contains("not declared"), "{plan}");
    }
}

#[test]
fn what_other_files_of_the_workspace_declare_is_not_undeclared() {
    let file = |name: &str| crate::harness::payments(&[(name, "")]);
    let (one, two) = (file("one"), file("two"));
    let tree = Tree::new(&[
        ("secsync.yaml", "include: [\"syncs/*.yaml\"]\n"),
        ("syncs/one.yaml", &one),
        ("syncs/two.yaml", &two),
        ("other.yaml", &file("three")),
    ]);
    let server = Server::new(&crate::harness::world());
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply --auto-approve", 0);
    run("drift syncs/one.yaml", 0);
    let plan = run("plan syncs/one.yaml -v", 0).stdout;
    assert!(!plan.contains("not declared"), "{plan}");
    run("apply other.yaml --auto-approve", 0);
    let plan = run("plan syncs/one.yaml -v", 0).stdout;
    assert!(
        plan.contains("1 sync in these projects is not declared:"),
        "{plan}"
    );
    assert!(plan.contains("/three") && !plan.contains("/two"), "{plan}");
}

#[test]
fn the_root_of_a_workspace_is_the_whole_of_it() {
    let file = crate::harness::payments(&[("one", "")]);
    let tree = Tree::new(&[
        ("secsync.yaml", "include: [\"syncs/*.yaml\"]\n"),
        ("syncs/one.yaml", &file),
        ("syncs/deep/none.txt", ""),
    ]);
    let server = Server::new(&crate::harness::world());
    let plan = |arguments: &str| {
        tree.secsync(&format!("plan {arguments} --prune"))
            .on(&server)
    };
    plan(".").run().exits_with(0);
    plan("..").inside("syncs").run().exits_with(0);
    plan("syncs").run().exits_with(64);
}
