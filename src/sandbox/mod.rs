//! An emulator of both platforms, for trying files without an account and for tests.
//!
//! It behaves as the real servers were seen to behave, odd parts included: a plan that works
//! here works there. One port serves Infisical under `/api/…` and Enkryptify under `/v1/…`.
//!
//! | what | where |
//! |---|---|
//! | what exists at the start | [`World`] |
//! | a call, a time, a reply: no socket, no clock, no thread | [`Emulator`] |
//! | what is known, and kept between runs | `database`, `secret_sync` |
//! | pushing, importing and removing secrets | `jobs` |
//! | checking bodies, in zod's words | `zod` |
//! | the platforms' routes | `infisical`, `enkryptify` |
//! | who may ask | `demo` |
//! | faults to order | [`fail`] |
//! | limits | `limit` |
//! | which Infisical it is | [`Era`] |
//! | the socket | `server` |

mod call;
mod catalog;
mod database;
mod demo;
mod emulator;
mod enkryptify;
mod era;
pub mod fail;
mod ids;
mod infisical;
mod jobs;
mod limit;
mod moment;
mod secret_sync;
mod server;
mod shared;
mod world;
mod zod;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::root::Root;

pub use call::{Call, Payload, Reply, ReplyDelivery};
pub use catalog::Catalog;
pub use database::Started;
pub use demo::{CLIENT_ID, CLIENT_SECRET, ENKRYPTIFY_TOKEN, IDENTITY_ID, INFISICAL_TOKEN};
pub use emulator::Emulator;
pub use era::Era;
pub use fail::FailRule;
pub use moment::Moment;
pub use server::{Running, start};
pub use world::World;

/// What a person sets to use a sandbox: the platforms' own variables, in order.
pub fn demo_variables(address: SocketAddr) -> Vec<(&'static str, String)> {
    let url = format!("http://{address}");
    [
        infisical::demo_variables(&url).as_slice(),
        enkryptify::demo_variables(&url).as_slice(),
    ]
    .concat()
}

/// How long one attempt of a job takes unless an option says otherwise.
pub const JOB_DURATION: Duration = Duration::from_millis(5);

/// How long a second of the server's takes in a queue unless an option says otherwise.
pub const SECOND: Duration = Duration::from_millis(1);

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen: a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Which Infisical it behaves like.
    pub era: Era,
    /// What exists at the start.
    pub world: World,
    /// A directory that keeps the state between runs. `None` keeps nothing.
    pub store: Option<Arc<Root>>,
    /// A wait before every answer.
    pub latency: Duration,
    /// Requests a minute that each route allows each client; `None` for no limit.
    pub rate_limit: Option<u32>,
    /// Faults to order; see [`fail`].
    pub fail: Vec<FailRule>,
    /// Makes ids and the order of lists: the same seed, the same ids.
    pub seed: u64,
    /// How long one attempt of a job takes. A failing sync job has five, with waits of 3,
    /// 6, 12 and 24 times this between them.
    pub job_duration: Duration,
    /// How long a second of the server's takes in a queue: today a job waits 0 to 10 of them before
    /// it starts, and 30 to 40 if it finds five others of its connection at work.
    pub second: Duration,
    /// Whether no two syncs of the organisation may have the same destination; only today.
    pub block_duplicates: bool,
    /// The destinations.
    pub catalog: Arc<Catalog>,
}

impl SandboxOptions {
    /// The default, with jobs that take as long as on a real server.
    pub fn in_real_time() -> Self {
        Self {
            job_duration: Duration::from_secs(1),
            second: Duration::from_secs(1),
            ..Self::default()
        }
    }
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            era: Era::default(),
            world: World::default(),
            store: None,
            latency: Duration::ZERO,
            rate_limit: None,
            fail: Vec::new(),
            seed: 0,
            job_duration: JOB_DURATION,
            second: SECOND,
            block_duplicates: false,
            catalog: Arc::default(),
        }
    }
}
