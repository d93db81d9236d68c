//! Talking HTTP: the one door to the network, and the rules at that door.
//!
//! | module | job |
//! |---|---|
//! | [`trust`] | which server a credential may go to; the only maker of a [`session::Session`] |
//! | [`origin`] | servers as scheme, host and port, however they were spelled |
//! | [`variables`] | which environment variables serve which provider |
//! | [`credential`], [`identity_token`] | what stands for an identity, and where it comes from |
//! | [`auth`] | logging in once for all |
//! | [`session`] | an authenticated line to one server |
//! | [`retry`] | what is sent again, and when: the whole policy |
//! | [`limits`] | the pause that a 429 asks for, shared by everything to a host |
//! | [`client`] | sends one request; built at the first one |
//! | [`carrier`] | requests that another library makes, by the same rules |
//! | [`failure`] | why a request failed on its way, in words |
//! | [`answer`] | what came back |
//! | [`public`] | documents that anyone may read |
//! | [`clock`], [`text`] | time that tests can replace; quoting what servers say |

pub mod answer;
pub mod auth;
pub mod carrier;
pub mod client;
pub mod clock;
pub mod credential;
pub mod failure;
pub mod identity_token;
pub mod limits;
pub mod origin;
pub mod public;
pub mod request;
pub mod retry;
pub mod session;
pub mod text;
pub mod trust;
pub mod variables;

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use secrecy::SecretString;

use clock::{Clock, SystemClock};
use limits::Limits;

/// How long a request may take unless `--timeout` says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the command line says about talking HTTP.
#[derive(Clone)]
pub struct HttpOptions {
    /// How long one request may take (`--timeout`).
    pub timeout: Duration,
    /// A PEM file with more certificate authorities to trust (`--ca-cert`).
    pub ca_cert: Option<Utf8PathBuf>,
    /// Servers that a credential may go to (`--trust-host`).
    pub trust_hosts: Vec<String>,
    /// Who GitHub's identity tokens are meant for (`--oidc-audience`).
    pub oidc_audience: Option<String>,
    /// The built-in sandbox, which then stands in for every server.
    pub sandbox: Option<SandboxAccess>,
    /// The time that waits go by.
    pub clock: Arc<dyn Clock>,
    /// The pauses that servers asked for, shared by every provider made with these options.
    pub limits: Limits,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            ca_cert: None,
            trust_hosts: Vec::new(),
            oidc_audience: None,
            sandbox: None,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
        }
    }
}

/// The way into the built-in sandbox: real credentials and hosts are then ignored.
#[derive(Debug, Clone)]
pub struct SandboxAccess {
    /// Its origin on the loopback interface: `http://127.0.0.1:49152`.
    pub origin: String,
    /// The demo client id of Infisical's universal auth.
    pub client_id: SecretString,
    /// The demo client secret of Infisical's universal auth.
    pub client_secret: SecretString,
    /// The demo token of Enkryptify.
    pub enkryptify_token: SecretString,
}
