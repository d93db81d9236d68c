//! One of the many ways to write a workspace down.
//!
//! A sync's style decides what is left to the defaults or said again, what is a variable, and how
//! its project and connection are named; the order decides the order of files, syncs and keys.
//! None of it may change what the workspace means.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::model::{Content, Fields, Goal, Sync, Workspace, fields};
use super::world::{CONNECTIONS, PROJECTS, STARTED_PROJECT};

/// Marks a string that is written as it is, without quotes.
const BARE: char = '\u{e000}';

/// A workspace as text.
#[derive(Default)]
pub struct Written {
    /// The path of each file, and its text.
    pub files: BTreeMap<String, String>,
    /// The values of the variables that come from the command line and from the environment.
    pub arguments: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
}

impl fmt::Debug for Workspace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = write(self, 0);
        for (path, text) in &written.files {
            write!(formatter, "\n# {path}\n{text}")?;
        }
        let variables: Vec<_> = written
            .arguments
            .iter()
            .chain(&written.environment)
            .collect();
        write!(formatter, "# further variables: {variables:?}")
    }
}

/// Writes a workspace. Order 0 is the one of the model.
pub fn write(workspace: &Workspace, order: u64) -> Written {
    let mut pen = Pen {
        order,
        written: Written::default(),
        variables: Fields::new(),
    };
    let mut path = String::new();
    for (index, file) in workspace.files.iter().enumerate() {
        let mut document = Fields::new();
        let mut inherited = file.defaults.clone();
        for key in ["provider", "project"] {
            if let Some(value) = inherited.remove(key) {
                document.insert(key.to_owned(), value);
            }
        }
        if !inherited.is_empty() {
            document.insert("defaults".to_owned(), escaped(&inherited.into()));
        }
        let mut syncs = Fields::new();
        for (at, sync) in file.syncs.iter().enumerate() {
            let (key, block) = pen.block(sync, &workspace.defaults, &file.defaults);
            // Two platforms may use one name, a map may not use one key.
            let key = if syncs.contains_key(&key) {
                format!("{key}-{at}")
            } else {
                key
            };
            let mut block = block;
            if key != sync.name {
                block.insert("name".to_owned(), sync.name.clone().into());
            }
            syncs.insert(key, block.into());
        }
        document.insert("syncs".to_owned(), syncs.into());
        let text = pen.yaml(&document);
        if index > 0 && file.continues {
            let before: &mut String = pen.written.files.entry(path.clone()).or_default();
            before.push_str("---\n");
            before.push_str(&text);
        } else {
            path = format!("syncs/{:04x}-{index}.yaml", pen.place(&index) & 0xffff);
            pen.written.files.insert(path.clone(), text);
        }
    }
    let mut top = fields(json!({"include": ["syncs/**/*.yaml"]}));
    for (key, value) in [
        ("defaults", escaped(&workspace.defaults.clone().into())),
        ("variables", pen.variables.clone().into()),
        ("protect", workspace.protect.clone().into()),
        ("unmanaged", json!({"ignore": workspace.ignore})),
    ] {
        top.insert(key.to_owned(), value);
    }
    let text = pen.yaml(&top);
    pen.written.files.insert("secsync.yaml".to_owned(), text);
    pen.written
}

/// What a sync that is only started does not inherit.
const OF_THE_OTHER_PLATFORM: [&str; 8] = [
    "connection",
    "connectionId",
    "description",
    "destinationConfig",
    "environment",
    "isAutoSyncEnabled",
    "secretPath",
    "syncOptions",
];

/// What a sync inherits: the file's defaults upon the workspace's, less what does not fit it.
fn inherited(workspace: &Fields, file: &Fields, own: &Fields) -> Fields {
    let tag = match own["destination"].as_str() {
        Some("teamcity") => None,
        Some("aws-secrets-manager") => Some("mappingBehavior"),
        _ => Some("scope"),
    };
    let mut base = without_other_kind(workspace, file, tag);
    for (one, other) in [
        ("connection", "connectionId"),
        ("connectionId", "connection"),
    ] {
        if file.contains_key(one) {
            base.remove(other);
        }
    }
    lay(&mut base, file);
    without_other_kind(&base, own, tag)
}

