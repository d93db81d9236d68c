//! `secsync.yaml`: the root of a workspace and what holds for all of it.

use std::collections::BTreeMap;

use crate::core::code::Code;
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::form::{
    check_alternatives, check_defaults, check_fields, check_version, expect_mapping, wrong_type,
};
use crate::core::limits::{Limit, Limits, ProjectLimit};
use crate::core::platform::Platform;
use crate::core::select::NamePatterns;
use crate::core::span::Span;
use crate::core::value::{Entry, Mapping, Node, Value};
use crate::core::words::{any_of, list};
use crate::provider::{ProviderConfig, codes, is_provider_name, platform_named, platforms, trust};

const FIELDS: [&str; 11] = [
    "version",
    "include",
    "providers",
    "defaults",
    "variables",
    "lint",
    "unmanaged",
    "protect",
    "limits",
    "state",
    "$schema",
];

/// What a workspace file says, or what holds without one.
#[derive(Debug, Clone)]
pub struct Config {
    /// The globs of sync files, relative to the root, with their places.
    pub include: Vec<(String, Span)>,
    /// The providers that files can name: one of each kind, and those that are declared.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// Defaults for all syncs.
    pub defaults: Mapping,
    /// The variables' default values.
    pub variables: BTreeMap<String, String>,
    /// The levels of lints that differ from their own.
    pub lint: BTreeMap<Code, Severity>,
    /// Names that are not counted as unmanaged.
    pub ignore: NamePatterns,
    /// Names that are never deleted or replaced.
    pub protect: NamePatterns,
    /// How much one apply may change.
    pub limits: Limits,
    /// Where the state is kept, as written.
    pub state: Option<(String, Span)>,
}

impl Default for Config {
    fn default() -> Self {
        let own_name = |kind: Platform| ProviderConfig {
            name: kind.name().to_owned(),
            platform: kind,
            url: None,
        };
        Self {
            include: Vec::new(),
            providers: platforms()
                .into_iter()
                .map(|kind| (kind.name().to_owned(), own_name(kind)))
                .collect(),
            defaults: Mapping::default(),
            variables: BTreeMap::new(),
            lint: BTreeMap::new(),
            ignore: NamePatterns::default(),
            protect: NamePatterns::default(),
            limits: Limits::default(),
            state: None,
        }
    }
}

impl Config {
    /// Reads a workspace file's document.
    pub fn read(document: &Node, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut config = Self::default();
        let Some(top) = expect_mapping(document, "secsync.yaml", diagnostics) else {
            return config;
        };
        let top = check_fields(top, &FIELDS, "secsync.yaml", diagnostics);
        check_version(&top, diagnostics);
        for entry in top.entries().iter().filter(|entry| !entry.value.is_null()) {
            let node = &entry.value;
            match entry.key.as_str() {
                "include" => config.include = strings(node, "include", diagnostics),
                "providers" => config.read_providers(node, diagnostics),
                "defaults" => config.read_defaults(node, diagnostics),
                "variables" => config.read_variables(node, diagnostics),
                "lint" => config.read_lint(node, diagnostics),
                "unmanaged" => config.read_unmanaged(node, diagnostics),
                "protect" => config.protect = patterns(node, "protect", diagnostics),
                "limits" => config.read_limits(node, diagnostics),
                "state" => config.state = string(node, "state", diagnostics),
                _ => {}
            }
        }
        config
    }

    /// What stands for the server of each provider while nothing but the files is known, by the
    /// provider's name.
    pub fn servers(&self) -> BTreeMap<String, String> {
        let providers = self.providers.iter();
        providers
            .map(|(name, provider)| (name.clone(), trust::spelled(provider)))
            .collect()
    }

    fn read_defaults(&mut self, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(defaults) = expect_mapping(node, "`defaults`", diagnostics) {
            check_defaults(defaults, diagnostics);
            check_alternatives(defaults, diagnostics);
            self.defaults = defaults.clone();
        }
    }

