//! Sync files for what Terraform manages: from the document that `terraform show -json` prints.
//!
//! Of a plan the state before it is taken: a declaration says what exists. The rest of the way is
//! that of every export, as a resource becomes the remote sync that it stands for.
//!
//! | module | what it holds |
//! |---|---|
//! | [`show_json`] | reading a state or a plan |
//! | [`mapping`] | which resources and attributes are what in the API: data of each platform |
//! | [`convert`] | a resource as a remote sync |
//! | [`release`] | what Terraform needs to let go of what was imported |

pub mod convert;
pub mod mapping;
pub mod release;
pub mod show_json;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::draft::{self, Hidden, LeftOut};
use crate::core::fields::CONNECTION_ID;
use crate::core::platform::Platform;
use crate::core::remote::{RemoteConnection, RemoteProject, RemoteSync};
use crate::core::text::visible;
use crate::core::words::{is_or_are, list};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::Opened;
use convert::{Converted, Secret, Unconverted};
use mapping::ResourceKind;
pub use mapping::ResourceMapping;
use release::Release;
use show_json::{Change, Resource, TerraformDocument};

/// What an import from Terraform came to, beside the files.
#[derive(Debug, Default)]
pub struct Migration {
    /// How Terraform lets go of what was imported.
    pub release: Release,
    /// The types of resources that are no syncs, with how many of each Terraform manages.
    pub left_alone: BTreeMap<String, usize>,
    /// The variables that stand for sensitive values.
    pub variables: Vec<Variable>,
    /// The imported syncs that a plan would change first, by their addresses, and which of these it
    /// would delete.
    pub pending: Vec<(String, bool)>,
    /// The syncs that files declare already, by their names, with the places.
    pub declared: Vec<(String, String)>,
    /// The names of existing syncs that could not be imported.
    pub refused: Vec<String>,
    /// The provider's name in the files.
    pub provider: String,
    /// What the files came to on the server.
    pub comparison: Comparison,
}

/// What a plan of the imported files came to.
#[derive(Debug, Default)]
pub enum Comparison {
    /// There was no credential, so nothing was compared.
    #[default]
    Offline,
    /// The syncs that differ from what is on the server, each with its project and the fields. None
    /// if the plan is empty.
    Done(Vec<StateMismatch>),
    /// The files could not be compared.
    Failed,
}

/// An imported sync that is not on the server as the state says.
#[derive(Debug)]
pub struct StateMismatch {
    /// What a plan would do: `create`, `update`, …
    pub verb: &'static str,
    /// The project as the file names it.
    pub project: String,
    /// The sync's name.
    pub name: String,
    /// The fields that differ, with dots.
    pub fields: Vec<String>,
}

/// A variable of sync files that stands for a sensitive value.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The address of the first resource that has the value.
    pub address: String,
    /// The attribute, by its path with dots.
    pub attribute: String,
}

/// What a document holds.
#[derive(Debug, Default)]
pub struct TerraformSyncs {
    /// The syncs.
    pub syncs: Vec<FoundSync>,
    /// The syncs that cannot be declared.
    pub left_out: Vec<LeftOut>,
    /// What must not be skipped over: values that are not known.
    pub errors: Vec<CommandError>,
    /// The names of existing syncs that are among these, as far as they may be shown.
    pub refused: Vec<String>,
    /// The projects that the document names.
    pub projects: Vec<RemoteProject>,
    /// The connections that it names.
    pub connections: Vec<RemoteConnection>,
    /// The variables that stand for sensitive values.
    pub variables: Vec<Variable>,
    /// The values of these variables.
    pub hidden: Hidden,
    /// The addresses of all syncs that Terraform manages.
    pub addresses: Vec<String>,
    /// The types of other resources, with how many of each Terraform manages.
    pub others: BTreeMap<String, usize>,
    /// Whether OpenTofu manages the syncs.
    pub is_opentofu: bool,
    /// The syncs that a plan would change, by their addresses, and whether it would delete them.
    pub pending: BTreeMap<String, bool>,
}

