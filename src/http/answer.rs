//! What came back: a status, headers, and a body that may be anything.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LINK, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value};
use url::Url;

pub use super::bounded::Fields;
use super::bounded::{self, MOST_VALUES, Unread};
use super::error::{Fate, RequestError, RequestErrorKind};
use super::origin::Origin;
use super::quote::quotable;

/// The longest request id that is shown, in characters.
const LONGEST_ID: usize = 64;

/// No limit of a platform is reset later than that.
const LONGEST_RESET: Duration = Duration::from_secs(60 * 60);

/// What a body without anything in it is called.
const EMPTY: &str = "an empty body";

/// An answer, read to its end.
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) url: Url,
    /// What is known of the request's effect if this answer does not accept it.
    pub(super) fate: Fate,
}

impl Answer {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The status as people write it: `404 Not Found`.
    pub fn status_line(&self) -> String {
        match self.status.canonical_reason() {
            Some(reason) => format!("{} {reason}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }

    /// What the server calls the request, if that can only be an id: for whoever asks its
    /// operators. In a header, or in the body of a refusal.
    pub fn request_id(&self) -> Option<String> {
        let header = self.headers.get("x-request-id");
        let id = match header.and_then(|value| value.to_str().ok()) {
            Some(id) => id.to_owned(),
            None if self.status() >= 400 => self.json().ok()?.get("reqId")?.as_str()?.to_owned(),
            None => return None,
        };
        let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (id.len() <= LONGEST_ID && id.chars().all(is_id)).then_some(id)
    }

    /// Its status, headers and body, for a caller that reads them by itself.
    pub fn into_parts(self) -> (StatusCode, HeaderMap, Vec<u8>) {
        (self.status, self.headers, self.body)
    }

    /// Whether it accepts the request.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// What is known of the request's effect if this answer does not accept it.
    pub const fn fate(&self) -> Fate {
        self.fate
    }

    /// Notes what is known of an earlier sending of the same request.
    pub fn at_least(&mut self, fate: Fate) {
        self.fate = self.fate.max(fate);
    }

    /// The server that it came from, as people write it.
    pub fn server(&self) -> String {
        Origin::of(&self.url).map_or_else(|_| "the server".to_owned(), |origin| origin.to_string())
    }

    /// The content type, as the server wrote it.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// Why a list of so many items in the body is not the whole one, by what the headers say, as the
    /// end of a sentence.
    pub fn more_than(&self, items: usize) -> Option<String> {
        let text = |name: &str| self.headers.get(name)?.to_str().ok();
        if text("x-total-count").is_some_and(|count| count.trim().parse() != Ok(items)) {
            return Some(format!("its header X-Total-Count does not say {items}"));
        }
        let mut links = self.headers.get_all(LINK).iter();
        let leads_on = |link: &str| {
            let parameters = link
                .split([';', ','])
                .map(|part| part.trim().to_ascii_lowercase());
            let mut relations = parameters.filter_map(|part| {
                let relation = part.strip_prefix("rel=")?.trim_matches('"').to_owned();
                Some(relation)
            });
            relations.any(|relation| relation.split(' ').any(|one| one == "next"))
        };
        let is_next = links.any(|link| link.to_str().is_ok_and(leads_on));
        is_next.then(|| "its header Link leads to more".to_owned())
    }

    /// The body as JSON, or what it is instead, to follow "with": `an HTML page`.
    pub fn json(&self) -> Result<Value, &'static str> {
        let text = self.body.trim_ascii();
        if text.is_empty() {
            return Err(EMPTY);
        }
        bounded::value(text, MOST_VALUES).map_err(|error| self.not_json(&error))
    }

    /// What the body is instead of JSON.
    fn not_json(&self, error: &serde_json::Error) -> &'static str {
        if self.is_html() {
            "an HTML page instead of JSON"
        } else if error.is_eof() {
            "JSON that breaks off"
        } else if error.is_syntax() {
            "something that is not JSON"
        } else {
            "JSON of too many values"
        }
    }

    /// Takes each item of a list of objects in the body as soon as it is read, and returns the fields beside
    /// the list. Without the list, it is an error of `missing`; what the body is instead of JSON
    /// becomes one by `wrong`.
    pub fn items<'a, E>(
        &'a self,
        list: &str,
        take: impl FnMut(Fields<'a>) -> Result<(), E>,
        missing: impl Fn() -> E,
        wrong: impl Fn(&'static str) -> E,
    ) -> Result<Map<String, Value>, E> {
        let text = self.body.trim_ascii();
        if text.is_empty() {
            return Err(wrong(EMPTY));
        }
        match bounded::items(text, list, take) {
            Ok(Some(others)) => Ok(others),
            Ok(None) => Err(missing()),
            Err(Unread::Item(error)) => Err(error),
            Err(Unread::Json(error)) if bounded::is_of_another_form(&error) => Err(missing()),
            Err(Unread::Json(error)) => Err(wrong(self.not_json(&error))),
        }
    }

    /// The server that a redirect leads to, without its path and query; none if it is no redirect.
    pub fn redirect_target(&self) -> Option<String> {
        if !self.status.is_redirection() {
            return None;
        }
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let target = self.url.join(location).ok()?;
        Some(quotable(target.host_str()?, 100))
    }

    /// How long the server asks to wait, from `Retry-After` or, if it refuses because of a limit, from
    /// the headers that say when the limit is reset: Enkryptify sends these with every answer. What is
    /// no number of seconds up to an hour is a moment, as other servers write it, and says nothing here.
    pub fn asked_pause(&self, time_of_day: SystemTime) -> Option<Duration> {
        let text = |name: &str| self.headers.get(name)?.to_str().ok().map(str::trim);
        let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
        let asked = text(RETRY_AFTER.as_str())
            .and_then(|text| seconds(text).or_else(|| until(text, time_of_day)))
            .or_else(|| {
                let resets = ["x-ratelimit-reset", "ratelimit-reset"];
                let mut resets = resets.into_iter().filter_map(text).filter_map(seconds);
                let is_limited = self.status == StatusCode::TOO_MANY_REQUESTS;
                resets.find(|reset| is_limited && *reset <= LONGEST_RESET)
            })?;
        (!asked.is_zero()).then_some(asked)
    }

    fn is_html(&self) -> bool {
        self.content_type()
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
            || self.body.trim_ascii().starts_with(b"<")
    }
}

/// The error for an answer that is not what the API promises: `what` follows "answered".
pub fn bad_answer(task: &str, origin: &Origin, what: &str) -> RequestError {
    RequestError::new(
        RequestErrorKind::BadAnswer,
        format!("Cannot {task}: {origin} answered {what}."),
    )
    .help("Check that the address is that of the API itself, and which version it runs.")
}

/// The time left until an HTTP date; nothing if it has passed.
fn until(date: &str, time_of_day: SystemTime) -> Option<Duration> {
    let moment = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(date)
        .ok()?;
    SystemTime::from(moment).duration_since(time_of_day).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Answer, Fate};

    fn answer(headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect::<HeaderMap>(),
            body: body.as_bytes().to_vec(),
            url: "https://corp.example/api/v1/x".parse().expect("a URL"),
            fate: Fate::Unsent,
        }
    }