    fn read_providers(&mut self, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let Some(mapping) = expect_mapping(node, "`providers`", diagnostics) else {
            return;
        };
        for entry in mapping.entries() {
            if let Some(provider) = read_provider(entry, diagnostics) {
                self.providers.insert(entry.key.clone(), provider);
            }
        }
    }

    fn read_variables(&mut self, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let Some(mapping) = expect_mapping(node, "`variables`", diagnostics) else {
            return;
        };
        for entry in mapping.entries() {
            if !crate::core::vars::is_name(&entry.key) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::VariableForm,
                        entry.key_span,
                        format!("A variable cannot be named `{}`.", entry.key),
                    )
                    .help("Use letters, digits and `_`, and begin with a letter or `_`."),
                );
                continue;
            }
            if entry.value.is_null() {
                continue;
            }
            let what = format!("The variable `{}`", entry.key);
            let Some(fields) = expect_mapping(&entry.value, &what, diagnostics) else {
                continue;
            };
            let fields = check_fields(fields, &["default"], "a variable", diagnostics);
            if let Some(default) = fields.get("default").filter(|node| !node.is_null()) {
                match default.as_text() {
                    Some(value) => {
                        self.variables.insert(entry.key.clone(), value);
                    }
                    None => diagnostics.push(wrong_type(default, "default", "a simple value")),
                }
            }
        }
    }

    fn read_lint(&mut self, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let Some(mapping) = expect_mapping(node, "`lint`", diagnostics) else {
            return;
        };
        for entry in mapping.entries() {
            let code = lint_code(&entry.key, entry.key_span, diagnostics);
            let Some((word, span)) = string(&entry.value, "The level of a lint", diagnostics)
            else {
                continue;
            };
            let level = match word.as_str() {
                "allow" => Some(Severity::Ignored),
                "warn" => Some(Severity::Warning),
                "deny" => Some(Severity::Error),
                _ => None,
            };
            match (code, level) {
                (Some(code), Some(level)) => {
                    self.lint.insert(code, level);
                }
                (_, None) => diagnostics.push(
                    Diagnostic::new(
                        Code::WrongValue,
                        span,
                        format!("The level of a lint cannot be `{word}`."),
                    )
                    .help("It can be `allow`, `warn` or `deny`."),
                ),
                (None, Some(_)) => {}
            }
        }
    }

    fn read_limits(&mut self, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let Some(mapping) = expect_mapping(node, "`limits`", diagnostics) else {
            return;
        };
        let known = ["deletes", "changes", "projects"];
        let mapping = check_fields(mapping, &known, "`limits`", diagnostics);
        self.limits.general = limit(&mapping, diagnostics);
        let Some(projects) = mapping.get("projects").filter(|node| !node.is_null()) else {
            return;
        };
        let Some(projects) = expect_mapping(projects, "`limits.projects`", diagnostics) else {
            return;
        };
        for entry in projects.entries() {
            let what = format!("The limit of `{}`", entry.key);
            let Some(fields) = expect_mapping(&entry.value, &what, diagnostics) else {
                continue;
            };
            let fields = check_fields(fields, &known[..2], "a limit", diagnostics);
            let limit = limit(&fields, diagnostics);
            match NamePatterns::new([entry.key.as_str()]) {
                Ok(matcher) => self.limits.projects.push(ProjectLimit {
                    pattern: entry.key.clone(),
                    matcher,
                    limit,
                }),
                Err((pattern, reason)) => diagnostics.push(Diagnostic::new(
                    Code::WrongForm,
                    entry.key_span,
                    format!("The pattern `{pattern}` is malformed: {reason}."),
                )),
            }
        }
    }

    fn read_unmanaged(&mut self, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let Some(mapping) = expect_mapping(node, "`unmanaged`", diagnostics) else {
            return;
        };
        let mapping = check_fields(mapping, &["ignore"], "`unmanaged`", diagnostics);
        if let Some(ignore) = mapping.get("ignore").filter(|node| !node.is_null()) {
            self.ignore = patterns(ignore, "unmanaged.ignore", diagnostics);
        }
    }
}

