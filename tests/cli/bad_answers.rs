//! Servers that answer something else than the API promises: an error, and never a plan.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Canned, Output, Server, Tree};

const PROJECT: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
const CONNECTION: &str = "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d";

/// Files that name everything by its id, so that a plan needs nothing but the list of syncs.
fn tree() -> Tree {
    Tree::new(&[(
        "syncs/web.yaml",
        &format!(
            "\
provider: infisical
project: {PROJECT}
syncs:
  web:
    destination: humanitec
    connectionId: {CONNECTION}
    environment: prod
    secretPath: /web
    syncOptions: {{ initialSyncBehavior: overwrite-destination }}
    destinationConfig: {{ scope: application, org: acme, app: web }}
"
        ),
    )])
}

fn world() -> Value {
    json!({
        "projects": [{"id": PROJECT, "slug": "shop", "environments": [{"slug": "prod", "folders": ["/web"]}]}],
        "connections": [{"app": "humanitec", "name": "main", "id": CONNECTION}],
    })
}

fn plan_on(server: &Canned) -> Output {
    refused(
        tree()
            .secsync("plan syncs")
            .variable("INFISICAL_HOST", &server.origin())
            .variable("INFISICAL_TOKEN", "demo-token-4f1d")
            .run(),
    )
}

fn plan_where(rule: &str) -> Output {
    let server = Server::failing(&world(), &[rule]);
    refused(tree().secsync("plan syncs").on(&server).run())
}

fn refused(output: Output) -> Output {
    assert!(!output.stdout.contains("Plan:"), "{output}");
    output.exits_with(1)
}

