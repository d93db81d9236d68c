//! The emulator behind a socket.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::SandboxOptions;
use super::call::{Call, Reply, ReplyDelivery};
use super::database::{Database, DatabaseFile, Started};
use super::emulator::Emulator;
use super::fail::FailRule;
use super::moment::Moment;

use crate::mutex::lock;

/// What a server reads of a body.
const BODY_LIMIT: usize = 1024 * 1024;

/// What the sandbox takes in and drops beyond that, so that the client hears the refusal.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;

/// How long a change may wait to be written. Writing each on its own would make a run of
/// thousands of creates quadratic.
const SAVE_INTERVAL: Duration = Duration::from_millis(50);

/// How long a silent connection stays open.
const SILENCE: Duration = Duration::from_secs(3600);

/// Starts the sandbox. It refuses to listen to anything but this machine.
pub async fn start(options: SandboxOptions) -> io::Result<Running> {
    if !options.listen.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "The sandbox takes demo credentials, so it only listens on this machine, but `{}` is not a loopback address. Use 127.0.0.1.",
                options.listen
            ),
        ));
    }
    let file = options.store.clone().map(DatabaseFile::new);
    let database = match &file {
        Some(file) => file.load()?,
        None => Database::default(),
    };
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let sandbox = Arc::new(Sandbox {
        latency: options.latency,
        emulator: Mutex::new(Emulator::resume(database, options)),
        log: Mutex::new(Vec::new()),
        held: watch::Sender::default(),
        file,
        unsaved: AtomicBool::new(false),
        stopped: AtomicBool::new(false),
    });
    let server = tokio::spawn(accept(listener, Arc::clone(&sandbox)));
    let saver = tokio::spawn(save_regularly(Arc::clone(&sandbox)));
    Ok(Running {
        address,
        sandbox,
        tasks: [server, saver],
    })
}

/// A running sandbox. Dropping it stops it and writes what is not written.
pub struct Running {
    address: SocketAddr,
    sandbox: Arc<Sandbox>,
    tasks: [JoinHandle<()>; 2],
}

impl Running {
    /// Where it listens, with the port that it got.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far: the method, and the path with its query.
    pub fn requests(&self) -> Vec<(String, String)> {
        lock(&self.sandbox.log).clone()
    }

    /// What was started on Enkryptify so far, in order; earlier runs included.
    pub fn started(&self) -> Vec<Started> {
        lock(&self.sandbox.emulator).started().to_vec()
    }

    /// Puts faults to order in place of those that are left.
    pub fn fail(&self, rules: Vec<FailRule>) {
        lock(&self.sandbox.emulator).fail(rules);
    }

    /// Does what requests of this method ask for whose target contains this text, and holds back
    /// their answers until [`Self::release`]. A test acts in between.
    pub fn hold(&self, method: &str, part: &str) {
        let held = (method.to_owned(), part.to_owned());
        self.sandbox.held.send_replace(Some(held));
    }

    /// Lets the answers go that [`Self::hold`] holds back.
    pub fn release(&self) {
        self.sandbox.held.send_replace(None);
    }

    /// Stops it and writes what is not written.
    pub async fn stop(mut self) -> io::Result<()> {
        self.sandbox.stopped.store(true, Ordering::Release);
        for task in &mut self.tasks {
            task.abort();
            // An aborted task ends with an error that says so.
            let _ = task.await;
        }
        self.sandbox.save()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.sandbox.stopped.store(true, Ordering::Release);
        for task in &self.tasks {
            task.abort();
        }
        // An error can no longer be reported.
        let _ = self.sandbox.save();
    }
}

struct Sandbox {
    emulator: Mutex<Emulator>,
    log: Mutex<Vec<(String, String)>>,
    latency: Duration,
    /// The method and a part of the target of the requests whose answers are held back.
    held: watch::Sender<Option<(String, String)>>,
    file: Option<DatabaseFile>,
    unsaved: AtomicBool,
    /// Connections that are still open are cut at their next request.
    stopped: AtomicBool,
}

