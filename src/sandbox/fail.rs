//! Faults to order, for tests of clients.
//!
//! A rule is `OPERATION[:NAME]=EFFECT[@TIMES]`.
//!
//! | operation | requests |
//! |---|---|
//! | `login` | every login, and Enkryptify's token exchange |
//! | `projects`, `connections`, `folders` | the look-ups |
//! | `list`, `get`, `find` | reading all syncs, one by id, one by name |
//! | `create`, `update`, `delete` | writing |
//! | `trigger`, `import-secrets`, `remove-secrets` | queueing a job |
//! | `start` | Enkryptify's start |
//! | `docs` | the server's own API document |
//! | `*` | every request |
//! | `sync`, `import`, `remove` | a job's attempt at the destination: `fail`, `slow`, `hang` |
//!
//! `:NAME` narrows a rule to the sync of that name.
//!
//! | effect | what happens |
//! |---|---|
//! | a status: `500`, `429`, `403`, … | not done; answered with that status (429 says to wait a second) |
//! | `html` | not done; 200 with a page instead of JSON |
//! | `nonsense` | not done; 200 with `{}` |
//! | `stale` | answered from a replica that does not have the last write yet |
//! | `refuse` | not done; the connection is closed without an answer |
//! | `drop` | **done**; the connection is closed without an answer |
//! | `lost` | **done**; a gateway's 502 page takes the answer's place |
//! | `truncate` | **done**; the connection is closed in the middle of the answer |
//! | `hang` | **done**; no answer ever comes. A job's attempt never ends |
//! | `fail`, `fail:TEXT` | the job's attempt fails with that text as the destination's answer |
//! | `slow`, `slow:N` | the job's attempt takes N times as long as usual; 50 without a number |
//!
//! `@2` makes a rule hold for the first two times only. Of several rules that fit, the
//! first that is not used up holds.

use std::str::FromStr;

use super::secret_sync::SandboxJobKind;

/// One fault to order; see the module for the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailRule {
    order: Order,
    name: Option<String>,
    times: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Order {
    /// To every request, or to those of one operation.
    Requests(Option<Operation>, Fault),
    /// To the attempts of jobs of a kind.
    Attempts(SandboxJobKind, Attempt),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Attempt {
    /// It fails with the destination's answer.
    Fail(String),
    Pace(Tempo),
}

/// How long an attempt takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tempo {
    /// That many times as long as usual.
    Slow(u32),
    /// It never ends.
    Endless,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A login or a token exchange.
    Login,
    /// Looking up projects.
    Projects,
    /// Looking up connections.
    Connections,
    /// Looking up or deleting folders.
    Folders,
    /// Reading all syncs of a project, or all of one destination.
    List,
    /// Reading one sync by its id.
    Get,
    /// Reading one sync by its name.
    Find,
    /// Creating a sync.
    Create,
    /// Changing a sync.
    Update,
    /// Deleting a sync.
    Delete,
    /// Queueing a sync job.
    Trigger,
    /// Queueing an import.
    ImportSecrets,
    /// Queueing a removal.
    RemoveSecrets,
    /// Starting a configuration on Enkryptify.
    Start,
    /// Reading the server's own API document.
    Docs,
    /// Anything else.
    Other,
}

/// What a rule does to a request; see the module for what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not done; the answer has this status.
    Status(u16),
    /// Not done; the answer is a page.
    Html,
    /// Not done; the answer is `{}`.
    Nonsense,
    /// Done on the syncs as they were before the last write.
    Stale,
    /// Not done, and no answer.
    Refuse,
    /// Done, but no answer.
    Drop,
    /// Done, but a gateway's page takes the answer's place.
    Lost,
    /// Done, but only half of the answer arrives.
    Truncate,
    /// Done, but the answer never comes.
    Hang,
}

/// The text of a job's attempt that fails, unless a rule gives another.
const INJECTED: &str = r#"{"error":"500","message":"internal error (injected)"}"#;

/// How many times as long as usual a slow attempt takes, unless a rule says so.
const SLOW: u32 = 50;

impl Operation {
    const NAMED: [(&'static str, Self); 15] = [
        ("login", Self::Login),
        ("projects", Self::Projects),
        ("connections", Self::Connections),
        ("folders", Self::Folders),
        ("list", Self::List),
        ("get", Self::Get),
        ("find", Self::Find),
        ("create", Self::Create),
        ("update", Self::Update),
        ("delete", Self::Delete),
        ("trigger", Self::Trigger),
        ("import-secrets", Self::ImportSecrets),
        ("remove-secrets", Self::RemoveSecrets),
        ("start", Self::Start),
        ("docs", Self::Docs),
    ];
}

impl Fault {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "html" => Self::Html,
            "nonsense" => Self::Nonsense,
            "stale" => Self::Stale,
            "refuse" => Self::Refuse,
            "drop" => Self::Drop,
            "lost" => Self::Lost,
            "truncate" => Self::Truncate,
            "hang" => Self::Hang,
            word => {
                let status = word.parse().ok();
                Self::Status(status.filter(|status| (400..=599).contains(status))?)
            }
        })
    }
}

