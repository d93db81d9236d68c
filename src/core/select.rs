//! Which syncs a pattern means.

use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use super::cell::Values;
use super::desired::DesiredSync;
use super::remote::RemoteSync;
use super::resolve::ResolvedSync;
use super::value::{Entry, Node};
use super::words::{is_uuid, list};
use crate::core::fields::ENVIRONMENT;

/// What the keys of selectors begin with that are paths in a matrix.
const IN_MATRIX: &str = "matrix.";

/// The key of selectors that is about projects.
const PROJECT: &str = "project";

/// Patterns for names: `*` matches any characters, `?` matches one.
#[derive(Debug, Clone, Default)]
pub struct NamePatterns {
    matchers: Vec<GlobMatcher>,
}

impl NamePatterns {
    /// Compiles patterns, or returns the first one that is malformed, with the reason.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (String, String)> {
        let matchers = patterns
            .into_iter()
            .map(|pattern| compiled(pattern).map_err(|reason| (pattern.to_owned(), reason)))
            .collect::<Result<_, _>>()?;
        Ok(Self { matchers })
    }

    /// Whether one of the patterns means the name.
    pub fn matches(&self, name: &str) -> bool {
        self.matchers.iter().any(|matcher| matcher.is_match(name))
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }
}

/// A pattern as a matcher. An error is a full sentence.
fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    compiled(pattern).map_err(|reason| format!("The pattern `{pattern}` is malformed: {reason}."))
}

/// A pattern as a matcher. An error is only the reason.
fn compiled(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}

/// What `--selector`, `--target` and `--exclude` select.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Each must hold; a key can come several times.
    conditions: Vec<Condition>,
    /// One of these must match the name, unless this is empty.
    targets: Vec<Target>,
    /// None of these may match the name.
    excluded: Vec<Target>,
}

/// A pattern for names, and as it was given: `--target web-*`.
#[derive(Debug, Clone)]
struct Target {
    matcher: GlobMatcher,
    given: String,
}

impl Target {
    fn all(option: &str, patterns: &[String]) -> Result<Vec<Self>, String> {
        let target = |pattern: &String| {
            Ok(Self {
                matcher: matcher(pattern)?,
                given: format!("{option}{pattern}"),
            })
        };
        patterns.iter().map(target).collect()
    }
}

/// The patterns of a command line that select syncs.
#[derive(Debug, Clone, Default)]
pub struct Patterns<'a> {
    /// Those of `--selector`.
    pub selectors: &'a [String],
    /// Those of `--target`.
    pub targets: &'a [String],
    /// Names that are given without an option, and mean the same.
    pub names: &'a [String],
    /// Those of `--exclude`.
    pub excluded: &'a [String],
}

/// A condition of a selector.
#[derive(Debug, Clone)]
struct Condition {
    key: String,
    /// Whether none of the patterns may match. What has no value fulfils that, as in kubectl.
    is_negated: bool,
    matchers: Vec<GlobMatcher>,
    /// As it was given: `--selector team=payments`.
    given: String,
}

impl Condition {
    /// Reads `KEY=GLOB`, `KEY!=GLOB`, `KEY in (A,B)` or `KEY notin (A,B)`.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let form = || {
            format!(
                "The selector `{text}` is not of the form KEY=GLOB, KEY!=GLOB, KEY in (GLOB,…) or \
                 KEY notin (GLOB,…)."
            )
        };
        let (key, is_negated, patterns) = if let Some((key, is_negated, inside)) = set(text) {
            let inside = inside.strip_suffix(')').ok_or_else(|| {
                format!("The selector `{text}` has an opening `(` and no `)` at its end.")
            })?;
            if inside.trim().is_empty() {
                return Err(format!(
                    "The selector `{text}` names no value: write one or more between the brackets."
                ));
            }
            (key, is_negated, inside.split(',').map(str::trim).collect())
        } else if let Some((key, pattern)) = text.split_once("!=") {
            (key, true, vec![pattern.trim()])
        } else if let Some((key, pattern)) = text.split_once('=') {
            let pattern = pattern.strip_prefix('=').unwrap_or(pattern);
            (key, false, vec![pattern.trim()])
        } else {
            return Err(form());
        };
        let key = key.trim();
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(form());
        }
        Ok(Self {
            key: key.to_owned(),
            is_negated,
            matchers: patterns
                .into_iter()
                .map(matcher)
                .collect::<Result<_, _>>()?,
            given: format!("--selector {text}"),
        })
    }
}

/// The key of `KEY in (…)` or `KEY notin (…)`, whether it is the latter, and what follows the `(`.
fn set(text: &str) -> Option<(&str, bool, &str)> {
    let (before, inside) = text.split_once('(')?;
    let (key, word) = before.trim_end().rsplit_once(char::is_whitespace)?;
    match word {
        "in" => Some((key, false, inside)),
        "notin" => Some((key, true, inside)),
        _ => None,
    }
}

