//! What Enkryptify publishes about itself.

use std::time::Duration;

use secsync::sandbox::{Call, ENKRYPTIFY_TOKEN, Reply};
use serde_json::{Value, json};

use super::support::Server;

fn request(slug: &str, body: &Value) -> Call {
    Call::new("POST", &format!("/v1/sync/{slug}/start")).json(body)
}

fn start(server: &mut Server, slug: &str, body: &Value) -> Reply {
    let request = request(slug, body).bearer(ENKRYPTIFY_TOKEN);
    server.send("none", request)
}

fn valid() -> Value {
    json!({"projectId": "prj_123", "name": "web"})
}

/// The status and the one string of an error.
fn error(response: &Reply) -> (u16, String) {
    let body = response.body().as_object().unwrap();
    assert_eq!(body.len(), 1, "{body:?}");
    (
        response.status,
        body["message"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn starting_twice_makes_two_configurations() {
    let mut server = Server::new();
    let first = start(&mut server, "vercel", &valid());
    let second = start(&mut server, "vercel", &valid());
    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.body()["syncConfigId"], second.body()["syncConfigId"]);
    let started = server.emulator.started();
    assert_eq!(started.len(), 2);
    let one = &started[0];
    assert_eq!(
        (
            one.destination.as_str(),
            one.project.as_str(),
            one.name.as_str()
        ),
        ("vercel", "prj_123", "web")
    );
    assert_eq!(first.body(), &json!({"syncConfigId": one.id}));
}

#[test]
fn a_slug_is_2_to_48_of_lowercase_letters_digits_and_hyphens() {
    let mut server = Server::new();
    let long = "a".repeat(48);
    for good in ["ab", "a-1", "--", &long] {
        assert_eq!(start(&mut server, good, &valid()).status, 200, "{good}");
    }
    for bad in ["a", "A-b", "a_b", &format!("{long}a")] {
        assert_eq!(error(&start(&mut server, bad, &valid())).0, 400, "{bad}");
    }
}

#[test]
fn project_and_name_must_be_strings() {
    let mut server = Server::new();
    for bad in [
        json!({}),
        json!({"projectId": "p"}),
        json!({"projectId": 1, "name": "x"}),
        json!([]),
    ] {
        assert_eq!(error(&start(&mut server, "vercel", &bad)).0, 400, "{bad}");
    }
    let broken = Call::new("POST", "/v1/sync/vercel/start")
        .bytes("application/json", b"{")
        .bearer(ENKRYPTIFY_TOKEN);
    assert_eq!(error(&server.send("none", broken)).0, 400);
    assert_eq!(server.emulator.started(), []);
}

#[test]
fn a_missing_or_wrong_token_is_401() {
    let mut server = Server::new();
    for identity in ["none", "garbage", "ci"] {
        let response = server.send(identity, request("vercel", &valid()));
        assert_eq!(error(&response).0, 401, "{identity}");
    }
}

#[test]
fn a_project_that_the_world_does_not_list_is_404() {
    let mut server = Server::in_world(&json!({"enkryptify": {"projects": ["prj_123"]}}), |_| {});
    assert_eq!(start(&mut server, "vercel", &valid()).status, 200);
    let other = json!({"projectId": "prj_999", "name": "web"});
    assert_eq!(error(&start(&mut server, "vercel", &other)).0, 404);
}

#[test]
fn a_token_can_be_exchanged_ten_times_a_minute_for_one_that_lives_15_minutes() {
    let mut server = Server::new();
    let exchange = |server: &mut Server| {
        let request = Call::new("POST", "/v1/auth/exchange").bearer(ENKRYPTIFY_TOKEN);
        server.send("none", request)
    };
    let first = exchange(&mut server);
    assert_eq!(
        (&first.body()["expiresIn"], &first.body()["tokenType"]),
        (&json!(900), &json!("Bearer"))
    );
    let token = first.body()["accessToken"].as_str().unwrap().to_owned();
    for _ in 0..9 {
        assert_eq!(exchange(&mut server).status, 200);
    }
    let refused = exchange(&mut server);
    assert_eq!(error(&refused).0, 429);
    assert!(refused.header("retry-after").is_some());
    server.wait(Duration::from_secs(61));
    assert_eq!(exchange(&mut server).status, 200);

    let with_token = || request("vercel", &valid()).bearer(&token);
    assert_eq!(server.send("none", with_token()).status, 200);
    server.wait(Duration::from_secs(900));
    assert_eq!(server.send("none", with_token()).status, 401);
}

#[test]
fn limits_are_in_headers_and_count_over_all_routes() {
    let mut server = Server::with(|options| options.rate_limit = Some(2));
    let first = start(&mut server, "vercel", &valid());
    assert_eq!(first.header("ratelimit-limit"), Some("2"));
    assert_eq!(first.header("ratelimit-remaining"), Some("1"));
    assert_eq!(first.header("ratelimit-reset"), Some("60"));
    start(&mut server, "netlify", &valid());
    let refused = start(&mut server, "vercel", &valid());
    assert_eq!(error(&refused).0, 429);
    assert_eq!(refused.header("retry-after"), Some("60"));
}

#[test]
fn an_ordered_failure_comes_in_its_own_shape_and_starts_nothing() {
    let mut server = Server::failing(&["start:web=500@1"]);
    assert_eq!(error(&start(&mut server, "vercel", &valid())).0, 500);
    assert_eq!(server.emulator.started(), []);
    assert_eq!(start(&mut server, "vercel", &valid()).status, 200);
}
