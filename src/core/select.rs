//! Which syncs a pattern means.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};

use super::desired::DesiredSync;
use super::remote::RemoteSync;
use super::resolve::ResolvedSync;
use super::value::Node;

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
            .map(|pattern| matcher(pattern).map_err(|reason| (pattern.to_owned(), reason)))
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

fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}

/// What `--selector` and `--target` select.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Each entry must hold; a key can come several times.
    conditions: Vec<(String, GlobMatcher)>,
    /// One of these must match the name, unless this is empty.
    targets: NamePatterns,
}

impl Selection {
    /// Compiles `KEY=GLOB,…` selectors and name patterns.
    /// An error is a full sentence about the one that is malformed.
    pub fn new(selectors: &[String], targets: &[String]) -> Result<Self, String> {
        let mut conditions = Vec::new();
        for part in selectors.iter().flat_map(|selector| selector.split(',')) {
            let Some((key, pattern)) = part.split_once('=') else {
                return Err(format!(
                    "The selector `{part}` is not of the form KEY=GLOB."
                ));
            };
            let matcher = matcher(pattern.trim())
                .map_err(|reason| format!("The pattern `{pattern}` is malformed: {reason}."))?;
            conditions.push((key.trim().to_owned(), matcher));
        }
        let targets = NamePatterns::new(targets.iter().map(String::as_str)).map_err(
            |(pattern, reason)| format!("The pattern `{pattern}` is malformed: {reason}."),
        )?;
        Ok(Self {
            conditions,
            targets,
        })
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.targets.is_empty()
    }

    /// The selectors and targets that mean none of the syncs, as they were written.
    pub fn idle<'a, S>(&self, syncs: impl IntoIterator<Item = S>) -> Vec<String>
    where
        S: Into<Facets<'a>>,
    {
        let syncs: Vec<Facets<'_>> = syncs.into_iter().map(Into::into).collect();
        let conditions = self
            .conditions
            .iter()
            .filter(|(key, matcher)| !syncs.iter().any(|sync| sync.holds(key, matcher)))
            .map(|(key, matcher)| format!("{key}={}", matcher.glob().glob()));
        let targets = self.targets.matchers.iter();
        let targets = targets
            .filter(|matcher| !syncs.iter().any(|sync| sync.goes_by(matcher)))
            .map(|matcher| matcher.glob().glob().to_owned());
        conditions.chain(targets).collect()
    }

    /// Whether a sync is selected, or can be once the id of its project is known. One that is being
    /// renamed goes by either name.
    pub fn matches<'a>(&self, sync: impl Into<Facets<'a>>) -> bool {
        let sync = sync.into();
        let targets = &self.targets.matchers;
        let by_name = targets.is_empty() || targets.iter().any(|target| sync.goes_by(target));
        by_name
            && self
                .conditions
                .iter()
                .all(|(key, matcher)| sync.holds(key, matcher))
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
    destination: &'a str,
    environment: Option<&'a str>,
    labels: Option<&'a BTreeMap<String, String>>,
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
            destination: &sync.destination.text,
            environment: sync.fields.get("environment").and_then(Node::as_str),
            labels: Some(&sync.labels),
        }
    }
}

impl<'a> From<&'a ResolvedSync> for Facets<'a> {
    fn from(sync: &'a ResolvedSync) -> Self {
        Self {
            project_id: Some(&sync.project_id),
            ..Self::from(&sync.desired)
        }
    }
}

impl<'a> Facets<'a> {
    /// Those of a sync that need not be declared, and so has no labels.
    pub fn of_remote(sync: &'a RemoteSync, provider: &'a str, project: &'a str) -> Self {
        Self {
            names: [Some(&sync.name), None],
            provider,
            project: Some(project),
            project_id: Some(&sync.project_id),
            destination: &sync.destination,
            environment: sync.environment.as_deref(),
            labels: None,
        }
    }

    fn goes_by(&self, target: &GlobMatcher) -> bool {
        self.names
            .into_iter()
            .flatten()
            .any(|name| target.is_match(name))
    }

    fn holds(&self, key: &str, matcher: &GlobMatcher) -> bool {
        let is_match = |value: &str| matcher.is_match(value);
        match key {
            "provider" => is_match(self.provider),
            "project" => {
                self.project.is_some_and(is_match)
                    || self
                        .project_id
                        .map_or_else(|| can_mean_an_id(matcher), is_match)
            }
            "destination" => is_match(self.destination),
            "environment" => self.environment.is_some_and(is_match),
            label => self
                .labels
                .and_then(|labels| labels.get(label))
                .is_some_and(|value| is_match(value)),
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

    use super::{Facets, NamePatterns, Selection};
    use crate::core::desired::Word;
    use crate::core::testing::{desired_sync, remote_sync, resolved};

    fn selects(selectors: &[&str], targets: &[&str]) -> bool {
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let mut sync = desired_sync("web-prod", json!({"environment": "prod"}));
        sync.labels.insert("team".to_owned(), "payments".to_owned());
        sync.renamed_from = Some(Word {
            text: "old".to_owned(),
            span: sync.key,
        });
        Selection::new(&owned(selectors), &owned(targets))
            .unwrap()
            .matches(&resolved(sync))
    }

    #[test]
    fn what_is_not_declared_is_selected_by_the_same_keys_and_has_no_labels() {
        let sync = remote_sync("web-prod");
        let facets = || Facets::of_remote(&sync, "infisical", "payments");
        let selection = |selector: &str, target: &str| {
            Selection::new(&[selector.to_owned()], &[target.to_owned()]).unwrap()
        };
        let every = "provider=inf*,project=payments,destination=humanitec,environment=dev";
        assert!(selection(every, "web-*").matches(facets()));
        assert!(!selection("environment=prod", "*").matches(facets()));
        let idle = selection("team=*", "api").idle([facets()]);
        assert_eq!(idle, ["team=*", "api"]);
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
        let idle = |selector: &str, target: &str| {
            let selection = Selection::new(&[selector.to_owned()], &[target.to_owned()]).unwrap();
            selection.idle(&syncs)
        };
        assert_eq!(idle("environment=prod", "w*"), Vec::<String>::new());
        assert_eq!(idle("environment=prod,team=x*", "api"), ["team=x*", "api"]);
    }

    #[test]
    fn before_ids_are_known_a_project_may_be_meant_by_its_id() {
        let sync = desired_sync("web", json!({}));
        let id = resolved(sync.clone()).project_id;
        let may = |pattern: &str| {
            let selection = Selection::new(&[format!("project={pattern}")], &[]).unwrap();
            selection.matches(&sync)
        };
        let label = sync.project.as_ref().unwrap().text.clone();
        assert!(may(&label) && may("*") && may(&id) && may("1b9f*"));
        assert!(!may("shop") && !may("p?yroll"));
        assert!(!selects(&["project=1b9f*"], &[]));
    }

    #[test]
    fn rejects_malformed_selectors() {
        assert!(
            Selection::new(&["team".to_owned()], &[])
                .unwrap_err()
                .contains("KEY=GLOB")
        );
        assert!(
            Selection::new(&["team=[".to_owned()], &[])
                .unwrap_err()
                .contains("malformed")
        );
        assert!(NamePatterns::new(["a", "["]).is_err());
    }
}
