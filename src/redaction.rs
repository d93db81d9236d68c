//! What must not be shown: the secrets that this run has read, and hiding them in every text.
//!
//! A secret is registered where it is read, from a variable, a file or an answer, and then counts
//! for the whole process: whatever repeats it, and however late. Texts of servers are redacted
//! before they are cut or cleaned, and everything printed once more. What is kept (sync files, saved
//! plans, the state) is never rewritten; [`place_in`] finds what must not be kept.
//!
//! | module | job |
//! |---|---|
//! | `matcher` | finds parts of secrets in a text, however they are encoded |
//! | `view` | a text without what hides a secret in it: case, breaks, escapes |

mod matcher;
mod view;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::SecretString;
use serde_json::Value;

use matcher::Matcher;
pub use matcher::SHORTEST;

/// What stands for a secret. It has no meaning in any format.
pub const REDACTED: &str = "[redacted]";

static REGISTRY: RwLock<Registry> = RwLock::new(Registry {
    secrets: BTreeSet::new(),
    matcher: None,
    warnings: Vec::new(),
});

/// The secrets of this process. No `Debug`.
struct Registry {
    secrets: BTreeSet<String>,
    /// Finds them; made when it is needed first.
    matcher: Option<Arc<Matcher>>,
    warnings: Vec<String>,
}

/// Registers a secret that was read, and wraps it. `origin` is the place that it comes from, as the
/// beginning of a sentence; one that is too short to be searched for is warned about by it.
pub fn register(secret: impl Into<String>, origin: &str) -> SecretString {
    let secret = secret.into();
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    if secret.len() < SHORTEST {
        let warning = format!(
            "{origin} holds a secret of fewer than {SHORTEST} bytes, which is too short to be \
             hidden in what is printed."
        );
        if !registry.warnings.contains(&warning) {
            registry.warnings.push(warning);
        }
    } else if registry.secrets.insert(secret.clone()) {
        registry.matcher = None;
    }
    secret.into()
}

/// The warnings about secrets that are not hidden, since this was asked last.
pub fn take_warnings() -> Vec<String> {
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut registry.warnings)
}

/// The text with [`REDACTED`] in place of every part of a registered secret that is long enough to
/// be one: 12 characters, or the whole of a shorter secret.
pub fn redacted(text: &str) -> Cow<'_, str> {
    match matcher() {
        Some(matcher) => matcher.redacted(text),
        None => Cow::Borrowed(text),
    }
}

/// Where in a value a registered secret stands, by the names of the fields and the numbers in
/// lists: `syncs.web.description`. `None` if no value holds one.
pub fn place_in(value: &Value) -> Option<String> {
    let matcher = matcher()?;
    let mut path = Vec::new();
    finds(&matcher, value, &mut path).then(|| path.join("."))
}

fn finds(matcher: &Matcher, value: &Value, path: &mut Vec<String>) -> bool {
    match value {
        Value::String(text) => matcher.finds(text),
        Value::Array(items) => items.iter().enumerate().any(|(index, item)| {
            path.push(index.to_string());
            let is_found = finds(matcher, item, path);
            if !is_found {
                path.pop();
            }
            is_found
        }),
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            path.push(name.clone());
            let is_found = matcher.finds(name) || finds(matcher, value, path);
            if !is_found {
                path.pop();
            }
            is_found
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What finds the secrets; `None` without any.
fn matcher() -> Option<Arc<Matcher>> {
    {
        let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
        if registry.matcher.is_some() || registry.secrets.is_empty() {
            return registry.matcher.clone();
        }
    }
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    let matcher = Arc::new(Matcher::new(registry.secrets.iter().map(String::as_str)));
    registry.matcher = Some(Arc::clone(&matcher));
    Some(matcher)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{place_in, redacted, register, take_warnings};

    #[test]
    fn a_secret_counts_from_when_it_was_read() {
        let text = "the token is uQ7-registered-in-a-test";
        assert_eq!(redacted(text), text);
        let _ = register("uQ7-registered-in-a-test", "A test");
        assert_eq!(redacted(text), "the token is [redacted]");
        let value = json!({"syncs": [{"name": "a"}, {"x": {"y": "uq7-REGISTERED-in"}}]});
        assert_eq!(place_in(&value).as_deref(), Some("syncs.1.x.y"));
        assert_eq!(place_in(&json!({"syncs": ["uq7-regi"]})), None);
    }

    #[test]
    fn a_secret_that_is_too_short_to_be_hidden_is_warned_about() {
        let _ = register("qwx9", "The variable QWX9_TOKEN");
        assert_eq!(redacted("qwx9"), "qwx9");
        let warnings = take_warnings();
        let about = |warning: &&String| warning.contains("QWX9_TOKEN");
        let warning = warnings.iter().find(about).unwrap();
        assert_eq!(
            warning,
            "The variable QWX9_TOKEN holds a secret of fewer than 6 bytes, which is too short \
             to be hidden in what is printed."
        );
    }
}
