//! Logging in with an identity token: where it comes from, where it goes, and what is reported when
//! it is not accepted.

use std::sync::Arc;

use super::support::tls::TlsServer;
use super::support::{
    PROJECT, RawServer, TOKEN, add, all_text, authority, config, environment, managed, options,
    pem_file, refusal, requests, syncs,
};
use secsync::cancel::Cancellation;
use secsync::http::HttpOptions;
use secsync::http::error::{RequestError, RequestErrorKind};
use secsync::provider::credential::LoginOptions;
use secsync::provider::infisical;
use secsync::provider::{ManagedSyncs, connect};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LIST: &str = "/api/v1/secret-syncs";
const IDENTITY: &str = "3d9a4c1e-0010-4000-8000-000000000010";
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyZXBvIn0.hunter2";
const RUNNER_TOKEN: &str = "runner-hunter2-token";

/// An Infisical that exchanges every login for a token, which it then takes.
async fn infisical() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "accessToken": "exchanged", "expiresIn": 7200, "accessTokenMaxTTL": 7200,
            "tokenType": "Bearer"
        })))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(LIST))
        .and(header("authorization", "Bearer exchanged"))
        .respond_with(ResponseTemplate::new(200).set_body_json(syncs(&["a"])))
        .mount(&server)
        .await;
    server
}

/// An Infisical that refuses every login.
async fn refusing(status: u16, message: &str) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(refusal(status, "Refused", message))
        .mount(&server)
        .await;
    server
}

/// A login in the making.
struct Login {
    variables: Vec<(String, String)>,
    options: HttpOptions,
    credential: LoginOptions,
    name: &'static str,
    /// Has to outlive the first request.
    authority_file: Option<NamedTempFile>,
}

fn login(server: &MockServer) -> Login {
    named_login("infisical", "", server)
}

/// Of a provider of that name, whose variables have that prefix.
fn named_login(name: &'static str, prefix: &str, server: &MockServer) -> Login {
    Login {
        variables: Vec::new(),
        options: options().0,
        credential: LoginOptions::default(),
        name,
        authority_file: None,
    }
    .set(&format!("{prefix}INFISICAL_HOST"), &server.uri())
}

impl Login {
    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn identity(self) -> Self {
        self.set("INFISICAL_MACHINE_IDENTITY_ID", IDENTITY)
    }

    /// In a job of GitHub Actions, whose token endpoint is at this server.
    fn on_github(mut self, authority: &super::support::Authority, server: &TlsServer) -> Self {
        let file = pem_file(&authority.pem());
        self.options.ca_cert = Some(file.path().to_path_buf().try_into().unwrap());
        self.authority_file = Some(file);
        self.set(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            &format!("{}/id/token?api-version=2.0", server.origin),
        )
        .set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", RUNNER_TOKEN)
    }

    fn connect(&self) -> Result<Arc<dyn ManagedSyncs>, RequestError> {
        let variables: Vec<(&str, &str)> = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut config = config(infisical::PLATFORM);
        config.name = self.name.into();
        connect(
            &config,
            &environment(&variables),
            &self.credential,
            &self.options,
            &Cancellation::new(),
        )
        .map(managed)
    }

    /// The error of connecting, or else of the first request.
    async fn refused(&self) -> RequestError {
        let error = match self.connect() {
            Ok(provider) => provider
                .list(PROJECT, "payments")
                .await
                .expect_err("refused"),
            Err(error) => error,
        };
        assert!(error.message.ends_with('.'), "{error}");
        assert!(error.help.is_some(), "{error}");
        let text = all_text(&error);
        assert!(!text.contains("hunter2"), "{text}");
        error
    }

    async fn works(&self) {
        let provider = self.connect().expect("it connects");
        assert_eq!(
            provider
                .list(PROJECT, "payments")
                .await
                .expect("a list")
                .len(),
            1
        );
    }
}

