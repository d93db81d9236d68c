//! A stream that a thread of its own writes to, so that a run that is interrupted does not wait for
//! a reader that does not read.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::signals;

/// How often a writer that waits looks whether it still should.
const LOOK: Duration = Duration::from_millis(50);

/// Where texts are written, one after the other.
#[derive(Debug)]
pub struct Stream {
    link: Mutex<Link>,
}

/// The way to the thread that writes.
#[derive(Debug)]
struct Link {
    texts: Sender<String>,
    results: Receiver<io::Result<()>>,
    /// Whether a text was given up; its reader gets no more.
    is_given_up: bool,
}

impl Stream {
    /// A stream that is written by `write`, a text at a time.
    pub fn new(mut write: impl FnMut(&str) -> io::Result<()> + Send + 'static) -> Self {
        let (texts, to_write) = mpsc::channel::<String>();
        let (written, results) = mpsc::channel();
        let work = move || {
            for text in to_write {
                if written.send(write(&text)).is_err() {
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
        }
    }

    /// Writes a text, and waits until it is written. [`io::ErrorKind::TimedOut`] if the run was
    /// interrupted and nobody reads.
    pub fn write(&self, text: String) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let no_thread = || io::Error::other("the system gives no thread to write with");
        if link.is_given_up {
            return Err(io::ErrorKind::TimedOut.into());
        }
        link.texts.send(text).map_err(|_| no_thread())?;
        loop {
            match link.results.recv_timeout(LOOK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(no_thread()),
                Err(RecvTimeoutError::Timeout) if signals::is_patience_over() => {
                    link.is_given_up = true;
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Writes all of a text.
pub fn write_all(mut stream: impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
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
        let stream = Stream::new(move |text| {
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
