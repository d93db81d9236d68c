//! The online part of a command: a runtime, Ctrl-C, and the sandbox if it is wanted.

use std::cell::Cell;
use std::sync::Arc;

use super::arguments::NetworkArguments;
use super::command::Session;
use super::sandbox;
use crate::cancel::Cancellation;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pipeline::link::ASKING;
use crate::pipeline::{Link, Opened};
use crate::text_file::reason;

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
            link.watch = self.terminal.watch();
            let sandbox = if network.sandbox {
                let started = sandbox::start(stage.as_ref(), &mut link).await?;
                self.sandbox_answers();
                Some(started)
            } else {
                None
            };
            // Until the task says more: logging in, and looking up what is named.
            self.doing(ASKING);
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
                    format!(
                        "The program cannot wait for the network: {}.",
                        reason(&error)
                    ),
                )
            })?;
        let signals = self.signals().map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The program cannot listen to Ctrl-C: {}.", reason(&error)),
            )
        })?;
        let cancellation = Cancellation::new();
        signals.set_task(Some(cancellation.clone()));
        let is_announced = Cell::new(false);
        let announce = || {
            if !is_announced.replace(true) {
                self.terminal.remark(self.on_interrupt);
            }
        };
        let result = runtime.block_on(async {
            let announced = async {
                cancellation.cancelled().await;
                announce();
                std::future::pending::<T>().await
            };
            tokio::select! {
                biased;
                never = announced => Ok(never),
                result = task(cancellation.clone()) => result,
            }
        });
        self.terminal.done();
        signals.set_task(None);
        // The task may have seen the interrupt first.
        if cancellation.is_cancelled() {
            announce();
        }
        // A question on the terminal may still be waiting for its answer; nobody needs it any more.
        runtime.shutdown_background();
        result
    }
}
