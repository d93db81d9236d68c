//! As much of HTTP/1.1 as the server needs. What breaks here is meant to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::platform::{Call, Reply};

/// How long a run waits for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// A request, and the credential that it carries.
pub struct Incoming {
    pub call: Call,
    pub bearer: String,
}

/// Reads the next request of a connection; `None` when there is none any more.
pub fn read(stream: &mut BufReader<TcpStream>) -> Option<Incoming> {
    let mut line = String::new();
    let mut next_line = |stream: &mut BufReader<TcpStream>| {
        line.clear();
        let read = stream.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    };
    let first = next_line(stream)?;
    let (mut length, mut bearer) = (0, String::new());
    loop {
        let header = next_line(stream)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => {
                let value = value.trim().trim_start_matches("Bearer ");
                value.clone_into(&mut bearer);
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let method = words.next()?.to_owned();
    let (path, query) = words
        .next()
        .map(|target| target.split_once('?').unwrap_or((target, "")))?;
    let call = Call {
        method,
        path: path.split('/').skip(1).map(str::to_owned).collect(),
        query: query.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    Some(Incoming { call, bearer })
}

/// An answer, which may be none.
pub struct Answer {
    head: String,
    body: Vec<u8>,
    /// How much of the body is sent; the rest never comes.
    sent: usize,
    /// How long it is waited for.
    pause: Duration,
    /// What the journal says of it.
    pub name: String,
}

impl Answer {
    pub fn new(status: u16, kind: &str, body: &str) -> Self {
        Self {
            head: format!(
                "HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n",
                body.len()
            ),
            sent: body.len(),
            body: body.as_bytes().to_vec(),
            pause: Duration::ZERO,
            name: format!("{status} {kind}"),
        }
    }

    pub fn json((status, body): &Reply) -> Self {
        let mut answer = Self::new(*status, "application/json", &body.to_string());
        answer.name = format!("{status} {}", body["message"].as_str().unwrap_or_default());
        answer
    }

    pub fn nothing() -> Self {
        Self {
            head: String::new(),
            body: Vec::new(),
            sent: 0,
            pause: Duration::ZERO,
            name: "nothing".to_owned(),
        }
    }

    /// Nothing, for longer than a run waits.
    pub fn silence() -> Self {
        Self {
            pause: TIMEOUT + Duration::from_millis(300),
            name: "silence".to_owned(),
            ..Self::nothing()
        }
    }

    pub fn with_header(mut self, header: &str) -> Self {
        self.head.push_str(header);
        self.head.push_str("\r\n");
        self
    }

    /// The first half of it.
    pub fn cut(mut self) -> Self {
        self.sent = self.body.len() / 2;
        self.name.push_str(" (half)");
        self
    }

    /// Sends it, and says whether the connection goes on.
    pub fn send(&self, stream: &mut TcpStream) -> bool {
        sleep(self.pause);
        let mut bytes = self.head.clone().into_bytes();
        if !bytes.is_empty() {
            bytes.extend(b"\r\n");
            bytes.extend(&self.body[..self.sent]);
        }
        let is_sent = stream.write_all(&bytes).is_ok();
        is_sent && !self.head.is_empty() && self.sent == self.body.len()
    }
}
