//! Infisical over HTTP: what is sent, what is read, and what is made of every odd answer.

use std::sync::Arc;

use super::support::{
    Act, CLIENT_SECRET, CONNECTION, PROJECT, RawServer, SYNC, TOKEN, add, add_first, all_text,
    infisical, infisical_with, infisical_with_login, options, raw, refusal, requests, server_with,
    sync, syncs,
};
use secsync::cancel::Cancellation;
use secsync::core::remote::{JobStatus, RemoteConnection, RemoteProject, RemoteSync, Scope};
use secsync::http::error::{Fate, RequestError, RequestErrorKind};
use secsync::provider::{Deletion, ManagedSyncs};
use serde_json::{Map, Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LIST: &str = "/api/v1/secret-syncs";
const HUMANITEC: &str = "/api/v1/secret-syncs/humanitec";

fn one() -> String {
    format!("{HUMANITEC}/{SYNC}")
}

fn body(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => panic!("not an object"),
    }
}

fn ok(value: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(value)
}

async fn create(provider: &Arc<dyn ManagedSyncs>) -> Result<RemoteSync, RequestError> {
    let request = body(json!({"name": "web"}));
    provider.create("humanitec", &request).await
}

async fn list_error(answer: ResponseTemplate) -> RequestError {
    let server = server_with("GET", LIST, answer).await;
    infisical(&server.uri())
        .list(PROJECT, "payments")
        .await
        .expect_err("the list must fail")
}

#[tokio::test]
async fn connecting_sends_nothing() {
    let server = wiremock::MockServer::start().await;
    let provider = infisical_with_login(&server.uri());
    assert_eq!(provider.server(), server.uri());
    assert_eq!(requests(&server).await, [""; 0]);
}

