//! What stands between the program and a server: a gateway, a firewall, a bad line.
//!
//! Below HTTP and without a word of the sandbox's code, so that it can do to any exchange what
//! happens on the way.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::{Invocation, Server};

/// What it does to an exchange.
#[derive(Clone)]
pub enum Act {
    /// Answers by itself. The server does not hear of it.
    Instead(Reply),
    /// Passes the request on, and answers by itself.
    After(Reply),
    /// Passes the request on, and closes the connection without an answer.
    Lost,
    /// Closes the connection at once, and passes the request on later.
    Late(Duration),
    /// Passes the request on, and what the server answers with this text in place of that one.
    Edited(&'static str, &'static str),
    /// Passes nothing on and answers nothing, for as long as the test lasts.
    Silence,
}

/// An answer of its own.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    content_type: &'static str,
    body: String,
    headers: &'static str,
}

impl Reply {
    /// A page, as firewalls and sign-in walls send it.
    pub fn page(status: u16) -> Self {
        Self::new(status, "text/html", "<html><h1>Not here</h1></html>")
    }

    /// JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", &body.to_string())
    }

    /// A refusal in Infisical's own form.
    pub fn refusal(status: u16, error: &str, message: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({
                "reqId": "req-1", "statusCode": status, "message": message, "error": error
            }),
        )
    }

    fn new(status: u16, content_type: &'static str, body: &str) -> Self {
        Self {
            status,
            content_type,
            body: body.to_owned(),
            headers: "",
        }
    }

    /// With these lines in its head, each with its end.
    pub fn with_headers(self, headers: &'static str) -> Self {
        Self { headers, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        format!(
            "HTTP/1.1 {} X\r\ncontent-type: {}\r\ncontent-length: {}\r\n{}connection: close\r\n\r\n{}",
            self.status,
            self.content_type,
            self.body.len(),
            self.headers,
            self.body
        )
        .into_bytes()
    }
}

struct Rule {
    method: &'static str,
    part: String,
    times: usize,
    act: Act,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    heard: Vec<String>,
}

/// A gateway before a server.
pub struct Gateway {
    port: u16,
    server: String,
    state: Arc<Mutex<State>>,
}

impl Gateway {
    /// One that passes everything on.
    pub fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = Self {
            port: listener.local_addr().unwrap().port(),
            server: server.origin().replace("http://", ""),
            state: Arc::default(),
        };
        let (server, state) = (gateway.server.clone(), Arc::clone(&gateway.state));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (server, state) = (server.clone(), Arc::clone(&state));
                // The program may have gone in the meantime.
                thread::spawn(move || exchange(stream, &server, &state).unwrap_or_default());
            }
        });
        gateway
    }

    /// Does this to requests of a method whose target contains a text, so many times.
    pub fn does(&self, method: &'static str, part: &str, times: usize, act: Act) -> &Self {
        self.state.lock().unwrap().rules.push(Rule {
            method,
            part: part.to_owned(),
            times,
            act,
        });
        self
    }

    /// Passes everything on from now on.
    pub fn clear(&self) {
        self.state.lock().unwrap().rules.clear();
    }

    /// How many requests of a method it heard whose target contains a text.
    pub fn heard(&self, method: &str, part: &str) -> usize {
        let state = self.state.lock().unwrap();
        let is_meant = |line: &&String| line.starts_with(method) && line.contains(part);
        state.heard.iter().filter(is_meant).count()
    }

    /// Waits until it heard that many of them.
    pub fn wait_for(&self, times: usize, method: &str, part: &str) {
        for _ in 0..2000 {
            if self.heard(method, part) >= times {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} of {method} {part}", self.heard(method, part));
    }

    /// Puts it before the server of an invocation.
    pub fn before_server_of(&self, invocation: Invocation) -> Invocation {
        let origin = format!("http://127.0.0.1:{}", self.port);
        invocation
            .variable("INFISICAL_HOST", &origin)
            .variable("ENKRYPTIFY_API_URL", &origin)
    }
}

fn exchange(mut program: TcpStream, server: &str, state: &Mutex<State>) -> std::io::Result<()> {
    let request = read_request(&mut program)?;
    let text = String::from_utf8_lossy(&request);
    let line = text.lines().next().unwrap_or_default().to_owned();
    let act = {
        let mut state = state.lock().unwrap();
        state.heard.push(line.clone());
        let mut rules = state.rules.iter_mut();
        let fits = |rule: &&mut Rule| {
            rule.times > 0 && line.starts_with(rule.method) && line.contains(&rule.part)
        };
        rules.find(fits).map(|rule| {
            rule.times -= 1;
            rule.act.clone()
        })
    };
    match act {
        None => program.write_all(&passed_on(&request, server)?),
        Some(Act::Instead(reply)) => program.write_all(&reply.bytes()),
        Some(Act::After(reply)) => {
            passed_on(&request, server)?;
            program.write_all(&reply.bytes())
        }
        Some(Act::Lost) => passed_on(&request, server).map(drop),
        Some(Act::Late(pause)) => {
            drop(program);
            thread::sleep(pause);
            passed_on(&request, server).map(drop)
        }
        Some(Act::Edited(from, to)) => {
            let answer = String::from_utf8(passed_on(&request, server)?).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let body = body.replacen(from, to, 1);
            let head: Vec<&str> = head
                .lines()
                .filter(|line| !line.to_ascii_lowercase().starts_with("content-length"))
                .collect();
            let head = head.join("\r\n");
            write!(
                program,
                "{head}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        Some(Act::Silence) => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
    }
}

/// The answer of the server to a request, to its end.
fn passed_on(request: &[u8], server: &str) -> std::io::Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(server)?;
    let end = request.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
    upstream.write_all(&request[..end])?;
    upstream.write_all(b"connection: close\r\n")?;
    upstream.write_all(&request[end..])?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&read) {
        match stream.read(&mut buffer)? {
            0 => break,
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(read)
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    body.len() >= length
}
