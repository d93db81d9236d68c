//! Which operations of a document are about syncs.
//!
//! They are found by path and method: older servers give no `operationId`, and newer ones
//! have operations that older ones lack.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::ExtractError;
use super::json_schema::resolve;
use crate::core::platform::Platform;
use crate::provider::door::{Door, OperationKind, Shape, SyncRole};
use crate::provider::doors;
use crate::schema::schema_file::is_slug;

/// One operation of a document.
#[derive(Debug, Clone)]
pub struct SyncOperation<'d> {
    /// `POST /path`, for messages.
    pub name: String,
    /// What the operation does.
    pub role: SyncRole,
    document: &'d Value,
    content: &'d Map<String, Value>,
    parameters: Vec<&'d Value>,
}

/// The operations on one destination's syncs, by role and then by name, and where they say what.
pub type OnDestination<'d> = (&'static Shape, Vec<SyncOperation<'d>>);

/// The operations on syncs that a document describes.
#[derive(Debug, Default)]
pub struct SyncOperations<'d> {
    /// Those on one sync, by platform and destination.
    pub destinations: BTreeMap<(Platform, &'d str), OnDestination<'d>>,
    /// Those that start a sync, by platform.
    pub starts: BTreeMap<Platform, SyncOperation<'d>>,
    /// Those that list the destinations, by platform.
    pub lists: BTreeMap<Platform, (&'static Shape, SyncOperation<'d>)>,
}

/// Finds the operations on syncs.
pub fn find(document: &Value) -> Result<SyncOperations<'_>, ExtractError> {
    let mut found = SyncOperations::default();
    let mut unreleased = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for method in ["get", "post", "patch", "delete"] {
            let Some((platform, purpose)) = purpose(path, method) else {
                continue;
            };
            let name = format!("{} {path}", method.to_uppercase());
            let incomplete = |problem: String| ExtractError::Incomplete {
                operation: name.clone(),
                problem,
            };
            let item = follow(document, item).map_err(incomplete)?;
            let content = match item.get(method) {
                None => continue,
                Some(Value::Object(content)) => content,
                Some(_) => return Err(incomplete("is not a map".into())),
            };
            if let OperationKind::Sync(slug, _, shape) = purpose {
                let marks = [item.get(shape.unreleased), content.get(shape.unreleased)];
                if marks.contains(&Some(&Value::Bool(true))) {
                    unreleased.push((platform, slug));
                }
            }
            let parameters = [item.get("parameters"), content.get("parameters")]
                .into_iter()
                .flatten()
                .filter_map(Value::as_array)
                .flatten()
                .collect();
            let operation = |role| SyncOperation {
                name: name.clone(),
                role,
                document,
                content,
                parameters,
            };
            match purpose {
                OperationKind::Sync(slug, role, shape) => found
                    .destinations
                    .entry((platform, slug))
                    .or_insert_with(|| (shape, Vec::new()))
                    .1
                    .push(operation(role)),
                OperationKind::Destinations(shape) => {
                    let list = (shape, operation(SyncRole::Other));
                    found.lists.insert(platform, list);
                }
                OperationKind::Start => {
                    found.starts.insert(platform, operation(SyncRole::Create));
                }
            }
        }
    }
    for key in unreleased {
        found.destinations.remove(&key);
    }
    for (_, operations) in found.destinations.values_mut() {
        operations.sort_by(|one, other| (one.role, &one.name).cmp(&(other.role, &other.name)));
    }
    Ok(found)
}

/// The platform that an operation belongs to, and what it is for.
fn purpose<'d>(path: &'d str, method: &str) -> Option<(Platform, OperationKind<'d>)> {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let segments = match segments.as_slice() {
        ["api", rest @ ..] => rest,
        all => all,
    };
    let of_door = |door: &dyn Door| Some((door.platform(), door.operation(segments, method)?));
    let purpose = doors().into_iter().find_map(of_door)?;
    match purpose.1 {
        OperationKind::Sync(slug, ..) if !is_slug(slug) => None,
        _ => Some(purpose),
    }
}

/// The value itself, or what it refers to.
fn follow<'d>(document: &'d Value, value: &'d Value) -> Result<&'d Value, String> {
    let mut value = value;
    for _ in 0..8 {
        match value.get("$ref").and_then(Value::as_str) {
            None => return Ok(value),
            Some(reference) => value = resolve(document, reference)?,
        }
    }
    Err("refers to a reference that refers to another without end".into())
}

impl<'d> SyncOperation<'d> {
    /// The schema of the request's body, if there is one.
    pub fn request(&self) -> Result<Option<&'d Value>, ExtractError> {
        match self.content.get("requestBody") {
            None => Ok(None),
            Some(body) => self.json_schema(body, "request"),
        }
    }

    /// The schema of the answer to a request that succeeded, if there is one.
    pub fn answer(&self) -> Result<Option<&'d Value>, ExtractError> {
        let responses = self
            .content
            .get("responses")
            .and_then(Value::as_object)
            .filter(|responses| !responses.is_empty())
            .ok_or_else(|| self.incomplete("has no responses"))?;
        let success = ["200", "201", "2XX"]
            .iter()
            .find_map(|status| responses.get(*status));
        match success {
            None => Ok(None),
            Some(response) => self.json_schema(response, "answer"),
        }
    }

    /// The schema of a parameter in the path.
    pub fn path_parameter(&self) -> Option<&'d Value> {
        self.parameters.iter().find_map(|parameter| {
            let parameter = follow(self.document, parameter).ok()?;
            (parameter.get("in")? == "path").then(|| parameter.get("schema"))?
        })
    }

    /// What is wrong with this operation.
    pub fn incomplete(&self, problem: impl Into<String>) -> ExtractError {
        ExtractError::Incomplete {
            operation: self.name.clone(),
            problem: problem.into(),
        }
    }

    fn json_schema(
        &self,
        holder: &'d Value,
        what: &str,
    ) -> Result<Option<&'d Value>, ExtractError> {
        let holder = follow(self.document, holder).map_err(|problem| self.incomplete(problem))?;
        if !holder.is_object() {
            return Err(self.incomplete(format!("gives its {what} no content")));
        }
        let content = match holder.get("content") {
            None => return Ok(None),
            Some(Value::Object(content)) => content,
            Some(_) => return Err(self.incomplete(format!("gives its {what} no content"))),
        };
        let json = content
            .iter()
            .find(|(media_type, _)| media_type.starts_with("application/json"));
        match json {
            None => Ok(None),
            Some((_, media)) => match media.get("schema") {
                Some(schema) => Ok(Some(schema)),
                None => Err(self.incomplete(format!("gives its {what} no schema"))),
            },
        }
    }

    /// A property of the answer: the object that holds the sync, for one.
    pub fn answer_property(&self, name: &str) -> Result<Option<&'d Value>, ExtractError> {
        let Some(answer) = self.answer()? else {
            return Ok(None);
        };
        let answer = follow(self.document, answer).map_err(|problem| self.incomplete(problem))?;
        Ok(answer
            .get("properties")
            .and_then(|properties| properties.get(name)))
    }

    /// The schema, or what it refers to.
    pub fn follow(&self, schema: &'d Value) -> Result<&'d Value, ExtractError> {
        follow(self.document, schema).map_err(|problem| self.incomplete(problem))
    }
}
