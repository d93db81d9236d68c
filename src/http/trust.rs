//! Which server a credential may go to. The only place that makes an authenticated [`Session`].
//!
//! Files can come from a stranger's pull request, so what they say about servers is never enough:
//!
//! 1. A credential goes only to the official hosts of its own platform, or to a server that was
//!    named outside the files: by the host variables of its provider, `SECSYNC_TRUST_HOSTS` or
//!    `--trust-host`. This machine is no exception.
//! 2. Where a file's `url:` and the environment's host differ, nothing is sent.
//! 3. Plain http is for this machine and for hosts in `SECSYNC_ALLOW_HTTP`.
//! 4. An identity token of a CI system is a credential like any other; how it is fetched stands in
//!    [`super::identity_token`].
//! 5. The built-in sandbox gets demo credentials only, and nothing but the sandbox gets those.

use super::auth::Auth;
use super::credential::Credential;
use super::origin::{InvalidOrigin, Origin};
use super::session::Session;
use super::variables::Variables;
use super::{HttpOptions, SandboxAccess};
use crate::cancel::Cancellation;
use crate::core::platform::Platform;
use crate::environment::Environment;
use crate::provider::platforms;
use crate::provider::{ProviderConfig, ProviderError, ProviderErrorKind};

/// The variable that names servers which a credential may go to.
pub const TRUST_HOSTS: &str = "SECSYNC_TRUST_HOSTS";

/// The variable that names hosts which may be spoken to without encryption.
pub const ALLOW_HTTP: &str = "SECSYNC_ALLOW_HTTP";

/// A server that a credential may go to. Only this module makes one.
#[derive(Debug)]
pub struct Vouched {
    origin: Origin,
    server: String,
}

impl Vouched {
    pub(super) fn into_parts(self) -> (Origin, String) {
        (self.origin, self.server)
    }
}

