//! Sends one request. Built at the first one: making it sends nothing and reads no certificate.

use std::io::Read as _;
use std::time::Duration;

use camino::Utf8PathBuf;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Method, NoProxy, Proxy};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;
use url::Url;

use super::HttpOptions;
use super::answer::Answer;
use super::error::{Fate, RequestError, RequestErrorKind};
use super::failure::{Arrival, Failure, innermost};
use super::origin::Origin;
use super::quote::clause;
use super::request::Request;
use crate::environment::Environment;
use crate::redaction;
use crate::root::{Place, working_directory};
use crate::text_file::Unreadable;

/// How much of a file of certificates is read, in bytes. All public authorities take a quarter of
/// one million.
const LARGEST_BUNDLE: u64 = 16 * 1024 * 1024;

const USER_AGENT: &str = concat!("secsync/", env!("CARGO_PKG_VERSION"));
const JSON: &str = "application/json";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Below the 5 seconds after which a Node server closes an idle connection by default: a create
/// that is sent into a closing connection is one whose fate is unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// A client of one server.
pub struct Client {
    origin: Origin,
    timeout: Duration,
    ca_cert: Option<Utf8PathBuf>,
    proxy: Option<ProxySettings>,
    built: OnceCell<reqwest::Client>,
}

/// A proxy from the environment. No `Debug`: its URL can hold a password.
struct ProxySettings {
    variable: &'static str,
    url: String,
    except: Option<String>,
}

/// Why there is no answer.
pub enum SendError {
    /// Something on this machine is wrong; nothing was sent.
    Unusable(RequestError),
    /// The request failed on its way.
    Failed(Failure),
}

/// The variables of the machine that say through which proxy requests go, each with what it is for.
pub const VARIABLES: [(&str, &str); 3] = [
    (
        "HTTPS_PROXY",
        "the proxy of requests over https (or https_proxy); those over http take none, so that HTTP_PROXY is not read",
    ),
    ("ALL_PROXY", "the same if that is not set (or all_proxy)"),
    (
        "NO_PROXY",
        "the hosts that are reached without it (or no_proxy)",
    ),
];

