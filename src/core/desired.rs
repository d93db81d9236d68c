//! What the files want: sync files and the syncs in them.

use std::collections::BTreeMap;

use serde_json::Map;

use super::code::Code;
use super::diagnostic::{Diagnostic, closest};
use super::merge::ALTERNATIVES;
use super::normalize::CONNECTION_ID;
use super::plan::SAVED_PLAN;
use super::platform::Platform;
use super::span::Span;
use super::value::{Entry, Mapping, Node, Style, Value};

/// The fields at the top of a sync file.
pub const FILE_FIELDS: [&str; 7] = [
    "version",
    "provider",
    "project",
    "projectId",
    "defaults",
    "syncs",
    "$schema",
];

/// secsync's own fields in a sync. Everything else goes to the platform as it stands.
pub const OWN_FIELDS: [&str; 13] = [
    "provider",
    "project",
    "projectId",
    "connection",
    "connectionId",
    "destination",
    "name",
    "labels",
    "ensure",
    "renamedFrom",
    "protect",
    "onDelete",
    "trigger",
];

/// The platform's field that a field of a sync becomes; none for those that are secsync's alone.
pub fn platform_field(key: &str) -> Option<&str> {
    match key {
        "connection" | CONNECTION_ID => Some(CONNECTION_ID),
        own if OWN_FIELDS.contains(&own) => None,
        field => Some(field),
    }
}

/// Fields that mean one sync and make no sense as a default.
pub const NOT_IN_DEFAULTS: [&str; 3] = ["ensure", "renamedFrom", "name"];

/// Fields that say how to treat what a platform that only starts syncs cannot do, and what that is.
const WITHOUT_EFFECT_ON_STARTS: [(&str, &str); 3] = [
    ("protect", "delete or replace a sync"),
    ("onDelete", "delete a sync"),
    ("trigger", "ask for a sync job"),
];

/// A sync file as it stands, before defaults are merged into its syncs.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncFile {
    /// The file's defaults, its file-wide `provider` and `project` among them.
    pub defaults: Mapping,
    /// Its syncs, in the order of the file.
    pub syncs: Vec<Block>,
}

/// A sync's block in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The key that the block stands under.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// From the key to the end of the block.
    pub span: Span,
    /// What the block itself says.
    pub fields: Mapping,
}

/// Whether a sync is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ensure {
    /// It is created and kept as declared.
    #[default]
    Present,
    /// It is deleted if it is there.
    Absent,
}

/// What happens to the secrets at the destination when a sync is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDelete {
    /// They stay.
    #[default]
    KeepSecrets,
    /// The platform removes them first.
    RemoveSecrets,
}

/// When apply asks for a sync job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trigger {
    /// Never.
    #[default]
    Never,
    /// After a change that queues no job by itself.
    OnChange,
    /// With every apply.
    Always,
}

/// A connection as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionRef {
    /// `connection:`, to be looked up.
    Name(String),
    /// `connectionId:`, sent as it is.
    Id(String),
}

/// A word of a file and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A sync as the files want it, with its defaults merged in.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredSync {
    /// Its name on the platform.
    pub name: Word,
    /// The provider's name in the files.
    pub provider: Word,
    /// Which platform that provider is.
    pub platform: Platform,
    /// The project as spelled: an id, a slug or a name. None until a default is found for it.
    pub project: Option<Word>,
    /// The destination's slug.
    pub destination: Word,
    /// Whether it is to be there.
    pub ensure: Ensure,
    /// The connection, where the platform has connections.
    pub connection: Option<(ConnectionRef, Span)>,
    /// For selection; never sent.
    pub labels: BTreeMap<String, String>,
    /// The name that it had before.
    pub renamed_from: Option<Word>,
    /// Whether it may never be deleted or replaced.
    pub protect: bool,
    /// What a deletion does at the destination.
    pub on_delete: OnDelete,
    /// When apply asks for a job.
    pub trigger: Trigger,
    /// The platform's own fields, with their places.
    pub fields: Mapping,
    /// The block that declares it.
    pub block: Span,
    /// The key of that block.
    pub key: Span,
}

/// A project that a file names at its top, so that it is read even if it has no sync in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProject {
    /// The provider's name in the files.
    pub provider: Word,
    /// Which platform that provider is.
    pub platform: Platform,
    /// The project as spelled.
    pub project: Word,
}

