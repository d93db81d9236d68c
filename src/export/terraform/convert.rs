//! A resource of Terraform as the remote sync that it stands for.
//!
//! What is converted is held against the destination's schema: a resource is taken whole or not at
//! all. `null` says nothing, and neither does a blank in what the chosen variant of a union does not
//! have, as the provider has one flat object for all of them.

use serde_json::{Map, Value};

use super::super::draft::PULL;
use super::mapping::{ResourceMapping, camel_case};
use super::show_json::Resource;
use crate::core::fields::{CONNECTION_ID, ENVIRONMENT, SECRET_PATH};
use crate::core::remote::{Job, RemoteConnection, RemoteSync};
use crate::core::spec::{DestinationSpec, ObjectSpec};
use crate::core::text::visible;

/// A converted resource.
#[derive(Debug)]
pub struct Converted {
    /// The sync.
    pub sync: RemoteSync,
    /// What of it is sensitive.
    pub secrets: Vec<Secret>,
}

/// A value that Terraform marks as sensitive. No `Debug`: it must not be shown.
pub struct Secret {
    /// The attribute's path, with dots.
    pub attribute: String,
    /// The path of the field that it became, from the sync on.
    pub path: Vec<String>,
    /// The value.
    pub value: Value,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.attribute)
    }
}

/// Why a resource is not converted, as full sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unconverted {
    /// No file of today can say it.
    LeftOut(String),
    /// The document does not say what it has to; and what to do.
    Incomplete(String, &'static str),
}

/// What to do about a document that is behind, as a full sentence.
pub const APPLY: &str =
    "Bring it up to date with `terraform apply`, print the state again, and import that.";

/// Converts a resource whose destination has this schema.
pub fn convert(
    resource: &Resource,
    mapping: &ResourceMapping,
    spec: &DestinationSpec,
) -> Result<Converted, Unconverted> {
    let mut converter = Converter {
        resource_type: &resource.resource_type,
        mapping,
        secrets: Vec::new(),
    };
    let place = Place::default();
    let mut fields = converter.object(
        &resource.values,
        &resource.sensitive,
        Some(&spec.create),
        &place,
    )?;
    let secrets = converter.secrets;
    let mut text = |field: &str, attribute: &str| match fields.shift_remove(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(Value::String(_)) | None => Err(Unconverted::Incomplete(
            format!("Its attribute `{attribute}` has no value."),
            APPLY,
        )),
        Some(_) => Err(Unconverted::Incomplete(
            format!("Its attribute `{attribute}` is not a text."),
            "Check that the document is what Terraform printed.",
        )),
    };
    let sync = RemoteSync {
        name: text("name", "name")?,
        project_id: text("projectId", "project_id")?.to_ascii_lowercase(),
        connection: RemoteConnection {
            id: text(CONNECTION_ID, "connection_id")?.to_ascii_lowercase(),
            ..RemoteConnection::default()
        },
        environment: Some(text(ENVIRONMENT, "environment")?),
        secret_path: Some(text(SECRET_PATH, "secret_path")?),
        id: String::new(),
        destination: spec.slug.clone(),
        fields,
        created_at: None,
        updated_at: None,
        sync_job: Job::default(),
        import_job: Job::default(),
        remove_job: Job::default(),
    };
    if secrets.iter().any(|secret| secret.attribute == "name") {
        return Err(Unconverted::LeftOut(
            "Its `name` is marked as sensitive, and the name of a sync is shown wherever the sync \
             is. Take the mark off with `nonsensitive(…)`, apply that, and try again."
                .to_owned(),
        ));
    }
    Ok(Converted { sync, secrets })
}

/// Where a value is: the path of its attribute, and that of the field that it becomes.
#[derive(Debug, Clone, Default)]
struct Place {
    attribute: Vec<String>,
    field: Vec<String>,
}

impl Place {
    fn below(&self, attribute: &str, field: &str) -> Self {
        let mut below = self.clone();
        below.attribute.push(attribute.to_owned());
        below.field.push(field.to_owned());
        below
    }

    fn attribute(&self) -> String {
        self.attribute.join(".")
    }
}

struct Converter<'a> {
    resource_type: &'a str,
    mapping: &'a ResourceMapping,
    secrets: Vec<Secret>,
}

