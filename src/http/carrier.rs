//! Requests that another library makes and signs, sent by the rules of this one: no redirects,
//! the same authorities, proxies and time limits, and plain http only where it is allowed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use url::Url;

use super::HttpOptions;
use super::answer::Answer;
use super::client::{Client, SendError};
use super::encryption::check_encryption;
use super::error::RequestError;
use super::failure::{Arrival, Failure};
use super::origin::Origin;
use super::trace::Sent;
use crate::environment::Environment;
use crate::http::request::DOCUMENT_LIMIT;
use crate::mutex::lock;
use crate::redaction;

/// How long a machine's own service may take to hand out the machine's credentials.
const MACHINE_TIMEOUT: Duration = Duration::from_secs(4);

/// Carries requests to whatever server they name.
pub struct Carrier {
    environment: Environment,
    options: HttpOptions,
    clients: Mutex<HashMap<(Origin, Purpose), Arc<Client>>>,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A server of the store or of its login.
    Server,
    /// The credentials of the machine, from the service beside it that speaks plain http.
    Machine,
}

impl Carrier {
    /// A carrier that has not connected to anything.
    pub fn new(environment: &Environment, options: &HttpOptions) -> Self {
        Self {
            environment: environment.clone(),
            options: options.clone(),
            clients: Mutex::default(),
        }
    }

    /// Sends a request once and reads the answer to its end.
    pub async fn carry(
        &self,
        purpose: Purpose,
        (method, url): (Method, &str),
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let url =
            Url::parse(url).map_err(|error| not_sent(format!("its URL is not valid ({error})")))?;
        let origin = Origin::of(&url).map_err(|what| not_sent(format!("its URL {what}")))?;
        if purpose == Purpose::Server {
            check_encryption(&origin, &self.environment).map_err(unusable)?;
        }
        register(&headers, &origin);
        let client = self.client(origin, purpose);
        let start = self.options.clock.now();
        let sending = client.exchange(
            method.clone(),
            url.clone(),
            headers.clone(),
            Some(body.clone()),
            DOCUMENT_LIMIT,
        );
        let sent = match sending.await {
            Ok(answer) => Ok(answer),
            Err(SendError::Failed(failure)) => Err(failure),
            Err(SendError::Unusable(error)) => Err(unusable(error)),
        };
        // The library that asks repeats by itself, and signs by headers.
        let report = Sent {
            method: &method,
            url: &url,
            carried: headers
                .values()
                .flat_map(|value| value.as_bytes().split(u8::is_ascii_whitespace))
                .chain([body.as_slice()])
                .collect(),
            took: self.options.clock.now().saturating_duration_since(start),
        };
        report.report(sent.as_ref(), (1, 1), Duration::ZERO);
        sent
    }

    fn client(&self, origin: Origin, purpose: Purpose) -> Arc<Client> {
        let mut clients = lock(&self.clients);
        let client = clients.entry((origin.clone(), purpose)).or_insert_with(|| {
            let mut options = self.options.clone();
            if purpose == Purpose::Machine {
                options.timeout = options.timeout.min(MACHINE_TIMEOUT);
            }
            Arc::new(Client::new(origin, &self.environment, &options))
        });
        Arc::clone(client)
    }
}

/// Registers the tokens that a library got by itself, from a login or the machine.
fn register(headers: &HeaderMap, origin: &Origin) {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    for token in bearer.into_iter().chain(text("x-amz-security-token")) {
        let _ = redaction::register(token, &format!("The login for {origin}"));
    }
}

fn not_sent(cause: String) -> Failure {
    Failure {
        cause,
        help: "Check the address of the server.".to_owned(),
        arrival: Arrival::Hopeless,
    }
}

/// A failure before anything was sent, with its own advice.
fn unusable(error: RequestError) -> Failure {
    Failure {
        cause: error.message.trim_end_matches('.').to_owned(),
        help: error.help.unwrap_or_default(),
        arrival: Arrival::Hopeless,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use reqwest::header::HeaderMap;

    use super::{Carrier, Purpose};
    use crate::environment::Environment;
    use crate::http::HttpOptions;

    async fn refusal(purpose: Purpose, url: &str) -> String {
        let carrier = Carrier::new(&Environment::default(), &HttpOptions::default());
        let sent = carrier
            .carry(purpose, (Method::GET, url), HeaderMap::new(), Vec::new())
            .await;
        sent.err().expect("refused").cause
    }

    #[tokio::test]
    async fn plain_http_to_another_machine_and_user_info_are_refused_before_anything_is_sent() {
        for (url, cause) in [
            (
                "http://objects.corp.example/b/k",
                "http://objects.corp.example would be spoken to without encryption",
            ),
            (
                "https://user:hunter2@corp.example/",
                "its URL holds a user name or a password, which secsync never takes from a URL",
            ),
            (
                "ftp://corp.example/",
                "its URL is neither an https nor an http URL",
            ),
        ] {
            assert_eq!(refusal(Purpose::Server, url).await, cause);
        }
    }

    #[tokio::test]
    async fn names_the_server_that_does_not_answer() {
        // Nothing listens on the port of discarding.
        let cause = refusal(Purpose::Machine, "http://127.0.0.1:9/latest").await;
        assert_eq!(cause, "http://127.0.0.1:9 refused the connection");
    }
}
