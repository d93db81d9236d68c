//! The emulator behind a socket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State as Shared};
use axum::serve::{IncomingStream, Listener};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Options;
use super::emulator::{Behaviour, Emulator};
use super::exchange::{Answer, Delivery, Request, RequestBody};
use super::fail::FailRule;
use super::moment::Moment;
use super::state::{Started, State};
use super::store::Store;

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
pub async fn start(options: Options) -> io::Result<Running> {
    if !options.listen.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "The sandbox takes demo credentials, so it only listens on this machine, and `{}` is not a loopback address. Use 127.0.0.1.",
                options.listen
            ),
        ));
    }
    let store = options.store.as_deref().map(Store::open).transpose()?;
    let saved = match &store {
        Some(store) => store.load()?,
        None => State::default(),
    };
    let emulator = Emulator::resume(
        saved,
        options.world,
        Behaviour {
            catalog: options.catalog,
            rate_limit: options.rate_limit,
            fail: options.fail,
            seed: options.seed,
            job_duration: options.job_duration,
        },
    );
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let sandbox = Arc::new(Sandbox {
        emulator: Mutex::new(emulator),
        log: Mutex::new(Vec::new()),
        latency: options.latency,
        held: watch::Sender::default(),
        store,
        unsaved: AtomicBool::new(false),
        stopped: AtomicBool::new(false),
    });
    let router = Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&sandbox))
        .into_make_service_with_connect_info::<Switch>();
    let server = tokio::spawn(async move {
        // This ends only when the task is aborted.
        let _ = axum::serve(Switched(listener), router).await;
    });
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
        // There is nobody left to tell.
        let _ = self.sandbox.save();
    }
}

struct Sandbox {
    emulator: Mutex<Emulator>,
    log: Mutex<Vec<(String, String)>>,
    latency: Duration,
    /// The method and a part of the target of the requests whose answers are held back.
    held: watch::Sender<Option<(String, String)>>,
    store: Option<Store>,
    unsaved: AtomicBool,
    /// Connections that are still open are cut at their next request.
    stopped: AtomicBool,
}

impl Sandbox {
    fn answer(&self, request: &Request) -> Answer {
        lock(&self.log).push((request.method.clone(), request.target.clone()));
        let answer = lock(&self.emulator).handle(request, Moment::now());
        self.unsaved.store(true, Ordering::Release);
        answer
    }

    async fn wait_while_held(&self, request: &Request) {
        let is_held = |held: &Option<(String, String)>| {
            held.as_ref().is_some_and(|(method, part)| {
                request.method == *method && request.target.contains(part)
            })
        };
        // The only error is a dropped sender, and `self` holds it.
        let _ = self.held.subscribe().wait_for(|held| !is_held(held)).await;
    }

    fn save(&self) -> io::Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        if !self.unsaved.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let saved = store.save(lock(&self.emulator).state());
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

/// A panic in another thread leaves values that are still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    Shared(sandbox): Shared<Arc<Sandbox>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let request = read(request).await;
    if sandbox.stopped.load(Ordering::Acquire) {
        switch.cut();
        return axum::response::Response::default();
    }
    let answer = sandbox.answer(&request);
    tokio::time::sleep(sandbox.latency).await;
    sandbox.wait_while_held(&request).await;
    match answer.delivery {
        Delivery::Whole | Delivery::Truncated => {}
        Delivery::Closed => switch.cut(),
        Delivery::Silent => tokio::time::sleep(SILENCE).await,
    }
    write(&answer)
}

async fn read(request: axum::extract::Request) -> Request {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Request {
        method: parts.method.as_str().to_owned(),
        target: parts
            .uri
            .path_and_query()
            .map_or_else(|| parts.uri.path().to_owned(), ToString::to_string),
        headers: headers.collect(),
        body: read_body(body).await,
    }
}

async fn read_body(body: Body) -> RequestBody {
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
    if length > BODY_LIMIT {
        RequestBody::TooLarge
    } else {
        RequestBody::Bytes(bytes)
    }
}

fn write(answer: &Answer) -> axum::response::Response {
    let response = &answer.response;
    let text = response.text();
    let mut builder = axum::http::Response::builder()
        .status(response.status)
        .header("content-type", response.content_type());
    for (name, value) in &response.headers {
        builder = builder.header(*name, value);
    }
    let body = if answer.delivery == Delivery::Truncated {
        builder = builder.header("content-length", text.len());
        cut_in_the_middle(&text)
    } else {
        Body::from(text)
    };
    builder
        .body(body)
        .unwrap_or_else(|_| axum::http::Response::new(Body::empty()))
}

fn cut_in_the_middle(text: &str) -> Body {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut");
    // The pause lets the first half go out before the connection ends.
    let end = stream::once(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(cut)
    });
    Body::from_stream(stream::once(async move { Ok(half) }).chain(end))
}

/// Cuts a connection before anything is written to it.
#[derive(Debug, Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A listener whose connections can be cut.
struct Switched(TcpListener);

impl Listener for Switched {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let switch = Switch::default();
        (Connection { stream, switch }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Switched>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Switched>) -> Self {
        stream.io().switch.clone()
    }
}

/// A connection that can be cut.
struct Connection {
    stream: TcpStream,
    switch: Switch,
}

impl Connection {
    fn unless_cut(&self) -> io::Result<()> {
        if self.switch.is_cut() {
            Err(io::ErrorKind::BrokenPipe.into())
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unless_cut()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.unless_cut()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
