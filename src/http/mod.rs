//! Talking HTTP: the one door to the network, and the rules at that door.
//!
//! | module | job |
//! |---|---|
//! | [`client`] | sends one request; built at the first one |
//! | [`request`], [`answer`] | what is asked, and what came back |
//! | `bounded` | the JSON of answers, read within a limit of values |
//! | [`retry`] | what is sent again, and when: the whole policy |
//! | [`gates`] | the pause that a 429 asks for, shared by everything to a host |
//! | [`origin`] | servers as scheme, host and port, however they were spelled |
//! | [`encryption`] | where plain http is allowed |
//! | [`failure`] | why a request failed on its way, in words |
//! | [`error`] | why a request did not do what it should |
//! | `trace` | what `-vv` shows of each request |
//! | [`carrier`] | requests that another library makes, by the same rules |
//! | [`public`] | documents that anyone may read |
//! | [`clock`], [`quote`] | time that tests can replace; quoting what servers say |
//!
//! Nothing here knows a platform or holds a credential: those are in [`crate::provider`].

pub mod answer;
mod bounded;
pub mod carrier;
pub mod client;
pub mod clock;
pub mod encryption;
pub mod error;
pub mod failure;
pub mod gates;
pub mod origin;
pub mod public;
pub mod quote;
pub mod refusals;
pub mod request;
pub mod retry;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;

use crate::environment::Environment;
use clock::{Clock, SystemClock};
use gates::HostGates;
use refusals::Refusals;

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
    /// The built-in sandbox, which then takes the place of every server.
    pub sandbox: Option<SandboxAccess>,
    /// The time that waits go by.
    pub clock: Arc<dyn Clock>,
    /// The pauses that servers asked for, shared by every provider made with these options.
    pub limits: HostGates,
    /// The logins that servers refused, shared in the same way.
    pub refusals: Refusals,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            ca_cert: None,
            trust_hosts: Vec::new(),
            sandbox: None,
            clock: Arc::new(SystemClock),
            limits: HostGates::default(),
            refusals: Refusals::default(),
        }
    }
}

/// The way into the built-in sandbox: real credentials and hosts are then ignored.
#[derive(Debug, Clone)]
pub struct SandboxAccess {
    /// Its origin on the loopback interface: `http://127.0.0.1:49152`.
    pub origin: String,
    /// Its demo credentials, under the names of the platforms' own variables.
    pub variables: Environment,
}
