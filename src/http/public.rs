//! Documents that anyone may read: fetched without a credential, by the same client rules.

use reqwest::Method;
use url::Url;

use super::HttpOptions;
use super::encryption::check_encryption;
use super::error::{RequestError, RequestErrorKind};
use super::origin::{Origin, showable};
use super::request::Request;
use super::retry::Delivery;
use crate::cancel::Cancellation;
use crate::environment::Environment;
use crate::http::request::DOCUMENT_LIMIT;
use crate::http::request::Repeat;

/// A document as it was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicDocument {
    /// Its bytes.
    pub body: Vec<u8>,
    /// Its content type, as the server wrote it.
    pub content_type: Option<String>,
}

/// Fetches a document without any credential. Redirects are not followed.
pub async fn fetch_public(
    url: &str,
    environment: &Environment,
    options: &HttpOptions,
    cancellation: &Cancellation,
) -> Result<PublicDocument, RequestError> {
    let shown = showable(url);
    let invalid = |reason: &str| {
        RequestError::new(
            RequestErrorKind::Configuration,
            format!("The address \"{shown}\" {reason}."),
        )
        .help("Write it like https://secrets.corp.example/api/docs/json.")
    };
    let mut url = Url::parse(url.trim()).map_err(|_| invalid("is not a URL"))?;
    url.set_fragment(None);
    let origin = Origin::of(&url).map_err(invalid)?;
    check_encryption(&origin, environment)?;
    let request = Request::to_url(Method::GET, url, Repeat::Read, format!("fetch {shown}"))
        .limit(DOCUMENT_LIMIT);
    let delivery = Delivery::to(origin, environment, options, cancellation);
    let answer = delivery.fetch(&request, None).await?;
    let failed = |kind, what: String| {
        RequestError::new(kind, format!("Cannot {}: the server {what}.", request.task))
    };
    match answer.status() {
        200 => Ok(PublicDocument {
            content_type: answer.content_type().map(str::to_owned),
            body: answer.body,
        }),
        404 | 410 => Err(failed(
            RequestErrorKind::NotFound,
            format!("answered {}", answer.status_line()),
        )),
        401 | 403 => Err(failed(
            RequestErrorKind::Permission,
            format!(
                "answered {}, and no credential is sent here",
                answer.status_line()
            ),
        )),
        500.. => Err(failed(
            RequestErrorKind::Unavailable,
            format!("answered {}", answer.status_line()),
        )),
        _ => Err(failed(
            RequestErrorKind::BadAnswer,
            format!("answered {}", answer.status_line()),
        )),
    }
}
