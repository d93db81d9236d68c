//! Reading what `terraform show -json` prints: a state, or a plan with the state before it.
//!
//! Of resources that are no syncs only names and ids are kept: their values can be credentials.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::mapping::{ResourceKind, ResourceMapping};
use crate::core::text::visible;

/// The largest document that is read, in bytes.
pub const LARGEST: u64 = 256 * 1024 * 1024;

/// The major version of the format that this reads.
const FORMAT: &str = "1";

/// How many values are named that are not known.
const MOST_NAMED: usize = 5;

/// The command whose output is read.
const COMMAND: &str = "terraform show -json";

/// What is in a document.
#[derive(Debug, Default)]
pub struct TerraformDocument {
    /// The resources that Terraform manages, as they were when it looked last.
    pub resources: Vec<Resource>,
    /// The changes that a plan would make to syncs; empty for a state.
    pub changes: Vec<Change>,
}

/// Why a text is not such a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableDocument {
    /// What is wrong, as the end of a sentence about the file.
    pub reason: String,
    /// What to do, as a full sentence.
    pub help: String,
}

/// A resource, or one instance of it.
#[derive(Debug, Default)]
pub struct Resource {
    /// Where Terraform has it: `module.m["k"].type.name[0]`.
    pub address: String,
    /// Whether Terraform manages it; if not, it only reads it.
    pub is_managed: bool,
    /// Its type.
    pub resource_type: String,
    /// Where its provider comes from.
    pub provider: String,
    /// The version of the schema that its values have.
    pub schema_version: Option<u64>,
    /// Its values; of a resource that is not a sync only what names it.
    pub values: Map<String, Value>,
    /// Which of the values are sensitive: `true` for one that is, in the shape of the values.
    pub sensitive: Value,
    /// Whether it is an old object that waits for its end beside the one of the same address.
    pub is_deposed: bool,
}

/// What a plan would do to a sync.
#[derive(Debug)]
pub struct Change {
    /// The address of the sync.
    pub address: String,
    /// Terraform's words for what it would do: `create`, `update`, `delete`, …
    pub actions: Vec<String>,
    /// The attributes whose values are not known before the plan is applied, by their paths with
    /// dots.
    pub unknown: Vec<String>,
}

impl TerraformDocument {
    /// Reads a document.
    pub fn read(text: &str, mapping: &ResourceMapping) -> Result<Self, UnusableDocument> {
        refuse_other_languages(text)?;
        let top: Top = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        let is_plan = top.planned_values.is_some() || top.resource_changes.is_some();
        match top.format_version.as_ref().and_then(Value::as_str) {
            Some(version) if version.split('.').next() == Some(FORMAT) => {}
            Some(version) => {
                return Err(UnusableDocument {
                    reason: format!(
                        "it has the format version {}, and secsync reads version {FORMAT}",
                        visible(version)
                    ),
                    help: if is_newer(version) {
                        "Look for a newer version of secsync, or print it with a Terraform or \
                         OpenTofu of version 1."
                            .to_owned()
                    } else {
                        format!(
                            "Print it with a Terraform or OpenTofu of version 1.1 or later: \
                             `{COMMAND} > FILE`."
                        )
                    },
                });
            }
            None => return Err(top.not_shown()),
        }
        let mut document = Self::default();
        let syncs = |address: &str, found: Option<&str>| {
            found.is_some_and(|found| mapping.kind(found) == ResourceKind::Sync)
                || found.is_none() && address.contains(mapping.prefix())
        };
        for change in top.resource_changes.into_iter().flatten() {
            if syncs(&change.address, change.resource_type.as_deref())
                && change.mode.as_deref() != Some("data")
                && change.deposed.is_none()
            {
                document.changes.push(change.read(mapping));
            }
        }
        let values = if is_plan {
            match top.prior_state {
                Some(state) => state.values,
                None => return Err(document.without_prior_state()),
            }
        } else {
            top.values
        };
        if let Some(root) = values.and_then(|values| values.root_module) {
            root.collect(mapping, &mut document.resources);
        }
        Ok(document)
    }

