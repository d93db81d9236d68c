//! Calls and replies as plain values, so that the emulator runs without a socket.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::ids;

/// The request of a client.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The method, in capitals.
    pub method: String,
    /// The path with its query, as sent.
    pub target: String,
    /// The headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, empty if missing. `None` if it is more than a server reads: 1 MiB.
    pub body: Option<Vec<u8>>,
}

impl Call {
    /// A call without headers and body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: BTreeMap::new(),
            body: Some(Vec::new()),
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Sends `token` as the bearer.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sends a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    /// Sends bytes of a media type.
    #[must_use]
    pub fn bytes(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self.header("content-type", content_type)
    }

    /// The token that is sent as the bearer.
    pub fn bearer_token(&self) -> Option<&str> {
        self.headers.get("authorization")?.strip_prefix("Bearer ")
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The path's parts, decoded.
    pub fn segments(&self) -> Vec<String> {
        self.path()
            .trim_start_matches('/')
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }
}

/// Headers hold credentials and bodies can, so neither is shown.
impl std::fmt::Debug for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.method, self.path())
    }
}

/// What the emulator answers, and how it is delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers besides the content type and the entity tag.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub payload: Payload,
    /// How much of it reaches the client.
    pub arrival: ReplyDelivery,
}

/// The body of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// JSON.
    Json(Value),
    /// HTML.
    Html(String),
    /// Nothing, as with 304.
    Empty,
}

impl Reply {
    /// A JSON reply.
    pub const fn json(status: u16, body: Value) -> Self {
        Self::whole(status, Payload::Json(body))
    }

    /// A page, as gateways and login walls send it.
    pub fn page(status: u16, title: &str) -> Self {
        let page = format!(
            "<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        );
        Self::whole(status, Payload::Html(page))
    }

    const fn whole(status: u16, payload: Payload) -> Self {
        Self {
            status,
            headers: Vec::new(),
            payload,
            arrival: ReplyDelivery::Whole,
        }
    }

    /// Delivers it another way.
    #[must_use]
    pub const fn arriving(mut self, arrival: ReplyDelivery) -> Self {
        self.arrival = arrival;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| *header == name)
            .map(|(_, value)| value.as_str())
    }

    /// The JSON body; null if it is something else.
    pub fn body(&self) -> &Value {
        match &self.payload {
            Payload::Json(body) => body,
            Payload::Html(_) | Payload::Empty => &Value::Null,
        }
    }

    /// The body's media type.
    pub const fn content_type(&self) -> &'static str {
        match self.payload {
            Payload::Html(_) => "text/html; charset=utf-8",
            Payload::Json(_) | Payload::Empty => "application/json; charset=utf-8",
        }
    }

    /// The body as it goes over the wire.
    pub fn text(&self) -> String {
        match &self.payload {
            Payload::Json(body) => body.to_string(),
            Payload::Html(page) => page.clone(),
            Payload::Empty => String::new(),
        }
    }

    /// Adds the body's entity tag, and leaves the body out if the client has it already.
    #[must_use]
    pub fn with_etag(self, if_none_match: Option<&str>) -> Self {
        let etag = format!("\"{}\"", ids::word(&[&self.text()], 28));
        let known = self.status == 200 && if_none_match == Some(etag.as_str());
        let mut reply = self.with_header("etag", etag);
        if known {
            reply.status = 304;
            reply.payload = Payload::Empty;
        }
        reply
    }
}

/// How a reply reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyDelivery {
    /// Whole.
    Whole,
    /// Cut in the middle of the body.
    Truncated,
    /// Not at all: the connection is closed without a byte.
    Closed,
    /// Not at all: the connection stays open and silent.
    Silent,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Call, Payload, Reply};

    #[test]
    fn queries_and_segments_are_decoded() {
        let call = Call::new("GET", "/a/b%20c+d/e?x=1&path=%2Fapps+web&x=2");
        assert_eq!(call.segments(), ["a", "b c+d", "e"]);
        assert_eq!(call.query("path").as_deref(), Some("/apps web"));
        assert_eq!(call.query("x").as_deref(), Some("1"));
        assert_eq!(call.query("y"), None);
    }

    #[test]
    fn a_known_etag_is_answered_without_a_body() {
        let reply = || Reply::json(200, json!({"a": 1}));
        let first = reply().with_etag(None);
        let etag = first.header("etag").unwrap().to_owned();
        let second = reply().with_etag(Some(&etag));
        assert_eq!((second.status, &second.payload), (304, &Payload::Empty));
        assert_eq!(reply().with_etag(Some("\"other\"")).status, 200);
    }

    #[test]
    fn debug_output_shows_no_header_and_no_body() {
        let call = Call::new("POST", "/x?y=z")
            .bearer("hunter2")
            .json(&json!({"clientSecret": "hunter3"}));
        assert_eq!(format!("{call:?}"), "POST /x");
    }
}
