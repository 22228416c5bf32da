//! One thread during one phase: its clock, what it has still to send, what it has counted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::judge::Found;
use super::phase::{Feed, Phase};
use super::schedule::Schedule;
use super::tally::Tally;
use super::threads::ThreadTime;

pub(crate) struct Run<'p> {
    pub(crate) phase: &'p Phase<'p>,
    pub(crate) feed: Feed,
    pub(crate) tally: Tally,
    /// Nanoseconds from the phase's beginning, as they were last read.
    pub(crate) now: u64,
    /// Connections that are not done.
    pub(crate) active: usize,
    /// Connections that wait for an instant.
    waiting: BinaryHeap<Reverse<(u64, usize)>>,
    /// At the end of the warm-up: the clock, and processor time where that is to be had.
    warm: Option<(u64, Option<ThreadTime>)>,
    /// Answered, and not shown yet.
    unseen: u64,
}

impl<'p> Run<'p> {
    pub(crate) fn new(phase: &'p Phase<'p>, worker: usize, connections: usize) -> Self {
        let mut run = Self {
            phase,
            feed: Feed::new(phase, worker),
            tally: Tally::new(phase.operations.len()),
            now: 0,
            active: connections,
            waiting: BinaryHeap::new(),
            warm: None,
            unseen: 0,
        };
        run.tick();
        run
    }

    /// Reads the clock.
    #[inline]
    pub(crate) fn tick(&mut self) {
        self.now = u64::try_from(self.phase.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if self.warm.is_none() && self.now >= self.phase.warm {
            self.warm = Some((self.now, ThreadTime::now()));
        }
    }

    /// So many bytes have gone out.
    #[inline]
    pub(crate) fn sent(&mut self, bytes: usize) {
        if self.now >= self.phase.warm {
            self.tally.bytes_out += bytes as u64;
        }
    }

    /// So many have come.
    #[inline]
    pub(crate) fn received(&mut self, bytes: usize) {
        if self.now >= self.phase.warm {
            self.tally.bytes_in += bytes as u64;
        }
    }

    /// A right reply has come, to a request that was meant to begin then.
    #[inline]
    pub(crate) fn answered(&mut self, operation: usize, intended: u64, found: Found) {
        let counts = &mut self.tally.counts[operation];
        counts.all += 1;
        self.tally.counted += found.counted;
        if intended < self.phase.warm {
            return;
        }
        counts.answered += 1;
        counts.latency.saturating_record(self.now - intended);
        counts.hits += found.hits;
        counts.misses += found.misses;
        self.tally.last = self.now;
        self.unseen += 1;
    }

    /// A connection wants to be asked at that instant.
    pub(crate) fn wake_at(&mut self, instant: u64, connection: usize) {
        self.waiting.push(Reverse((instant, connection)));
    }

    /// When the next one wants to be asked.
    pub(crate) fn next_wake(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse((instant, _))| *instant)
    }

    /// A connection whose instant has come.
    pub(crate) fn woken(&mut self) -> Option<usize> {
        let Reverse((instant, connection)) = *self.waiting.peek()?;
        if instant > self.now {
            return None;
        }
        self.waiting.pop();
        if instant >= self.phase.warm {
            self.tally.late.saturating_record(self.now - instant);
        }
        Some(connection)
    }

    /// What a connection was to send is given up. That it has waited so long is known, and counts: to leave it out would be the very omission that the
    /// schedule is there against.
    pub(crate) fn abandon(&mut self, schedule: &mut Schedule) {
        let Some(end) = self.phase.end else { return };
        while schedule.next() < end {
            let intended = schedule.next();
            schedule.advance(&mut self.feed.random);
            if intended < self.phase.warm {
                continue;
            }
            let operation = self.feed.operation(self.phase);
            let waited = self.now.saturating_sub(intended);
            self.tally.counts[operation].latency.saturating_record(waited);
            self.tally.behind.saturating_record(waited);
            self.tally.abandoned += 1;
        }
    }

    /// Shows how far it is.
    pub(crate) fn show(&mut self) {
        if let Some(bar) = self.phase.bar {
            bar.inc(std::mem::take(&mut self.unseen));
        }
    }

    pub(crate) fn finish(mut self) -> Tally {
        self.show();
        self.tick();
        if let Some((at, Some(begin))) = self.warm
            && let Some(end) = ThreadTime::now()
        {
            let passed = Duration::from_nanos(self.now - at);
            self.tally.threads.push(end.since(begin, passed));
        }
        self.tally
    }
}