fn without_other_kind(base: &Fields, over: &Fields, tag: Option<&str>) -> Fields {
    let differ = |one: Option<&Value>, other: Option<&Value>| matches!((one, other), (Some(one), Some(other)) if one != other);
    let tag_of = |fields: &Fields| fields.get("destinationConfig")?.get(tag?).cloned();
    let mut base = base.clone();
    if differ(base.get("destination"), over.get("destination"))
        || differ(tag_of(&base).as_ref(), tag_of(over).as_ref())
    {
        base.remove("destinationConfig");
    }
    base
}

fn lay(base: &mut Fields, over: &Fields) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Object(base)), Value::Object(over)) => lay(base, over),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

struct Pen {
    order: u64,
    written: Written,
    variables: Fields,
}

impl Pen {
    fn place(&self, what: &impl Hash) -> u64 {
        if self.order == 0 {
            0
        } else {
            hash(&(self.order, what))
        }
    }

    /// A sync's key and block.
    fn block(&mut self, sync: &Sync, workspace: &Fields, file: &Fields) -> (String, Fields) {
        let style = Style(sync.style);
        let own = declared(sync, style);
        let mut inherited = inherited(workspace, file, &own);
        let is_started = matches!(sync.goal, Goal::Started(_));
        if is_started && !style.has("null for what another platform knows") {
            inherited.retain(|key, _| !OF_THE_OTHER_PLATFORM.contains(&key.as_str()));
        }
        let mut block = overlay(&own, &inherited, style, "");
        let is_nowhere = !own.contains_key("description") && !inherited.contains_key("description");
        if is_nowhere && style.has("null without anything inherited") {
            block.insert("description".to_owned(), Value::Null);
        }
        let mut block: Value = block.into();
        self.vary(&mut block, style, "");
        let key = if style.has("another key") {
            format!("{} of {}", sync.name, sync.project)
        } else {
            sync.name.clone()
        };
        (key, fields(block))
    }

    /// Puts variables in place of values, and escapes what looks like one.
    fn vary(&mut self, value: &mut Value, style: Style, path: &str) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.vary(value, style, &format!("{path}.{key}"));
                }
            }
            Value::String(text) => {
                let middle = text.chars().count() / 2;
                let at = text.char_indices().nth(middle).map_or(0, |(at, _)| at);
                let (first, last) = text.split_at(at);
                // A blank end would be reported in a value that is put together, too.
                let varied = match (style.number(path) % 8, is_bare(text)) {
                    (0, true) => format!("{BARE}{}", self.variable(text)),
                    (1, _) => self.variable(text),
                    (2, _) => format!("{}{}", escape(first), self.variable(last)),
                    _ => escape(text),
                };
                *text = varied;
            }
            Value::Bool(_) if style.number(path).is_multiple_of(8) => {
                *value = format!("{BARE}{}", self.variable(&value.to_string())).into();
            }
            _ => {}
        }
    }

    /// A new variable of that value, from one of the places that variables come from.
    fn variable(&mut self, value: &str) -> String {
        let number =
            self.variables.len() + self.written.arguments.len() + self.written.environment.len();
        let name = format!("V{number}");
        match number % 3 {
            0 => {
                self.variables
                    .insert(name.clone(), json!({"default": value}));
            }
            1 => {
                self.written
                    .arguments
                    .insert(name.clone(), value.to_owned());
            }
            _ => {
                self.written
                    .environment
                    .insert(name.clone(), value.to_owned());
            }
        }
        format!("${{var.{name}}}")
    }

    fn yaml(&self, document: &Fields) -> String {
        let mut text = String::new();
        self.write_map(document, 0, &mut text);
        text
    }

    fn write_map(&self, map: &Fields, depth: usize, text: &mut String) {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(key, _)| self.place(key));
        for (key, value) in entries {
            text.push_str(&"  ".repeat(depth));
            let key = if is_bare(key) {
                key.clone()
            } else {
                Value::from(key.as_str()).to_string()
            };
            text.push_str(&key);
            text.push(':');
            match value {
                Value::Object(inner) if !inner.is_empty() => {
                    text.push('\n');
                    self.write_map(inner, depth + 1, text);
                }
                Value::String(bare) if bare.starts_with(BARE) => {
                    text.push_str(&format!(" {}\n", bare.trim_start_matches(BARE)));
                }
                Value::String(plain) if is_bare(plain) => text.push_str(&format!(" {plain}\n")),
                other => text.push_str(&format!(" {other}\n")),
            }
        }
    }
}

/// Whether a text is a string without quotes, too.
fn is_bare(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !["true", "false", "null"].contains(&text)
}

