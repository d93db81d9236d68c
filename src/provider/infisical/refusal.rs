//! Reads Infisical's refusals: `{reqId, statusCode, message, error}`, where `message` is a list
//! for an invalid request and text for everything else.

use serde_json::Value;

use super::refusal_topic::{
    self, FOLDER_CLASH, FOREIGN_CONNECTION, PLAN_LIMIT, PLAN_RESTRICTION, SECRETS_UNREADABLE,
};
use crate::http::answer::{Answer, bad_answer};
use crate::http::error::{RequestError, RequestErrorKind};
use crate::http::origin::Origin;
use crate::http::quote::{MESSAGE_LIMIT, clause, quotable};
use crate::provider::door::is_refused;

/// How many problems of one request are listed.
const PROBLEMS_LISTED: usize = 10;

/// How much of a list of names is quoted, in characters: a person has to find them.
const NAMES_LIMIT: usize = 2000;

/// The body of an answer that accepts the request, or the error that it amounts to.
pub fn accepted(answer: &Answer, task: &str, origin: &Origin) -> Result<Value, RequestError> {
    let status = answer.status_line();
    let other = |what: &str| match answer.status() {
        500.. => unavailable(task, &format!("{origin} answered {status} with {what}")),
        200 => bad_answer(task, origin, &format!("with {what}")),
        _ => bad_answer(task, origin, &format!("{status} with {what}")),
    };
    let body = answer.json().map_err(other)?;
    match answer.status() {
        200 => Ok(body),
        404 if is_unknown_route(&body) => Err(unknown_route(&body, task)),
        code @ 400.. if has_own_form(code, &body) => Err(refusal(code, &body, task, &status)),
        400.. => Err(other("JSON that is not in Infisical's own form")),
        _ => Err(bad_answer(task, origin, &status)),
    }
}

/// Whether Infisical itself refused a request, so that it had no effect.
pub fn is_own(answer: &Answer) -> bool {
    let code = answer.status();
    is_refused(code)
        && answer.json().is_ok_and(|body| {
            has_own_form(code, &body)
                || (code == 404 && is_unknown_route(&body))
                // The limiter of the cloud leaves the request's id out.
                || body["error"] == "RateLimitExceeded"
        })
}

/// Whether a body has the form of Infisical's own errors. Gateways have `statusCode`, `message` and
/// `error`, too; the request's id is what tells them apart.
fn has_own_form(code: u16, body: &Value) -> bool {
    let is_text = |field: &str| {
        let text = body.get(field).and_then(Value::as_str);
        text.is_some_and(|text| !text.is_empty())
    };
    is_text("reqId")
        && is_text("error")
        && body.get("message").is_some()
        && body.get("statusCode").is_none_or(|said| *said == code)
}

fn refusal(code: u16, body: &Value, task: &str, status: &str) -> RequestError {
    let said = message(body).unwrap_or_else(|| status.to_owned());
    let says = |kind| says(kind, task, &said);
    match code {
        403 => permission(body, task, &said),
        404 if said.to_ascii_lowercase().contains("connection") => {
            says(RequestErrorKind::NotFound).help(
                "The connection does not exist, or this identity cannot see it: `secsync list connections` \
                 shows those that it can.",
            )
        }
        404 => says(RequestErrorKind::NotFound),
        400 => bad_request(body, task, &said),
        500 => unavailable(task, &format!("Infisical failed with: {said}"))
            .help("Infisical also answers so to values that it cannot digest; its log says more."),
        501.. => unavailable(task, &format!("Infisical failed with: {said}")),
        _ => says(RequestErrorKind::Rejected),
    }
}

/// A refusal with the server's own words.
fn says(kind: RequestErrorKind, task: &str, said: &str) -> RequestError {
    RequestError::new(kind, format!("Cannot {task}: Infisical says: {said}."))
}

/// A refusal of what a request wants.
fn bad_request(body: &Value, task: &str, said: &str) -> RequestError {
    let kind = refusal_topic::kind(said);
    let says = says(kind, task, said);
    match kind {
        RequestErrorKind::DestinationTaken => says.held_in(refusal_topic::held_in(said)).help(
            "The organization blocks a second sync to one destination: delete the other one first, \
             choose another destination, or have an administrator allow duplicates.",
        ),
        PLAN_LIMIT => says.help(
            "The organization has as many syncs as its Infisical plan allows: delete some that are \
             not needed, or have the plan changed.",
        ),
        PLAN_RESTRICTION => says.help("This destination needs an Infisical plan that includes it."),
        FOREIGN_CONNECTION => says.help(
            "A connection of a project serves that project alone: use one of this project, or one \
             of the organization.",
        ),
        FOLDER_CLASH => clash(body, task),
        RequestErrorKind::JobInProgress => says.help("Run again when that job has ended."),
        _ => says,
    }
}