/// The conditions of a selector: a comma between them, and not one in brackets, separates them.
fn conditions(selector: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_inside) = (0, false);
    for (at, character) in selector.char_indices() {
        match character {
            '(' => is_inside = set(&selector[start..=at]).is_some(),
            ')' => is_inside = false,
            ',' if !is_inside => {
                found.push(&selector[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&selector[start..]);
    found
}

impl Selection {
    /// Compiles selectors and name patterns. All conditions of all selectors must hold.
    /// An error is a full sentence about the one that is malformed.
    pub fn new(patterns: &Patterns<'_>) -> Result<Self, String> {
        let selectors = patterns.selectors.iter();
        let conditions = selectors
            .flat_map(|selector| conditions(selector))
            .map(Condition::parse)
            .collect::<Result<_, _>>()?;
        let mut targets = Target::all("--target ", patterns.targets)?;
        targets.extend(Target::all("", patterns.names)?);
        Ok(Self {
            conditions,
            targets,
            excluded: Target::all("--exclude ", patterns.excluded)?,
        })
    }

    /// Whether projects may be meant by another word than their ids.
    pub fn means_projects(&self) -> bool {
        let of_projects = |condition: &&Condition| condition.key == PROJECT;
        let mut conditions = self.conditions.iter().filter(of_projects);
        conditions.any(|condition| {
            let mut matchers = condition.matchers.iter();
            matchers.any(|matcher| !is_uuid(matcher.glob().glob()))
        })
    }

    /// What to write instead of a condition that compares a map of a matrix; `None` if none does.
    pub fn field_of_map<'a, S>(&self, syncs: impl IntoIterator<Item = S>) -> Option<String>
    where
        S: Into<Facets<'a>>,
    {
        let syncs: Vec<Facets<'_>> = syncs.into_iter().map(Into::into).collect();
        let mut keys = self.conditions.iter().map(|condition| &condition.key);
        let field = |key: &String| {
            let path = key.strip_prefix(IN_MATRIX)?;
            let mut values = syncs.iter().filter_map(|sync| sync.cell?.at(path));
            let fields = values.find_map(Node::as_mapping)?;
            let is_scalar = |entry: &&Entry| entry.value.as_text().is_some();
            let field = fields.entries().iter().find(is_scalar)?;
            Some(format!("{key}.{}", field.key))
        };
        keys.find_map(field)
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.targets.is_empty() && self.excluded.is_empty()
    }

    /// The conditions and name patterns, as they were given: "`--target web` and `--exclude x`".
    pub fn given(&self) -> String {
        let conditions = self.conditions.iter().map(|condition| &condition.given);
        let names = self.targets.iter().chain(&self.excluded);
        let given = conditions.chain(names.map(|target| &target.given));
        list(given.map(String::as_str))
    }

    /// The conditions and name patterns that mean none of the syncs, as they were given.
    pub fn idle<'a, S>(&self, syncs: impl IntoIterator<Item = S>) -> Vec<&str>
    where
        S: Into<Facets<'a>>,
    {
        let syncs: Vec<Facets<'_>> = syncs.into_iter().map(Into::into).collect();
        let conditions = self
            .conditions
            .iter()
            .filter(|condition| !syncs.iter().any(|sync| sync.fulfils(condition)))
            .map(|condition| condition.given.as_str());
        let names = self.targets.iter().chain(&self.excluded);
        let names = names
            .filter(|target| !syncs.iter().any(|sync| sync.goes_by(target)))
            .map(|target| target.given.as_str());
        conditions.chain(names).collect()
    }

    /// Whether a sync is selected, or can be once the id of its project is known. One that is being
    /// renamed goes by either name.
    pub fn matches<'a>(&self, sync: impl Into<Facets<'a>>) -> bool {
        let sync = sync.into();
        let goes_by_any = |targets: &[Target]| targets.iter().any(|target| sync.goes_by(target));
        let mut conditions = self.conditions.iter();
        (self.targets.is_empty() || goes_by_any(&self.targets))
            && !goes_by_any(&self.excluded)
            && conditions.all(|condition| sync.fulfils(condition))
    }
}

/// What selectors and targets look at in a sync, declared or not.
#[derive(Debug, Clone)]
pub struct Facets<'a> {
    /// Its name, and the one that it had before a rename.
    names: [Option<&'a str>; 2],
    provider: &'a str,
    /// The project as people spell it.
    project: Option<&'a str>,
    /// The project's id; `None` if it is not known yet.
    project_id: Option<&'a str>,
    /// The other words for the project, as far as they are known.
    project_words: &'a [String],
    destination: &'a str,
    environment: Option<&'a str>,
    labels: &'a [(String, String)],
    cell: Option<&'a Values>,
}

/// Those of a declared sync before ids are known: a pattern that can mean the id of a project is
/// taken to mean it.
impl<'a> From<&'a DesiredSync> for Facets<'a> {
    fn from(sync: &'a DesiredSync) -> Self {
        let old = sync.renamed_from.as_ref();
        Self {
            names: [Some(&sync.name.text), old.map(|old| old.text.as_str())],
            provider: &sync.provider.text,
            project: sync.project.as_ref().map(|project| project.text.as_str()),
            project_id: None,
            project_words: &[],
            destination: &sync.destination.text,
            environment: sync.fields.get(ENVIRONMENT).and_then(Node::as_str),
            labels: &sync.labels,
            cell: sync.cell.as_ref(),
        }
    }
}

impl<'a> From<&'a Arc<DesiredSync>> for Facets<'a> {
    fn from(sync: &'a Arc<DesiredSync>) -> Self {
        Self::from(&**sync)
    }
}