/// A sync of a document.
#[derive(Debug)]
pub struct FoundSync {
    /// The address of its resource.
    pub address: String,
    /// The sync.
    pub sync: RemoteSync,
    /// The variable that stands for its project's id.
    pub project_variable: Option<String>,
    /// The variables that stand for its values.
    pub variables: Vec<FieldVariable>,
}

impl FoundSync {
    /// Whether a variable stands for the id of its connection.
    pub fn hides_connection(&self) -> bool {
        self.variables
            .iter()
            .any(|one| *one.path == [CONNECTION_ID])
    }
}

/// A field whose value is a variable.
#[derive(Debug)]
pub struct FieldVariable {
    /// The field's path.
    pub path: Vec<String>,
    /// The variable's name.
    pub name: String,
}

/// Reads all that a document says about syncs of a platform. `text` is the document, in which no
/// variable's name occurs.
pub fn find(
    opened: &Opened,
    platform: Platform,
    mapping: &ResourceMapping,
    document: &TerraformDocument,
    text: &str,
) -> Result<TerraformSyncs, CommandError> {
    let mut found = TerraformSyncs {
        others: show_json::others(document, mapping),
        ..TerraformSyncs::default()
    };
    for resource in &document.resources {
        match mapping.kind(&resource.resource_type) {
            ResourceKind::Project => found.projects.extend(projects(resource)),
            ResourceKind::Connection => found.connections.extend(connection(resource, mapping)),
            ResourceKind::Sync | ResourceKind::Other => {}
        }
    }
    let changes: BTreeMap<&str, &Change> = document
        .changes
        .iter()
        .map(|change| (change.address.as_str(), change))
        .collect();
    let mut converted = Vec::new();
    let mut seen: BTreeMap<(String, String), &str> = BTreeMap::new();
    for resource in &document.resources {
        let is_sync = mapping.kind(&resource.resource_type) == ResourceKind::Sync;
        if !is_sync || !resource.is_managed || resource.is_deposed {
            continue;
        }
        found.addresses.push(resource.address.clone());
        found.is_opentofu |= resource.provider.contains("opentofu");
        let change = changes.get(resource.address.as_str()).copied();
        match convert_one(opened, platform, mapping, resource, change)? {
            Ok(one) => {
                let identity = (one.sync.project_id.clone(), one.sync.name.clone());
                if let Some(first) = seen.get(&identity) {
                    let reason = format!(
                        "It has the project and the name of {}, which was taken.",
                        visible(first)
                    );
                    // Its name is declared, so there is nothing to keep.
                    found.left_out.push(LeftOut {
                        name: String::new(),
                        ..left_out(resource, reason)
                    });
                    continue;
                }
                seen.insert(identity, &resource.address);
                if let Some(change) = change.filter(|change| is_pending(change)) {
                    let is_deleted = change.actions == ["delete"];
                    found.pending.insert(resource.address.clone(), is_deleted);
                }
                converted.push((resource.address.as_str(), one));
            }
            Err(Unconverted::LeftOut(reason)) => found.left_out.push(left_out(resource, reason)),
            Err(Unconverted::Incomplete(reason, help)) => {
                found.refused.push(left_out(resource, String::new()).name);
                found
                    .errors
                    .push(not_imported(&resource.address, &reason, help));
            }
        }
    }
    let existing: BTreeSet<&String> = found.addresses.iter().collect();
    for change in &document.changes {
        if !existing.contains(&change.address)
            && change.actions.iter().any(|action| action == "create")
        {
            found.errors.push(not_there_yet(change));
        }
    }
    let mut namer = Namer {
        // Few texts have any variable.
        text: if text.contains("${var.") { text } else { "" },
        mapping,
        found: &mut found,
        by_value: BTreeMap::new(),
    };
    let shared = shared(&converted);
    for (address, one) in converted {
        let sync = namer.replaced(address, one, &shared);
        namer.found.syncs.push(sync);
    }
    Ok(found)
}

