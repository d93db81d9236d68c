//! A stream that a thread of its own writes to, so that a run that is interrupted does not wait for
//! a reader that does not read.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::signals;
use crate::core::text::boundary;
use crate::mutex::lock;

/// How long a run that was interrupted waits for a reader that does not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a writer that waits looks whether it still should.
const LOOK: Duration = Duration::from_millis(50);

/// How many bytes are written at once: what a pipe takes as soon as its reader reads at all.
const PORTION: usize = 4096;

/// Where texts are written, one after the other.
#[derive(Debug)]
pub struct Stream {
    link: Mutex<Link>,
    written: Progress,
}

/// The way to the thread that writes.
#[derive(Debug)]
struct Link {
    texts: Sender<String>,
    results: Receiver<io::Result<()>>,
    /// Whether a text was given up; its reader gets no more.
    is_given_up: bool,
}

/// How many portions were written.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicUsize>);

impl Stream {
    /// A stream that is written by `write`, a text at a time, which notes its progress.
    pub fn new(mut write: impl FnMut(&str, &Progress) -> io::Result<()> + Send + 'static) -> Self {
        let (texts, to_write) = mpsc::channel::<String>();
        let (is_written, results) = mpsc::channel();
        let written = Progress::default();
        let progress = written.clone();
        let work = move || {
            for text in to_write {
                if is_written.send(write(&text, &progress)).is_err() {
                    return;
                }
            }
        };
        // Without a thread, the channels are closed, and each text fails.
        let _ = thread::Builder::new().name("writer".to_owned()).spawn(work);
        Self {
            link: Mutex::new(Link {
                texts,
                results,
                is_given_up: false,
            }),
            written,
        }
    }

    /// Writes a text, and waits until it is written. [`io::ErrorKind::TimedOut`] if the run was
    /// interrupted and nobody reads.
    pub fn write(&self, text: String) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut link = lock(&self.link);
        let no_thread = || io::Error::other("the system gives no thread to write with");
        if link.is_given_up {
            return Err(io::ErrorKind::TimedOut.into());
        }
        link.texts.send(text).map_err(|_| no_thread())?;
        let (mut written, mut last) = (self.written.count(), Instant::now());
        loop {
            match link.results.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(no_thread()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.written.count() != written {
                (written, last) = (self.written.count(), Instant::now());
            }
            let waited = signals::since_first().map(|since| since.min(last.elapsed()));
            if waited.is_some_and(|waited| waited > PATIENCE) {
                link.is_given_up = true;
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

impl Progress {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Writes all of a text.
pub fn write_all(mut stream: impl Write, mut text: &str, progress: &Progress) -> io::Result<()> {
    while !text.is_empty() {
        let (portion, rest) = text.split_at(boundary(text, PORTION));
        stream.write_all(portion.as_bytes())?;
        progress.0.fetch_add(1, Ordering::Relaxed);
        text = rest;
    }
    stream.flush()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::Stream;

    #[test]
    fn texts_are_written_in_order_and_failures_are_returned() {
        let written: Arc<Mutex<String>> = Arc::default();
        let log = Arc::clone(&written);
        let stream = Stream::new(move |text, _| {
            if text == "bad" {
                return Err(io::ErrorKind::StorageFull.into());
            }
            log.lock().unwrap().push_str(text);
            Ok(())
        });
        stream.write("a".to_owned()).unwrap();
        let error = stream.write("bad".to_owned()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        stream.write("b".to_owned()).unwrap();
        assert_eq!(*written.lock().unwrap(), "ab");
    }
}