    fn pause(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        pause_after(StatusCode::TOO_MANY_REQUESTS, headers)
    }

    fn pause_after(status: StatusCode, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        // Wed, 21 Oct 2015 07:28:00 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        let answer = Answer {
            status,
            ..answer(headers, "")
        };
        answer.asked_pause(now).map(|pause| pause.as_secs())
    }

    #[test]
    fn headers_say_that_a_list_is_not_the_whole_one() {
        let more = |name, value| answer(&[(name, value)], "[]").more_than(2).is_some();
        assert!(more("x-total-count", "70"));
        assert!(!more("x-total-count", "2"));
        assert!(more("link", "</syncs?page=2>; rel=\"next\""));
        assert!(more(
            "link",
            "</a>; rel=prev, </b>; title=x; rel=\"last next\""
        ));
        assert!(!more("link", "</syncs?rel=next>; rel=\"first\""));
    }

    #[test]
    fn the_reset_of_a_limit_is_waited_for_only_after_a_refusal_because_of_it() {
        let reset = [("ratelimit-reset", "58")];
        assert_eq!(pause(&reset), Some(58));
        assert_eq!(pause_after(StatusCode::BAD_GATEWAY, &reset), None);
        let stated = [("retry-after", "5"), ("ratelimit-reset", "58")];
        assert_eq!(pause_after(StatusCode::BAD_GATEWAY, &stated), Some(5));
        // A moment, and no number of seconds.
        assert_eq!(pause(&[("x-ratelimit-reset", "1790000000")]), None);
    }

    #[test]
    fn the_pause_is_read_as_seconds_or_as_a_date() {
        assert_eq!(pause(&[("retry-after", "58")]), Some(58));
        assert_eq!(
            pause(&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT")]),
            Some(30)
        );
    }

    #[test]
    fn uses_the_rate_limit_headers_without_a_stated_pause() {
        assert_eq!(pause(&[("x-ratelimit-reset", "12")]), Some(12));
        assert_eq!(pause(&[("ratelimit-reset", "7")]), Some(7));
        assert_eq!(
            pause(&[("retry-after", "soon"), ("x-ratelimit-reset", "12")]),
            Some(12)
        );
    }

    #[test]
    fn ignores_a_pause_that_is_missing_past_or_unreadable() {
        assert_eq!(pause(&[]), None);
        assert_eq!(pause(&[("retry-after", "0")]), None);
        assert_eq!(pause(&[("retry-after", "-5")]), None);
        assert_eq!(pause(&[("retry-after", "99999999999999999999999")]), None);
        assert_eq!(
            pause(&[("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT")]),
            None
        );
    }

    #[test]
    fn reports_what_is_not_json() {
        for (body, name) in [
            ("", "an empty body"),
            (" \n", "an empty body"),
            ("<!doctype html><p>Sign in", "an HTML page instead of JSON"),
            ("{\"secretSyncs\":[{\"id\":", "JSON that breaks off"),
            ("all good", "something that is not JSON"),
            ("{} {}", "something that is not JSON"),
        ] {
            assert_eq!(answer(&[], body).json(), Err(name), "{body:?}");
        }
        let nested = "[".repeat(20_000);
        assert!(answer(&[], &nested).json().is_err());
    }

    #[test]
    fn a_redirect_names_its_host_only() {
        for (location, host) in [
            ("https://login.example/x?state=hunter2", "login.example"),
            ("https://user:hunter2@login.example/", "login.example"),
            ("/login?next=x", "corp.example"),
        ] {
            let mut answer = answer(&[("location", location)], "");
            assert_eq!(answer.redirect_target(), None, "200 is no redirect");
            answer.status = StatusCode::FOUND;
            assert_eq!(answer.redirect_target().as_deref(), Some(host));
        }
    }
}
