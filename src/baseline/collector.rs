//! The heap of deadlines and the thread that empties it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::map::HashedKey;
use super::{Shared, lock};
use crate::sync::Arc;

/// Which key to look at when: a min-heap, soonest first.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(u64, HashedKey)>>);

impl Deadlines {
    /// O(log n).
    pub(super) fn push(&mut self, deadline: u64, key: HashedKey) {
        self.0.push(Reverse((deadline, key)));
    }

    /// Takes every record out that is due at `now`. O(due × log n), as in pure-kv, and the caller holds the lock.
    pub(super) fn pop_due(&mut self, now: u64) -> Vec<HashedKey> {
        let mut due = Vec::new();
        while self.0.peek().is_some_and(|Reverse((deadline, _))| *deadline <= now) {
            due.extend(self.0.pop().map(|Reverse((_, key))| key));
        }
        due
    }

    /// Takes everything, for the caller to free without the lock.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The collector's thread; dropping it stops the thread at once and waits until it has ended.
#[derive(Debug)]
pub(super) struct Worker {
    stop: std::sync::Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits this long, or until it is time to stop; whether it is.
    fn wait(&self, timeout: Duration) -> bool {
        let asked = lock(&self.asked);
        match self.changed.wait_timeout_while(asked, timeout, |asked| !*asked) {
            Ok((asked, _)) => *asked,
            // Nobody panics with it locked; were it so, ending is the safe answer.
            Err(_) => true,
        }
    }
}

impl Worker {
    /// Collects every `period` of real time.
    ///
    /// # Panics
    ///
    /// When the system gives us no thread.
    pub(super) fn spawn(shared: Arc<Shared>, period: Duration) -> Self {
        let stop = std::sync::Arc::new(Stop::default());
        let thread = std::thread::spawn({
            let stop = stop.clone();
            move || {
                while !stop.wait(period) {
                    shared.collect();
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        *lock(&self.stop.asked) = true;
        self.stop.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A collector that has panicked has said so on stderr; there is nothing to add while dropping.
            thread.join().ok();
        }
    }
}
