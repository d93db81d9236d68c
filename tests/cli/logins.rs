//! Logging in, and what is known of the identity then.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use insta::assert_snapshot;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::harness::{Invocation, Output, Routes, Tree};

const LOGIN: &str = "POST /api/v1/auth/universal-auth/login";
const AWS_LOGIN: &str = "POST /api/v1/auth/aws-auth/login";
const IDENTITY: &str = "3d9a4c1e-0010-4000-8000-000000000010";
const ACME: &str = "0a1b2c3d-0000-4000-8000-000000000001";
const TEAM: &str = "0a1b2c3d-0000-4000-8000-000000000002";

/// Four syncs of four projects and two apps.
const MANY: &str = "\
provider: infisical
defaults:
  environment: prod
  secretPath: /
  syncOptions: { initialSyncBehavior: overwrite-destination }
syncs:
  a: { destination: humanitec, project: a, connection: h, destinationConfig: { scope: application, org: acme, app: a } }
  b: { destination: humanitec, project: b, connection: h, destinationConfig: { scope: application, org: acme, app: b } }
  c: { destination: gitlab, project: c, connection: g, destinationConfig: { scope: project, projectId: '1', projectName: c } }
  d: { destination: gitlab, project: d, connection: g, destinationConfig: { scope: project, projectId: '2', projectName: d } }
";

fn check(tree: &Tree, server: &Routes) -> Invocation {
    server.serve(tree.secsync("auth check"))
}

/// A JSON Web Token of these claims.
fn token(claims: &Value) -> String {
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("eyJhbGciOiJIUzI1NiJ9.{claims}.hunter2hunter2")
}

#[test]
fn the_organization_is_sent_under_both_names_by_every_login() {
    let tree = Tree::new(&[]);
    let check = |server: &Routes, arguments: &str| {
        aws(server.serve(tree.secsync(&format!("auth check {arguments}"))))
    };
    for method in ["universal-auth", "aws-auth"] {
        let server = Routes::infisical();
        let by = |run: Invocation| {
            run.variable("INFISICAL_AUTH_METHOD", method)
                .run()
                .exits_with(0);
            let line = format!("POST /api/v1/auth/{method}/login");
            let requests = server.requests();
            let (_, body) = requests.iter().rfind(|(asked, _)| *asked == line).unwrap();
            ["organizationSlug", "subOrganizationName"].map(|field| body[field].clone())
        };
        let variable = |run: Invocation| run.variable("INFISICAL_ORGANIZATION_SLUG", "team");
        assert_eq!(by(check(&server, "")), [Value::Null, Value::Null]);
        assert_eq!(by(variable(check(&server, ""))), ["team", "team"]);
        // As everywhere, the flag wins.
        let flag = "--organization-slug platform";
        assert_eq!(by(variable(check(&server, flag))), ["platform"; 2]);
    }
}

