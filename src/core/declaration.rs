//! Makes a sync of its block and what it inherits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::code::Code;
use super::desired::{ConnectionRef, DesiredSync, Ensure, OnDelete, Trigger, Word};
use super::diagnostic::Diagnostic;
use super::fields::{
    ALTERNATIVES, CONNECTION, CONNECTION_ID, DESCRIPTION, DESTINATION, ENSURE, IGNORE_REMOTE,
    LABELS, NAME, ON_DELETE, OWN_FIELDS, PROJECT, PROJECT_ID, PROTECT, PROVIDER, RENAMED_FROM,
    TRIGGER,
};
use super::form;
use super::ignore;
use super::platform::Platform;
use super::remote::Scope;
use super::span::Span;
use super::suggest::{closest, is_slip};
use super::sync_file::Block;
use super::value::{Mapping, Node, Style, Value};
use super::words::{any_of, list};

/// Fields that say how to treat what a platform that only starts syncs cannot do, and what that is.
const WITHOUT_EFFECT_ON_STARTS: [(&str, &str); 4] = [
    (PROTECT, "delete or replace a sync"),
    (ON_DELETE, "delete a sync"),
    (TRIGGER, "ask for a sync job"),
    (IGNORE_REMOTE, "compare a sync with what is remote"),
];

/// The fields of a sync or of its defaults, with those of secsync's own put right that are misspelt
/// and reported as such, so that all else can be checked. `platform_fields` are the fields that the
/// platform takes.
pub fn put_right<'m>(
    fields: &'m Mapping,
    platform_fields: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) -> Cow<'m, Mapping> {
    let is_known =
        |key: &String| OWN_FIELDS.contains(&key.as_str()) || platform_fields.contains(key);
    if fields.entries().iter().all(|entry| is_known(&entry.key)) {
        return Cow::Borrowed(fields);
    }
    let mut wanted: Vec<&str> = OWN_FIELDS.to_vec();
    // Of two ways to say the same, one is enough.
    for (one, other) in ALTERNATIVES {
        for (given, needless) in [(one, other), (other, one)] {
            if fields.contains(given) {
                wanted.retain(|key| *key != needless);
            }
        }
    }
    let known: Vec<String> = platform_fields
        .iter()
        .cloned()
        .chain(OWN_FIELDS.map(str::to_owned))
        .filter(|key| !wanted.contains(&key.as_str()))
        .collect();
    let meant = form::misspelt(fields, &wanted, &known);
    for (index, key) in &meant {
        let Some(entry) = fields.entries().get(*index) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownField,
                entry.key_span,
                format!("`{}` is not a field of a sync.", entry.key),
            )
            .help(format!("Did you mean `{key}`?")),
        );
    }
    form::renamed(fields, &meant)
}

/// The provider of that name, or the one that it is nearest to.
pub fn meant_provider<'p>(
    word: &str,
    providers: &'p BTreeMap<String, Platform>,
) -> Option<(&'p str, Platform)> {
    let exact = providers.get_key_value(word);
    let near = || {
        let name = closest(word, providers.keys().map(String::as_str))?;
        providers.get_key_value(name)
    };
    let (name, platform) = exact.or_else(near)?;
    Some((name, *platform))
}