/// The path and the body of the login that a server got.
async fn login_at(server: &MockServer) -> (String, Value) {
    let received = server.received_requests().await.expect("recorded");
    let login = received.first().expect("a login");
    assert!(!login.headers.contains_key("authorization"));
    (
        login.url.path().to_owned(),
        login.body_json().expect("JSON"),
    )
}

#[tokio::test]
async fn each_method_is_chosen_by_the_environment_and_has_its_own_route() {
    let file = pem_file(&format!("{JWT}\n"));
    for (name, route) in [
        ("oidc-auth", "oidc-auth"),
        ("oidc", "oidc-auth"),
        ("jwt-auth", "jwt-auth"),
        ("jwt", "jwt-auth"),
        ("kubernetes-auth", "kubernetes-auth"),
        ("kubernetes", "kubernetes-auth"),
        ("gcp-auth", "gcp-auth"),
        ("azure-auth", "azure-auth"),
    ] {
        let server = infisical().await;
        login(&server)
            .identity()
            .set("INFISICAL_AUTH_METHOD", name)
            .set("INFISICAL_AUTH_JWT", JWT)
            .set(
                "INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH",
                file.path().to_str().unwrap(),
            )
            .works()
            .await;
        let (path, body) = login_at(&server).await;
        assert_eq!(path, format!("/api/v1/auth/{route}/login"), "{name}");
        assert_eq!(body, json!({"identityId": IDENTITY, "jwt": JWT}), "{name}");
    }
}

#[tokio::test]
async fn an_identity_without_a_method_logs_in_with_oidc_auth() {
    let server = infisical().await;
    login(&server)
        .identity()
        .set("INFISICAL_AUTH_JWT", JWT)
        .works()
        .await;
    assert_eq!(
        login_at(&server).await.0,
        "/api/v1/auth/oidc-auth/login".to_owned()
    );
}

#[tokio::test]
async fn a_chosen_method_comes_before_a_token_and_a_token_before_the_rest() {
    let server = infisical().await;
    login(&server)
        .identity()
        .set("INFISICAL_TOKEN", "other")
        .set("INFISICAL_AUTH_METHOD", "oidc-auth")
        .set("INFISICAL_AUTH_JWT", JWT)
        .works()
        .await;
    login_at(&server).await;

    let server = infisical().await;
    login(&server)
        .identity()
        .set("INFISICAL_TOKEN", "exchanged")
        .set("INFISICAL_AUTH_JWT", JWT)
        .works()
        .await;
    assert_eq!(requests(&server).await, [format!("GET {LIST}")]);
}

#[tokio::test]
async fn a_method_that_is_unknown_or_lacks_its_variables_is_an_error_that_names_them() {
    let server = infisical().await;
    for (method, message) in [
        (
            "spiffe-auth",
            "INFISICAL_AUTH_METHOD names no way to log in that secsync knows.",
        ),
        (
            "token-auth",
            "INFISICAL_AUTH_METHOD chooses token-auth, but INFISICAL_TOKEN is not set.",
        ),
        (
            "universal-auth",
            "INFISICAL_AUTH_METHOD chooses universal-auth, but INFISICAL_UNIVERSAL_AUTH_CLIENT_ID \
             and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET are not set.",
        ),
        (
            "kubernetes",
            "INFISICAL_AUTH_METHOD chooses kubernetes, but INFISICAL_MACHINE_IDENTITY_ID is not set.",
        ),
    ] {
        let error = login(&server)
            .set("INFISICAL_AUTH_METHOD", method)
            .refused()
            .await;
        assert_eq!(error.kind, RequestErrorKind::Authentication);
        assert_eq!(error.message, message);
    }
    let error = login(&server)
        .identity()
        .set("INFISICAL_AUTH_METHOD", "jwt-auth")
        .connect()
        .err()
        .expect("no token");
    assert_eq!(
        error.message,
        "There is no identity token to log in with: set INFISICAL_AUTH_JWT in the environment."
    );
    assert_eq!(requests(&server).await, [""; 0]);
}

