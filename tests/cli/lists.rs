//! What an identity can see, and what a file may name.

use insta::assert_snapshot;
use serde_json::json;

use super::harness::{Routes, Server, Tree};

const PAYMENTS: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
const SHOP: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a12";

/// A server of today with two projects, of one name.
fn today() -> Routes {
    let project =
        |id: &str, slug: &str| json!({"id": id, "slug": slug, "name": "Team", "orgId": "o1"});
    Routes::infisical()
        .with(
            "GET",
            "/api/v1/projects",
            &json!({"projects": [project(PAYMENTS, "payments"), project(SHOP, "shop_eu")]}),
        )
        .with(
            "GET",
            &format!("/api/v1/projects/{PAYMENTS}"),
            &json!({"project": {"id": PAYMENTS, "environments": [
                {"id": "e1", "slug": "dev", "name": "Development"},
                {"id": "e2", "slug": "prod", "name": "Production"},
            ]}}),
        )
        .with(
            "GET",
            "/api/v2/folders",
            &json!({"folders": [{"id": "f1", "name": "api"}, {"id": "f2", "name": "web"}]}),
        )
        .with("GET", "/api/v1/secret-syncs/options", &options())
}

fn options() -> serde_json::Value {
    json!({"secretSyncOptions": [
        {"name": "Humanitec", "destination": "humanitec", "connection": "humanitec", "canImportSecrets": false},
        {"name": "AWS Secrets Manager", "destination": "aws-secrets-manager", "connection": "aws", "canImportSecrets": true, "canRemoveSecretsOnDeletion": true},
        {"name": "Depot", "destination": "depot", "connection": "depot", "canImportSecrets": false},
    ]})
}

/// A server of June 2025: it has none of the newer routes.
fn june_2025() -> Routes {
    Routes::new()
        .with(
            "POST",
            "/api/v1/auth/universal-auth/login",
            &json!({"accessToken": "granted", "expiresIn": 7200, "tokenType": "Bearer"}),
        )
        .with(
            "GET",
            "/api/v1/workspace",
            &json!({"workspaces": [{"id": PAYMENTS, "slug": "payments", "name": "Payments"}]}),
        )
        .with(
            "GET",
            &format!("/api/v1/workspace/{PAYMENTS}"),
            &json!({"workspace": {"environments": [{"id": "e1", "slug": "dev", "name": "Development"}]}}),
        )
        .with("GET", "/api/v1/folders", &json!({"folders": [{"id": "f1", "name": "api"}]}))
        .with("GET", "/api/v1/secret-syncs/options", &options())
}

/// What was asked besides the login.
fn asked(server: &Routes) -> Vec<String> {
    let requests = server.requests().into_iter().map(|(line, _)| line);
    requests.filter(|line| !line.contains("/auth/")).collect()
}

