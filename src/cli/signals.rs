//! Ctrl-C and requests to terminate, served by a thread of their own: whatever the others wait for,
//! a network, a lock or a reader that does not read.
//!
//! The first signal interrupts the task that is under way, which then finishes what is in flight.
//! The second one stops it: it waits for nothing any more, and reports what is known. If that takes
//! too long, at a third signal, or at the first without a task, the process ends at once.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::cancel::Cancellation;
use crate::exit::Exit;
use crate::mutex::lock;

/// How long a task that is stopped may take to report what is known.
const GRACE: Duration = Duration::from_secs(3);

/// When the first signal came.
static FIRST: OnceLock<Instant> = OnceLock::new();

/// How long ago the first signal came; `None` if none did.
pub fn since_first() -> Option<Duration> {
    FIRST.get().map(Instant::elapsed)
}

/// The signals of the process, from the moment that this is made until its end.
pub struct Signals {
    task: Arc<Mutex<Option<Cancellation>>>,
}

impl Signals {
    /// Serves signals from now on.
    pub fn serve() -> io::Result<Self> {
        let task: Arc<Mutex<Option<Cancellation>>> = Arc::default();
        let (is_ready, ready) = mpsc::channel();
        let interrupted = Arc::clone(&task);
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(is_ready.send(Err(error))),
            };
            runtime.block_on(async {
                match Caught::new() {
                    Ok(caught) => {
                        let _ = is_ready.send(Ok(()));
                        interrupt(&interrupted, caught).await;
                    }
                    Err(error) => drop(is_ready.send(Err(error))),
                }
            });
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(work)?;
        ready.recv().map_err(io::Error::other)??;
        Ok(Self { task })
    }

    /// Names the task that the next signal interrupts; `None` if there is nothing to finish.
    pub fn set_task(&self, task: Option<Cancellation>) {
        *lock(&self.task) = task;
    }
}

async fn interrupt(task: &Mutex<Option<Cancellation>>, mut caught: Caught) {
    loop {
        caught.next().await;
        FIRST.get_or_init(Instant::now);
        let task = lock(task).clone();
        match task {
            Some(task) if !task.is_cancelled() => task.cancel(),
            Some(task) => {
                task.stop();
                let _ = tokio::time::timeout(GRACE, caught.next()).await;
                break;
            }
            None => break,
        }
    }
    std::process::exit(Exit::Interrupted.code().into())
}

/// The signals that end a run, caught from the moment that this is made.
#[cfg(unix)]
struct Caught {
    signals: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Caught {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // A run that was begun with `nohup` goes on when its terminal is closed.
        if is_hangup_heeded() {
            kinds.push(SignalKind::hangup());
        }
        let signals = kinds.into_iter().map(signal).collect::<io::Result<_>>()?;
        Ok(Self { signals })
    }

    async fn next(&mut self) {
        let signals = self.signals.iter_mut();
        let next = signals.map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(next).await;
    }
}

/// Whether the end of the terminal reaches this process, as far as the system says.
#[cfg(unix)]
fn is_hangup_heeded() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is that of signal 1.
    ignored.is_some_and(|mask| mask & 1 == 0)
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Caught;

#[cfg(not(unix))]
impl Caught {
    const fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a handler, the system ends the process.
        let _ = tokio::signal::ctrl_c().await;
    }
}