/// The refusal of a sync with subfolders in which one name stands twice, with the names and folders
/// as the server lists them.
fn clash(body: &Value, task: &str) -> RequestError {
    let said = body["message"].as_str().unwrap_or_default();
    let listed = said.split_once("more than one folder: ").map(|(_, rest)| {
        let list = rest.split_once(". Rename ");
        list.map_or(rest, |(list, _)| list)
    });
    // What follows can also be the folders of a name that was said before.
    let is_of_names = |list: &&str| {
        !list
            .trim_start_matches(['"', '\'', '`', '“'])
            .starts_with('/')
    };
    let listed = listed.filter(is_of_names);
    let quoted = |text: &str| {
        let text = quotable(text, NAMES_LIMIT);
        text.trim_end_matches(['.', ' ']).to_owned()
    };
    let clash = match listed {
        Some(listed) => format!(
            "these names are in more than one of them: {}",
            quoted(listed)
        ),
        None => format!(
            "a name is in more than one of them. Infisical says: {}",
            quoted(said)
        ),
    };
    RequestError::new(
        FOLDER_CLASH,
        format!("Cannot {task}: it includes subfolders, and {clash}."),
    )
    .help(
        "The destination holds each name once: rename one secret of each pair, choose a folder \
         further down, or leave the subfolders out.",
    )
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
    if let Some(place) = refusal_topic::unreadable_secrets(said) {
        return RequestError::new(
            SECRETS_UNREADABLE,
            format!("Cannot {task}: this identity may not read the secrets {place}."),
        )
        .help(
            "A sync pushes what its identity may read: give the identity a role that reads secrets \
             (a permission on \"secrets\", not on \"secret-syncs\") in that environment, at that path, \
             and with subfolders at each one beneath.",
        );
    }
    let missing = said
        .strip_prefix("You are not allowed to ")
        .and_then(|rest| rest.split_once(" on "));
    let Some((action, subject)) = missing else {
        return denied(&format!("Infisical says: {said}")).help(
            "Check in Infisical which roles this identity has, in the organization and in the \
             project.",
        );
    };
    let limit = conditions(body).map_or_else(String::new, |conditions| {
        format!(" Its permission is limited to {conditions}.")
    });
    // A connection is the project's own or the organization's.
    let place = if subject.starts_with("app-connections") {
        "the project or the organization, whichever has the connection,"
    } else {
        "the project"
    };
    denied(&format!(
        "this identity lacks the permission \"{action}\" on \"{subject}\""
    ))
    .help(format!(
        "Give the identity a role in {place} with that permission.{limit}"
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

/// A route that the server does not know is answered by its router, with or without a request's id:
/// `Route GET:/api/v1/x not found`, `Route GET /api/v1/x not found`, `Route /api/v1/x not found`. It
/// says nothing about whether a sync exists.
fn is_unknown_route(body: &Value) -> bool {
    let said = body["message"].as_str().unwrap_or_default();
    let said = said.trim_matches(['.', ' ']).to_ascii_lowercase();
    let route = said
        .strip_prefix("route ")
        .and_then(|rest| rest.strip_suffix("not found"));
    route.is_some_and(|route| {
        let route = route.trim_matches(|c: char| "\"'` ".contains(c));
        let path = route.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        path.trim_start_matches([':', ' ']).starts_with('/')
    })
}

fn unknown_route(body: &Value, task: &str) -> RequestError {
    let said = message(body).unwrap_or_default();
    RequestError::new(
        RequestErrorKind::NoRoute,
        format!("Cannot {task}: this server has no such route ({said})."),
    )
    .help(
        "The server may be too old for this, or newer than this version of secsync, or it is not \
         Infisical: check its address and its version.",
    )
}

fn unavailable(task: &str, what: &str) -> RequestError {
    RequestError::new(
        RequestErrorKind::Unavailable,
        format!("Cannot {task}: {what}."),
    )
    .help("Try again later; if it stays, look at the server.")
}
