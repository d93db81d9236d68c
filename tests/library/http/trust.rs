//! Which server a credential may go to, rule by rule. Connecting sends nothing, so nothing here
//! needs a network.

use super::support::{CLIENT_SECRET, TOKEN, all_text, environment};
use secsync::cancel::Cancellation;
use secsync::core::platform::Platform;
use secsync::environment::Environment;
use secsync::http::error::{RequestError, RequestErrorKind};
use secsync::http::public::fetch_public;
use secsync::http::{HttpOptions, SandboxAccess};
use secsync::provider::credential::LoginOptions;
use secsync::provider::environment_variables::check_prefixes;
use secsync::provider::trust;
use secsync::provider::{ProviderConfig, connect};
use secsync::provider::{enkryptify, infisical};

const CORP: &str = "https://secrets.corp.example";

/// A connection in the making: a provider, an environment, flags.
struct Case {
    config: ProviderConfig,
    variables: Vec<(String, String)>,
    options: HttpOptions,
}

fn infisical() -> Case {
    provider("infisical", infisical::PLATFORM).set("INFISICAL_TOKEN", TOKEN)
}

fn provider(name: &str, kind: Platform) -> Case {
    Case {
        config: ProviderConfig {
            name: name.to_owned(),
            platform: kind,
            url: None,
        },
        variables: Vec::new(),
        options: HttpOptions::default(),
    }
}

impl Case {
    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn url(mut self, url: &str) -> Self {
        self.config.url = Some(url.to_owned());
        self
    }

    fn trust_host(mut self, host: &str) -> Self {
        self.options.trust_hosts.push(host.to_owned());
        self
    }

    fn environment(&self) -> Environment {
        self.variables.iter().cloned().collect()
    }

    /// The case in a failure: what is different from the usual.
    fn name(&self) -> String {
        let hosts = &self.options.trust_hosts;
        format!("{:?} {:?} {hosts:?}", self.config.url, self.variables)
    }

    /// The server that the credential would go to.
    fn server(&self) -> Result<String, RequestError> {
        connect(
            &self.config,
            &self.environment(),
            &LoginOptions::default(),
            &self.options,
            &Cancellation::new(),
        )
        .map(|provider| provider.server().to_owned())
    }

    fn goes_to(&self, server: &str) {
        assert_eq!(self.server().as_deref(), Ok(server), "{}", self.name());
    }

    fn refused(&self, kind: RequestErrorKind) -> RequestError {
        let error = match self.server() {
            Ok(server) => panic!("{}: the credential would go to {server}", self.name()),
            Err(error) => error,
        };
        assert_eq!(error.kind, kind, "{}: {error}", self.name());
        assert!(error.message.ends_with('.'), "{}: {error}", self.name());
        let text = all_text(&error);
        assert!(
            !text.contains(TOKEN) && !text.contains(CLIENT_SECRET),
            "{text}"
        );
        error
    }

    fn untrusted(&self) -> RequestError {
        self.refused(RequestErrorKind::Untrusted)
    }

    fn misconfigured(&self) -> RequestError {
        self.refused(RequestErrorKind::Configuration)
    }

    fn without_credential(&self) -> RequestError {
        self.refused(RequestErrorKind::NoCredential)
    }

    fn unauthenticated(&self) -> RequestError {
        self.refused(RequestErrorKind::Authentication)
    }
}

#[test]
fn with_nothing_set_a_credential_goes_to_its_platforms_own_cloud() {
    infisical().goes_to("https://app.infisical.com");
    provider("enkryptify", enkryptify::PLATFORM)
        .set("ENKRYPTIFY_TOKEN", TOKEN)
        .goes_to("https://api.enkryptify.com");
}

#[test]
fn a_file_may_choose_among_the_official_hosts_of_its_platform() {
    infisical()
        .url("https://eu.infisical.com")
        .goes_to("https://eu.infisical.com");
    infisical()
        .url("https://app.infisical.com/api/")
        .goes_to("https://app.infisical.com");
}

#[test]
fn the_two_addresses_of_the_american_cloud_are_one_server() {
    infisical()
        .url("https://us.infisical.com")
        .goes_to("https://app.infisical.com");
    infisical()
        .url("https://us.infisical.com")
        .set("INFISICAL_HOST", "https://app.infisical.com")
        .goes_to("https://app.infisical.com");
}

#[test]
fn makes_no_exception_for_official_hosts_of_another_platform() {
    infisical().url("https://api.enkryptify.com").untrusted();
    provider("enkryptify", enkryptify::PLATFORM)
        .set("ENKRYPTIFY_TOKEN", TOKEN)
        .url("https://app.infisical.com")
        .untrusted();
}

