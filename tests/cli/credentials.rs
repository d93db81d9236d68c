//! Credentials that are missing, wrong, or would go to a server that is not trusted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use insta::assert_snapshot;
use regex::Regex;
use serde_json::{Value, json};

use super::harness::{Canned, Invocation, Output, Server, Tree, refusals};

const PAYMENTS: &str = "\
provider: infisical
project: payments
syncs:
  api:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /
    syncOptions: { initialSyncBehavior: overwrite-destination }
    destinationConfig: { scope: application, org: acme, app: payments }
";

const WEB: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web: { destination: vercel }
";

fn world() -> Value {
    json!({
        "projects": [{"slug": "payments"}],
        "connections": [{"app": "humanitec", "name": "humanitec-main"}],
    })
}

fn payments() -> Tree {
    Tree::new(&[("syncs/payments.yaml", PAYMENTS)])
}

#[test]
fn reports_what_is_wrong_with_a_credential() {
    const CLIENT_ID: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
    const CLIENT_SECRET: &str = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";
    fn with(run: Invocation, variables: &[(&str, &str)]) -> Output {
        let set = |run: Invocation, (name, value): &(&str, &str)| run.variable(name, value);
        variables.iter().fold(run, set).run()
    }
    let tree = payments();
    let both = payments();
    both.write("syncs/web.yaml", WEB);
    let server = Server::new(&world());
    let origin = server.origin();
    let plan = |tree: &Tree, variables: &[_]| with(tree.secsync("plan syncs"), variables);
    let with_token = |token| {
        plan(
            &tree,
            &[("INFISICAL_HOST", &*origin), ("INFISICAL_TOKEN", token)],
        )
    };
    let log_in = |name, value| with(tree.secsync("plan syncs").on(&server), &[(name, value)]);
    let wrong_secret = log_in(CLIENT_SECRET, "hunter2-client-secret");
    assert_eq!(server.requests().len(), 1);
    assert_snapshot!(refusals(4, [
        ("none", plan(&tree, &[])),
        ("none for either platform", plan(&both, &[])),
        ("half of one", plan(&tree, &[(CLIENT_ID, "5a11db0c")])),
        ("a wrong client secret", wrong_secret),
        ("an unknown client", log_in(CLIENT_ID, "00000000-0000-4000-8000-000000000000")),
        ("a wrong token", with_token("hunter2-token")),
        ("a line break", with_token("hunter2\nx-evil: token")),
    ]), @"
    # none

    Error: There is no credential for Infisical: set INFISICAL_TOKEN, or INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET in the environment.
      In CI no secret is needed: set INFISICAL_MACHINE_IDENTITY_ID, and the job's identity token is used.

    # none for either platform

    Error: There is no credential for Enkryptify: set ENKRYPTIFY_TOKEN in the environment.
    Error: There is no credential for Infisical: set INFISICAL_TOKEN, or INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET in the environment.
      In CI no secret is needed: set INFISICAL_MACHINE_IDENTITY_ID, and the job's identity token is used.

    # half of one

    Error: INFISICAL_UNIVERSAL_AUTH_CLIENT_ID is set, but INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET is not: universal auth needs both.

    # a wrong client secret

    Error: The login with INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET is not accepted (the server says: Invalid credentials).
      Check both, that the identity exists on this server, and that the secret has neither expired nor been used up.

    # an unknown client

    Error: The login with INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET is not accepted (the server says: No identity with specified client ID was found).
      Check both, that the identity exists on this server, and that the secret has neither expired nor been used up.

    # a wrong token

    Error: The token in INFISICAL_TOKEN is not accepted (the server says: The provided access token is malformed. Please use a valid token or generate a new one and try again).
      It may be mistyped, expired or revoked: set INFISICAL_TOKEN to a valid one.

    # a line break

    Error: INFISICAL_TOKEN holds a blank, a line break or another character that no credential has.
      Set it again to the bare credential, without quotes, blanks or the word Bearer.
    ");
}

#[test]
fn a_wrong_enkryptify_token_is_found_out_by_the_start() {
    let tree = Tree::new(&[("syncs/web.yaml", WEB)]);
    let server = Server::new(&world());
    tree.secsync("state init").run().exits_with(0);
    let run = tree
        .secsync("apply syncs --auto-approve")
        .on(&server)
        .variable("ENKRYPTIFY_TOKEN", "ek_live_hunter2");
    assert_snapshot!(run.run().exits_with(4), @"
    $ secsync apply syncs --auto-approve
    secsync will perform the following actions:

      # enkryptify/prj_web/web will be started  (syncs/web.yaml:4)
      > vercel sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web: Starting...
    enkryptify/prj_web/web: Failed

    Failed: enkryptify/prj_web/web: The token in ENKRYPTIFY_TOKEN is not accepted (the server says: Invalid or missing API token).
      It may be mistyped, expired or revoked: set ENKRYPTIFY_TOKEN to a valid one.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    --- exit 4
    ");
    // The refusal was certain, so the start can be tried again.
    assert_snapshot!(tree.secsync("state list").run().exits_with(0), @"
    $ secsync state list
    No start is recorded.
    --- exit 0
    ");
}

#[test]
fn an_identity_without_access_to_the_project() {
    let mut world = world();
    world["identities"] =
        json!([{"clientId": "outsider", "clientSecret": "outsider-secret", "role": "outsider"}]);
    let tree = payments();
    let server = Server::new(&world);
    let run = |arguments: &str| {
        tree.secsync(arguments)
            .on(&server)
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "outsider")
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "outsider-secret")
            .run()
    };
    assert_snapshot!(run("plan syncs").exits_with(4), @"
    $ secsync plan syncs
    --- stderr
    unknown-project

      × The project `payments` does not exist at infisical, or this identity is not a member of it.
       ╭─[syncs/payments.yaml:2:10]
     1 │ provider: infisical
     2 │ project: payments
       ·          ────────
     3 │ syncs:
       ╰────
      help: This identity is a member of no project: add it to one.

    Found 1 error.
    Run `secsync explain unknown-project` to see why it matters and how to fix it.
    --- exit 4
    ");
    tree.write(
        "syncs/payments.yaml",
        PAYMENTS.replace("payments\n", "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11\n"),
    );
    assert_snapshot!(run("plan syncs"), @r#"
    $ secsync plan syncs
    --- stderr
    Error: Cannot list the syncs of project "[UUID]": the project "[UUID]" does not exist, or this identity is not a member of it.
      Check the project, and add the machine identity to it in Infisical.
    --- exit 4
    "#);
}

#[test]
fn an_identity_that_may_only_read() {
    let mut world = world();
    world["identities"] =
        json!([{"clientId": "viewer", "clientSecret": "viewer-secret", "role": "viewer"}]);
    let tree = payments();
    let server = Server::new(&world);
    let run = tree
        .secsync("apply syncs --auto-approve")
        .on(&server)
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "viewer")
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "viewer-secret");
    assert_snapshot!(run.run().exits_with(4), @r#"
    $ secsync apply syncs --auto-approve
    secsync will perform the following actions:

      # infisical/payments/api will be created  (syncs/payments.yaml:4)
      + humanitec sync
          + connection:                      "humanitec-main"
          + destinationConfig.scope:         "application"
          + destinationConfig.app:           "payments"
          + destinationConfig.org:           "acme"
          + environment:                     "prod"
          + secretPath:                      "/"
          + syncOptions.initialSyncBehavior: "overwrite-destination"
          Warning: The first sync overwrites the destination's secrets, and deletes those that the source does not have.

    Plan: 1 to add, 0 to change, 0 to destroy.
    infisical/payments/api: Creating...
    infisical/payments/api: Failed

    Failed: infisical/payments/api: Cannot create the sync "api": this identity lacks the permission "create" on "secret-syncs".
      Give the identity a role in the project with that permission.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    --- exit 4
    "#);
}

/// A workspace whose file names a server.
fn directed(url: &str) -> Tree {
    let tree = payments();
    tree.write(
        "secsync.yaml",
        format!("include: [\"syncs/*.yaml\"]\nproviders:\n  infisical: {{ url: \"{url}\" }}\n"),
    );
    tree
}

fn with_token(invocation: Invocation) -> Invocation {
    invocation.variable("INFISICAL_TOKEN", "hunter2-token")
}

#[test]
fn a_server_that_only_a_file_names_gets_no_request() {
    let server = Canned::json(&json!({"secretSyncs": []}));
    let tree = directed(&server.origin());
    assert_snapshot!(with_token(tree.secsync("plan")).run().exits_with(4), @r#"
    $ secsync plan
    --- stderr
    Error: The credential of the provider "infisical" is not sent to http://127.0.0.1:[PORT], which only a file names.
      If that server is yours, set SECSYNC_TRUST_HOSTS=http://127.0.0.1:[PORT] in the environment (a comma list).
    --- exit 4
    "#);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_server_that_a_file_names_and_the_environment_trusts_is_asked() {
    let server = Server::new(&world());
    let tree = directed(&server.origin());
    for trusted in [
        tree.secsync("plan")
            .on(&server)
            .without("INFISICAL_HOST")
            .variable("SECSYNC_TRUST_HOSTS", &server.origin()),
        tree.secsync(&format!("plan --trust-host {}", server.origin()))
            .on(&server)
            .without("INFISICAL_HOST"),
        tree.secsync("plan").on(&server),
    ] {
        trusted.run().exits_with(0);
    }
}

#[test]
fn two_servers_for_one_provider_are_a_contradiction() {
    let server = Canned::json(&json!({"secretSyncs": []}));
    let tree = directed("https://other.example");
    let run = with_token(tree.secsync("plan")).variable("INFISICAL_HOST", &server.origin());
    assert_snapshot!(run.run().exits_with(1), @r#"
    $ secsync plan
    --- stderr
    Error: The url of the provider "infisical" is https://other.example, but INFISICAL_HOST names http://127.0.0.1:[PORT].
      Make them the same, or remove the url or INFISICAL_HOST.
    --- exit 1
    "#);
    assert_eq!(server.count(), 0);
}

#[test]
fn plain_http_to_another_machine() {
    let tree = payments();
    let run = with_token(tree.secsync("plan syncs"))
        .variable("INFISICAL_HOST", "http://secrets.corp.example");
    assert_snapshot!(run.run().exits_with(1), @"
    $ secsync plan syncs
    --- stderr
    Error: http://secrets.corp.example would be spoken to without encryption.
      Use https, or set SECSYNC_ALLOW_HTTP=secrets.corp.example if the network is safe.
    --- exit 1
    ");
}

#[test]
fn a_url_with_a_password_in_it() {
    let tree = directed("https://user:hunter2@secrets.corp.example");
    let output = with_token(tree.secsync("plan")).run().exits_with(1);
    assert!(!output.to_string().contains("hunter2"), "{output}");
    assert_snapshot!(output, @r#"
    $ secsync plan
    --- stderr
    Error: The url of the provider "infisical" "…@secrets.corp.example" holds a user name or a password, which secsync never takes from a URL.
      Write it like https://secrets.corp.example.
    --- exit 1
    "#);
}

#[test]
fn a_provider_of_another_name_does_not_get_the_usual_credential() {
    let server = Canned::json(&json!({"secretSyncs": []}));
    let tree = Tree::new(&[
        (
            "secsync.yaml",
            "include: [\"syncs/*.yaml\"]\nproviders:\n  onprem: { type: infisical, url: https://app.infisical.com }\n",
        ),
        (
            "syncs/payments.yaml",
            &PAYMENTS.replace("provider: infisical", "provider: onprem"),
        ),
    ]);
    let run = with_token(tree.secsync("plan")).variable("INFISICAL_HOST", &server.origin());
    assert_snapshot!(run.run().exits_with(4), @"
    $ secsync plan
    --- stderr
    Error: There is no credential for Infisical: set ONPREM_INFISICAL_TOKEN, or ONPREM_INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and ONPREM_INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET in the environment.
      In CI no secret is needed: set ONPREM_INFISICAL_MACHINE_IDENTITY_ID, and the job's identity token is used.
    --- exit 4
    ");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_project_that_is_not_allowed_is_not_read() {
    let tree = payments();
    let server = Server::new(&world());
    let run = tree.secsync("plan syncs --allow-project shop").on(&server);
    assert_snapshot!(run.run().exits_with(4), @"
    $ secsync plan syncs --allow-project shop
    --- stderr
    Error: The files name projects that `--allow-project` does not allow: `payments`.
      Allow them by id or slug, or leave their syncs out of this run.
    --- exit 4
    ");
    let requests = server.requests();
    assert!(
        !requests
            .iter()
            .any(|request| request.contains("/secret-syncs")),
        "{requests:?}"
    );
}

#[test]
fn reports_which_credentials_work() {
    let tree = payments();
    tree.write("syncs/web.yaml", WEB);
    let server = Server::new(&world());
    assert_snapshot!(tree.secsync("auth check syncs").on(&server).run().exits_with(0), @"
    $ secsync auth check syncs
    enkryptify: a token for http://127.0.0.1:[PORT] is set; the platform has no way to check it.
    infisical: logged in to http://127.0.0.1:[PORT] with universal auth, and sees 1 project.
      identity:     not shown by this server
      organization: Sandbox (sandbox, [UUID])
      scope:        not shown by this server
      token ends:   [TIME]
    --- exit 0
    ");
    assert_snapshot!(tree.secsync("auth check syncs").run().exits_with(4), @"
    $ secsync auth check syncs
    --- stderr
    Error: There is no credential for Enkryptify: set ENKRYPTIFY_TOKEN in the environment.
    Error: There is no credential for Infisical: set INFISICAL_TOKEN, or INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET in the environment.
      In CI no secret is needed: set INFISICAL_MACHINE_IDENTITY_ID, and the job's identity token is used.
    --- exit 4
    ");
}

#[test]
fn auth_check_warns_about_an_identity_that_sees_no_project() {
    let tree = Tree::new(&[]);
    let mut world = world();
    world["projects"] = json!([]);
    let server = Server::new(&world);
    assert_snapshot!(tree.secsync("auth check").on(&server).run().exits_with(0), @"
    $ secsync auth check
    enkryptify: a token for http://127.0.0.1:[PORT] is set; the platform has no way to check it.
    infisical: logged in to http://127.0.0.1:[PORT] with universal auth, and sees 0 projects.
      identity:     not shown by this server
      organization: Sandbox (sandbox, [UUID])
      scope:        not shown by this server
      token ends:   [TIME]
    Warning: This identity can neither plan nor apply anything. Add it to a project, or check that the server and the organization (--organization-slug) are the right ones.
    --- exit 0
    ");
    let output = tree.secsync("auth check -o json").on(&server).run();
    let document: Value = serde_json::from_str(&output.exits_with(0).stdout).unwrap();
    assert_eq!(document["warnings"].as_array().unwrap().len(), 1);
}

const IDENTITY: &str = "3d9a4c1e-0010-4000-8000-000000000010";

/// A server whose identity logs in with tokens of this subject and audience.
fn federated() -> Server {
    let mut world = world();
    world["identities"] = json!([{
        "id": IDENTITY,
        "clientId": "ci",
        "clientSecret": "unused",
        "oidc": {"subject": "repo:acme/payments", "audience": "infisical"},
    }]);
    Server::new(&world)
}

/// Logs in to that server with a token of these claims.
fn with_claims(tree: &Tree, server: &Server, identity: &str, claims: &Value) -> Invocation {
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    tree.secsync("auth check syncs")
        .variable("INFISICAL_HOST", &server.origin())
        .variable("INFISICAL_MACHINE_IDENTITY_ID", identity)
        .variable("INFISICAL_AUTH_JWT", &format!("e30.{claims}.hunter2"))
}

#[test]
fn an_identity_logs_in_with_the_token_of_its_ci() {
    let (tree, server) = (payments(), federated());
    let claims = json!({"sub": "repo:acme/payments", "aud": "infisical"});
    assert_snapshot!(with_claims(&tree, &server, IDENTITY, &claims).run().exits_with(0), @"
    $ secsync auth check syncs
    infisical: logged in to http://127.0.0.1:[PORT] with OIDC auth and INFISICAL_AUTH_JWT, and sees 1 project.
      identity:     not shown by this server
      organization: Sandbox (sandbox, [UUID])
      scope:        not shown by this server
      token ends:   [TIME]
    --- exit 0
    ");
}

#[test]
fn an_identity_token_that_is_not_accepted() {
    let (tree, server) = (payments(), federated());
    let good = json!({"sub": "repo:acme/payments", "aud": "infisical"});
    let other_audience = json!({"sub": "repo:acme/payments", "aud": "other"});
    let expired = json!({"sub": "repo:acme/payments", "aud": "infisical", "exp": 1});
    let other_subject = json!({"sub": "repo:acme/fork", "aud": "infisical"});
    let run = |identity: &str, claims: &Value| {
        let output = with_claims(&tree, &server, identity, claims)
            .run()
            .exits_with(4);
        assert!(!output.to_string().contains("hunter2"), "{output}");
        output
    };
    assert_snapshot!(run(IDENTITY, &other_audience), @"
    $ secsync auth check syncs
    --- stderr
    Error: The login with INFISICAL_MACHINE_IDENTITY_ID and INFISICAL_AUTH_JWT (OIDC auth) is not accepted (the server says: Access denied: OIDC audience not allowed).
      Check that the token in INFISICAL_AUTH_JWT has not expired, and that the identity allows its issuer and audience.
    --- exit 4
    ");
    assert_snapshot!(run(IDENTITY, &expired), @"
    $ secsync auth check syncs
    --- stderr
    Error: The login with INFISICAL_MACHINE_IDENTITY_ID and INFISICAL_AUTH_JWT (OIDC auth) is not accepted (the server says: Access denied: jwt expired).
      Check that the token in INFISICAL_AUTH_JWT has not expired, and that the identity allows its issuer and audience.
    --- exit 4
    ");
    assert_snapshot!(run(IDENTITY, &other_subject), @"
    $ secsync auth check syncs
    --- stderr
    Error: The login with INFISICAL_MACHINE_IDENTITY_ID and INFISICAL_AUTH_JWT (OIDC auth) is not accepted (the server says: Access denied: OIDC subject not allowed).
      Compare the subject and the claims that the identity allows for OIDC auth with those of this job.
    --- exit 4
    ");
    assert_snapshot!(run("3d9a4c1e-0010-4000-8000-000000000011", &good), @"
    $ secsync auth check syncs
    --- stderr
    Error: The login with INFISICAL_MACHINE_IDENTITY_ID and INFISICAL_AUTH_JWT (OIDC auth) is not accepted (the server says: OIDC auth method not found for identity, did you configure OIDC auth?).
      Check INFISICAL_MACHINE_IDENTITY_ID, and that the identity has OIDC auth on this server; another method is chosen with INFISICAL_AUTH_METHOD.
    --- exit 4
    ");
}

#[test]
fn a_redirect_is_not_followed_and_its_target_gets_no_request() {
    let tree = payments();
    let target = Canned::json(&json!({"secretSyncs": [], "accessToken": "x"}));
    let server = Canned::redirecting(&target.origin());
    let by_token = with_token(tree.secsync("plan syncs"));
    let by_login = tree
        .secsync("plan syncs")
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "client")
        .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "hunter2-secret");
    for invocation in [by_token, by_login] {
        let run = invocation.variable("INFISICAL_HOST", &server.origin());
        let output = run.run().exits_with(1);
        assert!(
            output.stderr.contains("redirects are not followed"),
            "{output}"
        );
    }
    assert!(server.count() > 0);
    assert_eq!(target.count(), 0);
}

#[test]
fn shows_no_credential_however_verbose() {
    let tree = payments();
    tree.write("syncs/web.yaml", WEB);
    let server = Server::new(&world());
    tree.secsync("state init").run().exits_with(0);
    let shows_none = |output: &Output| {
        let text = output.to_string();
        for credential in [
            secsync::sandbox::CLIENT_SECRET,
            secsync::sandbox::ENKRYPTIFY_TOKEN,
            "hunter2",
            // What every access token of the sandbox begins with.
            "sandbox.1.",
        ] {
            assert!(!text.contains(credential), "{text}");
        }
    };
    for command in [
        "validate syncs -vvv",
        "plan syncs -vvv",
        "plan syncs -vvv -o json",
        "auth check syncs -vvv",
        "apply syncs -vvv --auto-approve --wait",
        "drift syncs -vvv",
        "status syncs -vvv -o json",
    ] {
        shows_none(&tree.secsync(command).on(&server).run());
        // An error says no more.
        shows_none(
            &tree
                .secsync(command)
                .on(&server)
                .variable(
                    "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
                    "hunter2-client-secret",
                )
                .variable("ENKRYPTIFY_TOKEN", "ek_live_hunter2")
                .run(),
        );
    }
}

#[test]
fn no_log_of_requests_shows_a_credential_that_a_server_sends_back() {
    let tree = payments();
    let server = Canned::calling_requests("hunter2-token", &json!({"secretSyncs": []}));
    let output = with_token(tree.secsync("plan syncs -vvv"))
        .variable("INFISICAL_HOST", &server.origin())
        .run();
    assert!(output.stderr.contains("/api/v1/"), "{output}");
    assert!(!output.to_string().contains("hunter2"), "{output}");
}

#[test]
fn each_request_is_logged_when_asked_for_without_what_it_carries() {
    let tree = payments();
    let server = Server::failing(&world(), &["list=503@1"]);
    let output = tree.secsync("plan syncs -vv -o json").on(&server).run();
    let took = Regex::new(r"\d+ ms|waited [\d.]+ s").unwrap();
    let log = output.harmless(&output.stderr);
    // What is asked side by side is answered in any order.
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    assert_snapshot!(took.replace_all(&lines.join("\n"), "[TIME]"), @"
    GET http://127.0.0.1:[PORT]/api/v1/app-connections/humanitec/available?projectId: 200 OK in [TIME]
    GET http://127.0.0.1:[PORT]/api/v1/projects?type: 200 OK in [TIME]
    GET http://127.0.0.1:[PORT]/api/v1/secret-syncs?projectId: 200 OK in [TIME] (try 2 of 4, [TIME])
    GET http://127.0.0.1:[PORT]/api/v1/secret-syncs?projectId: 503 Service Unavailable in [TIME] (request id [REQUEST])
    POST http://127.0.0.1:[PORT]/api/v1/auth/universal-auth/login: 200 OK in [TIME]
    ");
}

#[test]
fn no_file_that_a_run_writes_holds_a_credential() {
    let tree = payments();
    tree.write("syncs/web.yaml", WEB);
    let server = Server::new(&world());
    tree.secsync("state init").run().exits_with(0);
    tree.secsync("apply syncs --auto-approve --wait -v -o json=report.json")
        .on(&server)
        .run()
        .exits_with(0);
    tree.secsync("apply syncs --auto-approve --sandbox")
        .run()
        .exits_with(0);
    for file in tree.files() {
        let text = tree.read(&file);
        for credential in [
            secsync::sandbox::CLIENT_SECRET,
            secsync::sandbox::INFISICAL_TOKEN,
            secsync::sandbox::ENKRYPTIFY_TOKEN,
        ] {
            assert!(!text.contains(credential), "{file} holds {credential}");
        }
    }
}
