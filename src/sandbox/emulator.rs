//! The emulator without a socket: a call, a time, a reply.

use std::mem;
use std::sync::Arc;

use serde_json::json;

use super::SandboxOptions;
use super::call::{Call, Reply, ReplyDelivery};
use super::catalog::Catalog;
use super::database::{Database, Started};
use super::enkryptify::{self, EnkryptifyServer};
use super::fail::{FailRule, FailRules, Fault, Operation};
use super::infisical::{self, InfisicalServer};
use super::jobs::{Pace, Workshop};
use super::limit::RequestCounts;
use super::moment::Moment;
use super::secret_sync::SyncTable;
use super::shared::Shared;

/// Both platforms as one state machine. Time is what the caller says it is.
pub struct Emulator {
    shared: Shared,
    infisical: InfisicalServer,
    enkryptify: EnkryptifyServer,
    rules: FailRules,
    /// The syncs before the last write, if a rule needs them.
    before: SyncTable,
}

/// Which platform a call is for, and what it asks.
enum Target {
    Infisical(infisical::InfisicalRoute),
    Enkryptify(enkryptify::EnkryptifyRoute),
}

impl Target {
    const fn operation(&self) -> Operation {
        match self {
            Self::Infisical(route) => route.operation(),
            Self::Enkryptify(route) => route.operation(),
        }
    }
}

impl Emulator {
    /// An emulator in which only the world exists. The socket's options do not matter here.
    pub fn new(options: SandboxOptions) -> Self {
        Self::resume(Database::default(), options)
    }

    /// An emulator that continues where an earlier one stopped, in a world that may have grown.
    /// Credentials are the new world's: they are not kept.
    pub(super) fn resume(mut database: Database, options: SandboxOptions) -> Self {
        let world = options.world;
        database.world.merge(&world);
        database.world.identities = world.identities;
        database.world.enkryptify = world.enkryptify;
        database.world.enterprise = world.enterprise;
        database.world.sync_limit = world.sync_limit;
        let mut catalog = options.catalog;
        if !options.era.is_today() {
            database.world.forget_project_connections();
            catalog = Arc::new(Catalog::clone(&catalog).without_subfolders());
        }
        Self {
            shared: Shared {
                era: options.era,
                database,
                catalog,
                pace: Pace {
                    era: options.era,
                    seed: options.seed,
                    attempt: options.job_duration,
                    second: options.second,
                },
                blocks_duplicates: options.block_duplicates && options.era.is_today(),
                limits: options.rate_limit.map(RequestCounts::new),
            },
            infisical: InfisicalServer::default(),
            enkryptify: EnkryptifyServer::default(),
            rules: FailRules::new(options.fail),
            before: SyncTable::default(),
        }
    }

    /// What to keep for [`Emulator::resume`].
    pub(super) const fn database(&self) -> &Database {
        &self.shared.database
    }

    /// Answers a call at that time. What jobs did until then is done first.
    pub fn handle(&mut self, call: &Call, now: Moment) -> Reply {
        self.advance(now);
        let known = call.headers.get("if-none-match").map(String::as_str);
        let Some(target) = self.target(call) else {
            return infisical::unknown_route(&call.method, &call.target).with_etag(None);
        };
        let name = match &target {
            Target::Infisical(route) => self.shared.sync_name(route, call),
            Target::Enkryptify(_) => enkryptify::name_of(call),
        };
        if call.method != "GET" && self.rules.include(Fault::Stale) {
            self.before = self.shared.database.syncs.clone();
        }
        let fault = self.rules.fault(target.operation(), name.as_deref());
        // What is written never goes to a replica.
        let fault = fault.filter(|fault| *fault != Fault::Stale || call.method == "GET");
        let reply = match fault {
            None => self.answer(&target, call, now),
            Some(Fault::Status(status)) => self.refusal(&target, status),
            Some(Fault::Html) => Reply::page(200, "Sign in"),
            Some(Fault::Nonsense) => Reply::json(200, json!({})),
            Some(Fault::Stale) => {
                mem::swap(&mut self.before, &mut self.shared.database.syncs);
                let reply = self.answer(&target, call, now);
                mem::swap(&mut self.before, &mut self.shared.database.syncs);
                reply
            }
            Some(Fault::Refuse) => bad_gateway().arriving(ReplyDelivery::Closed),
            Some(Fault::Drop) => self
                .answer(&target, call, now)
                .arriving(ReplyDelivery::Closed),
            Some(Fault::Lost) => {
                self.answer(&target, call, now);
                bad_gateway()
            }
            Some(Fault::Truncate) => self
                .answer(&target, call, now)
                .arriving(ReplyDelivery::Truncated),
            Some(Fault::Hang) => self
                .answer(&target, call, now)
                .arriving(ReplyDelivery::Silent),
        };
        reply.with_etag(known.filter(|_| call.method == "GET"))
    }

    fn target(&self, call: &Call) -> Option<Target> {
        infisical::InfisicalRoute::of(call, &self.shared.catalog, self.shared.era)
            .map(Target::Infisical)
            .or_else(|| enkryptify::EnkryptifyRoute::of(call).map(Target::Enkryptify))
    }

    fn answer(&mut self, target: &Target, call: &Call, now: Moment) -> Reply {
        match target {
            Target::Infisical(route) => self.infisical.answer(&mut self.shared, route, call, now),
            Target::Enkryptify(route) => self.enkryptify.answer(&mut self.shared, route, call, now),
        }
    }

    fn refusal(&mut self, target: &Target, status: u16) -> Reply {
        match target {
            Target::Infisical(_) => self.infisical.injected(status),
            Target::Enkryptify(_) => enkryptify::error(status, "Injected failure."),
        }
    }

    /// Takes every step of a job that is due.
    fn advance(&mut self, now: Moment) {
        self.shared.database.jobs.advance(
            now,
            &mut Workshop {
                syncs: &mut self.shared.database.syncs,
                rules: &mut self.rules,
                pace: self.shared.pace,
            },
        );
    }

    /// Puts faults to order in place of those that are left.
    pub fn fail(&mut self, rules: Vec<FailRule>) {
        self.rules = FailRules::new(rules);
    }

    /// Has the organisation refuse duplicate destinations from now on; only today.
    pub const fn block_duplicates(&mut self) {
        self.shared.blocks_duplicates = self.shared.era.is_today();
    }

    /// Takes an identity away: its tokens stop working, and it cannot log in.
    pub fn remove_identity(&mut self, client_id: &str) {
        self.shared
            .database
            .world
            .identities
            .retain(|identity| identity.client_id != client_id);
    }

    /// What was started on Enkryptify, in order.
    pub fn started(&self) -> &[Started] {
        &self.shared.database.started
    }
}

/// What a gateway says when its server did not answer.
fn bad_gateway() -> Reply {
    Reply::page(502, "502 Bad Gateway")
}