impl<'a> From<&'a ResolvedSync> for Facets<'a> {
    fn from(sync: &'a ResolvedSync) -> Self {
        Self {
            project_id: Some(&sync.project_id),
            project_words: &sync.project_words,
            ..Self::from(&sync.desired)
        }
    }
}

impl<'a> Facets<'a> {
    /// Those of a sync that need not be declared, and so has no labels.
    pub fn of_remote(
        sync: &'a RemoteSync,
        provider: &'a str,
        project: &'a str,
        project_words: &'a [String],
    ) -> Self {
        Self {
            names: [Some(&sync.name), None],
            provider,
            project: Some(project),
            project_id: Some(&sync.project_id),
            project_words,
            destination: &sync.destination,
            environment: sync.environment.as_deref(),
            labels: &[],
            cell: None,
        }
    }

    fn goes_by(&self, target: &Target) -> bool {
        let mut names = self.names.into_iter().flatten();
        names.any(|name| target.matcher.is_match(name))
    }

    fn fulfils(&self, condition: &Condition) -> bool {
        let mut matchers = condition.matchers.iter();
        let key = condition.key.as_str();
        if condition.is_negated {
            return !matchers.any(|matcher| self.holds(key, matcher));
        }
        // A pattern can mean an id that is not known yet, and an id can be that of any other word.
        let is_spelled_by_id = || self.project.is_some_and(is_uuid);
        let can_be_project = |matcher| {
            key == PROJECT
                && self.project_id.is_none()
                && (can_mean_an_id(matcher)
                    || is_spelled_by_id() && !is_uuid(matcher.glob().glob()))
        };
        matchers.any(|matcher| self.holds(key, matcher) || can_be_project(matcher))
    }

    /// Whether the value of a key is known and matches.
    fn holds(&self, key: &str, matcher: &GlobMatcher) -> bool {
        let is_match = |value: &str| matcher.is_match(value);
        match key {
            "provider" => is_match(self.provider),
            PROJECT => {
                let words = self.project_words.iter().map(String::as_str);
                let mut names = self.project.into_iter().chain(self.project_id).chain(words);
                names.any(is_match)
            }
            "destination" => is_match(self.destination),
            "environment" => self.environment.is_some_and(is_match),
            key => {
                let label = self.labels.iter().find(|(label, _)| label == key);
                let of_cell = || {
                    let value = self.cell?.at(key.strip_prefix(IN_MATRIX)?)?;
                    value.as_text()
                };
                label
                    .map(|(_, value)| value.clone())
                    .or_else(of_cell)
                    .is_some_and(|value| is_match(&value))
            }
        }
    }
}

