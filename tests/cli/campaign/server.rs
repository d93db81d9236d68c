//! A server of both platforms that breaks as a schedule says and writes down what was true.

use std::collections::HashMap;
use std::io::{BufReader, Read as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, sleep};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::fates::{self, Effect, Fate, Signals, Trials};
use super::files::{Entry, Goal};
use super::http::{self, Answer, Incoming};
use super::journal::{Actor, Event, Journal, Kind, Request};
use super::platform::{Call, Platform};

/// What begins every credential of the campaign; the number of the run follows.
pub const SECRET: &str = "campaign-secret-of-run-";

/// Long enough for the program to take notice of a signal.
const NOTICE: Duration = Duration::from_millis(25);

/// The server, until it is dropped.
pub struct Server {
    shared: Arc<Mutex<Shared>>,
    address: SocketAddr,
}

/// All that the threads of the connections share.
pub struct Shared {
    pub platform: Platform,
    pub journal: Journal,
    entries: Vec<Entry>,
    runs: HashMap<usize, Run>,
    seen: HashMap<(usize, Kind, String), usize>,
    late: Vec<Late>,
    /// How many connections may hold a request that has no answer yet.
    busy: usize,
    is_over: bool,
}

/// A run as the server knows it.
struct Run {
    trials: Trials,
    /// Its process, as long as it can get a signal.
    process: Option<u32>,
    /// How long the journal was when it looked last before it wrote: its plan is made of that.
    planned: usize,
    has_written: bool,
}

/// A request that takes effect later.
struct Late {
    request: Request,
    call: Call,
    effect: Effect,
}

impl Server {
    /// A server where nothing exists, for runs with these entries.
    pub fn new(entries: &[Entry]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            platform: Platform::new(),
            journal: Journal::default(),
            entries: entries.to_vec(),
            runs: HashMap::new(),
            seen: HashMap::new(),
            late: Vec::new(),
            busy: 0,
            is_over: false,
        }));
        let of_connections = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&of_connections);
                {
                    let mut shared = shared.lock().unwrap();
                    if shared.is_over {
                        break;
                    }
                    shared.busy += 1;
                }
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { shared, address }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    /// The same, unless a panic elsewhere has left it unusable.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, Shared>> {
        self.shared.lock().ok()
    }

    /// Notes that a run begins, and how hard it is tried.
    pub fn begin(&self, run: usize, arguments: &str, trials: Trials) -> usize {
        let mut shared = self.lock();
        let begun = Run {
            trials,
            process: None,
            planned: shared.journal.events.len(),
            has_written: false,
        };
        shared.runs.insert(run, begun);
        let arguments = arguments.to_owned();
        shared.journal.add(Event::Began { run, arguments });
        shared.journal.events.len()
    }

    /// Says which process a run is, so that it can get signals.
    pub fn set_process(&self, run: usize, process: Option<u32>) {
        self.lock().runs.get_mut(&run).unwrap().process = process;
    }

    /// Lets everything that is still under way take effect, and all jobs end.
    pub fn come_to_rest(&self) {
        // What processes sent before they ended is read first, however late that is: connections
        // are taken in their order, so that all of theirs are known once this one was.
        let mut last = TcpStream::connect(self.address).unwrap();
        last.shutdown(Shutdown::Write).unwrap();
        let _ = last.read_to_end(&mut Vec::new());
        while self.lock().busy > 0 {
            sleep(Duration::from_millis(1));
        }
        self.lock().let_late_arrive(|_| true);
        loop {
            let mut shared = self.lock();
            let Shared {
                platform, journal, ..
            } = &mut *shared;
            platform.pass_time(journal);
            if platform.is_idle() {
                break;
            }
            drop(shared);
            sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut shared) = self.shared.lock() {
            shared.is_over = true;
        }
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, shared: &Mutex<Shared>) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let is_busy = |change: isize| {
        let mut shared = shared.lock().unwrap();
        shared.busy = shared.busy.saturating_add_signed(change);
    };
    while let Some(incoming) = http::read(&mut reader) {
        let answer = answer(&incoming, shared);
        is_busy(-1);
        let is_sent = answer.send(&mut writer);
        is_busy(1);
        if !is_sent {
            break;
        }
    }
    is_busy(-1);
}

/// Lets a request meet its fate.
fn answer(incoming: &Incoming, shared: &Mutex<Shared>) -> Answer {
    let call = &incoming.call;
    let lock = || shared.lock().unwrap();
    let (request, fate) = lock().take_in(incoming);
    if let Some(signals) = fate.signals.filter(|signals| signals.is_before) {
        send_signals(request.run, signals, shared);
    }
    let truth = match fate.effect {
        Effect::Now => lock().carry_out(&request, call),
        Effect::Never => (500, Value::Null),
        later => {
            lock().late.push(Late {
                request: request.clone(),
                call: call.clone(),
                effect: later,
            });
            (500, Value::Null)
        }
    };
    if let Some(signals) = fate.signals.filter(|signals| !signals.is_before) {
        send_signals(request.run, signals, shared);
    }
    let answer = fate.given.answer(&truth, request.kind);
    let mut shared = lock();
    shared.journal.add(Event::Answered {
        request: request.clone(),
        with: answer.name.clone(),
        is_honest: fate.given.is_honest(),
    });
    shared.let_late_arrive(|late| match late.effect {
        _ if late.request == request => false,
        Effect::AfterNextRead => request.kind == Kind::Read,
        Effect::AfterNextWrite => request.kind.is_write() && request.about == late.request.about,
        _ => false,
    });
    answer
}