#[test]
fn a_page_instead_of_the_list() {
    assert_snapshot!(plan_where("list=html"), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with an HTML page instead of JSON.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn an_empty_object_instead_of_the_list() {
    assert_snapshot!(plan_where("list=nonsense"), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered without a list of secretSyncs.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn a_list_that_breaks_off() {
    assert_snapshot!(plan_where("list=truncate"), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": the answer of http://127.0.0.1:[PORT] broke off (4 tries).
      Try again; if it stays, check the server and what stands before it.
    --- exit 1
    "#);
}

#[test]
fn a_server_error() {
    assert_snapshot!(plan_where("list=500"), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": Infisical failed with: Something went wrong.
      Infisical also answers so to values that it cannot digest; its log says more.
    --- exit 1
    "#);
}

#[test]
fn a_connection_that_breaks() {
    assert_snapshot!(plan_where("list=drop"), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": the connection to http://127.0.0.1:[PORT] broke (connection closed before message completed) (4 tries).
      Try again; if it stays, check the server and what stands before it.
    --- exit 1
    "#);
}

#[test]
fn a_page_instead_of_the_login() {
    assert_snapshot!(plan_where("login=html"), @"
    $ secsync plan syncs
    --- stderr
    Error: Cannot log in to Infisical with universal auth: http://127.0.0.1:[PORT] answered 200 OK with an HTML page instead of JSON.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    ");
}

#[test]
fn a_server_that_does_not_answer_in_time() {
    let server = Server::failing(&world(), &["list=hang"]);
    let output = tree()
        .secsync("plan syncs --timeout 50ms")
        .on(&server)
        .run();
    assert_snapshot!(refused(output), @r#"
    $ secsync plan syncs --timeout 50ms
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] did not answer within 0.05 s (4 tries).
      Try again later, or allow more time with --timeout.
    --- exit 1
    "#);
}

#[test]
fn nothing_modified_is_not_nothing_there() {
    assert_snapshot!(plan_on(&Canned::new(304, "application/json", "")), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered 304 Not Modified with an empty body.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn no_content_is_not_nothing_there() {
    assert_snapshot!(plan_on(&Canned::new(204, "application/json", "")), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered 204 No Content with an empty body.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn an_empty_body() {
    assert_snapshot!(plan_on(&Canned::new(200, "application/json", "")), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with an empty body.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn half_of_a_json_text() {
    assert_snapshot!(plan_on(&Canned::new(200, "application/json", r#"{"secretSyncs": [{"id""#)), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with JSON that breaks off.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn no_json_at_all() {
    assert_snapshot!(plan_on(&Canned::new(200, "text/plain", "pong")), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with something that is not JSON.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn a_list_where_an_object_should_be() {
    assert_snapshot!(plan_on(&Canned::json(&json!([]))), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered without a list of secretSyncs.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn null_where_the_list_should_be() {
    assert_snapshot!(plan_on(&Canned::json(&json!({"secretSyncs": null}))), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered without a list of secretSyncs.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn a_sync_without_its_name() {
    let sync = json!({"id": CONNECTION, "destination": "humanitec"});
    assert_snapshot!(plan_on(&Canned::json(&json!({"secretSyncs": [sync]}))), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a sync that has no name.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn a_sync_of_another_shape() {
    let sync = json!({"id": 7, "name": ["web"], "destination": "humanitec"});
    assert_snapshot!(plan_on(&Canned::json(&json!({"secretSyncs": [sync]}))), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a sync that has no id.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

/// A sync as the list shows it, with one member replaced or, for null, left out.
fn listed(member: &str, value: Value) -> Value {
    let mut sync = json!({
        "id": CONNECTION, "name": "web", "destination": "humanitec", "projectId": PROJECT,
        "description": null, "isAutoSyncEnabled": true, "version": 1, "connectionId": CONNECTION,
        "createdAt": "2025-06-01T10:00:00.000Z", "updatedAt": "2025-06-01T10:00:00.000Z",
        "syncStatus": "succeeded", "lastSyncJobId": null, "lastSyncMessage": null,
        "lastSyncedAt": null, "importStatus": null, "removeStatus": null,
        "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "connection": {"app": "humanitec", "name": "main", "id": CONNECTION},
        "environment": {"slug": "prod", "name": "Production", "id": PROJECT},
        "folder": {"id": PROJECT, "path": "/web"},
        "destinationConfig": {"scope": "application", "org": "acme", "app": "web"},
    });
    if value.is_null() {
        sync.as_object_mut().unwrap().remove(member);
    } else {
        sync[member] = value;
    }
    json!({"secretSyncs": [sync]})
}

#[test]
fn a_sync_that_has_everything_is_planned_with() {
    let server = Canned::json(&listed("enterprise", json!(false)));
    let output = tree()
        .secsync("plan syncs")
        .variable("INFISICAL_HOST", &server.origin())
        .variable("INFISICAL_TOKEN", "demo-token-4f1d")
        .run()
        .exits_with(0);
    assert!(output.stdout.contains("No changes."), "{output}");
}

#[test]
fn a_sync_with_too_little_in_it_is_not_planned_with() {
    for (member, value) in [
        ("destinationConfig", Value::Null),
        ("destinationConfig", json!("web")),
        ("syncOptions", Value::Null),
        ("syncOptions", json!([])),
        ("environment", json!("prod")),
        ("folder", json!("/web")),
        ("connectionId", Value::Null),
        ("projectId", Value::Null),
        ("destination", json!(7)),
        ("isAutoSyncEnabled", Value::Null),
        ("isAutoSyncEnabled", json!("yes")),
    ] {
        let output = plan_on(&Canned::json(&listed(member, value)));
        assert!(
            output.stderr.contains("answered with a sync"),
            "{member}: {output}"
        );
    }
}

#[test]
fn a_redirect() {
    assert_snapshot!(plan_on(&Canned::redirecting("https://login.example/sso")), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a redirect to login.example, and redirects are not followed.
      If you trust that host, give the final address; go around a sign-in page.
    --- exit 1
    "#);
}

#[test]
fn another_service() {
    assert_snapshot!(plan_on(&Canned::new(404, "text/plain", "404 page not found")), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered 404 Not Found with something that is not JSON.
      Check that the address is that of the API itself, and which version it runs.
    --- exit 1
    "#);
}

#[test]
fn a_message_that_would_move_the_cursor() {
    let body = json!({"statusCode": 400, "message": "\u{1b}[2J\u{1b}[HAll is well.", "error": "BadRequest"});
    assert_snapshot!(plan_on(&Canned::new(400, "application/json", &body.to_string())), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": Infisical says: [2J [HAll is well.
    --- exit 1
    "#);
}

#[test]
fn nobody_listens() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let output = tree()
        .secsync("plan syncs")
        .variable("INFISICAL_HOST", &format!("http://127.0.0.1:{port}"))
        .variable("INFISICAL_TOKEN", "demo-token-4f1d")
        .run();
    assert_snapshot!(refused(output), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] refused the connection (4 tries).
      Check that the server is running, and that host and port are right.
    --- exit 1
    "#);
}

#[test]
fn a_host_that_does_not_exist() {
    let output = tree()
        .secsync("plan syncs")
        .variable("INFISICAL_HOST", "https://secrets.invalid")
        .variable("INFISICAL_TOKEN", "demo-token-4f1d")
        .run();
    refused(output);
}

#[test]
fn half_an_answer_is_an_error_for_apply_too() {
    let server = Server::failing(&world(), &["list=truncate"]);
    let output = tree()
        .secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(1);
    assert!(
        !server
            .requests()
            .iter()
            .any(|request| { request.starts_with("POST /api/v1/secret-syncs") }),
        "{output}"
    );
}
