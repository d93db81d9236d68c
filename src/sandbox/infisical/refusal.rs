//! Every way in which Infisical says no, with the words that it uses.

use serde_json::{Value, json};

use crate::sandbox::call::Reply;

/// An answer that is not 200.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    status: u16,
    content: Box<Content>,
}

#[derive(Debug, Clone, PartialEq)]
struct Content {
    error: String,
    message: Value,
    details: Option<Value>,
}

impl Refusal {
    fn new(status: u16, error: &str, message: impl Into<Value>) -> Self {
        Self {
            status,
            content: Box::new(Content {
                error: error.to_owned(),
                message: message.into(),
                details: None,
            }),
        }
    }

    /// 400.
    pub fn bad_request(message: impl Into<Value>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401.
    pub fn unauthorized(message: &str) -> Self {
        Self::new(401, "UnauthorizedError", message)
    }

    /// 403: the token is malformed, badly signed or expired.
    pub fn token(message: &str) -> Self {
        Self::new(403, "TokenError", message)
    }

    /// 403: the identity provider's token is not the right one.
    pub fn forbidden(message: &str) -> Self {
        Self::new(403, "ForbiddenError", message)
    }

    /// 403: the resource is not for this caller, and the `error` says why.
    pub fn no_access(why: &str) -> Self {
        Self::new(403, why, "You are not allowed to access this resource")
    }

    /// 403: a permission is missing. `details` are the rules that were looked at.
    pub fn permission(action: &str, subject: &str, details: Value) -> Self {
        let message = format!("You are not allowed to {action} on {subject}");
        let mut refusal = Self::new(403, "PermissionDenied", message);
        refusal.content.details = Some(details);
        refusal
    }

    /// 404.
    pub fn not_found(message: impl Into<Value>) -> Self {
        Self::new(404, "NotFound", message)
    }

    /// 422 with zod's issues.
    pub fn invalid(issues: Vec<Value>) -> Self {
        Self::new(422, "ValidationFailure", issues)
    }

    /// 500, as for a body that cannot be read.
    pub fn internal() -> Self {
        Self::new(500, "InternalServerError", "Something went wrong")
    }

    /// 500 from the database, whose failed operation is the `error`.
    pub fn database(operation: &str) -> Self {
        Self::new(500, operation, "Something went wrong")
    }

    /// Any status, in the words that usually go with it.
    pub fn injected(status: u16) -> Self {
        match status {
            400 => Self::bad_request("Injected failure"),
            401 => Self::unauthorized("Token missing"),
            403 => Self::permission("read", "secret-syncs", json!([])),
            404 => Self::not_found("Injected failure"),
            500 => Self::internal(),
            503 => Self::new(503, "ServiceUnavailable", "Service unavailable"),
            status => Self::new(status, "Injected", "Injected failure"),
        }
    }

    /// The reply; `id` names the request in the server's log.
    pub fn reply(self, id: &str) -> Reply {
        let Content {
            error,
            message,
            details,
        } = *self.content;
        let mut body = json!({
            "reqId": id, "statusCode": self.status, "message": message, "error": error
        });
        if let Some(details) = details {
            body["details"] = details;
        }
        Reply::json(self.status, body)
    }
}

/// 404 for a route that does not exist. It has no request id.
pub fn unknown_route(method: &str, target: &str) -> Reply {
    Reply::json(
        404,
        json!({
            "message": format!("Route {method}:{target} not found"),
            "error": "Not Found",
            "statusCode": 404
        }),
    )
}

/// 429. It has no request id.
pub fn rate_limited(seconds: u64) -> Reply {
    let message = format!("Rate limit exceeded. Please try again in {seconds} seconds");
    Reply::json(
        429,
        json!({"statusCode": 429, "message": message, "error": "RateLimitExceeded"}),
    )
    .with_header("retry-after", seconds.to_string())
}
