//! What one thread has counted, or all of them.

use hdrhistogram::Histogram;

use super::threads::ThreadTime;

/// Nanoseconds: from the distance below which they are all the same, to an hour; right to a thousandth.
const BOUNDS: (u64, u64) = (64, 3_600_000_000_000);

pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(BOUNDS.0, BOUNDS.1, 3).expect("these bounds are valid")
}

/// Of one kind of request.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    /// From when each was meant to begin until its reply was there; without the warm-up.
    pub(crate) latency: Histogram<u64>,
    /// Requests that were answered, without those of the warm-up.
    pub(crate) answered: u64,
    /// And with them.
    pub(crate) all: u64,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// In the order of the phase's operations.
    pub(crate) counts: Vec<Counts>,
    /// Open loop: from when a request was meant to begin until it could.
    pub(crate) behind: Histogram<u64>,
    /// Of this, what was not for a connection that was busy: the generator was late by itself.
    pub(crate) late: Histogram<u64>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// The last reply, in nanoseconds from the beginning.
    pub(crate) last: u64,
    /// Requests that were due, and were given up.
    pub(crate) abandoned: u64,
    /// What the counters stand at that were read.
    pub(crate) counted: u64,
    /// Of each thread, from the end of the warm-up.
    pub(crate) threads: Vec<ThreadTime>,
}

impl Tally {
    pub(crate) fn new(operations: usize) -> Self {
        let counts = Counts { latency: histogram(), answered: 0, all: 0, hits: 0, misses: 0 };
        Self {
            counts: vec![counts; operations],
            behind: histogram(),
            late: histogram(),
            bytes_in: 0,
            bytes_out: 0,
            last: 0,
            abandoned: 0,
            counted: 0,
            threads: Vec::new(),
        }
    }

    /// Takes over what another thread has counted, or another run of the same.
    pub(crate) fn merge(&mut self, other: Self) {
        for (own, other) in self.counts.iter_mut().zip(other.counts) {
            add(&mut own.latency, &other.latency);
            own.answered += other.answered;
            own.all += other.all;
            own.hits += other.hits;
            own.misses += other.misses;
        }
        add(&mut self.behind, &other.behind);
        add(&mut self.late, &other.late);
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.last = self.last.max(other.last);
        self.abandoned += other.abandoned;
        self.counted += other.counted;
        self.threads.extend(other.threads);
    }

    pub(crate) fn answered(&self) -> u64 {
        self.counts.iter().map(|counts| counts.answered).sum()
    }

    /// With those of the warm-up.
    pub(crate) fn all(&self) -> u64 {
        self.counts.iter().map(|counts| counts.all).sum()
    }

    pub(crate) fn hits(&self) -> u64 {
        self.counts.iter().map(|counts| counts.hits).sum()
    }

    pub(crate) fn misses(&self) -> u64 {
        self.counts.iter().map(|counts| counts.misses).sum()
    }
}

fn add(to: &mut Histogram<u64>, from: &Histogram<u64>) {
    to.add(from).expect("all have the same bounds");
}
