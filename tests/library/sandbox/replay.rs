//! Replays what was recorded on a real Infisical: every answer must be the recorded one, ids
//! and times aside.
//!
//! `tests/library/sandbox/recorded/infisical.jsonl` holds one exchange a line, in order. A line with `setup` is no
//! recorded exchange: it does what the recording left out. `wait` is how much time passes
//! before a request, in milliseconds.

use std::time::Duration;

use secsync::sandbox::{Call, Payload};
use serde::Deserialize;
use serde_json::Value;

use super::support::{Bindings, Server, jwt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    #[serde(default)]
    setup: bool,
    /// The number of the exchange in the recording.
    row: Option<usize>,
    case: Option<String>,
    /// The identity; see `with_credential`. `login` is the token of the last login.
    #[serde(rename = "as")]
    identity: String,
    method: String,
    path: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    json: Option<Value>,
    raw: Option<String>,
    #[serde(rename = "type")]
    content_type: Option<String>,
    status: Option<u16>,
    response: Option<Value>,
    /// The names of the syncs of a long list, sorted.
    names: Option<Vec<String>>,
    wait: Option<u64>,
}

fn exchanges() -> Vec<Exchange> {
    include_str!("recorded/infisical.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn request(exchange: &Exchange, bindings: &Bindings) -> Call {
    let mut request = Call::new(&exchange.method, &bindings.fill(&exchange.path));
    if let Some(body) = &exchange.json {
        let mut body = bindings.fill_value(body);
        if body["jwt"].is_object() {
            body["jwt"] = jwt(&body["jwt"]).into();
        }
        request = request.json(&body);
    }
    if let (Some(raw), Some(content_type)) = (&exchange.raw, &exchange.content_type) {
        request = request.bytes(content_type, raw.as_bytes());
    }
    for (name, value) in &exchange.headers {
        request = request.header(name, &bindings.fill(value));
    }
    request
}

fn names(body: &Value) -> Vec<String> {
    let syncs = body["secretSyncs"].as_array().unwrap();
    let mut names: Vec<String> = syncs
        .iter()
        .map(|sync| sync["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The order of a list means nothing.
fn sorted(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(syncs) = body["secretSyncs"].as_array_mut() {
        syncs.sort_by_key(|sync| sync["name"].to_string());
    }
    body
}

#[test]
fn every_answer_is_the_recorded_one() {
    let mut server = Server::failing(&[
        r#"sync:fail-500=fail:{"error":"HUM-500","message":"internal error (injected)"}@5"#,
        r#"remove:del-fail=fail:{"error":"HUM-500","message":"internal error (injected)"}"#,
    ]);
    let mut bindings = Bindings::default();
    for (name, number) in [("main", 1), ("other", 2), ("load", 3)] {
        let id = format!("3d9a4c1e-000{number}-4000-8000-00000000000{number}");
        bindings.bind(&format!("<project:{name}>"), &id);
    }
    for (app, name) in [
        ("humanitec", "humanitec-main"),
        ("humanitec", "humanitec-second"),
        ("teamcity", "teamcity-main"),
        ("vercel", "vercel-main"),
    ] {
        let id = server.connection(app, name);
        bindings.bind(&format!("<connection:{name}>"), &id);
    }
    bindings.bind("<identity:ci>", "3d9a4c1e-0010-4000-8000-000000000010");

    let mut differences = Vec::new();
    let mut compared = 0;
    for exchange in exchanges() {
        server.wait(Duration::from_millis(exchange.wait.unwrap_or(0)));
        if exchange.method == "FORGET" {
            server.emulator.remove_identity(&exchange.path);
            continue;
        }
        let identity = match exchange.identity.as_str() {
            "login" => bindings.fill("<token>"),
            identity => identity.to_owned(),
        };
        let response = server.send(&identity, request(&exchange, &bindings));
        if let Some(etag) = response.header("etag") {
            bindings.bind("<etag>", etag);
        }
        if exchange.setup {
            assert_eq!(
                response.status, 200,
                "{} {}: {:?}",
                exchange.method, exchange.path, response.payload
            );
            if let Some(placeholder) = &exchange.case {
                let id = response.body()["secretSync"]["id"].as_str().unwrap();
                bindings.bind(placeholder, id);
            }
            continue;
        }
        compared += 1;
        let mut difference = |what: String| {
            let (row, case) = (exchange.row.unwrap(), exchange.case.as_deref().unwrap());
            differences.push(format!("#{row} {case}: {what}"));
        };
        if Some(response.status) != exchange.status {
            difference(format!(
                "recorded {}, answered {} {}",
                exchange.status.unwrap(),
                response.status,
                response.text()
            ));
            continue;
        }
        match (&exchange.response, &exchange.names) {
            (Some(recorded), _) => {
                if let Some(what) =
                    bindings.difference(&sorted(recorded), &sorted(response.body()), "")
                {
                    difference(what);
                }
            }
            (None, Some(recorded)) => {
                let answered = names(response.body());
                if *recorded != answered {
                    difference(format!("recorded {recorded:?}, answered {answered:?}"));
                }
            }
            (None, None) => assert_eq!(response.payload, Payload::Empty),
        }
    }
    assert_eq!(
        differences,
        Vec::<String>::new(),
        "{}",
        differences.join("\n")
    );
    assert_eq!(compared, 280);
}
