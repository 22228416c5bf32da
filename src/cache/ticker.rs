//! The background thread that drives expiry.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crate::engine::{Engine, Entry};
use crate::sync::{AtomicBool, Ordering, epoch};

/// Rest while the wheel holds nothing.
const IDLE: Duration = Duration::from_millis(10);
/// The shortest rest.
const SHORTEST: Duration = Duration::from_millis(1);
/// Turns between two collections of what idle threads have retired.
const COLLECT_EVERY: u32 = 16;

/// A running ticker thread.
pub(super) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Ticker {
    /// Starts the thread; None if the system has none to give: then expired entries go when they are met.
    pub(super) fn start<E: Entry>(engine: Arc<Engine<E>>) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name("purekv-ticker".into()).spawn({
            let stop = stop.clone();
            move || run(&engine, &stop)
        });
        Some(Self { stop, thread: thread.ok()? })
    }

    /// Ends the thread and waits until it has let go of the engine: as long as one slice of work takes.
    pub(super) fn stop(self) {
        // Release: partner of the Acquire in `run`.
        self.stop.store(true, Ordering::Release);
        let ticker: &Thread = self.thread.thread();
        ticker.unpark();
        // A destructor of a value may drop the last handle of a cache, on a ticker: on its own, which cannot wait for itself, or on
        // another's, and then two could wait for each other.
        if !IS_TICKER.get() {
            // A panic in a value's destructor has been reported by its own thread already.
            let _ = self.thread.join();
        }
    }
}

thread_local! {
    /// Whether this thread is some cache's ticker.
    static IS_TICKER: Cell<bool> = const { Cell::new(false) };
}

fn run<E: Entry>(engine: &Engine<E>, stop: &AtomicBool) {
    IS_TICKER.set(true);
    let mut turn = 0_u32;
    // Acquire: partner of the Release in `stop`.
    while !stop.load(Ordering::Acquire) {
        let removed = engine.advance_until(|| stop.load(Ordering::Acquire));
        turn = turn.wrapping_add(1);
        if (removed > 0 || turn.is_multiple_of(COLLECT_EVERY)) && epoch::retired_bytes() > 0 {
            epoch::collect_idle();
        }
        let rest = if engine.records().0 == 0 { IDLE } else { engine.tick().max(SHORTEST) };
        thread::park_timeout(rest.min(Duration::from_secs(1)));
    }
}
