//! From a text to the OpenAPI document in it.
//!
//! Servers print JSON, people keep YAML, and documentation sites wrap one operation's YAML
//! in a Markdown page. All three end as the same JSON value here.

use serde_json::Value;

use super::error::ExtractError;
use crate::core::sources::Sources;
use crate::yaml;

/// Reads the OpenAPI document that a text is or wraps.
pub fn document(text: &str) -> Result<Value, ExtractError> {
    let text = text.trim_start_matches('\u{feff}');
    let document = match text.trim_start().chars().next() {
        None => return Err(ExtractError::NoDocument("The text is empty.".into())),
        Some('<') => {
            return Err(ExtractError::NoDocument(
                "The text is a web page, not an OpenAPI document.".into(),
            ));
        }
        Some('{') => parse_json(text)?,
        Some(_) if starts_as_yaml(text) => parse_yaml(text)?,
        Some(_) => match fenced_document(text)? {
            Some(block) if block.trim_start().starts_with('{') => parse_json(block)?,
            Some(block) => parse_yaml(block)?,
            None => parse_yaml(text)?,
        },
    };
    expect_openapi_3(&document)?;
    Ok(document)
}

fn parse_json(text: &str) -> Result<Value, ExtractError> {
    serde_json::from_str(text).map_err(|error| {
        ExtractError::Unreadable(if error.is_eof() {
            "The JSON document is cut off: it ends in the middle of a value.".into()
        } else {
            format!("The document is not valid JSON: {error}.")
        })
    })
}

fn parse_yaml(text: &str) -> Result<Value, ExtractError> {
    let mut sources = Sources::default();
    let source = sources.add("<document>", text);
    let loaded = yaml::load(source, text);
    let error = loaded
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.is_error());
    if let Some(error) = error {
        let place = error.span().map_or_else(String::new, |span| {
            format!(" (line {})", sources.position(span).line)
        });
        return Err(ExtractError::Unreadable(format!(
            "The document is not valid YAML{place}: {}",
            error.message
        )));
    }
    loaded
        .documents
        .first()
        .map(crate::core::value::Node::to_json)
        .ok_or_else(|| ExtractError::NoDocument("The text contains no YAML document.".into()))
}

/// Whether the text is a bare YAML document: its `openapi` key comes before any code fence.
fn starts_as_yaml(text: &str) -> bool {
    text.lines()
        .take_while(|line| fence(line).is_none())
        .any(is_version_line)
}

fn is_version_line(line: &str) -> bool {
    ["openapi:", "\"openapi\":", "'openapi':", "swagger:"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// The content of the first fenced block that holds an OpenAPI document.
fn fenced_document(text: &str) -> Result<Option<&str>, ExtractError> {
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        match (open, fence(line)) {
            (None, Some((length, _))) => open = Some((next, length)),
            (Some((start, length)), Some((closing, true))) if closing >= length => {
                let block = &text[start..at];
                if holds_document(block) {
                    return Ok(Some(block));
                }
                open = None;
            }
            _ => {}
        }
        at = next;
    }
    match open {
        Some((start, _)) if holds_document(&text[start..]) => Err(ExtractError::Unreadable(
            "The page is cut off: the code block with the OpenAPI document has no end.".into(),
        )),
        _ => Ok(None),
    }
}

fn holds_document(block: &str) -> bool {
    block.trim_start().starts_with('{') && block.contains("\"openapi\"")
        || block.lines().any(is_version_line)
}

/// The number of backticks of a code fence, and whether it can close a block.
fn fence(line: &str) -> Option<(usize, bool)> {
    let length = line.bytes().take_while(|byte| *byte == b'`').count();
    let rest = line.get(length..)?.trim();
    (length >= 3 && !rest.contains('`')).then_some((length, rest.is_empty()))
}

fn expect_openapi_3(document: &Value) -> Result<(), ExtractError> {
    let not_openapi = |message: String| Err(ExtractError::NotOpenApi(message));
    let version = match document.get("openapi") {
        Some(Value::String(version)) => version.clone(),
        // YAML reads an unquoted `3.1` as a number.
        Some(Value::Number(version)) => version.to_string(),
        _ if document.get("swagger").is_some() => {
            return not_openapi(
                "The document is a Swagger 2 document, but secsync reads OpenAPI 3.0 and 3.1."
                    .into(),
            );
        }
        _ => {
            return not_openapi(
                "The document is not an OpenAPI document: it has no `openapi` version.".into(),
            );
        }
    };
    if version != "3" && !version.starts_with("3.") {
        return not_openapi(format!(
            "The document is of OpenAPI version \"{version}\"; secsync reads OpenAPI 3.0 and 3.1."
        ));
    }
    if document.get("paths").is_some_and(Value::is_object) {
        Ok(())
    } else {
        not_openapi("The OpenAPI document has no `paths`.".into())
    }
}

#[cfg(test)]
mod tests {
    use super::{document, fenced_document, starts_as_yaml};
    use crate::schema::extract::ExtractError;

    fn message(text: &str) -> String {
        document(text).unwrap_err().to_string()
    }

    #[test]
    fn distinguishes_a_web_page_an_empty_text_and_other_json() {
        assert_eq!(message(" \n"), "The text is empty.");
        assert_eq!(
            message("<!doctype html><html></html>"),
            "The text is a web page, not an OpenAPI document."
        );
        assert_eq!(
            message(r#"{"name": "x"}"#),
            "The document is not an OpenAPI document: it has no `openapi` version."
        );
        assert_eq!(
            message(r#"{"swagger": "2.0", "paths": {}}"#),
            "The document is a Swagger 2 document, but secsync reads OpenAPI 3.0 and 3.1."
        );
        assert_eq!(
            message(r#"{"openapi": "3.1.0"}"#),
            "The OpenAPI document has no `paths`."
        );
        assert!(message(r#"{"openapi": "30.1", "paths": {}}"#).contains("version \"30.1\""));
    }

    #[test]
    fn a_json_document_that_is_cut_off_says_so() {
        assert_eq!(
            message(r#"{"openapi": "3.0.3", "paths": {"/api"#),
            "The JSON document is cut off: it ends in the middle of a value."
        );
    }

    #[test]
    fn the_document_is_taken_out_of_the_fence_that_holds_it() {
        let page = "# Page\n\n```bash\ncurl x\n```\n\n````yaml /api.json post /x\nopenapi: 3.0.3\ntext: |-\n  ```\n  inner\n  ```\n````\nafter\n";
        assert_eq!(
            fenced_document(page).unwrap(),
            Some("openapi: 3.0.3\ntext: |-\n  ```\n  inner\n  ```\n")
        );
        assert!(!starts_as_yaml(page));
        assert!(starts_as_yaml("# comment\nopenapi: 3.1.0\n"));
    }

    #[test]
    fn a_page_whose_code_block_never_ends_is_cut_off() {
        let error = fenced_document("# Page\n````yaml\nopenapi: 3.0.3\npaths:\n").unwrap_err();
        assert!(matches!(error, ExtractError::Unreadable(_)));
        assert!(error.to_string().contains("cut off"));
    }
}
