//! Several threads at one piece of work that falls into parts.

use std::thread;

use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// As a main thread has it, for the values of others are archived on it, however deep: threads are given less as a rule. What is not used costs no memory.
const STACK: usize = 8 << 20;

/// Parts that are dealt out one after the other, to whoever asks.
pub(super) struct Crew {
    next: AtomicUsize,
    parts: usize,
    /// There will be no result: the rest need not be done.
    failed: AtomicBool,
}

/// Tells all others if the work of one ends early, by an error or a panic.
struct Alarm<'c>(Option<&'c Crew>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if let Some(crew) = self.0 {
            // Relaxed: a late look at it costs some work.
            crew.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl Crew {
    pub(super) fn new(parts: usize) -> Self {
        Self { next: AtomicUsize::new(0), parts, failed: AtomicBool::new(false) }
    }

    /// Whether what is left need not be done.
    pub(super) fn has_failed(&self) -> bool {
        // Relaxed: see `Alarm`.
        self.failed.load(Ordering::Relaxed)
    }

    /// The next part; None: there is none, or none that need be done.
    pub(super) fn claim(&self) -> Option<usize> {
        if self.has_failed() {
            return None;
        }
        // Relaxed: only uniqueness matters.
        let part = self.next.fetch_add(1, Ordering::Relaxed);
        (part < self.parts).then_some(part)
    }

    /// Has `own` done by the calling thread, and `other` by so many others, or fewer if the system gives none; what came of it, or the first error.
    /// Each is to [`claim`](Self::claim) parts until there is none. A panic comes back out of this.
    pub(super) fn run<T: Send, E: Send>(
        &self,
        others: usize,
        own: impl FnOnce() -> Result<T, E>,
        other: impl Fn() -> Result<T, E> + Sync,
    ) -> Result<Vec<T>, E> {
        let other = || self.alarmed(&other);
        thread::scope(|scope| {
            let spawn =
                |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, other).ok();
            let others: Vec<_> = (0..others).filter_map(spawn).collect();
            let own = self.alarmed(own);
            let joined = others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(own).chain(joined).collect()
        })
    }

    fn alarmed<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut alarm = Alarm(Some(self));
        let result = work();
        if result.is_ok() {
            alarm.0 = None;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// The sum of the parts claimed by one thread; an error at `bad`.
    fn sum(crew: &Crew, bad: usize) -> Result<usize, usize> {
        let mut sum = 0;
        while let Some(part) = crew.claim() {
            if part == bad {
                return Err(part);
            }
            sum += part;
        }
        Ok(sum)
    }

    #[test]
    fn each_part_is_dealt_out_once() {
        let crew = Crew::new(1000);
        let work = || sum(&crew, usize::MAX);
        let sums = crew.run(3, work, work).unwrap();
        assert_eq!(sums.iter().sum::<usize>(), 499_500);
        assert!(!crew.has_failed());
    }

    #[test]
    fn an_error_or_a_panic_ends_the_work_of_all() {
        let crew = Crew::new(usize::MAX);
        let work = || sum(&crew, 10_000);
        assert_eq!(crew.run(2, work, work), Err(10_000));
        let crew = Crew::new(usize::MAX);
        let endless = || sum(&crew, usize::MAX);
        let run = || crew.run(2, || panic!("on purpose"), endless);
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert!(crew.has_failed());
    }
}
