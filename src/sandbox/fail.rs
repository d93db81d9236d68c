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
//! | `sync`, `import`, `remove` | a job's attempt at the destination; their one effect is `fail` |
//!
//! `:NAME` narrows a rule to the sync of that name.
//!
//! | effect | what happens |
//! |---|---|
//! | a status: `500`, `429`, `403`, … | not done; answered with that status (429 says to wait a second) |
//! | `html` | not done; 200 with a page instead of JSON |
//! | `nonsense` | not done; 200 with `{}` |
//! | `refuse` | not done; the connection is closed without an answer |
//! | `drop` | **done**; the connection is closed without an answer |
//! | `lost` | **done**; a gateway's 502 page takes the answer's place |
//! | `truncate` | **done**; the connection is closed in the middle of the answer |
//! | `hang` | **done**; no answer ever comes |
//! | `fail`, `fail:TEXT` | the job's attempt fails with that text as the destination's answer |
//!
//! `@2` makes a rule hold for the first two times only. Of several rules that fit, the
//! first that is not used up holds.

use std::str::FromStr;

use super::exchange::{Delivery, Payload, Response};

/// One fault to order; see the module for the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailRule {
    target: Target,
    name: Option<String>,
    effect: Effect,
    times: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Every,
    Operation(Operation),
    Attempt(JobKind),
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

/// What a job does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Pushes the secrets to the destination.
    Sync,
    /// Reads the destination's secrets into the source.
    Import,
    /// Removes the secrets at the destination.
    Remove,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Effect {
    Status(u16),
    Html,
    Nonsense,
    Refuse,
    Drop,
    Lost,
    Truncate,
    Hang,
    Fail(String),
}

/// What a rule does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not done; the answer is this status.
    Refused(u16),
    /// It is not done; the answer is a page or an empty object.
    Replaced(Replacement),
    /// It is not done, and there is no answer.
    Unheard,
    /// It is done, but a gateway's page takes the answer's place.
    Lost,
    /// It is done, but the answer is delivered this way.
    Delivered(Delivery),
}

/// What stands in for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// A page.
    Html,
    /// `{}`.
    EmptyObject,
}

impl Replacement {
    /// The answer.
    pub fn response(self) -> Response {
        match self {
            Self::Html => page(200, "Sign in"),
            Self::EmptyObject => Response::json(200, serde_json::json!({})),
        }
    }
}

/// What a gateway says when its server did not answer.
pub fn bad_gateway() -> Response {
    page(502, "502 Bad Gateway")
}

fn page(status: u16, title: &str) -> Response {
    Response {
        status,
        headers: Vec::new(),
        payload: Payload::Html(format!(
            "<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        )),
    }
}

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

impl Target {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "*" => Some(Self::Every),
            "sync" => Some(Self::Attempt(JobKind::Sync)),
            "import" => Some(Self::Attempt(JobKind::Import)),
            "remove" => Some(Self::Attempt(JobKind::Remove)),
            word => Operation::NAMED
                .iter()
                .find(|(name, _)| *name == word)
                .map(|(_, operation)| Self::Operation(*operation)),
        }
    }
}