/// Whether a pattern has nothing that the ids of projects never have.
fn can_mean_an_id(matcher: &GlobMatcher) -> bool {
    let pattern = matcher.glob().glob();
    pattern
        .chars()
        .all(|c| c.is_ascii_hexdigit() || "-*?[]{}!,".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Facets, NamePatterns, Patterns, Selection};
    use crate::core::desired::Word;
    use crate::core::testing::{desired_sync, remote_sync, resolved};

    fn new(selectors: &[String], targets: &[String]) -> Result<Selection, String> {
        Selection::new(&Patterns {
            selectors,
            targets,
            ..Patterns::default()
        })
    }

    fn selects(selectors: &[&str], targets: &[&str]) -> bool {
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let mut sync = desired_sync("web-prod", json!({"environment": "prod"}));
        sync.labels.push(("team".to_owned(), "payments".to_owned()));
        sync.renamed_from = Some(Word {
            text: "old".to_owned(),
            span: sync.key,
        });
        new(&owned(selectors), &owned(targets))
            .unwrap()
            .matches(&resolved(sync))
    }

    #[test]
    fn what_is_not_declared_is_selected_by_the_same_keys_and_has_no_labels() {
        let sync = remote_sync("web-prod");
        let facets = || Facets::of_remote(&sync, "infisical", "payments", &[]);
        let selection = |selector: &str, target: &str| {
            new(&[selector.to_owned()], &[target.to_owned()]).unwrap()
        };
        let every = "provider=inf*,project=payments,destination=humanitec,environment=dev";
        assert!(selection(every, "web-*").matches(facets()));
        assert!(!selection("environment=prod", "*").matches(facets()));
        let idle = selection("team=*", "api");
        let idle = idle.idle([facets()]);
        assert_eq!(idle, ["--selector team=*", "--target api"]);
    }

    #[test]
    fn nothing_selects_everything() {
        assert!(selects(&[], &[]));
    }

    #[test]
    fn every_key_selects_and_all_conditions_must_hold() {
        for selector in [
            "provider=infisical",
            "project=p1",
            "destination=hum*",
            "environment=prod",
            "team=pay*",
            "team=payments,environment=p?od",
        ] {
            assert!(selects(&[selector], &[]), "{selector}");
        }
        for selector in [
            "provider=enkryptify",
            "team=other",
            "tier=1",
            "team=payments,environment=dev",
        ] {
            assert!(!selects(&[selector], &[]), "{selector}");
        }
        assert!(!selects(&["team=payments", "environment=dev"], &[]));
    }

    #[test]
    fn conditions_take_sets_and_negations_as_kubectl_does() {
        for selector in [
            "environment in (dev, prod)",
            "environment in (dev,p*),team=payments",
            "environment notin (dev,test)",
            "environment!=dev",
            "environment == prod",
            // What has no value is not that value.
            "tier!=1",
            "tier notin (1)",
            "project!=other",
        ] {
            assert!(selects(&[selector], &[]), "{selector}");
        }
        for selector in [
            "environment in (dev)",
            "environment!=p*",
            "environment notin (dev,prod)",
            "project!=p1",
            "tier in (1,2)",
        ] {
            assert!(!selects(&[selector], &[]), "{selector}");
        }
        for malformed in [
            "environment in (dev",
            "in (dev)",
            "=x",
            "a b=c",
            "environment=dev,",
            "environment in ()",
            "environment notin ( )",
        ] {
            assert!(new(&[malformed.to_owned()], &[]).is_err(), "{malformed}");
        }
    }

    #[test]
    fn a_target_means_a_name_and_a_rename_goes_by_either() {
        assert!(
            selects(&[], &["web-*"]) && selects(&[], &["old"]) && selects(&[], &["x", "web-prod"])
        );
        assert!(!selects(&[], &["api-*"]));
    }

    #[test]
    fn reports_each_selector_and_target_that_matches_no_sync() {
        let syncs = [resolved(desired_sync(
            "web",
            json!({"environment": "prod"}),
        ))];
        let selection = |selector: &str, target: &str| {
            new(&[selector.to_owned()], &[target.to_owned()]).unwrap()
        };
        assert_eq!(selection("environment=prod", "w*").idle(&syncs), [""; 0]);
        assert_eq!(
            selection("environment=prod,team=x*", "api").idle(&syncs),
            ["--selector team=x*", "--target api"]
        );
    }

    #[test]
    fn before_ids_are_known_a_project_may_be_meant_by_its_id() {
        let sync = desired_sync("web", json!({}));
        let id = resolved(sync.clone()).project_id;
        let may = |pattern: &str| {
            let selection = new(&[format!("project={pattern}")], &[]).unwrap();
            selection.matches(&sync)
        };
        let label = sync.project.as_ref().unwrap().text.clone();
        assert!(may(&label) && may("*") && may(&id) && may("1b9f*"));
        assert!(!may("shop") && !may("p?yroll"));
        // An id that a file names is that of a project with other words.
        let mut by_id = sync.clone();
        by_id.project.as_mut().unwrap().text = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11".to_owned();
        let selection = new(&["project=shop".to_owned()], &[]).unwrap();
        let mut known = resolved(by_id.clone());
        assert!(selection.matches(&by_id) && !selection.matches(&known));
        known.project_words = ["shop".to_owned()].into();
        assert!(selection.matches(&known));
        let selection = new(&["project!=sh*".to_owned()], &[]).unwrap();
        assert!(selection.matches(&by_id) && !selection.matches(&known));
        assert!(!selects(&["project=1b9f*"], &[]));
    }

    #[test]
    fn rejects_malformed_selectors() {
        assert!(
            new(&["team".to_owned()], &[])
                .unwrap_err()
                .contains("KEY=GLOB")
        );
        assert!(
            new(&["team=[".to_owned()], &[])
                .unwrap_err()
                .contains("malformed")
        );
        assert!(NamePatterns::new(["a", "["]).is_err());
    }
}