fn escape(text: &str) -> String {
    text.replace("${var.", "$${var.")
}

fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => escape(text).into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), escaped(value)))
            .collect::<Fields>()
            .into(),
        other => other.clone(),
    }
}

/// Everything that a sync declares, defaults included.
fn declared(sync: &Sync, style: Style) -> Fields {
    let mut own = Fields::new();
    let mut put = |key: &str, value: Value| own.insert(key.to_owned(), value);
    let project = PROJECTS[sync.project];
    match &sync.goal {
        Goal::Started(destination) => {
            put("provider", "enkryptify".into());
            put("project", STARTED_PROJECT.into());
            put("destination", (*destination).into());
        }
        Goal::Absent(destination) => {
            put("provider", "infisical".into());
            put("destination", (*destination).into());
            put("ensure", "absent".into());
        }
        Goal::Present(content) => {
            put("provider", "infisical".into());
            put("destination", content.destination.into());
            put_content(content, style, &mut put);
            if style.has("ensure") {
                put("ensure", "present".into());
            }
        }
    }
    if !matches!(sync.goal, Goal::Started(_)) {
        match style.number("project") % 5 {
            0 => put("project", project.slug.into()),
            1 => put("project", project.name.into()),
            2 => put("project", project.id.into()),
            3 => put("projectId", project.id.into()),
            _ => put("projectId", project.id.to_uppercase().into()),
        };
    }
    let removes = |removes| {
        if removes {
            "remove-secrets"
        } else {
            "keep-secrets"
        }
    };
    for (key, value) in [
        ("renamedFrom", sync.renamed_from.clone().map(Value::from)),
        ("protect", sync.protect.map(Value::from)),
        (
            "onDelete",
            sync.removes_secrets.map(|yes| removes(yes).into()),
        ),
        ("trigger", sync.trigger.map(Value::from)),
        (
            "labels",
            sync.is_labelled.then(|| json!({"team": "x", "tier": 1})),
        ),
    ] {
        if let Some(value) = value {
            own.insert(key.to_owned(), value);
        }
    }
    own
}

fn put_content(
    content: &Content,
    style: Style,
    put: &mut impl FnMut(&str, Value) -> Option<Value>,
) {
    put("environment", content.environment.into());
    let slash = style.has("trailing slash") && content.path != "/";
    let path = format!("{}{}", content.path, if slash { "/" } else { "" });
    put("secretPath", path.into());
    put("syncOptions", content.options.clone().into());
    put("destinationConfig", content.config.clone().into());
    if let Some(description) = content.description {
        put("description", description.into());
    }
    match content.is_auto_synced {
        Some(is_auto_synced) => {
            put("isAutoSyncEnabled", is_auto_synced.into());
        }
        None if style.has("default") => {
            put("isAutoSyncEnabled", true.into());
        }
        None => {}
    }
    match style.number("connection") % 3 {
        0 => put("connection", CONNECTIONS[content.connection].into()),
        1 => put("connectionId", content.connection_id().into()),
        _ => put(
            "connectionId",
            content.connection_id().to_uppercase().into(),
        ),
    };
}

/// What a block has to say so that it means `own`, given what it inherits.
fn overlay(own: &Fields, inherited: &Fields, style: Style, path: &str) -> Fields {
    let mut block = Fields::new();
    for (key, value) in own {
        let path = format!("{path}.{key}");
        match (inherited.get(key), value) {
            (Some(same), value) if same == value && !style.has(&format!("again {path}")) => {}
            (Some(Value::Object(inherited)), Value::Object(own)) => {
                block.insert(key.clone(), overlay(own, inherited, style, &path).into());
            }
            _ => {
                block.insert(key.clone(), value.clone());
            }
        }
    }
    for key in inherited.keys().filter(|key| !own.contains_key(*key)) {
        block.insert(key.clone(), Value::Null);
    }
    block
}

/// Answers to "this way or that?". Style 0 always takes the first one.
#[derive(Clone, Copy)]
struct Style(u64);

impl Style {
    fn number(self, question: &str) -> u64 {
        match (self.0, question) {
            (0, "project" | "connection") => 0,
            (0, _) => u64::MAX,
            (style, question) => hash(&(style, question)),
        }
    }

    fn has(self, question: &str) -> bool {
        self.0 != 0 && self.number(question).is_multiple_of(3)
    }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
