//! Secrets that servers repeat, and texts of theirs that a log would act on.

use insta::{allow_duplicates, assert_snapshot};
use serde_json::{Value, json};

use super::harness::{Canned, Invocation, Server, Tree, payments, world};

const PROJECT: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
const TOKEN: &str = "eyJhbGciOi.Qm9_rabbit-holes.7Xw4kTz-secret-tail";

const FORMATS: [&str; 8] = [
    "human", "unified", "json", "markdown", "html", "sarif", "github", "junit",
];

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
    connectionId: 9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d
    environment: prod
    secretPath: /web
    syncOptions: {{ initialSyncBehavior: overwrite-destination }}
    destinationConfig: {{ scope: application, org: acme, app: web }}
"
        ),
    )])
}

fn on(run: Invocation, server: &Canned, token: &str) -> Invocation {
    run.variable("INFISICAL_HOST", &server.origin())
        .variable("INFISICAL_TOKEN", token)
}

/// Fails if 12 characters of the token are in a text, whatever their case.
#[track_caller]
fn hides(text: &str, token: &str) {
    let lower = text.to_lowercase();
    let token = token.to_lowercase();
    for start in 0..=token.len() - 12 {
        let part = &token[start..start + 12];
        assert!(!lower.contains(part), "{part}:\n{text}");
    }
}

fn refusal(message: &str) -> Canned {
    let body =
        json!({"reqId": "req-a1", "statusCode": 400, "message": message, "error": "BadRequest"});
    Canned::new(400, "application/json", &body.to_string())
}

#[test]
fn a_token_that_is_repeated_across_the_cut_of_a_message_is_hidden() {
    let tree = tree();
    for before in (330..=400).step_by(7) {
        let server = refusal(&format!("{}{TOKEN} tail", "x".repeat(before)));
        let output = on(tree.secsync("plan syncs -vvv"), &server, TOKEN).run();
        hides(&output.to_string(), TOKEN);
        assert!(output.stderr.contains("xxx"), "{output}");
    }
}