impl Converter<'_> {
    /// The fields of an object, whose schema is known where the destination has one for it.
    fn object(
        &mut self,
        attributes: &Map<String, Value>,
        sensitive: &Value,
        spec: Option<&ObjectSpec>,
        place: &Place,
    ) -> Result<Map<String, Value>, Unconverted> {
        let mut fields = self
            .mapping
            .constants(self.resource_type, &place.attribute());
        // The tag of a union first: it decides what the others mean.
        let tag = spec.and_then(|spec| spec.union.as_ref());
        let tag = tag.map(|union| union.tag.as_str());
        if let Some(tag) = tag {
            let own = attributes
                .iter()
                .find(|(attribute, _)| self.name(attribute, place, &fields) == tag)
                .map(|(_, value)| value)
                .filter(|value| !value.is_null());
            match own {
                Some(value) => {
                    fields.insert(tag.to_owned(), value.clone());
                }
                None if fields.contains_key(tag) => {}
                None => {
                    return Err(Unconverted::LeftOut(format!(
                        "Its `{}` has no `{tag}`, which decides what the other attributes mean.",
                        place.attribute()
                    )));
                }
            }
        }
        for (attribute, value) in attributes {
            let is_ignored = place.attribute.is_empty() && self.mapping.ignored.contains(attribute);
            if value.is_null() || is_ignored {
                continue;
            }
            let name = self.name(attribute, place, &fields);
            let place = place.below(attribute, &name);
            let mark = mark(sensitive, attribute);
            let mut inner = None;
            if let Some(spec) = spec {
                match spec.field(&name, &fields) {
                    Some(field) => {
                        let is_blank = value.as_str() == Some("");
                        if is_blank && !field.required {
                            continue;
                        }
                        inner = field.object.as_ref();
                    }
                    None if spec.open => {}
                    None if is_empty(value) && spec.has_field(&name) => continue,
                    None if spec.has_field(&name) => {
                        let attribute = visible(&place.attribute());
                        return Err(Unconverted::LeftOut(format!(
                            "Its attribute `{attribute}` means nothing together with its `{}`.",
                            tag.unwrap_or_default()
                        )));
                    }
                    None => {
                        return Err(Unconverted::LeftOut(format!(
                            "Neither secsync nor the schema of its destination knows its \
                             attribute `{}`. {PULL}",
                            visible(&place.attribute())
                        )));
                    }
                }
            }
            let value = self.value(value, mark, inner, &place)?;
            fields.insert(name, value);
        }
        Ok(fields)
    }

    fn value(
        &mut self,
        value: &Value,
        mark: &Value,
        spec: Option<&ObjectSpec>,
        place: &Place,
    ) -> Result<Value, Unconverted> {
        match value {
            // Of a map only its schema knows that its keys are names of fields.
            Value::Object(fields)
                if spec.is_some_and(|spec| spec.fields.is_empty() && spec.open) =>
            {
                let mut copied = Map::new();
                for (key, value) in fields {
                    let own =
                        self.value(value, self::mark(mark, key), None, &place.below(key, key))?;
                    copied.insert(key.clone(), own);
                }
                Ok(copied.into())
            }
            Value::Object(fields) => self.object(fields, mark, spec, place).map(Value::Object),
            Value::Array(items) => {
                let mut copied = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let key = index.to_string();
                    let mark = match mark {
                        Value::Array(marks) => marks.get(index).unwrap_or(&Value::Null),
                        whole => whole,
                    };
                    copied.push(self.value(item, mark, None, &place.below(&key, &key))?);
                }
                Ok(copied.into())
            }
            leaf => {
                if *mark == Value::Bool(true) && !leaf.is_null() {
                    self.secrets.push(Secret {
                        attribute: place.attribute(),
                        path: place.field.clone(),
                        value: leaf.clone(),
                    });
                }
                Ok(leaf.clone())
            }
        }
    }

    fn name(&self, attribute: &str, place: &Place, fields: &Map<String, Value>) -> String {
        // Only what is in the two objects of a sync has exceptions, and what is beside them.
        if place.attribute.len() > 1 {
            return camel_case(attribute);
        }
        let path = place.below(attribute, attribute).attribute();
        self.mapping.name(self.resource_type, &path, fields)
    }
}

/// The mark of a part of a value.
fn mark<'a>(marks: &'a Value, key: &str) -> &'a Value {
    match marks {
        Value::Object(marks) => marks.get(key).unwrap_or(&Value::Null),
        whole => whole,
    }
}

/// Whether a value is what the provider stores for what nobody set.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
