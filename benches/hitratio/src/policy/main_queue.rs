//! The main queue.

use std::collections::VecDeque;

/// Entries in the order in which they came, or came back; each with the clock of small at that time.
#[derive(Default)]
pub(super) struct Main {
    records: VecDeque<(u32, u64)>,
    idle_since: u64,
}

impl Main {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Since when an entry that is found unused now has been idle at least.
    pub(super) fn idle_since(&self) -> u64 {
        self.idle_since
    }

    pub(super) fn push(&mut self, id: u32, clock: u64) {
        self.records.push_back((id, clock));
    }

    /// Takes the next entry out: it is to be dropped, or to be pushed again.
    pub(super) fn next(&mut self) -> Option<u32> {
        let (id, arrived) = self.records.pop_front()?;
        self.idle_since = arrived;
        Some(id)
    }
}