/// Connects a provider: finds its server, checks that its credential may go there, and takes the
/// credential from the environment. Sends nothing.
pub fn connect(
    config: &ProviderConfig,
    environment: &Environment,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Session, ProviderError> {
    let variables = Variables::of(config, environment);
    let (vouched, credential) = match &options.sandbox {
        Some(access) => (
            vouch_for_sandbox(config, access)?,
            Credential::of_sandbox(config.platform, access),
        ),
        None => (
            vouch(config, &variables, environment, options)?,
            Credential::from_environment(config.platform, &variables, options, cancellation)?,
        ),
    };
    Ok(Session::new(
        vouched,
        Auth::new(credential),
        environment,
        options,
        cancellation,
    ))
}

/// The server of a provider, whether or not a credential may go there.
pub fn server(
    config: &ProviderConfig,
    environment: &Environment,
    options: &HttpOptions,
) -> Result<Origin, ProviderError> {
    match &options.sandbox {
        Some(access) => sandbox_origin(access),
        None => Ok(locate(config, &Variables::of(config, environment))?.origin),
    }
}

/// Refuses plain http, but on this machine and where it was allowed by name.
pub fn check_encryption(origin: &Origin, environment: &Environment) -> Result<(), ProviderError> {
    if origin.is_secure() || origin.is_loopback() {
        return Ok(());
    }
    let allowed = items(environment.get(ALLOW_HTTP)).any(|item| {
        let host = item.strip_prefix("http://").unwrap_or(item);
        Origin::parse(&format!("http://{host}")).is_ok_and(|item| {
            item.host() == origin.host() && (!names_port(host) || item == *origin)
        })
    });
    if allowed {
        return Ok(());
    }
    let encrypted = platforms()
        .into_iter()
        .find_map(|kind| official_by_https(kind, origin));
    let help = match encrypted {
        Some(encrypted) => format!("Write {encrypted}."),
        None => format!(
            "Use https, or set {ALLOW_HTTP}={} if the network is safe.",
            origin.host()
        ),
    };
    Err(configuration(format!("{origin} would be spoken to without encryption.")).help(help))
}

/// A provider's server, and what named it.
struct Located {
    origin: Origin,
    /// Whether a variable of this provider named it.
    by_environment: bool,
}

fn locate(config: &ProviderConfig, variables: &Variables<'_>) -> Result<Located, ProviderError> {
    let from_environment = host_of_environment(config.platform, variables)?;
    let from_file = config
        .url
        .as_deref()
        .map(|url| {
            let place = format!("The url of the provider \"{}\"", config.name);
            Origin::parse(url).map_err(|error| invalid(&place, &error))
        })
        .transpose()?;
    match (from_environment, from_file) {
        (Some((variable, host)), Some(url)) if !is_same(config.platform, &host, &url) => {
            Err(configuration(format!(
                "The url of the provider \"{}\" is {url}, but {variable} names {host}.",
                config.name
            ))
            .help(format!(
                "Make them the same, or remove the url or {variable}."
            )))
        }
        (Some((_, origin)), _) => Ok(Located {
            origin,
            by_environment: true,
        }),
        (None, Some(origin)) => Ok(Located {
            origin,
            by_environment: false,
        }),
        (None, None) => official(config.platform)
            .next()
            .map(|origin| Located {
                origin,
                by_environment: false,
            })
            .ok_or_else(|| {
                configuration(format!("{} has no known server.", config.platform.title()))
            }),
    }
}

/// The host that the environment names for a provider, and the variable that names it.
fn host_of_environment(
    kind: Platform,
    variables: &Variables<'_>,
) -> Result<Option<(String, Origin)>, ProviderError> {
    let mut found: Option<(String, Origin)> = None;
    for name in host_variables(kind) {
        let Some(value) = variables.get(name) else {
            continue;
        };
        let variable = variables.name(name);
        let origin = Origin::parse(value).map_err(|error| invalid(&variable, &error))?;
        match &found {
            None => found = Some((variable, origin)),
            Some((_, first)) if is_same(kind, first, &origin) => {}
            Some((other, first)) => {
                return Err(configuration(format!(
                    "{other} names {first}, but {variable} names {origin}."
                ))
                .help("Keep one of the two variables."));
            }
        }
    }
    Ok(found)
}

fn vouch(
    config: &ProviderConfig,
    variables: &Variables<'_>,
    environment: &Environment,
    options: &HttpOptions,
) -> Result<Vouched, ProviderError> {
    let Located {
        origin,
        by_environment,
    } = locate(config, variables)?;
    let named = named_outside_files(environment, options)?;
    let is_trusted = by_environment
        || official(config.platform).any(|host| host == origin)
        || named.contains(&origin);
    if !is_trusted && let Some(encrypted) = official_by_https(config.platform, &origin) {
        return Err(ProviderError::new(
            ProviderErrorKind::Untrusted,
            format!(
                "The credential of the provider \"{}\" is not sent to {origin} without encryption.",
                config.name
            ),
        )
        .help(format!("Write {encrypted}.")));
    }
    if !is_trusted {
        return Err(ProviderError::new(
            ProviderErrorKind::Untrusted,
            format!(
                "The credential of the provider \"{}\" is not sent to {origin}, which only a file names.",
                config.name
            ),
        )
        .help(format!(
            "If that server is yours, set {TRUST_HOSTS}={origin} in the environment (a comma list)."
        )));
    }
    check_encryption(&origin, environment)?;
    let server = canonical(config.platform, &origin).to_string();
    Ok(Vouched { origin, server })
}

fn named_outside_files(
    environment: &Environment,
    options: &HttpOptions,
) -> Result<Vec<Origin>, ProviderError> {
    let by_variable = items(environment.get(TRUST_HOSTS)).map(|item| (TRUST_HOSTS, item));
    let by_flag = options
        .trust_hosts
        .iter()
        .flat_map(|list| items(Some(list)))
        .map(|item| ("--trust-host", item));
    by_variable
        .chain(by_flag)
        .map(|(place, item)| Origin::parse(item).map_err(|error| invalid(place, &error)))
        .collect()
}

fn vouch_for_sandbox(
    config: &ProviderConfig,
    access: &SandboxAccess,
) -> Result<Vouched, ProviderError> {
    Ok(Vouched {
        origin: sandbox_origin(access)?,
        // The port differs from run to run, and what was started is remembered by server.
        server: sandbox_server(&config.name),
    })
}

/// What a provider's server is known by in the sandbox.
pub fn sandbox_server(provider: &str) -> String {
    format!("sandbox:{provider}")
}

fn sandbox_origin(access: &SandboxAccess) -> Result<Origin, ProviderError> {
    let origin =
        Origin::parse(&access.origin).map_err(|error| invalid("The sandbox's address", &error))?;
    if origin.is_loopback() {
        Ok(origin)
    } else {
        Err(configuration(format!(
            "The sandbox is at {origin}, which is not this machine."
        )))
    }
}

/// The platform's own servers, the usual one first.
fn official(kind: Platform) -> impl Iterator<Item = Origin> {
    let hosts: &[&str] = if kind.reads_back() {
        &[
            "https://app.infisical.com",
            "https://us.infisical.com",
            "https://eu.infisical.com",
        ]
    } else {
        &["https://api.enkryptify.com"]
    };
    hosts.iter().filter_map(|host| Origin::parse(host).ok())
}

/// The official server that a plain http address means.
fn official_by_https(kind: Platform, origin: &Origin) -> Option<Origin> {
    if origin.is_secure() {
        return None;
    }
    official(kind).find(|host| host.host() == origin.host())
}

/// The variables that name a provider's server, as the platform's own tools read them.
fn host_variables(kind: Platform) -> &'static [&'static str] {
    if kind.reads_back() {
        &["INFISICAL_HOST", "INFISICAL_API_URL", "INFISICAL_DOMAIN"]
    } else {
        &["ENKRYPTIFY_API_URL"]
    }
}

/// One address for each server: Infisical's American cloud has two.
fn canonical(kind: Platform, origin: &Origin) -> Origin {
    let american = official(kind).nth(1);
    match official(kind).next() {
        Some(usual) if american.as_ref() == Some(origin) => usual,
        _ => origin.clone(),
    }
}

fn is_same(kind: Platform, one: &Origin, other: &Origin) -> bool {
    canonical(kind, one) == canonical(kind, other)
}

fn items(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Whether `host` or `host:port` has a port; an IPv6 address has its colons in brackets.
fn names_port(host: &str) -> bool {
    host.rsplit(']').next().is_some_and(|end| end.contains(':'))
}

fn invalid(place: &str, error: &InvalidOrigin) -> ProviderError {
    configuration(format!("{place} \"{}\" {}.", error.shown, error.reason))
        .help("Write it like https://secrets.corp.example.")
}

fn configuration(message: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Configuration, message)
}