#[test]
fn lookalikes_of_the_official_hosts_are_not_official() {
    for url in [
        "https://app.infisical.com.evil.example",
        "https://evil-app.infisical.com",
        "https://infisical.com",
        "https://app.infisical.com:8443",
        "https://app.infisical.com.",
        "https://арр.infisical.com",
    ] {
        infisical().url(url).untrusted();
    }
}

#[test]
fn an_official_host_over_plain_http_is_advised_to_use_https() {
    let advice = "Write https://eu.infisical.com.";
    let by_file = infisical().url("http://eu.infisical.com").untrusted();
    assert_eq!(
        by_file.message,
        "The credential of the provider \"infisical\" is not sent to http://eu.infisical.com \
         without encryption."
    );
    assert_eq!(by_file.help.as_deref(), Some(advice));
    for named in [
        infisical().set("INFISICAL_HOST", "http://eu.infisical.com"),
        infisical()
            .url("http://eu.infisical.com")
            .trust_host("http://eu.infisical.com"),
    ] {
        let error = named.misconfigured();
        assert!(error.message.contains("without encryption"), "{error}");
        assert_eq!(error.help.as_deref(), Some(advice));
    }
}

#[test]
fn a_url_in_a_file_alone_never_sends_a_credential_to_a_new_host() {
    let error = infisical().url(CORP).untrusted();
    assert!(error.message.contains(CORP), "{error}");
    let help = error.help.expect("help");
    assert!(
        help.contains("SECSYNC_TRUST_HOSTS=https://secrets.corp.example"),
        "{help}"
    );
}

#[test]
fn following_the_advice_of_the_refusal_connects() {
    let url = "HTTPS://Secrets.Corp.Example:8443/api/";
    let help = infisical().url(url).untrusted().help.expect("help");
    let advice = help
        .split_whitespace()
        .find(|word| word.starts_with("SECSYNC_TRUST_HOSTS="))
        .expect("the variable to set");
    let (name, value) = advice.split_once('=').expect("name and value");
    infisical()
        .url(url)
        .set(name, value)
        .goes_to("https://secrets.corp.example:8443");
}

#[test]
fn makes_no_exception_for_loopback() {
    for url in [
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
    ] {
        infisical().url(url).untrusted();
        infisical().url(url).set("INFISICAL_HOST", url).goes_to(url);
    }
}

#[test]
fn a_host_variable_names_a_server_and_vouches_for_it() {
    for variable in ["INFISICAL_HOST", "INFISICAL_API_URL", "INFISICAL_DOMAIN"] {
        infisical().set(variable, CORP).goes_to(CORP);
        infisical()
            .set(variable, "secrets.corp.example/api")
            .goes_to(CORP);
        infisical().url(CORP).set(variable, CORP).goes_to(CORP);
    }
    provider("enkryptify", enkryptify::PLATFORM)
        .set("ENKRYPTIFY_TOKEN", TOKEN)
        .set("ENKRYPTIFY_API_URL", CORP)
        .goes_to(CORP);
}

#[test]
fn a_host_variable_vouches_for_its_own_platform_only() {
    provider("enkryptify", enkryptify::PLATFORM)
        .set("ENKRYPTIFY_TOKEN", TOKEN)
        .set("INFISICAL_HOST", CORP)
        .url(CORP)
        .untrusted();
}

#[test]
fn trust_hosts_and_the_trust_flag_vouch_for_exactly_what_they_name() {
    infisical()
        .url(CORP)
        .set(
            "SECSYNC_TRUST_HOSTS",
            "https://a.example, secrets.corp.example ,",
        )
        .goes_to(CORP);
    infisical().url(CORP).trust_host(CORP).goes_to(CORP);
    infisical()
        .url(CORP)
        .trust_host("https://a.example,https://secrets.corp.example")
        .goes_to(CORP);
    for other in [
        "https://secrets.corp.example:8443",
        "http://secrets.corp.example",
        "https://corp.example",
        "https://x.secrets.corp.example",
    ] {
        infisical().url(CORP).trust_host(other).untrusted();
        infisical()
            .url(CORP)
            .set("SECSYNC_TRUST_HOSTS", other)
            .untrusted();
    }
}

#[test]
fn a_malformed_trust_list_is_an_error_and_not_ignored() {
    for bad in [
        "https://",
        "*",
        "https://a.example/path",
        "https://u:p@a.example",
    ] {
        let error = infisical()
            .set("SECSYNC_TRUST_HOSTS", bad)
            .url(CORP)
            .misconfigured();
        assert!(error.message.contains("SECSYNC_TRUST_HOSTS"), "{error}");
        infisical().url(CORP).trust_host(bad).misconfigured();
    }
}

