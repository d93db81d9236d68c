//! Which server a credential may go to. The only place that makes an authenticated [`AuthenticatedClient`].
//!
//! Files can come from a stranger's pull request, so what they say about servers is never enough:
//!
//! 1. A credential goes only to the official hosts of its own platform, or to a server that was
//!    named outside the files: by the host variables of its provider, `SECSYNC_TRUST_HOSTS` or
//!    `--trust-host`. This machine is no exception.
//! 2. If a file's `url:` and the environment's host differ, nothing is sent.
//! 3. Plain http is for this machine and for hosts in `SECSYNC_ALLOW_HTTP`.
//! 4. An identity token of a CI system is a credential like any other; how it is fetched is in
//!    the platform that takes it.
//! 5. The built-in sandbox gets demo credentials only, and nothing but the sandbox gets those.

use super::access_token::Auth;
use super::credential::LoginOptions;
use super::door::Door;
use super::environment_variables::ProviderVariables;
use super::session::AuthenticatedClient;
use super::vouched::Vouched;
use super::{Provider, ProviderConfig, door};
use crate::cancel::Cancellation;
use crate::core::platform::Platform;
use crate::environment::Environment;
use crate::http::encryption::{check_encryption, items};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::{InvalidOrigin, Origin};
use crate::http::{HttpOptions, SandboxAccess};

/// The variable that names servers which a credential may go to.
pub const TRUST_HOSTS: &str = "SECSYNC_TRUST_HOSTS";

/// Connects a provider: finds its server, checks that its credential may go there, and takes the
/// credential from the environment. Sends nothing.
pub fn connect(
    config: &ProviderConfig,
    environment: &Environment,
    login: &LoginOptions,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<Provider, RequestError> {
    let door = door_of(config)?;
    let (vouched, variables) = if let Some(access) = &options.sandbox {
        let vouched = vouch_for_sandbox(config, access)?;
        (vouched, ProviderVariables::of_sandbox(&access.variables))
    } else {
        let variables = ProviderVariables::of(config, environment);
        let vouched = vouch(config, door, &variables, options, "The credential")?;
        (vouched, variables)
    };
    let credential = door.credential(&variables, login, options, cancellation)?;
    let auth = Auth::new(credential);
    Ok(door.provider(AuthenticatedClient::new(
        vouched,
        door,
        auth,
        environment,
        options,
        cancellation,
    )))
}

fn door_of(config: &ProviderConfig) -> Result<&'static dyn Door, RequestError> {
    let missing = || format!("This secsync has no door to {}.", config.platform.title());
    door(config.platform).ok_or_else(|| RequestError::configuration(missing()))
}

/// The server of a provider, if it may be asked for a document of its own: by the rules for
/// credentials, although none is sent. A file of a stranger must not choose whom a run talks to, and
/// whose schemas decide what is valid.
pub fn server(
    config: &ProviderConfig,
    environment: &Environment,
    options: &HttpOptions,
) -> Result<Origin, RequestError> {
    if let Some(access) = &options.sandbox {
        return sandbox_origin(access);
    }
    let variables = ProviderVariables::of(config, environment);
    let vouched = vouch(
        config,
        door_of(config)?,
        &variables,
        options,
        "A request for the document",
    )?;
    Ok(vouched.origin)
}

/// What a provider's server is known by in the record of starts, whether or not a credential may go
/// there.
pub fn known_as(
    config: &ProviderConfig,
    environment: &Environment,
    options: &HttpOptions,
) -> Result<String, RequestError> {
    if options.sandbox.is_some() {
        return Ok(sandbox_server(&config.name));
    }
    let door = door_of(config)?;
    let variables = ProviderVariables::of(config, environment);
    let located = locate(config, door, &variables)?;
    Ok(canonical(door, &located.origin).to_string())
}

/// What stands for a provider's server while nothing but the files is known: the address that they
/// give it, in the one spelling that it is known by, or the provider's name.
pub fn spelled(config: &ProviderConfig) -> String {
    let url = config.url.as_deref();
    url.and_then(|url| known_address(config.platform, url))
        .unwrap_or_else(|| config.name.clone())
}

/// The one spelling that a server of a platform is known by; `None` if the text is not an address.
pub fn known_address(platform: Platform, url: &str) -> Option<String> {
    let origin = Origin::parse(url).ok()?;
    let known = door(platform).map(|door| canonical(door, &origin));
    Some(known.unwrap_or(origin).to_string())
}

/// A provider's server, and what named it.
struct Located {
    origin: Origin,
    /// Whether a variable of this provider named it.
    by_environment: bool,
}

