//! The time lines of `mass-expiry`: of its traffic, and of memory.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::compare::Outcome;
use crate::bench::report::{Better, RowName};
use crate::bench::{alloc, machine};

/// Nanoseconds of one line.
const SLOT: u64 = 100_000_000;
/// Time between two looks at memory.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Default)]
struct Slot {
    operations: u64,
    longest: u64,
}

/// What one thread did in each tenth of a second since traffic began.
pub(super) struct Line(Vec<Slot>);

impl Line {
    pub(super) fn new() -> Self {
        // Room for a minute and a half; what lies beyond is added to the last.
        Self(vec![Slot::default(); 900])
    }

    /// One operation of `nanos` that ended `at` nanoseconds after the beginning.
    #[inline]
    pub(super) fn record(&mut self, at: u64, nanos: u64) {
        let last = self.0.len() - 1;
        let slot = &mut self.0[((at / SLOT) as usize).min(last)];
        slot.operations += 1;
        slot.longest = nanos.max(slot.longest);
    }

    /// Points of the charts, from a second before the instant, which is `due` after the beginning.
    pub(super) fn draw(lines: &[&Self], memory: &Memory, due: Duration, outcome: &mut Outcome) {
        // Where a slot begins differs from run to run, by less than a slot: it counts as the nearest.
        let slots_before = (due.as_nanos() as u64).div_euclid(SLOT) as i64;
        let of_all = |slot: usize| {
            lines.iter().fold(Slot::default(), |sum, line| Slot {
                operations: sum.operations + line.0[slot].operations,
                longest: sum.longest.max(line.0[slot].longest),
            })
        };
        let mut slots: Vec<Slot> =
            (0..lines.first().map_or(0, |line| line.0.len())).map(of_all).collect();
        // Where nothing ended, what ended later was under way.
        for slot in (1..slots.len()).rev() {
            if slots[slot - 1].operations == 0 {
                slots[slot - 1].longest = slots[slot].longest;
            }
        }
        for (slot, all) in slots.into_iter().enumerate() {
            let at = slot as i64 - slots_before;
            let end = (at + 1) * SLOT as i64;
            if at * (SLOT as i64) < -1_000_000_000 || end > memory.end() {
                continue;
            }
            let seconds = at as f64 * (SLOT as f64 / 1e9);
            // To a tenth, so that it is the same number in every run.
            let seconds = (seconds * 10.0).round() / 10.0;
            let rate = all.operations as f64 / (SLOT as f64 / 1e9) / 1e6;
            outcome.point("mass-expiry-speed", seconds, rate);
            outcome.point("mass-expiry-stall", seconds, (all.longest as f64 / 1e6).max(1e-4));
            let (allocated, resident) = memory.at(end);
            outcome.point("mass-expiry-memory", seconds, allocated as f64 / 1048576.0);
            outcome.point("mass-expiry-resident", seconds, resident as f64 / 1048576.0);
        }
    }
}

/// One look at memory.
#[derive(Clone, Copy)]
struct Look {
    /// Nanoseconds after the instant.
    at: i64,
    allocated: i64,
    resident: u64,
}

/// Memory over time.
pub(super) struct Memory(Vec<Look>);

impl Memory {
    /// Looks until `done`.
    pub(super) fn watch(done: &AtomicBool, due: Instant) -> Self {
        let mut looks = Vec::with_capacity(1 << 16);
        while !done.load(Relaxed) {
            let (allocated, resident, now) = (alloc::live(), machine::rss(), Instant::now());
            let after = now.saturating_duration_since(due).as_nanos() as i64;
            let before = due.saturating_duration_since(now).as_nanos() as i64;
            looks.push(Look { at: after - before, allocated, resident });
            thread::sleep(LOOK);
        }
        Self(looks)
    }

    /// Nanoseconds from the instant to the last look.
    fn end(&self) -> i64 {
        self.0.last().map_or(0, |look| look.at)
    }

    /// Allocated and resident at the last look before `time`.
    fn at(&self, time: i64) -> (i64, u64) {
        let seen = self.0.partition_point(|look| look.at <= time);
        self.0.get(seen.saturating_sub(1)).map_or((0, 0), |look| (look.allocated, look.resident))
    }

    /// How much came back, and when; `empty` and `full` are allocated and resident bytes without and with the entries.
    pub(super) fn report(
        &self,
        outcome: &mut Outcome,
        empty: (i64, u64),
        full: (i64, u64),
        share: f64,
    ) {
        let mut report = |name: &str, of: &dyn Fn(&Look) -> f64, empty: f64, full: f64| {
            let taken = (full - empty).max(1.0);
            let after = || self.0.iter().filter(|look| look.at >= 0);
            // What was allocated last before the instant: the traffic may have added to it.
            let before = self.0.iter().rfind(|look| look.at < 0).map_or(full, of);
            let floor = after().map(of).fold(f64::INFINITY, f64::min);
            let back = after().find(|look| of(look) <= floor + taken / 100.0);
            let back = back.map_or(self.end(), |look| look.at);
            let row = RowName::new(format!("memory back ({name})"), "ms", Better::Lower);
            outcome.sample(row, back as f64 / 1e6, share);
            let row = RowName::new(format!("came back ({name})"), "%", Better::Higher);
            outcome.sample(row, (before - floor) / taken * 100.0, share);
        };
        report("allocated", &|look| look.allocated as f64, empty.0 as f64, full.0 as f64);
        report("resident", &|look| look.resident as f64, empty.1 as f64, full.1 as f64);
    }
}