impl Attempt {
    fn parse(word: &str) -> Option<Self> {
        let (effect, detail) = match word.split_once(':') {
            Some((effect, detail)) => (effect, Some(detail)),
            None => (word, None),
        };
        Some(match (effect, detail) {
            ("fail", text) => Self::Fail(text.unwrap_or(INJECTED).to_owned()),
            ("slow", None) => Self::Pace(Tempo::Slow(SLOW)),
            ("slow", Some(times)) => Self::Pace(Tempo::Slow(times.parse().ok()?)),
            ("hang", None) => Self::Pace(Tempo::Endless),
            _ => return None,
        })
    }
}

impl FromStr for FailRule {
    type Err = String;

    fn from_str(rule: &str) -> Result<Self, Self::Err> {
        let (target, effect) = rule.split_once('=').ok_or_else(|| {
            format!("The rule `{rule}` has no `=`. Write OPERATION=EFFECT, like `create=500`.")
        })?;
        let (target, name) = match target.split_once(':') {
            Some((target, name)) => (target, Some(name.to_owned())),
            None => (target, None),
        };
        let (effect, times) = match effect.rsplit_once('@') {
            Some((before, times))
                if !times.is_empty() && times.bytes().all(|b| b.is_ascii_digit()) =>
            {
                let times = times.parse().map_err(|_| {
                    format!("The rule `{rule}` says `@{times}`, which is too many times.")
                })?;
                (before, Some(times))
            }
            _ => (effect, None),
        };
        Ok(Self {
            order: Order::parse(rule, target, effect)?,
            name,
            times,
        })
    }
}

impl Order {
    fn parse(rule: &str, target: &str, effect: &str) -> Result<Self, String> {
        let job = match target {
            "sync" => Some(SandboxJobKind::Sync),
            "import" => Some(SandboxJobKind::Import),
            "remove" => Some(SandboxJobKind::Remove),
            _ => None,
        };
        let known = Operation::NAMED.iter().find(|(name, _)| *name == target);
        if job.is_none() && known.is_none() && target != "*" {
            let known: Vec<&str> = Operation::NAMED.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "The rule `{rule}` names the operation `{target}`, which does not exist. Use one of *, sync, import, remove, {}.",
                known.join(", ")
            ));
        }
        let of_attempt = Attempt::parse(effect);
        let of_request = Fault::parse(effect);
        if of_attempt.is_none() && of_request.is_none() {
            return Err(format!(
                "The rule `{rule}` has the effect `{effect}`, which does not exist. Use a status from 400 to 599, or one of html, nonsense, stale, refuse, drop, lost, truncate, hang, fail, slow."
            ));
        }
        match (job, of_attempt, of_request) {
            (Some(job), Some(effect), _) => Ok(Self::Attempts(job, effect)),
            (None, _, Some(effect)) => Ok(Self::Requests(
                known.map(|(_, operation)| *operation),
                effect,
            )),
            _ => Err(format!(
                "The rule `{rule}` does not fit together: the jobs sync, import and remove take fail, slow and hang, and requests every effect but fail and slow."
            )),
        }
    }
}

/// The rules that are left.
#[derive(Debug, Clone, Default)]
pub struct FailRules {
    rules: Vec<FailRule>,
}

impl FailRules {
    /// Starts with all of these.
    pub const fn new(rules: Vec<FailRule>) -> Self {
        Self { rules }
    }

    /// Whether a rule that is left does this to requests.
    pub fn include(&self, fault: Fault) -> bool {
        let is_it = |order: &Order| matches!(order, Order::Requests(_, of) if *of == fault);
        let mut left = self.rules.iter().filter(|rule| rule.times != Some(0));
        left.any(|rule| is_it(&rule.order))
    }

    /// What happens to this request, counted as one time.
    pub fn fault(&mut self, operation: Operation, name: Option<&str>) -> Option<Fault> {
        self.take(name, |order| match order {
            Order::Requests(of, effect) if of.is_none_or(|of| of == operation) => Some(*effect),
            _ => None,
        })
    }