/// Signals the run as its schedule says, and gives it the time to take notice.
fn send_signals(run: usize, signals: Signals, shared: &Mutex<Shared>) {
    for name in signals.names {
        let mut shared = shared.lock().unwrap();
        let Some(process) = shared.runs.get_mut(&run).and_then(|run| run.process) else {
            return;
        };
        shared.journal.add(Event::Signalled {
            run,
            signals: format!("SIG{name}"),
        });
        // The lock is held: until the run has let go of the process, it is nobody else's.
        let script = format!("kill -{name} {process}");
        let _ = Command::new("sh").args(["-c", &script]).status();
        drop(shared);
        sleep(NOTICE);
    }
    // One blow is enough for a run.
    let mut shared = shared.lock().unwrap();
    if let Some(run) = shared.runs.get_mut(&run) {
        run.trials.signals = 0;
    }
}

impl Shared {
    /// Finds out what a request is and what becomes of it.
    fn take_in(&mut self, incoming: &Incoming) -> (Request, Fate) {
        let call = &incoming.call;
        let secret = call.body["clientSecret"].as_str();
        let run = number_of_run(secret.unwrap_or(&incoming.bearer));
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let body_name = call.body["name"].as_str().map(str::to_owned);
        let planned = self.runs[&run].planned;
        let name_of = |id: &str| self.journal.name_of(id, planned).unwrap_or(id).to_owned();
        let (kind, about) = match (call.method.as_str(), path.as_slice()) {
            ("POST", [.., "login"]) => (Kind::LogIn, "login".to_owned()),
            ("POST", ["v1", "sync", _, "start"]) => (Kind::Start, body_name.unwrap()),
            ("POST", ["api", "v1", "secret-syncs", _]) => (Kind::Create, body_name.unwrap()),
            ("POST", [.., id, "sync-secrets"]) => {
                let now = self.journal.events.len();
                let name = self.journal.name_of(id, now).unwrap_or(id);
                (Kind::Trigger, name.to_owned())
            }
            ("PATCH", [.., id]) => (Kind::Update, body_name.unwrap_or_else(|| name_of(id))),
            ("DELETE", [.., id]) => (Kind::Delete, name_of(id)),
            ("GET", _) => (Kind::Read, path[2..].join("/")),
            (method, _) => panic!("nobody expected {method} {}", call.path.join("/")),
        };
        let seen = self.seen.entry((run, kind, about.clone())).or_default();
        let request = Request {
            run,
            kind,
            about,
            repeats: *seen,
        };
        *seen += 1;
        let known = self.runs.get_mut(&run).unwrap();
        known.has_written |= kind.is_write();
        let fate = fates::fate(&known.trials, &request);
        if fate.is_meddled_with {
            self.meddle(&request);
        }
        self.journal.add(Event::Arrived(request.clone()));
        (request, fate)
    }

    /// What the platform does with a request.
    fn carry_out(&mut self, request: &Request, call: &Call) -> (u16, Value) {
        if request.kind == Kind::LogIn {
            let token = format!("{SECRET}{}-token-{}", request.run, request.repeats);
            let answer = json!({"accessToken": token, "expiresIn": 7200, "tokenType": "Bearer"});
            return (200, answer);
        }
        self.journal.about = Some(request.about.clone());
        let by = Actor::Run(request.run);
        let answer = self.platform.answer(call, by, &mut self.journal);
        self.journal.about = None;
        let run = self.runs.get_mut(&request.run).unwrap();
        if request.about == "secret-syncs" && !run.has_written {
            run.planned = self.journal.events.len();
        }
        answer
    }

    /// Lets requests that are under way take effect.
    fn let_late_arrive(&mut self, is_due: impl Fn(&Late) -> bool) {
        let (due, late) = self.late.drain(..).partition(|late| is_due(late));
        self.late = late;
        for Late { request, call, .. } in due {
            self.carry_out(&request, &call);
        }
    }

    /// Another writer does something that the files know nothing of.
    fn meddle(&mut self, request: &Request) {
        let mut chance = Chance::of(("meddling", self.runs[&request.run].trials.seed, request));
        let entry = self.entries[chance.below(self.entries.len())].clone();
        let Goal::Present(content) = &entry.goal else {
            return;
        };
        let by = Actor::Other;
        let found = self.platform.named(&entry.name).cloned();
        let mut fields = content.fields();
        fields.insert("description".to_owned(), "By somebody else".into());
        match found {
            Some(sync) if chance.one_in(3) => {
                self.platform.delete(&sync.id, by, &mut self.journal);
            }
            Some(sync) => {
                let description = ("description".to_owned(), "By somebody else".into());
                let changes = Map::from_iter([description]);
                self.platform
                    .update(&sync.id, &changes, by, &mut self.journal);
            }
            None => {
                let is_foreign = chance.one_in(2);
                let foreign = format!("keep-{}", entry.name);
                let name = if is_foreign { &foreign } else { &entry.name };
                if self.platform.named(name).is_none() {
                    let sync = (name.as_str(), content.destination);
                    self.platform.create(sync, fields, by, &mut self.journal);
                }
            }
        }
    }
}

/// The run that a credential belongs to.
fn number_of_run(credential: &str) -> usize {
    let number = credential.strip_prefix(SECRET).unwrap_or_default();
    let number = number.split('-').next().unwrap();
    number
        .parse()
        .unwrap_or_else(|_| panic!("whose credential is {credential:?}?"))
}