    /// The error for a plan of what was never applied.
    fn without_prior_state(&self) -> UnusableDocument {
        let unknown = self.changes.iter().filter_map(|change| {
            let first = change.unknown.first()?;
            let (first, address) = (visible(first), visible(&change.address));
            Some(format!("`{first}` of {address} is not known until apply"))
        });
        let unknown: Vec<String> = unknown.take(MOST_NAMED).collect();
        let mut reason =
            "it is a plan without a prior state, so that nothing of it exists yet".to_owned();
        if !unknown.is_empty() {
            reason.push_str(": ");
            reason.push_str(&unknown.join(", "));
        }
        UnusableDocument {
            reason,
            help: format!("Apply it with Terraform, and import the state: `{COMMAND} > FILE`."),
        }
    }
}

/// Whether a version of the format is a later one than [`FORMAT`].
fn is_newer(version: &str) -> bool {
    let major = |version: &str| version.split('.').next()?.parse::<u64>().ok();
    major(version) > major(FORMAT)
}

/// Says what a text is that is no JSON, by how it begins.
fn refuse_other_languages(text: &str) -> Result<(), UnusableDocument> {
    let start = text.trim_start();
    // The lines of `terraform plan -json` are a document each.
    let is_log = start.starts_with("{\"@level\"");
    if start.starts_with('{') && !is_log {
        return Ok(());
    }
    let reason = if is_log {
        "it is a log of Terraform and neither a state nor a plan"
    } else if start.is_empty() {
        "it is empty"
    } else if is_configuration(start) {
        "it is a Terraform configuration, which says what is wanted and not what there is"
    } else {
        "it is not the JSON that Terraform prints"
    };
    Err(UnusableDocument {
        reason: reason.to_owned(),
        help: print_it(),
    })
}

/// Whether a text has a line that begins a block of a Terraform configuration.
fn is_configuration(text: &str) -> bool {
    let begins = |line: &str| {
        let word = line.split([' ', '\t', '{', '"']).next().unwrap_or_default();
        let opens = line.contains('{') || line.contains('"');
        opens
            && matches!(
                word,
                "resource"
                    | "module"
                    | "provider"
                    | "terraform"
                    | "variable"
                    | "locals"
                    | "data"
                    | "output"
                    | "import"
                    | "moved"
                    | "removed"
            )
    };
    text.lines().any(|line| begins(line.trim_start()))
}

fn print_it() -> String {
    format!(
        "Print the state where Terraform runs, `{COMMAND} > FILE`, or a saved plan, `{COMMAND} \
         PLANFILE > FILE`."
    )
}

/// The words of the parser can quote values, which may be secrets: only its places are shown.
fn not_json(error: &serde_json::Error) -> UnusableDocument {
    let place = format!("line {}, column {}", error.line(), error.column());
    let reason = if error.is_eof() {
        format!("it ends in the middle, at {place}")
    } else if error.is_syntax() {
        format!("it is not JSON at {place}")
    } else {
        format!("it does not have the form of `{COMMAND}` at {place}")
    };
    UnusableDocument {
        reason,
        help: print_it(),
    }
}

/// The top of a document, as far as it is needed to know what it is.
#[derive(Deserialize)]
struct Top {
    format_version: Option<Value>,
    values: Option<Values>,
    planned_values: Option<IgnoredAny>,
    prior_state: Option<State>,
    resource_changes: Option<Vec<ResourceChange>>,
    /// Only Terraform's own file of a state has these.
    version: Option<Value>,
    lineage: Option<IgnoredAny>,
}

impl Top {
    /// Says what a JSON document is that `terraform show -json` did not print.
    fn not_shown(&self) -> UnusableDocument {
        if self.lineage.is_some() || self.version.as_ref().is_some_and(Value::is_number) {
            return UnusableDocument {
                reason: "it is Terraform's own file of a state, whose form may change with each \
                         version"
                    .to_owned(),
                help: format!("Let Terraform print it: `{COMMAND} terraform.tfstate > FILE`."),
            };
        }
        UnusableDocument {
            reason: format!("it has no `format_version`, as every output of `{COMMAND}` has"),
            help: print_it(),
        }
    }
}