impl DesiredSync {
    /// The platform's own fields as they would be sent.
    pub fn fields_as_json(&self) -> Map<String, serde_json::Value> {
        self.fields
            .entries()
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_json()))
            .collect()
    }

    /// The place of a field by its path, or of the nearest thing around it that has one.
    pub fn place(&self, path: &[String]) -> Span {
        let mut mapping = &self.fields;
        let mut place = self.key;
        for key in path {
            let Some(entry) = mapping.entry(key) else {
                break;
            };
            place = entry.key_span;
            match entry.value.as_mapping() {
                Some(inner) => mapping = inner,
                None => break,
            }
        }
        place
    }
}

/// Reads a document of a sync file. What is wrong is reported, and the rest is read all the same.
pub fn read_file(document: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<SyncFile> {
    let top = expect_mapping(document, "A sync file", diagnostics)?;
    if let Some(format) = top.entry("format")
        && format.value.as_str() == Some(SAVED_PLAN)
    {
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownField,
                format.key_span,
                "This is a saved plan, and no sync file.",
            )
            .help("`secsync show` shows it, and `secsync apply` carries it out."),
        );
        return None;
    }
    report_unknown_fields(top, &FILE_FIELDS, "a sync file", diagnostics);
    check_version(top, diagnostics);

    let mut defaults = match top.get("defaults") {
        Some(node) if !node.is_null() => expect_mapping(node, "`defaults`", diagnostics)
            .cloned()
            .unwrap_or_default(),
        _ => Mapping::default(),
    };
    check_defaults(&defaults, diagnostics);
    for key in ["provider", "project", "projectId"] {
        let Some(entry) = top.entry(key).filter(|entry| !entry.value.is_null()) else {
            continue;
        };
        if let Some(also) = defaults.entry(key) {
            diagnostics.push(
                Diagnostic::new(
                    Code::ConflictingFields,
                    entry.key_span,
                    format!("`{key}` stands both at the top of the file and in its defaults."),
                )
                .also(also.key_span, "and here")
                .help("Keep one of the two."),
            );
        }
        defaults.insert(entry.clone());
    }
    check_alternatives(&defaults, diagnostics);

    let syncs = if let Some(entry) = top.entry("syncs") {
        read_blocks(entry, diagnostics)
    } else {
        diagnostics.push(
            Diagnostic::new(
                Code::MissingField,
                document.span,
                "This sync file has no `syncs`.",
            )
            .help("Add `syncs:` with one entry for each sync, under the sync's name."),
        );
        Vec::new()
    };
    Some(SyncFile { defaults, syncs })
}

fn read_blocks(syncs: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<Block> {
    if syncs.value.is_null() {
        return Vec::new();
    }
    let before = diagnostics.len();
    let Some(mapping) = expect_mapping(&syncs.value, "`syncs`", diagnostics) else {
        if let (Value::Sequence(_), Some(found)) = (&syncs.value.value, diagnostics.get_mut(before))
        {
            found.help =
                Some("Write each sync below its name: `web:` instead of `- name: web`.".to_owned());
        }
        return Vec::new();
    };
    let mut blocks = Vec::with_capacity(mapping.len());
    for entry in mapping.entries() {
        let fields = if entry.value.is_null() {
            Mapping::default()
        } else {
            let what = format!("The sync `{}`", entry.key);
            match expect_mapping(&entry.value, &what, diagnostics) {
                Some(fields) => fields.clone(),
                None => continue,
            }
        };
        check_alternatives(&fields, diagnostics);
        blocks.push(Block {
            key: entry.key.clone(),
            key_span: entry.key_span,
            span: Span::new(
                entry.key_span.source,
                entry.key_span.start,
                entry.value.span.end.max(entry.key_span.end),
            ),
            fields,
        });
    }
    blocks
}

/// Reports what cannot stand in a `defaults` block, of a file or of the workspace.
pub fn check_defaults(defaults: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
    for key in NOT_IN_DEFAULTS {
        if let Some(entry) = defaults.entry(key) {
            diagnostics.push(
                Diagnostic::new(
                    Code::NotAllowedInDefaults,
                    entry.key_span,
                    format!("`{key}` is not allowed in defaults, as it is about one sync."),
                )
                .help(format!("Write `{key}` in the sync that it is meant for.")),
            );
        }
    }
}

/// Reports fields of one map that exclude each other.
pub fn check_alternatives(fields: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
    for (one, other) in ALTERNATIVES {
        let given = |key| fields.entry(key).filter(|entry| !entry.value.is_null());
        if let (Some(first), Some(second)) = (given(one), given(other)) {
            diagnostics.push(
                Diagnostic::new(
                    Code::ConflictingFields,
                    second.key_span,
                    format!("`{one}` and `{other}` are given together, and only one can count."),
                )
                .also(first.key_span, "the other one")
                .help("Keep one of the two."),
            );
        }
    }
}

/// Reports a `version` that this program does not read.
pub fn check_version(top: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(version) = top.get("version")
        && version.to_json() != serde_json::json!(1)
        && !version.is_null()
    {
        diagnostics.push(
            Diagnostic::new(
                Code::UnsupportedVersion,
                version.span,
                format!(
                    "The version is `{}`, and 1 is the only one.",
                    version.to_json()
                ),
            )
            .help("Write `version: 1`, or leave it out."),
        );
    }
}

/// Reports every key of a map that is not in the list, with the one that was likely meant.
pub fn report_unknown_fields(
    mapping: &Mapping,
    known: &[&str],
    place: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for entry in mapping.entries() {
        if known.contains(&entry.key.as_str()) {
            continue;
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownField,
            entry.key_span,
            format!("`{}` is not a field of {place}.", entry.key),
        );
        diagnostics.push(match closest(&entry.key, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("Did you mean `{near}`?")),
            None => diagnostic.help(format!("The fields are {}.", list(known.iter().copied()))),
        });
    }
}

