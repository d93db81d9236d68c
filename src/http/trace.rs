//! The events of requests, for `-vv`: what was asked, what came of it, and how long that took.
//!
//! Never a header's value, a body, or the value of a query: each can contain a credential.

use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::answer::Answer;
use super::failure::Failure;

/// One sending of a request.
pub struct Sent<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address.
    pub url: &'a Url,
    /// What went along: the body, and the headers' words. Not shown, and not to be shown.
    pub carried: Vec<&'a [u8]>,
    /// How long the answer took, or its absence.
    pub took: Duration,
}

impl Sent<'_> {
    /// Reports what came of it, and what happened before: which of how many tries it was, and how
    /// long the request `waited` for pauses.
    pub fn report(
        &self,
        outcome: Result<&Answer, &Failure>,
        (tried, tries): (u32, u32),
        waited: Duration,
    ) {
        let what = format!("{} {}", self.method, shown(self.url));
        let took = format!("{} ms", self.took.as_millis());
        let notes = [
            (tried > 1).then(|| format!("try {tried} of {tries}")),
            (!waited.is_zero()).then(|| format!("waited {} s", waited.as_secs_f64())),
            outcome
                .ok()
                .and_then(Answer::request_id)
                .filter(|id| !self.repeats(id))
                .map(|id| format!("request id {id}")),
        ];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!(" ({})", notes.join(", "))
        };
        match outcome {
            Ok(answer) => tracing::debug!("{what}: {} in {took}{notes}", answer.status_line()),
            Err(failure) => tracing::debug!("{what}: {} after {took}{notes}", failure.cause),
        }
    }

    /// Whether a text was sent along: a server could call a credential the request's id.
    fn repeats(&self, text: &str) -> bool {
        let holds = |whole: &[u8], part: &[u8]| {
            !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
        };
        let text = text.as_bytes();
        let mut carried = self.carried.iter();
        carried.any(|carried| holds(carried, text) || holds(text, carried))
    }
}

/// The server and the path, and the names of the query without their values.
fn shown(url: &Url) -> String {
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name).collect();
    let query = if names.is_empty() {
        String::new()
    } else {
        format!("?{}", names.join("&"))
    };
    let server = url.origin().ascii_serialization();
    format!("{server}{}{query}", url.path())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::Method;
    use url::Url;

    use super::{Sent, shown};

    #[test]
    fn shows_a_query_without_its_values_and_no_user() {
        let url = Url::parse("https://me:pw@a.example/x/y?token=hunter2&b=hunter3#c").unwrap();
        assert_eq!(shown(&url), "https://a.example/x/y?token&b");
    }

    #[test]
    fn a_credential_that_a_server_calls_an_id_is_recognised() {
        let sent = Sent {
            method: &Method::POST,
            url: &Url::parse("https://a.example").unwrap(),
            carried: vec![b"token", br#"{"clientSecret":"hunter2"}"#],
            took: Duration::ZERO,
        };
        for repeated in ["token", "my-token-1", "hunter2"] {
            assert!(sent.repeats(repeated), "{repeated}");
        }
        assert!(!sent.repeats("req-1"));
    }
}
