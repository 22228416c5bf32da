//! The connections of a client: each is lent to one call at a time.

use std::sync::PoisonError;
use std::time::Instant;

use super::line::Line;
use crate::sync::{Condvar, Mutex, MutexGuard};

pub(super) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
    size: usize,
}

#[derive(Default)]
struct State {
    /// The one that was used last comes last, and is lent first.
    idle: Vec<Line>,
    /// Those that are lent.
    lent: usize,
}

/// The right to one connection: one that there is, or a new one that is put here.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    /// What goes back to the pool with the lease: none, and the next to have it makes a new one.
    pub(super) line: Option<Line>,
}

impl Pool {
    pub(super) fn new(size: usize) -> Self {
        Self { state: Mutex::default(), returned: Condvar::new(), size }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one is free; `None`: not in time.
    pub(super) fn take(&self, until: Instant) -> Option<Lease<'_>> {
        let mut state = self.state();
        while state.lent >= self.size {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.returned.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.lent += 1;
        let line = state.idle.pop();
        Some(Lease { pool: self, line })
    }
}

impl Lease<'_> {
    /// Gives back a connection that is in order.
    pub(super) fn end(mut self, line: Line) {
        self.line = Some(line);
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.lent -= 1;
        state.idle.extend(self.line.take());
        drop(state);
        self.pool.returned.notify_one();
    }
}