/// Words in backquotes, with commas and an "and".
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    quoted_words(words, "and")
}

/// Words in backquotes, with commas and an "or".
pub fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    quoted_words(words, "or")
}

fn quoted_words<'a>(words: impl IntoIterator<Item = &'a str>, before_last: &str) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {before_last} {last}", others.join(", ")),
    }
}

/// The map that a value should be, or a finding.
pub fn expect_mapping<'a>(
    node: &'a Node,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a Mapping> {
    let mapping = node.as_mapping();
    if mapping.is_none() {
        diagnostics.push(
            Diagnostic::new(
                Code::WrongType,
                node.span,
                format!("{what} must be a map, and this is {}.", node.value.kind()),
            )
            .help("Write `key: value` lines below it, indented by two spaces."),
        );
    }
    mapping
}

/// The project that defaults name, if they name one of a known provider.
pub fn named_project(
    defaults: &Mapping,
    providers: &BTreeMap<String, Platform>,
) -> Option<NamedProject> {
    let word = |key: &str| {
        let node = defaults.get(key)?;
        Some(Word {
            text: node.as_str()?.to_owned(),
            span: node.span,
        })
    };
    let provider = word("provider")?;
    let kind = *providers.get(&provider.text)?;
    let project = word("project").or_else(|| word("projectId"))?;
    Some(NamedProject {
        provider,
        platform: kind,
        project,
    })
}

