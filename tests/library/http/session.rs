//! Logging in, waiting, retrying, interrupting: what every request goes through.

use std::time::Duration;

use super::support::{
    Act, CLIENT_SECRET, FastClock, PROJECT, RawServer, SYNC, TOKEN, add, add_first, all_text,
    config, enkryptify, environment, infisical, infisical_with, infisical_with_login, managed,
    options, options_with_authority, raw, refusal, requests, server_with, sync, syncs,
};
use secsync::cancel::Cancellation;
use secsync::http::error::{Fate, RequestErrorKind};
use secsync::http::public::fetch_public;
use secsync::http::{HttpOptions, SandboxAccess};
use secsync::provider::credential::LoginOptions;
use secsync::provider::{connect, infisical as platform};
use serde_json::{Map, Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LIST: &str = "/api/v1/secret-syncs";
const LOGIN: &str = "/api/v1/auth/universal-auth/login";
const START: &str = "/v1/sync/vercel/start";

fn ok(value: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(value)
}

fn token(token: &str) -> ResponseTemplate {
    ok(json!({
        "accessToken": token, "expiresIn": 7200, "accessTokenMaxTTL": 7200, "tokenType": "Bearer"
    }))
}

async fn add_list_for(server: &MockServer, token: &str, answer: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path(LIST))
        .and(header("authorization", format!("Bearer {token}")))
        .respond_with(answer)
        .mount(server)
        .await;
}

async fn count(server: &MockServer, request: &str) -> usize {
    let all = requests(server).await;
    all.iter().filter(|line| *line == request).count()
}

#[tokio::test]
async fn parallel_callers_share_one_login() {
    let server = MockServer::start().await;
    let slow = token("first").set_delay(Duration::from_millis(50));
    add(&server, "POST", LOGIN, slow).await;
    add_list_for(&server, "first", ok(syncs(&["a"]))).await;
    let provider = infisical_with_login(&server.uri());
    let lists = (0..8).map(|_| provider.list(PROJECT, "payments"));
    for list in futures_util::future::join_all(lists).await {
        assert_eq!(list.expect("a list").len(), 1);
    }
    assert_eq!(count(&server, &format!("POST {LOGIN}")).await, 1);
    let received = server.received_requests().await.expect("recorded");
    let login = received.first().expect("the login comes first");
    assert_eq!(
        login.body_json::<Value>().expect("JSON"),
        json!({"clientId": "demo-client", "clientSecret": CLIENT_SECRET})
    );
    assert!(!login.headers.contains_key("authorization"));
}

#[tokio::test]
async fn parallel_callers_share_a_failed_login_and_a_refused_one_is_not_tried_again() {
    for (status, error) in [(401, "UnauthorizedError"), (404, "NotFound")] {
        let refused = refusal(status, error, "Invalid credentials");
        let slow = refused.set_delay(Duration::from_millis(50));
        let server = server_with("POST", LOGIN, slow).await;
        let provider = infisical_with_login(&server.uri());
        let lists = (0..4).map(|_| provider.list(PROJECT, "payments"));
        for list in futures_util::future::join_all(lists).await {
            let error = list.expect_err("no login");
            assert_eq!(error.kind, RequestErrorKind::Authentication);
            assert!(
                error
                    .message
                    .contains("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET")
            );
            assert!(error.message.contains("Invalid credentials"), "{error}");
        }
        provider
            .list(PROJECT, "payments")
            .await
            .expect_err("still no login");
        assert_eq!(requests(&server).await, [format!("POST {LOGIN}")]);
    }
}

#[tokio::test]
async fn a_login_that_something_else_refuses_is_not_sent_again_either() {
    for answer in [
        ResponseTemplate::new(403).set_body_raw("<html>Blocked", "text/html"),
        ResponseTemplate::new(401),
        ResponseTemplate::new(302).insert_header("location", "https://login.example/"),
    ] {
        let server = server_with("POST", LOGIN, answer).await;
        let provider = infisical_with_login(&server.uri());
        for _ in 0..3 {
            let error = provider.list(PROJECT, "payments").await;
            assert_eq!(
                error.expect_err("no login").kind,
                RequestErrorKind::BadAnswer
            );
        }
        assert_eq!(requests(&server).await, [format!("POST {LOGIN}")]);
    }
}

