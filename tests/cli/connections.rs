//! Connections of the organization and of a project, and who may see which.

use super::harness::{Server, Tree, payments, world};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A world in which both scopes have a connection `main`, and the project has one `own`.
fn both_scopes() -> Value {
    let mut world = world();
    let own = |name: &str| json!({"app": "humanitec", "name": name, "project": "payments"});
    let connections = world["connections"].as_array_mut().unwrap();
    connections.extend([
        json!({"app": "humanitec", "name": "main"}),
        own("main"),
        own("own"),
    ]);
    world["identities"] = json!([
        {"clientId": secsync::sandbox::CLIENT_ID, "clientSecret": secsync::sandbox::CLIENT_SECRET},
        {"clientId": "viewer", "clientSecret": "viewer-secret", "role": "viewer"},
    ]);
    world
}

fn tree(connection: &str) -> Tree {
    let text = payments(&[("web", &format!("connection: {connection}"))]);
    Tree::new(&[("syncs/payments.yaml", &text)])
}

#[test]
fn a_name_of_both_scopes_is_ambiguous_until_the_scope_is_named() {
    let server = Server::new(&both_scopes());
    let refused = tree("main").secsync("plan syncs").on(&server).run();
    let refused = refused.exits_with(3);
    assert!(
        refused
            .stderr
            .contains("2 connections to humanitec are named `main`."),
        "{refused}"
    );
    for said in [
        "(organization)",
        "(project)",
        "connection: {name: main, scope: project}",
    ] {
        assert!(refused.stderr.contains(said), "{refused}");
    }
    for scope in ["organization", "project"] {
        let server = Server::new(&both_scopes());
        let tree = tree(&format!("{{ name: main, scope: {scope} }}"));
        let run =
            |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
        run("apply syncs --auto-approve", 0);
        run("plan syncs --detailed-exitcode", 0);
        let exported = run("export --all --project payments", 0).stdout;
        assert!(exported.contains(&format!("scope: {scope}")), "{exported}");
        // Another scope is another connection.
        let other = if scope == "project" {
            "organization"
        } else {
            "project"
        };
        let text = payments(&[(
            "web",
            &format!("connection: {{ name: main, scope: {other} }}"),
        )]);
        tree.write("syncs/payments.yaml", text);
        run("plan syncs --detailed-exitcode", 2);
    }
}

#[test]
fn a_connection_of_the_project_is_used_and_exported_by_its_name() {
    let server = Server::new(&both_scopes());
    let tree = tree("own");
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    let exported = run("export --all --project payments", 0).stdout;
    assert!(exported.contains("connection: own"), "{exported}");
}

#[test]
fn an_identity_that_may_only_read_plans_without_a_look_at_connections() {
    let server = Server::new(&both_scopes());
    let tree = tree("own");
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    server.requests();
    let viewer = |arguments: &str| {
        tree.secsync(arguments)
            .on(&server)
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "viewer")
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "viewer-secret")
            .run()
    };
    viewer("plan syncs --detailed-exitcode").exits_with(0);
    let asked = server.requests();
    assert!(
        !asked.iter().any(|one| one.contains("app-connections")),
        "{asked:?}"
    );
    // A name of the organization's is found without the right on the project's own.
    tree.write(
        "syncs/payments.yaml",
        payments(&[("web", "connection: humanitec-main")]),
    );
    viewer("plan syncs --detailed-exitcode").exits_with(2);
    let asked = server.requests();
    let looked_up = asked.iter().filter(|one| one.contains("app-connections"));
    assert_eq!(looked_up.count(), 2, "{asked:?}");
    tree.write(
        "syncs/payments.yaml",
        payments(&[("web", "connection: own2")]),
    );
    assert_snapshot!(viewer("plan syncs").exits_with(4), @"
    $ secsync plan syncs
    --- stderr
    unknown-connection

      × This identity sees no connection `own2` to humanitec in the organization, and it may not see those of the project.
        ╭─[syncs/payments.yaml:12:17]
     11 │   web:
     12 │     connection: own2
        ·                 ────
        ╰────
      help: Grant it the permission *connect* on this project's app connections, or correct the name.

    Found 1 error.
    Run `secsync explain unknown-connection` to see why it matters and how to fix it.
    --- exit 4
    ");
}

#[test]
fn only_what_has_use_for_a_connection_looks_for_it() {
    let server = Server::new(&both_scopes());
    let tree = tree("own");
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    tree.write(
        "syncs/payments.yaml",
        payments(&[("web", "connection: own"), ("new", "connection: misspelt")]),
    );
    run("plan syncs", 3);
    server.requests();
    run("status syncs", 0);
    run("drift syncs", 2);
    tree.write(
        "syncs/payments.yaml",
        payments(&[("web", "connection: misspelt")]),
    );
    run("status syncs", 0);
    let asked = server.requests();
    assert!(
        !asked.iter().any(|one| one.contains("app-connections")),
        "{asked:?}"
    );
}

#[test]
fn a_scope_that_is_certainly_wrong_is_not_taken_for_right() {
    let server = Server::new(&both_scopes());
    let tree = tree("humanitec-main");
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let wrong = payments(&[(
        "web",
        "connection: { name: humanitec-main, scope: project }",
    )]);
    tree.write("syncs/payments.yaml", wrong);
    let viewer = tree
        .secsync("plan syncs")
        .on(&server)
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "viewer")
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "viewer-secret")
        .run()
        .exits_with(4);
    for said in [
        "The connection `humanitec-main` to humanitec is one of the organization, and this identity may \
         not see those of the project.",
        "Write `scope: organization` or the name alone, or grant it the permission *connect*",
    ] {
        assert!(viewer.stderr.contains(said), "{viewer}");
    }
    // What the identity sees all of is not hidden from it.
    let wrong = payments(&[("new", "connection: { name: own, scope: organization }")]);
    tree.write("syncs/payments.yaml", wrong);
    let viewer = tree
        .secsync("plan syncs")
        .on(&server)
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "viewer")
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "viewer-secret")
        .run()
        .exits_with(3);
    assert!(
        viewer
            .stderr
            .contains("This identity sees no connection `own` to humanitec in the organization."),
        "{viewer}"
    );
}

#[test]
fn an_export_that_cannot_see_a_projects_connections_names_the_missing_right_once() {
    let server = Server::new(&both_scopes());
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[
            ("web", "connection: own"),
            ("api", "connection: own\ndestinationConfig: { app: api }"),
            (
                "of-all",
                "connection: humanitec-main\ndestinationConfig: { app: all }",
            ),
        ]),
    )]);
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let viewer = |arguments: &str| {
        tree.secsync(arguments)
            .on(&server)
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "viewer")
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "viewer-secret")
            .run()
            .exits_with(0)
    };
    let note = "payments: Connections of the project are named by their ids, because this identity \
                lacks the permission *connect* on this project's app connections.";
    let exported = viewer("export --all --project payments");
    assert!(exported.stdout.contains("connectionId: "), "{exported}");
    assert!(
        exported.stdout.contains("connection: humanitec-main"),
        "{exported}"
    );
    assert_eq!(exported.stderr.matches(note).count(), 1, "{exported}");
    let document = viewer("export --all --project payments --dir out -o json").json();
    assert_eq!(
        document["hiddenConnections"],
        json!([{
            "project": "payments",
            "missing": "the permission *connect* on this project's app connections",
        }])
    );
    // Whoever needs no hidden name is told nothing.
    let exported = viewer("export --all --project payments --target of-all");
    assert!(
        !exported.stderr.contains("named by their ids"),
        "{exported}"
    );
}
