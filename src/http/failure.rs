//! Why a request failed on its way, in words: names, refusals, certificates and time.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::origin::Origin;
use super::quote::{clause, quotable};

/// A request that got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Failure {
    /// What happened, without a period: `https://x refused the connection`.
    pub cause: String,
    /// What to do, as a full sentence.
    pub help: String,
    /// How far the request got.
    pub arrival: Arrival,
}

/// Whether a request arrived that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was surely not sent, and another try would go no better.
    Hopeless,
    /// It was surely not sent.
    NotSent,
    /// It may have been processed.
    Lost,
    /// It was answered, but with more than can be read.
    Answered,
}

impl Failure {
    /// Reads the error of a request to `origin`.
    pub fn of(error: &reqwest::Error, origin: &Origin, timeout: Duration) -> Self {
        let arrival = if error.is_connect() {
            Arrival::NotSent
        } else {
            Arrival::Lost
        };
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::of_tls(tls, origin, arrival);
        }
        if error.is_connect() && says(error, "dns error") {
            return Self {
                cause: format!("the host name of {origin} cannot be resolved"),
                help: "Check the spelling of the host, and that this machine can resolve names."
                    .to_owned(),
                arrival,
            };
        }
        if error.is_connect() && says(error, "tunnel") {
            return Self {
                cause: format!("the proxy did not open a connection to {origin}"),
                help: "Check HTTPS_PROXY, or add the host to NO_PROXY.".to_owned(),
                arrival,
            };
        }
        let io = find::<io::Error>(error);
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self {
                cause: format!("{origin} refused the connection"),
                help: "Check that the server is running, and that host and port are right."
                    .to_owned(),
                arrival,
            },
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => Self {
                cause: format!("{origin} cannot be reached from this machine"),
                help: "Check the network, a VPN, and HTTPS_PROXY.".to_owned(),
                arrival,
            },
            Some(io::ErrorKind::TimedOut) if error.is_connect() => Self::slow_connect(origin),
            _ if error.is_timeout() && error.is_connect() => Self::slow_connect(origin),
            _ if error.is_timeout() => Self {
                cause: format!("{origin} did not answer within {} s", timeout.as_secs_f64()),
                help: "Try again later, or allow more time with --timeout.".to_owned(),
                arrival,
            },
            _ => Self {
                cause: if error.is_body() || error.is_decode() {
                    format!("the answer of {origin} broke off")
                } else {
                    format!("the connection to {origin} broke ({})", innermost(error))
                },
                help: "Try again; if it stays, check the server and what stands before it."
                    .to_owned(),
                arrival,
            },
        }
    }

    fn slow_connect(origin: &Origin) -> Self {
        Self {
            cause: format!("{origin} did not accept a connection in time"),
            help: "Check the host and port, the network, and HTTPS_PROXY.".to_owned(),
            arrival: Arrival::NotSent,
        }
    }

    fn of_tls(error: &rustls::Error, origin: &Origin, arrival: Arrival) -> Self {
        let hopeless = |cause: String, help: &str| Self {
            cause,
            help: help.to_owned(),
            // Once there was a connection, the request can have gone through it.
            arrival: match arrival {
                Arrival::NotSent => Arrival::Hopeless,
                arrival => arrival,
            },
        };
        match error {
            rustls::Error::InvalidCertificate(problem) => match problem {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => hopeless(
                    format!(
                        "the certificate of {origin} is from an authority that this machine does not trust"
                    ),
                    "If it is your own authority, name its PEM file with --ca-cert.",
                ),
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => hopeless(
                    format!("the certificate of {origin} has expired"),
                    "Renew it on the server, and check this machine's clock.",
                ),
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    hopeless(
                        format!("the certificate of {origin} is not valid yet"),
                        "Check this machine's clock.",
                    )
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => hopeless(
                    format!("the certificate of {origin} is for another host name"),
                    "Use the name that the certificate is for, or have it reissued.",
                ),
                other => hopeless(
                    format!(
                        "the certificate of {origin} is not valid ({})",
                        clause(&other.to_string())
                    ),
                    "Have the server's certificate checked.",
                ),
            },
            rustls::Error::InvalidMessage(_) => hopeless(
                format!("{origin} does not speak TLS on this port"),
                "Check the port, or whether the server speaks http only.",
            ),
            other => Self {
                cause: format!(
                    "no encrypted connection to {origin} comes about ({})",
                    clause(&other.to_string())
                ),
                help: "Have the server's TLS settings checked.".to_owned(),
                arrival,
            },
        }
    }
}

/// The first error of a type in the chain of sources, also inside an [`io::Error`].
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| -> &(dyn Error + 'static) { inner });
        next = inside.or_else(|| error.source());
    }
    None
}

fn says(error: &(dyn Error + 'static), words: &str) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string().contains(words) {
            return true;
        }
        next = error.source();
    }
    false
}

/// The last error of the chain, which is the one with the cause.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    quotable(&innermost.to_string(), 120)
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Failure};
    use crate::http::origin::Origin;

    #[test]
    fn a_request_is_surely_not_sent_only_if_there_was_no_connection() {
        let origin = Origin::parse("https://a.example").expect("a valid address");
        for error in [
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            rustls::Error::InvalidCertificate(rustls::CertificateError::Expired),
        ] {
            let arrival = |arrival| Failure::of_tls(&error, &origin, arrival).arrival;
            assert_eq!(arrival(Arrival::NotSent), Arrival::Hopeless);
            assert_eq!(arrival(Arrival::Lost), Arrival::Lost);
        }
    }
}
