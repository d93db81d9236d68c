//! What becomes of each request: by the seed alone, whatever the order in which they arrive.

use serde_json::json;

use super::chance::Chance;
use super::http::Answer;
use super::journal::{Kind, Request};
use super::platform::Reply;

/// How hard a run is tried. All but the last are "once in so many", and 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trials {
    pub seed: u64,
    pub write_faults: usize,
    pub read_faults: usize,
    pub signals: usize,
    /// How often another writer changes something.
    pub meddling: usize,
}

impl Trials {
    /// Those of a run of a schedule.
    pub fn new(seed: u64, run: usize) -> Self {
        let mut chance = Chance::of(("trials", seed, run));
        Self {
            seed,
            write_faults: chance.pick(&[2, 3, 6]),
            read_faults: chance.pick(&[0, 8, 20]),
            signals: chance.pick(&[0, 0, 8]),
            meddling: chance.pick(&[0, 0, 6]),
        }
    }
}

/// When a request takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Before it is answered.
    Now,
    Never,
    /// After the run has read something else.
    AfterNextRead,
    /// After the next write to the same sync.
    AfterNextWrite,
    /// After the run.
    AfterTheRun,
}

/// What the run gets for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// What the API says.
    Truth,
    /// The API's own refusal before it looks at the request: too many, or an expired token.
    Limited,
    TokenExpired,
    /// The API's own failure.
    Failure,
    /// Nothing: the connection breaks.
    Nothing,
    /// Nothing, while the connection stays open longer than the run waits.
    Silence,
    /// The first half of what the API says.
    Half,
    /// Something in between says something else.
    Page(u16),
    Redirect,
    GatewayNotFound,
    OtherJson,
    Empty,
    Text(u16),
    /// A list without its last item, which says how many there are.
    PartOfList,
}

/// Signals to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals {
    pub names: &'static [&'static str],
    /// Whether they come before the request takes effect.
    pub is_before: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub effect: Effect,
    pub given: Given,
    pub signals: Option<Signals>,
    /// Whether another writer changes something before.
    pub is_meddled_with: bool,
}

const SIGNALS: [&[&str]; 9] = [
    &["INT"],
    &["INT"],
    &["INT", "INT"],
    &["TERM"],
    &["HUP"],
    &["HUP", "HUP"],
    &["TERM", "INT"],
    &["KILL"],
    &["KILL"],
];

/// Answers that leave open what became of the request.
const DOUBTFUL: [Given; 18] = [
    Given::Failure,
    Given::Nothing,
    Given::Nothing,
    Given::Nothing,
    Given::Silence,
    Given::Half,
    Given::Page(200),
    Given::Page(403),
    Given::Page(502),
    Given::Page(504),
    Given::Redirect,
    Given::GatewayNotFound,
    Given::OtherJson,
    Given::Empty,
    Given::Text(408),
    Given::Text(409),
    Given::Text(499),
    Given::Text(503),
];

/// What becomes of a request of a run under these trials.
pub fn fate(trials: &Trials, request: &Request) -> Fate {
    let mut chance = Chance::of((trials.seed, request));
    let often = if request.kind.is_write() {
        trials.write_faults
    } else {
        trials.read_faults
    };
    let (effect, given) = if !chance.one_in(often) {
        (Effect::Now, Given::Truth)
    } else if chance.one_in(8) {
        let refused = [Given::Limited, Given::TokenExpired];
        (Effect::Never, chance.pick(&refused))
    } else {
        let given = if request.kind == Kind::Read && chance.one_in(4) {
            Given::PartOfList
        } else {
            chance.pick(&DOUBTFUL)
        };
        let effects = [
            Effect::Now,
            Effect::Now,
            Effect::Never,
            Effect::AfterNextRead,
            Effect::AfterNextWrite,
            Effect::AfterTheRun,
        ];
        let is_answered = given == Given::Half || !request.kind.is_write();
        let effect = if is_answered {
            Effect::Now
        } else {
            chance.pick(&effects)
        };
        (effect, given)
    };
    let signals = chance.one_in(trials.signals).then(|| Signals {
        names: chance.pick(&SIGNALS),
        is_before: chance.one_in(2),
    });
    Fate {
        effect,
        given,
        signals,
        is_meddled_with: request.kind != Kind::LogIn && chance.one_in(trials.meddling),
    }
}

impl Given {
    /// Whether it is what the API itself says, so that the run need not doubt it.
    pub fn is_honest(self) -> bool {
        matches!(self, Self::Truth | Self::Limited | Self::TokenExpired)
    }

    /// The answer, given what the API says.
    pub fn answer(self, truth: &Reply, kind: Kind) -> Answer {
        let page = "<!doctype html><title>Something in between</title>";
        match self {
            Self::Truth => Answer::json(truth),
            Self::Limited => Answer::json(&api_error(429, "RateLimitExceeded", kind))
                .with_header("Retry-After: 1"),
            Self::TokenExpired => Answer::json(&api_error(401, "TokenError", kind)),
            Self::Failure => Answer::json(&api_error(500, "InternalServerError", kind)),
            Self::Nothing => Answer::nothing(),
            Self::Silence => Answer::silence(),
            Self::Half => Answer::json(truth).cut(),
            Self::Page(status) => Answer::new(status, "text/html", page),
            Self::Redirect => Answer::new(302, "text/html", page)
                .with_header("Location: https://sign-in.example/"),
            Self::GatewayNotFound => Answer::json(&(404, json!({"error": "no such service"}))),
            Self::OtherJson => Answer::json(&(200, json!({"status": "ok"}))),
            Self::Empty => Answer::new(200, "application/json", ""),
            Self::Text(status) => Answer::new(status, "text/plain", "upstream timed out"),
            Self::PartOfList => Answer::json(&part_of_list(truth)),
        }
    }
}

/// A list without its last item, which says how many there are; any other answer as it is.
fn part_of_list(truth: &Reply) -> Reply {
    let (status, mut body) = truth.clone();
    if let Some(syncs) = body["secretSyncs"].as_array_mut() {
        let count = syncs.len();
        syncs.pop();
        body["totalCount"] = count.into();
    }
    (status, body)
}

/// An error in the form of the API that the request went to.
fn api_error(status: u16, error: &str, kind: Kind) -> Reply {
    let body = if kind == Kind::Start {
        json!({"message": error})
    } else {
        json!({"reqId": "req-1", "statusCode": status, "message": error, "error": error})
    };
    (status, body)
}