#[test]
fn a_token_is_hidden_however_it_is_repeated() {
    let tree = tree();
    let split = TOKEN.replace('-', "\n-\u{1b}");
    let percent: Vec<String> = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for message in [TOKEN.to_uppercase(), split, percent.concat()] {
        let server = refusal(&format!("no {message} no"));
        let output = on(tree.secsync("plan syncs"), &server, TOKEN).run();
        allow_duplicates! {         assert_snapshot!(output.exits_with(1), @r#"
        $ secsync plan syncs
        --- stderr
        Error: Cannot list the syncs of project "[UUID]": Infisical says: no [redacted] no.
        --- exit 1
        "#); }
    }
}

#[test]
fn a_token_in_the_host_of_a_redirect_is_hidden() {
    let token = "Qm9rabbitholes7Xw4kTzsecrettail";
    let server = Canned::redirecting(&format!("https://{token}.evil.example/"));
    let output = on(tree().secsync("plan syncs"), &server, token).run();
    assert_snapshot!(output.exits_with(1), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": http://127.0.0.1:[PORT] answered with a redirect to [redacted].evil.example, and redirects are not followed.
      If you trust that host, give the final address; go around a sign-in page.
    --- exit 1
    "#);
}

/// A list with the declared sync, whose texts are all this one.
fn list(text: &str) -> Value {
    json!({"secretSyncs": [{
        "id": "11111111-1111-4111-8111-111111111111",
        "name": "web",
        "description": format!("a {text} b"),
        "destination": "humanitec",
        "projectId": PROJECT,
        "connectionId": "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
        "connection": {"id": "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d", "name": "main", "app": "humanitec"},
        "environment": {"slug": "prod"},
        "folder": {"path": "/web"},
        "isAutoSyncEnabled": true,
        "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "destinationConfig": {"scope": "application", "org": "acme", "app": format!("web {text}")},
        "syncStatus": "failed",
        "lastSyncJobId": "job-1",
        "lastSyncMessage": format!("{}{text}", "y".repeat(380)),
        "lastSyncedAt": null,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }]})
}

#[test]
fn an_answer_that_succeeded_is_redacted_in_every_format() {
    let tree = tree();
    let server = Canned::json(&list(TOKEN));
    for format in FORMATS {
        let run = tree.secsync(&format!("plan syncs -vvv -o {format} -o json=out"));
        let output = on(run, &server, TOKEN).run().exits_with(0);
        assert!(
            output.stdout.contains("[redacted]") || format == "sarif" || format == "github",
            "{output}"
        );
        hides(&output.to_string(), TOKEN);
        hides(&tree.read("out"), TOKEN);
    }
    for format in ["human", "json"] {
        let run = tree.secsync(&format!("status syncs -o {format}"));
        let output = on(run, &server, TOKEN).run();
        hides(&output.to_string(), TOKEN);
    }
}

#[test]
fn a_short_secret_is_hidden_whole_and_one_that_is_too_short_is_warned_about() {
    let tree = tree();
    let server = refusal("no hunt3r and no HUNT3R, but hunt");
    let output = on(tree.secsync("plan syncs"), &server, "hunt3r").run();
    assert_snapshot!(output.exits_with(1), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": Infisical says: no [redacted] and no [redacted], but hunt.
    --- exit 1
    "#);
    let server = refusal("no idea");
    let output = on(tree.secsync("plan syncs"), &server, "hunt3").run();
    assert_snapshot!(output.exits_with(1), @r#"
    $ secsync plan syncs
    --- stderr
    Warning: INFISICAL_TOKEN holds a secret of fewer than 6 bytes, which is too short to be hidden in what is printed.
    Error: Cannot list the syncs of project "[UUID]": Infisical says: no idea.
    --- exit 1
    "#);
}

#[test]
fn the_id_of_a_client_is_no_secret() {
    let body = json!({"statusCode": 401, "message": "no client 5a11db0c-rabbit-holes-7Xw4kTz", "error": "Unauthorized"});
    let server = Canned::new(401, "application/json", &body.to_string());
    let output = tree()
        .secsync("plan syncs")
        .variable("INFISICAL_HOST", &server.origin())
        .variable(
            "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
            "5a11db0c-rabbit-holes-7Xw4kTz",
        )
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "another-secret")
        .run()
        .exits_with(4);
    assert!(
        output
            .stderr
            .contains("no client 5a11db0c-rabbit-holes-7Xw4kTz"),
        "{output}"
    );
}

#[test]
fn what_is_kept_is_not_rewritten_but_refused() {
    let lines = format!("description: {}", secsync::sandbox::CLIENT_SECRET);
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("api", &lines)]))]);
    let server = Server::new(&world());
    let saved = tree.secsync("plan syncs --out plan.json").on(&server).run();
    assert_snapshot!(saved.exits_with(1).stderr, @"
    Error: The plan cannot be saved to plan.json: its field `actions.0.step.create.body.description` holds a credential of this run.
      Take it out of the files, or of the sync on the platform, and make a new credential.
    ");
    assert!(!tree.has("plan.json"));

    let applied = tree.secsync("apply syncs --auto-approve").on(&server).run();
    let applied = applied.exits_with(0);
    assert!(applied.stdout.contains("[redacted]"), "{applied}");
    for arguments in [
        "export --project payments --all",
        "export --project payments --all --out other",
    ] {
        let output = tree.secsync(arguments).on(&server).run();
        allow_duplicates! {         assert_snapshot!(output.exits_with(1).stderr, @"
        Error: The field `description` of the sync `api` holds a credential of this run on the platform; it is not written to a file.
          Take it out of the sync there, and make a new credential.
        "); }
    }
    assert!(!tree.has("other"));
}

#[test]
fn a_token_that_is_answered_as_an_id_is_not_kept_in_the_state() {
    let web = "provider: enkryptify\nproject: prj_web\nsyncs:\n  web: { destination: vercel }\n";
    let tree = Tree::new(&[("syncs/web.yaml", web)]);
    let server = Canned::json(&json!({"syncConfigId": TOKEN}));
    tree.secsync("state init").run().exits_with(0);
    let output = tree
        .secsync("apply syncs --auto-approve")
        .variable("ENKRYPTIFY_API_URL", &server.origin())
        .variable("ENKRYPTIFY_TOKEN", TOKEN)
        .run();
    hides(&output.to_string(), TOKEN);
    hides(&tree.read(".secsync/state.json"), TOKEN);
    let field = "The `syncConfigId` of the start of `web` holds a credential of this run";
    assert!(output.to_string().contains(field), "{output}");
    output.exits_with(5);
    // It may have been made, and is not made again.
    let plan = tree.secsync("state list").run().exits_with(0);
    assert!(plan.stdout.contains("unknown"), "{plan}");
}

#[test]
fn no_text_of_a_server_is_a_command_in_a_log() {
    let tree = tree();
    let text = "\n::error::x ##[group]y ##vso[task.complete]z \u{202e}\u{9b}\u{e0041}";
    let mut list = list("t");
    list["secretSyncs"][0]["lastSyncMessage"] = json!("::error::x ##[group]y");
    list["secretSyncs"][0]["description"] = json!(format!("a{text}\n::b\nc"));
    let server = Canned::json(&list);
    for format in FORMATS {
        for command in ["plan", "status"] {
            if command == "status" && !["human", "json"].contains(&format) {
                continue;
            }
            let run = tree.secsync(&format!("{command} syncs -o {format}"));
            let output = on(run, &server, TOKEN).run();
            let said = format!("{}\n{}", output.stdout, output.stderr);
            assert!(
                !said.contains("##[") && !said.contains("##vso["),
                "{output}"
            );
            assert!(
                !said.contains(['\u{202e}', '\u{9b}', '\u{e0041}']),
                "{output}"
            );
            let is_command = |line: &str| {
                let is_ours = format == "github" && line.contains("title=secsync");
                line.trim_start().starts_with("::") && !is_ours
            };
            assert!(!said.lines().any(is_command), "{output}");
        }
    }
    let status = on(tree.secsync("status syncs"), &server, TOKEN).run();
    assert!(
        status.stdout.contains("\n  \\::error::x #\\#[group]y\n"),
        "{status}"
    );
}

#[test]
fn a_document_is_asked_only_of_a_server_that_is_trusted() {
    let server = Canned::json(&json!({"openapi": "3.0.0"}));
    let tree = Tree::new(&[(
        "secsync.yaml",
        &format!(
            "version: 1\nproviders: {{ infisical: {{ url: \"{}\" }} }}\n",
            server.origin()
        ),
    )]);
    let pull = || tree.secsync("schema pull --from-server");
    assert_snapshot!(pull().run().exits_with(4), @r#"
    $ secsync schema pull --from-server
    --- stderr
    Error: A request for the document of the provider "infisical" is not sent to http://127.0.0.1:[PORT], which only a file names.
      If that server is yours, set SECSYNC_TRUST_HOSTS=http://127.0.0.1:[PORT] in the environment (a comma list).
    --- exit 4
    "#);
    assert_eq!(server.count(), 0);
    pull()
        .variable("INFISICAL_HOST", &server.origin())
        .run()
        .exits_with(1);
    assert_eq!(server.count(), 1);
}