#[tokio::test]
async fn lists_syncs_in_one_request() {
    let server = server_with("GET", LIST, ok(syncs(&["a", "b"]))).await;
    let found = infisical(&server.uri())
        .list(PROJECT, "payments")
        .await
        .expect("a list");
    assert_eq!(found.len(), 2);
    let received = server.received_requests().await.expect("recorded");
    let [request] = received.as_slice() else {
        panic!("one request, not {}", received.len())
    };
    assert_eq!(
        request.url.query(),
        Some(format!("projectId={PROJECT}").as_str())
    );
    assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(
        request.headers["user-agent"],
        concat!("secsync/", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn a_read_sync_has_the_words_of_the_files() {
    let mut reported = sync("web");
    reported["lastSyncJobId"] = "7".into();
    reported["lastSyncedAt"] = "2026-01-02T03:04:06.000Z".into();
    reported["somethingNew"] = json!({"x": 1});
    let server = server_with("GET", &one(), ok(json!({"secretSync": reported}))).await;
    let found = infisical(&server.uri())
        .get("humanitec", SYNC)
        .await
        .expect("an answer")
        .expect("a sync");
    assert_eq!(
        (
            found.id.as_str(),
            found.name.as_str(),
            found.project_id.as_str()
        ),
        (SYNC, "web", PROJECT)
    );
    assert_eq!(found.destination, "humanitec");
    assert_eq!(found.environment.as_deref(), Some("dev"));
    assert_eq!(found.secret_path.as_deref(), Some("/apps/web"));
    assert_eq!(
        found.connection,
        RemoteConnection {
            id: CONNECTION.to_owned(),
            name: "humanitec-main".to_owned(),
            app: "humanitec".to_owned(),
            project_id: None,
        }
    );
    assert_eq!(
        found.updated_at.as_deref(),
        Some("2026-01-02T03:04:06.000Z")
    );
    assert_eq!(found.sync_job.status, Some(JobStatus::Pending));
    assert_eq!(found.sync_job.last_id.as_deref(), Some("7"));
    assert_eq!(
        found.sync_job.at.as_deref(),
        Some("2026-01-02T03:04:06.000Z")
    );
    assert_eq!(found.remove_job.status, None);
    assert_eq!(
        Value::Object(found.fields),
        json!({
            "description": null,
            "isAutoSyncEnabled": true,
            "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
            "destinationConfig": {"scope": "application", "org": "acme", "app": "web"},
            "somethingNew": {"x": 1},
        })
    );
}

#[tokio::test]
async fn a_sync_whose_source_folder_was_deleted_has_no_source() {
    let mut orphan = sync("web");
    orphan["environment"] = Value::Null;
    orphan["folder"] = Value::Null;
    orphan["folderId"] = Value::Null;
    let server = server_with("GET", &one(), ok(json!({"secretSync": orphan}))).await;
    let found = infisical(&server.uri())
        .get("humanitec", SYNC)
        .await
        .expect("an answer")
        .expect("a sync");
    assert_eq!((found.environment, found.secret_path), (None, None));
}

#[tokio::test]
async fn rejects_odd_answers_instead_of_reading_no_syncs() {
    let without = |field: &str| {
        let mut answer = syncs(&["a"]);
        answer["secretSyncs"][0]
            .as_object_mut()
            .expect("a sync")
            .remove(field);
        ok(answer)
    };
    let mut stray = syncs(&["a", "b"]);
    stray["secretSyncs"][1]["projectId"] = "another-project".into();
    let mut same_id = syncs(&["a", "b"]);
    same_id["secretSyncs"][1]["id"] = "id-0".into();
    let html = "<!DOCTYPE html><title>Sign in</title>";
    for (case, answer, says) in [
        (
            "HTML",
            ResponseTemplate::new(200).set_body_raw(html, "text/html"),
            "an HTML page",
        ),
        (
            "HTML that calls itself JSON",
            ResponseTemplate::new(200).set_body_raw(html, "application/json"),
            "an HTML page",
        ),
        (
            "truncated",
            ResponseTemplate::new(200).set_body_string(r#"{"secretSyncs":[{"id":"#),
            "breaks off",
        ),
        ("empty", ResponseTemplate::new(200), "an empty body"),
        ("304", ResponseTemplate::new(304), "304 Not Modified"),
        ("204", ResponseTemplate::new(204), "204 No Content"),
        (
            "no envelope",
            ok(json!({})),
            "without a list of secretSyncs",
        ),
        (
            "a bare list",
            ok(json!([])),
            "without a list of secretSyncs",
        ),
        (
            "null",
            ok(json!({"secretSyncs": null})),
            "without a list of secretSyncs",
        ),
        (
            "one sync",
            ok(json!({"secretSyncs": sync("a")})),
            "without a list of secretSyncs",
        ),
        (
            "no objects",
            ok(json!({"secretSyncs": ["a"]})),
            "without a list of secretSyncs",
        ),
        ("no id", without("id"), "no id"),
        ("no name", without("name"), "no name"),
        ("no destination", without("destination"), "no destination"),
        ("no project", without("projectId"), "no projectId"),
        ("no connection", without("connectionId"), "no connectionId"),
        ("no environment", without("environment"), "no environment"),
        ("no folder", without("folder"), "no folder"),
        ("a stray sync", ok(stray), "of another project"),
        ("an id twice", ok(same_id), "the id \"id-0\" twice"),
        (
            "a name twice",
            ok(syncs(&["a", "a"])),
            "the name \"a\" twice",
        ),
    ] {
        let error = list_error(answer).await;
        assert_eq!(error.kind, RequestErrorKind::BadAnswer, "{case}: {error}");
        assert!(error.message.contains(says), "{case}: {error}");
        assert!(!error.is_in_doubt(), "{case}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_below_http_is_an_error_after_four_tries() {
    let cut = Act::Send(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"secretSyncs\":[]"
            .to_owned(),
    );
    let server = RawServer::start(vec![cut; 4]).await;
    let error = infisical(&server.origin)
        .list(PROJECT, "payments")
        .await
        .expect_err("half an answer");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    assert!(error.message.contains("broke off"), "{error}");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_only_its_host_is_named() {
    let elsewhere = wiremock::MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/sign-in?state=abc", elsewhere.uri());
        let error =
            list_error(ResponseTemplate::new(status).insert_header("location", location.as_str()))
                .await;
        assert_eq!(error.kind, RequestErrorKind::BadAnswer, "{status}");
        assert!(
            error.message.contains("a redirect to 127.0.0.1"),
            "{status}: {error}"
        );
        assert!(!all_text(&error).contains("abc"), "{status}: {error:?}");
    }
    assert_eq!(requests(&elsewhere).await, [""; 0]);
}

#[tokio::test]
async fn distinguishes_refusals() {
    use RequestErrorKind::{BadAnswer, NoRoute, NotFound, Permission, Rejected, Unavailable};
    let problems = json!({
        "reqId": "req-1", "statusCode": 422, "error": "ValidationFailure",
        "message": [
            {"code": "invalid_type", "path": ["projectId"], "message": "Required"},
            {"code": "custom", "path": ["destinationConfig", "tags", 0], "message": "Bad\u{1b}[31m tag."},
        ]
    });
    let outsider = json!({
        "reqId": "req-1", "statusCode": 403,
        "message": "You are not allowed to access this resource",
        "error": format!("Identity is not a member of the specified project with ID '{PROJECT}'")
    });
    let limited = json!({
        "reqId": "req-1", "statusCode": 403, "error": "PermissionDenied",
        "message": "You are not allowed to read on secret-syncs",
        "details": [{"action": ["read"], "conditions": {"environment": {"$eq": "dev"}}}]
    });
    for (answer, kind, says) in [
        (
            ResponseTemplate::new(422).set_body_json(problems),
            Rejected,
            "projectId: Required; destinationConfig.tags.0: Bad [31m tag",
        ),
        (
            ResponseTemplate::new(403).set_body_json(outsider),
            Permission,
            "does not exist, or this identity is not a member of it",
        ),
        (
            ResponseTemplate::new(403).set_body_json(limited),
            Permission,
            "lacks the permission \"read\" on \"secret-syncs\"",
        ),
        (
            refusal(403, "Forbidden", "Your IP address is not allowed."),
            Permission,
            "Your IP address is not allowed",
        ),
        (
            refusal(404, "NotFound", "Could not find it"),
            NotFound,
            "Could not find it",
        ),
        (
            ResponseTemplate::new(404).set_body_json(json!({
                "message": "Route GET:/api/v1/secret-syncs not found",
                "error": "Not Found", "statusCode": 404
            })),
            NoRoute,
            "no such route",
        ),
        (
            ResponseTemplate::new(404).set_body_string("<html>404</html>"),
            BadAnswer,
            "404 Not Found with an HTML page",
        ),
        (
            refusal(400, "BadRequest", "Could not find folder with path \"/x\""),
            Rejected,
            "Could not find folder with path \"/x\"",
        ),
        (
            refusal(500, "InternalServerError", "Something went wrong"),
            Unavailable,
            "Something went wrong",
        ),
        (
            ResponseTemplate::new(502).set_body_string("<html>bad gateway"),
            Unavailable,
            "502 Bad Gateway with an HTML page",
        ),
    ] {
        let error = list_error(answer).await;
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "{error}");
        assert!(
            error
                .message
                .starts_with("Cannot list the syncs of project \"")
        );
        assert!(error.message.ends_with('.'), "{error}");
    }
}

#[tokio::test]
async fn a_limited_permission_says_what_it_is_limited_to() {
    let answer = ResponseTemplate::new(403).set_body_json(json!({
        "reqId": "req-1", "statusCode": 403, "error": "PermissionDenied",
        "message": "You are not allowed to read on secret-syncs",
        "details": [{"conditions": {"environment": {"$eq": "dev"}}}]
    }));
    let help = list_error(answer).await.help.expect("help");
    assert!(help.contains(r#"{"environment":{"$eq":"dev"}}"#), "{help}");
}

#[tokio::test]
async fn limits_and_escapes_messages_of_a_server() {
    let long = format!("\u{1b}]0;x\u{7}{}", "y".repeat(100_000));
    let error = list_error(refusal(400, "BadRequest", &long)).await;
    assert!(error.message.len() < 1_000, "{}", error.message.len());
    assert!(!error.message.contains('\u{1b}'));
    let many: Vec<Value> = (0..1_000)
        .map(|n| json!({"path": ["f", n], "message": "Required"}))
        .collect();
    let error = list_error(ResponseTemplate::new(422).set_body_json(json!({
        "reqId": "req-1", "statusCode": 422, "message": many, "error": "ValidationFailure"
    })))
    .await;
    assert!(
        error.message.ends_with("f.9: Required; and 990 more."),
        "{error}"
    );
}

#[tokio::test]
async fn projects_are_listed_also_by_the_name_that_newer_servers_have() {
    let project = json!({"id": PROJECT, "slug": "pay", "name": "Payments", "orgId": "o"});
    let expected = [RemoteProject {
        id: PROJECT.to_owned(),
        slug: "pay".to_owned(),
        name: "Payments".to_owned(),
        environments: None,
    }];
    let older = server_with(
        "GET",
        "/api/v1/workspace",
        ok(json!({"workspaces": [project]})),
    )
    .await;
    let newer = server_with(
        "GET",
        "/api/v1/projects",
        ok(json!({"projects": [project]})),
    )
    .await;
    let missing = json!({
        "message": "Route GET:/api/v1/projects not found", "error": "Not Found", "statusCode": 404
    });
    let missing = ResponseTemplate::new(404).set_body_json(missing);
    add(&older, "GET", "/api/v1/projects", missing).await;
    for server in [&older, &newer] {
        let found = infisical(&server.uri()).projects().await.expect("projects");
        assert_eq!(found, expected);
    }
    let sent = newer.received_requests().await.expect("recorded");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].url.query(), Some("type=secret-manager"));
    let neither = wiremock::MockServer::start().await;
    let error = infisical(&neither.uri())
        .projects()
        .await
        .expect_err("no such route");
    assert_eq!(error.kind, RequestErrorKind::BadAnswer);
}

#[tokio::test]
async fn connections_are_those_that_the_identity_may_use_in_the_project() {
    let row = |id: &str, project: Value| json!({"app": "humanitec", "name": "main", "id": id, "projectId": project});
    let server = server_with(
        "GET",
        "/api/v1/app-connections/humanitec/available",
        ok(json!({"appConnections": [row("c1", Value::Null), row("c2", PROJECT.into())]})),
    )
    .await;
    let provider = infisical(&server.uri());
    let found = provider
        .connections("humanitec", PROJECT)
        .await
        .expect("connections");
    let seen: Vec<_> = found
        .seen
        .iter()
        .map(|one| (&*one.id, one.scope()))
        .collect();
    assert_eq!(seen, [("c1", Scope::Organization), ("c2", Scope::Project)]);
    assert_eq!(found.lacks, None);
    let asked = server.received_requests().await.unwrap_or_default();
    let query = asked.last().and_then(|request| request.url.query());
    assert_eq!(query, Some(&*format!("projectId={PROJECT}")));
}

#[tokio::test]
async fn whoever_may_not_see_the_projects_connections_sees_the_organizations() {
    let server = MockServer::start().await;
    let available =
        || Mock::given(method("GET")).and(path("/api/v1/app-connections/humanitec/available"));
    let of_project = available().and(query_param("projectId", PROJECT));
    of_project
        .respond_with(refusal(
            403,
            "PermissionDenied",
            "You are not allowed to connect on app-connections",
        ))
        .with_priority(1)
        .mount(&server)
        .await;
    available()
        .respond_with(ok(json!({
            "appConnections": [{"app": "humanitec", "name": "main", "id": "c1"}]
        })))
        .mount(&server)
        .await;
    let provider = infisical(&server.uri());
    let found = provider
        .connections("humanitec", PROJECT)
        .await
        .expect("connections");
    assert_eq!(found.seen[0].id, "c1");
    assert!(found.lacks.is_some_and(|right| right.contains("*connect*")));
}

#[tokio::test]
async fn folders_are_looked_up_also_by_the_route_that_older_servers_have() {
    let mut route = ResponseTemplate::new(404);
    for body in missing_route("/api/v2/folders?path=%2F") {
        let older = server_with(
            "GET",
            "/api/v1/folders",
            ok(json!({"folders": [{"name": "web"}]})),
        )
        .await;
        route = ResponseTemplate::new(404).set_body_json(body);
        add(&older, "GET", "/api/v2/folders", route.clone()).await;
        let provider = infisical(&older.uri());
        for (path, exists) in [("/web", true), ("/api", false)] {
            let found = provider.has_folder(PROJECT, "dev", path).await;
            assert_eq!(found, Ok(exists), "{path}");
        }
    }
    let neither = server_with("GET", "/api/v2/folders", route.clone()).await;
    add(&neither, "GET", "/api/v1/folders", route).await;
    let provider = infisical(&neither.uri());
    let error = provider.has_folder(PROJECT, "dev", "/web").await;
    assert_eq!(error.expect_err("no route").kind, RequestErrorKind::NoRoute);
    let missing = refusal(404, "NotFound", "Folder with path '/' not found");
    let newer = server_with("GET", "/api/v2/folders", missing).await;
    let found = infisical(&newer.uri())
        .has_folder(PROJECT, "dev", "/web")
        .await;
    assert_eq!(found, Ok(false));
}

#[tokio::test]
async fn never_takes_a_missing_route_for_a_missing_sync() {
    for body in missing_route(&one()) {
        let route = ResponseTemplate::new(404).set_body_json(body);
        let server = server_with("GET", &one(), route.clone()).await;
        add(&server, "DELETE", &one(), route).await;
        let provider = infisical(&server.uri());
        let error = provider.get("humanitec", SYNC).await.expect_err("no route");
        assert_eq!(error.kind, RequestErrorKind::NoRoute);
        let error = provider
            .delete("humanitec", SYNC, false)
            .await
            .expect_err("no route");
        assert_eq!(error.kind, RequestErrorKind::NoRoute);
    }
}

/// How servers and the routers before them say that they have no such route.
fn missing_route(path: &str) -> Vec<Value> {
    let words =
        ["GET:", "GET ", "", "GET: "].map(|method| format!("Route {method}{path} not found"));
    let say = |message: String| {
        [
            json!({"message": message, "error": "Not Found", "statusCode": 404}),
            json!({"reqId": "req-1", "message": message, "error": "NotFound", "statusCode": 404}),
            json!({"reqId": "req-1", "message": message, "error": "Not Found", "statusCode": 404}),
        ]
    };
    words.into_iter().flat_map(say).collect()
}

#[tokio::test]
async fn rejects_another_sync_than_the_requested_one() {
    let mut other = sync("other");
    other["id"] = "another-id".into();
    let server = server_with("GET", &one(), ok(json!({"secretSync": other}))).await;
    let error = infisical(&server.uri())
        .get("humanitec", SYNC)
        .await
        .expect_err("another sync");
    assert_eq!(error.kind, RequestErrorKind::BadAnswer);
}

#[tokio::test]
async fn create_and_update_send_json_and_return_what_the_server_kept() {
    let server = server_with("POST", HUMANITEC, ok(json!({"secretSync": sync("web")}))).await;
    add(
        &server,
        "PATCH",
        &one(),
        ok(json!({"secretSync": sync("new")})),
    )
    .await;
    let provider = infisical(&server.uri());
    let sent = json!({"name": "web", "projectId": PROJECT, "z": 1, "a": {"é": null}});
    let created = provider.create("humanitec", &body(sent.clone())).await;
    assert_eq!(created.expect("created").name, "web");
    let updated = provider
        .update("humanitec", SYNC, &body(json!({"name": "new"})))
        .await;
    assert_eq!(updated.expect("updated").name, "new");
    let received = server.received_requests().await.expect("recorded");
    assert_eq!(received[0].headers["content-type"], "application/json");
    assert_eq!(received[0].body_json::<Value>().expect("JSON"), sent);
    assert_eq!(
        received[1].body_json::<Value>().expect("JSON"),
        json!({"name": "new"})
    );
}

#[tokio::test]
async fn distinguishes_refusals_of_a_create() {
    let taken = "A Secret Sync with the name \"web\" already exists for the project with ID \"p\"";
    let licence = "Failed to create secret sync due to plan restriction. Upgrade plan to access enterprise secret syncs.";
    for (message, kind, help) in [
        (taken, "name-taken", ""),
        (licence, "plan-restriction", "plan"),
    ] {
        let server = server_with("POST", HUMANITEC, refusal(400, "BadRequest", message)).await;
        let error = create(&infisical(&server.uri())).await.expect_err(message);
        assert_eq!(error.kind.word(), kind, "{message}");
        assert!(!error.is_in_doubt(), "{message}");
        assert!(error.help.unwrap_or_default().contains(help), "{message}");
    }
}

#[tokio::test]
async fn a_create_that_may_have_happened_is_sent_once_and_says_so() {
    let answers = [
        refusal(500, "InternalServerError", "Something went wrong"),
        refusal(502, "BadGateway", "x"),
        refusal(503, "Unavailable", "x"),
        refusal(504, "GatewayTimeout", "x"),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_string("{\"secretSync\":{\"id\":"),
        ok(json!({})),
    ];
    for answer in answers {
        let server = server_with("POST", HUMANITEC, answer).await;
        let error = create(&infisical(&server.uri()))
            .await
            .expect_err("no sync in the answer");
        assert!(error.is_in_doubt(), "{error}");
        assert_eq!(requests(&server).await.len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_sent_once_and_says_so() {
    for act in [
        Act::Close,
        Act::Send("HTTP/1.1 200 OK\r\ncontent-le".to_owned()),
    ] {
        let server = RawServer::start([act]).await;
        let error = create(&infisical(&server.origin))
            .await
            .expect_err("the answer is lost");
        assert_eq!(error.kind, RequestErrorKind::Unavailable);
        assert!(error.is_in_doubt(), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_create_that_timed_out_is_sent_once_and_says_so() {
    let server = RawServer::start([Act::Hang]).await;
    let (mut options, _) = options();
    options.timeout = std::time::Duration::from_millis(200);
    let error = create(&infisical_with(
        &server.origin,
        &options,
        &Cancellation::new(),
    ))
    .await
    .expect_err("no answer in time");
    assert!(error.is_in_doubt());
    assert!(
        error.message.contains("did not answer within 0.2 s"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_create_that_was_never_sent_is_tried_again_and_leaves_no_doubt() {
    // A port that was just free, so that no server listens on it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let (options, clock) = options();
    let error = create(&infisical_with(&origin, &options, &Cancellation::new()))
        .await
        .expect_err("nobody listens");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    assert!(!error.is_in_doubt(), "{error}");
    assert!(
        error.message.contains("refused the connection (4 tries)"),
        "{error}"
    );
    assert_eq!(clock.sleeps().len(), 3);
}

#[tokio::test]
async fn an_update_whose_answer_is_lost_is_sent_again() {
    let kept = json!({"secretSync": sync("web")}).to_string();
    let server = RawServer::start([Act::Close, raw("200 OK", &kept)]).await;
    let updated = infisical(&server.origin)
        .update("humanitec", SYNC, &body(json!({"name": "web"})))
        .await;
    assert_eq!(updated.expect("updated").name, "web");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_update_refused_after_a_lost_answer_stays_in_doubt() {
    let refused =
        r#"{"reqId":"r","statusCode":404,"message":"Could not find it","error":"NotFound"}"#;
    let server = RawServer::start([Act::Close, raw("404 Not Found", refused)]).await;
    let error = infisical(&server.origin)
        .update("humanitec", SYNC, &body(json!({"name": "web"})))
        .await
        .expect_err("refused");
    assert_eq!(error.kind, RequestErrorKind::NotFound);
    assert!(error.is_in_doubt());
}

#[tokio::test]
async fn a_500_to_a_write_is_not_repeated() {
    let server = server_with("PATCH", &one(), refusal(500, "x", "Something went wrong")).await;
    let error = infisical(&server.uri())
        .update("humanitec", SYNC, &body(json!({})))
        .await
        .expect_err("500");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn deleting_what_is_gone_is_done() {
    let gone = refusal(404, "NotFound", "Could not find Humanitec Sync with ID x");
    let server = server_with("DELETE", &one(), gone).await;
    let deleted = infisical(&server.uri())
        .delete("humanitec", SYNC, false)
        .await;
    assert_eq!(deleted, Ok(Deletion::Gone));
}

#[tokio::test]
async fn a_404_that_is_not_the_api_s_own_says_nothing_about_a_sync() {
    let odd = [
        ResponseTemplate::new(404),
        ResponseTemplate::new(404).set_body_raw("<html>Not found", "text/html"),
        ResponseTemplate::new(404).set_body_json(json!({"message": "no Route matched"})),
        ResponseTemplate::new(404).set_body_json(json!({
            "statusCode": 404, "error": "NotFound", "message": "Could not find it"
        })),
        ResponseTemplate::new(404).set_body_json(json!({
            "reqId": "req-1", "statusCode": 403, "error": "NotFound", "message": "Could not find it"
        })),
    ];
    for answer in odd {
        let server = server_with("DELETE", &one(), answer.clone()).await;
        add(&server, "GET", &one(), answer).await;
        let provider = infisical(&server.uri());
        let error = provider.delete("humanitec", SYNC, false).await;
        assert!(error.expect_err("odd").is_in_doubt());
        let error = provider.get("humanitec", SYNC).await.expect_err("odd");
        assert_eq!(error.kind, RequestErrorKind::BadAnswer, "{error}");
    }
}

#[tokio::test]
async fn only_a_taken_name_is_called_so() {
    use RequestErrorKind::{DestinationTaken, Rejected};
    for (message, kind) in [
        (
            "A secret sync with this destination already exists in project ID.",
            DestinationTaken,
        ),
        (
            "A secret sync with this destination already exists in another project in your organization.",
            DestinationTaken,
        ),
        ("A folder already exists", Rejected),
    ] {
        let server = server_with("POST", HUMANITEC, refusal(400, "BadRequest", message)).await;
        let error = infisical(&server.uri())
            .create("humanitec", &body(json!({"name": "web"})))
            .await
            .expect_err("refused");
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(error.fate, Fate::Refused);
    }
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_meets_404_and_is_done() {
    let gone = r#"{"reqId":"r","statusCode":404,"message":"Could not find it","error":"NotFound"}"#;
    let server = RawServer::start([Act::Close, raw("404 Not Found", gone)]).await;
    let deleted = infisical(&server.origin)
        .delete("humanitec", SYNC, false)
        .await;
    assert_eq!(deleted, Ok(Deletion::Gone));
}

#[tokio::test]
async fn deleting_with_the_secrets_is_pending_until_the_job_ends() {
    let mut leaving = sync("web");
    leaving["removeStatus"] = "pending".into();
    let server = server_with("DELETE", &one(), ok(json!({"secretSync": leaving}))).await;
    let provider = infisical(&server.uri());
    let Ok(Deletion::Pending(sync)) = provider.delete("humanitec", SYNC, true).await else {
        panic!("a pending deletion")
    };
    assert_eq!(sync.remove_job.status, Some(JobStatus::Pending));
    assert_eq!(
        provider.delete("humanitec", SYNC, false).await,
        Ok(Deletion::Gone)
    );
    let received = server.received_requests().await.expect("recorded");
    let queries: Vec<_> = received.iter().map(|request| request.url.query()).collect();
    assert_eq!(
        queries,
        [Some("removeSecrets=true"), Some("removeSecrets=false")]
    );
    for request in received {
        assert!(!request.headers.contains_key("content-type"));
        assert!(request.body.is_empty());
    }
}

const IN_PROGRESS: &str = r#"{"reqId":"r","statusCode":400,"message":"A job for this sync is already in progress. Please try again shortly.","error":"BadRequest"}"#;

#[tokio::test]
async fn treats_a_removal_that_its_own_lost_request_blocks_as_pending() {
    let mut leaving = sync("web");
    leaving["removeStatus"] = "running".into();
    let server = RawServer::start([
        Act::Close,
        raw("400 Bad Request", IN_PROGRESS),
        raw("200 OK", &json!({"secretSync": leaving}).to_string()),
    ])
    .await;
    let deleted = infisical(&server.origin)
        .delete("humanitec", SYNC, true)
        .await;
    assert!(matches!(deleted, Ok(Deletion::Pending(_))), "{deleted:?}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn distinguishes_a_job_in_progress_and_leaves_no_doubt() {
    let message = "A job for this sync is already in progress. Please try again shortly.";
    let server = server_with("DELETE", &one(), refusal(400, "BadRequest", message)).await;
    let error = infisical(&server.uri())
        .delete("humanitec", SYNC, true)
        .await
        .expect_err("a job is at work");
    assert_eq!(error.kind, RequestErrorKind::JobInProgress);
    assert!(!error.is_in_doubt());
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_trigger_sends_neither_a_body_nor_a_content_type() {
    let route = format!("{}/sync-secrets", one());
    let server = server_with("POST", &route, ok(json!({"secretSync": sync("web")}))).await;
    let triggered = infisical(&server.uri()).trigger("humanitec", SYNC).await;
    assert_eq!(
        triggered.expect("triggered").sync_job.status,
        Some(JobStatus::Pending)
    );
    let received = server.received_requests().await.expect("recorded");
    assert!(received[0].body.is_empty());
    assert!(!received[0].headers.contains_key("content-type"));
}

#[tokio::test]
async fn a_trigger_whose_lost_request_queued_the_job_is_done() {
    let server = RawServer::start([
        Act::Close,
        raw("400 Bad Request", IN_PROGRESS),
        raw("200 OK", &json!({"secretSync": sync("web")}).to_string()),
    ])
    .await;
    let triggered = infisical(&server.origin).trigger("humanitec", SYNC).await;
    assert_eq!(
        triggered.expect("queued").sync_job.status,
        Some(JobStatus::Pending)
    );
}

#[tokio::test]
async fn imports_and_removals_are_sent_once() {
    let server = RawServer::start([]).await;
    let provider = infisical(&server.origin);
    let imported = provider
        .import_secrets("teamcity", SYNC, "prioritize-source")
        .await;
    assert!(imported.expect_err("lost").is_in_doubt());
    let removed = provider.remove_secrets("teamcity", SYNC).await;
    assert!(removed.expect_err("lost").is_in_doubt());
    let sent: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| Some(request.lines().next()?.to_owned()))
        .collect();
    assert_eq!(
        sent,
        [
            format!(
                "POST /api/v1/secret-syncs/teamcity/{SYNC}/import-secrets?importBehavior=prioritize-source HTTP/1.1"
            ),
            format!("POST /api/v1/secret-syncs/teamcity/{SYNC}/remove-secrets HTTP/1.1"),
        ]
    );
}

#[tokio::test]
async fn a_credential_that_a_server_repeats_is_not_shown() {
    let echo = |status: u16| {
        refusal(
            status,
            "BadRequest",
            &format!("no {TOKEN} no {CLIENT_SECRET}"),
        )
    };
    for status in [400, 401, 403, 404, 422, 500] {
        let text = all_text(&list_error(echo(status)).await);
        assert!(!text.contains(TOKEN), "{text}");
        assert!(text.contains("[redacted]"), "{text}");

        let server = server_with("POST", "/api/v1/auth/universal-auth/login", echo(status)).await;
        let error = infisical_with_login(&server.uri())
            .list(PROJECT, "payments")
            .await
            .expect_err("the login fails");
        let text = all_text(&error);
        assert!(!text.contains(CLIENT_SECRET), "{text}");
    }
    let mut named = syncs(&["a", "b"]);
    named["secretSyncs"][0]["id"] = TOKEN.into();
    named["secretSyncs"][1]["id"] = TOKEN.into();
    let text = all_text(&list_error(ok(named)).await);
    assert!(!text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn a_sync_that_appears_after_a_502_is_read() {
    let server = server_with("GET", LIST, ok(syncs(&["a"]))).await;
    add_first(&server, 2, "GET", LIST, ResponseTemplate::new(502)).await;
    let found = infisical(&server.uri()).list(PROJECT, "payments").await;
    assert_eq!(found.expect("the third try").len(), 1);
    assert_eq!(requests(&server).await.len(), 3);
}