/// Makes a sync of its effective fields: its block upon its defaults.
///
/// `providers` are the names that files can use. None is returned where something that
/// the sync's identity needs is missing or wrong; that was reported then.
pub fn declare(
    block: &Block,
    effective: &Mapping,
    providers: &BTreeMap<String, Platform>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<DesiredSync> {
    let mut reader = Reader {
        effective,
        block,
        diagnostics,
    };
    reader.report_padded_strings();

    let provider = reader.required_word(
        "provider",
        "Write `provider: infisical` or `provider: enkryptify`, here or at the top of the file.",
    );
    let destination = reader.required_word(
        "destination",
        "Write `destination:` with one of the words that `secsync schema list` shows.",
    );
    let project = reader.word("project").or_else(|| reader.word("projectId"));
    let connection = reader
        .word("connection")
        .map(|word| (ConnectionRef::Name(word.text), word.span))
        .or_else(|| {
            let word = reader.word("connectionId")?;
            Some((ConnectionRef::Id(word.text), word.span))
        });
    let name = match reader.word("name") {
        Some(name) => name,
        None => Word {
            text: block.key.clone(),
            span: block.key_span,
        },
    };
    let ensure = reader.choice(
        "ensure",
        &[("present", Ensure::Present), ("absent", Ensure::Absent)],
    );
    let on_delete = reader.choice(
        "onDelete",
        &[
            ("keep-secrets", OnDelete::KeepSecrets),
            ("remove-secrets", OnDelete::RemoveSecrets),
        ],
    );
    let trigger = reader.choice(
        "trigger",
        &[
            ("never", Trigger::Never),
            ("on-change", Trigger::OnChange),
            ("always", Trigger::Always),
        ],
    );
    let protect = reader.flag("protect");
    let renamed_from = reader.word("renamedFrom");
    if ensure == Ensure::Absent {
        reader.report_rename_of_absent();
    }
    let labels = reader.labels();
    let (provider, destination) = (provider?, destination?);
    let kind = reader.platform_of(&provider, providers)?;
    reader.report_fields_without_effect(kind);
    let fields = effective
        .entries()
        .iter()
        .filter(|entry| !OWN_FIELDS.contains(&entry.key.as_str()))
        .cloned()
        .collect();
    Some(DesiredSync {
        name,
        provider,
        platform: kind,
        project,
        destination,
        ensure,
        connection,
        labels,
        renamed_from,
        protect,
        on_delete,
        trigger,
        fields,
        block: block.span,
        key: block.key_span,
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
        let mut diagnostic = Diagnostic::new(
            Code::WrongType,
            node.span,
            format!(
                "`{key}` must be {wanted}, and this is {}.",
                node.value.kind()
            ),
        );
        if node.style == Style::Plain && wanted == "a string" {
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

    fn required_word(&mut self, key: &str, help: &str) -> Option<Word> {
        if !self.effective.contains(key) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::MissingField,
                    self.block.key_span,
                    format!("The sync `{}` has no `{key}`.", self.block.key),
                )
                .help(help),
            );
            return None;
        }
        self.word(key)
    }

    fn choice<T: Copy + Default>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        let Some(node) = self.effective.get(key) else {
            return T::default();
        };
        let names = choices.iter().map(|(name, _)| *name);
        let Some(word) = node.as_str() else {
            self.diagnostics.push(Diagnostic::new(
                Code::WrongType,
                node.span,
                format!(
                    "`{key}` must be one of {}, and this is {}.",
                    any_of(names),
                    node.value.kind()
                ),
            ));
            return T::default();
        };
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return *value;
        }
        let diagnostic = Diagnostic::new(
            Code::WrongValue,
            node.span,
            format!("`{key}` cannot be `{word}`."),
        );
        self.diagnostics.push(match closest(word, names.clone()) {
            Some(near) => diagnostic.help(format!("Did you mean `{near}`?")),
            None => diagnostic.help(format!("It can be {}.", any_of(names))),
        });
        T::default()
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

    fn labels(&mut self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let Some(node) = self.effective.get("labels") else {
            return labels;
        };
        let Some(mapping) = expect_mapping(node, "`labels`", self.diagnostics) else {
            return labels;
        };
        for entry in mapping.entries() {
            match &entry.value.value {
                Value::String(text) => {
                    labels.insert(entry.key.clone(), text.clone());
                }
                Value::Bool(value) => {
                    labels.insert(entry.key.clone(), value.to_string());
                }
                Value::Number(value) => {
                    labels.insert(entry.key.clone(), value.to_string());
                }
                _ => self.wrong_type(&format!("labels.{}", entry.key), &entry.value, "a string"),
            }
        }
        labels
    }

    fn platform_of(
        &mut self,
        provider: &Word,
        providers: &BTreeMap<String, Platform>,
    ) -> Option<Platform> {
        let kind = providers.get(&provider.text).copied();
        if kind.is_none() {
            let names = || providers.keys().map(String::as_str);
            let diagnostic = Diagnostic::new(
                Code::UnknownProvider,
                provider.span,
                format!("There is no provider `{}`.", provider.text),
            );
            self.diagnostics
                .push(match closest(&provider.text, names()) {
                Some(near) => diagnostic.help(format!("Did you mean `{near}`?")),
                None => diagnostic.help(format!(
                    "The providers are {}. Others are declared under `providers:` in secsync.yaml.",
                    list(names())
                )),
            });
        }
        kind
    }

    fn report_rename_of_absent(&mut self) {
        let entry = |key| self.effective.entry(key);
        if let (Some(renamed), Some(ensure)) = (entry("renamedFrom"), entry("ensure")) {
            let message = "`renamedFrom` and `ensure: absent` are given together: a sync is renamed \
                           or deleted, and not both.";
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
    fn report_fields_without_effect(&mut self, kind: Platform) {
        if kind.reads_back() {
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
                            kind.title()
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
            if entry.key != "description" {
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
                format!("`{path}` has blanks at an end: {text:?}."),
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

/// Finds syncs that are declared twice: the same provider, project and name, as spelled.
/// Where a platform's names are unique only within a destination, that counts, too.
pub fn report_duplicates(syncs: &[DesiredSync], diagnostics: &mut Vec<Diagnostic>) {
    report_duplicates_by(syncs, diagnostics, |sync| {
        let project = sync.project.as_ref().map(|project| project.text.clone());
        (sync.provider.text.clone(), project)
    });
}

/// Finds syncs that are declared twice, given what tells their places apart besides the name.
pub fn report_duplicates_by<K: Ord>(
    syncs: &[DesiredSync],
    diagnostics: &mut Vec<Diagnostic>,
    place: impl Fn(&DesiredSync) -> K,
) {
    let mut seen = BTreeMap::new();
    for sync in syncs {
        let destination = sync.platform.identifying(&sync.destination.text);
        let identity = (place(sync), destination, &sync.name.text);
        if let Some(first) = seen.get(&identity) {
            diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateSync,
                    sync.name.span,
                    format!("The sync `{}` is declared twice.", sync.name.text),
                )
                .label("declared again")
                .also(*first, "first declared here")
                .help("Remove one of them, or give it another name."),
            );
        } else {
            seen.insert(identity, sync.name.span);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value as Json, json};

    use super::{Block, DesiredSync, Ensure, declare, read_file};
    use crate::core::code::Code;
    use crate::core::diagnostic::Diagnostic;
    use crate::core::span::Span;
    use crate::core::testing::{ENKRYPTIFY, INFISICAL, mapping, node, source};

    fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
        diagnostics.iter().map(|found| found.code).collect()
    }

    fn file_codes(document: Json) -> Vec<Code> {
        let mut diagnostics = Vec::new();
        read_file(&node(document), &mut diagnostics);
        codes(&diagnostics)
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
        };
        let mut diagnostics = Vec::new();
        let sync = declare(&block, &fields, &providers, &mut diagnostics);
        (sync, diagnostics)
    }

    #[test]
    fn a_file_gives_its_syncs_and_its_file_wide_defaults() {
        let mut diagnostics = Vec::new();
        let file = read_file(
            &node(json!({
                "version": 1, "provider": "infisical", "project": "p",
                "defaults": {"environment": "prod"}, "syncs": {"a": {"x": 1}, "b": null},
            })),
            &mut diagnostics,
        )
        .unwrap();
        assert_eq!(codes(&diagnostics), []);
        let keys: Vec<_> = file.syncs.iter().map(|block| block.key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
        for key in ["environment", "provider", "project"] {
            assert!(file.defaults.contains(key), "{key}");
        }
    }

    #[test]
    fn every_problem_of_a_file_is_reported() {
        let document = json!({
            "version": 2, "sync": {}, "project": "p", "projectId": "q",
            "defaults": {"ensure": "absent", "renamedFrom": "x", "name": "y"}, "syncs": {"a": 1},
        });
        assert_eq!(
            file_codes(document),
            [
                Code::UnknownField,
                Code::UnsupportedVersion,
                Code::NotAllowedInDefaults,
                Code::NotAllowedInDefaults,
                Code::NotAllowedInDefaults,
                Code::ConflictingFields,
                Code::WrongType,
            ]
        );
    }

    #[test]
    fn a_file_without_syncs_or_that_is_no_map_is_an_error() {
        assert_eq!(
            file_codes(json!({"provider": "infisical"})),
            [Code::MissingField]
        );
        assert_eq!(file_codes(json!([1])), [Code::WrongType]);
        assert_eq!(file_codes(json!({"syncs": null})), []);
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
    fn own_fields_are_read_and_the_platforms_are_kept_apart() {
        let (sync, found) = declared(json!({
            "provider": "infisical", "destination": "humanitec", "projectId": "p",
            "ensure": "absent", "labels": {"team": "x", "tier": 1}, "environment": "dev",
        }));
        assert_eq!(codes(&found), []);
        let sync = sync.unwrap();
        assert_eq!(sync.ensure, Ensure::Absent);
        assert_eq!(sync.labels["tier"], "1");
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
        assert!(sync.is_none());
        assert_eq!(
            codes(&found),
            [
                Code::WrongType,
                Code::WrongSize,
                Code::WrongValue,
                Code::WrongValue,
                Code::WrongType,
                Code::WrongType,
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
    fn what_a_platform_that_only_starts_has_no_use_for_is_told_where_the_sync_itself_says_it() {
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
                "`environment` has blanks at an end: \"dev \".",
                "`destinationConfig.org` has blanks at an end: \" acme\".",
                "`destinationConfig.list[0]` has blanks at an end: \"\\tx\".",
            ]
        );
    }
}