#[test]
fn a_url_and_a_host_variable_that_differ_stop_everything() {
    for other in [
        "https://other.corp.example",
        "https://secrets.corp.example:8443",
        "http://secrets.corp.example",
        "https://app.infisical.com",
    ] {
        let error = infisical()
            .url(CORP)
            .set("INFISICAL_HOST", other)
            .set("SECSYNC_TRUST_HOSTS", CORP)
            .misconfigured();
        assert!(
            error.message.contains(CORP) && error.message.contains("INFISICAL_HOST"),
            "{error}"
        );
    }
    infisical()
        .url("https://Secrets.corp.example:443/api/")
        .set("INFISICAL_HOST", "secrets.corp.example")
        .goes_to(CORP);
}

#[test]
fn host_variables_that_differ_stop_everything() {
    let error = infisical()
        .set("INFISICAL_HOST", CORP)
        .set("INFISICAL_API_URL", "https://other.example/api")
        .misconfigured();
    assert!(
        error.message.contains("INFISICAL_HOST") && error.message.contains("INFISICAL_API_URL"),
        "{error}"
    );
    infisical()
        .set("INFISICAL_HOST", CORP)
        .set("INFISICAL_API_URL", "https://secrets.corp.example/api")
        .set("INFISICAL_DOMAIN", "secrets.corp.example")
        .goes_to(CORP);
}

#[test]
fn a_url_with_user_info_is_refused_and_its_password_not_repeated() {
    for url in [
        "https://user:hunter2@secrets.corp.example",
        "https://hunter2@secrets.corp.example",
        "https://app.infisical.com:hunter2@evil.example",
    ] {
        for error in [
            infisical().url(url).misconfigured(),
            infisical().set("INFISICAL_HOST", url).misconfigured(),
        ] {
            assert!(error.message.contains("user name"), "{error}");
            assert!(!all_text(&error).contains("hunter2"), "{error:?}");
        }
    }
}

#[test]
fn a_path_a_query_and_a_fragment_are_refused_but_for_an_ending_api() {
    for url in [
        "https://secrets.corp.example/infisical",
        "https://secrets.corp.example/api/v1",
        "https://secrets.corp.example?x=1",
        "https://secrets.corp.example/#x",
    ] {
        infisical().set("INFISICAL_HOST", url).misconfigured();
    }
}

#[test]
fn plain_http_is_for_this_machine_and_for_hosts_that_are_allowed_by_name() {
    let host = "http://secrets.corp.example:8080";
    let error = infisical().set("INFISICAL_HOST", host).misconfigured();
    let help = error.help.expect("help");
    assert!(
        help.contains("SECSYNC_ALLOW_HTTP=secrets.corp.example"),
        "{help}"
    );
    for allowed in [
        "secrets.corp.example",
        "a.example, Secrets.Corp.Example",
        "secrets.corp.example:8080",
        "http://secrets.corp.example:8080",
    ] {
        infisical()
            .set("INFISICAL_HOST", host)
            .set("SECSYNC_ALLOW_HTTP", allowed)
            .goes_to(host);
    }
    for other in [
        "corp.example",
        "secrets.corp.example:9090",
        "x.secrets.corp.example",
        "true",
        "1",
        "*",
    ] {
        infisical()
            .set("INFISICAL_HOST", host)
            .set("SECSYNC_ALLOW_HTTP", other)
            .misconfigured();
    }
}

#[test]
fn allowing_http_does_not_make_a_host_trusted() {
    infisical()
        .url("http://secrets.corp.example")
        .set("SECSYNC_ALLOW_HTTP", "secrets.corp.example")
        .untrusted();
}

#[test]
fn another_provider_reads_only_variables_with_its_own_name() {
    let onprem = || provider("on-prem", infisical::PLATFORM);
    // The unprefixed ones are another provider's.
    let error = onprem().set("INFISICAL_TOKEN", TOKEN).without_credential();
    assert!(error.message.contains("ON_PREM_INFISICAL_TOKEN"), "{error}");
    onprem()
        .set("INFISICAL_HOST", CORP)
        .url(CORP)
        .set("ON_PREM_INFISICAL_TOKEN", TOKEN)
        .untrusted();
    onprem()
        .set("ON_PREM_INFISICAL_HOST", CORP)
        .set("ON_PREM_INFISICAL_TOKEN", TOKEN)
        .goes_to(CORP);
}

#[test]
fn rejects_two_providers_with_one_prefix() {
    let configs = ["on-prem", "ON_PREM"].map(|name| provider(name, infisical::PLATFORM).config);
    let error = check_prefixes(&configs).expect_err("they share ON_PREM_");
    assert_eq!(error.kind, RequestErrorKind::Configuration);
}

