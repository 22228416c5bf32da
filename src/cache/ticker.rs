//! A cache's background threads; that which drives expiry.

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

/// A thread of a cache's own.
pub(super) struct Background {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Background {
    /// Starts the thread; None if the system has none to give. `run` ends soon after its argument has become true.
    pub(super) fn start(
        name: &str,
        run: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name(name.to_owned()).spawn({
            let stop = stop.clone();
            move || {
                IS_BACKGROUND.set(true);
                run(&stop);
            }
        });
        Some(Self { stop, thread: thread.ok()? })
    }

    /// Ends the thread and waits until it has let go of the engine: as long as one slice of work takes.
    pub(super) fn stop(self) {
        // Release: partner of the Acquire in `run`, there and in others.
        self.stop.store(true, Ordering::Release);
        let thread: &Thread = self.thread.thread();
        thread.unpark();
        // A destructor of a value may drop the last handle of a cache, on such a thread: on its own, which cannot wait for itself, or on
        // another's, and then two could wait for each other.
        if !IS_BACKGROUND.get() {
            // A panic in a value's destructor has been reported by its own thread already.
            let _ = self.thread.join();
        }
    }
}

thread_local! {
    /// Whether this thread is some cache's own.
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// Starts a ticker; without one, expired entries go when they are met.
pub(super) fn start<E: Entry>(engine: Arc<Engine<E>>) -> Option<Background> {
    Background::start("purekv-ticker", move |stop| run(&engine, stop))
}

fn run<E: Entry>(engine: &Engine<E>, stop: &AtomicBool) {
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