fn locate(
    config: &ProviderConfig,
    door: &dyn Door,
    variables: &ProviderVariables<'_>,
) -> Result<Located, RequestError> {
    let from_environment = host_of_environment(door, variables)?;
    let from_file = config
        .url
        .as_deref()
        .map(|url| {
            let place = format!("The url of the provider \"{}\"", config.name);
            Origin::parse(url).map_err(|error| invalid(&place, &error))
        })
        .transpose()?;
    match (from_environment, from_file) {
        (Some((variable, host)), Some(url)) if !is_same(door, &host, &url) => {
            Err(RequestError::configuration(format!(
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
        (None, None) => official(door)
            .next()
            .map(|origin| Located {
                origin,
                by_environment: false,
            })
            .ok_or_else(|| {
                RequestError::configuration(format!(
                    "{} has no known server.",
                    config.platform.title()
                ))
            }),
    }
}

/// The host that the environment names for a provider, and the variable that names it.
fn host_of_environment(
    door: &dyn Door,
    variables: &ProviderVariables<'_>,
) -> Result<Option<(String, Origin)>, RequestError> {
    let mut found: Option<(String, Origin)> = None;
    for name in door.servers().host_variables {
        let Some(value) = variables.get(name) else {
            continue;
        };
        let variable = variables.name(name);
        let origin = Origin::parse(value).map_err(|error| invalid(&variable, &error))?;
        match &found {
            None => found = Some((variable, origin)),
            Some((_, first)) if is_same(door, first, &origin) => {}
            Some((other, first)) => {
                return Err(RequestError::configuration(format!(
                    "{other} names {first}, but {variable} names {origin}."
                ))
                .help("Keep one of the two variables."));
            }
        }
    }
    Ok(found)
}

/// The server of a provider, if `what` may be sent there, which begins the sentence about it.
fn vouch(
    config: &ProviderConfig,
    door: &dyn Door,
    variables: &ProviderVariables<'_>,
    options: &HttpOptions,
    what: &str,
) -> Result<Vouched, RequestError> {
    let Located {
        origin,
        by_environment,
    } = locate(config, door, variables)?;
    let environment = variables.environment();
    let named = named_outside_files(environment, options)?;
    let is_trusted =
        by_environment || official(door).any(|host| host == origin) || named.contains(&origin);
    if !is_trusted && let Some(encrypted) = official_by_https(door, &origin) {
        return Err(RequestError::new(
            RequestErrorKind::Untrusted,
            format!(
                "{what} of the provider \"{}\" is not sent to {origin} without encryption.",
                config.name
            ),
        )
        .help(format!("Write {encrypted}.")));
    }
    if !is_trusted {
        return Err(RequestError::new(
            RequestErrorKind::Untrusted,
            format!(
                "{what} of the provider \"{}\" is not sent to {origin}, which only a file names.",
                config.name
            ),
        )
        .help(format!(
            "If that server is yours, set {TRUST_HOSTS}={origin} in the environment (a comma list)."
        )));
    }
    check_encryption(&origin, environment).map_err(|error| {
        match official_by_https(door, &origin) {
            Some(encrypted) => error.help(format!("Write {encrypted}.")),
            None => error,
        }
    })?;
    let server = canonical(door, &origin).to_string();
    Ok(Vouched { origin, server })
}

fn named_outside_files(
    environment: &Environment,
    options: &HttpOptions,
) -> Result<Vec<Origin>, RequestError> {
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
) -> Result<Vouched, RequestError> {
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

fn sandbox_origin(access: &SandboxAccess) -> Result<Origin, RequestError> {
    let origin =
        Origin::parse(&access.origin).map_err(|error| invalid("The sandbox's address", &error))?;
    if origin.is_loopback() {
        Ok(origin)
    } else {
        Err(RequestError::configuration(format!(
            "The sandbox is at {origin}, which is not this machine."
        )))
    }
}

/// The platform's own servers by all their addresses, the usual one first.
fn official(door: &dyn Door) -> impl Iterator<Item = Origin> {
    let servers = door.servers().official.iter().copied();
    servers
        .flatten()
        .filter_map(|host| Origin::parse(host).ok())
}

/// The official server that a plain http address means.
fn official_by_https(door: &dyn Door, origin: &Origin) -> Option<Origin> {
    if origin.is_secure() {
        return None;
    }
    official(door).find(|host| host.host() == origin.host())
}

/// The one address that a server is known by.
fn canonical(door: &dyn Door, origin: &Origin) -> Origin {
    let is_this = |host: &&str| Origin::parse(host).as_ref() == Ok(origin);
    let server = door.servers().official.iter();
    server
        .filter(|addresses| addresses.iter().any(is_this))
        .find_map(|addresses| Origin::parse(addresses.first()?).ok())
        .unwrap_or_else(|| origin.clone())
}

fn is_same(door: &dyn Door, one: &Origin, other: &Origin) -> bool {
    canonical(door, one) == canonical(door, other)
}

fn invalid(place: &str, error: &InvalidOrigin) -> RequestError {
    RequestError::configuration(format!("{place} \"{}\" {}.", error.shown, error.reason))
        .help("Write it like https://secrets.corp.example.")
}