#[test]
fn the_organization_of_one_provider_is_not_that_of_another() {
    let server = Routes::infisical();
    let tree = Tree::new(&[(
        "secsync.yaml",
        "providers:\n  infisical: {}\n  onprem: { type: infisical }\n",
    )]);
    server
        .serve(tree.secsync("auth check"))
        .variable("ONPREM_INFISICAL_HOST", &server.origin())
        .variable("ONPREM_INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "onprem")
        .variable(
            "ONPREM_INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
            "hunter3-client-secret",
        )
        .variable("INFISICAL_ORGANIZATION_SLUG", "team")
        .run()
        .exits_with(0);
    let requests = server.requests();
    let sent = |client: &str| {
        let is_it = |(_, body): &&(String, Value)| body["clientId"] == client;
        requests.iter().find(is_it).unwrap().1["organizationSlug"].clone()
    };
    assert_eq!(
        (sent("client"), sent("onprem")),
        (json!("team"), Value::Null)
    );
}

#[test]
fn an_unknown_organization_is_named_with_the_place_to_check() {
    let tree = Tree::new(&[]);
    let server = Routes::new().refusing(
        "POST",
        "/api/v1/auth/universal-auth/login",
        404,
        "Sub organization with slug team not found",
    );
    let run = check(&tree, &server).variable("INFISICAL_ORGANIZATION_SLUG", "team");
    assert_snapshot!(run.run().exits_with(4), @r#"
    $ secsync auth check
    --- stderr
    Error: The login with INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET is not accepted (the server says: Sub organization with slug team not found).
      Check the slug "team" of the organization (INFISICAL_ORGANIZATION_SLUG or --organization-slug), and that the identity belongs to it.
    --- exit 4
    "#);
}

fn aws(run: Invocation) -> Invocation {
    run.variable("INFISICAL_MACHINE_IDENTITY_ID", IDENTITY)
        .variable("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .variable(
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        )
        .variable("AWS_REGION", "eu-central-1")
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let bytes = bytes.iter().map(|byte| format!("{byte:02x}"));
    bytes.collect::<Vec<_>>().concat()
}

/// The signature of a request by Amazon's published steps, given its headers.
fn signature(secret_key: &str, headers: &Value, body: &str) -> String {
    let authorization = headers["Authorization"].as_str().unwrap();
    let part = |name: &str| {
        let rest = authorization.split_once(&format!("{name}=")).unwrap().1;
        rest.split(',').next().unwrap().to_owned()
    };
    let value = |name: &str| {
        let mut headers = headers.as_object().unwrap().iter();
        let (_, value) = headers
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .unwrap();
        value.as_str().unwrap().to_owned()
    };
    let signed = part("SignedHeaders");
    let listed: Vec<String> = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", value(name)))
        .collect();
    let listed = listed.concat();
    let body = hex(&Sha256::digest(body));
    let request = hex(&Sha256::digest(format!(
        "POST\n/\n\n{listed}\n{signed}\n{body}"
    )));
    let credential = part("Credential");
    let (_, scope) = credential.split_once('/').unwrap();
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{request}",
        value("X-Amz-Date")
    );
    let key = scope
        .split('/')
        .fold(format!("AWS4{secret_key}").into_bytes(), |key, step| {
            hmac(&key, step)
        });
    assert_eq!(hex(&hmac(&key, &text)), part("Signature"));
    scope.split_once('/').unwrap().1.to_owned()
}

#[test]
fn aws_auth_sends_a_signed_request_for_the_caller_s_identity() {
    let tree = Tree::new(&[]);
    for session_token in [None, Some("hunter2/session+token==")] {
        let server = Routes::infisical();
        let mut run = aws(server.host(tree.secsync("auth check -vvv")))
            .variable("INFISICAL_AUTH_METHOD", "aws-auth");
        if let Some(token) = session_token {
            run = run.variable("AWS_SESSION_TOKEN", token);
        }
        let output = run.run().exits_with(0);
        assert!(
            output
                .stdout
                .contains("with AWS auth and the machine's AWS credentials"),
            "{output}"
        );
        let requests = server.requests();
        let (line, body) = &requests[0];
        assert_eq!(line, AWS_LOGIN);
        let decoded = |field: &str| {
            let text = STANDARD.decode(body[field].as_str().unwrap()).unwrap();
            String::from_utf8(text).unwrap()
        };
        assert_eq!(body["identityId"], IDENTITY);
        assert_eq!(body["iamHttpRequestMethod"], "POST");
        let request = decoded("iamRequestBody");
        assert_eq!(request, "Action=GetCallerIdentity&Version=2011-06-15");
        let headers: Value = serde_json::from_str(&decoded("iamRequestHeaders")).unwrap();
        assert_eq!(headers["Host"], "sts.eu-central-1.amazonaws.com");
        assert_eq!(headers["X-Amz-Security-Token"].as_str(), session_token);
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            signature(key, &headers, &request),
            "eu-central-1/sts/aws4_request"
        );
        // Neither the key nor what it signed is shown, and the key is not sent.
        let shown = output.to_string();
        let headers = body["iamRequestHeaders"].as_str().unwrap();
        assert!(
            !shown.contains(&headers[..40]) && !body.to_string().contains(key),
            "{shown}"
        );
    }
}

#[test]
fn aws_auth_says_what_is_missing() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical();
    let refused = |without: &[&str]| {
        let run =
            aws(server.host(tree.secsync("auth check"))).variable("INFISICAL_AUTH_METHOD", "aws");
        let run = without.iter().fold(run, |run, name| run.without(name));
        run.run().exits_with(4).stderr
    };
    assert_snapshot!(refused(&["AWS_SECRET_ACCESS_KEY"]), @"
    Error: There is no credential for Enkryptify: set ENKRYPTIFY_TOKEN in the environment.
    Error: AWS auth signs a request with the machine's AWS credentials, but `AWS_SECRET_ACCESS_KEY` is not set.
      Set them in the environment, and AWS_SESSION_TOKEN too if the credentials are temporary; `aws configure export-credentials --format env` prints those of a profile or a role.
    ");
    assert_snapshot!(refused(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]), @"
    Error: There is no credential for Enkryptify: set ENKRYPTIFY_TOKEN in the environment.
    Error: AWS auth signs a request with the machine's AWS credentials, but `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION` are not set.
      Set them in the environment, and AWS_SESSION_TOKEN too if the credentials are temporary; `aws configure export-credentials --format env` prints those of a profile or a role.
    ");
    assert_eq!(server.requests(), []);
    // The other variable that names the region.
    aws(server.host(tree.secsync("auth check")))
        .variable("INFISICAL_AUTH_METHOD", "aws")
        .without("AWS_REGION")
        .variable("AWS_DEFAULT_REGION", "us-east-1")
        .run()
        .exits_with(0);
}