#[derive(Deserialize)]
struct State {
    values: Option<Values>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Module>,
}

#[derive(Deserialize)]
struct Module {
    resources: Option<Vec<Resource>>,
    child_modules: Option<Vec<Module>>,
}

impl Module {
    fn collect(self, mapping: &ResourceMapping, resources: &mut Vec<Resource>) {
        for mut resource in self.resources.into_iter().flatten() {
            if mapping.kind(&resource.resource_type) == ResourceKind::Other {
                resource.values = Map::new();
            }
            resources.push(resource);
        }
        for module in self.child_modules.into_iter().flatten() {
            module.collect(mapping, resources);
        }
    }
}

/// The values that name a connection or a project, and are no secrets.
const NAMES: [&str; 5] = ["id", "name", "slug", "project_id", "projects"];

/// Read by hand: what is not needed of a large state is never kept.
impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Resource;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
                let mut resource = Resource {
                    is_managed: true,
                    ..Resource::default()
                };
                let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
                while let Some(key) = map.next_key::<String>()? {
                    let may_be_sync = ResourceMapping::may_be_sync(&resource.resource_type);
                    match key.as_str() {
                        "address" => resource.address = text(map.next_value()?),
                        "mode" => resource.is_managed = text(map.next_value()?) != "data",
                        "type" => resource.resource_type = text(map.next_value()?),
                        "provider_name" => resource.provider = text(map.next_value()?),
                        "schema_version" => {
                            resource.schema_version = map.next_value::<Value>()?.as_u64();
                        }
                        "deposed_key" => {
                            resource.is_deposed = !map.next_value::<Value>()?.is_null();
                        }
                        "sensitive_values" => resource.sensitive = map.next_value()?,
                        // The type comes first in what Terraform prints.
                        "values" if resource.resource_type.is_empty() || may_be_sync => {
                            if let Value::Object(values) = map.next_value()? {
                                resource.values = values;
                            }
                        }
                        "values" => resource.values = map.next_value::<Names>()?.0,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(resource)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// What of the values of a resource names it.
struct Names(Map<String, Value>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the values of a resource")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Names, E> {
                Ok(Names(Map::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Map::new();
                while let Some(key) = map.next_key::<String>()? {
                    if NAMES.contains(&key.as_str()) {
                        names.insert(key, map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[derive(Deserialize)]
struct ResourceChange {
    #[serde(default)]
    address: String,
    mode: Option<String>,
    #[serde(rename = "type")]
    resource_type: Option<String>,
    deposed: Option<IgnoredAny>,
    change: Option<ChangeFields>,
}

#[derive(Deserialize)]
struct ChangeFields {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    after_unknown: Value,
}

impl ResourceChange {
    fn read(self, mapping: &ResourceMapping) -> Change {
        let (actions, after) = self
            .change
            .map(|change| (change.actions, change.after_unknown))
            .unwrap_or_default();
        let mut unknown = Vec::new();
        collect_unknown(&after, "", &mut unknown);
        unknown.retain(|path| !mapping.ignored.contains(path));
        Change {
            address: self.address,
            actions,
            unknown,
        }
    }
}

fn collect_unknown(mark: &Value, path: &str, unknown: &mut Vec<String>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match mark {
        Value::Bool(true) => unknown.push(path.to_owned()),
        Value::Object(fields) => {
            for (key, mark) in fields {
                collect_unknown(mark, &below(key), unknown);
            }
        }
        Value::Array(items) => {
            for (index, mark) in items.iter().enumerate() {
                collect_unknown(mark, &below(&index.to_string()), unknown);
            }
        }
        _ => {}
    }
}

/// The resources of a document that are not syncs, each type with how many Terraform manages.
pub fn others(document: &TerraformDocument, mapping: &ResourceMapping) -> BTreeMap<String, usize> {
    let mut others = BTreeMap::new();
    for resource in &document.resources {
        if resource.is_managed
            && !resource.is_deposed
            && mapping.kind(&resource.resource_type) != ResourceKind::Sync
        {
            *others.entry(resource.resource_type.clone()).or_default() += 1;
        }
    }
    others
}