impl Effect {
    /// What a destination answers when a rule does not say.
    const INJECTED: &'static str = r#"{"error":"500","message":"internal error (injected)"}"#;

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "html" => Self::Html,
            "nonsense" => Self::Nonsense,
            "refuse" => Self::Refuse,
            "drop" => Self::Drop,
            "lost" => Self::Lost,
            "truncate" => Self::Truncate,
            "hang" => Self::Hang,
            "fail" => Self::Fail(Self::INJECTED.to_owned()),
            word => match word.strip_prefix("fail:") {
                Some(text) => Self::Fail(text.to_owned()),
                None => Self::Status(
                    word.parse()
                        .ok()
                        .filter(|status| (400..=599).contains(status))?,
                ),
            },
        })
    }

    const fn fault(&self) -> Option<Fault> {
        Some(match self {
            Self::Status(status) => Fault::Refused(*status),
            Self::Html => Fault::Replaced(Replacement::Html),
            Self::Nonsense => Fault::Replaced(Replacement::EmptyObject),
            Self::Refuse => Fault::Unheard,
            Self::Drop => Fault::Delivered(Delivery::Closed),
            Self::Lost => Fault::Lost,
            Self::Truncate => Fault::Delivered(Delivery::Truncated),
            Self::Hang => Fault::Delivered(Delivery::Silent),
            Self::Fail(_) => return None,
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
        let parsed_target = Target::parse(target).ok_or_else(|| {
            let known: Vec<&str> = Operation::NAMED.iter().map(|(name, _)| *name).collect();
            format!(
                "The rule `{rule}` names the operation `{target}`, which does not exist. Use one of *, sync, import, remove, {}.",
                known.join(", ")
            )
        })?;
        let (effect, times) = match effect.rsplit_once('@') {
            Some((before, times))
                if !times.is_empty() && times.bytes().all(|b| b.is_ascii_digit()) =>
            {
                let times = times.parse().map_err(|_| {
                    format!("The rule `{rule}` counts to `{times}`, which is too many times.")
                })?;
                (before, Some(times))
            }
            _ => (effect, None),
        };
        let parsed_effect = Effect::parse(effect).ok_or_else(|| {
            format!(
                "The rule `{rule}` has the effect `{effect}`, which does not exist. Use a status from 400 to 599, or one of html, nonsense, refuse, drop, lost, truncate, hang, fail."
            )
        })?;
        let is_attempt = matches!(parsed_target, Target::Attempt(_));
        if is_attempt != matches!(parsed_effect, Effect::Fail(_)) {
            return Err(format!(
                "The rule `{rule}` does not fit together: `fail` goes with the jobs sync, import and remove, and every other effect with a request."
            ));
        }
        Ok(Self {
            target: parsed_target,
            name,
            effect: parsed_effect,
            times,
        })
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

    /// What happens to this request, counted as one time.
    pub fn fault(&mut self, operation: Operation, name: Option<&str>) -> Option<Fault> {
        self.take(name, |target| match target {
            Target::Every => true,
            Target::Operation(of_rule) => of_rule == operation,
            Target::Attempt(_) => false,
        })?
        .fault()
    }

    /// The destination's answer if this attempt of a job fails, counted as one time.
    pub fn attempt(&mut self, kind: JobKind, name: &str) -> Option<String> {
        match self.take(Some(name), |target| target == Target::Attempt(kind))? {
            Effect::Fail(text) => Some(text),
            _ => None,
        }
    }

    fn take(&mut self, name: Option<&str>, fits: impl Fn(Target) -> bool) -> Option<Effect> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.times != Some(0)
                && fits(rule.target)
                && rule
                    .name
                    .as_deref()
                    .is_none_or(|wanted| name == Some(wanted))
        })?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some(rule.effect.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Delivery, FailRule, FailRules, Fault, JobKind, Operation, Replacement};

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
            Some(Fault::Refused(429))
        );
    }

    #[test]
    fn a_counted_rule_is_used_up_and_the_next_one_holds() {
        let mut rules = rules(&["*=503@2", "list=html@1"]);
        let mut next = || rules.fault(Operation::List, None);
        assert_eq!(next(), Some(Fault::Refused(503)));
        assert_eq!(next(), Some(Fault::Refused(503)));
        assert_eq!(next(), Some(Fault::Replaced(Replacement::Html)));
        assert_eq!(next(), None);
    }

    #[test]
    fn effects_tell_what_was_done_from_what_was_not() {
        let fault = |effect: &str| {
            rules(&[&format!("create={effect}")])
                .fault(Operation::Create, None)
                .unwrap()
        };
        assert_eq!(fault("refuse"), Fault::Unheard);
        assert_eq!(fault("drop"), Fault::Delivered(Delivery::Closed));
        assert_eq!(fault("lost"), Fault::Lost);
        assert_eq!(fault("truncate"), Fault::Delivered(Delivery::Truncated));
        assert_eq!(fault("hang"), Fault::Delivered(Delivery::Silent));
    }

    #[test]
    fn a_job_fails_with_the_text_of_its_rule() {
        let mut rules = rules(&["sync:web=fail:{\"a\":\"b@c\"}@1", "remove=fail"]);
        assert_eq!(rules.attempt(JobKind::Sync, "api"), None);
        assert_eq!(
            rules.attempt(JobKind::Sync, "web").as_deref(),
            Some("{\"a\":\"b@c\"}")
        );
        assert_eq!(rules.attempt(JobKind::Sync, "web"), None);
        assert!(rules.attempt(JobKind::Remove, "web").is_some());
    }

    #[test]
    fn a_wrong_rule_is_refused_with_what_is_wrong() {
        let error = |rule: &str| rule.parse::<FailRule>().unwrap_err();
        assert!(error("create").contains("has no `=`"));
        assert!(error("creat=500").contains("`creat`"));
        assert!(error("create=200").contains("`200`"));
        assert!(error("create=fail").contains("does not fit together"));
        assert!(error("sync=500").contains("does not fit together"));
        assert!(error("list=500@99999999999").contains("too many"));
    }
}
