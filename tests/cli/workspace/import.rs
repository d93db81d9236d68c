//! `secsync import`: a sync that exists comes under management by being declared.

use super::support::{applied_on, delete_folder, world};
use crate::harness::{Output, Server, Tree};

const MINE: &str = "\
# Mine, with comments.
provider: infisical
project: payments   # the one
defaults:
  syncOptions: {keySchema: \"A_{{secretKey}}\"}
syncs:
  old:   # it goes
    destination: humanitec
    ensure: absent

# The end.
";

fn server() -> Server {
    let server = Server::new(&world());
    applied_on(&server, "apply --auto-approve --wait", 0);
    server.requests();
    server
}

#[track_caller]
fn run(tree: &Tree, server: &Server, arguments: &str, exit: i32) -> Output {
    tree.secsync(arguments).on(server).run().exits_with(exit)
}

#[test]
fn a_declaration_is_added_to_a_file_that_stays_as_it_is_otherwise() {
    let (tree, server) = (Tree::new(&[("syncs/mine.yaml", MINE)]), server());
    let imported = run(
        &tree,
        &server,
        "import infisical/payments/web --into syncs/mine.yaml",
        0,
    );
    insta::assert_snapshot!(imported, @"
    $ secsync import infisical/payments/web --into syncs/mine.yaml
    Wrote syncs/mine.yaml: 1 sync.
    Wrote .secsync/sync-file.json, with which editors complete and check sync files.

    Import complete! 1 sync. `secsync plan` has nothing to do for it.
    --- exit 0
    ");
    insta::assert_snapshot!(tree.read("syncs/mine.yaml"), @r#"
    # Mine, with comments.
    provider: infisical
    project: payments   # the one
    defaults:
      syncOptions: {keySchema: "A_{{secretKey}}"}
    syncs:
      old:   # it goes
        destination: humanitec
        ensure: absent
      web:
        destination: humanitec
        connection: humanitec-main
        environment: prod
        secretPath: /web
        syncOptions:
          initialSyncBehavior: overwrite-destination
          disableSecretDeletion: true
          keySchema: null
        destinationConfig:
          scope: application
          app: web
          org: acme

    # The end.
    "#);
    let plan = run(&tree, &server, "plan --detailed-exitcode", 0);
    assert!(plan.stdout.contains("No changes."), "{plan}");
}

#[test]
fn creates_a_missing_file_and_prints_the_declaration_without_one() {
    let (tree, server) = (Tree::new(&[]), server());
    let printed = run(&tree, &server, "import web --project payments", 0);
    run(
        &tree,
        &server,
        "import web --project payments --into syncs/web.yaml",
        0,
    );
    assert_eq!(tree.read("syncs/web.yaml"), printed.stdout);
    run(&tree, &server, "plan --detailed-exitcode", 0);
    // The files name the project now.
    run(&tree, &server, "import api --into syncs/web.yaml", 0);
    let plan = run(&tree, &server, "plan --detailed-exitcode", 0);
    assert!(plan.stdout.contains("All 2 declared syncs"), "{plan}");
}

#[test]
fn in_a_file_of_another_project_the_declaration_names_its_own_and_a_key_that_is_free() {
    let server = server();
    let file = "provider: infisical\nproject: shop\nsyncs:\n  web:\n    destination: humanitec\n    ensure: absent\n";
    let tree = Tree::new(&[("syncs/shop.yaml", file)]);
    run(
        &tree,
        &server,
        "import infisical/payments/web --into syncs/shop.yaml",
        0,
    );
    let added =
        "  payments-web:\n    name: web\n    project: payments\n    destination: humanitec\n";
    assert!(tree.read("syncs/shop.yaml").contains(added));
    run(&tree, &server, "plan --detailed-exitcode", 0);
}

#[test]
fn what_is_already_declared_is_found_in_its_own_project() {
    let file = |project| {
        format!(
            "provider: infisical\nproject: {project}\nsyncs:\n  web:\n    destination: humanitec\n    ensure: absent\n"
        )
    };
    let tree = Tree::new(&[
        ("syncs/a-shop.yaml", &*file("shop")),
        ("syncs/payments.yaml", &*file("payments")),
    ]);
    let output = run(&tree, &server(), "import infisical/payments/web", 1);
    let says = "The sync `web` of payments is already declared: syncs/payments.yaml:4:3.";
    assert!(output.stderr.contains(says), "{output}");
}

#[test]
fn reports_what_is_already_declared_or_missing() {
    let (tree, server) = (Tree::new(&[("syncs/mine.yaml", MINE)]), server());
    run(&tree, &server, "import web --into syncs/mine.yaml", 0);
    let reported = |arguments: &str, exit: i32| run(&tree, &server, arguments, exit).stderr;
    insta::assert_snapshot!(reported("import web --into syncs/mine.yaml", 1), @"
    Error: The sync `web` of payments is already declared: syncs/mine.yaml:10:3.
      `secsync plan` shows how that differs from the remote sync.
    ");
    insta::assert_snapshot!(reported("import apo", 1), @"
    Error: There is no sync `apo`, or this identity may not read it.
      Did you mean `api`?
    ");
    insta::assert_snapshot!(reported("import infisical/payments/api infisical/shop/api", 64), @"
    Error: The syncs are of several projects.
      Import those of one project at a time.
    ");
    insta::assert_snapshot!(reported("import payments/api", 64), @"
    Error: `payments/api` is not a valid sync address.
      Write NAME, or PROVIDER/PROJECT/NAME.
    ");
}

#[test]
fn addresses_of_one_project_may_be_spelled_in_several_ways() {
    let server = server();
    for syncs in [
        "api infisical/payments/web",
        "infisical/Payments/api infisical/payments/web",
    ] {
        let tree = Tree::new(&[]);
        let import = format!("import {syncs} --into syncs/mine.yaml");
        run(&tree, &server, &import, 0);
        run(&tree, &server, "plan --detailed-exitcode", 0);
    }
}

#[test]
fn a_recorded_start_is_forgotten_by_the_address_that_plans_show() {
    let server = server();
    for word in ["web", "prj_1/web", "enkryptify/prj_1/web"] {
        let tree = Tree::new(&[]);
        run(&tree, &server, "state init", 0);
        let import = "import enkryptify/prj_1/web --destination vercel --started-as cfg-1";
        run(&tree, &server, import, 0);
        run(&tree, &server, &format!("state rm {word}"), 0);
        run(&tree, &server, &format!("state rm {word}"), 1);
    }
}

#[test]
fn a_file_that_cannot_be_added_to_stays_as_it_is() {
    let server = server();
    for text in [
        "provider: infisical\nproject: payments\nsyncs: {old: {destination: humanitec, ensure: absent}}\n",
        "{\"provider\": \"infisical\", \"project\": \"payments\", \"syncs\": {\"old\": {\"destination\": \"humanitec\", \"ensure\": \"absent\"}}}\n",
    ] {
        let tree = Tree::new(&[("syncs/mine.yaml", text)]);
        let refused = run(&tree, &server, "import web --into syncs/mine.yaml", 1);
        assert!(refused.stderr.contains("Nothing was written."), "{refused}");
        assert_eq!(tree.read("syncs/mine.yaml"), text);
    }
}

#[test]
fn a_start_on_enkryptify_is_declared_and_recorded_and_never_repeated() {
    let (tree, server) = (Tree::new(&[]), server());
    let import = "import enkryptify/prj_1/web --into syncs/web.yaml";
    let refused = run(&tree, &server, import, 64);
    insta::assert_snapshot!(refused.stderr, @"
    Error: The provider `enkryptify` does not show its syncs.
      Say for one sync what was started: `--destination SLUG --started-as ID`, with the id that the dashboard shows.
    ");
    let import = format!("{import} --destination vercel --started-as cfg-1");
    let refused = run(&tree, &server, &import, 1);
    assert!(refused.stderr.contains("`secsync state init`"), "{refused}");
    assert!(!tree.has("syncs"));
    run(&tree, &server, "state init", 0);
    run(&tree, &server, &import, 0);
    run(&tree, &server, "apply --auto-approve", 0);
    assert_eq!(server.starts(), 0);
    let other = "import enkryptify/prj_1/web --destination vercel --started-as cfg-2";
    let refused = run(&tree, &server, other, 1);
    assert!(
        refused.stderr.contains("already recorded, as cfg-1"),
        "{refused}"
    );
}

#[test]
fn a_sync_that_cannot_be_declared_is_refused_with_the_reason() {
    let (tree, server) = (Tree::new(&[("syncs/mine.yaml", MINE)]), server());
    let exported = run(&tree, &server, "export --ids", 0).stdout;
    let project = exported.split("project: ").nth(1).unwrap();
    let project = project.lines().next().unwrap();
    delete_folder(&server, project, "prod", "web");
    let refused = run(&tree, &server, "import web --into syncs/mine.yaml", 1);
    insta::assert_snapshot!(refused.stderr, @"Error: The sync `web` cannot be declared. Its source folder was deleted. Give it another one on the platform and try again, or delete it there. Nothing was written.");
    assert_eq!(tree.read("syncs/mine.yaml"), MINE);
}