#[test]
fn auth_check_says_who_it_is_where_and_until_when() {
    let tree = Tree::new(&[]);
    // A server of today: its tokens name the identity, and it describes the organization.
    let today = Routes::new()
        .with(
            "POST",
            "/api/v1/auth/universal-auth/login",
            &json!({
                "accessToken": token(&json!({
                    "identityId": IDENTITY, "identityName": "ci-deploy", "orgId": ACME,
                    "rootOrgId": ACME, "parentOrgId": ACME, "exp": 4_102_444_800_u64,
                })),
                "tokenType": "Bearer",
            }),
        )
        .with("GET", "/api/v1/projects", &json!({"projects": []}))
        .with(
            "GET",
            "/api/v1/identities/details",
            &json!({"identityDetails": {"organization": {"id": ACME, "name": "Acme", "slug": "acme"}}}),
        );
    let output = check(&tree, &today).run().exits_with(0);
    assert_snapshot!(output, @"
    $ secsync auth check
    infisical: logged in to http://127.0.0.1:[PORT] with universal auth, and sees 0 projects.
      identity:     ci-deploy ([UUID])
      organization: Acme (acme, [UUID])
      scope:        organization
      token ends:   [TIME]
    Warning: This identity can neither plan nor apply anything. Add it to a project, or check that the server and the organization (--organization-slug) are the right ones.
    --- exit 0
    ");
    let server = today.serve(tree.secsync("auth check -o json"));
    let document = server.run().exits_with(0).json();
    assert_snapshot!(serde_json::to_string_pretty(&document["identities"][0]).unwrap().replace(&today.origin(), "[ORIGIN]"), @r#"
    {
      "provider": "infisical",
      "server": "[ORIGIN]",
      "method": "universal auth",
      "projects": 0,
      "identity": {
        "id": "3d9a4c1e-0010-4000-8000-000000000010",
        "name": "ci-deploy"
      },
      "organization": {
        "id": "0a1b2c3d-0000-4000-8000-000000000001",
        "name": "Acme",
        "slug": "acme"
      },
      "scope": "organization",
      "tokenEnds": "2100-01-01T00:00:00Z"
    }
    "#);
    assert_eq!(document["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn auth_check_warns_if_another_organization_answers_than_was_asked_for() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical().with(
        "GET",
        "/api/v1/identities/details",
        &json!({"identityDetails": {"organization": {"id": ACME, "name": "Acme", "slug": "acme"}}}),
    );
    let run =
        |slug: &str| server.serve(tree.secsync(&format!("auth check --organization-slug {slug}")));
    assert_snapshot!(run("team").run().exits_with(0), @"
    $ secsync auth check --organization-slug team
    infisical: logged in to http://127.0.0.1:[PORT] with universal auth, and sees 1 project.
      identity:     not shown by this server
      organization: Acme (acme, [UUID])
      scope:        not shown by this server
      token ends:   [TIME]
    Warning: The login asked for the organization `team`, and acts in another one: this server does not know it, or does not know sub-organizations.
    --- exit 0
    ");
    assert!(!run("acme").run().exits_with(0).stdout.contains("Warning"));
}

#[test]
fn auth_check_knows_a_sub_organization_by_the_token() {
    let tree = Tree::new(&[]);
    let claims =
        json!({"identityId": IDENTITY, "orgId": TEAM, "rootOrgId": ACME, "exp": 4_102_444_800_u64});
    let server = Routes::infisical().with(
        "GET",
        "/api/v1/identities/details",
        &json!({"identityDetails": {"organization": {"id": ACME, "name": "Acme", "slug": "acme"}}}),
    );
    let run = server.host(tree.secsync("auth check"));
    let run = run.variable("INFISICAL_TOKEN", &token(&claims));
    assert_snapshot!(run.run().exits_with(0), @"
    $ secsync auth check
    infisical: logged in to http://127.0.0.1:[PORT] with the token in INFISICAL_TOKEN, and sees 1 project.
      identity:     [UUID]
      organization: [UUID]
      scope:        sub-organization
      token ends:   [TIME]
    --- exit 0
    ");
}

/// A server of June 2025 says less, and fails at a route that it has not.
#[test]
fn auth_check_does_not_guess_what_a_server_does_not_say() {
    let tree = Tree::new(&[]);
    let shown = [404, 500].map(|status| {
        let server =
            Routes::infisical().refusing("GET", "/api/v1/identities/details", status, "Find one");
        let output = server
            .host(tree.secsync("auth check"))
            .variable("INFISICAL_TOKEN", "opaque-hunter2");
        let output = output.run().exits_with(0);
        let lines: Vec<&str> = output
            .stdout
            .lines()
            .skip_while(|line| !line.starts_with(' '))
            .collect();
        // It is asked once.
        assert_eq!(server.count("GET /api/v1/identities/details"), 1);
        lines.join("\n")
    });
    assert_eq!(shown[0], shown[1]);
    assert_snapshot!(shown[0], @"
    identity:     not shown by this server
    organization: not shown by this server
    scope:        not shown by this server
    token ends:   not shown by this server
    ");
}

#[test]
fn a_refused_login_is_sent_once_whatever_runs_side_by_side() {
    for command in [
        "plan syncs --parallelism 16",
        "apply syncs --auto-approve --parallelism 16",
        "drift syncs --parallelism 16",
        "status syncs --parallelism 16",
        "sync a b c d --parallelism 16",
        "export --all-projects --parallelism 16",
        "auth check",
    ] {
        for status in [401, 403, 404, 400, 422] {
            let server = Routes::new().refusing(
                "POST",
                "/api/v1/auth/universal-auth/login",
                status,
                "Invalid credentials",
            );
            let tree = Tree::new(&[("syncs/many.yaml", MANY)]);
            let output = server.serve(tree.secsync(command)).run();
            assert_eq!(server.count(LOGIN), 1, "{command} at {status}: {output}");
            assert_eq!(output.code, Some(4), "{output}");
        }
    }
}

#[test]
fn a_locked_identity_is_told_to_wait() {
    let tree = Tree::new(&[]);
    let server = Routes::new().refusing(
        "POST",
        "/api/v1/auth/universal-auth/login",
        401,
        "This identity auth method is temporarily locked, please try again later",
    );
    let output: Output = check(&tree, &server).run().exits_with(4);
    assert_snapshot!(output, @"
    $ secsync auth check
    --- stderr
    Error: The identity of INFISICAL_UNIVERSAL_AUTH_CLIENT_ID is locked for some minutes (the server says: This identity auth method is temporarily locked, please try again later).
      Several refused logins lock an identity, and then even the right credential is refused. Let nothing log in with it for 5 minutes, do not retry, and check the credential before the next run.
    --- exit 4
    ");
    assert_eq!(server.count(LOGIN), 1);
}

#[test]
fn a_token_that_is_refused_after_its_login_is_no_refused_login() {
    let tree = Tree::new(&[("syncs/many.yaml", MANY)]);
    let server = Routes::infisical().refusing("GET", "/api/v1/projects", 401, "Token expired");
    let output = check(&tree, &server).run().exits_with(4);
    assert_snapshot!(output.stderr, @"
    Error: The server accepted the login with universal auth, but refuses the token that it gave out (the server says: Token expired).
      Check how long the identity's tokens last, how often and from which addresses they may be used, and the server's clock.
    ");
}

#[test]
fn two_providers_of_one_identity_send_a_refused_login_once() {
    let tree = Tree::new(&[
        (
            "secsync.yaml",
            "providers:\n  infisical: {}\n  onprem: { type: infisical }\n",
        ),
        ("syncs/many.yaml", MANY),
        (
            "syncs/onprem.yaml",
            &MANY.replace("provider: infisical", "provider: onprem"),
        ),
    ]);
    let server = Routes::new().refusing(
        "POST",
        "/api/v1/auth/universal-auth/login",
        401,
        "Invalid credentials",
    );
    let run = |secret| {
        server
            .serve(tree.secsync("plan syncs"))
            .variable("ONPREM_INFISICAL_HOST", &server.origin())
            .variable("ONPREM_INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "client")
            .variable("ONPREM_INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", secret)
            .run()
    };
    let output = run("hunter2-client-secret").exits_with(4);
    assert_eq!(server.count(LOGIN), 1, "{output}");
    // Each provider names its own variables.
    for prefix in ["", "ONPREM_"] {
        let named = format!("The login with {prefix}INFISICAL_UNIVERSAL_AUTH_CLIENT_ID");
        assert!(output.to_string().contains(&named), "{output}");
    }
    // Another secret is another login.
    run("hunter3-client-secret").exits_with(4);
    assert_eq!(server.count(LOGIN), 3);
}
