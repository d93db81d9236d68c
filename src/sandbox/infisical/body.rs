//! Reads request bodies with Infisical's oddities.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::sandbox::call::Call;

/// The body as a value, if there is one.
///
/// What cannot be read is a 500, and so is an empty body that calls itself JSON. Plain text
/// is a string, which the checks refuse later.
pub fn read(call: &Call) -> Result<Option<Value>, Refusal> {
    let bytes = call.body.as_ref().ok_or_else(Refusal::internal)?;
    let Some(content_type) = call.headers.get("content-type") else {
        return if bytes.is_empty() {
            Ok(None)
        } else {
            Err(Refusal::internal())
        };
    };
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "application/json" => serde_json::from_slice(bytes)
            .map(Some)
            .map_err(|_| Refusal::internal()),
        "text/plain" => Ok(Some(String::from_utf8_lossy(bytes).into_owned().into())),
        "application/x-www-form-urlencoded" => {
            let fields: Map<String, Value> = url::form_urlencoded::parse(bytes)
                .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
                .collect();
            Ok(Some(fields.into()))
        }
        _ => Err(Refusal::internal()),
    }
}
