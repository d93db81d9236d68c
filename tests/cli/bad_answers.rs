//! Servers that answer something else than the API promises: an error, and never a plan.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Canned, Invocation, Output, Server, Tree, refusals};

const JSON: &str = "application/json";
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

/// A plan, with further options and in an environment that names the server.
fn plan(options: &str, environment: impl FnOnce(Invocation) -> Invocation) -> Output {
    environment(tree().secsync(&format!("plan syncs {options}"))).run()
}

fn plan_at(origin: &str) -> Output {
    plan("", |run| {
        run.variable("INFISICAL_HOST", origin)
            .variable("INFISICAL_TOKEN", "demo-token-4f1d")
    })
}

fn plan_on(server: &Canned) -> Output {
    plan_at(&server.origin())
}

/// A plan on a server that gives this answer to everything.
fn canned(status: u16, content_type: &str, body: &str) -> Output {
    plan_on(&Canned::new(status, content_type, body))
}

fn json(body: &Value) -> Output {
    canned(200, JSON, &body.to_string())
}

/// A plan on a sandbox with this fault.
fn failing(rule: &str) -> Output {
    let server = Server::failing(&world(), &[rule]);
    plan("", |run| run.on(&server))
}

#[test]
fn rejects_every_answer_that_is_not_the_list_of_syncs() {
    assert_snapshot!(refusals(1, [
        ("an HTML page", failing("list=html")),
        ("an object without the list", failing("list=nonsense")),
        ("304 Not Modified", canned(304, JSON, "")),
        ("204 No Content", canned(204, JSON, "")),
        ("an empty body", canned(200, JSON, "")),
        ("half of a JSON text", canned(200, JSON, r#"{"secretSyncs": [{"id""#)),
        ("no JSON", canned(200, "text/plain", "pong")),
        ("a list instead of an object", json(&json!([]))),
        ("null instead of the list", json(&json!({"secretSyncs": null}))),
        ("a sync without a name", json(&json!({"secretSyncs": [{"id": CONNECTION, "destination": "humanitec"}]}))),
        ("a sync of another shape", json(&json!({"secretSyncs": [{"id": 7, "name": ["web"], "destination": "humanitec"}]}))),
        ("another service", canned(404, "text/plain", "404 page not found")),
        ("a redirect", plan_on(&Canned::redirecting("https://login.example/sso"))),
    ]), @r#"
    # an HTML page

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with an HTML page instead of JSON.
      Check that the address is that of the API itself, and which version it runs.

    # an object without the list

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered without a list of secretSyncs.
      Check that the address is that of the API itself, and which version it runs.

    # 304 Not Modified

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered 304 Not Modified with an empty body.
      Check that the address is that of the API itself, and which version it runs.

    # 204 No Content

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered 204 No Content with an empty body.
      Check that the address is that of the API itself, and which version it runs.

    # an empty body

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with an empty body.
      Check that the address is that of the API itself, and which version it runs.

    # half of a JSON text

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with JSON that breaks off.
      Check that the address is that of the API itself, and which version it runs.

    # no JSON

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with something that is not JSON.
      Check that the address is that of the API itself, and which version it runs.

    # a list instead of an object

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered without a list of secretSyncs.
      Check that the address is that of the API itself, and which version it runs.

    # null instead of the list

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered without a list of secretSyncs.
      Check that the address is that of the API itself, and which version it runs.

    # a sync without a name

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a sync that has no name.
      Check that the address is that of the API itself, and which version it runs.

    # a sync of another shape

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a sync that has no id.
      Check that the address is that of the API itself, and which version it runs.

    # another service

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered 404 Not Found with something that is not JSON.
      Check that the address is that of the API itself, and which version it runs.

    # a redirect

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a redirect to login.example, and redirects are not followed.
      If you trust that host, give the final address; go around a sign-in page.
    "#);
}

#[test]
fn reports_a_server_that_fails() {
    let message = json!({"reqId": "req-1", "statusCode": 400, "message": "\u{1b}[2J\u{1b}[HAll is well.", "error": "BadRequest"});
    assert_snapshot!(refusals(1, [
        ("an error of the server", failing("list=500")),
        ("an HTML page instead of the login", failing("login=html")),
        ("a message that would move the cursor", canned(400, JSON, &message.to_string())),
    ]), @r#"
    # an error of the server

    Error: Cannot list the syncs of project "[UUID]": Infisical failed with: Something went wrong.
      Infisical also answers so to values that it cannot digest; its log says more.

    # an HTML page instead of the login

    Error: Cannot log in to Infisical with universal auth: http://127.0.0.1:[PORT] answered 200 OK with an HTML page instead of JSON.
      Check that the address is that of the API itself, and which version it runs.

    # a message that would move the cursor

    Error: Cannot list the syncs of project "[UUID]": Infisical says: [2J [HAll is well.
    "#);
}

#[test]
fn reports_a_connection_that_breaks() {
    type Case = (&'static str, fn() -> Output);
    // Each of them is tried four times, so they run side by side.
    let cases: [Case; 4] = [
        ("the list breaks off", || failing("list=truncate")),
        ("the connection breaks", || failing("list=drop")),
        ("no answer in time", || {
            let server = Server::failing(&world(), &["list=hang"]);
            plan("--timeout 400ms", |run| run.on(&server))
        }),
        ("no server on the port", || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let origin = format!("http://{}", listener.local_addr().unwrap());
            drop(listener);
            plan_at(&origin)
        }),
    ];
    let plans = cases.map(|(name, plan)| (name, std::thread::spawn(plan)));
    let ended = plans.map(|(name, plan)| (name, plan.join().unwrap()));
    assert_snapshot!(refusals(1, ended), @r#"
    # the list breaks off

    Error: Cannot list the syncs of project "[UUID]": the answer of http://127.0.0.1:[PORT] broke off (4 tries).
      Try again; if it stays, check the server and what stands before it.

    # the connection breaks

    Error: Cannot list the syncs of project "[UUID]": the connection to http://127.0.0.1:[PORT] broke (connection closed before message completed) (4 tries).
      Try again; if it stays, check the server and what stands before it.

    # no answer in time

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] did not answer within 0.4 s (4 tries).
      Try again later, or allow more time with --timeout.

    # no server on the port

    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] refused the connection (4 tries).
      Check that the server is running, and that host and port are right.
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
fn plans_with_a_complete_sync() {
    let output = json(&listed("enterprise", json!(false))).exits_with(0);
    assert!(output.stdout.contains("No changes."), "{output}");
}

#[test]
fn rejects_an_incomplete_sync() {
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
        let output = json(&listed(member, value.clone())).exits_with(1);
        assert!(
            output.stdout.is_empty() && output.stderr.contains("answered with a sync"),
            "{member}: {value}: {output}"
        );
    }
}

#[test]
fn rejects_a_host_that_does_not_exist() {
    let output = plan_at("https://secrets.invalid").exits_with(1);
    assert!(!output.stdout.contains("Plan:"), "{output}");
}

#[test]
fn applies_nothing_after_half_an_answer() {
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
