//! The online part of a command: a runtime, Ctrl-C, and the sandbox if it is wanted.

use std::io;
use std::sync::Arc;

use super::arguments::NetworkArguments;
use super::command::Session;
use super::sandbox;
use crate::cancel::Cancellation;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::{Link, Opened};

/// What Ctrl-C is answered with while a command works.
pub const INTERRUPTED: &str = "Interrupted. Finishing what is in flight; again to stop at once.\n";

impl Session {
    /// Runs the online part of a command on a stage of the line, with a link to the servers. The
    /// first Ctrl-C is passed on by the link; the second one ends the process.
    ///
    /// An error carries the files of the stage.
    pub fn online<S: AsRef<Opened>, T>(
        &self,
        network: &NetworkArguments,
        stage: S,
        task: impl AsyncFnOnce(S, &Link) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let files = Arc::clone(&stage.as_ref().workspace);
        self.until_interrupted(async |cancellation: Cancellation| {
            let mut link = network.link(&self.environment, cancellation);
            let sandbox = if network.sandbox {
                Some(sandbox::start(stage.as_ref(), &mut link).await?)
            } else {
                None
            };
            let result = task(stage, &link).await;
            if let Some(sandbox) = sandbox {
                sandbox::stop(sandbox).await?;
            }
            result
        })
        .map_err(|error| error.found(&files))
    }

    /// Runs a task to its end, or until it sees that the switch was thrown by Ctrl-C.
    pub fn until_interrupted<T>(
        &self,
        task: impl AsyncFnOnce(Cancellation) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                CommandError::new(
                    Exit::Error,
                    format!("The program cannot wait for the network: {error}."),
                )
            })?;
        let result = runtime.block_on(async {
            let cancellation = Cancellation::new();
            let signals = Signals::catch().map_err(|error| {
                CommandError::new(
                    Exit::Error,
                    format!("The program cannot listen to Ctrl-C: {error}."),
                )
            })?;
            let watcher = tokio::spawn(watch_for_signals(signals, cancellation.clone()));
            let listener = cancellation.clone();
            let announce = async {
                listener.cancelled().await;
                self.terminal.remark(self.on_interrupt);
                std::future::pending::<T>().await
            };
            let result = tokio::select! {
                // In this order, so that an interrupt is announced even if the task ends at once.
                biased;
                never = announce => Ok(never),
                result = task(cancellation) => result,
            };
            watcher.abort();
            result
        });
        // A question on the terminal may still be waiting for its answer; nobody needs it any more.
        runtime.shutdown_background();
        result
    }
}

async fn watch_for_signals(mut signals: Signals, cancellation: Cancellation) {
    signals.next().await;
    cancellation.cancel();
    signals.next().await;
    std::process::exit(Exit::Interrupted.code().into());
}

/// Ctrl-C and a request to terminate, caught from the moment that this is made.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a handler, the system ends the process.
        let _ = tokio::signal::ctrl_c().await;
    }
}