#[test]
fn each_list_as_a_table_by_one_request() {
    let tree = Tree::new(&[]);
    let list = |arguments: &str, request: &str| {
        let server = today();
        let output = server
            .serve(tree.secsync(&format!("list {arguments}")))
            .run();
        assert_eq!(asked(&server), [format!("GET {request}")], "{arguments}");
        output.exits_with(0).stdout
    };
    assert_snapshot!(list("projects", "/api/v1/projects"), @"
    PROJECT   NAME  ID
    payments  Team  5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11
    shop_eu   Team  5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a12
    ");
    assert_snapshot!(list("projects --allow-project shop_eu", "/api/v1/projects"), @"
    PROJECT  NAME  ID
    shop_eu  Team  5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a12
    ");
    let environments = format!("environments --project {PAYMENTS}");
    let route = format!("/api/v1/projects/{PAYMENTS}");
    assert_snapshot!(list(&environments, &route), @"
    PROJECT                               ENVIRONMENT  NAME
    5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11  dev          Development
    5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11  prod         Production
    ");
    let folders = format!("folders --project {PAYMENTS} --environment prod --path /apps/");
    assert_snapshot!(list(&folders, "/api/v2/folders"), @"
    PROJECT                               ENVIRONMENT  PATH
    5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11  prod         /apps/api
    5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11  prod         /apps/web
    ");
    assert_snapshot!(list("destinations", "/api/v1/secret-syncs/options"), @"
    DESTINATION          NAME                 CONNECTION  IMPORT  SCHEMA
    humanitec            Humanitec            humanitec   no      bundled
    aws-secrets-manager  AWS Secrets Manager  aws         yes     bundled
    depot                Depot                depot       no      none

    A file can name a destination without a schema after `secsync schema pull` from this server.
    ");
}

#[test]
fn each_list_as_a_document() {
    let tree = Tree::new(&[]);
    let list = |arguments: &str| {
        let server = today();
        let run = server.serve(tree.secsync(&format!("list {arguments} -o json")));
        run.run().exits_with(0).json()
    };
    let projects = list("projects");
    assert_eq!(
        projects["projects"][1],
        json!({"project": "shop_eu", "id": SHOP, "slug": "shop_eu", "name": "Team"})
    );
    // A name that two projects have names neither; the slug does.
    assert_eq!(
        list("environments --project payments")["environments"][1],
        json!({"project": "payments", "environment": "prod", "name": "Production"})
    );
    assert_eq!(
        list("folders --project payments --environment prod")["folders"],
        json!([
            {"project": "payments", "environment": "prod", "path": "/api"},
            {"project": "payments", "environment": "prod", "path": "/web"},
        ])
    );
    assert_eq!(
        list("destinations")["destinations"],
        json!([
            {"destination": "humanitec", "name": "Humanitec", "connectionApp": "humanitec", "canImport": false, "schema": "bundled"},
            {"destination": "aws-secrets-manager", "name": "AWS Secrets Manager", "connectionApp": "aws", "canImport": true, "schema": "bundled"},
            {"destination": "depot", "name": "Depot", "connectionApp": "depot", "canImport": false, "schema": null},
        ])
    );
}

#[test]
fn a_server_of_june_2025_is_asked_by_the_routes_that_it_has() {
    let tree = Tree::new(&[]);
    let list = |arguments: &str| {
        let server = june_2025();
        let output = server
            .serve(tree.secsync(&format!("list {arguments}")))
            .run();
        output.exits_with(0).stdout
    };
    assert!(list("projects").contains("payments"));
    assert!(list("environments --project payments").contains("dev"));
    assert!(list("folders --project payments --environment dev").contains("/api"));
    assert!(list("destinations").contains("humanitec"));
}

#[test]
fn a_project_that_is_not_found_is_no_missing_route() {
    let tree = Tree::new(&[]);
    let server = june_2025().refusing("GET", "/api/v1/projects", 404, "Project not found");
    let output = server.serve(tree.secsync("list projects")).run();
    assert_snapshot!(
        output.exits_with(1).stderr,
        @"Error: Cannot list the projects: Infisical says: Project not found."
    );
    assert_eq!(asked(&server), ["GET /api/v1/projects"]);
}

#[test]
fn a_project_that_is_named_and_allowed_by_its_id_needs_no_look_up() {
    let tree = Tree::new(&[]);
    for command in [
        format!("list folders --project {PAYMENTS} --environment prod"),
        format!("list environments --project {PAYMENTS}"),
    ] {
        let server = today();
        let command = format!("{command} --allow-project {PAYMENTS} --allow-project shop_eu");
        server.serve(tree.secsync(&command)).run().exits_with(0);
        assert_eq!(asked(&server).len(), 1, "{command}");
    }
}

#[test]
fn the_environments_of_projects_that_are_listed_with_them_need_no_further_request() {
    let server = Routes::infisical().with(
        "GET",
        "/api/v1/projects",
        &json!({"projects": [{
            "id": PAYMENTS, "slug": "payments", "name": "Payments",
            "environments": [{"id": "e1", "slug": "dev", "name": "Development"}],
        }]}),
    );
    let tree = Tree::new(&[]);
    let run = server.serve(tree.secsync("list environments --all-projects"));
    assert!(run.run().exits_with(0).stdout.contains("payments  dev"));
    assert_eq!(asked(&server), ["GET /api/v1/projects"]);
}

#[test]
fn a_folder_or_environment_that_may_not_exist_is_no_empty_one() {
    let projects = json!({"projects": [{
        "id": PAYMENTS, "slug": "payments", "name": "Payments",
        "environments": [{"id": "e1", "slug": "dev", "name": "Development"}],
    }]});
    let server = Routes::infisical()
        .with("GET", "/api/v1/projects", &projects)
        .with("GET", "/api/v2/folders", &json!({"folders": []}));
    let tree = Tree::new(&[]);
    let list = |arguments: &str| {
        let run = tree.secsync(&format!("list folders --project payments {arguments}"));
        server.serve(run).run()
    };
    assert_snapshot!(list("--environment dev --path /nope").exits_with(0), @"
    $ secsync list folders --project payments --environment dev --path /nope
    The server shows no folder in it. It answers the same if the path does not exist.
    --- exit 0
    ");
    assert_snapshot!(list("--environment nope").exits_with(64), @"
    $ secsync list folders --project payments --environment nope
    --- stderr
    Error: The project `payments` has no environment `nope`.
      It has `dev`.
    --- exit 64
    ");
    assert_eq!(server.count("GET /api/v2/folders"), 1);
}

#[test]
fn without_a_project_those_that_the_files_name() {
    let files = "provider: infisical\nproject: payments\nsyncs: {}\n";
    let tree = Tree::new(&[("syncs/payments.yaml", files)]);
    let server = today();
    let run = server.serve(tree.secsync("list environments"));
    assert!(run.run().exits_with(0).stdout.contains("payments  prod"));
    let empty = Tree::new(&[]);
    assert_snapshot!(server.serve(empty.secsync("list environments")).run().exits_with(64), @"
    $ secsync list environments
    --- stderr
    Error: No project is named, here or in the files.
      Name one with `--project`, or take all with `--all-projects`.
    --- exit 64
    ");
}

#[test]
fn what_a_platform_does_not_list_is_said_in_a_sentence() {
    let tree = Tree::new(&[]);
    let said = |what: &str| {
        let run = tree.secsync(&format!("list {what} --provider enkryptify"));
        run.run().exits_with(64).stderr
    };
    assert_snapshot!(said("projects"), @"
    Error: The provider `enkryptify` is Enkryptify, which does not list its projects.
      Look them up in the dashboard of Enkryptify.
    ");
    assert_snapshot!(said("destinations"), @"
    Error: The provider `enkryptify` is Enkryptify, which does not list its destinations.
      A file may name any destination of Enkryptify by its slug.
    ");
    assert_snapshot!(said("folders --environment prod"), @"
    Error: The provider `enkryptify` is Enkryptify, which does not list its folders.
      Look them up in the dashboard of Enkryptify.
    ");
}

#[test]
fn nothing_to_list_is_said_in_a_sentence() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical().with("GET", "/api/v1/projects", &json!({"projects": []}));
    assert_snapshot!(server.serve(tree.secsync("list projects")).run().exits_with(0), @"
    $ secsync list projects
    This identity sees no project.
    --- exit 0
    ");
}

#[test]
fn a_refusal_is_no_empty_list() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical().refusing("GET", "/api/v1/projects", 403, "No.");
    server
        .serve(tree.secsync("list projects"))
        .run()
        .exits_with(4);
}

#[test]
fn a_missing_route_is_not_blamed_on_a_destination() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical();
    let output = server.serve(tree.secsync("list destinations")).run();
    assert_snapshot!(output.stderr, @"
    Error: Cannot list the destinations: this server has no such route (Route GET:/api/v1/secret-syncs/options not found).
      The server may be too old for this, or newer than this version of secsync, or it is not Infisical: check its address and its version.
    ");
}

#[test]
fn a_refusal_in_other_words_says_where_to_look() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical().refusing("GET", "/api/v1/projects", 403, "No.");
    let output = server.serve(tree.secsync("list projects")).run();
    assert_snapshot!(output.exits_with(4).stderr, @"
    Error: Cannot list the projects: Infisical says: No.
      Check in Infisical which roles this identity has, in the organization and in the project.
    ");
}

#[test]
fn lists_run_in_the_sandbox_too() {
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        "provider: infisical\nproject: payments\nsyncs: {}\n",
    )]);
    let server = Server::new(&json!({"projects": [{"slug": "payments"}]}));
    for what in [
        "projects",
        "environments",
        "folders --environment prod",
        "destinations",
    ] {
        tree.secsync(&format!("list {what}"))
            .on(&server)
            .run()
            .exits_with(0);
    }
    tree.secsync("list destinations --sandbox")
        .run()
        .exits_with(0);
}

fn connection(name: &str, app: &str, project: Option<&str>) -> serde_json::Value {
    let id = format!(
        "9a8b7c6d-0000-4000-8000-{:012}",
        name.len() * 10 + app.len() + usize::from(project.is_some())
    );
    json!({"id": id, "name": name, "app": app, "projectId": project, "orgId": "o1"})
}

#[test]
fn connections_are_listed_with_their_scope() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical()
        .with(
            "GET",
            "/api/v1/app-connections",
            &json!({"appConnections": [connection("main", "vercel", None), connection("main", "humanitec", None)]}),
        )
        .with(
            "GET",
            "/api/v1/app-connections/vercel/available",
            &json!({"appConnections": [connection("main", "vercel", None)]}),
        )
        .asked(
            "GET",
            "/api/v1/app-connections/vercel/available",
            ("projectId", PAYMENTS),
            &json!({"appConnections": [connection("main", "vercel", Some(PAYMENTS)), connection("main", "vercel", None)]}),
        );
    let list = |arguments: &str| {
        let run = server.serve(tree.secsync(&format!("list connections {arguments}")));
        run.run().exits_with(0).stdout
    };
    assert_snapshot!(list(""), @"
    CONNECTION  APP        SCOPE         ID
    main        humanitec  organization  9a8b7c6d-0000-4000-8000-000000000049
    main        vercel     organization  9a8b7c6d-0000-4000-8000-000000000046
    ");
    assert_snapshot!(list("--app vercel"), @"
    CONNECTION  APP     SCOPE         ID
    main        vercel  organization  9a8b7c6d-0000-4000-8000-000000000046
    ");
    assert_snapshot!(list(&format!("--app vercel --project {PAYMENTS}")), @"
    CONNECTION  APP     SCOPE         ID
    main        vercel  organization  9a8b7c6d-0000-4000-8000-000000000046
    main        vercel  project       9a8b7c6d-0000-4000-8000-000000000047
    ");
    let asked = asked(&server);
    assert_eq!(asked.len(), 3, "one request each: {asked:?}");
    let run =
        server.serve(tree.secsync("list connections --app vercel --project payments -o json"));
    assert_eq!(
        run.run().exits_with(0).json()["connections"][1],
        json!({"connection": "main", "app": "vercel", "scope": "project", "projectId": PAYMENTS, "id": "9a8b7c6d-0000-4000-8000-000000000047"})
    );
}

#[test]
fn connections_that_may_not_be_listed_are_no_empty_list() {
    let tree = Tree::new(&[]);
    let refused = "You are not allowed to read on app-connections";
    let server = Routes::infisical()
        .refusing("GET", "/api/v1/app-connections", 403, refused)
        .refusing(
            "GET",
            "/api/v1/app-connections/vercel/available",
            403,
            "You are not allowed to connect on app-connections",
        );
    let list = |arguments: &str| {
        let run = server.serve(tree.secsync(&format!("list connections {arguments}")));
        run.run().exits_with(4).stderr
    };
    assert_snapshot!(list(""), @r#"
    Error: Cannot list the connections: this identity lacks the permission "read" on "app-connections".
      An identity that may use connections and not administer them sees those to one app: name it with --app, as `secsync list destinations` shows it.
    "#);
    assert_snapshot!(list("--app vercel --project payments"), @r#"
    Error: Cannot list the connections to vercel: this identity lacks the permission "connect" on "app-connections".
      Give the identity the permission "connect" on the app connections of the project, or leave out --project for those of the organization.
    "#);
}

#[test]
fn a_file_that_is_not_finished_yet_is_not_in_the_way() {
    let half = "provider: infisical\nproject: payments\nsyncs:\n  web: { destination: vercel }\n";
    let tree = Tree::new(&[("syncs/payments.yaml", half)]);
    let server = today();
    let list = |what: &str| server.serve(tree.secsync(&format!("list {what}"))).run();
    let output = list("environments").exits_with(0);
    assert!(output.stdout.contains("payments  prod"), "{output}");
    tree.secsync("list projects --sandbox").run().exits_with(0);
    // What secsync.yaml says of servers has to be right.
    tree.write("secsync.yaml", "providers: { infisical: { urll: x } }\n");
    list("projects").exits_with(3);
}

#[test]
fn without_the_right_to_list_all_connections_those_to_the_apps_of_the_files_are_shown() {
    let half = "provider: infisical\nproject: payments\nsyncs:\n  web: { destination: vercel }\n";
    let tree = Tree::new(&[("syncs/payments.yaml", half)]);
    let server = Routes::infisical()
        .refusing(
            "GET",
            "/api/v1/app-connections",
            403,
            "You are not allowed to read on app-connections",
        )
        .with(
            "GET",
            "/api/v1/app-connections/vercel/available",
            &json!({"appConnections": [connection("main", "vercel", None)]}),
        );
    let run = server.serve(tree.secsync("list connections"));
    assert_snapshot!(run.run().exits_with(0).stdout, @"
    CONNECTION  APP     SCOPE         ID
    main        vercel  organization  9a8b7c6d-0000-4000-8000-000000000046

    This identity may not list all connections: these are the ones to the apps that the files use (`vercel`). Name another app with --app.
    ");
    let run = server.serve(tree.secsync("list connections -o json"));
    assert_eq!(
        run.run().exits_with(0).json()["onlyApps"],
        json!(["vercel"])
    );
}
