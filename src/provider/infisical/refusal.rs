//! Reads Infisical's refusals: `{reqId, statusCode, message, error}`, where `message` is a list
//! for an invalid request and text for everything else.

use serde_json::Value;

use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::Origin;
use crate::http::text::{MESSAGE_LIMIT, clause, quotable};

/// How many problems of one request are listed.
const PROBLEMS_LISTED: usize = 10;

/// The body of an answer that accepts the request, or the error that it amounts to.
pub fn accepted(answer: &Answer, task: &str, origin: &Origin) -> Result<Value, RequestError> {
    let status = answer.status_line();
    let body = answer.json().map_err(|what| match answer.status() {
        500.. => unavailable(task, &format!("{origin} answered {status} with {what}")),
        200 => bad_answer(task, origin, &format!("with {what}")),
        _ => bad_answer(task, origin, &format!("{status} with {what}")),
    })?;
    match answer.status() {
        200 => Ok(body),
        code @ 400.. => Err(refusal(code, &body, task, &status)),
        _ => Err(bad_answer(task, origin, &status)),
    }
}

fn refusal(code: u16, body: &Value, task: &str, status: &str) -> RequestError {
    let said = message(body).unwrap_or_else(|| status.to_owned());
    let says = |kind| RequestError::new(kind, format!("Cannot {task}: Infisical says: {said}."));
    match code {
        403 => permission(body, task, &said),
        404 if is_unknown_route(body, &said) => RequestError::new(
            RequestErrorKind::Rejected,
            format!("Cannot {task}: this server has no such route ({said})."),
        )
        .help("The server may be too old for this destination, or it is not Infisical."),
        404 => says(RequestErrorKind::NotFound),
        400 if said.contains("already exists") => says(RequestErrorKind::NameTaken),
        400 if said.contains("already in progress") => {
            says(RequestErrorKind::JobInProgress).help("Run again when that job has ended.")
        }
        400 if said.contains("plan restriction") => says(RequestErrorKind::Rejected)
            .help("This destination needs an Infisical plan that includes it."),
        500 => unavailable(task, &format!("Infisical failed with: {said}"))
            .help("Infisical also answers so to values that it cannot digest; its log says more."),
        501.. => unavailable(task, &format!("Infisical failed with: {said}")),
        _ => says(RequestErrorKind::Rejected),
    }
}

fn permission(body: &Value, task: &str, said: &str) -> RequestError {
    let denied = |why: &str| {
        RequestError::new(
            RequestErrorKind::Permission,
            format!("Cannot {task}: {why}."),
        )
    };
    let error = body
        .get("error")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if error.contains("not a member of the specified project") {
        let project = error
            .split('\'')
            .nth(1)
            .map_or_else(String::new, |id| format!(" \"{}\"", quotable(id, 100)));
        return denied(&format!(
            "the project{project} does not exist, or this identity is not a member of it"
        ))
        .help("Check the project, and add the machine identity to it in Infisical.");
    }
    let missing = said
        .strip_prefix("You are not allowed to ")
        .and_then(|rest| rest.split_once(" on "));
    let Some((action, subject)) = missing else {
        return denied(&format!("Infisical says: {said}"));
    };
    let limit = conditions(body).map_or_else(String::new, |conditions| {
        format!(" Its permission is limited to {conditions}.")
    });
    denied(&format!(
        "this identity lacks the permission \"{action}\" on \"{subject}\""
    ))
    .help(format!(
        "Give the identity a role in the project with that permission.{limit}"
    ))
}

/// The conditions under which the permission would hold, as the server writes them.
fn conditions(body: &Value) -> Option<String> {
    let conditions = body
        .get("details")?
        .as_array()?
        .iter()
        .find_map(|rule| rule.get("conditions"))?;
    let is_some = conditions.as_object().is_some_and(|map| !map.is_empty());
    is_some.then(|| quotable(&conditions.to_string(), 200))
}

/// The server's own words: text, or the list of what is wrong with a request.
fn message(body: &Value) -> Option<String> {
    match body.get("message")? {
        Value::String(text) => Some(clause(text)).filter(|text| !text.is_empty()),
        Value::Array(problems) => {
            let mut listed: Vec<String> = problems
                .iter()
                .take(PROBLEMS_LISTED)
                .filter_map(problem)
                .collect();
            let rest = problems.len() - listed.len();
            if rest > 0 {
                listed.push(format!("and {rest} more"));
            }
            (!problems.is_empty()).then(|| listed.join("; "))
        }
        _ => None,
    }
}

/// One problem: `destinationConfig.scope: Invalid input`.
fn problem(problem: &Value) -> Option<String> {
    let text = clause(problem.get("message")?.as_str()?);
    let path = problem
        .get("path")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|step| match step {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        })
        .collect::<Vec<_>>()
        .join(".");
    Some(if path.is_empty() {
        text
    } else {
        format!("{}: {text}", quotable(&path, MESSAGE_LIMIT))
    })
}

/// A route that the server does not know is answered by its router, which words it differently.
/// It says nothing about whether a sync exists.
fn is_unknown_route(body: &Value, said: &str) -> bool {
    !body.is_object()
        || (body.get("reqId").is_none()
            && said.starts_with("Route ")
            && said.ends_with("not found"))
        || body.get("message").is_none()
}

fn unavailable(task: &str, what: &str) -> RequestError {
    RequestError::new(
        RequestErrorKind::Unavailable,
        format!("Cannot {task}: {what}."),
    )
    .help("Try again later; if it stays, look at the server.")
}
