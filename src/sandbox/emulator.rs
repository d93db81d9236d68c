//! The emulator without a socket: a request, a time, an answer.

use std::sync::Arc;
use std::time::Duration;

use super::catalog::Catalog;
use super::enkryptify::{self, Exchanges};
use super::exchange::{Answer, Delivery, Request, Response};
use super::fail::{self, FailRule, FailRules, Fault, Operation};
use super::infisical::{self, Tokens};
use super::jobs::Workshop;
use super::limit::Limits;
use super::moment::Moment;
use super::state::{Started, State};
use super::world::World;

/// Both platforms as one state machine. Time is what the caller says it is.
pub struct Emulator {
    pub(super) state: State,
    pub(super) catalog: Arc<Catalog>,
    pub(super) seed: u64,
    pub(super) job_duration: Duration,
    pub(super) limits: Option<Limits>,
    pub(super) tokens: Tokens,
    pub(super) exchanges: Exchanges,
    /// How many requests were answered; makes request ids.
    pub(super) requests: u64,
    rules: FailRules,
}

/// How an emulator behaves.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// The destinations that it knows.
    pub catalog: Arc<Catalog>,
    /// Requests a minute that each route allows each client; none for no limit.
    pub rate_limit: Option<u32>,
    /// Faults to order.
    pub fail: Vec<FailRule>,
    /// Makes ids and the order of lists: the same seed, the same ids.
    pub seed: u64,
    /// How long one attempt of a job takes.
    pub job_duration: Duration,
}

/// Which platform a request is for, and what it asks.
enum Target {
    Infisical(infisical::Route),
    Enkryptify(enkryptify::Route),
}

impl Target {
    fn of(request: &Request, catalog: &Catalog) -> Option<Self> {
        infisical::Route::of(request, catalog)
            .map(Self::Infisical)
            .or_else(|| enkryptify::Route::of(request).map(Self::Enkryptify))
    }

    const fn operation(&self) -> Operation {
        match self {
            Self::Infisical(route) => route.operation(),
            Self::Enkryptify(route) => route.operation(),
        }
    }
}

impl Emulator {
    /// An emulator in which only the world exists.
    pub fn new(world: World, behaviour: Behaviour) -> Self {
        Self::with_state(
            State {
                world,
                ..State::default()
            },
            behaviour,
        )
    }

    /// An emulator that goes on where an earlier one stopped, in a world that may have grown.
    /// Credentials are the new world's: they are not kept.
    pub(super) fn resume(mut saved: State, world: World, behaviour: Behaviour) -> Self {
        saved.world.merge(&world);
        saved.world.identities = world.identities;
        saved.world.enkryptify = world.enkryptify;
        saved.world.enterprise = world.enterprise;
        Self::with_state(saved, behaviour)
    }

    /// What to keep for [`Emulator::resume`].
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    fn with_state(state: State, behaviour: Behaviour) -> Self {
        Self {
            state,
            catalog: behaviour.catalog,
            seed: behaviour.seed,
            job_duration: behaviour.job_duration,
            limits: behaviour.rate_limit.map(Limits::new),
            tokens: Tokens::default(),
            exchanges: Exchanges::default(),
            requests: 0,
            rules: FailRules::new(behaviour.fail),
        }
    }

    /// Answers a request at that time. What jobs did until then is done first.
    pub fn handle(&mut self, request: &Request, now: Moment) -> Answer {
        self.advance(now);
        let Some(target) = Target::of(request, &self.catalog) else {
            let response = infisical::unknown_route(&request.method, &request.target);
            return response.with_etag(None).into();
        };
        let name = match &target {
            Target::Infisical(route) => self.sync_name(route, request),
            Target::Enkryptify(_) => enkryptify::name_of(request),
        };
        let fault = self.rules.fault(target.operation(), name.as_deref());
        let answer = match fault {
            None => self.answer(&target, request, now).into(),
            Some(Fault::Refused(status)) => self.refusal(&target, status).into(),
            Some(Fault::Replaced(replacement)) => replacement.response().into(),
            Some(Fault::Unheard) => Answer {
                response: fail::bad_gateway(),
                delivery: Delivery::Closed,
            },
            Some(Fault::Lost) => {
                self.answer(&target, request, now);
                fail::bad_gateway().into()
            }
            Some(Fault::Delivered(delivery)) => Answer {
                response: self.answer(&target, request, now),
                delivery,
            },
        };
        let known = request.headers.get("if-none-match").map(String::as_str);
        Answer {
            response: answer
                .response
                .with_etag(known.filter(|_| request.method == "GET")),
            delivery: answer.delivery,
        }
    }

    fn answer(&mut self, target: &Target, request: &Request, now: Moment) -> Response {
        match target {
            Target::Infisical(route) => self.infisical(route, request, now),
            Target::Enkryptify(route) => self.enkryptify(route, request, now),
        }
    }

    fn refusal(&mut self, target: &Target, status: u16) -> Response {
        self.requests += 1;
        match target {
            Target::Infisical(_) => infisical::injected(status, self.requests),
            Target::Enkryptify(_) => enkryptify::error(status, "Injected failure."),
        }
    }

    /// Takes every step of a job that is due.
    fn advance(&mut self, now: Moment) {
        self.state.jobs.advance(
            now,
            &mut Workshop {
                syncs: &mut self.state.syncs,
                rules: &mut self.rules,
                duration: self.job_duration,
            },
        );
    }

    /// Puts faults to order in place of those that are left.
    pub fn fail(&mut self, rules: Vec<FailRule>) {
        self.rules = FailRules::new(rules);
    }

    /// Takes an identity away: its tokens stop working, and it cannot log in.
    pub fn remove_identity(&mut self, client_id: &str) {
        self.state
            .world
            .identities
            .retain(|identity| identity.client_id != client_id);
    }

    /// What was started on Enkryptify, in order.
    pub fn started(&self) -> &[Started] {
        &self.state.started
    }
}