/// Makes a sync of its effective fields: its block upon its defaults.
///
/// `providers` are the names that files can use. What is missing or wrong is reported, and something
/// stands in for it, so that all else can be checked: for the provider the `likely` one. `None` is
/// returned without that one.
pub fn declare(
    block: &Block,
    effective: &Mapping,
    providers: &BTreeMap<String, Platform>,
    likely: Option<(&str, Platform)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<DesiredSync> {
    let mut reader = Reader {
        effective,
        block,
        diagnostics,
    };
    reader.report_padded_strings();

    let names = any_of(providers.keys().map(String::as_str));
    let provider = reader.required_word(
        PROVIDER,
        &format!("Write `provider:` here or at the top of the file. It can be {names}."),
    );
    let destination = reader.required(
        DESTINATION,
        "Write `destination:` with one of the words that `secsync schema list` shows.",
    );
    let project = reader.given(PROJECT).or_else(|| reader.given(PROJECT_ID));
    let connection = reader.connection().or_else(|| {
        let word = reader.given(CONNECTION_ID)?;
        Some((ConnectionRef::Id(word.text), word.span))
    });
    let name = match reader.word(NAME) {
        Some(name) => name,
        None => Word {
            text: block.key.clone(),
            span: block.key_span,
        },
    };
    let ensure = reader.choice(
        ENSURE,
        &[("present", Ensure::Present), ("absent", Ensure::Absent)],
    );
    let on_delete = reader.choice(
        ON_DELETE,
        &[
            ("keep-secrets", OnDelete::KeepSecrets),
            ("remove-secrets", OnDelete::RemoveSecrets),
        ],
    );
    let trigger = reader.choice(
        TRIGGER,
        &[
            ("never", Trigger::Never),
            ("on-change", Trigger::OnChange),
            ("always", Trigger::Always),
        ],
    );
    let protect = reader.flag(PROTECT);
    let ignore_remote = reader.ignored();
    let renamed_from = reader.word(RENAMED_FROM);
    if ensure == Ensure::Absent {
        reader.report_rename_of_absent();
    }
    let labels = reader.labels();
    if let Some(provider) = &provider {
        reader.report_unknown_provider(provider, providers);
    }
    // One that is misspelt is checked on as the one that is meant.
    let meant = provider
        .as_ref()
        .and_then(|provider| meant_provider(&provider.text, providers));
    let (meant, platform) = meant.or(likely)?;
    let provider = Word {
        text: meant.to_owned(),
        span: provider.map_or(block.key_span, |provider| provider.span),
    };
    reader.report_fields_without_effect(platform);
    let fields = effective
        .entries()
        .iter()
        .filter(|entry| !OWN_FIELDS.contains(&entry.key.as_str()))
        .cloned()
        .collect();
    Some(DesiredSync {
        name,
        provider,
        platform,
        project,
        // At the sync's key, as everything that no file says.
        destination: destination.unwrap_or_else(|| Word {
            text: String::new(),
            span: block.key_span,
        }),
        ensure,
        connection,
        labels,
        renamed_from,
        protect,
        ignore_remote,
        on_delete,
        trigger,
        fields,
        block: block.span,
        key: block.key_span,
        cell: block.cell.clone(),
    })
}

/// Reads secsync's own fields of one sync.
struct Reader<'a> {
    effective: &'a Mapping,
    block: &'a Block,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn wrong_type(&mut self, key: &str, node: &Node, wanted: &str) {
        let mut diagnostic = form::wrong_type(node, key, wanted);
        if node.style == Style::Plain && wanted == "a string" && !matches!(node.value, Value::Null)
        {
            diagnostic = diagnostic.help("Put it in quotes.");
        }
        self.diagnostics.push(diagnostic);
    }

    /// A string field that is not empty.
    fn word(&mut self, key: &str) -> Option<Word> {
        let node = self.effective.get(key)?;
        match node.as_str() {
            Some("") => {
                self.diagnostics.push(
                    Diagnostic::new(Code::WrongSize, node.span, format!("`{key}` is empty."))
                        .help("Give it a value, or leave it out."),
                );
                None
            }
            Some(text) => Some(Word {
                text: text.to_owned(),
                span: node.span,
            }),
            None => {
                self.wrong_type(key, node, "a string");
                None
            }
        }
    }

    /// A connection by its name, alone or with the scope of it.
    fn connection(&mut self) -> Option<(ConnectionRef, Span)> {
        let node = self.effective.get(CONNECTION)?;
        let Some(parts) = node.as_mapping() else {
            let word = self.given(CONNECTION)?;
            return Some((ConnectionRef::Name(word.text, None), word.span));
        };
        let parts = form::check_fields(parts, &["name", "scope"], "a connection", self.diagnostics);
        let mut of_parts = Reader {
            effective: &parts,
            block: self.block,
            diagnostics: &mut *self.diagnostics,
        };
        let scopes = Scope::ALL.map(|scope| (scope.word(), Some(scope)));
        let scope = of_parts.choice("scope", &scopes);
        if !parts.contains("name") {
            let message = "The `connection` has no `name`.";
            self.diagnostics.push(
                Diagnostic::new(Code::MissingField, node.span, message)
                    .help("Write `connection: {name: …, scope: …}`, or the name alone."),
            );
            return Some((ConnectionRef::Name(String::new(), scope), node.span));
        }
        let name = of_parts.given("name")?;
        Some((ConnectionRef::Name(name.text, scope), node.span))
    }

    /// A string field as [`Self::word`] reads it. Whatever is in the place of one is taken for one,
    /// once it has been reported: then the field is not missing, too.
    fn given(&mut self, key: &str) -> Option<Word> {
        let node = self.effective.get(key)?;
        let text = || match node.as_str() {
            Some(text) => text.to_owned(),
            None => node.to_json().to_string(),
        };
        Some(self.word(key).unwrap_or_else(|| Word {
            text: text(),
            span: node.span,
        }))
    }

    fn required(&mut self, key: &str, help: &str) -> Option<Word> {
        self.report_missing(key, help);
        self.given(key)
    }

    fn required_word(&mut self, key: &str, help: &str) -> Option<Word> {
        self.report_missing(key, help);
        self.word(key)
    }

    fn report_missing(&mut self, key: &str, help: &str) {
        if !self.effective.contains(key) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::MissingField,
                    self.block.key_span,
                    format!("The sync `{}` has no `{key}`.", self.block.key),
                )
                .help(help),
            );
        }
    }

    fn choice<T: Copy + Default>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        let Some(node) = self.effective.get(key) else {
            return T::default();
        };
        let names = choices.iter().map(|(name, _)| *name);
        let Some(word) = node.as_str() else {
            let wanted = format!("one of {}", any_of(names));
            self.wrong_type(key, node, &wanted);
            return T::default();
        };
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return *value;
        }
        self.diagnostics.push(
            Diagnostic::new(
                Code::WrongValue,
                node.span,
                format!("`{key}` cannot be `{word}`."),
            )
            .suggest(word, names.clone(), || {
                format!("It can be {}.", any_of(names.clone()))
            }),
        );
        // It is checked on as what it is likely meant to be.
        let meant = closest(word, names).filter(|meant| is_slip(word, meant));
        let mut choices = choices.iter();
        choices
            .find(|(name, _)| Some(*name) == meant)
            .map_or_else(T::default, |(_, value)| *value)
    }

    fn flag(&mut self, key: &str) -> bool {
        let Some(node) = self.effective.get(key) else {
            return false;
        };
        if let Some(value) = node.as_bool() {
            return value;
        }
        self.wrong_type(key, node, "true or false");
        false
    }

    fn ignored(&mut self) -> Vec<Word> {
        let Some(node) = self.effective.get(IGNORE_REMOTE) else {
            return Vec::new();
        };
        let Value::Sequence(items) = &node.value else {
            self.wrong_type(IGNORE_REMOTE, node, "a list of fields");
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                None => self.wrong_type(&format!("{IGNORE_REMOTE}[{index}]"), item, "a string"),
                Some(text) => match ignore::problem(text) {
                    None => patterns.push(Word {
                        text: text.to_owned(),
                        span: item.span,
                    }),
                    Some(problem) => self.diagnostics.push(
                        Diagnostic::new(
                            Code::WrongValue,
                            item.span,
                            format!("`{text}` in `{IGNORE_REMOTE}` {problem}."),
                        )
                        .help("Name a field of the platform, such as `syncOptions.keySchema`."),
                    ),
                },
            }
        }
        patterns
    }

    fn labels(&mut self) -> Vec<(String, String)> {
        let mut labels = Vec::new();
        let Some(node) = self.effective.get(LABELS) else {
            return labels;
        };
        let Some(mapping) = form::expect_mapping(node, "`labels`", self.diagnostics) else {
            return labels;
        };
        for entry in mapping.entries() {
            match entry.value.as_text() {
                Some(text) => labels.push((entry.key.clone(), text)),
                None => self.wrong_type(&format!("labels.{}", entry.key), &entry.value, "a string"),
            }
        }
        labels
    }

    fn report_unknown_provider(&mut self, provider: &Word, providers: &BTreeMap<String, Platform>) {
        if !providers.contains_key(&provider.text) {
            let names = || providers.keys().map(String::as_str);
            self.diagnostics.push(
                Diagnostic::new(
                    Code::UnknownProvider,
                    provider.span,
                    format!("`{}` is not a known provider.", provider.text),
                )
                .suggest(&provider.text, names(), || {
                    format!(
                        "The providers are {}. Declare others under `providers:` in secsync.yaml.",
                        list(names())
                    )
                }),
            );
        }
    }

    fn report_rename_of_absent(&mut self) {
        let entry = |key| self.effective.entry(key);
        if let (Some(renamed), Some(ensure)) = (entry(RENAMED_FROM), entry(ENSURE)) {
            let message = "`renamedFrom` and `ensure: absent` are given together: a sync is \
                           either renamed or deleted.";
            self.diagnostics.push(
                Diagnostic::new(Code::ConflictingFields, renamed.key_span, message)
                    .also(ensure.key_span, "the other one")
                    .help(
                        "Keep one of the two. A sync is deleted under the name that it has on the \
                         platform.",
                    ),
            );
        }
    }

    /// Reports what the sync itself says and its platform has no use for. A default may be meant
    /// for the syncs of another platform.
    fn report_fields_without_effect(&mut self, platform: Platform) {
        if platform.reads_back() {
            return;
        }
        for (key, lacking) in WITHOUT_EFFECT_ON_STARTS {
            if let Some(entry) = self.block.fields.entry(key) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::NoEffect,
                        entry.key_span,
                        format!(
                            "`{key}` has no effect on the sync `{}`: {} publishes no way to {lacking}.",
                            self.block.key,
                            platform.title()
                        ),
                    )
                    .help("Remove it."),
                );
            }
        }
    }

    /// The platform keeps some blanks and drops others; no one wants to find out which.
    fn report_padded_strings(&mut self) {
        for entry in self.effective.entries() {
            if entry.key != DESCRIPTION {
                report_padded(&entry.value, &entry.key, self.diagnostics);
            }
        }
    }
}

