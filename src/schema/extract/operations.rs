//! Which operations of a document are about syncs.
//!
//! They are found by path and method: older servers give no `operationId`, and newer ones
//! have operations that older ones lack.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ExtractError;
use super::convert::resolve;
use crate::schema::file::is_slug;

/// Marks operations that no released server has.
const UNRELEASED: &str = "x-infisical-branch-only";

/// One operation of a document.
#[derive(Debug, Clone)]
pub struct SyncOperation<'d> {
    /// `POST /path`, for messages.
    pub name: String,
    /// What the operation is for.
    pub purpose: Purpose,
    document: &'d Value,
    content: &'d Map<String, Value>,
    parameters: Vec<&'d Value>,
}

/// What an operation on one destination is for. The order is that in which
/// their answers are trusted to show the whole sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Reads one sync.
    Read,
    /// Creates one.
    Create,
    /// Changes one.
    Update,
    /// Anything else that may answer with a sync.
    Other,
}

/// The operations on syncs that a document describes.
#[derive(Debug, Default)]
pub struct SyncOperations<'d> {
    /// Infisical's, by destination; in each list by purpose and then by name.
    pub destinations: BTreeMap<&'d str, Vec<SyncOperation<'d>>>,
    /// Enkryptify's start.
    pub start: Option<SyncOperation<'d>>,
    /// Infisical's answer that lists the destinations.
    pub options: Option<SyncOperation<'d>>,
}

enum Route<'d> {
    Destination(&'d str, Purpose),
    Options,
    Start,
}

/// Finds the operations on syncs.
pub fn find(document: &Value) -> Result<SyncOperations<'_>, ExtractError> {
    let mut found = SyncOperations::default();
    let mut unreleased = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for method in ["get", "post", "patch", "delete"] {
            let Some(route) = route(path, method) else {
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
            let marks = [item.get(UNRELEASED), content.get(UNRELEASED)];
            if let Route::Destination(slug, _) = route
                && marks.contains(&Some(&Value::Bool(true)))
            {
                unreleased.push(slug);
            }
            let parameters = [item.get("parameters"), content.get("parameters")]
                .into_iter()
                .flatten()
                .filter_map(Value::as_array)
                .flatten()
                .collect();
            let operation = |purpose| SyncOperation {
                name: name.clone(),
                purpose,
                document,
                content,
                parameters,
            };
            match route {
                Route::Destination(slug, purpose) => found
                    .destinations
                    .entry(slug)
                    .or_default()
                    .push(operation(purpose)),
                Route::Options => found.options = Some(operation(Purpose::Other)),
                Route::Start => found.start = Some(operation(Purpose::Create)),
            }
        }
    }
    for slug in unreleased {
        found.destinations.remove(slug);
    }
    for operations in found.destinations.values_mut() {
        operations
            .sort_by(|one, other| (one.purpose, &one.name).cmp(&(other.purpose, &other.name)));
    }
    Ok(found)
}

fn route<'d>(path: &'d str, method: &str) -> Option<Route<'d>> {
    let is_parameter = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let segments = match segments.as_slice() {
        ["api", rest @ ..] => rest,
        all => all,
    };
    match segments {
        ["v1", "secret-syncs", "options"] => (method == "get").then_some(Route::Options),
        ["v1", "secret-syncs", slug, rest @ ..] if is_slug(slug) => {
            let purpose = match (method, rest) {
                ("post", []) => Purpose::Create,
                ("get", [id]) if is_parameter(id) => Purpose::Read,
                ("patch", [id]) if is_parameter(id) => Purpose::Update,
                _ => Purpose::Other,
            };
            Some(Route::Destination(slug, purpose))
        }
        ["v1", "sync", slug, "start"] if is_parameter(slug) => {
            (method == "post").then_some(Route::Start)
        }
        _ => None,
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

    /// A property of the answer: the object inside `secretSync`, for one.
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