#[tokio::test]
async fn an_identity_id_of_another_form_is_refused_before_anything_is_sent() {
    let server = infisical().await;
    for id in [
        "payments",
        "3d9a4c1e-0010-4000-8000-00000000001g",
        "3d9a4c1e",
    ] {
        let error = login(&server)
            .set("INFISICAL_MACHINE_IDENTITY_ID", id)
            .set("INFISICAL_AUTH_JWT", JWT)
            .refused()
            .await;
        assert_eq!(
            error.message,
            "INFISICAL_MACHINE_IDENTITY_ID does not hold the id of a machine identity."
        );
    }
    assert_eq!(requests(&server).await, [""; 0]);
}

#[tokio::test]
async fn github_gives_out_a_token_for_the_audience_and_sees_no_other_credential() {
    let body = json!({"value": JWT, "count": 1}).to_string();
    for (variable, flag, query) in [
        (None, None, "/id/token?api-version=2.0 "),
        (
            Some("https://infisical.example"),
            None,
            "/id/token?api-version=2.0&audience=https%3A%2F%2Finfisical.example ",
        ),
        (
            Some("other"),
            Some("flag&x=1"),
            "/id/token?api-version=2.0&audience=flag%26x%3D1 ",
        ),
    ] {
        let authority = authority();
        let github = TlsServer::start(&authority, "200 OK", &body).await;
        let server = infisical().await;
        let mut login = login(&server)
            .identity()
            .on_github(&authority, &github)
            .set("INFISICAL_OIDC_AUDIENCE", variable.unwrap_or_default());
        login.credential.oidc_audience = flag.map(str::to_owned);
        login.works().await;

        let asked = github.requests();
        let [asked] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert!(
            asked.starts_with(&format!("GET {query}HTTP/1.1\r\n")),
            "{asked}"
        );
        assert!(
            asked.contains(&format!("authorization: Bearer {RUNNER_TOKEN}\r\n")),
            "{asked}"
        );
        assert_eq!(
            login_at(&server).await,
            (
                "/api/v1/auth/oidc-auth/login".to_owned(),
                json!({"identityId": IDENTITY, "jwt": JWT})
            )
        );
        // The runner's token went to GitHub alone.
        for request in server.received_requests().await.unwrap() {
            let headers = format!("{:?}", request.headers);
            assert!(!headers.contains(RUNNER_TOKEN), "{headers}");
            assert!(!String::from_utf8_lossy(&request.body).contains(RUNNER_TOKEN));
        }
    }
}

#[tokio::test]
async fn a_given_token_comes_before_githubs() {
    let authority = authority();
    let github = TlsServer::start(&authority, "200 OK", "{}").await;
    let server = infisical().await;
    login(&server)
        .identity()
        .on_github(&authority, &github)
        .set("INFISICAL_AUTH_JWT", JWT)
        .works()
        .await;
    assert_eq!(github.requests(), [""; 0]);
}

#[tokio::test]
async fn the_runners_token_goes_over_https_only_also_on_this_machine() {
    let github = RawServer::start([]).await;
    let server = infisical().await;
    for (url, message) in [
        (
            format!("{}/id/token", github.origin),
            "The address in ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL.",
        ),
        (
            "http://token.actions.example/x".to_owned(),
            "The address in ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL.",
        ),
        (
            "https://user:hunter2@token.actions.example/x".to_owned(),
            "The address in ACTIONS_ID_TOKEN_REQUEST_URL holds a user name or a password, which \
             secsync never takes from a URL.",
        ),
        (
            "hunter2".to_owned(),
            "The address in ACTIONS_ID_TOKEN_REQUEST_URL is not a URL.",
        ),
    ] {
        let error = login(&server)
            .identity()
            .set("ACTIONS_ID_TOKEN_REQUEST_URL", &url)
            .set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", RUNNER_TOKEN)
            .set("SECSYNC_ALLOW_HTTP", "token.actions.example,127.0.0.1")
            .refused()
            .await;
        assert_eq!(error.kind, RequestErrorKind::Configuration);
        assert_eq!(error.message, message);
    }
    assert_eq!(github.requests(), [""; 0]);
    assert_eq!(requests(&server).await, [""; 0]);
}