fn convert_one(
    opened: &Opened,
    platform: Platform,
    mapping: &ResourceMapping,
    resource: &Resource,
    change: Option<&Change>,
) -> Result<Result<Converted, Unconverted>, CommandError> {
    if let Some(version) = resource.schema_version
        && version != mapping.schema_version
    {
        return Ok(Err(Unconverted::Incomplete(
            format!(
                "It is of another version of the provider: its `schema_version` is {version}, and \
             secsync reads {}.",
                mapping.schema_version
            ),
            "Use a version of secsync that knows that version of the provider.",
        )));
    }
    if let Some(change) = change
        && is_pending(change)
        && !change.unknown.is_empty()
    {
        let unknown = unknown(change);
        let reason = format!("The plan changes it, and {unknown} not known until apply.");
        return Ok(Err(Unconverted::Incomplete(reason, convert::APPLY)));
    }
    let slug = mapping.destination(&resource.resource_type);
    let Some(destination) = opened.store.destination(platform, &slug)? else {
        return Ok(Err(Unconverted::LeftOut(format!(
            "Its destination `{}` is not known to the schemas in use. {}",
            visible(&slug),
            draft::PULL
        ))));
    };
    Ok(convert::convert(resource, mapping, &destination.spec))
}

/// Whether a plan would do something to what exists.
fn is_pending(change: &Change) -> bool {
    let idle = ["no-op", "read", "forget"];
    !change
        .actions
        .iter()
        .all(|action| idle.contains(&action.as_str()))
}

fn unknown(change: &Change) -> String {
    let attributes: Vec<String> = change.unknown.iter().map(|path| visible(path)).collect();
    let are = is_or_are(attributes.len());
    format!("{} {are}", list(attributes.iter().map(String::as_str)))
}

fn not_there_yet(change: &Change) -> CommandError {
    let mut reason = "It does not exist yet".to_owned();
    if !change.unknown.is_empty() {
        reason.push_str(&format!(", and {} not known until apply", unknown(change)));
    }
    not_imported(&change.address, &format!("{reason}."), convert::APPLY)
}

fn not_imported(address: &str, reason: &str, help: &str) -> CommandError {
    CommandError::new(
        Exit::Error,
        format!("{} was not imported. {reason}", visible(address)),
    )
    .help(help)
}

/// A resource that is left out, as far as it says what it is.
fn left_out(resource: &Resource, reason: String) -> LeftOut {
    let text = |attribute: &str| {
        let is_hidden = match &resource.sensitive {
            Value::Object(marks) => marks.get(attribute) == Some(&Value::Bool(true)),
            mark => *mark == Value::Bool(true),
        };
        let value = resource.values.get(attribute).and_then(Value::as_str);
        value.filter(|_| !is_hidden).unwrap_or_default().to_owned()
    };
    LeftOut {
        project: text("project_id"),
        name: text("name"),
        reason,
        resource: Some(resource.address.clone()),
    }
}

/// The projects that a resource, or a list of them that Terraform read, names.
fn projects(resource: &Resource) -> Vec<RemoteProject> {
    let one = |values: &serde_json::Map<String, Value>, marks: &Value| {
        let text = |key: &str| shown(values, marks, key).map(str::to_owned);
        Some(RemoteProject {
            id: text("id")?,
            slug: text("slug")?,
            name: text("name").unwrap_or_default(),
            environments: None,
        })
    };
    let listed = resource.values.get("projects").and_then(Value::as_array);
    let marks = &resource.sensitive["projects"];
    let listed = listed.into_iter().flatten().enumerate();
    let listed = listed.filter_map(|(index, listed)| {
        let of_one = if marks == true { marks } else { &marks[index] };
        one(listed.as_object()?, of_one)
    });
    one(&resource.values, &resource.sensitive)
        .into_iter()
        .chain(listed)
        .collect()
}

/// The text of a value, unless it is marked as sensitive.
fn shown<'v>(
    values: &'v serde_json::Map<String, Value>,
    marks: &Value,
    key: &str,
) -> Option<&'v str> {
    let is_marked = *marks == true || marks[key] == true;
    values.get(key)?.as_str().filter(|_| !is_marked)
}