#[test]
fn a_missing_credential_names_the_variables_to_set() {
    let error = provider("infisical", infisical::PLATFORM).without_credential();
    assert_eq!(
        error.message,
        "There is no credential for Infisical: set INFISICAL_TOKEN, or \
         INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET \
         in the environment."
    );
    assert_eq!(
        error.help.as_deref(),
        Some(
            "In CI no secret is needed: set INFISICAL_MACHINE_IDENTITY_ID, and the job's identity \
             token is used."
        )
    );
    let error = provider("enkryptify", enkryptify::PLATFORM).without_credential();
    assert_eq!(
        error.message,
        "There is no credential for Enkryptify: set ENKRYPTIFY_TOKEN in the environment."
    );
    // CI systems pass unset secrets on as empty strings, or with nothing but a line break.
    provider("enkryptify", enkryptify::PLATFORM)
        .set("ENKRYPTIFY_TOKEN", "\n")
        .without_credential();
}

#[test]
fn half_of_universal_auth_names_the_missing_variable() {
    for (present, absent) in [
        (
            "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
            "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
        ),
        (
            "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
            "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
        ),
    ] {
        let error = provider("infisical", infisical::PLATFORM)
            .set(present, CLIENT_SECRET)
            .unauthenticated();
        assert_eq!(
            error.message,
            format!("{present} is set, but {absent} is not: universal auth needs both.")
        );
    }
}

#[test]
fn a_credential_loses_a_line_break_at_its_end_and_is_refused_with_one_inside() {
    for token in ["demo-token-4f1d\n", "demo-token-4f1d\r\n"] {
        provider("infisical", infisical::PLATFORM)
            .set("INFISICAL_TOKEN", token)
            .goes_to("https://app.infisical.com");
    }
    for token in [
        "demo-\ntoken-4f1d",
        " demo-token-4f1d",
        "Bearer demo-token-4f1d",
        "demo-töken-4f1d",
        "demo\u{0}-token-4f1d",
    ] {
        let error = provider("infisical", infisical::PLATFORM)
            .set("INFISICAL_TOKEN", token)
            .unauthenticated();
        assert!(
            error.message.starts_with("INFISICAL_TOKEN holds"),
            "{error}"
        );
        assert!(!all_text(&error).contains("4f1d"), "{error:?}");
    }
}

#[test]
fn a_service_token_is_refused_with_the_reason() {
    let error = provider("infisical", infisical::PLATFORM)
        .set("INFISICAL_TOKEN", "st.demo.aaaa.bbbb")
        .unauthenticated();
    assert!(error.message.contains("service token"), "{error}");
    assert!(!all_text(&error).contains("aaaa"), "{error:?}");
}

#[test]
fn a_server_is_checked_before_a_credential_is_looked_for() {
    provider("infisical", infisical::PLATFORM)
        .url(CORP)
        .untrusted();
}

fn sandbox(origin: &str) -> SandboxAccess {
    SandboxAccess {
        origin: origin.to_owned(),
        variables: environment(&[
            ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "sandbox-client"),
            ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", CLIENT_SECRET),
            ("ENKRYPTIFY_TOKEN", TOKEN),
        ]),
    }
}

#[test]
fn the_sandbox_needs_no_credential_and_stays_on_this_machine() {
    let mut case = provider("onprem", infisical::PLATFORM).url(CORP);
    case.options.sandbox = Some(sandbox("http://127.0.0.1:49152"));
    case.goes_to("sandbox:onprem");
    case.options.sandbox = Some(sandbox("http://10.0.0.1:49152"));
    case.misconfigured();
}

#[test]
fn no_debug_output_holds_a_credential() {
    let text = format!(
        "{:?} {:?}",
        sandbox("http://127.0.0.1:1"),
        infisical().environment()
    );
    assert!(
        !text.contains(TOKEN) && !text.contains(CLIENT_SECRET),
        "{text}"
    );
}

#[test]
fn a_server_that_only_a_file_names_is_not_asked_for_what_is_public_either() {
    let server = |case: &Case| {
        let server = trust::server(&case.config, &case.environment(), &case.options);
        server.map(|server| server.to_string())
    };
    let case = infisical().url(CORP);
    let error = server(&case).expect_err("refused");
    assert_eq!(error.kind, RequestErrorKind::Untrusted, "{error}");
    let case = case.set("SECSYNC_TRUST_HOSTS", CORP);
    assert_eq!(server(&case).as_deref(), Ok(CORP));
}

#[tokio::test]
async fn a_public_document_is_not_fetched_from_an_odd_address() {
    for (url, says) in [
        ("https://user:hunter2@a.example/x", "user name"),
        ("ftp://a.example/x", "neither an https nor an http"),
        ("not a url", "is not a URL"),
        ("http://a.example/x?token=hunter2", "without encryption"),
    ] {
        let error = fetch_public(
            url,
            &environment(&[]),
            &HttpOptions::default(),
            &Cancellation::new(),
        )
        .await
        .expect_err("refused");
        assert_eq!(error.kind, RequestErrorKind::Configuration, "{error}");
        assert!(error.message.contains(says), "{error}");
        assert!(!all_text(&error).contains("hunter2"), "{error:?}");
    }
}