#[tokio::test]
async fn reports_a_token_endpoint_that_gives_no_token_and_what_to_do() {
    let value = json!({"value": "two words"}).to_string();
    let echo = json!({"message": RUNNER_TOKEN}).to_string();
    for (status, body, kind, message, help) in [
        (
            "403 Forbidden",
            echo.as_str(),
            RequestErrorKind::Authentication,
            "answered 403 Forbidden.",
            "`permissions: id-token: write`",
        ),
        (
            "200 OK",
            value.as_str(),
            RequestErrorKind::BadAnswer,
            "answered without a token.",
            "Check that the address",
        ),
        (
            "200 OK",
            "<html>",
            RequestErrorKind::BadAnswer,
            "answered with an HTML page instead of JSON.",
            "Check that the address",
        ),
        (
            "503 Service Unavailable",
            "",
            RequestErrorKind::Unavailable,
            "failed with 503 Service Unavailable.",
            "later",
        ),
        (
            "302 Found\r\nlocation: https://other.example/?hunter2",
            "",
            RequestErrorKind::BadAnswer,
            "answered with a redirect to other.example, and redirects are not followed.",
            "final address",
        ),
    ] {
        let authority = authority();
        let github = TlsServer::start(&authority, status, body).await;
        let server = infisical().await;
        let error = login(&server)
            .identity()
            .on_github(&authority, &github)
            .refused()
            .await;
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(
            error.message,
            format!(
                "Cannot get an identity token from GitHub Actions: {} {message}",
                github.origin
            )
        );
        let said = error.help.expect("help");
        assert!(said.contains(help), "{said}");
        assert_eq!(requests(&server).await, [""; 0]);
    }
}

#[tokio::test]
async fn explains_how_to_get_a_token_for_an_identity() {
    let server = infisical().await;
    // Half of GitHub's variables is a job without the permission, too.
    for variable in [None, Some("ACTIONS_ID_TOKEN_REQUEST_URL")] {
        let mut login = login(&server).identity();
        if let Some(variable) = variable {
            login = login.set(variable, "https://token.actions.example/");
        }
        let error = login.refused().await;
        assert_eq!(
            error.message,
            "There is no identity token to log in with: INFISICAL_AUTH_JWT is not set, and this \
             is no GitHub Actions job that may ask for one."
        );
        assert!(
            error
                .help
                .unwrap()
                .contains("`permissions: id-token: write`")
        );
    }
}

#[tokio::test]
async fn a_service_account_token_is_read_anew_for_every_login() {
    let file = pem_file("first\n");
    let server = MockServer::start().await;
    let answer = |token: &str| {
        ResponseTemplate::new(200).set_body_json(json!({
            "accessToken": token, "expiresIn": 1, "accessTokenMaxTTL": 1, "tokenType": "Bearer"
        }))
    };
    add(
        &server,
        "POST",
        "/api/v1/auth/kubernetes-auth/login",
        answer("exchanged"),
    )
    .await;
    add(
        &server,
        "GET",
        LIST,
        refusal(401, "UnauthorizedError", "Token expired"),
    )
    .await;
    let provider = login(&server)
        .identity()
        .set("INFISICAL_AUTH_METHOD", "kubernetes")
        .set(
            "INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH",
            file.path().to_str().unwrap(),
        )
        .connect()
        .expect("it connects");
    std::fs::write(file.path(), "second\n").unwrap();
    provider
        .list(PROJECT, "payments")
        .await
        .expect_err("expired");
    std::fs::write(file.path(), "third\n").unwrap();
    provider
        .list(PROJECT, "payments")
        .await
        .expect_err("expired");
    let logins: Vec<Value> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .filter(|request| request.method.as_str() == "POST")
        .map(|request| request.body_json::<Value>().unwrap()["jwt"].clone())
        .collect();
    assert_eq!(logins.first(), Some(&json!("second")), "{logins:?}");
    assert_eq!(logins.last(), Some(&json!("third")), "{logins:?}");
}

