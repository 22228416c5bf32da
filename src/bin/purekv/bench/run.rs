//! Threads that start together and are timed together.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::machine;

/// What the threads brought back.
pub(crate) struct Run<T> {
    pub(crate) results: Vec<T>,
    /// From when the first one began until the last one was done.
    pub(crate) wall: Duration,
    /// The CPU time that the process got, over what it could have used: wall time on as many cores as it had threads.
    pub(crate) share: f64,
    /// That CPU time.
    pub(crate) cpu: Duration,
}

impl<T> Run<T> {
    /// The same, with another thing of each.
    pub(crate) fn map<U>(self, of: impl FnMut(T) -> U) -> Run<U> {
        let Self { results, wall, share, cpu } = self;
        Run { results: results.into_iter().map(of).collect(), wall, share, cpu }
    }
}

/// Runs `body(thread, stop)` in each thread and raises `stop` after `time`.
pub(crate) fn threads_for<T: Send>(
    threads: usize,
    time: Duration,
    body: impl Fn(usize, &AtomicBool) -> T + Sync,
) -> Run<T> {
    run(threads, Some(time), body)
}

/// Runs `body(thread)` in each thread until all return.
pub(crate) fn threads_to_end<T: Send>(threads: usize, body: impl Fn(usize) -> T + Sync) -> Run<T> {
    run(threads, None, |thread, _| body(thread))
}

fn run<T: Send>(
    threads: usize,
    time: Option<Duration>,
    body: impl Fn(usize, &AtomicBool) -> T + Sync,
) -> Run<T> {
    let stop = AtomicBool::new(false);
    let ready = Barrier::new(threads + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (stop, ready, body) = (&stop, &ready, &body);
                scope.spawn(move || {
                    ready.wait();
                    let begin = Moment::now();
                    let result = body(thread, stop);
                    (result, begin, Moment::now())
                })
            })
            .collect();
        ready.wait();
        if let Some(time) = time {
            thread::sleep(time);
            stop.store(true, Relaxed);
        }
        let (mut results, mut begins, mut ends) = (vec![], vec![], vec![]);
        for worker in workers {
            let (result, begin, end) =
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            results.push(result);
            begins.push(begin);
            ends.push(end);
        }
        let begin = begins.into_iter().reduce(Moment::earlier).unwrap_or_else(Moment::now);
        let end = ends.into_iter().reduce(Moment::later).unwrap_or(begin);
        let (wall, cpu) = (end.time - begin.time, end.cpu - begin.cpu);
        let share = cpu.as_secs_f64() / (wall.as_secs_f64() * threads.min(machine::cores()) as f64);
        Run { results, wall, share, cpu }
    })
}

/// What the clocks showed when a thread began, or was done. The threads look themselves: where there are many of them, the one that waits for them gets
/// to run long after they have begun.
#[derive(Clone, Copy)]
struct Moment {
    time: Instant,
    cpu: Duration,
}

impl Moment {
    fn now() -> Self {
        Self { time: Instant::now(), cpu: machine::cpu_time() }
    }

    fn earlier(self, other: Self) -> Self {
        Self { time: self.time.min(other.time), cpu: self.cpu.min(other.cpu) }
    }

    fn later(self, other: Self) -> Self {
        Self { time: self.time.max(other.time), cpu: self.cpu.max(other.cpu) }
    }
}

/// Whether a thread of [`threads_for`] is to end.
#[inline]
pub(crate) fn ended(stop: &AtomicBool) -> bool {
    stop.load(Relaxed)
}

/// Raises a flag when it goes, by a panic too: whoever waits for that flag is not left waiting when a self-check fails.
pub(crate) struct Raise<'a>(pub(crate) &'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Where threads wait for each other, again and again, until one of them is gone by a panic.
pub(crate) struct Meeting {
    threads: usize,
    arrived: AtomicUsize,
    is_broken: AtomicBool,
}

impl Meeting {
    pub(crate) fn of(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0), is_broken: AtomicBool::new(false) }
    }

    /// Returns once all are there. Panics if one never will be.
    pub(crate) fn wait(&self) {
        let arrived = self.arrived.fetch_add(1, Relaxed) + 1;
        let all = arrived.next_multiple_of(self.threads);
        while self.arrived.load(Relaxed) < all {
            assert!(!self.is_broken.load(Relaxed), "another thread failed");
            thread::yield_now();
        }
    }

    /// To be kept by each thread while it takes part.
    pub(crate) fn member(&self) -> Member<'_> {
        Member(self)
    }
}

/// Takes part in a [`Meeting`].
pub(crate) struct Member<'a>(&'a Meeting);

impl Drop for Member<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is_broken.store(true, Relaxed);
        }
    }
}
