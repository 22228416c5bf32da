//! Where the victim stands until it is let go.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    parked: bool,
    open: bool,
}

impl Gate {
    /// Stays here until [`open`](Self::open).
    pub(crate) fn park(&self) {
        let mut state = self.lock();
        state.parked = true;
        self.changed.notify_all();
        while !state.open {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether somebody is parked, or was.
    pub(crate) fn has_caught(&self) -> bool {
        self.lock().parked
    }

    /// Waits until somebody is parked, for so long at most; whether somebody is.
    pub(crate) fn wait_for_victim(&self, limit: Duration) -> bool {
        let waiting = |state: &mut State| !state.parked;
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), limit, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        state.parked
    }

    /// Lets go of whoever is parked, and of whoever comes later.
    pub(crate) fn open(&self) {
        self.lock().open = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