    /// The destination's answer if this attempt of a job fails, counted as one time.
    pub fn attempt(&mut self, kind: SandboxJobKind, name: &str) -> Option<String> {
        self.take(Some(name), |order| match order {
            Order::Attempts(of, Attempt::Fail(text)) if *of == kind => Some(text.clone()),
            _ => None,
        })
    }

    /// How long this attempt of a job takes if it is not the usual time, counted as one time.
    pub fn tempo(&mut self, kind: SandboxJobKind, name: &str) -> Option<Tempo> {
        self.take(Some(name), |order| match order {
            Order::Attempts(of, Attempt::Pace(tempo)) if *of == kind => Some(*tempo),
            _ => None,
        })
    }

    fn take<T>(&mut self, name: Option<&str>, fits: impl Fn(&Order) -> Option<T>) -> Option<T> {
        self.rules
            .iter_mut()
            .filter(|rule| rule.times != Some(0))
            .filter(|rule| rule.name.is_none() || rule.name.as_deref() == name)
            .find_map(|rule| {
                let found = fits(&rule.order)?;
                rule.times = rule.times.map(|times| times - 1);
                Some(found)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{FailRule, FailRules, Fault, Operation, SLOW, SandboxJobKind, Tempo};

    fn rules(rules: &[&str]) -> FailRules {
        FailRules::new(rules.iter().map(|rule| rule.parse().unwrap()).collect())
    }

    #[test]
    fn a_rule_holds_for_its_operation_and_name_only() {
        let mut rules = rules(&["update:web=429"]);
        assert_eq!(rules.fault(Operation::Update, Some("api")), None);
        assert_eq!(rules.fault(Operation::Create, Some("web")), None);
        assert_eq!(rules.fault(Operation::Update, None), None);
        assert_eq!(
            rules.fault(Operation::Update, Some("web")),
            Some(Fault::Status(429))
        );
    }

    #[test]
    fn a_counted_rule_is_used_up_and_the_next_one_holds() {
        let mut rules = rules(&["*=503@2", "list=html@1"]);
        let mut next = || rules.fault(Operation::List, None);
        assert_eq!(next(), Some(Fault::Status(503)));
        assert_eq!(next(), Some(Fault::Status(503)));
        assert_eq!(next(), Some(Fault::Html));
        assert_eq!(next(), None);
    }

    #[test]
    fn every_effect_is_known_by_its_word() {
        let effect = |word: &str| {
            rules(&[&format!("create={word}")])
                .fault(Operation::Create, None)
                .unwrap()
        };
        assert_eq!(effect("refuse"), Fault::Refuse);
        assert_eq!(effect("drop"), Fault::Drop);
        assert_eq!(effect("lost"), Fault::Lost);
        assert_eq!(effect("truncate"), Fault::Truncate);
        assert_eq!(effect("hang"), Fault::Hang);
    }

    #[test]
    fn a_job_fails_with_the_text_of_its_rule() {
        let mut rules = rules(&["sync:web=fail:{\"a\":\"b@c\"}@1", "remove=fail"]);
        assert_eq!(rules.attempt(SandboxJobKind::Sync, "api"), None);
        assert_eq!(
            rules.attempt(SandboxJobKind::Sync, "web").as_deref(),
            Some("{\"a\":\"b@c\"}")
        );
        assert_eq!(rules.attempt(SandboxJobKind::Sync, "web"), None);
        assert!(rules.attempt(SandboxJobKind::Remove, "web").is_some());
    }

    #[test]
    fn a_job_takes_longer_or_never_ends() {
        let mut rules = rules(&["sync:web=slow", "sync:api=slow:3@1", "sync:api=hang"]);
        let mut tempo = |name: &str| rules.tempo(SandboxJobKind::Sync, name);
        assert_eq!(tempo("web"), Some(Tempo::Slow(SLOW)));
        assert_eq!(tempo("api"), Some(Tempo::Slow(3)));
        assert_eq!(tempo("api"), Some(Tempo::Endless));
        assert_eq!(tempo("other"), None);
    }

    #[test]
    fn a_wrong_rule_is_refused_with_what_is_wrong() {
        let error = |rule: &str| rule.parse::<FailRule>().unwrap_err();
        assert!(error("create").contains("has no `=`"));
        assert!(error("creat=500").contains("`creat`"));
        assert!(error("create=200").contains("`200`"));
        assert!(error("create=fail").contains("does not fit together"));
        assert!(error("sync=500").contains("does not fit together"));
        assert!(error("create=slow").contains("does not fit together"));
        assert!(error("sync=slow:soon").contains("`slow:soon`"));
        assert!(error("list=500@99999999999").contains("too many"));
    }
}