fn report_padded(node: &Node, path: &str, diagnostics: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::String(text) if text.trim() != text => diagnostics.push(
            Diagnostic::new(
                Code::PaddedString,
                node.span,
                format!("`{path}` starts or ends with blanks: {text:?}."),
            )
            .help(format!("Write {:?}.", text.trim())),
        ),
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                report_padded(item, &format!("{path}[{index}]"), diagnostics);
            }
        }
        Value::Mapping(mapping) => {
            for entry in mapping.entries() {
                report_padded(&entry.value, &format!("{path}.{}", entry.key), diagnostics);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value as Json, json};

    use super::declare;
    use crate::core::code::Code;
    use crate::core::desired::{DesiredSync, Ensure};
    use crate::core::diagnostic::Diagnostic;
    use crate::core::span::Span;
    use crate::core::sync_file::Block;
    use crate::core::testing::{ENKRYPTIFY, INFISICAL, mapping, source};

    fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
        diagnostics.iter().map(|found| found.code).collect()
    }

    fn declared(fields: Json) -> (Option<DesiredSync>, Vec<Diagnostic>) {
        let providers = BTreeMap::from([
            ("infisical".to_owned(), INFISICAL),
            ("enkryptify".to_owned(), ENKRYPTIFY),
        ]);
        let span = Span::new(source(), 0, 0);
        let fields = mapping(fields);
        let block = Block {
            key: "web".to_owned(),
            key_span: span,
            span,
            fields: fields.clone(),
            cell: None,
        };
        let mut diagnostics = Vec::new();
        let sync = declare(&block, &fields, &providers, None, &mut diagnostics);
        (sync, diagnostics)
    }

    #[test]
    fn the_key_is_the_name_unless_a_name_is_given() {
        let identity = json!({"provider": "enkryptify", "destination": "vercel", "project": "p"});
        let (sync, found) = declared(identity.clone());
        assert_eq!(codes(&found), []);
        assert_eq!(sync.unwrap().name.text, "web");
        let mut named = identity;
        named["name"] = json!("other");
        assert_eq!(declared(named).0.unwrap().name.text, "other");
    }

    #[test]
    fn separates_own_fields_from_those_of_the_platform() {
        let (sync, found) = declared(json!({
            "provider": "infisical", "destination": "humanitec", "projectId": "p",
            "ensure": "absent", "labels": {"team": "x", "tier": 1}, "environment": "dev",
        }));
        assert_eq!(codes(&found), []);
        let sync = sync.unwrap();
        assert_eq!(sync.ensure, Ensure::Absent);
        assert!(sync.labels.contains(&("tier".to_owned(), "1".to_owned())));
        assert_eq!(sync.project.as_ref().unwrap().text, "p");
        assert_eq!(
            Json::Object(sync.fields_as_json()),
            json!({"environment": "dev"})
        );
    }

    #[test]
    fn every_problem_of_a_sync_is_reported_at_once() {
        let (sync, found) = declared(json!({
            "provider": "infisicle", "destination": 7, "ensure": "gone", "protect": "yes",
            "trigger": "on-chang", "labels": [], "connection": "",
        }));
        assert_eq!(sync.unwrap().platform, INFISICAL);
        assert_eq!(
            codes(&found),
            [
                Code::WrongType,
                Code::WrongSize,
                Code::WrongValue,
                Code::WrongValue,
                Code::WrongType,
                Code::WrongType,
                Code::UnknownProvider,
            ]
        );
    }

    #[test]
    fn a_sync_that_is_to_be_absent_cannot_be_renamed() {
        let rename = |ensure: &str| {
            let fields = json!({
                "provider": "infisical", "destination": "humanitec", "ensure": ensure,
                "renamedFrom": "old",
            });
            codes(&declared(fields).1)
        };
        assert_eq!(rename("absent"), [Code::ConflictingFields]);
        assert_eq!(rename("present"), []);
    }

    #[test]
    fn reports_fields_without_effect_only_if_the_sync_itself_has_them() {
        let found = |provider: &str| {
            declared(json!({
                "provider": provider, "destination": "vercel", "protect": true,
                "onDelete": "remove-secrets", "trigger": "always",
            }))
            .1
        };
        assert_eq!(codes(&found("enkryptify")), [Code::NoEffect; 3]);
        assert_eq!(codes(&found("infisical")), []);
    }

    #[test]
    fn an_unknown_provider_gets_a_did_you_mean() {
        let (_, found) = declared(json!({"provider": "infisicle", "destination": "humanitec"}));
        assert_eq!(codes(&found), [Code::UnknownProvider]);
        assert_eq!(found[0].help.as_deref(), Some("Did you mean `infisical`?"));
    }

    #[test]
    fn blanks_at_the_ends_are_an_error_except_in_the_description() {
        let (_, found) = declared(json!({
            "provider": "infisical", "destination": "humanitec", "description": " kept ",
            "environment": "dev ", "destinationConfig": {"org": " acme", "list": ["\tx"]},
        }));
        let messages: Vec<_> = found.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`environment` starts or ends with blanks: \"dev \".",
                "`destinationConfig.org` starts or ends with blanks: \" acme\".",
                "`destinationConfig.list[0]` starts or ends with blanks: \"\\tx\".",
            ]
        );
    }
}
