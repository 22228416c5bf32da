//! Threads that start together and are timed together.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
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