fn connection(resource: &Resource, mapping: &ResourceMapping) -> Option<RemoteConnection> {
    let text = |key: &str| shown(&resource.values, &resource.sensitive, key);
    Some(RemoteConnection {
        id: text("id")?.to_ascii_lowercase(),
        name: text("name")?.to_owned(),
        app: mapping.app(&resource.resource_type),
        project_id: text("project_id").map(str::to_owned),
    })
}

/// The attributes whose values stand for the same thing wherever they occur: what one resource
/// hides, the others do not show.
const SHARED: [&str; 2] = ["project_id", "connection_id"];

/// The values of shared attributes that any of the syncs hides.
fn shared(converted: &[(&str, Converted)]) -> BTreeSet<(String, String)> {
    let secrets = converted.iter().flat_map(|(_, one)| &one.secrets);
    secrets
        .filter(|secret| SHARED.contains(&secret.attribute.as_str()))
        .map(Secret::key)
        .collect()
}

/// Names variables for sensitive values.
struct Namer<'a> {
    text: &'a str,
    mapping: &'a ResourceMapping,
    found: &'a mut TerraformSyncs,
    /// The variables by their attribute and value.
    by_value: BTreeMap<(String, String), String>,
}

impl Namer<'_> {
    /// A sync with variables for what is sensitive of it.
    fn replaced(
        &mut self,
        address: &str,
        one: Converted,
        shared: &BTreeSet<(String, String)>,
    ) -> FoundSync {
        let Converted { sync, secrets } = one;
        let mut found = FoundSync {
            address: address.to_owned(),
            project_variable: None,
            variables: Vec::new(),
            sync,
        };
        let hides = |attribute: &str, id: &str| {
            let key = (attribute.to_owned(), id.to_owned());
            shared.contains(&key)
        };
        if hides(SHARED[0], &found.sync.project_id) {
            let id = Value::from(found.sync.project_id.clone());
            found.project_variable = Some(self.variable(address, SHARED[0], &id));
        }
        if hides(SHARED[1], &found.sync.connection.id) {
            let id = Value::from(found.sync.connection.id.clone());
            found.variables.push(FieldVariable {
                path: vec![CONNECTION_ID.to_owned()],
                name: self.variable(address, SHARED[1], &id),
            });
        }
        for secret in secrets {
            if !SHARED.contains(&secret.attribute.as_str()) {
                let name = self.variable(address, &secret.attribute, &secret.value);
                let path = secret.path;
                found.variables.push(FieldVariable { path, name });
            }
        }
        found
    }

    /// The variable that stands for a value of an attribute, the same for equal ones.
    fn variable(&mut self, address: &str, attribute: &str, value: &Value) -> String {
        let key = (attribute.to_owned(), value.to_string());
        if let Some(name) = self.by_value.get(&key) {
            return name.clone();
        }
        let base = name_of(self.mapping, address, attribute);
        let mut candidates =
            std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}_{number}")));
        let is_free = |name: &String| {
            !self.found.hidden.has(name) && !self.text.contains(&format!("${{var.{name}}}"))
        };
        let name = candidates.find(is_free).unwrap_or(base);
        self.found.hidden.add(name.clone(), value);
        self.found.variables.push(Variable {
            name: name.clone(),
            address: address.to_owned(),
            attribute: attribute.to_owned(),
        });
        self.by_value.insert(key, name.clone());
        name
    }
}

impl Secret {
    fn key(&self) -> (String, String) {
        let value = self.value.as_str().unwrap_or_default();
        (self.attribute.clone(), value.to_ascii_lowercase())
    }
}

/// `SYNC_TYPE_NAME_KEY_ATTRIBUTE`: what an address and an attribute are called where only letters,
/// digits and `_` are allowed.
fn name_of(mapping: &ResourceMapping, address: &str, attribute: &str) -> String {
    // The platform's own name says nothing here, unless a digit would come first.
    let address = address.replace(mapping.prefix(), "sync_");
    // The object that it is in says nothing, either.
    let attribute = match attribute.split_once('.') {
        Some((_, inner)) => inner,
        None => attribute,
    };
    let mut name = String::new();
    for character in address.chars().chain(['_']).chain(attribute.chars()) {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_uppercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name
}
