//! A mutex for values that stay whole whatever a thread that panicked did with them: each change of
//! them is one step.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits for the lock, and takes it even if a thread panicked while it had it.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
