//! Where plain http is allowed: on this machine, and for hosts that the environment names.

use super::error::RequestError;
use super::origin::Origin;
use crate::environment::Environment;

/// The variable that names hosts which may be spoken to without encryption.
pub const ALLOW_HTTP: &str = "SECSYNC_ALLOW_HTTP";

/// Refuses plain http, except on this machine and to hosts in [`ALLOW_HTTP`].
pub fn check_encryption(origin: &Origin, environment: &Environment) -> Result<(), RequestError> {
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
    Err(
        RequestError::configuration(format!("{origin} would be spoken to without encryption."))
            .help(format!(
                "Use https, or set {ALLOW_HTTP}={} if the network is safe.",
                origin.host()
            )),
    )
}

/// The items of a comma-separated list.
pub fn items(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Whether `host` or `host:port` has a port; an IPv6 address has its colons in brackets.
fn names_port(host: &str) -> bool {
    host.rsplit(']').next().is_some_and(|end| end.contains(':'))
}