#[tokio::test]
async fn a_service_account_token_that_is_missing_empty_or_endless_names_its_file() {
    let empty = pem_file("\n");
    let long = pem_file(&"a".repeat(70_000));
    let server = infisical().await;
    for (path, says) in [
        ("/nonexistent/hunter/token", "cannot be read"),
        (empty.path().to_str().unwrap(), "holds no token"),
        ("/dev/zero", "cannot be read"),
        (long.path().to_str().unwrap(), "too long"),
    ] {
        let error = login(&server)
            .identity()
            .set("INFISICAL_AUTH_METHOD", "kubernetes-auth")
            .set("INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH", path)
            .refused()
            .await;
        assert_eq!(error.kind, RequestErrorKind::Authentication);
        assert!(
            error.message.contains(path) && error.message.contains(says),
            "{error}"
        );
    }
    // Without the variable it is where Kubernetes puts it.
    let error = login(&server)
        .identity()
        .set("INFISICAL_AUTH_METHOD", "kubernetes-auth")
        .refused()
        .await;
    assert!(
        error
            .message
            .contains("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        "{error}"
    );
}

#[tokio::test]
async fn reports_a_refused_identity_token_and_what_to_do() {
    for (status, said, help) in [
        (
            401,
            "Access denied: OIDC audience not allowed",
            "Check that the token in INFISICAL_AUTH_JWT has not expired, and that the identity \
             allows its issuer and audience.",
        ),
        (
            403,
            "Access denied: OIDC subject not allowed",
            "Compare the subject and the claims that the identity allows for OIDC auth with those \
             of this job.",
        ),
        (
            404,
            "OIDC auth method not found for identity, did you configure OIDC auth?",
            "Check INFISICAL_MACHINE_IDENTITY_ID, and that the identity has OIDC auth on this \
             server; another method is chosen with INFISICAL_AUTH_METHOD.",
        ),
    ] {
        let server = refusing(status, &format!("{said}.")).await;
        let error = login(&server)
            .identity()
            .set("INFISICAL_AUTH_JWT", JWT)
            .refused()
            .await;
        assert_eq!(error.kind, RequestErrorKind::Authentication);
        assert_eq!(
            error.message,
            format!(
                "The login with INFISICAL_MACHINE_IDENTITY_ID and INFISICAL_AUTH_JWT (OIDC auth) \
                 is not accepted (the server says: {said})."
            )
        );
        assert_eq!(error.help.as_deref(), Some(help));
        // A refused login is not tried again.
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_audience_of_githubs_token_names_the_variable_to_set() {
    let body = json!({"value": JWT}).to_string();
    for (audience, help) in [
        (
            "",
            "Its audience is GitHub's own default: set INFISICAL_OIDC_AUDIENCE or \
             --oidc-audience to the one that the identity allows.",
        ),
        (
            "payments",
            "Its audience is \"payments\": set INFISICAL_OIDC_AUDIENCE or --oidc-audience to the \
             one that the identity allows.",
        ),
    ] {
        let authority = authority();
        let github = TlsServer::start(&authority, "200 OK", &body).await;
        let server = refusing(401, "Access denied: OIDC audience not allowed.").await;
        let error = login(&server)
            .identity()
            .on_github(&authority, &github)
            .set("INFISICAL_OIDC_AUDIENCE", audience)
            .refused()
            .await;
        assert_eq!(error.help.as_deref(), Some(help));
    }
}

#[tokio::test]
async fn a_server_that_repeats_an_identity_token_does_not_get_it_printed() {
    let body = json!({"value": JWT}).to_string();
    let authority = authority();
    let github = TlsServer::start(&authority, "200 OK", &body).await;
    let server = refusing(401, &format!("Bad token {JWT} of {RUNNER_TOKEN}.")).await;
    let error = login(&server)
        .identity()
        .on_github(&authority, &github)
        .refused()
        .await;
    assert!(
        error.message.contains("Bad token [redacted] of [redacted]"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failing_login_names_the_variable_to_check() {
    let server = refusing(500, "Something went wrong").await;
    let error = login(&server)
        .identity()
        .set("INFISICAL_AUTH_JWT", JWT)
        .refused()
        .await;
    assert_eq!(error.kind, RequestErrorKind::Unavailable);
    assert!(
        error
            .help
            .unwrap()
            .contains("check INFISICAL_MACHINE_IDENTITY_ID"),
    );
}

#[tokio::test]
async fn every_variable_of_a_login_serves_only_the_provider_that_it_is_named_after() {
    let all = |prefix: &str, login: Login| {
        login
            .set(&format!("{prefix}INFISICAL_MACHINE_IDENTITY_ID"), IDENTITY)
            .set(&format!("{prefix}INFISICAL_AUTH_METHOD"), "jwt-auth")
            .set(&format!("{prefix}INFISICAL_AUTH_JWT"), JWT)
    };
    let server = infisical().await;
    let mut unprefixed = all("", named_login("onprem", "ONPREM_", &server));
    let error = unprefixed.connect().err().expect("another provider's");
    assert!(
        error.message.contains("ONPREM_INFISICAL_TOKEN")
            && error
                .help
                .as_ref()
                .unwrap()
                .contains("ONPREM_INFISICAL_MACHINE_IDENTITY_ID"),
        "{error}"
    );
    // One of its own is not completed by another provider's.
    unprefixed = unprefixed.set("ONPREM_INFISICAL_MACHINE_IDENTITY_ID", IDENTITY);
    let error = unprefixed.connect().err().expect("no token of its own");
    assert!(
        error
            .message
            .contains("ONPREM_INFISICAL_AUTH_JWT is not set"),
        "{error}"
    );
    assert_eq!(requests(&server).await, [""; 0]);

    all("ONPREM_", named_login("onprem", "ONPREM_", &server))
        .works()
        .await;
    assert_eq!(
        login_at(&server).await.0,
        "/api/v1/auth/jwt-auth/login".to_owned()
    );

    let body = json!({"value": JWT}).to_string();
    let authority = authority();
    let github = TlsServer::start(&authority, "200 OK", &body).await;
    named_login("onprem", "ONPREM_", &server)
        .on_github(&authority, &github)
        .set("ONPREM_INFISICAL_MACHINE_IDENTITY_ID", IDENTITY)
        .set("INFISICAL_OIDC_AUDIENCE", "another-providers")
        .set("ONPREM_INFISICAL_OIDC_AUDIENCE", "own")
        .works()
        .await;
    let asked = github.requests().concat();
    assert!(asked.contains("audience=own "), "{asked}");

    let error = named_login("onprem", "ONPREM_", &server)
        .set("ONPREM_INFISICAL_MACHINE_IDENTITY_ID", IDENTITY)
        .set("ONPREM_INFISICAL_AUTH_METHOD", "kubernetes")
        .set(
            "INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH",
            pem_file(TOKEN).path().to_str().unwrap(),
        )
        .refused()
        .await;
    assert!(
        error.message.contains("/var/run/secrets/kubernetes.io"),
        "{error}"
    );
}

#[tokio::test]
async fn reports_how_a_provider_logs_in() {
    let server = infisical().await;
    for (variables, method) in [
        (
            vec![("INFISICAL_TOKEN", TOKEN)],
            "the token in INFISICAL_TOKEN",
        ),
        (
            vec![
                ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "a"),
                ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "b"),
            ],
            "universal auth",
        ),
        (
            vec![
                ("INFISICAL_MACHINE_IDENTITY_ID", IDENTITY),
                ("INFISICAL_AUTH_JWT", JWT),
            ],
            "OIDC auth and INFISICAL_AUTH_JWT",
        ),
        (
            vec![
                ("INFISICAL_MACHINE_IDENTITY_ID", IDENTITY),
                ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x.example/"),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", RUNNER_TOKEN),
            ],
            "OIDC auth and GitHub's identity token",
        ),
    ] {
        let login = variables
            .into_iter()
            .fold(login(&server), |login, (name, value)| {
                login.set(name, value)
            });
        assert_eq!(login.connect().unwrap().auth_method(), method);
    }
}
