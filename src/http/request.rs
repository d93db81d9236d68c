//! A request: what it asks, in the words of an error, and whether it may be sent again.

use reqwest::Method;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::error::{RequestError, RequestErrorKind};
use super::origin::Origin;

/// The largest answer about one thing that is read, in bytes. A sync takes a kilobyte.
pub const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// The largest list that is read, in bytes. 100,000 syncs take a tenth of it.
pub const LIST_LIMIT: usize = 1024 * 1024 * 1024;
/// The largest document that is read, in bytes: a state, what describes an API, or a list of what
/// is looked up.
pub const DOCUMENT_LIMIT: usize = 64 * 1024 * 1024;

/// What a second sending of the same request would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: it only reads.
    Read,
    /// The same again: the state afterwards is the one after the first.
    Same,
    /// Something else: never sent again once it may have been processed.
    Never,
}

/// One request to one server.
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Vec<u8>>,
    pub(super) repeat: Repeat,
    pub(super) task: String,
    /// The largest answer that is read, in bytes.
    pub(super) limit: usize,
}

/// Without the body: a login's body is a credential.
impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("repeat", &self.repeat)
            .finish_non_exhaustive()
    }
}

/// What tells one request from another, without what it says.
pub type Fingerprint = [u8; 32];

impl Request {
    /// The same for two requests alone that ask one server for the same.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        // An address holds no line break.
        Sha256::new()
            .chain_update(self.url.as_str())
            .chain_update("\n")
            .chain_update(self.body.as_deref().unwrap_or_default())
            .finalize()
            .into()
    }

    /// A request for a path, given as segments that are encoded here.
    ///
    /// `task` completes "Cannot …" in errors: `list the syncs of project "p"`.
    pub fn new(
        origin: &Origin,
        method: Method,
        segments: &[&str],
        repeat: Repeat,
        task: impl Into<String>,
    ) -> Result<Self, RequestError> {
        let task = task.into();
        let refused = |problem: String| {
            RequestError::new(
                RequestErrorKind::Rejected,
                format!("Cannot {task}: {problem}."),
            )
        };
        // `.` and `..` would change the path instead of naming something in it.
        if let Some(segment) = segments.iter().find(|s| matches!(**s, "" | "." | "..")) {
            return Err(refused(format!(
                "\"{segment}\" cannot stand in a URL's path"
            )));
        }
        let mut url = Url::parse(&origin.to_string())
            .map_err(|error| refused(format!("{origin} is not a URL ({error})")))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        Ok(Self::to_url(method, url, repeat, task))
    }

    /// A request for a whole URL.
    pub fn to_url(method: Method, url: Url, repeat: Repeat, task: impl Into<String>) -> Self {
        Self {
            method,
            url,
            body: None,
            repeat,
            task: task.into(),
            limit: ANSWER_LIMIT,
        }
    }

    /// Allows an answer of another size than [`ANSWER_LIMIT`], in bytes.
    #[must_use]
    pub const fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// What it asks, to complete "Cannot …".
    pub fn task(&self) -> &str {
        &self.task
    }

    /// Whether it changes nothing.
    pub fn only_reads(&self) -> bool {
        self.repeat == Repeat::Read
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Map<String, Value>) -> Self {
        self.body = Some(Value::Object(body.clone()).to_string().into_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::Request;
    use crate::http::origin::Origin;
    use crate::http::request::Repeat;

    fn url(segments: &[&str], query: &str) -> Option<String> {
        let origin = Origin::parse("https://corp.example").expect("a valid address");
        let request = Request::new(&origin, Method::GET, segments, Repeat::Read, "test").ok()?;
        Some(request.query("q", query).url.to_string())
    }

    #[test]
    fn path_and_query_are_encoded() {
        assert_eq!(
            url(&["api", "a/b?c#d e%2f"], "a&b=c +é").as_deref(),
            Some("https://corp.example/api/a%2Fb%3Fc%23d%20e%252f?q=a%26b%3Dc+%2B%C3%A9")
        );
    }

    #[test]
    fn a_segment_that_would_climb_the_path_is_refused() {
        for segment in ["", ".", ".."] {
            assert_eq!(url(&["api", segment], ""), None, "{segment:?}");
        }
        assert_eq!(
            url(&["api", "%2e%2e"], "").as_deref(),
            Some("https://corp.example/api/%252e%252e?q=")
        );
    }
}
