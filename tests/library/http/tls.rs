//! TLS: who is trusted, what `--ca-cert` adds, and what a person reads when it fails.

use super::support::tls::TlsServer;
use super::support::{
    Authority, PROJECT, all_text, authority, infisical_with, named_authority, options, pem_file,
    syncs,
};
use secsync::cancel::Cancellation;
use secsync::core::remote::RemoteSync;
use secsync::http::HttpOptions;
use secsync::http::error::{RequestError, RequestErrorKind};
use tempfile::NamedTempFile;

/// An https server on loopback whose certificate is for `name`; answers every request with one
/// list of one sync.
async fn server(authority: &Authority, name: &str, expired: bool) -> String {
    let body = syncs(&["web"]).to_string();
    TlsServer::certified(authority, name, expired, &body)
        .await
        .origin
}

async fn list(
    origin: &str,
    ca_cert: Option<&NamedTempFile>,
) -> Result<Vec<RemoteSync>, RequestError> {
    let options = HttpOptions {
        ca_cert: ca_cert.map(|file| file.path().to_path_buf().try_into().unwrap()),
        ..options().0
    };
    infisical_with(origin, &options, &Cancellation::new())
        .list(PROJECT, "payments")
        .await
}

#[tokio::test]
async fn a_server_of_an_authority_named_by_ca_cert_is_trusted() {
    let authority = authority();
    let origin = server(&authority, "localhost", false).await;
    let file = pem_file(&authority.pem());
    let found = list(&origin, Some(&file)).await.expect("a list");
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_refused_with_the_way_out() {
    let origin = server(&authority(), "localhost", false).await;
    // The second has the name of the right one, but another key.
    for other in [named_authority("Another authority"), authority()] {
        let other = pem_file(&other.pem());
        let error = list(&origin, Some(&other)).await.expect_err("unknown");
        assert_eq!(error.kind, RequestErrorKind::Unavailable);
        assert!(!error.is_in_doubt());
        assert_eq!(
            error.message,
            format!(
                "Cannot list the syncs of project \"payments\": the certificate of {origin} is \
                 from an authority that this machine does not trust."
            )
        );
        assert!(error.help.expect("help").contains("--ca-cert"));
    }
}

#[tokio::test]
async fn reports_why_a_certificate_is_not_accepted() {
    let authority = authority();
    let plain = wiremock::MockServer::start().await;
    for (origin, says) in [
        (
            server(&authority, "other.example", false).await,
            "is for another host name.",
        ),
        (server(&authority, "localhost", true).await, "has expired."),
        (
            plain.uri().replace("http://", "https://"),
            "does not speak TLS on this port.",
        ),
    ] {
        let file = pem_file(&authority.pem());
        let error = list(&origin, Some(&file)).await.expect_err(says);
        assert!(error.message.contains(says), "{says}: {error}");
    }
}

#[tokio::test]
async fn a_ca_cert_that_is_missing_or_no_certificate_is_an_error_before_anything_is_sent() {
    let origin = "https://localhost:1";
    for text in ["", "hello"] {
        let error = list(origin, Some(&pem_file(text)))
            .await
            .expect_err("no certificate");
        assert_eq!(error.kind, RequestErrorKind::Configuration);
        assert!(
            error.message.contains("holds no PEM certificate."),
            "{error}"
        );
    }
    let options = HttpOptions {
        ca_cert: Some("/nonexistent/ca.pem".into()),
        ..options().0
    };
    let error = infisical_with(origin, &options, &Cancellation::new())
        .list(PROJECT, "payments")
        .await
        .expect_err("no file");
    assert_eq!(error.kind, RequestErrorKind::Configuration);
    assert!(
        error
            .message
            .contains("\"/nonexistent/ca.pem\" (--ca-cert) cannot be read"),
        "{error}"
    );
    assert!(!all_text(&error).contains("Os {"), "{error:?}");
}

#[tokio::test]
async fn plain_http_needs_no_certificates() {
    let server = wiremock::MockServer::start().await;
    let options = HttpOptions {
        ca_cert: Some("/nonexistent/ca.pem".into()),
        ..options().0
    };
    let error = infisical_with(&server.uri(), &options, &Cancellation::new())
        .list(PROJECT, "payments")
        .await
        .expect_err("404");
    assert_eq!(error.kind, RequestErrorKind::BadAnswer, "{error}");
}

/// Certificate authorities are found through the process environment, so the test runs itself.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn reports_a_machine_without_certificate_authorities() {
    const INSIDE: &str = "SECSYNC_TEST_WITHOUT_AUTHORITIES";
    if std::env::var_os(INSIDE).is_none() {
        let empty = tempfile::tempdir().unwrap();
        let file = pem_file("");
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "http::tls::reports_a_machine_without_certificate_authorities",
            ])
            .env(INSIDE, "1")
            .env("SSL_CERT_FILE", file.path())
            .env("SSL_CERT_DIR", empty.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
        return;
    }
    let error = list("https://localhost:1", None)
        .await
        .expect_err("nobody to trust");
    assert_eq!(error.kind, RequestErrorKind::Configuration);
    assert_eq!(
        error.message,
        "This machine has no certificate authorities to check https://localhost:1 with."
    );
    assert!(error.help.expect("help").contains("--ca-cert"));

    let authority = authority();
    let origin = server(&authority, "localhost", false).await;
    let file = pem_file(&authority.pem());
    let found = list(&origin, Some(&file)).await;
    assert_eq!(found.expect("--ca-cert is enough").len(), 1);
}