impl Sandbox {
    fn answer(&self, call: &Call) -> Reply {
        lock(&self.log).push((call.method.clone(), call.target.clone()));
        let reply = lock(&self.emulator).handle(call, Moment::now());
        self.unsaved.store(true, Ordering::Release);
        reply
    }

    async fn wait_while_held(&self, call: &Call) {
        let is_held = |held: &Option<(String, String)>| {
            held.as_ref()
                .is_some_and(|(method, part)| call.method == *method && call.target.contains(part))
        };
        // The only error is a dropped sender, and `self` holds it.
        let _ = self.held.subscribe().wait_for(|held| !is_held(held)).await;
    }

    fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        // Whoever finds nothing unsaved must find it written, too.
        let emulator = lock(&self.emulator);
        if !self.unsaved.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let saved = file.save(emulator.database());
        if saved.is_err() {
            self.unsaved.store(true, Ordering::Release);
        }
        saved
    }
}

async fn save_regularly(sandbox: Arc<Sandbox>) {
    let mut pause = SAVE_INTERVAL;
    loop {
        tokio::time::sleep(pause).await;
        let saving = Arc::clone(&sandbox);
        let started = Instant::now();
        // An error shows at the latest when the sandbox is stopped, which saves again.
        let _ = tokio::task::spawn_blocking(move || saving.save()).await;
        // A large state must not be written all the time.
        pause = SAVE_INTERVAL.max(started.elapsed() * 10);
    }
}

async fn accept(listener: TcpListener, sandbox: Arc<Sandbox>) {
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            // Too many open files, for one: some close in the meantime.
            tokio::time::sleep(SAVE_INTERVAL).await;
            continue;
        };
        let sandbox = Arc::clone(&sandbox);
        let service = service_fn(move |request| serve(Arc::clone(&sandbox), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(connection), service);
        // It ends with an error if it is cut, and the client sees that.
        tokio::spawn(async { connection.await.ok() });
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Answers a request. An error cuts the connection before anything is written to it.
async fn serve(
    sandbox: Arc<Sandbox>,
    request: hyper::Request<Incoming>,
) -> io::Result<hyper::Response<Body>> {
    let call = read(request).await;
    if sandbox.stopped.load(Ordering::Acquire) {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let reply = sandbox.answer(&call);
    tokio::time::sleep(sandbox.latency).await;
    sandbox.wait_while_held(&call).await;
    match reply.arrival {
        ReplyDelivery::Whole | ReplyDelivery::Truncated => {}
        ReplyDelivery::Closed => return Err(io::ErrorKind::BrokenPipe.into()),
        ReplyDelivery::Silent => tokio::time::sleep(SILENCE).await,
    }
    write(&reply)
}

async fn read(request: hyper::Request<Incoming>) -> Call {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Call {
        method: parts.method.as_str().to_owned(),
        target: parts
            .uri
            .path_and_query()
            .map_or_else(|| parts.uri.path().to_owned(), ToString::to_string),
        headers: headers.collect(),
        body: read_body(body).await,
    }
}

async fn read_body(body: Incoming) -> Option<Vec<u8>> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        length += chunk.len();
        if length > DRAIN_LIMIT {
            break;
        }
        if length <= BODY_LIMIT {
            bytes.extend_from_slice(&chunk);
        }
    }
    (length <= BODY_LIMIT).then_some(bytes)
}

fn write(reply: &Reply) -> io::Result<hyper::Response<Body>> {
    let text = reply.text();
    let mut builder = hyper::Response::builder()
        .status(reply.status)
        .header("content-type", reply.content_type());
    for (name, value) in &reply.headers {
        builder = builder.header(*name, value);
    }
    let body = if reply.arrival == ReplyDelivery::Truncated {
        builder = builder.header("content-length", text.len());
        cut_in_the_middle(&text)
    } else {
        let whole = Full::new(Bytes::from(text));
        whole.map_err(|never| match never {}).boxed_unsync()
    };
    builder.body(body).map_err(io::Error::other)
}

fn cut_in_the_middle(text: &str) -> Body {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    // The pause lets the first half go out before the connection ends.
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    let start = stream::once(async { Ok(Frame::data(half)) });
    StreamBody::new(start.chain(end)).boxed_unsync()
}