impl Client {
    /// A client of `origin`, without touching the network, the disk or TLS.
    ///
    /// A proxy is taken from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, for https only: plain http
    /// is this machine or a host that was allowed by name, and a proxy would read the credential.
    pub fn new(origin: Origin, environment: &Environment, options: &HttpOptions) -> Self {
        let variable = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| Some((name, environment.get(name)?)))
        };
        let proxy = (origin.is_secure() && !origin.is_loopback())
            .then(|| {
                variable(["HTTPS_PROXY", "https_proxy"])
                    .or_else(|| variable(["ALL_PROXY", "all_proxy"]))
            })
            .flatten()
            .inspect(|(name, url)| {
                let password = Url::parse(url).ok();
                let password = password.as_ref().and_then(Url::password);
                // Encoded or not, it is found.
                let _ = password.map(|password| redaction::register(password, name));
            })
            .map(|(name, url)| ProxySettings {
                variable: name,
                url: url.to_owned(),
                except: variable(["NO_PROXY", "no_proxy"]).map(|(_, list)| list.to_owned()),
            });
        Self {
            origin,
            timeout: options.timeout,
            ca_cert: options.ca_cert.clone(),
            proxy,
            built: OnceCell::new(),
        }
    }

    /// The server.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sends a request once and reads the answer to its end.
    pub async fn send(
        &self,
        request: &Request,
        bearer: Option<&SecretString>,
    ) -> Result<Answer, SendError> {
        // The last check before a credential leaves: whatever built the URL, it leads to this server.
        if Origin::of(&request.url).as_ref() != Ok(&self.origin) {
            return Err(SendError::Unusable(RequestError::new(
                RequestErrorKind::Untrusted,
                format!(
                    "Cannot {}: its URL leads away from {}.",
                    request.task, self.origin
                ),
            )));
        }
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(JSON))]);
        // Without a body there is no content type: a server can answer 500 to an empty JSON body.
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        if let Some(bearer) = bearer {
            let text = format!("Bearer {}", bearer.expose_secret());
            let mut value = HeaderValue::try_from(text).map_err(|_| {
                SendError::Unusable(RequestError::configuration(format!(
                    "Cannot {}: the token cannot stand in a header.",
                    request.task
                )))
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let (method, url) = (request.method.clone(), request.url.clone());
        let body = request.body.clone();
        self.exchange(method, url, headers, body, request.limit)
            .await
    }

    /// Sends what a request is made of, once, and reads the answer to its end. The caller has
    /// checked that it goes to this client's server.
    pub(super) async fn exchange(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Answer, SendError> {
        let client = self
            .built
            .get_or_try_init(|| async { self.build() })
            .await
            .map_err(SendError::Unusable)?;
        let mut builder = client.request(method, url.clone()).headers(headers);
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let failed = |error: &reqwest::Error| {
            SendError::Failed(Failure::of(error, &self.origin, self.timeout))
        };
        let mut response = builder.send().await.map_err(|error| failed(&error))?;
        let announced = usize::try_from(response.content_length().unwrap_or(0));
        let Some(length) = announced.ok().filter(|length| *length <= limit) else {
            return Err(SendError::Failed(self.too_large(limit)));
        };
        let mut body = Vec::with_capacity(length);
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(SendError::Failed(self.too_large(limit)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body,
            url,
            fate: Fate::Unsent,
        })
    }

    fn too_large(&self, limit: usize) -> Failure {
        Failure {
            cause: format!(
                "the answer of {} is larger than {} MiB",
                self.origin,
                limit / 1024 / 1024
            ),
            help: "Check that the address is that of the API.".to_owned(),
            arrival: Arrival::Answered,
        }
    }

    fn build(&self) -> Result<reqwest::Client, RequestError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout / 2))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        builder = if self.origin.is_secure() {
            // Another part of the program may have installed it before: then it is in place, too.
            let _ = ring::default_provider().install_default();
            builder.tls_certs_merge(self.extra_roots()?)
        } else {
            // reqwest sets TLS up even for plain http, and fails on a machine without CA files.
            builder.tls_backend_preconfigured(tls_without_authorities()?)
        };
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.build()?);
        }
        builder.build().map_err(|error| self.no_client(&error))
    }

    fn no_client(&self, error: &reqwest::Error) -> RequestError {
        let cause = innermost(error);
        // What the verifier of certificates says on a machine without CA files; it has no type.
        if cause.contains("No CA certificates") {
            return RequestError::configuration(format!(
                "This machine has no certificate authorities to check {} with.",
                self.origin
            ))
            .help(
                "Install them (often the package ca-certificates), or name a PEM file with \
                 --ca-cert.",
            );
        }
        RequestError::configuration(format!(
            "The connection to {} cannot be set up: {}.",
            self.origin,
            clause(&cause)
        ))
    }

    fn extra_roots(&self) -> Result<Vec<Certificate>, RequestError> {
        let Some(path) = &self.ca_cert else {
            return Ok(Vec::new());
        };
        let mut pem = Vec::new();
        working_directory()
            .and_then(|directory| Place::of(path, &directory)?.open())
            .and_then(|file| file.take(LARGEST_BUNDLE).read_to_end(&mut pem))
            .map_err(|error| {
                let why = Unreadable::from(error);
                RequestError::configuration(format!(
                    "The certificate file \"{path}\" (--ca-cert) cannot be read: {why}."
                ))
                .help("Name a readable PEM file.")
            })?;
        let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if certificates.is_empty() {
            return Err(RequestError::configuration(format!(
                "The file \"{path}\" (--ca-cert) holds no PEM certificate."
            ))
            .help("It has to contain -----BEGIN CERTIFICATE----- at least once."));
        }
        Ok(certificates)
    }
}

impl ProxySettings {
    fn build(&self) -> Result<Proxy, RequestError> {
        let proxy = Proxy::all(&self.url).map_err(|_| {
            RequestError::configuration(format!(
                "The variable {} is not the URL of a proxy.",
                self.variable
            ))
            .help("Write it like http://proxy.example:3128.")
        })?;
        Ok(proxy.no_proxy(self.except.as_deref().and_then(NoProxy::from_string)))
    }
}

fn tls_without_authorities() -> Result<ClientConfig, RequestError> {
    let provider: CryptoProvider = ring::default_provider();
    ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map(|config| {
            config
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        })
        .map_err(|error| RequestError::configuration(format!("TLS cannot be set up: {error}.")))
}