#[tokio::test]
async fn a_login_that_failed_for_the_server_is_tried_again_later() {
    let server = server_with("POST", LOGIN, token("first")).await;
    add_first(&server, 4, "POST", LOGIN, ResponseTemplate::new(503)).await;
    add_list_for(&server, "first", ok(syncs(&["a"]))).await;
    let provider = infisical_with_login(&server.uri());
    let error = provider.list(PROJECT, "payments").await.expect_err("503");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    provider
        .list(PROJECT, "payments")
        .await
        .expect("the server is back");
}

#[tokio::test]
async fn an_odd_login_answer_is_an_error() {
    for (answer, says) in [
        (
            ResponseTemplate::new(200).set_body_raw("<html>Sign in", "text/html"),
            "an HTML page",
        ),
        (ok(json!({})), "without an access token"),
        (ok(json!({"accessToken": ""})), "without an access token"),
        (
            ok(json!({"accessToken": "two\nlines"})),
            "without an access token",
        ),
        (
            ResponseTemplate::new(302).insert_header("location", "https://login.example/?x=y"),
            "a redirect to login.example",
        ),
        (
            ResponseTemplate::new(404).set_body_string("not here"),
            "404 Not Found with something that is not JSON",
        ),
    ] {
        let server = server_with("POST", LOGIN, answer).await;
        let error = infisical_with_login(&server.uri())
            .list(PROJECT, "payments")
            .await
            .expect_err("no login");
        assert_eq!(error.kind, RequestErrorKind::BadAnswer, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
}

#[tokio::test]
async fn an_expired_token_is_replaced_once_for_all_callers_and_the_request_sent_again() {
    for expired in [
        refusal(
            403,
            "TokenError",
            "Your token has expired. Please re-authenticate.",
        ),
        refusal(
            401,
            "UnauthorizedError",
            "access token number of uses limit reached",
        ),
    ] {
        let server = server_with("POST", LOGIN, token("second")).await;
        add_first(&server, 1, "POST", LOGIN, token("first")).await;
        add_list_for(&server, "first", expired).await;
        add_list_for(&server, "second", ok(syncs(&["a"]))).await;
        let provider = infisical_with_login(&server.uri());
        let lists = (0..4).map(|_| provider.list(PROJECT, "payments"));
        for list in futures_util::future::join_all(lists).await {
            assert_eq!(list.expect("a list").len(), 1);
        }
        assert_eq!(count(&server, &format!("POST {LOGIN}")).await, 2);
    }
}

#[tokio::test]
async fn a_create_refused_for_its_token_is_sent_again_with_a_new_one() {
    let server = server_with("POST", LOGIN, token("second")).await;
    add_first(&server, 1, "POST", LOGIN, token("first")).await;
    let create = "/api/v1/secret-syncs/humanitec";
    add(
        &server,
        "POST",
        create,
        ok(json!({"secretSync": sync("web")})),
    )
    .await;
    let expired = refusal(403, "TokenError", "Your token has expired.");
    add_first(&server, 1, "POST", create, expired).await;
    let created = infisical_with_login(&server.uri())
        .create("humanitec", &serde_json::Map::new())
        .await;
    assert_eq!(created.expect("created").name, "web");
}

#[tokio::test]
async fn a_token_that_is_refused_right_after_the_login_is_an_error() {
    let server = server_with("POST", LOGIN, token("useless-token-of-the-login")).await;
    let refused = refusal(
        403,
        "TokenError",
        "invalid signature of useless-token-of-the-login",
    );
    add(&server, "GET", LIST, refused).await;
    let error = infisical_with_login(&server.uri())
        .list(PROJECT, "payments")
        .await
        .expect_err("refused");
    assert_eq!(error.kind, RequestErrorKind::Authentication);
    assert!(
        error.message.contains("invalid signature of [redacted]"),
        "{error}"
    );
    assert_eq!(requests(&server).await.len(), 4);
}

#[tokio::test]
async fn a_refused_token_names_its_variable() {
    for (status, error) in [(401, "UnauthorizedError"), (403, "TokenError")] {
        let server = server_with("GET", LIST, refusal(status, error, "Token expired")).await;
        let error = infisical(&server.uri())
            .list(PROJECT, "payments")
            .await
            .expect_err("refused");
        assert_eq!(error.kind, RequestErrorKind::Authentication);
        assert_eq!(
            error.message,
            "The token in INFISICAL_TOKEN is not accepted (the server says: Token expired)."
        );
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn does_not_log_in_again_for_a_missing_permission() {
    let server = server_with("POST", LOGIN, token("first")).await;
    let denied = refusal(
        403,
        "PermissionDenied",
        "You are not allowed to read on secret-syncs",
    );
    add(&server, "GET", LIST, denied).await;
    let error = infisical_with_login(&server.uri())
        .list(PROJECT, "payments")
        .await
        .expect_err("denied");
    assert_eq!(error.kind, RequestErrorKind::Permission);
    assert_eq!(count(&server, &format!("POST {LOGIN}")).await, 1);
}

fn limited(seconds: &str) -> ResponseTemplate {
    refusal(429, "RateLimitExceeded", "Rate limit exceeded.").insert_header("retry-after", seconds)
}

#[tokio::test]
async fn waits_as_long_as_the_server_asks() {
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "7");
    for (case, answer, seconds) in [("429", limited("58"), 58), ("503", busy, 7)] {
        let server = server_with("GET", LIST, ok(syncs(&["a"]))).await;
        add_first(&server, 1, "GET", LIST, answer).await;
        let (options, clock) = options();
        let found = infisical_with(&server.uri(), &options, &Cancellation::new())
            .list(PROJECT, "payments")
            .await;
        assert_eq!(found.map(|found| found.len()), Ok(1), "{case}");
        assert_eq!(clock.sleeps(), [Duration::from_secs(seconds)], "{case}");
    }
}

#[tokio::test]
async fn a_429_pauses_every_other_request_to_that_host() {
    let server = server_with("GET", LIST, ok(syncs(&["a"]))).await;
    add_first(&server, 1, "GET", LIST, limited("600")).await;
    let other = server_with("GET", LIST, ok(syncs(&["a"]))).await;
    let (options, clock) = options();
    let list = async |host: &str| {
        infisical_with(host, &options, &Cancellation::new())
            .list(PROJECT, "payments")
            .await
    };
    let error = list(&server.uri()).await.expect_err("too long a pause");
    assert_eq!(error.kind, RequestErrorKind::RateLimited);
    assert!(error.message.contains("asks to wait 600 s"), "{error}");
    let error = list(&server.uri()).await.expect_err("the host is paused");
    assert_eq!(error.kind, RequestErrorKind::RateLimited);
    assert_eq!(requests(&server).await.len(), 1, "nothing more was sent");
    list(&other.uri())
        .await
        .expect("another host is not paused");
    assert_eq!(clock.sleeps(), [Duration::ZERO; 0]);
}

#[tokio::test]
async fn a_create_is_sent_again_after_a_429() {
    let create = "/api/v1/secret-syncs/humanitec";
    let server = server_with("POST", create, ok(json!({"secretSync": sync("web")}))).await;
    add_first(&server, 2, "POST", create, limited("3")).await;
    let created = infisical(&server.uri())
        .create("humanitec", &serde_json::Map::new())
        .await;
    assert_eq!(created.expect("created").name, "web");
    assert_eq!(requests(&server).await.len(), 3);
}

#[tokio::test]
async fn a_server_that_never_stops_limiting_ends_as_rate_limited() {
    let server = server_with("GET", LIST, limited("1")).await;
    let error = infisical(&server.uri())
        .list(PROJECT, "payments")
        .await
        .expect_err("limited");
    assert_eq!(error.kind, RequestErrorKind::RateLimited);
    assert!(!error.is_in_doubt());
    assert_eq!(requests(&server).await.len(), 4);
}

#[tokio::test]
async fn pauses_between_tries_double() {
    let server = server_with("GET", LIST, ResponseTemplate::new(503)).await;
    let (options, clock) = options();
    let error = infisical_with(&server.uri(), &options, &Cancellation::new())
        .list(PROJECT, "payments")
        .await
        .expect_err("503");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    let millis: Vec<u128> = clock.sleeps().iter().map(Duration::as_millis).collect();
    assert_eq!(millis, [500, 1000, 2000]);
}

#[tokio::test]
async fn reports_a_server_that_hangs() {
    let server = RawServer::start([Act::Hang, Act::Hang, Act::Hang, Act::Hang]).await;
    let (mut options, _) = options();
    options.timeout = Duration::from_millis(200);
    let error = infisical_with(&server.origin, &options, &Cancellation::new())
        .list(PROJECT, "payments")
        .await
        .expect_err("no answer");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    assert!(
        error
            .message
            .contains("did not answer within 0.2 s (4 tries)"),
        "{error}"
    );
    assert!(error.help.expect("help").contains("--timeout"));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let huge = Act::Send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{".to_owned());
    let server = RawServer::start([huge]).await;
    let error = infisical(&server.origin)
        .list(PROJECT, "payments")
        .await
        .expect_err("too large");
    assert_eq!(error.kind, RequestErrorKind::BadAnswer);
    assert!(error.message.contains("larger than 1024 MiB"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_list_may_be_larger_than_the_answer_about_one_sync() {
    let description = "x".repeat(1024 * 1024);
    let described = |name: &str| {
        let mut sync = sync(name);
        sync["id"] = format!("id-{name}").into();
        sync["description"] = description.clone().into();
        sync
    };
    let names: Vec<String> = (0..66).map(|number| format!("sync-{number}")).collect();
    let list: Vec<Value> = names.iter().map(|name| described(name)).collect();
    let server = RawServer::start([raw("200 OK", &json!({"secretSyncs": list}).to_string())]).await;
    let listed = infisical(&server.origin).list(PROJECT, "payments").await;
    assert_eq!(listed.expect("a list").len(), 66);

    let mut one = described("web");
    one["syncOptions"]["keySchema"] = "x".repeat(4 * 1024 * 1024).into();
    let server = RawServer::start([raw("200 OK", &json!({"secretSync": one}).to_string())]).await;
    let error = infisical(&server.origin).get("humanitec", "id-0").await;
    let error = error.expect_err("too large");
    assert!(error.message.contains("larger than 4 MiB"), "{error}");
}

#[tokio::test]
async fn an_answer_of_millions_of_values_is_not_held() {
    let many = format!("[{}0]", "0,".repeat(1_000_001));
    for (body, what) in [
        (
            format!(r#"{{"secretSyncs": {many}}}"#),
            "without a list of secretSyncs",
        ),
        (
            format!(r#"{{"secretSyncs": [{{"a": {many}}}]}}"#),
            "JSON of too many values",
        ),
        (
            format!(r#"{{"a": {many}, "secretSyncs": []}}"#),
            "JSON of too many values",
        ),
    ] {
        let server = RawServer::start([raw("200 OK", &body)]).await;
        let error = infisical(&server.origin).list(PROJECT, "payments").await;
        let error = error.expect_err("too much");
        assert_eq!(error.kind, RequestErrorKind::BadAnswer);
        assert!(error.message.contains(what), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_no_server_takes_is_not_sent() {
    let token = "x".repeat(3 * 1024 * 1024);
    let login = json!({
        "accessToken": token, "expiresIn": 7200, "accessTokenMaxTTL": 7200, "tokenType": "Bearer"
    });
    let server = RawServer::start([raw("200 OK", &login.to_string())]).await;
    let error = infisical_with_login(&server.origin)
        .list(PROJECT, "payments")
        .await;
    let error = error.expect_err("too long");
    assert!(error.message.contains("without an access token"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_from_the_environment_is_asked_for_https_and_its_password_not_shown() {
    let refuses = Act::Send(
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n".to_owned(),
    );
    let proxy = RawServer::start(vec![refuses; 4]).await;
    let with_password = proxy.origin.replace("http://", "http://user:hunter2@");
    let (options, _file) = options_with_authority();
    let list = async |host: &str, no_proxy: &str| {
        let environment = environment(&[
            ("INFISICAL_HOST", host),
            ("INFISICAL_TOKEN", TOKEN),
            ("HTTPS_PROXY", &with_password),
            ("NO_PROXY", no_proxy),
        ]);
        let config = config(platform::PLATFORM);
        let provider = connect(
            &config,
            &environment,
            &LoginOptions::default(),
            &options,
            &Cancellation::new(),
        );
        managed(provider.expect("it connects"))
            .list(PROJECT, "payments")
            .await
    };
    let error = list("https://secrets.invalid", "other.invalid")
        .await
        .expect_err("the proxy refuses");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    assert!(
        error
            .message
            .contains("the proxy did not open a connection"),
        "{error}"
    );
    assert!(!all_text(&error).contains("hunter2"), "{error:?}");
    let asked = proxy.requests();
    assert_eq!(asked.len(), 4);
    for request in asked {
        assert!(
            request.starts_with("CONNECT secrets.invalid:443 "),
            "{request}"
        );
        assert!(!request.contains(TOKEN), "the credential is for the server");
    }

    let error = list("https://secrets.invalid", "secrets.invalid")
        .await
        .expect_err("no such host");
    assert!(error.message.contains("cannot be resolved"), "{error}");
    let server = server_with("GET", LIST, ok(syncs(&["a"]))).await;
    list(&server.uri(), "")
        .await
        .expect("plain http goes straight");
    assert_eq!(proxy.requests().len(), 4);
}

#[tokio::test]
async fn rejects_a_proxy_that_is_not_a_url_without_repeating_it() {
    let environment = environment(&[
        ("INFISICAL_TOKEN", TOKEN),
        ("HTTPS_PROXY", "http://user:hunter2@:port"),
    ]);
    let config = config(platform::PLATFORM);
    let provider = connect(
        &config,
        &environment,
        &LoginOptions::default(),
        &options().0,
        &Cancellation::new(),
    );
    let error = managed(provider.expect("it connects"))
        .list(PROJECT, "payments")
        .await
        .expect_err("no proxy");
    assert_eq!(error.kind, RequestErrorKind::Configuration);
    assert!(error.message.contains("HTTPS_PROXY"), "{error}");
    assert!(!all_text(&error).contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_token_comes_before_universal_auth() {
    let server = MockServer::start().await;
    add_list_for(&server, TOKEN, ok(syncs(&["a"]))).await;
    let environment = environment(&[
        ("INFISICAL_HOST", &server.uri()),
        ("INFISICAL_TOKEN", TOKEN),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "demo-client"),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", CLIENT_SECRET),
    ]);
    let config = config(platform::PLATFORM);
    let provider = connect(
        &config,
        &environment,
        &LoginOptions::default(),
        &options().0,
        &Cancellation::new(),
    );
    managed(provider.expect("it connects"))
        .list(PROJECT, "payments")
        .await
        .expect("a list");
    assert_eq!(requests(&server).await, [format!("GET {LIST}")]);
}

#[tokio::test]
async fn reports_a_host_name_that_does_not_resolve() {
    let (options, _file) = options_with_authority();
    let error = infisical_with("https://secsync.invalid", &options, &Cancellation::new())
        .list(PROJECT, "payments")
        .await
        .expect_err("no such host");
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    let text = all_text(&error);
    assert!(
        text.contains("the host name of https://secsync.invalid cannot be resolved"),
        "{text}"
    );
}

#[tokio::test]
async fn cancelling_ends_a_pause_at_once() {
    let server = server_with("GET", LIST, limited("100")).await;
    let cancellation = Cancellation::new();
    // The real clock: the pause would last 100 seconds.
    let provider = infisical_with(&server.uri(), &HttpOptions::default(), &cancellation);
    let list = tokio::spawn(async move { provider.list(PROJECT, "payments").await });
    while requests(&server).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancellation.cancel();
    let error = tokio::time::timeout(Duration::from_secs(10), list)
        .await
        .expect("it ends")
        .expect("it does not panic")
        .expect_err("interrupted");
    assert_eq!(error.kind, RequestErrorKind::Interrupted);
    assert!(!error.is_in_doubt());
}

#[tokio::test]
async fn cancelling_drops_a_read_in_flight_and_sees_a_write_through() {
    let server = MockServer::start().await;
    let slow = Duration::from_millis(300);
    let create = "/api/v1/secret-syncs/humanitec";
    add(
        &server,
        "GET",
        LIST,
        ok(syncs(&["a"])).set_delay(slow * 100),
    )
    .await;
    let answer = ok(json!({"secretSync": sync("web")})).set_delay(slow);
    add(&server, "POST", create, answer).await;
    let cancellation = Cancellation::new();
    let provider = infisical_with(&server.uri(), &HttpOptions::default(), &cancellation);
    let writer = provider.clone();
    let read = tokio::spawn(async move { provider.list(PROJECT, "payments").await });
    let write =
        tokio::spawn(async move { writer.create("humanitec", &serde_json::Map::new()).await });
    while requests(&server).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancellation.cancel();
    let error = tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .expect("it ends before its answer")
        .expect("it does not panic")
        .expect_err("interrupted");
    assert_eq!(error.kind, RequestErrorKind::Interrupted);
    let created = write.await.expect("it does not panic");
    assert_eq!(created.expect("seen through").name, "web");
}

#[tokio::test]
async fn a_write_that_need_not_wait_goes_out_once_cancelled() {
    let create = "/api/v1/secret-syncs/humanitec";
    let answer = ok(json!({"secretSync": sync("web")}));
    let server = server_with("POST", create, answer).await;
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let (options, _) = options();
    let created = infisical_with(&server.uri(), &options, &cancellation)
        .create("humanitec", &serde_json::Map::new())
        .await;
    assert_eq!(created.expect("sent").name, "web");
}

#[tokio::test]
async fn a_write_does_not_wait_for_a_limit_once_cancelled() {
    let create = "/api/v1/secret-syncs/humanitec";
    let server = server_with("POST", create, limited("100")).await;
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let error = infisical_with(&server.uri(), &HttpOptions::default(), &cancellation)
        .create("humanitec", &serde_json::Map::new())
        .await
        .expect_err("interrupted");
    // It was sent, and refused: that is not "interrupted before it was sent".
    assert_eq!(error.kind, RequestErrorKind::RateLimited);
    assert_eq!(error.fate, Fate::Refused);
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_write_whose_pause_after_a_lost_answer_is_interrupted_stays_in_doubt() {
    let server = RawServer::start([Act::Close]).await;
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let error = infisical_with(&server.origin, &HttpOptions::default(), &cancellation)
        .update("humanitec", SYNC, &serde_json::Map::new())
        .await
        .expect_err("lost");
    assert!(error.is_in_doubt(), "{error}");
    assert!(error.message.contains("broke"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn nothing_is_read_once_cancelled() {
    let server = MockServer::start().await;
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let (options, _) = options();
    let error = infisical_with(&server.uri(), &options, &cancellation)
        .list(PROJECT, "payments")
        .await
        .expect_err("interrupted");
    assert_eq!(error.kind, RequestErrorKind::Interrupted);
    assert_eq!(requests(&server).await, [""; 0]);
}

#[tokio::test]
async fn a_start_returns_the_id_of_its_configuration() {
    let server = server_with("POST", START, ok(json!({"syncConfigId": "cfg_1"}))).await;
    let id = enkryptify(&server.uri())
        .start("vercel", "prj_1", "web")
        .await;
    assert_eq!(id.as_deref(), Ok("cfg_1"));
    let received = server.received_requests().await.expect("recorded");
    assert_eq!(
        received[0].body_json::<Value>().expect("JSON"),
        json!({"projectId": "prj_1", "name": "web"})
    );
    assert_eq!(
        received[0].headers["authorization"],
        format!("Bearer {TOKEN}")
    );
}

#[tokio::test]
async fn a_refused_start_is_surely_not_done() {
    use RequestErrorKind::{Authentication, NotFound, Permission, Rejected};
    for (status, kind) in [
        (400, Rejected),
        (401, Authentication),
        (403, Permission),
        (404, NotFound),
    ] {
        let answer = ResponseTemplate::new(status).set_body_json(json!({"message": "No."}));
        let server = server_with("POST", START, answer).await;
        let error = enkryptify(&server.uri())
            .start("vercel", "prj_1", "web")
            .await
            .expect_err("refused");
        assert_eq!(error.kind, kind, "{error}");
        assert!(!error.is_in_doubt(), "{error}");
        assert!(error.message.contains("No"), "{error}");
    }
}

#[tokio::test]
async fn a_start_that_may_have_happened_is_sent_once_and_says_so() {
    for answer in [
        ResponseTemplate::new(500).set_body_json(json!({"message": "Oops"})),
        ResponseTemplate::new(503),
        ResponseTemplate::new(302).insert_header("location", "https://login.example/"),
        ResponseTemplate::new(304),
        ResponseTemplate::new(408).set_body_json(json!({"message": "Too slow"})),
        ResponseTemplate::new(409).set_body_json(json!({"message": "Conflict"})),
        ResponseTemplate::new(499).set_body_json(json!({"message": "Gone away"})),
        ResponseTemplate::new(429),
        ResponseTemplate::new(403).set_body_raw("<html>Blocked", "text/html"),
        ResponseTemplate::new(401).set_body_json(json!({"error": "Who are you?"})),
        ResponseTemplate::new(404).set_body_json(json!({
            "statusCode": 404, "error": "Not Found", "message": "Not Found"
        })),
        ok(json!({})),
        ok(json!({"syncConfigId": " "})),
        ok(json!({"syncConfigId": null})),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200),
    ] {
        let server = server_with("POST", START, answer).await;
        let error = enkryptify(&server.uri())
            .start("vercel", "prj_1", "web")
            .await
            .expect_err("no id");
        assert!(error.is_in_doubt(), "{error}");
        assert_eq!(requests(&server).await.len(), 1);
    }
    let server = RawServer::start([Act::Close]).await;
    let error = enkryptify(&server.origin)
        .start("vercel", "prj_1", "web")
        .await
        .expect_err("lost");
    assert!(error.is_in_doubt(), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_start_is_sent_again_after_a_429_only() {
    let answer = r#"{"syncConfigId":"cfg_1"}"#;
    let limited = Act::Send(
        "HTTP/1.1 429 Too Many Requests\r\nRateLimit-Reset: 9\r\ncontent-length: 21\r\nconnection: close\r\n\r\n\
         {\"message\":\"Slower.\"}"
            .to_owned(),
    );
    let server = RawServer::start([limited, raw("200 OK", answer)]).await;
    let id = enkryptify(&server.origin)
        .start("vercel", "prj_1", "web")
        .await;
    assert_eq!(id.as_deref(), Ok("cfg_1"));
}

#[tokio::test]
async fn the_sandbox_gets_its_own_credentials_and_a_name_that_outlives_its_port() {
    let server = server_with("POST", LOGIN, token("first")).await;
    add_list_for(&server, "first", ok(syncs(&["a"]))).await;
    let options = HttpOptions {
        sandbox: Some(SandboxAccess {
            origin: server.uri(),
            variables: environment(&[
                ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "sandbox-client"),
                ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "sandbox-secret"),
                ("ENKRYPTIFY_TOKEN", "sandbox-token"),
            ]),
        }),
        ..options().0
    };
    let environment = environment(&[
        ("INFISICAL_HOST", "https://real.corp.example"),
        ("INFISICAL_TOKEN", TOKEN),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ]);
    let mut config = config(platform::PLATFORM);
    config.url = Some("https://other.corp.example".to_owned());
    let provider = managed(
        connect(
            &config,
            &environment,
            &LoginOptions::default(),
            &options,
            &Cancellation::new(),
        )
        .expect("it connects"),
    );
    assert_eq!(provider.server(), "sandbox:infisical");
    provider.list(PROJECT, "payments").await.expect("a list");
    let received = server.received_requests().await.expect("recorded");
    assert_eq!(
        received[0].body_json::<Value>().expect("JSON"),
        json!({"clientId": "sandbox-client", "clientSecret": "sandbox-secret"})
    );
}

#[tokio::test]
async fn a_public_document_is_fetched_without_a_credential() {
    let page = ResponseTemplate::new(200).set_body_raw("openapi: 3.0.3", "application/yaml");
    let server = server_with("GET", "/api/docs/json", page).await;
    let environment = environment(&[("INFISICAL_TOKEN", TOKEN)]);
    let url = format!("{}/api/docs/json?v=1#top", server.uri());
    let document = fetch_public(&url, &environment, &options().0, &Cancellation::new())
        .await
        .expect("a document");
    assert_eq!(document.body, b"openapi: 3.0.3");
    assert_eq!(document.content_type.as_deref(), Some("application/yaml"));
    let received = server.received_requests().await.expect("recorded");
    assert!(!received[0].headers.contains_key("authorization"));
    assert_eq!(received[0].url.query(), Some("v=1"));
}

#[tokio::test]
async fn reports_a_public_document_that_cannot_be_fetched() {
    let server = server_with(
        "GET",
        "/moved",
        ResponseTemplate::new(302).insert_header("location", "https://other.example/x?y"),
    )
    .await;
    for (route, kind, says) in [
        ("/nope", RequestErrorKind::NotFound, "404 Not Found"),
        (
            "/moved",
            RequestErrorKind::BadAnswer,
            "a redirect to other.example",
        ),
    ] {
        let url = format!("{}{route}", server.uri());
        let error = fetch_public(&url, &environment(&[]), &options().0, &Cancellation::new())
            .await
            .expect_err("no document");
        assert_eq!(error.kind, kind);
        assert!(error.message.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_fast_clock_moves_its_own_time_only() {
    use secsync::http::clock::Clock;

    let clock = FastClock::new();
    let before = clock.now();
    clock.sleep(Duration::from_secs(3600)).await;
    assert_eq!(clock.now() - before, Duration::from_secs(3600));
}

#[tokio::test]
async fn a_second_try_whose_answer_is_not_waited_for_is_in_doubt_whatever_the_first_one_said() {
    let body = r#"{"reqId":"r1","statusCode":429,"message":"Slower.","error":"RateLimitExceeded"}"#;
    let limited = Act::Send(format!(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    ));
    let server = RawServer::start([limited, Act::Hang]).await;
    let (options, _) = options();
    let cancellation = Cancellation::new();
    let provider = infisical_with(&server.origin, &options, &cancellation);
    let request = Map::from_iter([("name".to_owned(), json!("web"))]);
    let stop = async {
        while server.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        cancellation.stop();
    };
    let (created, ()) = tokio::join!(provider.create("humanitec", &request), stop);
    let error = created.expect_err("no answer");
    assert!(error.is_in_doubt(), "{error}");
}
