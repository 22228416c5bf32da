//! A clock cheap enough to time single operations.
//!
//! The time-stamp counter where it is invariant (11 ns a read in a virtual machine), the monotonic clock elsewhere
//! (26 ns). A read is not a fence: an operation may begin a few instructions before its first read retires. Its cost is part
//! of what is measured and is not subtracted; the subject `none` shows it.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

struct Scale {
    origin: Instant,
    /// Nanoseconds per count of the counter; `None`: use the monotonic clock.
    counter: Option<f64>,
}

static SCALE: OnceLock<Scale> = OnceLock::new();

#[cfg(target_arch = "x86_64")]
#[inline]
fn counter() -> u64 {
    // SAFETY: every x86-64 has the instruction, and the kernels we run on let user space execute it.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn counter() -> u64 {
    0
}

fn invariant() -> bool {
    cfg!(target_arch = "x86_64")
        && std::fs::read_to_string("/proc/cpuinfo")
            .is_ok_and(|info| info.contains("constant_tsc") && info.contains("nonstop_tsc"))
}

fn scale() -> &'static Scale {
    SCALE.get_or_init(|| {
        let origin = Instant::now();
        if !invariant() {
            return Scale { origin, counter: None };
        }
        let start = counter();
        while origin.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        let nanos = origin.elapsed().as_nanos() as f64;
        Scale { origin, counter: Some(nanos / (counter() - start) as f64) }
    })
}

/// A clock to keep at hand, so that a read needs no look at a static.
#[derive(Clone, Copy)]
pub(crate) struct Ticks {
    origin: Instant,
    counter: Option<f64>,
}

impl Ticks {
    pub(crate) fn new() -> Self {
        Self { origin: scale().origin, counter: scale().counter }
    }

    /// Now, in counts; only differences mean something.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self.counter {
            Some(_) => counter(),
            None => self.origin.elapsed().as_nanos() as u64,
        }
    }

    /// Nanoseconds between two counts; 0 if the counter of another core is a little behind.
    #[inline]
    pub(crate) fn nanos(&self, from: u64, to: u64) -> u64 {
        let counts = to.saturating_sub(from);
        match self.counter {
            Some(nanos) => (counts as f64 * nanos) as u64,
            None => counts,
        }
    }

    /// The cheapest of many pairs of reads, in nanoseconds: what each timed operation carries on top.
    pub(crate) fn own_cost(&self) -> f64 {
        const PAIRS: u64 = 1000;
        let mut best = f64::INFINITY;
        for _ in 0..100 {
            let start = self.now();
            for _ in 1..PAIRS {
                std::hint::black_box(self.now());
            }
            let end = self.now();
            best = best.min(self.nanos(start, end) as f64 / PAIRS as f64);
        }
        best
    }
}