/// The lint of that name; a finding if the name is unknown or is not that of a lint.
pub fn lint_code(name: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Option<Code> {
    let code = codes::find(name).filter(|code| code.is_lint());
    if code.is_none() {
        let names = || codes::lints().into_iter().map(Code::name);
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownLint,
                span,
                format!("`{name}` is not a known lint."),
            )
            .suggest(name, names(), || {
                format!("The lints are {}.", list(names()))
            }),
        );
    }
    code
}

fn read_provider(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<ProviderConfig> {
    let name = &entry.key;
    if !is_provider_name(name) {
        diagnostics.push(
            Diagnostic::new(
                Code::WrongForm,
                entry.key_span,
                format!("A provider cannot be named `{name}`."),
            )
            .help("Use lowercase letters, digits and hyphens, and begin with a letter."),
        );
        return None;
    }
    let nothing = Mapping::default();
    let fields = if entry.value.is_null() {
        &nothing
    } else {
        expect_mapping(&entry.value, &format!("The provider `{name}`"), diagnostics)?
    };
    let fields = check_fields(fields, &["type", "url"], "a provider", diagnostics);
    let url = fields
        .get("url")
        .and_then(|node| string(node, "url", diagnostics));
    let kind = provider_kind(entry, &fields, diagnostics)?;
    Some(ProviderConfig {
        name: name.clone(),
        platform: kind,
        url: url.map(|(url, _)| url),
    })
}

fn provider_kind(
    entry: &Entry,
    fields: &Mapping,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Platform> {
    let by_name = platform_named(&entry.key);
    let kinds = any_of(platforms().into_iter().map(Platform::name));
    let Some(node) = fields.get("type") else {
        if by_name.is_none() {
            diagnostics.push(
                Diagnostic::new(
                    Code::MissingField,
                    entry.key_span,
                    format!("The provider `{}` has no `type`.", entry.key),
                )
                .help(format!("Say which platform it is: {kinds}.")),
            );
        }
        return by_name;
    };
    let (word, span) = string(node, "type", diagnostics)?;
    let kind = platform_named(&word);
    if kind.is_none() || by_name.is_some_and(|by_name| Some(by_name) != kind) {
        diagnostics.push(
            Diagnostic::new(
                Code::WrongValue,
                span,
                format!(
                    "The type of the provider `{}` cannot be `{word}`.",
                    entry.key
                ),
            )
            .help(match by_name {
                Some(kind) => format!(
                    "A provider of that name is always of the type `{}`.",
                    kind.name()
                ),
                None => format!("It can be {kinds}."),
            }),
        );
        return None;
    }
    kind
}

/// The numbers of a limit.
fn limit(fields: &Mapping, diagnostics: &mut Vec<Diagnostic>) -> Limit {
    let mut number = |key: &str| {
        let node = fields.get(key).filter(|node| !node.is_null())?;
        let number = match &node.value {
            Value::Number(number) => number.as_u64().and_then(|n| usize::try_from(n).ok()),
            _ => None,
        };
        if number.is_none() {
            diagnostics.push(
                wrong_type(node, key, "a whole number that is not negative")
                    .help("Write how many are allowed: `5`."),
            );
        }
        number
    };
    Limit {
        deletes: number("deletes"),
        changes: number("changes"),
    }
}

fn string(node: &Node, what: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<(String, Span)> {
    match node.as_str() {
        Some(text) if !text.is_empty() => Some((text.to_owned(), node.span)),
        _ => {
            diagnostics.push(wrong_type(node, what, "a non-empty string"));
            None
        }
    }
}

fn strings(node: &Node, what: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<(String, Span)> {
    let Some(items) = node.as_sequence() else {
        diagnostics.push(wrong_type(node, what, "a list of strings"));
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| string(item, what, diagnostics))
        .collect()
}

fn patterns(node: &Node, what: &str, diagnostics: &mut Vec<Diagnostic>) -> NamePatterns {
    let mut good = Vec::new();
    for (pattern, span) in strings(node, what, diagnostics) {
        match NamePatterns::new([pattern.as_str()]) {
            Ok(_) => good.push(pattern),
            Err((pattern, reason)) => diagnostics.push(Diagnostic::new(
                Code::WrongForm,
                span,
                format!("The pattern `{pattern}` is malformed: {reason}."),
            )),
        }
    }
    NamePatterns::new(good.iter().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::Config;
    use crate::core::code::Code;
    use crate::core::diagnostic::Severity;

    use crate::core::testing::node;
    use crate::provider::{codes, infisical};

    fn read(document: Json) -> (Config, Vec<Code>) {
        let mut diagnostics = Vec::new();
        let config = Config::read(&node(document), &mut diagnostics);
        (
            config,
            diagnostics.into_iter().map(|found| found.code).collect(),
        )
    }

    #[test]
    fn every_part_of_a_workspace_is_read() {
        let (config, codes) = read(json!({
            "version": 1,
            "include": ["syncs/**/*.yaml"],
            "providers": {
                "infisical": {"url": "https://eu.infisical.com"},
                "onprem": {"type": "infisical", "url": "https://secrets.corp.example"},
                "enkryptify": null,
            },
            "defaults": {"environment": "prod"},
            "variables": {"ENV": {"default": "dev"}, "N": {"default": 3}, "REQUIRED": null},
            "lint": {"destructive-first-sync": "deny"},
            "unmanaged": {"ignore": ["legacy-*"]},
            "protect": ["prod-*"],
            "limits": {"deletes": 2, "projects": {"prod-*": {"deletes": 0, "changes": 9}}},
            "state": ".secsync/state.json",
        }));
        assert_eq!(codes, []);
        assert_eq!(config.include[0].0, "syncs/**/*.yaml");
        assert_eq!(config.providers["onprem"].platform, infisical::PLATFORM);
        assert_eq!(
            config.providers["infisical"].url.as_deref(),
            Some("https://eu.infisical.com")
        );
        assert_eq!(config.variables["N"], "3");
        assert_eq!(
            config.lint[&codes::find("destructive-first-sync").unwrap()],
            Severity::Error
        );
        assert!(config.ignore.matches("legacy-1") && config.protect.matches("prod-1"));
        assert_eq!(config.limits.general.deletes, Some(2));
        assert_eq!(config.limits.projects[0].limit.changes, Some(9));
        assert_eq!(config.state.unwrap().0, ".secsync/state.json");
    }

    #[test]
    fn every_mistake_is_reported() {
        let (_, codes) = read(json!({
            "version": 7,
            "includes": [],
            "include": "syncs",
            "providers": {"on_prem": {"type": "infisical"}, "b": {}, "c": {"type": "x"}, "d": 1,
                "infisical": {"type": "enkryptify"}, "e": {"type": "infisical", "host": "h"}},
            "defaults": {"ensure": "absent"},
            "variables": {"A-B": null, "C": {"defaults": 1}, "D": {"default": []}},
            "lint": {"no-such": "deny", "name-form": "off", "unknown-field": "warn"},
            "unmanaged": {"ignored": []},
            "protect": ["[", 7],
            "limits": {"deletes": -1, "project": {}, "projects": {"[": {}, "a": {"changes": "x"}}},
            "state": "",
        }));
        assert_eq!(
            codes,
            [
                Code::UnknownField,
                Code::UnsupportedVersion,
                Code::WrongType,
                Code::WrongForm,
                Code::MissingField,
                Code::WrongValue,
                Code::WrongType,
                Code::WrongValue,
                Code::UnknownField,
                Code::NotAllowedInDefaults,
                Code::VariableForm,
                Code::UnknownField,
                Code::WrongType,
                Code::UnknownLint,
                Code::WrongValue,
                Code::UnknownLint,
                Code::UnknownField,
                Code::WrongType,
                Code::WrongForm,
                Code::UnknownField,
                Code::WrongType,
                Code::WrongForm,
                Code::WrongType,
                Code::WrongType,
            ]
        );
    }
}
